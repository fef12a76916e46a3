"""A notice goes out with the fact it tells of, and its row gives nothing away."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from idp.keyring.ring import Keyring, prepare
from idp.notices.actions import MESSAGES, Contact, Notice, send, unseal
from idp.outbox.records import OutboxRecord
from idp.storage import Database
from idp.storage.clock import Clock
from tests.notices.conftest import SIAN, Office, values_of
from tests.rig.post import Post

PHONE = Contact("text", "+447700900123")


@pytest.fixture(scope="module")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    folder = tmp_path_factory.mktemp("keys") / "keys"
    prepare(folder, Clock().now())
    return Keyring(folder, Clock())


@pytest.fixture
def plain(sqlite_url: str) -> Iterator[Database]:
    database = Database(sqlite_url)
    yield database
    database.close()


def put_in(database: Database, keyring: Keyring, notice: Notice, contact: Contact) -> None:
    database.transaction(lambda tx: send(tx, keyring, contact, notice, values_of(notice)))


def rows(database: Database) -> list[Any]:
    columns = OutboxRecord.__table__.c
    return database.read(lambda tx: tx.execute(select(*columns)).all())


@pytest.mark.parametrize("contact", [SIAN, PHONE])
def test_the_row_shows_the_channel_and_nothing_else(
    plain: Database, keyring: Keyring, contact: Contact
) -> None:
    for notice in Notice:
        put_in(plain, keyring, notice, contact)
    for row, notice in zip(rows(plain), Notice, strict=True):
        text = json.dumps([str(value) for value in row])
        assert row.kind == MESSAGES[contact.channel]
        assert set(row.payload) == {"sealed"}
        for secret in (contact.address, notice.value, *values_of(notice).values()):
            assert secret not in text or len(secret) < 6, secret
        opened = unseal(keyring, row.payload)
        assert (opened.contact, opened.notice) == (contact, notice)
        assert opened.values == values_of(notice)


def test_a_code_is_worth_sending_as_long_as_it_works_and_news_for_days(
    plain: Database, keyring: Keyring
) -> None:
    for notice in (Notice.RESET_CODE, Notice.WAY_BACK_BEGUN):
        put_in(plain, keyring, notice, SIAN)
    code, news = rows(plain)
    second = timedelta(seconds=1)  # SQLite's clock is asked twice
    assert abs(code.expires_at - code.created_at - timedelta(minutes=15)) < second
    assert abs(news.expires_at - news.created_at - timedelta(days=3)) < second


@pytest.mark.parametrize(
    ("notice", "change"),
    [
        (Notice.SIGNED_UP, {"number": "a number that is none of its business"}),
        (Notice.METHOD_ADDED, {"method": "carrier pigeon"}),
        (Notice.WAY_BACK_BEGUN, {"link": "https://elsewhere.example/stop"}),
        (Notice.WAY_BACK_BEGUN, {"link": "//elsewhere.example/stop"}),
        (Notice.WAY_BACK_BEGUN, {"link": "/\\elsewhere.example/stop"}),
    ],
)
def test_what_a_notice_does_not_take_is_a_programmers_mistake(
    plain: Database, keyring: Keyring, notice: Notice, change: dict[str, str]
) -> None:
    with pytest.raises(ValueError, match=notice.value):
        plain.transaction(
            lambda tx: send(tx, keyring, SIAN, notice, {**values_of(notice), **change})
        )
    with pytest.raises(ValueError, match=notice.value):
        plain.transaction(lambda tx: send(tx, keyring, SIAN, notice, {}))
    assert rows(plain) == []


def test_a_notice_sealed_under_a_lost_key_ends_at_once(
    office: Office, post: Post, keyring: Keyring
) -> None:
    told = values_of(Notice.SIGNED_UP)
    office.database.transaction(lambda tx: send(tx, keyring, SIAN, Notice.SIGNED_UP, told))
    assert office.deliver() == 0
    assert [row.outcome for row in rows(office.database)] == ["undeliverable"]
    assert post.mails == []


def test_a_text_message_waits_for_a_worker_that_can_send_it(
    office: Office, post: Post, tmp_path: Path
) -> None:
    office.send(contact=PHONE)
    assert office.deliver() == 0
    assert [row.outcome for row in rows(office.database)] == [None]
    office.set(text_driver="console", sandbox=True)
    assert office.deliver() == 1
    (line,) = (tmp_path / "text-messages.jsonl").read_text().splitlines()
    told = json.loads(line)
    assert told["to"] == PHONE.address
    assert "314159" in told["text"]
    assert (tmp_path / "text-messages.jsonl").stat().st_mode & 0o077 == 0
    assert post.mails == []


def test_a_log_is_not_who_a_code_is_for(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    office.set(text_driver="console")
    office.send(contact=PHONE)
    assert office.deliver() == 1
    assert "only logged, not sent" in caplog.text
    for secret in ("314159", PHONE.address, PHONE.address[-6:]):
        assert secret not in caplog.text
    assert not (tmp_path / "text-messages.jsonl").exists()
