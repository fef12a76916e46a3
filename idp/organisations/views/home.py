"""An organisation's first page, what it chooses for itself, and the link by which people join."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import signed_in
from idp.assurance.rules import Level
from idp.authentication.sessions import SessionFacts
from idp.delegation import assigning
from idp.delegation import people as acted_for
from idp.organisations import agreement, members, settings, texts
from idp.organisations.actions import count_members
from idp.organisations.rules import Act, Verdict
from idp.organisations.views.common import (
    Here,
    bp,
    demands_of,
    entered,
    led_to_open,
    opener_of,
    refusal,
    signed_in_for,
    too_small,
)
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

PROVED = Level(identity=1, sign_in=0)


@bp.get("/helping/organisations/<ref>")
def home(ref: str) -> ResponseReturnValue:
    """What it is, how many there are, and what to do next."""
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    it, me = here.organisation, here.me.member

    def work(tx: Transaction) -> tuple[int, int, int, bool]:
        reach = assigning.reach(tx, ref, me.ref)
        assists = it.kind == "charity" or agreement.in_force(tx, ref) is not None
        return count_members(tx, ref), acted_for.count_people(tx, ref), reach, assists

    staff, all_people, reach, assists = house().database.read(work)
    mine = all_people if it.everyone else reach
    return render_template(
        "organisations/home.html",
        ref=ref,
        name=it.name,
        kind=texts.kind_names()[it.kind],
        roles=texts.role_list(me.roles),
        stops_at=None if it.suspended else it.suspends_at,
        stopped=it.suspended,
        reason=it.suspension_reason,
        closed=it.closed_at is not None,
        members=staff,
        people=texts.people(all_people, acted_for.COUNTED),
        mine=texts.people(mine, acted_for.COUNTED),
        worker="worker" in me.roles,
        assists=assists,
        demands=demands_of(mine),
        too_small=too_small(it, mine),
        everyone=it.everyone,
        admin=here.has(Act.INVITE),
        assigner=here.has(Act.SEE_PEOPLE),
        alone=staff == 1,
        nobody=all_people == 0,
    )


@bp.get("/helping/organisations/<ref>/settings")
def show_settings(ref: str) -> ResponseReturnValue:
    """Who may open whom, and how many each."""
    here = entered(ref, Act.CHANGE_SETTINGS)
    return _settings_page(here) if isinstance(here, Here) else here


@bp.post("/helping/organisations/<ref>/settings")
def change_settings(ref: str) -> ResponseReturnValue:
    """Change them."""
    here = entered(ref, Act.CHANGE_SETTINGS)
    if not isinstance(here, Here):
        return here
    opener = opener_of(here.session)
    access, limit = request.form.get("access", ""), request.form.get("limit", "")
    verdict = house().database.transaction(
        lambda tx: settings.change(tx, ref, opener, access=access, limit=limit)
    )
    if verdict is Verdict.ALLOWED:
        return see_other(url_for("organisations.home", ref=ref))
    led = led_to_open("organisations.show_settings", ref=ref) if verdict is Verdict.LEVEL else None
    if led is not None:
        return led
    field = "limit" if verdict is Verdict.LIMIT_BAD else "access"
    return _settings_page(here, texts.refused(verdict), field, limit), 422


@bp.get("/helping/join/<token>")
def join(token: str) -> ResponseReturnValue:
    """What a one-time link offers, to whoever has signed in to take it."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    offered = house().database.read(lambda tx: members.look_at(tx, token))
    if offered is None:
        return _no_link()
    if offered.roles & members.PROVED_ROLES:
        session = signed_in(least=PROVED)
        if not isinstance(session, SessionFacts):
            return session
    return render_template(
        "organisations/join.html",
        organisation=offered.organisation,
        name=offered.name,
        email=session.email,
        roles=[text for role, text in texts.role_names().items() if role in offered.roles],
        until=offered.expires_at,
        action=url_for("organisations.accept", token=token),
    )


@bp.post("/helping/join/<token>")
def accept(token: str) -> ResponseReturnValue:
    """Become a member. A link works once."""
    session = signed_in_for("organisations.join", token=token)
    if not isinstance(session, SessionFacts):
        return session
    account, names = session.account_ref, house().policies.names
    joined = house().database.transaction(lambda tx: members.accept(tx, token, account, names))
    if joined is Verdict.GONE:
        return _no_link()
    if isinstance(joined, Verdict):
        return refusal(joined, "account.helping")
    return see_other(url_for("organisations.home", ref=joined.organisation_ref))


def _no_link() -> ResponseReturnValue:
    said = [
        _("It was used, or it is too old, or somebody took it back."),
        _("Ask who sent it to you for a new one."),
    ]
    link = (url_for("account.helping"), _("People I help"))
    return notice(410, _("This link works no more"), said, link=link)


def _settings_page(here: Here, error: str = "", field: str = "", typed: str | None = None) -> str:
    it = here.organisation
    staff = house().database.read(lambda tx: count_members(tx, it.ref))
    limit = "" if it.people_limit is None else str(it.people_limit)
    return render_template(
        "organisations/settings.html",
        ref=it.ref,
        name=it.name,
        access=it.access,
        can_open=staff == 1 or it.everyone,
        limit=limit if typed is None else typed,
        demands=demands_of(it.people_limit) if it.people_limit else [],
        people_limit=it.people_limit,
        action=url_for("organisations.change_settings", ref=it.ref),
        error=error,
        field=field,
    )
