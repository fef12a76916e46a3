"""An organisation that lost its last administrator: two officers, one link, everybody told."""

import re
from typing import Any

import pytest
from sqlalchemy import insert

from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.notices.actions import unseal
from idp.officers.records import OfficerProposalRecord, OfficerRecord
from idp.organisations.records import MemberInvitationRecord, MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from tests.officers.people import COUNTER, Console

ROLE = "organisation-officer"
AT = "/console/organisations/firm-1"
FORM = {"name": "Cai Rees", "email": "cai@example.test", "why": "administrator-died"}


@pytest.fixture
def firm(console: Console) -> Console:
    """A firm with an administrator who is lost, and a worker."""
    site = console.site

    def work(tx: Any) -> None:
        now = tx.now()
        tx.execute(insert(OrganisationRecord).values(
            ref="firm-1", name="Example & Co", kind="firm", entered_by="tests", created_at=now,
            verified_by="tests", verified_at=now,
        ))  # fmt: skip
        for who, role in (("sian", "admin"), ("tom", "worker")):
            tx.execute(insert(MemberRecord).values(
                ref=random_ref(), organisation_ref="firm-1", account_ref=site.account(who)["ref"],
                name=who, roles=[role], added_by="tests", joined_at=now,
            ))  # fmt: skip

    site.database.transaction(work)
    return console


def proposal(console: Console) -> str:
    rows = sorted(console.site.rows(OfficerProposalRecord), key=lambda row: row["proposed_at"])
    return f"{AT}/administrator/{rows[-1]['ref']}"


def mail(console: Console) -> list[tuple[str, str]]:
    found = [
        unseal(console.site.house.keyring, row["payload"])
        for row in console.site.rows(OutboxRecord)
        if row["kind"].startswith("notice")
    ]
    return sorted((one.contact.address, str(one.notice)) for one in found)  # fmt: skip


def test_a_second_officer_confirms_and_every_member_is_told(firm: Console) -> None:
    asha, ben = firm.officer("Asha", ROLE), firm.officer("Ben", ROLE)
    firm.sit(asha)
    assert f'href="{AT}/administrator"' in firm.get(AT).text
    assert "What became of the last one?" in firm.get(f"{AT}/administrator").text
    assert firm.post(f"{AT}/administrator", **FORM).status_code == 200
    one = proposal(firm)
    assert "Cai Rees" not in firm.get(AT).text, "only who opens it is shown who it is"
    assert "Another officer has to confirm it" in firm.post(one).text
    assert firm.post(f"{one}/decide", decision="confirm").status_code == 422
    assert mail(firm) == []

    firm.sit(ben)
    assert firm.post(f"{one}/decide", decision="confirm").status_code == 422, "not looked at yet"
    assert "cai@example.test" in firm.post(one).text
    assert "There is a new administrator" in firm.post(f"{one}/decide", decision="confirm").text
    assert firm.post(f"{one}/decide", decision="confirm").status_code == 422, "once"
    (made,) = firm.site.rows(MemberInvitationRecord)
    assert sorted(made["roles"]) == ["admin", "assigner", "worker"]
    assert mail(firm) == [
        ("cai@example.test", "member-invited"),
        ("sian@example.test", "admin-named"),
        ("tom@example.test", "admin-named"),
    ]
    (named,) = firm.site.rows(JournalEntry, kind="organisation-admin-named")
    assert named["actor"] == ben
    assert named["detail"]["why"] == "administrator-died"
    assert "cai" not in str(named["detail"])
    (confirmed,) = firm.site.rows(JournalEntry, kind="proposal-confirmed")
    assert confirmed["detail"]["proposed_by"] == asha
    assert len(firm.site.rows(MemberRecord, left_at=None)) == 2, "nobody is put out"


def test_the_new_administrator_comes_by_the_link_and_can_do_everything(firm: Console) -> None:
    firm.sit(firm.officer("Asha", ROLE))
    firm.post(f"{AT}/administrator", **(FORM | {"name": "Margaret Hughes"}))
    one = proposal(firm)
    firm.sit(firm.officer("Ben", ROLE))
    firm.post(one)
    firm.post(f"{one}/decide", decision="confirm")
    site = firm.site
    (link,) = [
        sent.values["link"]
        for sent in (unseal(site.house.keyring, row["payload"]) for row in site.rows(OutboxRecord)
                     if row["kind"].startswith("notice"))
        if "link" in sent.values
    ]  # fmt: skip
    site.browser = site.new_browser()
    site.sign_in("margaret")
    page = site.submit(site.get(link))
    assert re.search("Your role here: .*Administrator", page.text)


def test_who_is_not_apart_refuses_nobody_and_confirms_nobody(firm: Console) -> None:
    asha, ben = firm.officer("Asha", ROLE), firm.officer("Ben", ROLE)
    firm.site.change(OfficerRecord, {"added_by": asha}, ref=ben)
    firm.sit(asha)
    firm.post(f"{AT}/administrator", **FORM)
    one = proposal(firm)
    firm.sit(ben)
    firm.post(one)
    assert "Ask a third officer" in firm.post(f"{one}/decide", decision="confirm").text
    firm.sit(firm.officer("Cai", ROLE))
    firm.post(one)
    assert "You refused it" in firm.post(f"{one}/decide", decision="refuse").text
    assert firm.site.rows(MemberInvitationRecord) == []
    firm.sit(asha)
    firm.post(f"{AT}/administrator", **FORM)
    assert "took it back" in firm.post(f"{proposal(firm)}/decide", decision="withdraw").text
    assert mail(firm) == []


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 500}, {"email": "none"}, {"email": "a@b.test\nBcc: c@d.test"},
     {"why": ""}, {"why": "bored"}],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_put_forward(
    firm: Console, wrong: dict[str, str]
) -> None:
    firm.sit(firm.officer("Asha", ROLE))
    assert firm.post(f"{AT}/administrator", **FORM | wrong).status_code == 422
    assert firm.site.rows(OfficerProposalRecord) == []


def test_no_other_role_and_no_other_organisation(firm: Console) -> None:
    firm.sit(firm.officer("Asha", ROLE))
    assert firm.get("/console/organisations/nothing/administrator").status_code == 404
    assert firm.post("/console/organisations/nothing/administrator", **FORM).status_code == 404
    firm.post(f"{AT}/administrator", **FORM)
    one = proposal(firm)
    firm.sit(firm.officer("Ben", ROLE))
    firm.site.database.transaction(lambda tx: tx.execute(insert(OrganisationRecord).values(
        ref="firm-2", name="Other & Co", kind="firm", entered_by="tests", created_at=tx.now(),
        verified_by="tests", verified_at=tx.now(),
    )))  # fmt: skip
    other = one.replace("firm-1", "firm-2")
    assert firm.post(other).status_code == 422
    firm.post(one)
    assert firm.post(f"{other}/decide", decision="confirm").status_code == 422
    firm.site.change(OrganisationRecord, {"closed_at": firm.site.database.now()}, ref="firm-1")
    assert "no such organisation" in firm.post(f"{one}/decide", decision="confirm").text
    firm.sit(firm.officer("Dee", COUNTER, "administrator", "mandate-officer"))
    before = firm.everything()
    assert firm.get(f"{AT}/administrator").status_code == 403
    for path in (f"{AT}/administrator", one, f"{one}/decide"):
        assert firm.post(path, decision="confirm", **FORM).status_code == 403
    assert "Cai Rees" not in firm.get("/console/proposals").text
    assert firm.everything() == before
