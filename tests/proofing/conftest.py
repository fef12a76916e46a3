"""What the tests of this room share: a house with a checker to ask, and somebody to prove."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import World, open_site, pg_world, sqlite_world, world, world_url
from tests.proofing.room import Outside, Room, running

__all__ = ["pg_world", "sqlite_world", "world", "world_url"]


@pytest.fixture(name="outside")
def run_outside(world: World) -> Iterator[Outside]:
    """A running checker."""
    with running(world.keyring.jwks) as found:
        yield found


@pytest.fixture(name="room")
def open_room(
    world: World,
    world_url: str,
    outside: Outside,
    tmp_path: Path,
) -> Iterator[Room]:
    """A house with a checker, and Elizabeth."""
    file = tmp_path / "checkers.toml"
    file.write_text(outside.settings_text)
    site = open_site(
        world, world_url, checkers=file, sandbox=True, private_hosts=(f"localhost:{outside.port}",)
    )
    site.sign_in("nobody")
    yield Room(site, outside)
    site.close()
