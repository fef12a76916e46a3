"""From a questionnaire's answers to the level an action needs, with the working. Pure.

More risk never gives less: a severity up, a mitigation gone or a higher threat never lowers
either part of the level (risk-model.md, property (c)).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from idp.assurance.harms import (
    CATEGORIES,
    MITIGATIONS,
    MONEY,
    MOST_STEPS,
    MOST_STEPS_MONEY_HIGH_THREAT,
    MOST_STEPS_SAFETY,
    SERIOUS,
    TAKEN_OVER,
    WRONG_PERSON,
    Said,
    Tables,
)
from idp.assurance.rules import Level, Levels, tier_of
from idp.assurance.sentences import say

Severities = Mapping[str, int]  # by category, 0-4; a category left out is 0
Words = Mapping[str, Said]  # T1 by category, as the sentences say it
FAILURES = (WRONG_PERSON, TAKEN_OVER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigation:
    """Something outside identity that lessens the harm. Counts only with all three particulars."""

    kind: str
    evidence: str = ""
    owner: str = ""
    review_by: date | None = None

    def why_uncounted(self, today: date) -> str | None:
        """What it lacks for being counted, or None when it counts."""
        if not self.evidence.strip():
            return say("no_evidence")
        if not self.owner.strip():
            return say("no_owner")
        if self.review_by is None:
            return say("no_review")
        return say("review_due", day=self.review_by) if self.review_by < today else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An exception somebody answers for: one or both parts fixed, until a date (inclusive)."""

    identity: int | None = None
    sign_in: int | None = None
    reason: str
    owner: str
    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """The answers about one action: harm in each failure, threat, what lessens harm, exceptions.

    `shut_out` (0-4) is the harm when the right person cannot get in. It never raises a level.
    """

    wrong_person: Severities
    taken_over: Severities
    threat: str = "normal"  # low, normal, high
    return_visits: bool = True
    mitigations: Sequence[Mitigation] = ()
    override: Override | None = None
    shut_out: int = 0
    other_route: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The level an action needs, the lowest tier that covers it, and the working in sentences.

    `answers` is the pair that the answers alone call for, before coupling and override.
    `uncounted` lists the mitigations that took nothing off for want of evidence, owner or review.
    """

    level: Level
    answers: Level
    tier: int
    reasons: tuple[str, ...]
    uncounted: tuple[str, ...] = ()


@dataclass(slots=True)
class _Working:
    """The severities as they stand, and the sentences said so far."""

    left: dict[str, dict[str, int]]
    mitigated: list[str] = field(default_factory=list)
    uncounted: list[str] = field(default_factory=list)


def assess(
    asked: Questionnaire, *, levels: Levels, today: date, tables: Tables | None = None
) -> Assessment:
    """Work out the level for one action.

    `today` decides which mitigations and exceptions still stand. Reasons come in the order of
    the working: what sets each part, mitigations, threat, return visits, coupling, override,
    shut-out. Source: risk-model.md T1-T3.
    """
    tables = tables or Tables()
    words = tables.words
    working = _mitigate(asked, today, words)
    identity, identity_why = _worst(
        working.left[WRONG_PERSON], tables.identity, asked.threat, "P", words
    )
    sign_in, sign_in_why = _worst(
        working.left[TAKEN_OVER], tables.sign_in, asked.threat, "C", words
    )
    reasons = [
        identity_why,
        sign_in_why,
        *working.mitigated,
        *working.uncounted,
        *_threat_reasons(asked.threat, working.left, tables),
    ]
    level = answers = Level(identity=identity, sign_in=sign_in)
    for step in (_without_account, _with_coupling, _with_override):
        level, said = step(level, asked, levels, today)
        reasons += said
    reasons += _shut_out(asked)
    return Assessment(
        level=level,
        answers=answers,
        tier=tier_of(level, levels),
        reasons=tuple(reasons),
        uncounted=tuple(working.uncounted),
    )


def _mitigate(asked: Questionnaire, today: date, words: Words) -> _Working:
    """Take each standing mitigation's steps off, as far as the caps allow, and say what it took."""
    given = {WRONG_PERSON: asked.wrong_person, TAKEN_OVER: asked.taken_over}
    working = _Working({f: {c: given[f].get(c, 0) for c in CATEGORIES} for f in FAILURES})
    room = {(f, c): _most_steps(c, asked.threat) for f in FAILURES for c in CATEGORIES}
    counted: set[str] = set()
    for mitigation in asked.mitigations:
        kind = mitigation.kind
        if why := mitigation.why_uncounted(today):
            working.uncounted.append(say("uncounted", kind=kind, why=why))
            continue
        if kind in counted:
            working.uncounted.append(say("twice", kind=kind))
            continue
        counted.add(kind)
        took: dict[str, list[str]] = {}  # the same step in both failures is said once
        for category, steps in MITIGATIONS[kind].items():
            for failure, wanted in zip(FAILURES, steps, strict=True):
                before = working.left[failure][category]
                taken = min(wanted, room[failure, category], before)
                if taken:
                    room[failure, category] -= taken
                    working.left[failure][category] = before - taken
                    name = words[category][0]
                    step = say("step", harm=name, before=before, after=before - taken)
                    took.setdefault(step, []).append(say(failure))
        lowered = [
            step if len(whens) == len(FAILURES) else say("step_in_one", step=step, when=whens[0])
            for step, whens in took.items()
        ]
        effect = say("lowers", steps="; ".join(lowered)) if lowered else say("nothing_more")
        working.mitigated.append(
            say("mitigated", kind=kind, effect=effect, evidence=mitigation.evidence)
        )
    return working


def _most_steps(category: str, threat: str) -> int:
    if category == "safety":
        return MOST_STEPS_SAFETY
    if threat == "high" and category in MONEY:
        return MOST_STEPS_MONEY_HIGH_THREAT
    return MOST_STEPS


def _adjustment(category: str, severity: int, threat: str, part: str) -> int:
    """What threat adds to the level a category calls for.

    It moves the level, not the severity: the money rows of T2 give severities 2 and 3 the same
    sign-in, so a step on severity would leave "when 2 or more" without effect at 2.
    """
    if threat == "low" and category in ("distress", "service") and severity <= 2:
        return -1
    if threat == "high" and category in MONEY and severity >= 2 and part == "C":
        return 1
    return 0


def _called_for(category: str, severity: int, row: Sequence[int], threat: str, part: str) -> int:
    return min(3, max(0, row[severity] + _adjustment(category, severity, threat, part)))


def _worst(
    left: Severities, rows: Mapping[str, Sequence[int]], threat: str, part: str, words: Words
) -> tuple[int, str]:
    """The highest level any category calls for, and the sentence that names the categories."""
    by_category = {c: _called_for(c, left[c], rows[c], threat, part) for c in CATEGORIES}
    highest = max(by_category.values())
    what, when = say(part), say(WRONG_PERSON if part == "P" else TAKEN_OVER)
    if not highest:
        return 0, say("no_harm", what=what, part=part, when=when)
    worst = [c for c in CATEGORIES if by_category[c] == highest]
    harms = "; ".join(
        say("harm", harm=words[c][0], severity=left[c], meaning=words[c][1][left[c] - 1])
        for c in worst
    )
    return highest, say("worst", what=what, part=part, level=highest, when=when, harms=harms)


def _threat_reasons(threat: str, left: Mapping[str, Severities], tables: Tables) -> list[str]:
    if threat == "normal":
        return []
    moved = []
    for part, failure, rows in (
        ("P", WRONG_PERSON, tables.identity),
        ("C", TAKEN_OVER, tables.sign_in),
    ):
        for category in CATEGORIES:
            severity = left[failure][category]
            plain = rows[category][severity]
            level = _called_for(category, severity, rows[category], threat, part)
            if level != plain:
                name = tables.words[category][0]
                moved.append(say("moved", harm=name, part=part, level=level, plain=plain))
    cap = say("money_cap") if threat == "high" else ""
    effect = "; ".join(moved) if moved else say("none_moved")
    return [say("threat", threat=threat, effect=effect, cap=cap)]


Step = tuple[Level, list[str]]


def _without_account(level: Level, asked: Questionnaire, levels: Levels, today: date) -> Step:
    if asked.return_visits or level.identity:
        return level, []
    return Level(identity=0, sign_in=0), [say("no_account")]


def _with_coupling(level: Level, asked: Questionnaire, levels: Levels, today: date) -> Step:
    coupled = levels.coupled(level)
    if coupled == level:
        return level, []
    said = say("coupled", identity=level.identity, before=level.sign_in, to=coupled.sign_in)
    return coupled, [said]


def _with_override(level: Level, asked: Questionnaire, levels: Levels, today: date) -> Step:
    """Apply an exception that still stands; coupling holds for what it leaves."""
    exception = asked.override
    if exception is None:
        return level, []
    if exception.until < today:
        return level, [say("override_ended", day=exception.until)]
    fixed = Level(
        identity=level.identity if exception.identity is None else exception.identity,
        sign_in=level.sign_in if exception.sign_in is None else exception.sign_in,
    )
    said = say(
        "override",
        before=level,
        after=fixed,
        day=exception.until,
        reason=exception.reason,
        owner=exception.owner,
    )
    coupled, more = _with_coupling(fixed, asked, levels, today)
    return coupled, [said, *more]


def _shut_out(asked: Questionnaire) -> list[str]:
    if asked.shut_out < SERIOUS:
        return []
    route = asked.other_route or say("no_route")
    return [say("shut_out", severity=asked.shut_out, route=route)]
