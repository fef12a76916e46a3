"""The numbers of the run-time decision, as risk.toml sets them. Pure data with its defaults.

Lists go from the finest value to the coarsest (address, network, country; whole agent, browser,
system, kind of device), as risk-model.md T6 and the file write them. "Nats" are natural logarithms
of how many times likelier an attacker is than the account's owner.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.assurance.rules import Level

SIGN_IN_LEVELS = (1, 2, 3)  # C0 has no threshold: it is watched by rate limits only


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """How one chain of features is weighed, finest value first.

    `copycat`: shares, together 1, of attackers who copy all but the finest value, all but the two
    finest, and so on to nothing. `trust_speed`: how many sign-ins a value must be seen before it
    counts half. `values_each`: how many finest values are taken to exist in the next coarser one,
    since nobody counts them over all accounts.
    """

    copycat: tuple[float, ...]
    trust_speed: tuple[float, ...]
    values_each: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachRow:
    """What is asked of somebody whose one sign-in could open up to `up_to` principals (T7).

    `up_to` None: however many. `org`: the level an organisation must have been assured to (0-3).
    `two_people`: actions that need a second person.
    """

    up_to: int | None = None
    identity: int = 0
    sign_in: int = 0
    device_bound: bool = False
    org: int = 0
    two_people: tuple[str, ...] = ()

    @property
    def level(self) -> Level:
        """The least level of the person."""
        return Level(identity=self.identity, sign_in=self.sign_in)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From how many nats on a sign-in is stepped up, deferred, refused."""

    step_up: float
    defer: float
    refuse: float


FIRST_REACH = (
    ReachRow(up_to=1),
    ReachRow(up_to=10, identity=2, sign_in=2),
    ReachRow(up_to=100, identity=2, sign_in=2, org=1),
    ReachRow(up_to=1000, identity=2, sign_in=3, org=2),
    ReachRow(up_to=10000, identity=2, sign_in=3, device_bound=True, org=2),
    ReachRow(identity=2, sign_in=3, device_bound=True, org=3, two_people=("payment-details",)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRules:
    """Everything risk.toml decides. Money in pounds, shares from 0 to 1, signals in nats.

    `enforced` False: shadow mode, decisions are recorded and only floors bind. `attack_countries`:
    over how many countries the half of attacks is spread that does not follow the population.
    `fixed`: thresholds by sign-in level that do not follow from cost. `half_life_by_service`
    holds the services for which the general one does not fit, by client_id. `bulk_usual_*`: people
    an hour, of an actor of whom nothing is known yet; software is what a member runs, a machine
    what runs by itself. `acknowledged`: why a level may fall, by "service/action".
    """

    enforced: bool = False
    network: Chain = Chain(copycat=(0.05, 0.25, 0.70), trust_speed=(3, 5, 5), values_each=5000)
    browser: Chain = Chain(
        copycat=(0.05, 0.15, 0.20, 0.60), trust_speed=(3, 3, 5, 5), values_each=20
    )
    attack_countries: int = 200
    token_present: float = -6.75
    token_absent: float = 1.90
    impossible_travel: float = 2.0
    hosting: float = 1.0
    failed_each: float = 0.4
    failed_at_most: float = 3.0
    half_life_days: float = 400.0
    half_life_by_service: Mapping[str, float] = field(default_factory=dict)
    min_logins_for_shortcut: float = 3.0
    shortcut_days: int = 30
    forget_below: float = 0.05
    rows_at_most: int = 64
    smallest_group: int = 20
    prior: float = 0.0001
    prior_in_wave: float = 0.001
    blocks_attacks: float = 0.95
    cost_step_up: float = 0.25
    cost_defer: float = 50.0
    cost_refuse: float = 500.0
    loss: Mapping[int, float] = field(default_factory=lambda: {1: 100.0, 2: 1000.0, 3: 20000.0})
    fixed: Mapping[int, Thresholds] = field(default_factory=dict)
    reach: tuple[ReachRow, ...] = FIRST_REACH
    reach_nats_at_most: float = 4.0
    bulk_rate_times: float = 5.0
    bulk_alarm: float = 8.0
    bulk_usual_person: float = 1.0
    bulk_usual_member: float = 4.0
    bulk_usual_software: float = 20.0
    bulk_usual_machine: float = 200.0
    bulk_hour_at_most: int = 240
    bulk_hour_at_most_machine: int = 1000
    bulk_wait_seconds: int = 60
    acknowledged: Mapping[str, str] = field(default_factory=dict)

    def half_life_for(self, client_id: str) -> float:
        """In how many days what is known of an account counts half, for one service."""
        return self.half_life_by_service.get(client_id, self.half_life_days)
