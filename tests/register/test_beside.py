"""A process beside the importing one reads the file the same way, and its end is never missed."""

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import date
from pathlib import Path

import pytest

from idp.keyring.ring import Keyring
from idp.keyring.sealing import keyed_index
from idp.register import importing
from idp.register.batches import Batch, Expected, Reading
from idp.register.beside import ReaderDied, read_beside
from idp.register.importing import Import, Progress
from idp.register.reading import COLUMNS, read_header
from idp.register.records import PersonRecord
from tests.register.conftest import HEADER, Importer, PeopleFile
from tests.register.test_killed import CHILD, lines
from tests.register.test_memory import MOST_GROWTH_KIB, SHORT_HEADER, same_prefix

KEY = bytes(range(32))
MANY = 3_000  # more than fits into the pipe between the two


def reading(first: bytes, *, done: int = 0) -> Reading:
    return Reading(
        header=read_header(first), today=date(2026, 1, 1), start=len(first), done=done,
        batch_lines=40, is_sqlite=False, index_key=KEY, seal_id="1", seal_key=KEY[::-1],
    )  # fmt: skip


def plain(batches: Iterator[Batch]) -> list[object]:
    """All that batches hold, but for the rows: references and seals are drawn by chance."""
    return [
        (
            [line[:3] for line in batch.lines], batch.rejected, batch.read_count,
            batch.byte_offset, batch.line, batch.last,
        )
        for batch in batches
    ]  # fmt: skip


def readers(parent: int) -> list[int]:
    """The processes that `parent` started and that are there."""
    found = []
    for task in Path(f"/proc/{parent}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # the thread ended meanwhile
            found += [int(pid) for pid in (task / "children").read_text().split()]
    return [pid for pid in found if b"idp.register.beside" in command(pid)]


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def resident_kib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def is_gone(pid: int) -> bool:
    for _ in range(500):
        if not command(pid):  # also empty for one that ended and was not waited for
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("stored", [0, 5_000])
def test_a_reader_beside_reads_as_we_do_with_the_same_lines_and_places(
    people_file: PeopleFile, stored: int
) -> None:
    people_file.write([*lines(200), '"', "", "x" * 50_000, "Tom"], header=",".join(COLUMNS))
    with people_file.path.open("rb") as handle:
        asked = reading(handle.readline(), done=stored)
        ours = plain(asked.batches(handle, Expected()))
        beside = plain(read_beside(asked, handle, Expected()))
    assert beside == ours
    assert len(ours) > 3


def test_the_keys_are_in_no_argument_and_no_environment_of_the_reader(
    people_file: PeopleFile,
) -> None:
    people_file.write(lines(MANY), header=",".join(COLUMNS))
    with people_file.path.open("rb") as handle:
        with closing(read_beside(reading(handle.readline()), handle, Expected())) as batches:
            line = next(batches).lines[0]
            (pid,) = readers(os.getpid())
            shown = command(pid) + Path(f"/proc/{pid}/environ").read_bytes()
        assert is_gone(pid), "whoever stops taking batches ends the reader"
    assert line.number_index == keyed_index(KEY, line.text[:8].decode())
    for key in (KEY, KEY[::-1]):
        assert key not in shown
        assert key.hex().encode() not in shown


def test_a_file_that_cannot_be_read_is_said_with_its_name(people_file: PeopleFile) -> None:
    with people_file.path.open("wb") as handle, pytest.raises(OSError, match="Bad file") as caught:
        list(read_beside(reading(HEADER.encode()), handle, Expected()))
    assert caught.value.filename == str(people_file.path)


def test_a_reader_that_is_killed_stops_the_import_and_nobody_is_lost(
    register: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 100)
    monkeypatch.setattr(importing, "BESIDE_FROM_BYTES", 0)
    register.file.write(lines(MANY), header=",".join(COLUMNS))
    killed = []

    def kill(at: Progress) -> None:
        killed.append(at)
        for pid in readers(os.getpid()):
            os.kill(pid, signal.SIGKILL)

    work = Import(register.database, register.keyring, register.file.path,
                  register.file.rejects, by="x")  # fmt: skip
    with pytest.raises(ReaderDied, match=r"signal 9.*run the same command again"):
        work.run(kill)
    assert readers(os.getpid()) == []
    assert killed
    done = register.load()
    assert done.finished
    assert done.read_count == MANY + MANY // 50
    assert done.added == len(register.all(PersonRecord.ref))
    assert done.rejected == len(register.rejects())


def test_the_reader_ends_with_an_import_that_is_killed(
    sqlite_url: str, keyring: Keyring, people_file: PeopleFile
) -> None:
    people_file.write(lines(MANY), header=",".join(COLUMNS))
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, sqlite_url, str(keyring.folder), str(people_file.path),
         str(people_file.rejects)],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert child.stdout is not None
    child.stdout.readline()
    (pid,) = readers(child.pid)
    child.kill()
    child.wait()
    child.stdout.close()
    assert is_gone(pid)


def test_the_memory_of_the_reader_does_not_grow_with_the_file(people_file: PeopleFile) -> None:
    people_file.write(same_prefix(2 * MANY), header=SHORT_HEADER)
    sizes = []
    with people_file.path.open("rb") as handle:
        for _ in read_beside(reading(handle.readline()), handle, Expected()):
            sizes += [resident_kib(pid) for pid in readers(os.getpid())]
    assert len(sizes) > 100
    assert max(sizes[30:]) - max(sizes[:30]) < MOST_GROWTH_KIB, sizes
