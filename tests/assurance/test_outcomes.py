"""From a score to an outcome: thresholds from cost, and what more risk can never do."""

from dataclasses import replace
from itertools import pairwise, product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from idp.assurance.outcomes import Outcome, decide, remembered_device_counts, thresholds
from idp.assurance.risk_rules import RiskRules, Thresholds

RULES = RiskRules()
LEVELS = (1, 2, 3)
TABLE = {1: (3.27, 8.57, 10.87), 2: (0.97, 6.27, 8.57), 3: (-2.03, 3.27, 5.57)}
PROVED = (None, 0.0, 0.76, 0.8, 0.9995, 1.0)


def ask(nats: float = 0.0, *, sign_in=2, rules=RULES, by=None, can=True, flag=False, wave=False):
    return decide(
        nats, sign_in=sign_in, rules=rules, stepped_up_by=by, can_step_up=can, hard_flag=flag,
        wave=wave,
    )  # fmt: skip


@pytest.mark.parametrize("level", LEVELS)
def test_the_table_of_thresholds_comes_out_of_the_costs(level) -> None:
    at = thresholds(level, RULES)
    assert (round(at.step_up, 2), round(at.defer, 2), round(at.refuse, 2)) == TABLE[level]


@pytest.mark.parametrize("level", LEVELS)
def test_each_threshold_acts_from_its_very_value_on(level) -> None:
    at = thresholds(level, RULES)
    just_below = at.step_up - 1e-9
    assert ask(just_below, sign_in=level) is Outcome.ALLOW
    assert ask(at.step_up, sign_in=level) is Outcome.STEP_UP
    assert ask(at.step_up, sign_in=level, can=False) is Outcome.DEFER
    assert ask(at.defer - 1e-9, sign_in=level, by=0.0) is Outcome.ALLOW
    assert ask(at.defer, sign_in=level, by=0.0) is Outcome.DEFER
    assert ask(at.refuse, sign_in=level, by=0.0) is Outcome.REFUSE


def test_a_further_check_takes_off_what_it_blocks() -> None:
    assert ask(7.8, by=0.8) is Outcome.ALLOW  # 7.8 - 1.61 = 6.19
    assert ask(7.9, by=0.8) is Outcome.DEFER
    assert ask(15, by=0.8) is Outcome.REFUSE
    assert ask(15, by=0.9995) is Outcome.DEFER
    assert ask(15, by=1.0) is Outcome.ALLOW


def test_c0_is_only_rate_limited() -> None:
    for flag, can, by in product((True, False), (True, False), PROVED):
        assert ask(15, sign_in=0, flag=flag, can=can, by=by) is Outcome.ALLOW


def test_nobody_without_a_usable_method_is_ever_refused() -> None:
    for level, flag, score, wave in product(LEVELS, (True, False), range(-15, 16), (True, False)):
        found = ask(score, sign_in=level, can=False, flag=flag, wave=wave)
        assert found in (Outcome.ALLOW, Outcome.DEFER)


def test_a_credential_called_compromised_never_goes_through_by_itself() -> None:
    assert ask(-15, flag=True) is Outcome.STEP_UP
    assert ask(-15, flag=True, can=False) is Outcome.DEFER
    assert ask(-15, flag=True, by=0.9995) is Outcome.DEFER


def test_outcomes_are_ordered_by_what_they_cost_and_not_as_words() -> None:
    assert list(Outcome) == sorted(Outcome)
    assert max(Outcome) is Outcome.REFUSE
    for less, more in pairwise(Outcome):
        assert less < more
        assert less <= more
        assert more > less
        assert more >= less
        assert not more < less
        assert not more <= less


def test_a_remembered_device_stands_in_only_for_the_usual_the_known_and_the_fresh() -> None:
    def counts(nats=-1.0, n=3.0, age=30.0):
        return remembered_device_counts(nats, n=n, age_days=age, rules=RULES)

    assert counts()
    assert not counts(nats=0.0)
    assert not counts(n=2.99)
    assert not counts(age=30.01)
    assert not counts(age=-0.01)  # the clock jumped


def test_fixed_thresholds_are_taken_as_they_are() -> None:
    fixed = replace(RULES, fixed={3: Thresholds(step_up=-5, defer=0, refuse=1)})
    assert thresholds(3, fixed).step_up == -5
    assert thresholds(2, fixed) == thresholds(2, RULES)


# Small enough to try in full: a grid over scores that includes every threshold and both its sides.
EDGES = sorted(
    {float(nats) for nats in range(-15, 16)}
    | {edge + by for row in LEVELS for edge in (
        thresholds(row, RULES).step_up, thresholds(row, RULES).defer, thresholds(row, RULES).refuse)
       for by in (-1e-6, 0.0, 1e-6)}
)  # fmt: skip
FLAGS = (False, True)


def test_more_risk_never_brings_a_milder_outcome_in_full() -> None:
    for level, by, can, flag, wave in product(range(4), PROVED, FLAGS, FLAGS, FLAGS):
        found = [ask(s, sign_in=level, by=by, can=can, flag=flag, wave=wave) for s in EDGES]
        assert found == sorted(found), (level, by, can, flag, wave)


def test_a_higher_level_a_hard_flag_and_a_wave_never_bring_a_milder_outcome_in_full() -> None:
    for s, by, can in product(EDGES, PROVED, FLAGS):
        for flag, wave in product(FLAGS, FLAGS):
            by_level = [ask(s, sign_in=c, by=by, can=can, flag=flag, wave=wave) for c in range(4)]
            assert by_level == sorted(by_level)
        for level in range(4):
            plain = ask(s, sign_in=level, by=by, can=can)
            assert plain <= ask(s, sign_in=level, by=by, can=can, flag=True)
            assert plain <= ask(s, sign_in=level, by=by, can=can, wave=True)


def test_a_method_more_or_a_stronger_one_never_brings_a_harder_outcome_in_full() -> None:
    for s, level, flag, wave in product(EDGES, range(4), FLAGS, FLAGS):
        without = ask(s, sign_in=level, can=False, flag=flag, wave=wave)
        assert ask(s, sign_in=level, can=True, flag=flag, wave=wave) <= without
        by_strength = [
            ask(s, sign_in=level, by=by, flag=flag, wave=wave) for by in (0.0, 0.5, 0.76, 0.8, 1.0)
        ]
        assert by_strength == sorted(by_strength, reverse=True)


nats = st.floats(-15, 15)
money = st.floats(0.01, 1e6)


@st.composite
def files(draw: st.DrawFn) -> RiskRules:
    """Any costs that a checked risk.toml may hold."""
    cheap, dear, dearest = sorted((draw(money), draw(money), draw(money)))
    small, middle, large = sorted((draw(money), draw(money), draw(money)))
    assume(cheap < dear < dearest and small < middle < large)
    prior = draw(st.floats(1e-6, 0.1))
    return RiskRules(
        cost_step_up=cheap, cost_defer=dear, cost_refuse=dearest,
        loss={1: small, 2: middle, 3: large}, prior=prior,
        prior_in_wave=prior * draw(st.floats(1, 9)), blocks_attacks=draw(st.floats(0.01, 0.99)),
    )  # fmt: skip


@given(files(), st.booleans())
def test_thresholds_stand_in_order_and_come_no_later_as_the_level_rises(rules, wave) -> None:
    found = [thresholds(level, rules, wave=wave) for level in LEVELS]
    for at in found:
        assert at.step_up <= at.defer <= at.refuse
    for lower, higher in pairwise(found):
        assert higher.step_up <= lower.step_up
        assert higher.defer <= lower.defer
        assert higher.refuse <= lower.refuse


shown = st.none() | st.floats(0, 1)


@given(
    files(), nats, nats, st.integers(0, 3), st.integers(0, 3), shown, st.booleans(), st.booleans()
)
def test_more_risk_or_a_higher_level_never_brings_a_milder_outcome(
    rules, one, other, first, second, by, can, flag
) -> None:
    low, high = sorted((one, other))
    less, more = sorted((first, second))
    here = ask(low, sign_in=less, rules=rules, by=by, can=can, flag=flag)
    assert here <= ask(high, sign_in=less, rules=rules, by=by, can=can, flag=flag)
    assert here <= ask(low, sign_in=more, rules=rules, by=by, can=can, flag=flag)


@given(files(), nats, st.integers(0, 3), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_method_more_never_worsens_and_a_hard_flag_never_improves(
    rules, s, level, one, other, flag
) -> None:
    weaker, stronger = sorted((one, other))
    assert ask(s, sign_in=level, rules=rules, by=stronger, flag=flag) <= ask(
        s, sign_in=level, rules=rules, by=weaker, flag=flag
    )
    assert ask(s, sign_in=level, rules=rules, can=True, flag=flag) <= ask(
        s, sign_in=level, rules=rules, can=False, flag=flag
    )
    for by in (None, one):
        assert ask(s, sign_in=level, rules=rules, by=by) <= ask(
            s, sign_in=level, rules=rules, by=by, flag=True
        )
