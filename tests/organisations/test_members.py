"""Members come by a link that works once, change, and leave; each from the next request on."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest

from idp.accounts.records import AccountRecord
from idp.assurance.rules import Level
from idp.delegation import assigning
from idp.delegation.records import AssignmentRecord
from idp.organisations import members, settings, teams
from idp.organisations.actions import organisations_of, working
from idp.organisations.records import MemberInvitationRecord, MemberRecord, OrganisationRecord
from idp.organisations.rules import Verdict
from idp.register.records import PersonRecord
from tests.organisations.firm import Firm
from tests.rig.firms import opener

ASKED: dict[str, Any] = {"name": "Margaret Hughes", "email": "m@example.test", "roles": ["worker"]}


def invite(firm: Firm, by: str = "sian", **more: Any) -> Any:
    asked: dict[str, Any] = ASKED | more
    keyring, who = firm.site.house.keyring, opener(firm.account(by))
    return firm.do(lambda tx: members.invite(tx, keyring, firm.ref, who, **asked))


def accept(firm: Firm, token: str, who: str) -> Any:
    return firm.do(
        lambda tx: members.accept(tx, token, firm.account(who), firm.site.house.policies.names)
    )


def test_a_link_makes_one_member_once_with_the_roles_it_was_for(firm: Firm) -> None:
    firm.mail()
    until = invite(firm)
    token = firm.link()
    assert (
        timedelta() <= firm.site.database.now() + timedelta(days=3) - until < timedelta(minutes=1)
    )
    shown = firm.do(lambda tx: members.look_at(tx, token))
    assert shown is not None
    assert (shown.organisation, shown.roles) == ("Example & Co", frozenset({"worker"}))
    assert not isinstance(accept(firm, token, "margaret"), Verdict)
    assert accept(firm, token, "nobody") is Verdict.GONE
    (made,) = firm.site.rows(MemberRecord, account_ref=firm.account("margaret"))
    assert (made["name"], made["roles"]) == ("Margaret Hughes", ["worker"])
    (row,) = firm.journal("member-joined")
    assert row["person"] == firm.site.account("margaret")["person_ref"]
    assert token not in str(firm.site.rows(MemberInvitationRecord))


def test_a_link_that_is_old_cancelled_or_made_up_makes_nobody(firm: Firm) -> None:
    firm.mail()
    invite(firm)
    first = firm.link()
    (row,) = [one for one in firm.site.rows(MemberInvitationRecord)
              if one["name"] == ASKED["name"]]  # fmt: skip
    cancel = lambda by: firm.do(  # noqa: E731
        lambda tx: members.cancel(tx, firm.ref, firm.account(by), row["ref"])
    )
    assert cancel("tom") is Verdict.ROLE_LACKING
    assert cancel("sian") is Verdict.ALLOWED
    assert cancel("sian") is Verdict.GONE
    assert accept(firm, first, "margaret") is Verdict.GONE
    invite(firm)
    second = firm.link()
    firm.site.later(days=3)
    assert firm.do(lambda tx: members.look_at(tx, second)) is None
    for token in (second, "made-up", ""):
        assert accept(firm, token, "margaret") is Verdict.GONE
    assert firm.site.rows(MemberRecord, account_ref=firm.account("margaret")) == []


def test_who_is_a_member_already_does_not_use_a_link_up(firm: Firm) -> None:
    firm.mail()
    invite(firm)
    token = firm.link()
    assert accept(firm, token, "tom") is Verdict.MEMBER_ALREADY
    assert not isinstance(accept(firm, token, "margaret"), Verdict)


def test_a_suspended_or_closed_organisation_takes_nobody_on(firm: Firm) -> None:
    firm.mail()
    invite(firm)
    token, now = firm.link(), firm.site.database.now()
    firm.set(suspends_at=now)
    assert accept(firm, token, "margaret") is Verdict.ORGANISATION_SUSPENDED
    assert invite(firm) is Verdict.ORGANISATION_SUSPENDED
    firm.set(closed_at=now)
    assert accept(firm, token, "margaret") is Verdict.GONE


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ({"name": " "}, Verdict.NAME_BAD),
        ({"name": "x" * 101}, Verdict.NAME_BAD),
        ({"email": "a@b\r\nBcc: c@d.test"}, Verdict.EMAIL_BAD),
        ({"roles": []}, Verdict.ROLES_BAD),
        ({"roles": ["owner"]}, Verdict.ROLES_BAD),
        ({"by": "tom"}, Verdict.ROLE_LACKING),
        ({"by": "margaret"}, Verdict.GONE),
    ],
)
def test_a_bad_invitation_is_refused_and_sends_nothing(
    firm: Firm, more: dict[str, Any], verdict: Verdict
) -> None:
    before = len(firm.site.rows(MemberInvitationRecord))
    firm.mail()
    assert invite(firm, **more) is verdict
    assert firm.mail() == []
    assert len(firm.site.rows(MemberInvitationRecord)) == before


def test_only_so_many_invitations_are_open_at_one_time(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MOST_INVITATIONS", 3)  # one is the first administrator's
    assert not isinstance(invite(firm), Verdict)
    assert not isinstance(invite(firm), Verdict)
    assert invite(firm) is Verdict.FULL


def test_roles_change_for_others_and_never_for_oneself(firm: Firm) -> None:
    change = lambda by, to, *roles: firm.do(  # noqa: E731
        lambda tx: members.change_roles(
            tx, firm.ref, opener(firm.account(by)), firm.member(to), roles
        )
    )
    assert change("sian", "sian", "worker") is Verdict.ONESELF
    assert change("tom", "tom", "admin") is Verdict.ROLE_LACKING
    assert change("sian", "tom") is Verdict.ROLES_BAD
    assert change("sian", "tom", "admin") is Verdict.ALLOWED
    assert change("tom", "sian", "worker") is Verdict.ALLOWED
    assert change("sian", "tom", "worker") is Verdict.ROLE_LACKING, "at once"
    assert [row["detail"]["roles"] for row in firm.journal("member-roles-changed")] == [
        ["admin"], ["worker"],
    ]  # fmt: skip


def test_a_suspension_is_lifted_by_another_and_the_last_admin_stays(firm: Firm) -> None:
    sian, tom = firm.account("sian"), firm.account("tom")
    me, him = firm.member("sian"), firm.member("tom")
    assert firm.do(lambda tx: members.suspend(tx, firm.ref, sian, him)) is Verdict.ALLOWED
    assert firm.do(lambda tx: members.suspend(tx, firm.ref, sian, him)) is Verdict.GONE
    assert firm.do(lambda tx: members.resume(tx, firm.ref, opener(tom), him)) is Verdict.SUSPENDED
    assert firm.do(lambda tx: members.resume(tx, firm.ref, opener(sian), him)) is Verdict.ALLOWED
    gone = lambda by, who: firm.do(  # noqa: E731
        lambda tx: assigning.remove_member(tx, firm.ref, by, who)
    )
    firm.site.change(MemberRecord, {"roles": ["admin"]}, ref=him)
    account, person = {"ref": tom}, {"ref": firm.site.account("tom")["person_ref"]}
    for table, values, whose in (
        (AccountRecord, {"disabled_at": firm.site.database.now()}, account),
        (PersonRecord, {"died_on": date(2026, 1, 1)}, person),
    ):
        firm.site.change(table, values, **whose)
        assert gone(sian, me) is Verdict.LAST_ADMIN, "whoever can do nothing administers nothing"
        firm.site.change(table, dict.fromkeys(values), **whose)
    firm.site.change(MemberRecord, {"roles": ["worker"]}, ref=him)
    assert gone(sian, me) is Verdict.LAST_ADMIN
    assert gone(tom, him) is Verdict.ALLOWED
    assert gone(sian, him) is Verdict.GONE
    assert firm.do(lambda tx: organisations_of(tx, tom)) == []


def test_a_member_who_died_is_stopped_before_anybody_puts_them_out(firm: Firm) -> None:
    sian, him = firm.account("sian"), firm.member("tom")
    person = firm.site.account("sian")["person_ref"]
    firm.site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=person)
    firm.mail()
    assert invite(firm) is Verdict.SUSPENDED
    assert firm.do(lambda tx: members.suspend(tx, firm.ref, sian, him)) is Verdict.SUSPENDED
    assert firm.do(lambda tx: working(tx, firm.ref, sian)) is None
    assert firm.do(lambda tx: working(tx, firm.ref, firm.account("tom"))) is not None


def test_who_comes_back_begins_anew(firm: Firm) -> None:
    mandate, him = firm.acts_for(), firm.member("tom")
    sian = firm.account("sian")
    give = lambda who: firm.do(  # noqa: E731
        lambda tx: assigning.assign(tx, firm.ref, opener(sian), mandate=mandate, assignees=[who])
    )
    assert give(him) is Verdict.ALLOWED
    firm.do(lambda tx: assigning.remove_member(tx, firm.ref, sian, him))
    assert firm.site.rows(AssignmentRecord) == []
    assert give(him) is Verdict.GONE
    assert firm.join("tom", "worker") != him


def test_another_organisation_is_as_if_it_were_not_there(firm: Firm) -> None:
    other = Firm(firm.site, name="Other & Co", email="tom@example.test")
    stranger = other.join("margaret", "admin", "assigner", "worker")
    margaret, him = firm.account("margaret"), firm.member("tom")
    mandate, keyring = firm.acts_for(), firm.site.house.keyring
    hers = opener(margaret, level=Level(identity=0, sign_in=0))  # nor does it say how large it is
    before = (firm.site.rows(MemberRecord), firm.site.rows(OrganisationRecord))
    acts: list[Any] = [
        lambda tx: members.invite(tx, keyring, firm.ref, hers, **ASKED),
        lambda tx: members.change_roles(tx, firm.ref, hers, him, ["admin"]),
        lambda tx: members.change_roles(tx, other.ref, hers, him, ["admin"]),
        lambda tx: members.suspend(tx, other.ref, margaret, him),
        lambda tx: assigning.remove_member(tx, other.ref, margaret, him),
        lambda tx: teams.add(tx, firm.ref, margaret, "Ours now"),
        lambda tx: settings.change(tx, firm.ref, hers, access="everyone", limit=""),
        lambda tx: assigning.assign(tx, other.ref, hers, mandate=mandate, assignees=[stranger]),
        lambda tx: assigning.assign(tx, firm.ref, hers, mandate=mandate, assignees=[him]),
        lambda tx: assigning.transfer(tx, other.ref, hers, source=him, target=stranger),
    ]
    for act in acts:
        assert firm.do(act) is Verdict.GONE
    assert (firm.site.rows(MemberRecord), firm.site.rows(OrganisationRecord)) == before
    assert firm.site.rows(AssignmentRecord) == []


def test_everyone_is_chosen_at_set_up_and_a_limit_only_without_it(firm: Firm) -> None:
    sian, tom = firm.account("sian"), firm.account("tom")
    change = lambda by, access, limit: firm.do(  # noqa: E731
        lambda tx: settings.change(tx, firm.ref, opener(by), access=access, limit=limit)
    )
    assert change(sian, "everyone", "") is Verdict.NOT_AT_SET_UP
    assert change(tom, "assigned", "5") is Verdict.ROLE_LACKING
    assert change(sian, "assigned", "five") is Verdict.LIMIT_BAD
    assert change(sian, "assigned", "5") is Verdict.ALLOWED
    assert firm.site.rows(OrganisationRecord)[0]["people_limit"] == 5
    firm.do(lambda tx: assigning.remove_member(tx, firm.ref, sian, firm.member("tom")))
    assert change(sian, "everyone", "5") is Verdict.ALLOWED
    (row,) = firm.site.rows(OrganisationRecord)
    assert (row["access"], row["people_limit"]) == ("everyone", None)
    assert change(sian, "assigned", "") is Verdict.ALLOWED


def test_two_administrators_who_end_each_other_at_once_do_not_both_win(firm: Firm) -> None:
    firm.site.change(MemberRecord, {"roles": ["admin"]}, ref=firm.member("tom"))
    sides = [(firm.account("sian"), firm.member("tom")), (firm.account("tom"), firm.member("sian"))]
    start = Barrier(2)

    def end(side: tuple[str, str]) -> Verdict:
        start.wait()
        return firm.do(lambda tx: assigning.remove_member(tx, firm.ref, *side))

    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(end, sides))
    assert sorted(said) == [Verdict.ALLOWED, Verdict.GONE]
    assert sum(row["left_at"] is None for row in firm.site.rows(MemberRecord)) == 1


def test_a_link_that_went_astray_makes_no_member_and_stays_good(firm: Firm) -> None:
    """Whoever was proved to be called otherwise does not join under that name; of whom nothing was
    proved, nobody decides over others."""
    firm.mail()
    invite(firm, name="Rhys Hughes")
    assert accept(firm, firm.link(), "margaret") is Verdict.OTHER_NAME
    invite(firm, name="Rhys Morgan", roles=["worker", "admin"])
    token = firm.link()
    assert accept(firm, token, "margaret") is Verdict.OTHER_NAME
    assert accept(firm, token, "nobody") is Verdict.UNPROVED
    assert len(firm.site.rows(MemberRecord)) == 2
    assert firm.do(lambda tx: members.look_at(tx, token)) is not None
    invite(firm, name="Rhys Morgan")
    assert not isinstance(accept(firm, firm.link(), "nobody"), Verdict)
    raised = lambda *roles: firm.do(  # noqa: E731
        lambda tx: members.change_roles(
            tx, firm.ref, opener(firm.account("sian")), firm.member("nobody"), roles
        )
    )
    assert raised("worker", "admin") is Verdict.NOT_PROVED, "nor by a change later"
    assert raised("assigner") is Verdict.NOT_PROVED
    assert raised("worker") is Verdict.ALLOWED


@pytest.mark.parametrize("how", ["put out", "suspended", "no administrator any more"])
def test_what_an_administrator_sent_out_is_over_with_them(firm: Firm, how: str) -> None:
    """Else who is put out leaves a door open for three days, to an administrator of their own."""
    firm.site.change(MemberRecord, {"roles": ["admin", "worker"]}, ref=firm.member("tom"))
    firm.mail()
    invite(firm, by="tom", roles=["admin"])
    theirs = firm.link()
    invite(firm, by="sian")
    mine, sian, him = firm.link(), firm.account("sian"), firm.member("tom")
    end: dict[str, Any] = {
        "put out": lambda tx: assigning.remove_member(tx, firm.ref, sian, him),
        "suspended": lambda tx: members.suspend(tx, firm.ref, sian, him),
        "no administrator any more":
            lambda tx: members.change_roles(tx, firm.ref, opener(sian), him, ["worker"]),
    }  # fmt: skip
    assert firm.do(end[how]) is Verdict.ALLOWED
    assert accept(firm, theirs, "margaret") is Verdict.GONE
    (row,) = firm.journal("member-left", "member-suspended", "member-roles-changed")
    assert len(row["detail"]["invitations"]) == 1
    assert not isinstance(accept(firm, mine, "margaret"), Verdict)
