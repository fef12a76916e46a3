"""Which methods count in one sign-in: certificates per body, and the conditions code can check."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.conditions import ANYBODY, Circumstances, methods_in
from idp.assurance.policy import ACCOUNT, load_policies
from idp.assurance.rules import Method, Status, next_methods, sign_in_level
from idp.policy.files import packaged_directory

HOUR = timedelta(hours=1)
TODAY = date(2026, 12, 1)
REVENUE = 'body = "Example Revenue Department"\nmethod = "sms-code"'


def methods(**changes: object) -> dict[str, Method]:
    sms = Method(
        id="sms-code", name="Text", factor="possession", alone=0, second=2, status=Status.RESTRICTED
    )
    password = Method(
        id="password", name="Password", factor="knowledge", alone=1, second=2, status=Status.COMMON
    )
    return {"sms-code": replace(sms, **changes), "password": password}  # type: ignore[arg-type]


def counts(found: Circumstances = ANYBODY, certified=("sms-code",), **changes) -> bool:
    listed = methods_in(methods(**changes), certified, found)
    return sign_in_level(["sms-code", "password"], listed) == 2


def test_a_restricted_method_counts_only_where_the_body_has_its_certificate() -> None:
    assert counts()
    assert not counts(certified=())
    assert counts(certified=(), status=Status.APPROVED)


@pytest.mark.parametrize(("hours", "counted"), [(0, False), (71, False), (72, True), (500, True)])
def test_a_number_must_have_stood_still_for_as_long_as_policy_says(hours, counted) -> None:
    assert counts(Circumstances(number_age=hours * HOUR), not_after_move_hours=72) is counted
    assert counts(Circumstances(number_age=hours * HOUR)), "another body's file says no hours"


def test_a_clock_that_was_set_back_makes_no_number_older() -> None:
    assert not counts(Circumstances(number_age=-HOUR), not_after_move_hours=72)


def test_who_acts_for_others_is_an_agent() -> None:
    assert counts(Circumstances(agent=False), not_for=frozenset({"agents"}))
    assert not counts(Circumstances(agent=True), not_for=frozenset({"agents"}))
    assert counts(Circumstances(agent=True), not_for=frozenset({"staff"}))


def test_an_identity_above_the_most_shuts_a_method_out() -> None:
    for identity in range(4):
        for most in range(4):
            found = Circumstances(identity=identity)
            assert counts(found, most_identity=most) == (identity <= most), (identity, most)


def test_agents_reach_c3_only_with_a_key_that_cannot_be_copied(sample) -> None:
    for agent, key, level in [
        (False, "passkey", 3), (False, "security-key", 3),
        (True, "passkey", 2), (True, "security-key", 3),
    ]:  # fmt: skip
        listed = sample.methods_for("tax", Circumstances(identity=2, agent=agent))
        assert sign_in_level([key], listed) == level, (agent, key)


found = st.builds(
    Circumstances,
    identity=st.integers(0, 3),
    agent=st.booleans(),
    number_age=st.none() | st.integers(-10, 200).map(lambda hours: hours * HOUR),
)


@given(found=found, client=st.sampled_from(["library", "tax", ACCOUNT, "nobody"]), data=st.data())
def test_nothing_counts_for_more_at_a_service_than_the_list_says(found, client, data) -> None:
    policies = SAMPLE
    used = data.draw(st.sets(st.sampled_from(sorted(policies.methods)), max_size=4))
    listed = policies.methods_for(client, found)
    assert list(listed) == list(policies.methods)
    assert sign_in_level(used, listed) <= sign_in_level(used, policies.methods)


def test_certificates_count_per_body_and_not_for_its_neighbour(spoil) -> None:
    folder = spoil("methods.toml", (REVENUE, REVENUE.replace("Revenue Department", "Other Body")))
    policies = load_policies(folder, TODAY, fallback=packaged_directory())
    usable = {one: policies.methods_for(one)["sms-code"].usable for one in ("library", "tax")}
    assert usable == {"library": True, "tax": False}
    assert policies.methods["sms-code"].usable, "somewhere it counts"


def test_a_body_is_known_however_its_name_is_spaced(spoil) -> None:
    folder = spoil("methods.toml", (REVENUE, REVENUE.replace("Example Rev", "example   rev")))
    policies = load_policies(folder, TODAY, fallback=packaged_directory())
    assert policies.methods_for("tax")["sms-code"].usable


def test_nothing_restricted_counts_at_a_client_nobody_assessed(sample) -> None:
    listed = sample.methods_for("nobody-assessed-this")
    assert not any(m.usable for m in listed.values() if m.status is Status.RESTRICTED)
    assert listed["password"].usable
    assert sample.body("nobody-assessed-this") is None


def test_our_own_pages_are_a_service_whose_owner_needs_a_certificate_too(sample) -> None:
    assert sample.methods_for(ACCOUNT)["sms-code"].usable
    assert not sample.methods_for(ACCOUNT)["short-password"].usable


def test_a_file_without_the_keys_still_loads_and_means_no_condition(spoil) -> None:
    folder = spoil(
        "methods.toml", ('not_after_move_hours = 72\nnot_for = ["staff", "agents"]\n', "")
    )
    policies = load_policies(folder, TODAY, fallback=packaged_directory())
    assert policies.methods_for("tax", Circumstances(agent=True))["sms-code"].usable


def test_a_mailbox_proves_no_factor_of_two_checks(sample) -> None:
    """Else nobody who began with a mailed code could ever be asked for what their app shows."""
    listed = sample.methods_for("library")
    held = ["password", "one-time-code"]
    assert next_methods(2, ["email-code"], held, listed) == ("password", "one-time-code")


SAMPLE = load_policies(packaged_directory(), TODAY)
