"""A charity at a kitchen table: the person is there, agrees, and is told; on both engines."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.accounts.records import AccountRecord
from idp.delegation.lifecycle import end_of_day
from idp.delegation.records import AssignmentRecord, MandateInvitationRecord, MandateRecord
from idp.delegation.reminding import remind_all
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.organisations import agreement
from idp.organisations.records import MemberRecord, StandardAgreementRecord
from idp.outbox.records import OutboxRecord
from idp.register.records import PersonRecord
from tests.build import ISSUER, Site
from tests.rig.firms import opener

PHONE = "+447700900123"
MARGARET = {"number": "CE 12 34 56 B", "given_name": "Margaret", "family_name": "Hughes"}
CHOSEN = {"powers": "vehicles:renew", "days": "1"}


@pytest.fixture
def charity(site: Site) -> str:
    """A charity whose administrator Tom signed, with Sian as its adviser, who is signed in."""
    organisation = site.give_organisation()
    site.give_member(organisation, "tom", "admin")
    site.give_member(organisation, "sian", "worker")
    mark = agreement.fingerprint(agreement.text_of("Example Advice", ["vehicles"]))
    signed = site.database.transaction(
        lambda tx: agreement.sign(
            tx, organisation, opener(site.account("tom")["ref"]), services=["vehicles"], shown=mark
        )
    )
    assert signed == mark
    site.change(PersonRecord, {"contacts": {"phone": PHONE}}, ref=_margaret(site))
    site.sign_in()
    return organisation


def _margaret(site: Site) -> str:
    return str(site.account("margaret")["person_ref"])


def _facts(site: Site) -> dict[str, str]:
    (row,) = site.rows(PersonRecord, ref=_margaret(site))
    born = row["birth_date"]
    return {**MARGARET, "day": str(born.day), "month": str(born.month), "year": str(born.year)}


def _choose(site: Site, charity: str, **more: str) -> TestResponse:
    page = site.get(f"/helping/organisations/{charity}/assist")
    page = site.submit(page, **_facts(site))
    assert page.status_code == 200, page.text
    return site.submit(page, kept=_kept(page), **{**CHOSEN, **more})


def _kept(page: TestResponse) -> str:
    (found,) = re.findall(r'name="kept" value="([^"]*)"', page.text)
    return str(found)


def _texts(site: Site) -> list[dict[str, str]]:
    rows = site.rows(OutboxRecord, kind="notice-text")
    return [dict(unseal(site.house.keyring, row["payload"]).values) for row in rows]


def test_two_text_messages_make_a_permission_that_its_evidence_caps(
    site: Site, charity: str
) -> None:
    page = _choose(site, charity, evidence="text-two-steps")
    page = site.submit(page, kept=_kept(page))
    recap, code = _texts(site)
    assert recap == {"organisation": "Example Advice", "services": "Car tax"}
    (row,) = site.rows(MandateRecord)
    assert row["state"] == "draft", "nothing before the person reads out the code"
    # It is no offer: no page of offers shows it, and the reminders of all offers go by it.
    asked = f"/helping/invitations/{charity}"
    assert site.get(f"{asked}?show=all").status_code == 200
    for path in (f"{asked}/offers/{row['bundle']}", f"/account/helpers/offers/{row['bundle']}"):
        assert site.get(path).status_code == 404
    assert remind_all(site.database, site.house.keyring) == 0
    page = site.submit(page, code=code["code"])
    assert "Receipt for Margaret Hughes" in page.text
    (row,) = site.rows(MandateRecord)
    assert (row["state"], row["basis"], row["delegate"]) == ("active", "assisted", charity)
    assert (row["evidence_identity"], row["evidence_sign_in"]) == (1, 1)
    assert row["expires"] == end_of_day(row["starts"]), "today only is until midnight"
    assert len(row["text_hash"]) == 64
    (assigned,) = site.rows(AssignmentRecord)
    assert assigned["mandate_ref"] == row["ref"]
    (given,) = site.rows(JournalEntry, kind="mandate-given", person=_margaret(site))
    assert given["actor"] == site.account("sian")["person_ref"]


def test_what_was_chosen_is_still_chosen_when_something_is_missing(
    site: Site, charity: str
) -> None:
    page = _choose(site, charity)
    assert page.status_code == 422
    assert len(re.findall(r'value="(?:vehicles:renew|1)"\s+checked', page.text)) == 2, page.text
    page = site.submit(page, kept=_kept(page), evidence="signed-paper")
    assert page.status_code == 422, "what is sent is what counts"
    assert len(re.findall(r'value="signed-paper"\s+checked', page.text)) == 1


def test_the_home_of_a_charity_leads_to_help_in_person_and_to_its_agreement(
    site: Site, charity: str
) -> None:
    home = site.get(f"/helping/organisations/{charity}").text
    for path in ("assist", "agreement"):
        assert f'href="/helping/organisations/{charity}/{path}"' in home
        page = site.get(f"/helping/organisations/{charity}/{path}").text
        assert f'href="/helping/organisations/{charity}"' in page, "and back"


def test_a_code_works_once_and_three_wrong_ones_end_the_draft(site: Site, charity: str) -> None:
    page = _choose(site, charity, evidence="text-two-steps")
    page = site.submit(page, kept=_kept(page))
    right = _texts(site)[1]["code"]
    wrong = "111111" if right != "111111" else "222222"
    for typed in (wrong, "１２３４５６", wrong, right):
        page = site.submit(page, code=typed)
        assert page.status_code == 422
    (row,) = site.rows(MandateRecord)
    assert row["state"] == "draft"
    assert site.rows(MandateInvitationRecord)[0]["attempts"] == 3


def test_a_code_is_too_old_after_ten_minutes(site: Site, charity: str) -> None:
    page = _choose(site, charity, evidence="text-two-steps")
    page = site.submit(page, kept=_kept(page))
    site.later(minutes=10)
    site.sign_in()
    assert site.submit(page, code=_texts(site)[1]["code"]).status_code == 422
    assert site.rows(MandateRecord)[0]["state"] == "draft"


def test_on_paper_it_is_made_at_once_and_where_the_paper_is_stays_unread(
    site: Site, charity: str
) -> None:
    page = _choose(site, charity, evidence="signed-paper")
    assert site.submit(page, kept=_kept(page), document=" ").status_code == 422
    page = site.submit(page, kept=_kept(page), document="Folder 7, number 112")
    assert "Receipt" in page.text
    (row,) = site.rows(MandateRecord)
    assert row["state"] == "active"
    assert row["evidence"][0]["held_by"] == charity
    assert "Folder" not in str(dict(row))
    (given,) = site.rows(JournalEntry, kind="mandate-given", mandate_ref=row["ref"])
    assert given["reference"] in page.text, "short enough to be said on the telephone"
    assert row["ref"] not in page.text


def test_without_the_agreement_nobody_helps(site: Site, charity: str) -> None:
    site.change(
        StandardAgreementRecord, {"ended_at": site.database.now()}, organisation_ref=charity
    )
    page = site.get(f"/helping/organisations/{charity}/assist")
    assert "The standard agreement" in page.text
    assert "An administrator" in page.text, "the adviser cannot sign"


def test_an_outsider_finds_nothing_there(site: Site, charity: str) -> None:
    browser = site.new_browser()
    site.sign_in("margaret", browser=browser)
    for path in ("assist", "agreement"):
        answer = site.get(f"/helping/organisations/{charity}/{path}", browser=browser)
        assert answer.status_code == 404


def test_what_does_not_fit_is_answered_alike(site: Site, charity: str) -> None:
    """delegation.md I14."""
    told = set()
    for change in ({"number": "WX 99 99 99 A"}, {"family_name": "Smith"}, {"year": "1901"}):
        page = site.get(f"/helping/organisations/{charity}/assist")
        page = site.submit(page, **{**_facts(site), **change})
        assert page.status_code == 422
        (said,) = set(re.findall(r'href="#number">([^<]*)<', page.text))
        told.add(said)
    assert len(told) == 1
    assert site.rows(MandateRecord) == []
    page = site.submit(page, **{**_facts(site), "year": "9" * 24})
    assert "Enter the date of birth" in page.text


def _post_made(site: Site, charity: str, browser: FlaskClient, kept: str) -> int:
    """Send the last form with a form token that is this session's own."""
    mine = site.get(f"/helping/organisations/{charity}/assist", browser=browser)
    token = re.findall(r'name="csrf_token" value="([^"]*)"', mine.text)[0]
    data = {"csrf_token": token, "kept": kept, "document": "x"}
    answer = browser.post(
        f"/helping/organisations/{charity}/assist/make", base_url=ISSUER, data=data
    )
    return answer.status_code


def test_a_form_is_of_one_member_and_of_half_an_hour(site: Site, charity: str) -> None:
    kept = _kept(_choose(site, charity, evidence="signed-paper"))
    assert _post_made(site, charity, site.browser, kept[:-4] + "AAAA") == 422
    site.give_member(charity, "margaret", "worker")
    other = site.new_browser()
    site.sign_in("margaret", browser=other)
    assert _post_made(site, charity, other, kept) == 422
    site.later(minutes=31)
    site.sign_in()
    assert _post_made(site, charity, site.browser, kept) == 422
    assert site.rows(MandateRecord) == []


def test_the_last_form_sent_again_and_again_buys_no_more_guesses(site: Site, charity: str) -> None:
    kept = _kept(_choose(site, charity, evidence="text-two-steps"))
    answers = [_post_made(site, charity, site.browser, kept) for _ in range(8)]
    assert answers == [303] * 5 + [429] * 3
    assert len(_texts(site)) == 2 * 5
    assert len(site.rows(MandateRecord)) == 5


def test_a_code_and_a_notice_never_go_to_the_advisers_own_telephone(
    site: Site, charity: str
) -> None:
    adviser = site.account("sian")["person_ref"]
    site.change(PersonRecord, {"contacts": {"phone": PHONE}}, ref=adviser)
    page = _choose(site, charity, evidence="text-two-steps")
    page = site.submit(page, kept=_kept(page))
    assert "We have no mobile number of this person" in page.text
    assert site.rows(MandateRecord) == []
    account = site.account("margaret")["ref"]
    site.change(AccountRecord, {"disabled_at": site.database.now()}, ref=account)
    page = _choose(site, charity, evidence="signed-paper")
    assert "Receipt" in site.submit(page, kept=_kept(page), document="Folder 7").text
    assert _texts(site) == [], "it would be told to the adviser"


def test_the_person_sees_an_adviser_and_never_the_volunteers_name_and_the_journal_the_human(
    site: Site, charity: str
) -> None:
    page = site.get(f"/helping/organisations/{charity}/assist")
    site.submit(page, **{**_facts(site), "day": "1", "month": "1", "year": "1901"})
    page = _choose(site, charity, evidence="signed-paper")
    page = site.submit(page, kept=_kept(page), document="Folder 7")
    (mandate,) = site.rows(MandateRecord)
    # As at a service of this world: one that takes such evidence.
    levels = {
        "grant_identity": 2,
        "grant_sign_in": 2,
        "evidence_identity": 2,
        "evidence_sign_in": 2,
    }
    site.change(MandateRecord, {"service": "tax", "powers": ["view"], **levels})
    site.redeem("tax", site.act(mandate["ref"]))
    (volunteer,) = site.rows(MemberRecord, name="Sian")
    sian = site.account("sian")["person_ref"]
    kinds = ("assist-not-found", "assist-found", "mandate-given", "acting-started",
             "tokens-issued")  # fmt: skip
    for kind in kinds:
        (entry,) = site.rows(JournalEntry, kind=kind, person=_margaret(site))
        assert entry["actor"] == sian, kind
    site.change(MemberRecord, {"left_at": site.database.now()}, ref=volunteer["ref"])
    site.browser = site.new_browser()
    site.sign_in("margaret")
    site.get("/account")
    for path in ("activity", "helpers", f"helpers/{mandate['ref']}",
                 f"helpers/{mandate['ref']}/receipt"):  # fmt: skip
        text = site.get(f"/account/{path}").text
        assert "Sian" not in text, path
        assert "Example Advice" in text, path
    text = site.get("/account/activity").text
    for said in ("looked you up to help you in person", "with wrong details"):
        assert said in text
    assert text.count("named adviser at Example Advice") == len(kinds)
    assert "An officer" not in text


def test_a_volunteer_who_never_showed_who_they_are_is_no_officer_to_the_person(
    site: Site, charity: str
) -> None:
    site.change(AccountRecord, {"person_ref": None, "identity_level": 0}, ref=_account(site))
    _choose(site, charity, evidence="signed-paper")
    (entry,) = site.rows(JournalEntry, kind="assist-found")
    assert entry["actor"] == _account(site)
    site.browser = site.new_browser()
    site.sign_in("margaret")
    text = site.get("/account/activity").text
    assert "named adviser at Example Advice" in text
    assert "An officer" not in text


def _account(site: Site) -> str:
    return str(site.account("sian")["ref"])
