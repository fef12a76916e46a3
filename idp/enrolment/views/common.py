"""What the pages of this room share: the blueprint, and what waits for a person here."""

from collections.abc import Callable, Collection
from datetime import timedelta

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.actions import HashedPassword, hash_password
from idp.authentication.common import common_passwords
from idp.authentication.hashing import Busy
from idp.authentication.rules import password_problem
from idp.enrolment import texts
from idp.enrolment.actions import Stop
from idp.enrolment.addresses import shown_address
from idp.signin import actions as signin
from idp.signin.asking import locate
from idp.web import house, notice, retry_after
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
    return make_response(page, status, retry_after(wait))


def take_password(
    words: Collection[str], again: Callable[[str], str]
) -> HashedPassword | ResponseReturnValue:
    """Read the new password of a form and hash it, outside any transaction; else its page `again`.

    `words` are what others know of its owner. It has to do alone, for nothing else may be asked.
    """
    typed = request.form.get("password", "")[:LONGEST_FIELD]
    problem = password_problem(typed, common=common_passwords(), own_words=words, alone=True)
    if not typed or problem is not None:
        said = texts.password_refused(problem) if typed and problem else _("Choose a password")
        return again(said), 422
    try:
        return hash_password(house().gate, typed)
    except Busy as busy:
        wait = timedelta(seconds=busy.retry_after_seconds)
        return too_often(again(texts.busy()), wait, status=503)
