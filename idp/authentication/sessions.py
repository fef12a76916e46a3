"""Sessions: one browser signed in to one account, kept here and nowhere else.

The browser holds a 256-bit secret; the database only its digest. The secret changes at each
rise in what was proved, so one that was planted or seen before is worth nothing after
(`security.md` section 1.9).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select, update

from idp.accounts.records import AccountRecord
from idp.assurance.conditions import Circumstances
from idp.authentication.held import held_columns, held_of, number_since, without_held
from idp.authentication.records import SessionRecord
from idp.authentication.rules import SESSION_IDLES, SESSION_LASTS, SESSION_SEEN_EVERY
from idp.keyring.sealing import digest, random_ref, random_token
from idp.register.records import PersonRecord
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFacts:
    """A live session, whose it is and what was proved in it, all as of `now`.

    `proofs` maps a method's id to the Unix millisecond it was last proved here; `held` names
    the methods the account has (`held.METHODS`), `number_since` since when its telephone number is
    what it is. The names are None until identity is proved.
    `now` is the database's clock.
    """

    ref: str
    account_ref: str
    sign_in_name: str
    email: str
    identity_level: int
    person_ref: str | None
    given_name: str | None
    family_name: str | None
    proofs: Mapping[str, int]
    held: frozenset[str]
    number_since: datetime | None = None
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    now: datetime
    secret_digest: str = field(repr=False)
    risk: Mapping[str, Any] | None = None
    doubted_at: datetime | None = None

    @property
    def party(self) -> str:
        """Whose affairs this session may touch: the person, or the account until proved."""
        return self.person_ref or self.account_ref

    def circumstances(self, *, agent: bool = False) -> Circumstances:
        """Answer what decides which methods count here (`Policies.methods_for`)."""
        since = self.number_since
        age = None if since is None else self.now - since
        return Circumstances(identity=self.identity_level, agent=agent, number_age=age)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSession:
    """A session as its owner sees it among the others."""

    ref: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    proofs: Mapping[str, int]
    device: str
    unattended: bool = False


_AGO = {
    "idle": bindparam("idle", SESSION_IDLES, type_=Duration()),
    "seen_every": bindparam("seen_every", SESSION_SEEN_EVERY, type_=Duration()),
}
_UNENDED = and_(
    SessionRecord.ended_at.is_(None),
    SessionRecord.expires_at > db_now(),
    or_(SessionRecord.unattended, SessionRecord.seen_at > db_now() - _AGO["idle"]),
)
_BY_REF = SessionRecord.ref == bindparam("session_ref")
_FIND = (
    select(
        SessionRecord.ref,
        SessionRecord.account_ref,
        AccountRecord.sign_in_name,
        AccountRecord.email,
        AccountRecord.identity_level,
        AccountRecord.person_ref,
        PersonRecord.given_name,
        PersonRecord.family_name,
        SessionRecord.proofs,
        *held_columns(AccountRecord.ref),
        number_since(AccountRecord.ref),
        SessionRecord.created_at,
        SessionRecord.seen_at,
        SessionRecord.expires_at,
        db_now().label("now"),
        SessionRecord.secret_digest,
        SessionRecord.risk,
        AccountRecord.doubted_at,
    )
    .join(AccountRecord, AccountRecord.ref == SessionRecord.account_ref)
    .outerjoin(PersonRecord, PersonRecord.ref == AccountRecord.person_ref)
    .where(
        SessionRecord.secret_digest == bindparam("secret_digest"),
        AccountRecord.disabled_at.is_(None),
        _UNENDED,
    )
)
_START = insert(SessionRecord)
_WEIGHED = update(SessionRecord).where(_BY_REF).values(risk=bindparam("weighed"))
_TOUCH = (
    update(SessionRecord)
    .where(_BY_REF, _UNENDED, SessionRecord.seen_at <= db_now() - _AGO["seen_every"])
    .values(seen_at=db_now())
)
_ROTATE = (
    update(SessionRecord)
    .where(
        _BY_REF,
        SessionRecord.secret_digest == bindparam("old_digest"),
        _UNENDED,
        select(AccountRecord.ref)
        .where(AccountRecord.ref == SessionRecord.account_ref, AccountRecord.disabled_at.is_(None))
        .exists(),
    )
    .values(secret_digest=bindparam("new_digest"), proofs=bindparam("new_proofs"), seen_at=db_now())
)
_END = (
    update(SessionRecord).where(_BY_REF, SessionRecord.ended_at.is_(None)).values(ended_at=db_now())
)
_END_OTHERS = (
    update(SessionRecord)
    .where(
        SessionRecord.account_ref == bindparam("of_account"),
        SessionRecord.ended_at.is_(None),
        SessionRecord.ref != bindparam("keep_ref"),
    )
    .values(ended_at=db_now())
    .returning(SessionRecord.ref)
)
_LIST = (
    select(
        SessionRecord.ref,
        SessionRecord.created_at,
        SessionRecord.seen_at,
        SessionRecord.expires_at,
        SessionRecord.proofs,
        SessionRecord.device,
        SessionRecord.unattended,
    )
    .where(SessionRecord.account_ref == bindparam("of_account"), _UNENDED)
    .order_by(SessionRecord.seen_at.desc(), SessionRecord.ref)
)


def start(
    tx: Transaction,
    account_ref: str,
    proofs: Mapping[str, int],
    now: datetime,
    device: str = "",
    *,
    failed: int = 0,
) -> tuple[str, str]:
    """Start a session on what was proved; answer its reference and the secret for the cookie.

    Call it after the proofs were spent in the same transaction. `now` is the database's clock.
    `device` is what its owner may know the browser by (`devices.device_words`), `failed` how many
    wrong tries there were before this right one.
    """
    ref, secret = random_ref(), random_token()
    values = {
        "ref": ref,
        "secret_digest": digest(secret),
        "account_ref": account_ref,
        "proofs": dict(proofs),
        "created_at": now,
        "seen_at": now,
        "expires_at": now + SESSION_LASTS,
        "device": device,
        "risk": {"failed": failed} if failed else None,
    }
    tx.execute(_START, values)
    return ref, secret


def start_unattended(
    tx: Transaction,
    account_ref: str,
    proofs: Mapping[str, int],
    now: datetime,
    device: str,
    *,
    expires: datetime,
) -> str:
    """Start the session of software that acts by itself, for which this account answers.

    No browser has its secret. Its owner sees and ends it among the others; it stands on what was
    proved when they agreed, until `expires`. Answers its reference.
    """
    ref = random_ref()
    values = {
        "ref": ref, "secret_digest": digest(random_token()), "account_ref": account_ref,
        "proofs": dict(proofs), "created_at": now, "seen_at": now, "expires_at": expires,
        "device": device, "risk": None, "unattended": True,
    }  # fmt: skip
    tx.execute(_START, values)
    return ref


def find(tx: Transaction, secret: str) -> SessionFacts | None:
    """Find the live session of a cookie's secret, or None. One statement; writes nothing.

    None: never ours, ended, older than 12 hours, unused for 30 minutes, rotated since, or of
    a disabled account. Where nothing else is read or written use `look_up`, which also notes
    that the session is in use.
    """
    row = tx.execute(_FIND, {"secret_digest": digest(secret)}).mappings().first()
    return SessionFacts(held=held_of(row), **without_held(row)) if row else None


def keep_weighed(tx: Transaction, session_ref: str, risk: Mapping[str, Any]) -> None:
    """Keep how a session was weighed, with this transaction's commit."""
    tx.write(_WEIGHED, {"session_ref": session_ref, "weighed": dict(risk)})


def touch(tx: Transaction, session: SessionFacts) -> None:
    """Note with this transaction's commit that the session is in use, once a minute at most."""
    if session.now - session.seen_at >= SESSION_SEEN_EVERY:
        tx.write(_TOUCH, {"session_ref": session.ref})


def look_up(database: Database, secret: str) -> SessionFacts | None:
    """Find a session and note that it is in use: a read, and once a minute a small write."""
    session = database.read(lambda tx: find(tx, secret))
    if session and session.now - session.seen_at >= SESSION_SEEN_EVERY:
        live = session
        database.transaction(lambda tx: touch(tx, live))
    return session


def add_proof(tx: Transaction, session: SessionFacts, method: str, now: datetime) -> str | None:
    """Add a proof to a live session and answer its new secret; the old one ends here.

    One conditional statement: None if the session was ended, rotated by another request or
    its account disabled since `session` was read.
    """
    secret = random_token()
    values: dict[str, Any] = {
        "session_ref": session.ref,
        "old_digest": session.secret_digest,
        "new_digest": digest(secret),
        "new_proofs": {**session.proofs, method: int(now.timestamp() * 1000)},
    }
    return secret if tx.execute(_ROTATE, values).rowcount == 1 else None


def end(tx: Transaction, ref: str) -> bool:
    """End a session; False if it had ended before. What hangs on it is the caller's to end."""
    return tx.execute(_END, {"session_ref": ref}).rowcount == 1


def end_others(tx: Transaction, account_ref: str, *, keep: str | None = None) -> list[str]:
    """End all of an account's sessions but `keep`; answer the references of those ended."""
    ended = tx.execute(_END_OTHERS, {"of_account": account_ref, "keep_ref": keep or ""})
    return list(ended.scalars())


def list_sessions(tx: Transaction, account_ref: str) -> list[ListedSession]:
    """List an account's live sessions, the one used last first."""
    rows = tx.execute(_LIST, {"of_account": account_ref}).mappings()
    return [ListedSession(**row) for row in rows]


__all__ = [
    "ListedSession",
    "SessionFacts",
    "add_proof",
    "end",
    "end_others",
    "find",
    "list_sessions",
    "look_up",
    "start",
    "start_unattended",
    "touch",
]
