"""What an intermediary is promised and what it gets: answer times and errors (report B5, B7).

Each process counts in memory and adds its counts to the database every few seconds, beside the
requests and not in them: a request costs no statement more, and answers that failed are counted
although their transaction left nothing. A process that is killed takes its last few seconds with
it. Counts are kept by day, so that a page costs the same however many asked.
"""

import atexit
import logging
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select

from idp.callers.records import ServiceLevelRecord
from idp.storage import Database, Transaction
from idp.storage.dialects import upsert

# Upper bounds in milliseconds of the classes that answers are counted in; the last has none.
CLASSES = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
SLOWER = 60_000
FLUSH_SECONDS = 5.0
KEPT = timedelta(days=92)
WINDOWS_DAYS = (1, 7, 30)
log = logging.getLogger("idp.service_levels")

_L = ServiceLevelRecord
_KEYS = ("organisation_ref", "day", "service", "within_ms")
_COUNTS = ("answers", "late", "failed")


def _add(insert: Any) -> Any:
    columns = _L.__table__.c
    made = insert(_L).values(
        {name: bindparam(name, type_=columns[name].type) for name in (*_KEYS, *_COUNTS)}
    )
    sums = {name: columns[name] + made.excluded[name] for name in _COUNTS}
    return made.on_conflict_do_update(index_elements=list(_KEYS), set_=sums)


_ADD = upsert(_add)
_READ = (
    select(_L.service, _L.day, _L.within_ms, _L.answers, _L.late, _L.failed)
    .where(_L.organisation_ref == bindparam("organisation"), _L.day > bindparam("after"))
    .order_by(_L.service, _L.day, _L.within_ms)
)
_FORGET = delete(_L).where(_L.day < bindparam("before"))


@dataclass(slots=True)
class Asked:
    """Whose question a request is, once that is known; None: no organisation depends on it.

    `promised_ms` is what the service's catalogue promises.
    """

    organisation: str | None = None
    service: str = ""
    promised_ms: int = 0

    def by(self, organisation: str | None, service: str, promised_ms: int) -> None:
        """Say whose it is."""
        self.organisation, self.service, self.promised_ms = organisation, service, promised_ms


class _Key(NamedTuple):
    organisation_ref: str
    day: date
    service: str
    within_ms: int


class ServiceLevels:
    """The counts of this process that are not in the database yet. Safe between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._counts: dict[_Key, Counter[str]] = {}
        self._watching = False
        self._thread: threading.Thread | None = None

    def watch(self) -> None:
        """Add the counts to the database every few seconds from now on, and at the end."""
        self._watching = True
        atexit.register(self.flush)

    def note(self, asked: Asked, seconds: float, *, failed: bool) -> None:
        """Count one answer, or one that failed because of us; nothing where nobody depends on it.

        `seconds` are from the whole request being there to the answer being ready, with all it
        waited for and committed.
        """
        if asked.organisation is None:
            return
        ms = seconds * 1000
        key = _Key(
            asked.organisation, self._database.clock.now().date(), asked.service, class_of(ms)
        )
        with self._lock:
            counts = self._counts.setdefault(key, Counter())
            counts["failed" if failed else "answers"] += 1
            counts["late"] += not failed and ms > asked.promised_ms
            if self._watching and self._thread is None:
                # Begun by the first answer: a worker that was forked has no threads of before.
                self._thread = threading.Thread(target=self._keep, daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """Add what was counted to the database; what cannot be added now is kept for later."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        # In one order, so that no two workers wait for each other's rows.
        rows = [{**key._asdict(), **{name: count[name] for name in _COUNTS}}
                for key, count in sorted(counts.items())]  # fmt: skip
        try:
            self._database.transaction(lambda tx: _write(tx, rows))
        except Exception:
            log.exception("service levels could not be kept; they are tried again")
            with self._lock:
                for key, count in counts.items():
                    self._counts.setdefault(key, Counter()).update(count)

    def _keep(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()


def class_of(ms: float) -> int:
    """The upper bound of the class that a time belongs to, in milliseconds."""
    return next((bound for bound in CLASSES if ms <= bound), SLOWER)


def _write(tx: Transaction, rows: Iterable[Mapping[str, Any]]) -> None:
    for row in rows:
        tx.write(_ADD.on(tx), row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What was measured in some days. `half_ms` and `most_ms`: half of the answers, and 95 of
    100, came within so many milliseconds; None: there were none, or slower than any class."""

    answers: int
    late: int
    failed: int
    half_ms: int | None
    most_ms: int | None


def summary(rows: Iterable[tuple[int, int, int, int]]) -> Level:
    """Sum up rows of (within_ms, answers, late, failed). Pure."""
    classes: Counter[int] = Counter()
    late = failed = 0
    for within, answers, after, lost in rows:
        classes[within] += answers
        late += after
        failed += lost
    return Level(
        answers=classes.total(), late=late, failed=failed, half_ms=_within(classes, 50),
        most_ms=_within(classes, 95),
    )  # fmt: skip


def _within(classes: Mapping[int, int], percent: int) -> int | None:
    """The least bound within which so many of 100 came."""
    needed, so_far = percent * sum(classes.values()), 0
    for bound in sorted(classes):
        so_far += classes[bound]
        if so_far * 100 >= needed and so_far:
            return None if bound == SLOWER else bound
    return None


def read(tx: Transaction, organisation: str) -> dict[str, dict[int, Level]]:
    """What an organisation got, by service and by the number of days looked back, today too."""
    today = tx.now().date()
    longest = max(WINDOWS_DAYS)
    found = tx.execute(
        _READ, {"organisation": organisation, "after": today - timedelta(days=longest)}
    ).all()
    services = sorted({row.service for row in found})
    return {
        service: {
            days: summary(
                (row.within_ms, row.answers, row.late, row.failed)
                for row in found
                if row.service == service and row.day > today - timedelta(days=days)
            )
            for days in WINDOWS_DAYS
        }
        for service in services
    }


def forget(tx: Transaction) -> None:
    """Forget the days that nobody looks back to any more."""
    tx.write(_FORGET, {"before": tx.now().date() - KEPT})
