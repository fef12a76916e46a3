"""Set and check passwords and one-time codes.

Checking a secret takes three steps, in this order: count the try (a commit of its own), do the
slow or secret work outside any transaction, and spend the proof in the transaction of what it
buys. So no guess goes uncounted, no writer waits for a hash, and nothing is bought twice.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import pyotp
from sqlalchemy import bindparam, exists, literal, select, update

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.authentication.hashing import Busy, HashGate
from idp.authentication.records import OneTimeCodeRecord, PasswordRecord
from idp.authentication.rules import is_code, network_of, normal_form, steps_open
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle import actions as throttle
from idp.throttle.actions import Limit

# After this many wrong tries in a row the method is shut until it is set anew or proved another
# way (NIST SP 800-63B-4 section 3.2.2). "Never" is written as a wait no one will sit out.
TRIES_IN_A_ROW = 100
NEVER = timedelta(days=3650)


class Reason(StrEnum):
    """Why a proof was not accepted; the value names a message."""

    WRONG = "wrong"
    WAIT = "wait"
    SHUT = "shut"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A proof not accepted. `wait` says when to try again, where trying again will help.

    The same for an unknown name, a wrong password and a disabled account, in words and in work.
    """

    reason: Reason
    wait: timedelta | None = None


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
        "last_step": literal(0),
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
    throttle.clear(tx, keyring, _account_limits("password", name))


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
    account = [] if name is None else _account_limits("password", name)
    wait = throttle.reserve(database, keyring, [_address_limit("password", address), *account])
    if wait is not None:
        return _refused(wait)
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
    throttle.clear(tx, keyring, _account_limits("password", proved.sign_in_name))
    return True


def reopen(tx: Transaction, keyring: Keyring, sign_in_name: str) -> str | None:
    """Open an account's methods again where wrong tries had shut them; answer its reference.

    An operator's act, after the person was recognised another way. None: no such account.
    """
    name = canonical_sign_in_name(sign_in_name)
    account_ref: str | None = tx.execute(_REF_OF, {"sign_in_name": name}).scalar_one_or_none()
    if name is None or account_ref is None:
        return None
    throttle.clear(tx, keyring, _account_limits("password", name))
    throttle.clear(tx, keyring, _account_limits("code", account_ref))
    record(tx, Entry(kind="methods-reopened", person=account_ref, detail={"by": "operator"}))
    return account_ref


def new_seed() -> str:
    """Make a seed for one-time codes: 160 random bits in base32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32(32)


def code_at(seed: str, step: int) -> str:
    """Compute the one-time code of a seed at a time step (RFC 6238)."""
    return pyotp.TOTP(seed).generate_otp(step)


def enrol_totp(tx: Transaction, keyring: Keyring, account_ref: str, seed: str) -> None:
    """Give an account a one-time-code seed, sealed for that account only. Replaces an older one.

    The caller has had a code of that seed typed in before: `confirmed_at` says so.
    """
    sealed = keyring.sealer.seal(seed, purpose=_purpose(account_ref))
    tx.execute(_SET_SEED.on(tx), {"of_account": account_ref, "sealed": sealed})
    throttle.clear(tx, keyring, _account_limits("code", account_ref))


def reserve_code(
    database: Database, keyring: Keyring, *, account_ref: str, address: str
) -> Refusal | None:
    """Count a try at an account's one-time code, before `spend_code` looks at it."""
    limits = [_address_limit("code", address), *_account_limits("code", account_ref)]
    wait = throttle.reserve(database, keyring, limits)
    return None if wait is None else _refused(wait)


def spend_code(
    tx: Transaction, keyring: Keyring, *, account_ref: str, code: str, now: datetime
) -> bool:
    """Spend a one-time code in the transaction of what it buys; False if it is not one.

    `reserve_code` must have let the try in. A code counts once, and once it is spent no older
    one counts either. Six ASCII digits and nothing else: pyotp's own check would take
    full-width digits and the same code twice (`security.md` section 4).
    """
    row = tx.execute(_FIND_SEED, {"of_account": account_ref}).first()
    if row is None or not is_code(code):
        return False
    seed = keyring.sealer.open(row.seed_sealed, purpose=_purpose(account_ref))
    matching = [
        step
        for step in steps_open(now, row.last_step)
        if hmac.compare_digest(code_at(seed, step), code)
    ]
    if not matching:
        return False
    spent = {"of_account": account_ref, "sealed": row.seed_sealed, "step": matching[0]}
    if tx.execute(_SPEND_STEP, spent).rowcount != 1:
        return False
    throttle.clear(tx, keyring, _account_limits("code", account_ref))
    return True


def _purpose(account_ref: str) -> str:
    return f"one-time-code:{account_ref}"


def _address_limit(method: str, address: str) -> Limit:
    # Wide enough for a library or a council office behind one address: 1,800 tries an hour.
    per = timedelta(seconds=2)
    return Limit(kind=f"{method}-address", value=network_of(address), burst=50, per=per)


def _account_limits(method: str, account: str) -> list[Limit]:
    # Ten slips of the finger cost nothing; a machine gets two tries a minute, and a hundred in all.
    pace = Limit(kind=f"{method}-account", value=account, burst=10, per=timedelta(seconds=30))
    row = Limit(kind=f"{method}-in-a-row", value=account, burst=TRIES_IN_A_ROW, per=NEVER)
    return [pace, row]


def _refused(wait: timedelta) -> Refusal:
    if wait > timedelta(days=1):
        return Refusal(Reason.SHUT)
    return Refusal(Reason.WAIT, wait)
