"""Levels compared part by part, and what a request for one means. All 16 pairs are tried."""

from itertools import product

import pytest

from idp.assurance.rules import (
    Level,
    acr_values_supported,
    answer_acr,
    met,
    resolve,
    tier_of,
    tier_reached,
)

PAIRS = [Level(identity=p, sign_in=c) for p, c in product(range(4), repeat=2)]


def test_a_level_covers_another_only_when_both_parts_do() -> None:
    for a, b in product(PAIRS, repeat=2):
        assert a.covers(b) == (a.identity >= b.identity and a.sign_in >= b.sign_in), (a, b)


def test_the_join_is_the_least_level_that_covers_both() -> None:
    for a, b in product(PAIRS, repeat=2):
        covering = [x for x in PAIRS if x.covers(a) and x.covers(b)]
        assert a.join(b) in covering
        assert all(x.covers(a.join(b)) for x in covering)


def test_every_level_is_read_back_from_its_own_words() -> None:
    assert [Level.parse(str(pair)) for pair in PAIRS] == PAIRS


@pytest.mark.parametrize("text", ["P4.C0", "P2C2", "p2.c2", "P2.C2 ", "P2.C2\n", "P٢.C2", "2", ""])
def test_nothing_else_is_read_as_a_level(text, sample) -> None:
    with pytest.raises(ValueError, match="not a level"):
        Level.parse(text)
    assert resolve(text, sample.levels) is None


@pytest.mark.parametrize("parts", [(4, 0), (0, 4), (-1, 0)])
def test_there_is_no_level_outside_nought_to_three(parts) -> None:
    with pytest.raises(ValueError, match="no such level"):
        Level(identity=parts[0], sign_in=parts[1])


def test_a_service_sits_in_the_lowest_tier_and_a_session_reaches_the_highest(sample) -> None:
    for pair in PAIRS:
        assert tier_of(pair, sample.levels) == max(pair.identity, pair.sign_in)
        assert tier_reached(pair, sample.levels) == min(pair.identity, pair.sign_in)


def test_a_strong_sign_in_without_identity_is_tier_0(sample) -> None:
    assert tier_reached(Level.parse("P0.C2"), sample.levels) == 0


def test_pairs_tiers_and_aliases_name_levels(sample) -> None:
    for pair in PAIRS:
        assert resolve(f"urn:gatehouse:loa:{pair}", sample.levels) == pair
        assert resolve(str(pair), sample.levels) == pair
    for n in range(4):
        assert resolve(f"urn:gatehouse:tier:{n}", sample.levels) == Level(identity=n, sign_in=n)
    for alias, words in {
        "http://eidas.europa.eu/LoA/low": "P1.C1",
        "http://eidas.europa.eu/LoA/substantial": "P2.C2",
        "http://eidas.europa.eu/LoA/high": "P3.C3",
        "https://refeds.org/profile/mfa": "P0.C2",
        "Cl.Cm": "P0.C2",
    }.items():
        assert str(resolve(alias, sample.levels)) == words


@pytest.mark.parametrize(
    "value",
    ["0", "1", "2", "3", "urn:gatehouse:tier:4", "urn:gatehouse:tier:02", "urn:gatehouse:tier:",
     "urn:gatehouse:tier:٢", "urn:gatehouse:loa:2", "urn:gatehouse:loa:", "urn:mace:incommon:iap",
     "http://idmanagement.gov/ns/assurance/aal/3"],
)  # fmt: skip
def test_a_word_that_names_no_level_is_never_met(value, sample) -> None:
    assert resolve(value, sample.levels) is None
    assert not met(value, Level.parse("P3.C3"), sample.levels)
    assert answer_acr([value], Level.parse("P3.C3"), sample.levels) == "urn:gatehouse:tier:3"


def test_acr_is_the_first_requested_value_that_is_met_else_the_tier_reached(sample) -> None:
    for reached, first, second in product(PAIRS, repeat=3):
        asked = [f"urn:gatehouse:loa:{first}", f"urn:gatehouse:loa:{second}"]
        answer = answer_acr(asked, reached, sample.levels)
        if reached.covers(first):
            assert answer == asked[0]
        elif reached.covers(second):
            assert answer == asked[1]
        else:
            tier = min(reached.identity, reached.sign_in)
            assert answer == f"urn:gatehouse:tier:{tier}"


def test_the_answer_never_claims_more_than_was_reached(sample) -> None:
    for reached, value in product(PAIRS, acr_values_supported(sample.levels)):
        claimed = resolve(answer_acr([value], reached, sample.levels), sample.levels)
        assert claimed is not None
        assert reached.covers(claimed)


def test_discovery_lists_each_value_once_and_no_pair_that_coupling_forbids(sample) -> None:
    values = acr_values_supported(sample.levels)
    assert len(values) == len(set(values))
    assert all(resolve(value, sample.levels) for value in values)
    assert "urn:gatehouse:loa:P2.C2" in values
    assert "urn:gatehouse:loa:P2.C1" not in values
    assert "urn:gatehouse:tier:2" in values
    assert "https://refeds.org/profile/mfa" in values
