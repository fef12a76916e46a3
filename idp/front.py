"""What every request passes, page or machine door: host, size, repetition, the route table.

The front is WSGI middleware around the one Flask application (`app.wsgi_app`), so that every
server and `app.test_client()` see the same house (decision 18). It knows no rule of any room.
"""

import io
import json
import logging
import threading
import time
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl

from idp.door import NO_STORE, DoorRequest, DoorResponse, json_response
from idp.house import House
from idp.journal.actions import new_reference
from idp.routes import PUBLIC_TABLE, ROUTES, Route, Table

log = logging.getLogger("idp.front")

STUCK_SECONDS = 1.0
THREADS_WITHOUT_BODY = 2  # of each worker's threads so many are kept from waiting for a body
MOST_FIELDS = 100
LONGEST_PATH = 2048
LONGEST_QUERY = 16_384
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# Headers that a server joins with a comma when they are repeated: a joined one is refused.
SINGLE_HEADERS = ("HTTP_AUTHORIZATION", "HTTP_DPOP", "HTTP_CLIENT_CERT", "HTTP_CONTENT_TYPE")
REASONS = {
    200: "OK", 204: "No Content", 304: "Not Modified", 400: "Bad Request", 401: "Unauthorized",
    403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 411: "Length Required",
    413: "Content Too Large",
    414: "URI Too Long", 415: "Unsupported Media Type", 500: "Internal Server Error",
    503: "Service Unavailable",
}  # fmt: skip


class Refused(Exception):
    """The front does not let the request in; says which part, and what to do."""

    def __init__(self, status: int, description: str, headers: tuple[Any, ...] = ()) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.headers = headers


class BodyGate:
    """Lets at most `places` bodies be read at once, so that slow senders never hold all threads.

    A burst of honest senders waits its turn, for their bodies are there in milliseconds. When
    everybody inside has been at it for longer than `STUCK_SECONDS`, nobody waits behind them.
    """

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._inside: dict[int, float] = {}

    def enter(self) -> bool:
        """Take a place, if there is one to be had soon; False: answer 503."""
        found = self._places.acquire(blocking=False)
        if not found:
            youngest = max(list(self._inside.values()), default=time.monotonic())
            if time.monotonic() - youngest > STUCK_SECONDS:
                return False
            found = self._places.acquire(timeout=STUCK_SECONDS)
        if found:
            self._inside[threading.get_ident()] = time.monotonic()
        return found

    def leave(self) -> None:
        """Give the place back."""
        self._inside.pop(threading.get_ident(), None)
        self._places.release()


class Front:
    """The middleware. `pages` is Flask's own WSGI function; `doors` are answered here.

    `routes` are those with doors, `table` those with pages, `host` the one we answer to (None:
    the issuer's).
    """

    def __init__(
        self,
        house: House,
        pages: Any,
        routes: tuple[Route, ...] = ROUTES,
        *,
        table: Table = PUBLIC_TABLE,
        host: str | None = None,
    ) -> None:
        self.house = house
        self.pages = pages
        self.table = table
        self.host = host or house.settings.issuer_host
        self.proxies = house.settings.proxies
        self.bodies = BodyGate(house.settings.threads - THREADS_WITHOUT_BODY)
        self.doors = {
            (method, route.path): route
            for route in routes
            if route.door is not None
            for method in route.methods
        }
        self.door_methods: dict[str, set[str]] = {}
        for method, path in self.doors:
            self.door_methods.setdefault(path, set()).add(method)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a door, or let a page in."""
        path = environ.get("PATH_INFO", "")
        methods = self.door_methods.get(path)
        try:
            self._check(environ)
            if methods is None:
                return self._page(environ, start_response)
            response = self._door(environ, path, methods)
        except Refused as refusal:
            if methods is None:
                return self._refused_page(environ, start_response, refusal)
            response = self._refused_door(refusal)
        except Exception:
            reference = new_reference()
            log.exception("a door failed, reference %s", reference)
            said = f"something went wrong here (reference {reference})"
            body = {"error": "server_error", "error_description": said, "reference": reference}
            response = json_response(500, body)
        return _send(start_response, response, head=environ["REQUEST_METHOD"] == "HEAD")

    def _check(self, environ: dict[str, Any]) -> None:
        if environ.get("HTTP_HOST") != self.host:
            raise Refused(400, f"Host: this server answers to {self.host} only")
        path = environ.get("PATH_INFO", "")
        if len(path) > LONGEST_PATH:
            raise Refused(414, "the address is too long")
        if any(c < " " or c == "\x7f" for c in path):
            raise Refused(404, "no address of ours holds a control character")
        if len(environ.get("QUERY_STRING", "")) > LONGEST_QUERY:
            raise Refused(414, f"the query is longer than {LONGEST_QUERY} bytes")
        for name in SINGLE_HEADERS:
            if "," in environ.get(name, ""):
                raise Refused(400, f"{_header_name(name)}: send it once")
        environ["REMOTE_ADDR"] = caller_address(environ, self.proxies)

    def _door(self, environ: dict[str, Any], path: str, methods: set[str]) -> DoorResponse:
        method = environ["REQUEST_METHOD"]
        asked = "GET" if method == "HEAD" and "GET" in methods else method
        if method == "OPTIONS" and "GET" in methods:
            return DoorResponse(204, b"", _preflight(methods))
        route = self.doors.get((asked, path))
        if route is None or route.door is None:
            raise Refused(405, f"use {' or '.join(sorted(methods))}", _allow(methods))
        query, repeated_query = read_fields(environ.get("QUERY_STRING", ""), route)
        form: dict[str, str] = {}
        repeated_form: dict[str, tuple[str, ...]] = {}
        if asked == "POST":
            body = self._form_body(environ, route)
            if route.json and _kind(environ) == JSON:
                form = read_json(body)
            else:
                form, repeated_form = read_fields(body.decode("latin-1"), route)
        request = DoorRequest(
            method=asked,
            path=path,
            query=query,
            form=form,
            repeated={**repeated_query, **repeated_form},
            headers=_headers(environ),
            address=environ["REMOTE_ADDR"],
        )
        return route.door(self.house, request)

    def _page(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        path = environ.get("PATH_INFO", "")
        route = self.table.match(method, path)
        if route is None and method != "OPTIONS":
            # Never left to Flask, which reads an address more kindly than the table does: what
            # no rule of the table stands over is neither shown nor done.
            known = self.table.methods_of(path)
            raise Refused(405 if known else 404, f"{method} does nothing here", _allow(set(known)))
        if route is not None:
            if method == "HEAD" and route.audit:
                raise Refused(
                    405, "HEAD does nothing here", _allow(set(self.table.methods_of(path)))
                )
            read_fields(environ.get("QUERY_STRING", ""), route)
            if method == "POST":
                body = self._form_body(environ, route)
                read_fields(body.decode("latin-1"), route)
                environ["wsgi.input"] = io.BytesIO(body)
                environ["CONTENT_LENGTH"] = str(len(body))
        answer: Iterable[bytes] = self.pages(environ, start_response)
        return answer

    def _form_body(self, environ: dict[str, Any], route: Route) -> bytes:
        # The server reads a body in the request's own thread, for as long as the sender takes:
        # so some threads never read one, and documents, keys and pages go on being answered.
        if not self.bodies.enter():
            raise Refused(503, "too many are sending at once", (("Retry-After", "1"),))
        try:
            return _form_body(environ, route)
        finally:
            self.bodies.leave()

    def _refused_page(
        self, environ: dict[str, Any], start_response: Any, refusal: Refused
    ) -> Iterable[bytes]:
        # Flask draws the page; the request itself is replaced, so that nothing of it is read.
        clean = {key: value for key, value in environ.items() if not key.startswith("HTTP_")}
        clean |= {
            "HTTP_HOST": self.host,
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/refused",
            "QUERY_STRING": "",
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
            "gatehouse.refused": refusal,
        }

        def start(status: str, headers: list[tuple[str, str]], *fault: Any) -> Any:
            return start_response(status, [*headers, *refusal.headers], *fault)

        answer: Iterable[bytes] = self.pages(clean, start)
        return answer

    def _refused_door(self, refusal: Refused) -> DoorResponse:
        reference = new_reference()
        body = {
            "error": "invalid_request",
            "error_description": f"{refusal.description} (reference {reference})",
            "reference": reference,
        }
        return json_response(refusal.status, body, (*refusal.headers, *NO_STORE))


def caller_address(environ: Mapping[str, Any], proxies: int) -> str:
    """Answer the caller's address. Each of our `proxies` adds one to X-Forwarded-For; what
    stands before those the caller may have made up (authentik CVE-2024-47070's class)."""
    forwarded = [part.strip() for part in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    if proxies and len(forwarded) >= proxies and _is_address(forwarded[-proxies]):
        return str(forwarded[-proxies])
    return str(environ.get("REMOTE_ADDR", ""))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def read_fields(text: str, route: Route) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Read a query or a form. Raises `Refused` for one that is repeated, too much or no UTF-8."""
    if not text:
        return {}, {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
    except ValueError as problem:
        raise Refused(400, "the fields are too many, or not UTF-8") from problem
    single: dict[str, str] = {}
    repeated: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if "\0" in name or "\0" in value:
            raise Refused(400, f"{name[:40]!r}: holds a NUL character".replace("\\x00", "?"))
        if name in route.repeatable:
            repeated[name] = (*repeated.get(name, ()), value)
        elif name in single:
            raise Refused(400, f"{name[:40]}: it is given more than once")
        single[name] = value
    return single, repeated


def read_json(body: bytes) -> dict[str, str]:
    """Read one flat JSON object of strings. Raises `Refused` for anything else, repeats too."""
    try:
        pairs = json.loads(body.decode(), object_pairs_hook=list, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as problem:
        raise Refused(400, "the body is not strict JSON") from problem
    fields: dict[str, str] = {}
    if not body.lstrip().startswith(b"{") or len(pairs) > MOST_FIELDS:
        raise Refused(400, f"the body must be a JSON object of at most {MOST_FIELDS} strings")
    for name, value in pairs:
        if name in fields:
            raise Refused(400, f"{name[:40]!a}: it is given more than once")
        if not isinstance(value, str):
            raise Refused(400, f"{name[:40]!a}: must be a string")
        if not (name + value).isprintable():
            raise Refused(400, f"{name[:40]!a}: holds a character that cannot be shown")
        fields[name] = value
    return fields


def _refuse_constant(text: str) -> None:
    raise ValueError(text)


def _kind(environ: Mapping[str, Any]) -> str:
    return str(environ.get("CONTENT_TYPE", "")).split(";")[0].strip().lower()


def _form_body(environ: dict[str, Any], route: Route) -> bytes:
    kind = _kind(environ)
    declared = environ.get("CONTENT_LENGTH") or ""
    if not declared and environ.get("HTTP_TRANSFER_ENCODING"):
        raise Refused(411, "Content-Length: send it")
    declared = declared or "0"
    if not declared.isascii() or not declared.isdigit():
        raise Refused(400, "Content-Length: must be a number")
    if int(declared) > route.body_limit:
        raise Refused(413, f"the body is longer than {route.body_limit} bytes")
    body: bytes = environ["wsgi.input"].read(min(int(declared), route.body_limit))
    if route.json and kind == JSON:
        return body
    if body and kind != FORM:
        raise Refused(415, f"Content-Type: send {FORM}{f' or {JSON}' if route.json else ''}")
    if not body.isascii():
        raise Refused(400, "the form holds characters that are not percent-encoded")
    return body


def _headers(environ: Mapping[str, Any]) -> dict[str, str]:
    return {
        key[5:].replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }


def _header_name(key: str) -> str:
    return key.removeprefix("HTTP_").replace("_", "-").title()


def _allow(methods: set[str]) -> tuple[tuple[str, str], ...]:
    return (("Allow", ", ".join(sorted(methods))),)


def _preflight(methods: set[str]) -> tuple[tuple[str, str], ...]:
    return (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", ", ".join(sorted(methods))),
        ("Access-Control-Allow-Headers", "Authorization, DPoP"),
        ("Access-Control-Max-Age", "600"),
    )


def _send(start_response: Any, response: DoorResponse, *, head: bool) -> Iterable[bytes]:
    headers = [*response.headers, ("Content-Length", str(len(response.body))),
               ("X-Content-Type-Options", "nosniff")]  # fmt: skip
    start_response(f"{response.status} {REASONS.get(response.status, 'Unknown')}", headers)
    return [b"" if head else response.body]
