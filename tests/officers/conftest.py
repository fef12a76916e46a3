"""What the tests of this room share: a house with its console, and officers with keys."""

import pytest

from tests.build import Site, pg_world, site, sqlite_world, world, world_url
from tests.officers.people import Console

__all__ = ["console", "pg_world", "site", "sqlite_world", "world", "world_url"]


@pytest.fixture
def console(site: Site) -> Console:
    """The console of a house with people in it."""
    return Console(site)
