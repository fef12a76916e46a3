"""No method is taken away that would shut its owner out; one that goes, goes altogether."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from itertools import combinations

import pytest

from idp.accounts.actions import create_account
from idp.assurance.policy import load_policies
from idp.authentication import actions, methods, passkeys, recovery_codes, webauthn
from idp.authentication.held import METHODS
from idp.authentication.methods import HeldMethod, NotRemoved
from idp.authentication.records import PasskeyChallengeRecord, PasskeyRecord
from idp.authentication.rules import (
    enough_ways_in,
    level_to_change_methods,
    step_of,
    ways_in,
)
from idp.authentication.sessions import SessionFacts
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_token
from idp.notices.actions import Notice
from idp.policy.files import packaged_directory
from idp.storage import Database
from tests.authentication.visits import ONE_ENGINE, Browser
from tests.rig.authenticator import Authenticator

ORIGIN = "http://localhost:18000"
PARTY = webauthn.relying_party(ORIGIN)
POLICY = load_policies(packaged_directory(), today=date(2026, 12, 1)).methods
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
PASSWORD, CODE, PASSKEY, KEY, TEXT, MAIL, PRINTED = METHODS


def way(*held: str) -> frozenset[str]:
    return frozenset(held)


def test_ways_in_are_what_passes_two_checks_with_nothing_to_spare() -> None:
    assert ways_in(METHODS, POLICY) == [
        way(PASSKEY), way(KEY), way(PASSWORD, CODE), way(PASSWORD, TEXT), way(PASSWORD, PRINTED),
    ]  # fmt: skip
    assert ways_in({PASSWORD}, POLICY) == ways_in({CODE, PRINTED}, POLICY) == []


def test_enough_is_two_ways_one_with_nothing_on_a_telephone() -> None:
    enough = {
        frozenset(held)
        for size in range(6)
        for held in combinations(METHODS, size)
        if enough_ways_in(held, POLICY)
    }
    assert min(len(held) for held in enough) == 2
    assert {held for held in enough if len(held) == 2} == {way(PASSKEY, KEY)}
    assert {held for held in enough if len(held) == 3 and not held >= way(PASSKEY, KEY)} == {
        way(PASSWORD, CODE, PRINTED), way(PASSWORD, PASSKEY, PRINTED),
        way(PASSWORD, CODE, KEY), way(PASSWORD, KEY, PRINTED),
        way(PASSWORD, TEXT, KEY), way(PASSWORD, TEXT, PRINTED),
    }  # fmt: skip
    assert not enough_ways_in({PASSWORD, CODE, PASSKEY}, POLICY)  # all of it may be on one phone


def test_to_change_methods_takes_as_much_as_they_reach_up_to_two_checks() -> None:
    assert level_to_change_methods(0, (), POLICY) == 0
    assert level_to_change_methods(0, {PASSWORD}, POLICY) == 1
    assert level_to_change_methods(0, {PASSWORD, CODE}, POLICY) == 2
    assert level_to_change_methods(0, METHODS, POLICY) == 2
    assert level_to_change_methods(1, {PASSWORD}, POLICY) == 2


class Owner(Browser):
    """A browser of somebody who sets methods up and takes them away."""

    def add_password(self) -> None:
        hashed = actions.HashedPassword("not a hash that is ever checked here")
        self.do(lambda tx: actions.set_password(tx, self.keyring, self.account_ref, hashed))

    def add_app(self) -> None:
        self.do(lambda tx: actions.enrol_totp(tx, self.keyring, self.account_ref, SEED))

    def print_codes(self) -> list[str]:
        return self.do(lambda tx: recovery_codes.make_codes(tx, self.keyring, self.account_ref))

    def add_key(self, key: Authenticator) -> None:
        options = self.do(
            lambda tx: passkeys.creation_options(
                tx, self.keyring, PARTY, session=self.session, browser_secret=self.secret
            )
        )
        added = self.do(
            lambda tx: passkeys.add_passkey(
                tx, self.keyring, PARTY, session=self.session, browser_secret=self.secret,
                response_json=key.create(options), name="Firefox on Linux",
            )
        )  # fmt: skip
        assert added is not None
        self.session_secret = added.secret

    def prove(self, key: Authenticator, account_ref: str | None = None) -> str | None:
        secret = random_token()
        challenge = self.do(
            lambda tx: passkeys.begin(
                tx, purpose="sign-in", browser_secret=secret, account_ref=account_ref
            )
        )
        said = key.get(webauthn.request_options(PARTY, challenge=challenge))
        proved = self.do(
            lambda tx: passkeys.prove_passkey(tx, PARTY, response_json=said, browser_secret=secret)
        )
        return proved.account_ref if proved else None

    def spend_code(self) -> bool:
        return self.do(
            lambda tx: actions.spend_code(
                tx, self.keyring, account_ref=self.account_ref,
                code=actions.code_at(SEED, step_of(tx.now())), now=tx.now(),
            )
        )  # fmt: skip

    def remove(
        self, method: str, ref: str = "", session: SessionFacts | None = None
    ) -> HeldMethod | NotRemoved:
        mine = session or self.session
        return self.do(
            lambda tx: methods.remove_method(
                tx, self.keyring, POLICY, session=mine, method=method, ref=ref
            )
        )

    @property
    def held(self) -> list[str]:
        return [one.method for one in self.listed]

    @property
    def listed(self) -> list[HeldMethod]:
        return self.do(lambda tx: methods.list_methods(tx, self.account_ref))


@pytest.fixture
def owner(database: Database, keyring: Keyring, margaret: str) -> Owner:
    return Owner(database, keyring, margaret)


def test_methods_are_listed_with_what_their_owner_knows_them_by(owner: Owner) -> None:
    assert owner.listed == []
    owner.add_password()
    owner.add_app()
    owner.add_key(Authenticator(ORIGIN, device_bound=True))
    codes = owner.print_codes()
    owner.do(
        lambda tx: recovery_codes.spend_recovery_code(
            tx, owner.keyring, account_ref=owner.account_ref, typed=codes[0]
        )
    )
    assert owner.held == [PASSWORD, CODE, KEY, PRINTED]
    assert owner.listed[2].name == "Firefox on Linux"
    assert owner.listed[3].left == 9
    held = owner.do(lambda tx: methods.held_methods(tx, owner.account_ref))
    assert held == owner.session.held == {PASSWORD, CODE, KEY, PRINTED}


@ONE_ENGINE
def test_codes_that_are_all_used_up_are_held_no_more(owner: Owner) -> None:
    for code in owner.print_codes():
        assert PRINTED in owner.session.held
        assert spend(owner, code)
    assert owner.session.held == frozenset()
    assert owner.listed == []


def test_a_method_goes_with_all_of_it_with_other_sessions_and_with_a_notice(
    owner: Owner, database: Database, keyring: Keyring
) -> None:
    owner.add_password()
    owner.add_app()
    codes = owner.print_codes()
    key = Authenticator(ORIGIN, device_bound=True)
    owner.add_key(key)
    elsewhere = Owner(database, keyring, owner.account_ref)
    before = len(owner.told())

    gone = owner.remove(CODE)
    assert isinstance(gone, HeldMethod)
    assert not owner.spend_code()
    assert elsewhere.find() is None
    assert owner.find() is not None
    assert owner.told()[before:] == [
        ("margaret@example.org", Notice.METHOD_REMOVED, {"account": "margaret", "method": CODE})
    ]
    assert "method-removed" in owner.journal()
    assert "signed-out" in owner.journal()
    assert owner.remove(CODE) is NotRemoved.GONE

    assert owner.remove(PRINTED) is NotRemoved.TOO_FEW
    assert owner.do(
        lambda tx: recovery_codes.spend_recovery_code(
            tx, keyring, account_ref=owner.account_ref, typed=codes[0]
        )
    )
    assert owner.held == [PASSWORD, KEY, PRINTED]


@ONE_ENGINE
def test_a_key_that_is_taken_away_answers_no_challenge_that_waits(owner: Owner) -> None:
    lost, kept, spare = (
        Authenticator(ORIGIN), Authenticator(ORIGIN, device_bound=True), Authenticator(ORIGIN),
    )  # fmt: skip
    for key in (lost, kept, spare):
        owner.add_key(key)
    owner.do(
        lambda tx: passkeys.begin(
            tx, purpose="register", browser_secret="b", account_ref=owner.account_ref
        )
    )
    (row,) = owner.rows(PasskeyRecord, credential_id=lost.id)
    assert owner.remove(PASSKEY, "of-nobody") is NotRemoved.GONE
    assert owner.remove(KEY, row["ref"]) is NotRemoved.GONE
    assert isinstance(owner.remove(PASSKEY, row["ref"]), HeldMethod)
    assert owner.prove(lost) is None
    assert owner.prove(kept) == owner.prove(spare) == owner.account_ref
    assert owner.rows(PasskeyChallengeRecord, used_at=None) == []
    (row,) = owner.rows(PasskeyRecord, credential_id=spare.id)
    assert owner.remove(PASSKEY, row["ref"]) is NotRemoved.TOO_FEW


@ONE_ENGINE
def test_somebody_elses_key_is_not_there_to_take_away(
    owner: Owner, database: Database, keyring: Keyring
) -> None:
    ref = owner.do(lambda tx: create_account(tx, sign_in_name="tom", email="tom@example.org"))
    assert isinstance(ref, str)
    tom, key = Owner(database, keyring, ref), Authenticator(ORIGIN)
    tom.add_key(key)
    (row,) = owner.rows(PasskeyRecord)
    assert owner.remove(PASSKEY, row["ref"]) is NotRemoved.GONE
    assert tom.prove(key) == ref


def test_a_way_back_moves_what_is_new_and_voids_what_was_there(
    owner: Owner, database: Database, keyring: Keyring
) -> None:
    """The account that was lost keeps nothing a thief could hold; the new methods all work."""
    owner.add_password()
    owner.add_app()
    stolen = Authenticator(ORIGIN)
    owner.add_key(stolen)
    old_codes = owner.print_codes()
    owner.do(
        lambda tx: passkeys.begin(
            tx, purpose="sign-in", browser_secret="thief", account_ref=owner.account_ref
        )
    )
    ref = owner.do(lambda tx: create_account(tx, sign_in_name="new", email="new@example.org"))
    assert isinstance(ref, str)
    new, key = Owner(database, keyring, ref), Authenticator(ORIGIN, device_bound=True)
    new.add_password()
    new.add_app()
    new.add_key(key)
    codes = new.print_codes()

    owner.do(
        lambda tx: methods.move_methods(tx, keyring, from_account=ref, to_account=owner.account_ref)
    )
    assert owner.find() is None
    assert owner.held == [PASSWORD, CODE, KEY, PRINTED]
    assert new.held == []
    assert owner.prove(stolen) is None
    assert owner.prove(key) == owner.account_ref
    assert owner.spend_code()
    assert not any(spend(owner, code) for code in old_codes)
    assert all(spend(owner, code) for code in codes)
    assert owner.rows(PasskeyChallengeRecord, used_at=None) == []
    assert "methods-moved" in owner.journal()


@ONE_ENGINE
def test_a_way_back_without_an_app_takes_the_old_app_away(
    owner: Owner, database: Database, keyring: Keyring
) -> None:
    owner.add_password()
    owner.add_app()
    ref = owner.do(lambda tx: create_account(tx, sign_in_name="new", email="new@example.org"))
    assert isinstance(ref, str)
    owner.do(
        lambda tx: methods.move_methods(tx, keyring, from_account=ref, to_account=owner.account_ref)
    )
    assert owner.held == []
    assert not owner.spend_code()


def spend(owner: Owner, code: str) -> bool:
    return owner.do(
        lambda tx: recovery_codes.spend_recovery_code(
            tx, owner.keyring, account_ref=owner.account_ref, typed=code
        )
    )


@pytest.fixture
def busy(database_url: str, keyring: Keyring) -> Iterator[Owner]:
    database = Database(database_url, pool_size=8)
    ref = database.transaction(
        lambda tx: create_account(tx, sign_in_name="margaret", email="margaret@example.org")
    )
    assert isinstance(ref, str)
    yield Owner(database, keyring, ref)
    database.close()


def test_methods_taken_away_at_once_never_leave_too_few(busy: Owner) -> None:
    busy.add_password()
    busy.add_app()
    busy.print_codes()
    busy.add_key(Authenticator(ORIGIN, device_bound=True))
    facts = busy.session
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda method: busy.remove(method, session=facts), [CODE, PRINTED]))
    assert [isinstance(one, HeldMethod) for one in done].count(True) == 1
    assert NotRemoved.TOO_FEW in done
    assert enough_ways_in(busy.held, POLICY)
