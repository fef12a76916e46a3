"""The number that an account's text codes go to, and the choice to sign in by e-mail codes.

A number is kept sealed. It counts from the moment that its holder typed in a code sent to it, and
policy says for how long after that, and after it was reported as moved, no code to it counts
(methods.toml, `not_after_move_hours`): whoever takes over a number does it to use it at once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.records import AccountRecord
from idp.authentication import sessions
from idp.authentication.ending import end_other_sessions
from idp.authentication.held import EMAIL_CODE, SMS_CODE
from idp.authentication.numbers import masked
from idp.authentication.records import EmailCodeRecord, PhoneRecord, SignInCodeRecord
from idp.authentication.rules import begins_two_checks, is_code
from idp.authentication.sessions import SessionFacts
from idp.authentication.telling import tell
from idp.authentication.tries import (
    CODE_LASTS,
    TEXT_CODES,
    Refusal,
    account_limits,
    address_limit,
    per_code,
    refused,
    send_limits,
)
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_code, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration, upsert
from idp.throttle import actions as throttle

NUMBER = "number"  # the purpose of a code that confirms a number
MINUTES = str(CODE_LASTS // timedelta(minutes=1))


class NotConfirmed(StrEnum):
    """Why a number was not kept; the value names a message."""

    WRONG_CODE = "wrong-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """An account's number, and since when it is what it is."""

    number: str = field(repr=False)
    since: datetime

    @property
    def masked(self) -> str:
        """What its owner knows it by."""
        return masked(self.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """A number that waits for its code. `ref` names the code."""

    ref: str
    number: str = field(repr=False)


def _set_phone(insert: Any) -> Any:
    changed: dict[str, Any] = {
        "number_sealed": bindparam("sealed"),
        "number_index": bindparam("indexed"),
        "added_at": db_now(),
        "moved_at": None,
    }
    return (
        insert(PhoneRecord)
        .values(account_ref=bindparam("of_account"), **changed)
        .on_conflict_do_update(index_elements=["account_ref"], set_=changed)
    )


_SET_PHONE = upsert(_set_phone)
_CHOOSE_EMAIL = upsert(
    lambda insert: (
        insert(EmailCodeRecord)
        .values(account_ref=bindparam("of_account"), added_at=db_now())
        .on_conflict_do_nothing()
    )
)
_FIND = select(PhoneRecord.number_sealed, PhoneRecord.added_at, PhoneRecord.moved_at).where(
    PhoneRecord.account_ref == bindparam("of_account")
)
_NAME = select(AccountRecord.sign_in_name).where(AccountRecord.ref == bindparam("of_account"))
_PUT = insert(SignInCodeRecord).values(
    purpose=NUMBER,
    created_at=db_now(),
    expires_at=db_now() + bindparam("lasts", CODE_LASTS, type_=Duration()),
)  # fmt: skip
_OFFERED = (
    select(
        SignInCodeRecord.ref,
        SignInCodeRecord.number_sealed,
        SignInCodeRecord.used_at,
        (SignInCodeRecord.expires_at > db_now()).label("works"),
    )
    .where(
        SignInCodeRecord.bound_to == bindparam("session"),
        SignInCodeRecord.account_ref == bindparam("of_account"),
        SignInCodeRecord.purpose == NUMBER,
    )
    .order_by(SignInCodeRecord.created_at.desc(), SignInCodeRecord.ref)
    .limit(1)
)
_SPEND = (
    update(SignInCodeRecord)
    .where(
        SignInCodeRecord.ref == bindparam("code_ref"),
        SignInCodeRecord.purpose == NUMBER,
        SignInCodeRecord.bound_to == bindparam("session"),
        SignInCodeRecord.code_index == bindparam("typed_index"),
        SignInCodeRecord.used_at.is_(None),
        SignInCodeRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
)
_MOVED = (
    update(PhoneRecord)
    .where(PhoneRecord.number_index == bindparam("indexed"))
    .values(moved_at=db_now())
    .returning(PhoneRecord.account_ref)
)


def find(tx: Transaction, keyring: Keyring, account_ref: str) -> Phone | None:
    """Answer an account's number, or None."""
    row = tx.execute(_FIND, {"of_account": account_ref}).first()
    if row is None:
        return None
    number = keyring.sealer.open(row.number_sealed, purpose=phone_purpose(account_ref))
    return Phone(number=number, since=max(row.added_at, row.moved_at or row.added_at))


def sign_in_name(tx: Transaction, account_ref: str) -> str:
    """Answer what an account signs in as, to be told in a message."""
    return str(tx.execute(_NAME, {"of_account": account_ref}).scalar_one())


def reserve_offer(
    database: Database, keyring: Keyring, *, session: SessionFacts, number: str, address: str
) -> Refusal | None:
    """Count a code to be sent to a number that somebody adds: by account, and by number."""
    limits = send_limits("number-text", address, session.account_ref)
    return _reserve(database, keyring, [*limits, send_limits("to-number", address, number)[-1]])


def offer(tx: Transaction, keyring: Keyring, session: SessionFacts, number: str) -> None:
    """Send a code to a number that `numbers.read_number` let pass. Only the last one counts."""
    ref, code = random_ref(), random_code()
    row = {
        "ref": ref,
        "bound_to": session.ref,
        "account_ref": session.account_ref,
        "number_sealed": keyring.sealer.seal(number, purpose=offer_purpose(ref)),
        "code_index": _index(keyring, ref, code),
    }
    tx.write(_PUT, row)
    told = {"code": code, "minutes": MINUTES}
    send(tx, keyring, Contact("text", number), Notice.NUMBER_CODE, told)
    record(tx, Entry(kind="number-code-sent", person=session.account_ref, detail={"code": ref}))


def offered(tx: Transaction, keyring: Keyring, session: SessionFacts) -> Offered | None:
    """Answer the number that waits for its code in this session, or None."""
    wanted = {"session": session.ref, "of_account": session.account_ref}
    row = tx.execute(_OFFERED, wanted).first()
    if row is None or not row.works or row.used_at is not None:
        return None
    return Offered(
        ref=row.ref, number=keyring.sealer.open(row.number_sealed, purpose=offer_purpose(row.ref))
    )


def reserve_confirm(
    database: Database, keyring: Keyring, code: Offered, address: str
) -> Refusal | None:
    """Count a try at the code before it is looked at."""
    limits = [address_limit("sign-in-code", address), per_code("sign-in-code", code.ref)]
    return _reserve(database, keyring, limits)


def confirm(
    tx: Transaction, keyring: Keyring, session: SessionFacts, code: Offered, typed: str
) -> str | NotConfirmed | None:
    """Spend the code and keep its number; answer the session's new secret. A notice is sent.

    None where the session ended or changed meanwhile: then the code is
    spent and nothing else was done. A number that takes another's place ends the account's other
    sessions, and so does the account's first second check.
    """
    spent = {
        "code_ref": code.ref,
        "session": session.ref,
        "typed_index": _index(keyring, code.ref, typed if is_code(typed) else ""),
    }
    if tx.execute(_SPEND, spent).rowcount != 1:
        detail = {"code": code.ref}
        record(tx, Entry(kind="number-code-refused", person=session.account_ref, detail=detail))
        return NotConfirmed.WRONG_CODE
    secret = sessions.add_proof(tx, session, SMS_CODE, tx.now())
    if secret is None:
        return None
    account = session.account_ref
    values = {
        "of_account": account,
        "sealed": keyring.sealer.seal(code.number, purpose=phone_purpose(account)),
        "indexed": number_index(keyring, code.number),
    }
    tx.execute(_SET_PHONE.on(tx), values)
    throttle.clear(tx, keyring, account_limits(TEXT_CODES, account))
    if SMS_CODE in session.held or begins_two_checks(session.held):
        end_other_sessions(tx, account, session.party, keep=session.ref)
    _note_added(tx, keyring, session, SMS_CODE)
    return secret


def choose_email(tx: Transaction, keyring: Keyring, session: SessionFacts) -> bool:
    """Let the session's account be signed in to by codes to its e-mail address; tell its holder.

    Nothing is proved by choosing it. False where it was chosen before.
    """
    if tx.execute(_CHOOSE_EMAIL.on(tx), {"of_account": session.account_ref}).rowcount != 1:
        return False
    _note_added(tx, keyring, session, EMAIL_CODE)
    return True


def report_move(tx: Transaction, keyring: Keyring, number: str) -> int:
    """Note that a telephone company said a number went to another card or company.

    Answer how many accounts have it. From here on codes to it count only after the time that
    policy says; each holder is told by e-mail.
    """
    moved = tx.execute(_MOVED, {"indexed": number_index(keyring, number)}).scalars().all()
    for account in moved:
        record(tx, Entry(kind="number-moved", person=account, detail={"by": "operator"}))
        tell(tx, keyring, account, Notice.NUMBER_MOVED)
    return len(moved)


def number_index(keyring: Keyring, number: str) -> str:
    """Answer what finds a number again."""
    return keyring.index("code", f"phone:{number}")


def phone_purpose(account_ref: str) -> str:
    """Name what a number is sealed for: it opens for its own account only."""
    return f"phone:{account_ref}"


def offer_purpose(code_ref: str) -> str:
    """Name what a number is sealed for while it waits for its code."""
    return f"number-offer:{code_ref}"


def _reserve(database: Database, keyring: Keyring, limits: Any) -> Refusal | None:
    wait = throttle.reserve(database, keyring, limits)
    return None if wait is None else refused(wait)


def _index(keyring: Keyring, ref: str, code: str) -> str:
    return keyring.index("code", f"number:{ref}:{code}")


def _note_added(tx: Transaction, keyring: Keyring, session: SessionFacts, method: str) -> None:
    detail = {"method": method}
    record(tx, Entry(kind="method-added", person=session.account_ref, detail=detail))
    tell(tx, keyring, session.account_ref, Notice.METHOD_ADDED, method=method)
