"""The keys folder: what signs, what is published, what seals.

One file a signing key (`KID.json`) and one `secrets.json`, each written whole by rename and
readable by its owner only. Workers look at the folder again at most once a second, so that a
rotation or a revocation reaches all of them within five seconds (decision 24).
"""

import base64
import json
import os
import stat
import threading
import time
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc.jwk import Key

from idp.keyring import jose
from idp.keyring.rules import KeyTimes, signing_key, turn
from idp.keyring.sealing import Sealer, keyed_index
from idp.storage.clock import Clock

SECRETS = "secrets.json"
LOOK_AGAIN_SECONDS = 1.0
HMAC_KEYS = ("number_index", "refresh", "csrf", "throttle", "proxy", "code")


class KeyringError(Exception):
    """The keys folder cannot be used as it is; the message says what to do."""


@dataclass(frozen=True)
class Published:
    """A signing key: its times and its parsed private half."""

    times: KeyTimes
    private: jose.PrivateKey

    @property
    def public(self) -> dict[str, Any]:
        """The public JWK, as it stands in the JWKS."""
        shown: dict[str, Any] = dict(self.private.as_dict(private=False))
        return {**shown, "use": "sig", "alg": self.times.algorithm}


class Keyring:
    """The keys in use. Code asks this, never a file."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder = folder
        self.clock = clock
        self._lock = threading.Lock()
        self._parsed: dict[str, tuple[float, Published]] = {}
        self._keys: list[Published] = []
        self._looked = 0.0
        self._secrets = self._load_secrets()
        self.sealer = Sealer(
            {name: _bytes(text) for name, text in self._secrets["seal"].items()},
            self._secrets["current_seal"],
        )
        self.look()
        if signing_key([key.times for key in self._keys], "ES256", clock.now()) is None:
            raise KeyringError(f"{folder}: no active ES256 key; run: idp migrate")

    def sign(self, claims: dict[str, Any], *, algorithm: str, typ: str) -> str:
        """Sign claims with the active key of `algorithm`. Raises `KeyringError` if none is."""
        self.look()
        times = signing_key([key.times for key in self._keys], algorithm, self.clock.now())
        if times is None:
            raise KeyringError(f"no active {algorithm} key")
        key = next(key for key in self._keys if key.times.kid == times.kid)
        return jose.sign(claims, key.private, algorithm=algorithm, typ=typ)

    def verify_own(self, token: str, *, typ: str) -> dict[str, Any]:
        """Check a token that we signed, with any key that is still published.

        Raises `jose.BadToken`. The times are the caller's to check.
        """
        self.look()
        now = self.clock.now()
        trusted: dict[str | None, Key] = {
            key.times.kid: key.private for key in self._keys if key.times.published(now)
        }
        return jose.verify(
            token,
            lambda header: trusted.get(header.get("kid")),
            algorithms=jose.ALGORITHMS,
            types=(typ.lower(),),
        )

    def algorithms(self) -> list[str]:
        """List the algorithms we can sign with now, ES256 first."""
        now = self.clock.now()
        times = [key.times for key in self._keys]
        return [name for name in jose.ALGORITHMS if signing_key(times, name, now)]

    def jwks(self) -> dict[str, Any]:
        """Answer the JSON Web Key Set (RFC 7517): pending, active and retiring keys."""
        self.look()
        now = self.clock.now()
        return {"keys": [key.public for key in self._keys if key.times.published(now)]}

    def version(self) -> str:
        """Answer a value that changes whenever the JWKS does, for caches of it."""
        self.look()
        now = self.clock.now()
        return "|".join(f"{key.times.kid}:{key.times.state(now)}" for key in self._keys)

    def list(self) -> list[KeyTimes]:
        """List every key there is, oldest first."""
        self.look(force=True)
        return [key.times for key in self._keys]

    def index(self, name: str, value: str) -> str:
        """Index `value` under the HMAC key `name`, one of `HMAC_KEYS`."""
        return keyed_index(self.secret(name), value)

    def secret(self, name: str) -> bytes:
        """Answer the 32 bytes of the HMAC key `name`."""
        return _bytes(self._secrets["hmac"][name])

    def look(self, *, force: bool = False) -> None:
        """Read the folder again if it is time to."""
        if not force and time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
            return
        with self._lock:
            self._keys = sorted(
                (self._load_key(path) for path in self.folder.glob("*.json") if _is_key(path)),
                key=lambda key: (key.times.created, key.times.kid),
            )
            self._looked = time.monotonic()

    def _load_key(self, path: Path) -> Published:
        modified = path.stat().st_mtime_ns
        known = self._parsed.get(path.name)
        if known and known[0] == modified:
            return known[1]
        _refuse_readable(path)
        data = json.loads(path.read_text())
        if known:  # only its times can have changed; parsing an RSA key costs tens of ms
            published = replace(known[1], times=_times(data))
        else:
            published = Published(_times(data), jose.import_private(data["jwk"]))
        self._parsed[path.name] = (modified, published)
        return published

    def _load_secrets(self) -> dict[str, Any]:
        path = self.folder / SECRETS
        if not path.exists():
            raise KeyringError(f"{self.folder}: no keys here; run: idp migrate")
        _refuse_readable(path)
        secrets: dict[str, Any] = json.loads(path.read_text())
        return secrets


def prepare(folder: Path, now: datetime) -> None:
    """Make the folder, its secrets and a first ES256 and RS256 key where they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / SECRETS).exists():
        _write(
            folder / SECRETS,
            {
                "seal": {"1": _text(os.urandom(32))},
                "current_seal": "1",
                "hmac": {name: _text(os.urandom(32)) for name in HMAC_KEYS},
            },
        )
    else:
        _add_missing(folder / SECRETS)
    present = {
        _times(json.loads(p.read_text())).algorithm for p in folder.glob("*.json") if _is_key(p)
    }
    for algorithm in ("ES256", "RS256"):
        if algorithm not in present:
            rotate(folder, algorithm, now=now, at_once=True)


def _add_missing(path: Path) -> None:
    """Give secrets that an older version made the keys that this one needs besides."""
    secrets = json.loads(path.read_text())
    missing = [name for name in HMAC_KEYS if name not in secrets["hmac"]]
    if missing:
        secrets["hmac"] |= {name: _text(os.urandom(32)) for name in missing}
        _write(path, secrets)


def rotate(folder: Path, algorithm: str, *, now: datetime, at_once: bool) -> KeyTimes:
    """Add a new signing key and retire the others of its algorithm; see `rules.turn`."""
    private = jose.generate(algorithm)
    new = KeyTimes(kid=str(private.kid), algorithm=algorithm, created=now, active_from=now)
    stored = {p: json.loads(p.read_text()) for p in folder.glob("*.json") if _is_key(p)}
    retired, new = turn([_times(data) for data in stored.values()], new, now=now, at_once=at_once)
    # The new key first: a crash between the files leaves two active keys, never none.
    _write(folder / f"{new.kid}.json", {**_plain(new), "jwk": private.as_dict(private=True)})
    for path, data in stored.items():
        for times in retired:
            if times.kid == data["kid"]:
                _write(path, {**_plain(times), "jwk": data["jwk"]})
    return new


def revoke(folder: Path, kid: str, *, now: datetime) -> KeyTimes:
    """Revoke a key at once: it leaves the JWKS and nothing it signed is believed any more."""
    path = next((p for p in folder.glob("*.json") if _is_key(p) and p.stem == kid), None)
    if path is None:
        raise KeyringError(f"no key {kid}; see: idp keys list")
    data = json.loads(path.read_text())
    times = replace(_times(data), revoked_at=now)
    if (
        signing_key(
            [
                _times(json.loads(p.read_text()))
                for p in folder.glob("*.json")
                if _is_key(p) and p != path
            ],
            times.algorithm,
            now,
        )
        is None
    ):
        rotate(folder, times.algorithm, now=now, at_once=True)
        data = json.loads(path.read_text())
        times = replace(_times(data), revoked_at=now)
    _write(path, {**_plain(times), "jwk": data["jwk"]})
    return times


def _is_key(path: Path) -> bool:
    return path.name != SECRETS and not path.name.startswith(".")


def _refuse_readable(path: Path) -> None:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyringError(f"{path}: others may read this key; run: chmod 600 {path}")


def _write(path: Path, data: dict[str, Any]) -> None:
    temporary = path.with_name(f".{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(data, handle)
        handle.flush()
        os.fsync(handle.fileno())
    temporary.replace(path)


def _plain(times: KeyTimes) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(times).items()
    }


def _times(data: dict[str, Any]) -> KeyTimes:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(data[name]) if data.get(name) else None

    created, active_from = moment("created"), moment("active_from")
    if created is None or active_from is None:
        raise KeyringError("a key file lacks its times")
    return KeyTimes(
        kid=data["kid"],
        algorithm=data["algorithm"],
        created=created,
        active_from=active_from,
        retired_at=moment("retired_at"),
        revoked_at=moment("revoked_at"),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


__all__ = ["Keyring", "KeyringError", "Published", "prepare", "revoke", "rotate"]
