"""Telephone numbers come to one form, or are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication.numbers import masked, read_number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("07700 900123", "+447700900123"),
        (" 07700-900-123 ", "+447700900123"),
        ("+44 (0)7700 900123", "+447700900123"),
        ("0044 7700 900123", "+447700900123"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("020 7946 0000", None),  # a landline
        ("0909 879 0000", None),  # it costs the sender dear
        ("+44 909 879 0000", None),
        ("999", None),
        ("", None),
        ("+", None),
        ("+0 123456789", None),
        ("07700 90012", None),
        ("07700 9001234", None),
        ("０７７００９００１２３", None),
        ("07700 900123; 07700 900124", None),
        ("+447700900123\n+447700900124", None),
        ("1" * 5000, None),
    ],
)
def test_a_number_is_read(typed: str, number: str | None) -> None:
    assert read_number(typed) == number


@given(st.text(max_size=60))
def test_whatever_is_typed_comes_to_a_number_or_to_none(typed: str) -> None:
    found = read_number(typed)
    assert found is None or (found.startswith("+") and found[1:].isdigit() and found.isascii())
    if found:
        assert read_number(found) == found
        assert masked(found)[-3:] == found[-3:]
        assert len(masked(found)) < 8
