"""What is passed on never exceeds, outlasts or outlives what it stands on (I7, I9, I21)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from idp.assurance.powers_file import PowerEntry, ServicePowersEntry, realms
from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import Bar, Wish, bar
from idp.callers.realms import sectors_of_two_realms
from idp.callers.records import ClientRecord
from idp.delegation.actions import end as delegation_end
from idp.delegation.actions import give
from idp.delegation.holding import Why, end, suspend
from idp.delegation.lifecycle import State
from idp.delegation.passing import Link, Problem, can_pass_on, judge, pass_on, take_back
from idp.delegation.records import JointAuthorityRecord, MandateRecord
from idp.errors import Refusal
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.operators import not_ready
from idp.organisations.records import MemberRecord, OrganisationRecord
from tests.build import Site
from tests.rig.firms import opener

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
POWERS = ("view", "file", "repayment")
HIGH = Level(identity=3, sign_in=3)


def entry(**more: Any) -> ServicePowersEntry:
    powers = tuple(PowerEntry(id=name, says=name) for name in POWERS)
    asked = {"client_id": "tax", "passed_on": 2, "open_ended": True, **more}
    return ServicePowersEntry(power=powers, **asked)


LINK = Link(powers=frozenset({"view", "file"}), expires=NOON + 9 * DAY, max_chain=1, depth=0,
            one_hand=False)  # fmt: skip


def asked(link: Link = LINK, catalogue: ServicePowersEntry | None = None, **more: Any) -> Any:
    wish: dict[str, Any] = {"powers": {"view"}, "expires": NOON + DAY, "now": NOON} | more
    return judge(link, catalogue or entry(), **wish)


@pytest.mark.parametrize(
    ("link", "catalogue", "wish", "why"),
    [
        ({}, {}, {}, None),
        ({}, {"passed_on": 0}, {}, Problem.NOT_PASSED_ON),
        ({"max_chain": 0}, {}, {}, Problem.CHAIN),
        ({"depth": 1}, {"passed_on": 1}, {}, Problem.CHAIN),
        ({"depth": 2, "max_chain": 9}, {}, {}, Problem.CHAIN),
        ({"one_hand": True}, {}, {}, Problem.ONE_HAND),
        ({}, {}, {"powers": {"repayment"}}, Problem.POWERS),
        ({}, {}, {"powers": {"all"}}, Problem.POWERS),
        ({}, {}, {"powers": set()}, Problem.POWERS),
        ({}, {}, {"powers": {"fly"}}, Problem.POWERS),
        ({"powers": frozenset({"all"})}, {}, {"powers": {"all"}}, None),
        ({"powers": frozenset({"all"})}, {}, {"powers": {"fly"}}, Problem.POWERS),
        ({}, {}, {"expires": NOON + 9 * DAY}, None),
        ({}, {}, {"expires": NOON + 10 * DAY}, Problem.TERM),
        ({}, {}, {"expires": NOON}, Problem.TERM),
        ({}, {}, {"expires": None}, Problem.TERM),
        ({"expires": None}, {}, {"expires": None}, None),
        ({"expires": None}, {"open_ended": False}, {"expires": None}, Problem.TERM),
        ({"expires": None}, {}, {"expires": NOON + 366 * DAY}, Problem.TERM),
    ],
)
def test_what_may_be_passed_on(
    link: Mapping[str, Any], catalogue: Mapping[str, Any], wish: Mapping[str, Any], why: Any
) -> None:
    assert asked(replace(LINK, **link), entry(**catalogue), **wish) == why


def test_a_service_in_no_catalogue_lets_nobody_pass_on() -> None:
    wish: dict[str, Any] = {"powers": {"all"}, "expires": NOON + DAY, "now": NOON}
    assert judge(LINK, None, **wish) is Problem.NOT_PASSED_ON


CATALOGUES = [entry(passed_on=times) for times in range(3)]
NAMES = st.frozensets(st.sampled_from([*POWERS, "all"]))
TERMS = st.one_of(st.none(), st.integers(-5, 800).map(lambda days: NOON + days * DAY))


@given(NAMES, NAMES, TERMS, TERMS, st.integers(0, 3), st.integers(0, 3), st.integers(0, 2))
def test_a_child_is_never_more_than_its_parent(
    held: frozenset[str], powers: frozenset[str], parents_end: Any, childs_end: Any,
    chain: int, depth: int, times: int,
) -> None:  # fmt: skip
    link = Link(powers=held, expires=parents_end, max_chain=chain, depth=depth, one_hand=False)
    why = judge(link, entry(passed_on=times), powers=powers, expires=childs_end, now=NOON)
    if why is None:
        assert powers
        assert "all" in held or powers <= held
        assert parents_end is None or (childs_end is not None and childs_end <= parents_end)
        assert chain >= 1
        assert depth + 1 <= min(times, 2)


def test_what_a_page_offers_to_pass_on_is_never_refused_for_what_it_is() -> None:
    """All there is, tried: any one thing that is in the way is."""
    for state, chain, depth, times, exclusive, once, kind in product(
        State, range(3), range(4), range(3), (False, True), (False, True),
        ("person", "organisation"),
    ):  # fmt: skip
        facts: Any = SimpleNamespace(state=state, max_chain=chain, exclusive=exclusive,
                                     single_use=once, delegate_kind=kind)  # fmt: skip
        link = replace(LINK, max_chain=chain, depth=depth, one_hand=exclusive or once)
        offered = can_pass_on(facts, CATALOGUES[times], depth)
        judged = judge(
            link, CATALOGUES[times], powers=["view"], expires=NOON + DAY, now=NOON
        )  # fmt: skip
        fine = judged is None and state is State.ACTIVE and kind == "organisation"
        assert offered == fine, (facts, times, depth)
        assert not can_pass_on(facts, None, depth)


@dataclass
class Firms:
    """Three firms with a member each, and one mandate of Margaret's that may be passed on."""

    site: Site
    refs: list[str]
    accounts: dict[str, str]
    policies: Any
    until: datetime

    def run(self, work: Any) -> Any:
        return self.site.database.transaction(work)

    def give(self, to: str, *, max_chain: int = 2, **more: Any) -> str:
        asked: dict[str, Any] = {
            "principal": self.site.account("margaret")["person_ref"], "delegate": to,
            "delegate_kind": "organisation", "services": {"tax": ["view", "file"]},
            "basis": "own", "by": "tests", "grant_level": Level(identity=2, sign_in=2),
            "max_chain": max_chain, **more,
        }  # fmt: skip
        given = self.run(lambda tx: give(tx, expires=tx.now() + 30 * DAY, **asked))
        assert not isinstance(given, Refusal), given
        return str(given[0])

    def pass_on(self, ref: str, by: str, to: str, **more: Any) -> Any:
        wish: dict[str, Any] = {
            "opener": opener(self.accounts[by], level=more.pop("level", HIGH)), "to": to,
            "powers": ["view"], "expires": self.until, **more,
        }  # fmt: skip
        return self.run(lambda tx: pass_on(tx, self.site.house.keyring, self.policies, ref, **wish))

    def bar(self, ref: str, by: str) -> Any:
        found = self.site.database.read(
            lambda tx: acting.ask(tx, ref, account_ref=self.accounts[by], person_ref=None)
        )
        assert found is not None
        level = Level(identity=2, sign_in=2)
        return bar(found.facts, Wish(service="tax", level=level, needed=level))

    def states(self, *refs: str) -> list[tuple[str, str | None]]:
        return [
            (row["state"], row["ended_reason"])
            for ref in refs
            for row in self.site.rows(MandateRecord, ref=ref)
        ]


@pytest.fixture
def firms(site: Site) -> Firms:
    people = ["sian", "tom", "nobody"]

    def work(tx: Any) -> list[str]:
        refs = []
        for name in people:
            ref = random_ref()
            tx.execute(insert(OrganisationRecord).values(
                ref=ref, name=f"Firm of {name}", kind="firm", entered_by="tests",
                created_at=tx.now(), verified_at=tx.now(), access="everyone"))  # fmt: skip
            tx.execute(insert(MemberRecord).values(
                ref=random_ref(), organisation_ref=ref, account_ref=site.account(name)["ref"],
                name=name, roles=["admin", "worker"], added_by="tests",
                joined_at=tx.now()))  # fmt: skip
            refs.append(ref)
        return refs

    refs = site.database.transaction(work)
    policies = SimpleNamespace(floor=site.house.policies.floor, powers={"tax": entry()})
    accounts = {ref: site.account(name)["ref"] for ref, name in zip(refs, people, strict=True)}
    return Firms(site, refs, accounts, policies, site.database.now() + 10 * DAY)


def test_a_part_is_passed_on_twice_and_no_further_and_ends_with_what_it_stands_on(
    firms: Firms,
) -> None:
    one, two, three = firms.refs
    parent = firms.give(one)
    child = firms.pass_on(parent, one, two)
    grandchild = firms.pass_on(child, two, three)
    assert firms.bar(grandchild, three) is None
    assert firms.pass_on(grandchild, three, one) is Problem.CHAIN
    rows = {ref: firms.site.rows(MandateRecord, ref=ref)[0] for ref in (parent, child, grandchild)}
    assert [rows[ref]["max_chain"] for ref in (parent, child, grandchild)] == [2, 1, 0]
    assert {row["principal"] for row in rows.values()} == {rows[parent]["principal"]}
    assert len({row["bundle"] for row in rows.values()}) == 3
    given_rows = firms.site.rows(JournalEntry, kind="mandate-given")
    assert {(row["mandate_ref"], row["person"]) for row in given_rows} == {
        (ref, rows[parent]["principal"]) for ref in rows
    }
    firms.run(lambda tx: suspend(tx, parent, Why.ABUSE, who="an officer"))
    assert firms.bar(child, two) is firms.bar(grandchild, three) is Bar.PARENT
    firms.run(lambda tx: end(tx, parent, Why.PRINCIPAL, who="an officer"))
    assert firms.states(parent, child, grandchild) == [
        ("ended", "removed_by_operator"), ("ended", "basis_lapsed"), ("ended", "basis_lapsed")
    ]  # fmt: skip
    ends = firms.site.rows(JournalEntry, kind="mandate-ended")
    assert {row["mandate_ref"] for row in ends} == set(rows)


def test_a_childs_own_end_leaves_its_parent(firms: Firms) -> None:
    one, two, _ = firms.refs
    parent = firms.give(one)
    child = firms.pass_on(parent, one, two)
    firms.run(lambda tx: end(tx, child, Why.DELEGATE, who="an officer"))
    assert [state for state, _ in firms.states(parent, child)] == ["active", "ended"]
    assert firms.bar(parent, one) is None


def test_a_child_is_refused_when_its_parents_term_is_over_though_no_job_ran(firms: Firms) -> None:
    """I7, with the clock of the database: nothing but reading says so."""
    one, two, _ = firms.refs
    parent = firms.give(one)
    child = firms.pass_on(parent, one, two)
    past = firms.site.database.now() - timedelta(seconds=1)
    firms.site.change(MandateRecord, {"starts": past - DAY, "expires": past}, ref=parent)
    assert firms.bar(parent, one) is Bar.OUT_OF_TERM
    assert firms.bar(child, two) is Bar.PARENT
    assert [state for state, _ in firms.states(parent, child)] == ["active", "active"]
    assert firms.pass_on(parent, one, firms.refs[2]) is Bar.OUT_OF_TERM


def test_who_may_not_passes_nothing_on(firms: Firms) -> None:
    one, two, three = firms.refs
    parent = firms.give(one)
    low = Level(identity=0, sign_in=0)
    assert firms.pass_on("nothing", one, two) is Bar.UNKNOWN
    assert firms.pass_on(parent, two, three) is Bar.NOT_A_MEMBER
    assert firms.pass_on(parent, one, two, level=low) is Bar.LEVEL
    assert firms.pass_on(parent, one, one) is Problem.IN_THE_CHAIN
    assert firms.pass_on(parent, one, "nothing") is Problem.ORGANISATION
    now = firms.site.database.now()
    fine = {"verified_at": now, "closed_at": None, "suspends_at": None}
    for values in ({"verified_at": None}, {"closed_at": now}, {"suspends_at": now}):
        firms.site.change(OrganisationRecord, fine | values, ref=two)
        assert firms.pass_on(parent, one, two) is Problem.ORGANISATION, values
    firms.site.change(MemberRecord, {"roles": ["worker"]}, account_ref=firms.accounts[one])
    assert firms.pass_on(parent, one, three) is Problem.ROLE_LACKING
    to_person = firms.site.give_mandate()
    assert firms.pass_on(to_person, one, two) is Problem.NOT_AN_ORGANISATION
    firms.site.change(MandateRecord, {"state": "offered", "principal": None}, ref=to_person)
    assert firms.pass_on(to_person, one, two) is Bar.UNKNOWN
    assert len(firms.site.rows(MandateRecord)) == 2


def test_what_one_alone_holds_or_for_one_use_or_with_others_is_passed_on_to_nobody(
    firms: Firms,
) -> None:
    one, two, _ = firms.refs
    parent = firms.give(one)
    firms.run(lambda tx: tx.execute(insert(JointAuthorityRecord).values(
        ref="together", principal="x", quorum=1, created_at=tx.now()
    )))  # fmt: skip
    held: tuple[dict[str, Any], ...] = (
        {"exclusive": True}, {"single_use": True}, {"authority_ref": "together"},
    )  # fmt: skip
    for values in held:
        before = {"exclusive": False, "single_use": False, "authority_ref": None}
        firms.site.change(MandateRecord, before | values, ref=parent)
        assert firms.pass_on(parent, one, two) is Problem.ONE_HAND, values


def test_who_takes_it_back_works_at_either_end_and_may_pass_on(firms: Firms) -> None:
    one, two, three = firms.refs
    parent = firms.give(one)
    child = firms.pass_on(parent, one, two)

    def takes(ref: str, firm: str, by: str) -> Any:
        account = firms.accounts[by]
        keyring = firms.site.house.keyring
        return firms.run(lambda tx: take_back(tx, keyring, ref, organisation=firm, account=account))

    for ref, firm, by in (
        ("nothing", one, one), (parent, one, one), (child, three, three), (child, one, two),
    ):  # fmt: skip
        assert takes(ref, firm, by) is None, (firm, by)
    now = firms.site.database.now()
    for values in ({"suspended_at": now}, {"suspended_at": None, "roles": ["worker"]}):
        firms.site.change(MemberRecord, values, account_ref=firms.accounts[one])
        assert takes(child, one, one) is Problem.ROLE_LACKING
    assert firms.states(parent, child) == [("active", None)] * 2
    assert takes(child, two, two).ref == child
    assert [state for state, _ in firms.states(parent, child)] == ["active", "ended"]


def test_what_is_held_or_was_ended_by_its_principal_is_not_passed_on_to_the_same(
    firms: Firms,
) -> None:
    one, two, three = firms.refs
    site, parent = firms.site, firms.give(one)
    soon = {"suspends_at": site.database.now() + DAY}
    site.change(OrganisationRecord, soon, ref=two)
    firms.give(two, principal=site.account("tom")["person_ref"])  # for somebody else
    child = firms.pass_on(parent, one, two)
    assert firms.pass_on(parent, one, two) is Problem.HELD
    firms.run(lambda tx: take_back(tx, site.house.keyring, child, organisation=two,
                                   account=firms.accounts[two]))  # fmt: skip
    again = firms.pass_on(parent, one, two)
    assert firms.states(again) == [("active", None)], "what a firm ended it may be let do anew"
    margaret = site.account("margaret")["person_ref"]
    firms.run(lambda tx: delegation_end(tx, again, principal=margaret))
    assert firms.pass_on(parent, one, two) is Problem.UNWANTED
    assert firms.states(firms.pass_on(parent, one, three)) == [("active", None)]


def test_passed_on_and_ended_at_once_nothing_is_left_over(firms: Firms) -> None:
    one, two, _ = firms.refs
    for _ in range(10):
        parent = firms.give(one)
        start = threading.Barrier(2)
        made: list[Any] = []

        def passes(parent: str = parent, start: Any = start, made: Any = made) -> None:
            start.wait()
            made.append(firms.pass_on(parent, one, two))

        def ends(parent: str = parent, start: Any = start) -> None:
            start.wait()
            firms.run(lambda tx: end(tx, parent, Why.ERROR, who="an officer"))

        threads = [threading.Thread(target=each) for each in (passes, ends)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        states = [state for state, _ in firms.states(parent)]
        if made[0] is not Bar.ENDED:
            states += [state for state, _ in firms.states(made[0])]
        assert set(states) == {"ended"}, made


def test_no_two_realms_are_named_together_and_no_sector_holds_two(site: Site) -> None:
    """I21."""
    powers = {"ward": entry(client_id="ward", realm="health"), "tax": entry()}
    for names in product(["ward", "tax", "library"], repeat=2):
        assert (len(realms(powers, names)) > 1) == (("ward" in names) and names != ("ward", "ward"))
    assert site.database.read(lambda tx: sectors_of_two_realms(tx, powers)) == []
    both = {"tax": entry(realm="health")}
    assert site.database.read(lambda tx: sectors_of_two_realms(tx, both)) == []
    site.change(ClientRecord, {"sector": "revenue"}, client_id="library")
    assert site.database.read(lambda tx: sectors_of_two_realms(tx, both)) == ["revenue"]
    health = replace(site.house.policies, powers=both)
    in_force = replace(site.house.services, policies_in_force=lambda: health)
    said = not_ready(replace(site.house, services=in_force))
    assert any("share a sector with others: revenue" in one for one in said), said
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="library")
    assert site.database.read(lambda tx: sectors_of_two_realms(tx, both)) == []
