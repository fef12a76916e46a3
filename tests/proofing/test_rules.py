"""The pure rules: which ways lead where, when a way back is due."""

from datetime import UTC, date, datetime, timedelta
from itertools import chain, combinations
from pathlib import Path

import pytest

from idp.assurance.policy import Policies, load_policies
from idp.assurance.profiles import level_proved
from idp.proofing import rules
from idp.proofing.rules import Piece, Standing, State, WayBack

POLICIES = Path(__file__).parents[2] / "policies"
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
ALL = ("contact-email", "contact-text", "document-check", "fraud-check", "counter-visit")


@pytest.fixture(scope="module", name="policies")
def read_policies() -> Policies:
    return load_policies(POLICIES, today=date(2026, 11, 22), fallback=POLICIES)


def pieces(policies: Policies, *kinds: str, state: State = State.HELD) -> list[Piece]:
    return [
        Piece(ref=kind, kind=kind, state=state, scores=policies.evidence[kind].scores, source="x",
              created_at=NOON, decided_at=NOON)
        for kind in kinds
    ]  # fmt: skip


def subsets() -> list[tuple[str, ...]]:
    return list(chain.from_iterable(combinations(ALL, size) for size in range(len(ALL) + 1)))


def test_every_way_on_leads_there_and_none_holds_more_than_it_needs(policies: Policies) -> None:
    for held in subsets():
        here = pieces(policies, "register-match", *held)
        open_to = [kind for kind in ALL if kind not in held]
        for wanted in (1, 2, 3):
            for way in rules.ways_on(wanted, here, open_to, policies.evidence, policies.profiles):
                together = {"register-match", *held, *way.kinds}
                assert level_proved(together, policies.evidence, policies.profiles) >= wanted
                for one in way.kinds:
                    less = together - {one}
                    assert level_proved(less, policies.evidence, policies.profiles) < wanted


def test_the_quickest_way_comes_first_and_a_counter_is_always_among_them(
    policies: Policies,
) -> None:
    here = pieces(policies, "register-match")
    ways = rules.ways_on(2, here, ALL, policies.evidence, policies.profiles)
    assert [way.kinds for way in ways] == [
        ("document-check", "fraud-check"), ("counter-visit",),
    ]  # fmt: skip
    assert [way.minutes for way in ways] == [7, 30]


def test_without_any_checker_a_counter_is_still_a_way(policies: Policies) -> None:
    here = pieces(policies, "register-match")
    found = rules.open_kinds(here, policies.evidence, contacts=(), checked=())
    assert found == {"counter-visit"}
    assert rules.ways_on(2, here, found, policies.evidence, policies.profiles)


def test_a_reached_level_leaves_nothing_to_do(policies: Policies) -> None:
    here = pieces(policies, "register-match", "document-check", "fraud-check")
    assert rules.level_reached(here, policies.evidence, policies.profiles) == 2
    assert rules.ways_on(2, here, ALL, policies.evidence, policies.profiles) == []


def test_only_what_is_held_counts(policies: Policies) -> None:
    for state in set(State) - {State.HELD}:
        here = pieces(policies, "register-match")
        here += pieces(policies, "document-check", "fraud-check", state=state)
        assert rules.level_reached(here, policies.evidence, policies.profiles) == 0


def test_what_a_housemate_has_never_reaches_the_second_level(policies: Policies) -> None:
    shared = [kind.id for kind in policies.evidence.values() if kind.household]
    here = pieces(policies, *shared)
    assert rules.level_reached(here, policies.evidence, policies.profiles) == 1


def test_a_document_is_refused_three_times_and_signs_of_fraud_once(policies: Policies) -> None:
    def open_after(kind: str, times: int) -> bool:
        here = pieces(policies, "register-match")
        here += pieces(policies, *[kind] * times, state=State.REFUSED)
        checked = {"document-check", "fraud-check"}
        return kind in rules.open_kinds(here, policies.evidence, contacts=(), checked=checked)

    assert [open_after("document-check", times) for times in range(4)] == [True] * 3 + [False]
    assert [open_after("fraud-check", times) for times in range(2)] == [True, False]


def test_a_way_back_is_due_from_its_moment_until_it_lapses() -> None:
    times = WayBack(due_at=NOON, expires_at=NOON + timedelta(days=14))
    second = timedelta(seconds=1)
    assert rules.standing(times, NOON - second) is Standing.WAITING
    assert rules.standing(times, NOON) is Standing.DUE
    assert rules.standing(times, NOON + timedelta(days=14) - second) is Standing.DUE
    assert rules.standing(times, NOON + timedelta(days=14)) is Standing.LAPSED
    ended = WayBack(due_at=NOON, expires_at=NOON + timedelta(days=14), ended_at=NOON)
    assert rules.standing(ended, NOON) is Standing.ENDED


def test_recovery_is_never_weaker_than_what_it_restores() -> None:
    for reached in range(4):
        for old in range(4):
            for two_checks in (False, True):
                enough = rules.enough_for_way_back(reached, old, two_checks=two_checks)
                assert enough == (reached >= old and reached > (1 if two_checks else 0))


def test_a_counter_visit_gets_past_what_was_shown_from_afar() -> None:
    before, after = NOON - timedelta(days=1), NOON + timedelta(days=1)
    passed = {
        (visit, joined, other)
        for visit in (None, before, after)
        for joined in (False, True)
        for other in (None, before)
        if rules.overtakes(visit=visit, joined=joined, begun_at=NOON, other_visit=other)
    }
    assert passed == {
        (after, False, None), (after, False, before), (after, True, None), (after, True, before),
        (before, False, None),  # two officers against nobody
    }  # fmt: skip


def test_after_a_stop_only_a_visit_since_or_a_way_begun_since_leads_on() -> None:
    before, after = NOON - timedelta(days=1), NOON + timedelta(days=1)
    free = {
        (visit, begun)
        for visit in (None, before, NOON, after)
        for begun in (None, before, NOON, after)
        if not rules.needs_counter(stopped=NOON, visit=visit, begun=begun)
    }
    assert free == {
        (visit, begun)
        for visit in (None, before, NOON, after)
        for begun in (None, before, NOON, after)
        if visit == after or begun in (NOON, after)
    }
    assert not rules.needs_counter(stopped=None, visit=None, begun=None)


def own_address(visit: datetime | None, stopped: datetime | None = None, *levels: int) -> bool:
    level, old = levels or (2, 2)
    return rules.own_address_may_stop(visit=visit, stopped=stopped, level=level, old_level=old)


def test_the_old_address_stops_all_but_who_was_seen_and_proved_more() -> None:
    for level in range(4):
        for old in range(4):
            assert own_address(None, None, level, old)
            assert own_address(None, NOON, level, old)
            assert own_address(NOON, None, level, old) == (level <= old)


def test_who_was_seen_since_a_stop_is_stopped_at_a_counter_only() -> None:
    moment, month = timedelta(microseconds=1), rules.COUNTS_FOR
    assert own_address(NOON, NOON)  # that stop answered this very visit
    assert own_address(NOON - moment, NOON)
    assert not own_address(NOON + moment, NOON)
    assert not own_address(NOON + month - moment, NOON)
    assert own_address(NOON + month, NOON)  # an old quarrel takes no stop away


@pytest.mark.parametrize(
    ("kind", "state", "age", "expected"),
    [
        ("document-check", State.HELD, timedelta(0), True),
        ("document-check", State.HELD, timedelta(days=30) - timedelta(microseconds=1), True),
        ("document-check", State.HELD, timedelta(days=30), False),
        ("contact-email", State.HELD, timedelta(days=30), False),
        ("counter-visit", State.HELD, timedelta(days=31), False),
        ("register-match", State.HELD, timedelta(days=400), True),  # goes with its case
        ("fraud-check", State.REFUSED, timedelta(days=400), True),  # no try is given back
    ],
)
def test_what_was_shown_counts_for_thirty_days(
    policies: Policies, kind: str, state: State, age: timedelta, expected: bool
) -> None:
    (piece,) = pieces(policies, kind, state=state)
    assert rules.still_counts(piece, NOON + age) is expected
