"""How fast one actor opens people: a usual day is left alone, a fan over everybody is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.reach import BulkAnswer
from idp.assurance.risk_rules import RiskRules
from idp.delegation.pace import HOUR, Pace, carried, first, one_more

RULES = RiskRules()
NOON = datetime(2030, 6, 1, 12, 20, tzinfo=UTC)


def opening(pace: Pace, many: int) -> list[BulkAnswer]:
    answers = []
    for _ in range(many):
        pace = one_more(pace)
        answers.append(pace.answer(RULES))
    return answers


@pytest.mark.parametrize(
    ("member", "slow", "challenge", "freeze"), [(True, 15, 20, 25), (False, 8, 13, 18)]
)
def test_somebody_new_is_slowed_down_then_challenged_then_frozen(
    member: bool, slow: int, challenge: int, freeze: int
) -> None:
    answers = opening(first(member=member, now=NOON), freeze)
    found = [answers.index(answer) + 1 for answer in list(BulkAnswer)[1:]]
    assert found == [slow, challenge, freeze]


def test_a_usual_working_year_raises_no_alarm_and_teaches_the_pace() -> None:
    pace, hour = first(member=True, now=NOON), NOON
    for _ in range(250):
        for opened in (3, 8, 12, 6, 9, 4, 7):
            hour += HOUR
            pace = carried(pace, hour, RULES)
            assert set(opening(pace, opened)) == {BulkAnswer.NOTHING}
            pace = Pace(z=pace.z, opened=opened, usual=pace.usual, interval_at=pace.interval_at)
        hour += timedelta(hours=17)
    assert 6 < pace.usual < 9


def test_bulk_use_never_becomes_usual_by_going_on() -> None:
    pace, hour = first(member=True, now=NOON), NOON
    for _ in range(100):
        pace = Pace(z=pace.z, opened=40, usual=pace.usual, interval_at=pace.interval_at)
        hour += HOUR
        pace = carried(pace, hour, RULES)
    assert pace.usual == first(member=True, now=NOON).usual


def test_a_clock_that_went_back_takes_no_alarm_away() -> None:
    pace = Pace(z=20, opened=5, usual=4, interval_at=NOON.replace(minute=0))
    assert carried(pace, NOON - 5 * HOUR, RULES) == pace


@given(st.integers(0, 300), st.integers(0, 400), st.floats(0.01, 50), st.floats(0, 60))
def test_idle_hours_taken_together_are_the_same_as_one_by_one(
    opened: int, hours: int, usual: float, z: float
) -> None:
    start = Pace(z=z, opened=opened, usual=usual, interval_at=NOON.replace(minute=0))
    stepped = start
    for passed in range(1, hours + 1):
        stepped = carried(stepped, NOON + passed * HOUR, RULES)
    at_once = carried(start, NOON + hours * HOUR, RULES)
    assert at_once.interval_at == stepped.interval_at
    assert at_once.usual == pytest.approx(stepped.usual)
    assert at_once.z == pytest.approx(stepped.z, abs=1e-6)


@given(st.integers(1, 200), st.floats(0.01, 50), st.floats(0, 40))
def test_one_more_is_never_answered_more_mildly(opened: int, usual: float, z: float) -> None:
    pace = Pace(z=z, opened=opened, usual=usual, interval_at=NOON.replace(minute=0))
    order = list(BulkAnswer)
    assert order.index(one_more(pace).answer(RULES)) >= order.index(pace.answer(RULES))
