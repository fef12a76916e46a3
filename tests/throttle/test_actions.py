"""Throttling: exact under load, kept in the database, told in time to wait."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select

from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction
from idp.throttle.actions import Limit, clear, purge, reserve
from idp.throttle.records import ThrottleRecord
from tests.rig.keys import make_keyring

MINUTE = timedelta(minutes=1)
MARGARET = Limit(kind="password-account", value="margaret", burst=5, per=MINUTE)
LIBRARY_DESK = Limit(kind="password-address", value="192.0.2.1", burst=3, per=MINUTE)


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return make_keyring(tmp_path_factory.mktemp("house"))


@pytest.fixture
def wide_database(database_url: str) -> Iterator[Database]:
    """A database with a connection for each of 16 threads."""
    database = Database(database_url, pool_size=16)
    yield database
    database.close()


def tries_let_in(database: Database, keyring: Keyring, limits: list[Limit], tries: int) -> int:
    return sum(reserve(database, keyring, limits) is None for _ in range(tries))


def test_a_burst_is_let_in_and_the_next_try_waits(database: Database, keyring: Keyring) -> None:
    assert tries_let_in(database, keyring, [MARGARET], 5) == 5
    wait = reserve(database, keyring, [MARGARET])
    assert wait is not None
    assert timedelta(seconds=50) < wait <= MINUTE


def test_who_waits_as_long_as_told_gets_one_more_try(database: Database, keyring: Keyring) -> None:
    tries_let_in(database, keyring, [MARGARET], 5)
    wait = reserve(database, keyring, [MARGARET])
    assert wait is not None
    database.move_clock(wait)
    assert tries_let_in(database, keyring, [MARGARET], 5) == 1


def test_a_refused_try_does_not_make_the_wait_longer(database: Database, keyring: Keyring) -> None:
    tries_let_in(database, keyring, [MARGARET], 5)
    waits = [reserve(database, keyring, [MARGARET]) for _ in range(20)]
    assert all(wait is not None and wait <= MINUTE for wait in waits)


def test_a_bucket_left_alone_is_empty_again_and_no_emptier(
    database: Database, keyring: Keyring
) -> None:
    tries_let_in(database, keyring, [MARGARET], 5)
    database.move_clock(timedelta(days=30))
    assert tries_let_in(database, keyring, [MARGARET], 20) == 5


def test_64_tries_at_once_are_counted_exactly(wide_database: Database, keyring: Keyring) -> None:
    limit = replace(MARGARET, burst=10, per=timedelta(hours=1))
    threads = 16
    barrier = Barrier(threads)

    def four_tries(_: int) -> int:
        barrier.wait()
        return tries_let_in(wide_database, keyring, [limit], 4)

    with ThreadPoolExecutor(threads) as pool:
        let_in = sum(pool.map(four_tries, range(threads)))
    assert let_in == 10
    [arrival] = wide_database.read(lambda tx: tx.execute(select(ThrottleRecord.arrival)).scalars())
    ahead = arrival - wide_database.now()
    assert timedelta(hours=9, minutes=59) < ahead <= timedelta(hours=10)


def test_a_flooder_stopped_by_his_address_fills_no_account(
    database: Database, keyring: Keyring
) -> None:
    assert tries_let_in(database, keyring, [LIBRARY_DESK, MARGARET], 50) == 3
    assert tries_let_in(database, keyring, [MARGARET], 50) == 2


def test_the_same_value_of_another_kind_is_another_bucket(
    database: Database, keyring: Keyring
) -> None:
    tries_let_in(database, keyring, [MARGARET], 5)
    assert reserve(database, keyring, [replace(MARGARET, kind="code-account")]) is None
    assert reserve(database, keyring, [replace(MARGARET, value="sian")]) is None


def test_a_count_survives_the_crash_of_what_comes_after_it(
    database_url: str, keyring: Keyring
) -> None:
    first = Database(database_url)
    tries_let_in(first, keyring, [MARGARET], 5)
    first.close()
    second = Database(database_url)
    assert reserve(second, keyring, [MARGARET]) is not None
    second.close()


def test_the_right_secret_empties_the_bucket_only_if_it_is_committed(
    database: Database, keyring: Keyring
) -> None:
    tries_let_in(database, keyring, [MARGARET], 5)

    def crash(tx: Transaction) -> None:
        clear(tx, keyring, [MARGARET])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.transaction(crash)
    assert reserve(database, keyring, [MARGARET]) is not None
    database.transaction(lambda tx: clear(tx, keyring, [MARGARET]))
    assert tries_let_in(database, keyring, [MARGARET], 50) == 5


def test_nobody_can_read_from_the_table_who_was_counted(
    database: Database, keyring: Keyring
) -> None:
    reserve(database, keyring, [MARGARET, LIBRARY_DESK])
    buckets = database.read(lambda tx: list(tx.execute(select(ThrottleRecord.bucket)).scalars()))
    assert len(buckets) == 2
    assert all(len(bucket) == 64 for bucket in buckets)
    assert not any("margaret" in bucket or "192" in bucket for bucket in buckets)


def test_purging_forgets_empty_buckets_only(database: Database, keyring: Keyring) -> None:
    reserve(database, keyring, [MARGARET])
    database.move_clock(2 * MINUTE)
    reserve(database, keyring, [LIBRARY_DESK])
    assert database.transaction(purge) == 1
    assert database.transaction(purge) == 0
    assert tries_let_in(database, keyring, [LIBRARY_DESK], 50) == 2
