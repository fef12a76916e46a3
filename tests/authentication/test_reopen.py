"""An account that a hundred wrong tries have shut is opened by an operator, and by nobody else."""

from pathlib import Path

from idp.accounts.actions import create_account
from idp.authentication import actions
from idp.authentication.actions import PasswordProved, Reason, Refusal
from idp.authentication.hashing import HashGate
from idp.authentication.tries import TRIES_IN_A_ROW, account_limits
from idp.storage import Database
from idp.throttle import actions as throttle
from tests.rig.keys import make_keyring


def test_a_shut_account_is_shut_for_the_right_password_too_until_it_is_reopened(
    database: Database, tmp_path: Path
) -> None:
    keyring, gate = make_keyring(tmp_path / "keys"), HashGate(2)
    hashed = actions.hash_password(gate, "correct-horse-battery-staple")
    name = "someone@example.test"

    def enrol(tx):
        ref = create_account(tx, sign_in_name=name, email=name)
        actions.set_password(tx, keyring, ref, hashed)

    database.transaction(enrol)
    row = account_limits("password", name)[1]
    for _ in range(TRIES_IN_A_ROW):
        throttle.reserve(database, keyring, [row])

    def attempt() -> object:
        return actions.check_password(
            database, keyring, gate, sign_in_name=name,
            password="correct-horse-battery-staple", address="192.0.2.1",
        )  # fmt: skip

    assert attempt() == Refusal(Reason.SHUT)
    assert database.transaction(lambda tx: actions.reopen(tx, keyring, name))
    assert isinstance(attempt(), PasswordProved)


def test_reopening_an_account_that_is_not_there_says_so(database: Database, tmp_path: Path) -> None:
    keyring = make_keyring(tmp_path / "keys")
    assert database.transaction(lambda tx: actions.reopen(tx, keyring, "nobody@x.test")) is None
