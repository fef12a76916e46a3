"""The sealer: appends committed entries to the Merkle log and signs its new state.

Entries commit in any order on PostgreSQL: ids come from a sequence, so one that is lower than
others already sealed may appear later, for as long as the transaction that took it lives. So
every step looks at all entries above a mark and seals those that are not, and the mark moves
only where nothing can appear any more: over the last id that was seen (`seen_id`), once all the
transactions that were writing entries at that moment (`writers`) are gone. Those are found by
the lock that every INSERT holds on the table from before it takes an id until after its
outcome can be seen. A slow transaction holds up the mark and makes steps dearer, never others'
entries. On SQLite there is one writer and order of ids is order of commits.
"""

import json
from pathlib import Path

from sqlalchemy import Text, cast, exists, func, insert, select, text, update

from idp.journal.checkpoints import (
    Busy,
    Checkpoint,
    JournalDamaged,
    Signatures,
    Trust,
    copy_missing,
    opened,
)
from idp.journal.reading import entry_columns, leaf_of
from idp.journal.records import JournalCheckpoint, JournalEntry, JournalLeaf, JournalSealer
from idp.journal.rules import Frontier
from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction
from idp.storage.columns import to_microseconds

__all__ = ["JournalDamaged", "seal"]

# A step holds SQLite's write lock: 2,000 entries take some 0.1 s.
STEP_ENTRIES = 2_000
ADVISORY_LOCK = 0x7365_616C  # any constant of ours: "seal"
READ_BATCH = 10_000

_LAST_ID = select(func.max(JournalEntry.id))
_SWEPT = select(JournalSealer.swept_id)
_STATE = select(JournalSealer.swept_id, JournalSealer.seen_id, JournalSealer.writers)
_NEXT_POSITION = select(func.coalesce(func.max(JournalLeaf.position) + 1, 0))
_NEWEST = (
    select(
        JournalCheckpoint.size,
        JournalCheckpoint.root_hash,
        JournalCheckpoint.signed,
        cast(JournalCheckpoint.frontier, Text).label("frontier"),
    )
    .order_by(JournalCheckpoint.size.desc())
    .limit(1)
)
_WRITERS = text(
    "SELECT DISTINCT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND granted "
    "AND relation = CAST('journal_entry' AS regclass) AND mode = 'RowExclusiveLock' "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def seal(
    database: Database,
    keyring: Keyring,
    checkpoint_file: Path,
    issuer: str,
    limit: int = STEP_ENTRIES,
) -> int:
    """Seal what was committed since the last step, and answer how many entries that was.

    `limit` entries at most: where the answer reaches it, call again at once. The checkpoint is
    committed with the leaves and then copied to `checkpoint_file`. Answers 0 when there is
    nothing to do or another sealer is at it. Costs one short read where nothing is new; else
    its cost follows the new entries, not the size of the journal.

    Raises `JournalDamaged` when the log or its copy was altered: to seal on would sign a
    second history over the first.
    """
    try:
        with opened(checkpoint_file) as descriptor:
            copy_missing(database, descriptor)
            if not database.read(_has_unswept):
                return 0
            signatures = Signatures(keyring)
            sealed = database.transaction(lambda tx: _step(tx, signatures, issuer, limit))
            if sealed:
                copy_missing(database, descriptor)
            return sealed
    except Busy:
        return 0


def _has_unswept(tx: Transaction) -> bool:
    last = tx.execute(_LAST_ID).scalar()
    swept = tx.execute(_SWEPT).scalar() or 0
    if swept > (last or 0):
        raise JournalDamaged(f"entries up to {swept} were sealed, but the last one is {last or 0}")
    return last is not None and last > swept


def _step(tx: Transaction, signatures: Signatures, issuer: str, limit: int) -> int:
    if not _is_alone(tx):
        return 0
    state = tx.execute(_STATE).first()
    swept, seen, watched = tuple(state) if state else (0, 0, [])
    # In this order: who is not in the list any more has an outcome that the next read sees.
    last = tx.execute(_LAST_ID).scalar() or 0
    writing = [] if tx.is_sqlite else sorted(tx.execute(_WRITERS).scalars())
    entries = _unsealed(tx, swept, limit)
    was_cut = len(entries) == limit
    highest = entries[-1][0] if entries else 0

    waiting = [writer for writer in watched if writer in writing]
    settled = last if not writing else swept if waiting else max(swept, seen)
    now_swept = max(swept, min(settled, highest)) if was_cut else settled
    now_seen = seen if waiting else last
    now_watched = waiting or writing
    if state is None or (now_swept, now_seen, now_watched) != (swept, seen, watched):
        _keep_state(tx, now_swept, now_seen, now_watched, is_first=state is None)
    if entries:
        _append(tx, entries, signatures, issuer)
    return len(entries)


def _is_alone(tx: Transaction) -> bool:
    """Keep other hosts' sealers out until this transaction ends."""
    if tx.is_sqlite:
        return True  # BEGIN IMMEDIATE did
    # Each statement must see what was committed before it.
    tx.execute(text("SET TRANSACTION ISOLATION LEVEL READ COMMITTED"))
    return bool(tx.execute(text(f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})")).scalar())


def _unsealed(tx: Transaction, swept: int, limit: int) -> list[tuple[int, bytes]]:
    sealed = exists().where(
        JournalLeaf.entry_id == JournalEntry.id,
        JournalLeaf.entry_id > swept,  # says the same again: keeps the plan off the whole log
    )
    query = (
        select(JournalEntry.id, *entry_columns(is_sqlite=tx.is_sqlite))
        .where(JournalEntry.id > swept, ~sealed)
        .order_by(JournalEntry.id)
        .limit(limit)
    )
    return [(row[0], leaf_of(row[1:])) for row in tx.execute(query)]


def _append(
    tx: Transaction, entries: list[tuple[int, bytes]], signatures: Signatures, issuer: str
) -> None:
    frontier = _frontier(tx, signatures)
    rows = []
    for entry_id, leaf in entries:
        rows.append({"position": frontier.size, "entry_id": entry_id, "leaf_hash": leaf.hex()})
        frontier.append(leaf)
    tx.connection.execute(insert(JournalLeaf), rows)
    at, root = tx.now(), frontier.root().hex()
    checkpoint = Checkpoint(size=frontier.size, root=root, at_microseconds=to_microseconds(at))
    tx.write(
        insert(JournalCheckpoint).inline(),
        {
            "size": frontier.size,
            "root_hash": root,
            "at": at,
            "signed": signatures.sign(checkpoint, issuer),
            "frontier": [node.hex() for node in frontier.hashes],
        },
    )


def _frontier(tx: Transaction, signatures: Signatures) -> Frontier:
    """Answer the log's right edge, as the newest checkpoint signed it."""
    newest = tx.execute(_NEWEST).first()
    leaves = tx.execute(_NEXT_POSITION).scalar_one()
    if newest is None:
        if leaves:
            raise JournalDamaged("the log has leaves but no checkpoint")
        return Frontier()
    trust, said = signatures.read(newest.signed)
    if (
        trust is Trust.FORGED
        or said is None
        or (said.size, said.root) != (newest.size, newest.root_hash)
    ):
        raise JournalDamaged(f"the checkpoint of {newest.size} entries is not what was signed")
    if leaves != newest.size:
        raise JournalDamaged(f"the log has {leaves} leaves where {newest.size} were signed")
    kept = kept_frontier(newest.size, newest.frontier, said.root)
    return kept or _rebuilt(tx, said)


def kept_frontier(size: int, stored: str, root: str) -> Frontier | None:
    """Read a right edge as it is stored (JSON); None unless its root is the signed one."""
    try:
        frontier = Frontier(size, [bytes.fromhex(node) for node in json.loads(stored)])
    except (TypeError, ValueError):
        return None
    return frontier if frontier.root().hex() == root else None


def _rebuilt(tx: Transaction, said: Checkpoint) -> Frontier:
    frontier = Frontier()
    while frontier.size < said.size:
        batch = tx.execute(
            select(JournalLeaf.leaf_hash)
            .where(JournalLeaf.position >= frontier.size, JournalLeaf.position < said.size)
            .order_by(JournalLeaf.position)
            .limit(READ_BATCH)
        ).scalars()
        before = frontier.size
        for leaf in batch:
            frontier.append(bytes.fromhex(leaf))
        if frontier.size == before:
            break
    if frontier.root().hex() != said.root:
        raise JournalDamaged(f"the leaves do not give the root signed over {said.size} entries")
    return frontier


def _keep_state(
    tx: Transaction, swept: int, seen: int, writers: list[str], *, is_first: bool
) -> None:
    values = {"swept_id": swept, "seen_id": seen, "writers": writers}
    if is_first:
        tx.write(insert(JournalSealer).inline(), {"id": 1, **values})
    else:
        tx.write(update(JournalSealer).where(JournalSealer.id == 1), values)
