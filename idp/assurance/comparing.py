"""What a change of policy does to every service and every threshold. Pure.

Whatever falls must be named in `[acknowledge_lowering]` of the new risk.toml (risk-model.md
section 1, property (g)): "service/action" for a level, "thresholds/C2" for the thresholds of a
sign-in level, "unassessed/all" for the level of clients that nobody assessed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from idp.assurance.outcomes import thresholds
from idp.assurance.policy import UNASSESSED_TIER, Policies
from idp.assurance.risk_rules import SIGN_IN_LEVELS
from idp.assurance.rules import Level

UNASSESSED = "unassessed"
BANDS = ("step_up", "defer", "refuse")
HIGHEST_NATS = 15.0  # a score is cut off there


class Direction(StrEnum):
    """Where a demand went. One part that falls is a lowering, whatever the other does."""

    RAISED = "raised"
    LOWERED = "lowered"
    UNCHANGED = "unchanged"
    NEW = "new"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One action before and after; None where it is not asked about. `action` "" is the floor.

    `held_up`: the answers ask for a lesser sign-in than before, and coupling keeps the level up.
    `acknowledged`: why the lowering is meant, or "".
    """

    service: str
    action: str
    before: Level | None
    after: Level | None
    direction: Direction
    held_up: bool = False
    acknowledged: str = ""

    @property
    def name(self) -> str:
        """How `[acknowledge_lowering]` names it."""
        return f"{self.service}/{self.action or 'all'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A stretch of scores, in nats, in which sign-ins at one level meet less than before."""

    sign_in: int
    band: str  # step_up, defer, refuse; "enforce" where nothing is done any more
    from_nats: float
    to_nats: float
    wave: bool = False  # while a wave of stolen passwords is tried
    acknowledged: str = ""

    @property
    def name(self) -> str:
        """How `[acknowledge_lowering]` names it."""
        return f"thresholds/C{self.sign_in}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """Everything that a change does. `methods` says in sentences what counts otherwise, or longer;
    that needs no acknowledgement, for no level falls by it."""

    changes: tuple[Change, ...]
    cells: tuple[Cell, ...]
    methods: tuple[str, ...]
    reasons: Mapping[str, str]  # [acknowledge_lowering] of the new set
    reasons_before: Mapping[str, str]  # and of the old one

    def of(self, direction: Direction) -> tuple[Change, ...]:
        """The changes that go one way."""
        return tuple(change for change in self.changes if change.direction is direction)

    @property
    def unacknowledged(self) -> tuple[str, ...]:
        """The names of what falls and is not acknowledged, each once."""
        return tuple(dict.fromkeys(fall.name for fall in self._falling if not fall.acknowledged))

    @property
    def old_reasons(self) -> tuple[str, ...]:
        """The names whose reason stood there before this change: was it meant for this one?"""
        names = dict.fromkeys(fall.name for fall in self._falling if fall.acknowledged)
        return tuple(
            name
            for name in names
            if name in self.reasons and self.reasons[name] == self.reasons_before.get(name)
        )

    @property
    def idle_reasons(self) -> tuple[str, ...]:
        """The names for which nothing falls: of earlier changes, or misspelt."""
        names = {fall.name for fall in self._falling}
        return tuple(name for name in self.reasons if name not in names)

    @property
    def _falling(self) -> list["Change | Cell"]:
        return [*self.of(Direction.LOWERED), *self.cells]


def diff(old: Policies, new: Policies) -> Diff:
    """Compare two sets of policies, action by action and threshold by threshold."""
    return Diff(
        changes=tuple(_changes(old, new)),
        cells=tuple(_cells(old, new)),
        methods=(*_methods(old, new), *_fading(old, new)),
        reasons=new.risk.acknowledged,
        reasons_before=old.risk.acknowledged,
    )


def _changes(old: Policies, new: Policies) -> Iterator[Change]:
    said = new.risk.acknowledged
    unassessed = (old.levels.tiers[UNASSESSED_TIER], new.levels.tiers[UNASSESSED_TIER])
    if unassessed[0] != unassessed[1]:
        yield _change(UNASSESSED, "", *unassessed, said)
    services = dict.fromkeys([*old.assessments, *new.assessments])
    for service in services:
        of_actions = list(_actions(service, old, new, said))
        yield from of_actions
        before, after = old.floor(service), new.floor(service)
        if after.covers(before):
            continue
        lowered = [change for change in of_actions if change.direction is Direction.LOWERED]
        explained = lowered and all(change.acknowledged for change in lowered)
        why = lowered[0].acknowledged if explained else ""
        yield _change(service, "", before, after, {f"{service}/all": why, **said})


def _actions(
    service: str, old: Policies, new: Policies, said: Mapping[str, str]
) -> Iterator[Change]:
    before, after = old.assessments.get(service, {}), new.assessments.get(service, {})
    for action in dict.fromkeys([*before, *after]):
        # A client nobody assessed runs at tier 2, whatever people do there.
        was = before[action].level if action in before else None
        now = after[action].level if action in after else None
        was = old.floor(service) if not before else was
        now = new.floor(service) if not after else now
        held = (
            action in before
            and action in after
            and after[action].answers.sign_in < before[action].answers.sign_in
            and after[action].answers.sign_in < after[action].level.sign_in
        )
        yield _change(service, action, was, now, said, held_up=held)


def _change(
    service: str,
    action: str,
    before: Level | None,
    after: Level | None,
    said: Mapping[str, str],
    *,
    held_up: bool = False,
) -> Change:
    if before is None:
        direction = Direction.NEW
    elif after is None:
        direction = Direction.REMOVED
    elif before == after:
        direction = Direction.UNCHANGED
    else:
        direction = Direction.RAISED if after.covers(before) else Direction.LOWERED
    why = said.get(f"{service}/{action or 'all'}", "")
    return Change(
        service=service,
        action=action,
        before=before,
        after=after,
        direction=direction,
        held_up=held_up,
        acknowledged=why if direction is Direction.LOWERED else "",
    )


def _cells(old: Policies, new: Policies) -> Iterator[Cell]:
    """Thresholds that moved up: scores between the old and the new one meet less."""
    for sign_in, wave in product(SIGN_IN_LEVELS, (False, True)):
        why = new.risk.acknowledged.get(f"thresholds/C{sign_in}", "")
        before = thresholds(sign_in, old.risk, wave=wave)
        after = thresholds(sign_in, new.risk, wave=wave)
        moved = [(band, getattr(before, band), getattr(after, band)) for band in BANDS]
        if old.risk.enforced and not new.risk.enforced:
            moved.append(("enforce", before.step_up, HIGHEST_NATS))
        for band, start, end in moved:
            if end > start:
                yield Cell(
                    sign_in=sign_in,
                    band=band,
                    from_nats=start,
                    to_nats=end,
                    wave=wave,
                    acknowledged=why,
                )


def _methods(old: Policies, new: Policies) -> Iterator[str]:
    for name in dict.fromkeys([*old.methods, *new.methods]):
        before, after = old.methods.get(name), new.methods.get(name)
        if before is None:
            yield f"{name} is new on the list of methods."
        elif after is None:
            yield f"{name} is no longer on the list of methods."
        else:
            if before.status != after.status:
                yield f"{name} goes from {before.status} to {after.status}."
            if (before.alone, before.second) != (after.alone, after.second):
                yield (
                    f"{name} gives C{after.alone} alone and C{after.second} beside another, not"
                    f" C{before.alone} and C{before.second}."
                )
            if before.usable != after.usable:
                yield f"{name} {'counts from now on' if after.usable else 'counts no more'}."


def _fading(old: Policies, new: Policies) -> Iterator[str]:
    before, after = old.levels.fades_after, new.levels.fades_after
    for sign_in in sorted({*before, *after}):
        if before.get(sign_in) != after.get(sign_in):
            was, now = _lasting(before.get(sign_in)), _lasting(after.get(sign_in))
            yield f"A proof for C{sign_in} counts {now}, not {was}."


def _lasting(seconds: int | None) -> str:
    return "until the session ends" if seconds is None else f"for {seconds // 60} minutes"
