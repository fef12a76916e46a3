"""Puts the house together; the only file that knows every room."""

import os

from flask import Flask, Response, abort, g, render_template, request, url_for

from idp import web
from idp.account.views import bp as account
from idp.authentication.views import bp as methods
from idp.demo.views import bp as demo
from idp.enrolment.views import bp as enrolment
from idp.front import Front, Refused
from idp.house import House, hide_secrets, open_house
from idp.logs import set_up_logs
from idp.oidc.views import bp as oidc
from idp.pages.errors import error_page, request_reference, words
from idp.pages.frame import install_pages
from idp.proofing.views import bp as proofing
from idp.routes import match, undeclared
from idp.signin.texts import stale_form
from idp.signin.views import bp as signin


class UndeclaredRoutes(Exception):
    """The routes served and the table of routes differ."""


def create_app(house: House | None = None) -> Flask:
    """Build the one Flask application, doors included. Opens the house unless it is given one.

    Raises `UndeclaredRoutes` when a route is not in `idp.routes`.
    """
    set_up_logs()
    house = house or open_house()
    app = Flask("idp", static_folder=None)
    app.extensions[web.EXTENSION] = house
    app.config.update(
        SANDBOX=house.settings.sandbox,
        HSTS=house.settings.secure,
        MAX_CONTENT_LENGTH=1_000_000,
        PROPAGATE_EXCEPTIONS=False,
        SERVER_NAME=None,
    )
    install_pages(app)
    app.jinja_env.globals["csrf_token"] = web.form_token
    app.url_map.strict_slashes = False
    app.before_request(_check_form)
    app.after_request(web.set_cookies)
    app.add_url_rule("/", "start", _start)
    app.add_url_rule("/refused", "refused", _refused)
    rooms = (oidc, signin, proofing, enrolment, methods, account)
    for blueprint in (*rooms, *((demo,) if house.settings.sandbox else ())):
        app.register_blueprint(blueprint)
    rules = [(rule.rule, frozenset(rule.methods or ())) for rule in app.url_map.iter_rules()]
    problems = undeclared(rules, sandbox=house.settings.sandbox)
    if problems:
        raise UndeclaredRoutes("\n".join(problems))
    app.wsgi_app = Front(house, app.wsgi_app)  # type: ignore[method-assign]
    return app


def create_worker_app() -> Flask:
    """Build the application in a server's worker: secrets leave the environment first."""
    house = open_house()
    hide_secrets()
    os.environ.pop("IDP_SETTINGS_FILE", None)
    return create_app(house)


def _start() -> str:
    from idp.demo.views import start_page

    if web.house().settings.sandbox:
        return start_page()
    return render_template(
        "signin/start.html", sign_in=url_for("account.home"), enrol=url_for("enrolment.start")
    )


def _refused() -> Response:
    refusal = request.environ.get("gatehouse.refused")
    if not isinstance(refusal, Refused):
        abort(404)
    g.csp_form_action = "'none'"
    title, what_to_do = words(refusal.status)
    return error_page(
        refusal.status, title, f"{what_to_do} ({refusal.description})", request_reference()
    )


def _check_form() -> Response | None:
    """Let a POST of our own forms in only from a page we showed to this browser."""
    route = match(request.method, request.path)
    if route is None or not route.form_token or web.form_token_fits():
        return None
    title, paragraphs = stale_form()
    if web.browser_secret() is None:
        from idp.signin.actions import Stop
        from idp.signin.texts import stopped

        _status, title, paragraphs = stopped(Stop.COOKIES)
    return web.notice(400, title, paragraphs)
