"""The keys folder: what signs, what is published, what seals.

One file a signing key (`KID.json`) and one `secrets.json`, each written whole by rename and
readable by its owner only. Workers look at the folder again at most once a second, so that a
rotation or a revocation reaches all of them within five seconds (decision 24).
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from joserfc.jwk import Key

from idp.keyring import jose, secrets_file
from idp.keyring.rules import KeyTimes, signing_key, turn
from idp.keyring.sealing import Sealer, keyed_index
from idp.keyring.secrets_file import (
    NUMBER_INDEX,
    SECRETS,
    Secrets,
    SecretsError,
    Turned,
    write_json,
)
from idp.storage.clock import Clock

LOOK_AGAIN_SECONDS = 1.0
KeyringError = SecretsError


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
        self._secrets = secrets_file.read(folder)
        self._secrets_read = _modified(folder / SECRETS)
        # Always the same object: who holds it sees keys that were turned meanwhile.
        self.sealer = Sealer(
            self._secrets.seal.keys,
            self._secrets.seal.current,
            look_again=lambda: self.look(force=True),
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
        """Index `value` under the current HMAC key `name`: how a new row is written."""
        return keyed_index(self.secret(name), value)

    def indexes(self, name: str, value: str) -> Sequence[str]:
        """List the indexes `value` may be stored under: look rows up by all of them.

        One, but while `idp keys reindex` is under way.
        """
        self.look()
        keys = self._secrets.number_index.keys.values() if name == NUMBER_INDEX else ()
        return [keyed_index(key, value) for key in keys] or [self.index(name, value)]

    def turning(self, name: str) -> bool:
        """Say whether rows are being indexed anew now, so that some stand under an older key."""
        self.look()
        return name == NUMBER_INDEX and len(self._secrets.number_index.keys) > 1

    def sealing_key(self) -> tuple[str, bytes]:
        """Answer the id of the key that seals now, and the key: for a process of our own."""
        self.look()
        return self._secrets.seal.current, self._secrets.seal.keys[self._secrets.seal.current]

    def secret(self, name: str) -> bytes:
        """Answer the 32 bytes of the HMAC key `name`."""
        self.look()
        if name == NUMBER_INDEX:
            return self._secrets.number_index.keys[self._secrets.number_index.current]
        return self._secrets.hmac[name]

    def look(self, *, force: bool = False) -> None:
        """Read the folder again if it is time to."""
        if not force and time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
            return
        with self._lock:
            self._look_at_secrets()
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
        secrets_file.refuse_readable(path)
        data = json.loads(path.read_text())
        if known:  # only its times can have changed; parsing an RSA key costs tens of ms
            published = replace(known[1], times=_times(data))
        else:
            published = Published(_times(data), jose.import_private(data["jwk"]))
        self._parsed[path.name] = (modified, published)
        return published

    def _look_at_secrets(self) -> None:
        modified = _modified(self.folder / SECRETS)
        if modified is None or modified == self._secrets_read:
            return
        self._secrets = secrets_file.read(self.folder)
        self._secrets_read = modified
        self.sealer.take(self._secrets.seal.keys, self._secrets.seal.current)


def prepare(folder: Path, now: datetime) -> None:
    """Make the folder, its secrets and a first ES256 and RS256 key where they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / SECRETS).exists():
        secrets_file.add_missing(folder)
    else:
        secrets_file.write(folder, secrets_file.fresh())
    present = {
        _times(json.loads(p.read_text())).algorithm for p in folder.glob("*.json") if _is_key(p)
    }
    for algorithm in ("ES256", "RS256"):
        if algorithm not in present:
            rotate(folder, algorithm, now=now, at_once=True)


def add_key(folder: Path, name: str) -> Secrets:
    """Add a fresh key to seal (`seal`) or to index with (`number_index`), not yet in use.

    Every process reads with it within `LOOK_AGAIN_SECONDS`; `use_newest` puts it to use.
    """
    return _change(folder, name, secrets_file.Turned.with_new)


def use_newest(folder: Path, name: str) -> Secrets:
    """Seal or index new values with the newest key."""
    return _change(folder, name, secrets_file.Turned.using_newest)


def forget_old(folder: Path, name: str) -> Secrets:
    """Forget the keys before the current one; the caller made sure that nothing needs them."""
    return _change(folder, name, secrets_file.Turned.without_old)


def _change(folder: Path, name: str, change: Callable[[Turned], Turned]) -> Secrets:
    secrets = secrets_file.read(folder)
    if name == "seal":
        changed = replace(secrets, seal=change(secrets.seal))
    else:
        changed = replace(secrets, number_index=change(secrets.number_index))
    secrets_file.write(folder, changed)
    return changed


def rotate(folder: Path, algorithm: str, *, now: datetime, at_once: bool) -> KeyTimes:
    """Add a new signing key and retire the others of its algorithm; see `rules.turn`."""
    private = jose.generate(algorithm)
    new = KeyTimes(kid=str(private.kid), algorithm=algorithm, created=now, active_from=now)
    stored = {p: json.loads(p.read_text()) for p in folder.glob("*.json") if _is_key(p)}
    retired, new = turn([_times(data) for data in stored.values()], new, now=now, at_once=at_once)
    # The new key first: a crash between the files leaves two active keys, never none.
    write_json(folder / f"{new.kid}.json", {**_plain(new), "jwk": private.as_dict(private=True)})
    for path, data in stored.items():
        for times in retired:
            if times.kid == data["kid"]:
                write_json(path, {**_plain(times), "jwk": data["jwk"]})
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
    write_json(path, {**_plain(times), "jwk": data["jwk"]})
    return times


def _is_key(path: Path) -> bool:
    return path.name != SECRETS and not path.name.startswith(".")


def _modified(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


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


__all__ = [
    "Keyring", "KeyringError", "Published", "SECRETS", "add_key", "forget_old", "prepare",
    "revoke", "rotate", "use_newest",
]  # fmt: skip
