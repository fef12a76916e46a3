"""Open a database, and run work in one transaction on it.

Both engines run their driver in autocommit; a transaction's BEGIN and COMMIT are sent here,
so that reads cost no round trip for either, SQLite takes its write lock at the start
(`BEGIN IMMEDIATE`), and on PostgreSQL the last writes and the COMMIT travel together.
"""

import sqlite3
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection, CursorResult, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql import Executable

from idp.storage.clock import Clock
from idp.storage.columns import db_now, to_microseconds

T = TypeVar("T")
Parameters = Mapping[str, Any]

ATTEMPTS = 3
RETRYABLE_STATES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
NOW = select(db_now())


class Transaction:
    """One unit of work on one connection, committed as a whole or not at all."""

    def __init__(self, connection: Connection, database: "Database") -> None:
        self.connection = connection
        self._database = database
        self._later: list[tuple[Executable, Parameters | None]] = []
        self._now: datetime | None = None
        self.is_sqlite = database.is_sqlite

    def execute(self, statement: Executable, params: Parameters | None = None) -> CursorResult[Any]:
        """Run a statement now and answer its result."""
        return self.connection.execute(statement, params)

    def write(self, statement: Executable, params: Parameters | None = None) -> None:
        """Keep a write that nobody waits for; it runs, in order, just before the COMMIT.

        On PostgreSQL all of them share the COMMIT's round trip (decision 3). A failure still
        undoes the whole transaction.
        """
        self._later.append((statement, params))

    def now(self) -> datetime:
        """Answer the database's clock, asked once a transaction.

        Hot statements select `db_now()` beside their columns instead.
        """
        if self._now is None:
            if self._database.is_sqlite:
                self._now = self._database.clock.now()
            else:
                self._now = self.connection.execute(NOW).scalar_one()
        return self._now

    def _flush(self) -> None:
        for statement, params in self._later:
            self.connection.execute(statement, params)
        self._later.clear()


class Database:
    """A database by its URL: `sqlite:///FILE` or `postgresql://...`.

    `move_clock` is for sandboxes and tests only.
    """

    def __init__(self, url: str, *, pool_size: int = 8, clock: Clock | None = None) -> None:
        self.url = normalised(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.clock = clock or Clock()
        options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": 5}
        if self.is_sqlite:
            options["connect_args"] = {"check_same_thread": False, "timeout": 5}
        self.engine = create_engine(
            self.url,
            isolation_level="AUTOCOMMIT",
            skip_autocommit_rollback=True,
            pool_reset_on_return=None,
            **options,
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", self._prepare_sqlite)

    def transaction(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one transaction and commit what it wrote.

        A refusal is a value that `work` returns, and what it wrote is kept (decision 4); an
        exception undoes everything and goes on to the caller. Serialisation failures and
        deadlocks are tried again, three times in all, so `work` must be safe to run again.
        """
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(work)
            except Exception as problem:
                if attempt == ATTEMPTS or not _is_retryable(problem):
                    raise
                time.sleep(0.01 * attempt)
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`, which only reads, without a transaction."""
        with self.engine.connect() as connection:
            return work(Transaction(connection, self))

    def now(self) -> datetime:
        """Answer the database's clock."""
        return self.read(lambda tx: tx.now())

    def close(self) -> None:
        """Give every connection back to the engine's server."""
        self.engine.dispose()

    def move_clock(self, by: timedelta) -> None:
        """Move the clock (sandbox and tests): from now on it is `by` later than before."""
        self.clock.offset += by
        if not self.is_sqlite:
            seconds = self.clock.offset.total_seconds()
            with self.engine.connect() as connection:
                connection.exec_driver_sql(
                    "CREATE OR REPLACE FUNCTION idp_now() RETURNS timestamptz LANGUAGE sql "
                    f"STABLE AS $$ SELECT now() + interval '{seconds:f} seconds' $$"
                )

    def _attempt(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if self.is_sqlite else "BEGIN")
            try:
                tx = Transaction(connection, self)
                answer = work(tx)
                self._commit(tx)
            except BaseException:
                _roll_back(connection)
                raise
            return answer

    def _commit(self, tx: Transaction) -> None:
        if self.is_sqlite:
            tx._flush()
            tx.connection.exec_driver_sql("COMMIT")
            return
        driver: Any = tx.connection.connection.driver_connection
        with driver.pipeline():
            tx._flush()
            driver.execute("COMMIT")

    def _prepare_sqlite(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function("idp_now", 0, lambda: to_microseconds(self.clock.now()))


def normalised(url: str) -> URL:
    """Read a database URL; `postgres://` and `postgresql://` mean the psycopg 3 driver."""
    parsed = make_url(url)
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise ValueError("the database URL must start with sqlite:/// or postgresql://")
    return parsed


def _is_retryable(problem: Exception) -> bool:
    original: Any = problem.orig if isinstance(problem, DBAPIError) else problem
    if getattr(original, "sqlstate", None) in RETRYABLE_STATES:
        return True
    return isinstance(original, sqlite3.OperationalError) and "locked" in str(original)


def _roll_back(connection: Connection) -> None:
    try:
        connection.exec_driver_sql("ROLLBACK")
    except Exception:  # noqa: BLE001 - the connection is broken: never hand it on
        connection.invalidate()
