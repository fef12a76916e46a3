"""A database comes to the schema of this version whole, once, whoever else tries."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import JSON, Column, MetaData, Table, inspect, text

import idp.schema
from idp.storage import Base, Database, Transaction
from idp.storage.migrate import is_current, migrate, migrations_directory, plan
from tests.rig.postgres import Server

MIGRATE = "import sys; from idp.storage.migrate import migrate; print(len(migrate(sys.argv[1])))"
assert idp.schema.TABLES
OLD_TABLES = (
    "person", "account", "client", "session", "mandate", "client_session", "oauth_grant",
)  # fmt: skip


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
        # What the comparison leaves out: keys, and in which order names are sorted.
        found = inspect(connection)
        for table in Base.metadata.sorted_tables:
            key = found.get_pk_constraint(table.name)["constrained_columns"]
            assert set(key) == set(table.primary_key.columns.keys()), table.name
            for column in found.get_columns(table.name):
                ours = table.c[column["name"]].type.dialect_impl(connection.dialect)
                sorted_by = [getattr(one, "collation", None) for one in (column["type"], ours)]
                assert sorted_by[0] == sorted_by[1], (table.name, column["name"])


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


def test_mandates_of_the_first_shape_are_taken_over_service_by_service(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0008: one for two services becomes two, nothing points anywhere else, nobody holds two."""
    database = _migrated_to_before("0008", empty_url, tmp_path, monkeypatch)
    database.transaction(_mandates_of_the_first_shape)
    migrate(empty_url)
    columns = "ref, bundle, service, state, ended_reason, principal_sort"
    found = text(f"SELECT {columns} FROM mandate ORDER BY ref")
    rows = [tuple(row) for row in database.read(lambda tx: tx.execute(found).all())]
    grant = text("SELECT mandate_ref FROM oauth_grant")
    assert database.read(lambda tx: tx.execute(grant).scalar_one()) == "new"
    database.close()
    assert rows == [
        ("new", "new", "library", "active", None, "hughes margaret"),
        ("new-2", "new", "tax", "active", None, "hughes margaret"),
        ("old", "old", "tax", "ended", "superseded", "hughes margaret"),
        ("over", "over", "tax", "ended", "ended_by_principal", "hughes margaret"),
    ]


def test_who_is_open_to_whom_gets_the_names_that_it_is_listed_by(
    empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """0009: an assignment made before is on its worker's list."""
    database = _migrated_to_before("0009", empty_url, tmp_path, monkeypatch)

    def before(tx: Transaction) -> None:
        names = ("mandate", "mandate_assignment")
        now, old = tx.now(), {table.name: table for table in _reflected(tx, names)}
        values = {
            "ref": "m", "bundle": "m", "state": "active", "principal": "margaret",
            "principal_kind": "person", "principal_sort": "hughes margaret", "delegate": "firm",
            "delegate_kind": "organisation", "service": "tax", "powers": ["view"], "basis": "own",
            "created_by": "x", "created_at": now, "starts": now, "version": 1, "evidence": [],
            "exclusive": False, "single_use": False, "grant_identity": 2, "grant_sign_in": 2,
            "evidence_identity": 2, "evidence_sign_in": 2, "min_identity": 0, "min_sign_in": 0,
            "max_chain": 0,
        }  # fmt: skip
        mandate, assignment = old["mandate"], old["mandate_assignment"]
        there = {name: one for name, one in values.items() if name in mandate.c}
        for ref, who in (("m", "margaret"), ("n", "tom"), ("o", None)):  # None: nobody known yet
            named = {"principal": who, "principal_sort": f"hughes {who}" if who else ""}
            own = {"ref": ref, "delegate": f"firm of {ref}", **named,
                   "state": "active" if who else "offered"}  # fmt: skip
            tx.execute(mandate.insert().values(**(there | own)))
            tx.execute(assignment.insert().values(
                mandate_ref=ref, assignee="t", assigned_by="x", assigned_at=now))  # fmt: skip

    database.transaction(before)
    migrate(empty_url)
    found = text("SELECT principal_sort, principal FROM mandate_assignment ORDER BY mandate_ref")
    rows = [tuple(row) for row in database.read(lambda tx: tx.execute(found).all())]
    database.close()
    assert rows == [("hughes margaret", "margaret"), ("hughes tom", "tom"), ("", "")]


def _migrated_to_before(
    revision: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Database:
    folder = tmp_path / "migrations"
    shutil.copytree(migrations_directory(), folder)
    for later in (folder / "versions").glob("*.py"):
        if later.name >= revision:
            later.unlink()
    with monkeypatch.context() as earlier:
        earlier.setattr("idp.storage.migrate.migrations_directory", lambda: folder)
        migrate(url)
    return Database(url)


def _mandates_of_the_first_shape(tx: Transaction) -> None:
    """Two people, a session of one of them, a grant under a mandate, and two older mandates."""
    now, later = tx.now(), tx.now() + timedelta(days=30)
    old = {table.name: table for table in _reflected(tx, OLD_TABLES)}

    def put(name: str, **values: object) -> None:
        tx.execute(old[name].insert().values(**values))

    for ref, given in (("margaret", "Margaret"), ("sian", "Sian")):
        put("person", ref=ref, given_name=given, family_name="Hughes", sex="female",
            birth_date=date(1951, 3, 14), address={}, created_at=now, status="active",
            earlier_names=[], contacts={})  # fmt: skip
    put("account", ref="a", sign_in_name="s", email="s", person_ref="sian", identity_level=2,
        created_at=now)  # fmt: skip
    put("client", client_id="tax", client_name="Tax", organisation="x", sector="x", profile="oidc",
        token_endpoint_auth_method="none", redirect_uris=[], post_logout_redirect_uris=[],
        grant_types=[], scopes=[], pkce="required", id_token_signed_response_alg="ES256",
        delegation_aware=True, sandbox=False, version=1, created_at=now)  # fmt: skip
    put("session", ref="s", secret_digest="x", account_ref="a", proofs={}, created_at=now,
        seen_at=now, expires_at=later, device="")  # fmt: skip
    mandate = {"principal": "margaret", "delegate": "sian", "basis": "own", "grant_identity": 2,
               "grant_sign_in": 2, "expires": later, "version": 1}  # fmt: skip
    before = now - timedelta(days=1)
    put("mandate", ref="old", services=["tax"], starts=before, created_at=before, **mandate)
    put("mandate", ref="over", services=["tax"], starts=before, created_at=before, ended_at=now,
        ended_reason="principal", **mandate)  # fmt: skip
    put("mandate", ref="new", services=["library", "tax"], starts=now, created_at=now, **mandate)
    put("client_session", ref="c", session_ref="s", client_id="tax", mandate_key="new",
        created_at=now)  # fmt: skip
    put("oauth_grant", ref="g", client_id="tax", account_ref="a", session_ref="s",
        client_session_ref="c", holder="margaret", sub="x", actor="sian", act_sub="y",
        mandate_ref="new", scope="openid", claims={}, acr="x", vot="P2.C2", amr=[], auth_time=0,
        policy="x", offline=False, created_at=now)  # fmt: skip


def _reflected(tx: Transaction, names: Sequence[str]) -> list[Table]:
    """The tables as they are in the database now, with the types our columns have."""
    ours = {table.name: table for table in idp.schema.TABLES}
    found = []
    for name in names:
        there = {column["name"] for column in inspect(tx.connection).get_columns(name)}
        columns = [Column(c.name, c.type) for c in ours[name].c if c.name in there]
        extra = [Column("services", JSON())] if "services" in there else []
        known = {column.name for column in columns}
        columns += [column for column in extra if column.name not in known]
        found.append(Table(name, MetaData(), *columns))
    return found
