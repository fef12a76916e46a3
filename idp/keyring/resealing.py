"""Seal again, under the key that seals now, whatever an older key sealed; while all goes on.

Row by row and only where nobody changed the row meanwhile, a batch to a commit. What is sealed
with the current key is left alone, so a run that was killed is simply run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select, update

from idp.keyring.sealing import Sealer
from idp.storage import Database, Transaction

AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that holds something sealed.

    `bound_to` names the column whose value `purpose` is made from, or None where one purpose
    holds for all rows. `within` names the member of a JSON column that is sealed. `live` is a
    further condition: rows it leaves out hold nothing any more.
    """

    record: Any
    column: str
    bound_to: str | None
    purpose: Callable[[Any], str]
    within: str | None = None
    live: Any = None

    @property
    def table(self) -> Any:
        """The table it is in."""
        return self.record.__table__

    @property
    def key(self) -> Any:
        """The table's primary key: one column."""
        return next(iter(self.table.primary_key))


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch has come to: rows looked at, and rows sealed anew among them."""

    seen: int
    changed: int


def count(database: Database, column: SealedColumn) -> int:
    """Count the rows of a column, for a progress bar."""
    rows = select(func.count()).select_from(column.table)
    return int(database.read(lambda tx: tx.execute(rows).scalar()) or 0)


def reseal(database: Database, sealer: Sealer, column: SealedColumn) -> Iterator[Step]:
    """Seal a column anew, a batch at a time. Raises `Unreadable` for a value no key opens."""
    after: Any = None
    while True:
        found = database.transaction(
            lambda tx, after=after: _batch(tx, sealer, column, after)  # type: ignore[misc]
        )
        if found is None:
            return
        after, step = found
        yield step


def left(database: Database, sealer: Sealer, column: SealedColumn) -> int:
    """Count the values that an older key sealed: while there are any, it cannot be forgotten."""
    after, found = None, 0
    while True:
        rows = database.read(
            lambda tx, after=after: tx.execute(  # type: ignore[misc]
                _page(column, after)
            ).all()
        )
        if not rows:
            return found
        after = rows[-1][0]
        found += sum(
            not sealer.is_current(value) for row in rows if (value := _sealed(column, row))
        )


def _batch(
    tx: Transaction, sealer: Sealer, column: SealedColumn, after: Any
) -> tuple[Any, Step] | None:
    rows = tx.execute(_page(column, after)).all()
    if not rows:
        return None
    changed = sum(_again(tx, sealer, column, row) for row in rows)
    return rows[-1][0], Step(seen=len(rows), changed=changed)


def _page(column: SealedColumn, after: Any) -> Any:
    bound = column.table.c[column.bound_to] if column.bound_to else column.key
    page = select(column.key, column.table.c[column.column], bound.label("bound"))
    if after is not None:
        page = page.where(column.key > after)
    if column.live is not None:
        page = page.where(column.live)
    return page.order_by(column.key).limit(AT_A_TIME)


def _sealed(column: SealedColumn, row: Any) -> str | None:
    value = row[1]
    found: str | None = value.get(column.within) if column.within else value
    return found


def _again(tx: Transaction, sealer: Sealer, column: SealedColumn, row: Any) -> int:
    old = _sealed(column, row)
    if old is None or sealer.is_current(old):
        return 0
    purpose = column.purpose(row[2])
    new = sealer.seal(sealer.open(old, purpose=purpose), purpose=purpose)
    target = column.table.c[column.column]
    change = update(column.table).where(column.key == bindparam("of_row"))
    if column.within:
        # JSON is not compared: what may change it meanwhile ends the row's life (`live`).
        change = change.where(column.live) if column.live is not None else change
        values = {"of_row": row[0], "new": {**row[1], column.within: new}}
    else:
        change = change.where(target == bindparam("old"))
        values = {"of_row": row[0], "old": old, "new": new}
    changed: int = tx.execute(change.values({target: bindparam("new")}), values).rowcount
    return changed
