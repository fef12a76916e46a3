"""Secrets at rest: sealed with AES-GCM under a key id; found again by an HMAC index."""

import base64
import hmac
import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unreadable(Exception):
    """A sealed value that no key of ours opens: altered, or of a lost key."""


class Sealer:
    """Seals and opens short secrets. `keys` maps key id to 32 bytes; `current` seals."""

    def __init__(self, keys: dict[str, bytes], current: str) -> None:
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    def seal(self, value: str, *, purpose: str) -> str:
        """Seal `value`. `purpose` is bound to it: a sealed seed never opens as a number."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ciphers[self._current].encrypt(nonce, value.encode(), purpose.encode())
        return f"{self._current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, purpose: str) -> str:
        """Open what `seal` made. Raises `Unreadable`."""
        key_id, _, text = sealed.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unreadable(f"no seal key {key_id}")
        data = base64.urlsafe_b64decode(text)
        try:
            return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode()).decode()
        except InvalidTag as problem:
            raise Unreadable("the sealed value was altered") from problem


def keyed_index(key: bytes, value: str) -> str:
    """Index a value that must be found but never read: HMAC-SHA-256, hexadecimal."""
    return hmac.new(key, value.encode(), sha256).hexdigest()


def digest(secret: str) -> str:
    """Fingerprint a random secret of ours (code, token, session id) for storage: SHA-256.

    Only for 256-bit random values: anything a person chose needs a password hash.
    """
    return sha256(secret.encode()).hexdigest()


def random_token() -> str:
    """Make a 256-bit random value, base64url without padding."""
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def random_ref() -> str:
    """Make an opaque 128-bit reference for a row; not a secret."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
