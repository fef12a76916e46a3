"""Secrets at rest: sealed with AES-GCM under a key id; found again by an HMAC index."""

import base64
import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class Unreadable(Exception):
    """A sealed value that no key of ours opens: altered, or of a lost key."""


class Sealer:
    """Seals and opens short secrets. `keys` maps key id to 32 bytes; `current` seals.

    `look_again` is called once where a value was sealed with a key this process has not seen:
    another may have turned it a moment ago.
    """

    def __init__(
        self, keys: Mapping[str, bytes], current: str, look_again: Callable[[], None] | None = None
    ) -> None:
        self._look_again = look_again
        self.take(keys, current)

    def take(self, keys: Mapping[str, bytes], current: str) -> None:
        """Use these keys from now on."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current

    def seal(self, value: str, *, purpose: str) -> str:
        """Seal `value`. `purpose` is bound to it: a sealed seed never opens as a number."""
        nonce, current = os.urandom(NONCE_BYTES), self._current
        sealed = self._ciphers[current].encrypt(nonce, value.encode(), purpose.encode())
        return f"{current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, *, purpose: str) -> str:
        """Open what `seal` made. Raises `Unreadable`."""
        key_id, _, text = sealed.partition(".")
        if key_id not in self._ciphers and self._look_again is not None:
            self._look_again()
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise Unreadable(f"no seal key {key_id}")
        try:
            data = base64.urlsafe_b64decode(text)
            return cipher.decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError) as problem:
            raise Unreadable("the sealed value was altered") from problem

    @property
    def current(self) -> str:
        """The id of the key that seals now."""
        return self._current

    def is_current(self, sealed: str) -> bool:
        """Say whether a value was sealed with the key that seals now."""
        return sealed.partition(".")[0] == self._current


def keyed_index(key: bytes, value: str) -> str:
    """Index a value that must be found but never read: HMAC-SHA-256, hexadecimal."""
    return hmac.digest(key, value.encode(), "sha256").hex()  # a third of the time of hmac.new


def digest(secret: str) -> str:
    """Fingerprint a random secret of ours (code, token, session id) for storage: SHA-256.

    Only for 256-bit random values: anything a person chose needs a password hash.
    """
    return sha256(secret.encode()).hexdigest()


def random_token() -> str:
    """Make a 256-bit random value, base64url without padding."""
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()


def random_code() -> str:
    """Make a six-digit code to be sent to somebody; every one of the million is as likely."""
    return f"{secrets.randbelow(1_000_000):06d}"


def random_ref() -> str:
    """Make an opaque 128-bit reference for a row; not a secret."""
    return base64.urlsafe_b64encode(os.urandom(16)).rstrip(b"=").decode()
