"""The policies in force in this process: those of the folder until a set is applied, then that set.

Every process looks at one row of the database every two seconds, beside its requests and never
in one. Whichever sees first that a signed set is due puts it into force; all use it at their
next look. What cannot be used leaves the last set in force (decision 25).
"""

import logging
import math
import threading
import time
from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.assurance import applying
from idp.assurance.policy import Policies, load_policies
from idp.policy.files import packaged_directory
from idp.policy.rules import PolicyProblems
from idp.storage import Database
from idp.storage.clock import Clock

RETRY_SECONDS = 3600.0
LOOK_SECONDS = 2.0
log = logging.getLogger("idp.policies")


class PoliciesInForce:
    """The policies as they stand today: reviews fall due and certificates run out by the date.

    Worked out again when the date changes and when another set comes into force. A set that
    cannot be used leaves the last one in force, is logged, and is tried again after an hour.
    Without a `database` only the folder counts. Raises PolicyProblems when there is no set at
    all that can be used.
    """

    def __init__(self, directory: Path, clock: Clock, database: Database | None = None) -> None:
        self._directory = directory
        self._clock = clock
        self._database = database
        self._lock = threading.Lock()
        self._wait_until = 0.0
        self._serial: int | None = None  # of the change last followed; None: not known yet
        self._set: str | None = None
        self._texts: dict[str, str] | None = None
        self._since: datetime | None = None
        self._told = self._opened = False
        self._again_at = math.inf
        if database is None or not self._look():
            self._current = self._read(clock.now().date())
        self._opened = True

    @property
    def set_ref(self) -> str | None:
        """The set that this process uses; None for the folder's files."""
        return self._set

    def get(self) -> Policies:
        """Answer the set in force. While one thread works a new one out, others use the last."""
        if self._serial is None and self._database is not None:
            self.look()  # the database did not answer when we began: never decide by a guess
        today = self._clock.now().date()
        due = today != self._current.today and time.monotonic() >= self._wait_until
        if due and self._lock.acquire(blocking=False):
            try:
                self._renew(today)
            finally:
                self._lock.release()
        return self._current

    def watch(self) -> None:
        """Look every two seconds from now on, for as long as this process lives."""

        def run() -> None:
            while True:
                time.sleep(LOOK_SECONDS)
                self.look()

        threading.Thread(target=run, daemon=True, name="policies-watch").start()

    def look(self) -> None:
        """Follow what the database says is in force. Never raises: what fails is tried again."""
        with self._lock:
            try:
                self._look()
                self._told = False
            except Exception:
                if not self._told:  # once for each outage, not every two seconds
                    log.exception("the policy sets cannot be looked at; the last stay in force")
                self._told = True

    def difference(self) -> str | None:
        """Say, loudly, that the folder's files are not what is in force; None where they are."""
        if self._set is None:
            return None
        try:
            folder = load_policies(
                self._directory, self._clock.now().date(), fallback=packaged_directory()
            ).fingerprint
        except PolicyProblems:
            folder = "cannot be used"
        if folder == self._current.fingerprint:
            return None
        return (
            f"the policies in {self._directory} ({folder[:12]}) are not in force:"
            f" the applied set {self._current.fingerprint[:12]} is; see idp policy sets"
        )

    def _look(self) -> bool:
        """Follow the database; answer whether it could be read. Raises what it cannot name."""
        assert self._database is not None
        try:
            standing = self._database.read(applying.standing_of)
            if standing.due is not None:
                self._start(self._database, standing.due)
                standing = self._database.read(applying.standing_of)
        except (DBAPIError, PoolTimeout) as problem:
            if self._serial is not None or self._opened:
                raise
            log.warning("the policy sets cannot be read yet: %s", type(problem).__name__)
            return False
        if standing.serial != self._serial or time.monotonic() >= self._again_at:
            self._follow(self._database, standing.in_force, standing.serial)
        return True

    def _start(self, database: Database, ref: str) -> None:
        texts, _ = database.read(lambda tx: applying.files_of(tx, ref))
        try:
            load_policies(texts, self._clock.now().date(), fallback=packaged_directory())
        except PolicyProblems as bad:
            why = str(bad)
            log.error("the policy set %s cannot be used; the last stays in force: %s", ref, why)
            database.transaction(lambda tx: applying.refuse(tx, ref, by=applying.HOUSE, why=why))
        else:
            database.transaction(lambda tx: applying.start(tx, ref))

    def _follow(self, database: Database, ref: str | None, serial: int) -> None:
        before = (self._set, self._texts, self._since)
        self._set, self._texts, self._since = ref, None, None
        if ref is not None:
            self._texts, self._since = database.read(lambda tx: applying.files_of(tx, ref))
        try:
            fresh = self._read(self._clock.now().date())
        except (PolicyProblems, OSError) as problem:
            if not self._opened:
                raise
            self._set, self._texts, self._since = before
            self._again_at = time.monotonic() + RETRY_SECONDS
            log.error("the policies in force cannot be used here; the last stay: %s", problem)
        else:
            self._current, self._again_at = fresh, math.inf
            if self._opened:
                log.warning("the policies changed: %s is in force now", fresh.fingerprint)
        self._serial = serial

    def _renew(self, today: date) -> None:
        self._wait_until = time.monotonic() + RETRY_SECONDS
        try:
            fresh = self._read(today)
        except (PolicyProblems, OSError) as problem:
            log.error("the policies cannot be used; those of yesterday stay in force: %s", problem)
            return
        if fresh.fingerprint != self._current.fingerprint:
            log.warning("the policy files changed: %s is in force now", fresh.fingerprint)
        self._current = fresh
        self._wait_until = 0.0

    def _read(self, today: date) -> Policies:
        source = self._directory if self._texts is None else self._texts
        try:
            return load_policies(source, today, fallback=packaged_directory())
        except PolicyProblems:
            # A set that came into force was good that day. A process that starts anew while the
            # clock is wrong must not stay away for it, or use another set than its neighbours.
            if self._since is None or self._opened:
                raise
            then = self._since.astimezone(UTC).date()
            log.error("the policies in force cannot be used on %s; read as of %s", today, then)
            return load_policies(source, then, fallback=packaged_directory())
