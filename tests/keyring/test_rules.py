"""A key's life: published before it signs and after, believed until it is revoked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from idp.keyring.rules import ANNOUNCE, RETIRING, KeyState, KeyTimes, signing_key, turn

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
HOUR, TICK = timedelta(hours=1), timedelta(microseconds=1)
KEY = KeyTimes(kid="k", algorithm="ES256", created=NOON, active_from=NOON + HOUR)
RETIRED = replace(KEY, retired_at=NOON + 2 * HOUR)
REVOKED = replace(RETIRED, revoked_at=NOON + HOUR + TICK)


def test_each_moment_of_a_life_has_its_state_and_bounds_are_half_open() -> None:
    over = NOON + 2 * HOUR + RETIRING
    for key, now, state in [
        (KEY, NOON, KeyState.PENDING),
        (KEY, NOON + HOUR - TICK, KeyState.PENDING),
        (KEY, NOON + HOUR, KeyState.ACTIVE),
        (KEY, NOON + 1000 * HOUR, KeyState.ACTIVE),
        (RETIRED, NOON + 2 * HOUR - TICK, KeyState.ACTIVE),
        (RETIRED, NOON + 2 * HOUR, KeyState.RETIRING),
        (RETIRED, over - TICK, KeyState.RETIRING),
        (RETIRED, over, KeyState.GONE),
        (REVOKED, NOON + HOUR, KeyState.ACTIVE),
        (REVOKED, NOON + HOUR + TICK, KeyState.REVOKED),
        (REVOKED, over, KeyState.REVOKED),
    ]:
        assert key.state(now) is state, (key, now)
        believed = state in {KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING}
        assert key.published(now) == believed


def test_only_an_active_key_of_the_algorithm_signs_and_the_newest_does() -> None:
    newer = replace(KEY, kid="n", active_from=NOON + 2 * HOUR)
    other = replace(KEY, kid="o", algorithm="RS256")
    keys = [newer, KEY, other]
    chosen = [signing_key(keys, "ES256", NOON + hours * HOUR) for hours in range(4)]
    assert [key and key.kid for key in chosen] == [None, "k", "n", "n"]
    assert signing_key(keys, "EdDSA", NOON + 3 * HOUR) is None
    assert signing_key([REVOKED], "ES256", NOON + 2 * HOUR) is None


@given(some.lists(some.booleans(), max_size=6), some.integers(0, 200))
def test_after_any_turns_some_key_signs_and_was_announced_first(
    urgent: list[bool], minutes: int
) -> None:
    now, keys = NOON, [replace(KEY, active_from=NOON)]
    for number, at_once in enumerate(urgent):
        new = replace(KEY, kid=f"n{number}", created=now)
        retired, added = turn(keys, new, now=now, at_once=at_once)
        changed = {key.kid: key for key in retired}
        keys = [changed.get(key.kid, key) for key in keys] + [added]
        assert added.active_from == (now if at_once else now + ANNOUNCE)
        assert signing_key(keys, "ES256", now) is not None
        assert signing_key(keys, "ES256", now + ANNOUNCE) is not None
        now += timedelta(minutes=minutes)


def test_a_turn_leaves_other_algorithms_alone() -> None:
    other = replace(KEY, kid="o", algorithm="RS256")
    retired, _ = turn([KEY, other], replace(KEY, kid="n"), now=NOON, at_once=True)
    assert [key.kid for key in retired] == ["k"]
