"""Many rows at once: COPY on PostgreSQL, one prepared statement many times on SQLite.

Values are as Python has them, but for JSON columns: those take text that is JSON already, so that
a caller with a million rows says itself how it is written.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import JSON, Table
from sqlalchemy.exc import DBAPIError

from idp.storage.engine import DRIVER_ERRORS, Transaction

Row = Sequence[Any]
STAGED = "staged"


def insert_rows(tx: Transaction, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows, each with the values of `columns` in that order.

    Raises what the engine says of it (`IntegrityError` and the like); no value is in the message.
    """
    driver: Any = tx.connection.connection.driver_connection
    stored = _stored(tx, table, columns, rows)
    try:
        if tx.is_sqlite:
            names, places = ", ".join(columns), ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608 - ours
            driver.executemany(statement, stored)
        else:
            _copy(driver, table.name, columns, stored)
    except DRIVER_ERRORS as problem:
        raise _named(tx, problem, f"rows into {table.name}") from None


def update_rows(tx: Transaction, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Set `columns` of rows that are known by the first of them, their key.

    On PostgreSQL the rows are copied to a table of this transaction alone, and written by one
    statement. Raises as `insert_rows` does.
    """
    driver: Any = tx.connection.connection.driver_connection
    key, *others = columns
    stored = _stored(tx, table, columns, rows)
    try:
        if tx.is_sqlite:
            changes = ", ".join(f"{name} = ?" for name in others)
            statement = f"UPDATE {table.name} SET {changes} WHERE {key} = ?"  # noqa: S608 - ours
            driver.executemany(statement, ((*row[1:], row[0]) for row in stored))
        else:
            _merge(driver, table.name, columns, stored)
    except DRIVER_ERRORS as problem:
        raise _named(tx, problem, f"changes to {table.name}") from None


def _stored(
    tx: Transaction, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> Iterable[Row]:
    """Give each value the form in which its column stores it."""
    dialect = tx.connection.dialect
    works = [
        (place, process)
        for place, name in enumerate(columns)
        if not isinstance(table.c[name].type, JSON)
        and (process := table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
    ]
    for row in rows:
        values = list(row)
        for place, process in works:
            values[place] = process(values[place])
        yield values


def _copy(
    driver: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _merge(
    driver: psycopg.Connection[Any], table: str, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    names, staged, target = _names(columns), sql.Identifier(STAGED), sql.Identifier(table)
    key, *others = (sql.Identifier(name) for name in columns)
    driver.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA")
        .format(staged, names, target)
    )  # fmt: skip
    _copy(driver, STAGED, columns, rows)
    changes = sql.SQL(", ").join(sql.SQL("{0} = {1}.{0}").format(name, staged) for name in others)
    driver.execute(
        sql.SQL("UPDATE {0} SET {1} FROM {2} WHERE {0}.{3} = {2}.{3}")
        .format(target, changes, staged, key)
    )  # fmt: skip
    driver.execute(sql.SQL("DROP TABLE {}").format(staged))


def _named(tx: Transaction, problem: Exception, what: str) -> Exception:
    dialect: Any = tx.connection.dialect
    error: Exception = DBAPIError.instance(
        what, None, problem, dialect.dbapi.Error, hide_parameters=True, dialect=dialect
    )
    return error


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in columns)
