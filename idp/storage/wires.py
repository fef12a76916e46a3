"""The two drivers, each doing one transaction's work over one connection.

Both run in autocommit; BEGIN and COMMIT are sent here. SQLite takes its write lock at the start
(`BEGIN IMMEDIATE`). On PostgreSQL a whole transaction is one pipeline: BEGIN travels with the
first statement, and the writes nobody waits for travel with the COMMIT (decision 3).
"""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from typing import Any, Protocol

import psycopg
from sqlalchemy import Connection

from idp.storage.statements import Compiled, Rows


class Wire(Protocol):
    """One connection's driver."""

    def begin(self) -> None:
        """Begin a transaction; nobody waits for the answer where that can be spared."""

    def run(self, compiled: Compiled, values: Sequence[Any]) -> Rows:
        """Run a statement and answer its rows."""

    def send(self, compiled: Compiled, values: Sequence[Any]) -> None:
        """Run a statement; its failure shows at `commit` at the latest."""

    def pause(self) -> None:
        """Wait for all that was sent, and leave the connection to SQLAlchemy for a while."""

    def commit(self) -> None:
        """Commit, and wait until it is done."""

    def roll_back(self) -> None:
        """Undo everything. Raises the driver's error when the connection is broken."""


class SqliteWire:
    """Python's own sqlite3."""

    def __init__(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver: sqlite3.Connection = driver

    def begin(self) -> None:
        self._driver.execute("BEGIN IMMEDIATE")

    def run(self, compiled: Compiled, values: Sequence[Any]) -> Rows:
        cursor = self._driver.execute(compiled.text, values)
        return compiled.read(cursor.fetchall(), cursor.rowcount)

    def send(self, compiled: Compiled, values: Sequence[Any]) -> None:
        self._driver.execute(compiled.text, values)

    def pause(self) -> None:
        pass

    def commit(self) -> None:
        self._driver.execute("COMMIT")

    def roll_back(self) -> None:
        if self._driver.in_transaction:
            self._driver.execute("ROLLBACK")


class PostgresWire:
    """psycopg, with statements already in the server's own form (`$1`)."""

    _synced: psycopg.Pipeline

    def __init__(self, connection: Connection) -> None:
        driver: Any = connection.connection.driver_connection
        self._driver: psycopg.Connection[Any] = driver
        self._pipeline: AbstractContextManager[psycopg.Pipeline] | None = None
        info = connection.connection.info
        cursor = info.get("cursor")
        if cursor is None:
            cursor = info["cursor"] = psycopg.RawCursor(driver)
        self._cursor: psycopg.RawCursor[Any] = cursor

    def begin(self) -> None:
        self._enter()
        self._cursor.execute(b"BEGIN")

    def run(self, compiled: Compiled, values: Sequence[Any]) -> Rows:
        cursor = self._cursor
        cursor.execute(compiled.data, values, prepare=True)
        if compiled.returns_rows:
            found = cursor.fetchall()
        else:
            found = []
            if self._pipeline is not None:
                self._synced.sync()
        return compiled.read(found, cursor.rowcount)

    def send(self, compiled: Compiled, values: Sequence[Any]) -> None:
        self._enter()
        self._cursor.execute(compiled.data, values, prepare=True)

    def pause(self) -> None:
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.__exit__(None, None, None)

    def commit(self) -> None:
        self._cursor.execute(b"COMMIT")
        self.pause()

    def roll_back(self) -> None:
        with suppress(psycopg.Error):  # what failed is on its way to the caller already
            self.pause()
        self._cursor.execute(b"ROLLBACK")

    def _enter(self) -> None:
        if self._pipeline is None:
            self._pipeline = self._driver.pipeline()
            self._synced = self._pipeline.__enter__()
