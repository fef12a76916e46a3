"""`diff`: whatever falls is listed, and passes only when it is named (property (g))."""

from dataclasses import replace
from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.assurance.comparing import BANDS, Direction, diff
from idp.assurance.files import ServicesFile
from idp.assurance.outcomes import Outcome, decide, thresholds
from idp.assurance.policy import Policies
from idp.assurance.proposals import with_services
from idp.assurance.risk_rules import Thresholds
from idp.assurance.rules import Level

TODAY = date(2026, 12, 1)
EXAMPLES = max(200, settings().max_examples)
CLIENTS = ("bins", "parking", "rates")
ACTIONS = ("look", "pay")
NATS = [n / 4 for n in range(-60, 61)]

severities = st.fixed_dictionaries(
    {}, optional={c: st.integers(0, 4) for c in ("distress", "privacy", "legal", "money_public")}
)
actions = st.fixed_dictionaries({
    "wrong_person": severities,
    "taken_over": severities,
    "threat": st.sampled_from(["low", "normal", "high"]),
    "return_visits": st.booleans(),
    "mitigation": st.lists(
        st.sampled_from(["masked", "known_account", "reversible"]).map(
            lambda kind: {
                "kind": kind, "evidence": "e", "owner": "o", "review_by": date(2027, 6, 1)
            }
        ),
        max_size=2,
    ),
})  # fmt: skip
services = st.dictionaries(
    st.sampled_from(CLIENTS),
    st.dictionaries(st.sampled_from(ACTIONS), actions, min_size=1).flatmap(
        lambda of: st.fixed_dictionaries(
            {"actions": st.just(of), "entry": st.none() | st.sampled_from(sorted(of))}
        )
    ),
)


def policies(sample: Policies, chosen: dict) -> Policies:
    """The sample's levels with these services and no others."""
    entries = [
        {"client_id": c, "name": c, "owner": "o", "entry": of.get("entry"),
         "action": [{"id": a, **answers} for a, answers in of.get("actions", of).items()]}
        for c, of in chosen.items()
    ]  # fmt: skip
    bare = replace(sample, services=ServicesFile(), assessments={})
    return with_services(bare, ServicesFile.model_validate({"service": entries}))


def acknowledging(new: Policies, *names: str) -> Policies:
    return replace(new, risk=replace(new.risk, acknowledged=dict.fromkeys(names, "meant")))


@settings(max_examples=EXAMPLES, deadline=None)
@given(old=services, new=services)
def test_every_service_whose_demand_falls_is_listed_and_no_other(sample, old, new) -> None:
    before, after = policies(sample, old), policies(sample, new)
    found = diff(before, after)
    listed = {change.service for change in found.of(Direction.LOWERED)}
    for client in CLIENTS:
        floor_falls = not after.floor(client).covers(before.floor(client))
        action_falls = any(
            action in after.assessments.get(client, {})
            and not after.assessment(client, action).level.covers(assessment.level)
            for action, assessment in before.assessments.get(client, {}).items()
        )
        if floor_falls or action_falls:
            assert client in listed, client
        elif client in before.assessments and client in after.assessments:
            assert client not in listed, client


@settings(max_examples=EXAMPLES, deadline=None)
@given(old=services, new=services)
def test_a_diff_passes_once_every_fall_is_named_and_not_before(sample, old, new) -> None:
    before, after = policies(sample, old), policies(sample, new)
    names = diff(before, after).unacknowledged
    assert not diff(before, acknowledging(after, *names)).unacknowledged
    for name in names:
        others = [other for other in names if other != name]
        left = diff(before, acknowledging(after, *others)).unacknowledged
        # The floor falls because an action does: naming the action explains it.
        assert name in left or name.endswith("/all"), name


def test_enforcement_turned_off_is_a_fall_at_every_level(sample) -> None:
    on = replace(sample, risk=replace(sample.risk, enforced=True))
    assert diff(on, sample).unacknowledged == ("thresholds/C1", "thresholds/C2", "thresholds/C3")
    assert not diff(sample, on).cells


costs = st.floats(0.01, 10, allow_nan=False)


@st.composite
def risks(draw):
    """Thresholds in order, by cost or by hand."""
    fixed = {}
    for level in draw(st.sets(st.integers(1, 3))):
        at = sorted(draw(st.lists(st.floats(-14, 14), min_size=3, max_size=3, unique=True)))
        fixed[level] = Thresholds(step_up=at[0], defer=at[1], refuse=at[2])
    return {"fixed": fixed, "cost_step_up": draw(costs), "prior": draw(st.floats(1e-5, 1e-3))}


@settings(max_examples=EXAMPLES, deadline=None)
@given(old=risks(), new=risks())
def test_every_cell_of_scores_that_meets_less_is_listed(sample, old, new) -> None:
    before = replace(sample, risk=replace(sample.risk, **old))
    after = replace(sample, risk=replace(sample.risk, **new))
    cells = diff(before, after).cells

    def answer(risk, level: int, nats: float, passed: float | None, wave: bool) -> Outcome:
        return decide(nats, sign_in=level, rules=risk, stepped_up_by=passed, can_step_up=True,
                      hard_flag=False, wave=wave)  # fmt: skip

    for level, passed, wave in product((1, 2, 3), (None, 0.0), (False, True)):
        bands = [(c.from_nats, c.to_nats) for c in cells if (c.sign_in, c.wave) == (level, wave)]
        for nats in NATS:
            was = answer(before.risk, level, nats, passed, wave)
            now = answer(after.risk, level, nats, passed, wave)
            if now < was:
                assert any(start <= nats < end for start, end in bands), (level, nats, wave)
    for cell in cells:
        assert (
            getattr(thresholds(cell.sign_in, before.risk, wave=cell.wave), cell.band)
            == cell.from_nats
        )
        assert cell.from_nats < cell.to_nats
        assert cell.band in BANDS


def test_the_same_policies_change_nothing(sample) -> None:
    found = diff(sample, sample)
    assert {change.direction for change in found.changes} == {Direction.UNCHANGED}
    assert not found.cells
    assert not found.methods
    assert not found.unacknowledged


def test_a_proof_that_counts_longer_is_said(sample) -> None:
    levels = replace(sample.levels, fades_after={**sample.levels.fades_after, 2: 36000})
    found = diff(sample, replace(sample, levels=levels))
    assert found.methods == ("A proof for C2 counts for 600 minutes, not for 480 minutes.",)


def test_a_plain_sign_in_moved_to_a_lesser_action_is_a_lowering(sample) -> None:
    answers = {
        "pay": {"wrong_person": {"legal": 2}, "taken_over": {"legal": 2}},
        "look": {"wrong_person": {}, "taken_over": {"privacy": 1}},
    }
    old, new = ({"rates": {"actions": answers, "entry": entry}} for entry in ("pay", "look"))
    found = diff(policies(sample, old), policies(sample, new))
    assert found.unacknowledged == ("rates/all",)


def test_a_fall_in_one_part_is_a_lowering_whatever_the_other_part_does(sample) -> None:
    old = {"bins": {"look": {"wrong_person": {"privacy": 2}, "taken_over": {"privacy": 2}}}}
    new = {"bins": {"look": {"wrong_person": {"privacy": 1}, "taken_over": {"privacy": 4}}}}
    found = diff(policies(sample, old), policies(sample, new))
    assert [change.name for change in found.of(Direction.LOWERED)] == ["bins/look", "bins/all"]


def test_a_service_assessed_for_the_first_time_is_measured_from_tier_2(sample) -> None:
    """A client nobody assessed runs at tier 2, so its first assessment can ask for less."""
    new = {"bins": {"look": {"wrong_person": {}, "taken_over": {"privacy": 1}}}}
    (change, floor) = diff(policies(sample, {}), policies(sample, new)).of(Direction.LOWERED)
    assert (str(change.before), str(change.after)) == ("P2.C2", "P0.C1")
    assert floor.action == ""


def test_what_coupling_holds_up_is_said(sample) -> None:
    old = {"bins": {"look": {"wrong_person": {"privacy": 2}, "taken_over": {"privacy": 2}}}}
    new = {"bins": {"look": {"wrong_person": {"privacy": 2}, "taken_over": {"privacy": 1}}}}
    found = diff(policies(sample, old), policies(sample, new))
    assert [change.held_up for change in found.changes] == [True]
    assert not found.unacknowledged


def test_the_level_of_those_nobody_assessed_is_compared_too(sample) -> None:
    tiers = {**sample.levels.tiers, 2: Level(identity=1, sign_in=2)}
    after = replace(sample, levels=replace(sample.levels, tiers=tiers))
    assert diff(sample, after).unacknowledged == ("unassessed/all",)


@pytest.mark.parametrize("name", ["tax/file-return", "thresholds/C2"])
def test_a_reason_for_one_fall_excuses_no_other(sample, name) -> None:
    old = {"tax": {"file-return": {"wrong_person": {"privacy": 2}, "taken_over": {"privacy": 2}}}}
    new: dict[str, Any] = {"tax": {"file-return": {"wrong_person": {}, "taken_over": {}}}}
    before, after = policies(sample, old), policies(sample, new)
    after = replace(after, risk=replace(after.risk, cost_step_up=1.0))
    both = diff(before, acknowledging(after, "tax/file-return", "thresholds/C1", "thresholds/C2",
                                      "thresholds/C3"))  # fmt: skip
    assert not both.unacknowledged
    one = diff(before, acknowledging(after, name))
    assert one.unacknowledged
    assert name not in one.unacknowledged
