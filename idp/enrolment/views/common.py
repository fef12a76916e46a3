"""What the pages of this room share: the blueprint, and what waits for a person here."""

from datetime import timedelta

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue

from idp.enrolment import texts
from idp.enrolment.actions import Stop
from idp.enrolment.addresses import shown_address
from idp.signin import actions as signin
from idp.signin.asking import locate
from idp.web import notice
from idp.words import gettext as _

bp = Blueprint("enrolment", __name__)
LONGEST_FIELD = 1024  # characters that are looked at of anything typed in a line


def waiting_journey() -> str | None:
    """Answer the journey that the address names, if it is this browser's and still open."""
    ref = request.args.get("journey", "")
    if not ref:
        return None
    return None if isinstance(locate(ref), signin.Stop) else ref


def sign_in_address(journey_ref: str | None) -> str:
    """Answer where to sign in: the journey that waits, else the account's own page."""
    return url_for("signin.resume", ref=journey_ref) if journey_ref else url_for("account.home")


def own_words(name: str, email: str | None) -> tuple[str, ...]:
    """What others know of somebody, so that it is no password: name and address."""
    return tuple(word for word in (name, email, shown_address(email or "")) if word)


def stopped(stop: Stop, again: str) -> ResponseReturnValue:
    """Show why it cannot go on here, and where to start again."""
    status, title, paragraphs = texts.stopped(stop)
    return notice(status, title, paragraphs, link=(again, _("Start again")))


def too_often(page: str, wait: timedelta, status: int = 429) -> ResponseReturnValue:
    """Answer a page that says to wait."""
    seconds = str(max(1, int(wait.total_seconds())))
    return make_response(page, status, {"Retry-After": seconds})
