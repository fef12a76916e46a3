"""Import a file of people: stream it, store it batch by batch, go on where a kill stopped it."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.register.actions import index_fits
from idp.register.batches import Batch, Expected, Reading
from idp.register.beside import read_beside
from idp.register.reading import LINE_MAX_BYTES, read_header
from idp.register.records import ImportRecord
from idp.register.rejects import Rejected, RejectsFile
from idp.register.storing import Stored, store
from idp.register.telling import tell_moved
from idp.storage import Database, Transaction, db_now

BATCH_LINES = 10_000
# What starting a process costs is as much as reading so much.
BESIDE_FROM_BYTES = 4_000_000
ATTEMPTS = 3
BEGUN, FINISHED = "register-import-begun", "register-import-finished"


class ImportProblem(RuntimeError):
    """The file cannot be imported as things are; the message says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an import is. All that was read is added, changed, unchanged or rejected."""

    ref: str
    byte_offset: int = 0
    line: int = 0  # lines of the file that are done with, the first one included
    rejects_bytes: int = 0
    read_count: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    finished: bool = False

    def counts(self) -> dict[str, int]:
        """Answer the counts by the words of the report."""
        return {
            "read": self.read_count,
            "added": self.added,
            "changed": self.changed,
            "unchanged": self.unchanged,
            "rejected": self.rejected,
        }

    @property
    def adds_up(self) -> bool:
        """Say whether every line that was read is accounted for."""
        done = self.added + self.changed + self.unchanged + self.rejected
        return done == self.read_count


_COUNTERS = (
    "byte_offset", "line", "rejects_bytes", "read_count", "added", "changed", "unchanged",
    "rejected",
)  # fmt: skip
_COLUMNS = [ImportRecord.__table__.c[name] for name in ("ref", *_COUNTERS)]
_FIND = (
    select(*_COLUMNS, ImportRecord.finished_at)
    .where(ImportRecord.fingerprint == bindparam("fingerprint"))
    .order_by(ImportRecord.finished_at.is_(None).desc(), ImportRecord.finished_at.desc())
    .limit(1)
    .with_for_update()  # waits for a killed import's last commit, should it be on its way
)
_BEGIN = insert(ImportRecord).values(begun_at=db_now())
_IS_OPEN = (ImportRecord.ref == bindparam("import_ref"), ImportRecord.finished_at.is_(None))
_HOLD = select(ImportRecord.byte_offset).where(*_IS_OPEN).with_for_update()
_ADVANCE = (
    update(ImportRecord).where(*_IS_OPEN).values({n: bindparam(f"new_{n}") for n in _COUNTERS})
)
_FINISH = update(ImportRecord).where(*_IS_OPEN).values(finished_at=db_now())


class Import:
    """The import of one file. `by` is who imports, for the journal."""

    def __init__(
        self, database: Database, keyring: Keyring, file: Path, rejects: Path, *, by: str
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._file = file
        self._rejects_path = rejects
        self._by = by
        self._index_key = keyring.secret("number_index")
        self._today = database.now().date()
        self._expected = Expected()

    def run(self, told: Callable[[Progress], None], *, again: bool = False) -> Progress:
        """Import the file, or the rest of it, and answer the counts of the whole.

        A file that was imported to its end changes nothing and is not read, unless `again`.
        `told` hears of each batch. Raises `HeaderProblem`, `ImportProblem`, `OSError`.
        """
        with self._file.open("rb") as handle:
            fingerprint = hashlib.file_digest(handle, "sha256").hexdigest()
            handle.seek(0)
            first = handle.readline(LINE_MAX_BYTES)
            header = read_header(first)
            with RejectsFile(self._rejects_path, header) as rejects:
                at = self._database.transaction(
                    partial(self._begin, fingerprint, len(first), again)
                )
                if at.finished:
                    return at
                rejects.return_to(at.rejects_bytes)
                reading = self._reading(header, len(first), at.byte_offset)
                left = self._file.stat().st_size - at.byte_offset
                read = read_beside if left >= BESIDE_FROM_BYTES else Reading.batches
                with closing(read(reading, handle, self._expected)) as batches:
                    return self._store_all(batches, rejects, reading, at, told)

    def _reading(self, header: list[str], start: int, done: int) -> Reading:
        seal_id, seal_key = self._keyring.sealing_key()
        return Reading(
            header=header, today=self._today, start=start, done=done, batch_lines=BATCH_LINES,
            is_sqlite=self._database.is_sqlite, index_key=self._index_key, seal_id=seal_id,
            seal_key=seal_key,
        )  # fmt: skip

    def _begin(self, fingerprint: str, offset: int, again: bool, tx: Transaction) -> Progress:
        if not index_fits(tx, self._keyring):  # everybody would look new, and be added again
            raise ImportProblem(
                "the index key is not the one the register was indexed with; run: idp keys reindex"
            )
        found = tx.execute(_FIND, {"fingerprint": fingerprint}).mappings().first()
        if found is not None:
            finished = found.pop("finished_at") is not None
            if not finished or not again:
                return Progress(**found, finished=finished)
        at = Progress(ref=random_ref(), byte_offset=offset, line=1)
        tx.execute(_BEGIN, {"ref": at.ref, "fingerprint": fingerprint, **_counters(at)})
        record(tx, Entry(kind=BEGUN, detail=self._detail(at, fingerprint=fingerprint)))
        return at

    def _detail(self, at: Progress, **more: Any) -> dict[str, Any]:
        return {"by": self._by, "import": at.ref, **more}

    def _store_all(
        self,
        batches: Iterator[Batch],
        rejects: RejectsFile,
        reading: Reading,
        at: Progress,
        told: Callable[[Progress], None],
    ) -> Progress:
        """Store each batch while the next one is read and taken over: they work side by side."""
        with ThreadPoolExecutor(1) as storing:
            waiting: Future[Progress] | None = None
            for batch in batches:
                if waiting is not None:
                    at = waiting.result()
                    told(at)
                waiting = storing.submit(self._store, batch, rejects, reading, at)
            assert waiting is not None, "the last batch is stored even when it is empty"
            at = waiting.result()
        told(at)
        return at

    def _store(
        self, batch: Batch, rejects: RejectsFile, reading: Reading, at: Progress
    ) -> Progress:
        work = partial(self._store_batch, batch, rejects, reading, at)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._database.transaction(work)
            except IntegrityError:  # somebody added one of these people at the same moment
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def _store_batch(
        self,
        batch: Batch,
        rejects: RejectsFile,
        reading: Reading,
        at: Progress,
        tx: Transaction,
    ) -> Progress:
        """Store a batch, its refused lines and how far it came: all of it or nothing."""
        turning = self._keyring.turning("number_index")
        if turning or self._keyring.secret("number_index") != reading.index_key:
            raise ImportProblem(
                "the register is being indexed anew; run the same command again when that is done"
            )
        if tx.execute(_HOLD, {"import_ref": at.ref}).scalar() != at.byte_offset:
            raise ImportProblem("somebody else imports this file at this moment")
        stored = store(tx, self._keyring, reading, batch.lines, at.ref)
        tell_moved(tx, self._keyring, stored.moved)
        refused = [
            *batch.rejected,
            *(Rejected(line.line, reason, line.text) for line, reason in stored.refused),
        ]
        self._expected.known = stored.added < len(batch.lines) / 2
        # On the disk before the commit that counts them; cut off again if that never comes.
        end = rejects.write(at.rejects_bytes, sorted(refused))
        now = _advanced(at, batch, stored, len(refused), end)
        if not now.adds_up:
            raise ImportProblem("the counts do not add up: report this as a fault")
        new = {f"new_{name}": value for name, value in _counters(now).items()}
        tx.execute(_ADVANCE, {"import_ref": at.ref, **new})
        if now.finished:
            tx.execute(_FINISH, {"import_ref": at.ref})
            record(tx, Entry(kind=FINISHED, detail=self._detail(now, **now.counts())))
        return now


def _advanced(
    at: Progress, batch: Batch, stored: Stored, rejected: int, rejects_bytes: int
) -> Progress:
    return replace(
        at,
        byte_offset=batch.byte_offset,
        line=batch.line,
        rejects_bytes=rejects_bytes,
        read_count=at.read_count + batch.read_count,
        added=at.added + stored.added,
        changed=at.changed + stored.changed,
        unchanged=at.unchanged + stored.unchanged,
        rejected=at.rejected + rejected,
        finished=batch.last,
    )


def _counters(at: Progress) -> dict[str, int]:
    return {name: getattr(at, name) for name in _COUNTERS}
