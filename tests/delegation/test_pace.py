"""How fast one actor opens people: a usual day is left alone, a fan over everybody is not."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.reach import BulkAnswer, bulk_rest
from idp.assurance.risk_rules import RiskRules
from idp.delegation.pace import HOUR, Pace, carried, first, hour_of, last_hour, one_more

RULES = RiskRules()
NOON = datetime(2030, 6, 1, 12, 20, tzinfo=UTC)
MEMBER, PERSON = RULES.bulk_usual_member, RULES.bulk_usual_person


def begun(usual: float = MEMBER, now: datetime = NOON) -> Pace:
    return first(usual, now=now, rules=RULES)


def opening(pace: Pace, many: int) -> list[BulkAnswer]:
    answers = []
    for _ in range(many):
        pace = one_more(pace, RULES)
        answers.append(pace.answer(RULES))
    return answers


def worked(pace: Pace, many: int) -> Pace:
    for _ in range(many):
        pace = one_more(pace, RULES)
    return pace


@pytest.mark.parametrize(
    ("usual", "slow", "challenge", "freeze"), [(MEMBER, 15, 20, 25), (PERSON, 8, 13, 18)]
)
def test_somebody_new_is_slowed_down_then_challenged_then_frozen(
    usual: float, slow: int, challenge: int, freeze: int
) -> None:
    answers = opening(begun(usual), freeze)
    found = [answers.index(answer) + 1 for answer in list(BulkAnswer)[1:]]
    assert found == [slow, challenge, freeze]


@given(st.integers(0, 59), st.integers(0, 24))
def test_the_end_of_an_hour_lets_nobody_begin_anew(minute: int, before: int) -> None:
    """Opened around the end of an hour, in seconds: as many as within one, and no more."""
    end = hour_of(NOON) + HOUR
    pace = worked(begun(now=NOON.replace(minute=minute)), 0)
    pace = worked(carried(pace, end - timedelta(seconds=1), RULES), before)
    pace = carried(pace, end + timedelta(seconds=1), RULES)
    answers = [pace.answer(RULES), *opening(pace, 25)]
    stopped = [one in {BulkAnswer.CHALLENGE, BulkAnswer.FREEZE} for one in answers]
    assert before + stopped.index(True) == max(20, before)


def test_a_usual_working_year_raises_no_alarm_and_teaches_the_pace() -> None:
    pace, hour = begun(), NOON
    for _ in range(250):
        for opened in (3, 8, 12, 6, 9, 4, 7):
            hour += HOUR
            pace = carried(pace, hour, RULES)
            assert set(opening(pace, opened)) == {BulkAnswer.NOTHING}
            pace = worked(pace, opened)
        hour += timedelta(hours=17)
    assert 6 < pace.usual < 9


def test_bulk_use_never_becomes_usual_by_going_on() -> None:
    pace, hour = begun(), NOON
    for _ in range(100):
        pace = worked(pace, 40)
        hour += HOUR
        pace = carried(pace, hour, RULES)
    assert pace.usual == MEMBER


@given(st.integers(0, 5), st.integers(0, 39))
def test_within_an_hour_nothing_is_counted_anew_or_learned(opened: int, minutes: int) -> None:
    pace = carried(worked(begun(), opened), NOON + timedelta(minutes=minutes), RULES)
    assert (pace.opened, pace.usual, pace.interval_at) == (opened, MEMBER, hour_of(NOON))


def test_a_clock_that_went_back_takes_no_alarm_away() -> None:
    pace = Pace(z=20, opened=5, usual=4, interval_at=hour_of(NOON), at=NOON)
    assert carried(pace, NOON - 5 * HOUR, RULES) == pace


@given(st.integers(0, 300), st.integers(0, 400), st.floats(0.01, 50), st.floats(0, 60))
def test_idle_hours_taken_together_are_the_same_as_one_by_one(
    opened: int, hours: int, usual: float, z: float
) -> None:
    start = Pace(z=z, opened=opened, usual=usual, interval_at=hour_of(NOON), at=NOON)
    stepped = start
    for passed in range(1, hours + 1):
        stepped = carried(stepped, NOON + passed * HOUR, RULES)
    at_once = carried(start, NOON + hours * HOUR, RULES)
    assert at_once.interval_at == stepped.interval_at
    assert at_once.usual == pytest.approx(stepped.usual)
    assert at_once.z == pytest.approx(stepped.z, abs=1e-6)
    assert at_once.z >= bulk_rest(at_once.usual, RULES)


@given(st.floats(0.01, 50), st.floats(-40, 40))
def test_one_more_is_never_answered_more_mildly(usual: float, z: float) -> None:
    pace = Pace(z=z, opened=1, usual=usual, interval_at=hour_of(NOON), at=NOON)
    order = list(BulkAnswer)
    assert order.index(one_more(pace, RULES).answer(RULES)) >= order.index(pace.answer(RULES))


def test_the_last_sixty_minutes_reach_back_into_the_hour_before() -> None:
    assert last_hour(100, 0, hour_of(NOON)) == 100
    assert last_hour(100, 10, hour_of(NOON) + HOUR / 4) == 85
    assert last_hour(0, 10, NOON) == 10
