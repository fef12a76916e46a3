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

from flask import Flask

from idp import web
from idp.application import new_application, served, stop_on
from idp.callers.realms import sectors_of_two_realms
from idp.front import Front
from idp.house import House, hide_secrets, open_house
from idp.keyring.ring import KeyringError
from idp.keyring.sealing import Unreadable
from idp.logs import set_up_logs
from idp.officers.views import bp as console
from idp.register.actions import index_fits
from idp.routes import CONSOLE, CONSOLE_TABLE, differences
from idp.storage.migrate import is_current

CLOCK_MAY_DIFFER_SECONDS = 30


def create() -> Any:
    """Build the WSGI application of the operators' listener, in its server's worker."""
    house = open_house(watch=True)
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
    app = new_application(
        house,
        CONSOLE_TABLE,
        keeps_forms=True,  # and nobody is sent here by another site
        HSTS=address.startswith("https://"),
        COOKIES="console_",
        SAMESITE="Strict",
    )
    app.add_url_rule("/", "start", lambda: web.see_other("/console"))
    app.register_blueprint(console)
    stop_on(differences(served(app), CONSOLE))
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
        elif mixed := house.database.read(
            lambda tx: sectors_of_two_realms(tx, house.policies.powers)
        ):
            problems.append(
                f"services of the health realm share a sector with others: {', '.join(mixed)}; "
                "people would have one subject at both"
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


def _answer(start_response: Any, status: int, body: dict[str, Any]) -> Iterable[bytes]:
    data = json.dumps(body).encode()
    reason = {200: "OK", 503: "Service Unavailable"}[status]
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data))),
               ("Cache-Control", "no-store")]  # fmt: skip
    start_response(f"{status} {reason}", headers)
    return [data]
