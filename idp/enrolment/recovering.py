"""A lost password: ask for a code, show it, prove what else the account holds, choose a new one.

What must be shown is decided in `lost`. A name that is nobody's is answered by the same pages
after the same work: what differs, making a code and sending it, is done by the worker after the
answer (`send_reset_code`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, exists, false, func, insert, or_, select, update

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.authentication import actions as authentication
from idp.authentication import recovery_codes, sent_codes
from idp.authentication.actions import HashedPassword, set_password
from idp.authentication.ending import end_grants, end_other_sessions
from idp.authentication.methods import held_methods
from idp.authentication.passkeys import PasskeyProved
from idp.authentication.records import (
    OneTimeCodeRecord,
    PasskeyRecord,
    PasswordRecord,
    PhoneRecord,
    RecoveryCodeRecord,
)
from idp.authentication.rules import is_code
from idp.authentication.telling import tell
from idp.enrolment import limits
from idp.enrolment.actions import CodeAnswer, Stop
from idp.enrolment.lost import ResetFacts, ResetStep, next_reset_step, second_methods
from idp.enrolment.records import ResetRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_code, random_ref
from idp.notices.actions import Notice
from idp.outbox import actions as outbox
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration
from idp.throttle import actions as throttle

RESET = timedelta(minutes=30)
ASKED = "reset-asked"  # the outbox message that has a code made and sent
CODE_APP, RECOVERY_CODE, TEXT_CODE = "one-time-code", "recovery-code", "sms-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """A reset as it stands. `account_ref` is None for a name that is nobody's."""

    ref: str
    journey_ref: str | None
    account_ref: str | None
    person_ref: str | None
    sign_in_name: str | None
    email: str | None
    held: frozenset[str]
    step: ResetStep

    @property
    def party(self) -> str:
        """Whose affairs it is, for the journal: the person, or the account until proved."""
        return self.person_ref or self.account_ref or ""

    @property
    def second_methods(self) -> tuple[str, ...]:
        """Of which methods one is proved beside the code."""
        return second_methods(self.held)


_START = insert(ResetRecord)
_WHOSE = select(AccountRecord.ref).where(
    AccountRecord.sign_in_name == bindparam("name"), AccountRecord.disabled_at.is_(None)
)
_THIS = ResetRecord.ref == bindparam("reset")
_OPEN = (_THIS, ResetRecord.finished_at.is_(None), ResetRecord.expires_at > db_now())


def _since(table: Any, moment: Any) -> Any:
    return exists().where(
        table.account_ref == ResetRecord.account_ref, moment > ResetRecord.created_at
    )


# A way in set up anew since, or an account that somebody came back into (its address is then
# newer), is newer than this wish: whoever did it had what it took, so the wish is void.
_OUTDATED = or_(
    _since(PasswordRecord, PasswordRecord.changed_at),
    _since(OneTimeCodeRecord, OneTimeCodeRecord.confirmed_at),
    _since(PasskeyRecord, PasskeyRecord.created_at),
    _since(RecoveryCodeRecord, RecoveryCodeRecord.created_at),
    _since(PhoneRecord, PhoneRecord.added_at),
    func.coalesce(AccountRecord.email_confirmed_at > ResetRecord.created_at, false()),
)
# What was proved here must still be the account's: the very key, the very sheet of codes.
_STILL_THERE = or_(
    # A new app or number would be newer, one that was taken away is not held.
    ResetRecord.second_method == CODE_APP,
    ResetRecord.second_method == TEXT_CODE,
    exists().where(
        PasskeyRecord.ref == ResetRecord.second_ref,
        PasskeyRecord.account_ref == ResetRecord.account_ref,
    ),
    (ResetRecord.second_method == RECOVERY_CODE)
    & _since(RecoveryCodeRecord, RecoveryCodeRecord.used_at),
)
_COLUMNS = (
    ResetRecord.__table__,
    _OUTDATED.label("outdated"),
    func.coalesce(_STILL_THERE, false()).label("still_there"),
    AccountRecord.sign_in_name,
    AccountRecord.email,
    AccountRecord.person_ref,
    AccountRecord.identity_level,
    db_now().label("now"),
)
_FIND = (
    select(*_COLUMNS)
    .outerjoin(
        AccountRecord,
        (AccountRecord.ref == ResetRecord.account_ref) & AccountRecord.disabled_at.is_(None),
    )
    .where(_THIS)
)
_LOCK = select(ResetRecord.ref).where(*_OPEN).with_for_update()
# Whoever changes the password at the same moment goes first, or waits.
_LOCK_PASSWORD = (
    select(PasswordRecord.account_ref)
    .where(PasswordRecord.account_ref == bindparam("account"))
    .with_for_update()
)
_CODE_WORKS = ResetRecord.created_at > db_now() - bindparam(
    "lasts", limits.CODE_LASTS, type_=Duration()
)
_MAKE_CODE = (
    update(ResetRecord)
    .where(*_OPEN, _CODE_WORKS, ResetRecord.code_index == "")
    .values(code_index=bindparam("made_index"))
    .returning(ResetRecord.account_ref)
)
_SPEND_CODE = (
    update(ResetRecord)
    .where(
        *_OPEN,
        _CODE_WORKS,
        ResetRecord.code_index == bindparam("typed_index"),
        ResetRecord.code_used_at.is_(None),
        ResetRecord.account_ref.is_not(None),
    )
    .values(code_used_at=db_now())
)
_PROVED = (
    update(ResetRecord)
    .where(*_OPEN, ResetRecord.code_used_at.is_not(None))
    .values(
        second_proved_at=db_now(),
        second_method=bindparam("method"),
        second_ref=bindparam("passkey"),
    )
)
_FINISH = update(ResetRecord).where(_THIS).values(finished_at=db_now())


def start(
    tx: Transaction,
    *,
    typed: str,
    browser_secret: str,
    journey_ref: str | None,
) -> str:
    """Begin a reset for the name that was typed, and answer its reference.

    One look-up by the name, one row and one message, whether or not the name is somebody's.
    """
    now, ref = tx.now(), random_ref()
    name = canonical_sign_in_name(typed)
    row = {
        "ref": ref,
        "browser_digest": digest(browser_secret),
        "journey_ref": journey_ref,
        "account_ref": tx.execute(_WHOSE, {"name": name or ""}).scalar(),
        "code_index": "",
        "created_at": now,
        "expires_at": now + RESET,
    }
    tx.write(_START, row)
    outbox.put(tx, ASKED, {"reset": ref}, expires_in=limits.CODE_LASTS)
    record(tx, Entry(kind="reset-asked", detail={"reset": ref}))
    return ref


def reserve_start(
    database: Database, keyring: Keyring, *, typed: str, address: str
) -> timedelta | None:
    """Count a reset to be begun; answer None, or how long to wait. The same for every name."""
    asked = limits.reset_limits(address, canonical_sign_in_name(typed) or "")
    return throttle.reserve(database, keyring, asked)


def send_reset_code(database: Database, keyring: Keyring, payload: Mapping[str, Any]) -> None:
    """Make the code of a reset and send it: what the worker does for an `ASKED` message.

    Borne twice: the code is made once. For a name that is nobody's there is nothing to send.
    """
    ref, code = str(payload["reset"]), random_code()

    def work(tx: Transaction) -> None:
        made = {"reset": ref, "made_index": _index(keyring, ref, code)}
        account = tx.execute(_MAKE_CODE, made).scalar()
        if account is None:
            return
        minutes = str(limits.CODE_LASTS // timedelta(minutes=1))
        tell(tx, keyring, account, Notice.RESET_CODE, code=code, minutes=minutes)
        record(tx, Entry(kind="reset-code-sent", person=account, detail={"reset": ref}))

    database.transaction(work)


def locate(tx: Transaction, ref: str, *, browser_secret: str | None) -> Reset | Stop:
    """Answer a reset as it stands, or why it cannot go on in this browser."""
    if browser_secret is None:
        return Stop.COOKIES
    row = tx.execute(_FIND, {"reset": ref}).mappings().first()
    if row is None:
        return Stop.UNKNOWN
    if row["browser_digest"] != digest(browser_secret):
        return Stop.OTHER_BROWSER
    finished = row["finished_at"] is not None
    if row["expires_at"] <= row["now"] or (row["outdated"] and not finished):
        return Stop.EXPIRED
    account = row["account_ref"] if row["sign_in_name"] is not None else None
    code_right = account is not None and row["code_used_at"] is not None
    held = held_methods(tx, account) if account is not None and code_right else frozenset()
    facts = ResetFacts(
        code_right=code_right,
        proved=row["second_method"] if row["still_there"] else None,
        finished=finished,
        held=held,
        identity=row["identity_level"] or 0,
    )
    return Reset(
        ref=ref,
        journey_ref=row["journey_ref"],
        account_ref=account,
        person_ref=row["person_ref"],
        sign_in_name=row["sign_in_name"],
        email=row["email"],
        held=held,
        step=next_reset_step(facts),
    )


def reserve_try(
    database: Database, keyring: Keyring, reset: Reset, *, address: str
) -> timedelta | None:
    """Count a try at the code before it is looked at; answer None, or how long to wait."""
    return throttle.reserve(database, keyring, limits.try_limits(address, reset.ref))


def give_code(tx: Transaction, keyring: Keyring, reset: Reset, typed: str) -> CodeAnswer:
    """Spend the mailed code, once."""
    index = _index(keyring, reset.ref, typed if is_code(typed) else "")
    if tx.execute(_SPEND_CODE, {"reset": reset.ref, "typed_index": index}).rowcount != 1:
        record(tx, Entry(kind="reset-code-refused", detail={"reset": reset.ref}))
        return CodeAnswer.WRONG
    _record(tx, "reset-code-right", reset)
    return CodeAnswer.RIGHT


def prove_code(tx: Transaction, keyring: Keyring, reset: Reset, *, method: str, typed: str) -> bool:
    """Spend a code of the app, of a text message or a printed one; its try was counted before.

    With the same statements and the same counters as at sign-in.
    """
    account = reset.account_ref
    if account is None or reset.step is not ResetStep.SECOND:
        return False
    if method == CODE_APP:
        spent = authentication.spend_code(
            tx, keyring, account_ref=account, code=typed, now=tx.now()
        )
    elif method == TEXT_CODE:
        spent = _spend_text(tx, keyring, reset.ref, typed) == account
    else:
        spent = recovery_codes.spend_recovery_code(tx, keyring, account_ref=account, typed=typed)
    if not spent:
        _record(tx, "proof-refused", reset, method=method)
        return False
    return _proved(tx, reset, method)


def _spend_text(tx: Transaction, keyring: Keyring, ref: str, typed: str) -> str | None:
    code = sent_codes.waiting(tx, journey_ref=ref, method=TEXT_CODE)
    if code is None:
        return None
    return sent_codes.spend(tx, keyring, code, method=TEXT_CODE, journey_ref=ref, typed=typed)


def prove_passkey(tx: Transaction, reset: Reset, proved: PasskeyProved) -> bool:
    """Take a passkey that was proved in this transaction, if it is one of this account's."""
    if proved.account_ref != reset.account_ref or reset.step is not ResetStep.SECOND:
        _record(tx, "proof-refused", reset, method=proved.method)
        return False
    return _proved(tx, reset, proved.method, proved.passkey_ref)


def finish(
    tx: Transaction,
    keyring: Keyring,
    reset: Reset,
    password: HashedPassword,
    *,
    browser_secret: str,
) -> bool:
    """Set the new password, if what was shown is enough as things stand now.

    Every session of the account ends, this browser's too: recovery signs nobody in. The second
    way in stays as it is. False where the reset was finished before, is not enough any more, or
    any way in was set up anew since it was asked for.
    """
    if tx.execute(_LOCK, {"reset": reset.ref}).first() is None:
        return False
    tx.execute(_LOCK_PASSWORD, {"account": reset.account_ref})
    now = locate(tx, reset.ref, browser_secret=browser_secret)
    if not isinstance(now, Reset) or now.account_ref is None or now.step is not ResetStep.PASSWORD:
        return False
    account = now.account_ref
    set_password(tx, keyring, account, password)
    tx.write(_FINISH, {"reset": now.ref})
    end_other_sessions(tx, account, now.party)
    end_grants(tx, account)
    tell(tx, keyring, account, Notice.PASSWORD_CHANGED)
    _record(tx, "password-reset", now)
    return True


def _proved(tx: Transaction, reset: Reset, method: str, passkey: str | None = None) -> bool:
    values = {"reset": reset.ref, "method": method, "passkey": passkey}
    if tx.execute(_PROVED, values).rowcount != 1:
        return False
    _record(tx, "proof-given", reset, method=method)
    return True


def _index(keyring: Keyring, ref: str, code: str) -> str:
    return keyring.index("code", f"reset:{ref}:{code}")


def _record(tx: Transaction, kind: str, reset: Reset, **detail: str) -> None:
    kept = {"reset": reset.ref, **detail}
    record(tx, Entry(kind=kind, person=reset.account_ref, detail=kept))
