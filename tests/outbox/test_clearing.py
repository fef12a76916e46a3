"""What is over leaves the outbox once it has run out; what waits stays."""

from datetime import timedelta

from sqlalchemy import select

from idp.outbox.actions import deliver, put
from idp.outbox.records import OutboxRecord
from idp.storage import Database, Transaction
from idp.storage.clock import Clock
from idp.work import clear


def test_messages_that_are_over_are_forgotten_and_those_that_wait_are_not(
    database_url: str,
) -> None:
    database = Database(database_url, clock=Clock())

    def begin(tx: Transaction) -> None:
        for kind, minutes in (("told", 5), ("told", 90), ("waits", 90)):
            put(tx, kind, {}, expires_in=timedelta(minutes=minutes))

    database.transaction(begin)
    assert deliver(database, {"told": lambda payload: None}) == 2
    assert clear(database) == 0
    database.move_clock(timedelta(minutes=6))
    assert clear(database) == 1
    kept = database.read(lambda tx: tx.execute(select(OutboxRecord.kind)).scalars().all())
    assert sorted(kept) == ["told", "waits"]
    database.move_clock(timedelta(hours=2))
    assert clear(database) == 1  # the one that waits is over only when `deliver` has said so
    deliver(database, {"told": lambda payload: None})
    assert clear(database) == 1
    database.close()
