"""The file of secrets: keys that seal, keys that index, keys of other HMACs.

Written whole by rename, readable by its owner only. Keys that were turned stay in it until
nothing needs them: `current` is what new values are made with, the others still read.
"""

import base64
import json
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

SECRETS = "secrets.json"
# "number_index" stands apart: it is turned by `idp keys reindex`, which reads with two at once.
NUMBER_INDEX = "number_index"
HMAC_KEYS = ("refresh", "csrf", "throttle", "proxy", "code", "familiarity")


@dataclass(frozen=True, slots=True)
class Turned:
    """Keys of one purpose by their id, oldest first, and the one that new values are made with."""

    keys: dict[str, bytes] = field(repr=False)
    current: str

    def with_new(self) -> "Turned":
        """Add a fresh key without using it yet."""
        fresh = str(max((int(name) for name in self.keys), default=0) + 1)
        return replace(self, keys={**self.keys, fresh: os.urandom(32)})

    def using_newest(self) -> "Turned":
        """Make new values with the newest key from now on."""
        return replace(self, current=max(self.keys, key=int))

    def without_old(self) -> "Turned":
        """Forget every key but the current one."""
        return replace(self, keys={self.current: self.keys[self.current]})


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the file holds."""

    seal: Turned
    number_index: Turned
    hmac: dict[str, bytes] = field(repr=False)


class SecretsError(Exception):
    """The file cannot be used as it is; the message says what to do."""


def fresh() -> Secrets:
    """Make the secrets of a new house."""
    return Secrets(
        seal=_first(),
        number_index=_first(),
        hmac={name: os.urandom(32) for name in HMAC_KEYS},
    )


def read(folder: Path) -> Secrets:
    """Read the file. Raises `SecretsError` where it is missing, open to others or damaged."""
    path = folder / SECRETS
    if not path.exists():
        raise SecretsError(f"{folder}: no keys here; run: idp migrate, or idp keys restore")
    refuse_readable(path)
    try:
        kept = json.loads(path.read_text())
        seal = Turned(_all_bytes(kept["seal"]), kept["current_seal"])
        hmac = _all_bytes(kept["hmac"])
        first = hmac.pop(NUMBER_INDEX, None)  # where the first version kept it
        index = kept.get(NUMBER_INDEX) or {"keys": {}, "current": "1"}
        keys = _all_bytes(index["keys"]) or ({"1": first} if first else {})
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise SecretsError(f"{path}: damaged; run: idp keys restore") from problem
    if not keys:
        raise SecretsError(
            f"{path}: the key that people are found with is lost; run: idp keys reindex --lost"
        )
    return Secrets(seal=seal, number_index=Turned(keys, index["current"]), hmac=hmac)


def write(folder: Path, secrets: Secrets) -> None:
    """Write the file."""
    write_json(
        folder / SECRETS,
        {
            "seal": _all_text(secrets.seal.keys),
            "current_seal": secrets.seal.current,
            NUMBER_INDEX: {
                "keys": _all_text(secrets.number_index.keys),
                "current": secrets.number_index.current,
            },
            "hmac": _all_text(secrets.hmac),
        },
    )


def add_missing(folder: Path) -> None:
    """Give secrets that an older version made the keys that this one needs besides.

    Never a key that something stored depends on: a lost one must be noticed, not replaced.
    """
    secrets = read(folder)
    missing = [name for name in HMAC_KEYS if name not in secrets.hmac]
    if missing:
        added = {name: os.urandom(32) for name in missing}
        write(folder, replace(secrets, hmac={**secrets.hmac, **added}))


def make_index_anew(folder: Path) -> None:
    """Put a fresh index key where the old one is lost; everything must then be indexed anew."""
    path = folder / SECRETS
    refuse_readable(path)
    kept = json.loads(path.read_text())
    kept["hmac"].pop(NUMBER_INDEX, None)
    kept[NUMBER_INDEX] = {"keys": _all_text(_first().keys), "current": "1"}
    write_json(path, kept)


def refuse_readable(path: Path) -> None:
    """Raise `SecretsError` where anybody but the owner may read a file."""
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SecretsError(f"{path}: others may read this key; run: chmod 600 {path}")


def write_json(path: Path, data: Any) -> None:
    """Write a file whole, by rename, for its owner's eyes only."""
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(data, handle)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def _first() -> Turned:
    return Turned({"1": os.urandom(32)}, "1")


def _all_text(keys: dict[str, bytes]) -> dict[str, str]:
    return {name: base64.b64encode(key).decode() for name, key in keys.items()}


def _all_bytes(kept: dict[str, str]) -> dict[str, bytes]:
    return {name: base64.b64decode(text) for name, text in kept.items()}
