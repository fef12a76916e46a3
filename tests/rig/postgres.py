"""Databases on a real PostgreSQL, made in milliseconds from a migrated template."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

from tests.rig.cluster import Cluster


class Server:
    """A server on which the tests may create databases, each with a random name."""

    def __init__(self, admin: URL) -> None:
        self._admin = admin.set(drivername="postgresql+psycopg")

    def create(self, template: str | None = None) -> str:
        """Create a database, as a copy of `template` (an address) if given; answer its address."""
        name = f"idp_test_{secrets.token_hex(8)}"
        source = make_url(template).database if template else "template1"
        self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(source or "")
            )
        )
        return self._admin.set(database=name).render_as_string(hide_password=False)

    def drop(self, address: str) -> None:
        """Remove a database that `create` made, whoever is still connected."""
        name = make_url(address).database or ""
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composed) -> None:
        address = self._admin.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def any_server() -> Iterator[Server]:
    """Use the server in `IDP_TEST_DATABASE_URL`, or start one of our own for as long as needed."""
    given = os.environ.get("IDP_TEST_DATABASE_URL")
    if given:
        yield Server(make_url(given))
        return
    cluster = Cluster()
    try:
        yield Server(cluster.admin)
    finally:
        cluster.close()
