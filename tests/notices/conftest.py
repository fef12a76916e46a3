"""A post office, and a worker that delivers to it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from idp.keyring.ring import Keyring, prepare
from idp.notices import delivery
from idp.notices.actions import Contact, Notice, send
from idp.notices.rules import NEEDS
from idp.outbox.actions import Handler, deliver
from idp.policy.files import packaged_directory
from idp.settings import Settings
from idp.storage import Database
from tests.rig.post import Post

ISSUER = "https://id.example.test"
SIAN = Contact("email", "sian@example.test")
VALUES = {
    "account": "sian@example.test", "code": "314159", "minutes": "15", "method": "passkey",
    "when": "2030-06-01T12:00:00+00:00", "link": "/way-back/stop/a-token",
    "contact": "s•••@e•••.test, ••• 23", "organisation": "Example & Co", "helper": "Sian Hughes",
    "services": "Tax, Library", "until": "2030-08-31", "reference": "K7QF-2MXB",
}  # fmt: skip


def values_of(notice: Notice, **more: str) -> dict[str, str]:
    """What a notice must be told."""
    return {name: value for name, value in (VALUES | more).items() if name in NEEDS[notice]}


@dataclass
class Office:
    """One worker: a database, keys, settings, and what delivers its notices."""

    database: Database
    keyring: Keyring
    settings: Settings
    _handlers: Mapping[str, Handler] | None = field(default=None)

    def set(self, **more: Any) -> None:
        """Start over with other settings."""
        self.settings = replace(self.settings, **more)
        self._handlers = None

    def send(
        self, notice: Notice = Notice.ADDRESS_CODE, contact: Contact = SIAN, **values: str
    ) -> None:
        """Send a notice with a fact of its own."""
        told = values_of(notice, **values)
        self.database.transaction(lambda tx: send(tx, self.keyring, contact, notice, told))

    def deliver(self) -> int:
        """Do what the worker does in one round."""
        if self._handlers is None:
            now = self.database.clock.now
            self._handlers = delivery.handlers(self.settings, self.keyring, now)
        return deliver(self.database, self._handlers)


@pytest.fixture
def post() -> Iterator[Post]:
    """A post office that takes everything."""
    post = Post().start()
    yield post
    post.stop()


@pytest.fixture
def make_post() -> Iterator[Callable[..., Post]]:
    """Open post offices of other kinds; they are closed afterwards."""
    made: list[Post] = []

    def make(**how: Any) -> Post:
        made.append(Post(**how).start())
        return made[-1]

    yield make
    for one in made:
        one.stop()


def open_office(database: Database, database_url: str, folder: Path, port: int) -> Office:
    """Make keys and settings for a worker that hands its mail to a port of this machine."""
    prepare(folder / "keys", database.clock.now())
    settings = Settings(
        issuer=ISSUER,
        database_url=database_url,
        keys=folder / "keys",
        policies=packaged_directory(),
        data=folder,
        smtp_host="127.0.0.1",
        smtp_port=port,
        smtp_security="none",
        mail_from="Gatehouse <no-reply@id.example.test>",
    )
    assert settings.problems() == []
    return Office(database, Keyring(settings.keys, database.clock), settings)


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, post: Post) -> Iterator[Office]:
    """A worker that hands its mail to `post`. What the mail server says is no engine's business."""
    database = Database(sqlite_url)
    yield open_office(database, sqlite_url, tmp_path, post.port)
    database.close()


@pytest.fixture
def any_office(database: Database, database_url: str, tmp_path: Path, post: Post) -> Office:
    """The same on one engine after the other."""
    return open_office(database, database_url, tmp_path, post.port)
