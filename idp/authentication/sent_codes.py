"""Six-digit codes to sign in with, by e-mail or text message: asked for, made, sent and spent.

A code works for ten minutes on the journey, and so in the browser, that it was asked for on; only
the last one asked for there counts, and one conditional statement spends it. Whoever types in an
address learns nothing from it: a name that is nobody's, or that may not sign in this way, is
answered by the same pages after the same work. What differs, making a code and sending it, is done
by the worker after the answer (`send_email_code`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, exists, insert, select, update

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.authentication import phones
from idp.authentication.held import EMAIL_CODE, SMS_CODE
from idp.authentication.records import EmailCodeRecord, PhoneRecord, SignInCodeRecord
from idp.authentication.rules import is_code
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
from idp.outbox import actions as outbox
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration
from idp.throttle import actions as throttle

ASKED = "sign-in-code-asked"  # the outbox message that has an e-mail code made and sent
MINUTES = str(CODE_LASTS // timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A code that was asked for and may still be typed in. `ref` names it; it is not the code."""

    ref: str
    account_ref: str | None


_LASTS = bindparam("lasts", CODE_LASTS, type_=Duration())
# Whoever was proved since, or took the method away, signs in this way no more.
_MAY_BY_EMAIL = exists().where(
    AccountRecord.ref == SignInCodeRecord.account_ref,
    AccountRecord.disabled_at.is_(None),
    AccountRecord.identity_level <= bindparam("most_identity"),
    EmailCodeRecord.account_ref == AccountRecord.ref,
)
_MAY_BY_TEXT = exists().where(
    AccountRecord.ref == SignInCodeRecord.account_ref,
    AccountRecord.disabled_at.is_(None),
    PhoneRecord.account_ref == AccountRecord.ref,
    PhoneRecord.added_at <= SignInCodeRecord.created_at,  # the number it was sent to
)
_WHOSE = (
    select(AccountRecord.ref)
    .join(EmailCodeRecord, EmailCodeRecord.account_ref == AccountRecord.ref)
    .where(
        AccountRecord.sign_in_name == bindparam("name"),
        AccountRecord.disabled_at.is_(None),
        AccountRecord.identity_level <= bindparam("most_identity"),
    )
)
_PUT = insert(SignInCodeRecord).values(created_at=db_now(), expires_at=db_now() + _LASTS)
_LATEST = (
    select(
        SignInCodeRecord.ref,
        SignInCodeRecord.account_ref,
        SignInCodeRecord.used_at,
        (SignInCodeRecord.expires_at > db_now()).label("works"),
    )
    .where(
        SignInCodeRecord.bound_to == bindparam("journey"),
        SignInCodeRecord.purpose == bindparam("method"),
    )
    .order_by(SignInCodeRecord.created_at.desc(), SignInCodeRecord.ref)
    .limit(1)
)
_OPEN = (
    SignInCodeRecord.ref == bindparam("code_ref"),
    SignInCodeRecord.used_at.is_(None),
    SignInCodeRecord.expires_at > db_now(),
)
_MAKE = (
    update(SignInCodeRecord)
    .where(*_OPEN, SignInCodeRecord.code_index == "", SignInCodeRecord.account_ref.is_not(None))
    .values(code_index=bindparam("made_index"))
    .returning(SignInCodeRecord.account_ref)
)
_SPEND = {
    method: (
        update(SignInCodeRecord)
        .where(
            *_OPEN,
            SignInCodeRecord.purpose == method,
            SignInCodeRecord.bound_to == bindparam("journey"),
            SignInCodeRecord.code_index == bindparam("typed_index"),
            may,
        )
        .values(used_at=db_now())
        .returning(SignInCodeRecord.account_ref)
    )
    for method, may in ((EMAIL_CODE, _MAY_BY_EMAIL), (SMS_CODE, _MAY_BY_TEXT))
}


def reserve_email(
    database: Database, keyring: Keyring, *, typed: str, address: str
) -> Refusal | None:
    """Count a code to be sent to whoever was typed in. The same for every name."""
    limits = send_limits("sign-in-mail", address, canonical_sign_in_name(typed) or "")
    return _reserve(database, keyring, limits)


def ask_for_email(tx: Transaction, *, typed: str, journey_ref: str, most_identity: int) -> None:
    """Ask for a code to the address of the account that signs in as `typed`.

    One look-up by the name, one row and one message, whether or not the name is somebody's.
    `most_identity` is the highest identity level of an account that may sign in this way.
    """
    wanted = {"name": canonical_sign_in_name(typed) or "", "most_identity": most_identity}
    account, ref = tx.execute(_WHOSE, wanted).scalar(), random_ref()
    _put(tx, ref, EMAIL_CODE, journey_ref, account, "")
    outbox.put(tx, ASKED, {"code": ref}, expires_in=CODE_LASTS)
    record(tx, Entry(kind="sign-in-code-asked", detail={"journey": journey_ref, "code": ref}))


def send_email_code(database: Database, keyring: Keyring, payload: Mapping[str, Any]) -> None:
    """Make an e-mail code and send it: what the worker does for an `ASKED` message.

    Borne twice: the code is made once. For a name that is nobody's there is nothing to send.
    """
    ref, code = str(payload["code"]), random_code()

    def work(tx: Transaction) -> None:
        made = {"code_ref": ref, "made_index": _index(keyring, ref, code)}
        account = tx.execute(_MAKE, made).scalar()
        if account is None:
            return
        tell(tx, keyring, account, Notice.SIGN_IN_CODE, code=code, minutes=MINUTES)
        _record(tx, "sign-in-code-sent", EMAIL_CODE, account, ref)

    database.transaction(work)


def reserve_text(
    database: Database, keyring: Keyring, *, account_ref: str, address: str
) -> Refusal | None:
    """Count a text message to be sent to an account's number."""
    return _reserve(database, keyring, send_limits("sign-in-text", address, account_ref))


def send_text_code(
    tx: Transaction, keyring: Keyring, *, account_ref: str, journey_ref: str
) -> bool:
    """Make a code and send it to the account's number; False where it has none."""
    found, name = phones.find(tx, keyring, account_ref), phones.sign_in_name(tx, account_ref)
    if found is None:
        return False
    ref, code = random_ref(), random_code()
    _put(tx, ref, SMS_CODE, journey_ref, account_ref, _index(keyring, ref, code))
    told = {"account": name, "code": code, "minutes": MINUTES}
    send(tx, keyring, Contact("text", found.number), Notice.SIGN_IN_CODE, told)
    _record(tx, "sign-in-code-sent", SMS_CODE, account_ref, ref)
    return True


def waiting(tx: Transaction, *, journey_ref: str, method: str) -> Waiting | None:
    """Answer the code that was last asked for on a journey, if it may still be typed in."""
    row = tx.execute(_LATEST, {"journey": journey_ref, "method": method}).first()
    if row is None or not row.works or row.used_at is not None:
        return None
    return Waiting(ref=row.ref, account_ref=row.account_ref)


def reserve_try(
    database: Database, keyring: Keyring, code: Waiting, *, method: str, address: str
) -> Refusal | None:
    """Count a try at a code before it is looked at.

    Tries at text codes count against the account too, whose password was known by whoever makes
    them. For e-mail codes nobody has shown anything yet: how many may be sent is what bounds them.
    """
    limits = [address_limit("sign-in-code", address), per_code("sign-in-code", code.ref)]
    if method == SMS_CODE and code.account_ref is not None:
        limits += account_limits(TEXT_CODES, code.account_ref)
    return _reserve(database, keyring, limits)


def spend(
    tx: Transaction,
    keyring: Keyring,
    code: Waiting,
    *,
    method: str,
    journey_ref: str,
    typed: str,
    most_identity: int = 3,
) -> str | None:
    """Spend a code in the transaction of what it buys; answer whose it is, or None.

    `reserve_try` must have let the try in.
    """
    values = {
        "code_ref": code.ref,
        "journey": journey_ref,
        "typed_index": _index(keyring, code.ref, typed if is_code(typed) else ""),
        **({"most_identity": most_identity} if method == EMAIL_CODE else {}),
    }
    account: str | None = tx.execute(_SPEND[method], values).scalar()
    if account is not None and method == SMS_CODE:
        throttle.clear(tx, keyring, account_limits(TEXT_CODES, account))
    return account


def _put(
    tx: Transaction, ref: str, method: str, journey: str, account: str | None, index: str
) -> None:
    row = {
        "ref": ref, "purpose": method, "bound_to": journey, "account_ref": account,
        "number_sealed": None, "code_index": index,
    }  # fmt: skip
    tx.write(_PUT, row)


def _reserve(database: Database, keyring: Keyring, limits: Any) -> Refusal | None:
    wait = throttle.reserve(database, keyring, limits)
    return None if wait is None else refused(wait)


def _index(keyring: Keyring, ref: str, code: str) -> str:
    return keyring.index("code", f"sign-in:{ref}:{code}")


def _record(tx: Transaction, kind: str, method: str, account: str, ref: str) -> None:
    record(tx, Entry(kind=kind, person=account, detail={"method": method, "code": ref}))
