"""A house with people in it, and somebody who walks through its pages."""

from tests.build import pg_world, site, sqlite_world, world, world_url

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]
