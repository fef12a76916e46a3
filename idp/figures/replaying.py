"""Read the journal's sign-ins in pages, and replay them under changed policies."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Text, bindparam, cast, func, select

from idp.assurance.policy import Policies
from idp.figures.actions import OUT_OF_ORDER, detail_of, first_id
from idp.figures.replay import KINDS, REFERENCES_KEPT, Effect, Past, Replay, replay
from idp.journal.records import JournalEntry
from idp.storage import Database

BATCH = 2_000
WINDOW = timedelta(days=28)  # four whole weeks, as the review takes
ON_A_PAGE = 20_000  # as many as a person waits for; a command replays them all
Progress = Callable[[int, int], None]

_LAST = select(func.max(JournalEntry.id))
_IS_SIGN_IN = (JournalEntry.kind.in_(KINDS), JournalEntry.client_id.is_not(None))
_PAGE = (
    select(
        JournalEntry.id,
        JournalEntry.reference,
        JournalEntry.kind,
        JournalEntry.client_id,
        JournalEntry.at,
        cast(JournalEntry.detail, Text).label("text"),
    )
    .where(JournalEntry.id > bindparam("after"), JournalEntry.id <= bindparam("last"), *_IS_SIGN_IN)
    .order_by(JournalEntry.id)
    .limit(BATCH)
)
# The id before which the newest so many sign-ins do not reach back.
_NEWEST_FROM = (
    select(JournalEntry.id)
    .where(JournalEntry.id >= bindparam("first"), *_IS_SIGN_IN)
    .order_by(JournalEntry.id.desc())
    .offset(bindparam("many"))
    .limit(1)
)


def replay_journal(
    database: Database,
    old: Policies,
    new: Policies,
    *,
    since: datetime | None = None,
    newest: int | None = None,
    progress: Progress | None = None,
) -> Replay:
    """Replay the sign-ins since a moment (aware; left out: the last four weeks) under both sets.

    Each entry is read once, in pages by id, and none is kept. `newest` looks at no more than so
    many. `progress` hears how many entries of how many are read.
    """
    since = since or database.now() - WINDOW
    first = first_id(database, since - OUT_OF_ORDER)
    if newest is not None:
        start = database.read(
            lambda tx: tx.execute(_NEWEST_FROM, {"first": first, "many": newest}).first()
        )
        first = int(start.id) + 1 if start else first
    return replay(_rows(database, first, since, progress), old, new)


def _rows(
    database: Database, first: int, since: datetime, progress: Progress | None
) -> Iterator[Past]:
    last = database.read(lambda tx: tx.execute(_LAST).scalar_one_or_none()) or 0
    after, total = first - 1, max(last - first + 1, 1)
    while True:
        params = {"after": after, "last": last}
        batch = database.read(lambda tx, params=params: tx.execute(_PAGE, params).all())  # type: ignore[misc]
        for row in batch:
            if row.at >= since:
                yield Past(row.reference, row.kind, row.client_id, detail_of(row.text) or {})
        if len(batch) < BATCH:
            break
        after = batch[-1].id
        if progress:
            progress(after - first + 1, total)
    if progress:
        progress(total, total)


def plain(found: Replay) -> dict[str, Any]:
    """Answer a replay for a program."""
    return {
        "read": found.read,
        "too_old_to_replay": found.too_old,
        "scores_as_recorded_with_other_weights": found.weights_changed,
        **{str(effect): found.total(effect) for effect in Effect},
        "references_at_most": REFERENCES_KEPT,
        "services": {
            client_id: {
                **{str(effect): one.effects[effect] for effect in Effect},
                "why_stopped": {str(why): number for why, number in sorted(one.why.items())},
                "references": {
                    str(effect): kept for effect, kept in sorted(one.references.items())
                },
            }
            for client_id, one in sorted(found.services.items())
        },
    }


def sentences(found: Replay) -> list[str]:
    """Say a replay in lines, for a terminal."""
    lines = [f"{found.read} sign-ins looked at, {found.too_old} too old to replay."]
    if found.weights_changed:
        lines.append("The weights of the score changed; scores are taken as they were recorded.")
    for client_id, one in sorted(found.services.items()):
        whole = one.effects.total()
        lines.append(
            f"{client_id}: of {whole}, {one.effects[Effect.SAME]} the same,"
            f" {one.effects[Effect.MORE]} asked for more,"
            f" {one.effects[Effect.STOPPED]} stopped,"
            f" {one.effects[Effect.LESS]} asked for less."
        )
        lines += [f"  stopped, {why}: {number}" for why, number in sorted(one.why.items())]
        for effect, kept in sorted(one.references.items()):
            shown, more = kept[:5], one.effects[effect] - len(kept[:5])
            rest = f" and {more} more" if more else ""
            lines.append(f"  {effect}: {', '.join(shown)}{rest}")
    return lines
