"""Look for entries that are missing from the log or from a person's numbers.

Each question is one statement, so that it sees one moment however much is written meanwhile.
"""

from typing import Any

from sqlalchemy import exists, func, literal, literal_column, or_, select, union_all

from idp.journal.reading import microseconds
from idp.journal.records import JournalEntry, JournalLeaf, JournalNumber
from idp.journal.report import LISTED_PROBLEMS, Report
from idp.storage import Transaction


def check_swept(tx: Transaction, swept: int, report: Report) -> None:
    """Report entries that have no leaf although the sealer was past them."""
    missing = select(JournalEntry.id, JournalEntry.reference).where(
        JournalEntry.id <= swept, ~exists().where(JournalLeaf.entry_id == JournalEntry.id)
    )
    sentence = "it has no place in the log, although the sealer was past it"
    for row in _listed(tx, missing, report):
        report.add(f"entry {row[0]} ({row[1]})", sentence)
    last = tx.execute(select(func.max(JournalEntry.id))).scalar() or 0
    if swept > last:
        report.add("end of the journal", f"entries up to {swept} were swept; the last is {last}")


def count_unsealed(tx: Transaction, swept: int, now_microseconds: int, report: Report) -> None:
    """Count the entries that wait for the sealer: information, not a fault."""
    sealed = exists().where(JournalLeaf.entry_id == JournalEntry.id, JournalLeaf.entry_id > swept)
    found: Any = tx.execute(
        select(func.count(), func.min(microseconds(JournalEntry.at, is_sqlite=tx.is_sqlite))).where(
            JournalEntry.id > swept, ~sealed
        )
    ).one()
    report.unsealed = found[0]
    if isinstance(found[1], int):
        report.oldest_unsealed_seconds = max(0.0, (now_microseconds - found[1]) / 1_000_000)


def check_numbers(tx: Transaction, report: Report) -> None:
    """Report people whose entries are not numbered from 1 to the last number given out."""
    used = (
        select(
            JournalEntry.person,
            func.count().label("rows"),
            func.count(JournalEntry.number).label("numbers"),
            func.min(JournalEntry.number).label("first"),
            func.max(JournalEntry.number).label("last"),
        )
        .where(JournalEntry.person.is_not(None))
        .group_by(JournalEntry.person)
        .subquery()
    )
    broken = (
        select(used.c.person, used.c.rows, func.coalesce(JournalNumber.last, 0).label("given"))
        .outerjoin_from(used, JournalNumber, JournalNumber.person == used.c.person)
        .where(
            or_(
                JournalNumber.last.is_(None),
                used.c.last != JournalNumber.last,
                used.c.rows != JournalNumber.last,
                used.c.numbers != JournalNumber.last,
                used.c.first != 1,
            )
        )
    )
    unused = select(JournalNumber.person, literal(0), JournalNumber.last).where(
        ~exists().where(JournalEntry.person == JournalNumber.person)
    )
    for row in _listed(tx, union_all(broken, unused), report):
        report.add(
            f"person {row[0]}",
            f"{row[2]} numbers were given out, but the entries ({row[1]}) are not 1 to {row[2]}",
        )


def _listed(tx: Transaction, query: Any, report: Report) -> list[Any]:
    """Answer the first rows to list; those beyond are only counted."""
    rows = list(tx.execute(query.order_by(literal_column("1")).limit(LISTED_PROBLEMS)))
    if len(rows) == LISTED_PROBLEMS:
        count = tx.execute(select(func.count()).select_from(query.subquery())).scalar_one()
        report.problem_count += max(0, count - len(rows))
    return rows
