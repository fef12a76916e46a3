"""How common coarse values are over all accounts; read now and then, never for each sign-in."""

import threading
import time
from collections.abc import Mapping, Sequence

from sqlalchemy import select

from idp.assurance.familiarity import shares
from idp.assurance.records import FeatureShareRecord
from idp.assurance.risk_rules import RiskRules
from idp.storage import Transaction

KEPT_SECONDS = 600.0
MOST_VALUES = 20_000

_READ = (
    select(FeatureShareRecord.feature, FeatureShareRecord.value, FeatureShareRecord.accounts)
    .order_by(FeatureShareRecord.accounts.desc(), FeatureShareRecord.value)
    .limit(MOST_VALUES)
)


class Population:
    """The shares (0-1) of coarse values, some minutes old. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._read_at: float | None = None
        self._shares: dict[str, dict[str, float]] = {}
        self._rare: dict[str, float] = {}

    def look(self, tx: Transaction, rules: RiskRules) -> None:
        """Read the table again if what is held is old. Other threads go on with what there is."""
        due = self._read_at is None or time.monotonic() - self._read_at >= KEPT_SECONDS
        if not due or not self._lock.acquire(blocking=self._read_at is None):
            return
        try:
            found: dict[str, dict[str, int]] = {}
            for row in tx.execute(_READ):
                found.setdefault(row.feature, {})[row.value] = row.accounts
            self._shares = {name: shares(accounts, rules) for name, accounts in found.items()}
            self._rare = {name: _of_one_more(accounts, rules) for name, accounts in found.items()}
            self._read_at = time.monotonic()
        finally:
            self._lock.release()

    def shares(
        self, features: Sequence[str], values: Sequence[str | None]
    ) -> tuple[float | None, ...]:
        """The share of each value, None where nobody counts it. One that is new is as rare as
        the values that are too rare to be told apart."""
        return tuple(
            None if value is None or feature not in self._rare
            else self._shares[feature].get(value, self._rare[feature])
            for feature, value in zip(features, values, strict=True)
        )  # fmt: skip


def _of_one_more(accounts: Mapping[str, int], rules: RiskRules) -> float:
    one_more = ""  # no value is empty
    return shares({**accounts, one_more: 1}, rules)[one_more]
