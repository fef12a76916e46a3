"""What the tests of this room share: a house with people in it."""

from tests.build import pg_world, site, sqlite_world, world, world_url

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]
