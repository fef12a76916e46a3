"""The hash gate: the right cost, so many at a time, the same work for everybody."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest
from argon2 import PasswordHasher, extract_parameters

from idp.authentication.hashing import Busy, Checked, HashGate


class SlowGate(HashGate):
    """A gate whose hashes end when told to, and that knows how many ran at once."""

    def __init__(self, slots: int, **options: float | int) -> None:
        super().__init__(slots, **options)  # type: ignore[arg-type]
        self.go = threading.Event()
        self.running = 0
        self.most = 0
        self._count = threading.Lock()

    def _matches(self, stored: str, password: str) -> bool:
        with self._count:
            self.running += 1
            self.most = max(self.most, self.running)
        self.go.wait(10)
        with self._count:
            self.running -= 1
        return True


def wait_until(condition, seconds: float = 5) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def test_a_password_is_kept_as_argon2id_of_the_decided_cost(gate: HashGate) -> None:
    cost = extract_parameters(gate.hash("harbour boat tea"))
    assert (cost.type.name, cost.memory_cost, cost.time_cost, cost.parallelism) == (
        "ID",
        19 * 1024,
        2,
        1,
    )


def test_the_right_password_and_no_other_is_right(gate: HashGate) -> None:
    stored = gate.hash("harbour boat tea")
    assert gate.check(stored, "harbour boat tea") == Checked(right=True)
    assert gate.check(stored, "harbour boat teA") == Checked(right=False)
    assert gate.check(stored, "") == Checked(right=False)


def test_neither_nobody_nor_no_password_is_ever_right(gate: HashGate) -> None:
    assert not gate.check(None, "nobody has this password").right
    assert not gate.check(None, None).right
    assert not gate.check(gate.hash(""), None).right


def test_a_hash_of_an_older_cost_is_renewed_when_the_password_was_right(gate: HashGate) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash("harbour boat tea")
    assert gate.check(old, "wrong password") == Checked(right=False)
    checked = gate.check(old, "harbour boat tea")
    assert checked.right
    assert checked.renewed is not None
    assert gate.check(checked.renewed, "harbour boat tea") == Checked(right=True)


def test_a_broken_hash_is_a_fault_to_be_seen_and_not_a_wrong_password(gate: HashGate) -> None:
    with pytest.raises(ValueError):
        gate.check("not a hash", "harbour boat tea")


def test_an_unknown_account_takes_as_long_as_a_wrong_password(gate: HashGate) -> None:
    stored = gate.hash("harbour boat tea")
    arms: dict[str | None, list[float]] = {stored: [], None: []}
    for _ in range(15):
        for arm, times in arms.items():  # in turns: a busy machine is busy for both
            start = time.thread_time()
            gate.check(arm, "a wrong password")
            times.append(time.thread_time() - start)
    known, unknown = median(arms[stored]), median(arms[None])
    assert abs(known - unknown) < 0.25 * known, (known, unknown)


def test_no_more_hashes_run_at_once_than_there_are_slots() -> None:
    gate = SlowGate(2, wait_seconds=10)
    with ThreadPoolExecutor(8) as pool:
        checks = [pool.submit(gate.check, "stored", "password") for _ in range(8)]
        wait_until(lambda: gate.running == 2)
        time.sleep(0.05)
        assert gate.running == 2
        gate.go.set()
        for check in checks:
            check.exception(5)
    assert gate.most == 2


def test_who_waits_longer_than_the_bound_is_told_that_the_house_is_busy() -> None:
    gate = SlowGate(1, wait_seconds=0.05)
    with ThreadPoolExecutor(1) as pool:
        pool.submit(gate.check, "stored", "password")
        wait_until(lambda: gate.running == 1)
        with pytest.raises(Busy):
            gate.check("stored", "password")
        gate.go.set()


def test_who_finds_the_queue_full_is_told_at_once() -> None:
    gate = SlowGate(1, wait_seconds=10, queue=1)
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(gate.check, "stored", "password") for _ in range(2)]
        wait_until(lambda: gate._places._value == 0)
        start = time.monotonic()
        with pytest.raises(Busy) as busy:
            gate.check("stored", "password")
        assert time.monotonic() - start < 1
        assert busy.value.retry_after_seconds > 0
        gate.go.set()
        for check in waiting:
            check.exception(5)
    gate.go.set()
    gate.hash("there is room again")


def test_a_gate_without_a_slot_is_refused() -> None:
    with pytest.raises(ValueError, match="slot"):
        HashGate(0)
