"""Error pages: what happened, what to do now, and a reference to quote."""

import logging

from flask import Flask, Response, g, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from idp.journal.actions import random_spoken

log = logging.getLogger(__name__)


def install(app: Flask) -> None:
    """Answer refused and failed requests of `app` with a page."""
    app.register_error_handler(HTTPException, refused)
    app.register_error_handler(Exception, failed)


def new_reference() -> str:
    """Make a reference a person can read out, such as `K7QF-2MXB`; it says nothing by itself."""
    return f"{random_spoken(4)}-{random_spoken(4)}"


def request_reference() -> str:
    """Give this request's reference: `flask.g.reference` when something set it, else a new one."""
    if "reference" not in g:
        g.reference = new_reference()
    return str(g.reference)


def error_page(status: int, title: str, what_to_do: str, reference: str) -> Response:
    """Make the page for an error: `title` says what happened, `what_to_do` what helps now."""
    page = render_template(
        "error.html", title=title, what_to_do=what_to_do, reference=reference, status=status
    )
    return make_response(page, status)


def words(status: int) -> tuple[str, str]:
    """Give title and advice for an HTTP status; one not listed speaks as 400 or 500 does."""
    known = {
        400: (
            _("We could not read what was sent"),
            _("Go back and try again. If you typed the web address, check that it is right."),
        ),
        403: (
            _("You cannot see this page"),
            _("If you think you should be able to, sign in again or go back to the service."),
        ),
        404: (
            _("Page not found"),
            _("If you typed the web address, check that it is right. If you pasted it, check that "
              "you copied all of it."),
        ),
        405: (
            _("This page cannot be opened in that way"),
            _("Go back to the service you came from and start again."),
        ),
        413: (
            _("What was sent is too big"),
            _("Go back and send something smaller."),
        ),
        429: (
            _("There were too many tries"),
            _("Wait a few minutes, then try again."),
        ),
        500: (
            _("Sorry, something went wrong"),
            _("It is not your fault. Try again in a few minutes. If it goes wrong again, tell us "
              "the reference on this page."),
        ),
        503: (
            _("Sorry, we are too busy just now"),
            _("Try again in a few minutes. What you did before this page is kept."),
        ),
    }  # fmt: skip
    return known.get(status) or known[500 if status >= 500 else 400]


def asked_for() -> str:
    """The address that was asked for, without what opens something by itself: a letter's code is
    too short for the mask of the logs to know it."""
    token = (request.view_args or {}).get("token")
    return request.path.replace(token, "[masked]") if token else request.path


def refused(error: HTTPException) -> Response | HTTPException:
    """Answer an HTTP error with its page, keeping headers such as Allow and Retry-After."""
    status = error.code
    # A redirect of the router, and an answer a view made itself, are raised like errors too.
    if error.response is not None or status is None or status < 400:
        return error
    reference = request_reference()
    log.info("refused %s %s with %d, reference %s", request.method, asked_for(), status, reference)
    page = error_page(status, *words(status), reference)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            page.headers[name] = value
    return page


def failed(error: Exception) -> Response:
    """Answer a fault of ours with a plain page, and keep the trace under its reference."""
    reference = request_reference()
    log.error("failed %s %s, reference %s", request.method, asked_for(), reference, exc_info=error)
    return error_page(500, *words(500), reference)
