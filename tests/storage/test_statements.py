"""The short way to the driver answers what SQLAlchemy would, and keeps nothing for one call."""

import gc
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, MultipleResultsFound, NoResultFound

from idp.journal.actions import Entry, record
from idp.journal.records import JournalEntry
from idp.signin.records import JourneyRecord
from idp.storage import Database, Transaction, db_now
from idp.storage.statements import Rows

TIME = datetime(2030, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
NEW = {
    "ref": "j1", "browser_digest": "d", "client_id": None, "request": {"a": [1, None, "ŵ"]},
    "account_ref": None, "created_at": TIME, "expires_at": TIME,
}  # fmt: skip
INSERT = insert(JourneyRecord)
ALL = select(JourneyRecord.__table__).where(JourneyRecord.ref == bindparam("wanted"))


def run(statement: Any, tx: Transaction) -> Rows:
    return tx.execute(statement)


def put(database: Database, row: dict[str, Any]) -> None:
    database.transaction(lambda tx: tx.execute(INSERT, row))


def both_ways(database: Database, statement: Any, params: Any = None) -> list[list[Any]]:
    """Run a statement three times: the first through SQLAlchemy, the others by the driver."""
    return [
        database.read(lambda tx: tx.execute(statement, params).mappings().all()) for _ in range(3)
    ]


def test_both_ways_answer_the_same_types(database: Database) -> None:
    for number in range(3):
        row = {**NEW, "ref": f"j{number}"}
        put(database, row)
    rows = [both_ways(database, ALL, {"wanted": f"j{number}"})[0][0] for number in range(3)]
    assert [{**dict(row), "ref": ""} for row in rows] == [{**dict(rows[0]), "ref": ""}] * 3
    first, *others = both_ways(database, ALL, {"wanted": "j1"})
    assert [[dict(row) for row in found] for found in others] == [[dict(first[0])]] * 2
    assert first[0]["created_at"] == TIME
    assert first[0]["request"] == NEW["request"]
    assert first[0]["consented"] is False  # a default of the column's, filled in by Python


def test_a_row_is_read_by_name_by_place_or_taken_apart(database: Database) -> None:
    statement = select(literal(1).label("one"), literal("b").label("two"))
    for _ in range(2):
        row = database.read(lambda tx: tx.execute(statement).one())
        one, two = row
        assert (one, two) == (row.one, row.two) == (row[0], row[1]) == (1, "b")


def test_several_rows_or_none_are_told_apart_on_both_ways(database: Database) -> None:
    none = select(literal(1)).where(literal(1) == 2)
    two = select(literal(1)).union_all(select(literal(2)))
    for _ in range(2):
        with pytest.raises(NoResultFound):
            database.read(lambda tx: tx.execute(none).scalar_one())
        with pytest.raises(MultipleResultsFound):
            database.read(lambda tx: tx.execute(two).scalar_one_or_none())
        assert database.read(lambda tx: tx.execute(none).scalar_one_or_none()) is None
        assert database.read(lambda tx: tx.execute(none).scalar()) is None
        assert database.read(lambda tx: tx.execute(none).first()) is None
        assert sorted(database.read(lambda tx: tx.execute(two).scalars())) == [1, 2]


def test_rowcount_counts_what_was_changed(database: Database) -> None:
    database.transaction(lambda tx: tx.execute(INSERT, NEW))
    change = (
        update(JourneyRecord)
        .where(JourneyRecord.ref == bindparam("wanted"))
        .values(finished_at=db_now())
    )
    for _ in range(3):
        done = database.transaction(lambda tx: tx.execute(change, {"wanted": "j1"}).rowcount)
        missed = database.transaction(lambda tx: tx.execute(change, {"wanted": "no"}).rowcount)
        assert (done, missed) == (1, 0)


def test_what_is_built_for_one_call_is_not_kept(database: Database) -> None:
    gc.collect()
    before = len(database.statements)
    for number in range(200):
        statement = select(literal(number))
        assert database.read(partial(run, statement)).scalar() == number
    del statement
    gc.collect()
    assert len(database.statements) <= before + 1


def test_a_kept_statement_goes_with_its_owner(database: Database) -> None:
    def use_and_forget() -> None:
        statement = select(literal(1))
        for _ in range(3):
            database.read(lambda tx: tx.execute(statement))
        assert len(database.statements) == before + 1

    before = len(database.statements)
    use_and_forget()
    database.engine.clear_compiled_cache()  # SQLAlchemy's own holds the last 500
    gc.collect()
    assert len(database.statements) == before


@pytest.mark.parametrize("wanted", [["j1"], ["j1", "j2"], []])
def test_a_list_of_any_length_may_be_asked_for(database: Database, wanted: list[str]) -> None:
    for ref in ("j1", "j2", "j3"):
        put(database, {**NEW, "ref": ref})
    among = select(JourneyRecord.ref).where(
        JourneyRecord.ref.in_(bindparam("refs", expanding=True))
    )
    for _ in range(3):
        rows = database.read(lambda tx: tx.execute(among, {"refs": wanted}).scalars().all())
        assert sorted(rows) == wanted


def test_text_and_short_forms_of_an_insert_work_each_time(database: Database) -> None:
    plain = text("SELECT 1 AS one")
    for number in range(3):
        assert database.read(lambda tx: tx.execute(plain).scalar_one()) == 1
        full = {**NEW, "ref": f"a{number}"}
        short = {name: value for name, value in full.items() if value is not None}
        put(database, full)
        row = {**short, "ref": f"b{number}"}
        put(database, row)
    count = database.read(lambda tx: len(tx.execute(select(JourneyRecord.ref)).all()))
    assert count == 6


def test_a_missing_value_is_refused_on_both_ways(database: Database) -> None:
    for _ in range(3):
        with pytest.raises((LookupError, DBAPIError, Exception), match="wanted"):
            database.read(lambda tx: tx.execute(ALL, {}))


def test_an_error_of_the_driver_has_sqlalchemys_name_and_shows_no_value(database: Database) -> None:
    row = {**NEW, "browser_digest": "a-secret-digest"}
    database.transaction(lambda tx: tx.execute(INSERT, row))
    for _ in range(3):
        with pytest.raises(DBAPIError) as caught:
            database.transaction(lambda tx: tx.execute(INSERT, row))
        assert type(caught.value).__name__ == "IntegrityError"
        assert "a-secret-digest" not in str(caught.value).split("DETAIL")[0]


def test_a_naive_moment_is_refused_on_both_ways(database: Database) -> None:
    row = {**NEW, "created_at": TIME.replace(tzinfo=None)}
    for _ in range(3):
        with pytest.raises(Exception, match="a moment needs a time zone"):
            database.transaction(lambda tx: tx.execute(INSERT, row))
    assert database.read(lambda tx: tx.execute(select(JourneyRecord.ref)).all()) == []


def test_the_journal_numbers_each_persons_acts_in_order(database: Database) -> None:
    def work(tx: Transaction) -> None:
        record(tx, Entry(kind="a", person="p1"))
        record(tx, Entry(kind="b", person="p2"))
        record(tx, Entry(kind="c", person="p1"))
        record(tx, Entry(kind="d"))

    for _ in range(3):
        database.transaction(work)
    rows = database.read(
        lambda tx: tx.execute(
            select(JournalEntry.person, JournalEntry.number, JournalEntry.kind).order_by(
                JournalEntry.id
            )
        ).all()
    )
    assert [row.number for row in rows if row.person == "p1"] == [1, 2, 3, 4, 5, 6]
    assert [row.number for row in rows if row.person == "p2"] == [1, 2, 3]
    assert [row.kind for row in rows] == ["a", "b", "c", "d"] * 3
