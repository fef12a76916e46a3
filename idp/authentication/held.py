"""Which methods an account holds, as columns that any statement may carry: no join, no second trip.

The ids are those of methods.toml. A recovery code is held while one of the set is unused.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Label, SQLColumnExpression, exists, select

from idp.authentication.records import (
    OneTimeCodeRecord,
    PasskeyRecord,
    PasswordRecord,
    RecoveryCodeRecord,
)

PASSWORD = "password"
ONE_TIME_CODE = "one-time-code"
PASSKEY = "passkey"
SECURITY_KEY = "security-key"
RECOVERY_CODE = "recovery-code"
METHODS = (PASSWORD, ONE_TIME_CODE, PASSKEY, SECURITY_KEY, RECOVERY_CODE)
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
        RECOVERY_CODE: select(RecoveryCodeRecord.code_index).where(
            RecoveryCodeRecord.account_ref == account, RecoveryCodeRecord.used_at.is_(None)
        ),
    }
    return [exists(rows[method]).label(_PREFIX + method) for method in METHODS]


def held_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Read the columns of `held_columns` from a row."""
    return frozenset(method for method in METHODS if row[_PREFIX + method])


def without_held(row: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a row without the columns of `held_columns`."""
    return {name: value for name, value in row.items() if not name.startswith(_PREFIX)}
