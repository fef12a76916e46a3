"""Put a message in with the fact it tells of, and deliver it after the commit.

At least once: a message is done only when its handler has returned and that is committed, so
whoever takes messages must bear the same one twice. A worker that dies with a message in hand
loses its lease, and the next one takes the message up. What is over keeps no payload.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, insert, literal, null, select, update

from idp.journal.actions import Entry, record
from idp.outbox.records import OutboxRecord
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration

Handler = Callable[[dict[str, Any]], None]

# Longer than any handler may take: the egress gate gives up after 5 seconds.
LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=2)
LONGEST_RETRY = timedelta(minutes=15)
NOW = timedelta(0)

DELIVERED = "delivered"
EXPIRED = "expired"
UNDELIVERABLE = "undeliverable"

log = logging.getLogger("idp.outbox")


class Undeliverable(Exception):
    """What a handler raises when no later try would help: the message ends, and is journaled.

    The text is a short code for the journal and the log; it holds nothing of the message.
    """


_ID = OutboxRecord.id == bindparam("message")
_WAITING = OutboxRecord.done_at.is_(None)
_KINDS = OutboxRecord.kind.in_(bindparam("kinds", expanding=True))
# inline: no RETURNING of the new id, for nobody waits for it (see Transaction.write).
_PUT = (
    insert(OutboxRecord)
    .values(
        kind=bindparam("kind"),
        payload=bindparam("payload"),
        created_at=db_now(),
        due_at=db_now() + bindparam("after", type_=Duration()),
        expires_at=db_now() + bindparam("expires_in", type_=Duration()),
        attempts=0,
        done_at=null(),
        outcome=null(),
    )
    .inline()
)
_DUE = (
    select(OutboxRecord.id)
    .where(_WAITING, _KINDS, OutboxRecord.due_at <= db_now(), OutboxRecord.expires_at > db_now())
    .order_by(OutboxRecord.due_at, OutboxRecord.id)
    .limit(1)
)
_CLAIM = (
    update(OutboxRecord)
    # Two workers never wait for one another's message; SQLite has one writer and ignores this.
    .where(OutboxRecord.id == _DUE.with_for_update(skip_locked=True).scalar_subquery())
    .values(
        due_at=db_now() + bindparam("lease", LEASE, type_=Duration()),
        attempts=OutboxRecord.attempts + 1,
    )
    .returning(OutboxRecord.id, OutboxRecord.kind, OutboxRecord.payload, OutboxRecord.attempts)
)
_HELD = (_ID, _WAITING, OutboxRecord.attempts == bindparam("attempt"))
# What is over has no more use for what it said, and may have said it to one person only.
_OVER = {"done_at": db_now(), "payload": literal({}, OutboxRecord.payload.type)}
_DONE = update(OutboxRecord).where(*_HELD).values(**_OVER, outcome=bindparam("outcome"))
_AGAIN = (
    update(OutboxRecord)
    .where(*_HELD)
    .values(due_at=db_now() + bindparam("back_off", type_=Duration()))
)
_EXPIRE = (
    update(OutboxRecord)
    .where(_WAITING, OutboxRecord.expires_at <= db_now())
    .values(**_OVER, outcome=literal(EXPIRED))
)
_ANY_EXPIRED = select(OutboxRecord.id).where(_WAITING, OutboxRecord.expires_at <= db_now()).limit(1)


def put(
    tx: Transaction,
    kind: str,
    payload: Mapping[str, Any],
    *,
    expires_in: timedelta,
    after: timedelta = NOW,
) -> None:
    """Put a message in with this transaction's commit; it is worth delivering for `expires_in`,
    and not delivered before `after`.

    `payload` is JSON and holds references; a secret in it is sealed. It is emptied when the
    message is over.
    """
    values = {"kind": kind, "payload": dict(payload), "expires_in": expires_in, "after": after}
    tx.write(_PUT, values)


def deliver(database: Database, handlers: Mapping[str, Handler], limit: int = 100) -> int:
    """Deliver what is due, at most `limit` messages; answer how many were delivered.

    A handler that returns has delivered; one that raises, whatever it raises, is tried again
    after 2, 4, 8 ... seconds, at most 15 minutes apart, until the message expires. One that
    raises `Undeliverable` ends it. Kinds without a handler are left to another worker. Safe to
    run in any number of workers at once.
    """
    if database.read(lambda tx: tx.execute(_ANY_EXPIRED).first()):
        database.transaction(lambda tx: tx.execute(_EXPIRE))
    delivered = 0
    for _ in range(limit):
        message = _claim(database, list(handlers))
        if message is None:
            break
        delivered += _hand_over(database, handlers[message.kind], message)
    return delivered


def back_off(attempt: int) -> timedelta:
    """Answer how long to wait after the `attempt`th try (from 1) has failed."""
    doublings = min(attempt - 1, 20)  # far past the longest wait, and no number too big to hold
    return min(FIRST_RETRY * (1 << doublings), LONGEST_RETRY)


def _claim(database: Database, kinds: list[str]) -> Any:
    # A look first: an empty outbox then costs no write lock, however often it is asked.
    if database.read(lambda tx: tx.execute(_DUE, {"kinds": kinds}).first()) is None:
        return None
    return database.transaction(lambda tx: tx.execute(_CLAIM, {"kinds": kinds}).first())


def _hand_over(database: Database, handler: Handler, message: Any) -> bool:
    held = {"message": message.id, "attempt": message.attempts}
    try:
        handler(message.payload)
    except Undeliverable as never:
        why = str(never)
        log.warning("message %s (%s) cannot be delivered: %s", message.id, message.kind, why)
        database.transaction(lambda tx: _give_up(tx, held, message.kind, why))
        return False
    except Exception as problem:  # noqa: BLE001 - one bad message must not stop the others
        wait = back_off(message.attempts)
        # The kind of problem only: its text may quote what the other side was sent.
        name = type(problem).__name__
        log.warning("message %s (%s) not delivered: %s", message.id, message.kind, name)
        database.transaction(lambda tx: tx.execute(_AGAIN, held | {"back_off": wait}))
        return False
    database.transaction(lambda tx: tx.execute(_DONE, held | {"outcome": DELIVERED}))
    return True


def _give_up(tx: Transaction, held: Mapping[str, Any], kind: str, why: str) -> None:
    ended = tx.execute(_DONE, {**held, "outcome": UNDELIVERABLE})
    if ended.rowcount:  # whoever holds the message by now has the say
        detail = {"message": held["message"], "kind": kind, "why": why}
        record(tx, Entry(kind="message-undeliverable", detail=detail))
