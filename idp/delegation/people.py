"""The people an organisation acts for: by name, a page at a time, and one of them.

The list walks an index by name from where the last page ended, so that it costs what a page
costs and not what the organisation has. A person is named by one of their mandates, never by
their own reference: two organisations cannot tell that they act for the same one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, and_, bindparam, func, literal_column, or_, select
from sqlalchemy.sql import ColumnElement

from idp.delegation.lifecycle import State
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import MemberRecord, TeamRecord
from idp.register.records import BusinessRecord, PersonRecord
from idp.storage import Transaction, db_now

PAGE = 25
COUNTED = 1000  # more are said to be "more than"
_LAST = chr(0x10FFFF)  # stands behind every name

_M = MandateRecord.__table__
_P, _B = PersonRecord.__table__, BusinessRecord.__table__
_A, _MB, _T = AssignmentRecord.__table__, MemberRecord.__table__, TeamRecord.__table__
_HELD = (State.ACTIVE, State.SUSPENDED)
# Written out, as in the partial index of what is held: a bound value would hide it from SQLite.
_HELD_STATES: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in _HELD]


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A member or team whom a mandate is open to."""

    ref: str
    name: str
    is_team: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What somebody lets the organisation do at one service. `over`: its term has ended."""

    ref: str
    service: str
    powers: tuple[str, ...]
    state: State
    expires: datetime | None
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Somebody:
    """A person, or a business, whom an organisation acts for. `ref` is a mandate of theirs.

    `open_to` counts the members and teams whom they are open to. `partly_open`: something that
    they let it do came later, and is not open to all of these.
    """

    ref: str
    name: str
    mandates: tuple[Held, ...]
    open_to: int
    partly_open: bool


def on_page(names: Any) -> ColumnElement[bool]:
    """Whoever comes after the last page, in the order of `names`, whose family name begins as was
    asked. In the order of an index of principal_sort and principal, so that a page is all it
    costs."""
    return and_(
        names.c.principal_sort >= bindparam("from_name"),
        names.c.principal_sort < bindparam("to_name"),
        or_(
            names.c.principal_sort > bindparam("from_name"),
            names.c.principal > bindparam("from_principal"),
        ),
    )


def _walk(state: State, most: int) -> Any:
    """Principals in the order of their names, from where the page begins."""
    return (
        select(_M.c.principal_sort, _M.c.principal)
        .where(
            _M.c.delegate == bindparam("organisation"),
            _M.c.state == state,
            on_page(_M),
        )
        .distinct()
        .order_by(_M.c.principal_sort, _M.c.principal)
        .limit(most)
        .subquery()
    )


def _principals(most: Any) -> Any:
    walks = [select(walk.c.principal_sort, walk.c.principal)
             for walk in (_walk(state, most) for state in _HELD)]  # fmt: skip
    both = walks[0].union(*walks[1:]).subquery()
    return (
        select(both.c.principal_sort, both.c.principal)
        .order_by(both.c.principal_sort, both.c.principal)
        .limit(most)
        .subquery()
    )


# A mandate with whom it is about, a person or a business, and what they are called.
NAME = func.coalesce(_P.c.given_name + " " + _P.c.family_name, _B.c.name, "")
NAMED = _M.join(_P, _P.c.ref == _M.c.principal, isouter=True).join(
    _B, _B.c.ref == _M.c.principal, isouter=True
)
_ASSIGNED = (
    select(func.count())
    .select_from(_A)
    .where(_A.c.mandate_ref == _M.c.ref)
    .correlate(_M)
    .scalar_subquery()
)
_COLUMNS = [
    _M.c.ref, _M.c.principal, _M.c.service, _M.c.powers, _M.c.state, _M.c.expires,
    NAME.label("name"), _ASSIGNED.label("open_to"), db_now().label("now"),
]  # fmt: skip
_OURS = and_(_M.c.delegate == bindparam("organisation"), _M.c.state.in_(_HELD_STATES))
_SHOWN = _principals(PAGE + 1)
LIST = (
    select(*_COLUMNS)
    .select_from(
        _SHOWN.join(_M, and_(_M.c.principal == _SHOWN.c.principal, _OURS))
        .join(_P, _P.c.ref == _M.c.principal, isouter=True)
        .join(_B, _B.c.ref == _M.c.principal, isouter=True)
    )
    .order_by(_SHOWN.c.principal_sort, _SHOWN.c.principal, _M.c.service)
)
_COUNT = select(func.count()).select_from(_principals(bindparam("most", type_=Integer())))
_WHERE = select(_M.c.principal_sort, _M.c.principal).where(
    _M.c.ref == bindparam("mandate"), _M.c.delegate == bindparam("organisation")
)
_ONE = (
    select(*_COLUMNS)
    .select_from(NAMED)
    .where(_M.c.principal == bindparam("principal"), _OURS)
    .order_by(_M.c.service)
)
_OPEN_TO = (
    select(
        _A.c.assignee, func.coalesce(_MB.c.name, _T.c.name).label("name"),
        _T.c.ref.label("team"),
    )
    .select_from(
        _A.join(_M, _M.c.ref == _A.c.mandate_ref)
        .join(_MB, _MB.c.ref == _A.c.assignee, isouter=True)
        .join(_T, _T.c.ref == _A.c.assignee, isouter=True)
    )
    .where(_M.c.principal == bindparam("principal"), _OURS)
    .distinct()
)  # fmt: skip


def list_people(
    tx: Transaction, organisation: str, *, named: str = "", after: str = ""
) -> tuple[list[Somebody], str]:
    """List a page of people by family name; answer it and the reference the next begins after.

    `named` is how the family name begins, `after` the reference of the last one on a page; what
    is neither is taken for the beginning. At most two statements.
    """
    found = _gathered(tx.execute(LIST, page_from(tx, organisation, named, after)).mappings())
    return found[:PAGE], found[PAGE - 1].ref if len(found) > PAGE else ""


def page_from(tx: Transaction, organisation: str, named: str, after: str) -> dict[str, str]:
    """Answer where a page begins and the names end, as `on_page` asks for them."""
    begins = " ".join(named.split()).casefold()
    values = {"organisation": organisation, "from_name": begins, "from_principal": "",
              "to_name": begins + _LAST}  # fmt: skip
    where = {"organisation": organisation, "mandate": after}
    last = tx.execute(_WHERE, where).first() if after else None
    if last is not None and last.principal_sort >= begins:
        values |= {"from_name": last.principal_sort, "from_principal": last.principal}
    return values


def count_people(tx: Transaction, organisation: str, most: int = COUNTED + 1) -> int:
    """Count the people an organisation acts for, and no further than `most`."""
    values = {"organisation": organisation, "from_name": "", "from_principal": "",
              "to_name": _LAST, "most": most}  # fmt: skip
    return int(tx.execute(_COUNT, values).scalar_one())


def find_somebody(
    tx: Transaction, organisation: str, mandate: str
) -> tuple[Somebody, list[Open]] | None:
    """Find a person by any mandate they gave this very organisation, and whom they are open to."""
    named = {"organisation": organisation, "mandate": mandate}
    where = tx.execute(_WHERE, named).first()
    if where is None:
        return None
    values = {"organisation": organisation, "principal": where.principal}
    found = _gathered(tx.execute(_ONE, values).mappings())
    if not found:
        return None
    opened = [
        Open(ref=row.assignee, name=row.name or "", is_team=row.team is not None)
        for row in tx.execute(_OPEN_TO, values)
    ]
    return found[0], sorted(opened, key=lambda one: (one.name.casefold(), one.ref))


def _gathered(rows: Any) -> list[Somebody]:
    """Make one of each principal's rows, in their order."""
    by_principal: dict[str, list[Any]] = {}
    for row in rows:
        by_principal.setdefault(row["principal"], []).append(row)
    return [
        Somebody(
            ref=min(row["ref"] for row in theirs),
            name=theirs[0]["name"],
            mandates=tuple(_held(row) for row in theirs),
            open_to=max(row["open_to"] for row in theirs),
            partly_open=len({row["open_to"] for row in theirs}) > 1,
        )
        for theirs in by_principal.values()
    ]


def _held(row: Any) -> Held:
    return Held(
        ref=row["ref"],
        service=row["service"],
        powers=tuple(row["powers"]),
        state=State(row["state"]),
        expires=row["expires"],
        over=row["expires"] is not None and row["expires"] <= row["now"],
    )
