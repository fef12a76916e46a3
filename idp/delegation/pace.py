"""How fast one actor opens people, hour by hour. Pure: no clock, no database.

Each hour's count goes into the statistic of `idp.assurance.reach.bulk_watch`; the hour that runs
is judged by what it has seen so far, so that nobody waits for its end. Source: risk-model.md T7.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.assurance.reach import LEAST_RATE, BulkAnswer, bulk_answer, bulk_watch
from idp.assurance.risk_rules import RiskRules

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FIRST_USUAL_MEMBER = 4.0  # people an hour, of somebody at work of whom nothing is known yet
FIRST_USUAL_PERSON = 1.0
HOUR_AT_MOST = 240  # whoever they are: one every fifteen seconds
LEARNS = 0.1  # of an hour that was worked and raised no alarm
WAIT = timedelta(seconds=60)  # between two people, for whoever was told to slow down


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Where one actor stands: `z` at the beginning of the hour `interval_at`, `opened` in it."""

    z: float
    opened: int
    usual: float
    interval_at: datetime

    def now_at(self, rules: RiskRules) -> float:
        """The statistic with what this hour has seen so far."""
        return bulk_watch(self.z, opened=self.opened, usual=self.usual, rules=rules)

    def answer(self, rules: RiskRules) -> BulkAnswer:
        """What the pace is answered with."""
        return bulk_answer(self.now_at(rules), rules)


def hour_of(moment: datetime) -> datetime:
    """The hour that a moment is in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def first(*, member: bool, now: datetime) -> Pace:
    """Where somebody begins who was never seen."""
    usual = FIRST_USUAL_MEMBER if member else FIRST_USUAL_PERSON
    return Pace(z=0.0, opened=0, usual=usual, interval_at=hour_of(now))


def carried(pace: Pace, now: datetime, rules: RiskRules) -> Pace:
    """Carry it on to the hour that `now` is in; a clock that went back changes nothing.

    An hour with an alarm teaches nothing: nobody makes bulk use usual by going on with it.
    """
    hour = hour_of(now)
    idle = round((hour - pace.interval_at) / HOUR) - 1
    if idle < 0:
        return pace
    usual = pace.usual
    if pace.opened and pace.answer(rules) is BulkAnswer.NOTHING:
        usual += LEARNS * (pace.opened - pace.usual)
    # Hours in which nobody was opened: each takes as much off as one does.
    slow = max(usual, LEAST_RATE)
    z = max(0.0, pace.now_at(rules) - idle * slow * (rules.bulk_rate_times - 1))
    return Pace(z=z, opened=0, usual=usual, interval_at=hour)


def one_more(pace: Pace) -> Pace:
    """Count one principal who was not opened in this hour before."""
    return replace(pace, opened=pace.opened + 1)
