"""The list of addresses that attacks came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.attacks import USUAL_RATIO, Attacks

LIST = ["# from our own logs", "203.0.113.0/24 50", "203.0.113.7 200", "2001:db8::/32", "",
        "nonsense 5", "198.51.100.1 0.5", "198.51.100.2 nan", "198.51.100.3 9e99"]  # fmt: skip


@pytest.mark.parametrize(
    ("address", "ratio"),
    [("203.0.113.9", 50.0), ("203.0.113.7", 200.0), ("::ffff:203.0.113.9", 50.0),
     ("2001:db8:1::5", USUAL_RATIO), ("192.0.2.1", 1.0), ("198.51.100.1", 1.0),
     ("198.51.100.2", 1.0), ("", 1.0), ("no address", 1.0)],
)  # fmt: skip
def test_the_worst_that_is_known_of_an_address_counts(address: str, ratio: float) -> None:
    assert Attacks(LIST).ratio(address) == ratio


def test_lines_that_cannot_be_understood_are_counted() -> None:
    assert Attacks(LIST).passed_over == 4


@given(st.lists(st.text(max_size=40), max_size=5), st.text(max_size=60))
def test_no_line_and_no_address_raises_or_speaks_for_anybody(lines: list[str], text: str) -> None:
    assert Attacks(lines).ratio(text) >= 1
