"""Checkpoints as evidence: the table and its copy outside, side by side, in order of size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Text, bindparam, cast, select

from idp.journal.checkpoints import Checkpoint, Signatures, Trust, understood
from idp.journal.reading import microseconds, read_after
from idp.journal.records import JournalCheckpoint
from idp.journal.report import Report
from idp.journal.rules import Frontier
from idp.journal.sealer import kept_frontier
from idp.keyring.jose import MAX_TOKEN_BYTES, BadToken, peek_claims
from idp.storage import Database

BATCH = 1_000
# A copy is made within the step that commits; other hosts follow at their next step.
COPY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stated:
    """What is to be proved: that so many leaves have this root. `frontier` fits the root."""

    size: int
    root: str
    frontier: Frontier | None


class OutsideCopy:
    """The lines of the file as it was when this was made; later ones belong to a later look."""

    def __init__(self, path: Path, report: Report) -> None:
        self._path = path
        self._report = report
        self._end = path.stat().st_size if path.exists() else 0
        self.torn = ""

    def lines(self) -> Iterator[tuple[int, str]]:
        """Give size and text of each checkpoint, in order; report what is neither."""
        if not self._end:
            return
        last = 0
        with self._path.open("rb") as handle:
            number = 0
            while (left := self._end - handle.tell()) > 0:
                number += 1
                text = handle.readline(min(left, MAX_TOKEN_BYTES)).decode("ascii", "replace")
                if not text.endswith("\n") and handle.tell() == self._end:
                    self.torn = text
                    return
                size = _size(text.rstrip("\n"))
                if size is None:
                    self._report.add(f"file, line {number}", "this is no checkpoint of ours")
                elif size <= last:
                    self._report.add(
                        f"file, line {number}", f"a checkpoint of {size} stands after one of {last}"
                    )
                else:
                    last = size
                    yield size, text.rstrip("\n")


class Evidence:
    """Goes through every checkpoint once and reports what is wrong with it by itself."""

    def __init__(
        self, database: Database, signatures: Signatures, copy: OutsideCopy, report: Report
    ) -> None:
        self._database = database
        self._signatures = signatures
        self._copy = copy
        self._report = report
        self._newest: Trust | None = None
        self._first_uncopied: int | None = None

    def statements(self, upto: int) -> Iterator[Stated]:
        """Give what each checkpoint states, by size; of the table's, those up to `upto`."""
        rows, lines = self._rows(upto), self._copy.lines()
        row, line = next(rows, None), next(lines, None)
        while row is not None or line is not None:
            if line is None or (row is not None and row.size < line[0]):
                self._only_in_table(row, more_lines=line is not None)
                yield from self._judge_row(row)
                row = next(rows, None)
            elif row is None or line[0] < row.size:
                self._report.add(
                    f"checkpoint {line[0]}", "the file outside holds it, the database lost it"
                )
                yield from self._judge_line(line[1])
                line = next(lines, None)
            else:
                if row.signed != line[1]:
                    self._report.add(f"checkpoint {row.size}", "the file outside says otherwise")
                yield from self._judge_row(row)
                row, line = next(rows, None), next(lines, None)

    def conclude(self, now_microseconds: int) -> None:
        """Report what only shows at the end."""
        if self._newest is Trust.OLD_KEY:
            self._report.add(
                "newest checkpoint",
                "its key is not in use any more and nothing newer vouches for the journal",
            )
        if self._copy.torn:
            self._report.add("file, last line", "this is no checkpoint of ours")
        oldest = self._first_uncopied
        if oldest is not None and now_microseconds - oldest > COPY_SECONDS * 1_000_000:
            self._report.add(
                "file",
                f"{self._report.uncopied_checkpoints} checkpoints are not copied outside, the "
                f"oldest for more than {COPY_SECONDS} seconds; run: idp journal seal",
            )

    def _only_in_table(self, row: Any, *, more_lines: bool) -> None:
        if more_lines:
            self._report.add(f"checkpoint {row.size}", "the file outside lacks it")
            return
        self._report.uncopied_checkpoints += 1
        if self._first_uncopied is None:
            self._first_uncopied = row.at if isinstance(row.at, int) else 0
            if f"{row.signed}\n".startswith(self._copy.torn):
                self._copy.torn = ""  # a crash while copying; the next step completes it

    def _judge_row(self, row: Any) -> Iterator[Stated]:
        self._report.checkpoints += 1
        said = self._trusted(row.size, row.signed)
        if said is None:
            return
        if said != Checkpoint(size=row.size, root=row.root_hash, at_microseconds=row.at):
            self._report.add(f"checkpoint {row.size}", "its row does not say what was signed")
        frontier = kept_frontier(said.size, row.frontier, said.root)
        if frontier is None:
            self._report.add(f"checkpoint {row.size}", "its right edge does not fit the root")
        if said.size == row.size:
            yield Stated(said.size, said.root, frontier)

    def _judge_line(self, signed: str) -> Iterator[Stated]:
        said = self._trusted(_size(signed) or 0, signed)
        if said is not None:
            yield Stated(said.size, said.root, None)

    def _trusted(self, size: int, signed: str) -> Checkpoint | None:
        trust, said = self._signatures.read(signed)
        self._newest = trust
        if trust is Trust.FORGED:
            self._report.add(f"checkpoint {size}", "its signature is not ours")
            return None
        self._report.old_key_checkpoints += trust is Trust.OLD_KEY
        return said

    def _rows(self, upto: int) -> Iterator[Any]:
        table = JournalCheckpoint
        query = (
            select(
                table.size,
                table.root_hash,
                table.signed,
                microseconds(table.at, is_sqlite=self._database.is_sqlite).label("at"),
                cast(table.frontier, Text).label("frontier"),
            )
            .where(table.size > bindparam("after"), table.size <= upto)
            .order_by(table.size)
            .limit(BATCH)
        )
        after = -(2**63)
        while True:
            batch = read_after(self._database, query, after)
            yield from batch
            if len(batch) < BATCH:
                return
            after = batch[-1].size


def _size(signed: str) -> int | None:
    try:
        return understood(peek_claims(signed)).size
    except BadToken:
        return None
