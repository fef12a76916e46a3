"""How fast one actor opens people. Pure: no clock, no database.

The statistic of `idp.assurance.reach.bulk_watch` falls with the time that passes and rises with
each person, so that no end of an hour lets anybody begin anew. Source: risk-model.md T7.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from idp.assurance.reach import BulkAnswer, bulk_answer, bulk_rest, bulk_watch
from idp.assurance.risk_rules import RiskRules

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LEARNS = 0.1  # of an hour that was worked and raised no alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Where one actor stood at the moment `at`: `z`, and how many were `opened` in the hour
    `interval_at`; `usual` is what they open in one as a rule."""

    z: float
    opened: int
    usual: float
    interval_at: datetime
    at: datetime

    def answer(self, rules: RiskRules) -> BulkAnswer:
        """What the pace is answered with."""
        return bulk_answer(self.z, rules)


def hour_of(moment: datetime) -> datetime:
    """The hour that a moment is in."""
    return moment.replace(minute=0, second=0, microsecond=0)


def first(usual: float, *, now: datetime, rules: RiskRules) -> Pace:
    """Where somebody begins who was never seen, and who is taken to open `usual` an hour."""
    rest = bulk_rest(usual, rules)
    return Pace(z=rest, opened=0, usual=usual, interval_at=hour_of(now), at=now)


def carried(pace: Pace, now: datetime, rules: RiskRules) -> Pace:
    """Carry it on to `now`; a clock that went back changes nothing.

    An hour that ended in an alarm teaches nothing: nobody makes bulk use usual by going on with it.
    """
    if now <= pace.at:
        return pace
    hour, usual = hour_of(now), pace.usual
    over = hour > pace.interval_at
    if over and pace.opened and pace.answer(rules) is BulkAnswer.NOTHING:
        usual += LEARNS * (pace.opened - pace.usual)
    hours = (now - pace.at) / HOUR
    z = bulk_watch(pace.z, opened=0, hours=hours, usual=usual, rules=rules)
    return Pace(z=z, opened=0 if over else pace.opened, usual=usual,
                interval_at=max(hour, pace.interval_at), at=now)  # fmt: skip


def one_more(pace: Pace, rules: RiskRules) -> Pace:
    """Count one principal who was not opened in this hour before."""
    z = bulk_watch(pace.z, opened=1, hours=0.0, usual=pace.usual, rules=rules)
    return replace(pace, z=z, opened=pace.opened + 1)


def last_hour(before: int, opened: int, now: datetime) -> float:
    """How many were opened in the sixty minutes up to now, as near as two counts say: those of
    this hour, and of the hour `before` the share that those minutes still reach into."""
    return opened + before * (1 - (now - hour_of(now)) / HOUR)
