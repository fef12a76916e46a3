"""May this actor act? Each thing it stands on can stop it, and the most lasting is said."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any, get_args

from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.evidence import Basis
from idp.assurance.rules import Level
from idp.callers.authority import (
    AFTER_DEATH,
    ALL,
    SAID,
    Acting,
    Bar,
    OrganisationStanding,
    Wish,
    allows,
    at_stake,
    bar,
    effective,
    named_powers,
    shared,
)

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
PAIRS = [Level(identity=p, sign_in=c) for p in range(4) for c in range(4)]
TOP, LOW = PAIRS[-1], PAIRS[0]
FIRM = OrganisationStanding(
    verified=True, closed_at=None, suspends_at=None, everyone=False, member=True,
    member_suspended=False, roles=frozenset({"worker"}), assigned=True,
)  # fmt: skip
HELD = Acting(
    now=NOON, state="active", starts=NOON, expires=NOON + TICK, spent=False, basis="own",
    principal_died=False, principal_ceased=False, parents_live=True, is_delegate=False,
    organisation=FIRM, frozen=False,
    service="tax", service_off=False, powers=frozenset({"view", "file"}), quorum=1, signed=1,
    actor_level=LOW, granted=TOP, cap=TOP,
)  # fmt: skip
WANTS = Wish(service="tax", powers=frozenset({"view"}), level=TOP, needed=TOP, floor=TOP)
# What may stand in the way, in the order in which it is told.
WAYS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any], Bar]] = [
    ({"state": "ended"}, {}, {}, Bar.ENDED),
    ({"expires": NOON}, {}, {}, Bar.OUT_OF_TERM),
    ({"spent": True}, {}, {}, Bar.USED),
    ({"parents_live": False}, {}, {}, Bar.PARENT),
    ({"principal_died": True}, {}, {}, Bar.PRINCIPAL_DIED),
    ({"principal_ceased": True}, {}, {}, Bar.PRINCIPAL_CEASED),
    ({}, {"closed_at": NOON}, {}, Bar.ORGANISATION_CLOSED),
    ({}, {"verified": False}, {}, Bar.ORGANISATION_UNVERIFIED),
    ({}, {"member": False}, {}, Bar.NOT_A_MEMBER),
    ({}, {"suspends_at": NOON}, {}, Bar.ORGANISATION_SUSPENDED),
    ({}, {"member_suspended": True}, {}, Bar.MEMBER_SUSPENDED),
    ({}, {"roles": frozenset({"admin", "assigner"})}, {}, Bar.NOT_A_WORKER),
    ({}, {"assigned": False}, {}, Bar.NOT_ASSIGNED),
    ({"actor_died": True}, {}, {}, Bar.ACTOR_DIED),
    ({"frozen": True}, {}, {}, Bar.FROZEN),
    ({}, {}, {"service": "library"}, Bar.OTHER_SERVICE),
    ({"service_off": True}, {}, {}, Bar.SERVICE_OFF),
    ({}, {}, {"aware": False}, Bar.NOT_AWARE),
    ({}, {}, {"powers": frozenset({"view", "repayment"})}, Bar.OTHER_POWER),
    ({}, {}, {"software": False}, Bar.SOFTWARE),
    ({"quorum": 2}, {}, {}, Bar.QUORUM),
    ({"cap": LOW}, {}, {}, Bar.GRANT_LEVEL),
    ({"actor_level": TOP}, {}, {"level": LOW}, Bar.LEVEL),
]


def ask(of_mandate: dict[str, Any], of_firm: dict[str, Any], of_wish: dict[str, Any]) -> Bar | None:
    facts = replace(HELD, organisation=replace(FIRM, **of_firm), **of_mandate)
    return bar(facts, replace(WANTS, **of_wish))


def test_nothing_bars_an_actor_while_all_of_it_stands() -> None:
    assert bar(HELD, WANTS) is None
    assert bar(replace(HELD, expires=None), WANTS) is None
    assert (
        bar(replace(HELD, organisation=replace(FIRM, assigned=False, everyone=True)), WANTS) is None
    )


def test_any_one_or_two_of_them_bar_and_the_most_lasting_is_said() -> None:
    for of_mandate, of_firm, of_wish, reason in WAYS:
        assert ask(of_mandate, of_firm, of_wish) is reason
    for one, other in combinations(WAYS, 2):
        assert ask(one[0] | other[0], one[1] | other[1], one[2] | other[2]) is one[3], (one, other)


BASES = ("own", "appointed", "assisted", "lasting-power", "deputyship", "parental", "estate",
         "director", "official")  # fmt: skip


def test_death_ends_all_but_an_estate_and_an_official_act_and_an_estate_begins_with_it() -> None:
    for basis, died in product(BASES, (False, True)):
        found = bar(replace(HELD, basis=basis, principal_died=died), WANTS)
        if basis == "estate":
            assert found is (None if died else Bar.PRINCIPAL_LIVES)
        else:
            lasts = basis == "official" or not died
            assert found is (None if lasts else Bar.PRINCIPAL_DIED), (basis, died)


def test_the_bases_are_those_of_the_policy_file() -> None:
    assert set(BASES) == set(get_args(Basis))
    assert set(BASES) >= AFTER_DEATH


def test_only_an_active_mandate_carries_anything() -> None:
    for state in ("draft", "offered", "refused", "cancelled", "lapsed"):
        assert ask({"state": state}, {}, {}) is Bar.NOT_ACTIVE
    assert ask({"state": "suspended"}, {}, {}) is Bar.SUSPENDED


def test_ending_is_still_the_reason_after_expiry_and_the_term_is_half_open() -> None:
    assert ask({"state": "ended", "expires": NOON - TICK}, {}, {}) is Bar.ENDED
    assert ask({"starts": NOON + TICK}, {}, {}) is Bar.OUT_OF_TERM
    assert ask({"starts": None}, {}, {}) is Bar.NOT_ACTIVE
    assert ask({"expires": NOON}, {}, {}) is Bar.OUT_OF_TERM


def test_a_person_acts_under_their_own_mandate_alone() -> None:
    own = replace(HELD, organisation=None, is_delegate=True)
    assert bar(own, WANTS) is None
    assert bar(replace(own, is_delegate=False), WANTS) is Bar.UNKNOWN


def test_no_one_acts_below_either_part_of_the_level_that_is_needed() -> None:
    for level, needed in product(PAIRS, repeat=2):
        allowed = bar(HELD, replace(WANTS, level=level, needed=needed)) is None
        assert allowed == level.covers(needed), (level, needed)


def test_no_permission_opens_a_service_that_asks_more_than_it_was_given_on() -> None:
    for granted, cap, floor in product(PAIRS, repeat=3):
        facts = replace(HELD, granted=granted, cap=cap)
        allowed = bar(facts, replace(WANTS, floor=floor)) is None
        assert allowed == (granted.covers(floor) and cap.covers(floor))


@given(st.sampled_from(PAIRS), st.sampled_from(PAIRS), st.sampled_from(PAIRS))
def test_the_effective_level_is_the_lowest_of_the_three_part_by_part(
    actor: Level, granted: Level, cap: Level
) -> None:
    found = effective(actor, granted, cap)
    assert found.identity == min(actor.identity, granted.identity, cap.identity)
    assert found.sign_in == min(actor.sign_in, granted.sign_in, cap.sign_in)


def test_all_means_every_power_and_nothing_else_does() -> None:
    assert allows(frozenset({ALL}), frozenset({"view", "anything"}))
    assert not allows(frozenset({"view"}), frozenset({ALL}))
    assert allows(frozenset({"view"}), frozenset())


def test_an_organisation_is_suspended_from_the_instant_on_that_was_told_before() -> None:
    assert ask({}, {"suspends_at": NOON + TICK}, {}) is None
    assert ask({}, {"suspends_at": NOON}, {}) is Bar.ORGANISATION_SUSPENDED


POWERS = st.lists(st.sampled_from([ALL, "view", "file", "pay"]), max_size=4, unique=True)


@given(POWERS, POWERS)
def test_what_is_granted_was_asked_and_is_held_in_the_order_asked(
    asked: list[str], held: list[str]
) -> None:
    found = shared(asked, held)
    if ALL in asked:
        assert found == tuple(held)
    else:
        assert list(found) == [one for one in asked if allows(frozenset(held), frozenset({one}))]
    assert allows(frozenset(held), frozenset(found))
    assert at_stake(asked, held) == frozenset(found or asked)


def test_a_scope_names_powers_at_its_own_service_alone() -> None:
    scope = "openid tax tax:view library:borrow tax: xtax:pay tax:file:more"
    assert named_powers(scope, "tax") == {"view", "", "file:more"}
    assert named_powers(scope, "library") == {"borrow"}
    assert named_powers("openid view", "view") == frozenset()


def test_every_bar_has_a_sentence() -> None:
    assert set(SAID) == set(Bar)
