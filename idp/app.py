"""Puts the house together; the only file that knows every room."""

import os

from flask import Flask, render_template, url_for

from idp import web
from idp.account.views import bp as account
from idp.application import new_application, served, stop_on
from idp.assurance.views import bp as assurance
from idp.assurance.views.approved import bp as approved
from idp.authentication.number_views import bp as methods
from idp.delegation.views import bp as helping
from idp.demo.views import bp as demo
from idp.enrolment.views import bp as enrolment
from idp.front import Front
from idp.house import House, hide_secrets, open_house
from idp.logs import set_up_logs
from idp.oidc.views import bp as oidc
from idp.organisations.views import bp as organisations
from idp.proofing.views import bp as proofing
from idp.routes import PUBLIC_TABLE, undeclared
from idp.signin.views import bp as signin


def create_app(house: House | None = None) -> Flask:
    """Build the one Flask application, doors included. Opens the house unless it is given one.

    Raises `UndeclaredRoutes` when a route is not in `idp.routes`.
    """
    set_up_logs()
    house = house or open_house()
    app = new_application(house, PUBLIC_TABLE, HSTS=house.settings.secure)
    app.add_url_rule("/", "start", _start)
    rooms = (
        oidc, signin, proofing, enrolment, methods, account, organisations, helping, assurance,
        approved,
    )  # fmt: skip
    for blueprint in (*rooms, *((demo,) if house.settings.sandbox else ())):
        app.register_blueprint(blueprint)
    stop_on(undeclared(served(app), sandbox=house.settings.sandbox))
    app.wsgi_app = Front(house, app.wsgi_app)  # type: ignore[method-assign]
    return app


def create_worker_app() -> Flask:
    """Build the application in a server's worker: secrets leave the environment first."""
    house = open_house(watch=True)
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
