"""The ways an account can be signed in to: list them, take one away, move them (a way back)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, delete, func, or_, select, update

from idp.accounts.records import AccountRecord
from idp.assurance.rules import Methods
from idp.authentication.actions import seed_purpose
from idp.authentication.ending import end_other_sessions
from idp.authentication.held import (
    EMAIL_CODE,
    ONE_TIME_CODE,
    PASSKEY,
    PASSWORD,
    RECOVERY_CODE,
    SECURITY_KEY,
    SMS_CODE,
    held_columns,
    held_of,
)
from idp.authentication.phones import phone_purpose
from idp.authentication.records import (
    EmailCodeRecord,
    OneTimeCodeRecord,
    PasskeyChallengeRecord,
    PasskeyRecord,
    PasswordRecord,
    PhoneRecord,
    RecoveryCodeRecord,
)
from idp.authentication.rules import enough_ways_in
from idp.authentication.sessions import SessionFacts
from idp.authentication.telling import tell
from idp.authentication.tries import LIMITED, account_limits
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.storage import Transaction, db_now
from idp.throttle import actions as throttle


class NotRemoved(StrEnum):
    """Why a method was not taken away; the value names a message."""

    GONE = "method-gone"
    TOO_FEW = "too-few-ways-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMethod:
    """One method of an account, as its owner sees it.

    `ref` tells one key from another and is "" for what there is one of. `left` counts the
    recovery codes that are not used yet.
    """

    method: str
    ref: str
    since: datetime
    name: str = ""
    last_used: datetime | None = None
    left: int = 0


_ACCOUNT: BindParameter[str] = bindparam("of_account", type_=String())
_HELD = select(*held_columns(_ACCOUNT))
_PASSWORD = select(PasswordRecord.changed_at).where(PasswordRecord.account_ref == _ACCOUNT)
_CODE = select(OneTimeCodeRecord.confirmed_at).where(OneTimeCodeRecord.account_ref == _ACCOUNT)
_PHONE = select(PhoneRecord.added_at, PhoneRecord.number_sealed).where(
    PhoneRecord.account_ref == _ACCOUNT
)
_EMAIL_CODE = select(EmailCodeRecord.added_at).where(EmailCodeRecord.account_ref == _ACCOUNT)
_PASSKEYS = (
    select(
        PasskeyRecord.ref,
        PasskeyRecord.device_bound,
        PasskeyRecord.name,
        PasskeyRecord.created_at,
        PasskeyRecord.last_used_at,
    )
    .where(PasskeyRecord.account_ref == _ACCOUNT)
    .order_by(PasskeyRecord.created_at, PasskeyRecord.ref)
)
_RECOVERY_CODES = select(
    func.min(RecoveryCodeRecord.created_at).label("since"), func.count().label("unused")
).where(RecoveryCodeRecord.account_ref == _ACCOUNT, RecoveryCodeRecord.used_at.is_(None))
# Two removals at once would each see the other's method still there: they come one by one.
_LOCK = select(AccountRecord.ref).where(
    AccountRecord.ref == _ACCOUNT
).with_for_update()  # fmt: skip
_VOID_CHALLENGES = (
    update(PasskeyChallengeRecord)
    .where(
        PasskeyChallengeRecord.account_ref == _ACCOUNT,
        PasskeyChallengeRecord.used_at.is_(None),
    )
    .values(used_at=db_now())
)
_TABLES: tuple[Any, ...] = (
    PasswordRecord, OneTimeCodeRecord, PasskeyRecord, PhoneRecord, EmailCodeRecord,
    RecoveryCodeRecord,
)  # fmt: skip
_DELETE = {
    table: delete(table).where(table.account_ref == bindparam("of_account")) for table in _TABLES
}
_DELETE_PASSKEY = delete(PasskeyRecord).where(
    PasskeyRecord.account_ref == _ACCOUNT, PasskeyRecord.ref == bindparam("passkey")
)
_MOVE = {
    table: update(table)
    .where(table.account_ref == bindparam("of_account"))
    .values(account_ref=bindparam("to_account"))
    for table in _TABLES
}
_SEED = select(OneTimeCodeRecord.seed_sealed).where(OneTimeCodeRecord.account_ref == _ACCOUNT)
_RESEAL_PHONE = (
    update(PhoneRecord)
    .where(PhoneRecord.account_ref == _ACCOUNT)
    .values(number_sealed=bindparam("sealed"))
)
_RESEAL = (
    update(OneTimeCodeRecord)
    .where(OneTimeCodeRecord.account_ref == _ACCOUNT)
    .values(seed_sealed=bindparam("sealed"))
)
_NAMES = select(AccountRecord.sign_in_name).where(
    or_(
        AccountRecord.ref == bindparam("one_account"),
        AccountRecord.ref == bindparam("other_account"),
    )
)


def held_methods(tx: Transaction, account_ref: str) -> frozenset[str]:
    """Answer the ids of the methods an account holds (`held.METHODS`). One statement."""
    return held_of(tx.execute(_HELD, {"of_account": account_ref}).mappings().one())


def list_methods(tx: Transaction, account_ref: str) -> list[HeldMethod]:
    """List an account's methods, in the order of `held.METHODS`, keys by age."""
    mine, found = {"of_account": account_ref}, []
    changed = tx.execute(_PASSWORD, mine).scalar()
    if changed is not None:
        found.append(HeldMethod(method=PASSWORD, ref="", since=changed))
    confirmed = tx.execute(_CODE, mine).scalar()
    if confirmed is not None:
        found.append(HeldMethod(method=ONE_TIME_CODE, ref="", since=confirmed))
    found += [
        HeldMethod(
            method=SECURITY_KEY if row.device_bound else PASSKEY,
            ref=row.ref,
            since=row.created_at,
            name=row.name,
            last_used=row.last_used_at,
        )
        for row in tx.execute(_PASSKEYS, mine)
    ]
    phone = tx.execute(_PHONE, mine).first()
    if phone is not None:
        found.append(HeldMethod(method=SMS_CODE, ref="", since=phone.added_at))
    chosen = tx.execute(_EMAIL_CODE, mine).scalar()
    if chosen is not None:
        found.append(HeldMethod(method=EMAIL_CODE, ref="", since=chosen))
    codes = tx.execute(_RECOVERY_CODES, mine).one()
    if codes.unused:
        found.append(HeldMethod(method=RECOVERY_CODE, ref="", since=codes.since, left=codes.unused))
    return found


def remove_method(
    tx: Transaction,
    keyring: Keyring,
    methods: Methods,
    *,
    session: SessionFacts,
    method: str,
    ref: str = "",
) -> HeldMethod | NotRemoved:
    """Take a method away from the session's account; answer what it was.

    Refused where too few ways in would be left (`rules.enough_ways_in`). All of it is void with
    this transaction's commit: the secret, every code, every challenge that waits. The account's
    other sessions end, for the method may have opened them; a notice is sent. `ref` says which
    key. The caller has made sure that the session proved enough.
    """
    account_ref = session.account_ref
    tx.execute(_LOCK, {"of_account": account_ref})
    held = list_methods(tx, account_ref)
    gone = next((one for one in held if (one.method, one.ref) == (method, ref)), None)
    if gone is None:
        return NotRemoved.GONE
    if not enough_ways_in([one.method for one in held if one is not gone], methods):
        return NotRemoved.TOO_FEW
    if gone.ref:
        tx.execute(_DELETE_PASSKEY, {"of_account": account_ref, "passkey": gone.ref})
        tx.execute(_VOID_CHALLENGES, {"of_account": account_ref})
    else:
        tx.execute(_DELETE[_TABLE_OF[method]], {"of_account": account_ref})
    end_other_sessions(tx, account_ref, session.party, keep=session.ref)
    detail = {"method": method} | ({"passkey": gone.ref} if gone.ref else {})
    record(tx, Entry(kind="method-removed", person=account_ref, detail=detail))
    tell(tx, keyring, account_ref, Notice.METHOD_REMOVED, method=method)
    return gone


def move_methods(tx: Transaction, keyring: Keyring, *, from_account: str, to_account: str) -> None:
    """Give the methods of one account to another, whose own go: a way back into an old account.

    Whoever holds the old account's methods may be a thief, so all of them are void with this
    transaction's commit, all its sessions end, and wrong tries at either account are forgotten.
    Keys and codes that move work as before; the seed is sealed anew for its new account. Call it
    before the accounts change names (`accounts.actions.supersede`).
    """
    old, new = {"of_account": to_account}, {"of_account": from_account}
    for account_ref in sorted((from_account, to_account)):
        tx.execute(_LOCK, {"of_account": account_ref})
    tx.execute(_VOID_CHALLENGES, old)
    tx.execute(_VOID_CHALLENGES, new)
    sealed = tx.execute(_SEED, new).scalar()
    phone = tx.execute(_PHONE, new).first()
    for table in _TABLES:
        tx.execute(_DELETE[table], old)
        tx.execute(_MOVE[table], new | {"to_account": to_account})
    if sealed is not None:
        seed = keyring.sealer.open(sealed, purpose=seed_purpose(from_account))
        again = keyring.sealer.seal(seed, purpose=seed_purpose(to_account))
        tx.execute(_RESEAL, old | {"sealed": again})
    if phone is not None:
        number = keyring.sealer.open(phone.number_sealed, purpose=phone_purpose(from_account))
        again = keyring.sealer.seal(number, purpose=phone_purpose(to_account))
        tx.execute(_RESEAL_PHONE, old | {"sealed": again})
    end_other_sessions(tx, to_account, to_account)
    for kind in LIMITED:
        throttle.clear(tx, keyring, account_limits(kind, to_account))
    names = {"one_account": from_account, "other_account": to_account}
    for name in tx.execute(_NAMES, names).scalars().all():
        throttle.clear(tx, keyring, account_limits(PASSWORD, name))
    detail = {"from": from_account}
    record(tx, Entry(kind="methods-moved", person=to_account, detail=detail))


_TABLE_OF: dict[str, Any] = {
    PASSWORD: PasswordRecord,
    ONE_TIME_CODE: OneTimeCodeRecord,
    SMS_CODE: PhoneRecord,
    EMAIL_CODE: EmailCodeRecord,
    RECOVERY_CODE: RecoveryCodeRecord,
}
