"""The facts of acting in SQL: what is open to one member is open to no other; on both engines."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.acting import ActingMandate
from idp.callers.authority import Bar, Wish, bar
from idp.delegation import actions as delegation
from idp.delegation.records import (
    AssignmentRecord,
    BulkWatchRecord,
    JointAuthorityRecord,
    MandateRecord,
)
from idp.organisations.records import (
    MemberRecord,
    OrganisationRecord,
    TeamMemberRecord,
    TeamRecord,
)
from idp.register.records import BusinessRecord, PersonRecord
from tests.build import Site

TOP = Level(identity=3, sign_in=3)
WISH = Wish(service="tax", level=TOP, needed=Level(identity=2, sign_in=2))
# Listed all the same: who chooses it is told why not.
TOLD_WHEN_CHOSEN = {Bar.ACTOR_DIED, Bar.FROZEN, Bar.QUORUM, Bar.PARENT, Bar.NOT_A_WORKER}


def put(site: Site, table: Any, row: dict[str, Any]) -> None:
    site.database.transaction(lambda tx: tx.execute(insert(table).values(row)))


def asked(site: Site, mandate: str, name: str) -> ActingMandate | None:
    account = site.account(name)
    return site.database.read(
        lambda tx: acting.ask(
            tx, mandate, account_ref=account["ref"], person_ref=account["person_ref"]
        )
    )


def barred(site: Site, mandate: str, name: str) -> Bar | None:
    """What stands in the way; the list of whom one may act for says the same."""
    found = asked(site, mandate, name)
    assert found is not None
    why = bar(found.facts, WISH)
    if why not in TOLD_WHEN_CHOSEN:
        assert (mandate in offered(site, name)) == (why is None), why
    return why


def offered(site: Site, name: str) -> list[str]:
    account = site.account(name)
    found = site.database.read(
        lambda tx: delegation.usable(
            tx, account=account["ref"], person=account["person_ref"], service="tax"
        )
    )
    return [one.ref for one in found]


def test_what_is_open_to_a_team_is_open_to_nobody_outside_it(site: Site) -> None:
    """delegation.md I11, with somebody else in the team, and with another team."""
    firm = site.give_organisation("Owen and Co", kind="firm")
    tom, sian = site.give_member(firm, "tom"), site.give_member(firm, "sian")
    mandate = site.give_mandate(delegate_kind="organisation", delegate=firm)
    now = site.database.now()
    for team, member in (("t-1", tom), ("t-2", sian)):
        made = {"ref": team, "organisation_ref": firm, "name": team, "created_at": now}
        put(site, TeamRecord, made)
        put(site, TeamMemberRecord, {"team_ref": team, "member_ref": member})
    assert barred(site, mandate, "tom") is Bar.NOT_ASSIGNED
    opened = {"mandate_ref": mandate, "assignee": "t-1", "assigned_by": "x", "assigned_at": now}
    put(site, AssignmentRecord, opened)
    assert barred(site, mandate, "tom") is None
    assert barred(site, mandate, "sian") is Bar.NOT_ASSIGNED
    assert barred(site, mandate, "margaret") is Bar.NOT_A_MEMBER
    assert offered(site, "tom") == [mandate]
    assert offered(site, "sian") == []
    of_another = site.give_mandate(principal="sian", delegate=firm)
    assert barred(site, of_another, "tom") is Bar.NOT_ASSIGNED


def test_a_member_who_left_or_is_of_another_organisation_is_none_here(site: Site) -> None:
    firm, other = site.give_organisation("Owen and Co"), site.give_organisation("Else and Co")
    tom = site.give_member(firm, "tom")
    site.give_member(other, "sian")
    mandate = site.give_mandate(delegate_kind="organisation", delegate=firm)
    now = site.database.now()
    opened = {"mandate_ref": mandate, "assignee": tom, "assigned_by": "x", "assigned_at": now}
    put(site, AssignmentRecord, opened)
    assert barred(site, mandate, "tom") is None
    assert barred(site, mandate, "sian") is Bar.NOT_A_MEMBER
    site.change(MemberRecord, {"left_at": now}, ref=tom)
    assert barred(site, mandate, "tom") is Bar.NOT_A_MEMBER
    again = site.give_member(firm, "tom")
    assert barred(site, mandate, "tom") is Bar.NOT_ASSIGNED, "what was open to him before is not"
    put(site, AssignmentRecord, opened | {"assignee": again})
    assert barred(site, mandate, "tom") is None
    found = asked(site, mandate, "tom")
    assert found is not None
    assert (found.member_ref, found.organisation, found.organisation_assurance) == (again, firm, 1)


def test_each_fact_of_a_firm_its_member_and_its_mandate_counts(site: Site) -> None:
    firm = site.give_organisation("Owen and Co")
    tom, mandate = site.give_member(firm, "tom"), site.give_mandate(delegate=firm)
    now = site.database.now()
    opened = {"mandate_ref": mandate, "assignee": tom, "assigned_by": "x", "assigned_at": now}
    put(site, AssignmentRecord, opened)
    assert barred(site, mandate, "tom") is None
    day = timedelta(days=1)
    cases: list[tuple[Any, str, dict[str, Any], Bar | None]] = [
        (OrganisationRecord, firm, {"verified_at": None}, Bar.ORGANISATION_UNVERIFIED),
        (OrganisationRecord, firm, {"closed_at": now}, Bar.ORGANISATION_CLOSED),
        (OrganisationRecord, firm, {"suspends_at": now}, Bar.ORGANISATION_SUSPENDED),
        (OrganisationRecord, firm, {"suspends_at": now + day}, None),
        (MemberRecord, tom, {"suspended_at": now}, Bar.MEMBER_SUSPENDED),
        (MemberRecord, tom, {"roles": ["admin"]}, Bar.NOT_A_WORKER),
        (MandateRecord, mandate, {"state": "suspended"}, Bar.SUSPENDED),
        (MandateRecord, mandate, {"starts": now + day}, Bar.OUT_OF_TERM),
        (MandateRecord, mandate, {"expires": now}, Bar.OUT_OF_TERM),
        (MandateRecord, mandate, {"expires": None}, None),
        (MandateRecord, mandate, {"basis": "estate"}, Bar.PRINCIPAL_LIVES),
    ]
    for table, ref, values, why in cases:
        (row,) = site.rows(table, ref=ref)
        site.change(table, values, ref=ref)
        assert barred(site, mandate, "tom") is why, values
        site.change(table, {name: row[name] for name in values}, ref=ref)
    site.change(OrganisationRecord, {"access": "everyone"}, ref=firm)
    site.give_member(firm, "nobody")
    assert barred(site, mandate, "nobody") is None


def test_a_mandate_of_a_person_carries_nobody_else(site: Site) -> None:
    mandate = site.give_mandate()
    assert barred(site, mandate, "sian") is None
    found = asked(site, mandate, "sian")
    assert found is not None
    assert (found.member_ref, found.organisation_assurance, found.through) == (None, 0, ())
    assert barred(site, mandate, "tom") is Bar.UNKNOWN
    assert asked(site, "unknown", "sian") is None


@pytest.mark.parametrize("party", ["principal", "delegate"])
def test_an_offer_whose_parties_are_not_both_known_is_nothing_to_act_under(
    site: Site, party: str
) -> None:
    mandate = site.give_mandate()
    site.change(MandateRecord, {"state": "offered", party: None}, ref=mandate)
    assert asked(site, mandate, "sian") is None


def test_each_fact_is_of_those_whom_the_mandate_is_about_and_of_nobody_else(site: Site) -> None:
    mandate, now = site.give_mandate(), site.database.now()
    margaret, tom = (site.account(name)["person_ref"] for name in ("margaret", "tom"))
    sian = site.account("sian")["ref"]
    died, ceased = {"died_on": date(2020, 1, 1)}, {"ceased_on": date(2020, 1, 1)}
    for ref, more in (("trading", {}), ("ceased", ceased)):
        made = {"ref": ref, "name": ref, "kind": "company", "address": {}, "created_at": now}
        put(site, BusinessRecord, made | more)
    for ref, quorum in (("any", 1), ("two", 2)):
        made = {"ref": ref, "principal": margaret, "quorum": quorum, "created_at": now}
        put(site, JointAuthorityRecord, made)
    watched = {"z": 0.0, "opened": 0, "usual": 0.0, "interval_at": now, "frozen_at": None}
    put(site, BulkWatchRecord, watched | {"actor": sian})
    put(site, BulkWatchRecord, watched | {"actor": site.account("tom")["ref"], "frozen_at": now})
    site.change(PersonRecord, died, ref=tom)
    assert barred(site, mandate, "sian") is None
    mine: dict[str, Any] = {"ref": mandate}
    cases: list[tuple[Any, dict[str, Any], dict[str, Any], Bar | None]] = [
        (PersonRecord, died, {"ref": margaret}, Bar.PRINCIPAL_DIED),
        (MandateRecord, {"basis": "official"}, mine, None),
        (BulkWatchRecord, {"frozen_at": now}, {"actor": sian}, Bar.FROZEN),
        (MandateRecord, {"authority_ref": "any"}, mine, None),
        (MandateRecord, {"authority_ref": "two"}, mine, Bar.QUORUM),
        (MandateRecord, {"principal": "trading", "principal_kind": "business"}, mine, None),
        (MandateRecord, {"principal": "ceased", "principal_kind": "business"}, mine,
         Bar.PRINCIPAL_CEASED),
        (MandateRecord, {"single_use": True}, mine, None),
        (MandateRecord, {"single_use": True, "used_at": now}, mine, Bar.USED),
        (MandateRecord, {"used_at": now}, mine, None),
    ]  # fmt: skip
    for table, values, where, why in cases:
        (row,) = site.rows(table, **where)
        site.change(table, values, **where)
        assert barred(site, mandate, "sian") is why, values
        site.change(table, {name: row[name] for name in values}, **where)
    site.change(PersonRecord, died, ref=margaret)
    for basis in ("official", "estate"):
        site.change(MandateRecord, {"basis": basis}, ref=mandate)
        assert barred(site, mandate, "sian") is None, "it goes on after the death"


def test_nobody_acts_as_a_member_who_has_died(site: Site) -> None:
    """Also before anybody has put them out: whoever signs in as them is somebody else."""
    firm = site.give_organisation("Owen and Co", access="everyone")
    site.give_member(firm, "tom")
    mandate = site.give_mandate(delegate=firm)
    assert barred(site, mandate, "tom") is None
    dead = {"died_on": date(2026, 1, 1)}
    site.change(PersonRecord, dead, ref=site.account("tom")["person_ref"])
    assert barred(site, mandate, "tom") is Bar.ACTOR_DIED


@pytest.mark.parametrize("which", ["parent", "grandparent"])
def test_what_was_passed_on_holds_only_while_all_above_it_holds(site: Site, which: str) -> None:
    """delegation.md I9: the state, the beginning and the end of each link above."""
    first, second = (site.give_organisation(name) for name in ("Owen and Co", "Else and Co"))
    top = site.give_mandate(delegate=first)
    middle = site.give_mandate(delegate=second, parent_ref=top)
    last = site.give_mandate(parent_ref=middle)
    direct = site.give_mandate(delegate="tom", parent_ref=top)
    ref = middle if which == "parent" else top
    now = site.database.now()
    assert barred(site, last, "sian") is None
    day = timedelta(days=1)
    broken: tuple[dict[str, Any], ...] = (
        {"state": "suspended"},
        {"state": "ended", "ended_at": now, "ended_reason": "by-principal"},
        {"starts": now + day}, {"expires": now},
    )  # fmt: skip
    (row,) = site.rows(MandateRecord, ref=ref)
    for values in broken:
        site.change(MandateRecord, values, ref=ref)
        assert barred(site, last, "sian") is Bar.PARENT, values
        site.change(MandateRecord, {name: row[name] for name in values}, ref=ref)
    site.change(MandateRecord, {"expires": None}, ref=ref)
    assert barred(site, last, "sian") is None
    found = asked(site, last, "sian")
    assert found is not None
    assert found.through == (second, first)
    assert barred(site, direct, "tom") is None


@pytest.mark.parametrize("which", ["parent", "grandparent"])
def test_an_organisation_that_cannot_act_acts_through_nobody_it_passed_it_on_to(
    site: Site, which: str
) -> None:
    """delegation.md I12; another organisation that can act makes up for nothing."""
    first, second, _ = (site.give_organisation(name) for name in ("Owen", "Else", "Other"))
    top = site.give_mandate(delegate=first)
    last = site.give_mandate(parent_ref=site.give_mandate(delegate=second, parent_ref=top))
    ref = second if which == "parent" else first
    now = site.database.now()
    cases: tuple[tuple[dict[str, Any], Bar | None], ...] = (
        ({"verified_at": None}, Bar.PARENT), ({"closed_at": now}, Bar.PARENT),
        ({"suspends_at": now}, Bar.PARENT), ({"suspends_at": now + timedelta(days=1)}, None),
    )  # fmt: skip
    (row,) = site.rows(OrganisationRecord, ref=ref)
    for values, why in cases:
        site.change(OrganisationRecord, values, ref=ref)
        assert barred(site, last, "sian") is why, values
        site.change(OrganisationRecord, {name: row[name] for name in values}, ref=ref)
