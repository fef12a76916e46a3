"""The facts of acting in SQL: what is open to one member is open to no other; on both engines."""

from typing import Any

from sqlalchemy import insert

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import Bar, Wish, bar
from idp.delegation import actions as delegation
from idp.delegation.records import AssignmentRecord
from idp.organisations.records import TeamMemberRecord, TeamRecord
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
