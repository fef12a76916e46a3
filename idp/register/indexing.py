"""Index the register anew: what finds a person by number, under another key.

While it runs, people are looked up under the old key and the new one, so nobody is missed.
A run that was killed is run again: what stands under the new key already is left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select, update
from sqlalchemy.orm import aliased

from idp.keyring.ring import Keyring
from idp.register.actions import open_number
from idp.register.records import PersonNumberRecord
from idp.storage import Database, Transaction

AT_A_TIME = 500
_OTHER = aliased(PersonNumberRecord)
_NEW: BindParameter[str] = bindparam("new_index")
_COUNT = select(func.count()).select_from(PersonNumberRecord)
_PAGE = (
    select(
        PersonNumberRecord.ref,
        PersonNumberRecord.person_ref,
        PersonNumberRecord.number_index,
        PersonNumberRecord.number_sealed,
    )
    .where(PersonNumberRecord.ref > bindparam("after"))
    .order_by(PersonNumberRecord.ref)
    .limit(AT_A_TIME)
)
# A number that stands twice, under the old key and the new, stays as it is and is reported:
# which of the two people it belongs to is for somebody who can ask them.
_CHANGE = (
    update(PersonNumberRecord)
    .where(
        PersonNumberRecord.ref == bindparam("of_row"),
        ~select(_OTHER.ref)
        .where(
            _OTHER.number_index == _NEW,
            _OTHER.valid_to.is_(None),
            _OTHER.ref != PersonNumberRecord.ref,
            PersonNumberRecord.valid_to.is_(None),
        )
        .exists(),
    )
    .values(number_index=_NEW)
)


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch has come to: rows looked at, and the people whose number stands twice."""

    seen: int
    twice: tuple[str, ...]


def count(database: Database) -> int:
    """Count the numbers of the register, former ones too, for a progress bar."""
    return int(database.read(lambda tx: tx.execute(_COUNT).scalar()) or 0)


def reindex(database: Database, keyring: Keyring) -> Iterator[Step]:
    """Put every number under the current index key, a batch at a time.

    Raises `Unreadable` for a number that no key opens.
    """
    after = ""
    while True:
        found = database.transaction(
            lambda tx, after=after: _batch(tx, keyring, after)  # type: ignore[misc]
        )
        if found is None:
            return
        after, step = found
        yield step


def _batch(tx: Transaction, keyring: Keyring, after: str) -> tuple[str, Step] | None:
    rows = tx.execute(_PAGE, {"after": after}).all()
    if not rows:
        return None
    twice = tuple(row.person_ref for row in rows if not _moved(tx, keyring, row))
    return str(rows[-1].ref), Step(seen=len(rows), twice=twice)


def _moved(tx: Transaction, keyring: Keyring, row: Any) -> bool:
    number = open_number(keyring, row.person_ref, row.number_sealed)
    new = keyring.index("number_index", number.key)
    if new == row.number_index:
        return True
    return bool(tx.execute(_CHANGE, {"of_row": row.ref, "new_index": new}).rowcount)
