"""An organisation asks people: whom it has asked, and one person more."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.rules import network_of
from idp.delegation import answering, inviting, known, owning
from idp.delegation.answering import Offer
from idp.delegation.inviting import SEE_ALL, Firm, Way
from idp.delegation.lifecycle import State
from idp.delegation.limits import ask_limits, facts_limits
from idp.delegation.offers import Facts, read_facts
from idp.delegation.views.common import (
    SessionFacts,
    Typed,
    bp,
    exclusive_of,
    form_facts,
    name_problems,
    read_form,
    signed_in,
)
from idp.enrolment.addresses import AddressProblem, read_address
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.web import caller_address, house, notice, retry_after, see_other
from idp.words import gettext as _

LISTS = SEE_ALL  # whose members may send a whole list
NAMES = ("how", "given_name", "family_name", "email", "number", "birth_day", "birth_month",
         "birth_year", "postcode")  # fmt: skip
LINK, EMAIL, FACTS, PAPER = "link", "email", "facts", "paper"


@bp.get("/helping/invitations")
def firms() -> ResponseReturnValue:
    """The organisations that I may invite for."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    found = house().database.read(lambda tx: inviting.firms_of(tx, session.account_ref))
    if len(found) == 1:
        return see_other(url_for("helping.invitations", organisation=found[0].organisation))
    return render_template(
        "delegation/firms.html",
        firms=[
            {
                "name": one.name,
                "href": url_for("helping.invitations", organisation=one.organisation),
            }
            for one in found
        ],
    )


@bp.get("/helping/invitations/<organisation>")
def invitations(organisation: str) -> ResponseReturnValue:
    """Whom the organisation has asked: who has not answered, or all."""
    firm = member(organisation)
    if not isinstance(firm, Firm):
        return firm
    everything = request.args.get("show") == "all"
    typed = request.args.get("page", "0")
    page = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 5 else 0
    here = house()

    def work(tx: Transaction) -> tuple[list[Offer], bool]:
        refs, more = owning.offers_of(
            tx, organisation, unanswered=not everything, page=page, only_of=firm.only_of
        )
        found = [answering.by_ref(tx, here.keyring, ref) for ref in refs]
        return [one for one in found if one is not None], more

    offers, more = here.database.read(work)
    own = url_for("helping.invitations", organisation=organisation)
    show = "&show=all" if everything else ""
    return render_template(
        "delegation/invitations.html",
        name=firm.name,
        everything=everything,
        offers=[
            {
                "name": f"{one.way.given_name} {one.way.family_name}",
                "href": url_for("helping.sent", organisation=organisation, ref=one.ref),
                "since": one.created_at,
                "until": one.expires_at if one.open else None,
                "chased": one.chased_at,
                "standing": standing(one),
            }
            for one in offers
        ],
        own=own,
        back=url_for("organisations.home", ref=organisation),
        ask=url_for("helping.new_invitation", organisation=organisation),
        many=url_for("helping.new_list", organisation=organisation)
        if LISTS & set(firm.roles)
        else None,
        chase=url_for("helping.chase_all", organisation=organisation),
        more=f"{own}?page={page + 1}{show}" if more else None,
    )


@bp.get("/helping/invitations/<organisation>/new")
def new_invitation(organisation: str) -> ResponseReturnValue:
    """Ask one person."""
    firm = member(organisation)
    return _one_page(firm, None) if isinstance(firm, Firm) else firm


@bp.post("/helping/invitations/<organisation>/new")
def invite(organisation: str) -> ResponseReturnValue:
    """Ask one person. What is known of them is looked up blind: one answer for all cases."""
    firm = member(organisation)
    if not isinstance(firm, Firm):
        return firm
    here = house()
    today = here.database.now().date()
    typed = here.database.read(lambda tx: read_form(tx, today=today, named=False))
    fields = dict(typed.fields) | {
        name: " ".join(request.form.get(name, "").split())[:320] for name in NAMES
    }
    said = dict(typed.said) | name_problems(fields)
    how, facts = fields["how"], None
    if how == FACTS:
        facts = _facts(fields, said)
    elif how == EMAIL:
        read = read_address(fields["email"])
        if isinstance(read, AddressProblem):
            said["email"] = _("Type in an email address, like name@example.com")
        else:
            fields["email"] = read
    elif how not in {LINK, PAPER}:
        said["how"] = _("Choose how you ask them")
    typed = Typed(fields=fields, powers=typed.powers, asked=typed.asked, said=said)
    asked = typed.asked
    if asked is None or said:
        return _one_page(firm, typed), 422
    network = network_of(caller_address())
    if facts is not None:
        index = here.keyring.index("number_index", facts.number.key)
        limits = facts_limits(network, firm.member, firm.organisation, index)
    else:
        limits = ask_limits(network, firm.member, fields["email"] or firm.member)
    wait = throttle.reserve(here.database, here.keyring, limits)
    if wait is not None:
        page = notice(429, _("You asked too often"), [_("Wait a while. Then try again.")])
        page.headers.update(retry_after(wait))
        return page
    exclusive = exclusive_of(asked)
    if facts is not None:
        by_facts = facts
        here.database.transaction(
            lambda tx: known.ask_by_facts(
                tx, here.keyring, firm, asked, by_facts, exclusive=exclusive
            )
        )
        return see_other(url_for("helping.asked", organisation=organisation))
    way = Way(given_name=fields["given_name"], family_name=fields["family_name"],
              email=fields["email"] if how == EMAIL else None)  # fmt: skip
    ref = here.database.transaction(
        lambda tx: inviting.invite(
            tx, here.keyring, firm, asked, way, channel=how, exclusive=exclusive
        )
    )
    return see_other(url_for("helping.sent", organisation=organisation, ref=ref))


@bp.get("/helping/invitations/<organisation>/asked")
def asked(organisation: str) -> ResponseReturnValue:
    """What is said after every offer by facts, whoever they are of."""
    firm = member(organisation)
    if not isinstance(firm, Firm):
        return firm
    link = (url_for("helping.invitations", organisation=organisation), _("See who has to answer"))
    said = [
        _("Is what you typed right? Then they see it on their page, and we tell them."),
        _("Is it not right? Then nobody sees it. We do not say which."),
        _("It waits for an answer for 21 days."),
    ]
    return notice(200, _("We have asked"), said, link=link)


def member(organisation: str, roles: frozenset[str] = frozenset()) -> Firm | ResponseReturnValue:
    """The organisation, if who is there is a member who may do this; else it is not found."""
    own = url_for("helping.invitations", organisation=organisation)
    session = signed_in(return_to=None if request.method == "GET" else own)
    if not isinstance(session, SessionFacts):
        return session
    firm = house().database.read(lambda tx: inviting.firm_of(tx, session.account_ref, organisation))
    if firm is None or (roles and not roles & set(firm.roles)):
        abort(404)
    return firm


def standing(offer: Offer) -> str:
    """How an offer stands, in words for who made it."""
    states = [one.state for one in offer.mandates]
    yes = sum(one in {State.ACTIVE, State.SUSPENDED} for one in states)
    if offer.open:
        return _("No answer yet")
    if yes == len(states):
        return _("They said yes")
    if yes:
        return _("They said yes to a part")
    if State.REFUSED in states:
        return _("They said no")
    if State.CANCELLED in states:
        return _("You took it back")
    return _("It has ended") if State.ENDED in states else _("Nobody answered in time")


def _facts(fields: dict[str, str], said: dict[str, str]) -> Facts | None:
    parts = [fields["birth_year"], fields["birth_month"], fields["birth_day"]]
    born = ""
    if any(parts):
        born = "-".join(part.zfill(size) for part, size in zip(parts, (4, 2, 2), strict=True))
    found = read_facts(
        fields["given_name"], fields["family_name"], fields["number"][:40], born,
        fields["postcode"][:20],
    )  # fmt: skip
    if isinstance(found, Facts):
        return found
    said |= {
        "number": {"number": _("Type in a National Insurance number")},
        "birth-date": {"birth_date": _("There is no such day. Look at the date again")},
        "date-or-postcode": {"birth_date": _("Type in when they were born, or the postcode")},
    }[found]
    return None


def _one_page(firm: Firm, typed: Typed | None) -> str:
    facts = house().database.read(lambda tx: form_facts(tx, typed, NAMES))
    said = facts["said"]
    facts["errors"] += [
        {"text": said["birth_date"], "href": "#birth_day"} for _one in said if _one == "birth_date"
    ]
    return render_template(
        "delegation/firm_new.html",
        firm=firm.name,
        action=url_for("helping.invite", organisation=firm.organisation),
        back=url_for("helping.invitations", organisation=firm.organisation),
        **facts,
    )
