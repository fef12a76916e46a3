"""What a journey still needs, tried over the whole of its small domains."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level, Method, Methods, Status, sign_in_level
from idp.signin.rules import (
    CODE,
    EMAIL_CODE,
    OFFERED,
    PAGE_OF,
    PASSKEY,
    PASSWORD,
    RECOVERY_CODE,
    SECURITY_KEY,
    SMS_CODE,
    TWO_CHECKS,
    Asked,
    Next,
    SignedIn,
    Step,
    Why,
    beginnings,
    demand,
    fresh_proofs,
    lowest_first,
    may_add_methods,
    next_step,
    reach_of,
    standing,
)

NOW = 1_900_000_000_000
SECOND = 1000
LEVELS = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]
METHODS: Methods = {
    PASSWORD: Method(id=PASSWORD, name="", factor="knowledge", alone=1, second=2,
                     status=Status.COMMON, amr=("pwd",)),
    CODE: Method(id=CODE, name="", factor="possession", alone=0, second=2,
                 status=Status.COMMON, amr=("otp",), blocks_attacks=0.8),
    PASSKEY: Method(id=PASSKEY, name="", factor="combined", alone=3, second=3,
                    status=Status.COMMON, blocks_attacks=0.9995, amr=("swk", "user")),
    SECURITY_KEY: Method(id=SECURITY_KEY, name="", factor="combined", alone=3, second=3,
                         status=Status.APPROVED, blocks_attacks=0.9995, amr=("hwk", "user")),
    RECOVERY_CODE: Method(id=RECOVERY_CODE, name="", factor="possession", alone=1, second=2,
                          status=Status.APPROVED, amr=("otp",)),
}  # fmt: skip
# The same, where a body has certificates for codes that are sent.
SENT: Methods = {
    **METHODS,
    SMS_CODE: Method(id=SMS_CODE, name="", factor="possession", alone=0, second=2,
                     status=Status.RESTRICTED, amr=("sms", "otp"), blocks_attacks=0.76),
    EMAIL_CODE: Method(id=EMAIL_CODE, name="", factor="possession", alone=1, second=0,
                       status=Status.RESTRICTED, amr=("otp",), most_identity=0),
}  # fmt: skip
P0, P1, P2, P3 = (Level(identity=p, sign_in=p) for p in range(4))
P2C3 = Level(identity=2, sign_in=3)
PROOFS = {Step.PASSWORD, Step.CODE, Step.PASSKEY, Step.RECOVERY_CODE}
NAMES = {"password": PASSWORD, "code": CODE, "passkey": PASSKEY, "key": SECURITY_KEY,
         "paper": RECOVERY_CODE, "text": SMS_CODE, "mail": EMAIL_CODE}  # fmt: skip
HOLDINGS = [
    (PASSWORD,), (PASSWORD, CODE), (PASSWORD, RECOVERY_CODE), (PASSKEY,), (PASSWORD, SECURITY_KEY),
    (PASSWORD, CODE, PASSKEY, RECOVERY_CODE),
]  # fmt: skip


def here(identity: int = 2, held: tuple[str, ...] = (PASSWORD, CODE), **ago: int) -> SignedIn:
    """Somebody whose proofs are so many seconds old."""
    proofs = {NAMES[name]: NOW - seconds * SECOND for name, seconds in ago.items()}
    return SignedIn(identity=identity, proofs=proofs, held=frozenset(held))


def ask(
    asked: Asked,
    signed_in: SignedIn | None,
    *,
    chosen: bool = False,
    consented: bool = False,
    provable: int = 3,
    methods: Methods = METHODS,
) -> Next:
    return next_step(asked, signed_in, chosen=chosen, consented=consented, now=NOW,
                     methods=methods, provable=provable)  # fmt: skip


def people() -> Iterator[SignedIn | None]:
    yield None
    for identity, held in product(range(4), HOLDINGS):
        names = [name for name, method in NAMES.items() if method in held]
        yield here(identity, held)
        for one, other in combinations_with_replacement(names, 2):
            yield here(identity, held, **{one: 5, other: 5})
            yield here(identity, held, **{one: 500, other: 5})


def requests() -> Iterator[Asked]:
    floors = (P0, P1, P2, Level(identity=0, sign_in=2), P3)
    wishes = (((), False), ((P3, P1), False), ((P3, P1), True), ((P0,), True))
    for floor, (requested, essential), (again, max_age) in product(
        floors, wishes, ((False, None), (True, None), (False, 100))
    ):
        yield Asked(floor=floor, started=NOW - 50 * SECOND, requested=requested,
                    essential=essential, again=again, max_age_seconds=max_age)  # fmt: skip


EVERY = list(product(requests(), people()))
ANSWERS = [(asked, person, ask(asked, person)) for asked, person in EVERY]


def answered(person: SignedIn, page: Step) -> SignedIn:
    """The person after answering a page with what they hold."""
    method = next(m for m in (*NAMES.values(),) if PAGE_OF[m] is page and m in person.held)
    return replace(person, proofs={**person.proofs, method: NOW})


def test_nothing_is_issued_below_the_floor_whatever_is_requested() -> None:
    for asked, person, following in ANSWERS:
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
        if person.identity == 3 and reach_of(person.held, METHODS) == 3:
            continue  # this one can have it
        wished = replace(asked, requested=(high,), essential=False)
        assert ask(wished, person) == ask(asked, person), (asked, person)


def test_a_proof_that_still_counts_is_never_asked_for_again() -> None:
    for asked, person, following in ANSWERS:
        if person is None or following.step not in PROOFS:
            continue
        fresh = fresh_proofs(asked, person, now=NOW)
        pages = {PAGE_OF[method] for method in fresh}
        assert following.step not in pages, (asked, person)
        assert not fresh or pages.isdisjoint(following.ways), (asked, person)
        before = {PAGE_OF[method] for method in person.proofs}
        again = not fresh or following.step in before
        assert following.why is (Why.AGAIN if again else Why.MORE)
        if not asked.again and asked.max_age_seconds is None and person.proofs:
            assert following.step not in before, (asked, person)


def test_only_what_the_person_holds_is_asked_for() -> None:
    for asked, person, following in ANSWERS:
        if person is None or following.step not in PROOFS:
            continue
        pages = {PAGE_OF[method] for method in person.held}
        if fresh_proofs(asked, person, now=NOW):
            assert pages.issuperset(following.ways), (asked, person)
        else:  # whoever comes back may be another, who begins another way
            assert following.ways == beginnings(following.demand, METHODS)
            assert following.beginning
        assert following.step in pages, (asked, person)
        assert following.step in following.ways


def test_every_way_offered_leads_to_the_same_place_and_none_sooner_than_the_one_asked() -> None:
    """Whoever chooses another of their ways gets in like everybody else."""
    for asked, person, following in ANSWERS:
        if person is None or following.step not in PROOFS:
            continue
        held = {PAGE_OF[method] for method in person.held}
        walks = {
            page: steps_left(asked, answered(person, page))
            for page in following.ways
            if page in held
        }
        assert len({end for end, _ in walks.values()}) == 1, (asked, person, walks)
        fewest = min(count for _, count in walks.values())
        assert walks[following.step][1] == fewest, (asked, person, walks)


def steps_left(asked: Asked, person: SignedIn | None) -> tuple[Step, int]:
    """Walk the journey as a person who gives every proof: where it ends, after how many."""
    person = person or here(2)
    for done in range(10):
        following = ask(asked, person)
        if following.step not in PROOFS:
            return following.step, done
        person = answered(person, following.step)
    raise AssertionError(("the journey has no end", asked, person))


LEADS_ON = {Step.METHODS, Step.PROVE}


def test_every_journey_ends_and_only_what_nobody_can_reach_is_refused() -> None:
    for asked, person in EVERY:
        assert steps_left(asked, person)[0] in {Step.ISSUE, *LEADS_ON}, (asked, person)


def grown(asked: Asked, person: SignedIn) -> SignedIn:
    """The person after doing what the journey led them to: a method set up, identity proved."""
    following = ask(asked, person)
    if following.step is Step.METHODS:
        more = CODE if reach_of(person.held, METHODS) < TWO_CHECKS else PASSKEY
        held = person.held | {more}
        return replace(person, held=held, proofs={**person.proofs, more: NOW})
    if following.why is Why.IDENTITY:
        return replace(person, identity=following.demand.identity)
    # The way back: proved again, and so with two ways in.
    return replace(person, held=person.held | {CODE}, proofs={**person.proofs, CODE: NOW})


def test_whoever_does_what_they_are_led_to_gets_in() -> None:
    """Issue 3: the journey never ends in a dead end."""
    for asked, started in EVERY:
        person = started or here(0, (PASSWORD,))
        for _ in range(12):
            following = ask(asked, person)
            if following.step is Step.ISSUE:
                break
            person = (
                answered(person, following.step)
                if following.step in PROOFS
                else grown(asked, person)
            )
        else:
            raise AssertionError((asked, started, following))


def test_more_demand_is_never_fewer_steps() -> None:
    for person, floor, again in product(people(), (P0, P1), (False, True)):
        asked = Asked(floor=floor, started=NOW - 50 * SECOND, again=again)
        end, base = steps_left(asked, person)
        for more in LEVELS:
            higher, many = steps_left(replace(asked, floor=floor.join(more)), person)
            if higher is Step.ISSUE:
                assert end is Step.ISSUE, (asked, person, more)
                # A passkey at once may spare what a password would ask for next.
                assert many >= base or PASSKEY in person_holds(person), (asked, person, more)


def person_holds(person: SignedIn | None) -> frozenset[str]:
    return person.held if person is not None else frozenset()


# --- Who may raise an account


def test_nothing_raises_a_proved_account_that_one_check_opens() -> None:
    """A password that was found out must not become a second factor, nor a person.

    NIST SP 800-63B-3 section 6.1.2.3: who lost what made two checks proves again.
    """
    for asked, person, following in ANSWERS:
        if person is None or following.step not in LEADS_ON:
            continue
        proved = sign_in_level(fresh_proofs(asked, person, now=NOW), METHODS)
        if following.why is Why.NO_METHOD:
            assert proved >= reach_of(person.held, METHODS), "all that is held was asked for first"
        if following.step is Step.METHODS:
            assert following.why is Why.NO_METHOD
            assert person.identity == 0 or proved >= TWO_CHECKS, (asked, person)
        elif following.why is Why.NO_METHOD:
            assert person.identity > 0, (asked, person)
            assert proved < TWO_CHECKS, "whoever has two checks sets the third up here"
        else:
            assert person.identity < following.demand.identity
            assert proved >= TWO_CHECKS, "nobody is proved into an account that one check opens"


@pytest.mark.parametrize("identity", range(4))
@pytest.mark.parametrize("proved", range(4))
def test_who_may_add_a_way_to_sign_in(identity: int, proved: int) -> None:
    assert may_add_methods(identity, proved) is (identity == 0 or proved >= 2)


@pytest.mark.parametrize(
    ("identity", "held", "floor", "step", "why"),
    [
        # An account that nobody proved: set up what is missing, then prove.
        (0, (PASSWORD,), Level(identity=0, sign_in=2), Step.METHODS, Why.NO_METHOD),
        (0, (PASSWORD,), P1, Step.METHODS, Why.NO_METHOD),
        (0, (PASSWORD,), P2, Step.METHODS, Why.NO_METHOD),
        (0, (PASSWORD, CODE), P2, Step.PROVE, Why.IDENTITY),
        (0, (PASSWORD, CODE), P2C3, Step.METHODS, Why.NO_METHOD),
        (0, (PASSKEY,), P2C3, Step.PROVE, Why.IDENTITY),
        # A proved account with two checks goes on by itself, up to a passkey.
        (1, (PASSWORD, CODE), P2, Step.PROVE, Why.IDENTITY),
        (2, (PASSWORD, CODE), P2C3, Step.METHODS, Why.NO_METHOD),
        (2, (PASSWORD, RECOVERY_CODE), P2C3, Step.METHODS, Why.NO_METHOD),
        (2, (PASSKEY,), P2C3, Step.ISSUE, Why.ENOUGH),
        (2, (SECURITY_KEY,), P2C3, Step.ISSUE, Why.ENOUGH),
        # A proved account with one check gets nothing more from that one check.
        (1, (PASSWORD,), P1, Step.ISSUE, Why.ENOUGH),
        (1, (PASSWORD,), P2, Step.PROVE, Why.NO_METHOD),
        (2, (PASSWORD,), P2, Step.PROVE, Why.NO_METHOD),
        (2, (PASSWORD,), P2C3, Step.PROVE, Why.NO_METHOD),
        (3, (PASSWORD,), Level(identity=0, sign_in=2), Step.PROVE, Why.NO_METHOD),
    ],
)
def test_where_somebody_is_led_who_gave_all_they_hold(
    identity: int, held: tuple[str, ...], floor: Level, step: Step, why: Why
) -> None:
    names = {method: name for name, method in NAMES.items()}
    person = here(identity, held, **{names[method]: 1 for method in held})
    following = ask(Asked(floor=floor, started=NOW), person)
    assert (following.step, following.why) == (step, why)


def test_a_level_that_no_proving_reaches_is_refused_and_one_it_reaches_is_not() -> None:
    person = here(2, password=1, code=1)
    for provable, step in ((2, Step.REFUSE), (3, Step.PROVE)):
        essential = Asked(floor=P1, started=NOW, requested=(Level(identity=3, sign_in=2),),
                          essential=True)  # fmt: skip
        following = ask(essential, person, provable=provable)
        assert (following.step, following.why) == (step, Why.IDENTITY)
        floor = Asked(floor=Level(identity=3, sign_in=2), started=NOW)
        assert ask(floor, person, provable=provable).step is step


def test_a_level_that_no_method_here_reaches_is_refused() -> None:
    without = {name: one for name, one in METHODS.items() if one.factor != "combined"}
    following = ask(Asked(floor=P2C3, started=NOW), here(2, password=1, code=1), methods=without)
    assert (following.step, following.why) == (Step.REFUSE, Why.NO_METHOD)


def test_of_several_essential_levels_one_that_is_here_goes_before_one_to_work_for() -> None:
    asked = Asked(floor=P1, started=NOW, requested=(P3, P2), essential=True)
    assert demand(asked, here(2), METHODS, 3) == P2
    assert demand(asked, here(0), METHODS, 3) == P3
    assert demand(asked, here(0), METHODS, 2) == P2, "what nobody can reach is passed over"
    assert demand(asked, here(0), METHODS, 1) == P3


# --- Which way


def test_one_act_with_a_passkey_is_enough_for_the_highest_level() -> None:
    for name in ("passkey", "key"):
        person = here(3, (NAMES[name],), **{name: 1})
        assert ask(Asked(floor=P3, started=NOW), person).step is Step.ISSUE


def test_the_passkey_is_asked_first_and_every_other_way_stays_open() -> None:
    every = (PASSWORD, CODE, PASSKEY, RECOVERY_CODE)
    following = ask(Asked(floor=P2, started=NOW), here(2, every, password=1))
    assert following.step is Step.PASSKEY
    assert set(following.ways) == {Step.PASSKEY, Step.CODE, Step.RECOVERY_CODE}
    following = ask(Asked(floor=P2C3, started=NOW), here(2, every, password=1))
    assert following.ways == (Step.PASSKEY,), "only what reaches it is offered"


def test_a_printed_code_is_half_a_sign_in() -> None:
    """risk-model.md: possession, beside a password, and never C3."""
    asked = Asked(floor=P2, started=NOW)
    paper = (PASSWORD, RECOVERY_CODE)
    assert ask(asked, here(2, paper, password=1)).step is Step.RECOVERY_CODE
    assert ask(asked, here(2, paper, password=1, paper=1)).step is Step.ISSUE
    assert ask(asked, here(2, paper, paper=1)).step is Step.PASSWORD
    assert ask(replace(asked, floor=P2C3), here(2, paper, password=1, paper=1)).step is Step.METHODS
    # The last one spent is not held any more, and still counts on this visit.
    assert ask(asked, here(2, (PASSWORD,), password=1, paper=1)).step is Step.ISSUE
    # It begins nothing: a slip of paper does not say whose it is.
    stale = replace(asked, again=True)
    began = ask(stale, here(2, paper, password=9, paper=9))
    assert began.ways == beginnings(began.demand, METHODS)


def test_a_passkey_is_no_second_step_for_those_who_hold_nothing_else() -> None:
    asked = Asked(floor=P1, started=NOW, again=True)
    assert ask(asked, here(2, (PASSKEY,), passkey=9)).step is Step.PASSKEY
    assert ask(asked, here(2, (PASSWORD,), password=9)).step is Step.PASSWORD


def test_all_methods_that_have_a_page_are_offered_and_all_offered_have_one() -> None:
    assert set(PAGE_OF) == OFFERED


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
    asked = Asked(floor=P1, ceiling=high, started=NOW, requested=(high, P2, P1))
    assert demand(asked, here(2), METHODS, 2) == P2
    assert demand(replace(asked, requested=(P1, P2)), here(2), METHODS, 2) == P1
    assert demand(replace(asked, requested=(high,), essential=True), here(2), METHODS, 2) == high
    assert demand(replace(asked, requested=(P0,)), here(2), METHODS, 2) == P1, (
        "never below the floor"
    )


def test_a_wish_counts_no_further_than_the_services_own_assessment() -> None:
    """risk-model.md T6: a voluntary request above the ceiling is trimmed, an essential one met."""
    for floor, ceiling, named, raised in product(LEVELS, LEVELS, LEVELS, (P0, P2C3)):
        asked = Asked(floor=floor, ceiling=ceiling, started=NOW, requested=(named,), raised=raised)
        person = here(3, (PASSWORD, CODE, PASSKEY))
        least = floor.join(raised)
        wished = demand(asked, person, METHODS, 3)
        assert wished == least.join(named.meet(least.join(ceiling))), asked
        must = demand(replace(asked, essential=True), person, METHODS, 3)
        assert must == least.join(named), asked
        assert must.covers(wished)


def test_of_vectors_the_least_that_meets_the_floor_comes_first() -> None:
    p1c3 = Level(identity=1, sign_in=3)
    assert lowest_first((p1c3, P2), P2) == (P2, p1c3)
    assert lowest_first((p1c3, P2), P3) == (p1c3, P2), "none meets it: the lowest is raised"


def test_a_level_fades_and_the_one_below_it_stays() -> None:
    """A proof counts for C3 within the hour, for C2 within the day; then it is asked again."""
    fades = {2: 800, 3: 60}
    key = here(2, (PASSKEY,), passkey=59)
    asked = Asked(floor=P2C3, started=NOW)
    assert standing(asked, key, now=NOW, methods=METHODS, fades_after=fades)[0] == 3
    for seconds, level in ((60, 3), (61, 2), (800, 2), (801, 1)):
        older = here(2, (PASSKEY,), passkey=seconds)
        stands, counted = standing(asked, older, now=NOW, methods=METHODS, fades_after=fades)
        assert (stands, set(counted)) == (level, {PASSKEY}), seconds
        following = next_step(asked, older, chosen=False, consented=False, now=NOW,
                              methods=METHODS, provable=3, fades_after=fades)  # fmt: skip
        assert following.step is (Step.ISSUE if level == 3 else Step.PASSKEY), seconds
    both = here(2, password=900, code=5)
    asked = Asked(floor=P2, started=NOW)
    following = next_step(asked, both, chosen=False, consented=False, now=NOW, methods=METHODS,
                          provable=3, fades_after=fades)  # fmt: skip
    assert following.step is Step.PASSWORD, "only what has faded is asked again"


def test_a_proof_from_the_future_counts_for_nothing() -> None:
    """A clock that was set back must make nobody's proof younger than it is."""
    asked = Asked(floor=P2, started=NOW)
    assert fresh_proofs(asked, here(2, password=-59, code=-61), now=NOW) == {
        PASSWORD: NOW + 59 * SECOND
    }


levels = st.sampled_from(LEVELS)
ages = st.none() | st.integers(0, 10_000)


@given(
    floor=levels,
    ceiling=levels,
    raised=levels,
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
    fades=st.dictionaries(st.integers(1, 3), st.integers(1, 10_000)),
)
def test_whatever_is_asked_of_whomever_the_floor_holds(
    floor: Level, ceiling: Level, raised: Level, requested: list[Level], essential: bool,
    again: bool, max_age: int | None,
    identity: int, code_held: bool, password: int | None, code: int | None, started: int,
    flags: tuple[bool, ...], fades: dict[int, int],
) -> None:  # fmt: skip
    acting, consent, chosen, consented = flags
    held = (PASSWORD, CODE) if code_held else (PASSWORD,)
    ago = {} if password is None else {"password": password}
    if code is not None and code_held:
        ago["code"] = code
    person = here(identity, held, **ago)
    asked = Asked(floor=floor, started=NOW - started * SECOND, requested=tuple(requested),
                  essential=essential, again=again, max_age_seconds=max_age, acting=acting,
                  consent=consent, ceiling=ceiling, raised=raised)  # fmt: skip
    following = next_step(asked, person, chosen=chosen, consented=consented, now=NOW,
                          methods=METHODS, provable=3, fades_after=fades)  # fmt: skip
    assert following.demand.covers(floor.join(raised))
    if following.step is Step.ISSUE:
        stands, fresh = standing(asked, person, now=NOW, methods=METHODS, fades_after=fades)
        assert sign_in_level(fresh, METHODS) >= stands
        assert Level(identity=identity, sign_in=stands).covers(following.demand)
        if essential and requested:
            assert any(following.demand.covers(level) for level in requested)
        assert chosen or not acting
        assert consented or not consent


@pytest.mark.parametrize("name", sorted(OFFERED))
def test_the_methods_that_have_a_page_are_in_the_published_list(name: str) -> None:
    text = (Path(__file__).parents[2] / "policies" / "methods.toml").read_text()
    assert f'id = "{name}"' in text


def test_a_code_by_email_begins_only_what_it_can_be_all_of() -> None:
    for level in LEVELS:
        listed = beginnings(level, SENT)
        assert listed[:2] == (Step.PASSWORD, Step.PASSKEY)
        assert (Step.EMAIL_CODE in listed) == (level.identity == 0 and level.sign_in <= 1), level
        assert Step.EMAIL_CODE not in beginnings(level, METHODS), "no certificate here"


def test_a_code_by_email_is_enough_alone_and_is_no_part_of_two_checks() -> None:
    low, high = Level(identity=0, sign_in=1), Level(identity=0, sign_in=2)
    everything = (PASSWORD, CODE, EMAIL_CODE)
    in_by_mail = here(0, everything, mail=1)
    assert ask(Asked(floor=low, started=NOW), in_by_mail, methods=SENT).step is Step.ISSUE
    more = ask(Asked(floor=high, started=NOW), in_by_mail, methods=SENT)
    assert more.step is Step.PASSWORD, "what they hold beside it is asked for, all of it"
    then = here(0, everything, mail=2, password=1)
    assert ask(Asked(floor=high, started=NOW), then, methods=SENT).step is Step.CODE
    alone = here(0, (EMAIL_CODE,), mail=1)
    assert ask(Asked(floor=high, started=NOW), alone, methods=SENT).step is Step.METHODS


def test_a_text_message_comes_after_the_app_and_the_key() -> None:
    asked = Asked(floor=Level(identity=2, sign_in=2), started=NOW)
    for held, first in [
        ((PASSWORD, SMS_CODE), Step.TEXT_CODE),
        ((PASSWORD, SMS_CODE, CODE), Step.CODE),
        ((PASSWORD, SMS_CODE, PASSKEY), Step.PASSKEY),
        ((PASSWORD, SMS_CODE, RECOVERY_CODE), Step.TEXT_CODE),
    ]:
        found = ask(asked, here(2, held, password=1), methods=SENT)
        assert found.step is first, held
        assert Step.TEXT_CODE in found.ways
    nowhere = ask(asked, here(2, (PASSWORD, SMS_CODE), password=1), methods=METHODS)
    assert nowhere.step is not Step.TEXT_CODE, "no certificate here"
    done = here(2, (PASSWORD, SMS_CODE), password=2, text=1)
    assert ask(asked, done, methods=SENT).step is Step.ISSUE
    assert ask(asked, done, methods=METHODS).step is not Step.ISSUE, "a proof from elsewhere"
