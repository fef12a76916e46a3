"""A passkey is added in the browser that asked, proved once for each challenge, never copied."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import update

from idp.accounts.actions import create_account
from idp.accounts.records import AccountRecord
from idp.authentication import passkeys, sessions, webauthn
from idp.authentication.passkeys import Added, PasskeyProved
from idp.authentication.records import PasskeyChallengeRecord, PasskeyRecord
from idp.authentication.tries import account_limits
from idp.journal.records import JournalEntry
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_token
from idp.notices.actions import Notice
from idp.storage import Database, db_now
from idp.throttle import actions as throttle
from idp.work import clear
from tests.authentication.visits import ONE_ENGINE, Browser
from tests.rig.authenticator import Authenticator

ORIGIN = "http://localhost:18000"
PARTY = webauthn.relying_party(ORIGIN)


@pytest.fixture
def browser(database: Database, keyring: Keyring, margaret: str) -> Browser:
    return Browser(database, keyring, margaret)


def options(browser: Browser) -> dict[str, Any]:
    return browser.do(
        lambda tx: passkeys.creation_options(
            tx, browser.keyring, PARTY, session=browser.session, browser_secret=browser.secret
        )
    )


def send(browser: Browser, said: str, *, secret: str | None = None) -> Added | None:
    return browser.do(
        lambda tx: passkeys.add_passkey(
            tx, browser.keyring, PARTY, session=browser.session,
            browser_secret=secret or browser.secret, response_json=said, name="Firefox on Linux",
        )
    )  # fmt: skip


def add(browser: Browser, key: Authenticator, **lies: Any) -> Added | None:
    added = send(browser, key.create(options(browser), **lies))
    if added is not None:
        browser.session_secret = added.secret
    return added


def begin(database: Database, secret: str, account_ref: str | None = None) -> dict[str, Any]:
    challenge = database.transaction(
        lambda tx: passkeys.begin(
            tx, purpose="sign-in", browser_secret=secret, account_ref=account_ref
        )
    )
    return webauthn.request_options(PARTY, challenge=challenge)


def answer(database: Database, said: str, secret: str) -> PasskeyProved | None:
    return database.transaction(
        lambda tx: passkeys.prove_passkey(tx, PARTY, response_json=said, browser_secret=secret)
    )


def prove(browser: Browser, key: Authenticator, **lies: Any) -> PasskeyProved | None:
    secret = random_token()  # another browser: nobody is signed in there
    said = key.get(begin(browser.database, secret), **lies)
    return answer(browser.database, said, secret)


@pytest.mark.parametrize(("device_bound", "method"), [(False, "passkey"), (True, "security-key")])
def test_a_key_is_added_counts_at_once_and_signs_in_without_a_name(
    browser: Browser, device_bound: bool, method: str
) -> None:
    key = Authenticator(ORIGIN, device_bound=device_bound)
    old_secret = browser.session_secret
    added = add(browser, key)
    assert added is not None
    assert added.method == method
    assert set(browser.session.proofs) == {"password", method}
    assert method in browser.session.held
    assert browser.database.read(lambda tx: sessions.find(tx, old_secret)) is None
    (row,) = browser.rows(PasskeyRecord)
    assert (row["name"], row["device_bound"], row["credential_id"]) == (
        "Firefox on Linux", device_bound, key.id,
    )  # fmt: skip
    assert "method-added" in browser.journal()
    assert browser.told() == [
        ("margaret@example.org", Notice.METHOD_ADDED, {"account": "margaret", "method": method})
    ]
    proved = prove(browser, key)
    assert proved == PasskeyProved(
        account_ref=browser.account_ref, method=method, passkey_ref=row["ref"]
    )
    assert browser.rows(PasskeyRecord)[0]["last_used_at"] is not None


@ONE_ENGINE
def test_a_device_is_told_which_keys_there_are_and_who_they_are_for(browser: Browser) -> None:
    first = options(browser)
    assert first["user"]["name"] == "margaret"
    assert browser.account_ref not in str(first)
    key = Authenticator(ORIGIN)
    add(browser, key)
    again = options(browser)
    assert [one["id"] for one in again["excludeCredentials"]] == [key.id]
    assert again["user"]["id"] == first["user"]["id"]


@ONE_ENGINE
def test_no_lie_adds_a_key(browser: Browser) -> None:
    secret = browser.session_secret
    for lie in (
        {"origin": "https://evil.example"}, {"challenge": random_token()}, {"verified": False},
        {"rp_id": "evil.example"}, {"discoverable": False},
    ):  # fmt: skip
        assert add(browser, Authenticator(ORIGIN), **lie) is None, lie
    assert browser.rows(PasskeyRecord) == []
    assert browser.told() == []
    assert browser.session_secret == secret
    assert browser.find() is not None


def test_a_challenge_adds_one_key_in_its_own_browser_and_account(
    browser: Browser, database: Database, keyring: Keyring
) -> None:
    other = database.transaction(
        lambda tx: create_account(tx, sign_in_name="tom", email="tom@example.org")
    )
    said = Authenticator(ORIGIN).create(options(browser))
    assert send(browser, said, secret=random_token()) is None
    assert send(Browser(database, keyring, other), said, secret=browser.secret) is None
    assert browser.rows(PasskeyRecord) == []
    said = Authenticator(ORIGIN).create(options(browser))
    assert send(browser, said) is not None


@ONE_ENGINE
def test_a_challenge_of_one_purpose_is_none_of_the_other(browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    registering = options(browser)
    used = key.get({"challenge": registering["challenge"], "rpId": PARTY.id})
    assert answer(browser.database, used, browser.secret) is None
    signing_in = begin(browser.database, browser.secret, browser.account_ref)
    wish = {**registering, "challenge": signing_in["challenge"]}
    assert send(browser, Authenticator(ORIGIN).create(wish)) is None


def test_a_key_that_is_somebodys_is_not_added_again(
    browser: Browser, database: Database, keyring: Keyring
) -> None:
    key = Authenticator(ORIGIN)
    assert add(browser, key) is not None
    assert add(browser, key) is None
    other = database.transaction(
        lambda tx: create_account(tx, sign_in_name="tom", email="tom@example.org")
    )
    assert add(Browser(database, keyring, other), key) is None
    (row,) = browser.rows(PasskeyRecord)
    assert row["account_ref"] == browser.account_ref


def test_a_session_that_ended_meanwhile_adds_nothing(browser: Browser) -> None:
    facts, said = browser.session, Authenticator(ORIGIN).create(options(browser))
    browser.do(lambda tx: sessions.end(tx, facts.ref))
    added = browser.do(
        lambda tx: passkeys.add_passkey(
            tx, browser.keyring, PARTY, session=facts, browser_secret=browser.secret,
            response_json=said,
        )
    )  # fmt: skip
    assert added is None
    assert browser.rows(PasskeyRecord) == []
    assert browser.told() == []


def test_a_challenge_is_good_once_and_for_a_quarter_of_an_hour(browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    asked, secret = begin(browser.database, random_token()), random_token()
    said = key.get(asked)
    assert answer(browser.database, said, secret) is None  # another browser's: not spent by it
    secret = random_token()
    asked = begin(browser.database, secret)
    assert answer(browser.database, key.get(asked), secret) is not None
    assert answer(browser.database, key.get(asked), secret) is None
    asked = begin(browser.database, secret)
    browser.database.move_clock(timedelta(minutes=15, seconds=1))
    assert answer(browser.database, key.get(asked), secret) is None
    clear(browser.database)
    assert browser.rows(PasskeyChallengeRecord) == []


@ONE_ENGINE
def test_a_wrong_answer_spends_the_challenge(browser: Browser) -> None:
    key, secret = Authenticator(ORIGIN), random_token()
    add(browser, key)
    asked = begin(browser.database, secret)
    assert answer(browser.database, key.get(asked, verified=False), secret) is None
    assert answer(browser.database, key.get(asked), secret) is None
    used = browser.rows(PasskeyChallengeRecord, purpose="sign-in")
    assert [row["used_at"] is None for row in used] == [False]


@ONE_ENGINE
def test_no_lie_signs_in_and_the_journal_says_that_it_was_tried(browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    lies: list[dict[str, Any]] = [
        {"origin": "https://evil.example"}, {"rp_id": "evil.example"}, {"verified": False},
        {"signer": ec.generate_private_key(ec.SECP256R1())}, {"user_handle": "c29tZWJvZHk"},
        {"user_handle": None}, {"framed": True},
    ]  # fmt: skip
    for lie in lies:
        assert prove(browser, key, **lie) is None, lie
    entries = browser.rows(JournalEntry, kind="proof-refused")
    assert {row["person"] for row in entries} == {browser.account_ref}
    assert [row["detail"]["why"] for row in entries] == ["unverified"] * len(lies)
    assert prove(browser, key) is not None


def test_a_counter_that_goes_back_is_refused_and_told_in_the_journal(browser: Browser) -> None:
    key = Authenticator(ORIGIN, device_bound=True)
    add(browser, key)
    assert prove(browser, key) is not None
    assert prove(browser, key, counter=1) is None
    assert prove(browser, key, counter=0) is None
    why = [row["detail"]["why"] for row in browser.rows(JournalEntry, kind="proof-refused")]
    assert why == ["counter-went-back"] * 2
    assert prove(browser, key) is not None


@ONE_ENGINE
def test_a_synced_key_that_never_counts_is_used_again_and_again(browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    assert [prove(browser, key) is not None for _ in range(3)] == [True] * 3


def test_a_key_nobody_has_and_one_of_a_disabled_account_are_answered_alike(
    browser: Browser,
) -> None:
    key, nobodys = Authenticator(ORIGIN), Authenticator(ORIGIN)
    nobodys.user_handle = "c29tZWJvZHk"
    add(browser, key)
    browser.do(lambda tx: tx.execute(update(AccountRecord).values(disabled_at=db_now())))
    assert prove(browser, key) is None
    assert prove(browser, nobodys) is None
    entries = browser.rows(JournalEntry, kind="proof-refused")
    assert [row["person"] for row in entries] == [None, None]
    assert len({str(row["detail"]) for row in entries}) == 1


def test_nobodys_key_is_a_real_one_so_that_checking_against_it_takes_as_long() -> None:
    private = ec.derive_private_key(1, ec.SECP256R1())
    key, challenge = Authenticator(ORIGIN, private=private), random_token()
    said = key.get(webauthn.request_options(PARTY, challenge=challenge))
    used = webauthn.verify_request(
        PARTY,
        said,
        challenge=challenge,
        public_key=passkeys._NOBODYS_KEY,
        sign_count=0,
        device_bound=False,
    )
    assert used.sign_count == 0


@ONE_ENGINE
def test_whoever_signs_as_nobody_is_nobody(browser: Browser) -> None:
    key = Authenticator(ORIGIN, private=ec.derive_private_key(1, ec.SECP256R1()))
    key.user_handle = "c29tZWJvZHk"
    assert prove(browser, key) is None


@ONE_ENGINE
def test_where_somebody_was_named_only_their_own_key_will_do(
    browser: Browser, database: Database, keyring: Keyring
) -> None:
    other = database.transaction(
        lambda tx: create_account(tx, sign_in_name="tom", email="tom@example.org")
    )
    mine, toms = Authenticator(ORIGIN), Authenticator(ORIGIN)
    add(browser, mine)
    add(Browser(database, keyring, other), toms)
    secret = random_token()
    asked = begin(database, secret, browser.account_ref)
    assert answer(database, toms.get(asked), secret) is None
    asked = begin(database, secret, browser.account_ref)
    # A key that was named in the question need not say whose it is.
    assert answer(database, mine.get(asked, user_handle=None), secret) is not None


@ONE_ENGINE
def test_a_passkey_gets_in_while_the_password_is_under_attack(browser: Browser) -> None:
    key = Authenticator(ORIGIN)
    add(browser, key)
    attacked = account_limits("password", "margaret")
    while throttle.reserve(browser.database, browser.keyring, attacked) is None:
        pass
    for _ in range(200):
        refusal = passkeys.reserve_passkey(browser.database, browser.keyring, "192.0.2.1")
        assert refusal is None
    assert prove(browser, key) is not None


@ONE_ENGINE
def test_one_address_cannot_make_us_check_keys_without_end(browser: Browser) -> None:
    tries = [
        passkeys.reserve_passkey(browser.database, browser.keyring, "192.0.2.1") for _ in range(420)
    ]
    assert tries.count(None) in range(400, 420)
    assert tries[-1] is not None
    assert passkeys.reserve_passkey(browser.database, browser.keyring, "192.0.2.2") is None


@pytest.fixture
def busy(database_url: str, keyring: Keyring) -> Iterator[Browser]:
    database = Database(database_url, pool_size=32)
    ref = database.transaction(
        lambda tx: create_account(tx, sign_in_name="margaret", email="margaret@example.org")
    )
    assert isinstance(ref, str)
    yield Browser(database, keyring, ref)
    database.close()


def test_32_answers_to_one_challenge_at_once_sign_in_one(busy: Browser) -> None:
    key, secret, barrier = Authenticator(ORIGIN), random_token(), Barrier(32)
    add(busy, key)
    said = key.get(begin(busy.database, secret))

    def use(_: int) -> bool:
        barrier.wait()
        return answer(busy.database, said, secret) is not None

    with ThreadPoolExecutor(32) as pool:
        assert list(pool.map(use, range(32))).count(True) == 1


def test_of_a_key_and_its_copy_that_count_alike_at_once_one_is_refused(busy: Browser) -> None:
    key, barrier = Authenticator(ORIGIN, device_bound=True), Barrier(8)
    add(busy, key)
    secrets = [random_token() for _ in range(8)]
    said = [(key.get(begin(busy.database, one), counter=9), one) for one in secrets]

    def use(pair: tuple[str, str]) -> bool:
        barrier.wait()
        return answer(busy.database, *pair) is not None

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(use, said)).count(True) == 1
