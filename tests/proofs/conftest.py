"""A served house on each engine, shared by the proofs, and where their figures go."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.rig.cluster import Cluster
from tests.rig.postgres import Server
from tests.rig.served import Served
from tests.rig.stock import Stock

ENGINES = ("sqlite", "postgresql")
Figures = Callable[..., None]


@dataclass(frozen=True)
class Place:
    """A served house and the means to fill it."""

    served: Served
    stock: Stock


@pytest.fixture(scope="session")
def durable_database() -> Iterator[Callable[[], str]]:
    """Make migrated databases on a PostgreSQL that waits for the disk (fsync on)."""
    from idp.storage.migrate import migrate

    def make() -> str:
        address = server.create()
        migrate(address)
        return address

    cluster = Cluster(durable=True)
    try:
        server = Server(cluster.admin)
        yield make
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def on_sqlite(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Four workers on one SQLite file."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copyfile(sqlite_template, folder / "house.sqlite3")
    yield from _place(f"sqlite:///{folder / 'house.sqlite3'}", folder)


@pytest.fixture(scope="session")
def on_postgresql(
    durable_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """Four workers on one PostgreSQL."""
    yield from _place(durable_database(), tmp_path_factory.mktemp("served"))


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest) -> Place:
    """A house with four workers, on one engine after the other."""
    found: Place = request.getfixturevalue(f"on_{request.param}")
    return found


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Say what was proved: printed (see it with -s), and kept in the folder IDP_TEST_REPORT."""

    def say(**found: object) -> None:
        test = request.node.name
        print(f"\n{test}: " + ", ".join(f"{name} {value}" for name, value in found.items()))
        folder = os.environ.get("IDP_TEST_REPORT")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            (Path(folder) / f"{test}.json").write_text(json.dumps(found, indent=1) + "\n")

    return say


def _place(database_url: str, folder: Path) -> Iterator[Place]:
    served = Served(database_url, folder)
    try:
        served.start()
        yield Place(served, Stock(served.house))
    finally:
        served.stop()
