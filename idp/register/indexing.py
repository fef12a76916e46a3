"""Index the register anew: what finds a person or a business by number, under another key.

While it runs, both are looked up under the old key and the new one, so nobody is missed.
A run that was killed is run again: what stands under the new key already is left alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, bindparam, func, select, update
from sqlalchemy.orm import aliased

from idp.keyring.ring import Keyring
from idp.register import businesses
from idp.register.actions import open_number
from idp.register.records import BusinessNumberRecord, PersonNumberRecord
from idp.storage import Database, Transaction

AT_A_TIME = 500
# Answers whose number stands twice, or None where it was moved or is where it belongs.
Moved = Callable[[Transaction, Keyring, Any], str | None]
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

_B = BusinessNumberRecord
_OTHER_BUSINESS = aliased(BusinessNumberRecord)
_COUNT_BUSINESS = select(func.count()).select_from(BusinessNumberRecord)
_PAGE_BUSINESS = (
    select(_B.ref, _B.kind, _B.business_ref, _B.number_index, _B.number_sealed)
    .where(_B.ref > bindparam("after"))
    .order_by(_B.ref)
    .limit(AT_A_TIME)
)
_CHANGE_BUSINESS = (
    update(_B)
    .where(
        _B.ref == bindparam("of_row"),
        ~select(_OTHER_BUSINESS.ref)
        .where(
            _OTHER_BUSINESS.kind == _B.kind,
            _OTHER_BUSINESS.number_index == _NEW,
            _OTHER_BUSINESS.ref != _B.ref,
        )
        .exists(),
    )
    .values(number_index=_NEW)
)


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch has come to: rows looked at, and those whose number stands twice."""

    seen: int
    twice: tuple[str, ...]


def count(database: Database) -> int:
    """Count the numbers of the register, former ones too, for a progress bar."""
    counted = (_COUNT, _COUNT_BUSINESS)
    return sum(
        database.read(lambda tx: int(tx.execute(each).scalar() or 0))  # noqa: B023 - read at once
        for each in counted
    )


def reindex(database: Database, keyring: Keyring) -> Iterator[Step]:
    """Put every number, of people and of businesses, under the current index key, a batch at a
    time.

    Raises `Unreadable` for a number that no key opens.
    """
    for page, moved in ((_PAGE, _moved), (_PAGE_BUSINESS, _moved_business)):
        after = ""
        while True:
            found = database.transaction(
                lambda tx, page=page, moved=moved, after=after: _batch(  # type: ignore[misc]
                    tx, keyring, page, moved, after
                )
            )
            if found is None:
                break
            after, step = found
            yield step


def _batch(
    tx: Transaction, keyring: Keyring, page: Any, moved: Moved, after: str
) -> tuple[str, Step] | None:
    rows = tx.execute(page, {"after": after}).all()
    if not rows:
        return None
    twice = tuple(whose for row in rows if (whose := moved(tx, keyring, row)))
    return str(rows[-1].ref), Step(seen=len(rows), twice=twice)


def _moved(tx: Transaction, keyring: Keyring, row: Any) -> str | None:
    """Move a person's number; answer whose it is where it stands twice."""
    number = open_number(keyring, row.person_ref, row.number_sealed)
    new = keyring.index("number_index", number.key)
    return None if _changed(tx, _CHANGE, row, new) else str(row.person_ref)


def _moved_business(tx: Transaction, keyring: Keyring, row: Any) -> str | None:
    number = businesses.open_number(keyring, row.ref, row.kind, row.number_sealed)
    new = keyring.index("number_index", businesses.index_value(number))
    return None if _changed(tx, _CHANGE_BUSINESS, row, new) else str(row.business_ref)


def _changed(tx: Transaction, change: Any, row: Any, new: str) -> bool:
    if new == row.number_index:
        return True
    return bool(tx.execute(change, {"of_row": row.ref, "new_index": new}).rowcount)
