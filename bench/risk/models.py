"""The scores compared: ours, the published one written anew from its description, a plain rule.

Each sees the same sign-ins in the same order, and only what was before. Higher is likelier an
attacker.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

from idp.assurance.familiarity import (
    Evidence,
    Token,
    Visit,
    decayed,
    rows_to_forget,
    score,
    shares,
)
from idp.assurance.risk_rules import RiskRules

WEEK = 7.0
WINDOW_DAYS = 91.0  # who showed a value in the last quarter counts for its share
NETWORK, BROWSER = ("country", "network", "address"), ("device", "system", "browser", "agent")
COUNTED = ("country", "network", "device", "system", "browser")  # never addresses or whole agents


@dataclass(slots=True)
class Account:
    """What is kept of one account: rows of (feature, value) with a decayed count, and when."""

    n: float = 0.0
    day: float = 0.0
    rows: dict[str, float] = field(default_factory=dict)


class Ours:
    """`idp/assurance/familiarity.py` as the house uses it: decay, row cap, merged small groups."""

    def __init__(self, rules: RiskRules) -> None:
        """Start with no account and no share known."""
        self.rules = rules
        self.accounts: dict[int, Account] = defaultdict(Account)
        self._seen: dict[str, dict[str, dict[int, float]]] = {
            name: defaultdict(dict) for name in COUNTED
        }
        self._shares: dict[str, dict[str, float]] = {name: {} for name in COUNTED}
        self._counted_on = -math.inf

    def evidence(self, person: int, visit: Visit, day: float) -> Evidence:
        """What the house would know of this sign-in."""
        if day - self._counted_on >= WEEK:
            self._count(day)
        account = self._now(person, day)
        counts: list[tuple[float | None, ...]] = []
        parts: list[tuple[float | None, ...]] = []
        for names, values in ((NETWORK, visit.network), (BROWSER, visit.browser)):
            pairs = list(zip(names, values, strict=True))
            counts.append(
                tuple(
                    None if value is None else account.rows.get(f"{name} {value}", 0.0)
                    for name, value in pairs
                )
            )
            parts.append(
                tuple(
                    self._shares[name].get(value) if name in self._shares and value else None
                    for name, value in pairs
                )
            )
        return Evidence(
            n=account.n,
            network_counts=counts[0],
            network_shares=parts[0],
            browser_counts=counts[1],
            browser_shares=parts[1],
        )

    def accept(self, person: int, visit: Visit, day: float) -> None:
        """An accepted sign-in becomes history."""
        account = self._now(person, day)
        account.n += 1
        for names, values in ((NETWORK, visit.network), (BROWSER, visit.browser)):
            for name, value in zip(names, values, strict=True):
                if value is not None:
                    key = f"{name} {value}"
                    account.rows[key] = account.rows.get(key, 0.0) + 1
                    if name in self._seen:
                        self._seen[name][value][person] = day
        if len(account.rows) > self.rules.rows_at_most:
            for key in rows_to_forget(account.rows, self.rules):
                del account.rows[key]

    def _now(self, person: int, day: float) -> Account:
        account = self.accounts[person]
        weeks = (day - account.day) // WEEK
        if weeks >= 1 and account.rows:
            half, least = self.rules.half_life_days, self.rules.forget_below
            account.n = decayed(account.n, weeks, half, least)
            left = {key: decayed(c, weeks, half, least) for key, c in account.rows.items()}
            account.rows = {key: count for key, count in left.items() if count}
        if weeks >= 1:
            account.day += weeks * WEEK
        return account

    def _count(self, day: float) -> None:
        self._counted_on = day
        for name, values in self._seen.items():
            accounts = {
                value: sum(last >= day - WINDOW_DAYS for last in people.values())
                for value, people in values.items()
            }
            self._shares[name] = shares({v: c for v, c in accounts.items() if c}, self.rules)

    def nats(self, evidence: Evidence) -> tuple[float, float, float]:
        """The score without any token given, with it present, with it absent."""
        none = score(evidence, self.rules).nats
        present = score(replace(evidence, token=Token.PRESENT), self.rules).nats
        absent = score(replace(evidence, token=Token.ABSENT), self.rules).nats
        return none, present, absent


class Freeman:
    """The score of Freeman and others (NDSS 2016, equation 7 without attack data per member).

    Weights, smoothing and edge cases follow the description and published notebook of Wiefling and
    others (FC 2021, TOPS 2022): a value's likelihood is the weighted sum of its parts'; the finest
    global part is smoothed by the number of unseen values; what the account never showed in any
    part counts as four times less likely than globally.
    """

    NETWORK = (0.6, 0.3, 0.1)
    BROWSER = (0.5386653840551359, 0.2680451498625666, 0.18818295100109536, 0.0051065150812021525)

    def __init__(self, users: int) -> None:
        """Count over `users` people."""
        self.users = users
        self._total = 0
        self._logins: Counter[int] = Counter()
        self._own: dict[int, Counter[str]] = defaultdict(Counter)
        self._all: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()  # how many different values a feature has

    def accept(self, person: int, visit: Visit) -> None:
        """An accepted sign-in becomes history."""
        self._total += 1
        self._logins[person] += 1
        for names, values in ((NETWORK, visit.network), (BROWSER, visit.browser)):
            for name, value in zip(names, values, strict=True):
                key = f"{name} {value}"
                self._kinds[name] += key not in self._all
                self._all[key] += 1
                self._own[person][key] += 1

    def nats(self, person: int, visit: Visit) -> float:
        """Logarithm of the risk score."""
        n, total = self._logins[person], self._total
        found = math.log(total / (n * self.users))
        for names, values, weights in (
            (NETWORK, visit.network, self.NETWORK),
            (BROWSER, visit.browser, self.BROWSER),
        ):
            keys = [f"{name} {value}" for name, value in zip(names, values, strict=True)][::-1]
            own = self._own[person]
            local = sum(weight * own[key] / n for weight, key in zip(weights, keys, strict=True))
            everywhere = weights[0] * self._finest(keys[0], names)
            everywhere += sum(
                weight * self._all[key] / total
                for weight, key in zip(weights[1:], keys[1:], strict=True)
            )
            found += math.log(everywhere / local) if local > 0 else math.log(4)
        return found

    def _finest(self, key: str, names: tuple[str, ...]) -> float:
        unseen = sum(self._kinds[name] for name in names[:-1]) + 1
        count = self._all[key]
        if not count:
            return 1 / (self._total + unseen)
        within = len(names)  # one value of each coarser part, and one unseen
        return count / (self._total + unseen) * count / (count + within)


class Rule:
    """What many sites do: a point each for a new country, system and network."""

    def __init__(self) -> None:
        """Nobody has shown anything yet."""
        self._own: dict[int, set[str]] = defaultdict(set)

    @staticmethod
    def _keys(visit: Visit) -> tuple[str, ...]:
        country, network, _ = visit.network
        return (f"country {country}", f"system {visit.browser[1]}", f"network {network}")

    def accept(self, person: int, visit: Visit) -> None:
        """An accepted sign-in becomes history."""
        self._own[person].update(self._keys(visit))

    def nats(self, person: int, visit: Visit) -> float:
        """How many of the three are new."""
        return float(sum(key not in self._own[person] for key in self._keys(visit)))
