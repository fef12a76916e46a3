"""The operators' listener: is this process alive, is this house ready."""

import json
from collections.abc import Iterable
from typing import Any

from idp.house import House, open_house
from idp.keyring.ring import KeyringError
from idp.storage.migrate import is_current

CLOCK_MAY_DIFFER_SECONDS = 30


def create() -> Any:
    """Build the WSGI application of the operators' listener."""
    house = open_house()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO")
        if path == "/healthz":
            return _answer(start_response, 200, {"alive": True})
        if path == "/readyz":
            problems = not_ready(house)
            status = 503 if problems else 200
            return _answer(start_response, status, {"ready": not problems, "problems": problems})
        return _answer(start_response, 404, {"error": "not found"})

    return application


def not_ready(house: House) -> list[str]:
    """List, in sentences, what keeps this house from serving: database, schema, key, clock."""
    problems = []
    try:
        with house.database.engine.connect() as connection:
            if not is_current(connection):
                problems.append("the database is behind this version; run: idp migrate")
        ahead = house.database.clock.now() - house.database.now()
        if abs(ahead.total_seconds()) > CLOCK_MAY_DIFFER_SECONDS:
            problems.append("this host's clock and the database's differ by over 30 seconds")
    except Exception as problem:  # noqa: BLE001 - whatever it is, we are not ready
        problems.append(f"the database cannot be used: {type(problem).__name__}")
    try:
        house.keyring.sign({}, algorithm="ES256", typ="probe")
    except KeyringError as problem:
        problems.append(str(problem))
    return problems


def _answer(start_response: Any, status: int, body: dict[str, Any]) -> Iterable[bytes]:
    data = json.dumps(body).encode()
    reason = {200: "OK", 404: "Not Found", 503: "Service Unavailable"}[status]
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(data))),
               ("Cache-Control", "no-store")]  # fmt: skip
    start_response(f"{status} {reason}", headers)
    return [data]
