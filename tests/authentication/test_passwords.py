"""Checking a password: counted first, the same answer for everybody, spent once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update

from idp.accounts.records import AccountRecord
from idp.authentication import actions
from idp.authentication.actions import PasswordProved, Reason, Refusal
from idp.authentication.hashing import Busy, Checked, HashGate
from idp.authentication.records import PasswordRecord
from idp.keyring.ring import Keyring
from idp.storage import Database, db_now
from idp.throttle.records import ThrottleRecord

RIGHT = "harbour boat tea"
WRONG = Refusal(Reason.WRONG)


class CountingGate(HashGate):
    """Counts the hashes it checks; takes no time over them."""

    def __init__(self) -> None:
        super().__init__(4)
        self.checked = 0

    def check(self, stored: str | None, password: str | None) -> Checked:
        self.checked += 1
        return Checked(right=False)


class House:
    """The arguments that every check of these tests has in common."""

    def __init__(self, database: Database, keyring: Keyring, gate: HashGate) -> None:
        self.database, self.keyring, self.gate = database, keyring, gate

    def set(self, account_ref: str, password: str = RIGHT) -> None:
        hashed = actions.hash_password(self.gate, password)
        self.database.transaction(
            lambda tx: actions.set_password(tx, self.keyring, account_ref, hashed)
        )

    def check(
        self, password: str = RIGHT, name: str = "margaret", address: str = "192.0.2.1"
    ) -> PasswordProved | Refusal:
        return actions.check_password(
            self.database,
            self.keyring,
            self.gate,
            sign_in_name=name,
            password=password,
            address=address,
        )

    def accept(self, proved: PasswordProved | Refusal) -> bool:
        assert isinstance(proved, PasswordProved)
        return self.database.transaction(
            lambda tx: actions.accept_password(tx, self.keyring, proved)
        )

    def buckets(self) -> int:
        rows = select(ThrottleRecord.bucket)
        return len(self.database.read(lambda tx: tx.execute(rows).all()))


@pytest.fixture
def house(database: Database, keyring: Keyring, gate: HashGate) -> House:
    return House(database, keyring, gate)


@pytest.fixture
def guessing(database_url: str, keyring: Keyring) -> Iterator[House]:
    """A house whose hashes cost nothing, for attacks of many guesses."""
    database = Database(database_url, pool_size=16)
    yield House(database, keyring, CountingGate())
    database.close()


def test_the_right_password_proves_the_account(house: House, margaret: str) -> None:
    house.set(margaret)
    proved = house.check(name=" MARGARET ")
    assert isinstance(proved, PasswordProved)
    assert proved.account_ref == margaret
    assert house.accept(proved)


def test_a_proof_shows_no_hash_in_a_log(house: House, margaret: str) -> None:
    house.set(margaret)
    assert "argon2" not in repr(house.check())
    assert "argon2" not in repr(actions.hash_password(house.gate, RIGHT))


def test_the_same_answer_for_wrong_password_unknown_name_no_password_and_disabled(
    house: House, margaret: str
) -> None:
    assert house.check() == WRONG  # no password set
    house.set(margaret)
    assert house.check("a wrong password") == WRONG
    assert house.check(name="nobody") == WRONG
    assert house.check(name="no such\nname") == WRONG
    assert house.check("x" * 100_000) == WRONG
    disable = update(AccountRecord).values(disabled_at=db_now())
    house.database.transaction(lambda tx: tx.execute(disable))
    assert house.check() == WRONG


def test_every_answer_costs_one_hash(guessing: House) -> None:
    for count, name in enumerate(("margaret", "nobody", "no such\nname"), start=1):
        guessing.check(name=name)
        assert guessing.gate.checked == count  # type: ignore[attr-defined]


def test_a_password_typed_on_another_keyboard_is_the_same(house: House, margaret: str) -> None:
    house.set(margaret, "caffè ŵyth o'r gloch")
    assert isinstance(house.check("caffe\u0300 w\u0302yth o'r gloch"), PasswordProved)


def test_after_ten_wrong_tries_even_the_right_password_waits(house: House, margaret: str) -> None:
    house.set(margaret)
    for _ in range(10):
        assert house.check("a wrong password") == WRONG
    refused = house.check()
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.WAIT
    assert refused.wait is not None
    assert timedelta(0) < refused.wait <= timedelta(seconds=30)
    house.database.move_clock(refused.wait)
    assert isinstance(house.check(), PasswordProved)


def test_an_unknown_name_is_made_to_wait_just_the_same(guessing: House) -> None:
    answers = [guessing.check(name="nobody") for _ in range(11)]
    assert answers[:10] == [WRONG] * 10
    assert isinstance(answers[10], Refusal)
    assert answers[10].reason is Reason.WAIT


def test_no_more_than_100_guesses_in_a_row_are_ever_looked_at(
    guessing: House, margaret: str
) -> None:
    for number in range(130):
        guessing.check(address=f"192.0.2.{number}")
        guessing.database.move_clock(timedelta(minutes=1))
    assert guessing.gate.checked == 100  # type: ignore[attr-defined]
    refused = guessing.check(address="198.51.100.1")
    assert refused == Refusal(Reason.SHUT)
    guessing.database.move_clock(timedelta(days=300))
    assert guessing.check(address="198.51.100.1") == Refusal(Reason.SHUT)


def test_64_guesses_at_once_are_counted_before_any_is_looked_at(
    guessing: House, margaret: str
) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda i: guessing.check(address=f"192.0.2.{i}"), range(64)))
    assert guessing.gate.checked == 10  # type: ignore[attr-defined]
    assert answers.count(WRONG) == 10


def test_one_address_guessing_at_many_names_is_stopped(guessing: House) -> None:
    answers = [guessing.check(name=f"person{i}") for i in range(60)]
    assert answers.count(WRONG) == guessing.gate.checked  # type: ignore[attr-defined]
    assert 50 <= answers.count(WRONG) <= 55


def test_a_flooder_stopped_by_his_address_shuts_nobody_out(guessing: House) -> None:
    for i in range(60):
        guessing.check(name=f"person{i}")
    for _ in range(20):
        guessing.check(name="margaret")
    before = guessing.gate.checked  # type: ignore[attr-defined]
    for _ in range(8):
        guessing.check(name="margaret", address="198.51.100.1")
    assert guessing.gate.checked == before + 8  # type: ignore[attr-defined]


def test_a_new_password_opens_the_method_again(house: House, margaret: str) -> None:
    house.set(margaret)
    for _ in range(11):
        house.check("a wrong password")
    house.set(margaret, "another harbour boat")
    assert isinstance(house.check("another harbour boat"), PasswordProved)


def test_the_right_password_forgets_the_wrong_tries_before_it(house: House, margaret: str) -> None:
    house.set(margaret)
    for _ in range(3):
        for _ in range(9):
            house.check("a wrong password")
        assert house.accept(house.check())
    assert house.buckets() == 1  # its address only


def test_a_proof_is_worth_nothing_once_the_password_was_changed(
    house: House, margaret: str
) -> None:
    house.set(margaret)
    proved = house.check()
    house.set(margaret, "another harbour boat")
    assert not house.accept(proved)


def test_a_proof_is_worth_nothing_once_the_account_was_disabled(
    house: House, margaret: str
) -> None:
    house.set(margaret)
    proved = house.check()
    disable = update(AccountRecord).values(disabled_at=db_now())
    house.database.transaction(lambda tx: tx.execute(disable))
    assert not house.accept(proved)


def test_a_hash_of_an_older_cost_is_renewed_at_sign_in(house: House, margaret: str) -> None:
    house.set(margaret)
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(RIGHT)
    house.database.transaction(lambda tx: tx.execute(update(PasswordRecord).values(hash=old)))
    assert house.accept(house.check())
    stored = house.database.read(lambda tx: tx.execute(select(PasswordRecord.hash)).scalar_one())
    assert "m=19456,t=2,p=1" in stored
    assert house.accept(house.check())


def test_a_busy_gate_says_so_and_the_try_stays_counted(
    house: House, margaret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Checked:
        raise Busy

    house.set(margaret)
    monkeypatch.setattr(house.gate, "check", full)
    refused = house.check()
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.BUSY
    assert refused.wait is not None
    assert house.buckets() == 3


def test_a_password_that_was_never_checked_is_not_hashed(gate: HashGate) -> None:
    with pytest.raises(ValueError, match="normal form"):
        actions.hash_password(gate, "x" * 1000)
