"""What to do about a score: thresholds from cost, and the four outcomes. Pure: risk-model.md T6."""

import math
from enum import StrEnum

from idp.assurance.risk_rules import RiskRules, Thresholds


class Outcome(StrEnum):
    """What becomes of a sign-in, mildest first; compared by that order, not as words."""

    ALLOW = "allow"
    STEP_UP = "step_up"
    DEFER = "defer"
    REFUSE = "refuse"

    @property
    def rank(self) -> int:
        """0 for the mildest to 3."""
        return list(Outcome).index(self)

    def __lt__(self, other: str) -> bool:
        return self.rank < Outcome(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= Outcome(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > Outcome(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= Outcome(other).rank


def thresholds(sign_in: int, rules: RiskRules, *, wave: bool = False) -> Thresholds:
    """From how many nats on to act, for an action that needs sign-in `sign_in` (1-3).

    An answer is worth its cost when cost <= loss x share blocked x chance of attack. In a `wave`
    of stolen passwords the chance before looking is higher, so everything comes sooner.
    Raises KeyError for a level without thresholds: C0 is only rate limited.
    """
    sooner = math.log(rules.prior_in_wave / rules.prior) if wave else 0.0
    at = rules.fixed.get(sign_in)
    if at is None:
        expected = rules.loss[sign_in] * rules.blocks_attacks * rules.prior
        at = Thresholds(
            step_up=math.log(rules.cost_step_up / expected),
            defer=math.log(rules.cost_defer / expected),
            refuse=math.log(rules.cost_refuse / expected),
        )
    return Thresholds(
        step_up=at.step_up - sooner, defer=at.defer - sooner, refuse=at.refuse - sooner
    )


def decide(
    nats: float,
    *,
    sign_in: int,
    rules: RiskRules,
    stepped_up_by: float | None,
    can_step_up: bool,
    hard_flag: bool,
    wave: bool = False,
) -> Outcome:
    """Say what becomes of a sign-in that scored `nats`, for an action that needs `sign_in` (0-3).

    `stepped_up_by`: the share of attacks (0-1) that the further check just passed blocks, None
    before one. `can_step_up`: the person holds a method not asked for yet. `hard_flag`: somebody
    said that the credential is compromised; then nothing is allowed without more. Without a
    usable method the sign-in is deferred, never refused: nobody is turned away for what they lack.
    """
    if sign_in == 0:
        return Outcome.ALLOW
    at = thresholds(sign_in, rules, wave=wave)
    if stepped_up_by is None:
        if not (hard_flag or nats >= at.step_up):
            return Outcome.ALLOW
        return Outcome.STEP_UP if can_step_up else Outcome.DEFER
    left = nats + (math.log1p(-stepped_up_by) if stepped_up_by < 1 else -math.inf)
    if left >= at.refuse:
        return Outcome.REFUSE
    return Outcome.DEFER if hard_flag or left >= at.defer else Outcome.ALLOW


def remembered_device_counts(nats: float, *, n: float, age_days: float, rules: RiskRules) -> bool:
    """True when a remembered device may stand for possession: usual, known well enough, not old."""
    known = n >= rules.min_logins_for_shortcut and 0 <= age_days <= rules.shortcut_days
    return known and nats < 0
