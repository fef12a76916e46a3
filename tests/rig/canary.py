"""A National Insurance number may stand in no log, trace, address or mail: the whole run watches.

Whatever is logged by this process is looked at before our own formatter masks it; so is what
server processes print, every address asked for through Flask's client or a browser, every
redirect, and every mail. A test during which a number is seen fails, whatever it was about.
"""

import logging
import re
from typing import Any
from urllib.parse import unquote_plus

from idp.identifiers.rules import PREFIXES

# As people and programs write it; not where more letters or digits follow, which is some token.
SHAPE = re.compile(
    r"(?<![A-Za-z0-9_-])([A-Z]{2}) ?(\d{2}) ?(\d{2}) ?(\d{2})( ?[A-D])?(?![\w-])", re.ASCII
)

_seen: list[str] = []


def numbers_in(text: str) -> list[str]:
    """List what could be somebody's number."""
    return [match[0] for match in SHAPE.finditer(text) if match[1] in PREFIXES]


def look(where: str, text: str) -> None:
    """Remember it if a number stands in `text`."""
    if numbers_in(text):
        _seen.append(f"a number in {where}: {text[:500]}")


def look_at_address(where: str, address: str) -> None:
    """The same for an address, as it is sent and as it is read."""
    look(where, f"{address} {unquote_plus(address)}" if set("%+") & set(address) else address)


def take() -> list[str]:
    """Answer what was seen since the last time, and forget it."""
    seen, _seen[:] = list(dict.fromkeys(_seen)), []  # a record passes both of our watches
    return seen


class Watch(logging.Handler):
    """Looks at every record of this process, its arguments and its trace."""

    def emit(self, record: logging.LogRecord) -> None:
        """Look at one record."""
        look("a log", record.getMessage())
        if record.exc_info:
            look("a trace", logging.Formatter().formatException(record.exc_info))


def watch_logs() -> None:
    """Watch what this process logs, our own logger too, which hands nothing up."""
    watch = Watch(level=logging.DEBUG)
    for name in (None, "idp"):
        logging.getLogger(name).addHandler(watch)


def watch_client() -> None:
    """Watch the addresses that Flask's test client asks for and is sent to."""
    from flask.testing import FlaskClient

    original = FlaskClient.open

    def open_and_look(self: FlaskClient, *args: Any, **more: Any) -> Any:
        answer = original(self, *args, **more)
        look_at_address("an address", answer.request.url)
        look_at_address("a redirect", answer.headers.get("Location", ""))
        return answer

    FlaskClient.open = open_and_look  # type: ignore[method-assign]


def watch_browser(browser: Any) -> None:
    """Watch every address that the pages of a browser ask for."""
    original = browser.new_context

    def new_context(**options: Any) -> Any:
        context = original(**options)
        context.on("request", lambda request: look_at_address("an address", request.url))
        return context

    browser.new_context = new_context
