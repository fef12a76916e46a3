"""A keyring of a test's own."""

from datetime import UTC, datetime
from pathlib import Path

from idp.keyring.ring import Keyring, prepare
from idp.storage.clock import Clock


def make_keyring(folder: Path) -> Keyring:
    """Make keys in a new folder beneath `folder`, which pytest leaves open to others to read."""
    prepare(folder / "keys", datetime.now(UTC))
    return Keyring(folder / "keys", Clock())
