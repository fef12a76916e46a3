"""What every test may ask for: databases on both engines, a browser, ports.

`database_url` and `database` run a test once on each engine, so a difference between them shows
here and not in service. See `tests/rig/` for how each thing is brought about.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.rig import canary, ports
from tests.rig.browser import ARGUMENTS, find_chromium
from tests.rig.cluster import Cluster
from tests.rig.lending import Lender
from tests.rig.postgres import Server, any_server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from idp.storage import Database

hypothesis.settings.register_profile("default", max_examples=100, deadline=None)
# Takes hours: HYPOTHESIS_PROFILE=nightly ./test --timeout 0
hypothesis.settings.register_profile("nightly", max_examples=100_000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def pytest_configure(config: pytest.Config) -> None:
    """Keep a developer's or a server's own settings out of the tests, its database above all."""
    address = os.environ.pop("DATABASE_URL", "")
    if address.startswith("postgres"):
        os.environ.setdefault("IDP_TEST_DATABASE_URL", address)
    for name in list(os.environ):
        if name.startswith("IDP_") and not name.startswith(("IDP_TEST_", "IDP_CHROMIUM")):
            del os.environ[name]
    canary.watch_logs()
    canary.watch_client()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> "Generator[None, Any, pytest.TestReport]":
    """Fail a test during which somebody's number was seen where none may be."""
    report: pytest.TestReport = yield
    for title, text in report.sections:  # what processes print, ours and those that we start
        canary.look(title, text)
    seen = canary.take()
    if seen and report.outcome == "passed" and item.get_closest_marker("sees_numbers") is None:
        report.outcome, report.longrepr = "failed", "\n".join(seen)
    return report


@pytest.fixture(scope="session")
def pg_server() -> Iterator[Server]:
    """A PostgreSQL for this worker."""
    with any_server() as server:
        yield server


@pytest.fixture(scope="session")
def pg_template(pg_server: Server) -> Iterator[str]:
    """A migrated database that the others are copied from. Never connect to it."""
    from idp.storage.migrate import migrate

    address = pg_server.create()
    migrate(address)
    yield address
    pg_server.drop(address)


@pytest.fixture(scope="session")
def pg_lender(pg_server: Server) -> Lender:
    """Copies of the templates, used again."""
    return Lender(pg_server)


@pytest.fixture
def pg_url(pg_lender: Lender, pg_template: str) -> Iterator[str]:
    """The address of a fresh, migrated PostgreSQL database."""
    with pg_lender.lend(pg_template) as address:
        yield address


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file that the others are copied from. Never open it."""
    from idp.storage.migrate import migrate

    file = tmp_path_factory.mktemp("template") / "house.sqlite3"
    migrate(f"sqlite:///{file}")
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return file


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a fresh, migrated SQLite database."""
    file = tmp_path / "house.sqlite3"
    shutil.copyfile(sqlite_template, file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh, migrated database, on one engine after the other."""
    address: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "pg_url")
    return address


@pytest.fixture
def database(database_url: str) -> "Iterator[Database]":
    """The same, open."""
    from idp.storage import Database

    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def durable_postgres() -> Iterator[Cluster]:
    """A PostgreSQL of its own that waits for the disk; the test may `crash` and `start` it."""
    cluster = Cluster(durable=True)
    yield cluster
    cluster.close()


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Answer so many neighbouring free ports: `free_ports(3)`."""
    return ports.free_ports


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """A browser for this worker."""
    from playwright.sync_api import sync_playwright

    executable = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        canary.watch_browser(browser)
        yield browser
        browser.close()


@pytest.fixture
def page_at(chromium: "Browser") -> "Iterator[Callable[[int], Page]]":
    """Open an empty page of that width in pixels, each with cookies of its own."""
    contexts = []

    def open_page(width: int) -> "Page":
        context = chromium.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
