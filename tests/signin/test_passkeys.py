"""Signing in with a passkey: nothing typed, one act, and no answer that does not fit counts."""

import html
import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.authentication.passkeys import CHALLENGE_LASTS
from idp.authentication.records import SessionRecord
from idp.journal.records import JournalEntry
from tests.build import BOTH, ISSUER, Site, claims_of, read_answer
from tests.signin.test_journeys import heading

PASSKEY, SECURITY_KEY = "passkey", "security-key"
NOT_TAKEN = "We could not check your passkey. Try again, or sign in another way."


def options_on(page: TestResponse) -> dict[str, Any]:
    """The challenge that came with a page, as its script reads it."""
    found = re.search(r'data-passkey="([^"]*)"', page.text)
    assert found, page.text
    return dict(json.loads(html.unescape(found[1])))


def send(site: Site, page: TestResponse, answer: str, **more: Any) -> TestResponse:
    """Send a key's answer as the page's script does."""
    form = re.search(
        r'<form id="passkey" method="post" action="([^"]*)".*?</form>', page.text, re.S
    )
    assert form, page.text
    token = re.search(r'name="csrf_token" value="([^"]*)"', form[0])
    assert token
    fields = {"csrf_token": token[1], "passkey": answer}
    browser = more.get("browser", site.browser)
    sent = browser.post(form[1], data=fields, base_url=ISSUER)
    while sent.status_code in {302, 303} and sent.location.startswith("/"):
        sent = browser.get(sent.location, base_url=ISSUER)
    return sent


@pytest.mark.parametrize(("device_bound", "amr"), [(False, "swk"), (True, "hwk")])
def test_a_passkey_signs_in_without_anything_typed_at_the_highest_level(
    site: Site, device_bound: bool, amr: str
) -> None:
    """A key that can be copied and one that cannot are told apart in `amr` (RFC 8176)."""
    key = site.give_passkey("sian", device_bound=device_bound)
    page = site.authorize("tax")
    answer = read_answer(send(site, page, key.get(options_on(page))))
    tokens = site.redeem("tax", answer["code"]).json
    assert tokens
    claims = claims_of(tokens["id_token"])
    assert claims["amr"] == [amr, "user", "mfa"]
    assert claims["vot"] == "P2.C3"
    (session,) = [row for row in site.rows(SessionRecord) if row["ended_at"] is None]
    assert set(session["proofs"]) == {SECURITY_KEY if device_bound else PASSKEY}
    (given,) = site.rows(JournalEntry, kind="proof-given")
    assert given["detail"]["method"] == (SECURITY_KEY if device_bound else PASSKEY)


def test_a_passkey_is_asked_first_where_a_password_is_not_enough(site: Site) -> None:
    key = site.give_passkey("sian")
    site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    assert heading(page) == "Use your passkey"
    assert "so it asks for one more check: your passkey" in page.text
    answer = read_answer(send(site, page, key.get(options_on(page))))
    claims = claims_of(site.redeem("tax", answer["code"]).json["id_token"])  # type: ignore[index]
    assert (claims["vot"], claims["amr"]) == ("P2.C3", ["pwd", "swk", "user", "mfa"])


def test_a_service_that_wants_more_than_two_checks_gets_a_passkey(site: Site) -> None:
    key = site.give_passkey("sian")
    site.sign_in("sian", BOTH)
    page = site.authorize("library", vtr='["P2.C3"]')
    assert heading(page) == "Use your passkey"
    assert "code" in read_answer(send(site, page, key.get(options_on(page))))


@pytest.mark.parametrize(
    "lie",
    [
        {"verified": False},
        {"present": False},
        {"origin": "http://localhost.evil.example:18000"},
        {"rp_id": "evil.example"},
        {"user_handle": "c29tZWJvZHkgZWxzZQ"},
        {"framed": True},
    ],
    ids=str,
)
def test_an_answer_that_does_not_fit_signs_nobody_in_and_says_so_plainly(
    site: Site, lie: dict[str, Any]
) -> None:
    key = site.give_passkey("sian")
    page = site.authorize("library")
    refused = send(site, page, key.get(options_on(page), **lie))
    assert refused.status_code == 422
    assert NOT_TAKEN in refused.text
    assert heading(refused) == "Use your passkey"
    assert all(row["ended_at"] for row in site.rows(SessionRecord))
    answer = send(site, refused, key.get(options_on(refused)))
    assert "code" in read_answer(answer), "the next try has a challenge of its own"


def test_an_answer_counts_once_and_only_in_the_browser_that_was_asked(site: Site) -> None:
    key = site.give_passkey("sian")
    first = site.authorize("library")
    said = key.get(options_on(first))
    thief = site.new_browser()
    stolen = send(site, site.authorize("library", browser=thief), said, browser=thief)
    assert (stolen.status_code, NOT_TAKEN in stolen.text) == (422, True)
    assert "code" in read_answer(send(site, first, said))
    again = site.authorize("library", prompt="login")
    assert send(site, again, said).status_code == 422


def test_a_challenge_that_waited_too_long_is_made_anew(site: Site) -> None:
    key = site.give_passkey("sian")
    page = site.authorize("library")
    said = key.get(options_on(page))
    site.later(seconds=CHALLENGE_LASTS.total_seconds())
    late = send(site, page, said)
    assert late.status_code == 422
    assert "code" in read_answer(send(site, late, key.get(options_on(late))))


@pytest.mark.parametrize("answer", ["", "{}", "[]", "x" * 20_000, '{"response": {}, "id": 1}'])
def test_what_is_no_answer_at_all_is_refused_in_words(site: Site, answer: str) -> None:
    refused = send(site, site.authorize("library"), answer)
    assert (refused.status_code, NOT_TAKEN in refused.text) == (422, True)


def test_another_persons_key_does_not_step_up_this_session(site: Site) -> None:
    site.give_passkey("sian")
    toms = site.give_passkey("tom")
    ref = site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    assert send(site, page, toms.get(options_on(page))).status_code == 422
    (session,) = site.rows(SessionRecord, ref=ref)
    assert (set(session["proofs"]), session["ended_at"]) == ({"password"}, None)


def test_where_a_sign_in_begins_again_another_person_may_begin(site: Site) -> None:
    toms = site.give_passkey("tom")
    ref = site.sign_in("sian")
    page = site.authorize("library", prompt="login")
    assert "code" in read_answer(send(site, page, toms.get(options_on(page))))
    (hers,) = site.rows(SessionRecord, ref=ref)
    assert hers["ended_at"] is not None
    (now,) = [row for row in site.rows(SessionRecord) if row["ended_at"] is None]
    assert now["account_ref"] == site.account("tom")["ref"]


def test_wrong_passwords_and_codes_do_not_shut_a_passkey(site: Site) -> None:
    """security.md 1.11: whoever attacks an account does not lock its owner out."""
    key = site.give_passkey("sian")
    page = site.authorize("tax")
    person = site.world.people["sian"]
    for _ in range(11):
        shut = site.submit(page, email=person.email, password="not this one at all")
    assert shut.status_code == 429
    assert site.submit(page, email=person.email, password=person.password).status_code == 429
    assert "code" in read_answer(send(site, page, key.get(options_on(page))))


def test_without_script_the_button_is_not_there_and_the_page_works(site: Site) -> None:
    site.give_passkey("sian")
    page = site.authorize("library")
    (form,) = re.findall(r'<form id="passkey"[^>]*>', page.text)
    assert " hidden" in form
    person = site.world.people["sian"]
    assert "code" in read_answer(site.submit(page, email=person.email, password=person.password))
