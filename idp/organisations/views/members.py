"""An organisation's members: all of them, one of them, and those who are asked to join."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.sessions import SessionFacts
from idp.delegation import assigning, watching
from idp.delegation import people as acted_for
from idp.delegation.watching import Stopped
from idp.notices.rules import masked_email
from idp.organisations import members, teams, texts
from idp.organisations.actions import Listed, find_member
from idp.organisations.rules import Act, Role, Verdict
from idp.organisations.views.common import (
    Here,
    bp,
    demands_of,
    done,
    entered,
    led_to_open,
    opener_of,
    refusal,
    signed_in_for,
    too_small,
)
from idp.storage import Transaction
from idp.throttle.actions import Limit, reserve
from idp.web import house, notice, retry_after, see_other
from idp.words import gettext as _


@bp.get("/helping/organisations/<ref>/members")
def show_members(ref: str) -> ResponseReturnValue:
    """Everybody who works here, by name, and who is asked to join."""
    here = entered(ref)
    if not isinstance(here, Here):
        return here
    after = request.args.get("after", "")[:64]
    admin = here.has(Act.INVITE)

    def work(tx: Transaction) -> tuple[list[Listed], str, list[members.Waiting]]:
        found, more = members.list_members(tx, ref, after=after)
        waits = members.waiting(tx, house().keyring, ref) if admin and not after else []
        return found, more, waits

    found, more, waits = house().database.read(work)
    return render_template(
        "organisations/members.html",
        ref=ref,
        name=here.organisation.name,
        invite=url_for("organisations.invite", ref=ref) if here.may(Act.INVITE) else "",
        members=[
            {
                "name": one.member.name,
                "href": url_for("organisations.member", ref=ref, member=one.member.ref),
                "roles": texts.role_list(one.member.roles),
                "stopped": one.member.suspended,
            }
            for one in found
        ],
        next=url_for("organisations.show_members", ref=ref, after=more) if more else "",
        waiting=[
            {
                "name": one.name,
                "email": one.email,
                "roles": texts.role_list(one.roles),
                "until": one.expires_at,
                "cancel": url_for(
                    "organisations.cancel_invitation", ref=ref, invitation=one.ref
                ),
            }
            for one in waits
        ],
    )  # fmt: skip


@bp.get("/helping/organisations/<ref>/invite")
def invite(ref: str) -> ResponseReturnValue:
    """Ask for the name, the address and the roles of somebody who is to join."""
    here = entered(ref, Act.INVITE)
    return _invite_page(here) if isinstance(here, Here) else here


@bp.post("/helping/organisations/<ref>/invite")
def send_invitation(ref: str) -> ResponseReturnValue:
    """Send them a one-time link."""
    here = entered(ref, Act.INVITE)
    if not isinstance(here, Here):
        return here
    # Mail goes to whoever is named: 50 at once, then one a minute for each organisation.
    limit = Limit(kind="member-invitation", value=ref, burst=50, per=timedelta(minutes=1))
    wait = reserve(house().database, house().keyring, [limit])
    if wait is not None:
        link = (url_for("organisations.show_members", ref=ref), _("Go back"))
        page = notice(429, _("There were too many tries"), [texts.wait(wait)], link=link)
        page.headers.update(retry_after(wait))
        return page
    name, email = request.form.get("name", ""), request.form.get("email", "")
    roles, opener = request.form.getlist("role"), opener_of(here.session)
    made = house().database.transaction(
        lambda tx: members.invite(
            tx, house().keyring, ref, opener, name=name, email=email, roles=roles
        )
    )
    if not isinstance(made, Verdict):
        return see_other(url_for("organisations.show_members", ref=ref))
    led = led_to_open("organisations.invite", ref=ref) if made is Verdict.LEVEL else None
    if led is not None:
        return led
    field = {Verdict.EMAIL_BAD: "email", Verdict.ROLES_BAD: "role"}.get(made, "name")
    return _invite_page(here, texts.refused(made), field), 422


@bp.post("/helping/organisations/<ref>/invitations/<invitation>/cancel")
def cancel_invitation(ref: str, invitation: str) -> ResponseReturnValue:
    """Take an invitation back."""
    session = signed_in_for("organisations.show_members", ref=ref)
    if not isinstance(session, SessionFacts):
        return session
    verdict = house().database.transaction(
        lambda tx: members.cancel(tx, ref, session.account_ref, invitation)
    )
    answer = done(verdict, "organisations.show_members", ref=ref)
    if isinstance(answer, Verdict):
        return refusal(answer, "organisations.show_members", ref=ref)
    return answer


@bp.get("/helping/organisations/<ref>/members/<member>")
def member(ref: str, member: str) -> ResponseReturnValue:
    """One member: their roles, how many people they can open, and what that asks of them."""
    here = entered(ref)
    return _member_page(here, member) if isinstance(here, Here) else here


@bp.post("/helping/organisations/<ref>/members/<member>/roles")
def change_roles(ref: str, member: str) -> ResponseReturnValue:
    """Change what another member may do."""
    roles = request.form.getlist("role")
    return _change(
        ref,
        member,
        lambda tx, session: members.change_roles(tx, ref, opener_of(session), member, roles),
    )


@bp.post("/helping/organisations/<ref>/members/<member>/suspend")
def suspend(ref: str, member: str) -> ResponseReturnValue:
    """Stop another member for now."""
    return _change(
        ref, member, lambda tx, session: members.suspend(tx, ref, session.account_ref, member)
    )


@bp.post("/helping/organisations/<ref>/members/<member>/resume")
def resume(ref: str, member: str) -> ResponseReturnValue:
    """Let another member go on."""
    return _change(
        ref, member, lambda tx, session: members.resume(tx, ref, opener_of(session), member)
    )


@bp.post("/helping/organisations/<ref>/members/<member>/transfer")
def transfer(ref: str, member: str) -> ResponseReturnValue:
    """Hand the people of one member to another."""
    to = request.form.get("to", "")
    return _change(
        ref,
        member,
        lambda tx, session: assigning.transfer(
            tx, ref, opener_of(session), source=member, target=to
        ),
    )


@bp.post("/helping/organisations/<ref>/members/<member>/leave")
def leave(ref: str, member: str) -> ResponseReturnValue:
    """End a membership, one's own or another's, at once."""
    session = signed_in_for("organisations.member", ref=ref, member=member)
    if not isinstance(session, SessionFacts):
        return session
    account = session.account_ref
    verdict = house().database.transaction(
        lambda tx: assigning.remove_member(tx, ref, account, member)
    )
    here = house().database.read(lambda tx: find_member(tx, ref, member))
    own = here is not None and here.member.account_ref == account
    if own and verdict is Verdict.ALLOWED:
        return see_other(url_for("account.helping"))
    answer = done(verdict, "organisations.show_members", ref=ref)
    if isinstance(answer, Verdict):
        return refusal(answer, "organisations.member", ref=ref, member=member)
    return answer


def _change(
    ref: str, member: str, work: Callable[[Transaction, SessionFacts], Verdict]
) -> ResponseReturnValue:
    where: dict[str, Any] = {"ref": ref, "member": member}
    session = signed_in_for("organisations.member", **where)
    if not isinstance(session, SessionFacts):
        return session
    verdict = house().database.transaction(lambda tx: work(tx, session))
    answer = done(verdict, "organisations.member", **where)
    if isinstance(answer, Verdict):
        return refusal(answer, "organisations.member", **where)
    return answer


def _member_page(here: Here, ref: str) -> ResponseReturnValue:
    it = here.organisation

    def work(
        tx: Transaction,
    ) -> tuple[Listed, int, list[teams.Team], list[tuple[str, str]], Stopped | None] | None:
        found = find_member(tx, it.ref, ref)
        if found is None or found.member.left:
            return None
        count = acted_for.count_people(tx, it.ref) if it.everyone else 0
        reach = count or assigning.reach(tx, it.ref, ref)
        others = members.workers(tx, it.ref) if here.may(Act.ASSIGN) and not it.everyone else []
        fast = watching.stopped_of(tx, found.member.account_ref) if here.has(Act.INVITE) else None
        return found, reach, teams.of_member(tx, ref), others, fast

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    found, reach, in_teams, others, too_fast = answer
    oneself = ref == here.me.member.ref
    where: dict[str, Any] = {"ref": it.ref, "member": ref}
    return render_template(
        "organisations/member.html",
        ref=it.ref,
        organisation=it.name,
        name=found.member.name,
        email=masked_email(found.email) if here.has(Act.INVITE) else "",
        role_list=texts.role_list(found.member.roles),
        since=found.joined_at,
        stopped=found.member.suspended,
        too_fast=too_fast,
        oneself=oneself,
        teams=[team.name for team in in_teams],
        reach=texts.people(reach, acted_for.COUNTED if it.everyone else reach),
        limit=it.people_limit,
        demands=demands_of(reach),
        limit_demands=demands_of(it.people_limit) if it.people_limit else [],
        too_small=too_small(it, reach),
        roles=texts.role_names(),
        held=[role for role in Role if role in found.member.roles],
        change=here.may(Act.CHANGE_ROLES) and not oneself,
        remove=oneself or here.may(Act.REMOVE),
        others=[one for one in others if one[0] != ref] if reach else [],
        roles_action=url_for("organisations.change_roles", **where),
        suspend_action=url_for("organisations.suspend", **where),
        resume_action=url_for("organisations.resume", **where),
        transfer_action=url_for("organisations.transfer", **where),
        leave_action=url_for("organisations.leave", **where),
    )


def _invite_page(here: Here, error: str = "", field: str = "") -> str:
    ref = here.organisation.ref
    return render_template(
        "organisations/invite.html",
        ref=ref,
        organisation=here.organisation.name,
        action=url_for("organisations.send_invitation", ref=ref),
        name=request.form.get("name", ""),
        email=request.form.get("email", ""),
        chosen=request.form.getlist("role") or [Role.WORKER],
        roles=texts.role_names(),
        error=error,
        field=field,
    )
