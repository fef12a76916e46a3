"""The operators' listener: is this process alive, is this house ready, and the officers' console.

Health answers to any host name, for whatever watches over the process. The console is a Flask
application of its own behind a front like the public one: one host, one table of routes, limits
on what is sent. Its cookies, sessions and form tokens are its own.
"""

import json
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from idp import web
from idp.front import Front, Refused
from idp.house import House, hide_secrets, open_house
from idp.keyring.ring import KeyringError
from idp.keyring.sealing import Unreadable
from idp.logs import set_up_logs
from idp.officers.views import bp as console
from idp.pages.errors import error_page, request_reference, words
from idp.pages.frame import install_pages
from idp.register.actions import index_fits
from idp.routes import CONSOLE, CONSOLE_TABLE, differences
from idp.signin.actions import Stop
from idp.signin.texts import stale_form, stopped
from idp.storage.migrate import is_current

CLOCK_MAY_DIFFER_SECONDS = 30


class UndeclaredRoutes(Exception):
    """The routes the console serves and their table differ."""


def create() -> Any:
    """Build the WSGI application of the operators' listener, in its server's worker."""
    house = open_house()
    hide_secrets()
    os.environ.pop("IDP_SETTINGS_FILE", None)
    return create_listener(house)


def create_listener(house: House) -> Any:
    """Build the WSGI application: health first, for it must answer whatever else does not."""
    pages = create_console(house)

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/healthz":
            return _answer(start_response, 200, {"alive": True})
        if path == "/readyz":
            problems = not_ready(house)
            status = 503 if problems else 200
            return _answer(start_response, status, {"ready": not problems, "problems": problems})
        answer: Iterable[bytes] = pages.wsgi_app(environ, start_response)
        return answer

    return application


def create_console(house: House) -> Flask:
    """Build the console's application.

    Raises `UndeclaredRoutes` when a route is not in `idp.routes.CONSOLE`.
    """
    set_up_logs()
    address = house.settings.console_address
    app = Flask("idp", static_folder=None)
    app.extensions[web.EXTENSION] = house
    app.config.update(
        SANDBOX=house.settings.sandbox,
        HSTS=address.startswith("https://"),
        COOKIES="console_",
        SAMESITE="Strict",  # nobody is sent here by another site
        MAX_CONTENT_LENGTH=1_000_000,
        PROPAGATE_EXCEPTIONS=False,
        SERVER_NAME=None,
    )
    install_pages(app)
    app.jinja_env.globals["csrf_token"] = web.form_token
    app.url_map.strict_slashes = False
    app.before_request(_check_form)
    app.after_request(web.set_cookies)
    app.add_url_rule("/", "start", lambda: web.see_other("/console"))
    app.add_url_rule("/refused", "refused", _refused)
    app.register_blueprint(console)
    rules = [(rule.rule, frozenset(rule.methods or ())) for rule in app.url_map.iter_rules()]
    problems = differences(rules, CONSOLE)
    if problems:
        raise UndeclaredRoutes("\n".join(problems))
    front = Front(house, app.wsgi_app, (), table=CONSOLE_TABLE, host=urlsplit(address).netloc)
    app.wsgi_app = front  # type: ignore[method-assign]
    return app


def not_ready(house: House) -> list[str]:
    """List, in sentences, what keeps this house from serving: database, schema, keys, clock."""
    problems = []
    try:
        with house.database.engine.connect() as connection:
            current = is_current(connection)
        if not current:
            problems.append("the database is behind this version; run: idp migrate")
        elif not house.database.read(lambda tx: index_fits(tx, house.keyring)):
            problems.append(
                "the index key is not the one the register was indexed with; run: idp keys reindex"
            )
        ahead = house.database.clock.now() - house.database.now()
        if abs(ahead.total_seconds()) > CLOCK_MAY_DIFFER_SECONDS:
            problems.append("this host's clock and the database's differ by over 30 seconds")
    except Unreadable:
        problems.append("the seal key is not the one the register was sealed with: restore it")
    except Exception as problem:  # noqa: BLE001 - whatever it is, we are not ready
        problems.append(f"the database cannot be used: {type(problem).__name__}")
    try:
        house.keyring.sign({}, algorithm="ES256", typ="probe")
    except KeyringError as problem:
        problems.append(str(problem))
    return problems


def _check_form() -> Response | None:
    """Let a POST in only from a page we showed to this browser; no form of ours leaves us."""
    g.csp_form_action = "'self'"
    route = CONSOLE_TABLE.match(request.method, request.path)
    if route is None or not route.form_token or web.form_token_fits():
        return None
    title, paragraphs = stale_form()
    if web.browser_secret() is None:
        _status, title, paragraphs = stopped(Stop.COOKIES)
    return web.notice(400, title, paragraphs)


def _refused() -> Response:
    refusal = request.environ.get("gatehouse.refused")
    if not isinstance(refusal, Refused):
        abort(404)
    title, what_to_do = words(refusal.status)
    return error_page(
        refusal.status, title, f"{what_to_do} ({refusal.description})", request_reference()
    )


def _answer(start_response: Any, status: int, body: dict[str, Any]) -> Iterable[bytes]:
    data = json.dumps(body).encode()
    reason = {200: "OK", 503: "Service Unavailable"}[status]
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data))),
               ("Cache-Control", "no-store")]  # fmt: skip
    start_response(f"{status} {reason}", headers)
    return [data]
