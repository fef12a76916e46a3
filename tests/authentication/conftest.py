"""What the tests of this room share: keys, a gate, an account; a house for its pages."""

import pytest

from idp.accounts.actions import NameProblem, create_account
from idp.authentication.hashing import HashGate
from idp.keyring.ring import Keyring
from idp.storage import Database
from tests.build import pg_world, site, sqlite_world, world, world_url
from tests.rig.keys import make_keyring

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]


@pytest.fixture(scope="session")
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Keyring:
    return make_keyring(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="session")
def gate() -> HashGate:
    return HashGate(2, wait_seconds=30)


@pytest.fixture
def margaret(database: Database) -> str:
    """An account without any method yet; its reference."""
    ref = database.transaction(
        lambda tx: create_account(tx, sign_in_name="margaret", email="margaret@example.org")
    )
    assert not isinstance(ref, NameProblem)
    return ref
