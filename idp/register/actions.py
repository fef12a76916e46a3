"""Add people to the register, find them again by reference or number, put right what was wrong."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, update

from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable, random_ref
from idp.register import contacts as held_since
from idp.register import deaths
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.register.rules import (
    ClaimFacts,
    Contacts,
    Correction,
    Death,
    Name,
    PersonFacts,
    Status,
    number_purpose,
    turned,
)
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

NO_CONTACTS = Contacts()
# Compared with in an empty register, where nobody can be drawn.
NOBODY = PersonFacts(
    ref="",
    given_name="Nobody",
    family_name="Nobody",
    birth_date=date(1900, 1, 1),
    sex="",
    address={},
    died_on=None,
)


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
    PersonRecord.status,
    PersonRecord.earlier_names,
)
_IS_PERSON = PersonRecord.ref == bindparam("person_ref")
_OPEN = PersonNumberRecord.valid_to.is_(None)
_FIND = _PERSON.where(_IS_PERSON)
_FIND_BY_NUMBER = _PERSON.join(
    PersonNumberRecord, PersonNumberRecord.person_ref == PersonRecord.ref
).where(PersonNumberRecord.number_index.in_(bindparam("number_indexes", expanding=True)), _OPEN)
_FIND_NEXT = (
    _PERSON.where(PersonRecord.ref >= bindparam("drawn")).order_by(PersonRecord.ref).limit(1)
)
_FIND_FIRST = _PERSON.order_by(PersonRecord.ref).limit(1)
# Also who was put down with day and month turned: a twin whose record a clerk got wrong.
_BORN_THE_SAME_DAY = _PERSON.where(
    PersonRecord.birth_date.in_([bindparam("birth_date"), bindparam("turned")]),
    PersonRecord.ref != bindparam("person_ref"),
)
_CONTACTS = select(PersonRecord.contacts).where(_IS_PERSON)
_HELD_NUMBER = select(PersonNumberRecord.ref, PersonNumberRecord.number_sealed).where(
    PersonNumberRecord.person_ref == bindparam("person_ref"), _OPEN
)
_ANY_NUMBER = select(
    PersonNumberRecord.person_ref,
    PersonNumberRecord.number_index,
    PersonNumberRecord.number_sealed,
).limit(1)
_LOCK = select(PersonRecord.birth_date).where(_IS_PERSON).with_for_update(key_share=True)
_ADD_PERSON = insert(PersonRecord).values(created_at=db_now())
_ADD_NUMBER = insert(PersonNumberRecord).values(valid_from=db_now())
_ADD_FREE_NUMBER = upsert(
    lambda insert: (
        insert(PersonNumberRecord)
        .values(
            ref=bindparam("ref"),
            person_ref=bindparam("person_ref"),
            number_index=bindparam("number_index"),
            number_sealed=bindparam("number_sealed"),
            valid_from=db_now(),
        )
        .on_conflict_do_nothing(index_elements=["number_index"], index_where=_OPEN)
        .returning(PersonNumberRecord.ref)
    )
)
_IS_NUMBER = PersonNumberRecord.ref == bindparam("number_ref")
_CLOSE_NUMBER = update(PersonNumberRecord).where(_IS_NUMBER, _OPEN).values(valid_to=db_now())
_OPEN_AGAIN = update(PersonNumberRecord).where(_IS_NUMBER).values(valid_to=None)
_DIES = (
    update(PersonRecord)
    .where(
        _IS_PERSON,
        or_(
            PersonRecord.status != Status.DEAD,
            PersonRecord.died_on.is_distinct_from(bindparam("died_on")),
        ),
    )
    .values(status=Status.DEAD.value, died_on=bindparam("died_on"))
)


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
    earlier_names: Sequence[Name] = (),
    contacts: Contacts = NO_CONTACTS,
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
            "earlier_names": [asdict(name) for name in earlier_names],
            "contacts": held_since.stored(contacts.email, contacts.phone),
        },
    )
    tx.execute(_ADD_NUMBER, _number_row(keyring, ref, number))
    return ref


def find_person(tx: Transaction, person_ref: str) -> PersonFacts | None:
    """Find a person by reference."""
    return _one(tx, _FIND, {"person_ref": person_ref})


def find_by_number(
    tx: Transaction, keyring: Keyring, number: NationalInsuranceNumber
) -> PersonFacts | None:
    """Find whose number it is now, whatever its suffix."""
    return _one(tx, _FIND_BY_NUMBER, {"number_indexes": _indexes(keyring, number)})


def facts_for_claim(
    tx: Transaction, keyring: Keyring, number: NationalInsuranceNumber
) -> ClaimFacts:
    """Answer whom a claim with this number is compared with.

    An unknown number costs the same statements and brings about as many rows as a known one:
    somebody drawn by the number stands in, the same at every try. So neither the time nor the
    work says whether the number is in the register.
    """
    index = _index(keyring, number)
    person = _one(tx, _FIND_BY_NUMBER, {"number_indexes": _indexes(keyring, number)})
    drawn = urlsafe_b64encode(bytes.fromhex(index)).decode()  # spread as references are
    stand_in = _one(tx, _FIND_NEXT, {"drawn": drawn}) or _one(tx, _FIND_FIRST, {}) or NOBODY
    compared = person or stand_in
    born = {
        "birth_date": compared.birth_date,
        "turned": turned(compared.birth_date),
        "person_ref": compared.ref,
    }
    others = tuple(_facts(row) for row in tx.execute(_BORN_THE_SAME_DAY, born).mappings())
    return ClaimFacts(person=person, compared=compared, others=others)


def contacts_of(tx: Transaction, person_ref: str) -> Contacts:
    """Answer the ways to reach a person that may be sent a code. None of them is proved.

    What a later import changed is left out for 30 days.
    """
    return held_since.in_use(_contacts(tx, person_ref), tx.now())


def contacts_to_warn(tx: Transaction, person_ref: str) -> list[Contacts]:
    """Answer all who are told what is done in a person's name.

    First the contacts of now, however young; then those of before a change in the last 60 days.
    """
    return held_since.to_warn(_contacts(tx, person_ref), tx.now())


def contacts_shown(tx: Transaction, person_ref: str) -> Contacts:
    """Answer the contacts that the register holds, for somebody who looks after it."""
    return held_since.all_of(_contacts(tx, person_ref))


def correct_number(
    tx: Transaction,
    keyring: Keyring,
    person_ref: str,
    number: NationalInsuranceNumber,
    by: str,
) -> Correction:
    """Give a person another number from now on. The old one is closed with its date, never lost.

    The person's reference, account and subjects stay. A number that is somebody else's is
    refused and nothing changes. Another suffix alone is a correction too. `by` is who asked.
    """
    held = tx.execute(_LOCK, {"person_ref": person_ref}).first() and (
        tx.execute(_HELD_NUMBER, {"person_ref": person_ref}).first()
    )
    if held is None:
        return Correction.UNKNOWN
    if open_number(keyring, person_ref, held.number_sealed).canonical == number.canonical:
        return Correction.SAME
    tx.execute(_CLOSE_NUMBER, {"number_ref": held.ref})
    added = tx.execute(_ADD_FREE_NUMBER.on(tx), _number_row(keyring, person_ref, number)).first()
    if added is None:
        tx.execute(_OPEN_AGAIN, {"number_ref": held.ref})
        return Correction.TAKEN
    record(tx, Entry(kind=Correction.CORRECTED, person=person_ref, detail={"by": by}))
    return Correction.CORRECTED


def record_death(tx: Transaction, person_ref: str, died_on: date, by: str) -> Death:
    """Record that a person died on that day. From now on the person joins no account.

    Recording the same again changes nothing; another day puts the first one right. `by` is who
    says so.
    """
    person = tx.execute(_LOCK, {"person_ref": person_ref}).first()
    if person is None:
        return Death.UNKNOWN
    if not person.birth_date <= died_on <= tx.now().date():
        return Death.IMPOSSIBLE
    if tx.execute(_DIES, {"person_ref": person_ref, "died_on": died_on}).rowcount == 0:
        return Death.KNOWN
    record(tx, Entry(kind=Death.RECORDED, person=person_ref, detail={"by": by}))
    deaths.tell(tx, person_ref)
    return Death.RECORDED


def number_of(tx: Transaction, keyring: Keyring, person_ref: str) -> NationalInsuranceNumber | None:
    """Open a person's number. The caller has made sure that the asker is entitled to it.

    Raises `Unreadable` where it was altered or moved to this person from another's row.
    """
    held = tx.execute(_HELD_NUMBER, {"person_ref": person_ref}).first()
    return None if held is None else open_number(keyring, person_ref, held.number_sealed)


def open_number(keyring: Keyring, person_ref: str, sealed: str) -> NationalInsuranceNumber:
    """Open a `number_sealed` that a statement of the caller's own has read."""
    number = parse(keyring.sealer.open(sealed, purpose=number_purpose(person_ref)))
    if not isinstance(number, NationalInsuranceNumber):
        raise Unreadable("what was sealed is not a number")
    return number


def index_fits(tx: Transaction, keyring: Keyring) -> bool:
    """Say whether our index key is the one that the register was indexed with.

    With another one everybody would look unknown, and an import would add everybody again.
    True for an empty register. Raises `Unreadable` where the seal key does not fit either.
    """
    row = tx.execute(_ANY_NUMBER).first()
    if row is None:
        return True
    number = open_number(keyring, row.person_ref, row.number_sealed)
    return row.number_index in _indexes(keyring, number)


def _contacts(tx: Transaction, person_ref: str) -> Mapping[str, Any]:
    return tx.execute(_CONTACTS, {"person_ref": person_ref}).scalar() or {}


def _one(tx: Transaction, statement: Any, params: Mapping[str, Any]) -> PersonFacts | None:
    row = tx.execute(statement, params).mappings().first()
    return _facts(row) if row else None


def _facts(row: Mapping[str, Any]) -> PersonFacts:
    earlier = tuple(Name(**name) for name in row["earlier_names"])
    return PersonFacts(**{**row, "status": Status(row["status"]), "earlier_names": earlier})


def _index(keyring: Keyring, number: NationalInsuranceNumber) -> str:
    return keyring.index("number_index", number.key)


def _indexes(keyring: Keyring, number: NationalInsuranceNumber) -> list[str]:
    """Everything a row may stand under: two only while the register is indexed anew."""
    return list(keyring.indexes("number_index", number.key))


def _number_row(
    keyring: Keyring, person_ref: str, number: NationalInsuranceNumber
) -> dict[str, str]:
    sealed = keyring.sealer.seal(number.canonical, purpose=number_purpose(person_ref))
    return {
        "ref": random_ref(),
        "person_ref": person_ref,
        "number_index": _index(keyring, number),
        "number_sealed": sealed,
    }
