"""From nothing to an account, page by page; and every refusal changes nothing."""

import re
from typing import Any

from idp.accounts.records import AccountRecord
from idp.authentication.records import PasswordRecord, SessionRecord
from idp.enrolment.records import AddressCodeRecord, EnrolmentRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice
from idp.outbox.records import OutboxRecord
from idp.throttle.records import ThrottleRecord
from tests.build import Site
from tests.enrolment.visits import ANOTHER, PASSWORD, Visitor, error, heading, mail, shapes, wrong
from tests.rig.counting import counted


def accounts(site: Site) -> set[str]:
    return {row["sign_in_name"] for row in site.rows(AccountRecord)}


def test_an_address_a_code_and_a_password_make_an_account(site: Site) -> None:
    rhian = Visitor(site).enrolled()
    assert rhian.path == "/enrol/next"
    assert heading(rhian.page) == "You&#39;re in. There are 2 more things to do"
    (account,) = site.rows(AccountRecord, sign_in_name="rhian@example.test")
    assert account["email"] == "rhian@example.test"
    assert account["email_confirmed_at"] is not None
    assert account["identity_level"] == 0
    (session,) = site.rows(SessionRecord, account_ref=account["ref"])
    assert set(session["proofs"]) == {"password"}
    (enrolment,) = site.rows(EnrolmentRecord)
    assert enrolment["account_ref"] == account["ref"]
    kinds = [row["kind"] for row in site.rows(JournalEntry)]
    assert kinds[-4:] == [
        "enrolment-started",
        "address-code-sent",
        "address-confirmed",
        "account-made",
    ]
    assert [one.notice for one in mail(site, "rhian@example.test")] == [
        Notice.ADDRESS_CODE, Notice.SIGNED_UP,
    ]  # fmt: skip


def test_the_new_account_signs_in_with_its_password(site: Site) -> None:
    Visitor(site).enrolled()
    again = Visitor(site).go("/enrol/next").send(email="rhian@example.test", password=PASSWORD)
    assert "You sign in as rhian@example.test." in again.page.text


def test_nobody_is_held_up_where_what_they_have_is_enough(site: Site) -> None:
    """On the last day somebody in a hurry goes on, and does the rest another day."""
    rhian = Visitor(site)
    asked = site.authorize("library", browser=rhian.browser)
    journey = asked.request.path.split("/")[2]
    rhian.enrolled(journey)
    assert heading(rhian.page) == "You&#39;re in. Library needs 3 more things"
    proved_to_be(site, "rhian@example.test", site.account("margaret"))
    rhian.go("/enrol/next")
    assert heading(rhian.page) == "You&#39;re in. Library needs 2 more things"
    assert "In a hurry? You can go on now and do the rest later." in rhian.page.text
    answer = site.get(f"/sign-in/{journey}", browser=rhian.browser)
    assert answer.location.startswith("https://library.example/callback?code=")


def proved_to_be(site: Site, name: str, other: Any) -> None:
    """Have an account be the one of the person who had another, as a way back ends."""
    site.change(AccountRecord, {"person_ref": None, "identity_level": 0}, ref=other["ref"])
    proved = {"person_ref": other["person_ref"], "identity_level": 1}
    site.change(AccountRecord, proved, sign_in_name=name)


def test_a_service_that_asks_more_says_what_is_left_first(site: Site) -> None:
    rhian = Visitor(site)
    asked = site.authorize("tax", browser=rhian.browser)
    journey = asked.request.path.split("/")[2]
    rhian.enrolled(journey)
    assert heading(rhian.page) == "You&#39;re in. Tax needs 3 more things"
    assert "Show who you are" in rhian.page.text
    assert "Go on to Tax" not in rhian.page.text


def test_a_known_address_and_an_unknown_one_see_the_same_until_it_is_theirs(site: Site) -> None:
    def seen(address: str) -> list[str]:
        somebody = Visitor(site, address)
        pages = []
        for step in (
            lambda: somebody.go("/enrol"),
            lambda: somebody.send(),
            lambda: somebody.send(email=address),
            lambda: somebody.send(code=wrong(somebody.code())),
            lambda: somebody.send(again="yes"),
        ):
            step()
            text = somebody.page.text
            for own in (address, *re.findall(r"/enrol/([\w-]{22})/", text)):
                text = text.replace(own, "-")
            text = re.sub(r'(nonce|value)="[\w-]{20,}"', "", text)
            pages.append(f"{somebody.page.status_code} {text}")
        return pages

    assert seen("sian@example.test") == seen("nyw@example.test")
    counts = {
        address: [one.notice for one in mail(site, address)]
        for address in ("sian@example.test", "nyw@example.test")
    }
    assert counts["sian@example.test"] == counts["nyw@example.test"] == [Notice.ADDRESS_CODE] * 2


def test_a_known_address_and_an_unknown_one_cost_the_same_statements(site: Site) -> None:
    def cost(address: str) -> tuple[list[str], int]:
        somebody = Visitor(site, address).asked_for_code()
        code = wrong(somebody.code())
        with counted(site.database) as cost:
            somebody.send(code=code)
            somebody.send(again="yes")
        return shapes(cost), cost.commits

    assert cost("sian@example.test") == cost("nyw@example.test")


def test_two_people_share_an_address_and_each_has_a_name(site: Site) -> None:
    Visitor(site).enrolled()
    second = Visitor(site).confirmed()
    assert heading(second.page) == "This address has an account already"
    assert "rhian@example.test" in second.page.text
    second.send(whose="new", name="Mam.Rhian")
    assert "You sign in as mam.rhian." in second.page.text
    second.send(password=ANOTHER)
    assert heading(second.page).startswith("You&#39;re in")
    names = {row["sign_in_name"] for row in site.rows(AccountRecord, email="rhian@example.test")}
    assert names == {"rhian@example.test", "mam.rhian"}
    told = [one.values for one in mail(site) if one.notice is Notice.SIGNED_UP]
    assert told == [{"account": "rhian@example.test"}, {"account": "mam.rhian"}]


def test_a_name_that_cannot_be_had_is_refused_and_nothing_is_kept(site: Site) -> None:
    Visitor(site).enrolled()
    Visitor(site).confirmed().send(whose="new", name="taken").send(password=PASSWORD)
    third = Visitor(site).confirmed()
    before = accounts(site)
    shape = "Choose a name with no spaces and no @"
    for name in ("", "two words", "margaret@example.test", "else@example.test"):
        third.send(whose="new", name=name)
        assert (third.page.status_code, error(third.page)) == (422, shape), name
    third.send(whose="new", name="taken")
    assert error(third.page) == "Somebody else has this name. Choose another one"
    assert third.row()["sign_in_name"] is None
    assert accounts(site) == before


def test_the_name_page_asks_whose_the_account_is(site: Site) -> None:
    Visitor(site).enrolled()
    second = Visitor(site).confirmed().send()
    assert (second.page.status_code, error(second.page)) == (422, "Choose one")
    assert second.posted(whose="mine").location == "/account"
    assert second.posted(whose="lost").location == "/recover"


def test_a_name_that_looks_like_an_address_waits_for_whoever_reads_its_mail(site: Site) -> None:
    """Nobody can take an address as a name before its owner comes."""
    Visitor(site).enrolled()
    squatter = Visitor(site).confirmed().send(whose="new", name="gwen@example.test")
    assert squatter.page.status_code == 422
    assert heading(Visitor(site, "gwen@example.test").confirmed().page) == "Choose a password"


def test_a_bad_address_gets_no_mail_and_is_not_kept(site: Site) -> None:
    somebody = Visitor(site).go("/enrol").send()
    for typed in ("", "margaret", "a@b\r\nBcc: c@example.com", "jürgen@x.example"):
        somebody.send(email=typed)
        assert somebody.page.status_code == 422
        assert error(somebody.page)
        assert somebody.row()["email"] is None
    assert site.rows(OutboxRecord) == []
    assert site.rows(AddressCodeRecord) == []


def test_a_wrong_code_confirms_nothing(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    rhian.send(code=wrong(rhian.code()))
    assert error(rhian.page).startswith("This code is not right.")
    assert rhian.row()["email_confirmed_at"] is None
    (code,) = site.rows(AddressCodeRecord)
    assert code["used_at"] is None
    assert [row["kind"] for row in site.rows(JournalEntry)][-1] == "address-code-refused"


def test_a_code_is_too_old_after_ten_minutes(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    code = rhian.code()
    site.later(minutes=10)
    rhian.send(code=code)
    assert error(rhian.page) == "This code is too old. Ask for a new one"
    assert rhian.row()["email_confirmed_at"] is None


def test_a_new_code_voids_the_old_one(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    old = rhian.code()
    rhian.send(again="yes")
    assert rhian.code() != old  # one in a million would be the same
    rhian.send(code=old)
    assert rhian.row()["email_confirmed_at"] is None
    rhian.send(code=rhian.code())
    assert heading(rhian.page) == "Choose a password"


def test_a_code_of_an_address_left_behind_confirms_no_other(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    old = rhian.code()
    rhian.go(rhian.path.replace("/code", "/email")).send(email="sian@example.test")
    rhian.send(code=old)
    assert rhian.row()["email"] == "sian@example.test"
    assert rhian.row()["email_confirmed_at"] is None


def test_anothers_code_confirms_nothing(site: Site) -> None:
    rhian, mallory = Visitor(site).asked_for_code(), Visitor(site, "m@example.test")
    mallory.asked_for_code()
    rhian.send(code=mallory.code() if mallory.code() != rhian.code() else wrong(rhian.code()))
    assert rhian.row()["email_confirmed_at"] is None


def test_an_enrolment_goes_on_only_in_the_browser_where_it_began(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    code, there = rhian.code(), rhian.path
    thief = Visitor(site).go("/enrol")
    assert heading(thief.go(there).page) == "This page was started in another browser"
    rhian_form = rhian.form()[0]
    thief.go("/enrol")
    answer = thief.browser.post(
        rhian_form, data={"csrf_token": thief.form()[1], "code": code},
        base_url="http://localhost:18000",
    )  # fmt: skip
    assert answer.status_code == 400
    assert rhian.row()["email_confirmed_at"] is None


def test_a_page_left_for_a_day_says_so(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    site.later(hours=24)
    assert heading(rhian.go(rhian.path).page) == "This page is too old"


def test_no_step_can_be_passed_over(site: Site) -> None:
    rhian = Visitor(site).go("/enrol").send()
    start = rhian.path.rpartition("/")[0]
    for step in ("code", "name", "password"):
        assert rhian.go(f"{start}/{step}").path == f"{start}/email"
        token = rhian.form()[1]
        rhian.browser.post(f"{start}/{step}", data={"csrf_token": token, "password": PASSWORD},
                           base_url="http://localhost:18000")  # fmt: skip
    assert accounts(site) == {f"{name}@example.test" for name in site.world.people}
    rhian.send(email="rhian@example.test")
    assert rhian.go(f"{start}/password").path == f"{start}/code"


BAD_PASSWORDS = {
    "": "Choose a password",
    "short one": "Use 15 letters or more. Three or four words are easy to keep in mind",
    "x" * 200: "Use 128 letters or fewer",
    "aaaaaaaaaaaaaaaa": "Many people use this password. Choose one that is your own",
    "rhian@example.test": "Choose a password that is not your name or your address",
}


def test_a_bad_password_makes_no_account(site: Site) -> None:
    rhian = Visitor(site).confirmed()
    before = accounts(site)
    for password, said in BAD_PASSWORDS.items():
        rhian.send(password=password)
        assert (rhian.page.status_code, error(rhian.page)) == (422, said)
    assert accounts(site) == before
    assert site.rows(SessionRecord) == []


def test_somebody_who_wants_no_password_goes_on_to_a_passkey(site: Site) -> None:
    rhian = Visitor(site).confirmed()
    answer = rhian.posted(instead="passkey")
    assert answer.location == "/methods/passkey?to=enrol"
    (account,) = site.rows(AccountRecord, sign_in_name="rhian@example.test")
    assert site.rows(PasswordRecord, account_ref=account["ref"]) == []
    (session,) = site.rows(SessionRecord, account_ref=account["ref"])
    assert set(session["proofs"]) == {"email-code"}
    rhian.go("/enrol/next")
    assert "Choose a password or a passkey" in rhian.page.text


def test_a_new_account_takes_the_place_of_whoever_was_signed_in_here(site: Site) -> None:
    rhian = Visitor(site)
    before = site.sign_in("sian", browser=rhian.browser)
    assert "You are signed in here as sian@example.test." in rhian.go("/enrol").page.text
    rhian.enrolled()
    (ended,) = site.rows(SessionRecord, ref=before)
    assert ended["ended_at"] is not None
    assert "You sign in as rhian@example.test." in rhian.page.text


def test_an_enrolment_that_is_done_leads_on_to_what_is_left(site: Site) -> None:
    rhian = Visitor(site).confirmed()
    there = rhian.path
    rhian.send(password=PASSWORD)
    assert rhian.go(there).path == "/enrol/next"


def test_without_a_session_the_hub_goes_by_way_of_signing_in_and_back(site: Site) -> None:
    Visitor(site).enrolled()
    later = Visitor(site).go("/enrol/next")
    assert later.path.endswith("/password")
    later.send(email="rhian@example.test", password=PASSWORD)
    assert later.path == "/enrol/next"
    assert heading(later.page) == "You&#39;re in. There are 2 more things to do"


def test_who_asks_too_often_waits_and_no_mail_is_sent(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    for _ in range(4):
        rhian.send(again="yes")
    assert len(mail(site)) == 5
    refused = rhian.posted(again="yes")
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 60
    assert len(mail(site)) == 5
    assert Visitor(site).asked_for_code().page.status_code == 429  # the address, not the browser
    assert len(mail(site)) == 5


def test_no_code_and_no_address_stands_in_the_throttle_and_no_code_anywhere(site: Site) -> None:
    rhian = Visitor(site).asked_for_code()
    code = rhian.code()
    for table in (AddressCodeRecord, EnrolmentRecord, OutboxRecord, JournalEntry, ThrottleRecord):
        for row in site.rows(table):
            told = {name: value for name, value in row.items() if name not in {"id", "number"}}
            assert code not in re.findall(r"\d{6,}", re.sub(r"[0-9a-f]{64}", "", str(told)))
            if table in {ThrottleRecord, OutboxRecord, JournalEntry}:
                assert "rhian@example.test" not in str(row)
