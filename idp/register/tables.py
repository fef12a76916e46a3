"""A CSV file of anything, streamed and stored a batch at a time, with a report of what is refused.

For files whose lines may be read again and change nothing: after a kill the same command is run
again from the start, and what was stored then counts as unchanged. So the report is whole after
every run. Memory does not grow with the file.
"""

import csv
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlalchemy.exc import IntegrityError

from idp.register.reading import LINE_MAX_BYTES, read_header, split
from idp.register.reasons import Reason
from idp.register.rejects import Rejected, RejectsFile
from idp.storage import Database, Transaction

BATCH_LINES = 1_000
ATTEMPTS = 3


class Line(NamedTuple):
    """A line that can be read: where it stands, its fields by column, and its text."""

    number: int
    fields: Mapping[str, str]
    text: bytes

    def refused(self, reason: StrEnum) -> Rejected:
        """The same, refused."""
        return Rejected(self.number, reason, self.text)


@dataclass(frozen=True, kw_only=True)
class Table:
    """What a file must look like: columns with the most characters of each, and which are needed.

    `command` explains the columns; `explanations` has a sentence for every reason.
    """

    columns: Mapping[str, int]
    required: tuple[str, ...]
    command: str
    explanations: Mapping[str, str]


@dataclass(slots=True)
class Outcome:
    """What became of a batch."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[Rejected] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Counts:
    """What became of the file so far. All that was read is added, changed, unchanged, rejected."""

    byte_offset: int = 0
    read_count: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0

    def counts(self) -> dict[str, int]:
        """The counts by the words of the report."""
        return {"read": self.read_count, "added": self.added, "changed": self.changed,
                "unchanged": self.unchanged, "rejected": self.rejected}  # fmt: skip


Store = Callable[[Transaction, Sequence[Line]], Outcome]


def load(
    database: Database,
    file: Path,
    rejects: Path,
    table: Table,
    store: Store,
    told: Callable[[Counts], None],
    *,
    writes: bool = True,
) -> Counts:
    """Read a file and hand each batch of lines to `store`, in a transaction of its own.

    Refused lines are on the disk before the next batch is begun. `writes` False: `store` gets
    a transaction that never commits. Two that store the same at once: the later one is run again
    (`IntegrityError`). Raises `HeaderProblem`, `RejectsProblem`, `OSError`.
    """
    counts = Counts()
    with file.open("rb") as handle:
        header = read_header(
            handle.readline(LINE_MAX_BYTES), tuple(table.columns), table.required, table.command
        )
        with RejectsFile(rejects, header, table.explanations) as report:
            end = report.write(0, ())
            for lines, refused, offset in _batches(handle, header, table):
                done = _stored(database, store, lines, writes=writes)
                all_refused = sorted([*refused, *done.refused])
                end = report.write(end, all_refused)
                counts.byte_offset = offset
                counts.read_count += len(lines) + len(refused)
                counts.added += done.added
                counts.changed += done.changed
                counts.unchanged += done.unchanged
                counts.rejected += len(all_refused)
                told(counts)
    return counts


def _stored(database: Database, store: Store, lines: Sequence[Line], *, writes: bool) -> Outcome:
    def work(tx: Transaction) -> Outcome:
        return store(tx, lines)

    for attempt in range(1, ATTEMPTS + 1):
        try:
            return database.transaction(work) if writes else database.read(work)
        except IntegrityError:  # somebody stored the same at this moment
            if attempt == ATTEMPTS:
                raise
    raise AssertionError("unreachable")


def _batches(
    handle: BinaryIO, header: Sequence[str], table: Table
) -> Iterator[tuple[list[Line], list[Rejected], int]]:
    lines: list[Line] = []
    refused: list[Rejected] = []
    number = 1
    while text := handle.readline(LINE_MAX_BYTES + 1):
        number += 1
        rest = text
        while len(rest) > LINE_MAX_BYTES and not rest.endswith(b"\n"):
            rest = handle.readline(LINE_MAX_BYTES + 1)  # too long: kept in part, passed over whole
        if not text.strip():
            continue
        read = _fields(text, header, table)
        if isinstance(read, Reason):
            refused.append(Rejected(number, read, text))
        else:
            lines.append(Line(number, read, text))
        if len(lines) + len(refused) >= BATCH_LINES:
            yield lines, refused, handle.tell()
            lines, refused = [], []
    yield lines, refused, handle.tell()


def _fields(line: bytes, header: Sequence[str], table: Table) -> dict[str, str] | Reason:
    if len(line) > LINE_MAX_BYTES:
        return Reason.LINE_TOO_LONG
    try:
        text = unicodedata.normalize("NFC", line.decode().rstrip("\r\n"))
    except UnicodeDecodeError:
        return Reason.ENCODING
    if not text.isprintable():
        return Reason.CONTROL_CHARACTER
    try:
        fields = split(text)
    except csv.Error:
        return Reason.QUOTES
    if len(fields) != len(header):
        return Reason.COLUMN_COUNT
    found = dict.fromkeys(table.columns, "")
    for name, value in zip(header, fields, strict=True):
        if name not in found:
            continue  # what a report of refused lines put before the fields
        found[name] = " ".join(value.split())
        if len(found[name]) > table.columns[name]:
            return Reason.FIELD_TOO_LONG
    return found
