"""The same house as for the protocol."""

from tests.build import pg_world, site, sqlite_world, world, world_url

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]
