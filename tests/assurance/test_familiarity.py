"""The score: the worked examples of risk-model.md T6, and what holds for every account."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.familiarity import (
    Evidence,
    Token,
    country_ratio,
    decayed,
    rows_to_forget,
    said_after_proof,
    said_to_service,
    score,
    shares,
)
from idp.assurance.risk_rules import Chain, RiskRules

RULES = RiskRules()
# The first weights of T6, of its worked example. They take no note of where attacks come from.
FIRST = RiskRules(
    network=Chain(copycat=(0.15, 0.45, 0.40), trust_speed=(3, 5, 5), values_each=5000),
    browser=Chain(copycat=(0.10, 0.25, 0.25, 0.40), trust_speed=(3, 3, 5, 5), values_each=20),
)
# Twelve sign-ins, as in the example; the shares make its F = 25001, 5.70 and 1.04.
HOME = Evidence(
    n=12,
    network_counts=(12, 11, 9),
    network_shares=(0.946, 0.12, None),
    country_ratio=1,
    browser_counts=(12, 12, 7, 6),
    browser_shares=(0.5, 0.2, 0.1, 0.005),
)
OTHER_NETWORK = replace(HOME, network_counts=(12, 0, 0))
OTHER_SYSTEM = (12, 0, 0, 0)
OTHER_DEVICE = (0, 0, 0, 0)


def nats(evidence: Evidence, rules: RiskRules = FIRST) -> dict[str, float]:
    return {part.code: round(part.nats, 2) for part in score(evidence, rules).contributions}


def test_the_worked_example_of_the_networks_comes_out() -> None:
    assert nats(HOME)["usual_network"] == -9.58
    assert nats(OTHER_NETWORK)["unusual_network"] == pytest.approx(2.71, abs=0.011)
    assert nats(replace(HOME, network_counts=(0, 0, 0)))["unusual_network"] == 3.45


def test_the_worked_example_of_the_browsers_comes_out() -> None:
    assert nats(replace(HOME, browser_counts=OTHER_SYSTEM))["unusual_browser"] == 3.87
    assert nats(replace(HOME, browser_counts=OTHER_DEVICE))["unusual_browser"] == 4.97


def test_the_worked_example_adds_up() -> None:
    """The example gives no counts for the laptop's -3.53; these are chosen to make it so."""
    assert nats(HOME)["usual_browser"] == -3.53
    assert score(HOME, FIRST).nats == pytest.approx(-13.11, abs=0.01)
    assert score(OTHER_NETWORK, FIRST).nats == pytest.approx(-0.83, abs=0.011)
    hosting = replace(OTHER_NETWORK, browser_counts=OTHER_SYSTEM)
    assert score(hosting, FIRST).nats == pytest.approx(6.58, abs=0.011)
    abroad = replace(HOME, network_counts=(0, 0, 0), browser_counts=OTHER_DEVICE)
    assert score(abroad, FIRST).nats == pytest.approx(8.42, abs=0.01)


def test_without_history_only_signals_count() -> None:
    new = Evidence(n=0, network_counts=(0, 0, 0), token=Token.ABSENT)
    assert score(new, RULES) == score(Evidence(n=0), RULES)
    assert score(new, RULES).nats == 0
    assert nats(replace(new, impossible_travel=True, hosting=True, failed_last_hour=2)) == {
        "failed_tries": 0.8, "impossible_travel": 2, "hosting_network": 1,
    }  # fmt: skip


def test_signals_are_as_many_nats_as_the_model_says() -> None:
    assert nats(Evidence(n=0, failed_last_hour=7))["failed_tries"] == 2.8
    assert nats(Evidence(n=0, failed_last_hour=10**30))["failed_tries"] == 3
    assert nats(Evidence(n=0, attack_ratio=math.e**2))["attack_address"] == 2
    assert [nats(Evidence(n=0, reach=reach)).get("reach") for reach in (1, 10, 100, 10**9)] == [
        None, 1, 2, 4,
    ]  # fmt: skip


def test_the_remembered_device_counts_both_ways_and_only_where_one_was_given() -> None:
    base = score(HOME, RULES).nats
    assert nats(replace(HOME, token=Token.PRESENT), RULES)["known_device"] == -6.75
    assert nats(replace(HOME, token=Token.ABSENT), RULES)["no_known_device"] == 1.9
    assert score(replace(HOME, token=Token.ABSENT), RULES).nats == pytest.approx(base + 1.9)


def test_half_of_attacks_come_evenly_from_all_countries() -> None:
    assert country_ratio(1 / RULES.attack_countries, RULES) == 1
    assert country_ratio(0.9, RULES) < 1 < country_ratio(0.001, RULES)
    assert country_ratio(None, RULES) == 1
    away = replace(HOME, network_counts=(0, 0, 0), country_ratio=None)
    rare = replace(away, network_shares=(0.0001, 0.00001, None))
    assert score(rare, RULES).nats > score(away, RULES).nats


def test_a_value_never_seen_needs_no_share() -> None:
    seen = replace(OTHER_NETWORK, network_shares=(0.946, 0.0001, None))
    assert score(seen, RULES).nats == pytest.approx(score(OTHER_NETWORK, RULES).nats)


def test_a_level_that_is_not_known_says_what_its_coarser_one_said() -> None:
    whole = replace(HOME, network_counts=(12, 12, 12), network_shares=(0.9, 0.9, 0.9))
    for missing in ((12, None, 12), (12, 12, None), (12, None, None)):
        assert score(replace(whole, network_counts=missing), FIRST).nats == pytest.approx(
            score(whole, FIRST).nats
        )
    nothing = replace(HOME, network_counts=(None,) * 3, browser_counts=(None,) * 4)
    assert score(nothing, RULES).contributions == ()


def test_a_part_counts_no_more_often_and_is_no_commoner_than_the_whole() -> None:
    """Rows can be lost one by one to the limit of 64, so the store may say so."""
    most = score(replace(HOME, network_counts=(9, 9, 9)), RULES)
    assert score(replace(HOME, network_counts=(9, 11, 12)), RULES) == most
    even = score(replace(HOME, network_shares=(0.1, 0.1, None)), RULES)
    assert score(replace(HOME, network_shares=(0.1, 0.9, None)), RULES) == even


def test_a_chain_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError):
        score(replace(HOME, network_counts=(1, 1)), RULES)


def test_reasons_are_told_in_codes() -> None:
    parts = score(replace(HOME, network_counts=(0, 0, 0), hosting=True), FIRST).contributions
    assert (
        said_to_service(parts) == "unusual_network +3.5; usual_browser -3.5; hosting_network +1.0"
    )
    assert said_after_proof(parts) == ("unusual_network", "hosting_network")


def test_what_is_known_halves_by_the_half_life_and_is_forgotten_when_little() -> None:
    assert decayed(8, 0, 90) == 8
    assert decayed(8, 90 / 7, 90) == pytest.approx(4)
    assert decayed(8, -5, 90) == 8
    assert decayed(0.0499, 0, 90) == 0
    assert decayed(1, 400 * 4.33 / 7, 400) == 0
    assert decayed(1, 1e9, 400) == 0


def test_an_account_keeps_64_rows_at_most_and_the_same_ones_everywhere() -> None:
    rows = {f"{key:03}": 1.0 + (key % 3) for key in range(100)} | {"old": 0.01}
    gone = rows_to_forget(rows, RULES)
    assert len(rows) - len(gone) == 64
    assert "old" in gone
    assert min(rows[key] for key in rows if key not in gone) >= max(rows[key] for key in gone)
    shuffled = dict(sorted(rows.items(), reverse=True))
    assert set(rows_to_forget(shuffled, RULES)) == set(gone)
    assert rows_to_forget({"a": 1.0}, RULES) == ()


def test_shares_put_small_groups_together() -> None:
    found = shares({"home": 900, "far": 60, "rare": 19, "rarer": 1}, RULES)
    assert found == pytest.approx(
        {"home": 900 / 980, "far": 60 / 980, "rare": 10 / 980, "rarer": 10 / 980}
    )
    assert shares({"gone": 0}, RULES) == {}
    assert shares({}, RULES) == {}


# From lists, so that a hundred thousand accounts are cheap: what lies at an edge, and between.
AMOUNTS = [0.05, 0.3, 0.5, 1, 1.5, 2, 3, 4, 5, 7.7, 12, 20, 40, 64, 333, 5000]
PARTS = [0.0, 1e-6, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1.0, 1.0]
THINNINGS = [1.0, 1.0, 0.999, 0.99, 0.9, 0.75, 0.6, 0.5, 0.3, 0.1, 0.03, 0.01, 0.001, 1 / 5000]
KNOWN = [True] * 8 + [False]
amount = st.sampled_from(AMOUNTS)
part = st.sampled_from(PARTS)
level = st.tuples(part, st.sampled_from(THINNINGS), st.sampled_from(KNOWN), st.sampled_from(KNOWN))
WEIGHTS = st.sampled_from([RULES, FIRST])
CHAINS = st.sampled_from(["network", "browser"])


@st.composite
def accounts(draw: st.DrawFn) -> Evidence:
    """Any account and sign-in: a finer value is a part of the coarser, some are not known."""
    n, name = draw(amount), draw(CHAINS)
    counts: list[float | None] = []
    parts: list[float | None] = []
    count, share = n, 1.0
    for within, thinning, counted, shared in draw(
        st.tuples(*[level] * (3 if name == "network" else 4))
    ):
        count, share = count * within, share * thinning
        counts.append(count if counted else None)
        parts.append(share if shared else None)
    chain: dict[str, Any] = {f"{name}_counts": tuple(counts), f"{name}_shares": tuple(parts)}
    return Evidence(n=n, token=draw(st.sampled_from(Token)), **chain)


def again(evidence: Evidence) -> Evidence:
    """The same after one more accepted sign-in with the same values."""
    more: dict[str, Any] = {
        name: tuple(None if count is None else count + 1 for count in getattr(evidence, name))
        for name in ("network_counts", "browser_counts")
    }
    return replace(evidence, n=evidence.n + 1, **more)


@given(accounts(), WEIGHTS)
def test_one_more_sign_in_with_the_same_values_never_raises_the_score(evidence, rules) -> None:
    before, after = score(evidence, rules), score(again(evidence), rules)
    assert after.nats <= before.nats + 1e-9


@given(accounts(), WEIGHTS)
def test_the_first_sign_in_never_raises_the_score_of_the_second(evidence, rules) -> None:
    none: dict[str, Any] = {
        name: tuple(None if count is None else 0.0 for count in getattr(evidence, name))
        for name in ("network_counts", "browser_counts")
    }
    first = replace(evidence, n=0, token=Token.NONE_ISSUED, **none)
    assert score(again(first), rules).nats <= score(first, rules).nats + 1e-9


@given(accounts(), WEIGHTS, st.integers(0, 3), part)
def test_a_finer_match_never_raises_the_score(evidence, rules, place, matched) -> None:
    """What matched down to one level matches, on the same account, one level further."""
    name = "network" if evidence.browser_shares == (None,) * 4 else "browser"
    counts = list(getattr(evidence, f"{name}_counts"))
    coarser = next((c for c in reversed(counts[:place]) if c is not None), evidence.n)
    unseen = [None if count is None else 0.0 for count in counts[place + 1 :]]
    length = len(counts)
    less: dict[str, Any] = {f"{name}_counts": (*counts[:place], 0.0, *unseen)[:length]}
    more: dict[str, Any] = {
        f"{name}_counts": (*counts[:place], coarser * matched, *unseen)[:length]
    }
    assert (
        score(replace(evidence, **more), rules).nats
        <= score(replace(evidence, **less), rules).nats + 1e-9
    )


@given(
    accounts(), WEIGHTS, st.integers(-9, 99), st.floats(0, 1e9), st.booleans(), st.booleans(),
    st.integers(-9, 10**9),
)  # fmt: skip
def test_no_signal_ever_speaks_for_the_owner(
    evidence, rules, failed, listed, travel, hosting, reach
) -> None:
    warned = replace(
        evidence, failed_last_hour=failed, attack_ratio=listed, impossible_travel=travel,
        hosting=hosting, reach=reach,
    )  # fmt: skip
    assert score(evidence, rules).nats <= score(warned, rules).nats


numbers = st.floats(allow_nan=True, allow_infinity=True)


@given(
    st.floats(min_value=0, allow_infinity=False), st.tuples(*[st.none() | numbers] * 3),
    st.tuples(*[st.none() | numbers] * 3), st.tuples(*[st.none() | numbers] * 4),
    st.tuples(*[st.none() | numbers] * 4), WEIGHTS,
)  # fmt: skip
def test_the_score_stays_within_15_nats_whatever_the_store_says(n, a, b, c, d, rules) -> None:
    evidence = Evidence(n=n, network_counts=a, network_shares=b, browser_counts=c, browser_shares=d)
    assert -15 <= score(evidence, rules).nats <= 15
