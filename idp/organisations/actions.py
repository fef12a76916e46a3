"""Find organisations and those who work for them; ask whether somebody may do something.

Whatever changes members, teams, invitations or assignments locks the organisation first. So two
at once come one after the other, each judged by what the one before it left.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import String, and_, bindparam, cast, exists, func, or_, select
from sqlalchemy.orm import aliased
from sqlalchemy.sql import ColumnElement

from idp.accounts.records import AccountRecord
from idp.journal.actions import Entry, record
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.organisations.rules import Act, Member, Organisation, Role, Verdict, judge
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

ORG, MEMBER = OrganisationRecord.__table__.c, MemberRecord.__table__.c
_FACTS = ("ref", "name", "kind", "registered_number", "assurance", "access", "people_limit",
          "shows_names", "verified_at", "suspends_at", "suspension_reason",
          "closed_at")  # fmt: skip
COLUMNS = [*(ORG[name] for name in _FACTS), db_now().label("now")]
_FIND = select(*COLUMNS).where(ORG.ref == bindparam("organisation"))
_LOCK = _FIND.with_for_update()
_WHO, _PERSON = aliased(AccountRecord), aliased(PersonRecord)
_DIED_ON = (
    select(PersonRecord.died_on)
    .where(PersonRecord.ref == AccountRecord.person_ref)
    .correlate(AccountRecord)
    .scalar_subquery()
)
_PARTY = func.coalesce(AccountRecord.person_ref, AccountRecord.ref).label("party")
MEMBER_COLUMNS = [
    MEMBER.ref.label("member_ref"),
    MEMBER.account_ref,
    MEMBER.name.label("member_name"),
    MEMBER.roles,
    MEMBER.suspended_at,
    MEMBER.left_at,
    MEMBER.joined_at,
    AccountRecord.email,
    _DIED_ON.label("died_on"),
    _PARTY,
]
_MEMBERS = select(*MEMBER_COLUMNS).join(AccountRecord, AccountRecord.ref == MEMBER.account_ref)
_OF_ACCOUNT = _MEMBERS.where(
    MEMBER.organisation_ref == bindparam("organisation"),
    MEMBER.account_ref == bindparam("account"),
    MEMBER.left_at.is_(None),
)
_OF_REF = _MEMBERS.where(
    MEMBER.organisation_ref == bindparam("organisation"), MEMBER.ref == bindparam("member")
)
_STANDING = (
    select(*COLUMNS, *MEMBER_COLUMNS)
    .select_from(
        OrganisationRecord.__table__.join(
            MemberRecord.__table__, MEMBER.organisation_ref == ORG.ref
        ).join(AccountRecord.__table__, AccountRecord.ref == MEMBER.account_ref)
    )
    .where(ORG.ref == bindparam("organisation"), MEMBER.account_ref == bindparam("account"))
    .where(MEMBER.left_at.is_(None))
)  # fmt: skip
_STOPPED = select(ORG.ref).where(
    or_(ORG.suspends_at <= db_now(), ORG.closed_at.is_not(None), ORG.verified_at.is_(None))
)
_MINE = (
    select(*COLUMNS, MEMBER.roles, MEMBER.suspended_at)
    .join(MemberRecord, MEMBER.organisation_ref == ORG.ref)
    .where(MEMBER.account_ref == bindparam("account"), MEMBER.left_at.is_(None))
    .order_by(ORG.name, ORG.ref)
)


def has_role(role: Role) -> ColumnElement[bool]:
    """A member of this role: read in SQL from the list of roles as it is stored."""
    return cast(MEMBER.roles, String).like(f'%"{role}"%')


def is_admin() -> ColumnElement[bool]:
    """A member who administers, and can: nobody who has died, or whose account is closed."""
    dead = exists().where(_PERSON.ref == _WHO.person_ref, _PERSON.died_on.is_not(None))
    return and_(
        has_role(Role.ADMIN),
        MEMBER.left_at.is_(None),
        MEMBER.suspended_at.is_(None),
        exists().where(_WHO.ref == MEMBER.account_ref, _WHO.disabled_at.is_(None), ~dead),
    )


_OTHER_ADMINS = (
    select(func.count())
    .select_from(MemberRecord.__table__)
    .where(
        MEMBER.organisation_ref == bindparam("organisation"),
        MEMBER.ref != bindparam("but"),
        is_admin(),
    )
)
_COUNT = (
    select(func.count())
    .select_from(MemberRecord.__table__)
    .where(MEMBER.organisation_ref == bindparam("organisation"), MEMBER.left_at.is_(None))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A member, with when they came and the address of the account that they sign in with.

    `party` is how the journal names them: their person, or the account of one who is unproved.
    """

    member: Member
    party: str
    email: str
    joined_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Who may do what was asked, and to whom; the organisation is locked until the commit."""

    organisation: Organisation
    by: Listed
    to: Listed | None = None


class Opener(Protocol):
    """Whoever wants to open people to others, or give somebody rights over them."""

    @property
    def account(self) -> str:
        """The account they are signed in to."""

    def may_open(self, tx: Transaction, organisation: str) -> bool:
        """Say whether they have shown what as many people ask as this organisation acts for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """An organisation that somebody works for."""

    organisation: Organisation
    roles: frozenset[str]
    suspended: bool


def in_order() -> ColumnElement[bool]:
    """An organisation that can act now, as `Organisation.in_order` has it."""
    return and_(
        ORG.verified_at.is_not(None),
        ORG.closed_at.is_(None),
        or_(ORG.suspends_at.is_(None), ORG.suspends_at > db_now()),
    )


def find(tx: Transaction, ref: str) -> Organisation | None:
    """Find an organisation, whoever asks."""
    row = tx.execute(_FIND, {"organisation": ref}).mappings().first()
    return None if row is None else read(row)


def lock(tx: Transaction, ref: str) -> Organisation | None:
    """Find an organisation and keep others from changing it until the commit."""
    row = tx.execute(_LOCK, {"organisation": ref}).mappings().first()
    return None if row is None else read(row)


def standing(tx: Transaction, ref: str, account: str) -> tuple[Organisation, Listed] | None:
    """Answer an organisation and the membership of this account in it; None for no member."""
    row = tx.execute(_STANDING, {"organisation": ref, "account": account}).mappings().first()
    return None if row is None else (read(row), listed(row))


def working(tx: Transaction, ref: str, account: str) -> tuple[Organisation, Member] | None:
    """Answer an organisation that can act now and the member who this account is in it; None
    where it cannot (unverified, closed, suspended), or is stopped, or is no member."""
    found = standing(tx, ref, account)
    if found is None:
        return None
    organisation, by = found
    able = organisation.in_order and not by.member.suspended
    return (organisation, by.member) if able else None


def stopped_among(tx: Transaction, refs: Iterable[str]) -> frozenset[str]:
    """Those of these organisations that are suspended or closed: nobody of them can act now."""
    wanted = sorted(set(refs))
    if not wanted:
        return frozenset()
    return frozenset(row.ref for row in tx.execute(_STOPPED.where(ORG.ref.in_(wanted))))


def organisations_of(tx: Transaction, account: str) -> list[Mine]:
    """List the organisations that this account works for, by name."""
    return [
        Mine(
            organisation=read(row),
            roles=frozenset(row["roles"]),
            suspended=row["suspended_at"] is not None,
        )
        for row in tx.execute(_MINE, {"account": account}).mappings()
    ]


def find_member(tx: Transaction, organisation: str, ref: str) -> Listed | None:
    """Find a member of this very organisation, here or left."""
    values = {"organisation": organisation, "member": ref}
    row = tx.execute(_OF_REF, values).mappings().first()
    return None if row is None else listed(row)


def judged(
    tx: Transaction, ref: str, account: str, act: Act, *, member: str | None = None
) -> Allowed | Verdict:
    """Lock the organisation, and judge whether this account may do it, to a member where named.

    What is another organisation's, or nobody's, is `GONE`: who asks learns nothing from it.
    """
    organisation = lock(tx, ref)
    if organisation is None:
        return Verdict.GONE
    mine = tx.execute(_OF_ACCOUNT, {"organisation": ref, "account": account}).mappings().first()
    if mine is None:
        return Verdict.GONE
    by = listed(mine)
    to = None if member is None else find_member(tx, ref, member)
    if member is not None and to is None:
        return Verdict.GONE
    others = 0
    if to is not None and act is Act.REMOVE:
        values = {"organisation": ref, "but": to.member.ref}
        others = tx.execute(_OTHER_ADMINS, values).scalar_one()
    verdict = judge(
        organisation, by.member, act, to.member if to else None, other_admins=others
    )  # fmt: skip
    if verdict is not Verdict.ALLOWED:
        return verdict
    return Allowed(organisation=organisation, by=by, to=to)


def judged_to_open(
    tx: Transaction, ref: str, opener: Opener, act: Act, *, member: str | None = None
) -> Allowed | Verdict:
    """As `judged`, for an act that opens people to somebody: `LEVEL` where that takes more."""
    allowed = judged(tx, ref, opener.account, act, member=member)
    if isinstance(allowed, Verdict) or opener.may_open(tx, ref):
        return allowed
    return Verdict.LEVEL


def count_members(tx: Transaction, ref: str) -> int:
    """Count those who work for an organisation now."""
    return int(tx.execute(_COUNT, {"organisation": ref}).scalar_one())


def read(row: Mapping[str, Any]) -> Organisation:
    """Make an organisation of a row of `COLUMNS`."""
    return Organisation(now=row["now"], **{name: row[name] for name in _FACTS})


def listed(row: Mapping[str, Any]) -> Listed:
    """Make a member of a row of `MEMBER_COLUMNS`. One who has died is stopped, whatever their
    organisation knows of it: whoever signs in as them now is somebody else."""
    return Listed(
        member=Member(
            ref=row["member_ref"],
            account_ref=row["account_ref"],
            name=row["member_name"],
            roles=frozenset(row["roles"]),
            suspended=row["suspended_at"] is not None or row["died_on"] is not None,
            left=row["left_at"] is not None,
        ),
        party=row["party"],
        email=row["email"],
        joined_at=row["joined_at"],
    )


def journal(tx: Transaction, kind: str, allowed: Allowed, **detail: object) -> None:
    """Record an act; where it is done to a member, in that member's own count."""
    told = {"organisation": allowed.organisation.ref, "by": allowed.by.member.ref, **detail}
    person = allowed.by.party
    if allowed.to is not None:
        person, told["member"] = allowed.to.party, allowed.to.member.ref
    actor = None if person == allowed.by.party else allowed.by.party
    record(tx, Entry(kind=kind, person=person, actor=actor, detail=told))
