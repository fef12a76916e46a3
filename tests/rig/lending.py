"""Databases lent to one test after the other: making one takes a hundred times as long as emptying.

A database that comes back is brought to what its template holds. One that a test changed in its
form, or filled with more than is quickly emptied, is thrown away instead.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from tests.rig.postgres import Server

MOST_GROWTH_BYTES = 30_000_000
_TABLES: LiteralString = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
_SEQUENCES: LiteralString = (
    "SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
)
# What a table looks like, what hangs on it, and what was set for the database itself.
_FORM: LiteralString = """
    SELECT c.relname, c.relkind, c.relnatts, c.relchecks, c.relhastriggers,
           (SELECT sum(a.atttypid::bigint) FROM pg_attribute a WHERE a.attrelid = c.oid),
           (SELECT count(*) FROM pg_constraint k WHERE k.conrelid = c.oid)
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'settings', 'd', 0, 0, false, count(*), 0 FROM pg_db_role_setting
     WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY 1, 2
"""
# A test that moves the clock changes one of these (`Database.move_clock`).
_FUNCTIONS: LiteralString = """
    SELECT oid::regprocedure::text, pg_get_functiondef(oid)
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1
"""
_OTHERS: LiteralString = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class _Contents:
    """What a template holds: its form, its rows as COPY gives them, where its sequences stand."""

    form: list[Any]
    size: int
    rows: dict[str, bytes]
    tables: list[str]
    sequences: dict[str, tuple[int, bool]]
    functions: dict[str, str]


@dataclass
class Lender:
    """Copies of templates on one server, free or lent."""

    server: Server
    _free: dict[str, list[str]] = field(default_factory=dict)
    _contents: dict[str, _Contents] = field(default_factory=dict)

    @contextmanager
    def lend(self, template: str) -> Iterator[str]:
        """Lend a database that holds just what `template` (an address) holds."""
        free = self._free.setdefault(template, [])
        if free:
            address = free.pop()
        else:
            address = self.server.create(template)
            if template not in self._contents:
                self._contents[template] = _read(address)
        try:
            yield address
        finally:
            if _restored(address, self._contents[template]):
                free.append(address)
            else:
                self.server.drop(address)


def _connect(address: str) -> psycopg.Connection:
    plain = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _read(address: str) -> _Contents:
    with _connect(address) as connection:
        tables = [row[0] for row in connection.execute(_TABLES)]
        rows = {table: _copied(connection, table) for table in tables}
        sequences = {}
        for (name,) in connection.execute(_SEQUENCES).fetchall():
            stands = connection.execute(
                sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name))
            ).fetchone()
            assert stands is not None
            sequences[name] = (stands[0], stands[1])
        return _Contents(
            form=connection.execute(_FORM).fetchall(),
            size=_size(connection),
            rows={table: data for table, data in rows.items() if data},
            tables=tables,
            sequences=sequences,
            functions=_functions(connection),
        )


def _copied(connection: psycopg.Connection, table: str) -> bytes:
    statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
    with connection.cursor().copy(statement) as copy:
        return b"".join(bytes(block) for block in copy)


def _functions(connection: psycopg.Connection) -> dict[str, str]:
    return dict(connection.execute(_FUNCTIONS).fetchall())


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _restored(address: str, contents: _Contents) -> bool:
    """Bring a database back to these contents; False where that is not possible or not quick."""
    try:
        with _connect(address) as connection:
            connection.execute(_OTHERS)
            if connection.execute(_FORM).fetchall() != contents.form:
                return False
            if _size(connection) > contents.size + MOST_GROWTH_BYTES:
                return False
            functions = _functions(connection)
            if functions.keys() != contents.functions.keys():
                return False
            with connection.transaction():
                for name, text in contents.functions.items():
                    if functions[name] != text:
                        connection.execute(text.encode())
                # No foreign key is asked about while all the rows change.
                connection.execute("SET LOCAL session_replication_role = replica")
                for table in contents.tables:
                    connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
                for table, data in contents.rows.items():
                    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
                    with connection.cursor().copy(statement) as copy:
                        copy.write(data)
                for name, (last, called) in contents.sequences.items():
                    connection.execute(
                        "SELECT setval(%s::regclass, %s, %s)", (f'"{name}"', last, called)
                    )
    except psycopg.Error:  # no superuser, or the test pulled the plug
        return False
    return True
