"""What a mandate allows, tried at its edges and over every pair of levels."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level
from idp.delegation.rules import Mandate, Verdict, effective_level, may_act

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
GIVEN = Mandate(services=frozenset({"tax"}), starts=NOON, expires=NOON + DAY)
PAIRS = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]


def ask(
    mandate: Mandate = GIVEN, *, level: Level = PAIRS[-1], needed: Level = PAIRS[-1],
    now: datetime = NOON, service: str = "tax",
) -> Verdict:  # fmt: skip
    return may_act(mandate, service=service, level=level, needed=needed, now=now)


def test_a_mandate_holds_from_its_start_until_the_instant_it_expires() -> None:
    assert ask(now=GIVEN.starts - TICK) is Verdict.OUT_OF_TERM
    assert ask(now=GIVEN.starts) is Verdict.ALLOWED
    assert ask(now=GIVEN.expires - TICK) is Verdict.ALLOWED
    assert ask(now=GIVEN.expires) is Verdict.OUT_OF_TERM


def test_ending_is_still_the_reason_after_expiry() -> None:
    assert ask(replace(GIVEN, ended=True), now=NOON + 2 * DAY) is Verdict.ENDED
    assert ask(replace(GIVEN, ended=True)) is Verdict.ENDED


def test_no_other_service_is_covered_however_alike_its_name() -> None:
    for service in ("library", "Tax", "tax ", "ta", "taxes", ""):
        assert ask(service=service) is Verdict.OTHER_SERVICE
    assert ask(replace(GIVEN, services=frozenset())) is Verdict.OTHER_SERVICE


def test_no_one_acts_below_either_part_of_the_level_the_service_needs() -> None:
    for level, needed in product(PAIRS, repeat=2):
        allowed = ask(level=level, needed=needed) is Verdict.ALLOWED
        enough = level.identity >= needed.identity and level.sign_in >= needed.sign_in
        assert allowed == enough, (level, needed)


@given(
    ended=st.booleans(),
    minutes=st.integers(-3000, 3000),
    service=st.sampled_from(["tax", "library"]),
    level=st.sampled_from(PAIRS),
    needed=st.sampled_from(PAIRS),
)
def test_only_all_conditions_together_allow(
    ended: bool, minutes: int, service: str, level: Level, needed: Level
) -> None:
    now = NOON + timedelta(minutes=minutes)
    verdict = ask(replace(GIVEN, ended=ended), level=level, needed=needed, now=now, service=service)
    good = not ended and 0 <= minutes < 1440 and service == "tax" and level.covers(needed)
    assert (verdict is Verdict.ALLOWED) == good


def test_the_effective_level_is_the_lower_of_both_part_by_part() -> None:
    """delegation.md section 1: never more than either had proved."""
    for actor, grant in product(PAIRS, repeat=2):
        level = effective_level(actor, grant)
        assert actor.covers(level)
        assert grant.covers(level)
        assert level.identity in {actor.identity, grant.identity}
        assert level.sign_in in {actor.sign_in, grant.sign_in}
        assert level == effective_level(grant, actor)
