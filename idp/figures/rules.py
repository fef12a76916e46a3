"""Count, row by row, how people fare at each service. Pure: rows of the journal in, tallies out.

Nothing is kept of a row but what is counted, and of a journey under way only until it ends or its
hour is over: memory does not grow with the journal. A time is kept as whole tenths of a second,
rounded down, so that medians are exact to the tenth and anybody can work them out again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from idp.assurance.rules import (
    Level,
    Levels,
    Methods,
    read_vectors,
    resolve,
    sign_in_level,
    tier_of,
)

STARTED, GIVEN, MISSED = "sign-in-started", "proof-given", "proof-refused"
SIGNED_IN, ACTING, REFUSED = "signed-in-to-service", "acting-started", "authorization-refused"
EXCHANGE = "exchange"  # software acts, and nobody signs in
DEFERRED, RELEASED, KEPT_BACK = "sign-in-deferred", "deferral-released", "deferral-refused"
KINDS = (STARTED, GIVEN, MISSED, SIGNED_IN, ACTING, REFUSED, DEFERRED, RELEASED, KEPT_BACK)

JOURNEY = 3_600_000_000  # microseconds: a journey that has not ended after an hour never will
TENTH = 100_000
NOTHING = Level(identity=0, sign_in=0)


class End(StrEnum):
    """How an attempt ended; the value is also its name in the published figures."""

    SIGNED_IN = "signed-in"
    REFUSED = "refused"
    FIRST = "left-at-first-check"
    SECOND = "left-at-second-check"
    AFTER = "left-after-the-checks"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the journal. `at` is in microseconds since 1970."""

    at: int
    kind: str
    client_id: str
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Tally:
    """What was counted of one service. Sums only: two of them can be added.

    `requests` are attempts and sign-ins without a page. Of those, `over_ceiling` named only
    levels that the service's assessment does not cover, and `over_floor` only levels that its
    entry does not. `extra_*` are checks given when that was reached already, on attempts that
    ended at the service, and `extra_times` their tenths of a second.
    """

    requests: int = 0
    direct: int = 0
    still_open: int = 0
    over_floor: int = 0
    over_ceiling: int = 0
    stepped: int = 0
    extra_floor: int = 0
    extra_ceiling: int = 0
    deferred: int = 0
    released: int = 0
    kept_back: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    times: Counter[int] = field(default_factory=Counter)
    extra_floor_times: Counter[int] = field(default_factory=Counter)
    extra_ceiling_times: Counter[int] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    given: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    over_tiers: Counter[int] = field(default_factory=Counter)  # attempts past the ceiling
    floor_tiers: Counter[int] = field(default_factory=Counter)  # attempts past the floor only
    tiers: dict[int, Counter[str]] = field(default_factory=dict)
    weeks: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Journeys that have ended, one way or the other."""
        return self.ends.total()

    @property
    def sign_ins(self) -> int:
        """How often somebody reached the service, with a page of ours or without."""
        return self.ends[End.SIGNED_IN] + self.direct

    def add(self, other: "Tally") -> None:
        """Add what was counted elsewhere."""
        for name in self.__slots__:
            mine, theirs = getattr(self, name), getattr(other, name)
            if isinstance(mine, int):
                setattr(self, name, mine + theirs)
            elif isinstance(mine, Counter):
                mine.update(theirs)
            else:
                for key, counts in theirs.items():
                    mine.setdefault(key, Counter()).update(counts)


@dataclass(frozen=True, slots=True)
class _Request:
    """What a request asked: how, the least it would take, and what that is over."""

    way: str
    asked: str
    over: str  # "ceiling", "floor" or ""


@dataclass(slots=True)
class _Journey:
    client_id: str
    started: int
    last: int
    floor: Level
    ceiling: Level
    demand: Level
    stands: int
    request: "_Request"
    given: list[str] = field(default_factory=list)
    times: list[int] = field(default_factory=list)


class Counting:
    """Takes the rows of a window in their order, and keeps a tally for each service.

    An attempt belongs to the window when it started in it: from `since` (included) to `until`
    (not included), microseconds since 1970. Feed it rows up to an hour after `until`, so that it
    sees how the last ones ended, and `close` it with the moment up to which there were rows.
    """

    def __init__(self, levels: Levels, methods: Methods, *, since: int, until: int) -> None:
        self.tallies: dict[str, Tally] = {}
        self.since, self.until = since, until
        self._levels, self._methods = levels, methods
        self._open: dict[str, _Journey] = {}
        self._known: dict[str, Level | None] = {}

    def take(self, row: Row) -> None:
        """Count one row. What cannot be read counts for nothing."""
        self._give_up(row.at)
        journey = row.detail.get("journey")
        ref = journey if isinstance(journey, str) else ""
        if row.kind == STARTED:
            self._start(row, ref)
        elif row.kind in (GIVEN, MISSED):
            self._proof(row, ref)
        elif row.kind in (SIGNED_IN, ACTING):
            if row.detail.get("via") != EXCHANGE:
                self._signed_in(row, ref)
        elif row.kind == REFUSED:
            self._refused(row, ref)
        elif self.since <= row.at < self.until:
            tally = self._tally(row.client_id)
            tally.deferred += row.kind == DEFERRED
            tally.released += row.kind == RELEASED
            tally.kept_back += row.kind == KEPT_BACK

    def close(self, read_to: int) -> dict[str, Tally]:
        """End the count: what is younger than an hour may still go on, and is no attempt yet."""
        self._give_up(read_to)
        for journey in self._open.values():
            self._tally(journey.client_id).still_open += 1
        self._open.clear()
        return self.tallies

    def _tally(self, client_id: str) -> Tally:
        return self.tallies.setdefault(client_id, Tally())

    def _start(self, row: Row, ref: str) -> None:
        if not ref or not self.since <= row.at < self.until:
            return
        floor = self._level(row, "floor")
        self._open[ref] = _Journey(
            client_id=row.client_id,
            started=row.at,
            last=row.at,
            floor=floor,
            ceiling=self._level(row, "ceiling").join(floor),
            demand=self._level(row, "demand").join(floor),
            stands=self._level(row, "stands").sign_in,
            request=self._request(row),
        )

    def _request(self, row: Row) -> _Request:
        """Read what a request asks. It is over a level when all that it names is."""
        floor = self._level(row, "floor")
        ceiling = self._level(row, "ceiling").join(floor)
        named = [self._named(value) for value in _texts(row.detail.get("asked"))]
        levels = [level for level in named if level is not None]
        if not levels:
            return _Request("nothing", str(floor), "")
        least = min(levels, key=lambda one: (one.identity + one.sign_in, one.identity))
        over = ""
        if not any(floor.covers(level) for level in levels):
            over = "floor" if any(ceiling.covers(level) for level in levels) else "ceiling"
        return _Request("essential" if row.detail.get("essential") else "wish", str(least), over)

    @staticmethod
    def _count(tally: Tally, request: _Request) -> None:
        tally.requests += 1
        tally.ways[request.way] += 1
        tally.asked[request.asked] += 1
        tally.over_floor += request.over != ""
        tally.over_ceiling += request.over == "ceiling"

    def _proof(self, row: Row, ref: str) -> None:
        journey = self._open.get(ref)
        if journey is None:
            return
        tally, method = self._tally(journey.client_id), str(row.detail.get("method", ""))
        if row.kind == MISSED:
            tally.missed[method] += 1
            return
        tally.given[method] += 1
        journey.given.append(method)
        journey.times.append(max(0, row.at - journey.last))  # clocks of two rows may differ
        journey.last = row.at

    def _signed_in(self, row: Row, ref: str) -> None:
        journey = self._open.pop(ref, None) if ref else None
        if journey is None:
            if ref or not self.since <= row.at < self.until:
                return
            tally = self._tally(row.client_id)
            tally.direct += 1
            self._count(tally, self._request(row))
        else:
            tally = self._tally(journey.client_id)
            self._end(journey, End.SIGNED_IN)
            tally.times[max(0, row.at - journey.started) // TENTH] += 1
            self._extra(tally, journey)
        tally.used[str(row.detail.get("vot", ""))] += 1
        tally.stepped += row.detail.get("stepped") is True
        tally.counted.update(_texts(row.detail.get("methods")))
        self._risk(tally, row)

    def _refused(self, row: Row, ref: str) -> None:
        journey = self._open.pop(ref, None)
        if journey is not None:
            self._end(journey, End.REFUSED)
            self._risk(self._tally(journey.client_id), row)

    def _risk(self, tally: Tally, row: Row) -> None:
        risk = row.detail.get("risk")
        if not isinstance(risk, dict):
            return
        outcome = str(risk.get("outcome", ""))
        tally.outcomes[outcome] += 1
        tally.weeks.setdefault(week_of(row.at), Counter()).update(
            {"scored": 1, "deferred": int(outcome == "defer")}
        )

    def _extra(self, tally: Tally, journey: _Journey) -> None:
        """Count the checks that were given when what the assessment asks was reached already."""
        over = journey.request.over
        if not over:
            return
        base = journey.ceiling if over == "ceiling" else journey.floor
        for n, took in enumerate(journey.times):
            reached = journey.stands or sign_in_level(journey.given[:n], self._methods)
            if reached < base.sign_in:
                continue
            if over == "ceiling":
                tally.extra_ceiling += 1
                tally.extra_ceiling_times[took // TENTH] += 1
            else:
                tally.extra_floor += 1
                tally.extra_floor_times[took // TENTH] += 1

    def _give_up(self, now: int) -> None:
        """Count as left what started over an hour ago. Journeys lie in the order they started."""
        while self._open:
            ref, journey = next(iter(self._open.items()))
            if now - journey.started <= JOURNEY:
                return
            del self._open[ref]
            self._end(journey, self._left_at(journey))

    def _left_at(self, journey: _Journey) -> End:
        reached = sign_in_level(journey.given, self._methods)
        if journey.stands:  # the session had something already: one more check completes it
            reached = journey.demand.sign_in if journey.given else journey.stands
        if reached >= journey.demand.sign_in and (reached or journey.given):
            return End.AFTER
        return End.SECOND if journey.given or journey.stands else End.FIRST

    def _end(self, journey: _Journey, how: End) -> None:
        tally, tier = self._tally(journey.client_id), tier_of(journey.demand, self._levels)
        self._count(tally, journey.request)
        tally.ends[how] += 1
        tally.tiers.setdefault(tier, Counter())[how] += 1
        if journey.request.over == "ceiling":
            tally.over_tiers[tier] += 1
        elif journey.request.over == "floor":
            tally.floor_tiers[tier] += 1

    def _level(self, row: Row, name: str) -> Level:
        return self._named(str(row.detail.get(name, ""))) or NOTHING

    def _named(self, value: str) -> Level | None:
        if value not in self._known:
            if len(self._known) > 1000:  # words that clients make up must not pile up here
                self._known.clear()
            self._known[value] = _read(value, self._levels)
        return self._known[value]


def percentile(times: Mapping[int, int], share: float) -> int | None:
    """Answer the nearest-rank percentile of counted values; None of nothing.

    The least value such that at least `share` of all are no greater.
    """
    whole = sum(times.values())
    if not whole:
        return None
    rank, seen = max(1, -(-int(share * 1000) * whole // 1000)), 0
    for value in sorted(times):
        seen += times[value]
        if seen >= rank:
            return value
    raise AssertionError("the counts add up to the whole")


@lru_cache(maxsize=4096)
def _week(day: int) -> str:
    year, week, _ = datetime.fromtimestamp(day * 86_400, UTC).isocalendar()
    return f"{year}-W{week:02d}"


def week_of(at: int) -> str:
    """Name the ISO week of a moment, in UTC: "2026-W48"."""
    return _week(at // 86_400_000_000)


def _read(value: str, levels: Levels) -> Level | None:
    """Read a value as it was sent, in `acr_values` or in `vtr`; None where it says no level."""
    known = resolve(value, levels)
    if known is not None:
        return known
    try:
        return read_vectors([value], levels)[0]
    except ValueError:
        return None


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
