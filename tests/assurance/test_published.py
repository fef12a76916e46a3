"""The published list says what the code obeys, and nothing else."""

from datetime import date

import pytest

from idp.assurance.policy import Policies, load_policies
from idp.assurance.published import published
from idp.assurance.rules import sign_in_level
from idp.policy.files import packaged_directory

TODAY = date(2026, 12, 1)


def found(policies: Policies, method: str) -> dict[str, object]:
    (one,) = [each for each in published(policies)["methods"] if each["id"] == method]
    return dict(one)


@pytest.mark.parametrize("day", [TODAY, date(2027, 6, 1), date(2027, 11, 23)])
def test_what_is_listed_at_a_level_reaches_it_and_what_is_not_does_not(day: date) -> None:
    policies = load_policies(packaged_directory(), day)
    listed = {level["level"]: level for level in published(policies)["levels"]}
    for number in (1, 2, 3):
        level = listed[f"C{number}"]
        for method in policies.methods:
            alone = sign_in_level([method], policies.methods) >= number
            assert (method in level["alone"]) == alone, (number, method)
            with_another = any(
                sign_in_level([method, other], policies.methods) >= number
                and sign_in_level([other], policies.methods) < number
                for other in policies.methods
            )
            assert (method in level["one_of_two"]) == (with_another and not alone), method


def test_each_entry_carries_status_reason_conditions_dates_and_certificates(sample) -> None:
    text = found(sample, "sms-code")
    assert text["status"] == text["status_in_file"] == "restricted"
    assert text["checked_conditions"] == {
        "not_after_move_hours": 72, "not_for": ["staff", "agents"],
    }  # fmt: skip
    assert text["why"]
    assert text["source"]
    assert text["review_by"] == "2027-05-22"
    bodies = {one["body"] for one in text["certificates"] if one["in_force"]}  # type: ignore[attr-defined]
    assert "Example Revenue Department" in bodies
    assert found(sample, "security-key")["device_bound"] is True
    assert found(sample, "email-code")["checked_conditions"] == {
        "most_identity": "P0", "not_for": ["staff", "agents"],
    }  # fmt: skip


def test_past_its_review_the_list_says_the_lower_status_and_what_the_file_says() -> None:
    later = found(load_policies(packaged_directory(), date(2027, 11, 23)), "password")
    assert (later["status"], later["status_in_file"]) == ("approved", "common")
    gone = found(load_policies(packaged_directory(), date(2027, 5, 23)), "sms-code")
    assert (gone["status"], gone["counts_somewhere"]) == ("withdrawn", False)


def test_the_fingerprint_is_that_of_the_policies_in_force(sample) -> None:
    assert published(sample)["fingerprint"] == sample.fingerprint
