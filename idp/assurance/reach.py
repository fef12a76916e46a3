"""What those who act for others must show, and when their use is bulk. Pure: risk-model.md T7.

Reach is the number of principals that one sign-in could open today, not all that an organisation
acts for: a firm that limits each clerk to 30 files keeps its clerks at 30.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from idp.assurance.risk_rules import ReachRow, RiskRules
from idp.assurance.rules import Level

LEAST_RATE = 0.01  # principals opened in one hour: somebody never seen is still not at zero


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachDemand:
    """What one action asks of an actor of this reach. `two_people`: it needs a second person."""

    level: Level
    device_bound: bool
    org: int
    two_people: bool


class Unmet(StrEnum):
    """One thing an actor lacks; the value is also its journal code."""

    LEVEL = "actor-level-too-low"
    DEVICE_BOUND = "device-bound-key-needed"
    ORGANISATION = "organisation-assurance-too-low"
    SECOND_PERSON = "second-person-needed"


class BulkAnswer(StrEnum):
    """What bulk use is answered with, mildest first."""

    NOTHING = "nothing"
    SLOW_DOWN = "slow-down"
    CHALLENGE = "challenge-c3"
    FREEZE = "freeze"


def row_for(reach: int, rules: RiskRules) -> ReachRow:
    """The row of T7 that holds for `reach` principals; fewer than one counts as one."""
    return next(row for row in rules.reach if row.up_to is None or reach <= row.up_to)


def told_apart(rules: RiskRules) -> int:
    """How far anybody has to count to know the row: one more than the last number in it."""
    return max((row.up_to for row in rules.reach if row.up_to is not None), default=0) + 1


def demand_for_reach(reach: int, *, action: str, needed: Level, rules: RiskRules) -> ReachDemand:
    """What somebody acting for others must show: what the action needs joined with the row."""
    row = row_for(reach, rules)
    return ReachDemand(
        level=needed.join(row.level),
        device_bound=row.device_bound,
        org=row.org,
        two_people=action in row.two_people,
    )


def unmet(
    demand: ReachDemand, *, level: Level, device_bound: bool, org: int, confirmed: bool
) -> tuple[Unmet, ...]:
    """What is lacking, all of it; empty when the actor may go on.

    `org`: the assurance level (0-3) of the actor's organisation. `confirmed`: a second person of
    it has agreed to this very act.
    """
    lacking = {
        Unmet.LEVEL: not level.covers(demand.level),
        Unmet.DEVICE_BOUND: demand.device_bound and not device_bound,
        Unmet.ORGANISATION: org < demand.org,
        Unmet.SECOND_PERSON: demand.two_people and not confirmed,
    }
    return tuple(reason for reason, true in lacking.items() if true)


def bulk_rest(usual: float, rules: RiskRules) -> float:
    """Where the watch rests: below nothing by what one hour takes off, so that somebody who opens
    an hour's people one after the other is no more suspect than who spreads them over it."""
    return -max(usual, LEAST_RATE) * (rules.bulk_rate_times - 1)


def bulk_watch(z: float, *, opened: int, hours: float, usual: float, rules: RiskRules) -> float:
    """Carry the CUSUM statistic on over so many `hours`, and then `opened` principals.

    `usual` is what this actor opens in an hour as a rule; the watch looks for a pace so many times
    faster. Time takes off what the fast pace and the usual one differ by, down to `bulk_rest`.
    Source: Page (1954), for a Poisson stream, whose likelihood ratio needs no intervals.
    """
    rest = bulk_rest(usual, rules)
    left = max(rest, z + max(hours, 0.0) * rest)
    return left + max(opened, 0) * math.log(rules.bulk_rate_times)


def bulk_answer(z: float, rules: RiskRules) -> BulkAnswer:
    """Slow down at the alarm; C3 again when twice that; freeze the mandate when three times.

    Who freezes also tells the organisation and the principals.
    """
    alarms = int(z // rules.bulk_alarm)
    return list(BulkAnswer)[max(0, min(alarms, 3))]
