"""What the database says after a proof, read past the house's own actions."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, select

from idp.house import House
from idp.journal.records import JournalEntry, JournalNumber


def rows(house: House, *columns: Any, where: Iterable[Any] = ()) -> list[Any]:
    """Read these columns of all rows that fit."""
    return house.database.read(lambda tx: list(tx.execute(select(*columns).where(*where)).all()))


def entries(house: House, kind: str) -> list[dict[str, Any]]:
    """The details of all journal entries of a kind."""
    found = rows(house, JournalEntry.detail, where=[JournalEntry.kind == kind])
    return [row.detail for row in found]


def issued_by_grant(house: House, via: str) -> Counter[str]:
    """How often tokens were issued for each grant, by the journal."""
    return Counter(
        str(detail["grant"]) for detail in entries(house, "tokens-issued") if detail["via"] == via
    )


def broken_sequences(house: House) -> list[str]:
    """The parties whose journal numbers are not 1, 2, 3 ... up to the last one given out."""
    wanted = {row.person: row.last for row in rows(house, JournalNumber.person, JournalNumber.last)}
    found = _sequences(house)
    broken = []
    for person, last in wanted.items():
        row = found.get(person)
        if row is None or (row.many, row.different, row.first, row.last) != (last, last, 1, last):
            broken.append(person)
    return broken + [person for person in found if person not in wanted]


def _sequences(house: House) -> dict[str, Any]:
    query = (
        select(
            JournalEntry.person,
            func.count().label("many"),
            func.count(JournalEntry.number.distinct()).label("different"),
            func.min(JournalEntry.number).label("first"),
            func.max(JournalEntry.number).label("last"),
        )
        .where(JournalEntry.person.is_not(None))
        .group_by(JournalEntry.person)
    )
    return {row.person: row for row in house.database.read(lambda tx: tx.execute(query).all())}
