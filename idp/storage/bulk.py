"""Many rows at once: COPY on PostgreSQL, one prepared statement many times on SQLite.

Every value is text as both engines read it, or None: a day as 2000-01-31, JSON as JSON, a moment as
`moment_text` gives it. A million rows would spend most of their time in the drivers' adaptation.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, cast

import psycopg
from psycopg import sql
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from idp.storage.columns import to_microseconds
from idp.storage.engine import DRIVER_ERRORS, Transaction

Row = Sequence[str | None]
Packed = bytes | tuple[str | None, ...]
STAGED = "staged"
ROWS_OF_A_BLOCK = 1_000
# COPY's text format: what divides rows and fields is escaped inside them.
_NULL = r"\N"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def moment_text(tx: Transaction, moment: datetime) -> str:
    """Write a moment as the engine stores it."""
    return str(to_microseconds(moment)) if tx.is_sqlite else moment.isoformat()


def packed(row: Row, is_sqlite: bool) -> Packed:
    """Write the values of a row, all but its last, as the engine takes them from `insert_packed`.

    It needs no connection, so a process that has none may do it.
    """
    return tuple(row) if is_sqlite else _fields(row).encode()


def insert_packed(
    tx: Transaction, table: Table, columns: Sequence[str], rows: Iterable[Packed], last: str
) -> None:
    """Insert rows that `packed` wrote, each with the values of `columns` in that order.

    `last` is the value of the last column in all of them. Raises what the engine says of it
    (`IntegrityError` and the like).
    """
    driver: Any = tx.connection.connection.driver_connection
    try:
        if tx.is_sqlite:
            names, places = ", ".join(columns), ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - ours
            driver.executemany(statement, [(*row, last) for row in rows])
        else:
            end = f"\t{last.translate(_ESCAPES)}\n".encode()
            _copy(driver, table.name, columns, (row + end for row in cast(Iterable[bytes], rows)))
    except DRIVER_ERRORS as problem:
        raise _named(tx, problem, f"rows into {table.name}") from None


def update_rows(tx: Transaction, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Set `columns` of rows that are known by the first of them, their key.

    On PostgreSQL the rows are copied to a table of this transaction alone, and written by one
    statement. Raises as `insert_packed` does.
    """
    driver: Any = tx.connection.connection.driver_connection
    key, *others = columns
    try:
        if tx.is_sqlite:
            changes = ", ".join(f"{name} = ?" for name in others)
            statement = f"UPDATE {table.name} SET {changes} WHERE {key} = ?"  # noqa: S608 - ours
            driver.executemany(statement, ((*row[1:], row[0]) for row in rows))
        else:
            _merge(driver, table.name, columns, rows)
    except DRIVER_ERRORS as problem:
        raise _named(tx, problem, f"changes to {table.name}") from None


def _copy(
    driver: psycopg.Connection[Any], table: str, columns: Sequence[str], lines: Iterator[bytes]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        while block := b"".join(islice(lines, ROWS_OF_A_BLOCK)):
            copy.write(block)


def _fields(row: Row) -> str:
    """Write a row in COPY's text format. Few rows need escapes, so those are looked for first."""
    line = "\t".join([_NULL if value is None else value for value in row])
    plain = line.count("\\") == row.count(None) and line.count("\t") == len(row) - 1
    if plain and "\n" not in line and "\r" not in line:
        return line
    return "\t".join([_NULL if value is None else value.translate(_ESCAPES) for value in row])


def _merge(
    driver: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    names, staged, target = _names(columns), sql.Identifier(STAGED), sql.Identifier(table)
    key, *others = (sql.Identifier(name) for name in columns)
    driver.execute(
        sql.SQL(
            "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA"
        ).format(staged, names, target)
    )
    _copy(driver, STAGED, columns, (f"{_fields(row)}\n".encode() for row in rows))
    changes = sql.SQL(", ").join(sql.SQL("{0} = {1}.{0}").format(name, staged) for name in others)
    driver.execute(
        sql.SQL("UPDATE {0} SET {1} FROM {2} WHERE {0}.{3} = {2}.{3}").format(
            target, changes, staged, key
        )
    )
    driver.execute(sql.SQL("DROP TABLE {}").format(staged))


def _named(tx: Transaction, problem: Exception, what: str) -> Exception:
    dialect: Any = tx.connection.dialect
    error: Exception = DBAPIError.instance(
        what, None, problem, dialect.dbapi.Error, hide_parameters=True, dialect=dialect
    )
    return error


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in columns)
