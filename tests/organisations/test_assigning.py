"""Closed to every member until assigned; a limit that holds however many assign at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import Bar, Wish, bar
from idp.delegation import assigning, people
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.organisations import teams
from idp.organisations.records import MemberRecord, TeamMemberRecord
from idp.organisations.rules import Verdict
from idp.storage import Transaction
from tests.organisations.firm import Firm
from tests.rig.firms import opener

FULL = Level(identity=3, sign_in=3)


def assign(firm: Firm, mandate: str, *assignees: str, by: str = "sian") -> Verdict:
    who = opener(firm.account(by))
    return firm.do(
        lambda tx: assigning.assign(tx, firm.ref, who, mandate=mandate, assignees=assignees)
    )


def unassign(firm: Firm, mandate: str, assignee: str) -> Verdict:
    account = firm.account("sian")
    return firm.do(
        lambda tx: assigning.unassign(tx, firm.ref, account, mandate=mandate, assignee=assignee)
    )


def make_team(firm: Firm, *members: str, name: str = "North") -> str:
    sian = firm.account("sian")

    def work(tx: Transaction) -> str:
        ref = teams.add(tx, firm.ref, sian, name)
        assert not isinstance(ref, Verdict), ref
        for member in members:
            said = assigning.join_team(tx, firm.ref, opener(sian), team=ref, member=member)
            assert said is Verdict.ALLOWED, said
        return ref

    return firm.do(work)


def why_not(firm: Firm, mandate: str, who: str) -> Bar | None:
    """What stands in a member's way, as every token path is told."""
    account = firm.site.account(who)
    found = firm.do(
        lambda tx: acting.ask(
            tx, mandate, account_ref=account["ref"], person_ref=account["person_ref"]
        )
    )
    assert found is not None
    return bar(found.facts, Wish(service="tax", level=FULL, needed=FULL))


def test_a_person_is_closed_until_assigned_and_then_all_of_them_is_open(firm: Firm) -> None:
    mandate = firm.acts_for("margaret", "tax", "library")
    him = firm.member("tom")
    assert why_not(firm, mandate, "tom") is Bar.NOT_ASSIGNED
    assert assign(firm, mandate, him) is Verdict.ALLOWED
    assert len(firm.site.rows(AssignmentRecord, assignee=him)) == 2, "each of their mandates"
    assert why_not(firm, mandate, "sian") is Bar.NOT_ASSIGNED, "an assigner is not open by that"
    (tax,) = firm.site.rows(MandateRecord, service="tax")
    assert why_not(firm, tax["ref"], "tom") is None
    assert assign(firm, mandate, him) is Verdict.ALLOWED, "again is no harm"
    assert len(firm.journal("person-assigned")) == 1
    assert unassign(firm, mandate, him) is Verdict.ALLOWED
    assert unassign(firm, mandate, him) is Verdict.GONE
    assert why_not(firm, tax["ref"], "tom") is Bar.NOT_ASSIGNED


def test_a_mandate_that_comes_later_is_closed_until_assigned_again(firm: Firm) -> None:
    mandate, him = firm.acts_for(), firm.member("tom")
    assign(firm, mandate, him)
    later = firm.acts_for("margaret", "library")
    assert firm.site.rows(AssignmentRecord, mandate_ref=later) == []
    assert assign(firm, later, him) is Verdict.ALLOWED
    assert len(firm.site.rows(AssignmentRecord, mandate_ref=later)) == 1


def test_only_assigners_assign_and_only_to_members_and_teams_of_theirs(firm: Firm) -> None:
    mandate, him = firm.acts_for(), firm.member("tom")
    other = Firm(firm.site, name="Other & Co", email="tom@example.test")
    stranger = other.join("margaret", "admin", "assigner", "worker")
    assert assign(firm, mandate, him, by="tom") is Verdict.ROLE_LACKING
    for wrong in (stranger, "nobody", "", firm.account("tom"), other.ref):
        assert assign(firm, mandate, wrong) is Verdict.GONE
        assert assign(firm, mandate, him, wrong) is Verdict.GONE, "all or nothing"
    assert assign(firm, mandate) is Verdict.GONE
    assert assign(firm, "no mandate", him) is Verdict.GONE
    assert firm.site.rows(AssignmentRecord) == []


def test_what_is_over_or_not_accepted_cannot_be_assigned(firm: Firm) -> None:
    mandate, him = firm.acts_for(), firm.member("tom")
    now = firm.site.database.now()
    firm.site.change(MandateRecord, {"state": "offered"}, ref=mandate)
    assert assign(firm, mandate, him) is Verdict.GONE
    firm.site.change(MandateRecord, {"state": "active", "expires": now}, ref=mandate)
    firm.site.later(seconds=1)
    assert assign(firm, mandate, him) is Verdict.GONE


def test_a_team_opens_to_whoever_is_in_it_while_they_are(firm: Firm) -> None:
    mandate, him, sian = firm.acts_for(), firm.member("tom"), firm.account("sian")
    team = make_team(firm)
    assert assign(firm, mandate, team) is Verdict.ALLOWED
    assert why_not(firm, mandate, "tom") is Bar.NOT_ASSIGNED
    join = {"team": team, "member": him}
    who = opener(sian)
    assert firm.do(lambda tx: assigning.join_team(tx, firm.ref, who, **join)) is Verdict.ALLOWED
    assert why_not(firm, mandate, "tom") is None
    assert firm.do(lambda tx: assigning.reach(tx, firm.ref, him)) == 1
    assert firm.do(lambda tx: assigning.quit_team(tx, firm.ref, sian, **join)) is Verdict.ALLOWED
    assert firm.do(lambda tx: assigning.quit_team(tx, firm.ref, sian, **join)) is Verdict.GONE
    assert why_not(firm, mandate, "tom") is Bar.NOT_ASSIGNED
    # Whoever administers and does not assign opens nobody to themself by way of a team.
    firm.site.change(MemberRecord, {"roles": ["admin", "worker"]}, ref=him)
    tom = firm.account("tom")
    him_too = opener(tom)
    assert firm.do(lambda tx: assigning.join_team(tx, firm.ref, him_too, **join)) is Verdict.ONESELF
    assert firm.do(lambda tx: assigning.join_team(tx, firm.ref, who, **join)) is Verdict.ALLOWED
    assert firm.do(lambda tx: assigning.quit_team(tx, firm.ref, tom, **join)) is Verdict.ALLOWED


def test_a_limit_counts_people_once_whatever_they_are_open_through(firm: Firm) -> None:
    firm.set(people_limit=2)
    him, mandates = firm.member("tom"), firm.people(3)
    team = make_team(firm, him)
    assert assign(firm, mandates[0], him, team) is Verdict.ALLOWED
    assert assign(firm, mandates[1], team) is Verdict.ALLOWED
    assert assign(firm, mandates[1], him) is Verdict.ALLOWED, "is counted already"
    for to in ((him,), (team,), (him, team), (firm.member("sian"), him)):
        assert assign(firm, mandates[2], *to) is Verdict.LIMIT
    assert assign(firm, mandates[2], firm.member("sian")) is Verdict.ALLOWED
    assert firm.do(lambda tx: assigning.reach(tx, firm.ref, him)) == 2
    # Who joins a team brings what they have; together it may be too much.
    sian, me = firm.account("sian"), firm.member("sian")
    said = firm.do(
        lambda tx: assigning.join_team(tx, firm.ref, opener(sian), team=team, member=me)
    )  # fmt: skip
    assert said is Verdict.LIMIT
    assert len(firm.site.rows(TeamMemberRecord)) == 1
    firm.site.change(MandateRecord, {"state": "ended", "ended_at": firm.site.database.now()},
                     ref=mandates[0])  # fmt: skip
    assert assign(firm, mandates[2], him) is Verdict.ALLOWED, "what ended counts no more"


def test_two_assigners_at_once_do_not_get_round_the_limit(firm: Firm) -> None:
    firm.set(people_limit=3)
    him, mandates = firm.member("tom"), firm.people(8)
    start = Barrier(4)

    def some(place: int) -> list[Verdict]:
        start.wait()
        return [assign(firm, mandate, him) for mandate in mandates[place::4]]

    with ThreadPoolExecutor(4) as pool:
        said = [one for answers in pool.map(some, range(4)) for one in answers]
    assert sorted(said) == [Verdict.ALLOWED] * 3 + [Verdict.LIMIT] * 5
    assert len(firm.site.rows(AssignmentRecord)) == 3


def test_who_is_removed_at_the_same_time_has_nothing_left_open(firm: Firm) -> None:
    him, sian, mandates = firm.member("tom"), firm.account("sian"), firm.people(4)
    start = Barrier(2)

    def fill(_: int) -> Any:
        start.wait()
        return [assign(firm, mandate, him) for mandate in mandates]

    def remove(_: int) -> Any:
        start.wait()
        return firm.do(lambda tx: assigning.remove_member(tx, firm.ref, sian, him))

    with ThreadPoolExecutor(2) as pool:
        filled, removed = pool.submit(fill, 0), pool.submit(remove, 0)
        assert removed.result() is Verdict.ALLOWED
        assert set(filled.result()) <= {Verdict.ALLOWED, Verdict.GONE}
    assert firm.site.rows(AssignmentRecord) == []


def test_everything_goes_from_one_member_to_another_or_nothing_does(firm: Firm) -> None:
    him, me, sian = firm.member("tom"), firm.member("sian"), opener(firm.account("sian"))
    mandates = firm.people(3)
    for mandate in mandates[:2]:
        assign(firm, mandate, him)
    assign(firm, mandates[2], me)
    assign(firm, mandates[0], me)
    hand = {"source": him, "target": me}
    firm.set(people_limit=2)
    assert firm.do(lambda tx: assigning.transfer(tx, firm.ref, sian, **hand)) is Verdict.LIMIT
    assert len(firm.site.rows(AssignmentRecord, assignee=him)) == 2
    firm.set(people_limit=3)
    assert firm.do(lambda tx: assigning.transfer(tx, firm.ref, sian, **hand)) is Verdict.ALLOWED
    assert firm.site.rows(AssignmentRecord, assignee=him) == []
    assert {row["mandate_ref"] for row in firm.site.rows(AssignmentRecord)} == set(mandates)
    own = {"source": me, "target": me}
    assert firm.do(lambda tx: assigning.transfer(tx, firm.ref, sian, **own)) is Verdict.GONE
    assert len(firm.site.rows(AssignmentRecord)) == 3
    assert firm.journal("people-transferred")[0]["detail"]["mandates"] == 2


def test_people_come_in_the_order_of_their_names_page_by_page_each_once(firm: Firm) -> None:
    firm.people(30, family="Twin")  # one name: pages end within it
    firm.people(30, family="Zeta")
    first = firm.acts_for("margaret", "tax", "library")
    seen, after, pages = [], "", 0
    while after or not pages:
        found, after = firm.do(
            lambda tx, at=after: people.list_people(tx, firm.ref, after=at)  # type: ignore[misc]
        )
        seen += found
        pages += 1
        assert len(found) <= people.PAGE
    assert pages == 3
    assert len({one.ref for one in seen}) == len(seen) == 61
    assert [one.name.split()[-1] for one in seen] == ["Hughes"] + ["Twin"] * 30 + ["Zeta"] * 30
    assert [held.service for held in seen[0].mandates] == ["library", "tax"]
    assert firm.do(lambda tx: people.count_people(tx, firm.ref)) == 61
    assert first in {held.ref for held in seen[0].mandates}


@pytest.mark.parametrize(("typed", "count"), [
    ("twin", 2), (" TWIN ", 2), ("tw", 2), ("twins", 0), ("%", 0), ("_win", 0), ("\U0010ffff", 0),
    ("hughes m", 1), ("", 3),
])  # fmt: skip
def test_people_are_found_by_how_their_family_name_begins(
    firm: Firm, typed: str, count: int
) -> None:
    firm.people(2, family="Twin")
    firm.acts_for()
    found, more = firm.do(lambda tx: people.list_people(tx, firm.ref, named=typed))
    assert (len(found), more) == (count, "")


def test_somebody_is_found_by_a_mandate_of_this_very_organisation(firm: Firm) -> None:
    mandate, him = firm.acts_for("margaret", "tax", "library"), firm.member("tom")
    team = make_team(firm)
    assign(firm, mandate, him, team)
    found = firm.do(lambda tx: people.find_somebody(tx, firm.ref, mandate))
    assert found is not None
    assert found[0].name == "Margaret Hughes"
    assert [(one.name, one.is_team) for one in found[1]] == [("North", True), ("Tom", False)]
    other = Firm(firm.site, name="Other & Co", email="tom@example.test")
    assert firm.do(lambda tx: people.find_somebody(tx, other.ref, mandate)) is None
    listed, _ = firm.do(lambda tx: people.list_people(tx, other.ref, after=mandate))
    assert listed == []
