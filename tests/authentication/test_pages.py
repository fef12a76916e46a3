"""Methods are set up by whoever proved enough, lately enough, and count from then on."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.authentication import actions, adding, sessions
from idp.authentication.records import (
    OneTimeCodeRecord,
    PasskeyRecord,
    PasswordRecord,
    RecoveryCodeRecord,
    SessionRecord,
)
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice, unseal
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from tests.authentication.visits import ONE_ENGINE_SITE
from tests.build import BOTH, ISSUER, PASSWORD, Site
from tests.rig.authenticator import Authenticator

PAGES = ("app", "passkey", "recovery-codes", "password")


def field(page: TestResponse, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found, page.text
    return unescape(found[1])


def seed_of(page: TestResponse) -> str:
    address = re.search(r'href="(otpauth:[^"]*)"', page.text)
    assert address, page.text
    return parse_qs(urlsplit(unescape(address[1])).query)["secret"][0]


def options_of(page: TestResponse) -> dict[str, Any]:
    found = re.search(r'data-passkey-options="([^"]*)"', page.text)
    assert found, page.text
    options: dict[str, Any] = json.loads(unescape(found[1]))
    return options


def told(site: Site) -> list[Notice]:
    rows = [row for row in site.rows(OutboxRecord) if row["kind"].startswith("notice-")]
    return [unseal(site.house.keyring, row["payload"]).notice for row in rows]


def kinds(site: Site) -> list[str]:
    return [row["kind"] for row in site.rows(JournalEntry)]


@ONE_ENGINE_SITE
def test_nobody_gets_in_without_having_proved_what_the_methods_reach_lately(site: Site) -> None:
    for path in PAGES:
        site.browser = site.new_browser()
        assert site.get(f"/methods/{path}").request.path.endswith("/password"), path
        site.sign_in("sian", (PASSWORD,))
        assert site.get(f"/methods/{path}").request.path.endswith("/code"), path
        site.sign_in("sian", BOTH, ago=16 * 60)
        assert site.get(f"/methods/{path}").request.path.endswith("/password"), path
        site.sign_in("sian", BOTH)
        page = site.get(f"/methods/{path}")
        assert (page.status_code, page.request.path) == (200, f"/methods/{path}")


@ONE_ENGINE_SITE
def test_the_way_leads_through_sign_in_and_back_to_where_it_was_wanted(site: Site) -> None:
    sian = site.world.people["sian"]
    page = site.get("/methods/recovery-codes?to=enrol&more=x")
    page = site.submit(page, email=sian.email, password=sian.password)
    page = site.submit(page, code=site.code_now("sian"))
    assert page.request.path == "/methods/recovery-codes"
    assert 'action="/methods/recovery-codes?to=enrol"' in page.text


def test_an_account_that_nobody_proved_adds_its_second_method_after_a_password(site: Site) -> None:
    site.sign_in("nobody", (PASSWORD,))
    page = site.get("/methods/app?to=enrol")
    assert page.request.path == "/methods/app"
    assert "already" in page.text
    seed = seed_of(page)
    code = actions.code_at(seed, site.now() // 30)
    done = site.browser.post(
        "/methods/app?to=enrol",
        data={"csrf_token": field(page, "csrf_token"), "offer": field(page, "offer"),
              "code": f"{code[:3]} {code[3:]}"},
        base_url=ISSUER,
    )  # fmt: skip
    assert (done.status_code, urlsplit(done.location).path) == (303, "/enrol/next")
    # It counts as proved at once, in a session with a new secret; that very code counts no more.
    assert site.get("/account/methods").request.path == "/account/methods"
    account = site.account("nobody")["ref"]
    spent = site.database.transaction(
        lambda tx: actions.spend_code(
            tx, site.house.keyring, account_ref=account, code=code, now=tx.now()
        )
    )
    assert not spent
    assert told(site) == [Notice.METHOD_ADDED]
    assert "method-added" in kinds(site)
    assert seed not in str(site.rows(OneTimeCodeRecord))


@ONE_ENGINE_SITE
def test_a_wrong_code_keeps_the_picture_and_an_offer_is_one_sessions_for_45_minutes(
    site: Site,
) -> None:
    site.sign_in("nobody", (PASSWORD,))
    page = site.get("/methods/app")
    wrong = site.submit(page, offer=field(page, "offer"), code="000000")
    assert wrong.status_code == 422
    assert seed_of(wrong) == seed_of(page)
    for offer in ("", "1.x", "1." + "A" * 60, "2.AAAA", "é"):
        made_up = site.submit(page, offer=offer, code="000000")
        assert made_up.status_code == 422
        assert seed_of(made_up) != seed_of(page)
    code = actions.code_at(seed_of(page), site.now() // 30)
    theirs = site.new_browser()
    mine, site.browser = site.browser, theirs
    site.sign_in("nobody", (PASSWORD,))
    other = site.get("/methods/app")
    assert site.submit(other, offer=field(page, "offer"), code=code).status_code == 422
    site.browser = mine
    assert site.account("nobody")["ref"] not in {
        row["account_ref"] for row in site.rows(OneTimeCodeRecord)
    }
    site.later(minutes=29)
    site.get("/account")  # still in use
    site.later(minutes=17)
    code = actions.code_at(seed_of(page), site.now() // 30)
    late = site.submit(page, offer=field(page, "offer"), shown=field(page, "shown"), code=code)
    assert late.status_code == 422
    assert seed_of(late) != seed_of(page)


def test_a_new_app_takes_the_place_of_the_old_one_and_ends_other_sessions(site: Site) -> None:
    elsewhere = site.new_browser()
    site.sign_in("sian", BOTH, browser=elsewhere)
    site.sign_in("sian", BOTH)
    page = site.get("/methods/app")
    assert "stops working" in page.text
    old = site.code_now("sian")
    done = site.submit(
        page, offer=field(page, "offer"), code=actions.code_at(seed_of(page), site.now() // 30)
    )
    assert done.request.path == "/account/methods"
    assert site.get("/account", browser=elsewhere).request.path != "/account"
    account = site.account("sian")["ref"]
    assert not site.database.transaction(
        lambda tx: actions.spend_code(
            tx, site.house.keyring, account_ref=account, code=old, now=tx.now()
        )
    )


@ONE_ENGINE_SITE
def test_the_picture_holds_what_the_link_and_the_letters_say(site: Site) -> None:
    site.sign_in("sian", BOTH)
    page = site.get("/methods/app")
    seed = seed_of(page)
    assert " ".join(seed[at : at + 4] for at in range(0, len(seed), 4)) in page.text
    assert "<svg" in page.text
    assert "style=" not in page.text[page.text.index("<svg") : page.text.index("</svg>")]
    assert "sian%40example.test" in page.text


def test_a_passkey_is_made_and_one_that_is_not_believed_is_asked_for_again(site: Site) -> None:
    site.sign_in("sian", BOTH)
    key = Authenticator(ISSUER)
    page = site.get("/methods/passkey")
    refused = site.submit(page, passkey=key.create(options_of(page), verified=False))
    assert refused.status_code == 422
    assert site.rows(PasskeyRecord) == []
    done = site.submit(refused, passkey=key.create(options_of(refused)))
    assert done.request.path == "/account/methods"
    assert "Passkey" in done.text
    again = site.submit(refused, passkey=key.create(options_of(refused)))
    assert again.status_code == 422
    assert len(site.rows(PasskeyRecord)) == 1
    for said in ("", "{}", "x" * 20_000):
        assert site.submit(refused, passkey=said).status_code == 422


def test_recovery_codes_are_shown_once_and_new_ones_void_them(site: Site) -> None:
    site.sign_in("nobody", (PASSWORD,))
    page = site.get("/methods/recovery-codes?to=enrol")
    assert not site.rows(RecoveryCodeRecord)  # looking makes none
    shown = site.submit(page)
    codes = re.findall(r"<li[^>]*>([2-9A-Z]{5}-[2-9A-Z]{5}-[2-9A-Z]{5})</li>", shown.text)
    assert len(set(codes)) == 10
    assert 'href="/enrol/next"' in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    assert not any(code in site.get("/methods/recovery-codes").text for code in codes)
    before = {row["code_index"] for row in site.rows(RecoveryCodeRecord)}
    assert "stop working" in site.get("/methods/recovery-codes").text
    site.submit(site.get("/methods/recovery-codes"))
    after = {row["code_index"] for row in site.rows(RecoveryCodeRecord)}
    assert len(after) == 10
    assert not before & after
    assert told(site) == [Notice.METHOD_ADDED] * 2


def test_a_new_password_ends_other_sessions_and_the_old_one_is_worth_nothing(site: Site) -> None:
    elsewhere = site.new_browser()
    site.sign_in("sian", BOTH, browser=elsewhere)
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    sian = site.world.people["sian"]
    done = site.submit(page, current=sian.password, password="kettle harbour violet")
    assert done.request.path == "/account/methods"
    assert site.get("/account", browser=elsewhere).request.path != "/account"
    assert told(site) == [Notice.PASSWORD_CHANGED]
    assert "password-changed" in kinds(site)
    old, new = (
        actions.check_password(
            site.database, site.house.keyring, site.house.gate, sign_in_name=sian.email,
            password=password, address="192.0.2.1",
        )
        for password in (sian.password, "kettle harbour violet")
    )  # fmt: skip
    assert not isinstance(old, actions.PasswordProved)
    assert isinstance(new, actions.PasswordProved)


@ONE_ENGINE_SITE
def test_a_password_that_is_easy_to_guess_is_not_taken(site: Site) -> None:
    site.sign_in("sian", BOTH)
    page, current = site.get("/methods/password"), site.world.people["sian"].password
    for typed in ("", "short", "password1", "Hughes1979!", "x" * 129, "12345678"):
        refused = site.submit(page, current=current, password=typed)
        assert refused.status_code == 422, typed
        assert "Error:" in refused.text
    # Where nothing else would ever be asked it has to be longer.
    site.sign_in("nobody", (PASSWORD,))
    page = site.get("/methods/password")
    assert "at least 15" in site.submit(page, current="x", password="harbour tea").text
    assert told(site) == []


@ONE_ENGINE_SITE
def test_a_password_is_changed_by_who_knows_the_one_there_is_however_fresh_the_sign_in(
    site: Site,
) -> None:
    """A browser left open, or a stolen cookie, is no password (ASVS 5.0, 6.2.3)."""
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    before = site.rows(PasswordRecord)
    assert 'autocomplete="current-password"' in page.text
    for current in ("", "violet", "x" * 2000, site.world.people["margaret"].password):
        refused = site.submit(page, current=current, password="kettle harbour violet")
        assert refused.status_code == 422, current
        assert 'href="#current"' in refused.text
        assert 'autocomplete="current-password"' in refused.text
    assert site.rows(PasswordRecord) == before
    assert told(site) == []


@ONE_ENGINE_SITE
def test_wrong_tries_at_the_password_there_is_are_counted_as_at_sign_in(site: Site) -> None:
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    for _try in range(10):
        assert site.submit(page, current="no", password="kettle harbour violet").status_code == 422
    right = site.world.people["sian"].password
    waits = site.submit(page, current=right, password="kettle harbour violet")
    assert waits.status_code == 429
    assert 0 < int(waits.headers["Retry-After"]) <= 30
    assert told(site) == []


def test_a_password_proved_before_another_tab_changed_it_changes_nothing(site: Site) -> None:
    ref = site.sign_in("sian", BOTH)
    sian, here = site.world.people["sian"], site.house
    account = site.account("sian")["ref"]
    current = actions.check_password(
        site.database, here.keyring, here.gate, sign_in_name=sian.email,
        password=sian.password, address="192.0.2.1",
    )  # fmt: skip
    assert isinstance(current, actions.PasswordProved)
    new = actions.hash_password(here.gate, "kettle harbour violet")

    def change(proved: actions.PasswordProved | None) -> str | None:
        def work(tx: Transaction) -> str | None:
            secret = site.browser.get_cookie("gatehouse_session")
            session = sessions.find(tx, secret.value if secret else "")
            assert session is not None
            assert session.ref == ref
            return adding.change_password(tx, here.keyring, session, new, proved)

        return site.database.transaction(work)

    assert change(None) is None  # there is one
    other = replace(current, account_ref=site.account("nobody")["ref"])
    assert change(other) is None
    site.database.transaction(
        lambda tx: actions.set_password(tx, here.keyring, account, site.world.hashes["tom"])
    )
    assert change(current) is None
    assert told(site) == []


@ONE_ENGINE_SITE
def test_of_two_tabs_one_changes_something_and_the_other_is_told(site: Site) -> None:
    """A form of a session whose secret was changed meanwhile does nothing."""
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    stale = site.browser.get_cookie("gatehouse_session")
    assert stale is not None
    current = site.world.people["sian"].password
    site.submit(page, current=current, password="kettle harbour violet")
    site.browser.set_cookie("gatehouse_session", stale.value, domain="localhost")
    back = site.submit(page, current=current, password="another harbour tea")
    assert back.request.path.endswith("/password")
    assert back.request.path.startswith("/sign-in/")
    assert told(site) == [Notice.PASSWORD_CHANGED]


@ONE_ENGINE_SITE
def test_a_form_we_did_not_show_sets_nothing_up(site: Site) -> None:
    site.sign_in("sian", BOTH)
    site.get("/methods/app")
    for path in PAGES:
        answer = site.browser.post(f"/methods/{path}", data={}, base_url=ISSUER)
        assert answer.status_code == 400
    assert told(site) == []


@ONE_ENGINE_SITE
def test_a_session_that_is_no_longer_fresh_changes_nothing_but_by_a_form_it_was_shown(
    site: Site,
) -> None:
    """Whoever took the cookie alone, 15 minutes after its owner signed in, gets nowhere."""
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    codes = site.get("/methods/recovery-codes")
    site.later(minutes=25)
    site.get("/account")
    site.later(minutes=25)
    site.get("/account")
    token = field(page, "csrf_token")
    for path, form in {
        "/methods/password": {"password": "kettle harbour violet"},
        "/methods/recovery-codes": {},
        "/methods/app": {"code": "000000"},
        "/methods/passkey": {"passkey": "{}"},
        "/account/methods/password/remove": {},
    }.items():
        for shown in ("", "1.x", field(codes, "shown")):
            if shown == field(codes, "shown") and path == "/methods/recovery-codes":
                continue
            data = {"csrf_token": token, "shown": shown, **form}
            answer = site.browser.post(path, data=data, base_url=ISSUER)
            assert answer.location.startswith("/sign-in/"), path
    assert told(site) == []
    easy = site.submit(page, password="short", shown=field(page, "shown"))
    assert field(easy, "shown") == field(page, "shown")
    site.later(minutes=11)
    late = site.submit(easy, password="kettle harbour violet", shown=field(easy, "shown"))
    assert late.request.path.startswith("/sign-in/")
    assert told(site) == []


@ONE_ENGINE_SITE
@pytest.mark.parametrize("path", ["/methods/passkey", "/methods/password"])
def test_a_form_shown_to_one_check_is_worth_nothing_once_the_account_asks_two(
    site: Site, path: str
) -> None:
    """A thief of the password keeps a form; its owner adds an app meanwhile."""
    site.sign_in("nobody", (PASSWORD,))
    page = site.get(path)
    account, keyring = site.account("nobody")["ref"], site.house.keyring
    site.database.transaction(
        lambda tx: actions.enrol_totp(tx, keyring, account, actions.new_seed())
    )
    data = {"csrf_token": field(page, "csrf_token"), "shown": field(page, "shown")}
    answer = site.browser.post(path, data=data, base_url=ISSUER)
    assert answer.location.startswith("/sign-in/")
    assert told(site) == []


@ONE_ENGINE_SITE
def test_a_first_second_check_ends_the_sessions_that_one_check_began(site: Site) -> None:
    thief, owner = site.sign_in("nobody", (PASSWORD,)), site.sign_in("nobody", (PASSWORD,))
    page = site.get("/methods/app")
    code = actions.code_at(seed_of(page), site.now() // 30)
    done = site.submit(page, offer=field(page, "offer"), shown=field(page, "shown"), code=code)
    assert done.status_code == 200
    ended = {row["ref"]: row["ended_at"] for row in site.rows(SessionRecord)}
    assert ended[thief] is not None
    assert ended[owner] is None


@ONE_ENGINE_SITE
def test_a_slow_hand_may_take_most_of_an_hour_over_a_form(site: Site) -> None:
    site.sign_in("sian", BOTH)
    page = site.get("/methods/password")
    site.later(minutes=25)
    site.get("/account")
    site.later(minutes=25)
    current = site.world.people["sian"].password
    done = site.submit(
        page, current=current, password="kettle harbour violet", shown=field(page, "shown")
    )
    assert done.request.path == "/account/methods"
    assert told(site) == [Notice.PASSWORD_CHANGED]
