"""Checkpoints: how they are signed, and their copy outside the database.

The copy is one signed checkpoint a line, only ever appended to. A checkpoint is committed
first and copied after: then the file never says more than the database once said, and a
database that falls behind its file has lost something, whoever did it. The other order could
not tell a crash between the two from a tail that was cut off. What a crash leaves uncopied, a
torn line included, the next look at the file completes, on every host that keeps a copy.
Who may write both the database and the file can cut both: keep a copy where they cannot.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam, select

from idp.journal.reading import read_after
from idp.journal.records import JournalCheckpoint
from idp.keyring.jose import MAX_TOKEN_BYTES, BadToken, peek_claims, peek_header
from idp.keyring.ring import Keyring
from idp.storage import Database

TYP = "journal-checkpoint+jwt"
_NEWER = (
    select(JournalCheckpoint.size, JournalCheckpoint.signed)
    .where(JournalCheckpoint.size > bindparam("after"))
    .order_by(JournalCheckpoint.size)
    .limit(1_000)
)


class JournalDamaged(Exception):
    """The journal does not fit its own checkpoints. Sealing on would hide it, so it stops."""


class Busy(Exception):
    """Another sealer on this host holds the file."""


class Trust(Enum):
    """How far the signature of a checkpoint goes."""

    VALID = "valid"
    OLD_KEY = "old key"
    FORGED = "forged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a checkpoint says: so many entries, this root, at that moment."""

    size: int
    root: str
    at_microseconds: int


class Signatures:
    """Signs checkpoints and says whose they are.

    A key leaves the JWKS 30 days after its last signature, or at once when revoked. Its
    checkpoints count for nothing by themselves then: the newest one, by a key in use, vouches
    for all before it, since each root is worked out again from the same leaves.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        now = keyring.clock.now()
        self._old = {times.kid for times in keyring.list() if not times.published(now)}

    def sign(self, checkpoint: Checkpoint, issuer: str) -> str:
        """Sign a checkpoint."""
        claims = {
            "iss": issuer,
            "iat": checkpoint.at_microseconds // 1_000_000,
            "log": "journal",
            "size": checkpoint.size,
            "root": checkpoint.root,
            "at": checkpoint.at_microseconds,
        }
        return self._keyring.sign(claims, algorithm="ES256", typ=TYP)

    def read(self, signed: str) -> tuple[Trust, Checkpoint | None]:
        """Say how far a signed checkpoint can be trusted, and what it says."""
        try:
            return Trust.VALID, understood(self._keyring.verify_own(signed, typ=TYP))
        except BadToken:
            pass
        try:
            known = peek_header(signed).get("kid") in self._old
            return Trust.OLD_KEY if known else Trust.FORGED, understood(peek_claims(signed))
        except (BadToken, TypeError):
            return Trust.FORGED, None


def understood(claims: dict[str, Any]) -> Checkpoint:
    """Read a checkpoint's claims. Raises `BadToken` when they are not one's."""
    size, root, at = claims.get("size"), claims.get("root"), claims.get("at")
    if type(size) is not int or type(root) is not str or type(at) is not int or size < 1:
        raise BadToken("not a checkpoint of the journal")
    return Checkpoint(size=size, root=root, at_microseconds=at)


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Open the file for one sealer at a time. Raises `Busy`."""
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy from None
        if is_new:
            _sync_folder(path.parent)
        yield descriptor
    finally:
        os.close(descriptor)


def copy_missing(database: Database, descriptor: int) -> int:
    """Append to the open file every checkpoint it lacks; answer how many.

    Raises `JournalDamaged` when the file ends with a checkpoint that the database does not
    have: the database lost it, or somebody wrote in the file.
    """
    copied = 0
    while True:
        last, torn = _ending(descriptor)
        size = _size_of(last) if last else 0
        rows = [tuple(row) for row in read_after(database, _NEWER, size - 1)]
        if last:
            if not rows or rows[0] != (size, last):
                raise JournalDamaged(
                    f"the file outside ends with a checkpoint of {size} entries that the database "
                    "does not hold; keep both as they are and run: idp journal verify"
                )
            del rows[0]
        text = "".join(f"{signed}\n" for _, signed in rows)
        if not text.startswith(torn):
            raise JournalDamaged("the file outside ends with a line that is no checkpoint of ours")
        if not rows:
            return copied
        _append(descriptor, text[len(torn) :].encode())
        copied += len(rows)


def _append(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
    os.fsync(descriptor)


def _ending(descriptor: int) -> tuple[str, str]:
    """Answer the file's last whole line and what stands after it, torn by a crash."""
    end = os.fstat(descriptor).st_size
    reach = 2 * MAX_TOKEN_BYTES
    tail = os.pread(descriptor, reach, max(0, end - reach)).decode("ascii", "replace")
    lines = tail.split("\n")
    return (lines[-2] if len(lines) > 1 else ""), lines[-1]


def _size_of(signed: str) -> int:
    try:
        return understood(peek_claims(signed)).size
    except BadToken:
        raise JournalDamaged("the last line of the file outside is no checkpoint") from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
