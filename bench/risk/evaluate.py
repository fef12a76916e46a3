"""One world, all scores, three attackers: who is challenged, and what the whole pipeline does."""

import math
import random
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.risk.attackers import Attackers
from bench.risk.models import Freeman, Ours, Rule
from bench.risk.world import DAYS, HOME, Person, World
from idp.assurance.familiarity import Evidence, Visit, score
from idp.assurance.outcomes import Outcome, decide
from idp.assurance.risk_rules import RiskRules

ATTACKERS = ("naive", "VPN", "targeted")
HARDER = "neighbour"  # no published figure stands beside this one
RATES = (0.995, 0.98, 0.95)
PRESENCE = (0.0, 0.30, 0.60, 0.85, 0.90)
USUAL_PRESENCE = 0.85
STOLEN = 0.001  # attackers who show the victim's token
ATTACKED = 0.15  # of sign-ins, one attack of each kind beside it
HELD = {"TOTP": 0.80, "passkey": 0.9995}
PIPELINES = ((1, "TOTP"), (2, "TOTP"), (2, "passkey"), (3, "TOTP"), (3, "passkey"))


def ours_at(presence: float) -> str:
    """The name of our score where so many sign-ins show the token."""
    return f"ours, token {presence:.0%}"


MODELS = ("Freeman", "rule", *(ours_at(presence) for presence in PRESENCE))


@dataclass(frozen=True, slots=True)
class Sample:
    """One sign-in or attack: whose, which of the account's (counted from 1), and all scores."""

    groups: tuple[str, ...]
    order: int
    nats: dict[str, float]


@dataclass(slots=True)
class Run:
    """Everything one seed gave."""

    seed: int
    logins: int = 0
    true: list[Sample] = field(default_factory=list)
    attacks: dict[str, list[Sample]] = field(default_factory=lambda: defaultdict(list))
    microseconds: float = 0.0
    _sorted: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def column(self, model: str, group: str) -> list[float]:
        """The scores of the true sign-ins of a group, or of an attacker, lowest first."""
        if (model, group) not in self._sorted:
            samples = self.attacks.get(group) or [s for s in self.true if group in s.groups]
            self._sorted[model, group] = sorted(sample.nats[model] for sample in samples)
        return self._sorted[model, group]


def groups_of(person: Person) -> tuple[str, ...]:
    """The groups a person is counted in."""
    often = "weekly" if person.gap < 7 else "monthly" if person.gap < 30 else "rarer"
    return (
        "everybody",
        "home country" if person.country == HOME else "other country",
        f"{len(person.devices)} device{'s' if len(person.devices) > 1 else ''}",
        often,
    )


def run_world(
    world: World, rules: RiskRules, progress: Callable[[float], None] | None = None
) -> Run:
    """Play a year and score every sign-in from an account's second on, and the attacks beside."""
    seed, users, run = world.seed, world.users, Run(seed=world.seed)
    attackers, chance = Attackers(world), random.Random(f"tokens {seed}")
    ours, freeman, rule = Ours(rules), Freeman(users), Rule()
    for person in world.people:  # so that there are browsers to choose from on the first day
        attackers.see(world.visit(person, 0.0).browser)
    orders: dict[int, int] = defaultdict(int)
    began = time.monotonic()
    evidences: list[Evidence] = []

    def scored(person: Person, visit: Visit, day: float, *, attacker: bool) -> Sample:
        evidence = ours.evidence(person.ref, visit, day)
        if len(evidences) < 5000:
            evidences.append(evidence)
        none, present, absent = ours.nats(evidence)
        nats = {"Freeman": freeman.nats(person.ref, visit), "rule": rule.nats(person.ref, visit)}
        draw = chance.random()
        for presence in PRESENCE:
            shown = draw < (STOLEN if attacker else presence)
            nats[ours_at(presence)] = none if not presence else present if shown else absent
        return Sample(groups=groups_of(person), order=orders[person.ref] + 1, nats=nats)

    for login in world.logins():
        person, visit, day = login.person, login.visit, login.day
        if orders[person.ref]:
            run.true.append(scored(person, visit, day, attacker=False))
            for kind in (*ATTACKERS, HARDER):
                if attackers.rng.random() < ATTACKED:
                    attack = attackers.attack(kind, person, day)
                    run.attacks[kind].append(scored(person, attack, day, attacker=True))
        ours.accept(person.ref, visit, day)
        freeman.accept(person.ref, visit)
        rule.accept(person.ref, visit)
        attackers.see(visit.browser)
        orders[person.ref] += 1
        run.logins += 1
        if progress and time.monotonic() - began > 2:
            began = time.monotonic()
            progress(day / DAYS)
    start = time.perf_counter()
    for evidence in evidences:
        score(evidence, rules)
    run.microseconds = (time.perf_counter() - start) / max(len(evidences), 1) * 1e6
    return run


def threshold(run: Run, model: str, kind: str, rate: float) -> float:
    """The highest score that at least `rate` of the attacks of a kind still reach."""
    found = run.column(model, kind)
    wanted = math.ceil(rate * len(found))  # never fewer than the rate says
    return found[len(found) - max(1, wanted)]


def challenged(run: Run, model: str, kind: str, rate: float, group: str = "everybody") -> float:
    """The share of true sign-ins of a group that are asked for more, at one threshold for all."""
    found = run.column(model, group)
    reached = len(found) - bisect_left(found, threshold(run, model, kind, rate))
    return reached / max(len(found), 1)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Shares of true sign-ins by what became of them, and of attacks that came through."""

    shares: dict[Outcome, float]
    success: dict[str, float]


def pipeline(run: Run, level: int, held: str, rules: RiskRules) -> Pipeline:
    """What the rules would do, all attackers knowing the password; `held` is everybody's method."""
    model, blocks = ours_at(USUAL_PRESENCE), HELD[held]

    def outcome(sample: Sample) -> Outcome:
        first = _decide(sample.nats[model], level, None, rules)
        if first is not Outcome.STEP_UP:
            return first
        after = _decide(sample.nats[model], level, blocks, rules)
        return Outcome.STEP_UP if after is Outcome.ALLOW else after

    found = [outcome(sample) for sample in run.true]
    passes = {Outcome.ALLOW: 1.0, Outcome.STEP_UP: 1 - blocks}
    return Pipeline(
        shares={kind: found.count(kind) / max(len(found), 1) for kind in Outcome},
        success={
            kind: mean([passes.get(outcome(sample), 0.0) for sample in samples])
            for kind, samples in run.attacks.items()
        },
    )


def first_return(run: Run, rules: RiskRules, level: int = 2) -> float:
    """The share of second sign-ins, the first after signing up, that are stepped up."""
    model = ours_at(USUAL_PRESENCE)
    seconds = [sample for sample in run.true if sample.order == 2]
    return mean(
        [_decide(sample.nats[model], level, None, rules) != Outcome.ALLOW for sample in seconds]
    )


def _decide(nats: float, level: int, by: float | None, rules: RiskRules) -> Outcome:
    return decide(
        nats, sign_in=level, rules=rules, stepped_up_by=by, can_step_up=True, hard_flag=False
    )


def mean(values: Sequence[float]) -> float:
    """The mean, 0 of nothing."""
    return sum(values) / len(values) if values else 0.0
