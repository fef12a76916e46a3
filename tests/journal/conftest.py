from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from idp.keyring.ring import prepare
from idp.storage import Database
from tests.journal.ledger import Ledger


@pytest.fixture(scope="session")
def keys_made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of keys. Copy it before turning any."""
    folder = tmp_path_factory.mktemp("journal") / "keys"
    prepare(folder, datetime(2020, 1, 1, tzinfo=UTC))
    return folder


@pytest.fixture
def ledger(database: Database, keys_made_once: Path, tmp_path: Path) -> Iterator[Ledger]:
    """An empty journal, its keys and its file outside."""
    made = Ledger(database, keys_made_once, tmp_path / "checkpoints")
    yield made
    made.close()
