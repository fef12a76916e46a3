"""A firm lets another do a part: from the principal's yes to the token that names them all (I9)."""

import re
from typing import Any

import pytest
from sqlalchemy import insert

from idp.delegation.actions import find
from idp.delegation.commands import chain_shown
from idp.delegation.records import MandateRecord
from idp.delegation.stating import explain
from idp.journal.records import JournalEntry
from idp.notices.records import LetterRecord
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.register.records import BusinessRecord
from idp.storage import Transaction
from tests.build import Site, claims_of
from tests.delegation.conftest import TAX, Town

AT = "/helping/organisations"
OTHER = "payroll-2"


@pytest.fixture
def passing(town: Town) -> Town:
    """Two firms, of Tom and of Sian; Margaret let the first help her, and pass it on."""
    town.firm(roles=("admin", "worker"))
    account = town.site.account("sian")["ref"]

    def work(tx: Transaction) -> None:
        now = tx.now()
        tx.execute(insert(OrganisationRecord).values(
            ref=OTHER, name="Payroll Ltd", kind="firm", assurance=2, access="everyone",
            entered_by="tests", created_at=now, verified_by="tests", verified_at=now, version=1,
        ))  # fmt: skip
        tx.execute(insert(MemberRecord).values(
            ref="member-2", organisation_ref=OTHER, account_ref=account, name="Sian Hughes",
            roles=["admin", "worker"], added_by="tests", joined_at=now,
        ))  # fmt: skip

    town.site.database.transaction(work)
    return town


def asked(town: Town) -> str:
    """Let Tom's firm ask Margaret; answer the link."""
    town.as_("tom")
    page = town.site.get("/helping/invitations/firm-1/new")
    how = {"how": "link", "given_name": "Margaret", "family_name": "Hughes"}
    page = town.send(page, **(TAX | how))
    return re.findall(r"(/invitation/[\w-]+)", page.text)[0]


def accepted(town: Town, *, ticks: bool = True) -> str:
    """Let Margaret say yes; answer the mandate."""
    link = asked(town)
    town.as_("margaret")
    page = town.site.get(f"{link}/answer")
    boxes = re.findall(r'name="(pass-on-[^"]+)"', page.text)
    more = dict.fromkeys(boxes, "yes") if ticks else {}
    assert "You said yes" in town.send(page, **town.open_ones(page), **more).text
    return str(row(town)["ref"])


def row(town: Town, **where: Any) -> dict[str, Any]:
    return max(map(dict, town.site.rows(MandateRecord, **where)), key=lambda one: one["created_at"])


def let(town: Town, mandate: str, **more: Any) -> Any:
    """Let Tom pass it on by the page."""
    town.as_("tom")
    page = town.site.get(f"{AT}/firm-1/people/{mandate}/pass-on")
    if page.status_code != 200:
        return page
    wish = {"organisation": OTHER, "power": ["view"], "term": "as-long", **more}
    return town.send(page, **wish)


def acting(site: Site, mandate: str) -> dict[str, Any]:
    answer = site.redeem("tax", site.act(mandate, scope="openid profile"))
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def test_a_part_is_passed_on_and_every_token_and_page_names_the_chain(passing: Town) -> None:
    town, site = passing, passing.site
    parent = accepted(town)
    kept = row(town, ref=parent)
    assert kept["max_chain"] == 1
    said = kept["evidence"][0]["words"]
    assert said[-1].startswith("Ticked: Harbour Accounts may let another organisation")
    assert not any(one.startswith("Only if you tick it: ") for one in said), "it was ticked"

    page = let(town, parent)
    assert "Payroll Ltd does a part of it for you" in page.text
    child = row(town, parent_ref=parent)
    assert (child["delegate"], child["powers"], child["expires"], child["max_chain"]) == (
        OTHER, ["view"], kept["expires"], 0,
    )  # fmt: skip
    told = [(to, notice) for to, notice, _ in town.mail()]
    assert ("margaret@example.test", "helper-passed-on") in told
    assert ("sian@example.test", "taken-on") in told

    town.as_("margaret")
    helpers = site.get("/account/helpers").text
    assert "Harbour Accounts lets Payroll Ltd do this." in helpers
    above = site.get(f"/account/helpers/{parent}").text
    assert "Harbour Accounts lets Payroll Ltd do a part of it" in above
    assert "You can end it alone" in site.get(f"/account/helpers/{child['ref']}").text

    town.as_("sian")
    person = site.get(f"{AT}/{OTHER}/people/{child['ref']}").text
    assert "through Harbour Accounts" in person
    assert "pass-on" not in person, "a child of one link goes no further"
    assert site.get(f"{AT}/{OTHER}/people/{child['ref']}/pass-on").status_code == 404
    tokens = acting(site, child["ref"])
    act = claims_of(tokens["id_token"])["act"]
    assert (act["org"], act["act"]) == (OTHER, {"org": "firm-1"})
    assert claims_of(tokens["access_token"])["act"] == act
    assert site.introspect("tax", tokens["access_token"])["act"] == act
    info = site.userinfo(tokens["access_token"]).json or {}
    assert {**info["act"], "name": None} == {**act, "name": None}
    assert claims_of(tokens["id_token"])["mandate"]["scopes"] == ["tax:view"]

    browser = site.browser
    town.as_("margaret")
    town.post(f"/account/helpers/{parent}/end", site.get(f"/account/helpers/{parent}"))
    site.browser = browser
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    assert site.userinfo(tokens["access_token"]).status_code == 401
    if "refresh_token" in tokens:
        assert site.refresh("tax", tokens["refresh_token"]).status_code == 400
    assert row(town, ref=child["ref"])["state"] == "ended"


def test_a_firm_that_is_stopped_acts_through_nobody_else(passing: Town) -> None:
    """I12: what it passed on is refused as long as it is suspended, and not destroyed."""
    town, site = passing, passing.site
    let(town, accepted(town))
    child = row(town, delegate=OTHER)["ref"]
    town.as_("sian")
    tokens = acting(site, child)
    code = site.act(child, scope="openid profile")
    past = site.database.now()
    site.change(OrganisationRecord, {"suspends_at": past}, ref="firm-1")
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    assert site.userinfo(tokens["access_token"]).status_code == 401
    refused = site.redeem("tax", code)
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    site.change(OrganisationRecord, {"suspends_at": None}, ref="firm-1")
    assert site.introspect("tax", tokens["access_token"])["active"] is True


def test_without_the_tick_nothing_is_passed_on(passing: Town) -> None:
    town = passing
    parent = accepted(town, ticks=False)
    assert row(town)["max_chain"] == 0
    assert not [one for one in row(town)["evidence"][0]["words"] if "tick" in one.lower()]
    assert let(town, parent).status_code == 404


def test_a_person_who_helps_is_offered_no_passing_on(town: Town) -> None:
    link = town.offered()
    town.as_("sian")
    assert "pass-on-" not in town.site.get(f"{link}/answer").text


def test_what_is_wrong_with_the_other_organisation_is_told_in_one_way(passing: Town) -> None:
    """An organisation learns nothing of another, nor whom that one helps."""
    town, site = passing, passing.site
    parent = accepted(town)
    held = site.give_mandate(delegate=OTHER)
    others = ("nobody", "firm-1", OTHER, "", "x" * 99)
    pages = [let(town, parent, organisation=to) for to in others]
    site.change(OrganisationRecord, {"verified_at": None}, ref=OTHER)
    pages.append(let(town, parent))
    plain = {re.sub(r'(value|nonce)="[^"]*"', "", page.text) for page in pages}
    assert {page.status_code for page in pages} == {422}
    assert len(plain) == 1
    assert "You cannot let this one do it" in plain.pop()
    assert [one["ref"] for one in site.rows(MandateRecord, delegate=OTHER)] == [held]


def test_a_wrong_part_or_term_passes_nothing_on(passing: Town) -> None:
    town = passing
    parent = accepted(town)
    date = {"term": "date", "day": "1", "month": "1"}
    wrongs: list[dict[str, Any]] = [
        {"power": ["repayment"]}, {"power": []}, {"power": ["all"]}, {"term": ""},
        {**date, "year": "2000"}, {**date, "year": "9999"}, {**date, "year": "٣"},
        {**date, "day": "31", "month": "12", "year": "9999"}, {"term": "date"},
    ]  # fmt: skip
    for wrong in wrongs:
        assert let(town, parent, **wrong).status_code == 422, wrong
    assert len(town.site.rows(MandateRecord)) == 1


def test_either_firm_takes_it_back_and_nobody_else(passing: Town) -> None:
    town, site = passing, passing.site
    parent = accepted(town)
    for firm, who in (("firm-1", "tom"), (OTHER, "sian")):
        let(town, parent)
        child = row(town, delegate=OTHER)["ref"]
        town.as_("sian")
        mine = site.get(f"{AT}/{OTHER}/people/{child}")
        stolen = town.post(f"{AT}/{OTHER}/people/{child}/take-back", mine, child=parent)
        assert stolen.status_code == 404, "the parent is none of hers"
        town.as_(who)
        page = site.get(f"{AT}/{firm}/people/{child if firm == OTHER else parent}")
        again = town.post(f"{AT}/{firm}/people/{parent}/take-back", page, child=child)
        assert "Payroll Ltd does it no more" in again.text
        assert row(town, ref=child)["ended_reason"] == "resigned_by_delegate"
        assert row(town, ref=parent)["state"] == "active"
        (ended,) = site.rows(JournalEntry, kind="mandate-ended", mandate_ref=child)
        assert (ended["actor"], ended["person"]) == (firm, town.person("margaret"))
        assert ("margaret@example.test", "passed-on-ended") in [m[:2] for m in town.mail()]
    let(town, parent)
    child = row(town, delegate=OTHER)["ref"]
    third = town.site.account("nobody")["ref"]

    def work(tx: Transaction) -> None:
        now = tx.now()
        tx.execute(insert(OrganisationRecord).values(
            ref="third-3", name="Third & Co", kind="firm", entered_by="tests", created_at=now,
            verified_by="tests", verified_at=now,
        ))  # fmt: skip
        tx.execute(insert(MemberRecord).values(
            ref="member-3", organisation_ref="third-3", account_ref=third, name="Nobody",
            roles=["admin"], added_by="tests", joined_at=now,
        ))  # fmt: skip

    site.database.transaction(work)
    site.change(MemberRecord, {"roles": ["worker"]}, ref="member-1")
    for who, firm in (("nobody", "third-3"), ("nobody", "firm-1"), ("tom", "firm-1")):
        town.as_(who)
        page = site.get("/account/sessions")
        refused = town.post(f"{AT}/{firm}/people/{parent}/take-back", page, child=child)
        assert refused.status_code == 404, (who, firm)
    assert row(town, ref=child)["state"] == "active"
    assert let(town, parent).status_code == 404, "a worker passes nothing on"


def test_what_the_principal_ended_alone_is_not_passed_on_to_the_same_again(passing: Town) -> None:
    town, site = passing, passing.site
    parent = accepted(town)
    let(town, parent)
    child = row(town, delegate=OTHER)["ref"]
    town.as_("margaret")
    town.post(f"/account/helpers/{child}/end", site.get(f"/account/helpers/{child}"))
    assert row(town, ref=child)["ended_reason"] == "ended_by_principal"
    assert row(town, ref=parent)["state"] == "active"
    assert let(town, parent).status_code == 422


def test_an_operator_sees_the_chain(passing: Town) -> None:
    town, site = passing, passing.site
    parent = accepted(town)
    let(town, parent)
    child = row(town, delegate=OTHER)["ref"]

    def work(tx: Transaction) -> tuple[Any, Any, Any]:
        above, below = find(tx, parent), find(tx, child)
        assert above is not None
        assert below is not None
        said = explain(tx, site.house.policies, below, site.house.services.clients.get(tx, "tax"))
        return chain_shown(tx, above), chain_shown(tx, below), said.sentences

    above, below, said = site.database.read(work)
    assert above == {"may_be_passed_on": 1, "through": [], "passed_on": [f"{child} (Payroll Ltd)"]}
    assert below["through"] == [f"{parent} (Harbour Accounts)"]
    assert f"It was passed on by the organisation firm-1, from {parent}, which is active." in said


def test_a_business_is_told_by_letter(passing: Town) -> None:
    town, site = passing, passing.site
    parent = site.give_mandate(delegate="firm-1", max_chain=1)
    site.change(
        MandateRecord, {"principal": "business-1", "principal_kind": "business"}, ref=parent
    )
    site.database.transaction(lambda tx: tx.execute(insert(BusinessRecord).values(
        ref="business-1", name="Hill Farm Ltd", kind="company", address={}, created_at=tx.now(),
    )))  # fmt: skip
    assert "Payroll Ltd does a part" in let(town, parent).text
    (letter,) = site.rows(LetterRecord)
    assert (letter["party"], letter["notice"]) == ("business-1", "helper-passed-on")
