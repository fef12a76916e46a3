"""A Core statement compiled once for an engine, and run as a string ever after.

SQLAlchemy spends more on running a statement it knows than the driver and the database together
(`performance.md` section 8.5). So a statement met for the second time is compiled with its
types and kept for as long as it lives. One built for a single call is never met again: it runs
through SQLAlchemy and is not kept. One source of statements, two ways to run them.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Float
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.sql import Executable
from sqlalchemy.sql.compiler import SQLCompiler

T = TypeVar("T")
Parameters = Mapping[str, Any]
Process = Callable[[Any], Any]

_NEEDED: Any = object()


class Answers(Generic[T]):
    """Some answers, all read already. The method names are those of SQLAlchemy's results."""

    __slots__ = ("_found",)

    def __init__(self, found: Sequence[T]) -> None:
        self._found = found

    def __iter__(self) -> Iterator[T]:
        return iter(self._found)

    def all(self) -> list[T]:
        """Answer all of them."""
        return list(self._found)

    def first(self) -> T | None:
        """Answer the first, or None where there is none."""
        return self._found[0] if self._found else None

    def one(self) -> T:
        """Answer the only one. Raises SQLAlchemy's errors when there are none, or several."""
        found = self.one_or_none()
        if found is None:
            raise NoResultFound("a row was needed and there is none")
        return found

    def one_or_none(self) -> T | None:
        """Answer the only one, or None. Raises SQLAlchemy's error when there are several."""
        if len(self._found) > 1:
            raise MultipleResultsFound("one row was needed and there are several")
        return self.first()


class Rows(Answers[Any]):
    """What a statement answered. `rowcount` counts the rows it wrote, or answered.

    A row may be read by place, by name, or be taken apart.
    """

    __slots__ = ("_keys", "rowcount")

    def __init__(self, keys: Sequence[str], found: Sequence[Any], rowcount: int) -> None:
        super().__init__(found)
        self._keys = keys
        self.rowcount = rowcount

    def mappings(self) -> Answers[dict[str, Any]]:
        """Answer each row as a dictionary."""
        return Answers([dict(zip(self._keys, row, strict=True)) for row in self._found])

    def scalars(self) -> Answers[Any]:
        """Answer each row's first column."""
        return Answers([row[0] for row in self._found])

    def scalar(self) -> Any:
        """Answer the first row's first column, or None where there is no row."""
        return self._found[0][0] if self._found else None

    def scalar_one(self) -> Any:
        """Answer the only row's first column."""
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        """Answer the only row's first column, or None where there is no row."""
        row = self.one_or_none()
        return None if row is None else row[0]


@dataclass(frozen=True, slots=True)
class _Bind:
    """One value to bind: its parameter's name, what stands in for it, and its type's work."""

    key: str
    default: Any
    process: Process | None


class Compiled:
    """A statement as the driver takes it, with the work its types do on both ways.

    Holds no reference to the statement, so that it is forgotten with it.
    """

    __slots__ = ("_binds", "_keys", "_make", "_processes", "data", "returns_rows", "text")

    def __init__(self, text: str, binds: Sequence[_Bind], columns: Mapping[str, Any]) -> None:
        self.text = text
        self.data = text.encode()
        self._binds = binds
        self._keys = tuple(columns)
        self._processes = tuple(columns.values())
        self.returns_rows = bool(columns)
        row: Any = namedtuple("Row", self._keys, rename=True)  # type: ignore[misc]
        self._make: Callable[[Iterable[Any]], Any] = row._make

    def bind(self, params: Parameters | None) -> list[Any]:
        """Put the values in the driver's order, as the engine stores them.

        Raises `LookupError` when a value is missing.
        """
        given = params or {}
        values = []
        for bind in self._binds:
            value = given.get(bind.key, bind.default)
            if value is _NEEDED:
                raise LookupError(f"a value is needed for {bind.key}")
            values.append(value if bind.process is None else bind.process(value))
        return values

    def read(self, found: Sequence[Any], rowcount: int) -> Rows:
        """Turn what the driver answered into rows of the statement's types."""
        make, processes = self._make, self._processes
        rows = [
            make(
                value if process is None else process(value)
                for value, process in zip(row, processes, strict=True)
            )
            for row in found
        ]
        return Rows(self._keys, rows, rowcount)


class Statements:
    """The compiled statements of one engine, each for as long as the statement lives."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: WeakKeyDictionary[Executable, dict[tuple[str, ...], Compiled | None]]
        self._known = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, statement: Executable, params: Parameters | None) -> Compiled | None:
        """Answer the compiled statement; None the first time, and where only SQLAlchemy can."""
        forms = self._known.get(statement)
        if forms is None:
            self._known[statement] = {}
            return None
        # An INSERT's columns, and an UPDATE's, may follow from the names that are given.
        names = tuple(params) if params else ()
        try:
            return forms[names]
        except KeyError:
            return forms.setdefault(names, self._compile(statement, names))

    def _compile(self, statement: Executable, names: tuple[str, ...]) -> Compiled | None:
        form: Any = statement
        if not hasattr(form, "exported_columns"):
            return None
        made: SQLCompiler = form.compile(dialect=self._dialect, column_keys=list(names) or None)
        binds = self._binds(made)
        if binds is None or made.positiontup is None:
            return None
        columns = {
            # Both drivers answer a float as it is; SQLAlchemy wants PostgreSQL's own type first.
            key: None
            if isinstance(column.type, Float)
            else column.type.dialect_impl(self._dialect).result_processor(self._dialect, None)
            for key, column in form.exported_columns.items()
        }
        if not columns and made.effective_returning:
            return None  # SQLAlchemy added a RETURNING of its own
        return Compiled(str(made), [binds[name] for name in made.positiontup], columns)

    def _binds(self, made: SQLCompiler) -> dict[str, _Bind] | None:
        """Describe the values to bind; None where SQLAlchemy must work some out each time."""
        defaults = {}
        for column in (*made.insert_prefetch, *made.update_prefetch):
            default: Any = column.default or column.onupdate
            if default is None or not default.is_scalar:
                return None
            defaults[column.key] = default.arg
        found = {}
        for name, bind in made.binds.items():
            if bind.expanding or bind.literal_execute or bind.callable is not None:
                return None
            default = _NEEDED if bind.required else bind.value
            process = bind.type.dialect_impl(self._dialect).bind_processor(self._dialect)
            found[name] = _Bind(bind.key, defaults.get(bind.key, default), process)
        return found
