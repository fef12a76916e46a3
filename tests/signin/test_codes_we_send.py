"""Codes by e-mail and text message: used once, where they were asked for, by whom they reached.

Each refusal is followed by a look at the database: nothing was bought.
"""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from werkzeug.test import TestResponse

from idp.accounts.records import AccountRecord
from idp.assurance.rules import Level
from idp.authentication import phones, sent_codes
from idp.authentication.records import (
    EmailCodeRecord,
    PhoneRecord,
    RememberedDeviceRecord,
    SessionRecord,
    SignInCodeRecord,
)
from idp.authentication.sent_codes import Waiting
from idp.authentication.tries import TRIES_PER_CODE
from idp.journal.records import JournalEntry
from idp.outbox.records import OutboxRecord
from tests.authentication.visits import ONE_ENGINE_SITE
from tests.build import ISSUER, Site, World, claims_of, open_site, read_answer
from tests.signin.sent import (
    NUMBER,
    choose_email,
    codes,
    deliver,
    forget,
    give_phone,
    mails,
    texts,
)
from tests.signin.test_journeys import heading
from tests.signin.test_other_ways import links

WRONG = "This code is not right."
OLD = "This code is too old, or it was used before."
THREADS = 16


@pytest.fixture
def low(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A house whose library asks for one check of anybody: P0.C1, as many do."""
    level = Level(identity=0, sign_in=1)
    monkeypatch.setattr(
        type(site.house.policies), "floor",
        lambda self, client: level if client == "library" else self.levels.tiers[2],
    )  # fmt: skip
    return site


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


def sessions_of(site: Site, name: str) -> list[object]:
    return site.rows(SessionRecord, account_ref=site.account(name)["ref"])


def asked_by_mail(site: Site, name: str = "nobody@example.test") -> TestResponse:
    """Ask for a code by e-mail on the way to the library: the page that takes it."""
    page = site.get(links(site.authorize("library"))["Get a code by email"])
    return site.submit(page, email=name)


def by_text(site: Site, name: str = "sian") -> TestResponse:
    """Give the password on the way to the tax office, and ask for a text message."""
    site.sign_in(name, ("password",))
    page = site.authorize("tax")
    if heading(page) != "Get a code by text message":
        page = site.get(links(site.get(links(page)["Use another way"]))["A code by text message"])
    return site.submit(page)


def test_a_code_by_email_signs_somebody_in_at_one_check(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    assert heading(page) == "Type in the code we sent"
    deliver(low)
    (mail,) = mails(low)
    assert (mail.contact.address, mail.notice) == ("nobody@example.test", "sign-in-code")
    answer = read_answer(low.submit(page, code=mail.values["code"], remember="yes"))
    assert low.rows(RememberedDeviceRecord) == [], "one check remembers nothing"
    claims = claims_of(low.redeem("library", answer["code"]).json["id_token"])  # type: ignore[index]
    assert (claims["vot"], claims["amr"]) == ("P0.C1", ["otp"])
    (row,) = codes(low)
    assert row["used_at"] is not None
    assert mail.values["code"] not in str(dict(row))
    assert len(sessions_of(low, "nobody")) == 2  # one chose it, one came in by it


def test_the_answer_is_the_same_for_a_name_that_is_nobodys_or_may_not(low: Site) -> None:
    choose_email(low)
    choose_email(low, "sian")  # who was proved since: P2
    pages = []
    for name in ("nobody@example.test", "stranger@example.test", "sian@example.test", "a b"):
        low.browser = low.new_browser()
        page = asked_by_mail(low, name)
        text = re.sub(r"/sign-in/[^/\"]+|value=\"[^\"]*\"|nonce=\"[^\"]*\"", "", page.text)
        pages.append((page.status_code, text))
        refused = low.submit(page, code="123456")
        assert (refused.status_code, WRONG in refused.text) == (422, True)
    assert len(set(pages)) == 1
    deliver(low)
    assert [mail.contact.address for mail in mails(low)] == ["nobody@example.test"]
    accounts = [row["account_ref"] for row in codes(low)]
    assert sum(account is not None for account in accounts) == 1
    assert [row["person"] for row in low.rows(JournalEntry, kind="proof-refused")] == [None] * 4


def test_a_code_by_email_is_offered_only_where_it_can_be_enough(site: Site) -> None:
    assert "Get a code by email" not in links(site.authorize("tax"))
    journey = site.authorize("tax").request.path.split("/")[2]
    assert heading(site.get(f"/sign-in/{journey}/email-code")) == "Sign in to Tax"


def test_a_code_is_used_once_in_the_browser_where_it_was_asked_for(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    deliver(low)
    code = mails(low)[0].values["code"]
    mine, low.browser = low.browser, low.new_browser()
    other = low.browser.get(page.request.path, base_url=ISSUER)
    assert other.status_code == 400
    # The thief's own journey, with the owner's code.
    theirs = asked_by_mail(low)
    deliver(low)
    assert WRONG in low.submit(theirs, code=code).text
    assert codes(low)[0]["used_at"] is None
    low.browser = mine
    assert "code" in read_answer(low.submit(page, code=code))
    token = re.search(r'csrf_token" value="([^"]*)"', page.text)
    assert token
    again = low.browser.post(page.request.path, base_url=ISSUER,
                             data={"code": code, "csrf_token": token[1]})  # fmt: skip
    assert again.status_code == 410, "the journey is over"
    assert sum(row["used_at"] is not None for row in codes(low)) == 1


def test_only_the_last_code_asked_for_counts_in_two_tabs(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    low.submit(low.get(links(page)["Ask for a new code"]), email="nobody@example.test")
    deliver(low)
    first, second = (mail.values["code"] for mail in mails(low))
    assert WRONG in low.submit(page, code=first).text or first == second
    assert "code" in read_answer(low.submit(page, code=second))
    assert [row["used_at"] is not None for row in codes(low)] == [False, True]


def test_five_tries_are_all_that_a_code_gets(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    deliver(low)
    code = mails(low)[0].values["code"]
    for _ in range(TRIES_PER_CODE):
        assert low.submit(page, code=wrong(code)).status_code == 422
    shut = low.submit(page, code=code)
    assert (shut.status_code, "Ask for a new code" in shut.text) == (429, True)
    assert int(shut.headers["Retry-After"]) > 0
    assert codes(low)[0]["used_at"] is None
    assert len(sessions_of(low, "nobody")) == 1


@pytest.mark.parametrize("code", ["", "12345", "1234567", "１２３４５６", "12345a", "1" * 5000])
@ONE_ENGINE_SITE
def test_what_is_no_code_is_refused(low: Site, code: str) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    deliver(low)
    assert low.submit(page, code=code).status_code == 422
    assert codes(low)[0]["used_at"] is None


def test_a_code_works_for_ten_minutes(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    deliver(low)
    code = mails(low)[0].values["code"]
    low.later(minutes=10)
    late = low.submit(page, code=code)
    assert (late.status_code, OLD in late.text) == (422, True)
    assert codes(low)[0]["used_at"] is None


def test_a_way_that_was_taken_away_or_shut_since_is_no_way_in(low: Site) -> None:
    choose_email(low)
    page = asked_by_mail(low)
    deliver(low)
    code = mails(low)[0].values["code"]
    account = low.account("nobody")["ref"]
    forget(low, EmailCodeRecord, "nobody")
    assert WRONG in low.submit(page, code=code).text
    choose_email(low)
    other = low.account("margaret")
    low.change(AccountRecord, {"identity_level": 0, "person_ref": None}, ref=other["ref"])
    proved = {"identity_level": 2, "person_ref": other["person_ref"]}
    low.change(AccountRecord, proved, ref=account)
    assert WRONG in low.submit(page, code=code).text
    shut = {"identity_level": 0, "person_ref": None, "disabled_at": low.database.now()}
    low.change(AccountRecord, shut, ref=account)
    assert WRONG in low.submit(page, code=code).text
    assert codes(low)[0]["used_at"] is None
    low.change(AccountRecord, {"disabled_at": None}, ref=account)
    assert "code" in read_answer(low.submit(page, code=code))


def test_codes_to_one_name_are_counted_and_the_refusal_sends_nothing(low: Site) -> None:
    choose_email(low)
    page = low.get(links(low.authorize("library"))["Get a code by email"])
    for _ in range(5):
        assert low.submit(page, email="nobody@example.test").status_code == 200
    refused = low.submit(page, email="nobody@example.test")
    assert (refused.status_code, int(refused.headers["Retry-After"]) > 0) == (429, True)
    assert len(low.rows(OutboxRecord, kind=sent_codes.ASKED)) == len(codes(low)) == 5
    assert low.submit(page, email="").status_code == 422


def test_a_message_borne_twice_makes_one_code(low: Site) -> None:
    choose_email(low)
    asked_by_mail(low)
    deliver(low)
    deliver(low)
    assert len(mails(low)) == 1


def test_a_code_by_text_is_the_second_check(site: Site) -> None:
    give_phone(site)
    page = by_text(site)
    assert "ends in ••• 123" in page.text
    text = texts(site)[-1]
    assert (text.contact.channel, text.contact.address) == ("text", NUMBER)
    answer = read_answer(site.submit(page, code=text.values["code"]))
    claims = claims_of(site.redeem("tax", answer["code"]).json["id_token"])  # type: ignore[index]
    assert (claims["vot"], claims["amr"]) == ("P2.C2", ["pwd", "sms", "otp", "mfa"])
    (row,) = codes(site, purpose="sms-code")
    assert row["used_at"] is not None


def test_a_number_is_kept_sealed_and_shown_in_part(site: Site) -> None:
    give_phone(site)
    (row,) = site.rows(PhoneRecord)
    assert NUMBER not in str(dict(row))
    assert NUMBER[3:] not in str([dict(one) for one in codes(site)])
    account = site.account("sian")["ref"]
    found = site.database.read(lambda tx: phones.find(tx, site.house.keyring, account))
    assert found is not None
    assert found.number == NUMBER
    assert NUMBER not in repr(found)


def test_looking_at_the_page_sends_nothing(site: Site) -> None:
    give_phone(site)
    site.sign_in("sian", ("password",))
    page = site.authorize("tax")
    site.get(page.request.path)
    assert len(texts(site)) == 1  # the one that confirmed the number


def test_a_number_counts_after_72_hours_and_again_72_hours_after_a_move(site: Site) -> None:
    give_phone(site, old=False)

    def offered() -> bool:
        site.browser = site.new_browser()
        site.sign_in("sian", ("password",))
        page = site.authorize("tax")
        listed = site.get(links(page)["Use another way"])
        return "A code by text message" in links(listed)

    assert not offered()
    site.later(hours=71, minutes=59)
    assert not offered()
    site.later(minutes=2)
    assert offered()
    keyring = site.house.keyring
    moved = site.database.transaction(lambda tx: phones.report_move(tx, keyring, NUMBER))
    assert moved == 1
    assert not offered()
    assert mails_told(site)[-1] == "number-moved"
    site.later(hours=72)
    assert offered()
    assert (
        site.database.transaction(lambda tx: phones.report_move(tx, keyring, "+447700900999")) == 0
    )


def mails_told(site: Site) -> list[str]:
    from tests.signin.sent import _sealed

    return [one.notice for one in _sealed(site, "notice-email")]


def test_a_number_that_is_moved_while_the_code_is_on_its_way_opens_nothing(site: Site) -> None:
    give_phone(site)
    page = by_text(site)
    code = texts(site)[-1].values["code"]
    keyring = site.house.keyring
    site.database.transaction(lambda tx: phones.report_move(tx, keyring, NUMBER))
    assert heading(site.submit(page, code=code)) == "Type in your code", "another way is asked for"
    assert codes(site, purpose="sms-code")[0]["used_at"] is None


def test_a_code_to_a_number_that_was_changed_or_taken_away_opens_nothing(site: Site) -> None:
    give_phone(site)
    page = by_text(site)
    code = texts(site)[-1].values["code"]
    # Behind the house's back the number is a newer one, that counts by its age all the same.
    site.change(SignInCodeRecord, {"created_at": site.database.now() - timedelta(hours=100)},
                purpose="sms-code")  # fmt: skip
    assert WRONG in site.submit(page, code=code).text
    assert codes(site, purpose="sms-code")[0]["used_at"] is None
    forget(site, PhoneRecord, "sian")
    gone = site.submit(page, code=code)
    assert heading(gone) == "Type in your code"


def test_another_accounts_code_is_no_proof_of_this_one(site: Site) -> None:
    give_phone(site)
    page = by_text(site)
    code = texts(site)[-1].values["code"]
    site.change(SignInCodeRecord, {"account_ref": site.account("margaret")["ref"]},
                purpose="sms-code")  # fmt: skip
    assert WRONG in site.submit(page, code=code).text


def test_tries_at_texts_count_against_the_account_and_an_operator_opens_it(site: Site) -> None:
    give_phone(site)
    page = by_text(site)
    for _ in range(TRIES_PER_CODE):
        assert site.submit(page, code="000000").status_code == 422
    assert site.submit(page, code="000000").status_code == 429
    kinds = [row["kind"] for row in site.rows(JournalEntry, person=site.account("sian")["ref"])]
    assert kinds.count("proof-refused") == TRIES_PER_CODE


def test_who_acts_for_somebody_needs_more_than_a_text(site: Site) -> None:
    give_phone(site)
    mandate = site.give_mandate()
    site.sign_in("sian", ("password", "sms-code"))
    page = site.authorize("tax", acting_for="choose")
    assert heading(page) == "Who are you doing this for?"
    asked = site.submit(page, who=mandate, purpose="Pay the bill")
    assert heading(asked) == "Type in your code", "an agent, from the moment of the choice"
    assert not site.rows(JournalEntry, kind="acting-started")
    assert "code" in read_answer(site.submit(asked, code=site.code_now("sian")))
    (started,) = site.rows(JournalEntry, kind="acting-started")
    assert started["detail"]["vot"] == "P2.C2"


def test_who_acts_for_nobody_is_no_agent(site: Site) -> None:
    give_phone(site)
    site.give_mandate()
    site.sign_in("sian", ("password", "sms-code"))
    page = site.authorize("tax", acting_for="choose")
    assert "code" in read_answer(site.submit(page, who="self"))


@pytest.fixture
def wide(world: World, world_url: str) -> Iterator[Site]:
    """A house whose database has a connection for each thread."""
    opened = open_site(world, world_url)
    opened.database.close()
    database = type(opened.database)(world_url, pool_size=THREADS)
    object.__setattr__(opened.house, "database", database)
    yield opened
    database.close()


def test_64_at_once_spend_a_code_once(wide: Site) -> None:
    keyring = wide.house.keyring
    give_phone(wide)
    account = wide.account("sian")["ref"]
    wide.database.transaction(
        lambda tx: sent_codes.send_text_code(tx, keyring, account_ref=account, journey_ref="J")
    )
    code = texts(wide)[-1].values["code"]
    waits = wide.database.read(
        lambda tx: sent_codes.waiting(tx, journey_ref="J", method="sms-code")
    )
    assert isinstance(waits, Waiting)
    barrier = Barrier(THREADS)

    def go(_turn: int) -> list[str | None]:
        barrier.wait()
        return [
            wide.database.transaction(
                lambda tx: sent_codes.spend(
                    tx, keyring, waits, method="sms-code", journey_ref="J", typed=code
                )
            )
            for _ in range(4)
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [one for some in pool.map(go, range(THREADS)) for one in some]
    assert len(answers) == 64
    assert answers.count(account) == 1
    assert answers.count(None) == 63


def test_64_wrong_codes_at_once_are_five_tries_and_no_more(wide: Site) -> None:
    house, keyring = wide.house, wide.house.keyring
    choose_email(wide)
    wide.database.transaction(
        lambda tx: sent_codes.ask_for_email(
            tx, typed="nobody@example.test", journey_ref="J", most_identity=0
        )
    )
    deliver(wide)
    waits = wide.database.read(
        lambda tx: sent_codes.waiting(tx, journey_ref="J", method="email-code")
    )
    assert isinstance(waits, Waiting)
    barrier = Barrier(THREADS)

    def go(turn: int) -> list[bool]:
        barrier.wait()
        return [
            sent_codes.reserve_try(
                house.database, keyring, waits, method="email-code", address=f"192.0.2.{turn}"
            )
            is None
            for _ in range(4)
        ]

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [one for some in pool.map(go, range(THREADS)) for one in some]
    assert answers.count(True) == TRIES_PER_CODE
