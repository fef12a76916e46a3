"""risk.toml as frozen models, and what only shows beside other numbers: risk-model.md T6, T7.

Every key may be left out; what it then is stands in `risk_rules.py`.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from idp.assurance.files import MetaEntry, Part, Text, several
from idp.assurance.outcomes import thresholds
from idp.assurance.risk_rules import SIGN_IN_LEVELS, Chain, ReachRow, RiskRules, Thresholds
from idp.policy.files import FileModel
from idp.policy.rules import Problem

RISK = "risk.toml"
FIRST = RiskRules()

# Bounds far beyond sense keep every sum and logarithm finite.
Nats = Annotated[float, Field(ge=-100, le=100)]
Signal = Annotated[float, Field(ge=0, le=100)]
Weight = Annotated[float, Field(ge=-1e6, le=1e6)]
Money = Annotated[float, Field(ge=0.01, le=1e12)]
Days = Annotated[float, Field(ge=1, le=36500)]
Logins = Annotated[float, Field(gt=0, le=1000)]
Share = Annotated[float, Field(ge=1e-9, lt=1)]
People = Annotated[float, Field(ge=0.01, le=100_000)]
Whole = Annotated[int, Field(ge=1, le=10**9)]
Numbers = Annotated[tuple[Weight, ...], Field(strict=False)]
ActionName = Annotated[str, StringConstraints(pattern=r"^[^/]+/[^/]+$")]


class LossEntry(FileModel):
    """What a takeover costs in the mean, in pounds, by the sign-in level an action needs."""

    C1: Money = FIRST.loss[1]
    C2: Money = FIRST.loss[2]
    C3: Money = FIRST.loss[3]


class FixedEntry(FileModel):
    """Thresholds of one sign-in level, in nats, set by hand."""

    step_up: Nats
    defer: Nats
    refuse: Nats


class FixedLevels(FileModel):
    """The levels whose thresholds are set by hand; the others follow from cost."""

    C1: FixedEntry | None = None
    C2: FixedEntry | None = None
    C3: FixedEntry | None = None


class ThresholdsEntry(FileModel):
    """What deciding costs, in pounds, and how likely a sign-in is an attack before looking."""

    prior: Share = FIRST.prior
    prior_in_wave: Share = FIRST.prior_in_wave
    blocks_attacks: Share = FIRST.blocks_attacks
    cost_step_up: Money = FIRST.cost_step_up
    cost_defer: Money = FIRST.cost_defer
    cost_refuse: Money = FIRST.cost_refuse
    loss: LossEntry = LossEntry()
    fixed: FixedLevels = FixedLevels()


class HistoryEntry(FileModel):
    """How long what is known of an account counts, and how much of it is kept."""

    half_life_days: Days = FIRST.half_life_days
    half_life_by_service: Mapping[Text, Days] = Field(default_factory=dict)
    min_logins_for_shortcut: Logins = FIRST.min_logins_for_shortcut
    shortcut_days: Whole = FIRST.shortcut_days
    forget_below: Logins = FIRST.forget_below
    rows_at_most: Whole = FIRST.rows_at_most
    smallest_group: Whole = FIRST.smallest_group


class NetworkEntry(FileModel):
    """Address, network, country: three weights each, finest first."""

    copycat: Numbers = FIRST.network.copycat
    trust_speed: Numbers = FIRST.network.trust_speed
    addresses_in_a_network: Whole = FIRST.network.values_each
    attack_countries: Whole = FIRST.attack_countries


class BrowserEntry(FileModel):
    """Whole agent, browser, system, kind of device: four weights each, finest first."""

    copycat: Numbers = FIRST.browser.copycat
    trust_speed: Numbers = FIRST.browser.trust_speed
    agents_of_a_browser: Whole = FIRST.browser.values_each


class TokenEntry(FileModel):
    """Nats for a remembered device that is there, and for one that is not."""

    present: Annotated[float, Field(ge=-100, le=0)] = FIRST.token_present
    absent: Signal = FIRST.token_absent


class SignalsEntry(FileModel):
    """Nats that other signals add. None is ever below 0: a signal can only warn."""

    impossible_travel: Signal = FIRST.impossible_travel
    hosting: Signal = FIRST.hosting
    failed_each: Signal = FIRST.failed_each
    failed_at_most: Signal = FIRST.failed_at_most


class RowEntry(FileModel):
    """One row of T7."""

    up_to: Whole | None = None
    identity: Part = 0
    sign_in: Part = 0
    device_bound: bool = False
    org: Part = 0
    two_people: Annotated[tuple[Text, ...], several()] = ()


Rows = Annotated[tuple[RowEntry, ...], Field(strict=False)]
FIRST_ROWS = tuple(
    RowEntry(
        up_to=row.up_to,
        identity=row.identity,
        sign_in=row.sign_in,
        device_bound=row.device_bound,
        org=row.org,
        two_people=row.two_people,
    )
    for row in FIRST.reach
)


class AgentsEntry(FileModel):
    """What is asked of those who act for others, and when their use counts as bulk."""

    rows: Rows = FIRST_ROWS
    reach_nats_at_most: Signal = FIRST.reach_nats_at_most
    bulk_rate_times: Annotated[float, Field(gt=1, le=1000)] = FIRST.bulk_rate_times
    bulk_alarm: Logins = FIRST.bulk_alarm
    bulk_usual_person: People = FIRST.bulk_usual_person
    bulk_usual_member: People = FIRST.bulk_usual_member
    bulk_usual_software: People = FIRST.bulk_usual_software
    bulk_usual_machine: People = FIRST.bulk_usual_machine
    bulk_hour_at_most: Whole = FIRST.bulk_hour_at_most
    bulk_hour_at_most_machine: Whole = FIRST.bulk_hour_at_most_machine
    bulk_wait_seconds: Annotated[int, Field(ge=1, le=3600)] = FIRST.bulk_wait_seconds


class RiskFile(FileModel):
    """risk.toml."""

    enforce: Literal["shadow", "on"] = "shadow"
    meta: MetaEntry | None = None
    thresholds: ThresholdsEntry = ThresholdsEntry()
    history: HistoryEntry = HistoryEntry()
    network: NetworkEntry = NetworkEntry()
    browser: BrowserEntry = BrowserEntry()
    token: TokenEntry = TokenEntry()
    signals: SignalsEntry = SignalsEntry()
    agents: AgentsEntry = AgentsEntry()
    acknowledge_lowering: Mapping[ActionName, Text] = Field(default_factory=dict)

    def rules(self) -> RiskRules:
        """The numbers as score, outcome and reach ask for them."""
        costs, history, agents = self.thresholds, self.history, self.agents
        fixed = {level: getattr(costs.fixed, f"C{level}") for level in SIGN_IN_LEVELS}
        return RiskRules(
            enforced=self.enforce == "on",
            network=Chain(
                copycat=self.network.copycat,
                trust_speed=self.network.trust_speed,
                values_each=self.network.addresses_in_a_network,
            ),
            browser=Chain(
                copycat=self.browser.copycat,
                trust_speed=self.browser.trust_speed,
                values_each=self.browser.agents_of_a_browser,
            ),
            attack_countries=self.network.attack_countries,
            token_present=self.token.present,
            token_absent=self.token.absent,
            **self.signals.model_dump(),
            **{**history.model_dump(), "half_life_by_service": dict(history.half_life_by_service)},
            **costs.model_dump(exclude={"loss", "fixed"}),
            loss={level: getattr(costs.loss, f"C{level}") for level in SIGN_IN_LEVELS},
            fixed={
                level: Thresholds(**entry.model_dump()) for level, entry in fixed.items() if entry
            },
            reach=tuple(ReachRow(**row.model_dump()) for row in agents.rows),
            **agents.model_dump(exclude={"rows"}),
            acknowledged=dict(self.acknowledge_lowering),
        )


def check_risk(file: RiskFile, wrong: Collection[str] = ()) -> Iterator[Problem]:
    """Weights that mean something, thresholds in order, harm and reach that never ask for less.

    Tables named in `wrong` lost a part that could not be read, so nothing is made of the rest.
    """
    if "network" not in wrong:
        numbers = (file.network.copycat, file.network.trust_speed)
        yield from _chain("network", *numbers, names=("address", "network", "country"))
    if "browser" not in wrong:
        numbers = (file.browser.copycat, file.browser.trust_speed)
        yield from _chain("browser", *numbers, names=("agent", "browser", "system", "device"))
    if "thresholds" not in wrong:
        yield from _costs(file.thresholds)
        yield from _thresholds(file)
    if "agents" not in wrong:
        yield from _rows(file.agents.rows)
        yield from _paces(file.agents)


def _costs(costs: ThresholdsEntry) -> Iterator[Problem]:
    if costs.prior_in_wave < costs.prior:
        sentence = "In a wave of attacks more sign-ins are attacks: it must be at least prior."
        yield Problem(RISK, "thresholds > prior_in_wave", sentence)
    losses = [getattr(costs.loss, f"C{level}") for level in SIGN_IN_LEVELS]
    if any(higher <= lower for lower, higher in pairwise(losses)):
        yield Problem(RISK, "thresholds > loss", "The loss must rise from C1 to C3.")


def _chain(
    table: str, copycat: tuple[float, ...], speeds: tuple[float, ...], *, names: tuple[str, ...]
) -> Iterator[Problem]:
    needed = f"It needs {len(names)} numbers, for {', '.join(names)}"
    for key, numbers in (("copycat", copycat), ("trust_speed", speeds)):
        if len(numbers) != len(names):
            yield Problem(RISK, f"{table} > {key}", f"{needed}; it has {len(numbers)}.")
    if any(weight < 0 for weight in copycat):
        yield Problem(RISK, f"{table} > copycat", "A weight must be at least 0.")
    if not math.isclose(sum(copycat), 1, abs_tol=1e-9):
        sentence = f"The weights must sum to 1; they sum to {sum(copycat):.12g}."
        yield Problem(RISK, f"{table} > copycat", sentence)
    if any(speed <= 0 for speed in speeds):
        yield Problem(RISK, f"{table} > trust_speed", "Each number must be more than 0.")


def _thresholds(file: RiskFile) -> Iterator[Problem]:
    rules = file.rules()
    found = {level: thresholds(level, rules) for level in SIGN_IN_LEVELS}
    for level, at in found.items():
        if not at.step_up < at.defer < at.refuse:
            sentence = (
                f"At C{level} a step-up must come before deferring and that before refusing;"
                f" they come at {at.step_up:.2f}, {at.defer:.2f} and {at.refuse:.2f}."
            )
            yield Problem(RISK, "thresholds", sentence)
    for lower, higher in pairwise(SIGN_IN_LEVELS):
        for key in ("step_up", "defer", "refuse"):
            if getattr(found[higher], key) >= getattr(found[lower], key):
                sentence = f"{key} must come sooner at C{higher} than at C{lower}."
                yield Problem(RISK, "thresholds", sentence)


def _rows(rows: tuple[RowEntry, ...]) -> Iterator[Problem]:
    place = "agents > rows"
    if not rows or rows[-1].up_to is not None:
        yield Problem(RISK, place, "The last row must have no up_to, so that every reach has one.")
    if any(row.up_to is None for row in rows[:-1]):
        yield Problem(RISK, place, "Only the last row may have no up_to.")
    bounds = [row.up_to for row in rows if row.up_to is not None]
    if any(after <= before for before, after in pairwise(bounds)):
        yield Problem(RISK, place, "The rows must stand in rising order of up_to.")
    for number, (less, more) in enumerate(pairwise(rows), start=2):
        keys = ("identity", "sign_in", "org", "device_bound")
        falls = [key for key in keys if getattr(more, key) < getattr(less, key)]
        if set(less.two_people) - set(more.two_people):
            falls.append("two_people")
        for key in falls:
            sentence = f"{key} asks for less than the row before: more reach never does."
            yield Problem(RISK, f"{place} number {number} in the list", sentence)


def _paces(agents: AgentsEntry) -> Iterator[Problem]:
    most = agents.bulk_hour_at_most
    ceilings = {"person": most, "member": most, "software": most,
                "machine": agents.bulk_hour_at_most_machine}  # fmt: skip
    for who, ceiling in ceilings.items():
        if getattr(agents, f"bulk_usual_{who}") > ceiling:
            sentence = f"It is more than anybody may open in an hour, which is {ceiling}."
            yield Problem(RISK, f"agents > bulk_usual_{who}", sentence)


def overdue_risk(file: RiskFile, today: date) -> Iterator[Problem]:
    """The review date, where it has passed."""
    if file.meta and file.meta.review_by < today:
        sentence = f"The date {file.meta.review_by} has passed."
        yield Problem(RISK, "meta > review_by", sentence)
