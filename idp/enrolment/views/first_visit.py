"""The pages before there is an account. Each takes one thing and ends at the step that is next."""

from datetime import timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import NameProblem
from idp.authentication import sessions
from idp.authentication.actions import HashedPassword
from idp.authentication.devices import device_words
from idp.enrolment import actions, limits, texts
from idp.enrolment.actions import CodeAnswer, Enrolment, Made, Stop
from idp.enrolment.addresses import AddressProblem, read_address, shown_address
from idp.enrolment.rules import Step
from idp.enrolment.views.common import (
    LONGEST_FIELD,
    bp,
    own_words,
    sign_in_address,
    stopped,
    take_password,
    too_often,
    waiting_journey,
)
from idp.pages.language import page_language
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.web import (
    browser_secret,
    caller_address,
    give_session,
    house,
    needed_browser_secret,
    see_other,
    session_secret,
)
from idp.words import gettext as _

CODE_MINUTES = limits.CODE_LASTS // timedelta(minutes=1)


@bp.get("/enrol")
def start() -> ResponseReturnValue:
    """Say what is needed and how long it takes."""
    return _start_page()


@bp.post("/enrol")
def begin() -> ResponseReturnValue:
    """Begin, in this browser, for the service that waits if there is one."""
    here, binding = house(), needed_browser_secret()
    wait = throttle.reserve(here.database, here.keyring, limits.start_limits(caller_address()))
    if wait is not None:
        return too_often(_start_page(texts.wait_for(wait)), wait)
    journey = waiting_journey()
    ref = here.database.transaction(
        lambda tx: actions.start(tx, browser_secret=binding, journey_ref=journey)
    )
    return see_other(url_for("enrolment.email", ref=ref))


@bp.get("/enrol/<ref>/email")
def email(ref: str) -> ResponseReturnValue:
    """Ask for the e-mail address, also to change one that no code was given for yet."""
    found = _at(ref, Step.EMAIL, Step.CODE)
    return found if not isinstance(found, Enrolment) else _email_page(found)


@bp.post("/enrol/<ref>/email")
def give_email(ref: str) -> ResponseReturnValue:
    """Take an address and send a code to it, whoever's it is."""
    found = _at(ref, Step.EMAIL, Step.CODE)
    if not isinstance(found, Enrolment):
        return found
    typed = request.form.get("email", "")[:LONGEST_FIELD]
    address = read_address(typed)
    if isinstance(address, AddressProblem):
        return _email_page(found, typed, texts.address_refused(address)), 422
    wait = _send(found, address)
    if wait is not None:
        return too_often(_email_page(found, typed, texts.wait_for(wait)), wait)
    return see_other(url_for("enrolment.code", ref=ref))


@bp.get("/enrol/<ref>/code")
def code(ref: str) -> ResponseReturnValue:
    """Ask for the code that was mailed."""
    found = _at(ref, Step.CODE)
    return found if not isinstance(found, Enrolment) else _code_page(found)


@bp.post("/enrol/<ref>/code")
def give_code(ref: str) -> ResponseReturnValue:
    """Take the code: counted first, then spent; or send a new one, which voids the old."""
    found = _at(ref, Step.CODE)
    if not isinstance(found, Enrolment):
        return found
    if request.form.get("again"):
        wait = _send(found, found.email or "")
        if wait is not None:
            return too_often(_code_page(found, texts.wait_for(wait)), wait)
        return see_other(url_for("enrolment.code", ref=ref))
    typed = request.form.get("code", "").replace(" ", "")
    if not typed:
        return _code_page(found, _("Type in the code from the mail")), 422
    here = house()
    if found.code_ref is None:
        return _code_page(found, texts.code_refused(CodeAnswer.TOO_OLD)), 422
    wait = actions.reserve_try(here.database, here.keyring, found, address=caller_address())
    if wait is not None:
        return too_often(_code_page(found, texts.wait_for(wait)), wait)
    answer = here.database.transaction(
        lambda tx: actions.confirm_address(tx, here.keyring, found, typed)
    )
    if answer is not CodeAnswer.RIGHT:
        return _code_page(found, texts.code_refused(answer)), 422
    return _go_on(ref)


@bp.get("/enrol/<ref>/name")
def name(ref: str) -> ResponseReturnValue:
    """Say, once the address is confirmed, that it has an account, and ask whose it is."""
    found = _at(ref, Step.NAME)
    return found if not isinstance(found, Enrolment) else _name_page(found)


@bp.post("/enrol/<ref>/name")
def give_name(ref: str) -> ResponseReturnValue:
    """Go to the account that is there already, or take a name for another one."""
    found = _at(ref, Step.NAME)
    if not isinstance(found, Enrolment):
        return found
    whose, typed = request.form.get("whose", ""), request.form.get("name", "")[:LONGEST_FIELD]
    if whose == "mine":
        return see_other(sign_in_address(found.journey_ref))
    if whose == "lost":
        return see_other(url_for("enrolment.recover", journey=found.journey_ref))
    if whose != "new":
        return _name_page(found, error=_("Choose one"), field="whose"), 422
    here = house()
    wait = actions.reserve_name(here.database, here.keyring, found, address=caller_address())
    if wait is not None:
        return too_often(_name_page(found, typed, texts.wait_for(wait)), wait)
    problem = here.database.transaction(lambda tx: actions.choose_name(tx, found, typed))
    if problem is not None:
        return _name_page(found, typed, texts.name_refused(problem)), 422
    return _go_on(ref)


@bp.get("/enrol/<ref>/password")
def password(ref: str) -> ResponseReturnValue:
    """Ask for a password, and offer a passkey instead."""
    found = _at(ref, Step.PASSWORD)
    return found if not isinstance(found, Enrolment) else _password_page(found)


@bp.post("/enrol/<ref>/password")
def give_password(ref: str) -> ResponseReturnValue:
    """Take a password, hashed outside any transaction, and make the account with it."""
    found = _at(ref, Step.PASSWORD)
    if not isinstance(found, Enrolment):
        return found
    if request.form.get("instead") == "passkey":
        return _make(found, None)
    hashed = take_password(
        own_words(found.name, found.email), lambda said: _password_page(found, said)
    )
    if not isinstance(hashed, HashedPassword):
        return hashed
    return _make(found, hashed)


def _make(found: Enrolment, hashed: HashedPassword | None) -> ResponseReturnValue:
    here, secret = house(), session_secret()

    def work(tx: Transaction) -> Made | NameProblem | None:
        before = sessions.find(tx, secret) if secret else None
        device = device_words(request.headers.get("User-Agent", ""))
        return actions.make_account(
            tx, here.keyring, found.ref, password=hashed, before=before, device=device
        )

    made = here.database.transaction(work)
    if isinstance(made, Made):
        give_session(made.secret)
        if hashed is None:
            return see_other("/methods/passkey?to=enrol")
    return _go_on(found.ref)


def _send(found: Enrolment, address: str) -> timedelta | None:
    here, locale = house(), page_language()
    wait = actions.reserve_mail(
        here.database, here.keyring, ref=found.ref, email=address, address=caller_address()
    )
    if wait is None:
        here.database.transaction(
            lambda tx: actions.send_code(tx, here.keyring, found.ref, address, locale=locale)
        )
    return wait


def _locate(ref: str) -> Enrolment | Stop:
    secret = browser_secret()
    return house().database.read(lambda tx: actions.locate(tx, ref, browser_secret=secret))


def _at(ref: str, *steps: Step) -> Enrolment | ResponseReturnValue:
    """Answer the enrolment if one of `steps` is what it needs; else where to go."""
    found = _locate(ref)
    if isinstance(found, Stop):
        return stopped(found, url_for("enrolment.start"))
    return found if found.step in steps else _send_on(found)


def _go_on(ref: str) -> ResponseReturnValue:
    found = _locate(ref)
    return (
        stopped(found, url_for("enrolment.start")) if isinstance(found, Stop) else _send_on(found)
    )


def _send_on(found: Enrolment) -> ResponseReturnValue:
    if found.step is Step.RESUME:
        return see_other(url_for("enrolment.resume"))
    return see_other(url_for(f"enrolment.{found.step}", ref=found.ref))


def _start_page(error: str | None = None) -> str:
    journey, secret = waiting_journey(), session_secret()
    session = sessions.look_up(house().database, secret) if secret else None
    return render_template(
        "enrolment/start.html",
        action=url_for("enrolment.begin", journey=journey),
        signed_in_as=session.sign_in_name if session else None,
        go_on_href=url_for("enrolment.resume", journey=journey) if session else None,
        sign_in_href=sign_in_address(journey),
        error=error,
    )


def _email_page(found: Enrolment, typed: str = "", error: str | None = None) -> str:
    return render_template(
        "enrolment/email.html",
        action=url_for("enrolment.give_email", ref=found.ref),
        email=typed or shown_address(found.email or ""),
        error=error,
    )


def _code_page(found: Enrolment, error: str | None = None) -> str:
    return render_template(
        "enrolment/code.html",
        action=url_for("enrolment.give_code", ref=found.ref),
        email=shown_address(found.email or ""),
        minutes=CODE_MINUTES,
        change_href=url_for("enrolment.email", ref=found.ref),
        error=error,
    )


def _name_page(
    found: Enrolment, typed: str = "", error: str | None = None, field: str = "name"
) -> str:
    return render_template(
        "enrolment/name.html",
        action=url_for("enrolment.give_name", ref=found.ref),
        email=shown_address(found.email or ""),
        accounts=[shown_address(one) for one in found.accounts],
        name=typed,
        error=error,
        field=field,
    )


def _password_page(found: Enrolment, error: str | None = None) -> str:
    return render_template(
        "enrolment/password.html",
        action=url_for("enrolment.give_password", ref=found.ref),
        name=shown_address(found.name),
        error=error,
    )
