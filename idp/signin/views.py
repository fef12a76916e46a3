"""The pages of a journey. Each takes one answer and ends at `resume` (decision 11)."""

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import actions as authentication
from idp.authentication.actions import PasswordProved, Reason, Refusal
from idp.callers.clients import Client
from idp.delegation import actions as delegation
from idp.oidc import actions as oidc
from idp.oidc.answers import send
from idp.signin import actions, texts
from idp.signin.actions import Position, Stop
from idp.signin.rules import Step
from idp.storage import Transaction
from idp.web import (
    browser_secret,
    caller_address,
    give_session,
    house,
    notice,
    see_other,
    session_secret,
)
from idp.words import gettext as _

bp = Blueprint("signin", __name__)
PAGES = {Step.PASSWORD: "password", Step.CODE: "code", Step.WHO: "who", Step.CONSENT: "consent"}
LONGEST_PASSWORD_FIELD = 1024


@bp.get("/sign-in/<ref>")
def resume(ref: str) -> ResponseReturnValue:
    """Ask what this journey still needs, and go there; or end it."""
    found = _locate(ref)
    if isinstance(found, Stop):
        return _stopped(found)
    if found.next.step is Step.REFUSE:
        return _refuse(found)
    if found.next.step is not Step.ISSUE:
        return see_other(url_for(f"signin.{PAGES[found.next.step]}", ref=ref))
    if found.journey.client_id is None:
        return _return_home(found)
    answer = oidc.finish(house().database, house().services, found)
    return _stopped(Stop.FINISHED) if answer is None else send(answer)


@bp.get("/sign-in/<ref>/password")
def password(ref: str) -> ResponseReturnValue:
    """Ask for e-mail address and password."""
    found = _at(ref, Step.PASSWORD)
    return found if not isinstance(found, Position) else _password_page(found)


@bp.post("/sign-in/<ref>/password")
def give_password(ref: str) -> ResponseReturnValue:
    """Take a password: counted first, hashed outside any transaction, then spent in one."""
    found = _at(ref, Step.PASSWORD)
    if not isinstance(found, Position):
        return found
    email = request.form.get("email", "").strip()
    secret = request.form.get("password", "")
    if not email or not secret:
        return _password_page(found, email, _("Type in your email address and your password"))
    checked = authentication.check_password(
        house().database,
        house().keyring,
        house().gate,
        sign_in_name=email,
        password=secret[:LONGEST_PASSWORD_FIELD],
        address=caller_address(),
    )
    if not isinstance(checked, PasswordProved):
        return _refused_page(_password_page(found, email, _said(checked, Step.PASSWORD)), checked)
    new = house().database.transaction(
        lambda tx: actions.accept_password(
            tx, house().keyring, checked, session=found.session, journey=found.journey
        )
    )
    if new is not None:
        give_session(new)
    return see_other(url_for("signin.resume", ref=ref))


@bp.get("/sign-in/<ref>/code")
def code(ref: str) -> ResponseReturnValue:
    """Ask for a one-time code, and say why."""
    found = _at(ref, Step.CODE)
    return found if not isinstance(found, Position) else _code_page(found)


@bp.post("/sign-in/<ref>/code")
def give_code(ref: str) -> ResponseReturnValue:
    """Take a one-time code: counted first, then spent with what it buys."""
    found = _at(ref, Step.CODE)
    if not isinstance(found, Position) or found.session is None:
        return found if not isinstance(found, Position) else _stopped(Stop.EXPIRED)
    session, typed = found.session, request.form.get("code", "").replace(" ", "")
    if not typed:
        return _code_page(found, _("Type in the code that your app shows"))
    refusal = authentication.reserve_code(
        house().database, house().keyring, account_ref=session.account_ref, address=caller_address()
    )
    if refusal is not None:
        return _refused_page(_code_page(found, _said(refusal, Step.CODE)), refusal)
    new = house().database.transaction(
        lambda tx: actions.accept_code(
            tx, house().keyring, typed, session=session, journey=found.journey
        )
    )
    if new is None:
        return _refused_page(_code_page(found, texts.wrong_code()), Refusal(Reason.WRONG))
    give_session(new)
    return see_other(url_for("signin.resume", ref=ref))


@bp.get("/sign-in/<ref>/who")
def who(ref: str) -> ResponseReturnValue:
    """Ask whom the person is doing this for."""
    found = _at(ref, Step.WHO)
    return found if not isinstance(found, Position) else _who_page(found)


@bp.post("/sign-in/<ref>/who")
def choose(ref: str) -> ResponseReturnValue:
    """Take the choice; whether the mandate allows it is asked again when the code is issued."""
    found = _at(ref, Step.WHO)
    if not isinstance(found, Position):
        return found
    chosen = request.form.get("who", "")
    if chosen == "back":
        return _abandon(found, "access_denied", "the person went back")
    if chosen != oidc.SELF and chosen not in {mandate.ref for mandate in _usable(found)}:
        return _who_page(found, _("Choose who you are doing this for")), 422
    house().database.transaction(lambda tx: actions.choose(tx, found, chosen))
    return see_other(url_for("signin.resume", ref=ref))


@bp.get("/sign-in/<ref>/consent")
def consent(ref: str) -> ResponseReturnValue:
    """Ask whether the service may have what it wants."""
    found = _at(ref, Step.CONSENT)
    if not isinstance(found, Position):
        return found
    return render_template(
        "signin/consent.html",
        service_name=_service_name(found),
        action=url_for("signin.agree", ref=ref),
        scopes=_wishes(str(found.journey.request["params"].get("scope", ""))),
    )


@bp.post("/sign-in/<ref>/consent")
def agree(ref: str) -> ResponseReturnValue:
    """Take the answer: yes goes on, anything else ends the journey at the service."""
    found = _at(ref, Step.CONSENT)
    if not isinstance(found, Position):
        return found
    if request.form.get("consent") != "yes":
        return _abandon(found, "access_denied", "the person said no")
    house().database.transaction(lambda tx: actions.consent(tx, found))
    return see_other(url_for("signin.resume", ref=ref))


def _locate(ref: str) -> Position | Stop:
    here = house()

    def work(tx: Transaction) -> Position | Stop:
        return actions.locate(
            tx,
            here.policies,
            ref,
            browser_secret=browser_secret(),
            session_secret=session_secret(),
        )

    return here.database.read(work)


def _at(ref: str, step: Step) -> Position | ResponseReturnValue:
    """Answer the journey if `step` is what it needs now; else where the browser should go."""
    found = _locate(ref)
    if isinstance(found, Stop):
        return _stopped(found)
    wished = str(found.journey.request.get("params", {}).get("ui_locales", ""))
    g.ui_locales = wished.split()  # in the service's order; what we lack is passed over
    if found.next.step is not step:  # the back button, or a page left open
        return see_other(url_for("signin.resume", ref=ref))
    return found


def _stopped(stop: Stop) -> ResponseReturnValue:
    status, title, paragraphs = texts.stopped(stop)
    return notice(status, title, paragraphs, link=("/account", _("Go to your Gatehouse page")))


def _password_page(found: Position, email: str = "", error: str | None = None) -> str:
    name = _service_name(found)
    hint = found.journey.request.get("params", {}).get("login_hint", "")
    again = found.session.sign_in_name if found.session else ""
    return render_template(
        "signin/password.html",
        service_name=name,
        action=url_for("signin.give_password", ref=found.journey.ref),
        email=email or again or hint,
        error=error,
        why=texts.why_asked(found.next.why, found.next.step, name),
    )


def _code_page(found: Position, error: str | None = None) -> str:
    name = _service_name(found)
    return render_template(
        "signin/code.html",
        service_name=name,
        action=url_for("signin.give_code", ref=found.journey.ref),
        why=texts.why_asked(found.next.why, found.next.step, name),
        error=error,
    )


def _who_page(found: Position, error: str | None = None) -> str:
    session = found.session
    name = f"{session.given_name} {session.family_name}" if session and session.given_name else ""
    return render_template(
        "signin/who.html",
        service_name=_service_name(found),
        action=url_for("signin.choose", ref=found.journey.ref),
        self_name=name,
        people=[
            {"ref": mandate.ref, "name": mandate.principal_name, "until": mandate.expires}
            for mandate in _usable(found)
        ],
        error=error,
    )


def _usable(found: Position) -> list[delegation.HeldMandate]:
    session, client_id = found.session, found.journey.client_id
    if session is None or session.person_ref is None or client_id is None:
        return []
    person = session.person_ref
    return house().database.read(lambda tx: delegation.usable(tx, person, client_id))


def _service_name(found: Position) -> str:
    client = _client(found)
    return client.client_name if client else _("Gatehouse")


def _client(found: Position) -> Client | None:
    client_id = found.journey.client_id
    if client_id is None:
        return None
    return house().database.read(lambda tx: house().services.clients.get(tx, client_id))


def _said(refusal: Refusal, step: Step) -> str:
    return texts.proof_refused(refusal, step)


def _refused_page(page: str, refusal: Refusal) -> ResponseReturnValue:
    status = {Reason.BUSY: 503, Reason.WAIT: 429, Reason.SHUT: 429}.get(refusal.reason, 422)
    headers = {}
    if refusal.wait is not None:
        headers["Retry-After"] = str(max(1, int(refusal.wait.total_seconds())))
    return page, status, headers


def _refuse(found: Position) -> ResponseReturnValue:
    if found.journey.client_id is not None:
        said = f"{found.next.why}: {found.next.demand} is needed"
        return _abandon(found, "unmet_authentication_requirements", said)
    title, paragraphs = texts.refused(found.next.why, _service_name(found))
    return notice(403, title, paragraphs)


def _abandon(found: Position, code: str, description: str) -> ResponseReturnValue:
    if found.journey.client_id is None:
        return see_other("/")
    answer = oidc.abandon(house().database, house().services, found.journey, code, description)
    return _stopped(Stop.FINISHED) if answer is None else send(answer)


def _return_home(found: Position) -> ResponseReturnValue:
    house().database.transaction(lambda tx: actions.finish(tx, found.journey))
    return see_other(str(found.journey.request["return_to"]))


def _wishes(scope: str) -> list[str]:
    words = {
        "profile": _("see your name, date of birth and sex"),
        "email": _("see your email address"),
        "address": _("see your address"),
        "phone": _("see your phone number"),
        "national_insurance_number": _("see your National Insurance number"),
        "offline_access": _("use this also when you are not here"),
    }
    return [words[name] for name in scope.split() if name in words]
