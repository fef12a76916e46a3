"""The form of a sign-in name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.rules import canonical_sign_in_name


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("margaret", "margaret"),
        ("  Margaret ", "margaret"),
        ("MARGARET@Example.ORG\n", "margaret@example.org"),
        ("Siân", "siân"),
        ("Sia\N{COMBINING CIRCUMFLEX ACCENT}n", "siân"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER M}argaret", "margaret"),
        ("a" * 254, "a" * 254),
    ],
)
def test_the_same_name_is_stored_the_same_way(typed: str, stored: str) -> None:
    assert canonical_sign_in_name(typed) == stored


@pytest.mark.parametrize(
    "typed",
    ["", "  ", "a b", "a\tb", "a\x00b", "a\N{RIGHT-TO-LEFT OVERRIDE}b", "a" * 255, "a" * 10_000],
)
def test_what_no_name_may_be_is_none(typed: str) -> None:
    assert canonical_sign_in_name(typed) is None


@given(st.text(max_size=300))
def test_bringing_a_name_to_its_form_twice_changes_nothing_more(typed: str) -> None:
    once = canonical_sign_in_name(typed)
    assert once is None or canonical_sign_in_name(once) == once
