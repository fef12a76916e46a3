"""What one mitigation more, or one fewer, would do to the level of an action. Pure."""

from dataclasses import dataclass, replace
from datetime import date

from idp.assurance.assessment import Assessment, Mitigation, Questionnaire, assess
from idp.assurance.harms import MITIGATION_WORDS, MITIGATIONS, Tables
from idp.assurance.rules import Level, Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One mitigation put in or taken away, and the level that this would leave.

    `held_up`: the answers would ask for less, and coupling keeps the sign-in where it is.
    """

    kind: str
    level: Level
    tier: int
    held_up: bool = False

    @property
    def words(self) -> str:
        """What the mitigation is, in words."""
        return MITIGATION_WORDS[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The level now, each unused mitigation with what it would give, each used one's worth."""

    now: Assessment
    added: tuple[Effect, ...]
    removed: tuple[Effect, ...]

    @property
    def lowers(self) -> tuple[Effect, ...]:
        """The mitigations that alone would lower a part of the level."""
        return tuple(effect for effect in self.added if effect.level != self.now.level)

    @property
    def raises(self) -> tuple[Effect, ...]:
        """The mitigations in use without which a part of the level would rise."""
        return tuple(effect for effect in self.removed if effect.level != self.now.level)

    @property
    def sentences(self) -> tuple[str, ...]:
        """What each mitigation would do, in sentences; never none."""
        lowers = [
            f'"{effect.kind}" would make it {effect.level}, tier {effect.tier}: {effect.words}.'
            for effect in self.lowers
        ]
        held = [
            f'With "{effect.kind}" the answers ask for less, but identity'
            f" P{effect.level.identity} needs sign-in C{effect.level.sign_in} all the same."
            for effect in self.added
            if effect.held_up and effect.level == self.now.level
        ]
        raises = [
            f'Without "{effect.kind}" it would be {effect.level}, tier {effect.tier}.'
            for effect in self.raises
        ]
        return (*(lowers or ["No single mitigation would lower it."]), *held, *raises)


def what_if(
    asked: Questionnaire, *, levels: Levels, today: date, tables: Tables | None = None
) -> WhatIf:
    """Try every mitigation by itself: those not in use put in, those in use taken away."""

    def outcome(changed: Questionnaire) -> Assessment:
        return assess(changed, levels=levels, today=today, tables=tables)

    now = outcome(asked)
    standing = {m.kind for m in asked.mitigations if m.why_uncounted(today) is None}

    def effect(kind: str, changed: Questionnaire) -> Effect:
        got = outcome(changed)
        less = got.answers.sign_in < now.answers.sign_in
        held = less and got.level.sign_in == now.level.sign_in
        return Effect(kind=kind, level=got.level, tier=got.tier, held_up=held)

    added, removed = [], []
    for kind in MITIGATIONS:
        if kind in standing:
            rest = tuple(m for m in asked.mitigations if m.kind != kind)
            removed.append(effect(kind, replace(asked, mitigations=rest)))
        else:
            one = Mitigation(kind=kind, evidence="supposed", owner="supposed", review_by=today)
            added.append(effect(kind, replace(asked, mitigations=(*asked.mitigations, one))))
    return WhatIf(now=now, added=tuple(added), removed=tuple(removed))
