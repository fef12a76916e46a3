"""What policy says of a method is felt at the next sign-in, and read on the published list."""

import re
import shutil
from pathlib import Path

from idp.assurance.policy import load_policies
from idp.authentication.records import PhoneRecord, RememberedDeviceRecord
from idp.journal.records import JournalEntry
from tests.authentication.visits import ONE_ENGINE_SITE
from tests.build import ISSUER, POLICIES, Site, read_answer
from tests.signin.sent import NUMBER, give_phone, texts
from tests.signin.test_journeys import heading
from tests.signin.test_other_ways import links

CODE = 'id = "one-time-code"'
REVENUE = '[[certificate]]\nbody = "Example Revenue Department"'


def decide(site: Site, folder: Path, old: str, new: str, after: str = "") -> None:
    """Put a changed methods.toml in force, as an operator does."""
    copy = folder / "policies"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(POLICIES, copy)
    path = copy / "methods.toml"
    text = path.read_text()
    at = text.index(after)
    assert old in text[at:], old
    path.write_text(text[:at] + text[at:].replace(old, new, 1))
    policies = load_policies(copy, site.database.now().date())
    object.__setattr__(site.house.services, "policies_in_force", lambda: policies)


def listed(site: Site, method: str) -> dict[str, object]:
    answer = site.browser.get("/api/v1/methods", base_url=ISSUER)
    assert answer.status_code == 200
    body = answer.json or {}
    assert body["fingerprint"] == site.house.policies.fingerprint
    (one,) = [each for each in body["methods"] if each["id"] == method]
    return dict(one)


def test_a_method_that_is_withdrawn_counts_no_more_at_the_next_sign_in(
    site: Site, tmp_path: Path
) -> None:
    codes = site.give_printed_codes("sian")
    site.sign_in("sian")  # a session from before, by that very method
    assert "code" in site.answer("tax")
    assert listed(site, "one-time-code")["status"] == "common"
    before = site.house.policies.fingerprint
    decide(site, tmp_path, 'status = "common"', 'status = "withdrawn"', CODE)
    page = site.authorize("tax")
    assert heading(page) == "Type in a printed code"
    assert "A code from your app" not in site.get(links(page)["Use another way"]).text
    assert "code" in read_answer(site.submit(page, code=codes[0]))
    assert listed(site, "one-time-code")["status"] == "withdrawn"
    assert "withdrawn: it counts for nothing" in site.get("/methods").text
    made = {row["detail"]["policy"] for row in site.rows(JournalEntry, kind="signed-in-to-service")}
    assert made == {before, site.house.policies.fingerprint}


def test_a_certificate_that_ends_takes_the_method_away_from_that_body_alone(
    site: Site, tmp_path: Path
) -> None:
    give_phone(site)
    site.sign_in("sian", ("password", "sms-code"))
    assert "code" in site.answer("tax")
    assert site.get("/account").status_code == 200
    decide(site, tmp_path, REVENUE, '[[certificate]]\nbody = "Another Body"')
    assert heading(site.authorize("tax")) == "Type in your code"
    assert heading(site.get("/account")) == "My page", "our own pages have their own"


@ONE_ENGINE_SITE
def test_the_list_is_kept_five_minutes_and_known_by_its_tag(site: Site) -> None:
    first = site.browser.get("/api/v1/methods", base_url=ISSUER)
    assert first.headers["Cache-Control"] == "public, max-age=300"
    tag = {"If-None-Match": first.headers["ETag"]}
    again = site.browser.get("/api/v1/methods", base_url=ISSUER, headers=tag)
    assert (again.status_code, again.data) == (304, b"")
    assert site.browser.post("/api/v1/methods", base_url=ISSUER).status_code == 405


@ONE_ENGINE_SITE
def test_the_page_lists_every_method_of_the_file(site: Site) -> None:
    page = site.get("/methods")
    assert site.house.policies.fingerprint in page.text
    for method in site.house.policies.methods.values():
        assert f'id="{method.id}"' in page.text
    assert "Example Revenue Department, until 21 November 2027" in page.text


def test_a_browser_is_remembered_where_that_is_ticked_and_two_checks_were_made(site: Site) -> None:
    site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    assert 'name="remember"' in page.text
    assert "code" in read_answer(site.submit(page, code=site.code_now("sian"), remember="yes"))
    cookie = site.browser.get_cookie("gatehouse_device", domain="localhost")
    assert cookie is not None
    assert cookie.max_age == 30 * 24 * 3600
    assert cookie.http_only
    (row,) = site.rows(RememberedDeviceRecord)
    assert cookie.value not in str(dict(row))
    shown = site.get("/account/sessions")
    assert "Devices we remember" in shown.text
    action = re.search(r'action="(/account/devices/[^"]*)"', shown.text)
    token = re.search(r'csrf_token" value="([^"]*)"', shown.text)
    assert action
    assert token
    for _ in range(2):
        gone = site.browser.post(action[1], data={"csrf_token": token[1]}, base_url=ISSUER)
    assert gone.status_code == 404
    assert site.rows(RememberedDeviceRecord)[0]["ended_at"] is not None


def test_one_check_and_a_wrong_code_remember_nothing(site: Site) -> None:
    page = site.authorize("library")
    person = site.world.people["sian"]
    site.submit(page, email=person.email, password=person.password, remember="yes")
    site.sign_in("sian", ("password",))
    site.submit(site.authorize("tax"), code="000000", remember="yes")
    assert site.rows(RememberedDeviceRecord) == []
    assert site.browser.get_cookie("gatehouse_device", domain="localhost") is None


@ONE_ENGINE_SITE
def test_a_forged_mark_is_not_there_and_no_page_minds(site: Site) -> None:
    for value in ("A" * 43, "short", "'; DROP TABLE", "é" * 43):
        site.browser.set_cookie("gatehouse_device", value, domain="localhost")
        site.sign_in("sian", ("password",))
        assert site.authorize("tax").status_code == 200


def test_a_number_is_added_changed_and_taken_away_on_the_account_pages(site: Site) -> None:
    site.sign_in("sian")
    page = site.get("/account/methods")
    page = site.get(links(page)["Get codes by text message"])
    assert "after 3 days" in page.text
    refused = site.submit(page, number="020 7946 0000", shown=_shown(page))
    assert (refused.status_code, "mobile phone" in refused.text) == (422, True)
    check = site.submit(page, number="07700 900123", shown=_shown(page))
    assert heading(check) == "Type in the code we sent"
    code = texts(site)[-1].values["code"]
    wrong = site.submit(check, code=f"{(int(code) + 1) % 1_000_000:06d}", shown=_shown(check))
    assert wrong.status_code == 422
    assert site.rows(PhoneRecord) == []
    done = site.submit(check, code=code, shown=_shown(check))
    assert "Codes by text message" in done.text
    account = site.account("sian")["ref"]
    (row,) = site.rows(PhoneRecord)
    assert (row["account_ref"], row["moved_at"]) == (account, None)
    assert site.submit(check, code=code, shown=_shown(check)).status_code == 422, "used once"
    gone = site.get("/account/methods/sms-code/remove")
    site.submit(gone, shown=_shown(gone))
    # Two ways are left without it: so it goes, or stays where too few would be.
    kinds = [entry["kind"] for entry in site.rows(JournalEntry, person=account)]
    assert kinds.count("method-added") == 1
    assert (kinds.count("method-removed") == 1) == (site.rows(PhoneRecord) == [])
    assert NUMBER not in str(site.rows(JournalEntry))


def _shown(page: object) -> str:
    found = re.search(r'name="shown" value="([^"]*)"', page.text)  # type: ignore[attr-defined]
    return found[1] if found else ""
