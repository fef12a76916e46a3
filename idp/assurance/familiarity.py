"""How much a sign-in looks like the owner of the account. Pure: risk-model.md T6.

The score is a log likelihood ratio, attacker against owner, built from what this account's own
accepted sign-ins looked like. For a value never seen on the account its share in the population
cancels, so no table of everybody's addresses is needed; and an attacker who copies only the
country gains nothing. The Freeman score (NDSS 2016) is the case of an attacker who copies nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from idp.assurance.risk_rules import Chain, RiskRules

AT_MOST = 15.0  # nats either way: beyond that nobody has evidence
LEAST_SHARE = 1e-9
MOST_LOGINS = 1e6
DAYS_A_WEEK = 7

Levels = tuple[str | None, ...]
Counts = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one sign-in looks like, each chain from coarse to fine; None is not known.

    `network`: country, network (autonomous system), address. `browser`: kind of device, system
    with major version, browser with major version, the whole agent text.
    """

    network: Levels = (None, None, None)
    browser: Levels = (None, None, None, None)


class Token(StrEnum):
    """The remembered device: shown, not shown by an account that has one, or none ever given."""

    PRESENT = "present"
    ABSENT = "absent"
    NONE_ISSUED = "none-issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of an account and of the sign-in in hand, chains from coarse to fine.

    `n`: decayed number of the account's accepted sign-ins. Counts: how many of them had this
    value; None where the value is not known. Shares (0-1): of the population; None where nobody
    counts them. `attack_ratio`: how many times likelier an attacker has this address, by a list
    of attack addresses; 1 when on none. `country_ratio`: the same of the country, None to take it
    from the country's share. `reach`: principals this sign-in could open.
    """

    n: float
    network_counts: Counts = (None, None, None)
    network_shares: Counts = (None, None, None)
    browser_counts: Counts = (None, None, None, None)
    browser_shares: Counts = (None, None, None, None)
    token: Token = Token.NONE_ISSUED
    failed_last_hour: int = 0
    attack_ratio: float = 1.0
    country_ratio: float | None = None
    impossible_travel: bool = False
    hosting: bool = False
    reach: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One reason and the nats it gave; above 0 speaks for an attacker."""

    code: str
    nats: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """The sum, kept within 15 nats either way, and the reasons in the order they were weighed."""

    nats: float
    contributions: tuple[Contribution, ...]


def score(evidence: Evidence, rules: RiskRules) -> Score:
    """Weigh one sign-in. Without any history (`n` 0) only the signals and the reach count.

    Numbers out of range count as the nearest in range, on the cautious side. Raises ValueError
    for a chain of the wrong length.
    """
    found: list[Contribution] = []
    if evidence.n > 0:
        country = country_ratio(evidence.network_shares[0], rules)
        if evidence.network_counts[0] is None:
            country = 1.0
        elif evidence.country_ratio is not None:
            country = max(0.0, evidence.country_ratio)
        for name, counts, shares, chain, last in (
            ("network", evidence.network_counts, evidence.network_shares, rules.network, country),
            ("browser", evidence.browser_counts, evidence.browser_shares, rules.browser, 1.0),
        ):
            if counts.count(None) < len(counts):
                nats = _against_owner(min(evidence.n, MOST_LOGINS), counts, shares, chain, last)
                found.append(Contribution(code=f"{_usual(nats)}_{name}", nats=nats))
        if evidence.token is Token.PRESENT:
            found.append(Contribution(code="known_device", nats=rules.token_present))
        elif evidence.token is Token.ABSENT:
            found.append(Contribution(code="no_known_device", nats=rules.token_absent))
    found += signals(evidence, rules)
    total = sum([part.nats for part in found])
    return Score(nats=max(-AT_MOST, min(AT_MOST, total)), contributions=tuple(found))


def signals(evidence: Evidence, rules: RiskRules) -> list[Contribution]:
    """What warns whether the account is known or not. None of them ever speaks for the owner."""
    found = []
    if evidence.failed_last_hour > 0:
        tries = min(rules.failed_at_most, rules.failed_each * evidence.failed_last_hour)
        found.append(Contribution(code="failed_tries", nats=tries))
    if evidence.attack_ratio > 1:
        found.append(Contribution(code="attack_address", nats=math.log(evidence.attack_ratio)))
    if evidence.impossible_travel:
        found.append(Contribution(code="impossible_travel", nats=rules.impossible_travel))
    if evidence.hosting:
        found.append(Contribution(code="hosting_network", nats=rules.hosting))
    if evidence.reach > 1:
        found.append(Contribution(code="reach", nats=reach_nats(evidence.reach, rules)))
    return found


def reach_nats(reach: int, rules: RiskRules) -> float:
    """Nats for a sign-in that opens `reach` principals: expected loss grows with them (T7)."""
    return min(rules.reach_nats_at_most, math.log10(max(reach, 1)))


def country_ratio(share: float | None, rules: RiskRules) -> float:
    """How many times likelier an attacker who copies nothing comes from a country of this share.

    Until there are real attack data: half of attacks follow the population, half come evenly
    from all countries.
    """
    if share is None:
        return 1.0
    return 0.5 + 0.5 / (rules.attack_countries * min(1.0, max(LEAST_SHARE, share)))


def _usual(nats: float) -> str:
    return "unusual" if nats > 0 else "usual"


def _against_owner(n: float, counts: Counts, shares: Counts, chain: Chain, last: float) -> float:
    """ln R of one chain. Dirichlet back-off: each finer value leans on the one before it.

    A value that is not known says what its coarser one said. A part is no commoner, seen no more
    often and no likelier than the whole that contains it: without the last of these, small
    numbers make an address surer than its network, and more of the same would raise the score.
    `last` multiplies the attacker who copies nothing.
    """
    familiar = [1.0]  # F, from nothing copied to the finest value
    within, share_within = n, 1.0
    finest = len(counts) - 1
    speeds = reversed(chain.trust_speed)
    for place, (count, share, speed) in enumerate(zip(counts, shares, speeds, strict=True)):
        if count is None:
            familiar.append(familiar[-1])
            continue
        whole = share_within
        if share is None and place == finest:
            share = whole / chain.values_each
        if share is not None:
            share_within = min(whole, max(LEAST_SHARE, share))
        within = min(within, max(0.0, count))
        value = (within / share_within + speed * familiar[-1]) / (n + speed)
        familiar.append(min(value, familiar[-1] * whole / share_within))
    *copied, owner = familiar
    copied[0] = last
    attacker = 0.0
    for rho, level in zip(chain.copycat, reversed(copied), strict=True):
        attacker += rho * level
    return math.log(attacker / owner) if attacker > 0 else -AT_MOST


def decayed(count: float, weeks: float, half_life_days: float, forget_below: float = 0.05) -> float:
    """What `count` is worth after so many weeks; 0 once it is too little to keep.

    Weeks below 0 (a clock that jumped back) change nothing.
    """
    left = count * 0.5 ** (max(weeks, 0.0) * DAYS_A_WEEK / half_life_days)
    return left if left >= forget_below else 0.0


def rows_to_forget(rows: Mapping[str, float], rules: RiskRules) -> tuple[str, ...]:
    """Which of an account's rows, key to decayed count, to delete: too little, or too many.

    Of too many the smallest counts go; between equals the later key, so that every worker
    chooses the same.
    """
    kept = sorted(
        (key for key, count in rows.items() if count >= rules.forget_below),
        key=lambda key: (-rows[key], key),
    )[: rules.rows_at_most]
    return tuple(key for key in rows if key not in set(kept))


def shares(accounts: Mapping[str, int], rules: RiskRules) -> dict[str, float]:
    """The share of each value in the population, from how many accounts show it.

    Values of fewer accounts than the smallest group are put together and each gets the mean share
    of them all: nobody is told apart by being rare, nor trusted less for it. Empty when there are
    no accounts.
    """
    total = sum(accounts.values())
    rare = [count for count in accounts.values() if count < rules.smallest_group]
    mean = sum(rare) / len(rare) if rare else 0.0
    return {
        value: (mean if count < rules.smallest_group else count) / total
        for value, count in accounts.items()
        if total
    }


def said_after_proof(contributions: Sequence[Contribution]) -> tuple[str, ...]:
    """The codes of what looked unusual, weightiest first: for the owner, and only once proved."""
    unusual = [part for part in contributions if part.nats > 0]
    return tuple(part.code for part in sorted(unusual, key=lambda part: -part.nats))


def said_to_service(contributions: Sequence[Contribution]) -> str:
    """The contributions as a service reads them: `unusual_network +2.7; usual_browser -3.5`."""
    return "; ".join(f"{part.code} {part.nats:+.1f}" for part in contributions)
