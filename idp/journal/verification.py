"""Verify the whole journal: every leaf, root, signature, number, and the copy outside.

Found: any sealed row that was edited, removed, inserted or moved, any cut of the tail that the
copy outside still vouches for, any gap in a person's numbers. Not found, because nothing vouches
for it yet: a change to an entry in the second before it is sealed, unless its number shows it.
Rows are read in batches and never kept; nothing is locked, and sealing may go on meanwhile.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, func, select

from idp.journal.checkpoints import Signatures
from idp.journal.evidence import Evidence, OutsideCopy, Stated
from idp.journal.gaps import check_numbers, check_swept, count_unsealed
from idp.journal.reading import entry_columns, leaf_of, read_after
from idp.journal.records import JournalCheckpoint, JournalEntry, JournalLeaf, JournalSealer
from idp.journal.report import Report
from idp.journal.rules import FIELDS, Frontier
from idp.keyring.ring import Keyring
from idp.storage import Database, Transaction
from idp.storage.columns import to_microseconds

Progress = Callable[[int, int], None]

BATCH = 5_000
ENTRY_ID = 3 + FIELDS.index("id")

# Outer joins of one row each: a leaf or a checkpoint appended later is not held against this.
_HEAD = select(
    select(func.coalesce(func.max(JournalCheckpoint.size), 0)).scalar_subquery().label("size"),
    select(func.coalesce(func.max(JournalLeaf.position), -1)).scalar_subquery().label("position"),
    select(func.coalesce(func.max(JournalSealer.swept_id), 0)).scalar_subquery().label("swept"),
)


def verify(
    database: Database,
    keyring: Keyring,
    checkpoint_file: Path,
    progress: Progress | None = None,
) -> Report:
    """Check the journal against itself, its signatures and the file outside the database.

    `progress` is told how many leaves are done and how many there are. Raises nothing for what
    it finds: that is in the report.
    """
    report = Report()
    copy = OutsideCopy(checkpoint_file, report)  # before the head: all it says is committed
    head = database.read(lambda tx: tx.execute(_HEAD).one())
    now = to_microseconds(database.now())
    evidence = Evidence(database, Signatures(keyring), copy, report)
    walk = _Walk(report)
    leaves = _leaves(database, head.position, progress)
    leaf = next(leaves, None)
    for stated in evidence.statements(head.size):
        while leaf is not None and leaf[0] < stated.size:
            walk.check_leaf(leaf)
            leaf = next(leaves, None)
        walk.check_root(stated)
    while leaf is not None:
        report.add(f"position {leaf[0]}", "no checkpoint vouches for this leaf")
        leaf = next(leaves, None)
    evidence.conclude(now)

    def look_for_gaps(tx: Transaction) -> None:
        check_swept(tx, head.swept, report)
        count_unsealed(tx, head.swept, now, report)
        check_numbers(tx, report)

    database.read(look_for_gaps)
    return report


@dataclass(slots=True)
class _Walk:
    """Grows the tree leaf by leaf and holds it against each checkpoint.

    After a root that does not fit, it goes on from the right edge kept with that checkpoint
    (if the signed root vouches for it), so that one fault is told once and where it is.
    """

    report: Report
    frontier: Frontier | None
    expected: int
    is_torn: bool

    def __init__(self, report: Report) -> None:
        self.report = report
        self.frontier = Frontier()
        self.expected = 0
        self.is_torn = False

    def check_leaf(self, row: Any) -> None:
        """Check one leaf against its entry, and append it."""
        position, stored = row[0], row[2]
        if position != self.expected:
            self._missing(position)
        self.expected = position + 1
        self.report.entries += 1
        leaf = leaf_of(row[3:])
        if leaf.hex() != stored:
            leaf = self._altered(row, leaf)
        if self.frontier is not None:
            self.frontier.append(leaf)

    def check_root(self, stated: Stated) -> None:
        """Check the tree so far against a checkpoint."""
        if self.expected < stated.size:
            self._missing(stated.size)
            self.expected = stated.size
        fits = self.frontier is not None and self.frontier.root().hex() == stated.root
        if not fits:
            if self.frontier is not None and not self.is_torn:
                self.report.add(
                    f"checkpoint {stated.size}",
                    "leaves since the checkpoint before were edited, exchanged or replaced",
                )
            self.frontier = stated.frontier
        self.is_torn = False

    def _missing(self, position: int) -> None:
        self.is_torn = True
        if position < self.expected:
            self.report.add(f"position {position}", "this leaf was inserted")
        else:
            self.report.add(
                f"position {self.expected}", f"{position - self.expected} leaves were removed here"
            )

    def _altered(self, row: Any, leaf: bytes) -> bytes:
        place = f"position {row[0]}, entry {row[1]}"
        if row[ENTRY_ID] is None:
            self.report.add(place, "the entry was removed")
        else:
            self.report.add(place, "the entry or its leaf was edited")
        try:
            return bytes.fromhex(row[2])  # the root says whether at least the leaf is genuine
        except (TypeError, ValueError):
            return leaf


def _leaves(database: Database, upto: int, progress: Progress | None) -> Iterator[Any]:
    """Give position, entry id, leaf hash and the entry's fields, by position."""
    query = (
        select(
            JournalLeaf.position,
            JournalLeaf.entry_id,
            JournalLeaf.leaf_hash,
            *entry_columns(is_sqlite=database.is_sqlite),
        )
        .outerjoin_from(JournalLeaf, JournalEntry, JournalEntry.id == JournalLeaf.entry_id)
        .where(JournalLeaf.position > bindparam("after"), JournalLeaf.position <= upto)
        .order_by(JournalLeaf.position)
        .limit(BATCH)
    )
    after, done = -(2**63), 0
    while True:
        batch = read_after(database, query, after)
        yield from batch
        done += len(batch)
        if progress is not None:
            progress(done, upto + 1)
        if len(batch) < BATCH:
            return
        after = batch[-1][0]
