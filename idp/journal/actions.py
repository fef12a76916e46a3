"""Write the journal, in the transaction of the act itself."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from idp.journal.records import JournalEntry, JournalNumber
from idp.storage import Transaction, db_now

REFERENCE_LETTERS = 12
# Letters and digits that are hard to take for one another when read out by telephone.
SPOKEN = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What to record. `detail` holds no secret, no number, no name: references only."""

    kind: str
    person: str | None = None
    actor: str | None = None
    client_id: str | None = None
    mandate_ref: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


_TABLE = JournalEntry.__table__
_COLUMNS = ("reference", "kind", "person", "actor", "client_id", "mandate_ref", "detail")
_VALUES, _SECOND = (
    {name: bindparam(f"{name}{place}", type_=_TABLE.c[name].type) for name in _COLUMNS}
    for place in ("", "_2")
)
# inline: no RETURNING of the new id, for nobody waits for it (see Transaction.write).
_INSERT = insert(JournalEntry).values(at=db_now(), **_VALUES).inline()
_WRITTEN = ["at", *_COLUMNS, "number"]


def _next_number(upsert: Any, many: int) -> Any:
    return (
        upsert(JournalNumber)
        .values(person=bindparam("person"), last=many)
        .on_conflict_do_update(
            index_elements=["person"],
            set_={"last": literal_column(f"journal_number.last + {many}")},
        )
    )


def _numbered(last: Any, *entries: Mapping[str, Any]) -> Any:
    """Write entries of one person that have the last numbers taken, in their order."""
    rows = [
        select(db_now(), *values.values(), last - behind)
        for behind, values in zip(reversed(range(len(entries))), entries, strict=True)
    ]
    return insert(JournalEntry).from_select(_WRITTEN, union_all(*rows), include_defaults=False)


_LAST = (
    select(JournalNumber.last).where(JournalNumber.person == bindparam("person")).scalar_subquery()
)
_NEXT_SQLITE, _NEXT_TWO_SQLITE = (_next_number(upsert_sqlite, many) for many in (1, 2))
_INSERT_SQLITE, _INSERT_TWO_SQLITE = _numbered(_LAST, _VALUES), _numbered(_LAST, _VALUES, _SECOND)
# PostgreSQL takes the numbers and writes the entries in one statement.
_TAKEN, _TAKEN_TWO = (
    _next_number(upsert_postgresql, many).returning(JournalNumber.last).cte("taken")
    for many in (1, 2)
)
_INSERT_POSTGRESQL = _numbered(_TAKEN.c.last, _VALUES)
_INSERT_TWO_POSTGRESQL = _numbered(_TAKEN_TWO.c.last, _VALUES, _SECOND)


def new_reference() -> str:
    """Make a reference that both sides of a telephone call can quote: 12 spoken characters."""
    return random_spoken(REFERENCE_LETTERS)


def random_spoken(length: int) -> str:
    """Make something that is read out or typed in: characters nobody takes for another."""
    number = secrets.randbelow(len(SPOKEN) ** length)  # one draw: this is a hot path
    letters = []
    for _ in range(length):
        number, place = divmod(number, len(SPOKEN))
        letters.append(SPOKEN[place])
    return "".join(letters)


def record(tx: Transaction, entry: Entry, *, reference: str | None = None) -> str:
    """Record an act with this transaction's commit, and answer its reference.

    The number in the person's own sequence is taken in the same transaction: a lost row would
    leave a gap that everybody can see (`design.md` decision 23). One write (two on SQLite, where
    a person is named) that nobody waits for.
    """
    reference = reference or new_reference()
    values = _values(entry, reference)
    if entry.person is None:
        tx.write(_INSERT, values)
        return reference
    if tx.is_sqlite:
        tx.write(_NEXT_SQLITE, {"person": entry.person})
        tx.write(_INSERT_SQLITE, values)
    else:
        tx.write(_INSERT_POSTGRESQL, values)
    return reference


def record_both(tx: Transaction, first: Entry, second: Entry) -> None:
    """Record two acts on one person with this transaction's commit, in this order.

    As `record` does it twice, by half the writes.
    """
    assert first.person is not None
    assert first.person == second.person, "each person has a sequence of their own"
    values = _values(first, new_reference())
    values |= {f"{name}_2": value for name, value in _values(second, new_reference()).items()}
    if tx.is_sqlite:
        tx.write(_NEXT_TWO_SQLITE, {"person": first.person})
        tx.write(_INSERT_TWO_SQLITE, values)
    else:
        tx.write(_INSERT_TWO_POSTGRESQL, values)


def _values(entry: Entry, reference: str) -> dict[str, Any]:
    values = {
        name: getattr(entry, name) for name in _COLUMNS if name not in {"reference", "detail"}
    }
    return {**values, "reference": reference, "detail": dict(entry.detail)}
