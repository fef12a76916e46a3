"""Teams: members to whom people are assigned together. Who is in one: `delegation.assigning`."""

from dataclasses import dataclass

from sqlalchemy import and_, bindparam, func, insert, select

from idp.keyring.sealing import random_ref
from idp.organisations.actions import MEMBER, journal, judged
from idp.organisations.records import MemberRecord, TeamMemberRecord, TeamRecord
from idp.organisations.rules import MOST_TEAMS, Act, Verdict, read_name
from idp.storage import Transaction

T, TM = TeamRecord.__table__.c, TeamMemberRecord.__table__.c
_ADD = insert(TeamRecord)
_NAMES = select(T.name).where(T.organisation_ref == bindparam("organisation"))
_LIST = (
    select(T.ref, T.name, func.count(MEMBER.ref).label("members"))
    .join(TeamMemberRecord, TM.team_ref == T.ref, isouter=True)
    .join(MemberRecord, and_(MEMBER.ref == TM.member_ref, MEMBER.left_at.is_(None)), isouter=True)
    .where(T.organisation_ref == bindparam("organisation"))
    .group_by(T.ref, T.name)
    .order_by(T.name)
)
_ONE = select(T.ref, T.name).where(
    T.organisation_ref == bindparam("organisation"), T.ref == bindparam("team")
)
_WHO = (
    select(MEMBER.ref, MEMBER.name)
    .join(TeamMemberRecord, TM.member_ref == MEMBER.ref)
    .where(TM.team_ref == bindparam("team"), MEMBER.left_at.is_(None))
    .order_by(MEMBER.name, MEMBER.ref)
)
_OF = (
    select(T.ref, T.name)
    .join(TeamMemberRecord, TM.team_ref == T.ref)
    .where(TM.member_ref == bindparam("member"))
    .order_by(T.name)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A team, and how many are in it."""

    ref: str
    name: str
    members: int = 0


def add(tx: Transaction, organisation: str, account: str, name: str) -> str | Verdict:
    """Make a team; answer its reference."""
    allowed = judged(tx, organisation, account, Act.CHANGE_TEAMS)
    if isinstance(allowed, Verdict):
        return allowed
    kept = read_name(name)
    if kept is None:
        return Verdict.NAME_BAD
    names = list(tx.execute(_NAMES, {"organisation": organisation}).scalars())
    if kept.casefold() in {one.casefold() for one in names}:
        return Verdict.NAME_TAKEN
    if len(names) >= MOST_TEAMS:
        return Verdict.FULL
    ref = random_ref()
    tx.execute(_ADD, {
        "ref": ref, "organisation_ref": organisation, "name": kept, "created_at": tx.now(),
    })  # fmt: skip
    journal(tx, "team-made", allowed, team=ref)
    return ref


def list_teams(tx: Transaction, organisation: str) -> list[Team]:
    """List an organisation's teams, by name."""
    rows = tx.execute(_LIST, {"organisation": organisation})
    return [Team(ref=row.ref, name=row.name, members=row.members) for row in rows]


def find(tx: Transaction, organisation: str, ref: str) -> Team | None:
    """Find a team of this very organisation."""
    row = tx.execute(_ONE, {"organisation": organisation, "team": ref}).first()
    return None if row is None else Team(ref=row.ref, name=row.name)


def who_is_in(tx: Transaction, team: str) -> list[tuple[str, str]]:
    """List the members of a team, by name: reference and name."""
    return [(row.ref, row.name) for row in tx.execute(_WHO, {"team": team})]


def of_member(tx: Transaction, member: str) -> list[Team]:
    """List the teams that a member is in, by name."""
    return [Team(ref=row.ref, name=row.name) for row in tx.execute(_OF, {"member": member})]
