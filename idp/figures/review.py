"""From tallies to the figures of a review: what each service asks, costs and is worth. Pure.

All that is published is made here, with small counts hidden, as plain values that are JSON as
they are: commands print them, pages show them, pictures are drawn from them. What each figure
means, and over what it is counted, is in `definitions`. Source: risk-model.md, "Service review
report".
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from idp.assurance.rules import Level, Levels, tier_of
from idp.figures.hiding import LEAST, count, part, parts, share
from idp.figures.intervals import newcombe, wilson
from idp.figures.rules import End, Tally, percentile

LEAST_REQUESTS = 50
OVER_CEILING, OVER_FLOOR = 0.10, 0.90
YEAR = 365 * 86_400_000_000  # microseconds
DEFERRAL_LIMIT = 0.01  # risk-model.md, "To reach": at most 1 % deferred


class Finding(StrEnum):
    """Why a service is said to ask for too much; the value is its name in the figures."""

    NONE = "none"
    PAST_ASSESSMENT = "asks-more-than-its-assessment"
    PAST_ENTRY = "asks-more-than-its-entry-nearly-always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """What the policies say of a service today. `floor` is what a plain sign-in needs and
    `ceiling` what all its actions need together; `known` is False where nobody assessed it."""

    name: str
    owner: str
    floor: Level
    ceiling: Level
    known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What the review looked at, in microseconds since 1970, and who there is to sign in.

    `people` counts the register, `took_up` those of them who reached any service in the window
    (or a service, by `client_id`).
    """

    since: int
    until: int
    policy: str
    people: int
    took_up: int
    took_up_at: Mapping[str, int]


def judge(tally: Tally) -> Finding:
    """Say whether a service asks for too much.

    Of at least 50 requests, the lower end of the 95 % interval (Wilson) of the share that names
    nothing within its own assessment must be over 10 %; or of the share that names nothing
    within its entry, over 90 %: for a step-up to an action that needs it is no over-asking, but
    a service that never lets anybody in at its entry does not mean it.
    """
    if tally.requests < LEAST_REQUESTS:
        return Finding.NONE
    if wilson(tally.over_ceiling, tally.requests)[0] > OVER_CEILING:
        return Finding.PAST_ASSESSMENT
    if wilson(tally.over_floor, tally.requests)[0] > OVER_FLOOR:
        return Finding.PAST_ENTRY
    return Finding.NONE


def review(
    tallies: Mapping[str, Tally], assessed: Mapping[str, Assessed], levels: Levels, window: Window
) -> dict[str, Any]:
    """Answer all figures of a window. A service with fewer than 10 requests is left out of all."""
    shown = {ref: tally for ref, tally in tallies.items() if tally.requests >= LEAST}
    together = Tally()
    for tally in shown.values():
        together.add(tally)
    ends = {tier: _with_all(counts) for tier, counts in together.tiers.items()}
    services = [
        _service(ref, tally, assessed[ref], ends, levels, window) for ref, tally in shown.items()
    ]
    services.sort(key=_rank)
    return {
        "since": _moment(window.since),
        "until": _moment(window.until),
        "policy": window.policy,
        "people": count(window.people),
        "take_up": share(window.took_up, window.people),
        "people_signed_in": part(window.took_up, window.people),
        "services_left_out": len(tallies) - len(shown),
        "all": _how_people_fare(together),
        "tiers": [{"tier": tier, **_ends(ends[tier])} for tier in sorted(ends)],
        "weeks": [_week(name, together.weeks[name]) for name in sorted(together.weeks)],
        "services": services,
    }


def _rank(one: Mapping[str, Any]) -> tuple[bool, float, str]:
    """Those who ask for too much first, the dearest of them first of all."""
    return one["finding"] == Finding.NONE, -(one["over"]["hours_a_year"] or 0), one["client_id"]


def _service(
    ref: str,
    tally: Tally,
    known: Assessed,
    ends: Mapping[int, Mapping[str, int]],
    levels: Levels,
    window: Window,
) -> dict[str, Any]:
    finding = judge(tally)
    took_up = window.took_up_at.get(ref, 0)
    return {
        "client_id": ref,
        "name": known.name,
        "owner": known.owner,
        "assessed": known.known,
        "floor": str(known.floor),
        "ceiling": str(known.ceiling),
        "asks": _usual(tally.asked) or str(known.floor),
        "uses": _usual(tally.used),
        "people_signed_in": part(took_up, window.people),
        "take_up": share(took_up, window.people),
        "requests": tally.requests,
        "asked": _listed(tally.asked),
        "used": _listed(tally.used),
        "ways": parts(tally.ways),
        "finding": str(finding),
        "over": _over(tally, finding, known, ends, levels, window),
        **_how_people_fare(tally),
        "tiers": [
            {"tier": tier, **_ends(_with_all(tally.tiers[tier]))} for tier in sorted(tally.tiers)
        ],
        "weeks": [_week(name, tally.weeks[name]) for name in sorted(tally.weeks)],
    }


def _how_people_fare(tally: Tally) -> dict[str, Any]:
    enough = tally.times.total() >= LEAST
    signed_in, scored = tally.sign_ins, tally.outcomes.total()
    released = tally.released + tally.kept_back
    return {
        **_ends(_with_all(tally.ends)),
        "still_open": count(tally.still_open),
        "sign_ins": count(signed_in),
        "without_a_page": share(tally.direct, signed_in),
        "seconds_median": _seconds(percentile(tally.times, 0.5)) if enough else None,
        "seconds_90": _seconds(percentile(tally.times, 0.9)) if enough else None,
        "step_up": share(tally.stepped, signed_in),
        "scored": count(scored),
        "outcomes": {
            name: share(number, scored) for name, number in sorted(tally.outcomes.items())
        },
        "deferred": count(tally.deferred),
        "false_alarms": share(tally.released, released),
        "methods": [
            {
                "method": method,
                "given": count(tally.given[method]),
                "refused": count(tally.missed[method]),
                "sign_ins": count(tally.counted[method]),
            }
            for method in sorted({*tally.given, *tally.missed, *tally.counted})
        ],
    }


def _ends(ends: Mapping[str, int]) -> dict[str, Any]:
    """How attempts ended, and the funnel: how many were left after each stage."""
    attempts = sum(ends.values())
    shown = parts(ends)
    done = shown[End.SIGNED_IN]
    stages: list[dict[str, Any]] = [{"stage": "started", "left": count(attempts)}]
    left: int | None = count(attempts)
    for stage, lost in (
        ("first-check-given", (End.FIRST,)),
        ("checks-given", (End.SECOND,)),
        ("signed-in", (End.AFTER, End.REFUSED)),
    ):
        for end in lost:
            gone = shown[end]
            left = None if left is None or gone is None else left - gone
        stages.append({"stage": stage, "left": left})
    stages[-1]["left"] = done
    return {
        "attempts": count(attempts),
        "ends": shown,
        "completion": round(done / attempts, 4) if done is not None and attempts >= LEAST else None,
        "abandoned": {
            end: round(gone / attempts, 4)
            for end in (End.FIRST, End.SECOND, End.AFTER)
            if (gone := shown[end]) is not None and attempts >= LEAST
        },
        "stages": stages,
    }


def _over(
    tally: Tally,
    finding: Finding,
    known: Assessed,
    ends: Mapping[int, Mapping[str, int]],
    levels: Levels,
    window: Window,
) -> dict[str, Any]:
    """What asking too much costs: hours of people's time, and sign-ins that are lost."""
    past_entry = finding is Finding.PAST_ENTRY
    extra = tally.extra_ceiling + past_entry * tally.extra_floor
    times = tally.extra_ceiling_times + (tally.extra_floor_times if past_entry else Counter())
    tiers = tally.over_tiers + (tally.floor_tiers if past_entry else Counter())
    each = percentile(times, 0.5) if times.total() >= LEAST else None
    a_year = YEAR / max(window.until - window.since, 1)
    if each is None:
        hours = None if extra else 0.0
    else:
        hours = round(extra * a_year * (each / 10) / 3600, 1)
    base = known.floor if past_entry else known.ceiling
    return {
        "requests_past_floor": part(tally.over_floor, tally.requests),
        "requests_past_ceiling": part(tally.over_ceiling, tally.requests),
        "share_past_floor": share(tally.over_floor, tally.requests),
        "share_past_ceiling": share(tally.over_ceiling, tally.requests),
        "extra_checks": count(extra),
        "seconds_each": _seconds(each),
        "extra_checks_a_year": None if each is None else round(extra * a_year),
        "hours_a_year": hours,
        "lost": _lost(tiers, tier_of(base, levels), ends, a_year),
    }


def _lost(
    tiers: Counter[int], enough: int, ends: Mapping[int, Mapping[str, int]], a_year: float
) -> dict[str, Any] | None:
    """Sign-ins a year that a higher tier costs, by how much fewer attempts at it succeed."""
    raised = {tier: number for tier, number in tiers.items() if tier > enough}
    if not raised:
        return None
    tier, number = max(raised.items(), key=lambda one: (one[1], one[0]))
    if number < LEAST or enough not in ends:
        return None
    sides = [(ends[at][End.SIGNED_IN], sum(ends[at].values())) for at in (enough, tier)]
    if any(part(done, whole) is None or whole < LEAST for done, whole in sides):
        return None
    difference, below, above = newcombe(*sides)
    return {
        "from_tier": enough,
        "to_tier": tier,
        "attempts_a_year": round(number * a_year),
        "completion_lost": round(difference, 4),
        "between": [round(below, 4), round(above, 4)],
        "sign_ins_a_year": round(number * a_year * difference),
        "sign_ins_between": [round(number * a_year * below), round(number * a_year * above)],
    }


def _with_all(ends: Mapping[str, int]) -> dict[str, int]:
    return {str(end): ends.get(end, 0) for end in End}


def _week(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    scored, deferred = counts["scored"], counts["deferred"]
    return {"week": name, "scored": count(scored), "deferred": share(deferred, scored)}


def _usual(counts: Counter[str]) -> str | None:
    """Answer the most frequent; of equals the first in order, so that the answer is always one."""
    best = max(sorted(counts.items()), key=lambda one: one[1], default=None)
    return best[0] if best and best[1] >= LEAST else None


def _listed(counts: Counter[str]) -> dict[str, int | None]:
    return parts(dict(sorted(counts.items())))


def _seconds(tenths: int | None) -> float | None:
    return None if tenths is None else tenths / 10


def _moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1_000_000, UTC).isoformat(timespec="seconds")


def accused(figures: Mapping[str, Any]) -> Iterable[str]:
    """The services that are said to ask for too much."""
    return [one["client_id"] for one in figures["services"] if one["finding"] != Finding.NONE]
