"""Intervals as they were published, and what must hold of any."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.figures.intervals import newcombe, wilson


@pytest.mark.parametrize(
    ("part", "whole", "below", "above"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
     (1, 29, 0.0061, 0.1718)],
)  # fmt: skip
def test_the_score_interval_is_the_published_one(part, whole, below, above) -> None:
    """R. G. Newcombe (1998), "Two-sided confidence intervals for the single proportion"."""
    assert list(wilson(part, whole)) == pytest.approx([below, above], abs=5e-5)


@pytest.mark.parametrize(
    ("one", "other", "below", "above"),
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090),
     ((10, 10), (0, 10), 0.6075, 1.0)],
)  # fmt: skip
def test_the_interval_of_a_difference_is_the_published_one(one, other, below, above) -> None:
    """R. G. Newcombe (1998), "Interval estimation for the difference", method 10."""
    difference, low, high = newcombe(one, other)
    assert difference == pytest.approx(one[0] / one[1] - other[0] / other[1])
    assert [low, high] == pytest.approx([below, above], abs=5e-5)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_interval_holds_what_was_seen_and_stays_a_share(part, rest) -> None:
    below, above = wilson(part, part + rest)
    assert 0 <= below <= above <= 1
    if part + rest:
        assert below <= part / (part + rest) <= above


def test_what_is_no_part_or_a_share_of_nothing_is_refused() -> None:
    for part, whole in ((-1, 3), (4, 3)):
        with pytest.raises(ValueError):
            wilson(part, whole)
    with pytest.raises(ValueError):
        newcombe((0, 0), (1, 2))
