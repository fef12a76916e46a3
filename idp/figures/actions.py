"""Read the journal once through and answer the review; keep the newest one for the console."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select

from idp.assurance.policy import UNASSESSED_TIER, Policies
from idp.callers.records import ClientRecord
from idp.figures.records import ReviewRecord
from idp.figures.review import Assessed, Window, review
from idp.figures.rules import ACTING, JOURNEY, KINDS, SIGNED_IN, Counting, Row
from idp.journal.reading import microseconds
from idp.journal.records import JournalEntry
from idp.register.records import PersonRecord
from idp.storage import Database, Transaction
from idp.storage.dialects import upsert

BATCH = 5_000
WINDOW = timedelta(days=28)  # four whole weeks: every day of the week counts alike
# Entries commit a little out of their ids' order; nobody's transaction takes so long.
OUT_OF_ORDER = timedelta(minutes=10)
MADE_EVERY = timedelta(hours=1)
REST = 20  # a review that took a minute is made again after twenty: at most 5 % of one core
Progress = Callable[[int, int], None]

_ENTRIES = select(func.min(JournalEntry.id), func.max(JournalEntry.id))
_NEXT_AT = (
    select(JournalEntry.at)
    .where(JournalEntry.id >= bindparam("id"))
    .order_by(JournalEntry.id)
    .limit(1)
)


def make_review(
    database: Database,
    policies: Policies,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Work out the figures of the attempts that began from `since` to `until`, both aware.

    Left out: the four weeks up to now. It reads each entry of that time once, in pages by id, and
    keeps none. `progress` hears how many entries of how many are read. Raises ValueError when
    the window ends before it begins.
    """
    now = database.now()
    # Whole seconds, as they are published: whoever works it out again has the same window.
    until = min(until or now, now).replace(microsecond=0)
    since = (since or until - WINDOW).replace(microsecond=0)
    if since >= until:
        raise ValueError("the window ends before it begins: --since must lie before --until")
    from_us, until_us, now_us = (_micros(moment) for moment in (since, until, now))
    read_to = min(now_us, until_us + JOURNEY)
    counting = Counting(policies.levels, policies.methods, since=from_us, until=until_us)
    after_it = until + timedelta(microseconds=JOURNEY)
    first = first_id(database, since - OUT_OF_ORDER)
    last = first_id(database, after_it + OUT_OF_ORDER) - 1
    for row in _rows(database, first, last, since, after_it, progress):
        counting.take(row)
    tallies = counting.close(read_to)
    people, took_up, by_service = _take_up(database, first, last, since, until)
    window = Window(
        since=from_us,
        until=until_us,
        policy=policies.fingerprint,
        people=people,
        took_up=took_up,
        took_up_at=by_service,
    )
    return review(tallies, _assessed(database, policies, set(tallies)), policies.levels, window)


def newest(database: Database) -> dict[str, Any] | None:
    """Answer the review that was last kept, with `made_at`, or None while there is none."""
    row = database.read(lambda tx: tx.execute(_NEWEST).mappings().first())
    return {**row["figures"], "made_at": row["made_at"].isoformat()} if row else None


def keep_fresh(database: Database, policies: Policies) -> bool:
    """Make the review again where it is due, and keep it; answer whether it was.

    Once an hour, and less often where the journal is so long that it takes minutes.
    """
    row = database.read(lambda tx: tx.execute(_NEWEST).mappings().first())
    if row is not None:
        wait = max(MADE_EVERY, timedelta(milliseconds=row["took_ms"] * REST))
        if database.now() < row["made_at"] + wait:
            return False
    begun = time.monotonic()
    figures = make_review(database, policies)
    took_ms = int((time.monotonic() - begun) * 1000)

    def work(tx: Transaction) -> None:
        tx.write(_KEEP.on(tx), {"at": tx.now(), "took": took_ms, "made": figures})

    database.transaction(work)
    return True


_NEWEST = select(ReviewRecord.__table__).where(ReviewRecord.id == 1)


def _keep(insert: Any) -> Any:
    made = insert(ReviewRecord).values(
        id=1,
        made_at=bindparam("at"),
        took_ms=bindparam("took"),
        figures=bindparam("made", type_=ReviewRecord.__table__.c.figures.type),
    )
    new = {name: made.excluded[name] for name in ("made_at", "took_ms", "figures")}
    return made.on_conflict_do_update(index_elements=["id"], set_=new)


_KEEP = upsert(_keep)


def _rows(
    database: Database,
    first: int,
    last: int,
    since: datetime,
    before: datetime,
    progress: Progress | None,
) -> Iterator[Row]:
    query = (
        select(
            JournalEntry.id,
            microseconds(JournalEntry.at, is_sqlite=database.is_sqlite).label("micros"),
            JournalEntry.kind,
            JournalEntry.client_id,
            cast(JournalEntry.detail, Text).label("text"),
        )
        .where(
            JournalEntry.id > bindparam("after"),
            JournalEntry.id <= last,
            JournalEntry.kind.in_(KINDS),
            JournalEntry.client_id.is_not(None),
            JournalEntry.at >= since,
            JournalEntry.at < before,
        )
        .order_by(JournalEntry.id)
        .limit(BATCH)
    )
    after, total = first - 1, max(last - first + 1, 1)
    while True:
        params = {"after": after}
        batch = database.read(lambda tx, params=params: tx.execute(query, params).all())  # type: ignore[misc]
        for _id, micros, kind, client_id, text in batch:
            detail = detail_of(text)
            if detail is not None and isinstance(micros, int):
                yield Row(micros, kind, client_id, detail)
        if len(batch) < BATCH:
            break
        after = batch[-1][0]
        if progress:
            progress(after - first + 1, total)
    if progress:
        progress(total, total)


def detail_of(text: Any) -> dict[str, Any] | None:
    """Read an entry's detail as it is stored; None for what is none."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None  # nothing of ours writes that, and the review is no place to stop at it
    return value if isinstance(value, dict) else None


def first_id(database: Database, moment: datetime) -> int:
    """Find the first entry from a moment on, by halving: there is no index on the time."""

    def work(tx: Transaction) -> int:
        low, high = tx.execute(_ENTRIES).one()
        if low is None:
            return 1
        low, high = int(low), int(high) + 1
        while low < high:
            middle = (low + high) // 2
            at = tx.execute(_NEXT_AT, {"id": middle}).scalar_one_or_none()
            if at is not None and at < moment:
                low = middle + 1
            else:
                high = middle
        return low

    return database.read(work)


def _take_up(
    database: Database, first: int, last: int, since: datetime, until: datetime
) -> tuple[int, int, dict[str, int]]:
    """Count the register, those of it whom somebody signed in, and the same by service."""
    reached = (
        JournalEntry.id >= first,
        JournalEntry.id <= last,
        JournalEntry.kind.in_((SIGNED_IN, ACTING)),
        JournalEntry.at >= since,
        JournalEntry.at < until,
        JournalEntry.person == PersonRecord.ref,
    )
    persons = func.count(JournalEntry.person.distinct())

    def work(tx: Transaction) -> tuple[int, int, dict[str, int]]:
        people = tx.execute(select(func.count()).select_from(PersonRecord)).scalar_one()
        took_up = tx.execute(select(persons).where(*reached)).scalar_one()
        by_service = tx.execute(
            select(JournalEntry.client_id, persons).where(*reached).group_by(JournalEntry.client_id)
        ).all()
        return people, took_up, dict(by_service)

    return database.read(work)


def _assessed(database: Database, policies: Policies, refs: set[str]) -> dict[str, Assessed]:
    """What the policies say of each service today; one that nobody assessed runs at tier 2."""
    names = dict(
        database.read(
            lambda tx: tx.execute(select(ClientRecord.client_id, ClientRecord.client_name)).all()
        )
    )
    found = {}
    for ref in refs:
        entry = policies.service(ref)
        found[ref] = Assessed(
            name=entry.name if entry else names.get(ref, ref),
            owner=entry.owner if entry else "",
            floor=policies.floor(ref),
            ceiling=policies.ceiling(ref) if entry else policies.levels.tiers[UNASSESSED_TIER],
            known=entry is not None,
        )
    return found


def _micros(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond
