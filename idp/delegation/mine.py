"""The people whom one member of an organisation can open: by name, a page at a time.

Where everybody is open to each member, this walks the organisation's own index by name, else that
of what is assigned to the member and to each team of theirs, from where the last page ended: it
costs what a page costs, and not what the member or the organisation has.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, exists, select

from idp.callers import acting
from idp.delegation.people import NAME, NAMED, PAGE, on_page, page_from
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import TeamMemberRecord
from idp.storage import Transaction

_M, _A = MandateRecord.__table__, AssignmentRecord.__table__
_TM = TeamMemberRecord.__table__
_HOLDS = and_(_M.c.delegate == bindparam("organisation"), acting.holds(_M))
_TEAMS = select(_TM.c.team_ref).where(_TM.c.member_ref == bindparam("member"))


def _walk(names: Any, *more: Any) -> Any:
    """Principals in the order of their names in one index, from where the page begins."""
    return (
        select(names.c.principal_sort, names.c.principal)
        .where(
            *more,
            on_page(names),
        )
        .distinct()
        .order_by(names.c.principal_sort, names.c.principal)
        .limit(PAGE + 1)
    )


EVERYONE = _walk(_M, _HOLDS)
# Each assignee by themself: of two together the database would sort all that they have.
# Not a join: SQLite would begin with the mandates, and sort them.
ASSIGNED = _walk(
    _A,
    _A.c.assignee == bindparam("assignee"),
    exists().where(_M.c.ref == _A.c.mandate_ref, _HOLDS),
)
_SHOWN = (
    select(
        _M.c.ref, _M.c.principal, _M.c.service, _M.c.expires, NAME.label("name"),
    )
    .select_from(NAMED)
    .where(
        _HOLDS,
        # Between the names, too: an index goes by them.
        _M.c.principal_sort >= bindparam("first_name"),
        _M.c.principal_sort <= bindparam("last_name"),
        _M.c.principal.in_(bindparam("principals", expanding=True)),
    )
)  # fmt: skip
_SHOWN_OPEN = _SHOWN.where(
    exists().where(
        _A.c.mandate_ref == _M.c.ref,
        _A.c.assignee.in_(bindparam("assignees", expanding=True)),
    )
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
    taken for the beginning. So many statements as there are teams of theirs, and four.
    """
    values = page_from(tx, organisation, named, after)
    assignees: list[str] = []
    if everyone:
        met = [tuple(row) for row in tx.execute(EVERYONE, values)]
    else:
        assignees = [member, *tx.execute(_TEAMS, {"member": member}).scalars()]
        walks = [tx.execute(ASSIGNED, values | {"assignee": one}).all() for one in assignees]
        met = sorted({tuple(row) for walk in walks for row in walk})
    met = met[: PAGE + 1]
    if not met:
        return [], ""
    shown = [principal for _, principal in met]
    asked: dict[str, Any] = {"organisation": organisation, "principals": shown,
                             "first_name": met[0][0], "last_name": met[-1][0]}  # fmt: skip
    if not everyone:
        asked["assignees"] = assignees
    by_principal: dict[str, list[Any]] = {one: [] for one in shown}
    for row in tx.execute(_SHOWN if everyone else _SHOWN_OPEN, asked):
        by_principal[row.principal].append(row)
    found = [
        Mine(ref=min(row.ref for row in rows), name=rows[0].name,
             services=tuple((row.service, row.expires) for row in sorted(rows, key=_place)))
        for rows in by_principal.values()
        if rows
    ]  # fmt: skip
    return found[:PAGE], found[PAGE - 1].ref if len(found) > PAGE else ""


def _place(row: Any) -> Any:
    return row.service, row.ref
