"""The floor's two stores: `sqlite3` and `psycopg` with nothing in between.

Each operation is one round trip where the engine allows it, and each writing operation is one
commit: SQLite in WAL with synchronous=FULL, PostgreSQL as it comes. Secrets arrive here hashed.
"""

import sqlite3
import threading
from typing import Any, NamedTuple, Protocol

import psycopg

SCHEMA = (
    "CREATE TABLE account (sub TEXT PRIMARY KEY, name TEXT NOT NULL, enabled INTEGER NOT NULL)",
    "CREATE TABLE session (hash BYTEA PRIMARY KEY, account TEXT NOT NULL,"
    " auth_time BIGINT NOT NULL, expires BIGINT NOT NULL)",
    "CREATE TABLE code (hash BYTEA PRIMARY KEY, client TEXT NOT NULL, account TEXT NOT NULL,"
    " redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, nonce TEXT NOT NULL,"
    " scope TEXT NOT NULL, auth_time BIGINT NOT NULL, expires BIGINT NOT NULL, used_at BIGINT)",
    "CREATE TABLE given (id TEXT PRIMARY KEY, refresh BYTEA UNIQUE NOT NULL, client TEXT NOT NULL,"
    " account TEXT NOT NULL, scope TEXT NOT NULL, auth_time BIGINT NOT NULL,"
    " idle_ends BIGINT NOT NULL, ends BIGINT NOT NULL, ended_at BIGINT)",
)
ADD_ACCOUNT = "INSERT INTO account VALUES ({0}, {0}, 1)"
ADD_SESSION = "INSERT INTO session VALUES ({0}, {0}, {0}, {0})"
WHO = (
    "SELECT s.account, s.auth_time FROM session s JOIN account a ON a.sub = s.account"
    " WHERE s.hash = {0} AND s.expires > {0} AND a.enabled = 1"
)
ADD_CODE = (
    "INSERT INTO code (hash, client, account, redirect_uri, challenge, nonce, scope, auth_time,"
    " expires) VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}, {0})"
)
USE_CODE = (
    "UPDATE code SET used_at = {0} WHERE hash = {0} AND client = {0} AND used_at IS NULL"
    " AND expires > {0} RETURNING account, scope, auth_time, nonce, redirect_uri, challenge"
)
ADD_GIVEN = (
    "INSERT INTO given (id, refresh, client, account, scope, auth_time, idle_ends, ends)"
    " VALUES ({0}, {0}, {0}, {0}, {0}, {0}, {0}, {0})"
)
# One statement on PostgreSQL: the code is used whether or not the rest fits, as on SQLite.
REDEEM = (
    "WITH used AS (" + USE_CODE + "), kept AS ("
    "INSERT INTO given (id, refresh, client, account, scope, auth_time, idle_ends, ends)"
    " SELECT {0}, {0}, {0}, account, scope, auth_time, {0}, {0} FROM used"
    " WHERE redirect_uri = {0} AND challenge = {0} RETURNING 1)"
    " SELECT account, scope, auth_time, nonce FROM used WHERE EXISTS (SELECT 1 FROM kept)"
)
REFRESH = (
    "UPDATE given SET idle_ends = {0} WHERE refresh = {0} AND client = {0} AND ended_at IS NULL"
    " AND idle_ends > {0} AND ends > {0}"
    " AND EXISTS (SELECT 1 FROM account WHERE sub = given.account AND enabled = 1)"
    " RETURNING id, account, scope, auth_time"
)
LIVE = (
    "SELECT a.sub, a.name FROM given g JOIN account a ON a.sub = g.account"
    " WHERE g.id = {0} AND g.ended_at IS NULL AND g.ends > {0} AND a.enabled = 1"
)
IDLE_SECONDS, ABSOLUTE_SECONDS = 3600, 86400


class Code(NamedTuple):
    """What an authorization code was issued for; column order of `ADD_CODE`."""

    hash: bytes
    client: str
    account: str
    redirect_uri: str
    challenge: str
    nonce: str
    scope: str
    auth_time: int
    expires: int


class Redeemed(NamedTuple):
    """Who a code or refresh token speaks for; `nonce` is empty on refresh."""

    grant: str
    account: str
    scope: str
    auth_time: int
    nonce: str


class Store(Protocol):
    """The floor's whole demand on a database. Times are Unix seconds."""

    def seed(self, account: str, name: str, session: bytes, now: int) -> None:
        """Create the schema, one account and its session."""

    def who(self, session: bytes, now: int) -> tuple[str, int] | None:
        """Say whose live session this is and since when."""

    def add_code(self, code: Code) -> None:
        """Keep a code that was just issued; one commit."""

    def redeem(
        self, code: bytes, fits: tuple[str, str, str], grant: str, refresh: bytes, now: int
    ) -> Redeemed | None:
        """Use a code once if (client, redirect_uri, challenge) fit; one commit."""

    def refresh(self, token: bytes, client: str, now: int) -> Redeemed | None:
        """Move the idle end of a refresh token that still holds; one commit."""

    def live(self, grant: str, now: int) -> tuple[str, str] | None:
        """Give (account, name) of a grant that still holds."""


class SqliteStore:
    """One connection a thread, writes begun with BEGIN IMMEDIATE."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._own = threading.local()

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=5, isolation_level=None)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            self._own.connection = connection
        return connection

    def seed(self, account: str, name: str, session: bytes, now: int) -> None:
        connection = self._connection()
        for statement in SCHEMA:
            connection.execute(statement)
        connection.execute(ADD_ACCOUNT.format("?"), (account, name))
        row = (session, account, now, now + ABSOLUTE_SECONDS)
        connection.execute(ADD_SESSION.format("?"), row)

    def who(self, session: bytes, now: int) -> tuple[str, int] | None:
        found: tuple[str, int] | None
        found = self._connection().execute(_WHO, (session, now)).fetchone()
        return found

    def add_code(self, code: Code) -> None:
        self._connection().execute(_ADD_CODE, code)

    def redeem(
        self, code: bytes, fits: tuple[str, str, str], grant: str, refresh: bytes, now: int
    ) -> Redeemed | None:
        connection = self._connection()
        client = fits[0]
        connection.execute("BEGIN IMMEDIATE")
        with connection:
            row = connection.execute(_USE_CODE, (now, code, client, now)).fetchone()
            if row is None or row[4:] != fits[1:]:
                return None  # commits too: a misused code stays used
            account, scope, auth_time, nonce = row[:4]
            idle, ends = now + IDLE_SECONDS, now + ABSOLUTE_SECONDS
            given = (grant, refresh, client, account, scope, auth_time, idle, ends)
            connection.execute(_ADD_GIVEN, given)
        return Redeemed(grant, account, scope, auth_time, nonce)

    def refresh(self, token: bytes, client: str, now: int) -> Redeemed | None:
        given = (now + IDLE_SECONDS, token, client, now, now)
        row = self._connection().execute(_REFRESH, given).fetchone()
        return Redeemed._make((*row, "")) if row else None

    def live(self, grant: str, now: int) -> tuple[str, str] | None:
        found: tuple[str, str] | None
        found = self._connection().execute(_LIVE, (grant, now)).fetchone()
        return found


_WHO, _ADD_CODE, _USE_CODE, _ADD_GIVEN, _REFRESH, _LIVE = (
    text.format("?") for text in (WHO, ADD_CODE, USE_CODE, ADD_GIVEN, REFRESH, LIVE)
)
_PG_WHO, _PG_ADD_CODE, _PG_REDEEM, _PG_REFRESH, _PG_LIVE = (
    text.format("%s") for text in (WHO, ADD_CODE, REDEEM, REFRESH, LIVE)
)


class PostgresStore:
    """One autocommit connection a thread, every statement prepared: one round trip each."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._own = threading.local()

    def _ask(self, statement: str, given: tuple[object, ...]) -> psycopg.Cursor[tuple[Any, ...]]:
        connection: psycopg.Connection[tuple[Any, ...]] | None = getattr(
            self._own, "connection", None
        )
        if connection is None:
            connection = psycopg.connect(self._url, autocommit=True, prepare_threshold=0)
            self._own.connection = connection
        return connection.execute(statement.encode(), given)

    def seed(self, account: str, name: str, session: bytes, now: int) -> None:
        for statement in SCHEMA:
            self._ask(statement, ())
        self._ask(ADD_ACCOUNT.format("%s"), (account, name))
        row = (session, account, now, now + ABSOLUTE_SECONDS)
        self._ask(ADD_SESSION.format("%s"), row)

    def who(self, session: bytes, now: int) -> tuple[str, int] | None:
        return self._ask(_PG_WHO, (session, now)).fetchone()

    def add_code(self, code: Code) -> None:
        self._ask(_PG_ADD_CODE, code)

    def redeem(
        self, code: bytes, fits: tuple[str, str, str], grant: str, refresh: bytes, now: int
    ) -> Redeemed | None:
        client, redirect_uri, challenge = fits
        idle, ends = now + IDLE_SECONDS, now + ABSOLUTE_SECONDS
        used = (now, code, client, now)
        given = (*used, grant, refresh, client, idle, ends, redirect_uri, challenge)
        row = self._ask(_PG_REDEEM, given).fetchone()
        return Redeemed(grant, *row) if row else None

    def refresh(self, token: bytes, client: str, now: int) -> Redeemed | None:
        given = (now + IDLE_SECONDS, token, client, now, now)
        row = self._ask(_PG_REFRESH, given).fetchone()
        return Redeemed._make((*row, "")) if row else None

    def live(self, grant: str, now: int) -> tuple[str, str] | None:
        return self._ask(_PG_LIVE, (grant, now)).fetchone()


def open_store(url: str) -> Store:
    """Open `sqlite:FILE` or a PostgreSQL URL."""
    if url.startswith("sqlite:"):
        return SqliteStore(url.removeprefix("sqlite:"))
    return PostgresStore(url)
