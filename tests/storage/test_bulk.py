"""Many rows at once arrive on both engines as they would one by one."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, delete, select
from sqlalchemy.exc import IntegrityError

from idp.register.records import PersonRecord
from idp.storage import Base, Database, Transaction
from idp.storage.bulk import insert_packed, moment_text, packed, update_rows

PERSON: Table = Base.metadata.tables["person"]
COLUMNS = ("ref", "given_name", "family_name", "birth_date", "sex", "address", "died_on",
           "created_at")  # fmt: skip
AT = datetime(2030, 6, 1, 12, tzinfo=UTC)


def row(tx: Transaction, ref: str, name: str, address: dict[str, str]) -> tuple[str | None, ...]:
    return (ref, name, name, "1951-03-14", "", json.dumps(address), None, moment_text(tx, AT))


def put(database: Database, ref: str, name: str, address: dict[str, str]) -> None:
    def write(tx: Transaction) -> None:
        *values, last = row(tx, ref, name, address)
        assert last is not None
        insert_packed(tx, PERSON, COLUMNS, [packed(values, tx.is_sqlite)], last)

    database.transaction(write)


@given(name=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_text_there_is_comes_back_as_it_was(database: Database, name: str) -> None:
    r"""Tabs, line ends, backslashes and the two letters \N, which COPY gives a meaning."""
    address = {"street_address": name}
    database.transaction(lambda tx: tx.execute(delete(PersonRecord)))
    put(database, "one", name, address)
    found = database.read(lambda tx: tx.execute(select(PersonRecord.__table__)).one())
    assert (found.given_name, found.address) == (name, address)
    assert (found.died_on, found.created_at) == (None, AT)


@pytest.mark.parametrize("name", [r"\N", "\t", "a\\", "a\nb", "\r", "\\.", ""])
def test_what_copy_gives_a_meaning_has_none_in_a_value(database: Database, name: str) -> None:
    put(database, "one", name, {})
    found = database.read(lambda tx: tx.execute(select(PersonRecord.given_name)).scalar_one())
    assert found == name


def test_rows_are_changed_by_their_key_and_others_stay(database: Database) -> None:
    for ref in ("one", "two", "three"):
        put(database, ref, ref, {})
    changes = [("one", "Ann", None), ("three", "Cai", "2020-05-01")]
    columns = ("ref", "given_name", "died_on")
    for _ in range(2):  # also twice in one session
        database.transaction(lambda tx: update_rows(tx, PERSON, columns, changes))
    asked = select(PersonRecord.ref, PersonRecord.given_name, PersonRecord.died_on)
    found = database.read(lambda tx: tx.execute(asked).all())
    assert {row[0]: row[1] for row in found} == {"one": "Ann", "two": "two", "three": "Cai"}
    assert [row[0] for row in found if row[2]] == ["three"]


def test_a_row_that_is_there_already_is_an_error_with_a_name(database: Database) -> None:
    put(database, "one", "Hughes", {})
    with pytest.raises(IntegrityError) as caught:
        put(database, "one", "Hughes", {})
    assert "Hughes" not in str(caught.value)
