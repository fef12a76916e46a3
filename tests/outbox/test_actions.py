"""The outbox: with the fact or not at all, at least once, never for ever."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from idp.journal.records import JournalEntry
from idp.outbox.actions import LEASE, Undeliverable, back_off, deliver, put
from idp.outbox.records import OutboxRecord
from idp.storage import Database, Transaction

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


class Refused(Exception):
    """The other side did not take it."""


@pytest.fixture
def wide_database(database_url: str) -> Iterator[Database]:
    """A database with a connection for each of 8 threads."""
    database = Database(database_url, pool_size=8)
    yield database
    database.close()


class Post:
    """A handler that remembers what it was given, and refuses while told to."""

    def __init__(self) -> None:
        self.got: list[dict[str, Any]] = []
        self.refusing = False

    def __call__(self, payload: dict[str, Any]) -> None:
        if self.refusing:
            raise Refused(payload)
        self.got.append(payload)


def send(database: Database, number: int = 1, kind: str = "logout", lasts=HOUR) -> None:
    database.transaction(lambda tx: put(tx, kind, {"number": number}, expires_in=lasts))


def outcomes(database: Database) -> list[str | None]:
    statement = select(OutboxRecord.outcome).order_by(OutboxRecord.id)
    return list(database.read(lambda tx: tx.execute(statement).scalars()))


def test_a_message_is_delivered_once_and_done(database: Database) -> None:
    post = Post()
    send(database)
    assert deliver(database, {"logout": post}) == 1
    assert deliver(database, {"logout": post}) == 0
    assert post.got == [{"number": 1}]
    assert outcomes(database) == ["delivered"]


def test_messages_go_out_in_the_order_they_came_in(database: Database) -> None:
    post = Post()
    for number in range(5):
        send(database, number)
    assert deliver(database, {"logout": post}, limit=2) == 2
    assert deliver(database, {"logout": post}) == 3
    assert [payload["number"] for payload in post.got] == [0, 1, 2, 3, 4]


def test_a_fact_that_was_not_committed_sends_nothing(database: Database) -> None:
    def crash(tx: Transaction) -> None:
        put(tx, "logout", {"number": 1}, expires_in=HOUR)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.transaction(crash)
    assert deliver(database, {"logout": Post()}) == 0
    assert outcomes(database) == []


def test_a_refused_message_is_tried_again_later_and_later(database: Database) -> None:
    post = Post()
    post.refusing = True
    send(database)
    for wait in (2, 4, 8):
        assert deliver(database, {"logout": post}) == 0
        database.move_clock((wait - 1) * SECOND)
        post.refusing = False
        assert deliver(database, {"logout": post}) == 0, "not due yet"
        post.refusing = True
        database.move_clock(1 * SECOND)
    post.refusing = False
    assert deliver(database, {"logout": post}) == 1
    assert outcomes(database) == ["delivered"]


def test_the_wait_doubles_up_to_a_quarter_of_an_hour() -> None:
    waits = [back_off(attempt).total_seconds() for attempt in (1, 2, 3, 9, 10, 11, 10_000)]
    assert waits == [2, 4, 8, 512, 900, 900, 900]


def test_one_bad_message_does_not_hold_up_the_others(database: Database) -> None:
    post = Post()

    def picky(payload: dict[str, Any]) -> None:
        if payload["number"] == 0:
            raise KeyError("a bug in the handler")
        post(payload)

    for number in range(3):
        send(database, number)
    assert deliver(database, {"logout": picky}) == 2
    assert outcomes(database) == [None, "delivered", "delivered"]


def test_what_a_failed_message_said_is_not_logged(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post()
    post.refusing = True
    send(database, 987654321)
    deliver(database, {"logout": post})
    assert "Refused" in caplog.text
    assert "987654321" not in caplog.text


def test_a_message_is_not_delivered_after_it_expired(database: Database) -> None:
    post = Post()
    send(database, lasts=10 * SECOND)
    database.move_clock(10 * SECOND)
    assert deliver(database, {"logout": post}) == 0
    assert post.got == []
    assert outcomes(database) == ["expired"]


def test_a_message_nobody_here_handles_is_left_for_another_worker(database: Database) -> None:
    here, there = Post(), Post()
    send(database, 1, kind="withdrawal")
    send(database, 2)
    assert deliver(database, {"logout": here}) == 1
    assert deliver(database, {"withdrawal": there}) == 1
    assert deliver(database, {}) == 0
    assert (here.got, there.got) == ([{"number": 2}], [{"number": 1}])


def test_a_dead_workers_message_is_taken_up_when_its_lease_is_over(database: Database) -> None:
    class KilledError(BaseException):
        """As kill -9: nothing after it runs."""

    def die(_payload: dict[str, Any]) -> None:
        raise KilledError

    post = Post()
    send(database)
    with pytest.raises(KilledError):
        deliver(database, {"logout": die})
    assert deliver(database, {"logout": post}) == 0, "the lease still holds"
    database.move_clock(LEASE)
    assert deliver(database, {"logout": post}) == 1


def test_a_worker_that_lost_its_lease_does_not_undo_what_came_after(database: Database) -> None:
    post = Post()

    def slow_then_failing(_payload: dict[str, Any]) -> None:
        database.move_clock(LEASE)
        assert deliver(database, {"logout": post}) == 1
        raise Refused

    send(database)
    deliver(database, {"logout": slow_then_failing})
    assert outcomes(database) == ["delivered"]
    database.move_clock(HOUR / 2)
    assert deliver(database, {"logout": post}) == 0
    assert len(post.got) == 1


def test_a_worker_that_lost_its_lease_does_not_hurry_the_one_that_has_it(
    database: Database,
) -> None:
    post = Post()
    post.refusing = True

    def slow_then_failing(_payload: dict[str, Any]) -> None:
        database.move_clock(LEASE)
        deliver(database, {"logout": post})  # the second try fails: again in 4 seconds
        raise Refused

    send(database)
    deliver(database, {"logout": slow_then_failing})
    post.refusing = False
    database.move_clock(3 * SECOND)
    assert deliver(database, {"logout": post}) == 0
    database.move_clock(1 * SECOND)
    assert deliver(database, {"logout": post}) == 1


def test_8_workers_deliver_each_message_once(wide_database: Database) -> None:
    got: list[int] = []
    lock = threading.Lock()

    def handler(payload: dict[str, Any]) -> None:
        with lock:
            got.append(payload["number"])

    for number in range(40):
        send(wide_database, number)

    def work(_: int) -> int:
        # A look that lost the race for a message ends that round; the next one goes on.
        return sum(deliver(wide_database, {"logout": handler}) for _ in range(40))

    with ThreadPoolExecutor(8) as pool:
        delivered = sum(pool.map(work, range(8)))
    assert sorted(got) == list(range(40))
    assert delivered == 40


def test_an_empty_outbox_takes_no_write_lock(database: Database) -> None:
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(database.engine, "before_cursor_execute", listen)
    deliver(database, {"logout": Post()})
    assert all(statement.startswith("SELECT") for statement in asked), asked


def journal(database: Database) -> list[tuple[str, dict[str, Any]]]:
    statement = select(JournalEntry.kind, JournalEntry.detail)
    return [(row.kind, row.detail) for row in database.read(lambda tx: tx.execute(statement).all())]


def payloads(database: Database) -> list[dict[str, Any]]:
    statement = select(OutboxRecord.payload).order_by(OutboxRecord.id)
    return list(database.read(lambda tx: tx.execute(statement).scalars()))


def never(_payload: dict[str, Any]) -> None:
    raise Undeliverable("smtp-550")


def test_a_message_that_can_never_be_delivered_ends_and_the_journal_says_why(
    database: Database,
) -> None:
    send(database)
    assert deliver(database, {"logout": never}) == 0
    database.move_clock(HOUR / 2)
    assert deliver(database, {"logout": Post()}) == 0
    assert outcomes(database) == ["undeliverable"]
    assert journal(database) == [
        ("message-undeliverable", {"message": 1, "kind": "logout", "why": "smtp-550"})
    ]


def test_a_worker_that_lost_its_lease_cannot_end_the_message_for_good(database: Database) -> None:
    post = Post()

    def slow_then_refusing(payload: dict[str, Any]) -> None:
        database.move_clock(LEASE)
        assert deliver(database, {"logout": post}) == 1
        never(payload)

    send(database)
    deliver(database, {"logout": slow_then_refusing})
    assert outcomes(database) == ["delivered"]
    assert journal(database) == []


def test_what_is_over_says_no_more_what_it_said(database: Database) -> None:
    send(database, 1)
    send(database, 2, kind="refused")
    send(database, 3, kind="late", lasts=SECOND)
    send(database, 4, kind="waiting")
    database.move_clock(SECOND)
    deliver(database, {"logout": Post(), "refused": never})
    assert payloads(database) == [{}, {}, {}, {"number": 4}]
