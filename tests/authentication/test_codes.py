"""One-time codes: six ASCII digits, counted first, each good for one thing once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update

from idp.accounts.records import AccountRecord
from idp.authentication import actions
from idp.authentication.actions import Reason, Refusal
from idp.authentication.records import OneTimeCodeRecord
from idp.authentication.rules import step_of
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable
from idp.storage import Database, db_now

# RFC 6238 appendix B, the SHA-1 seed "12345678901234567890" in base32.
SEED = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


class Codes:
    """The arguments that every check of these tests has in common."""

    def __init__(self, database: Database, keyring: Keyring, account_ref: str) -> None:
        self.database, self.keyring, self.account_ref = database, keyring, account_ref
        database.transaction(lambda tx: actions.enrol_totp(tx, keyring, account_ref, SEED))

    def code(self, steps: int = 0) -> str:
        return actions.code_at(SEED, step_of(self.database.now()) + steps)

    def spend(self, code: str) -> bool:
        return self.database.transaction(
            lambda tx: actions.spend_code(
                tx, self.keyring, account_ref=self.account_ref, code=code, now=tx.now()
            )
        )

    def reserve(self, address: str = "192.0.2.1") -> Refusal | None:
        return actions.reserve_code(
            self.database, self.keyring, account_ref=self.account_ref, address=address
        )


@pytest.fixture
def codes(database: Database, keyring: Keyring, margaret: str) -> Codes:
    return Codes(database, keyring, margaret)


@pytest.fixture
def many_codes(database_url: str, keyring: Keyring) -> Iterator[Codes]:
    database = Database(database_url, pool_size=16)
    account = {"ref": "m", "sign_in_name": "m", "email": "m@example.org", "identity_level": 0}
    statement = insert(AccountRecord).values(created_at=db_now(), **account)
    database.transaction(lambda tx: tx.execute(statement))
    yield Codes(database, keyring, "m")
    database.close()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_codes_are_those_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert actions.code_at(SEED, seconds // 30) == code


def test_a_code_is_good_once(codes: Codes) -> None:
    code = codes.code()
    assert codes.spend(code)
    assert not codes.spend(code)


def test_a_code_one_step_early_or_late_counts_and_two_steps_do_not(codes: Codes) -> None:
    assert not codes.spend(codes.code(-2))
    assert not codes.spend(codes.code(+2))
    assert codes.spend(codes.code(-1))
    assert codes.spend(codes.code(0))
    assert codes.spend(codes.code(+1))


def test_once_a_code_is_spent_no_older_one_counts(codes: Codes) -> None:
    assert codes.spend(codes.code(0))
    assert not codes.spend(codes.code(-1))


def test_the_next_code_counts_after_its_time_has_come(codes: Codes) -> None:
    assert codes.spend(codes.code(+1))
    assert not codes.spend(codes.code())
    codes.database.move_clock(timedelta(seconds=60))
    assert codes.spend(codes.code())


def test_only_six_ascii_digits_are_read_though_pyotp_would_read_more(codes: Codes) -> None:
    code = codes.code()
    full_width = "".join(chr(ord(digit) - ord("0") + ord("０")) for digit in code)
    for typed in (full_width, f"{code}\n", f" {code}", code[:5], f"{code}0", ""):
        assert not codes.spend(typed)
    assert codes.spend(code)


def test_16_uses_of_one_code_at_once_buy_one_thing(many_codes: Codes) -> None:
    code = many_codes.code()
    barrier = Barrier(16)

    def use(_: int) -> bool:
        barrier.wait()
        return many_codes.spend(code)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(use, range(16))).count(True) == 1


def test_a_code_is_not_spent_if_what_it_buys_is_not_committed(codes: Codes) -> None:
    code = codes.code()

    def crash_after_spending(tx):
        assert actions.spend_code(
            tx, codes.keyring, account_ref=codes.account_ref, code=code, now=tx.now()
        )
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        codes.database.transaction(crash_after_spending)
    assert codes.spend(code)


def test_tries_are_counted_and_a_right_code_forgets_them(codes: Codes) -> None:
    assert [codes.reserve() for _ in range(10)] == [None] * 10
    refused = codes.reserve()
    assert refused is not None
    assert refused.reason is Reason.WAIT
    assert codes.spend(codes.code())
    assert codes.reserve() is None


def test_no_more_than_100_tries_in_a_row_are_let_in(codes: Codes) -> None:
    let_in = 0
    for number in range(130):
        let_in += codes.reserve(f"192.0.2.{number}") is None
        codes.database.move_clock(timedelta(minutes=1))
    assert let_in == 100
    assert codes.reserve("198.51.100.1") == Refusal(Reason.SHUT)


def test_an_account_without_a_seed_has_no_code(
    database: Database, keyring: Keyring, margaret: str
) -> None:
    assert not database.transaction(
        lambda tx: actions.spend_code(
            tx, keyring, account_ref=margaret, code="000000", now=tx.now()
        )
    )


def test_a_new_seed_replaces_the_old_one(codes: Codes) -> None:
    old = codes.code()
    seed = actions.new_seed()
    codes.database.transaction(
        lambda tx: actions.enrol_totp(tx, codes.keyring, codes.account_ref, seed)
    )
    new = actions.code_at(seed, step_of(codes.database.now()))
    assert old == new or not codes.spend(old)
    assert codes.spend(new)


def test_a_seed_is_160_bits_sealed_and_for_its_own_account_only(codes: Codes) -> None:
    assert len(actions.new_seed()) * 5 == 160
    assert actions.new_seed() != actions.new_seed()
    sealed = codes.database.read(
        lambda tx: tx.execute(select(OneTimeCodeRecord.seed_sealed)).scalar_one()
    )
    assert SEED not in sealed
    assert codes.keyring.sealer.open(sealed, purpose=f"one-time-code:{codes.account_ref}") == SEED
    other = codes.keyring.sealer.seal(SEED, purpose="one-time-code:somebody-else")
    codes.database.transaction(
        lambda tx: tx.execute(update(OneTimeCodeRecord).values(seed_sealed=other))
    )
    with pytest.raises(Unreadable):
        codes.spend(codes.code())
