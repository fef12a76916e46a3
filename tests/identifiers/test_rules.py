"""The National Insurance number, in full where it can be."""

from itertools import product
from string import ascii_uppercase, printable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.identifiers.rules import (
    PREFIXES,
    SUFFIXES,
    NationalInsuranceNumber,
    Problem,
    parse,
)

SEEN = NationalInsuranceNumber("CS100700", "A")
numbers = st.builds(
    lambda prefix, digits, suffix: f"{prefix}{digits:06}{suffix}",
    st.sampled_from(sorted(PREFIXES)),
    st.integers(0, 999_999),
    st.sampled_from(["", *sorted(SUFFIXES)]),
)


def test_each_of_the_676_prefixes_is_accepted_exactly_when_the_rules_allow_it() -> None:
    accepted = set()
    for first, second in product(ascii_uppercase, repeat=2):
        answer = parse(f"{first}{second}123456A")
        allowed = (
            first not in "DFIQUV"
            and second not in "DFIOQUV"
            and first + second not in {"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"}
        )
        if allowed:
            assert answer == NationalInsuranceNumber(f"{first}{second}123456", "A")
            accepted.add(first + second)
        else:
            assert answer is Problem.PREFIX, first + second
    assert accepted == PREFIXES
    assert len(accepted) == 373


def test_each_suffix_letter_is_accepted_exactly_when_it_is_a_to_d() -> None:
    for letter in ascii_uppercase:
        answer = parse(f"CS100700{letter}")
        if letter in "ABCD":
            assert isinstance(answer, NationalInsuranceNumber)
            assert answer.suffix == letter
        else:
            assert answer is Problem.SUFFIX, letter


def test_a_number_without_its_suffix_is_the_same_persons_number() -> None:
    answer = parse("CS100700")
    assert isinstance(answer, NationalInsuranceNumber)
    assert answer.suffix is None
    assert answer == SEEN
    assert hash(answer) == hash(SEEN)
    assert answer != parse("CS100701A")


@pytest.mark.parametrize(
    "typed",
    ["CS100700A", "cs100700a", "CS 10 07 00 A", " cs 100700 A ", "C S 1 0 0 7 0 0 A", "Cs100700 a"],
)
def test_small_letters_and_spaces_anywhere_are_read(typed: str) -> None:
    answer = parse(typed)
    assert answer == SEEN
    assert isinstance(answer, NationalInsuranceNumber)
    assert answer.canonical == "CS100700A"


@pytest.mark.parametrize(
    "typed",
    [
        "CS100700A\n",
        "\nCS100700A",
        "CS\t100700A",
        "CS100700A\r\n",
        "CS100700A\x00",
        "CS\N{NO-BREAK SPACE}100700A",
        "CS\N{FULLWIDTH DIGIT ONE}00700A",
        "CS\N{ARABIC-INDIC DIGIT ONE}00700A",
        "C\N{LATIN SMALL LETTER LONG S}100700A",
        "\N{KELVIN SIGN}S100700A",
        "\N{FULLWIDTH LATIN CAPITAL LETTER C}S100700A",
        "\N{CYRILLIC CAPITAL LETTER ES}S100700A",
        "\N{LATIN SMALL LETTER DOTLESS I}S100700A",
        "CS100700A" + "\N{ZERO WIDTH SPACE}",
        "CS-10-07-00-A",
        "CS10070A",
        "CS1007000A",
        "CS100700AA",
        "C1100700A",
        "CS100700" + " " * 40,
    ],
)
def test_what_only_looks_like_a_number_is_refused(typed: str) -> None:
    assert parse(typed) is Problem.SHAPE


@pytest.mark.parametrize("typed", ["", " ", "   "])
def test_nothing_typed_has_an_answer_of_its_own(typed: str) -> None:
    assert parse(typed) is Problem.EMPTY


@pytest.mark.parametrize("typed", ["12A34567", "12a34567", "12 A3 45 67"])
def test_a_temporary_reference_is_not_a_number_and_is_told_so(typed: str) -> None:
    assert parse(typed) is Problem.TEMPORARY_REFERENCE


def test_the_example_number_of_official_papers_is_nobodys() -> None:
    assert parse("QQ123456C") is Problem.PREFIX


def test_a_number_is_shown_in_pairs_and_masked_to_its_last_digits() -> None:
    assert SEEN.formatted == "CS 10 07 00 A"
    assert SEEN.masked == "•• •• •• 00 A"
    assert NationalInsuranceNumber("CS100756").formatted == "CS 10 07 56"
    assert NationalInsuranceNumber("CS100756").masked == "•• •• •• 56"


def test_a_number_never_reaches_a_log_by_accident() -> None:
    for shown in (repr(SEEN), str(SEEN), f"{SEEN}", f"{[SEEN]}"):
        assert "1007" not in shown
        assert "CS" not in shown


@given(numbers)
def test_what_is_shown_or_kept_reads_back_as_the_same_number(typed: str) -> None:
    answer = parse(typed)
    assert isinstance(answer, NationalInsuranceNumber)
    for text in (answer.canonical, answer.formatted, answer.formatted.lower()):
        again = parse(text)
        assert isinstance(again, NationalInsuranceNumber)
        assert (again.key, again.suffix) == (answer.key, answer.suffix)


@given(st.text(st.characters() | st.sampled_from(printable), max_size=60))
def test_whatever_is_typed_gets_an_answer_and_only_ascii_a_number(typed: str) -> None:
    answer = parse(typed)
    if isinstance(answer, NationalInsuranceNumber):
        assert typed.isascii()
        assert answer.key[:2] in PREFIXES
