"""A house with people and services in it, on each engine."""

from tests.build import pg_world, site, sqlite_world, world, world_url

__all__ = ["pg_world", "site", "sqlite_world", "world", "world_url"]
