"""Passwords, one-time-code steps and addresses, as plain decisions."""

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.authentication.common import common_passwords
from idp.authentication.rules import (
    CODE_STEP_SECONDS,
    PasswordProblem,
    is_code,
    network_of,
    normal_form,
    password_problem,
    step_of,
    steps_open,
)

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
OWN = ("margaret", "Margaret", "Hughes", "margaret.hughes@example.org")


def problem(typed: str, *, alone: bool = False) -> PasswordProblem | None:
    return password_problem(typed, common=common_passwords(), own_words=OWN, alone=alone)


@pytest.mark.parametrize(
    "typed",
    [
        "harbour boat tea",
        "8 ynys môn",
        "中文密码也可以用啊",
        "tr0ub4dor&3x",
        "a" * 127 + "b",
        " space ",
    ],
)
def test_a_password_of_8_to_128_characters_of_any_kind_may_be_chosen(typed: str) -> None:
    assert problem(typed + "!" * max(0, 8 - len(typed))) is None


def test_a_password_is_measured_in_characters_at_both_ends() -> None:
    assert problem("kvm wxy") is PasswordProblem.TOO_SHORT
    assert problem("kvm wxyz") is None
    assert problem("kvm wxyz", alone=True) is PasswordProblem.TOO_SHORT
    assert problem("kvm wxyz harbor", alone=True) is None
    assert problem("ab" * 64) is None
    assert problem("ab" * 64 + "a") is PasswordProblem.TOO_LONG
    assert problem("a" * 1_000_000) is PasswordProblem.TOO_LONG


@pytest.mark.parametrize("typed", ["password", "PassWord", "12345678", "iloveyou", "qwertyuiop"])
def test_what_attackers_try_first_cannot_be_chosen(typed: str) -> None:
    assert problem(typed) is PasswordProblem.COMMON


def test_one_character_again_and_again_cannot_be_chosen() -> None:
    assert problem("ŵ" * 20) is PasswordProblem.COMMON


@pytest.mark.parametrize(
    "typed",
    ["margaret1948", "Hughes!!1948", "MARGARET.HUGHES", "gatehouse2030", "1948margaret!"],
)
def test_what_others_know_of_its_owner_is_no_password(typed: str) -> None:
    assert problem(typed) is PasswordProblem.OWN_WORDS


def test_own_words_inside_a_longer_phrase_do_no_harm() -> None:
    assert problem("margaret likes the harbour") is None


def test_half_a_surrogate_pair_is_unreadable() -> None:
    assert problem("harbour \ud800 boat") is PasswordProblem.UNREADABLE
    assert normal_form("harbour \ud800 boat") is None


def test_the_list_is_long_enough_and_fit_to_compare_with() -> None:
    words = common_passwords()
    assert len(words) >= 3_000
    assert all(len(word) >= 8 and word == word.casefold().strip() for word in words)
    assert not any(word.startswith("# ") for word in words)


@given(st.text(max_size=150))
def test_the_same_password_from_another_keyboard_is_the_same(typed: str) -> None:
    assert normal_form(unicodedata.normalize("NFD", typed)) == normal_form(typed)


@given(st.text(max_size=700))
def test_every_password_that_may_be_chosen_can_be_hashed_and_is_bounded(typed: str) -> None:
    if problem(typed) is None:
        text = normal_form(typed)
        assert text is not None
        assert 8 <= len(text) <= 128
        text.encode()


def test_a_time_step_is_30_seconds_counted_from_1970() -> None:
    assert step_of(datetime.fromtimestamp(59, UTC)) == 1
    assert step_of(datetime.fromtimestamp(60, UTC)) == 2
    assert step_of(datetime.fromtimestamp(1111111109, UTC)) == 0x23523EC  # RFC 6238 appendix B


def test_one_step_either_way_counts_and_nothing_already_spent() -> None:
    middle = step_of(NOON)
    assert steps_open(NOON, 0) == [middle + 1, middle, middle - 1]
    for last in range(middle - 5, middle + 5):
        assert steps_open(NOON, last) == [
            step for step in (middle + 1, middle, middle - 1) if step > last
        ]


@given(st.integers(100, 2**33).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_the_open_steps_are_those_around_now(now: datetime) -> None:
    step = timedelta(seconds=CODE_STEP_SECONDS)
    assert set(steps_open(now, 0)) == {step_of(now - step), step_of(now), step_of(now + step)}


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "123456\n",
        " 123456",
        "12345६",
        "\N{FULLWIDTH DIGIT ONE}23456",
        "+12345",
    ],
)
def test_a_code_is_six_ascii_digits_and_nothing_else(typed: str) -> None:
    assert is_code("123456")
    assert is_code("000000")
    assert not is_code(typed)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("", ""),
        ("unix", "unix"),
    ],
)
def test_a_household_or_office_is_counted_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
