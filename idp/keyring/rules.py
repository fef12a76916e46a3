"""When a signing key is published, signs, and is forgotten. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

# A verifier may hold our JWKS this long; a new key is published at least as long before use.
ANNOUNCE = timedelta(hours=1)
# An ID token may come back as a hint this long after the key that signed it stopped signing.
RETIRING = timedelta(days=30)


class KeyState(StrEnum):
    """Where a key stands in its life."""

    PENDING = "pending"
    ACTIVE = "active"
    RETIRING = "retiring"
    GONE = "gone"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyTimes:
    """The moments of a key's life. Its state follows from them and the clock alone."""

    kid: str
    algorithm: str
    created: datetime
    active_from: datetime
    retired_at: datetime | None = None
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> KeyState:
        """Say where the key stands at `now`."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return KeyState.REVOKED
        if now < self.active_from:
            return KeyState.PENDING
        if self.retired_at is None or now < self.retired_at:
            return KeyState.ACTIVE
        return KeyState.RETIRING if now < self.retired_at + RETIRING else KeyState.GONE

    def published(self, now: datetime) -> bool:
        """Say whether the key belongs in the JWKS at `now`."""
        return self.state(now) in {KeyState.PENDING, KeyState.ACTIVE, KeyState.RETIRING}


def signing_key(keys: list[KeyTimes], algorithm: str, now: datetime) -> KeyTimes | None:
    """Choose the key that signs with `algorithm`: the newest active one, or None."""
    active = [
        key for key in keys if key.algorithm == algorithm and key.state(now) is KeyState.ACTIVE
    ]
    return max(active, key=lambda key: (key.active_from, key.kid), default=None)


def turn(
    keys: list[KeyTimes], new: KeyTimes, *, now: datetime, at_once: bool
) -> tuple[list[KeyTimes], KeyTimes]:
    """Plan a rotation: when the new key starts to sign, the others of its algorithm retire.

    The new key waits `ANNOUNCE` in the JWKS first (ory/hydra 2535), unless `at_once`, for an
    emergency or a first key.
    """
    starts = now if at_once else now + ANNOUNCE
    retired = [
        replace(key, retired_at=starts)
        for key in keys
        if key.algorithm == new.algorithm and (key.retired_at is None or key.retired_at > starts)
    ]
    return retired, replace(new, active_from=starts)
