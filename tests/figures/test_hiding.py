"""Nobody works a small count out from what is shown beside it."""

from hypothesis import given
from hypothesis import strategies as st

from idp.figures.hiding import LEAST, count, part, parts, share


def test_small_counts_are_hidden_and_nought_and_ten_are_not() -> None:
    assert [count(n) for n in range(12)] == [0, *[None] * 9, 10, 11]


def test_a_part_is_hidden_where_the_rest_of_the_whole_is_small() -> None:
    assert part(95, 100) is None
    assert (part(90, 100), part(100, 100), part(0, 100)) == (90, 100, 0)
    assert share(95, 100) is None
    assert (share(50, 100), share(0, 100), share(0, 9), share(0, 0)) == (0.5, 0.0, None, None)


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 40), max_size=7))
def test_of_parts_of_a_known_whole_no_small_one_is_shown_or_left_over(numbers) -> None:
    shown = parts(numbers)
    assert set(shown) == set(numbers)
    assert all(value is None or value == numbers[key] for key, value in shown.items())
    assert all(value is None or value == 0 or value >= LEAST for value in shown.values())
    left_over = sum(numbers.values()) - sum(value or 0 for value in shown.values())
    more_to_hide = any(shown.values())
    assert left_over == 0 or left_over >= LEAST or not more_to_hide


def test_one_small_part_takes_the_next_smallest_with_it() -> None:
    assert parts({"in": 90, "left": 12, "refused": 3}) == {
        "in": 90, "left": None, "refused": None,
    }  # fmt: skip
