"""Use a mandate: what is spent by it."""

from sqlalchemy import bindparam, update

from idp.delegation.records import MandateRecord
from idp.storage import Transaction, db_now

_M = MandateRecord
_SPEND = (
    update(_M)
    .where(_M.ref == bindparam("mandate"), _M.single_use, _M.used_at.is_(None))
    .values(used_at=db_now(), used_grant=bindparam("by_grant"))
    .returning(_M.ref)
)


def spend_single_use(tx: Transaction, ref: str, grant: str) -> bool:
    """Spend a permission that was given for one use. False: something else has used it."""
    found = tx.execute(_SPEND, {"mandate": ref, "by_grant": grant})
    return found.scalar_one_or_none() is not None
