"""A small application with nothing but the page frame."""

import pytest
from flask import Flask, render_template
from flask.testing import FlaskClient

from idp.pages.frame import install_pages
from tests.pages.samples import CASES, hostile


def page_app(**config: object) -> Flask:
    """Make an application that shows each sample page, plain and hostile."""
    app = Flask("idp", static_folder=None)
    app.config.update(config)
    install_pages(app)
    app.jinja_env.globals["csrf_token"] = lambda: "form-token"

    @app.get("/page/<case>")
    def page(case: str) -> str:
        template, context = CASES[case]
        return render_template(template, **context)

    @app.get("/hostile/<case>")
    def attacked(case: str) -> str:
        template, context = CASES[case]
        return render_template(template, **hostile(context))

    @app.route("/landed", methods=["GET", "POST"])
    def landed() -> str:
        return "landed"

    return app


@pytest.fixture(scope="session")
def app() -> Flask:
    return page_app(SANDBOX=True)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
