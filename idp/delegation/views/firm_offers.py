"""One offer of an organisation: its link or letter, reminding, taking it back."""

from dataclasses import dataclass

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.delegation import answering, inviting, known, owning
from idp.delegation.answering import Offer
from idp.delegation.inviting import Firm
from idp.delegation.lifecycle import Party
from idp.delegation.moving import By
from idp.delegation.views.common import (
    bp,
    places,
)
from idp.delegation.views.firm import EMAIL, FACTS, LINK, PAPER, member, standing
from idp.web import house, see_other


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An offer of an organisation, and the member who looks at it."""

    firm: Firm
    offer: Offer


@bp.get("/helping/invitations/<organisation>/offers/<ref>")
def sent(organisation: str, ref: str) -> ResponseReturnValue:
    """One offer: its link or letter, and how it stands."""
    found = _offer(organisation, ref)
    if not isinstance(found, Sent):
        return found
    firm, offer = found.firm, found.offer
    asked_for = house().database.read(lambda tx: places(tx, offer.mandates))
    waits = bool(offer.open) and not offer.over
    link = None
    if waits and offer.channel in {LINK, EMAIL} and offer.way.token:
        link = house().settings.issuer + inviting.link_of(offer.way.token)
    return render_template(
        "delegation/sent.html",
        name=f"{offer.way.given_name} {offer.way.family_name}",
        firm=firm.name,
        places=asked_for,
        standing=standing(offer),
        until=offer.expires_at if waits else None,
        link=link,
        email=offer.way.email if link else None,
        letter=url_for("helping.letter", organisation=organisation, ref=ref)
        if waits and offer.channel == PAPER
        else None,
        chase=url_for("helping.chase_one", organisation=organisation, ref=ref)
        if waits and offer.channel in {EMAIL, FACTS} and offer.chased_at is None
        else None,
        cancel=url_for("helping.take_back", organisation=organisation, ref=ref) if waits else None,
        back=url_for("helping.invitations", organisation=organisation),
    )


@bp.get("/helping/invitations/<organisation>/offers/<ref>/letter")
def letter(organisation: str, ref: str) -> ResponseReturnValue:
    """A letter to print, with a code to type in."""
    found = _offer(organisation, ref)
    if not isinstance(found, Sent):
        return found
    firm, offer = found.firm, found.offer
    if offer.channel != PAPER or offer.over or not offer.open or not offer.way.token:
        abort(404)
    asked_for = house().database.read(lambda tx: places(tx, offer.open))
    return render_template(
        "delegation/letter.html",
        name=f"{offer.way.given_name} {offer.way.family_name}",
        firm=firm.name,
        places=asked_for,
        code=offer.way.token,
        address=house().settings.issuer.partition("://")[2] + url_for("helping.code"),
        until=offer.expires_at,
        back=url_for("helping.sent", organisation=organisation, ref=ref),
    )


@bp.post("/helping/invitations/<organisation>/offers/<ref>/chase")
def chase_one(organisation: str, ref: str) -> ResponseReturnValue:
    """Remind one person, once."""
    found = _offer(organisation, ref)
    if not isinstance(found, Sent):
        return found
    here = house()
    here.database.transaction(lambda tx: owning.chase(tx, here.keyring, organisation, ref))
    return see_other(url_for("helping.sent", organisation=organisation, ref=ref))


@bp.post("/helping/invitations/<organisation>/chase")
def chase_all(organisation: str) -> ResponseReturnValue:
    """Remind everybody who has not answered, each once."""
    firm = member(organisation)
    if not isinstance(firm, Firm):
        return firm
    here = house()
    here.database.transaction(
        lambda tx: owning.chase(tx, here.keyring, organisation, only_of=firm.only_of)
    )
    return see_other(url_for("helping.invitations", organisation=organisation))


@bp.post("/helping/invitations/<organisation>/offers/<ref>/cancel")
def take_back(organisation: str, ref: str) -> ResponseReturnValue:
    """Take an offer back, as far as nobody has answered."""
    found = _offer(organisation, ref)
    if not isinstance(found, Sent):
        return found
    by = By(party=Party.DELEGATE, who=found.firm.member, actor=found.firm.party)
    take_back = known.take_back if found.offer.channel == FACTS else inviting.cancel
    house().database.transaction(lambda tx: take_back(tx, ref, by))
    return see_other(url_for("helping.sent", organisation=organisation, ref=ref))


def _offer(organisation: str, ref: str) -> Sent | ResponseReturnValue:
    firm = member(organisation)
    if not isinstance(firm, Firm):
        return firm
    here = house()
    found = here.database.read(lambda tx: answering.by_ref(tx, here.keyring, ref))
    if found is None or found.organisation != organisation:
        abort(404)
    if firm.only_of not in {None, found.invited_by}:
        abort(404)
    return Sent(firm=firm, offer=found)
