"""Read entries as the log hashes them, the same bytes from both engines."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    case,
    cast,
    extract,
    func,
    type_coerce,
)
from sqlalchemy.sql import Executable

from idp.journal.records import JournalEntry
from idp.journal.rules import FIELDS, canonical, leaf_hash
from idp.storage import Database, UtcDateTime

__all__ = ["entry_columns", "leaf_of", "microseconds", "read_after"]


def entry_columns(*, is_sqlite: bool) -> list[ColumnElement[Any]]:
    """Answer an entry's columns in the order of `rules.FIELDS`, raw."""
    table = JournalEntry.__table__
    plain: dict[str, ColumnElement[Any]] = {name: table.c[name] for name in FIELDS}
    plain["at"] = microseconds(JournalEntry.at, is_sqlite=is_sqlite)
    plain["detail"] = cast(JournalEntry.detail, Text)  # the stored text, not read twice
    return [column.label(f"entry_{name}") for name, column in plain.items()]


def microseconds(column: Any, *, is_sqlite: bool) -> ColumnElement[Any]:
    """Answer a moment's column as whole microseconds since 1970.

    A moment that nobody could have written (PostgreSQL's `infinity`) reads as null: somebody
    who tampers must not stop the reader.
    """
    if is_sqlite:
        return type_coerce(column, BigInteger)
    exact = cast(extract("epoch", type_coerce(column, UtcDateTime())) * 1_000_000, BigInteger)
    return case((func.isfinite(column), exact))


def leaf_of(values: Sequence[Any]) -> bytes:
    """Hash an entry, its values in the order of `rules.FIELDS`, as a leaf of the log."""
    return leaf_hash(canonical(values))


def read_after(database: Database, query: Executable, after: int) -> Sequence[Any]:
    """Read the next batch of a query that has a place for `after`."""
    return database.read(lambda tx: tx.execute(query, {"after": after}).all())
