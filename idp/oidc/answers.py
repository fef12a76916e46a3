"""Turn an authorization response into what the browser gets: a redirect or a form."""

from urllib.parse import urlencode

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.errors import Refusal
from idp.oidc.actions import Answer, Started
from idp.oidc.rules import add_query
from idp.web import notice, see_other
from idp.words import gettext as _


def send(answer: Answer | Started | Refusal) -> ResponseReturnValue:
    """Send the answer to the client by its response mode, go on with the journey that something
    is still missing from, or show our own page for a refusal."""
    if isinstance(answer, Refusal):
        return refused(answer)
    if isinstance(answer, Started):
        return see_other(url_for("signin.resume", ref=answer.journey))
    if answer.mode == "form_post":
        # No form-action: Chromium holds the whole chain after a POST against it, and the
        # callback may well send the browser on to another origin (measured, tests/journeys).
        page = render_template(
            "signin/form_post.html", redirect_uri=answer.redirect_uri, fields=answer.params
        )
        return make_response(page)
    if answer.mode == "fragment":
        response = redirect(f"{answer.redirect_uri}#{urlencode(answer.params)}", code=303)
    else:
        response = redirect(add_query(answer.redirect_uri, answer.params), code=303)
    response.headers["Cache-Control"] = "no-store"
    return response


def refused(refusal: Refusal) -> ResponseReturnValue:
    """Show that the service's request cannot be used: nothing in it is safe to redirect to."""
    return notice(
        400,
        _("The service sent a request we cannot use"),
        [
            _("This is not your fault, and nothing was changed."),
            _("Tell the service what stands here: %(code)s, %(said)s",
              code=refusal.code, said=refusal.description),
        ],
        reference=refusal.reference or None,
    )  # fmt: skip
