"""A person names a helper, or asks to help: what, the exact words, and one press."""

from collections.abc import Sequence
from contextlib import suppress

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.rules import network_of
from idp.delegation import answering, inviting
from idp.delegation.answering import Offer
from idp.delegation.inviting import OfferRaced, Way
from idp.delegation.lifecycle import Party
from idp.delegation.limits import ask_limits, draft_limits
from idp.delegation.moving import By
from idp.delegation.offers import hash_of
from idp.delegation.views.common import (
    SOMEBODY,
    SessionFacts,
    There,
    Typed,
    asked_in,
    bp,
    exclusive_of,
    form_facts,
    level_of,
    needed,
    places,
    read_form,
    signed_in,
    words_kept,
    words_of,
)
from idp.errors import Refusal
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.throttle.actions import Limit
from idp.web import caller_address, house, notice, retry_after, see_other
from idp.words import gettext as _

NAMES = ("given_name", "family_name", "email")


@bp.get("/account/helpers/new")
def new_helper() -> ResponseReturnValue:
    """Name a helper, and choose what they can do and how long."""
    return _form(Party.DELEGATE)


@bp.post("/account/helpers/new")
def draft_helper() -> ResponseReturnValue:
    """Keep the choice, and show the words."""
    return _draft(Party.DELEGATE)


@bp.get("/helping/ask")
def ask() -> ResponseReturnValue:
    """Ask somebody whether one may help them."""
    return _form(Party.PRINCIPAL)


@bp.post("/helping/ask")
def draft_ask() -> ResponseReturnValue:
    """Keep what is asked, and show the words."""
    return _draft(Party.PRINCIPAL)


@bp.get("/account/helpers/agree/<ref>")
def agree(ref: str) -> ResponseReturnValue:
    """The exact words, at the level that the services need."""
    found = _drafted(ref)
    return _words_page(found) if isinstance(found, There) else found


@bp.post("/account/helpers/agree/<ref>")
def really_agree(ref: str) -> ResponseReturnValue:
    """Send it: the words on the page are kept with it."""
    found = _drafted(ref)
    if not isinstance(found, There):
        return found
    session, offer = found.session, found.offer
    here = house()
    asked = here.database.read(lambda tx: asked_in(tx, offer))
    said = words_of(found, asked.values(), mine=True)
    if request.form.get("words") != hash_of(said):
        return _words_page(found, changed=True)
    person, address = session.person_ref or "", offer.way.email or ""
    too_often = _too_often(ask_limits(network_of(caller_address()), person, address))
    if too_often is not None:
        return too_often

    def work(tx: Transaction) -> str | Refusal:
        return inviting.offer(
            tx, here.keyring, ref, person=person, said=words_kept(found, asked, mine=True),
            level=level_of(session),
        )  # fmt: skip

    with suppress(OfferRaced):  # the other press sent it
        here.database.transaction(work)
    return see_other(url_for("helping.offer", ref=ref))


@bp.get("/account/helpers/offers/<ref>")
def offer(ref: str) -> ResponseReturnValue:
    """What I offered or asked for, and how it stands."""
    found = _made(ref)
    if not isinstance(found, There):
        return found
    made = found.offer
    if made.drafted and not made.over:
        return see_other(url_for("helping.agree", ref=ref))
    here = house()
    asked = here.database.read(lambda tx: places(tx, made.mandates))
    return render_template(
        "delegation/offer.html",
        name=f"{made.way.given_name} {made.way.family_name}",
        email=made.way.email,
        gives=made.answerer is Party.DELEGATE,
        places=asked,
        until=made.expires_at if made.open and not made.over else None,
        cancel=url_for("helping.cancel_offer", ref=ref) if made.open else None,
        back=_home(made),
    )


@bp.post("/account/helpers/offers/<ref>/cancel")
def cancel_offer(ref: str) -> ResponseReturnValue:
    """Take it back, as far as nobody has answered."""
    found = _made(ref)
    if not isinstance(found, There):
        return found
    session, made = found.session, found.offer
    party = Party.PRINCIPAL if made.answerer is Party.DELEGATE else Party.DELEGATE
    by = By(party=party, who=session.person_ref or "")
    house().database.transaction(lambda tx: inviting.cancel(tx, ref, by))
    return see_other(_home(made))


def _form(answerer: Party, typed: Typed | None = None) -> ResponseReturnValue:
    session = signed_in(least=SOMEBODY)
    return _page(answerer, typed) if isinstance(session, SessionFacts) else session


def _page(answerer: Party, typed: Typed | None) -> str:
    gives = answerer is Party.DELEGATE
    facts = house().database.read(lambda tx: form_facts(tx, typed, NAMES, gives=gives))
    return render_template(
        "delegation/new.html",
        gives=gives,
        action=url_for("helping.draft_helper" if gives else "helping.draft_ask"),
        back=url_for("account.helpers" if gives else "account.helping"),
        **facts,
    )


def _draft(answerer: Party) -> ResponseReturnValue:
    back = url_for("helping.new_helper" if answerer is Party.DELEGATE else "helping.ask")
    session = signed_in(return_to=back, least=SOMEBODY)
    if not isinstance(session, SessionFacts):
        return session
    here = house()
    typed = here.database.read(lambda tx: read_form(tx, today=session.now.date()))
    asked = typed.asked
    if asked is None or typed.said:
        return _page(answerer, typed), 422
    too_often = _too_often(draft_limits(session.party))
    if too_often is not None:
        return too_often
    given, family, email = (typed.fields[name] for name in NAMES)
    way = Way(given_name=given, family_name=family, email=email)
    ref = here.database.transaction(
        lambda tx: inviting.draft(
            tx, here.keyring, asked, way, person=session.party, answerer=answerer,
            exclusive=exclusive_of(asked),
        )
    )  # fmt: skip
    return see_other(url_for("helping.agree", ref=ref))


def _too_often(limits: Sequence[Limit]) -> ResponseReturnValue | None:
    here = house()
    wait = throttle.reserve(here.database, here.keyring, limits)
    if wait is None:
        return None
    page = notice(429, _("You asked too often"), [_("Wait a while. Then try again.")])
    page.headers.update(retry_after(wait))
    return page


def _drafted(ref: str) -> There | ResponseReturnValue:
    """A draft of one's own, at the level that its services need; else the way there."""
    found = _made(ref)
    if not isinstance(found, There):
        return found
    if not found.offer.drafted or found.offer.over:
        return see_other(url_for("helping.offer", ref=ref))
    services = [one.service for one in found.offer.mandates]
    session = signed_in(return_to=url_for("helping.agree", ref=ref), least=needed(services))
    if not isinstance(session, SessionFacts):
        return session
    return There(session=session, offer=found.offer)


def _made(ref: str) -> There | ResponseReturnValue:
    """An offer of one's own; somebody else's is not found."""
    back = None if request.method == "GET" else url_for("helping.offer", ref=ref)
    session = signed_in(return_to=back, least=SOMEBODY)
    if not isinstance(session, SessionFacts):
        return session
    here = house()
    found = here.database.read(lambda tx: answering.by_ref(tx, here.keyring, ref))
    if found is None or found.invited_by != session.person_ref or not found.mandates:
        abort(404)
    return There(session=session, offer=found)


def _words_page(there: There, *, changed: bool = False) -> ResponseReturnValue:
    offer = there.offer
    asked = house().database.read(lambda tx: asked_in(tx, offer))
    said = words_of(there, asked.values(), mine=True)
    return render_template(
        "delegation/agree.html",
        said=said,
        words=hash_of(said),
        email=offer.way.email,
        gives=offer.answerer is Party.DELEGATE,
        error=_("The words have changed. Read them again") if changed else None,
        action=url_for("helping.really_agree", ref=offer.ref),
        back=url_for("helping.new_helper" if offer.answerer is Party.DELEGATE else "helping.ask"),
    )


def _home(offer: Offer) -> str:
    return url_for("account.helpers" if offer.answerer is Party.DELEGATE else "account.helping")
