"""Company, tax and VAT numbers: published ones are read, and one wrong digit never is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.identifiers.businesses import (
    COMPANY_PREFIXES,
    EXPLANATIONS,
    BusinessNumber,
    BusinessProblem,
    NumberKind,
    parse,
    tax_check,
    vat_checks,
)

COMPANY, TAX, VAT = NumberKind
DIGITS = st.text("0123456789", min_size=1)


def key(kind: NumberKind, text: str) -> str | BusinessProblem:
    found = parse(kind, text)
    return found.key if isinstance(found, BusinessNumber) else found


@pytest.mark.parametrize(
    ("kind", "typed", "read"),
    [
        (COMPANY, "00445790", "00445790"),  # as the company register shows them
        (COMPANY, "445790", "00445790"),
        (COMPANY, "sc 095237", "SC095237"),
        (COMPANY, "NI1234", "NI001234"),
        (COMPANY, "OC301540", "OC301540"),
        (COMPANY, "R0000042", "R0000042"),
        (TAX, "1955839661", "1955839661"),  # published in tax software documents
        (TAX, "22345 67890", "2234567890"),
        (TAX, "2234567890k", "2234567890"),
        (VAT, "GB 980 7806 84", "980780684"),  # the check of before 2009
        (VAT, "802311782", "802311782"),
        (VAT, "xi980780684", "980780684"),
    ],
)
def test_numbers_that_are_published_are_read(kind: NumberKind, typed: str, read: str) -> None:
    assert key(kind, typed) == read


@pytest.mark.parametrize(
    ("kind", "typed", "why"),
    [
        (COMPANY, "", BusinessProblem.EMPTY),
        (COMPANY, "   ", BusinessProblem.EMPTY),
        (COMPANY, "00000000", BusinessProblem.COMPANY_SHAPE),
        (COMPANY, "SC000000", BusinessProblem.COMPANY_SHAPE),
        (COMPANY, "123456789", BusinessProblem.COMPANY_SHAPE),
        (COMPANY, "QQ123456", BusinessProblem.COMPANY_PREFIX),
        (COMPANY, "SC1234567", BusinessProblem.COMPANY_SHAPE),
        (COMPANY, "٠٠٤٤٥٧٩٠", BusinessProblem.COMPANY_SHAPE),
        (TAX, "1234567890", BusinessProblem.TAX_CHECK),
        (TAX, "223456789", BusinessProblem.TAX_SHAPE),
        (TAX, "2234567890KK", BusinessProblem.TAX_SHAPE),
        (VAT, "802311781", BusinessProblem.VAT_CHECK),
        (VAT, "FR802311782", BusinessProblem.VAT_SHAPE),
        (VAT, "802311782001", BusinessProblem.VAT_SHAPE),
        (VAT, "9" * 1000, BusinessProblem.VAT_SHAPE),
    ],
)
def test_what_is_no_such_number_is_refused_with_a_reason_that_has_words(
    kind: NumberKind, typed: str, why: BusinessProblem
) -> None:
    assert key(kind, typed) is why
    assert EXPLANATIONS[why]


@given(st.sampled_from(NumberKind), st.text())
def test_anything_may_be_typed(kind: NumberKind, typed: str) -> None:
    found = parse(kind, typed)
    if isinstance(found, BusinessNumber):
        assert parse(kind, found.key) == found
        assert found.key not in str(found)
        assert found.key not in repr(found)


@given(st.sampled_from(sorted(COMPANY_PREFIXES)), st.integers(1, 999_999))
def test_noughts_and_small_letters_make_no_other_company(prefix: str, number: int) -> None:
    whole = key(COMPANY, f"{prefix}{number:06d}")
    assert whole == key(COMPANY, f" {prefix.lower()} {number}") == f"{prefix}{number:06d}"


@given(st.text("0123456789", min_size=9, max_size=9), st.integers(0, 9), st.integers(1, 9))
def test_one_wrong_digit_of_a_tax_reference_is_found(nine: str, place: int, by: int) -> None:
    """Modulus 11 finds each wrong digit, but where two remainders share a check digit."""
    good = tax_check(nine) + nine
    assert key(TAX, good) == good
    wrong = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]
    if place == 0 or tax_check(wrong[1:]) != good[0]:
        assert key(TAX, wrong) is BusinessProblem.TAX_CHECK


@given(st.integers(0, 9_999_999), st.integers(0, 99))
def test_a_vat_number_has_the_two_digits_of_one_of_the_checks(seven: int, two: int) -> None:
    digits = f"{seven:07d}"
    found = key(VAT, f"{digits}{two:02d}")
    total = sum(int(d) * w for d, w in zip(digits, range(8, 1, -1), strict=True)) + two
    right = 1 <= two <= 97 and (total % 97 == 0 or (total + 55) % 97 == 0)
    assert (two in vat_checks(digits)) == right
    assert (found == f"{digits}{two:02d}") == right
