"""Rows in, tallies out: each figure counts what its definition says."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level, Levels, Method, Status
from idp.figures.review import Finding, judge
from idp.figures.rules import (
    ACTING,
    DEFERRED,
    GIVEN,
    JOURNEY,
    KEPT_BACK,
    MISSED,
    REFUSED,
    RELEASED,
    SIGNED_IN,
    STARTED,
    Counting,
    End,
    Row,
    Tally,
    percentile,
    week_of,
)

TIERS = {n: Level(identity=n, sign_in=n) for n in range(4)}
LEVELS = Levels(tiers=TIERS, aliases={"urn:example:high": TIERS[3]})
SECOND = 1_000_000
NOON = int(datetime(2030, 6, 3, 12, tzinfo=UTC).timestamp()) * SECOND
TIER_1, TIER_2, TIER_3 = (f"urn:gatehouse:tier:{n}" for n in (1, 2, 3))


def method(name, factor, alone):
    return Method(id=name, name=name, factor=factor, alone=alone, second=2, status=Status.COMMON)


METHODS = {
    "password": method("password", "knowledge", 1),
    "one-time-code": method("one-time-code", "possession", 0),
}


class Story:
    """One journey after another, counted at the end."""

    def __init__(self, since=NOON, until=NOON + 10 * JOURNEY) -> None:
        self.counting = Counting(LEVELS, METHODS, since=since, until=until)

    def row(self, at, kind, detail, client="parking"):
        self.counting.take(Row(NOON + at * SECOND, kind, client, detail))
        return self

    def start(self, ref="j", at=0, *, asked=(), floor="P1.C1", ceiling="P1.C1", demand="P1.C1",
              stands="P0.C0", essential=False):  # fmt: skip
        detail = {"journey": ref, "asked": list(asked), "floor": floor, "ceiling": ceiling,
                  "demand": demand, "stands": stands, "essential": essential}  # fmt: skip
        return self.row(at, STARTED, detail)

    def proof(self, at, name="password", ref="j", kind=GIVEN):
        return self.row(at, kind, {"journey": ref, "method": name})

    def in_(self, at, ref="j", vot="P1.C1", kind=SIGNED_IN, **more):
        return self.row(at, kind, {"journey": ref, "vot": vot, "methods": ["password"], **more})

    def tally(self, read_to=11 * JOURNEY) -> Tally:
        return self.counting.close(NOON + read_to).get("parking", Tally())


def test_an_attempt_that_reaches_the_service_is_timed_from_its_start() -> None:
    tally = Story().start(at=5).proof(10).in_(17).tally()
    assert (tally.attempts, tally.ends) == (1, {End.SIGNED_IN: 1})
    assert tally.times == {120: 1}
    assert (tally.given, tally.used, tally.counted) == (
        {"password": 1}, {"P1.C1": 1}, {"password": 1},
    )  # fmt: skip


def test_who_leaves_is_counted_at_the_step_they_left() -> None:
    two = {"asked": (TIER_2,), "essential": True, "demand": "P2.C2"}
    assert Story().start(**two).tally().ends == {End.FIRST: 1}
    assert Story().start(**two).proof(9).tally().ends == {End.SECOND: 1}
    assert Story().start(**two).proof(9).proof(20, "one-time-code").tally().ends == {End.AFTER: 1}
    assert Story().start(**two, stands="P2.C1").tally().ends == {End.SECOND: 1}
    assert Story().start(**two, stands="P1.C2").tally().ends == {End.AFTER: 1}
    assert Story().start(demand="P0.C0", floor="P0.C0").tally().ends == {End.FIRST: 1}


def test_a_refusal_ends_an_attempt_and_one_without_a_journey_is_none() -> None:
    assert Story().start().row(5, REFUSED, {"journey": "j", "code": "x"}).tally().ends == {
        End.REFUSED: 1
    }
    assert Story().row(5, REFUSED, {"code": "login_required"}).tally().requests == 0


def test_what_is_younger_than_an_hour_at_the_end_is_no_attempt_yet() -> None:
    tally = Story().start(at=0).tally(read_to=JOURNEY)
    assert (tally.attempts, tally.requests, tally.still_open) == (0, 0, 1)
    assert Story().start(at=0).tally(read_to=JOURNEY + 1).attempts == 1


def test_only_attempts_that_began_in_the_window_count_and_their_end_may_come_after_it() -> None:
    story = Story(since=NOON, until=NOON + 60 * SECOND)
    story.start("before", at=-1).start("first").start("last", at=59).start("after", at=60)
    for ref in ("before", "first", "last", "after"):
        story.in_(100, ref)
    assert story.tally().ends == {End.SIGNED_IN: 2}
    assert Story(until=NOON + 60 * SECOND).in_(60, "").in_(59, "").tally().direct == 1


def test_a_sign_in_without_a_page_is_a_request_and_takes_no_time() -> None:
    tally = Story().in_(5, "", asked=[TIER_2], floor="P1.C1", ceiling="P1.C1").tally()
    assert (tally.requests, tally.direct, tally.attempts, tally.times) == (1, 1, 0, {})
    assert (tally.over_ceiling, tally.asked) == (1, {"P2.C2": 1})


def test_a_request_is_over_a_level_only_when_all_that_it_names_is() -> None:
    def over(*asked, floor="P1.C1", ceiling="P2.C2"):
        tally = Story().start(asked=asked, floor=floor, ceiling=ceiling).tally()
        return tally.over_floor, tally.over_ceiling

    assert over() == over(TIER_1) == over("urn:gatehouse:loa:P0.C1") == (0, 0)
    assert over(TIER_2, TIER_1) == (0, 0)  # it takes less as well
    assert over(TIER_2) == over(TIER_3, TIER_2) == (1, 0)
    assert over(TIER_3) == over("urn:example:high") == (1, 1)
    assert over("C2.P1", ceiling="P1.C1") == (1, 1)  # a vector, its parts in another order
    assert over("no-such-level", "9") == (0, 0)


def test_extra_checks_are_those_given_when_the_assessment_was_reached() -> None:
    asks = {"asked": (TIER_2,), "essential": True, "demand": "P2.C2"}
    tally = Story().start(**asks).proof(10).proof(31, "one-time-code").in_(31).tally()
    assert (tally.extra_ceiling, tally.extra_ceiling_times) == (1, {210: 1})
    within = Story().start(**asks, ceiling="P2.C2").proof(10).proof(31, "one-time-code").in_(31)
    tally = within.tally()
    assert (tally.extra_ceiling, tally.extra_floor, tally.extra_floor_times) == (0, 1, {210: 1})
    had = Story().start(**asks, stands="P2.C1").proof(8, "one-time-code").in_(8).tally()
    assert had.extra_ceiling_times == {80: 1}
    left = Story().start(**asks).proof(10).proof(31, "one-time-code").tally()
    assert left.extra_ceiling == 0  # it ended nowhere: its cost is a lost sign-in
    honest = Story().start(floor="P2.C2", demand="P2.C2").proof(9).proof(20, "one-time-code")
    assert honest.in_(20).tally().extra_ceiling == 0


def test_outcomes_deferrals_and_refused_codes_are_counted() -> None:
    story = Story().start().proof(9, kind=MISSED, name="one-time-code").proof(12)
    story.in_(12, risk={"outcome": "defer"}, stepped=True, kind=ACTING)
    for kind in (DEFERRED, DEFERRED, RELEASED, KEPT_BACK):
        story.row(20, kind, {"deferral": "d"})
    tally = story.tally()
    assert (tally.outcomes, tally.stepped, tally.missed) == (
        {"defer": 1}, 1, {"one-time-code": 1},
    )  # fmt: skip
    assert (tally.deferred, tally.released, tally.kept_back) == (2, 1, 1)
    assert tally.weeks == {"2030-W23": {"scored": 1, "deferred": 1}}


HOSTILE = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.lists(st.integers()),
                    st.dictionaries(st.text(max_size=3), st.integers()))  # fmt: skip
NAMES = st.sampled_from(
    ["journey", "asked", "floor", "ceiling", "demand", "stands", "method", "vot", "methods",
     "risk", "stepped", "essential"]
)  # fmt: skip
KINDS = st.sampled_from([STARTED, GIVEN, MISSED, SIGNED_IN, REFUSED, DEFERRED])


@given(st.lists(st.tuples(st.integers(-10**4, 10**4), KINDS,
                          st.dictionaries(NAMES, HOSTILE)), max_size=12))  # fmt: skip
def test_no_row_stops_the_count_whatever_it_holds(rows) -> None:
    story = Story()
    for at, kind, detail in rows:
        story.row(at, kind, detail)
    story.tally()


@given(st.dictionaries(st.integers(0, 500), st.integers(1, 20), min_size=1, max_size=20))
def test_a_percentile_is_the_nearest_rank(times) -> None:
    every = sorted(value for value, count in times.items() for _ in range(count))
    for share in (0.5, 0.9):
        found = percentile(times, share)
        assert sum(value <= found for value in every) >= share * len(every)
        assert sum(value < found for value in every) < share * len(every)
    assert percentile({}, 0.5) is None


def test_memory_holds_no_more_journeys_than_an_hour_has() -> None:
    story = Story()
    for n in range(10_000):
        story.start(f"j{n}", at=n)
    assert len(story.counting._open) == 3601


def test_a_service_is_accused_only_on_enough_requests_and_beyond_doubt() -> None:
    def found(requests, over_ceiling=0, over_floor=0):
        return judge(Tally(requests=requests, over_ceiling=over_ceiling,
                           over_floor=max(over_floor, over_ceiling)))  # fmt: skip

    assert found(49, 49) is Finding.NONE
    assert found(50, 50) is Finding.PAST_ASSESSMENT
    assert found(1000, 100) is Finding.NONE  # 10 % seen: it may well be less
    assert found(1000, 122) is Finding.PAST_ASSESSMENT
    assert found(1000, 0, 900) is Finding.NONE
    assert found(1000, 0, 925) is Finding.PAST_ENTRY
    assert found(60, 0, 40) is Finding.NONE  # two of three step up: that is what step-up is for


def test_weeks_are_those_of_iso_8601() -> None:
    assert week_of(int(datetime(2027, 1, 3, tzinfo=UTC).timestamp()) * SECOND) == "2026-W53"
