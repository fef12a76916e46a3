"""Give out the journal, entry by entry."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import bindparam, select

from idp.journal.reading import entry_columns, read_after
from idp.journal.records import JournalEntry
from idp.journal.rules import FIELDS
from idp.storage import Database

BATCH = 5_000
ENTRY_ID = FIELDS.index("id")


def entries(database: Database) -> Iterator[dict[str, Any]]:
    """Give every entry by id, `at` in microseconds since 1970, without keeping any."""
    query = (
        select(*entry_columns(is_sqlite=database.is_sqlite))
        .where(JournalEntry.id > bindparam("after"))
        .order_by(JournalEntry.id)
        .limit(BATCH)
    )
    after = -(2**63)
    while batch := read_after(database, query, after):
        for row in batch:
            yield as_dict(row)
        after = batch[-1][ENTRY_ID]


def as_dict(row: Any) -> dict[str, Any]:
    """Answer an entry's values, in the order of `FIELDS`, by name.

    Where the detail is no JSON object (nothing of ours writes that) it is given as its text.
    """
    entry = dict(zip(FIELDS, row, strict=True))
    try:
        detail = json.loads(entry["detail"])
    except (TypeError, ValueError):
        return entry
    return {**entry, "detail": detail} if type(detail) is dict else entry
