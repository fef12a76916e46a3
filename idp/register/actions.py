"""Add people to the register and find them again, by reference or by number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, select

from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable, random_ref
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.storage import Transaction, db_now

PURPOSE = "national-insurance-number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What the register holds of a person. Never the number: that is asked for by its name."""

    ref: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    address: Mapping[str, Any] = field(repr=False)
    died_on: date | None

    @property
    def name(self) -> str:
        """The name as it is shown."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """The number belongs to a person already; nothing was written."""

    person_ref: str


_PERSON = select(
    PersonRecord.ref,
    PersonRecord.given_name,
    PersonRecord.family_name,
    PersonRecord.birth_date,
    PersonRecord.sex,
    PersonRecord.address,
    PersonRecord.died_on,
)
_OPEN = PersonNumberRecord.valid_to.is_(None)
_FIND = _PERSON.where(PersonRecord.ref == bindparam("person_ref"))
_FIND_BY_NUMBER = _PERSON.join(
    PersonNumberRecord, PersonNumberRecord.person_ref == PersonRecord.ref
).where(PersonNumberRecord.number_index == bindparam("number_index"), _OPEN)
_NUMBER_OF = select(PersonNumberRecord.number_sealed).where(
    PersonNumberRecord.person_ref == bindparam("person_ref"), _OPEN
)
_ADD_PERSON = insert(PersonRecord).values(created_at=db_now())
_ADD_NUMBER = insert(PersonNumberRecord).values(valid_from=db_now())


def add_person(
    tx: Transaction,
    keyring: Keyring,
    *,
    number: NationalInsuranceNumber,
    given_name: str,
    family_name: str,
    birth_date: date,
    sex: str,
    address: Mapping[str, Any],
) -> str | NumberTaken:
    """Add a person and the number, sealed; answer the person's reference.

    Two that add the same number at once: the second one's commit fails on the unique index and
    leaves nothing behind.
    """
    known = find_by_number(tx, keyring, number)
    if known is not None:
        return NumberTaken(known.ref)
    ref = random_ref()
    tx.execute(
        _ADD_PERSON,
        {
            "ref": ref,
            "given_name": given_name,
            "family_name": family_name,
            "birth_date": birth_date,
            "sex": sex,
            "address": dict(address),
        },
    )
    tx.execute(
        _ADD_NUMBER,
        {
            "ref": random_ref(),
            "person_ref": ref,
            "number_index": _index(keyring, number),
            "number_sealed": keyring.sealer.seal(number.canonical, purpose=_purpose(ref)),
        },
    )
    return ref


def find_person(tx: Transaction, person_ref: str) -> Person | None:
    """Find a person by reference."""
    return _one(tx, _FIND, {"person_ref": person_ref})


def find_by_number(
    tx: Transaction, keyring: Keyring, number: NationalInsuranceNumber
) -> Person | None:
    """Find whose number it is now, whatever its suffix."""
    return _one(tx, _FIND_BY_NUMBER, {"number_index": _index(keyring, number)})


def number_of(tx: Transaction, keyring: Keyring, person_ref: str) -> NationalInsuranceNumber | None:
    """Open a person's number. The caller has made sure that the asker is entitled to it.

    Raises `Unreadable` where it was altered or moved to this person from another's row.
    """
    sealed = tx.execute(_NUMBER_OF, {"person_ref": person_ref}).scalar()
    return None if sealed is None else open_number(keyring, person_ref, sealed)


def open_number(keyring: Keyring, person_ref: str, sealed: str) -> NationalInsuranceNumber:
    """Open a `number_sealed` that a statement of the caller's own has read."""
    number = parse(keyring.sealer.open(sealed, purpose=_purpose(person_ref)))
    if not isinstance(number, NationalInsuranceNumber):
        raise Unreadable("what was sealed is not a number")
    return number


def _one(tx: Transaction, statement: Any, params: Mapping[str, Any]) -> Person | None:
    row = tx.execute(statement, params).mappings().first()
    return Person(**row) if row else None


def _index(keyring: Keyring, number: NationalInsuranceNumber) -> str:
    return keyring.index("number_index", number.key)


def _purpose(person_ref: str) -> str:
    return f"{PURPOSE}:{person_ref}"
