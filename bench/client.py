"""A small keep-alive HTTP client that drives several connections from one thread.

An operation is a generator: it yields the bytes of a request and is sent the `Response`; it returns
when it is done and raises `WrongAnswer` when an answer is not what it must be.
"""

import selectors
import socket
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import NamedTuple

PATIENCE_SECONDS = 30.0


class WrongAnswer(Exception):
    """A server's answer that does not count as a correct operation."""


class Response(NamedTuple):
    """Status, raw header block and body."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: str) -> str:
        """Give a header's first value, or an empty string."""
        wanted = name.lower().encode()
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.strip().lower() == wanted:
                return value.strip().decode()
        return ""


Operation = Generator[bytes, Response, None]


@dataclass
class Tally:
    """What came of one stretch of load. `latencies` are seconds of correct operations."""

    seconds: float = 0.0
    bad: int = 0
    first_wrong: str = ""
    latencies: list[float] = field(default_factory=list)

    @property
    def correct(self) -> int:
        """How many operations were answered correctly."""
        return len(self.latencies)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    if at < 0:
        if b"\r\ntransfer-encoding:" in lower:
            raise WrongAnswer("chunked answers are not understood")
        return 0
    end = lower.find(b"\r\n", at + 2)
    return int(lower[at + 17 : end if end > 0 else None])


class Connection:
    """One keep-alive connection and the operation under way on it."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self.operation: Operation | None = None
        self.started = 0.0

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()

    def receive(self) -> Response | None:
        """Read what has come; give the response once it is whole."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise WrongAnswer("the server closed the connection")
        self._buffer += chunk
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        length = _content_length(head)
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Response(int(head[9:12]), head, rest[:length])

    def exchange(self, request: bytes) -> Response:
        """Send one request and wait for its response; for setting up, not for load."""
        self.socket.sendall(request)
        while True:
            response = self.receive()
            if response is not None:
                return response

    def run(self, operation: Operation) -> None:
        """Do one whole operation, waiting; for setting up, not for load."""
        try:
            request = next(operation)
            while True:
                request = operation.send(self.exchange(request))
        except StopIteration:
            return


def drive(
    connections: list[Connection], begin: Callable[[int], Operation], seconds: float
) -> Tally:
    """Keep one operation under way on each connection for `seconds`; `begin(n)` makes the next.

    Operations under way at the end are finished and counted, so nothing is cut off. Raises
    `WrongAnswer` when a connection is lost.
    """
    tally, started = Tally(), time.perf_counter()
    deadline = started + seconds
    with selectors.DefaultSelector() as selector:
        for number, connection in enumerate(connections):
            selector.register(connection.socket, selectors.EVENT_READ, (number, connection))
            _start(connection, begin(number))
        open_now = len(connections)
        while open_now:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise WrongAnswer("no answer in time")
            for key, _ in ready:
                number, connection = key.data
                if not _advance(connection, tally):
                    continue
                if time.perf_counter() < deadline:
                    _start(connection, begin(number))
                else:
                    selector.unregister(connection.socket)
                    open_now -= 1
    tally.seconds = time.perf_counter() - started
    return tally


def _start(connection: Connection, operation: Operation) -> None:
    connection.operation = operation
    connection.started = time.perf_counter()
    connection.socket.sendall(next(operation))


def _advance(connection: Connection, tally: Tally) -> bool:
    """Take what has come on a connection; say whether its operation is over."""
    response = connection.receive()
    if response is None:
        return False
    assert connection.operation is not None
    try:
        connection.socket.sendall(connection.operation.send(response))
    except StopIteration:
        tally.latencies.append(time.perf_counter() - connection.started)
        return True
    except WrongAnswer as wrong:
        tally.bad += 1
        tally.first_wrong = tally.first_wrong or str(wrong)
        return True
    return False
