"""Which methods an account holds, as columns that any statement may carry: no join, no second trip.

The ids are those of methods.toml. A recovery code is held while one of the set is unused.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Label, SQLColumnExpression, case, exists, select

from idp.authentication.records import (
    EmailCodeRecord,
    OneTimeCodeRecord,
    PasskeyRecord,
    PasswordRecord,
    PhoneRecord,
    RecoveryCodeRecord,
)

PASSWORD = "password"
ONE_TIME_CODE = "one-time-code"
PASSKEY = "passkey"
SECURITY_KEY = "security-key"
RECOVERY_CODE = "recovery-code"
SMS_CODE = "sms-code"
EMAIL_CODE = "email-code"
METHODS = (
    PASSWORD, ONE_TIME_CODE, PASSKEY, SECURITY_KEY, SMS_CODE, EMAIL_CODE, RECOVERY_CODE,
)  # fmt: skip
_PREFIX = "holds_"


def held_columns(account: SQLColumnExpression[str]) -> list[Label[bool]]:
    """Answer one column for each method: whether the account in that column holds it."""
    rows = {
        PASSWORD: select(PasswordRecord.account_ref).where(PasswordRecord.account_ref == account),
        ONE_TIME_CODE: select(OneTimeCodeRecord.account_ref).where(
            OneTimeCodeRecord.account_ref == account
        ),
        PASSKEY: select(PasskeyRecord.ref).where(
            PasskeyRecord.account_ref == account, PasskeyRecord.device_bound.is_(False)
        ),
        SECURITY_KEY: select(PasskeyRecord.ref).where(
            PasskeyRecord.account_ref == account, PasskeyRecord.device_bound.is_(True)
        ),
        SMS_CODE: select(PhoneRecord.account_ref).where(PhoneRecord.account_ref == account),
        EMAIL_CODE: select(EmailCodeRecord.account_ref).where(
            EmailCodeRecord.account_ref == account
        ),
        RECOVERY_CODE: select(RecoveryCodeRecord.code_index).where(
            RecoveryCodeRecord.account_ref == account, RecoveryCodeRecord.used_at.is_(None)
        ),
    }
    return [exists(rows[method]).label(_PREFIX + method) for method in METHODS]


def number_since(account: SQLColumnExpression[str]) -> Label[datetime | None]:
    """Answer a column: since when the account's number is what it is, or None without one."""
    moved = PhoneRecord.moved_at > PhoneRecord.added_at
    moment = case((moved, PhoneRecord.moved_at), else_=PhoneRecord.added_at)
    found = select(moment).where(PhoneRecord.account_ref == account)
    return found.scalar_subquery().label("number_since")


def held_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Read the columns of `held_columns` from a row."""
    return frozenset(method for method in METHODS if row[_PREFIX + method])


def without_held(row: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a row without the columns of `held_columns`."""
    return {name: value for name, value in row.items() if not name.startswith(_PREFIX)}
