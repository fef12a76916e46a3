"""Count a try before the secret is checked, by the generic cell rate algorithm (GCRA).

A bucket is one row: the moment at which it would be empty again. Each try moves that moment on
by `per`; a try is refused while the bucket is `burst` tries full. Nothing is counted in memory,
so every worker on every host sees the same number and a restart forgets nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, select

from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration, upsert
from idp.throttle.records import ThrottleRecord

PURGE_ROWS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """At most `burst` tries at once, then one every `per`, against the bucket of `value`.

    `kind` says what is limited ("password-account"), `value` who or what by; it is never
    stored, only its HMAC is.
    """

    kind: str
    value: str
    burst: int
    per: timedelta

    @property
    def tolerance(self) -> timedelta:
        """How far ahead of the clock the bucket may stand for one more try to be let in."""
        return self.per * (self.burst - 1)


def _count(insert: Any) -> Any:
    per = bindparam("per", type_=Duration())
    tolerance = bindparam("tolerance", type_=Duration())
    arrival = ThrottleRecord.arrival
    later_of_both = case((arrival > db_now(), arrival), else_=db_now())
    return (
        insert(ThrottleRecord)
        .values(bucket=bindparam("bucket"), arrival=db_now() + per)
        .on_conflict_do_update(
            index_elements=["bucket"],
            set_={"arrival": later_of_both + per},
            where=arrival <= db_now() + tolerance,
        )
        .returning(arrival)
    )


_COUNT = upsert(_count)
_STANDING = select(ThrottleRecord.arrival, db_now().label("now")).where(
    ThrottleRecord.bucket == bindparam("bucket")
)
_CLEAR = delete(ThrottleRecord).where(ThrottleRecord.bucket == bindparam("bucket"))
_PURGE = delete(ThrottleRecord).where(
    ThrottleRecord.bucket.in_(
        select(ThrottleRecord.bucket).where(ThrottleRecord.arrival < db_now()).limit(PURGE_ROWS)
    )
)


def reserve(database: Database, keyring: Keyring, limits: Sequence[Limit]) -> timedelta | None:
    """Count one try against each limit and commit; answer None, or how long to wait.

    Call it before the secret is checked, so that no crash and no parallel guess goes uncounted
    (decision 4). One statement for each limit, in the order given, up to the first that
    refuses. Name the limit of the address first, that of the account after it: a flooder who
    is refused by his own address then fills nobody else's bucket. What was counted before a
    refusal stays counted; a refused try itself is not, so waiting always helps.

    Callers name their limits in one order everywhere; else two of them could deadlock.
    """
    return database.transaction(lambda tx: reserve_within(tx, keyring, limits))


def reserve_within(tx: Transaction, keyring: Keyring, limits: Sequence[Limit]) -> timedelta | None:
    """Count one try with this transaction's commit: for work that is limited, where no secret
    is checked, so that nothing is gained by an attempt that goes uncounted."""
    for limit in limits:
        bucket = {"bucket": _bucket(keyring, limit)}
        values = bucket | {"per": limit.per, "tolerance": limit.tolerance}
        if tx.execute(_COUNT.on(tx), values).first() is None:
            row = tx.execute(_STANDING, bucket).one()
            wait: timedelta = row.arrival - limit.tolerance - row.now
            # Never nought or less: the row said no, whatever the clock has done since.
            return max(wait, timedelta(seconds=1))
    return None


def clear(tx: Transaction, keyring: Keyring, limits: Sequence[Limit]) -> None:
    """Empty the buckets with this transaction's commit: the right secret was given."""
    for limit in limits:
        tx.write(_CLEAR, {"bucket": _bucket(keyring, limit)})


def counted(tx: Transaction, keyring: Keyring, limit: Limit) -> int:
    """Answer how many tries stand against a limit now, those that have leaked away left out."""
    row = tx.execute(_STANDING, {"bucket": _bucket(keyring, limit)}).first()
    return 0 if row is None else max(0, -((row.now - row.arrival) // limit.per))


def purge(tx: Transaction) -> int:
    """Forget buckets that are empty anyway, a few hundred at a time; answer how many."""
    return tx.execute(_PURGE).rowcount


def _bucket(keyring: Keyring, limit: Limit) -> str:
    return keyring.index("throttle", f"{limit.kind}:{limit.value}")
