"""A journal for tests: write entries, seal, verify, and do to it what nobody should."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from idp.journal.actions import Entry, record
from idp.journal.report import Report
from idp.journal.sealer import seal
from idp.journal.verification import verify
from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction

ISSUER = "https://id.example.test"
PEOPLE = ["sian", "tom", None, "margaret"]


class Ledger:
    """A database, a keyring and a checkpoint file."""

    def __init__(self, database: Database, keys: Path, file: Path) -> None:
        self.database = database
        self.keys = file.with_name("keys")
        if not self.keys.exists():
            shutil.copytree(keys, self.keys)
        self.keyring = Keyring(self.keys, database.clock)
        self.file = file

    def write(self, count: int = 1) -> list[str]:
        """Record so many entries, each in its own transaction."""
        return [self.database.transaction(partial(self.entry, number=n)) for n in range(count)]

    def entry(self, tx: Transaction, number: int = 0) -> str:
        """Record an entry in a transaction of the caller's."""
        person = PEOPLE[number % len(PEOPLE)]
        actor = "sian" if number % 3 else None
        detail = {"z": number, "a": "Siân £", "level": {"to": "P2.C2"}} if number % 5 else {}
        return record(tx, Entry(kind="test.done", person=person, actor=actor, detail=detail))

    def seal(self, limit: int = 2_000) -> int:
        """Take one step of the sealer."""
        return seal(self.database, self.keyring, self.file, ISSUER, limit)

    def verify(self) -> Report:
        """Verify all of it."""
        return verify(self.database, self.keyring, self.file)

    def value(self, sql: str) -> Any:
        """Ask for one value."""
        return self.database.read(lambda tx: tx.connection.exec_driver_sql(sql).scalar())

    def run(self, *statements: str) -> None:
        """Do what nobody should, past every guard of the database."""
        with self.unguarded() as connection:
            for sql in statements:
                connection.exec_driver_sql(sql)

    @contextmanager
    def unguarded(self) -> Iterator[Connection]:
        """A transaction in which nothing is refused."""
        with self.database.engine.connect() as connection:
            if self.database.is_sqlite:
                connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
            else:
                connection.exec_driver_sql(
                    "ALTER TABLE journal_leaf DROP CONSTRAINT IF EXISTS fk_journal_leaf_entry_id"
                )
            connection.exec_driver_sql("BEGIN")
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            finally:
                if self.database.is_sqlite:
                    connection.exec_driver_sql("PRAGMA foreign_keys = ON")

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()
