"""Whom somebody acts for, and what for: asked in one page, and refused with the reason."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from idp.delegation.choosing import PURPOSE_LONGEST, PurposeFault, read_purpose
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import GrantRecord
from tests.build import PURPOSE, Site, claims_of, read_answer
from tests.rig.firms import assign, firm


def offered(text: str) -> list[str]:
    return re.findall(r'name="who" type="radio" value="([^"]*)"', text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("For ＡＢ１２３４５６", PurposeFault.NUMBER),
        ("  pay   the bill ", "pay the bill"), ("ab", PurposeFault.MISSING),
        ("", PurposeFault.MISSING), ("x" * PURPOSE_LONGEST, "x" * PURPOSE_LONGEST),
        ("x" * (PURPOSE_LONGEST + 1), PurposeFault.TOO_LONG),
        ("pay \u202e it", PurposeFault.UNREADABLE), ("for ab 12 34 56 c", PurposeFault.NUMBER),
        ("for AB123456", PurposeFault.NUMBER), ("Renew permit 123456", "Renew permit 123456"),
    ],
)  # fmt: skip
def test_a_purpose_is_a_few_plain_words_and_no_number(typed: str, kept: str) -> None:
    assert read_purpose(typed, None) == kept
    assert read_purpose(typed, "Renew the car tax") == "Renew the car tax"


def test_the_purpose_is_asked_and_kept_with_the_grant_and_for_the_principal(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    asked = site.submit(page, who=mandate)
    assert asked.status_code == 422
    assert "Say what you want to do for them" in asked.text
    assert "code" in read_answer(site.submit(asked, who=mandate, purpose="Pay the bill"))
    (grant,) = site.rows(GrantRecord)
    assert grant["purpose"] == "Pay the bill"
    (started,) = site.rows(JournalEntry, kind="acting-started")
    assert (started["detail"]["purpose"], started["mandate_ref"]) == ("Pay the bill", mandate)


def test_a_permission_for_one_purpose_shows_it_and_asks_for_none(site: Site) -> None:
    mandate = site.give_mandate(purpose="Renew the car tax", single_use=True)
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    assert "Only for this: Renew the car tax." in page.text
    assert 'name="purpose"' not in page.text
    assert "code" in read_answer(site.submit(page, who=mandate, purpose="anything else"))
    assert site.rows(GrantRecord)[0]["purpose"] == "Renew the car tax"


def test_acting_for_a_mandate_offers_only_that_one(site: Site) -> None:
    mandate, other = site.give_mandate(), site.give_mandate(principal="tom")
    site.sign_in("sian")
    page = site.authorize("tax", acting_for=mandate)
    assert offered(page.text) == [mandate]
    for wrong in (other, "self"):
        assert site.submit(page, who=wrong, purpose=PURPOSE).status_code == 422
    assert "code" in read_answer(site.submit(page, who=mandate, purpose=PURPOSE))


def test_acting_for_somebody_elses_mandate_offers_nobody(site: Site) -> None:
    others = site.give_mandate(delegate="tom")
    site.sign_in("sian")
    for named in (others, "x" * 22):
        page = site.authorize("tax", acting_for=named)
        assert offered(page.text) == []
        assert "Nobody has given you permission" in page.text


@pytest.mark.parametrize("named", ["x", "a b" * 8, "x" * 65, "../" * 8])
def test_acting_for_what_cannot_be_a_mandate_is_refused(site: Site, named: str) -> None:
    assert site.answer("tax", acting_for=named)["error"] == "invalid_request"


def test_prompt_none_never_starts_acting_with_a_mandate_named_either(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian")
    got = site.answer("tax", acting_for=mandate, prompt="none")
    assert got["error"] == "interaction_required"


def test_a_firms_people_are_offered_to_the_member_they_are_assigned_to(site: Site) -> None:
    mandate = firm(site)
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    assert offered(page.text) == []
    assign(site, mandate)
    page = site.authorize("tax", acting_for="choose")
    assert offered(page.text) == ["self", mandate]
    assert "For Smith &amp; Co." in page.text
    code = read_answer(site.submit(page, who=mandate, purpose=PURPOSE))["code"]
    token = (site.redeem("tax", code).json or {})["access_token"]
    assert claims_of(token)["act"]["org"] == "the-firm"


def test_a_refusal_names_what_is_missing_with_the_journals_reference(site: Site) -> None:
    mandate = firm(site)
    site.sign_in("sian")
    page = site.authorize("tax", acting_for=mandate)
    refused = site.submit(page, who=mandate, purpose=PURPOSE)
    assert refused.status_code == 403
    assert "Your organisation has not given this person to you. Ask your manager." in refused.text
    (entry,) = site.rows(JournalEntry, kind="acting-refused")
    assert entry["reference"] in refused.text
    assert entry["detail"]["reason"] == "not-assigned"
    assert entry["person"] == site.account("margaret")["person_ref"]
    assert site.rows(GrantRecord) == []
    again = site.submit(refused)
    assert offered(again.text) == [mandate]
    back = read_answer(site.browser.post(
        re.findall(r'action="(/sign-in/[^"]*/back)"', refused.text)[0],
        data={"csrf_token": re.findall(r'name="csrf_token" value="([^"]*)"', refused.text)[0]},
        base_url="http://localhost:18000"))  # fmt: skip
    assert back["error"] == "access_denied"


def test_more_than_twenty_are_found_by_family_name_page_by_page(site: Site) -> None:
    ref = firm(site, access="everyone")
    (first,) = site.rows(MandateRecord, ref=ref)

    def work(tx) -> None:
        for number in range(44):
            tx.execute(
                insert(MandateRecord).values(
                    {
                        **first,
                        "ref": f"mandate-{number:02}",
                        "principal": f"person-{number}",
                        "principal_sort": f"{('evans', 'jones')[number % 2]} {number:02}",
                    }
                )
            )
        tx.execute(update(MandateRecord).where(MandateRecord.ref == ref)
                   .values(principal_sort="o_neil margaret"))  # fmt: skip

    site.database.transaction(work)
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    seen = offered(page.text)[1:]
    assert len(seen) == 20
    more = site.submit(page, do="more", after=re.findall(r'name="after" value="([^"]*)"',
                                                          page.text)[0])  # fmt: skip
    seen += offered(more.text)[1:]
    last = site.submit(more, do="more", after=re.findall(r'name="after" value="([^"]*)"',
                                                         more.text)[0])  # fmt: skip
    seen += offered(last.text)[1:]
    assert len(seen) == len(set(seen)) == 45
    assert "See more people" not in last.text
    found = site.submit(page, do="find", name="  JONES 0")
    assert len(offered(found.text)) == 6
    assert offered(site.submit(page, do="find", name="o_n").text) == ["self", ref]
    assert offered(site.submit(page, do="find", name="o%").text) == []
    assert "We found nobody by that name." in site.submit(page, do="find", name="zz").text
    assert "code" in read_answer(site.submit(found, who=ref, purpose=PURPOSE))


def test_a_permission_that_ends_on_the_page_is_refused_with_the_reason(site: Site) -> None:
    mandate = site.give_mandate(life=timedelta(minutes=5))
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose")
    site.later(minutes=6)
    refused = site.submit(page, who=mandate, purpose=PURPOSE)
    assert refused.status_code == 403
    assert "its time is over" in refused.text
