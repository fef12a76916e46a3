"""How many people one sign-in could open, and what is asked of whoever can open so many.

One statement counts the principals of somebody's own mandates and of each organisation they work
for: those assigned to them, or all of an organisation that is open to everyone, up to its limit.
It counts no further than the last row of the table tells apart, so that what it costs does not
grow with the firm. Source: risk-model.md T7.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, case, func, literal, or_, select

from idp.assurance.reach import (
    ReachDemand,
    Unmet,
    demand_for_reach,
    row_for,
    told_apart,
    unmet,
)
from idp.assurance.risk_rules import RiskRules
from idp.assurance.rules import Level
from idp.callers.acting import ActingMandate, holds
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import MemberRecord, OrganisationRecord, TeamMemberRecord
from idp.storage import Transaction, db_now

NO_ACTION = ""  # a sign-in is for no action that would need a second person

_M = MandateRecord.__table__.c
_A = AssignmentRecord.__table__.c
_MEMBER, _FIRM = MemberRecord.__table__, OrganisationRecord.__table__
_HOLDS = holds(MandateRecord.__table__)


def _count(people: Any) -> Any:
    # In the order of the index of a delegate's list: a limit stops the reading early.
    some = (
        people.where(_HOLDS)
        .distinct()
        .order_by(_M.principal_sort, _M.principal)
        .limit(bindparam("most"))
        .correlate(_MEMBER, _FIRM)
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


_PEOPLE = select(_M.principal_sort, _M.principal)
_THROUGH = (
    select(TeamMemberRecord.team_ref)
    .where(TeamMemberRecord.member_ref == _MEMBER.c.ref)
    .correlate(_MEMBER)
)
_OWN = _count(_PEOPLE.where(_M.delegate == bindparam("person")))
_ALL = _count(_PEOPLE.where(_M.delegate == _FIRM.c.ref))
_ASSIGNED = _count(
    _PEOPLE.join(AssignmentRecord, _A.mandate_ref == _M.ref).where(
        _M.delegate == _FIRM.c.ref,
        or_(_A.assignee == _MEMBER.c.ref, _A.assignee.in_(_THROUGH)),
    )
)
_REACH = select(
    _OWN.label("own"),
    _FIRM.c.ref.label("firm"),
    _FIRM.c.people_limit,
    case((_FIRM.c.ref.is_(None), 0), (_FIRM.c.access == "everyone", _ALL), else_=_ASSIGNED).label(
        "opens"
    ),
).select_from(
    select(literal(1).label("one"))
    .subquery("asked")
    .join(
        _MEMBER.join(
            _FIRM,
            and_(
                _FIRM.c.ref == _MEMBER.c.organisation_ref,
                _FIRM.c.verified_at.is_not(None),
                _FIRM.c.closed_at.is_(None),
                or_(_FIRM.c.suspends_at.is_(None), _FIRM.c.suspends_at > db_now()),
            ),
        ),
        and_(
            _MEMBER.c.account_ref == bindparam("account"),
            _MEMBER.c.left_at.is_(None),
            _MEMBER.c.suspended_at.is_(None),
        ),
        isouter=True,
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How many principals a sign-in could open: by one's own mandates, and by organisation.

    A count is exact up to the last number the table tells apart; a larger one is cut there.
    """

    own: int
    organisations: Mapping[str, int]

    @property
    def total(self) -> int:
        """All of them together."""
        return self.own + sum(self.organisations.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """What is asked of one actor under one mandate, the service's own floor included."""

    reach: int
    demand: ReachDemand


def reach_of(
    tx: Transaction, rules: RiskRules, *, account_ref: str, person_ref: str | None
) -> Reach:
    """Count whom a sign-in could open today."""
    values = {"account": account_ref, "person": person_ref or "", "most": told_apart(rules)}
    rows = tx.execute(_REACH, values).all()
    firms = {
        row.firm: min(row.opens, row.people_limit or row.opens)
        for row in rows
        if row.firm is not None
    }
    return Reach(own=rows[0].own, organisations=firms)


def needed(
    tx: Transaction,
    rules: RiskRules,
    mandate: ActingMandate,
    *,
    account_ref: str,
    person_ref: str | None,
    floor: Level,
) -> Needed:
    """Say what is asked of an actor who wants to use this mandate now, at a service of this floor.

    Their level and their key go by all whom this sign-in could open; how well an organisation was
    checked goes by those whom it opens to them itself: whoever works for a big firm may still act
    for their own mother.
    """
    reach = reach_of(tx, rules, account_ref=account_ref, person_ref=person_ref)
    asked = demand_for_reach(reach.total, action=NO_ACTION, needed=floor, rules=rules)
    here = reach.organisations.get(mandate.organisation or "", 0)
    part = here if mandate.organisation else reach.own
    demand = ReachDemand(
        level=asked.level,
        device_bound=asked.device_bound,
        org=row_for(part, rules).org,
        two_people=asked.two_people,
    )
    return Needed(reach=reach.total, demand=demand)


def lacking(
    asked: Needed, mandate: ActingMandate, *, level: Level, device_bound: bool
) -> Unmet | None:
    """Answer the first thing that an actor lacks, or None. `level` and `device_bound` are what
    this sign-in proved. What no further check could mend is said first."""
    missing = unmet(
        asked.demand,
        level=level,
        device_bound=device_bound,
        org=mandate.organisation_assurance if mandate.organisation else 0,
        confirmed=False,
    )
    order = (Unmet.ORGANISATION, Unmet.SECOND_PERSON, Unmet.LEVEL, Unmet.DEVICE_BOUND)
    return next((one for one in order if one in missing), None)
