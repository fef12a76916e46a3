"""Open a database, and run work in one transaction on it.

Both engines run their driver in autocommit, so that a read costs no BEGIN and no COMMIT. How a
transaction travels is in `wires`; how a statement reaches the driver, in `statements`.
"""

import random
import sqlite3
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, CursorResult, create_engine, event, select
from sqlalchemy.dialects.postgresql.psycopg import dialect as psycopg_dialect
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.sql import Executable

from idp.storage.clock import Clock
from idp.storage.columns import db_now, to_microseconds
from idp.storage.statements import Parameters, Rows, Statements
from idp.storage.wires import PostgresWire, SqliteWire, Wire

T = TypeVar("T")

ATTEMPTS = 3
RETRYABLE_STATES = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected
DRIVER_ERRORS = (sqlite3.Error, psycopg.Error)
STATEMENTS_PREPARED = 500  # on each connection: more than there are
NOW = select(db_now())


class Transaction:
    """One unit of work on one connection, committed as a whole or not at all."""

    def __init__(
        self, connection: Connection, database: "Database", *, writes: bool = True
    ) -> None:
        self._writes = writes
        self._connection = connection
        self._database = database
        self._wire = database.wire(connection)
        self._later: list[tuple[Executable, Parameters | None]] = []
        self._now: datetime | None = None
        self.is_sqlite = database.is_sqlite

    @property
    def connection(self) -> Connection:
        """SQLAlchemy's connection, for the little that `execute` cannot do."""
        self._wire.pause()
        return self._connection

    def execute(self, statement: Executable, params: Parameters | None = None) -> Rows:
        """Run a statement now and answer its rows."""
        compiled = self._database.statements.find(statement, params)
        if compiled is None:
            return rows_of(self.connection.execute(statement, params))
        values = compiled.bind(params)
        try:
            return self._wire.run(compiled, values)
        except DRIVER_ERRORS as problem:
            raise self._database.named(problem, compiled.text) from problem

    def write(self, statement: Executable, params: Parameters | None = None) -> None:
        """Keep a write that nobody waits for; it runs, in order, just before the COMMIT.

        On PostgreSQL all of them share the COMMIT's round trip (decision 3). A failure still
        undoes the whole transaction. Raises `RuntimeError` in a `Database.read`, which never
        commits.
        """
        if not self._writes:
            raise RuntimeError("a write needs a transaction")
        self._later.append((statement, params))

    def now(self) -> datetime:
        """Answer the database's clock, asked once a transaction.

        Hot statements select `db_now()` beside their columns instead.
        """
        if self._now is None:
            if self.is_sqlite:
                self._now = self._database.clock.now()
            else:
                self._now = self.execute(NOW).scalar_one()
        return self._now

    def process_now(self) -> datetime:
        """Answer this process's clock: for what is judged with a minute's skew, like a JWT."""
        return self._database.clock.now()

    def begin(self) -> None:
        """Begin. Only `Database` calls this, and the next two."""
        self._wire.begin()

    def commit(self) -> None:
        """Run what was kept for the end, and commit."""
        try:
            for statement, params in self._later:
                compiled = self._database.statements.find(statement, params)
                if compiled is None:
                    self.connection.execute(statement, params)
                else:
                    self._wire.send(compiled, compiled.bind(params))
            self._wire.commit()
        except DRIVER_ERRORS as problem:
            raise self._database.named(problem, "the writes before COMMIT") from problem

    def roll_back(self) -> None:
        """Undo everything; a connection on which that fails is never handed on."""
        try:
            self._wire.roll_back()
        except DRIVER_ERRORS:
            self._connection.invalidate()
            # A server that was restarted has closed the others too: all are opened anew.
            self._database.engine.dispose()


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
            hide_parameters=True,  # an error's message goes to the log: no digests, no names
            **options,
        )
        # The form in which the server itself takes parameters spares the driver a translation.
        own: Callable[..., Dialect] = psycopg_dialect
        self.statements = Statements(
            self.engine.dialect if self.is_sqlite else own(paramstyle="numeric_dollar")
        )
        prepare = self._prepare_sqlite if self.is_sqlite else self._prepare_postgresql
        event.listen(self.engine, "connect", prepare)

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
                # Whoever lost a deadlock stays away until the winner has woken and taken the row:
                # else the loser is back first, and the same two meet again until tries run out.
                time.sleep(random.uniform(0.02, 0.06) * attempt)  # noqa: S311
        raise AssertionError("unreachable")

    def read(self, work: Callable[[Transaction], T]) -> T:
        """Run `work`, which only reads, without a transaction."""
        with self.engine.connect() as connection:
            tx = Transaction(connection, self, writes=False)
            try:
                return work(tx)
            except DBAPIError:
                tx.roll_back()  # finds out whether the connection is still of use
                raise

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

    def wire(self, connection: Connection) -> Wire:
        """Answer the driver behind a connection."""
        return SqliteWire(connection) if self.is_sqlite else PostgresWire(connection)

    def named(self, problem: Exception, statement: str) -> Exception:
        """Give a driver's error the name SQLAlchemy knows it by; parameters stay out of it."""
        dialect: Any = self.engine.dialect
        error: Exception = DBAPIError.instance(
            statement, None, problem, dialect.dbapi.Error, hide_parameters=True, dialect=dialect
        )
        return error

    def _attempt(self, work: Callable[[Transaction], T]) -> T:
        with self.engine.connect() as connection:
            tx = Transaction(connection, self)
            try:
                tx.begin()
                answer = work(tx)
                tx.commit()
            except BaseException:
                tx.roll_back()
                raise
            return answer

    def _prepare_sqlite(self, connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.create_function("idp_now", 0, lambda: to_microseconds(self.clock.now()))

    def _prepare_postgresql(self, connection: psycopg.Connection[Any], _record: object) -> None:
        connection.prepared_max = STATEMENTS_PREPARED


def normalised(url: str) -> URL:
    """Read a database URL; `postgres://` and `postgresql://` mean the psycopg 3 driver."""
    try:
        parsed = make_url(url)
    except ArgumentError as problem:
        raise ValueError("the database URL cannot be read") from problem
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise ValueError("the database URL must start with sqlite:/// or postgresql://")
    return parsed


def rows_of(result: CursorResult[Any]) -> Rows:
    """Read the whole of a result of SQLAlchemy's."""
    if not result.returns_rows:
        return Rows((), (), result.rowcount)
    return Rows(tuple(result.keys()), result.all(), result.rowcount)


def _is_retryable(problem: Exception) -> bool:
    original: Any = problem.orig if isinstance(problem, DBAPIError) else problem
    if getattr(original, "sqlstate", None) in RETRYABLE_STATES:
        return True
    return isinstance(original, sqlite3.OperationalError) and "locked" in str(original)
