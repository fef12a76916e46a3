"""A daughter helps her mother, who is not online: entered by one officer, given by two, ended by
one; and permissions by law."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import insert

from idp.accounts.records import AccountRecord
from idp.assurance.rules import Level
from idp.delegation.records import (
    AssignmentRecord,
    JointAuthorityRecord,
    MandateRecord,
    SafeContactRecord,
)
from idp.delegation.telling import safe_contact_purpose
from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.journal.records import JournalEntry
from idp.notices.actions import MESSAGES, unseal
from idp.notices.records import LetterRecord
from idp.officers import calls
from idp.officers.calls import Call
from idp.officers.records import OfficerCallRecord, OfficerProposalRecord, OfficerRecord
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from idp.register.businesses import BusinessLine, bring
from idp.register.records import BusinessRecord, PersonRecord
from tests.build import Site, read_answer
from tests.officers.people import MANDATE, Console

MOTHER, DAUGHTER = "CE123456B", "sian@example.test"
PAPER = sha256(b"a signed form").hexdigest()
PHONE, MAIL = "+447700900123", "margaret.h@example.test"


class Desk:
    """Two officers at the console, and a mother whom the register can reach by phone."""

    def __init__(self, site: Site) -> None:
        """Seat the first officer. The mother's own account is closed: she is not online."""
        self.site, self.console = site, Console(site)
        self.first = self.console.officer("Asha Patel", MANDATE)
        self.second = self.console.officer("Ben Owen", MANDATE)
        self.mother = site.account("margaret")["person_ref"]
        self.daughter = site.account("sian")["person_ref"]
        site.change(PersonRecord, {"contacts": {"phone": PHONE}}, ref=self.mother)
        now = site.database.now()
        site.change(AccountRecord, {"disabled_at": now}, person_ref=self.mother)
        self.console.sit(self.first)

    def call(self, number: str = MOTHER) -> str:
        answer = self.console.post("/console/calls", number=number)
        assert answer.status_code == 303, answer.text
        return str(answer.location)

    def evidence(self, call: str, kind: str, **more: Any) -> Any:
        page = self.console.get(f"{call}/evidence/{kind}").text
        ticks = re.findall(r'name="check"[^>]*value="([^"]*)"', page)
        return self.console.post(f"{call}/evidence/{kind}", check=ticks, **more)

    def spoken(self, call: str) -> None:
        """The whole identification by phone: code and second check."""
        self.console.post(f"{call}/code", channel="text")
        ticks = self.ticks(call)
        done = self.console.post(f"{call}/code/check", code=self.sent(), check=ticks)
        assert done.status_code == 303, done.text
        assert self.evidence(call, "second-check").status_code == 303

    def ticks(self, call: str) -> list[str]:
        return re.findall(r'name="check"[^>]*value="([^"]*)"', self.console.get(call).text)

    def messages(self) -> list[Any]:
        rows = self.site.rows(OutboxRecord)
        keyring = self.site.house.keyring
        return [unseal(keyring, r["payload"]) for r in rows if r["kind"] in MESSAGES.values()]

    def sent(self) -> str:
        return [one.values["code"] for one in self.messages() if "code" in one.values][-1]

    def appoint(self, call: str, **more: Any) -> Any:
        asked = {"basis": "appointed", "helpers": DAUGHTER, "quorum": "1", "days": "31",
                 "power": ["tax:view", "tax:file"]}  # fmt: skip
        return self.console.post(f"{call}/appoint", **(asked | more))

    def proposal(self) -> str:
        return str(self.site.rows(OfficerProposalRecord)[-1]["ref"])

    def decide(self, officer: str, decision: str = "confirm", *, look: bool = True) -> Any:
        ref = self.proposal()
        self.console.sit(officer)
        if look:
            self.console.post(f"/console/proposals/{ref}")
        answer = self.console.post(f"/console/proposals/{ref}/decide", decision=decision)
        self.console.sit(self.first)
        return answer

    def appointed(self) -> Any:
        """The whole story, up to the daughter's permission."""
        call = self.call()
        self.spoken(call)
        assert "Another officer has to look at it" in self.appoint(call).text
        answer = self.decide(self.second)
        assert answer.status_code == 200, answer.text
        (row,) = self.site.rows(MandateRecord, state="active")
        return row


@pytest.fixture
def desk(site: Site) -> Desk:
    return Desk(site)


def test_a_mother_appoints_by_phone_and_her_daughter_acts_until_she_rings_again(
    desk: Desk,
) -> None:
    mandate = desk.appointed()
    assert mandate["basis"] == "appointed"
    assert (mandate["grant_identity"], mandate["evidence_identity"]) == (2, 2)
    assert {one["type"] for one in mandate["evidence"]} == {"phone-code", "second-check"}
    assert mandate["principal"] == desk.mother
    site = desk.site
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    tokens = site.redeem(
        "tax", read_answer(site.submit(page, who=mandate["ref"], purpose="the return"))["code"]
    ).json
    assert tokens is not None
    assert site.introspect("tax", tokens["access_token"])["active"]

    call = desk.call()
    refused = desk.console.post(f"{call}/end", bundle=mandate["bundle"])
    assert refused.status_code == 422, "not before it is known who rings"
    assert "End it, the person says so" not in desk.console.get(call).text
    assert desk.evidence(call, "second-check").status_code == 303
    assert "End it, the person says so" in desk.console.get(call).text
    desk.console.post(f"{call}/end", bundle=mandate["bundle"])
    (ended,) = site.rows(MandateRecord)
    assert (ended["state"], ended["ended_reason"]) == ("ended", "ended_by_principal")
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    (entry,) = site.rows(JournalEntry, kind="mandate-ended", person=desk.mother)
    assert (entry["actor"], entry["detail"]["officer"]) == (desk.first, desk.first)


def test_she_is_told_by_letter_and_by_phone_and_her_daughter_by_mail(desk: Desk) -> None:
    desk.appointed()
    told = [one for one in desk.messages() if "code" not in one.values]
    assert sorted((one.contact.address, one.notice) for one in told) == [
        (PHONE, "helper-appointed"), (DAUGHTER, "entrusted"),
    ]  # fmt: skip
    (row,) = desk.site.rows(LetterRecord)
    listed = desk.console.get("/console/letters").text
    assert "Hughes" not in listed
    shown = desk.console.post(f"/console/letters/{row['ref']}").text
    for text in ("Margaret Hughes", "12 Chapel Row", "Sian Hughes can act for you now, here: Tax"):
        assert text in shown
    (given,) = desk.site.rows(JournalEntry, kind="mandate-given", person=desk.mother)
    assert f"give the reference {given['reference']}." in shown, "short enough to be said"
    assert desk.console.post(f"/console/letters/{row['ref']}/done", way="pigeon").status_code == 422
    assert desk.console.post(f"/console/letters/{row['ref']}/done", way="call").status_code == 303
    again = desk.console.post(f"/console/letters/{row['ref']}/done", way="letter")
    assert again.status_code == 422
    (row,) = desk.site.rows(LetterRecord)
    assert (row["done_by"], row["way"]) == (desk.first, "call")


def test_nothing_is_given_by_one_officer_or_by_one_who_has_not_looked(desk: Desk) -> None:
    call = desk.call()
    desk.spoken(call)
    desk.appoint(call)
    assert desk.decide(desk.first).status_code == 422
    assert desk.decide(desk.second, look=False).status_code == 422
    friend = desk.console.officer("Cai Rees", MANDATE)
    desk.site.change(OfficerRecord, {"added_by": desk.first}, ref=friend)
    assert "Ask a third officer" in desk.decide(friend).text
    assert desk.site.rows(MandateRecord) == []
    assert desk.decide(desk.second, "refuse").status_code == 200
    assert desk.decide(desk.second).status_code == 422
    assert desk.site.rows(MandateRecord) == []


def test_what_no_longer_holds_when_it_is_confirmed_gives_nothing(desk: Desk) -> None:
    call = desk.call()
    desk.spoken(call)
    desk.appoint(call)
    desk.site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=desk.mother)
    assert "The person has died" in desk.decide(desk.second).text
    desk.site.change(PersonRecord, {"died_on": None}, ref=desk.mother)
    desk.site.change(AccountRecord, {"identity_level": 0}, sign_in_name=DAUGHTER)
    assert "Nobody like this" in desk.decide(desk.second).text
    assert desk.site.rows(MandateRecord) == []
    desk.site.change(AccountRecord, {"identity_level": 2}, sign_in_name=DAUGHTER)
    assert desk.decide(desk.second).status_code == 200


def test_a_code_works_once_for_ten_minutes_and_five_tries(desk: Desk) -> None:
    call = desk.call()
    console = desk.console
    console.post(f"{call}/code", channel="text")
    code, ticks = desk.sent(), desk.ticks(call)
    assert console.post(f"{call}/code/check", code=code, check=ticks[:1]).status_code == 422
    for wrong in ("", "x" * 300, "000000" if code != "000000" else "111111", "１２３４５６"):
        assert console.post(f"{call}/code/check", code=wrong, check=ticks).status_code == 422
    assert desk.site.rows(OfficerCallRecord)[0]["evidence"] == []
    desk.site.later(minutes=10)
    assert console.post(f"{call}/code/check", code=code, check=ticks).status_code == 422
    assert console.post(f"{call}/code/check", code=code, check=ticks).status_code == 429
    console.post(f"{call}/code", channel="text")
    assert console.post(f"{call}/code/check", code=code, check=ticks).status_code in {422, 303}
    assert console.post(f"{call}/code/check", code=desk.sent(), check=ticks).status_code == 303
    (row,) = desk.site.rows(OfficerCallRecord)
    assert [one["type"] for one in row["evidence"]] == ["phone-code"]
    assert console.post(f"{call}/code/check", code=desk.sent(), check=ticks).status_code == 422


def test_a_code_goes_to_the_registers_contact_of_thirty_days_and_nowhere_else(desk: Desk) -> None:
    young = {"phone": PHONE, "email": MAIL, "changed": {
        "phone": {"at": desk.site.database.now().isoformat(), "before": ""}}}  # fmt: skip
    desk.site.change(PersonRecord, {"contacts": young}, ref=desk.mother)
    call = desk.call()
    page = desk.console.get(call).text
    assert "m•••@e•••.test" in page
    assert "••• 23" not in page
    for channel in ("text", "", "letter", DAUGHTER):
        assert desk.console.post(f"{call}/code", channel=channel).status_code == 422
    assert desk.console.post(f"{call}/code", channel="email").status_code == 303
    assert desk.messages()[-1].contact.address == MAIL


def test_the_evidence_caps_the_level_and_the_level_the_services(desk: Desk) -> None:
    call = desk.call()
    assert "Nothing was shown yet that counts" in desk.console.get(f"{call}/appoint").text
    assert "Nothing was shown that counts" in desk.appoint(call).text
    assert desk.appoint(call).status_code == 422
    wrong = desk.evidence(call, "signed-paper", hash="abc", held_by="Swansea, file 7")
    assert wrong.status_code == 422
    assert desk.evidence(call, "signed-paper", hash=PAPER, held_by="").status_code == 422
    done = desk.evidence(call, "signed-paper", hash=PAPER.upper(), held_by="Swansea, file 7")
    assert done.status_code == 303
    assert "What was shown is too little for this service" in desk.console.get(
        f"{call}/appoint"
    ).text  # fmt: skip
    assert "too little" in desk.appoint(call).text, "Tax needs P2, and a paper is P1"
    assert desk.evidence(call, "counter-seen").status_code == 303
    assert desk.appoint(call).status_code == 200
    desk.decide(desk.second)
    (mandate,) = desk.site.rows(MandateRecord)
    assert mandate["grant_identity"] == 2
    assert {"type": "signed-paper", "hash": PAPER, "held_by": "Swansea, file 7"} in [
        dict(one) for one in mandate["evidence"]
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"helpers": ""}, {"helpers": MOTHER}, {"helpers": "nobody@example.test"},
        {"helpers": "x" * 5000}, {"helpers": f"{DAUGHTER}\ntom@example.test"},
        {"basis": "lasting-power"}, {"basis": ""}, {"basis": "estate"}, {"basis": "own"},
        {"power": []}, {"power": ["tax:everything"]}, {"power": ["library:borrow"]},
        {"power": ["tax"]}, {"days": ""}, {"days": "0"}, {"days": "732"}, {"days": "-1"},
        {"days": "9" * 30},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_wrong_is_said_and_proposes_nothing(desk: Desk, wrong: dict[str, Any]) -> None:
    call = desk.call()
    desk.evidence(call, "counter-seen")
    assert desk.appoint(call, **wrong).status_code == 422
    assert desk.site.rows(OfficerProposalRecord) == []


def test_a_call_is_one_officers_and_over_after_an_hour(desk: Desk) -> None:
    call = desk.call()
    desk.console.sit(desk.second)
    assert desk.console.get(call).status_code == 404
    assert desk.evidence(call, "counter-seen").status_code == 404
    desk.console.sit(desk.first)
    desk.site.later(minutes=29)
    assert desk.console.get(call).status_code == 200
    desk.site.later(minutes=29)
    assert desk.console.get(call).status_code == 200
    desk.site.later(minutes=2)
    for path, form in (("code", {"channel": "text"}), ("end", {"bundle": "b"})):
        assert desk.console.post(f"{call}/{path}", **form).status_code == 404
    assert desk.appoint(call).status_code == 404


def test_nobody_is_found_by_what_is_no_number_of_theirs_and_each_look_is_recorded(
    desk: Desk,
) -> None:
    for number in ("", "QQ123456A", "CE123457B", "x" * 3000, "' OR 1=1"):
        assert desk.console.post("/console/calls", number=number).status_code == 422
    desk.call("ce 12 34 56")
    (entry,) = desk.site.rows(JournalEntry, kind="officer-looked-up")
    assert (entry["person"], entry["actor"]) == (desk.mother, desk.first)


def test_a_safe_contact_is_the_only_way_she_is_told(desk: Desk) -> None:
    site = desk.site

    def choose(tx: Any) -> None:
        purpose = safe_contact_purpose(desk.mother)
        values = {
            "person": desk.mother, "channel": "email", "since": tx.now(),
            "address_sealed": site.house.keyring.sealer.seal("safe@example.test", purpose=purpose),
        }  # fmt: skip
        tx.execute(insert(SafeContactRecord).values(values))

    site.database.transaction(choose)
    desk.appointed()
    told = {one.contact.address for one in desk.messages() if one.notice == "helper-appointed"}
    assert told == {"safe@example.test"}
    assert site.rows(LetterRecord) == []


# By law.


def test_two_attorneys_who_act_together_are_entered_with_their_deed(desk: Desk) -> None:
    call = desk.call()
    desk.evidence(call, "power-registered", hash=PAPER, held_by="Office of the Public Guardian")
    both = f"{DAUGHTER}\ntom@example.test"
    for wrong in ("0", "3", "two", ""):
        answer = desk.appoint(call, basis="lasting-power", helpers=both, quorum=wrong)
        assert answer.status_code == 422
    twice = desk.appoint(call, basis="lasting-power", helpers=f"{DAUGHTER}\n{DAUGHTER}", quorum="2")
    assert twice.status_code == 422
    assert desk.appoint(call, basis="lasting-power", helpers=both, quorum="2").status_code == 200
    desk.decide(desk.second)
    given = desk.site.rows(MandateRecord)
    assert len(given) == 2
    (authority,) = desk.site.rows(JointAuthorityRecord)
    assert {one["authority_ref"] for one in given} == {authority["ref"]}
    assert authority["quorum"] == 2

    call = desk.call()
    unsaid = desk.console.post(f"{call}/lapse", mandate=given[0]["ref"])
    assert unsaid.status_code == 422
    desk.console.post(f"{call}/lapse", mandate=given[0]["ref"], why="power-revoked")
    assert {(one["state"], one["ended_reason"]) for one in desk.site.rows(MandateRecord)} == {
        ("ended", "basis_lapsed")
    }
    again = desk.console.post(f"{call}/lapse", mandate=given[0]["ref"], why="power-revoked")
    assert again.status_code == 422


def test_an_estate_is_entered_when_somebody_has_died_and_nothing_else_is(desk: Desk) -> None:
    call = desk.call()
    desk.evidence(call, "probate", hash=PAPER, held_by="Probate registry, Cardiff")
    assert "is alive" in desk.appoint(call, basis="estate").text
    desk.site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=desk.mother)
    desk.evidence(call, "counter-seen")
    assert "has died" in desk.appoint(call).text
    assert desk.appoint(call, basis="estate").status_code == 200
    desk.decide(desk.second)
    (mandate,) = desk.site.rows(MandateRecord)
    site = desk.site
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    assert "code" in read_answer(site.submit(page, who=mandate["ref"], purpose="the return"))


def test_a_director_acts_for_a_company_and_nobody_else_does(desk: Desk) -> None:
    def make(tx: Any) -> None:
        tx.execute(insert(BusinessRecord).values(
            ref="b-1", name="Hughes Bakery Ltd", kind="company", address={"street": "1 Mill Lane"},
            created_at=tx.now()))  # fmt: skip

    desk.site.database.transaction(make)
    call = desk.call("b-1")
    page = desk.console.get(call).text
    assert "Hughes Bakery Ltd" in page
    assert "/evidence/counter-seen" not in page
    assert desk.console.post(f"{call}/code", channel="text").status_code == 422
    desk.evidence(call, "company-register", hash=PAPER, held_by="Companies House")
    for basis in ("appointed", "lasting-power"):
        assert desk.appoint(call, basis=basis).status_code == 422
    assert desk.appoint(call, basis="director").status_code == 200
    desk.decide(desk.second)
    (mandate,) = desk.site.rows(MandateRecord)
    assert (mandate["principal"], mandate["principal_kind"]) == ("b-1", "business")
    (letter,) = desk.site.rows(LetterRecord)
    assert "1 Mill Lane" in desk.console.post(f"/console/letters/{letter['ref']}").text


COMPANY, TAX, VAT = "07654321", "1123456789", "123456782"


def bakery(desk: Desk) -> str:
    """A company of the register with its three numbers; answers its reference."""
    numbers = tuple(
        number
        for kind, text in (("company", COMPANY), ("tax", TAX), ("vat", VAT))
        if isinstance(number := parse(NumberKind(kind), text), BusinessNumber)
    )
    assert len(numbers) == 3
    line = BusinessLine(name="Hughes Bakery Ltd", kind="company", numbers=numbers)
    keyring = desk.site.house.keyring
    desk.site.database.transaction(lambda tx: bring(tx, keyring, line, by="tests"))
    (row,) = desk.site.rows(BusinessRecord)
    return str(row["ref"])


def test_a_business_is_found_by_each_of_its_numbers_whole_and_by_no_other(desk: Desk) -> None:
    ref = bakery(desk)
    console = desk.console
    found = [("company", "7654321"), ("tax", f"{TAX}K"), ("vat", "gb 123 4567 82"),
             ("reference", ref), ("", ref)]  # fmt: skip
    for way, typed in found:
        answer = console.post("/console/calls", way=way, number=typed)
        assert answer.status_code == 303, (way, typed)
        assert "Hughes Bakery Ltd" in console.get(answer.location).text
    begun = len(desk.site.rows(OfficerCallRecord))
    wrong = [("company", COMPANY[:-1]), ("company", "07654322"), ("company", TAX), ("vat", ""),
             ("vat", COMPANY), ("tax", VAT), ("tax", "x" * 3000), ("ni", COMPANY),
             ("reference", COMPANY), ("company", MOTHER[:8]), ("ni", ref),
             ("name", "Hughes Bakery Ltd")]  # fmt: skip
    for way, typed in wrong:
        answer = console.post("/console/calls", way=way, number=typed)
        assert answer.status_code == 422, (way, typed)
    assert len(desk.site.rows(OfficerCallRecord)) == begun


FIRM_NUMBER = "OC301234"


def firm_of(desk: Desk, **more: Any) -> str:
    """A law firm with one administrator, who is Tom."""
    values = {"kind": "firm", "registered_number": FIRM_NUMBER} | more
    ref = desk.site.give_organisation("Owen and Rees LLP", **values)
    desk.site.give_member(ref, "tom", "admin", "assigner", "worker")
    return ref


def test_a_law_firm_is_a_deputy_and_its_members_act_once_it_says_who(desk: Desk) -> None:
    site, firm = desk.site, firm_of(desk)
    call = desk.call()
    desk.evidence(call, "court-order", hash=PAPER, held_by="Court of Protection")
    done = desk.appoint(call, basis="deputyship", helpers="", organisation=" oc 301234")
    assert done.status_code == 200, done.text
    ref = desk.proposal()
    desk.console.sit(desk.second)
    assert "Owen and Rees LLP" in desk.console.post(f"/console/proposals/{ref}").text
    assert desk.decide(desk.second).status_code == 200
    (mandate,) = site.rows(MandateRecord)
    assert (mandate["delegate"], mandate["delegate_kind"]) == (firm, "organisation")
    assert (mandate["basis"], mandate["state"]) == ("deputyship", "active")
    told = [(one.contact.address, one.notice) for one in desk.messages()]
    assert ("tom@example.test", "organisation-entrusted") in told
    assert [one for one in told if one[1] == "entrusted"] == []
    (letter,) = site.rows(LetterRecord)
    shown = desk.console.post(f"/console/letters/{letter['ref']}").text
    assert "Owen and Rees LLP can act for you now" in shown
    site.sign_in("tom")
    assert "Margaret Hughes" not in site.authorize("tax", acting_for="choose").text
    (tom,) = site.rows(MemberRecord)
    site.database.transaction(lambda tx: tx.execute(insert(AssignmentRecord).values(
        mandate_ref=mandate["ref"], assignee=tom["ref"], assigned_by=tom["ref"],
        assigned_at=tx.now(),
    )))  # fmt: skip
    page = site.authorize("tax", acting_for="choose")
    answer = read_answer(site.submit(page, who=mandate["ref"], purpose="her return"))
    assert "code" in answer


@pytest.mark.parametrize(
    ("more", "asked"),
    [
        ({"verified_at": None, "verified_by": None}, {}),
        ({"closed_at": datetime(2026, 1, 1, tzinfo=UTC)}, {}),
        ({"suspends_at": datetime(2026, 1, 1, tzinfo=UTC), "suspension_reason": "x"}, {}),
        ({}, {"organisation": "OC30123"}),
        ({}, {"organisation": "Owen and Rees LLP"}),
        ({}, {"organisation": "x" * 5000}),
        ({}, {"helpers": DAUGHTER, "quorum": "2"}),
        ({}, {"basis": "appointed"}),
    ],
    ids=str,
)  # fmt: skip
def test_an_organisation_that_may_not_act_is_said_and_proposes_nothing(
    desk: Desk, more: dict[str, Any], asked: dict[str, Any]
) -> None:
    firm_of(desk, **more)
    call = desk.call()
    desk.evidence(call, "court-order", hash=PAPER, held_by="Court of Protection")
    asked = {"basis": "deputyship", "helpers": "", "organisation": FIRM_NUMBER} | asked
    assert desk.appoint(call, **asked).status_code == 422
    assert desk.site.rows(OfficerProposalRecord) == []


def test_a_firm_that_was_stopped_before_it_is_confirmed_is_given_nothing(desk: Desk) -> None:
    firm = firm_of(desk)
    call = desk.call()
    desk.evidence(call, "court-order", hash=PAPER, held_by="Court of Protection")
    desk.appoint(call, basis="deputyship", helpers="", organisation=FIRM_NUMBER)
    stopped = {"suspends_at": desk.site.database.now(), "suspension_reason": "looked into"}
    desk.site.change(OrganisationRecord, stopped, ref=firm)
    assert desk.decide(desk.second).status_code == 422
    assert desk.site.rows(MandateRecord) == []


def test_evidence_under_a_policy_that_dropped_it_is_worth_nothing(desk: Desk) -> None:
    call = desk.call()
    row = desk.site.rows(OfficerCallRecord)[0]
    policies = desk.site.house.policies
    kind = policies.grants["counter-seen"]
    dropped = replace(
        policies, grants={**policies.grants, "counter-seen": replace(kind, usable=False)}
    )
    found = Call(ref=row["ref"], officer_ref=desk.first, party=desk.mother, party_kind="person",
                 evidence=(), channel=None, code_index=None)  # fmt: skip
    wrong = desk.site.database.transaction(
        lambda tx: calls.add_evidence(tx, dropped, found, kind="counter-seen", ticked=[])
    )
    assert wrong is calls.Problem.KIND
    assert call.endswith(row["ref"])
    assert json.dumps(desk.site.rows(OfficerCallRecord)[0]["evidence"]) == "[]"
    assert timedelta(hours=1) == calls.LASTS
    assert Level(identity=2, sign_in=2) == kind.cap


def test_a_code_that_was_read_out_from_the_helpers_own_telephone_shows_nothing(desk: Desk) -> None:
    desk.site.change(PersonRecord, {"contacts": {"phone": PHONE}}, ref=desk.daughter)
    call = desk.call()
    desk.spoken(call)
    assert desk.appoint(call).status_code == 422
    assert desk.site.rows(OfficerProposalRecord) == []
