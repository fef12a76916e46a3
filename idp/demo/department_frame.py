"""What is around the sample department's sign-in: its memory, error pages, headers and server.

Nothing here speaks OpenID Connect; `department.py` does.
"""

import contextlib
import json
import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO
from urllib.parse import parse_qsl, urlsplit

import click
import requests
from authlib.integrations.base_client import OAuthError
from flask import Flask, Response, g, redirect, render_template, session
from flask.typing import ResponseReturnValue as Answer
from jinja2 import DictLoader
from joserfc.errors import JoseError
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.serving import make_server

from idp.demo import department_acting as acting
from idp.demo.department_pages import PAGES

SESSION_SECONDS = 8 * 3600
COLOURS = ("#5b2333", "#1f4e5f", "#33502b", "#4a3b76")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MADE_UP = ("state", "nonce", "code_challenge")


class Memory:
    """What this process remembers until its time is over: sessions, and Authlib's cache.

    Safe between threads. A session that was ended never comes back: its owner's request may
    still change the facts it holds, but only `set` puts them into the memory.
    """

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}
        self._lock = threading.Lock()

    def set(self, key: str, value: Any, seconds: float = SESSION_SECONDS) -> None:
        """Remember for so many seconds, and drop what is over."""
        now = time.monotonic()
        with self._lock:
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
            self._kept[key] = (now + seconds, value)

    def get(self, key: str) -> Any:
        """What is remembered, or None."""
        ends, value = self._kept.get(key, (0.0, None))
        return value if ends > time.monotonic() else None

    def delete(self, key: str) -> None:
        """Forget one."""
        with self._lock:
            self._kept.pop(key, None)

    def end(self, matches: Callable[[Any], bool]) -> None:
        """Forget all that match."""
        with self._lock:
            self._kept = {k: v for k, v in self._kept.items() if not matches(v[1])}


def notice(heading: str, text: str, status: int, error: str | None = None) -> Answer:
    """Make a page that says what happened, with the `reference` of a refusal if there is one."""
    shown = {"heading": heading, "text": text, "error": error, "reference": g.get("reference")}
    return render_template("notice.html", **shown), status


def read_refusal(answer: requests.Response) -> OAuthError:
    """Read why the server refused: from its JSON, else from `WWW-Authenticate` (RFC 6750)."""
    found: dict[str, Any] = {}
    if challenge := WWWAuthenticate.from_header(answer.headers.get("WWW-Authenticate")):
        found |= challenge.parameters
    with contextlib.suppress(ValueError, TypeError):
        found |= answer.json()
    g.reference = found.get("reference")
    return OAuthError(found.get("error", "refused"), found.get("error_description", ""))


def note_reference(session: Any) -> None:
    """Have Authlib's session keep the `reference` of a token refusal, which Authlib drops."""

    def note(answer: requests.Response) -> requests.Response:
        if answer.status_code in (400, 401, 403):
            read_refusal(answer)
        return answer

    session.register_compliance_hook("access_token_response", note)
    session.register_compliance_hook("refresh_token_response", note)


def who(user: dict[str, Any] | None) -> str:
    """Say who is signed in: "Sian Hughes, on behalf of Margaret Hughes"."""
    return acting.who(user["id_token"] | user["userinfo"]) if user else ""


def claims_of(user: dict[str, Any]) -> list[tuple[str, str, str]]:
    """List every claim received with the request it came from."""
    sources = (("id_token", "ID token (POST /token)"), ("userinfo", "userinfo (GET /userinfo)"))
    return [
        (claim, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), source)
        for kind, source in sources
        for claim, value in user[kind].items()
    ]


def asked_of(user: dict[str, Any]) -> list[tuple[str, str]]:
    """List the authorization request that was sent; one-time values are not worth reading."""
    pairs = parse_qsl(urlsplit(user["asked"]).query)
    return [
        (name, "(made for this request)" if name in MADE_UP else value) for name, value in pairs
    ]


def dress(app: Flask, name: str, client_id: str, does: Mapping[str, str]) -> Flask:
    """Give the application its pages, cookie, headers, error pages, `/signed-out`, `/healthz`."""
    app.jinja_loader = DictLoader({**PAGES, "refused.html": acting.REFUSED})
    app.config.update(
        SECRET_KEY=secrets.token_bytes(32),
        SESSION_COOKIE_NAME=f"{client_id}_session",  # cookies are by host, not by port
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=65536,
    )
    colour = COLOURS[sum(client_id.encode()) % len(COLOURS)]
    helpers = {"who": who, "claims_of": claims_of, "asked_of": asked_of}
    app.context_processor(lambda: helpers | {"name": name, "colour": colour, "does": does})

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(OAuthError)
    @app.errorhandler(JoseError)
    def refused(fault: OAuthError | JoseError) -> Answer:
        return notice("We could not sign you in", fault.description or "", 400, fault.error)

    @app.errorhandler(requests.RequestException)
    def silent(_: requests.RequestException) -> Answer:
        return notice("Gatehouse does not answer", "Try again in a minute.", 502)

    @app.get("/signed-out")
    def signed_out() -> Answer:
        if "ref" in session:
            return redirect("/")
        return notice("You are signed out", "Come back soon.", 200)

    app.add_url_rule("/healthz", view_func=lambda: {"status": "ok"})
    return app


def run(create: Callable[..., Flask]) -> None:
    """Read the command line and serve on this machine only, until interrupted."""

    @click.command(help="A sample department that signs people in through Gatehouse.")
    @click.option("--name", required=True, help="What it is called on its pages.")
    @click.option("--client-id", required=True)
    @click.option("--issuer", required=True, help="Such as http://localhost:8000.")
    @click.option("--port", required=True, type=int)
    @click.option("--host-name", required=True, help="Its name in the browser's address bar.")
    @click.option("--key", required=True, type=click.File(), help="Private P-256 key, JWK JSON.")
    @click.option("--scope", default="openid profile", show_default=True)
    @click.option("--delegation", is_flag=True, help="Also offer to act for someone else.")
    @click.option("--does", multiple=True, help="A power and its words: file='Send a return'.")
    def command(
        key: TextIO, port: int, host_name: str, does: tuple[str, ...], **settings: Any
    ) -> None:
        words = dict(one.split("=", 1) for one in does)
        home = f"http://{host_name}:{port}"
        app = create(home=home, key=json.load(key), does=words, **settings)
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its lines would show codes
        server = make_server("127.0.0.1", port, app, threaded=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()

    command()
