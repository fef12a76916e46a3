"""What may be entered, what evidence is worth, and how somebody is told: rules, without a house."""

from dataclasses import replace
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.evidence import GrantEvidence, worth
from idp.assurance.powers_file import ALL, PowerEntry, ServicePowersEntry
from idp.assurance.rules import Level
from idp.delegation.offline import SafeContact, Ways, ways_to_tell
from idp.notices.actions import Contact
from idp.officers.appointing import (
    BY_LAW,
    NOT_FOR_HEALTH,
    OF_ORGANISATIONS,
    Offered,
    Problem,
    Wish,
    problem_with,
)
from idp.register.rules import Contacts

TWO, NONE = Level(identity=2, sign_in=2), Level(identity=0, sign_in=0)


def entry(client_id: str, **more: Any) -> ServicePowersEntry:
    power = PowerEntry(id="view", says="see it")
    return ServicePowersEntry(client_id=client_id, power=(power,), **more)


def offered(client_id: str, **more: Any) -> Offered:
    return Offered(client_id=client_id, name=client_id, floor=TWO, entry=entry(client_id, **more))


OFFERED = {
    "tax": offered("tax", open_ended=True, longest_days=731),
    "clinic": offered("clinic", realm="health"),
    "one": offered("one", exclusive=True),
    "plain": Offered(client_id="plain", name="Plain", floor=NONE, entry=None),
}  # fmt: skip
WISH = Wish(
    call="c", principal="p", principal_kind="person", delegates=("d",), basis="appointed",
    services={"tax": ("view",)}, days=31, quorum=1, evidence=(),
)  # fmt: skip
BOTH: dict[str, Any] = {"delegates": ("d", "e"), "basis": "lasting-power", "quorum": 2}


def ask(*, cap: Level | None = TWO, alive: bool = True, **more: Any) -> Problem | None:
    proved = frozenset({"d", "e", "f", "p", "firm", *(f"d{n}" for n in range(20))})
    return problem_with(replace(WISH, **more), OFFERED, cap, alive=alive, proved=proved)


def test_a_good_one_has_nothing_in_its_way() -> None:
    assert ask() is None
    assert ask(days=None) is None
    assert ask(**BOTH) is None
    assert ask(principal_kind="business", basis="director") is None
    assert ask(services={"plain": (ALL,)}, days=365, cap=NONE) is None
    assert ask(**{**BOTH, "delegates": tuple(f"d{n}" for n in range(10))}) is None
    assert ask(days=731) is None
    assert ask(services={"one": ("view",)}) is None
    assert ask(**BOTH, services={"plain": (ALL,)}) is None
    only = {"tax": OFFERED["tax"]}
    assert problem_with(WISH, only, TWO, alive=True, proved=frozenset({"d"})) is None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"delegates": ()}, Problem.HELPER),
        ({"delegates": ("stranger",)}, Problem.HELPER),
        ({"delegates": ("p",)}, Problem.OWN_DELEGATE),
        ({**BOTH, "delegates": ("d", "d")}, Problem.TWICE),
        ({"delegates": ("d", "e")}, Problem.TOO_MANY),
        ({**BOTH, "delegates": tuple(f"d{n}" for n in range(11))}, Problem.TOO_MANY),
        ({**BOTH, "quorum": 0}, Problem.QUORUM),
        ({**BOTH, "quorum": 3}, Problem.QUORUM),
        ({"basis": "own"}, Problem.BASIS),
        ({"basis": "director"}, Problem.BASIS),
        ({"principal_kind": "business"}, Problem.BASIS),
        ({"basis": "estate"}, Problem.ALIVE),
        ({"alive": False}, Problem.DEAD),
        ({"services": {}}, Problem.SERVICES),
        ({"services": {"elsewhere": ("view",)}}, Problem.SERVICES),
        ({"services": {"tax": ()}}, Problem.POWERS),
        ({"services": {"tax": ("view", "rob")}}, Problem.POWERS),
        ({"services": {"tax": ("view",), "clinic": ("view",)}}, Problem.REALM),
        ({"services": {"one": ("view",)}, **BOTH}, Problem.EXCLUSIVE),
        ({"days": 732}, Problem.TERM),
        ({"days": 0}, Problem.TERM),
        ({"services": {"clinic": ("view",)}, "days": None}, Problem.TERM_NEEDED),
        ({"services": {"plain": (ALL,)}, "days": 366}, Problem.TERM),
        ({"services": {"plain": (ALL,), "tax": ("view",)}, "cap": NONE}, Problem.LEVEL),
        ({"cap": None}, Problem.EVIDENCE),
        ({"cap": Level(identity=2, sign_in=1)}, Problem.LEVEL),
        ({"cap": Level(identity=1, sign_in=2)}, Problem.LEVEL),
    ],
    ids=str,
)  # fmt: skip
def test_each_thing_that_is_wrong_is_said(wrong: dict[str, Any], problem: Problem) -> None:
    assert ask(**wrong) is problem


def test_after_a_death_an_estate_or_an_office_is_entered_and_nothing_else() -> None:
    for basis, alive in product(("appointed", *BY_LAW), (True, False)):
        if basis == "director":
            continue
        found = ask(basis=basis, alive=alive)
        if basis == "estate":
            assert found is (Problem.ALIVE if alive else None)
        elif basis == "official":
            assert found is None
        else:
            assert found is (None if alive else Problem.DEAD)


FIRM: dict[str, Any] = {"delegates": ("firm",), "organisation": "firm"}


def test_an_organisation_acts_by_law_where_the_law_knows_more_than_people() -> None:
    for basis in ("appointed", *BY_LAW):
        kind = "business" if basis == "director" else "person"
        found = ask(**FIRM, basis=basis, principal_kind=kind, alive=basis != "estate")
        assert found is (None if basis in OF_ORGANISATIONS else Problem.ORGANISATION_BASIS), basis
    assert {"appointed", "director"}.isdisjoint(OF_ORGANISATIONS)
    elsewhere = ask(**FIRM, basis="deputyship", services={"elsewhere": ("view",)})
    assert elsewhere is Problem.SERVICES
    assert replace(WISH, **FIRM, basis="deputyship").people == ()
    assert replace(WISH, delegates=("d", "firm"), organisation="firm").people == ("d",)


def test_an_organisation_as_attorney_or_deputy_has_nothing_to_do_with_health() -> None:
    for basis in OF_ORGANISATIONS:
        at_clinic: dict[str, Any] = {
            "basis": basis, "services": {"clinic": ("view",)}, "alive": basis != "estate",
        }  # fmt: skip
        found = ask(**FIRM, **at_clinic)
        assert found is (Problem.ORGANISATION_HEALTH if basis in NOT_FOR_HEALTH else None), basis
        assert ask(**at_clinic) is None, "a person may"


def test_an_organisation_stands_beside_people_only_where_each_acts_alone() -> None:
    beside: dict[str, Any] = {**FIRM, "delegates": ("d", "firm"), "basis": "deputyship"}
    assert ask(**beside, quorum=1) is None
    assert ask(**beside, quorum=2) is Problem.ORGANISATION_TOGETHER
    assert ask(**FIRM, basis="deputyship", quorum=2) is None, "of one nobody is asked"


def test_an_organisation_that_cannot_act_is_not_entered() -> None:
    closed: dict[str, Any] = {"delegates": ("shut",), "organisation": "shut", "basis": "deputyship"}
    assert ask(**closed) is Problem.ORGANISATION
    assert ask(delegates=("firm", "stranger"), organisation="firm") is Problem.HELPER


def grant(name: str, identity: int, sign_in: int, *needs: str, **more: Any) -> GrantEvidence:
    given: dict[str, Any] = {"bases": frozenset({"appointed"}), "usable": True} | more
    return GrantEvidence(
        id=name, name=name, citizen_text=name, cap=Level(identity=identity, sign_in=sign_in),
        needs=frozenset(needs), conditions=(), **given,
    )  # fmt: skip


GRANTS = {
    one.id: one
    for one in (
        grant("code", 2, 1, "check"), grant("check", 0, 1), grant("paper", 1, 0),
        grant("old", 3, 3, usable=False), grant("order", 3, 3, bases=frozenset({"estate"})),
        grant("first", 3, 3, "second"), grant("second", 3, 3, "first-missing"),
    )
}  # fmt: skip
EVERY = list(chain.from_iterable(combinations(GRANTS, n) for n in range(len(GRANTS) + 1)))


def test_evidence_is_worth_the_most_of_each_part_of_what_counts() -> None:
    for kinds in EVERY:
        expected = None
        counts = {"check", "paper"} & set(kinds)
        if {"code", "check"} <= set(kinds):
            counts.add("code")
        if counts:
            caps = [GRANTS[one].cap for one in counts]
            expected = Level(
                identity=max(one.identity for one in caps), sign_in=max(one.sign_in for one in caps)
            )
        assert worth(kinds, "appointed", GRANTS) == expected, kinds


def test_nothing_counts_for_a_basis_it_does_not_stand_behind() -> None:
    assert worth(["code", "check", "paper", "unknown"], "estate", GRANTS) is None
    assert worth(["order"], "estate", GRANTS) == GRANTS["order"].cap
    assert worth(list(GRANTS), "own", GRANTS) is None


@given(st.sets(st.sampled_from(sorted(GRANTS))), st.sampled_from(sorted(GRANTS)))
def test_more_evidence_is_never_worth_less(kinds: set[str], more: str) -> None:
    before, after = (worth(one, "appointed", GRANTS) for one in (kinds, kinds | {more}))
    assert before is None or (after is not None and after.covers(before))


def test_a_safe_contact_is_the_only_way_and_none_means_none() -> None:
    known = Contacts(email="home@example.test", phone="+447700900123")
    for channel, expected in (
        ("email", Ways(False, (Contact("email", "safe"),))),
        ("text", Ways(False, (Contact("text", "safe"),))),
        ("letter", Ways(True)),
        ("none", Ways(False)),
    ):
        safe = SafeContact(channel=channel, address="safe")
        assert ways_to_tell(safe, "own@example.test", known, []) == expected


def test_nobody_is_told_by_way_of_their_helper() -> None:
    hers = Contacts(email="Sian@Example.test", phone="+447700900555")
    found = ways_to_tell(None, None, hers, ["sian@example.test", "+447700900555"])
    assert found == Ways(True), "a letter all the same"
    assert ways_to_tell(None, "own@example.test", hers, []).contacts == (
        Contact("email", "own@example.test"),
    )
    assert len(ways_to_tell(None, None, hers, []).contacts) == 2
