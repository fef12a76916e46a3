"""What the public application and the officers' console have in common: how each is made ready."""

from typing import Any

from flask import Flask, Response, abort, g, request

from idp import web
from idp.front import Refused
from idp.house import House
from idp.pages.errors import error_page, request_reference, words
from idp.pages.frame import install_pages
from idp.routes import Table
from idp.signin.actions import Stop
from idp.signin.texts import stale_form, stopped


class UndeclaredRoutes(Exception):
    """The routes served and the table of routes differ."""


def new_application(
    house: House, table: Table, *, keeps_forms: bool = False, **config: Any
) -> Flask:
    """Make an application that has pages and cookies, and lets in only forms that it showed.

    Where it `keeps_forms`, none of them may end elsewhere (CSP `form-action`).
    """
    app = Flask("idp", static_folder=None)
    app.extensions[web.EXTENSION] = house
    app.config.update(
        SANDBOX=house.settings.sandbox,
        MAX_CONTENT_LENGTH=1_000_000,
        PROPAGATE_EXCEPTIONS=False,
        SERVER_NAME=None,
        **config,
    )
    install_pages(app)
    app.jinja_env.globals["csrf_token"] = web.form_token
    app.url_map.strict_slashes = False
    app.before_request(lambda: _check_form(table, keeps_forms))
    app.after_request(web.set_cookies)
    app.add_url_rule("/refused", "refused", _refused)
    return app


def served(app: Flask) -> list[tuple[str, frozenset[str]]]:
    """List what an application serves: each path with its methods."""
    return [(rule.rule, frozenset(rule.methods or ())) for rule in app.url_map.iter_rules()]


def stop_on(problems: list[str]) -> None:
    """Raise `UndeclaredRoutes` where the routes and their table differ."""
    if problems:
        raise UndeclaredRoutes("\n".join(problems))


def _check_form(table: Table, keeps_forms: bool) -> Response | None:
    """Let a POST of our own forms in only from a page we showed to this browser."""
    if keeps_forms:
        g.csp_form_action = "'self'"
    route = table.match(request.method, request.path)
    if route is None or not route.form_token or web.form_token_fits():
        return None
    title, paragraphs = stale_form()
    if web.browser_secret() is None:
        _status, title, paragraphs = stopped(Stop.COOKIES)
    return web.notice(400, title, paragraphs)


def _refused() -> Response:
    """Show what the front refused, as a page."""
    refusal = request.environ.get("gatehouse.refused")
    if not isinstance(refusal, Refused):
        abort(404)
    g.csp_form_action = "'none'"
    title, what_to_do = words(refusal.status)
    return error_page(
        refusal.status, title, f"{what_to_do} ({refusal.description})", request_reference()
    )
