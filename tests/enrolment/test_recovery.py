"""A lost password is replaced by whoever shows enough, and by nobody else."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import delete

from idp.accounts.actions import create_account, supersede
from idp.authentication import phones
from idp.authentication.actions import (
    check_password,
    enrol_totp,
    hash_password,
    new_seed,
    set_password,
)
from idp.authentication.records import (
    OneTimeCodeRecord,
    PasswordRecord,
    PhoneRecord,
    RecoveryCodeRecord,
    SessionRecord,
)
from idp.authentication.recovery_codes import make_codes
from idp.enrolment.records import ResetRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice
from idp.outbox.records import OutboxRecord
from idp.storage import Transaction
from idp.throttle.records import ThrottleRecord
from tests.build import Site, read_answer
from tests.enrolment.visits import ANOTHER, Visitor, error, heading, mail, shapes, work, wrong
from tests.rig.counting import counted
from tests.signin.sent import NUMBER, codes, give_phone, texts

SIAN, NOBODY = "sian@example.test", "nobody@example.test"


def stored(site: Site, name: str) -> str:
    """A person's password hash as it stands in the database."""
    (row,) = site.rows(PasswordRecord, account_ref=site.account(name)["ref"])
    return str(row["hash"])


def signs_in(site: Site, name: str, password: str) -> bool:
    found = check_password(
        site.database, site.house.keyring, site.house.gate, sign_in_name=f"{name}@example.test",
        password=password, address="192.0.2.9",
    )  # fmt: skip
    return hasattr(found, "account_ref")


def with_code(site: Site, name: str) -> Visitor:
    """Somebody who asked for a reset and typed in the code from the mail."""
    visitor = Visitor(site, f"{name}@example.test").reset(f"{name}@example.test")
    return visitor.send(code=visitor.code())


def test_a_password_alone_is_replaced_by_a_code_to_the_address(site: Site) -> None:
    visitor = with_code(site, "nobody")
    assert heading(visitor.page) == "Choose a new password"
    visitor.send(password=ANOTHER)
    assert heading(visitor.page) == "Your new password works now"
    assert signs_in(site, "nobody", ANOTHER)
    assert not signs_in(site, "nobody", site.world.people["nobody"].password)
    assert [one.notice for one in mail(site, NOBODY)] == [
        Notice.RESET_CODE, Notice.PASSWORD_CHANGED,
    ]  # fmt: skip
    kinds = [row["kind"] for row in site.rows(JournalEntry)]
    assert kinds[-4:] == ["reset-asked", "reset-code-sent", "reset-code-right", "password-reset"]


def test_with_a_second_check_the_mail_alone_changes_nothing(site: Site) -> None:
    before = stored(site, "sian")
    visitor = with_code(site, "sian")
    assert heading(visitor.page) == "One more check"
    for step in ("password", "done"):
        visitor.go(visitor.path.replace("second", step))
        assert visitor.path.endswith("/second")
    visitor.browser.post(
        visitor.path.replace("second", "password"),
        data={"csrf_token": visitor.form()[1], "password": ANOTHER},
        base_url="http://localhost:18000",
    )
    assert stored(site, "sian") == before
    assert visitor.reset_row()["finished_at"] is None


def test_a_code_of_the_app_beside_it_replaces_the_password_and_stays(site: Site) -> None:
    account = site.account("sian")["ref"]
    (seed,) = site.rows(OneTimeCodeRecord, account_ref=account)
    elsewhere = site.sign_in("sian", browser=site.new_browser())
    visitor = with_code(site, "sian")
    visitor.send(way="one-time-code", code=site.code_now("sian"))
    visitor.send(password=ANOTHER)
    assert heading(visitor.page) == "Your new password works now"
    assert signs_in(site, "sian", ANOTHER)
    (kept,) = site.rows(OneTimeCodeRecord, account_ref=account)
    assert kept["seed_sealed"] == seed["seed_sealed"]
    (session,) = site.rows(SessionRecord, ref=elsewhere)
    assert session["ended_at"] is not None
    # Recovery signs nobody in: the code of the app is asked for again.
    assert not any(row["ended_at"] is None for row in site.rows(SessionRecord, account_ref=account))


def test_a_session_that_lay_idle_ends_with_the_others(site: Site) -> None:
    """It lets nobody in, but what a service was given by it lives until it is ended."""
    idle = site.sign_in("sian", browser=site.new_browser())
    site.later(minutes=40)
    visitor = with_code(site, "sian").send(way="one-time-code", code=site.code_now("sian"))
    visitor.send(password=ANOTHER)
    (session,) = site.rows(SessionRecord, ref=idle)
    assert session["ended_at"] is not None


def test_a_printed_code_does_as_well_and_is_used_up(site: Site) -> None:
    account = site.account("sian")["ref"]
    codes = site.database.transaction(lambda tx: make_codes(tx, site.house.keyring, account))
    visitor = with_code(site, "sian")
    visitor.go(f"{visitor.path}?with=recovery-code")
    assert "Printed code" in visitor.page.text
    visitor.send(way="recovery-code", code=codes[0].lower().replace("-", " "))
    visitor.send(password=ANOTHER)
    assert signs_in(site, "sian", ANOTHER)
    again = with_code(site, "sian").send(way="recovery-code", code=codes[0])
    assert error(again.page) == "This code is not right, or it was used before"


def test_the_last_printed_code_of_somebody_proved_is_enough(site: Site) -> None:
    account = site.account("sian")["ref"]
    codes = site.database.transaction(lambda tx: make_codes(tx, site.house.keyring, account))
    for used in codes[1:]:
        with_code_spent(site, account, used)
    site.database.transaction(lambda tx: drop_app(tx, account))
    visitor = with_code(site, "sian").send(way="recovery-code", code=codes[0])
    visitor.send(password=ANOTHER)
    assert signs_in(site, "sian", ANOTHER)


def with_code_spent(site: Site, account: str, code: str) -> None:
    from idp.authentication.recovery_codes import spend_recovery_code

    assert site.database.transaction(
        lambda tx: spend_recovery_code(tx, site.house.keyring, account_ref=account, typed=code)
    )


def drop_app(tx: Transaction, account: str) -> None:
    tx.execute(delete(OneTimeCodeRecord).where(OneTimeCodeRecord.account_ref == account))


def test_a_wrong_second_code_changes_nothing_and_counts_as_at_sign_in(site: Site) -> None:
    before = stored(site, "sian")
    visitor = with_code(site, "sian")
    for _ in range(10):
        visitor.send(way="one-time-code", code=wrong(site.code_now("sian")))
        assert visitor.page.status_code == 422
    visitor.send(way="one-time-code", code=site.code_now("sian"))
    assert visitor.page.status_code == 429
    assert visitor.reset_row()["second_proved_at"] is None
    assert stored(site, "sian") == before
    # The same counter: whoever tries codes here gets no fresh ones at the sign-in page.
    page = site.authorize("tax")
    page = site.submit(page, email=SIAN, password=site.world.people["sian"].password)
    assert site.submit(page, code=site.code_now("sian")).status_code == 429


def test_proved_and_nothing_second_left_leads_to_proving_again(site: Site) -> None:
    site.database.transaction(lambda tx: drop_app(tx, site.account("sian")["ref"]))
    before = stored(site, "sian")
    visitor = with_code(site, "sian")
    assert heading(visitor.page) == "Show again who you are"
    assert visitor.go(visitor.path.replace("other-ways", "password")).path.endswith("other-ways")
    assert stored(site, "sian") == before


def test_who_lost_everything_is_told_the_way_back(site: Site) -> None:
    visitor = with_code(site, "sian")
    assert "I have none of these any more" in visitor.page.text
    visitor.go(visitor.path.replace("second", "other-ways"))
    assert heading(visitor.page) == "Show again who you are"
    assert 'href="/enrol"' in visitor.page.text
    assert "counter" in visitor.page.text


def test_a_name_that_is_nobodys_sees_the_same_pages_and_gets_no_mail(site: Site) -> None:
    def seen(name: str) -> list[str]:
        visitor = Visitor(site, name).reset(name)
        pages = [visitor.page.text]
        for _ in range(6):
            visitor.send(code="135790")
            pages.append(f"{visitor.page.status_code} {visitor.page.text}")
        for own in set(re.findall(r"/recover/([\w-]{22})/", pages[0])):
            pages = [page.replace(own, "-") for page in pages]
        return [re.sub(r'(nonce|value)="[\w-]{20,}"', "", page) for page in pages]

    assert seen(SIAN) == seen("not.there@example.test")
    assert [one.contact.address for one in mail(site)] == [SIAN]


def test_asking_costs_the_same_statements_for_every_name(site: Site) -> None:
    def cost(name: str) -> tuple[list[str], int]:
        visitor = Visitor(site).go("/recover")
        with counted(site.database) as cost:
            visitor.send(name=name)
            visitor.send(code="135790")
        return shapes(cost), cost.commits

    assert cost(SIAN) == cost("not.there@example.test")


def test_a_reset_of_a_shared_address_names_the_account(site: Site) -> None:
    Visitor(site).enrolled()
    Visitor(site).confirmed().send(whose="new", name="mam").send(password=ANOTHER)
    Visitor(site).reset(" MAM ")
    assert mail(site, "rhian@example.test")[-1].values["account"] == "mam"


def test_a_code_is_sent_once_however_often_its_message_is_borne(site: Site) -> None:
    visitor = Visitor(site, SIAN).reset(SIAN)
    work(site)
    assert len(mail(site, SIAN)) == 1
    visitor.send(code=visitor.code())
    assert visitor.path.endswith("/second")


def test_a_mailed_code_opens_one_reset_once(site: Site) -> None:
    visitor = Visitor(site, NOBODY).reset(NOBODY)
    code = visitor.code()
    other = Visitor(site, NOBODY).reset(NOBODY)
    if other.code() != code:
        other.send(code=code)
        assert other.reset_row()["code_used_at"] is None
    visitor.send(code=code)
    used = visitor.reset_row()["code_used_at"]
    assert used is not None
    visitor.go(visitor.path.replace("password", "code"))
    assert visitor.path.endswith("/password")


@pytest.mark.parametrize("minutes", [10, 30])
def test_a_code_left_too_long_is_worth_nothing(site: Site, minutes: int) -> None:
    before = stored(site, "nobody")
    visitor = Visitor(site, NOBODY).reset(NOBODY)
    code = visitor.code()
    site.later(minutes=minutes)
    visitor.send(code=code)
    (row,) = site.rows(ResetRecord)
    assert row["code_used_at"] is None
    assert stored(site, "nobody") == before


def test_a_reset_goes_on_only_in_the_browser_where_it_began(site: Site) -> None:
    visitor = with_code(site, "nobody")
    thief = Visitor(site).go("/recover")
    assert heading(thief.go(visitor.path).page) == "This page was started in another browser"


def test_a_finished_reset_sets_no_second_password(site: Site) -> None:
    visitor = with_code(site, "nobody")
    action, token = visitor.form()
    visitor.send(password=ANOTHER)
    before = stored(site, "nobody")
    answer = visitor.browser.post(
        action, data={"csrf_token": token, "password": "yet another long password"},
        base_url="http://localhost:18000",
    )  # fmt: skip
    assert answer.location.endswith("/done")
    assert stored(site, "nobody") == before


def test_a_second_check_set_up_meanwhile_voids_what_was_begun_without_it(site: Site) -> None:
    visitor = with_code(site, "nobody")
    before, account = stored(site, "nobody"), site.account("nobody")["ref"]
    site.database.transaction(lambda tx: make_codes(tx, site.house.keyring, account))
    visitor.send(password=ANOTHER)
    assert heading(visitor.page) == "This page is too old"
    assert stored(site, "nobody") == before


@pytest.mark.parametrize("password", ["", "short one", "nobody@example.test"])
def test_a_bad_new_password_changes_nothing(site: Site, password: str) -> None:
    before = stored(site, "nobody")
    visitor = with_code(site, "nobody").send(password=password)
    assert visitor.page.status_code == 422
    assert error(visitor.page)
    assert stored(site, "nobody") == before
    assert visitor.reset_row()["finished_at"] is None


def test_resets_of_one_name_are_few_whoever_it_is(site: Site) -> None:
    for name in (SIAN, "not.there@example.test"):
        answers = [Visitor(site).go("/recover").posted(name=name).status_code for _ in range(5)]
        assert answers == [303, 303, 303, 429, 429]
    assert len(site.rows(ResetRecord)) == 6


def test_a_stranger_elsewhere_shuts_nobody_out(site: Site) -> None:
    """He may begin resets of her name and guess at them: hers are begun and judged all the same."""
    for _ in range(4):
        thief = Visitor(site, NOBODY)
        thief.browser.environ_base["REMOTE_ADDR"] = "198.51.100.7"
        thief.go("/recover").send(name=NOBODY)
        while thief.page.status_code < 429:
            thief.send(code="000000")
    owner = with_code(site, "nobody")
    assert heading(owner.page) == "Choose a new password"


def test_from_everywhere_together_thirty_codes_are_sent_and_then_six_an_hour(site: Site) -> None:
    begun = 0
    for network in range(40):
        visitor = Visitor(site, NOBODY)
        visitor.browser.environ_base["REMOTE_ADDR"] = f"198.51.100.{network}"
        begun += visitor.go("/recover").posted(name=NOBODY).status_code == 303
    assert begun in {30, 31}  # one more where ten minutes go by, which they do not
    assert len(site.rows(ResetRecord)) == begun


def proved_then(site: Site, change: Callable[[Transaction, str], object]) -> Visitor:
    """A thief with the mail and a code of the app stands at the last page; the owner acts."""
    thief = with_code(site, "sian")
    thief.send(way="one-time-code", code=site.code_now("sian"))
    assert heading(thief.page) == "Choose a new password"
    site.later(seconds=1)
    account = site.account("sian")["ref"]
    site.database.transaction(lambda tx: change(tx, account))
    return thief.send(password=ANOTHER)


def test_what_was_proved_with_an_app_that_was_replaced_buys_nothing(site: Site) -> None:
    keyring, before = site.house.keyring, stored(site, "sian")
    thief = proved_then(site, lambda tx, account: enrol_totp(tx, keyring, account, new_seed()))
    assert heading(thief.page) == "This page is too old"
    assert stored(site, "sian") == before


def test_a_new_sheet_of_codes_voids_what_was_begun_before(site: Site) -> None:
    keyring, before = site.house.keyring, stored(site, "sian")
    thief = proved_then(site, lambda tx, account: make_codes(tx, keyring, account))
    assert heading(thief.page) == "This page is too old"
    assert stored(site, "sian") == before


def test_who_comes_back_into_the_account_leaves_no_reset_behind(site: Site) -> None:
    before = stored(site, "sian")

    def come_back(tx: Transaction, account: str) -> None:
        new = create_account(tx, sign_in_name="new@example.test", email="new@example.test")
        assert supersede(tx, old_ref=account, by_ref=str(new))

    account = site.account("sian")["ref"]
    thief = proved_then(site, come_back)
    assert heading(thief.page) == "This page is too old"
    assert "new@example.test" not in thief.page.text
    (row,) = site.rows(PasswordRecord, account_ref=account)
    assert row["hash"] == before


def test_codes_that_are_taken_away_after_one_was_used_here_count_no_more(site: Site) -> None:
    account, before = site.account("sian")["ref"], stored(site, "sian")
    codes = site.database.transaction(lambda tx: make_codes(tx, site.house.keyring, account))
    site.later(seconds=1)
    thief = with_code(site, "sian").send(way="recovery-code", code=codes[0])
    assert heading(thief.page) == "Choose a new password"
    gone = delete(RecoveryCodeRecord).where(RecoveryCodeRecord.account_ref == account)
    site.database.transaction(lambda tx: tx.execute(gone))
    thief.send(password=ANOTHER)
    assert thief.path.endswith("/second")
    assert stored(site, "sian") == before


def test_neither_code_nor_name_stands_anywhere_in_clear(site: Site) -> None:
    visitor = Visitor(site, SIAN).reset(SIAN)
    Visitor(site).reset("somebody.else@example.test")
    code = visitor.code()
    for table in (ResetRecord, OutboxRecord, JournalEntry, ThrottleRecord):
        for row in site.rows(table):
            told = str({name: value for name, value in row.items() if name not in {"id", "number"}})
            assert code not in re.findall(r"\d{6,}", re.sub(r"[0-9a-f]{64}", "", told))
            assert "somebody.else" not in told
            assert SIAN not in told


def test_a_reset_asked_for_before_the_password_was_changed_is_void(site: Site) -> None:
    """The owner sees the mail, changes the password and is safe: what was begun ends there."""
    begun, proved = Visitor(site, NOBODY).reset(NOBODY), with_code(site, "nobody")
    site.later(seconds=1)
    account = site.account("nobody")["ref"]
    new = hash_password(site.house.gate, "the owner's own new password")
    site.database.transaction(lambda tx: set_password(tx, site.house.keyring, account, new))
    begun.send(code=begun.code())
    proved.send(password=ANOTHER)
    assert heading(begun.page) == heading(proved.page) == "This page is too old"
    assert signs_in(site, "nobody", "the owner's own new password")


def test_of_two_resets_the_one_that_ends_first_voids_the_other(site: Site) -> None:
    first, second = with_code(site, "nobody"), with_code(site, "nobody")
    site.later(seconds=1)
    first.send(password=ANOTHER)
    second.send(password="a third password of somebody")
    assert heading(second.page) == "This page is too old"
    assert signs_in(site, "nobody", ANOTHER)


def test_what_a_service_may_use_when_nobody_is_there_ends_with_a_lost_password(
    site: Site,
) -> None:
    site.sign_in()
    page = site.authorize("post", scope="openid profile offline_access")
    code = read_answer(site.submit(page, consent="yes"))["code"]
    kept = (site.redeem("post", code).json or {})["refresh_token"]
    assert site.refresh("post", kept).status_code == 200
    reset = proved_then(site, lambda tx, account: None)
    assert heading(reset.page) == "Your new password works now"
    assert (site.refresh("post", kept).json or {})["error"] == "invalid_grant"


def test_a_text_message_is_the_second_thing_shown_and_not_right_after_a_number_moved(
    site: Site,
) -> None:
    give_phone(site, "nobody")
    site.later(seconds=1)  # newer than the number
    one = with_code(site, "nobody")
    page = one.path
    assert heading(one.page) == "One more check"
    one.send(way="sms-code", send="yes")
    code = texts(site)[-1].values["code"]
    assert heading(one.send(way="sms-code", code=wrong(code)).page) == "One more check"
    moved = site.database.transaction(lambda tx: phones.report_move(tx, site.house.keyring, NUMBER))
    assert moved == 1
    one.send(way="sms-code", code=code)
    assert all(row["used_at"] is None for row in codes(site, purpose="sms-code"))
    site.change(PhoneRecord, {"moved_at": None}, account_ref=site.account("nobody")["ref"])
    one.go(page).send(way="sms-code", code=code)
    assert heading(one.page) == "Choose a new password"
