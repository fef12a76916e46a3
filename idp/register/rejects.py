"""The file of refused lines: each with where it stood, why it was refused, and all its fields.

A cell that a spreadsheet would take for a formula is guarded (`idp.cells`), and read as it was.

It holds what the lines hold, numbers among them, so its owner alone may read it (mode 0600).
"""

import csv
import fcntl
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from idp import cells
from idp.register.reading import REJECT_COLUMNS, split
from idp.register.reasons import EXPLANATIONS

# A byte that is not UTF-8 comes out as it went in.
LOSSLESS = "surrogateescape"


class RejectsProblem(RuntimeError):
    """The file of refused lines cannot be used; the message says what to do."""


class Rejected(NamedTuple):
    """A line that was refused."""

    line: int
    reason: StrEnum
    text: bytes


class RejectsFile:
    """The file, open and held: a second import that would write to it is refused.

    `explanations` has a sentence for every reason that may stand in it.
    """

    def __init__(
        self, path: Path, header: Sequence[str], explanations: Mapping[str, str] = EXPLANATIONS
    ) -> None:
        self._path = path
        self._header = header
        self._explanations = explanations
        # What was refused once before is refused with its new place and reason.
        self._old = [place for place, name in enumerate(header) if name in REJECT_COLUMNS]

    def __enter__(self) -> "RejectsFile":
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._handle = os.fdopen(os.open(self._path, flags, 0o600), "r+b")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._handle.close()
            raise RejectsProblem(f"another import is writing to {self._path}") from None
        os.fchmod(self._handle.fileno(), 0o600)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handle.close()

    def return_to(self, size: int) -> None:
        """Cut off what no commit counted. Raises `RejectsProblem` where counted lines are gone."""
        if self._handle.seek(0, os.SEEK_END) < size:
            raise RejectsProblem(
                f"{self._path} was changed or moved since the import stopped; put it back, or "
                "read the file from its start with --again"
            )
        self._cut(size)
        if size == 0:
            header = [name for name in self._header if name not in REJECT_COLUMNS]
            self._append(_line([*REJECT_COLUMNS, *header]))

    def write(self, size: int, refused: Sequence[Rejected]) -> int:
        """Add lines after the first `size` bytes, on the disk; answer where they end.

        At `size` 0 they come after the names of the columns. The same call may be repeated.
        """
        if size:
            self._cut(size)
        else:
            self.return_to(0)
        for one in refused:
            self._append(self._one(one))
        self._handle.flush()
        os.fsync(self._handle.fileno())
        return self._handle.tell()

    def _one(self, one: Rejected) -> bytes:
        text = one.text.decode(errors=LOSSLESS).rstrip("\r\n")
        fields = [text]  # where its quotes do not close, all that is known is the whole line
        with suppress(csv.Error):
            fields = split(text)
            if len(fields) == len(self._header):
                fields = [field for i, field in enumerate(fields) if i not in self._old]
        return _line([str(one.line), str(one.reason), self._explanations[one.reason], *fields])

    def _cut(self, size: int) -> None:
        self._handle.truncate(size)
        self._handle.seek(size)

    def _append(self, data: bytes) -> None:
        self._handle.write(data)


def _line(fields: Sequence[str]) -> bytes:
    return cells.line(fields).encode(errors=LOSSLESS)
