"""What is asked next, and what is left: every case there is."""

from itertools import combinations, product
from typing import Any

import pytest

from idp.authentication.rules import enough_ways_in
from idp.enrolment.rules import (
    MINUTES,
    PASSKEYS,
    Facts,
    Item,
    Standing,
    Step,
    Task,
    left,
    next_step,
    things_left,
)
from tests.build import World

METHODS = ("password", "one-time-code", "passkey", "security-key", "recovery-code")
SETS = [frozenset(some) for size in range(6) for some in combinations(METHODS, size)]
# What each line that is asked for leads to: one of these, added.
ADDS = {
    Task.FIRST_WAY: ({"password"}, {"passkey"}, {"security-key"}),
    Task.SECOND_WAY: ({"passkey"}, {"one-time-code"}, {"password"}),
    Task.RECOVERY_CODES: ({"recovery-code"},),
    Task.PASSWORD: ({"password"},),
}


def every_case() -> list[Facts]:
    names = ("address_given", "address_confirmed", "address_in_use", "name_chosen", "has_account")
    cases = product((False, True), repeat=len(names))
    return [Facts(**dict(zip(names, case, strict=True))) for case in cases]


def test_one_thing_is_asked_at_a_time_in_the_one_order() -> None:
    for facts in every_case():
        expected = (
            Step.RESUME
            if facts.has_account
            else Step.EMAIL
            if not facts.address_given
            else Step.CODE
            if not facts.address_confirmed
            else Step.NAME
            if facts.address_in_use and not facts.name_chosen
            else Step.PASSWORD
        )
        assert next_step(facts) is expected, facts


def test_nobody_learns_of_an_account_before_the_address_is_theirs() -> None:
    for facts in every_case():
        if not facts.address_confirmed and not facts.has_account:
            assert next_step(facts) in {Step.EMAIL, Step.CODE}


def standing(held: frozenset[str], world: World, **more: Any) -> Standing:
    return Standing(held=held, enough=enough_ways_in(held, world.policies.methods), **more)


def needed(items: list[Item]) -> list[Task]:
    return [item.task for item in items if item.needed and not item.done]


def test_nothing_is_asked_for_exactly_when_there_are_enough_ways_in(world: World) -> None:
    for held in SETS:
        now = standing(held, world)
        first = bool(held & (PASSKEYS | {"password"}))
        assert (needed(left(now)) == []) == (now.enough and first), held


def test_whoever_does_what_is_asked_ends_with_enough_ways_in(world: World) -> None:
    """From any start, whichever way is chosen each time; and there is always a line to follow."""
    for start in SETS:
        todo = [start]
        seen: set[frozenset[str]] = set()
        while todo:
            held = todo.pop()
            if held in seen:
                continue
            seen.add(held)
            asked = needed(left(standing(held, world)))
            if not asked:
                assert enough_ways_in(held, world.policies.methods), held
                continue
            grown = [held | added for added in ADDS[asked[0]] if not added <= held]
            assert grown, (held, asked)
            todo += grown


def test_what_is_done_is_never_asked_for(world: World) -> None:
    for held, proved, wanted in product(SETS, range(4), range(4)):
        now = standing(held, world, identity=proved, needed_identity=wanted)
        for item in left(now):
            assert not (item.done and item.needed), (held, item)


def test_identity_is_a_line_only_where_a_service_needs_it(world: World) -> None:
    for proved, wanted in product(range(4), repeat=2):
        items = left(standing(SETS[-1], world, identity=proved, needed_identity=wanted))
        lines = [item for item in items if item.task is Task.IDENTITY]
        assert len(lines) == (wanted > 0)
        assert things_left(items) == (proved < wanted)


@pytest.mark.parametrize("held", [{"password"}, {"passkey"}, {"security-key"}])
def test_after_the_first_way_in_two_things_are_left(held: set[str], world: World) -> None:
    items = left(standing(frozenset(held), world))
    assert needed(items) == [Task.SECOND_WAY, Task.RECOVERY_CODES]


def test_a_passkey_and_printed_codes_alone_are_not_two_ways_in(world: World) -> None:
    items = left(standing(frozenset({"passkey", "recovery-code"}), world))
    assert needed(items) == [Task.SECOND_WAY]


def test_where_everything_offered_is_there_and_not_enough_a_password_is_asked_for(
    world: World,
) -> None:
    items = left(standing(frozenset({"passkey", "one-time-code", "recovery-code"}), world))
    assert needed(items) == [Task.PASSWORD]


def test_every_line_says_how_long_it_takes() -> None:
    assert set(MINUTES) == set(Task)
    assert sum(MINUTES[task] for task in Task if task is not Task.PASSWORD) <= 20
