"""What methods of signing in reach together, and which to ask for next."""

from datetime import date
from itertools import chain, combinations

import pytest

from idp.assurance.policy import load_policies
from idp.assurance.rules import (
    Method,
    Status,
    amr_values,
    next_methods,
    sign_in_level,
)
from idp.policy.files import packaged_directory

SOME = ["password", "one-time-code", "passkey", "sms-code", "recovery-code", "knowledge-questions"]


def subsets(ids, most):
    return chain.from_iterable(combinations(ids, n) for n in range(most + 1))


@pytest.mark.parametrize(
    ("used", "level"),
    [
        ([], 0),
        (["password"], 1),
        (["one-time-code"], 0),
        (["password", "one-time-code"], 2),
        (["password", "password"], 1),
        (["passkey"], 3),
        (["password", "passkey"], 3),
        (["security-key"], 3),
        (["password", "short-password"], 1),
        (["one-time-code", "recovery-code"], 1),
        (["password", "email-code"], 1),
        (["password", "knowledge-questions"], 1),
        (["knowledge-questions", "voice-print"], 0),
        (["bank"], 1),
        (["made-up"], 0),
    ],
)
def test_what_methods_reach_together(used, level, sample) -> None:
    assert sign_in_level(used, sample.methods) == level


def test_a_method_more_never_lowers_the_level(sample) -> None:
    for used in subsets(SOME, 4):
        for more in sample.methods:
            before = sign_in_level(used, sample.methods)
            assert sign_in_level([*used, more], sample.methods) >= before


@pytest.mark.parametrize(
    ("needed", "used", "held", "asked"),
    [
        (1, [], ["password", "one-time-code"], ("password",)),
        (2, [], ["one-time-code", "password"], ("password", "one-time-code")),
        (2, ["password"], ["password", "one-time-code"], ("one-time-code",)),
        (2, [], ["password", "one-time-code", "passkey"], ("passkey",)),
        (2, ["password"], ["sms-code", "one-time-code"], ("one-time-code",)),
        (3, ["password", "one-time-code"], ["password", "one-time-code", "passkey"], ("passkey",)),
        (2, ["password"], ["one-time-code", "app-push"], ("app-push",)),
        (3, ["password"], ["password", "one-time-code"], ()),
        (2, ["password"], ["password", "knowledge-questions"], ()),
        (1, ["password"], ["password", "one-time-code"], ()),
        (0, [], ["password"], ()),
        (2, [], [], ()),
    ],
)
def test_what_is_asked_for_next(needed, used, held, asked, sample) -> None:
    assert next_methods(needed, used, held, sample.methods) == asked


def test_only_what_is_missing_is_asked_in_the_fewest_prompts(sample) -> None:
    methods = sample.methods
    for used in subsets(SOME, 3):
        proved = {methods[m].factor for m in used if methods[m].usable}
        for held in subsets(SOME, 4):
            for needed in range(4):
                asked = next_methods(needed, used, held, methods)
                factors = [methods[m].factor for m in asked]
                assert not proved & set(factors)
                assert len(set(factors)) == len(factors)
                assert set(asked) <= set(held)
                if asked:
                    assert sign_in_level([*used, *asked], methods) >= needed
                    assert sign_in_level(used, methods) < needed
                    for fewer in subsets(set(held) - set(used), len(asked) - 1):
                        fresh = [m for m in fewer if methods[m].factor not in proved]
                        assert sign_in_level([*used, *fresh], methods) < needed


def test_amr_says_what_was_used_and_mfa_for_two_factors(sample) -> None:
    assert amr_values(["password"], sample.methods) == ["pwd"]
    assert amr_values(["one-time-code", "password"], sample.methods) == ["pwd", "otp", "mfa"]
    assert "mfa" in amr_values(["passkey"], sample.methods)
    assert amr_values(["password", "knowledge-questions"], sample.methods) == ["pwd"]


def test_a_status_falls_one_at_a_time_and_not_below_withdrawn() -> None:
    assert [status.fallen() for status in Status] == [
        Status.APPROVED, Status.RESTRICTED, Status.WITHDRAWN, Status.WITHDRAWN,
    ]  # fmt: skip


def test_past_its_review_a_method_falls_one_status_and_is_listed() -> None:
    later = load_policies(packaged_directory(), date(2027, 11, 23))
    assert later.methods["password"].status is Status.APPROVED
    assert later.methods["password"].usable
    assert later.methods["security-key"].status is Status.RESTRICTED
    assert not later.methods["security-key"].usable, "restricted without a certificate"
    assert sign_in_level(["security-key"], later.methods) == 0
    assert next_methods(1, [], ["security-key"], later.methods) == ()
    assert later.methods["sms-code"].status is Status.WITHDRAWN
    assert any('method "password"' in note.place for note in later.notes)


def test_on_its_review_date_a_method_still_stands() -> None:
    on_the_day = load_policies(packaged_directory(), date(2027, 11, 22))
    assert on_the_day.methods["password"].status is Status.COMMON


def test_a_restricted_method_counts_only_while_a_certificate_is_in_force(spoil) -> None:
    def usable(first: str, last: str) -> bool:
        folder = spoil(
            "methods.toml",
            ('"sms-code"\nassessor = "Example Assessors"\nfrom = 2026-11-22\nuntil = 2027-11-21',
             f'"sms-code"\nassessor = "Example Assessors"\nfrom = {first}\nuntil = {last}'),
        )  # fmt: skip
        return load_policies(
            folder, date(2026, 12, 1), fallback=packaged_directory()
        ).methods_for("library")["sms-code"].usable  # fmt: skip

    assert usable("2026-12-01", "2026-12-01")
    assert not usable("2026-11-01", "2026-11-30")
    assert not usable("2026-12-02", "2026-12-31")


def test_two_of_one_factor_are_one_check() -> None:
    pair = {
        name: Method(
            id=name, name=name, factor="knowledge", alone=1, second=2, status=Status.COMMON
        )
        for name in ("a", "b")
    }
    assert sign_in_level(pair, pair) == 1
