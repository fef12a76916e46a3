"""A browser that is remembered: for one account, thirty days, and not when it was copied."""

from datetime import timedelta

import pytest

from idp.authentication import remembered
from idp.authentication.ending import end_other_sessions
from idp.authentication.records import RememberedDeviceRecord
from idp.authentication.remembered import Used
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_token
from idp.storage import Database
from tests.authentication.visits import Browser


@pytest.fixture
def browser(database: Database, keyring: Keyring, margaret: str) -> Browser:
    return Browser(database, keyring, margaret)


def remember(browser: Browser) -> str:
    return browser.do(
        lambda tx: remembered.remember(tx, browser.account_ref, tx.now(), "Firefox on Linux")
    )


def use(browser: Browser, secret: str, account: str | None = None) -> Used | None:
    return browser.do(lambda tx: remembered.use(tx, account or browser.account_ref, secret))


def test_what_is_kept_is_a_digest_and_each_use_changes_it(browser: Browser) -> None:
    secret = remember(browser)
    (row,) = browser.rows(RememberedDeviceRecord)
    assert secret not in str(dict(row))
    used = use(browser, secret)
    assert used is not None
    assert used.secret != secret
    assert used.device.name == "Firefox on Linux"
    found = browser.do(lambda tx: remembered.find(tx, used.secret))
    assert found is not None
    assert (found.ref, found.account_ref) == (row["ref"], browser.account_ref)
    assert browser.do(lambda tx: remembered.find(tx, secret)) is None


def test_a_copy_shows_and_then_neither_counts(browser: Browser) -> None:
    secret = remember(browser)
    mine = use(browser, secret)
    assert mine is not None
    assert use(browser, secret) is None
    assert use(browser, mine.secret), "two tabs at once are no copy"
    mine = use(browser, remember(browser))
    assert mine is not None
    stolen = mine.secret
    owner = use(browser, stolen)
    assert owner is not None
    browser.database.move_clock(timedelta(seconds=11))
    assert use(browser, stolen) is None
    assert use(browser, owner.secret) is None
    assert browser.journal().count("device-copied") == 1


def test_forged_run_out_and_other_peoples_are_not_there(
    browser: Browser, database: Database
) -> None:
    secret = remember(browser)
    assert use(browser, random_token()) is None
    assert use(browser, "") is None
    assert use(browser, secret, account="somebody-else") is None
    assert use(browser, secret) is not None, "and none of that harmed it"
    late = remember(browser)
    database.move_clock(timedelta(days=30))
    assert use(browser, late) is None
    assert browser.do(lambda tx: remembered.list_devices(tx, browser.account_ref)) == []


def test_its_owner_sees_it_and_forgets_it_and_nobody_else_does(browser: Browser) -> None:
    secret = remember(browser)
    (one,) = browser.do(lambda tx: remembered.list_devices(tx, browser.account_ref))
    assert not browser.do(lambda tx: remembered.forget(tx, "somebody-else", one.ref))
    assert browser.do(lambda tx: remembered.find(tx, secret))
    assert browser.do(lambda tx: remembered.forget(tx, browser.account_ref, one.ref))
    assert not browser.do(lambda tx: remembered.forget(tx, browser.account_ref, one.ref))
    assert use(browser, secret) is None


def test_whoever_ends_the_other_sessions_forgets_the_devices_too(browser: Browser) -> None:
    secret = remember(browser)
    account, session = browser.account_ref, browser.session
    browser.do(lambda tx: end_other_sessions(tx, account, session.party, keep=session.ref))
    assert use(browser, secret) is None
