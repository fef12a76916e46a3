"""Whoever opens people to others shows what they ask, when it is done (risk-model.md T7); taking
away asks nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from idp.assurance.risk_rules import ReachRow, RiskRules
from idp.assurance.rules import Level
from idp.delegation import assigning
from idp.delegation.opening import Opener
from idp.delegation.records import AssignmentRecord
from idp.organisations import members, settings, teams
from idp.organisations.records import (
    MemberInvitationRecord,
    MemberRecord,
    OrganisationRecord,
    TeamMemberRecord,
)
from idp.organisations.rules import Verdict
from idp.storage import Transaction
from tests.organisations.firm import Firm
from tests.rig.firms import TOP, opener

PAIR, KEY = Level(identity=2, sign_in=2), Level(identity=2, sign_in=3)
# Of two people on a key is asked for; of four on, one that cannot be copied.
RULES = replace(
    RiskRules(),
    reach=(ReachRow(up_to=1), ReachRow(up_to=3, identity=2, sign_in=3),
           ReachRow(identity=2, sign_in=3, device_bound=True)),
)  # fmt: skip
TABLES = (MemberInvitationRecord, MemberRecord, OrganisationRecord, TeamMemberRecord,
          AssignmentRecord)  # fmt: skip
Act = Callable[[Transaction, Opener], Any]


def who(firm: Firm, level: Level = PAIR, *, bound: bool = False) -> Opener:
    return opener(firm.account("sian"), level=level, device_bound=bound, rules=RULES)


def opening_acts(firm: Firm, mandates: list[str]) -> dict[str, Act]:
    """All that opens people, or gives rights over them; each done once on one firm."""
    ref, tom, sian = firm.ref, firm.member("tom"), firm.member("sian")
    keyring, account = firm.site.house.keyring, firm.account("sian")
    strong = opener(account)
    opened = firm.do(lambda tx: assigning.assign(
        tx, ref, strong, mandate=mandates[0], assignees=[tom]))  # fmt: skip
    assert opened is Verdict.ALLOWED
    assert firm.do(lambda tx: members.suspend(tx, ref, account, tom)) is Verdict.ALLOWED
    firm.set(people_limit=10)
    team = firm.do(lambda tx: teams.add(tx, ref, account, "North"))
    return {
        "resume": lambda tx, by: members.resume(tx, ref, by, tom),
        "invite": lambda tx, by: members.invite(
            tx, keyring, ref, by, name="Ann Lee", email="a@example.test", roles=["worker"]),
        "roles": lambda tx, by: members.change_roles(tx, ref, by, tom, ["worker", "assigner"]),
        "assign": lambda tx, by: assigning.assign(
            tx, ref, by, mandate=mandates[1], assignees=[tom]),
        "transfer": lambda tx, by: assigning.transfer(tx, ref, by, source=tom, target=sian),
        "team": lambda tx, by: assigning.join_team(tx, ref, by, team=team, member=tom),
        "more": lambda tx, by: settings.change(tx, ref, by, access="assigned", limit="11"),
        "no limit": lambda tx, by: settings.change(tx, ref, by, access="assigned", limit=""),
    }  # fmt: skip


def test_what_opens_people_is_refused_to_who_showed_less_than_they_ask(firm: Firm) -> None:
    mandates = firm.people(3)
    acts = opening_acts(firm, mandates)
    before = [firm.site.rows(table) for table in TABLES]

    def do(act: Act, by: Opener) -> Any:
        return firm.do(lambda tx: act(tx, by))

    for name, act in acts.items():
        assert do(act, who(firm)) is Verdict.LEVEL, name
    assert [firm.site.rows(table) for table in TABLES] == before
    for name, act in acts.items():
        said = do(act, who(firm, KEY))
        assert said is Verdict.ALLOWED or name == "invite", (name, said)
    assert len(firm.site.rows(MemberInvitationRecord)) == len(before[0]) + 1


def test_more_people_than_when_the_page_was_shown_ask_for_more(firm: Firm) -> None:
    mandate, tom = firm.acts_for(), firm.member("tom")
    give = lambda by: firm.do(  # noqa: E731
        lambda tx: assigning.assign(tx, firm.ref, by, mandate=mandate, assignees=[tom])
    )
    firm.people(1)
    assert give(who(firm)) is Verdict.LEVEL, "two ask for a key"
    assert give(who(firm, KEY)) is Verdict.ALLOWED
    firm.people(2)
    assert give(who(firm, KEY)) is Verdict.LEVEL, "four, for one that cannot be copied"
    assert give(who(firm, KEY, bound=True)) is Verdict.ALLOWED


def test_taking_away_asks_for_nothing_however_many_there_are(firm: Firm) -> None:
    mandates, tom, account = firm.people(4), firm.member("tom"), firm.account("sian")
    strong = opener(account, level=TOP)
    firm.do(lambda tx: members.change_roles(tx, firm.ref, strong, tom, ["admin", "worker"]))
    firm.do(lambda tx: assigning.assign(
        tx, firm.ref, strong, mandate=mandates[0], assignees=[tom]))  # fmt: skip
    firm.set(people_limit=10)
    weak = who(firm, Level(identity=0, sign_in=0))
    acts: list[Callable[[Transaction], Verdict]] = [
        lambda tx: settings.change(tx, firm.ref, weak, access="assigned", limit="9"),
        lambda tx: settings.change(tx, firm.ref, weak, access="assigned", limit="9"),
        lambda tx: members.change_roles(tx, firm.ref, weak, tom, ["worker"]),
        lambda tx: assigning.unassign(
            tx, firm.ref, account, mandate=mandates[0], assignee=tom),
        lambda tx: members.suspend(tx, firm.ref, account, tom),
        lambda tx: assigning.remove_member(tx, firm.ref, account, tom),
    ]  # fmt: skip
    for act in acts:
        assert firm.do(act) is Verdict.ALLOWED
    firm.set(access="everyone", people_limit=None)
    close = lambda tx: settings.change(tx, firm.ref, weak, access="assigned", limit="")  # noqa: E731
    assert firm.do(close) is Verdict.ALLOWED


def test_of_two_changes_at_once_none_gives_back_what_the_other_took(firm: Firm) -> None:
    """Alone, the weaker one's takes away. After the other it gives: a limit, and a role."""
    firm.people(2)
    tom, start = firm.member("tom"), Barrier(2)

    def change(by: Opener, limit: str, *roles: str) -> list[Verdict]:
        start.wait()
        return [
            firm.do(lambda tx: settings.change(tx, firm.ref, by, access="assigned", limit=limit)),
            firm.do(lambda tx: members.change_roles(tx, firm.ref, by, tom, roles)),
        ]

    for _ in range(10):
        firm.set(people_limit=50)
        firm.site.change(MemberRecord, {"roles": ["admin", "assigner", "worker"]}, ref=tom)
        with ThreadPoolExecutor(2) as pool:
            took = pool.submit(change, who(firm, KEY), "10", "worker")
            gave = pool.submit(change, who(firm), "30", "admin", "worker")
            assert took.result() == [Verdict.ALLOWED] * 2
            assert set(gave.result()) <= {Verdict.ALLOWED, Verdict.LEVEL}
        assert firm.site.rows(OrganisationRecord)[0]["people_limit"] == 10
        assert firm.site.rows(MemberRecord, ref=tom)[0]["roles"] == ["worker"]
