"""Ten printed codes, each good once, for whoever has no telephone to hand."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from math import log2
from threading import Barrier

import pytest
from sqlalchemy import update

from idp.accounts.actions import create_account
from idp.accounts.records import AccountRecord
from idp.authentication import recovery_codes
from idp.authentication.records import RecoveryCodeRecord
from idp.authentication.tries import Reason, Refusal
from idp.journal.actions import SPOKEN
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.storage import Database, db_now
from tests.authentication.visits import ONE_ENGINE, Browser


@pytest.fixture
def browser(database: Database, keyring: Keyring, margaret: str) -> Browser:
    return Browser(database, keyring, margaret)


def make(browser: Browser) -> list[str]:
    return browser.do(
        lambda tx: recovery_codes.make_codes(tx, browser.keyring, browser.account_ref)
    )


def spend(browser: Browser, typed: str, account_ref: str | None = None) -> bool:
    return browser.do(
        lambda tx: recovery_codes.spend_recovery_code(
            tx, browser.keyring, account_ref=account_ref or browser.account_ref, typed=typed
        )
    )


@ONE_ENGINE
def test_ten_codes_of_more_than_64_bits_in_groups_that_can_be_read_out(browser: Browser) -> None:
    codes = make(browser)
    assert len(set(codes)) == 10
    for code in codes:
        groups = code.split("-")
        assert [len(group) for group in groups] == [5, 5, 5]
        assert set("".join(groups)) <= set(SPOKEN)
    assert 15 * log2(len(set(SPOKEN))) >= 64
    stored = str(browser.rows(RecoveryCodeRecord))
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_each_code_is_good_once_however_it_is_typed_and_its_owner_is_told(
    browser: Browser,
) -> None:
    first, second, third, fourth, *_ = make(browser)
    for typed in (first, second.lower(), third.replace("-", " "), f" {fourth.replace('-', '')}\n"):
        assert spend(browser, typed)
        assert not spend(browser, typed)
    used = ("margaret@example.org", Notice.RECOVERY_CODE_USED, {"account": "margaret"})
    assert browser.told() == [used] * 4
    assert browser.journal().count("recovery-code-used") == 4


@pytest.mark.parametrize(
    "typed",
    ["", "-", "A" * 15, "2" * 14, "2" * 16, "2" * 101, "22222-22222-2222\u0661", "\u00df" * 15,
     "22222\u017f22222222\u212a", "22222-22222-2222;"],
)  # fmt: skip
def test_what_no_code_looks_like_is_not_even_looked_up(typed: str) -> None:
    assert recovery_codes.normal_code(typed) in {None, "A" * 15}


def test_a_new_set_voids_the_old_one(browser: Browser) -> None:
    old, new = make(browser), make(browser)
    assert not any(spend(browser, code) for code in old)
    assert all(spend(browser, code) for code in new)
    assert len(browser.rows(RecoveryCodeRecord)) == 10


def test_a_code_is_of_one_account_that_is_not_disabled(browser: Browser) -> None:
    code, other = make(browser)[0], "somebody-else"
    browser.do(lambda tx: create_account(tx, sign_in_name="tom", email="tom@example.org"))
    assert not spend(browser, code, other)
    (tom,) = browser.rows(AccountRecord, sign_in_name="tom")
    assert not spend(browser, code, tom["ref"])
    browser.do(lambda tx: tx.execute(update(AccountRecord).values(disabled_at=db_now())))
    assert not spend(browser, code)


@ONE_ENGINE
def test_a_code_is_not_spent_if_what_it_buys_is_not_committed(browser: Browser) -> None:
    code = make(browser)[0]

    def crash_after_spending(tx):
        assert recovery_codes.spend_recovery_code(
            tx, browser.keyring, account_ref=browser.account_ref, typed=code
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        browser.do(crash_after_spending)
    assert browser.told() == []
    assert spend(browser, code)


@ONE_ENGINE
def test_tries_are_counted_like_those_of_other_codes_and_a_right_one_forgets_them(
    browser: Browser,
) -> None:
    def reserve(address: str = "192.0.2.1") -> Refusal | None:
        return recovery_codes.reserve_recovery_code(
            browser.database, browser.keyring, browser.account_ref, address
        )

    code = make(browser)[0]
    assert [reserve() for _ in range(10)] == [None] * 10
    refused = reserve()
    assert refused is not None
    assert refused.reason is Reason.WAIT
    assert spend(browser, code)
    assert reserve() is None
    for number in range(110):
        browser.database.move_clock(timedelta(minutes=1))
        reserve(f"192.0.2.{number}")
    assert reserve("198.51.100.1") == Refusal(Reason.SHUT)
    make(browser)
    assert reserve() is None


@pytest.fixture
def busy(database_url: str, keyring: Keyring) -> Iterator[Browser]:
    database = Database(database_url, pool_size=32)
    ref = database.transaction(
        lambda tx: create_account(tx, sign_in_name="margaret", email="margaret@example.org")
    )
    assert isinstance(ref, str)
    yield Browser(database, keyring, ref)
    database.close()


def test_32_uses_of_one_code_at_once_buy_one_thing_and_two_sets_at_once_leave_one(
    busy: Browser,
) -> None:
    code, barrier = make(busy)[0], Barrier(32)

    def use(_: int) -> bool:
        barrier.wait()
        return spend(busy, code)

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(use, range(32))).count(True) == 1
    with ThreadPoolExecutor(8) as pool:
        sets = list(pool.map(lambda _: make(busy), range(8)))
    assert len(busy.rows(RecoveryCodeRecord)) == 10
    assert sum(spend(busy, one[0]) for one in sets) == 1
