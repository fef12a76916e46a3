"""What the tests of this room share: a house with people in it, and a firm of theirs."""

import pytest

from tests.build import Site, pg_world, site, sqlite_world, world, world_url
from tests.organisations.firm import Firm

__all__ = ["firm", "pg_world", "site", "sqlite_world", "world", "world_url"]


@pytest.fixture
def firm(site: Site) -> Firm:
    """A firm that Sian runs and Tom works for; Margaret has let it act for her at Tax."""
    made = Firm(site)
    made.join("sian", "admin", "assigner", "worker")
    made.join("tom", "worker")
    return made
