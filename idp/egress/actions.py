"""Call a URL that somebody else chose, without lending them our place in the network.

The name is resolved once, each address it has is checked, and the connection goes to an address
that was checked: a name that changes its mind in between gains nothing (DNS rebinding).
Redirects are never followed and proxies from the environment never used (decision 28).
"""

import io
import json
import queue
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from idp.egress.rules import Problem, Target, is_public, read_url

TOTAL_SECONDS = 5.0
BODY_MAX_BYTES = 64 * 1024
HEAD_MAX_BYTES = 16 * 1024
LOOKUPS_AT_ONCE = 16


class EgressRefused(Exception):
    """A URL was not called, or its answer not taken; the message says why, in plain words."""


class Gate:
    """The one way out, for one set of rules.

    `allowed_private_hosts` (HOST:PORT) may be private and may be called over http, and
    `ca_bundle` is believed beside the system's authorities: both are for a sandbox only.
    """

    def __init__(
        self,
        allowed_private_hosts: frozenset[str] = frozenset(),
        ca_bundle: Path | None = None,
        *,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._allowed = frozenset(host.lower() for host in allowed_private_hosts)
        self._total_seconds = total_seconds
        self._tls = ssl.create_default_context()
        if ca_bundle is not None:
            self._tls.load_verify_locations(ca_bundle)

    def get_json(self, url: str) -> Any:
        """Fetch a JSON document. Raises `EgressRefused` unless it comes whole, with status 200."""
        response, body = self._call("GET", url, b"", {"Accept": "application/json"})
        if response.status != 200:
            raise EgressRefused(f"it answered {response.status} and not 200")
        return _strict_json(body)

    def post_form(self, url: str, form: Mapping[str, str]) -> int:
        """Send a form and answer the status, whatever it is; a redirect is not followed.

        Raises `EgressRefused` where there was no answer.
        """
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        response, _ = self._call("POST", url, urlencode(form).encode(), headers)
        return response.status

    def post_token(self, url: str, token: str) -> tuple[int, bytes]:
        """Send a signed token and answer the status and what came back, whatever it is.

        Raises `EgressRefused` where no whole answer came.
        """
        headers = {"Content-Type": "application/jwt", "Accept": "application/jwt"}
        response, body = self._call("POST", url, token.encode("ascii"), headers, read=True)
        return response.status, body

    def _call(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str], *, read: bool = False
    ) -> tuple[HTTPResponse, bytes]:
        target = read_url(url, self._allowed)
        if isinstance(target, Problem):
            raise EgressRefused(target.value)
        deadline = time.monotonic() + self._total_seconds
        try:
            addresses = _checked_addresses(target, deadline)
            with self._connect(target, addresses, deadline) as connection:
                connection.settimeout(_left(deadline))
                connection.sendall(_request(method, target, body, headers))
                return _answer(_Reader(connection, deadline), method, read=read or method == "GET")
        except TimeoutError:
            raise EgressRefused(f"it took longer than {self._total_seconds:g} seconds") from None
        except ssl.SSLCertVerificationError as problem:
            raise EgressRefused(f"its certificate: {problem.verify_message}") from None
        except (OSError, HTTPException, ValueError) as problem:
            raise EgressRefused(f"no good answer: {type(problem).__name__}") from None

    def _connect(self, target: Target, addresses: list[str], deadline: float) -> socket.socket:
        for address in addresses:
            try:
                plain = socket.create_connection((address, target.port), _left(deadline))
                break
            except TimeoutError:
                raise
            except OSError as problem:
                failed = problem
        else:
            raise failed
        if target.scheme == "http":
            return plain
        try:
            plain.settimeout(_left(deadline))
            return self._tls.wrap_socket(plain, server_hostname=target.host)
        except BaseException:
            plain.close()
            raise


class _Reader(io.RawIOBase):
    """Reads a socket until one deadline for all of it, and not more than an answer may be.

    A socket's own time limit starts anew with each byte that drips in.
    """

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline
        self._left_bytes = HEAD_MAX_BYTES + 2 * BODY_MAX_BYTES  # chunks have heads of their own

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer)
        self._left_bytes -= count
        if self._left_bytes < 0:
            raise EgressRefused("its answer is longer than 64 kB")
        return count

    def makefile(self, *_: object) -> io.BufferedReader:
        """Stand in for the socket that HTTPResponse reads from."""
        return io.BufferedReader(self)


def _checked_addresses(target: Target, deadline: float) -> list[str]:
    if target.private and target.is_loopback_name:
        return ["127.0.0.1", "::1"]
    addresses = _resolve(target, deadline)
    if not target.private and not all(is_public(address) for address in addresses):
        raise EgressRefused("its host has an address that is not on the public internet")
    return addresses


def _resolve(target: Target, deadline: float) -> list[str]:
    """Look a name up, in a thread: the system's resolver knows no time limit of ours."""
    if not _lookups.acquire(timeout=_left(deadline)):
        raise EgressRefused("too many names are being looked up")
    answers: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as problem:
            answers.put(OSError(str(problem)))
        finally:
            _lookups.release()

    threading.Thread(target=look_up, daemon=True, name="egress-lookup").start()
    try:
        answer = answers.get(timeout=_left(deadline))
    except (queue.Empty, TimeoutError):
        raise EgressRefused("its host name took too long to look up") from None
    if isinstance(answer, OSError) or not answer:
        raise EgressRefused("its host name is not known")
    return answer


_lookups = threading.BoundedSemaphore(LOOKUPS_AT_ONCE)


def _request(method: str, target: Target, body: bytes, headers: Mapping[str, str]) -> bytes:
    lines = {
        "Host": target.authority,
        "User-Agent": "Gatehouse",
        "Accept-Encoding": "identity",
        "Connection": "close",
        **headers,
    }
    if body:
        lines["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target.path} HTTP/1.1\r\n{head}\r\n".encode("ascii") + body


def _answer(reader: _Reader, method: str, *, read: bool) -> tuple[HTTPResponse, bytes]:
    response = HTTPResponse(reader, method=method)  # type: ignore[arg-type]
    response.begin()
    if not read:
        return response, b""
    if response.getheader("Content-Encoding", "identity").lower() != "identity":
        raise EgressRefused("its answer is compressed")
    body = response.read(BODY_MAX_BYTES + 1)
    if len(body) > BODY_MAX_BYTES:
        raise EgressRefused("its answer is longer than 64 kB")
    if response.length:
        raise EgressRefused("its answer was cut short")
    return response, body


def _strict_json(body: bytes) -> Any:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError("a member occurs twice")
        return dict(pairs)

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        return json.loads(
            body.decode("utf-8"), object_pairs_hook=no_duplicates, parse_constant=no_constant
        )
    except (ValueError, RecursionError):
        raise EgressRefused("its answer is not JSON") from None


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
