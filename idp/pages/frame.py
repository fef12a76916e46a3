"""Put the page frame on a Flask application."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

from flask import Flask, current_app
from govuk_frontend_jinja import __name__ as govuk_package
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from markupsafe import Markup

from idp.pages import assets, errors, headers, language

TEMPLATES = Path(__file__).parent / "templates"


def install_pages(app: Flask) -> None:
    """Give `app` its templates, languages, static files, security headers and error pages.

    Templates may use these globals, which the app may replace in `app.jinja_env.globals`:
    `csrf_token()` (the app supplies the real one; empty until then) and `sandbox` (True shows
    the "made-up people" banner; first read from `app.config["SANDBOX"]`).
    `app.config["HSTS"]` true adds Strict-Transport-Security.
    """
    app.jinja_env.loader = ChoiceLoader(
        [
            FileSystemLoader(TEMPLATES),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader(govuk_package)}),
        ]
    )
    language.install(app)
    assets.install(app)
    headers.install(app)
    errors.install(app)
    app.jinja_env.globals.setdefault("csrf_token", no_csrf_token)
    app.jinja_env.globals.setdefault("sandbox", bool(app.config.get("SANDBOX", False)))
    app.jinja_env.globals["csrf_input"] = csrf_input


def no_csrf_token() -> str:
    """Stand where the app puts its own token maker; a form then carries an empty token."""
    return ""


def csrf_input() -> Markup:
    """Give the hidden field that carries this visitor's form token, as `csrf_token`."""
    # Looked up at every form: the app may put its token maker in place after us.
    token_maker = cast(Callable[[], str], current_app.jinja_env.globals["csrf_token"])
    return Markup('<input type="hidden" name="csrf_token" value="{}">').format(token_maker())
