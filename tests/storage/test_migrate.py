"""A database comes to the schema of this version whole, once, whoever else tries."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

import idp.schema
from idp.storage import Base, Database
from idp.storage.migrate import is_current, migrate, migrations_directory, plan
from tests.rig.postgres import Server

MIGRATE = "import sys; from idp.storage.migrate import migrate; print(len(migrate(sys.argv[1])))"
assert idp.schema.TABLES


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    server: Server = request.getfixturevalue("pg_server")
    address = server.create()
    yield address
    server.drop(address)


def test_a_migrated_database_is_what_the_models_say(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert is_current(connection)


def test_the_plan_is_what_runs_and_nothing_runs_twice(empty_url: str) -> None:
    steps = plan(empty_url)
    assert steps
    assert migrate(empty_url) == steps
    assert plan(empty_url) == migrate(empty_url) == []


def test_four_processes_at_once_run_each_migration_once(empty_url: str) -> None:
    steps = len(plan(empty_url))
    started = [
        subprocess.Popen([sys.executable, "-c", MIGRATE, empty_url], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    ran = [int(process.communicate(timeout=120)[0]) for process in started]
    assert [process.returncode for process in started] == [0] * 4
    assert sorted(ran) == [0, 0, 0, steps]


def test_a_newer_database_is_refused_and_left_alone(database: Database, database_url: str) -> None:
    newer = text("UPDATE alembic_version SET version_num = '9999_from_the_future'")
    database.transaction(lambda tx: tx.execute(newer))
    for act in (plan, migrate):
        with pytest.raises(RuntimeError, match="newer version"):
            act(database_url)
    kept = database.read(lambda tx: tx.execute(text("SELECT * FROM alembic_version")).scalar())
    assert kept == "9999_from_the_future"


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Killed in the middle is the same to the database: the COMMIT never came.
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    real = migrations_directory()
    (folder / "env.py").write_text((real / "env.py").read_text())
    (folder / "versions" / "0001_half.py").write_text(
        'revision = "0001"\ndown_revision = None\n'
        "def upgrade():\n"
        "    from alembic import op\n"
        '    op.execute("CREATE TABLE half (x INTEGER)")\n'
        '    raise KeyError("killed")\n'
    )
    monkeypatch.setattr("idp.storage.migrate.migrations_directory", lambda: folder)
    with pytest.raises(KeyError, match="killed"):
        migrate(empty_url)
    monkeypatch.undo()
    database = Database(empty_url)
    assert "half" not in inspect(database.engine).get_table_names()
    database.close()
    assert migrate(empty_url)
