"""What a statement needs where the two engines differ: lengths of time, and upserts."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Interval
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from idp.storage.columns import MICROSECOND
from idp.storage.engine import Transaction

T = TypeVar("T")


class Duration(TypeDecorator[timedelta]):
    """A length of time that may be added to a moment in SQL: `db_now() + bindparam(...)`.

    An interval on PostgreSQL and whole microseconds on SQLite, as `UtcDateTime` stores moments.
    """

    impl = Interval
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type for the engine."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(postgresql.INTERVAL())

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> Any:
        """Hand the engine what it can add to a moment."""
        if value is None or dialect.name != "sqlite":
            return value
        return value // MICROSECOND


@dataclass(frozen=True, slots=True)
class ByEngine(Generic[T]):
    """A statement, built once for each engine."""

    sqlite: T
    postgresql: T

    def on(self, tx: Transaction) -> T:
        """Choose the one for the engine that the transaction runs on."""
        return self.sqlite if tx.is_sqlite else self.postgresql


def upsert(build: Callable[[Any], T]) -> ByEngine[T]:
    """Build an `INSERT ... ON CONFLICT` for both engines.

    `build` is given the engine's own `insert`, the one that knows `on_conflict_do_...`.
    """
    return ByEngine(sqlite=build(sqlite.insert), postgresql=build(postgresql.insert))
