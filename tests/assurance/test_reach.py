"""What somebody who acts for many must show (risk-model.md T7), and when their use is bulk."""

from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.familiarity import reach_nats
from idp.assurance.reach import (
    BulkAnswer,
    Unmet,
    bulk_answer,
    bulk_rest,
    bulk_watch,
    demand_for_reach,
    unmet,
)
from idp.assurance.risk_rules import RiskRules
from idp.assurance.rules import Level

RULES = RiskRules()
PAIRS = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]
NOTHING = Level(identity=0, sign_in=0)
ROWS = [  # reach, level, device-bound, organisation, two people for payment details
    (0, "P0.C0", False, 0, False),
    (1, "P0.C0", False, 0, False),
    (2, "P2.C2", False, 0, False),
    (10, "P2.C2", False, 0, False),
    (11, "P2.C2", False, 1, False),
    (100, "P2.C2", False, 1, False),
    (101, "P2.C3", False, 2, False),
    (1000, "P2.C3", False, 2, False),
    (1001, "P2.C3", True, 2, False),
    (10000, "P2.C3", True, 2, False),
    (10001, "P2.C3", True, 3, True),
    (10**9, "P2.C3", True, 3, True),
]


def ask(reach: int, needed: Level = NOTHING, action: str = "payment-details"):
    return demand_for_reach(reach, action=action, needed=needed, rules=RULES)


@pytest.mark.parametrize(("reach", "level", "bound", "org", "two"), ROWS)
def test_the_table_of_reach_comes_out_at_both_ends_of_each_row(reach, level, bound, org, two):
    found = ask(reach)
    shown = (str(found.level), found.device_bound, found.org, found.two_people)
    assert shown == (level, bound, org, two)
    assert not ask(reach, action="look").two_people


def test_reach_never_takes_anything_off_what_the_action_needs_nor_asks_less_for_more() -> None:
    for needed, (less, *_), (more, *_) in (
        (needed, *rows) for needed, rows in product(PAIRS, pairwise(ROWS))
    ):
        here, there = ask(less, needed), ask(more, needed)
        assert here.level.covers(needed)
        assert there.level.covers(here.level)
        assert (there.device_bound, there.org, there.two_people) >= (
            here.device_bound, here.org, here.two_people,
        )  # fmt: skip


def test_everything_that_is_lacking_is_told_at_once() -> None:
    most = ask(10**6)
    have: dict[str, Any] = {"level": Level(identity=2, sign_in=3), "device_bound": True, "org": 3}
    assert unmet(most, **have, confirmed=True) == ()
    assert unmet(most, **have, confirmed=False) == (Unmet.SECOND_PERSON,)
    nothing = unmet(most, level=NOTHING, device_bound=False, org=0, confirmed=False)
    assert nothing == tuple(Unmet)
    assert unmet(ask(1), level=NOTHING, device_bound=False, org=0, confirmed=False) == ()


def test_a_usual_day_raises_no_alarm_and_bulk_does_soon() -> None:
    z = 0.0
    for _ in range(1000):
        z = bulk_watch(z, opened=4, hours=1, usual=4, rules=RULES)
    assert z < 0
    steps = 0
    while bulk_answer(z, RULES) is BulkAnswer.NOTHING:
        z = bulk_watch(z, opened=20, hours=1, usual=4, rules=RULES)
        steps += 1
    assert steps == 1  # 20 ln 5 - 16 = 16.2


def test_answers_to_bulk_come_in_order() -> None:
    answers = [bulk_answer(z, RULES) for z in (0, 7.99, 8, 15.99, 16, 23.99, 24, 1e12)]
    assert [str(answer) for answer in answers] == [
        "nothing", "nothing", "slow-down", "slow-down", "challenge-c3", "challenge-c3",
        "freeze", "freeze",
    ]  # fmt: skip
    stricter = replace(RULES, bulk_alarm=2)
    assert bulk_answer(2, stricter) is BulkAnswer.SLOW_DOWN


counts = st.integers(0, 10**6)
rates = st.floats(0, 1000)


@given(st.floats(0, 1e6), counts, counts, rates)
def test_opening_more_never_lowers_the_watch_and_it_never_falls_below_its_rest(z, a, b, usual):
    less, more = sorted((a, b))
    here = bulk_watch(z, opened=less, hours=1, usual=usual, rules=RULES)
    there = bulk_watch(z, opened=more, hours=1, usual=usual, rules=RULES)
    assert bulk_rest(usual, RULES) <= here <= there
    order = list(BulkAnswer)
    assert order.index(bulk_answer(here, RULES)) <= order.index(bulk_answer(there, RULES))
    assert bulk_watch(z, opened=-less, hours=1, usual=usual, rules=RULES) <= z


@given(st.integers(-5, 10**12), st.integers(-5, 10**12))
def test_more_reach_never_takes_nats_off_and_adds_four_at_most(a, b) -> None:
    less, more = sorted((a, b))
    assert 0 <= reach_nats(less, RULES) <= reach_nats(more, RULES) <= 4
