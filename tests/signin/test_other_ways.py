"""No dead ends: another way to sign in, a printed code, and where somebody is led who has none."""

import re

from sqlalchemy import delete

from idp.authentication.records import OneTimeCodeRecord, RecoveryCodeRecord, SessionRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from tests.build import ISSUER, Site, claims_of, read_answer
from tests.signin.test_journeys import heading

NOT_TAKEN = "This code is not right, or it was used before."


def links(page: object) -> dict[str, str]:
    """The links in the body of a page, by what they say."""
    body = page.text.split("<main")[1].split("</main>")[0]  # type: ignore[attr-defined]
    found = re.findall(r'<a class="govuk-link" href="([^"]*)">([^<]*)</a>', body)
    return {text: href for href, text in found}


def forget(site: Site, table: type, name: str) -> None:
    """Take a method away behind the house's back."""

    def work(tx: Transaction) -> None:
        tx.execute(delete(table).where(table.account_ref == site.account(name)["ref"]))  # type: ignore[attr-defined]

    site.database.transaction(work)


def led_to(site: Site, client_id: str, **params: str) -> str:
    """Where a journey leads the person who is signed in."""
    page = site.browser.get("/authorize", query_string=site.asked(client_id, **params),
                            base_url=ISSUER)  # fmt: skip
    return str(site.browser.get(page.location, base_url=ISSUER).location).partition("?")[0]


def test_whoever_cannot_use_the_best_way_takes_another_they_hold(site: Site) -> None:
    site.give_passkey("sian")
    site.give_printed_codes("sian")
    site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    assert heading(page) == "Use your passkey"
    listed = site.get(links(page)["Use another way"])
    assert heading(listed) == "Choose how to sign in"
    assert list(links(listed)) == [
        "Your passkey or security key", "A code from your app", "One of your printed codes",
        "Get back into your account",
    ]  # fmt: skip
    asked = site.get(links(listed)["A code from your app"])
    assert "code" in read_answer(site.submit(asked, code=site.code_now("sian")))


def test_only_ways_that_reach_what_is_asked_are_listed(site: Site) -> None:
    site.give_passkey("sian")
    site.give_printed_codes("sian")
    site.sign_in("sian", ("password",))
    page = site.authorize("library", vtr='["P2.C3"]')
    listed = site.get(links(page)["Use another way"])
    assert list(links(listed)) == ["Your passkey or security key", "Get back into your account"]
    for way in ("code", "recovery-code", "password"):
        address = links(page)["Use another way"].replace("ways", way)
        assert heading(site.get(address)) == "Use your passkey", "not a way round it"


def test_a_page_of_a_way_that_is_not_held_leads_back(site: Site) -> None:
    site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    for way in ("recovery-code", "passkey", "password"):
        address = links(page)["Use another way"].replace("ways", way)
        assert heading(site.get(address)) == "Type in your code"


def test_a_printed_code_stands_in_for_a_lost_telephone_once(site: Site) -> None:
    codes = site.give_printed_codes("sian")
    site.sign_in("sian", ("password",))
    page = site.get(links(site.authorize("tax"))["I cannot get a code"])
    assert heading(page) == "Type in a printed code"
    assert "Type in one of your printed codes" in site.submit(page, code=" ").text
    wrong = site.submit(page, code="AAAAA-AAAAA-AAAAA")
    assert (wrong.status_code, NOT_TAKEN in wrong.text) == (422, True)
    answer = read_answer(site.submit(page, code=codes[0].lower().replace("-", " ")))
    claims = claims_of(site.redeem("tax", answer["code"]).json["id_token"])  # type: ignore[index]
    assert (claims["vot"], claims["amr"]) == ("P2.C2", ["pwd", "otp", "mfa"])
    told = [unseal(site.house.keyring, row["payload"]) for row in site.rows(OutboxRecord)]
    assert [notice.notice for notice in told] == ["recovery-code-used"]
    assert told[0].values == {"account": "sian@example.test"}
    kinds = [row["kind"] for row in site.rows(JournalEntry)]
    assert kinds.count("recovery-code-used") == kinds.count("proof-refused") == 1
    site.sign_in("sian", ("password",))
    again = site.get(links(site.authorize("tax"))["I cannot get a code"])
    assert site.submit(again, code=codes[0]).status_code == 422


def test_the_last_printed_code_still_counts_on_the_visit_it_was_spent(site: Site) -> None:
    codes = site.give_printed_codes("sian")
    site.sign_in("sian", ("password",))
    page = site.get(links(site.authorize("tax"))["I cannot get a code"])
    mine = site.rows(RecoveryCodeRecord)
    for row in mine[1:]:
        site.change(RecoveryCodeRecord, {"used_at": row["created_at"]},
                    code_index=row["code_index"])  # fmt: skip
    # Which of them is left, its HMAC does not say.
    assert any(site.submit(page, code=code).status_code == 303 for code in codes)


def test_tries_at_printed_codes_are_counted(site: Site) -> None:
    site.give_printed_codes("sian")
    site.sign_in("sian", ("password",))
    page = site.get(links(site.authorize("tax"))["I cannot get a code"])
    for _ in range(10):
        assert site.submit(page, code="AAAAA-AAAAA-AAAAA").status_code == 422
    shut = site.submit(page, code="AAAAA-AAAAA-AAAAA")
    assert shut.status_code == 429
    assert int(shut.headers["Retry-After"]) > 0


def test_the_first_page_leads_to_an_account_and_back_into_one(site: Site) -> None:
    page = site.authorize("library")
    journey = page.request.path.split("/")[2]
    assert links(page) == {
        "I forgot my password": f"/recover?journey={journey}",
        "Create an account": f"/enrol?journey={journey}",
    }


def test_an_account_that_nobody_proved_is_led_to_a_second_way_and_then_to_proving(
    site: Site,
) -> None:
    site.sign_in("nobody", ("password",))
    assert led_to(site, "library") == "/enrol/next"
    codes = site.give_printed_codes("nobody")
    page = site.authorize("library")
    assert heading(page) == "Type in a printed code"
    sent = site.browser.post(page.request.path, base_url=ISSUER, data={
        "code": codes[0], "csrf_token": page.text.split('csrf_token" value="')[1].split('"')[0],
    })  # fmt: skip
    onward = site.browser.get(sent.location, base_url=ISSUER)
    assert onward.location.startswith("/identity?journey=")


def test_a_password_alone_never_adds_a_second_factor_to_a_proved_account(site: Site) -> None:
    """NIST SP 800-63B-3 section 6.1.2.3: its owner proves again who they are."""
    forget(site, OneTimeCodeRecord, "sian")
    site.sign_in("sian", ("password",))
    assert led_to(site, "tax") == "/identity"
    assert "code" in site.answer("library"), "what one check reaches is open as before"


def test_two_checks_of_a_proved_account_lead_to_setting_up_a_passkey(site: Site) -> None:
    site.sign_in("sian")
    assert led_to(site, "library", vtr='["P2.C3"]') == "/enrol/next"
    assert len([row for row in site.rows(SessionRecord) if row["ended_at"] is None]) == 1
