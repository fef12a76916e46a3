"""A session of an account, as the pages hold it, for tests of what is done in one."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from sqlalchemy import select

from idp.authentication import sessions
from idp.authentication.sessions import SessionFacts
from idp.journal.records import JournalEntry
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_token
from idp.notices.actions import Notice, unseal
from idp.outbox.records import OutboxRecord
from idp.storage import Database, Transaction

T = TypeVar("T")

# For tests whose every statement is run on both engines by others.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ONE_ENGINE_SITE = pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)


class Browser:
    """A browser that is signed in to one account."""

    def __init__(self, database: Database, keyring: Keyring, account_ref: str) -> None:
        self.database, self.keyring, self.account_ref = database, keyring, account_ref
        self.secret = random_token()  # what binds forms and challenges to this browser
        self.session_ref, self.session_secret = self.do(
            lambda tx: sessions.start(tx, account_ref, {"password": 1}, tx.now())
        )

    def do(self, work: Callable[[Transaction], T]) -> T:
        return self.database.transaction(work)

    @property
    def session(self) -> SessionFacts:
        found = self.find()
        assert found is not None
        return found

    def find(self) -> SessionFacts | None:
        return self.database.read(lambda tx: sessions.find(tx, self.session_secret))

    def rows(self, table: Any, **where: Any) -> list[Any]:
        statement = select(table.__table__).filter_by(**where)
        return self.database.read(lambda tx: list(tx.execute(statement).mappings()))

    def journal(self) -> list[str]:
        return [row["kind"] for row in self.rows(JournalEntry)]

    def told(self) -> list[tuple[str, Notice, dict[str, str]]]:
        """To which address each notice goes, and what it says."""
        notices = [
            unseal(self.keyring, row["payload"])
            for row in self.rows(OutboxRecord)
            if row["kind"].startswith("notice-")
        ]
        return [(one.contact.address, one.notice, dict(one.values)) for one in notices]
