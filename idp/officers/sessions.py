"""Sessions at the console: 12 hours at most, over after 30 minutes without use.

The browser holds a 256-bit secret; the database only its digest. A session is alive while its
officer is: the one statement that finds it asks that too.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, insert, select, update

from idp.keyring.sealing import digest, random_ref, random_token
from idp.officers.records import OfficerRecord, OfficerSessionRecord
from idp.officers.rules import SESSION_IDLES, SESSION_LASTS, SESSION_SEEN_EVERY, Officer
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerSession:
    """A live session and whose it is, all as of `now`, the database's clock."""

    ref: str
    officer: Officer
    created_at: datetime
    seen_at: datetime
    now: datetime


_UNENDED = and_(
    OfficerSessionRecord.ended_at.is_(None),
    OfficerSessionRecord.expires_at > db_now(),
    OfficerSessionRecord.seen_at > db_now() - bindparam("idle", SESSION_IDLES, type_=Duration()),
)
_FIND = (
    select(
        OfficerSessionRecord.ref,
        OfficerSessionRecord.created_at,
        OfficerSessionRecord.seen_at,
        OfficerRecord.ref.label("officer_ref"),
        OfficerRecord.name,
        OfficerRecord.roles,
        db_now().label("now"),
    )
    .join(OfficerRecord, OfficerRecord.ref == OfficerSessionRecord.officer_ref)
    .where(
        OfficerSessionRecord.secret_digest == bindparam("secret_digest"),
        OfficerRecord.disabled_at.is_(None),
        _UNENDED,
    )
)
_IS_LIVE = (
    select(OfficerSessionRecord.ref)
    .join(OfficerRecord, OfficerRecord.ref == OfficerSessionRecord.officer_ref)
    .where(
        OfficerSessionRecord.ref == bindparam("session_ref"),
        OfficerRecord.disabled_at.is_(None),
        _UNENDED,
    )
)
_START = insert(OfficerSessionRecord)
_TOUCH = (
    update(OfficerSessionRecord)
    .where(OfficerSessionRecord.ref == bindparam("session_ref"), _UNENDED)
    .values(seen_at=db_now())
)
_END = (
    update(OfficerSessionRecord)
    .where(
        OfficerSessionRecord.ref == bindparam("session_ref"),
        OfficerSessionRecord.ended_at.is_(None),
    )
    .values(ended_at=db_now())
)
_END_ALL = (
    update(OfficerSessionRecord)
    .where(
        OfficerSessionRecord.officer_ref == bindparam("of_officer"),
        OfficerSessionRecord.ended_at.is_(None),
        OfficerSessionRecord.ref != bindparam("keep_ref"),
    )
    .values(ended_at=db_now())
)


def start(tx: Transaction, officer_ref: str) -> str:
    """Start a session; answer the secret for the cookie. Call it where a key was just proved."""
    secret, now = random_token(), tx.now()
    values = {
        "ref": random_ref(),
        "secret_digest": digest(secret),
        "officer_ref": officer_ref,
        "created_at": now,
        "seen_at": now,
        "expires_at": now + SESSION_LASTS,
    }
    tx.execute(_START, values)
    return secret


def find(tx: Transaction, secret: str) -> OfficerSession | None:
    """Find the live session of a cookie's secret. None: ended, run out, or the officer is gone."""
    row = tx.execute(_FIND, {"secret_digest": digest(secret)}).first()
    if row is None:
        return None
    return OfficerSession(
        ref=row.ref,
        officer=Officer(ref=row.officer_ref, name=row.name, roles=frozenset(row.roles)),
        created_at=row.created_at,
        seen_at=row.seen_at,
        now=row.now,
    )


def look_up(database: Database, secret: str) -> OfficerSession | None:
    """Find a session and note that it is in use: a read, and once a minute a small write."""
    found = database.read(lambda tx: find(tx, secret))
    if found and found.now - found.seen_at >= SESSION_SEEN_EVERY:
        ref = found.ref
        database.transaction(lambda tx: tx.write(_TOUCH, {"session_ref": ref}))
    return found


def is_live(tx: Transaction, ref: str) -> bool:
    """Say whether a session still stands, inside the transaction that relies on it."""
    return tx.execute(_IS_LIVE, {"session_ref": ref}).first() is not None


def end(tx: Transaction, ref: str) -> bool:
    """End a session; False if it had ended before."""
    return tx.execute(_END, {"session_ref": ref}).rowcount == 1


def end_all(tx: Transaction, officer_ref: str, *, keep: str = "") -> int:
    """End every session of an officer but `keep`; answer how many."""
    return tx.execute(_END_ALL, {"of_officer": officer_ref, "keep_ref": keep}).rowcount
