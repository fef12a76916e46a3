"""Bring a database to the schema this version needs, under a lock, after a look ahead."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

import idp
from idp.storage.engine import Database

ADVISORY_LOCK = 0x6761_7465  # any constant of ours: "gate"


def migrations_directory() -> Path:
    """Answer where the migrations are: inside the installed package, or beside it in a tree."""
    package = Path(idp.__file__).parent
    packaged = package / "_migrations"
    return packaged if packaged.is_dir() else package.parent / "migrations"


def plan(url: str) -> list[str]:
    """List, oldest first, the migrations that `migrate` would run; raise if it could not.

    Raises `RuntimeError` when the database is newer than this version (never downgraded).
    """
    database = Database(url)
    _make_private(database)
    try:
        with database.engine.connect() as connection:
            return [f"{step.revision}: {step.doc}" for step in _steps(connection)]
    finally:
        database.close()


def migrate(url: str) -> list[str]:
    """Run what is missing and answer what was run. One migrator at a time; others wait."""
    database = Database(url)
    _make_private(database)
    try:
        with database.engine.connect() as connection, _lock(connection, database):
            steps = [f"{step.revision}: {step.doc}" for step in _steps(connection)]
            if steps:
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
            return steps
    finally:
        database.close()


def _make_private(database: Database) -> None:
    """Make SQLite's file before SQLite does, which would let everybody on the host read it."""
    file = database.url.database
    if database.is_sqlite and file:
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))


def is_current(connection: Connection) -> bool:
    """Say whether the database is at the schema of this version."""
    return not _steps(connection)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_directory()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _steps(connection: Connection) -> list[Script]:
    scripts = ScriptDirectory.from_config(_config())
    current = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise RuntimeError(
            f"the database is at migration {current}, which this version does not know: "
            "it was written by a newer version; install that version again"
        )
    return list(reversed(list(scripts.iterate_revisions("head", current or "base"))))


@contextmanager
def _lock(connection: Connection, database: Database) -> Iterator[None]:
    if not database.is_sqlite:
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
        try:
            yield
        finally:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({ADVISORY_LOCK})")
        return
    with open(f"{database.url.database}.migrate-lock", "w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
