"""Make past sign-ins again under changed policies, and say whom that would have stopped. Pure.

Each sign-in is worked out under both sets from what the journal keeps of it: what was asked, who it
was, what they used and what they held. What is not kept is not replayed: how old a proof was, what
a score would have been with other weights (it counts as it was recorded), and people who were
refused or went away, for nobody knows what they held.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from idp.assurance.conditions import Circumstances
from idp.assurance.outcomes import Outcome, decide
from idp.assurance.rules import Level, Methods, read_vectors, resolve, sign_in_level
from idp.signin.rules import Asked, SignedIn, demand, lowest_first, reach_of

if TYPE_CHECKING:
    from idp.assurance.policy import Policies

SIGNED_IN, ACTING = "signed-in-to-service", "acting-started"
KINDS = (SIGNED_IN, ACTING)
REFERENCES_KEPT = 100  # of each effect at each service; all are counted


class Effect(StrEnum):
    """What a change does to one past sign-in; the value is also its name in JSON."""

    SAME = "same"
    MORE = "asked-for-more"  # and they hold what it takes
    STOPPED = "stopped"
    LESS = "asked-for-less"


class Why(StrEnum):
    """Why a sign-in would have been stopped."""

    IDENTITY = "identity-too-low"
    NO_METHOD = "no-method-reaches-it"
    HELD_BACK = "held-back-as-unusual"
    REFUSED = "refused-as-unusual"


@dataclass(frozen=True, slots=True)
class Past:
    """One entry of the journal about somebody who reached a service."""

    reference: str
    kind: str
    client_id: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SignIn:
    """What the entry says of it, read and checked."""

    client_id: str
    identity: int
    asked: tuple[str, ...]
    essential: bool
    methods: tuple[str, ...]
    held: frozenset[str]
    agent: bool
    stepped: bool
    nats: float | None


@dataclass(slots=True)
class AtService:
    """What a change does at one service. `references` holds the first of each effect but same."""

    effects: Counter[Effect] = field(default_factory=Counter)
    why: Counter[Why] = field(default_factory=Counter)
    references: dict[Effect, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class Replay:
    """What a change does to all the sign-ins looked at, by service.

    `too_old` are entries from before the journal kept what a replay needs. `weights_changed`:
    the scores themselves would have been others, and are taken as they were recorded.
    """

    weights_changed: bool = False
    read: int = 0
    too_old: int = 0
    services: dict[str, AtService] = field(default_factory=dict)

    def total(self, effect: Effect) -> int:
        """How many sign-ins at all services it does this to."""
        return sum(one.effects[effect] for one in self.services.values())


@dataclass(frozen=True, slots=True)
class Stand:
    """How a sign-in stands under one set: what it needs, and whether it passes.

    `further`: a check more is asked than was given. `why`: it is stopped.
    """

    demand: Level
    further: bool
    why: Why | None


def replay(rows: Iterable[Past], old: "Policies", new: "Policies") -> Replay:
    """Work every row out under both sets. Memory does not grow with the rows."""
    found = Replay(weights_changed=_weights(old) != _weights(new))
    under_old, under_new = Under(old), Under(new)
    for row in rows:
        found.read += 1
        sign_in = read(row)
        if sign_in is None:
            found.too_old += 1
            continue
        before, after = under_old.stand(sign_in), under_new.stand(sign_in)
        effect = compare(before, after)
        at = found.services.setdefault(row.client_id, AtService())
        at.effects[effect] += 1
        if effect is Effect.STOPPED and after.why is not None:
            at.why[after.why] += 1
        if effect is not Effect.SAME:
            kept = at.references.setdefault(effect, [])
            if len(kept) < REFERENCES_KEPT:
                kept.append(row.reference)
    return found


def compare(before: Stand, after: Stand) -> Effect:
    """Say what became of a sign-in. Being stopped outweighs being asked."""
    if after.why is not None:
        return Effect.SAME if before.why is not None else Effect.STOPPED
    if before.why is not None:
        return Effect.LESS
    if after.further != before.further:
        return Effect.MORE if after.further else Effect.LESS
    if after.further and after.demand != before.demand:
        return Effect.MORE if after.demand.covers(before.demand) else Effect.LESS
    fell = before.demand != after.demand and before.demand.covers(after.demand)
    return Effect.LESS if fell else Effect.SAME


class Under:
    """One set of policies, and what it says of each service, worked out once."""

    def __init__(self, policies: "Policies") -> None:
        self._policies = policies
        self._levels: dict[str, tuple[Level, Level]] = {}
        self._methods: dict[tuple[str, int, bool], Methods] = {}

    def stand(self, sign_in: SignIn) -> Stand:
        """Work one sign-in out."""
        methods, needed = self._methods_of(sign_in), self._demand(sign_in)
        used = sign_in_level(sign_in.methods, methods)
        reach = max(used, reach_of(sign_in.held, methods))
        if sign_in.identity < needed.identity:
            return Stand(needed, False, Why.IDENTITY)
        if reach < needed.sign_in:
            return Stand(needed, False, Why.NO_METHOD)
        outcome = self._outcome(sign_in, needed, methods)
        if outcome is Outcome.REFUSE:
            return Stand(needed, False, Why.REFUSED)
        if outcome is Outcome.DEFER:
            return Stand(needed, False, Why.HELD_BACK)
        further = used < needed.sign_in or outcome is Outcome.STEP_UP
        return Stand(needed, further, None)

    def _demand(self, sign_in: SignIn) -> Level:
        policies, client_id = self._policies, sign_in.client_id
        if client_id not in self._levels:
            self._levels[client_id] = (policies.floor(client_id), policies.ceiling(client_id))
        floor, ceiling = self._levels[client_id]
        asked = Asked(
            floor=floor,
            ceiling=ceiling,
            started=0,
            requested=self._requested(sign_in.asked, floor),
            essential=sign_in.essential,
        )
        person = SignedIn(identity=sign_in.identity, proofs={}, held=sign_in.held)
        return demand(asked, person, self._methods_of(sign_in), policies.provable)

    def _requested(self, asked: tuple[str, ...], floor: Level) -> tuple[Level, ...]:
        levels = self._policies.levels
        named = [resolve(value, levels) for value in asked]
        if asked and not any(named):  # vectors, as in `vtr`; else what nobody knows any more
            try:
                return lowest_first(read_vectors(asked, levels), floor)
            except ValueError:
                return ()
        return tuple(level for level in named if level is not None)

    def _methods_of(self, sign_in: SignIn) -> Methods:
        key = (sign_in.client_id, sign_in.identity, sign_in.agent)
        if key not in self._methods:
            found = Circumstances(identity=sign_in.identity, agent=sign_in.agent)
            self._methods[key] = self._policies.methods_for(sign_in.client_id, found)
        return self._methods[key]

    def _outcome(self, sign_in: SignIn, needed: Level, methods: Methods) -> Outcome:
        """What the score as recorded comes to; a check that was given more counts as given."""
        rules = self._policies.risk
        if sign_in.nats is None or not rules.enforced:
            return Outcome.ALLOW
        more = sign_in.methods if sign_in.stepped else sign_in.held.difference(sign_in.methods)
        shares = [
            method.blocks_attacks
            for method in methods.values()
            if method.usable and method.id in more
        ]

        def decided(stepped_up_by: float | None) -> Outcome:
            return decide(
                sign_in.nats or 0.0,
                sign_in=needed.sign_in,
                rules=rules,
                stepped_up_by=stepped_up_by,
                can_step_up=bool(shares),
                hard_flag=False,
            )

        first = decided(None)
        if first is not Outcome.STEP_UP:
            return first
        then = decided(max(shares))
        return Outcome.STEP_UP if then is Outcome.ALLOW and not sign_in.stepped else then


def read(row: Past) -> SignIn | None:
    """Read what an entry says; None where it does not say enough, or says it wrong."""
    detail = row.detail
    try:
        identity = Level.parse(detail["vot"]).identity
        methods, held, asked = (_texts(detail[name]) for name in ("methods", "held", "asked"))
    except (KeyError, TypeError, ValueError):
        return None
    risk = detail.get("risk")
    nats = risk.get("nats") if isinstance(risk, dict) else None
    return SignIn(
        client_id=row.client_id,
        identity=identity,
        asked=asked,
        essential=detail.get("essential") is True,
        methods=methods,
        held=frozenset(held),
        agent=row.kind == ACTING,
        stepped=detail.get("stepped") is True,
        nats=float(nats) if isinstance(nats, int | float) else None,
    )


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise ValueError("a list of words is needed")
    return tuple(value)


def _weights(policies: "Policies") -> tuple[Any, ...]:
    """All that a score is made from."""
    rules = policies.risk
    return (
        rules.network, rules.browser, rules.attack_countries, rules.token_present,
        rules.token_absent, rules.impossible_travel, rules.hosting, rules.failed_each,
        rules.failed_at_most, rules.half_life_days, dict(rules.half_life_by_service),
        rules.reach_nats_at_most,
    )  # fmt: skip
