"""An organisation's teams, and who is in one."""

from collections.abc import Callable

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.sessions import SessionFacts
from idp.delegation import assigning
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
from idp.web import house, see_other


@bp.get("/helping/organisations/<ref>/teams")
def show_teams(ref: str) -> ResponseReturnValue:
    """All teams, by name."""
    here = entered(ref)
    return _teams_page(here) if isinstance(here, Here) else here


@bp.post("/helping/organisations/<ref>/teams")
def add_team(ref: str) -> ResponseReturnValue:
    """Make a team."""
    session = signed_in_for("organisations.show_teams", ref=ref)
    if not isinstance(session, SessionFacts):
        return session
    account, name = session.account_ref, request.form.get("name", "")
    made = house().database.transaction(lambda tx: teams.add(tx, ref, account, name))
    if not isinstance(made, Verdict):
        return see_other(url_for("organisations.team", ref=ref, team=made))
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    return _teams_page(here, texts.refused(made), name), 422


@bp.get("/helping/organisations/<ref>/teams/<team>")
def team(ref: str, team: str) -> ResponseReturnValue:
    """One team: who is in it, and who could be."""
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    changes = here.may(Act.CHANGE_TEAMS)

    def work(tx: Transaction) -> tuple[teams.Team, list[tuple[str, str]], list[tuple[str, str]]]:
        found = teams.find(tx, ref, team)
        if found is None:
            abort(404)
        return found, teams.who_is_in(tx, team), members.workers(tx, ref) if changes else []

    found, inside, workers = house().database.read(work)
    return render_template(
        "organisations/team.html",
        ref=ref,
        organisation=here.organisation.name,
        name=found.name,
        members=inside,
        others=[one for one in workers if one not in inside],
        changes=changes,
        join_action=url_for("organisations.join_team", ref=ref, team=team),
        quit_action=url_for("organisations.quit_team", ref=ref, team=team),
    )


@bp.post("/helping/organisations/<ref>/teams/<team>/join")
def join_team(ref: str, team: str) -> ResponseReturnValue:
    """Put a member in a team."""
    who = request.form.get("member", "")
    return _change(
        ref,
        team,
        lambda tx, session: assigning.join_team(tx, ref, opener_of(session), team=team, member=who),
    )


@bp.post("/helping/organisations/<ref>/teams/<team>/leave")
def quit_team(ref: str, team: str) -> ResponseReturnValue:
    """Take a member out of a team."""
    who = request.form.get("member", "")
    return _change(
        ref,
        team,
        lambda tx, session: assigning.quit_team(
            tx, ref, session.account_ref, team=team, member=who
        ),
    )


def _change(
    ref: str, team: str, work: Callable[[Transaction, SessionFacts], Verdict]
) -> ResponseReturnValue:
    session = signed_in_for("organisations.team", ref=ref, team=team)
    if not isinstance(session, SessionFacts):
        return session
    verdict = house().database.transaction(lambda tx: work(tx, session))
    answer = done(verdict, "organisations.team", ref=ref, team=team)
    if isinstance(answer, Verdict):
        return refusal(answer, "organisations.team", ref=ref, team=team)
    return answer


def _teams_page(here: Here, error: str = "", name: str = "") -> str:
    ref = here.organisation.ref
    found = house().database.read(lambda tx: teams.list_teams(tx, ref))
    return render_template(
        "organisations/teams.html",
        ref=ref,
        organisation=here.organisation.name,
        teams=[
            {
                "name": one.name,
                "href": url_for("organisations.team", ref=ref, team=one.ref),
                "members": one.members,
            }
            for one in found
        ],
        action=url_for("organisations.add_team", ref=ref) if here.may(Act.CHANGE_TEAMS) else "",
        name=name,
        error=error,
        field="name",
    )
