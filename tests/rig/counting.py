"""Counts what one request costs the database: statements, commits, and waits on PostgreSQL.

Counted at the drivers, below SQLAlchemy: sqlite3's trace callback and libpq's protocol trace.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from psycopg.pq import Trace
from sqlalchemy import event

from idp.storage import Database

Watch = Callable[..., None]
DONE = re.compile(r'^B\t\d+\tCommandComplete\t "(.*)"')


@dataclass
class Cost:
    """`statements` leaves out BEGIN and COMMIT; `trips` are waits for PostgreSQL.

    One trip too many is counted where the server's answer happened to be there already.
    """

    statements: list[str] = field(default_factory=list)
    commits: int = 0
    trips: int = 0


@contextmanager
def counted(database: Database) -> Iterator[Cost]:
    """Count what runs in this block on `database`, over connections taken from its pool in it."""
    cost = Cost()
    with TemporaryDirectory() as folder:
        begin, end = _sqlite(cost) if database.is_sqlite else _postgresql(cost, Path(folder))
        event.listen(database.engine, "checkout", begin)
        event.listen(database.engine, "checkin", end)
        try:
            yield cost
        finally:
            event.remove(database.engine, "checkout", begin)
            event.remove(database.engine, "checkin", end)


def _sqlite(cost: Cost) -> tuple[Watch, Watch]:
    def note(statement: str) -> None:
        verb = statement.split(None, 1)[0].upper()
        cost.commits += verb == "COMMIT"
        if verb not in {"BEGIN", "COMMIT", "ROLLBACK"} and not statement.startswith("--"):
            cost.statements.append(statement)

    def begin(connection: Any, *_: object) -> None:
        connection.set_trace_callback(note)

    def end(connection: Any, *_: object) -> None:
        connection.set_trace_callback(None)

    return begin, end


def _postgresql(cost: Cost, folder: Path) -> tuple[Watch, Watch]:
    traces: dict[int, IO[bytes]] = {}

    def begin(connection: Any, *_: object) -> None:
        # Kept open for as long as libpq writes to it.
        file = traces[id(connection)] = (folder / str(len(traces))).open("wb")
        connection.pgconn.trace(file.fileno())
        connection.pgconn.set_trace_flags(Trace.SUPPRESS_TIMESTAMPS)

    def end(connection: Any, *_: object) -> None:
        connection.pgconn.untrace()
        with traces.pop(id(connection)) as file:
            text = Path(file.name).read_text(errors="replace")
        _read_trace(text, cost)

    return begin, end


def _read_trace(text: str, cost: Cost) -> None:
    came_from = "B"
    for line in text.splitlines():
        # A trip: something went to the server, and then its answer was waited for.
        cost.trips += line[:1] == "B" and came_from == "F"
        came_from = line[:1] or came_from
        # The server itself says what it did, whichever way it was asked.
        done = DONE.match(line)
        if done is None:
            continue
        verb = done[1].split()[0]
        cost.commits += verb == "COMMIT"
        if verb not in {"BEGIN", "COMMIT", "ROLLBACK"}:
            cost.statements.append(done[1])
