"""The people whom one member of an organisation can open: by name, a page at a time.

Where everybody is open to each member, this walks the organisation's own index by name. Else it
begins with what is assigned to the member and their teams, so that it costs what they have and
not what the organisation has.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, func, or_, select

from idp.callers import acting
from idp.delegation.people import PAGE
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import TeamMemberRecord
from idp.register.records import BusinessRecord, PersonRecord
from idp.storage import Transaction

_LAST = chr(0x10FFFF)  # stands behind every name
_M, _A = MandateRecord.__table__, AssignmentRecord.__table__
_TM = TeamMemberRecord.__table__
_P, _B = PersonRecord.__table__, BusinessRecord.__table__
_MEMBER = bindparam("member", type_=String())
# One list of assignees: an OR of two would be a walk through all assignments there are.
_WHOSE = select(_MEMBER).union_all(select(_TM.c.team_ref).where(_TM.c.member_ref == _MEMBER))
_MINE = _M.c.ref.in_(select(_A.c.mandate_ref).where(_A.c.assignee.in_(_WHOSE)))
_HOLDS = and_(_M.c.delegate == bindparam("organisation"), acting.holds(_M))
_FROM = and_(
    _M.c.principal_sort >= bindparam("from_name"),
    _M.c.principal_sort < bindparam("to_name"),
    or_(
        _M.c.principal_sort > bindparam("from_name"),
        _M.c.principal > bindparam("from_principal"),
    ),
)


def _page(*open_to: Any) -> Any:
    """A page of principals, and the mandates of each that are open."""
    shown = (
        select(_M.c.principal_sort, _M.c.principal)
        .where(_HOLDS, _FROM, *open_to)
        .distinct()
        .order_by(_M.c.principal_sort, _M.c.principal)
        .limit(PAGE + 1)
        .subquery()
    )
    return (
        select(
            _M.c.ref, _M.c.principal, _M.c.service, _M.c.expires,
            func.coalesce(_P.c.given_name + " " + _P.c.family_name, _B.c.name, "").label("name"),
        )
        .select_from(
            shown.join(_M, and_(_M.c.principal == shown.c.principal, _HOLDS, *open_to))
            .join(_P, _P.c.ref == _M.c.principal, isouter=True)
            .join(_B, _B.c.ref == _M.c.principal, isouter=True)
        )
        .order_by(shown.c.principal_sort, shown.c.principal, _M.c.service, _M.c.ref)
    )  # fmt: skip


EVERYONE = _page()
ASSIGNED = _page(_MINE)
_WHERE = select(_M.c.principal_sort, _M.c.principal).where(
    _M.c.ref == bindparam("mandate"), _M.c.delegate == bindparam("organisation")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """A person or business whom a member can open: at these services, each until when."""

    ref: str
    name: str
    services: tuple[tuple[str, datetime | None], ...]


def list_mine(
    tx: Transaction, organisation: str, member: str, *, everyone: bool, named: str = "",
    after: str = "",
) -> tuple[list[Mine], str]:  # fmt: skip
    """List a page of them by family name; answer it and the reference the next begins after.

    `member` is one who works for the organisation now: the caller has made sure. `named` is how
    the family name begins, `after` the reference of the last one on a page; what is neither is
    taken for the beginning. At most two statements.
    """
    begins = " ".join(named.split()).casefold()
    values = {"organisation": organisation, "from_name": begins, "from_principal": "",
              "to_name": begins + _LAST}  # fmt: skip
    last = tx.execute(_WHERE, {"organisation": organisation, "mandate": after}).first() \
        if after else None  # fmt: skip
    if last is not None and last.principal_sort >= begins:
        values |= {"from_name": last.principal_sort, "from_principal": last.principal}
    statement = EVERYONE if everyone else ASSIGNED
    more = {} if everyone else {"member": member}
    by_principal: dict[str, list[Any]] = {}
    for row in tx.execute(statement, values | more):
        by_principal.setdefault(row.principal, []).append(row)
    found = [
        Mine(ref=rows[0].ref, name=rows[0].name,
             services=tuple((row.service, row.expires) for row in rows))
        for rows in by_principal.values()
    ]  # fmt: skip
    return found[:PAGE], found[PAGE - 1].ref if len(found) > PAGE else ""
