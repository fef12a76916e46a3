"""The language a page speaks, and how it says a date."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from flask import Flask, Response, g, has_request_context, request
from flask_babel import Babel, format_date, format_datetime, get_locale

TRANSLATIONS = Path(__file__).parent / "translations"
COOKIE = "lng"

# Locale to its own name. Welsh joins with its catalogue: {"en": "English", "cy": "Cymraeg"}.
LANGUAGES = {"en": "English"}
DEFAULT = "en"


def install(app: Flask) -> None:
    """Give `app` its catalogues, its choice of language and the date filters."""
    Babel(
        app,
        default_locale=DEFAULT,
        default_timezone="Europe/London",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=chosen_language,
    )
    app.jinja_env.globals.update(languages=LANGUAGES, page_language=page_language)
    app.jinja_env.filters.update(plain_date=plain_date, plain_time=plain_time)
    app.after_request(remember)


def first_known(asked: Iterable[str | None]) -> str:
    """Give the first language of `asked` that pages speak, or the default one.

    Tags are compared by their primary part, so `cy-GB` finds `cy` (RFC 4647 section 3.4).
    """
    for tag in asked:
        primary = (tag or "").split("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return DEFAULT


def chosen_language() -> str:
    """Choose the language of this request: its `lng`, then the kept choice, then `ui_locales`.

    A view that knows the service's `ui_locales` (OpenID Connect Core 3.1.2.1) puts that list in
    `flask.g.ui_locales` before the page is rendered. What the person chose comes first.
    """
    if not has_request_context():
        return DEFAULT
    kept = request.cookies.get(COOKIE)
    return first_known([request.args.get("lng"), kept, *g.get("ui_locales", ())])


def remember(response: Response) -> Response:
    """Keep a language chosen by `?lng=` until the browser is closed; runs after every request."""
    asked = request.args.get("lng")
    if asked in LANGUAGES and asked != request.cookies.get(COOKIE):
        response.set_cookie(
            COOKIE, asked, secure=request.is_secure, httponly=True, samesite="Lax", path="/"
        )
    return response


def page_language() -> str:
    """Give the language tag of the page being made, for its `lang` attribute."""
    return str(get_locale() or DEFAULT).replace("_", "-")


def plain_date(moment: date) -> str:
    """Say a day as people do: `6 April 2026`, in UK time when `moment` is an aware datetime."""
    return str(format_date(moment, "d MMMM yyyy"))


def plain_time(moment: datetime) -> str:
    """Say a moment as people do, in UK time: `6 April 2026, 14:05`. `moment` is aware."""
    return str(format_datetime(moment, "d MMMM yyyy, HH:mm"))
