"""Businesses: found by company, tax or VAT number, added, brought up to date, ended.

A sole trader is a person and a business: two references, so that services that know the person
and services that know the trade never see that they are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable, random_ref
from idp.outbox.actions import put
from idp.register.records import BusinessNumberRecord, BusinessRecord
from idp.storage import Transaction, db_now

KINDS = ("company", "partnership", "sole-trader")
CEASED = "business-ceased"  # in the journal, and in the outbox
_TOLD_FOR = timedelta(days=90)  # longer than any worker is ever away


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessFacts:
    """What the register holds of a business. Never its numbers: those are asked for by name."""

    ref: str
    name: str
    kind: str
    address: Mapping[str, Any] = field(repr=False)
    person_ref: str | None
    ceased_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessLine:
    """What a source says of a business. None or nothing: it does not say.

    `person_ref` is the sole trader, as the register knows the person.
    """

    name: str
    kind: str
    numbers: tuple[BusinessNumber, ...]
    address: Mapping[str, Any] | None = None
    person_ref: str | None = None
    ceased_on: date | None = None


class Brought(StrEnum):
    """What became of a business that a source told of; the refusals' values name messages."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    NUMBER_MISSING = "business-number-missing"
    TWO_BUSINESSES = "numbers-of-two-businesses"
    NUMBER_DIFFERS = "another-number-of-this-kind"
    KIND_DIFFERS = "another-kind-of-business"
    OTHER_TRADER = "another-sole-trader"
    TRADES_AGAIN = "ceased-in-register"


_BUSINESS = select(
    BusinessRecord.ref,
    BusinessRecord.name,
    BusinessRecord.kind,
    BusinessRecord.address,
    BusinessRecord.person_ref,
    BusinessRecord.ceased_on,
)
_FIND = _BUSINESS.where(BusinessRecord.ref == bindparam("business_ref"))
_IS_NUMBER = BusinessNumberRecord.number_index.in_(bindparam("indexes", expanding=True))
_FIND_BY_NUMBER = _BUSINESS.join(
    BusinessNumberRecord, BusinessNumberRecord.business_ref == BusinessRecord.ref
).where(BusinessNumberRecord.kind == bindparam("kind"), _IS_NUMBER)
_OF_TRADER = (
    _BUSINESS.where(BusinessRecord.person_ref == bindparam("person_ref"))
    .order_by(BusinessRecord.created_at, BusinessRecord.ref)
    .limit(50)
)
_OF_INDEXES = select(BusinessNumberRecord.business_ref).where(_IS_NUMBER).distinct()
_LOCK = _FIND.with_for_update()
_NUMBERS = select(
    BusinessNumberRecord.ref, BusinessNumberRecord.kind, BusinessNumberRecord.number_sealed
).where(BusinessNumberRecord.business_ref == bindparam("business_ref"))
_ADD = insert(BusinessRecord).values(created_at=db_now())
_ADD_NUMBER = insert(BusinessNumberRecord)
_CHANGE = (
    update(BusinessRecord)
    .where(BusinessRecord.ref == bindparam("business_ref"))
    .values(
        name=bindparam("new_name"),
        address=bindparam("new_address", type_=BusinessRecord.__table__.c.address.type),
        person_ref=bindparam("new_person"),
        ceased_on=bindparam("new_ceased"),
    )
)
_CEASE = (
    update(BusinessRecord)
    .where(
        BusinessRecord.ref == bindparam("business_ref"),
        or_(BusinessRecord.ceased_on.is_(None), BusinessRecord.ceased_on > bindparam("on_day")),
    )
    .values(ceased_on=bindparam("on_day"))
    .returning(BusinessRecord.ref)
)


def index_value(number: BusinessNumber) -> str:
    """What a business number is indexed as: never the same as a person's number."""
    return f"{number.kind}:{number.key}"


def number_purpose(number_ref: str) -> str:
    """Answer what a business's number is sealed for: it opens as no other's."""
    return f"business-number:{number_ref}"


def find_business(tx: Transaction, business_ref: str) -> BusinessFacts | None:
    """Find a business by its reference."""
    row = tx.execute(_FIND, {"business_ref": business_ref}).mappings().first()
    return BusinessFacts(**row) if row else None


def find_by_number(
    tx: Transaction, keyring: Keyring, number: BusinessNumber
) -> BusinessFacts | None:
    """Find the business that has this number, trading or not."""
    values = {"kind": number.kind, "indexes": _indexes(keyring, number)}
    row = tx.execute(_FIND_BY_NUMBER, values).mappings().first()
    return BusinessFacts(**row) if row else None


def businesses_of(tx: Transaction, person_ref: str) -> list[BusinessFacts]:
    """List what a sole trader trades as, oldest first, trading or not."""
    rows = tx.execute(_OF_TRADER, {"person_ref": person_ref}).mappings()
    return [BusinessFacts(**row) for row in rows]


def numbers_of(tx: Transaction, keyring: Keyring, business_ref: str) -> list[BusinessNumber]:
    """Open a business's numbers. The caller has made sure that the asker is entitled to them."""
    rows = tx.execute(_NUMBERS, {"business_ref": business_ref})
    found = [open_number(keyring, row.ref, row.kind, row.number_sealed) for row in rows]
    return sorted(found, key=lambda number: list(NumberKind).index(number.kind))


def open_number(keyring: Keyring, number_ref: str, kind: str, sealed: str) -> BusinessNumber:
    """Open a `number_sealed`. Raises `Unreadable` where it was altered or moved here."""
    opened = keyring.sealer.open(sealed, purpose=number_purpose(number_ref))
    number = parse(NumberKind(kind), opened)
    if not isinstance(number, BusinessNumber):
        raise Unreadable("what was sealed is not a number")
    return number


def bring(tx: Transaction, keyring: Keyring, line: BusinessLine, *, by: str) -> Brought:
    """Add a business, or bring the one that has one of these numbers up to date.

    A number that it did not have is added; one of a kind that it has another of is refused, and so
    is a line whose numbers are of two businesses: which of them is meant is for somebody who can
    ask. What the line does not say stays as it is. A business that ceased does not trade again by
    a file. `by` is who says so, for the journal.
    """
    if not line.numbers:
        return Brought.NUMBER_MISSING
    indexes = [each for number in line.numbers for each in _indexes(keyring, number)]
    found = tx.execute(_OF_INDEXES, {"indexes": indexes}).scalars().all()
    if len(found) > 1:
        return Brought.TWO_BUSINESSES
    if not found:
        return _add(tx, keyring, line)
    held = BusinessFacts(**tx.execute(_LOCK, {"business_ref": found[0]}).mappings().one())
    kept = {number.kind: number for number in numbers_of(tx, keyring, held.ref)}
    now = _brought(held, line)
    if isinstance(now, Brought):
        return now
    if any(kept.get(number.kind, number) != number for number in line.numbers):
        return Brought.NUMBER_DIFFERS
    fresh = [number for number in line.numbers if number.kind not in kept]
    _add_numbers(tx, keyring, held.ref, fresh)
    if now == held:
        return Brought.CHANGED if fresh else Brought.UNCHANGED
    values = {"business_ref": held.ref, "new_name": now.name, "new_address": dict(now.address),
              "new_person": now.person_ref, "new_ceased": now.ceased_on}  # fmt: skip
    tx.execute(_CHANGE, values)
    if now.ceased_on != held.ceased_on:
        _tell_ceased(tx, held.ref, by)
    return Brought.CHANGED


def cease(tx: Transaction, business_ref: str, on: date, by: str) -> bool:
    """Record that a business ceased on that day. False: it is unknown, had ceased, or the day
    is still to come. From the commit on nobody acts for it (`authority.bar`)."""
    if on > tx.now().date():
        return False
    done = tx.execute(_CEASE, {"business_ref": business_ref, "on_day": on})
    if done.scalar_one_or_none() is None:
        return False
    _tell_ceased(tx, business_ref, by)
    return True


def _tell_ceased(tx: Transaction, business_ref: str, by: str) -> None:
    """Record it, and let the rooms above know once this transaction is committed."""
    record(tx, Entry(kind=CEASED, person=business_ref, detail={"by": by}))
    put(tx, CEASED, {"business": business_ref}, expires_in=_TOLD_FOR)


def _brought(held: BusinessFacts, line: BusinessLine) -> BusinessFacts | Brought:
    if held.kind != line.kind:
        return Brought.KIND_DIFFERS
    if held.person_ref and line.person_ref and held.person_ref != line.person_ref:
        return Brought.OTHER_TRADER
    if held.ceased_on and not line.ceased_on:
        return Brought.TRADES_AGAIN
    return replace(
        held,
        name=line.name,
        address=held.address if line.address is None else line.address,
        person_ref=held.person_ref or line.person_ref,
        ceased_on=line.ceased_on,
    )


def _add(tx: Transaction, keyring: Keyring, line: BusinessLine) -> Brought:
    ref = random_ref()
    tx.execute(_ADD, {"ref": ref, "name": line.name, "kind": line.kind,
                      "address": dict(line.address or {}), "person_ref": line.person_ref,
                      "ceased_on": line.ceased_on})  # fmt: skip
    _add_numbers(tx, keyring, ref, line.numbers)
    return Brought.ADDED


def _add_numbers(
    tx: Transaction, keyring: Keyring, business_ref: str, numbers: Sequence[BusinessNumber]
) -> None:
    for number in numbers:
        ref = random_ref()
        tx.execute(_ADD_NUMBER, {
            "ref": ref, "kind": number.kind, "business_ref": business_ref,
            "number_index": keyring.index("number_index", index_value(number)),
            "number_sealed": keyring.sealer.seal(number.key, purpose=number_purpose(ref)),
        })  # fmt: skip


def _indexes(keyring: Keyring, number: BusinessNumber) -> list[str]:
    """Everything a row may stand under: two only while the register is indexed anew."""
    return list(keyring.indexes("number_index", index_value(number)))
