"""Which member of an organisation may open whom: closed to everybody until assigned (I11).

A person is assigned as a whole: all that they let the organisation do. The organisation is locked
before anything changes, so that a limit holds however many assign at once.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    Integer,
    String,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
)
from sqlalchemy.sql import ColumnElement

from idp.delegation.lifecycle import State
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations import members, teams
from idp.organisations.actions import (
    Allowed,
    Opener,
    find_member,
    journal,
    judged,
    judged_to_open,
)
from idp.organisations.records import MemberRecord, TeamMemberRecord
from idp.organisations.rules import MOST_PEOPLE, Act, Verdict, may
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

M, MB = MandateRecord.__table__, MemberRecord.__table__
A, TM = AssignmentRecord.__table__, TeamMemberRecord.__table__
_ORGANISATION, _PRINCIPAL, _ASSIGNEE, _SOURCE, _TEAM, _MEMBER, _BY = (
    bindparam(name, type_=String())
    for name in ("organisation", "principal", "assignee", "source", "team", "member", "by")
)
_MOST = bindparam("most", type_=Integer())
_HELD = M.alias("held")
# Written out, as in the partial index of what is held: a bound value would hide it from SQLite.
_HELD_STATES: list[ColumnElement[str]] = [
    literal_column(f"'{state}'") for state in (State.ACTIVE, State.SUSPENDED)
]
_THROUGH = TM.alias("through")


def _in_term(mandate: Any) -> ColumnElement[bool]:
    return and_(
        mandate.c.state.in_(_HELD_STATES),
        or_(mandate.c.expires.is_(None), mandate.c.expires > db_now()),
    )


def held(mandate: Any) -> ColumnElement[bool]:
    """A mandate that the organisation holds now, suspended or not."""
    return and_(mandate.c.delegate == _ORGANISATION, _in_term(mandate))


def _opened_by(member: Any, *, more: Any = None, but: Any = None) -> Any:
    """How many people a member can open, by themself or through teams: each counts once.

    `more`: with those open to this assignee too. `but`: without this principal. What is assigned
    to a member is their organisation's: it is not asked for again, so that the count begins with
    the assignments and costs what the member has, not what the organisation has.
    """
    through = select(_THROUGH.c.team_ref).where(_THROUGH.c.member_ref == member)
    also = [] if more is None else [select(more)]
    # One list of assignees: an OR of two would be a walk through all assignments there are.
    whose = select(member).union_all(through, *also)
    counted = (
        select(func.count(func.distinct(_HELD.c.principal)))
        .select_from(A.join(_HELD, _HELD.c.ref == A.c.mandate_ref))
        .where(_in_term(_HELD), A.c.assignee.in_(whose))
    )
    if but is not None:
        counted = counted.where(_HELD.c.principal != but)
    return counted


_REACH = _opened_by(_MEMBER)
# The member of the statement around: a column of nothing here, so that it is not joined again.
_EACH = literal_column("member.ref", String())
# Whoever is reached by an assignment: the member, or all who are in the team.
_REACHED = and_(
    MB.c.organisation_ref == _ORGANISATION,
    MB.c.left_at.is_(None),
    or_(
        MB.c.ref == _ASSIGNEE,
        MB.c.ref.in_(select(TM.c.member_ref).where(TM.c.team_ref == _ASSIGNEE)),
    ),
)
_FULL = exists().where(
    _REACHED,
    _opened_by(_EACH, but=_PRINCIPAL).scalar_subquery() >= _MOST,
)
_WHOM = select(M.c.principal).where(
    M.c.ref == bindparam("mandate"), held(M), M.c.delegate_kind == "organisation"
)
_THEIRS = select(
    M.c.ref, _ASSIGNEE, _BY, db_now(), M.c.principal_sort, M.c.principal
).where(held(M), M.c.principal == _PRINCIPAL)  # fmt: skip
_NAMES = ["mandate_ref", "assignee", "assigned_by", "assigned_at", "principal_sort", "principal"]


def _insert(chosen: Any) -> Any:
    return upsert(
        lambda insert_: (
            insert_(A)
            .from_select(_NAMES, chosen, include_defaults=False)
            .on_conflict_do_nothing()
            .returning(A.c.mandate_ref)
        )
    )


_ASSIGN = _insert(_THEIRS.where(~_FULL))
_IS_FULL = select(_FULL)
_OF_PERSON = select(M.c.ref).where(M.c.delegate == _ORGANISATION, M.c.principal == _PRINCIPAL)
_UNASSIGN = (
    delete(AssignmentRecord)
    .where(A.c.assignee == _ASSIGNEE, A.c.mandate_ref.in_(_OF_PERSON))
    .returning(A.c.mandate_ref)
)
_TAKE_OVER = _insert(
    select(A.c.mandate_ref, _ASSIGNEE, _BY, db_now(), M.c.principal_sort, M.c.principal)
    .join(M, M.c.ref == A.c.mandate_ref)
    .where(
        A.c.assignee == _SOURCE,
        held(M),
        _opened_by(_ASSIGNEE, more=_SOURCE).scalar_subquery() <= _MOST,
    )
)
_FITS = select(_opened_by(_ASSIGNEE, more=_SOURCE).scalar_subquery() <= _MOST)
_CLEAR = delete(AssignmentRecord).where(A.c.assignee == _ASSIGNEE)
_JOIN = (
    insert(TeamMemberRecord)
    .from_select(
        ["team_ref", "member_ref"],
        select(_TEAM, _MEMBER).where(_opened_by(_MEMBER, more=_TEAM).scalar_subquery() <= _MOST),
    )
    .returning(TM.c.team_ref)
)
_IN_TEAM = select(TM.c.team_ref).where(TM.c.team_ref == _TEAM, TM.c.member_ref == _MEMBER)
_QUIT = delete(TeamMemberRecord).where(TM.c.team_ref == _TEAM, TM.c.member_ref == _MEMBER)
_QUIT_ALL = delete(TeamMemberRecord).where(TM.c.member_ref == _MEMBER)


def assign(
    tx: Transaction, organisation: str, opener: Opener, *, mandate: str, assignees: Sequence[str]
) -> Verdict:
    """Open a person, named by any mandate of theirs, to members or teams: all of it or nothing.

    `LIMIT` where somebody reached by it has as many people as the organisation allows.
    """
    allowed = judged_to_open(tx, organisation, opener, Act.ASSIGN)
    if isinstance(allowed, Verdict):
        return allowed
    principal = _principal(tx, organisation, mandate)
    if principal is None or not assignees or not _are_here(tx, organisation, assignees):
        return Verdict.GONE
    values = _values(allowed, principal=principal)
    if any(tx.execute(_IS_FULL, values | {"assignee": one}).scalar_one() for one in assignees):
        return Verdict.LIMIT
    for one in assignees:
        # The limit is in the statement that assigns: two members of one list may share a team.
        made = tx.execute(_ASSIGN.on(tx), values | {"assignee": one}).scalars().all()
        if made:
            _journal(tx, "person-assigned", allowed, one, sorted(made))
    return Verdict.ALLOWED


def unassign(
    tx: Transaction, organisation: str, account: str, *, mandate: str, assignee: str
) -> Verdict:
    """Close a person to a member or team again, at once."""
    allowed = judged(tx, organisation, account, Act.UNASSIGN)
    if isinstance(allowed, Verdict):
        return allowed
    principal = _principal(tx, organisation, mandate)
    if principal is None or not _are_here(tx, organisation, [assignee]):
        return Verdict.GONE
    values = _values(allowed, principal=principal, assignee=assignee)
    gone = tx.execute(_UNASSIGN, values).scalars().all()
    if not gone:
        return Verdict.GONE
    _journal(tx, "person-unassigned", allowed, assignee, sorted(gone))
    return Verdict.ALLOWED


def transfer(
    tx: Transaction, organisation: str, opener: Opener, *, source: str, target: str
) -> Verdict:
    """Hand all that is open to one member (not through teams) to another: all or nothing."""
    allowed = judged_to_open(tx, organisation, opener, Act.ASSIGN)
    if isinstance(allowed, Verdict):
        return allowed
    if source == target or not _are_here(tx, organisation, [source, target]):
        return Verdict.GONE
    values = _values(allowed, assignee=target, source=source)
    if not tx.execute(_FITS, values).scalar_one():
        return Verdict.LIMIT
    tx.execute(_TAKE_OVER.on(tx), values)
    count = tx.execute(_CLEAR, {"assignee": source}).rowcount
    journal(tx, "people-transferred", allowed, assignee=target, source=source, mandates=count)
    return Verdict.ALLOWED


def join_team(
    tx: Transaction, organisation: str, opener: Opener, *, team: str, member: str
) -> Verdict:
    """Put a member in a team; what is open to it is open to them from then on.

    Oneself only who may assign: else whoever administers would open people to themself.
    """
    allowed = judged_to_open(tx, organisation, opener, Act.CHANGE_TEAMS, member=member)
    if isinstance(allowed, Verdict):
        return allowed
    if teams.find(tx, organisation, team) is None or allowed.to is None or allowed.to.member.left:
        return Verdict.GONE
    me = allowed.by.member
    if member == me.ref and not may(me.roles, Act.ASSIGN):
        return Verdict.ONESELF
    values = _values(allowed, team=team, member=member)
    if tx.execute(_IN_TEAM, values).first() is not None:
        return Verdict.ALLOWED
    if tx.execute(_JOIN, values).first() is None:
        return Verdict.LIMIT
    journal(tx, "team-joined", allowed, team=team)
    return Verdict.ALLOWED


def quit_team(
    tx: Transaction, organisation: str, account: str, *, team: str, member: str
) -> Verdict:
    """Take a member out of a team, and what was open to them through it, at once."""
    allowed = judged(tx, organisation, account, Act.CHANGE_TEAMS, member=member)
    if isinstance(allowed, Verdict):
        return allowed
    if teams.find(tx, organisation, team) is None:
        return Verdict.GONE
    if tx.execute(_QUIT, {"team": team, "member": member}).rowcount == 0:
        return Verdict.GONE
    journal(tx, "team-left", allowed, team=team)
    return Verdict.ALLOWED


def remove_member(tx: Transaction, organisation: str, account: str, member: str) -> Verdict:
    """End a membership. From the commit on no token of it is good, on any path; what was open
    to them is open to nobody until it is assigned again."""
    verdict = members.remove(tx, organisation, account, member)
    if verdict is Verdict.ALLOWED:
        tx.execute(_CLEAR, {"assignee": member})
        tx.execute(_QUIT_ALL, {"member": member})
    return verdict


def reach(tx: Transaction, organisation: str, member: str) -> int:
    """Count the people who are open to a member by assignment, each once."""
    values = {"organisation": organisation, "member": member}
    return int(tx.execute(_REACH, values).scalar_one())


def _are_here(tx: Transaction, organisation: str, assignees: Sequence[str]) -> bool:
    """Say whether each is a member, or a team, of this very organisation."""
    for one in assignees:
        member = find_member(tx, organisation, one)
        here = member is not None and not member.member.left
        if not here and teams.find(tx, organisation, one) is None:
            return False
    return True


def _principal(tx: Transaction, organisation: str, mandate: str) -> str | None:
    values = {"mandate": mandate, "organisation": organisation}
    found: str | None = tx.execute(_WHOM, values).scalar()
    return found


def _values(allowed: Allowed, **more: str) -> dict[str, Any]:
    organisation = allowed.organisation
    most = organisation.people_limit or MOST_PEOPLE
    return {"organisation": organisation.ref, "by": allowed.by.member.ref, "most": most, **more}


def _journal(
    tx: Transaction, kind: str, allowed: Allowed, assignee: str, mandates: Sequence[str]
) -> None:
    journal(tx, kind, allowed, assignee=assignee, mandates=list(mandates))
