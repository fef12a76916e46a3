"""Set and check passwords and one-time codes.

Checking a secret takes three steps, in this order: count the try (a commit of its own), do the
slow or secret work outside any transaction, and spend the proof in the transaction of what it
buys. So no guess goes uncounted, no writer waits for a hash, and nothing is bought twice.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyotp
from sqlalchemy import bindparam, exists, select, update

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.authentication.hashing import Busy, HashGate
from idp.authentication.records import OneTimeCodeRecord, PasswordRecord
from idp.authentication.rules import is_code, normal_form, steps_open
from idp.authentication.tries import (
    LIMITED,
    Reason,
    Refusal,
    account_limits,
    address_limit,
    refused,
)
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle import actions as throttle


@dataclass(frozen=True, slots=True)
class PasswordProved:
    """The right password was given. Worth nothing until `accept_password` has spent it."""

    account_ref: str
    sign_in_name: str
    stored: str = field(repr=False)
    renewed: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class HashedPassword:
    """A password ready to be set. Made by `hash_password`, outside any transaction."""

    hash: str = field(repr=False)


CheckedPassword = PasswordProved | Refusal

_LIVE = exists().where(
    AccountRecord.ref == bindparam("of_account"), AccountRecord.disabled_at.is_(None)
)
_FIND_PASSWORD = (
    select(PasswordRecord.account_ref, PasswordRecord.hash)
    .join(AccountRecord, AccountRecord.ref == PasswordRecord.account_ref)
    .where(
        AccountRecord.sign_in_name == bindparam("sign_in_name"), AccountRecord.disabled_at.is_(None)
    )
)
_KEEP_PASSWORD = (
    update(PasswordRecord)
    .where(
        PasswordRecord.account_ref == bindparam("of_account"),
        PasswordRecord.hash == bindparam("stored"),
        _LIVE,
    )
    .values(hash=bindparam("new_hash"))
)
_FIND_SEED = select(OneTimeCodeRecord.seed_sealed, OneTimeCodeRecord.last_step).where(
    OneTimeCodeRecord.account_ref == bindparam("of_account")
)
_SPEND_STEP = (
    update(OneTimeCodeRecord)
    .where(
        OneTimeCodeRecord.account_ref == bindparam("of_account"),
        OneTimeCodeRecord.seed_sealed == bindparam("sealed"),
        OneTimeCodeRecord.last_step < bindparam("step"),
    )
    .values(last_step=bindparam("step"))
)
_REF_OF = select(AccountRecord.ref).where(AccountRecord.sign_in_name == bindparam("sign_in_name"))
_DOUBT = (
    update(AccountRecord)
    .where(AccountRecord.sign_in_name == bindparam("doubted_name"))
    .values(doubted_at=db_now())
    .returning(AccountRecord.ref)
)
_TRUST = update(AccountRecord).where(
    AccountRecord.ref == bindparam("of_account"), AccountRecord.doubted_at.is_not(None)
).values(doubted_at=None)  # fmt: skip
_NAME_OF = select(AccountRecord.sign_in_name).where(AccountRecord.ref == bindparam("of_account"))


def _set_password(insert: Any) -> Any:
    changed = {"hash": bindparam("new_hash"), "changed_at": db_now()}
    return (
        insert(PasswordRecord)
        .values(account_ref=bindparam("of_account"), **changed)
        .on_conflict_do_update(index_elements=["account_ref"], set_=changed)
    )


def _set_seed(insert: Any) -> Any:
    changed = {
        "seed_sealed": bindparam("sealed"),
        "last_step": bindparam("step"),
        "confirmed_at": db_now(),
    }
    return (
        insert(OneTimeCodeRecord)
        .values(account_ref=bindparam("of_account"), **changed)
        .on_conflict_do_update(index_elements=["account_ref"], set_=changed)
    )


_SET_PASSWORD = upsert(_set_password)
_SET_SEED = upsert(_set_seed)


def hash_password(gate: HashGate, password: str) -> HashedPassword:
    """Hash a password that `rules.password_problem` let pass. Not inside a transaction.

    Raises `Busy`, and `ValueError` where the password was never checked.
    """
    text = normal_form(password)
    if text is None:
        raise ValueError("this password has no normal form; ask rules.password_problem first")
    return HashedPassword(gate.hash(text))


def set_password(
    tx: Transaction, keyring: Keyring, account_ref: str, password: HashedPassword
) -> None:
    """Give an account a password, and open the method again where wrong tries had shut it.

    Its sessions are the caller's to end (`sessions.end_others`).
    """
    tx.execute(_SET_PASSWORD.on(tx), {"of_account": account_ref, "new_hash": password.hash})
    name = tx.execute(_NAME_OF, {"of_account": account_ref}).scalar_one()
    throttle.clear(tx, keyring, account_limits("password", name))
    tx.write(_TRUST, {"of_account": account_ref})  # whoever knew the old one knows this one not


def check_password(
    database: Database,
    keyring: Keyring,
    gate: HashGate,
    *,
    sign_in_name: str,
    password: str,
    address: str,
) -> CheckedPassword:
    """Count the try, then check the password. Not inside a transaction.

    `address` is the caller's IP address. What is proved must be spent by `accept_password` in
    the transaction that starts the session.
    """
    name = canonical_sign_in_name(sign_in_name)
    # A name that no account can have fills no bucket but its sender's.
    account = [] if name is None else account_limits("password", name)
    wait = throttle.reserve(database, keyring, [address_limit("password", address), *account])
    if wait is not None:
        return refused(wait)
    row = database.read(lambda tx: tx.execute(_FIND_PASSWORD, {"sign_in_name": name}).first())
    try:
        checked = gate.check(row.hash if row else None, normal_form(password))
    except Busy:
        return Refusal(Reason.BUSY, timedelta(seconds=Busy.retry_after_seconds))
    if row is None or name is None or not checked.right:
        return Refusal(Reason.WRONG)
    return PasswordProved(row.account_ref, name, row.hash, checked.renewed)


def accept_password(tx: Transaction, keyring: Keyring, proved: PasswordProved) -> bool:
    """Spend a proved password: False if it was changed, or the account disabled, meanwhile.

    Also stores the hash anew where its cost was outdated, and forgets the wrong tries before.
    """
    values = {
        "of_account": proved.account_ref,
        "stored": proved.stored,
        "new_hash": proved.renewed or proved.stored,
    }
    if tx.execute(_KEEP_PASSWORD, values).rowcount != 1:
        return False
    throttle.clear(tx, keyring, account_limits("password", proved.sign_in_name))
    return True


def wrong_tries(tx: Transaction, keyring: Keyring, proved: PasswordProved) -> int:
    """Answer how many wrong passwords came before this right one. Ask before it is accepted,
    which forgets them."""
    _pace, row = account_limits("password", proved.sign_in_name)
    return max(0, throttle.counted(tx, keyring, row) - 1)


def doubt(tx: Transaction, sign_in_name: str) -> str | None:
    """Note that an account's password is known to others; answer its reference, None for no
    such account. From the next step on more is asked, until the password is changed."""
    values = {"doubted_name": canonical_sign_in_name(sign_in_name)}
    account_ref: str | None = tx.execute(_DOUBT, values).scalar_one_or_none()
    if account_ref is not None:
        record(tx, Entry(kind="password-doubted", person=account_ref, detail={"by": "operator"}))
    return account_ref


def reopen(tx: Transaction, keyring: Keyring, sign_in_name: str) -> str | None:
    """Open an account's methods again where wrong tries had shut them; answer its reference.

    An operator's act, after the person was recognised another way. None: no such account.
    """
    name = canonical_sign_in_name(sign_in_name)
    account_ref: str | None = tx.execute(_REF_OF, {"sign_in_name": name}).scalar_one_or_none()
    if name is None or account_ref is None:
        return None
    throttle.clear(tx, keyring, account_limits("password", name))
    for method in LIMITED:
        throttle.clear(tx, keyring, account_limits(method, account_ref))
    record(tx, Entry(kind="methods-reopened", person=account_ref, detail={"by": "operator"}))
    return account_ref


def new_seed() -> str:
    """Make a seed for one-time codes: 160 random bits in base32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32(32)


def code_at(seed: str, step: int) -> str:
    """Compute the one-time code of a seed at a time step (RFC 6238)."""
    return pyotp.TOTP(seed).generate_otp(step)


def step_of_code(seed: str, code: str, *, now: datetime, last_step: int = 0) -> int | None:
    """Say in which step that still counts the code is the seed's; None where it is not.

    Six ASCII digits and nothing else: pyotp's own check would take full-width digits
    (`security.md` section 4).
    """
    if not is_code(code):
        return None
    matching = [
        step
        for step in steps_open(now, last_step)
        if hmac.compare_digest(code_at(seed, step), code)
    ]
    return matching[0] if matching else None


def enrol_totp(
    tx: Transaction, keyring: Keyring, account_ref: str, seed: str, *, last_step: int = 0
) -> None:
    """Give an account a one-time-code seed, sealed for that account only. Replaces an older one.

    The caller has had a code of that seed typed in before: `confirmed_at` says so. `last_step`
    is the step of that code, which then counts no more.
    """
    sealed = keyring.sealer.seal(seed, purpose=seed_purpose(account_ref))
    values = {"of_account": account_ref, "sealed": sealed, "step": last_step}
    tx.execute(_SET_SEED.on(tx), values)
    throttle.clear(tx, keyring, account_limits("code", account_ref))


def reserve_code(
    database: Database, keyring: Keyring, *, account_ref: str, address: str
) -> Refusal | None:
    """Count a try at an account's one-time code, before `spend_code` looks at it."""
    limits = [address_limit("code", address), *account_limits("code", account_ref)]
    wait = throttle.reserve(database, keyring, limits)
    return None if wait is None else refused(wait)


def spend_code(
    tx: Transaction, keyring: Keyring, *, account_ref: str, code: str, now: datetime
) -> bool:
    """Spend a one-time code in the transaction of what it buys; False if it is not one.

    `reserve_code` must have let the try in. A code counts once, and once it is spent no older
    one counts either.
    """
    row = tx.execute(_FIND_SEED, {"of_account": account_ref}).first()
    if row is None:
        return False
    seed = keyring.sealer.open(row.seed_sealed, purpose=seed_purpose(account_ref))
    step = step_of_code(seed, code, now=now, last_step=row.last_step)
    if step is None:
        return False
    spent = {"of_account": account_ref, "sealed": row.seed_sealed, "step": step}
    if tx.execute(_SPEND_STEP, spent).rowcount != 1:
        return False
    throttle.clear(tx, keyring, account_limits("code", account_ref))
    return True


def seed_purpose(account_ref: str) -> str:
    """Name what a seed is sealed for: it opens for its own account only."""
    return f"one-time-code:{account_ref}"


__all__ = [
    "CheckedPassword",
    "HashedPassword",
    "PasswordProved",
    "Reason",
    "Refusal",
    "accept_password",
    "check_password",
    "code_at",
    "enrol_totp",
    "hash_password",
    "new_seed",
    "reopen",
    "reserve_code",
    "seed_purpose",
    "set_password",
    "spend_code",
    "step_of_code",
]
