"""A transaction is kept as a whole or not at all, on both engines."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import bindparam, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from idp.signin.records import ParkedRequestRecord as Parked
from idp.storage import Database, Transaction, UtcDateTime

TIME = datetime(2030, 6, 1, 12, tzinfo=UTC)
PUT = insert(Parked)


def row(key: str) -> dict[str, object]:
    return {"id_digest": key, "request": {}, "expires_at": TIME}


def put(database: Database, key: str) -> None:
    database.transaction(lambda tx: tx.execute(PUT, row(key)))


def keys(database: Database) -> list[str]:
    return sorted(database.read(lambda tx: tx.execute(select(Parked.id_digest)).scalars()))


def test_what_is_written_now_and_later_is_committed_together(database: Database) -> None:
    for turn in range(3):

        def work(tx: Transaction, turn: int = turn) -> str:
            tx.write(PUT, row(f"{turn}-later"))
            tx.execute(PUT, row(f"{turn}-now"))
            return "answer"

        assert database.transaction(work) == "answer"
    assert keys(database) == ["0-later", "0-now", "1-later", "1-now", "2-later", "2-now"]


@pytest.mark.parametrize("warm", [False, True])
def test_an_error_undoes_everything_and_the_connection_goes_on(
    database: Database, *, warm: bool
) -> None:
    if warm:
        database.transaction(lambda tx: tx.execute(PUT, row("a")))
        database.transaction(lambda tx: tx.execute(PUT, row("b")))

    def work(tx: Transaction) -> None:
        tx.execute(PUT, row("c"))
        tx.write(PUT, row("d"))
        raise KeyError("a surprise")

    before = keys(database)
    for _ in range(3):
        with pytest.raises(KeyError, match="a surprise"):
            database.transaction(work)
    assert keys(database) == before
    database.transaction(lambda tx: tx.execute(PUT, row("e")))
    assert keys(database) == [*before, "e"]


def test_a_late_write_that_fails_undoes_all(database: Database) -> None:
    database.transaction(lambda tx: tx.execute(PUT, row("there")))

    def work(tx: Transaction) -> None:
        tx.execute(PUT, row("new"))
        tx.write(PUT, row("there"))
        tx.write(PUT, row("newer"))

    for _ in range(3):  # by SQLAlchemy, then by the driver
        with pytest.raises(DBAPIError):
            database.transaction(work)
        assert keys(database) == ["there"]


def test_a_read_keeps_no_write_for_later(database: Database) -> None:
    with pytest.raises(RuntimeError, match="a write needs a transaction"):
        database.read(lambda tx: tx.write(PUT, row("lost")))


def test_sqlalchemys_own_connection_stays_in_the_transaction(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(PUT, row("a"))
        tx.connection.execute(PUT, [row("b"), row("c")])
        tx.execute(PUT, row("d"))
        raise KeyError

    for _ in range(3):
        with pytest.raises(KeyError):
            database.transaction(work)
    assert keys(database) == []


def test_serialisation_failures_and_deadlocks_are_tried_again(pg_url: str) -> None:
    database = Database(pg_url)
    for key in ("a", "b"):
        put(database, key)
    change = update(Parked).where(Parked.id_digest == bindparam("key")).values(used_at=TIME)
    both = threading.Barrier(2)
    tries: list[str] = []

    def cross(first: str, second: str) -> None:
        def work(tx: Transaction) -> None:
            tries.append(first)
            tx.execute(change, {"key": first})
            if len(tries) <= 2:
                both.wait(60)
            tx.execute(change, {"key": second})

        database.transaction(work)

    threads = [threading.Thread(target=cross, args=pair) for pair in (("a", "b"), ("b", "a"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(tries) >= 3  # the loser of the deadlock began again; on a busy machine, once more
    used = database.read(lambda tx: tx.execute(select(Parked.used_at)).scalars().all())
    assert used == [TIME, TIME]
    database.close()


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_after_three_tries_the_failure_is_told(pg_url: str, state: str) -> None:
    database = Database(pg_url)
    fail = text(f"DO $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = '{state}'; END $$")
    tries = []

    def work(tx: Transaction) -> None:
        tries.append(1)
        tx.execute(PUT, row("x"))
        tx.execute(fail)

    with pytest.raises(DBAPIError):
        database.transaction(work)
    assert len(tries) == 3
    assert keys(database) == []
    database.close()


def test_another_error_is_not_tried_again(database: Database) -> None:
    tries = []

    def work(tx: Transaction) -> None:
        tries.append(1)
        tx.execute(PUT, row("x"))
        tx.execute(PUT, row("x"))

    with pytest.raises(DBAPIError):
        database.transaction(work)
    assert len(tries) == 1


def test_a_connection_that_was_cut_is_not_handed_on(pg_url: str) -> None:
    database, other = Database(pg_url), Database(pg_url)
    kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    for _ in range(3):
        assert keys(database) == []
        other.read(lambda tx: tx.execute(kill).all())
        with pytest.raises(DBAPIError):
            keys(database)
    with pytest.raises(DBAPIError):
        database.transaction(lambda tx: other.read(lambda o: o.execute(kill).all()))
    database.transaction(lambda tx: tx.execute(PUT, row("works")))
    assert keys(database) == ["works"]
    for each in (database, other):
        each.close()


MOMENTS = some.datetimes(
    min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=some.timezones(),
)  # fmt: skip


@given(MOMENTS)
def test_a_moment_comes_back_as_it_was(moment: datetime) -> None:
    kind = UtcDateTime()
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        stored = kind.process_bind_param(moment, dialect)
        back = kind.process_result_value(stored, dialect)
        assert back == moment.astimezone(UTC)  # zones compare unequal in a repeated hour
        assert back is not None
        assert back.utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "moment",
    [TIME + timedelta(microseconds=1), datetime(1900, 1, 1, tzinfo=UTC),
     datetime(9999, 12, 30, 23, 59, 59, 999999, tzinfo=UTC)],
)  # fmt: skip
def test_a_moment_is_stored_to_the_microsecond(database: Database, moment: datetime) -> None:
    for _ in range(2):
        database.transaction(lambda tx: tx.execute(PUT, {**row("m"), "expires_at": moment}))
        assert database.read(lambda tx: tx.execute(select(Parked.expires_at)).scalar()) == moment
        database.transaction(lambda tx: tx.execute(delete(Parked)))


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(TIME.replace(tzinfo=None), sqlite.dialect())


def test_the_moved_clock_is_the_one_that_statements_read(database: Database) -> None:
    before = database.now()
    database.move_clock(timedelta(days=400))
    after = database.now()
    assert timedelta(days=400) <= after - before < timedelta(days=400, minutes=5)
    inside = database.transaction(lambda tx: (tx.now(), tx.now(), tx.process_now()))
    assert inside[0] == inside[1]
    assert abs(inside[2] - inside[0]) < timedelta(seconds=5)


def test_sqlite_is_opened_so_that_a_commit_lasts(sqlite_url: str) -> None:
    database = Database(sqlite_url)

    def pragma(tx: Transaction, name: str) -> object:
        return tx.execute(text(f"PRAGMA {name}")).scalar()

    found = database.read(
        lambda tx: {
            name: pragma(tx, name)
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    )
    full = 2
    assert found == {
        "journal_mode": "wal", "synchronous": full, "foreign_keys": 1, "busy_timeout": 5000,
    }  # fmt: skip
    database.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite+aiosqlite:///x", "postgresql+asyncpg://x"])
def test_an_engine_we_do_not_know_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must start with"):
        Database(url)
