"""What an account's sign-ins looked like: read to weigh the next one, taught by each accepted one.

Storage is what risk-model.md T6 allows and no more: a keyed digest of each value, a decayed count
and a week; at most 64 rows an account. Its owner sees the numbers and may erase them.
"""

import hmac
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import bindparam, delete, select

from idp.assurance.familiarity import Counts, Visit, decayed, rows_to_forget
from idp.assurance.records import FamiliarityRecord, FeatureShareRecord
from idp.assurance.risk_rules import RiskRules
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.storage import Transaction
from idp.storage.dialects import upsert

HMAC_KEY = "familiarity"
NETWORK = ("country", "network", "address")
BROWSER = ("device", "system", "browser", "agent")
# Counted over all accounts; an address or a whole agent text never is.
COARSE = ("country", "network", "device", "system", "browser")
EVERY = "every"  # the row that counts the sign-ins themselves
KEY_CHARACTERS = 16  # 64 bits
SECONDS_A_WEEK = 7 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of an account as of a week: decayed counts by key, and their features."""

    counts: Mapping[str, float]
    features: Mapping[str, str]

    def of(self, key: str | None) -> float | None:
        """How many sign-ins had the value of this key; None for a value that is not known."""
        return None if key is None else self.counts.get(key, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a person may know of what is kept: how many of each, and the last week (ISO)."""

    sign_ins: int
    devices: int
    networks: int
    last_week: int | None


_ROW = FamiliarityRecord
_READ = select(_ROW.key, _ROW.feature, _ROW.thousandths, _ROW.week).where(
    _ROW.account_ref == bindparam("account")
)


def _kept(insert: Any) -> Any:
    statement = insert(_ROW)
    return statement.on_conflict_do_update(
        index_elements=["account_ref", "key"],
        set_={"thousandths": statement.excluded.thousandths, "week": statement.excluded.week},
    )


def _seen_once_more(insert: Any) -> Any:
    statement = insert(FeatureShareRecord)
    return statement.on_conflict_do_update(
        index_elements=["feature", "value"],
        set_={"accounts": FeatureShareRecord.accounts + 1},
    )


_KEEP = upsert(_kept)
_SHARE = upsert(_seen_once_more)
_FORGET = delete(_ROW).where(_ROW.account_ref == bindparam("account"), _ROW.key == bindparam("old"))
_ERASE = delete(_ROW).where(_ROW.account_ref == bindparam("account"))


def week_of(moment: datetime) -> int:
    """Whole weeks since 1970: all the time that is kept beside a count."""
    return int(moment.timestamp()) // SECONDS_A_WEEK


def read(
    tx: Transaction, account_ref: str, *, now: datetime, half_life_days: float, forget_below: float
) -> History:
    """Read what is known of an account, decayed to now. One statement."""
    week = week_of(now)
    counts, features = {}, {}
    for row in tx.execute(_READ, {"account": account_ref}):
        count = decayed(row.thousandths / 1000, week - row.week, half_life_days, forget_below)
        if count:
            counts[row.key], features[row.key] = count, row.feature
    return History(counts=counts, features=features)


def counts_of(
    keyring: Keyring, account_ref: str, visit: Visit, history: History
) -> tuple[float, Counts, Counts]:
    """Answer the account's sign-ins, and how many had each value of this visit, coarse to fine."""
    keys = keys_of(keyring, account_ref, visit)
    network = tuple(history.of(keys.get(feature)) for feature in NETWORK)
    browser = tuple(history.of(keys.get(feature)) for feature in BROWSER)
    return history.of(keys[EVERY]) or 0.0, network, browser


def teach(
    tx: Transaction,
    keyring: Keyring,
    account_ref: str,
    visit: Visit,
    *,
    now: datetime,
    rules: RiskRules,
    half_life_days: float,
) -> None:
    """Learn an accepted sign-in, with this transaction's commit: one read and one batch of writes.

    What is new on this account counts in the population too.
    """
    keys = keys_of(keyring, account_ref, visit)
    new = teach_keys(
        tx, account_ref, keys, now=now, rules=rules, half_life_days=half_life_days
    )  # fmt: skip
    _count_population(tx, visit, new)


def teach_keys(
    tx: Transaction,
    account_ref: str,
    keys: Mapping[str, str],
    *,
    now: datetime,
    rules: RiskRules,
    half_life_days: float,
) -> set[str]:
    """Learn a sign-in of which only the keyed digests (`keys_of`) were kept; answer the features
    whose values are new on this account.

    Two at the same moment may learn as one: a count is no ledger. A clock that went back never
    makes a count larger than one more than it was.
    """
    week = week_of(now)
    old = list(tx.execute(_READ, {"account": account_ref}))
    before = {
        row.key: decayed(
            row.thousandths / 1000, week - row.week, half_life_days, rules.forget_below
        )
        for row in old
    }
    taught = {key: before.get(key, 0.0) + 1 for key in keys.values()}
    features = {key: feature for feature, key in keys.items()}
    latest = max([week, *(row.week for row in old if row.key in taught)])
    for key, count in taught.items():
        tx.write(
            _KEEP.on(tx),
            {
                "account_ref": account_ref, "key": key, "feature": features[key],
                "thousandths": round(count * 1000), "week": latest,
            },
        )  # fmt: skip
    # The number of sign-ins is never forgotten for want of room.
    rows = {key: count for key, count in {**before, **taught}.items() if key != keys[EVERY]}
    for key in rows_to_forget(rows, rules):
        if key not in taught:
            tx.write(_FORGET, {"account": account_ref, "old": key})
    return {feature for feature, key in keys.items() if key not in before}


def summary(tx: Transaction, account_ref: str) -> Summary:
    """What its owner may see of it."""
    rows = list(tx.execute(_READ, {"account": account_ref}))
    by_feature = Counter(row.feature for row in rows)
    every = [row.thousandths / 1000 for row in rows if row.feature == EVERY]
    weeks = [row.week for row in rows]
    last = datetime.fromtimestamp(max(weeks) * SECONDS_A_WEEK, UTC) if weeks else None
    return Summary(
        sign_ins=round(sum(every)),
        devices=by_feature["agent"],
        networks=by_feature["network"] or by_feature["address"],
        last_week=last.isocalendar().week if last else None,
    )


def erase(tx: Transaction, account_ref: str) -> int:
    """Forget all of it at its owner's wish; answer how many rows there were."""
    count = tx.execute(_ERASE, {"account": account_ref}).rowcount
    record(tx, Entry(kind="familiarity-erased", person=account_ref, detail={"rows": count}))
    return count


def _count_population(tx: Transaction, visit: Visit, new: set[str]) -> None:
    values = dict(zip((*NETWORK, *BROWSER), (*visit.network, *visit.browser), strict=True))
    for feature in COARSE:
        if feature in new and values[feature] is not None:
            row = {"feature": feature, "value": values[feature], "accounts": 1}
            tx.write(_SHARE.on(tx), row)


def keys_of(keyring: Keyring, account_ref: str, visit: Visit) -> dict[str, str]:
    """Answer the keyed digest of each value of a visit that is known, by feature."""
    own = hmac.new(keyring.secret(HMAC_KEY), account_ref.encode(), sha256).digest()
    values = {
        EVERY: "",
        **dict(zip(NETWORK, visit.network, strict=True)),
        **dict(zip(BROWSER, visit.browser, strict=True)),
    }
    return {
        feature: hmac.new(own, f"{feature}\n{value}".encode(), sha256).hexdigest()[:KEY_CHARACTERS]
        for feature, value in values.items()
        if value is not None
    }
