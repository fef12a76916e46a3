"""The people an organisation acts for: by name, and one of them with whom they are open to."""

from collections.abc import Sequence
from typing import Any

from flask import abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.actions import service_names
from idp.authentication.sessions import SessionFacts
from idp.delegation import assigning, holding, passing
from idp.delegation import people as acted_for
from idp.delegation.holding import Hold
from idp.delegation.lifecycle import State
from idp.delegation.passing import Around
from idp.delegation.people import Open, Somebody
from idp.organisations import members, teams, texts
from idp.organisations.rules import Act, Verdict
from idp.organisations.views.common import (
    Here,
    bp,
    done,
    entered,
    opener_of,
    refusal,
    signed_in_for,
)
from idp.storage import Transaction
from idp.web import house

LONGEST_SEARCH = 60


@bp.get("/helping/organisations/<ref>/people")
def show_people(ref: str) -> ResponseReturnValue:
    """One page of them, from where the last one ended."""
    here = entered(ref, Act.SEE_PEOPLE)
    if not isinstance(here, Here):
        return here
    named = request.args.get("name", "")[:LONGEST_SEARCH]
    after = request.args.get("after", "")[:64]

    def work(tx: Transaction) -> tuple[list[Somebody], str, dict[str, str]]:
        found, more = acted_for.list_people(tx, ref, named=named, after=after)
        held = [held.service for one in found for held in one.mandates]
        return found, more, service_names(tx, held)

    found, more, names = house().database.read(work)
    return render_template(
        "organisations/people.html",
        ref=ref,
        organisation=here.organisation.name,
        people=[
            {
                "name": one.name,
                "href": url_for("organisations.person", ref=ref, mandate=one.ref),
                "services": [names.get(m.service, m.service) for m in one.mandates],
                "closed": not here.organisation.everyone and one.open_to == 0,
            }
            for one in found
        ],
        named=named,
        action=url_for("organisations.show_people", ref=ref),
        next=url_for("organisations.show_people", ref=ref, name=named or None, after=more)
        if more
        else "",
        first=url_for("organisations.show_people", ref=ref) if after or named else "",
    )


@bp.get("/helping/organisations/<ref>/people/<mandate>")
def person(ref: str, mandate: str) -> ResponseReturnValue:
    """What somebody lets the organisation do, and who of it may do it."""
    return _person_page(ref, mandate)


def _person_page(ref: str, mandate: str, error: str = "") -> ResponseReturnValue:
    here = entered(ref, Act.SEE_PEOPLE)
    if not isinstance(here, Here):
        return here
    assigns = here.may(Act.ASSIGN) and not here.organisation.everyone

    def work(
        tx: Transaction,
    ) -> (
        tuple[
            Somebody,
            list[Open],
            dict[str, str],
            dict[str, Around],
            list[tuple[str, str]],
            dict[str, Hold | None],
        ]
        | None
    ):
        found = acted_for.find_somebody(tx, ref, mandate)
        if found is None:
            return None
        held = [one.ref for one in found[0].mandates if one.state is State.SUSPENDED]
        holds = {one: holding.hold_of(tx, one) for one in held}
        choices: list[tuple[str, str]] = []
        if assigns:
            choices = [(one.ref, one.name) for one in teams.list_teams(tx, ref)]
            choices += members.workers(tx, ref)
        names = service_names(tx, [m.service for m in found[0].mandates])
        near = passing.around(tx, house().policies.powers, [m.ref for m in found[0].mandates])
        return *found, names, near, choices, holds

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    found, opened, names, near, choices, holds = answer
    passes = bool(passing.MAY_PASS_ON & here.me.member.roles)
    taken = {one.ref for one in opened}
    where: dict[str, Any] = {"ref": ref, "mandate": mandate}
    page = render_template(
        "organisations/person.html",
        ref=ref,
        organisation=here.organisation.name,
        name=found.name,
        mandates=[
            {
                "service": names.get(one.service, one.service),
                "says": _says(one.service, one.powers),
                "until": one.expires,
                "over": one.over,
                "stopped": one.state is State.SUSPENDED,
                "hold": holds.get(one.ref),
                **_near(here, one.ref, near[one.ref], passes=passes),
            }
            for one in found.mandates
        ],
        everyone=here.organisation.everyone,
        open_to=opened,
        choices=[one for one in choices if one[0] not in taken or found.partly_open],
        partly_open=found.partly_open,
        closes=here.may(Act.UNASSIGN),
        assigns=assigns,
        assign_action=url_for("organisations.assign", **where),
        close_action=url_for("organisations.unassign", **where),
        back_action=url_for("helping.end_passed_on", **where) if passes else "",
        error=error,
    )
    return make_response(page, 422 if error else 200)


@bp.post("/helping/organisations/<ref>/people/<mandate>")
def assign(ref: str, mandate: str) -> ResponseReturnValue:
    """Open somebody to members and teams."""
    session = signed_in_for("organisations.person", ref=ref, mandate=mandate)
    if not isinstance(session, SessionFacts):
        return session
    opener, to = opener_of(session), request.form.getlist("to")
    if not to:
        return _person_page(ref, mandate, texts.refused(Verdict.NOBODY))
    verdict = house().database.transaction(
        lambda tx: assigning.assign(tx, ref, opener, mandate=mandate, assignees=to)
    )
    return _answer(verdict, ref, mandate)


@bp.post("/helping/organisations/<ref>/people/<mandate>/close")
def unassign(ref: str, mandate: str) -> ResponseReturnValue:
    """Close somebody to a member or team again."""
    session = signed_in_for("organisations.person", ref=ref, mandate=mandate)
    if not isinstance(session, SessionFacts):
        return session
    account, to = session.account_ref, request.form.get("from", "")
    verdict = house().database.transaction(
        lambda tx: assigning.unassign(tx, ref, account, mandate=mandate, assignee=to)
    )
    return _answer(verdict, ref, mandate)


def _says(service: str, powers: Sequence[str]) -> list[str]:
    entry = house().policies.powers.get(service)
    return entry.says(tuple(powers)) if entry else []


def _near(here: Here, mandate: str, around: Around, *, passes: bool) -> dict[str, Any]:
    """Who passed it on to this organisation, to whom this one passed it on, and the way to."""
    ref = here.organisation.ref
    able = passes and around.may and here.organisation.in_order
    return {
        "ref": mandate,
        "through": around.through,
        "passed": [{"ref": one.ref, "name": one.delegate_name, "until": one.expires}
                   for one in around.children],
        "pass_on": url_for("helping.pass_on", ref=ref, mandate=mandate) if able else "",
    }  # fmt: skip


def _answer(verdict: Verdict, ref: str, mandate: str) -> ResponseReturnValue:
    answer = done(verdict, "organisations.person", ref=ref, mandate=mandate)
    if isinstance(answer, Verdict):
        return refusal(answer, "organisations.person", ref=ref, mandate=mandate)
    return answer
