"""A file of people, read in batches that are ready to be stored. Knows no database.

It is the same work in the importing process and in one beside it: see beside.py.
"""

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import BinaryIO, NamedTuple

from idp.identifiers.rules import Problem
from idp.keyring.sealing import Sealer, keyed_index
from idp.register.preparing import new_person
from idp.register.reading import LINE_MAX_BYTES, PersonRow, RowReader
from idp.register.reasons import Reason
from idp.register.rejects import Rejected
from idp.register.seen import SeenNumbers
from idp.storage.bulk import Packed


class Line(NamedTuple):
    """A good line of the file: where it stands, its number's index, and itself.

    `rows` are those of `person` and `person_number` that it makes of somebody whom the register
    does not know, the number sealed. Where most are known, what the line says comes instead: `row`.
    """

    line: int
    number_index: str
    text: bytes
    rows: tuple[Packed, Packed] | None
    row: PersonRow | None


@dataclass(slots=True)
class Expected:
    """Whom the next batch probably holds, for the one who reads ahead. A wrong guess costs time."""

    known: bool = False


@dataclass(slots=True)
class Batch:
    """Lines that are stored together, and where the file stands after them."""

    lines: list[Line] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    read_count: int = 0
    byte_offset: int = 0
    line: int = 0
    last: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is to be read, and with which keys. `start` is the byte after the names of the columns.

    What was stored before, up to the byte `done`, is read for its numbers only.
    """

    header: list[str]
    today: date
    start: int
    done: int
    batch_lines: int
    is_sqlite: bool
    index_key: bytes = field(repr=False)
    seal_id: str
    seal_key: bytes = field(repr=False)

    @cached_property
    def reader(self) -> RowReader:
        """What reads one line."""
        return RowReader(self.header, self.today)

    def row(self, line: Line) -> PersonRow:
        """Answer what a good line says, read again if need be."""
        row = line.row or self.reader.read(line.text)
        assert isinstance(row, PersonRow), "it was read before, and the same way"
        return row

    def rows(self, line: Line, sealer: Sealer) -> tuple[Packed, Packed]:
        """Answer the rows of a new person; sealed anew if `sealer` has another key by now."""
        if line.rows is not None and sealer.current == self.seal_id:
            return line.rows
        return new_person(sealer, line.number_index, self.row(line), is_sqlite=self.is_sqlite)

    def batches(self, handle: BinaryIO, expected: Expected) -> Generator[Batch, None, None]:
        """Read the file; the last batch says so, and may be empty."""
        seen, sealer = SeenNumbers(), Sealer({self.seal_id: self.seal_key}, self.seal_id)
        start = self.start
        batch = Batch(byte_offset=start, line=1)
        handle.seek(start)
        while text := handle.readline(LINE_MAX_BYTES + 1):
            start += len(text)
            while len(text) > LINE_MAX_BYTES and not text.endswith(b"\n"):
                rest = handle.readline(LINE_MAX_BYTES)  # too long: kept in part, passed over whole
                start += len(rest)
                if not rest or rest.endswith(b"\n"):
                    break
            batch.line += 1
            batch.byte_offset = start
            if text.strip():
                row = self._take(batch, text, seen)
                if row is not None and start > self.done:
                    batch.lines.append(self._line(batch.line, text, row, sealer, expected))
            if start <= self.done:
                batch = Batch(byte_offset=start, line=batch.line)
            elif batch.read_count >= self.batch_lines:
                yield batch
                batch = Batch(byte_offset=start, line=batch.line)
        batch.last = True
        yield batch

    def _take(self, batch: Batch, text: bytes, seen: SeenNumbers) -> PersonRow | None:
        batch.read_count += 1
        row: PersonRow | Reason | Problem = self.reader.read(text)
        if isinstance(row, PersonRow):
            if seen.add(row.key):
                return row
            row = Reason.NUMBER_TWICE
        batch.rejected.append(Rejected(batch.line, row, text))
        return None

    def _line(
        self, line: int, text: bytes, row: PersonRow, sealer: Sealer, expected: Expected
    ) -> Line:
        index = keyed_index(self.index_key, row.key)
        if expected.known:
            return Line(line, index, text, None, row)
        return Line(
            line, index, text, new_person(sealer, index, row, is_sqlite=self.is_sqlite), None
        )
