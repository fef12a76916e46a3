"""Two officers stand for an organisation; a suspension is told first, and destroys nothing."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from idp.delegation.records import MandateRecord
from idp.officers import organisations as acts
from idp.officers.actions import COMMAND
from idp.officers.organisations import Refused
from idp.organisations import entering, members
from idp.organisations.entering import Problem
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.organisations.rules import SuspensionProblem, Verdict
from tests.build import Site
from tests.officers.people import invite
from tests.organisations.firm import Firm

ASKED: dict[str, Any] = {
    "name": "Example & Co", "kind": "firm", "assurance": 1, "admin_name": "Sian Hughes",
    "admin_email": "sian@example.test", "registered_number": "01234567",
}  # fmt: skip
ROLE = "organisation-officer"
DAY = timedelta(days=1)


@pytest.fixture
def officers(site: Site) -> dict[str, str]:
    """Asha let Ben in; Cai came by the command line; Dee has another role."""
    asha = invite(site.database, "Asha", ROLE, "administrator").officer_ref
    ben = invite(site.database, "Ben", ROLE, by=asha).officer_ref
    cai = invite(site.database, "Cai", ROLE).officer_ref
    dee = invite(site.database, "Dee", "counter-officer").officer_ref
    return {"asha": asha, "ben": ben, "cai": cai, "dee": dee}


def enter(site: Site, by: str, **more: Any) -> Any:
    asked, keyring = ASKED | more, site.house.keyring
    return site.database.transaction(lambda tx: acts.enter(tx, keyring, by=by, **asked))


def look(site: Site, ref: str, by: str) -> str:
    keyring = site.house.keyring
    seen = site.database.transaction(lambda tx: acts.look_at(tx, keyring, ref, officer=by))
    assert seen is not None
    return seen[1]


def verify(site: Site, ref: str, by: str, proof: str | None = None) -> Any:
    shown = look(site, ref, by) if proof is None else proof
    keyring = site.house.keyring
    return site.database.transaction(lambda tx: acts.verify(tx, keyring, ref, by=by, look=shown))


def token_sent(site: Site) -> str:
    firm = Firm.__new__(Firm)
    firm.site = site
    return firm.link()


def test_one_enters_another_verifies_and_only_then_a_link_goes_out(
    site: Site, officers: dict[str, str]
) -> None:
    ref = enter(site, officers["asha"])
    firm = Firm.__new__(Firm)
    firm.site, firm.ref = site, ref
    assert firm.mail() == []
    assert verify(site, ref, officers["asha"]) is Refused.OWN
    assert verify(site, ref, officers["ben"]) is Refused.NOT_APART, "Asha let Ben in"
    assert len(firm.journal("organisation-officers-not-apart")) == 1
    assert verify(site, ref, officers["dee"]) is Refused.ROLE_LACKING
    assert verify(site, ref, COMMAND, "") is Refused.ROLE_LACKING
    assert verify(site, ref, officers["cai"], "") is Refused.UNSEEN
    theirs = look(site, ref, officers["asha"])
    assert verify(site, ref, officers["cai"], theirs) is Refused.UNSEEN
    old = look(site, ref, officers["cai"])
    site.later(minutes=31)
    assert verify(site, ref, officers["cai"], old) is Refused.UNSEEN
    assert firm.mail() == []
    (row,) = site.rows(OrganisationRecord)
    assert row["verified_at"] is None
    assert isinstance(verify(site, ref, officers["cai"]), datetime)
    token = firm.link()
    assert verify(site, ref, officers["cai"]) is Problem.CHANGED
    account = site.account("sian")["ref"]
    joined = site.database.transaction(
        lambda tx: members.accept(tx, token, account, site.house.policies.names)
    )
    assert not isinstance(joined, Verdict)
    (member,) = site.rows(MemberRecord)
    assert member["roles"] == ["admin", "assigner", "worker"]
    (row,) = site.rows(OrganisationRecord)
    assert (row["entered_by"], row["verified_by"]) == (officers["asha"], officers["cai"])


def test_the_command_line_enters_and_one_officer_verifies(
    site: Site, officers: dict[str, str]
) -> None:
    ref = enter(site, COMMAND)
    assert isinstance(verify(site, ref, officers["cai"]), datetime)


@pytest.mark.parametrize(("more", "problem"), [
    ({"name": ""}, Problem.NAME), ({"name": "A\u202eB"}, Problem.NAME),
    ({"kind": "church"}, Problem.KIND), ({"assurance": 4}, Problem.ASSURANCE),
    ({"assurance": -1}, Problem.ASSURANCE), ({"registered_number": "1" * 21}, Problem.NUMBER),
    ({"registered_number": "1;2"}, Problem.NUMBER), ({"admin_name": " "}, Problem.ADMIN_NAME),
    ({"admin_email": "no address"}, Problem.ADMIN_EMAIL),
])  # fmt: skip
def test_what_is_entered_is_read_strictly(
    site: Site, officers: dict[str, str], more: dict[str, Any], problem: Problem
) -> None:
    assert enter(site, officers["asha"], **more) is problem
    assert enter(site, officers["dee"]) is Refused.ROLE_LACKING
    assert site.rows(OrganisationRecord) == []


def test_a_name_or_number_that_is_taken_is_not_entered_again(
    site: Site, officers: dict[str, str]
) -> None:
    ref = enter(site, officers["asha"])
    assert enter(site, officers["asha"], name="EXAMPLE  & co") is Problem.NAME_TAKEN
    assert enter(site, officers["asha"], name="Other") is Problem.NAME_TAKEN
    close = lambda: site.database.transaction(  # noqa: E731
        lambda tx: acts.close(tx, ref, by=officers["cai"])
    )
    assert close() is None
    assert close() is Problem.NOT_SUSPENDED
    assert verify(site, ref, officers["cai"]) is Problem.CHANGED, "closed is closed"
    assert not isinstance(enter(site, officers["asha"]), Problem)


def test_a_new_link_for_the_first_administrator_ends_the_one_before(
    site: Site, officers: dict[str, str]
) -> None:
    ref, keyring = enter(site, officers["asha"]), site.house.keyring
    send = lambda by: site.database.transaction(  # noqa: E731
        lambda tx: acts.send_link(tx, keyring, ref, by=by)
    )
    assert send(officers["asha"]) is Problem.CHANGED, "not verified yet"
    verify(site, ref, officers["cai"])
    first = token_sent(site)
    assert isinstance(send(officers["asha"]), datetime)
    second = token_sent(site)
    account = site.account("sian")["ref"]
    accept = lambda token: site.database.transaction(  # noqa: E731
        lambda tx: members.accept(tx, token, account, site.house.policies.names)
    )
    assert accept(first) is Verdict.GONE
    assert not isinstance(accept(second), Verdict)
    assert send(officers["asha"]) is Problem.GONE, "they are here"
    # Two officers stand for who comes after the first: no one of them sends that link again.
    site.database.transaction(lambda tx: entering.name_administrator(
        tx, keyring, ref, name="Tom Barker", email="t@example.test", why="x", by=officers["asha"]
    ))  # fmt: skip
    site.later(days=4)
    assert send(officers["cai"]) is Problem.GONE


def test_a_suspension_is_told_with_its_moment_and_destroys_nothing(firm: Firm) -> None:
    site, keyring = firm.site, firm.site.house.keyring
    firm.acts_for()
    firm.mail()
    suspend = lambda notice, reason: firm.do(  # noqa: E731
        lambda tx: entering.suspend(
            tx, keyring, firm.ref, notice=notice, reason=reason, by="an officer"
        )
    )
    assert suspend(None, "") is SuspensionProblem.REASON_MISSING
    assert suspend(DAY, " ") is SuspensionProblem.REASON_MISSING
    assert firm.mail() == []
    at = suspend(14 * DAY, "")
    assert isinstance(at, datetime)
    (sent,) = firm.mail()
    assert (sent.notice, sent.contact.address) == ("organisation-suspended", "sian@example.test")
    assert sent.values == {"organisation": "Example & Co", "when": at.isoformat()}
    before = (site.rows(MemberRecord), site.rows(MandateRecord))
    at = suspend(None, "A data breach")
    assert isinstance(at, datetime)
    assert abs(at - site.database.now()) < timedelta(minutes=1)
    resume = lambda: firm.do(  # noqa: E731
        lambda tx: entering.resume(tx, keyring, firm.ref, by="an officer")
    )
    assert resume() is None
    assert resume() is Problem.NOT_SUSPENDED
    assert (site.rows(MemberRecord), site.rows(MandateRecord)) == before
    (row,) = site.rows(OrganisationRecord)
    assert (row["suspends_at"], row["suspension_reason"]) == (None, None)
    assert [one["kind"] for one in firm.journal("organisation-suspended",
                                                "organisation-resumed")] == [
        "organisation-suspended", "organisation-suspended", "organisation-resumed",
    ]  # fmt: skip


def test_only_what_is_suspended_now_is_closed(firm: Firm) -> None:
    keyring = firm.site.house.keyring
    close = lambda: firm.do(  # noqa: E731
        lambda tx: entering.close(tx, firm.ref, by="an officer")
    )
    suspend = lambda notice: firm.do(  # noqa: E731
        lambda tx: entering.suspend(
            tx, keyring, firm.ref, notice=notice, reason="why", by="an officer"
        )
    )
    assert close() is Problem.NOT_SUSPENDED
    suspend(14 * DAY)
    assert close() is Problem.NOT_SUSPENDED
    suspend(None)
    assert close() is None
    assert suspend(None) is Problem.GONE
