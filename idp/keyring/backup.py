"""A backup of the keys folder in one file, under a passphrase; and the way back.

The passphrase is stretched by scrypt (RFC 7914) and the folder sealed with AES-256-GCM; what
the file says of how is bound to what it holds. Whoever has the database and this file with its
passphrase has everything: keep them apart.
"""

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from idp.keyring.secrets_file import SecretsError, write_json

FORMAT = "gatehouse-keys-1"
# 128 MiB and about half a second: each guess at the passphrase costs as much.
SCRYPT = {"n": 2**17, "r": 8, "p": 1}
SCRYPT_MEMORY_BYTES = 256 * 1024 * 1024
PASSPHRASE_MIN_CHARACTERS = 15
FILE_MAX_BYTES = 10_000_000


class BackupError(SecretsError):
    """A backup that cannot be made or used; the message says what to do."""


def write(folder: Path, file: Path, passphrase: str) -> int:
    """Back the folder up into `file`, readable by its owner only; answer how many files."""
    if len(passphrase) < PASSPHRASE_MIN_CHARACTERS:
        raise BackupError(f"the passphrase needs {PASSPHRASE_MIN_CHARACTERS} characters or more")
    if file.exists():
        raise BackupError(f"{file}: exists already; choose another name")
    held = {path.name: path.read_text() for path in sorted(folder.glob("*.json"))}
    head = {
        "format": FORMAT,
        "salt": _text(os.urandom(16)),
        "nonce": _text(os.urandom(12)),
        **SCRYPT,
    }
    sealed = _cipher(head, passphrase).encrypt(
        _bytes(head["nonce"]), json.dumps(held).encode(), _bound(head)
    )
    write_json(file, {**head, "sealed": _text(sealed)})
    return len(held)


def read(file: Path, passphrase: str) -> dict[str, str]:
    """Open a backup: the files of the folder by name. Raises `BackupError`."""
    if file.stat().st_size > FILE_MAX_BYTES:
        raise BackupError(f"{file}: too large for a backup of keys")
    try:
        head = json.loads(file.read_text())
        sealed = _bytes(head.pop("sealed"))
        if head["format"] != FORMAT or {name: head[name] for name in SCRYPT} != SCRYPT:
            raise BackupError(f"{file}: not a backup that this version reads")
        plain = _cipher(head, passphrase).decrypt(_bytes(head["nonce"]), sealed, _bound(head))
    except InvalidTag as problem:
        raise BackupError(f"{file}: another passphrase, or altered") from problem
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise BackupError(f"{file}: not a backup of keys") from problem
    held: dict[str, str] = json.loads(plain)
    return held


def restore(file: Path, folder: Path, passphrase: str) -> int:
    """Put a backup into an empty folder; answer how many files. Raises `BackupError`."""
    if folder.exists() and any(folder.iterdir()):
        raise BackupError(f"{folder}: not empty; move what is there away first")
    held = read(file, passphrase)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, text in held.items():
        if Path(name).name != name or not name.endswith(".json"):
            raise BackupError(f"{file}: holds a name that is no key's")
        write_json(folder / name, json.loads(text))
    return len(held)


def _cipher(head: dict[str, Any], passphrase: str) -> AESGCM:
    key = hashlib.scrypt(
        passphrase.encode(),
        salt=_bytes(head["salt"]),
        maxmem=SCRYPT_MEMORY_BYTES,
        dklen=32,
        **SCRYPT,
    )
    return AESGCM(key)


def _bound(head: dict[str, Any]) -> bytes:
    return json.dumps(head, sort_keys=True).encode()


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: Any) -> bytes:
    return base64.b64decode(text, validate=True)
