"""The facts of acting in SQL: what is open to one member is open to no other; on both engines."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import Bar, Wish, bar
from idp.delegation import actions as delegation
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations.records import MemberRecord, TeamMemberRecord, TeamRecord
from idp.register.records import PersonRecord
from tests.build import Site

TOP = Level(identity=3, sign_in=3)
WISH = Wish(service="tax", level=TOP, needed=Level(identity=2, sign_in=2))


def put(site: Site, table: Any, row: dict[str, Any]) -> None:
    site.database.transaction(lambda tx: tx.execute(insert(table).values(row)))


def barred(site: Site, mandate: str, name: str) -> Bar | None:
    account = site.account(name)
    found = site.database.read(
        lambda tx: acting.ask(
            tx, mandate, account_ref=account["ref"], person_ref=account["person_ref"]
        )
    )
    assert found is not None
    return bar(found.facts, WISH)


def offered(site: Site, name: str) -> list[str]:
    account = site.account(name)["ref"]
    found = site.database.read(
        lambda tx: delegation.usable(tx, account=account, person=None, service="tax")
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


def test_a_mandate_of_a_person_carries_nobody_else(site: Site) -> None:
    mandate = site.give_mandate()
    assert barred(site, mandate, "sian") is None
    assert barred(site, mandate, "tom") is Bar.UNKNOWN


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
