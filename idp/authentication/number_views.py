"""The pages that set up codes by text message, and codes by e-mail."""

from datetime import timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.conditions import counts
from idp.assurance.policy import ACCOUNT
from idp.authentication import numbers, phones, texts
from idp.authentication.held import EMAIL_CODE, SMS_CODE
from idp.authentication.phones import NotConfirmed, Offered
from idp.authentication.sessions import SessionFacts
from idp.authentication.tries import Refusal
from idp.authentication.views import bp, end, finish, let_in, shown, to
from idp.web import caller_address, house, retry_after, see_other

__all__ = ["bp"]


@bp.get("/methods/text")
def text() -> ResponseReturnValue:
    """Ask for the number of a phone that takes text messages."""
    session = let_in()
    return _number_page(session) if isinstance(session, SessionFacts) else session


@bp.post("/methods/text")
def send_to_number() -> ResponseReturnValue:
    """Send a code to the number, to see that its holder is there."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    here, typed = house(), request.form.get("number", "").strip()
    number = numbers.read_number(typed)
    if number is None:
        return _number_page(session, texts.number_refused(), typed[: numbers.LONGEST_TYPED]), 422
    refusal = phones.reserve_offer(
        here.database, here.keyring, session=session, number=number, address=caller_address()
    )
    if refusal is not None:
        said, headers = _too_often(refusal)
        return _number_page(session, said, typed), 429, headers
    here.database.transaction(lambda tx: phones.offer(tx, here.keyring, session, number))
    return see_other(url_for("methods.text_check") + to())


@bp.get("/methods/text/check")
def text_check() -> ResponseReturnValue:
    """Ask for the code that was sent to the number."""
    session = let_in(return_to=url_for("methods.text"))
    if not isinstance(session, SessionFacts):
        return session
    waits = _waits(session)
    return _check_page(session, waits) if waits else see_other(url_for("methods.text") + to())


@bp.post("/methods/text/check")
def confirm_number() -> ResponseReturnValue:
    """Take the code: the number is the account's from here on."""
    session = let_in(return_to=url_for("methods.text"))
    if not isinstance(session, SessionFacts):
        return session
    here, waits = house(), _waits(session)
    if waits is None:
        return _number_page(session, texts.no_number_waits()), 422
    refusal = phones.reserve_confirm(here.database, here.keyring, waits, caller_address())
    if refusal is not None:
        said, headers = _too_often(refusal)
        return _check_page(session, waits, said), 429, headers
    typed = "".join(request.form.get("code", "")[:40].split())
    added = here.database.transaction(
        lambda tx: phones.confirm(tx, here.keyring, session, waits, typed)
    )
    if isinstance(added, NotConfirmed):
        return _check_page(session, waits, texts.number_code_wrong()), 422
    return finish(added)


@bp.get("/methods/email-code")
def email_code() -> ResponseReturnValue:
    """Say what codes by e-mail are good for, and offer them."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    return render_template(
        "methods/email_code.html",
        action=url_for("methods.choose_email_code") + to(),
        email=session.email,
        chosen=EMAIL_CODE in session.held,
        counts=_may_choose_email(session),
        shown=shown(session),
        back=end(),
    )


@bp.post("/methods/email-code")
def choose_email_code() -> ResponseReturnValue:
    """Let the account be signed in to by codes to its address."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    here = house()
    if not _may_choose_email(session):
        return see_other(url_for("methods.email_code") + to())
    here.database.transaction(lambda tx: phones.choose_email(tx, here.keyring, session))
    return see_other(end())


def _may_choose_email(session: SessionFacts) -> bool:
    return counts(house().policies.methods_for(ACCOUNT, session.circumstances()), EMAIL_CODE)


def _number_page(session: SessionFacts, error: str | None = None, typed: str = "") -> str:
    return render_template(
        "methods/text.html",
        action=url_for("methods.send_to_number") + to(),
        number=typed,
        replaces=SMS_CODE in session.held,
        days=_days(),
        shown=shown(session),
        back=end(),
        error=error,
    )


def _check_page(session: SessionFacts, waits: Offered, error: str | None = None) -> str:
    return render_template(
        "methods/text_check.html",
        action=url_for("methods.confirm_number") + to(),
        number=numbers.masked(waits.number),
        again=url_for("methods.text") + to(),
        shown=shown(session),
        back=end(),
        error=error,
    )


def _waits(session: SessionFacts) -> Offered | None:
    keyring = house().keyring
    return house().database.read(lambda tx: phones.offered(tx, keyring, session))


def _days() -> int:
    """How many days it takes until codes to a new number count, as policy says today."""
    listed = house().policies.methods.get(SMS_CODE)
    return -(-listed.not_after_move_hours // 24) if listed else 0


def _too_often(refusal: Refusal) -> tuple[str, dict[str, str]]:
    wait = refusal.wait or timedelta(days=1)
    return texts.too_often(wait), retry_after(wait)
