"""The account's holder sees every way in and every browser, and shuts what is not theirs."""

import re

from idp.authentication import recovery_codes
from idp.authentication.records import PasskeyRecord, SessionRecord
from idp.journal.actions import Entry, record
from idp.outbox.records import OutboxRecord
from tests.authentication.visits import ONE_ENGINE_SITE
from tests.build import BOTH, ISSUER, Site

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def print_codes(site: Site, name: str) -> None:
    account = site.account(name)["ref"]
    site.database.transaction(lambda tx: recovery_codes.make_codes(tx, site.house.keyring, account))


def live(site: Site) -> set[str]:
    return {row["ref"] for row in site.rows(SessionRecord) if row["ended_at"] is None}


def test_every_way_to_sign_in_is_listed_with_what_can_be_done(site: Site) -> None:
    site.sign_in("sian", BOTH)
    page = site.get("/account/methods").text
    assert "You could lose your account" in page
    assert "Get recovery codes" in page
    print_codes(site, "sian")
    page = site.get("/account/methods").text
    assert "You could lose your account" not in page
    assert "10 codes left" in page
    links = re.findall(r'href="(/(?:account/methods|methods)/[^"]*)"', page)
    assert links == [
        "/methods/password", "/account/methods/password/remove",
        "/methods/app", "/account/methods/one-time-code/remove",
        "/methods/recovery-codes", "/account/methods/recovery-code/remove",
        "/methods/passkey", "/methods/text",
    ]  # fmt: skip


def test_a_way_is_taken_away_only_when_enough_are_left(site: Site) -> None:
    key = site.give_passkey("sian", device_bound=True)
    print_codes(site, "sian")
    site.sign_in("sian", BOTH)
    elsewhere = site.new_browser()
    other = site.sign_in("sian", BOTH, browser=elsewhere)
    asked = site.get("/account/methods/one-time-code/remove")
    assert "We sign you out everywhere else" in asked.text
    gone = site.submit(asked)
    assert gone.request.path == "/account/methods"
    assert "App that makes codes" not in gone.text.split("Add another way")[0]
    assert other not in live(site)
    (row,) = site.rows(PasskeyRecord)
    assert row["credential_id"] == key.id
    stays = site.submit(site.get(f"/account/methods/{row['ref']}/remove"))
    assert stays.status_code == 409
    assert "You need this way to sign in" in stays.text
    assert len(site.rows(PasskeyRecord)) == 1


@ONE_ENGINE_SITE
def test_taking_a_way_away_takes_a_fresh_sign_in_and_a_way_of_ones_own(site: Site) -> None:
    site.give_passkey("margaret")
    (row,) = site.rows(PasskeyRecord)
    site.sign_in("sian", BOTH)
    assert site.get(f"/account/methods/{row['ref']}/remove").status_code == 404
    assert site.get("/account/methods/short-password/remove").status_code == 404
    site.sign_in("sian", BOTH, ago=16 * 60)
    page = site.get("/account/methods/password/remove")
    assert page.request.path.startswith("/sign-in/")


def test_browsers_are_listed_by_words_their_owner_knows_and_signed_out_one_by_one(
    site: Site,
) -> None:
    phone, tablet = site.new_browser(), site.new_browser()
    here = site.sign_in("sian", BOTH)
    there = site.sign_in("sian", BOTH, browser=phone)
    away = site.sign_in("sian", BOTH, browser=tablet)
    strangers = site.sign_in("tom", BOTH, browser=site.new_browser())
    site.change(SessionRecord, {"device": "Firefox on Linux"}, ref=there)
    page = site.get("/account/sessions")
    names = re.findall(r'<h3 class="govuk-heading-s">(.*?)</h3>', page.text)
    assert names[0] == "A browser we do not know (this browser)"
    assert sorted(names[1:]) == ["A browser we do not know", "Firefox on Linux"]
    assert strangers not in page.text
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]

    def post(path: str) -> int:
        data = {"csrf_token": token}
        return site.browser.post(path, data=data, base_url=ISSUER).status_code

    assert post(f"/account/sessions/{strangers}/end") == 404
    assert post(f"/account/sessions/{there}/end") == 303
    assert post(f"/account/sessions/{there}/end") == 404
    assert live(site) == {here, away, strangers}
    assert site.get("/account", browser=phone).request.path != "/account"
    site.sign_in("sian", BOTH, browser=phone)
    assert post("/account/sessions/end-others") == 303
    assert live(site) == {here, strangers}
    assert post(f"/account/sessions/{here}/end") == 303
    assert live(site) == {strangers}
    assert site.browser.get_cookie("gatehouse_session") is None


@ONE_ENGINE_SITE
def test_a_browser_that_is_signed_out_signs_out_of_its_services_too(site: Site) -> None:
    elsewhere = site.new_browser()
    site.sign_in("sian", BOTH, browser=elsewhere)
    mine, site.browser = site.browser, elsewhere
    site.code("library")
    site.browser = mine
    site.sign_in("sian", BOTH)
    page = site.get("/account/sessions")
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    data = {"csrf_token": token}
    site.browser.post("/account/sessions/end-others", data=data, base_url=ISSUER)
    assert "backchannel-logout" in {row["kind"] for row in site.rows(OutboxRecord)}


def test_the_latest_sign_ins_are_shown_with_how_and_where(site: Site) -> None:
    sian = site.world.people["sian"]
    page = site.authorize("tax", scope="openid")
    page = site.submit(page, email=sian.email, password=sian.password)
    site.submit(page, code="000000")
    page = site.submit(site.get(page.request.path), code=site.code_now("sian"))
    shown = site.get("/account/sessions").text.split("Who signed in lately")[1]
    assert "You showed that it is you: Password" in shown
    assert "You showed that it is you: App that makes codes" in shown
    assert "could not: App that makes codes" in shown
    assert "Tax" in shown


@ONE_ENGINE_SITE
def test_what_an_officer_did_is_not_laid_at_ones_own_door(site: Site) -> None:
    person = site.account("sian")["person_ref"]
    site.database.transaction(
        lambda tx: record(tx, Entry(kind="officer-looked-up", person=person, actor="an-officer"))
    )
    site.sign_in("sian", BOTH)
    page = site.get("/account/activity").text
    assert "An officer at a counter looked up your name" in page
    assert "An officer</p>" in page.replace("\n", "")
