"""Password hashes, behind a gate: so many at a time, a short queue, then `Busy`.

A hash takes a processor and 19 MiB for tens of milliseconds. Let in without bound, a flood of
sign-ins would starve every other answer of the process (`security.md` sections 1.12 and 4).
Nothing in this module may run inside a database transaction: a writer would wait for it.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from argon2 import PasswordHasher, Type
from argon2.exceptions import VerifyMismatchError

# Source: OWASP Password Storage Cheat Sheet; `design.md` decision 24.
MEMORY_KIB = 19 * 1024
PASSES = 2
LANES = 1

WAIT_SECONDS = 5.0
QUEUE_PER_SLOT = 16
RETRY_AFTER_SECONDS = 5


class Busy(Exception):
    """Too many passwords are being checked; the answer is 503 with `Retry-After`."""

    retry_after_seconds = RETRY_AFTER_SECONDS


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether the password was right, and its new hash where the old one's cost is outdated."""

    right: bool
    renewed: str | None = None


class HashGate:
    """Lets at most `slots` hashes run at once in this process.

    A server gives each worker as many slots as it has threads minus two, so that other
    requests always find a thread (decision 20). `wait_seconds` bounds the wait in the queue
    and `queue` its length. One gate serves the whole process.
    """

    def __init__(
        self, slots: int, *, wait_seconds: float = WAIT_SECONDS, queue: int | None = None
    ) -> None:
        if slots < 1:
            raise ValueError("a hash gate needs a slot")
        self.slots = slots
        self._wait_seconds = wait_seconds
        self._places = threading.BoundedSemaphore(
            slots + (QUEUE_PER_SLOT * slots if queue is None else queue)
        )
        self._slots = threading.BoundedSemaphore(slots)
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        # Checked in place of a hash that is not there, so that the answer takes as long.
        self._nobodys = self._hasher.hash("nobody has this password")

    def hash(self, password: str) -> str:
        """Hash a password in its normal form (`rules.normal_form`). Raises `Busy`."""
        with self._slot():
            return self._hasher.hash(password)

    def check(self, stored: str | None, password: str | None) -> Checked:
        """Check a password against its stored hash; the same work where either is missing.

        `stored` is None for an account that is not there, `password` where no password could
        look like that: both are wrong, after as much work as a wrong guess. Raises `Busy`.
        """
        against = self._nobodys if stored is None or password is None else stored
        with self._slot():
            right = self._matches(against, password or "")
            if not right or stored is None or password is None:
                return Checked(right=False)
            outdated = self._hasher.check_needs_rehash(stored)
            return Checked(right=True, renewed=self._hasher.hash(password) if outdated else None)

    def _matches(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except VerifyMismatchError:
            return False

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            if not self._slots.acquire(timeout=self._wait_seconds):
                raise Busy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()
