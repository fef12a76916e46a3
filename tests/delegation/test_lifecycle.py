"""From state to state: the whole table, tried in full."""

from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from idp.delegation.lifecycle import (
    FINAL,
    HELD,
    MOVES,
    Move,
    Party,
    Standing,
    State,
    end_of_day,
    may_move,
    reads_as,
    term_problem,
)

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
# Bounds are naive: Hypothesis gives them the zone.
FIRST, LAST = (datetime(year, 1, 1) for year in (2026, 2036))  # noqa: DTZ001
TICK = timedelta(microseconds=1)
ENDS = (None, NOON, NOON + TICK)
ANSWERERS = (Party.PRINCIPAL, Party.DELEGATE, Party.OFFICER)


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_today_ends_a_second_before_midnight_in_the_united_kingdom(now: datetime) -> None:
    """Also in summer, and on the two days a year that last 23 and 25 hours."""
    end = end_of_day(now).astimezone(ZoneInfo("Europe/London"))
    assert (end.hour, end.minute, end.second) == (23, 59, 59)
    assert timedelta(seconds=59) <= end - now <= timedelta(hours=25, minutes=1)


def test_on_a_summer_evening_today_ends_before_it_does_in_utc() -> None:
    assert end_of_day(NOON) == NOON.replace(hour=22, minute=59, second=59)
    last_minute = NOON.replace(hour=22, minute=59, second=30)
    assert end_of_day(last_minute).day == NOON.day + 1, "there is always time to act"


def standings() -> list[Standing]:
    return [
        Standing(state=state, answerer=who, offer_expires=offer, expires=ends)
        for state, who, offer, ends in product(State, ANSWERERS, ENDS, ENDS)
    ]


def test_nothing_leaves_a_final_state() -> None:
    for standing, move, by in product(standings(), Move, Party):
        if standing.state in FINAL:
            assert may_move(standing, move, by, NOON) is None


def test_a_term_that_is_over_is_over_whether_or_not_a_job_ran() -> None:
    """delegation.md I7."""
    for standing, move, by in product(standings(), Move, Party):
        over = reads_as(standing, NOON) in FINAL and standing.state not in FINAL
        to = may_move(standing, move, by, NOON)
        if over and to is not None:
            assert by is Party.SYSTEM
            assert to in {State.LAPSED, State.ENDED}


def test_an_offer_is_read_by_its_own_end_and_what_is_held_by_its_term() -> None:
    for one in standings():
        end = one.offer_expires if one.state is State.OFFERED else one.expires
        over = end is not None and end <= NOON
        if one.state is State.OFFERED:
            assert reads_as(one, NOON) is (State.LAPSED if over else State.OFFERED)
        elif one.state in HELD:
            assert reads_as(one, NOON) is (State.ENDED if over else one.state)
        else:
            assert reads_as(one, NOON) is one.state


WHO = {
    Move.SUSPEND: {Party.OFFICER, Party.SYSTEM},
    Move.RESUME: {Party.OFFICER},
    Move.RENEW: {Party.PRINCIPAL, Party.OFFICER},
    Move.GIVE: {Party.PRINCIPAL, Party.OFFICER},
    Move.OFFER: set(Party),
    Move.END: set(Party),
}


def test_each_move_is_made_by_its_own_parties_and_by_no_other() -> None:
    for (state, move), by in product(MOVES, Party):
        standing = Standing(state=state, answerer=Party.PRINCIPAL)
        made = may_move(standing, move, by, NOON)
        if move in WHO:
            assert made is (MOVES[state, move] if by in WHO[move] else None), (state, move, by)


def test_an_offer_is_written_down_as_lapsed_by_us_alone_and_only_when_it_is_over() -> None:
    for by, ends in product(Party, (NOON, NOON + TICK, None)):
        offer = Standing(state=State.OFFERED, answerer=Party.PRINCIPAL, offer_expires=ends)
        over = by is Party.SYSTEM and ends == NOON
        assert may_move(offer, Move.LAPSE, by, NOON) is (State.LAPSED if over else None)


def test_every_move_that_may_be_made_is_in_the_table() -> None:
    for standing, move, by in product(standings(), Move, Party):
        to = may_move(standing, move, by, NOON)
        assert to is None or to is MOVES[standing.state, move]


def test_an_offer_is_answered_by_its_answerer_alone_and_cancelled_by_the_others() -> None:
    """delegation.md I13: nobody accepts their own offer."""
    for who, by in product(ANSWERERS, Party):
        offer = Standing(state=State.OFFERED, answerer=who, offer_expires=NOON + TICK)
        for move in (Move.ACCEPT, Move.REFUSE):
            assert (may_move(offer, move, by, NOON) is not None) == (by is who)
        assert (may_move(offer, Move.CANCEL, by, NOON) is not None) == (by is not who)


def test_anybody_concerned_may_end_what_is_held_until_it_is_over() -> None:
    for state, by in product(HELD, Party):
        held = Standing(state=state, answerer=Party.PRINCIPAL, expires=NOON + TICK)
        assert may_move(held, Move.END, by, NOON) is State.ENDED
        over = Standing(state=state, answerer=Party.PRINCIPAL, expires=NOON)
        assert may_move(over, Move.END, by, NOON) is (State.ENDED if by is Party.SYSTEM else None)


def test_only_an_officer_lifts_a_suspension() -> None:
    held = Standing(state=State.SUSPENDED, answerer=Party.PRINCIPAL)
    for by in Party:
        assert (may_move(held, Move.RESUME, by, NOON) is not None) == (by is Party.OFFICER)


def test_a_term_is_at_least_a_day_and_has_an_end_unless_the_service_says_otherwise() -> None:
    assert term_problem(None, longest=365, open_ended=False) == "term-needs-end"
    assert term_problem(None, longest=365, open_ended=True) is None
    assert term_problem(1, longest=365, open_ended=False) is None
    assert term_problem(0, longest=365, open_ended=False) == "term-too-short"
    assert term_problem(365, longest=365, open_ended=False) is None
    assert term_problem(366, longest=365, open_ended=False) == "term-too-long"
    assert term_problem(732, longest=9999, open_ended=False) == "term-too-long"
