"""Printed recovery codes: ten, each good once, for whoever has no telephone or lost it.

A code is 73 random bits in letters that are hard to take for one another. Only its HMAC is
kept. Which account it is of is said by its row, not by the HMAC: so the codes of somebody who
comes back into an older account go along without being known (`methods.move_methods`).
Source: NIST SP 800-63B-4 section 3.1.2, look-up secrets.
"""

import re

from sqlalchemy import bindparam, delete, insert, select, update

from idp.accounts.records import AccountRecord
from idp.authentication.records import RecoveryCodeRecord
from idp.authentication.telling import tell
from idp.authentication.tries import (
    RECOVERY_CODES,
    Refusal,
    account_limits,
    address_limit,
    refused,
)
from idp.journal.actions import SPOKEN, Entry, random_spoken, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.storage import Database, Transaction, db_now
from idp.throttle import actions as throttle

CODES_IN_A_SET = 10
LETTERS = 15  # of 30 that can be spoken: 30 ** 15 is 2 ** 73.6
LETTERS_IN_A_GROUP = 5
_BETWEEN = re.compile(r"[\s\-\u2010-\u2015]+")
_CODE = re.compile(f"[{SPOKEN}]{{{LETTERS}}}")
_LONGEST_TYPED = 100

_LOCK = (
    select(AccountRecord.ref).where(AccountRecord.ref == bindparam("of_account")).with_for_update()
)
_VOID = delete(RecoveryCodeRecord).where(RecoveryCodeRecord.account_ref == bindparam("of_account"))
_ADD = insert(RecoveryCodeRecord).values(
    code_index=bindparam("code"),
    account_ref=bindparam("of_account"),
    created_at=db_now(),
)
_SPEND = (
    update(RecoveryCodeRecord)
    .where(
        RecoveryCodeRecord.code_index == bindparam("code"),
        RecoveryCodeRecord.account_ref == bindparam("of_account"),
        RecoveryCodeRecord.used_at.is_(None),
        select(AccountRecord.ref)
        .where(AccountRecord.ref == bindparam("of_account"), AccountRecord.disabled_at.is_(None))
        .exists(),
    )
    .values(used_at=db_now())
)


def new_code() -> str:
    """Make a code as it is printed: three groups of five letters and digits."""
    letters = random_spoken(LETTERS)
    groups = range(0, LETTERS, LETTERS_IN_A_GROUP)
    return "-".join(letters[at : at + LETTERS_IN_A_GROUP] for at in groups)


def make_codes(tx: Transaction, keyring: Keyring, account_ref: str) -> list[str]:
    """Give an account ten new codes and answer them: this once, nobody can read them again.

    The old set is void with this transaction's commit, and tries at it are forgotten. Two sets
    asked for at once come one after the other: the account's row is locked.
    """
    tx.execute(_LOCK, {"of_account": account_ref})
    tx.execute(_VOID, {"of_account": account_ref})
    codes = [new_code() for _ in range(CODES_IN_A_SET)]
    for code in codes:
        tx.write(_ADD, {"code": _index(keyring, code), "of_account": account_ref})
    throttle.clear(tx, keyring, account_limits(RECOVERY_CODES, account_ref))
    return codes


def reserve_recovery_code(
    database: Database, keyring: Keyring, account_ref: str, address: str
) -> Refusal | None:
    """Count a try at an account's recovery codes, before `spend_recovery_code` looks at it."""
    limits = [
        address_limit(RECOVERY_CODES, address),
        *account_limits(RECOVERY_CODES, account_ref),
    ]
    wait = throttle.reserve(database, keyring, limits)
    return None if wait is None else refused(wait)


def spend_recovery_code(tx: Transaction, keyring: Keyring, *, account_ref: str, typed: str) -> bool:
    """Spend a code in the transaction of what it buys; False if it is not one of this account.

    `reserve_recovery_code` must have let the try in. Small letters, spaces and dashes do not
    matter. Its owner is told, for whoever else has the sheet of paper has the other codes too.
    """
    code = normal_code(typed)
    if code is None:
        return False
    values = {"code": _index(keyring, code), "of_account": account_ref}
    if tx.execute(_SPEND, values).rowcount != 1:
        return False
    throttle.clear(tx, keyring, account_limits(RECOVERY_CODES, account_ref))
    record(tx, Entry(kind="recovery-code-used", person=account_ref))
    tell(tx, keyring, account_ref, Notice.RECOVERY_CODE_USED)
    return True


def normal_code(typed: str) -> str | None:
    """Bring what was typed to the form that is looked up, or None where no code looks so."""
    if len(typed) > _LONGEST_TYPED:
        return None
    letters = _BETWEEN.sub("", typed)
    if not letters.isascii():  # upper() makes ASCII letters of some that are not
        return None
    code = letters.upper()
    return code if _CODE.fullmatch(code) else None


def _index(keyring: Keyring, code: str) -> str:
    return keyring.index("code", f"recovery-code:{normal_code(code)}")
