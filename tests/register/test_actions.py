"""The register: one number, one person; sealed, and found by number whatever its suffix."""

from datetime import date

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable
from idp.register import actions
from idp.register.actions import NumberTaken
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.register.rules import PersonFacts
from idp.storage import Database, Transaction


def number(text: str) -> NationalInsuranceNumber:
    parsed = parse(text)
    assert isinstance(parsed, NationalInsuranceNumber)
    return parsed


MARGARETS = number("CS 10 07 00 A")


def add(tx: Transaction, keyring: Keyring, number: NationalInsuranceNumber = MARGARETS):
    return actions.add_person(
        tx,
        keyring,
        number=number,
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1948, 2, 29),
        sex="F",
        address={"street_address": "1 Harbour Row", "locality": "Porthmadog"},
    )


def look(database: Database, keyring: Keyring, typed: str) -> PersonFacts | None:
    return database.read(lambda tx: actions.find_by_number(tx, keyring, number(typed)))


def test_a_person_is_found_by_reference_and_by_number(database: Database, keyring: Keyring) -> None:
    ref = database.transaction(lambda tx: add(tx, keyring))
    by_ref = database.read(lambda tx: actions.find_person(tx, ref))
    by_number = database.read(lambda tx: actions.find_by_number(tx, keyring, MARGARETS))
    assert by_ref == by_number
    assert isinstance(by_ref, PersonFacts)
    assert (by_ref.name, by_ref.birth_date) == ("Margaret Hughes", date(1948, 2, 29))
    assert by_ref.address["locality"] == "Porthmadog"


def test_a_person_is_found_whatever_suffix_is_typed(database: Database, keyring: Keyring) -> None:
    ref = database.transaction(lambda tx: add(tx, keyring))
    for typed in ("CS100700", "cs 10 07 00 d"):
        found = look(database, keyring, typed)
        assert found is not None
        assert found.ref == ref
    assert look(database, keyring, "CS100701A") is None


def test_the_number_comes_back_whole_with_its_suffix(database: Database, keyring: Keyring) -> None:
    ref = database.transaction(lambda tx: add(tx, keyring))
    kept = database.read(lambda tx: actions.number_of(tx, keyring, ref))
    assert kept is not None
    assert kept.canonical == "CS100700A"
    assert database.read(lambda tx: actions.number_of(tx, keyring, "nobody")) is None


def test_a_second_person_with_the_same_number_is_refused_and_nothing_written(
    database: Database, keyring: Keyring
) -> None:
    ref = database.transaction(lambda tx: add(tx, keyring))
    answer = database.transaction(lambda tx: add(tx, keyring, number("CS100700C")))
    assert answer == NumberTaken(ref)
    assert len(database.read(lambda tx: tx.execute(select(PersonRecord.ref)).all())) == 1


def test_the_index_itself_allows_a_number_one_person_only(
    database: Database, keyring: Keyring
) -> None:
    """As when two workers add it at the same moment and neither sees the other's."""
    database.transaction(lambda tx: add(tx, keyring))
    another = database.transaction(lambda tx: add(tx, keyring, number("CS100701A")))
    index = keyring.index("number_index", MARGARETS.key)
    with pytest.raises(IntegrityError):
        database.transaction(
            lambda tx: tx.execute(
                update(PersonNumberRecord)
                .where(PersonNumberRecord.person_ref == another)
                .values(number_index=index)
            )
        )


def test_no_column_holds_the_number_in_the_clear(database: Database, keyring: Keyring) -> None:
    database.transaction(lambda tx: add(tx, keyring))
    row = database.read(lambda tx: tx.execute(select(PersonNumberRecord.__table__)).one())
    assert not any("100700" in str(value) for value in row)


def test_a_sealed_number_moved_to_another_persons_row_does_not_open(
    database: Database, keyring: Keyring
) -> None:
    database.transaction(lambda tx: add(tx, keyring))
    another = database.transaction(lambda tx: add(tx, keyring, number("CS100701A")))
    sealed = select(PersonNumberRecord.number_sealed).where(
        PersonNumberRecord.person_ref != another
    )
    database.transaction(
        lambda tx: tx.execute(
            update(PersonNumberRecord)
            .where(PersonNumberRecord.person_ref == another)
            .values(number_sealed=tx.execute(sealed).scalar_one())
        )
    )
    with pytest.raises(Unreadable):
        database.read(lambda tx: actions.number_of(tx, keyring, another))
