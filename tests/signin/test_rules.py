"""What a journey still needs, tried over the whole of its small domains."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level, Method, Methods, Status, sign_in_level
from idp.signin.rules import (
    CODE,
    PASSWORD,
    Asked,
    Next,
    SignedIn,
    Step,
    Why,
    demand,
    fresh_proofs,
    next_step,
)

NOW = 1_900_000_000_000
SECOND = 1000
LEVELS = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]
METHODS: Methods = {
    PASSWORD: Method(id=PASSWORD, name="", factor="knowledge", alone=1, second=2,
                     status=Status.COMMON, amr=("pwd",)),
    CODE: Method(id=CODE, name="", factor="possession", alone=0, second=2,
                 status=Status.COMMON, amr=("otp",), blocks_attacks=0.8),
}  # fmt: skip
P0, P1, P2 = (Level(identity=p, sign_in=p) for p in range(3))
ORDER = [Step.PASSWORD, Step.CODE, Step.WHO, Step.CONSENT, Step.ISSUE]


def here(identity: int = 2, held: tuple[str, ...] = (PASSWORD, CODE), **ago: int) -> SignedIn:
    """Somebody whose proofs are so many seconds old."""
    names = {"password": PASSWORD, "code": CODE}
    proofs = {names[name]: NOW - seconds * SECOND for name, seconds in ago.items()}
    return SignedIn(identity=identity, proofs=proofs, held=frozenset(held))


def ask(
    asked: Asked, signed_in: SignedIn | None, *, chosen: bool = False, consented: bool = False
) -> Next:
    return next_step(asked, signed_in, chosen=chosen, consented=consented, now=NOW, methods=METHODS)


def people() -> Iterator[SignedIn | None]:
    yield None
    for identity, held, password, code in product(
        range(4), [(PASSWORD,), (PASSWORD, CODE)], (None, 5, 500), (None, 5, 500)
    ):
        if code is not None and CODE not in held:
            continue
        ago = {name: age for name, age in (("password", password), ("code", code)) if age}
        yield here(identity, held, **ago)


def requests() -> Iterator[Asked]:
    for floor, requested, essential, again, max_age in product(
        (P0, P1, P2, Level(identity=0, sign_in=2), Level(identity=3, sign_in=3)),
        ((), (P2,), (Level(identity=3, sign_in=3), P1), (P0,)),
        (False, True), (False, True), (None, 0, 100),
    ):  # fmt: skip
        yield Asked(floor=floor, started=NOW - 50 * SECOND, requested=requested,
                    essential=essential, again=again, max_age_seconds=max_age)  # fmt: skip


EVERY = list(product(requests(), people()))


def test_nothing_is_issued_below_the_floor_whatever_is_requested() -> None:
    for asked, person in EVERY:
        following = ask(asked, person)
        assert following.demand.covers(asked.floor), (asked, person)
        if following.step is Step.ISSUE:
            assert person is not None
            fresh = fresh_proofs(asked, person, now=NOW)
            reached = Level(identity=person.identity, sign_in=sign_in_level(fresh, METHODS))
            assert reached.covers(asked.floor), (asked, person)
            assert reached.covers(following.demand), (asked, person)
            assert fresh, "somebody was there"


def test_an_essential_level_is_met_or_refused_never_forgotten() -> None:
    for asked, person in EVERY:
        if asked.essential and asked.requested and ask(asked, person).step is Step.ISSUE:
            assert person is not None
            fresh = fresh_proofs(asked, person, now=NOW)
            reached = Level(identity=person.identity, sign_in=sign_in_level(fresh, METHODS))
            assert any(reached.covers(level) for level in asked.requested), (asked, person)


def test_a_voluntary_level_that_cannot_be_had_costs_nothing() -> None:
    high = Level(identity=3, sign_in=3)
    for asked, person in EVERY:
        if asked.requested or person is None:
            continue
        wished = replace(asked, requested=(high,), essential=False)
        assert ask(wished, person) == ask(asked, person), (asked, person)


def test_a_proof_that_still_counts_is_never_asked_for_again() -> None:
    for asked, person in EVERY:
        following = ask(asked, person)
        if person is None or following.step not in {Step.PASSWORD, Step.CODE}:
            continue
        method = PASSWORD if following.step is Step.PASSWORD else CODE
        fresh = fresh_proofs(asked, person, now=NOW)
        assert method not in fresh, (asked, person)
        assert following.why is (Why.AGAIN if method in person.proofs else Why.MORE)
        if not asked.again and asked.max_age_seconds is None:
            assert method not in person.proofs, (asked, person)


def test_only_what_the_person_holds_is_asked_for() -> None:
    for asked, person in EVERY:
        following = ask(asked, person)
        if person is not None and following.step is Step.CODE:
            assert CODE in person.held


def steps_left(asked: Asked, person: SignedIn | None) -> int | None:
    """Walk the journey to its end as a person who gives every proof asked for; None: refused."""
    person = person or here(2)
    for done in range(10):
        following = ask(asked, person)
        if following.step is Step.ISSUE:
            return done
        if following.step is Step.REFUSE:
            return None
        method = PASSWORD if following.step is Step.PASSWORD else CODE
        person = replace(person, proofs={**person.proofs, method: NOW})
    raise AssertionError(("the journey has no end", asked, person))


def test_every_journey_ends() -> None:
    for asked, person in EVERY:
        steps_left(asked, person)


def test_more_demand_is_never_fewer_steps() -> None:
    for asked, person in EVERY:
        few = steps_left(asked, person)
        for more in LEVELS:
            higher = replace(asked, floor=asked.floor.join(more), requested=())
            many = steps_left(higher, person)
            base = steps_left(replace(asked, requested=()), person)
            if many is not None:
                assert base is not None, (asked, person, more)
                assert many >= base, (asked, person, more)
        strict = steps_left(replace(asked, again=True), person)
        if few is not None and strict is not None:
            assert strict >= few, (asked, person)


def test_identity_is_not_a_step_somebody_below_it_is_refused() -> None:
    following = ask(Asked(floor=P2, started=NOW), here(1, password=1, code=1))
    assert (following.step, following.why) == (Step.REFUSE, Why.IDENTITY)


def test_without_the_method_it_takes_the_journey_is_refused_not_endless() -> None:
    following = ask(Asked(floor=P2, started=NOW), here(2, (PASSWORD,), password=1))
    assert (following.step, following.why) == (Step.REFUSE, Why.NO_METHOD)


def test_prompt_login_counts_only_this_journeys_proofs_to_the_millisecond() -> None:
    asked = Asked(floor=P1, started=NOW - 10, again=True)
    for at, step in ((NOW - 11, Step.PASSWORD), (NOW - 10, Step.ISSUE)):
        person = SignedIn(identity=2, proofs={PASSWORD: at}, held=frozenset({PASSWORD}))
        assert ask(asked, person).step is step


def test_max_age_is_judged_now_but_this_journeys_own_proofs_stay_young() -> None:
    """Core 3.1.2.1: a person who reads slowly is not sent round in circles."""
    started = NOW - 200 * SECOND
    asked = Asked(floor=P1, started=started, max_age_seconds=100)
    for at, step in (
        (started, Step.ISSUE), (started - 1, Step.PASSWORD), (NOW - 5 * SECOND, Step.ISSUE),
    ):  # fmt: skip
        person = SignedIn(identity=2, proofs={PASSWORD: at}, held=frozenset({PASSWORD}))
        assert ask(asked, person).step is step


def test_acting_then_consent_come_after_the_proofs_and_each_once() -> None:
    asked = Asked(floor=P1, started=NOW, acting=True, consent=True)
    person = here(2, password=1)
    assert ask(asked, None).step is Step.PASSWORD
    assert ask(asked, person).step is Step.WHO
    assert ask(asked, person, chosen=True).step is Step.CONSENT
    assert ask(asked, person, chosen=True, consented=True).step is Step.ISSUE
    assert ask(asked, person, consented=True).step is Step.WHO


def test_of_several_levels_the_first_reachable_one_counts() -> None:
    """Core 3.1.2.1: in the client's order; keycloak 31534 took the lowest."""
    high = Level(identity=3, sign_in=3)
    asked = Asked(floor=P1, started=NOW, requested=(high, P2, P1))
    assert demand(asked, here(2), METHODS) == P2
    assert demand(replace(asked, requested=(P1, P2)), here(2), METHODS) == P1
    assert demand(replace(asked, requested=(high,), essential=True), here(2), METHODS) == high
    assert demand(replace(asked, requested=(P0,)), here(2), METHODS) == P1, "never below the floor"


levels = st.sampled_from(LEVELS)
ages = st.none() | st.integers(0, 10_000)


@given(
    floor=levels,
    requested=st.lists(levels, max_size=4),
    essential=st.booleans(),
    again=st.booleans(),
    max_age=st.none() | st.integers(0, 10_000),
    identity=st.integers(0, 3),
    code_held=st.booleans(),
    password=ages,
    code=ages,
    started=st.integers(0, 10_000),
    flags=st.tuples(*[st.booleans()] * 4),
)
def test_whatever_is_asked_of_whomever_the_floor_holds(
    floor: Level, requested: list[Level], essential: bool, again: bool, max_age: int | None,
    identity: int, code_held: bool, password: int | None, code: int | None, started: int,
    flags: tuple[bool, ...],
) -> None:  # fmt: skip
    acting, consent, chosen, consented = flags
    held = (PASSWORD, CODE) if code_held else (PASSWORD,)
    ago = {} if password is None else {"password": password}
    if code is not None and code_held:
        ago["code"] = code
    person = here(identity, held, **ago)
    asked = Asked(floor=floor, started=NOW - started * SECOND, requested=tuple(requested),
                  essential=essential, again=again, max_age_seconds=max_age, acting=acting,
                  consent=consent)  # fmt: skip
    following = ask(asked, person, chosen=chosen, consented=consented)
    assert following.demand.covers(floor)
    if following.step is Step.ISSUE:
        fresh = fresh_proofs(asked, person, now=NOW)
        reached = Level(identity=identity, sign_in=sign_in_level(fresh, METHODS))
        assert reached.covers(following.demand)
        assert chosen or not acting
        assert consented or not consent


@pytest.mark.parametrize("name", ["password", "one-time-code"])
def test_the_methods_that_have_a_page_are_in_the_published_list(name: str) -> None:
    text = (Path(__file__).parents[2] / "policies" / "methods.toml").read_text()
    assert f'id = "{name}"' in text
