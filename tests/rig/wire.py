"""Requests that really arrive together: many connections driven from one thread.

A volley sends everything but the last byte of each request, then all the last bytes in a row,
so that the server's threads hold the whole volley at once.
"""

import json
import selectors
import socket
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

PATIENCE_SECONDS = 60.0


class Lost(Exception):
    """The connection ended before the answer was whole: what was asked may be done or not."""


class Answer(NamedTuple):
    """Status, headers (names in lower case, repeated ones joined by a newline) and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


def build(
    method: str,
    path: str,
    host: str,
    form: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Write a request as it goes over the wire."""
    body = urlencode(form).encode() if form is not None else b""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def basic(name: str, secret: str) -> dict[str, str]:
    """Give the header of `client_secret_basic` for values that need no escaping."""
    return {"Authorization": "Basic " + b64encode(f"{name}:{secret}".encode()).decode()}


class Wire:
    """One keep-alive connection."""

    def __init__(self, port: int, patience: float = PATIENCE_SECONDS) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    @property
    def own_port(self) -> int:
        """This end's port, by which the server's end is found."""
        return int(self.socket.getsockname()[1])

    def send(self, data: bytes) -> None:
        """Send bytes. Raises `Lost`."""
        try:
            self.socket.sendall(data)
        except OSError as problem:
            raise Lost from problem

    def receive(self) -> Answer | None:
        """Read what has come, and answer the response once it is whole. Raises `Lost`."""
        try:
            chunk = self.socket.recv(65536)
        except OSError as problem:
            raise Lost from problem
        if not chunk:
            raise Lost
        self._buffer += chunk
        head, end, rest = self._buffer.partition(b"\r\n\r\n")
        if not end:
            return None
        headers = _headers(head)
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._buffer = rest[length:]
        return Answer(int(head[9:12]), headers, rest[:length])

    def ask(self, request: bytes) -> Answer:
        """Send one request and wait for its answer. Raises `Lost`."""
        self.send(request)
        while True:
            answer = self.receive()
            if answer is not None:
                return answer

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


class _Lane:
    """Some connections that carry one volley after the other."""

    def __init__(self, wires: Sequence[Wire]) -> None:
        self.wires = wires
        self.number = -1
        self.waiting = 0
        self.answers: list[Answer | None] = []

    def fire(self, number: int, requests: Sequence[bytes]) -> None:
        self.number, self.waiting = number, len(requests)
        self.answers = [None] * len(requests)
        for wire, request in zip(self.wires, requests, strict=False):
            wire.send(request[:-1])
        for wire, request in zip(self.wires, requests, strict=False):
            wire.send(request[-1:])

    def take(self, place: int) -> bool:
        """Read from one connection; say whether the volley is complete."""
        answer = self.wires[place].receive()
        if answer is not None:
            self.answers[place] = answer
            self.waiting -= 1
        return self.waiting == 0


def volleys(
    lanes: Sequence[Sequence[Wire]], rounds: Iterable[Sequence[bytes]]
) -> Iterator[tuple[int, list[Answer]]]:
    """Send each round of requests as a volley, one lane at a time each; answer them by number.

    A round has at most as many requests as a lane has connections. Raises `Lost` when a
    connection ends or a minute passes without any answer.
    """
    numbered = iter(enumerate(rounds))
    with selectors.DefaultSelector() as selector:
        busy = 0
        for (number, requests), wires in zip(islice(numbered, len(lanes)), lanes, strict=False):
            lane = _Lane(wires)
            for place, wire in enumerate(wires):
                selector.register(wire.socket, selectors.EVENT_READ, (lane, place))
            lane.fire(number, requests)
            busy += 1
        while busy:
            ready = selector.select(PATIENCE_SECONDS)
            if not ready:
                raise Lost("no answer within a minute")
            for key, _ in ready:
                lane, place = key.data
                if not lane.take(place):
                    continue
                yield lane.number, [answer for answer in lane.answers if answer is not None]
                following = next(numbered, None)
                if following is None:
                    busy -= 1
                else:
                    lane.fire(*following)


def volley(wires: Sequence[Wire], requests: Sequence[bytes]) -> list[Answer]:
    """Send requests together, each on a connection of its own, and wait for all answers."""
    return next(volleys([wires], [requests]))[1]


def patient(port: int, deadline: float) -> Wire:
    """Connect, and try again until `deadline` (of `time.monotonic`). Raises `Lost`."""
    while True:
        try:
            return Wire(port)
        except OSError:
            if time.monotonic() > deadline:
                raise Lost("nobody listens") from None
            time.sleep(0.02)
