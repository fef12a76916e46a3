"""The pages that ask for one proof each, and the choice among them. The rest is in `views`."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import sign_in_level
from idp.authentication import actions as authentication
from idp.authentication import passkeys, recovery_codes, remembered, sessions, webauthn
from idp.authentication.actions import PasswordProved, Reason, Refusal
from idp.authentication.devices import device_words
from idp.authentication.sessions import SessionFacts
from idp.callers.clients import Client
from idp.oidc import actions as oidc
from idp.oidc.answers import send
from idp.signin import accepting, actions, texts
from idp.signin.actions import Position, Stop
from idp.signin.rules import TWO_CHECKS, Step
from idp.signin.weighing import needs_weighing, weigh
from idp.storage import Transaction
from idp.web import (
    browser_secret,
    caller_address,
    give_device,
    give_session,
    house,
    needed_browser_secret,
    notice,
    retry_after,
    see_other,
    seen_here,
    session_secret,
)
from idp.words import gettext as _

bp = Blueprint("signin", __name__)
ASKED = (Step.PASSWORD, Step.PASSKEY, Step.CODE, Step.RECOVERY_CODE)
LONGEST_PASSWORD_FIELD = 1024


def ask(ref: str, step: Step) -> ResponseReturnValue:
    """Ask for one proof, and say why."""
    found = at(ref, step)
    return page(found, step) if isinstance(found, Position) else found


for _step in ASKED:
    bp.add_url_rule(f"/sign-in/<ref>/{_step}", str(_step), ask, defaults={"step": _step})


@bp.get("/sign-in/<ref>/ways")
def ways(ref: str) -> ResponseReturnValue:
    """List every way that would do now, and the way back for whoever has none of them left."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    if not found.next.ways:
        return see_other(url_for("signin.resume", ref=ref))
    return render_template(
        "signin/ways.html",
        service_name=service_name(found),
        ways=[(url_for(f"signin.{way}", ref=ref), texts.way(way)) for way in found.next.ways],
        recover=url_for("enrolment.recover", journey=ref),
    )


@bp.post("/sign-in/<ref>/password")
def give_password(ref: str) -> ResponseReturnValue:
    """Take a password: counted first, hashed outside any transaction, then spent in one."""
    found = at(ref, Step.PASSWORD)
    if not isinstance(found, Position):
        return found
    email = request.form.get("email", "").strip()
    secret = request.form.get("password", "")
    if not email or not secret:
        return page(found, Step.PASSWORD, texts.nothing_typed(Step.PASSWORD), email)
    checked = authentication.check_password(
        house().database,
        house().keyring,
        house().gate,
        sign_in_name=email,
        password=secret[:LONGEST_PASSWORD_FIELD],
        address=caller_address(),
    )
    if not isinstance(checked, PasswordProved):
        return refuse(found, Step.PASSWORD, checked, email)
    new = house().database.transaction(
        lambda tx: accepting.accept_password(
            tx, house().keyring, checked, session=found.session, journey=found.journey,
            device=this_device(),
        )
    )  # fmt: skip
    if new is not None:
        give_session(new)
    return see_other(url_for("signin.resume", ref=ref))


@bp.post("/sign-in/<ref>/passkey")
def give_passkey(ref: str) -> ResponseReturnValue:
    """Take a passkey's answer to our challenge. Only its address is counted: nobody guesses a
    key, and wrong passwords must not shut it."""
    found = at(ref, Step.PASSKEY)
    if not isinstance(found, Position):
        return found
    refusal = passkeys.reserve_passkey(house().database, house().keyring, caller_address())
    if refusal is not None:
        return refuse(found, Step.PASSKEY, refusal)
    party = webauthn.relying_party(house().settings.issuer)

    def accept(tx: Transaction) -> str | None:
        return accepting.accept_passkey(
            tx, party, request.form.get("passkey", ""), browser_secret=needed_browser_secret(),
            session=found.session, journey=found.journey, device=this_device(),
        )  # fmt: skip

    return go_on(found, Step.PASSKEY, accept)


@bp.post("/sign-in/<ref>/code")
def give_code(ref: str) -> ResponseReturnValue:
    """Take a one-time code."""

    def reserve(session: SessionFacts) -> Refusal | None:
        return authentication.reserve_code(
            house().database,
            house().keyring,
            account_ref=session.account_ref,
            address=caller_address(),
        )

    return _give_secret(ref, Step.CODE, reserve, accepting.accept_code)


@bp.post("/sign-in/<ref>/recovery-code")
def give_recovery_code(ref: str) -> ResponseReturnValue:
    """Take a printed code."""

    def reserve(session: SessionFacts) -> Refusal | None:
        return recovery_codes.reserve_recovery_code(
            house().database, house().keyring, session.account_ref, caller_address()
        )

    return _give_secret(ref, Step.RECOVERY_CODE, reserve, accepting.accept_recovery_code)


def _give_secret(
    ref: str,
    step: Step,
    reserve: Callable[[SessionFacts], Refusal | None],
    accept: Callable[..., str | None],
) -> ResponseReturnValue:
    """Take a code: counted first, then spent with what it buys."""
    found = at(ref, step)
    if not isinstance(found, Position):
        return found
    session, typed = found.session, request.form.get("code", "").strip()
    if session is None:  # next_step asks nobody for a code who is not signed in
        return stopped(Stop.EXPIRED)
    if not typed:
        return page(found, step, texts.nothing_typed(step))
    refusal = reserve(session)
    if refusal is not None:
        return refuse(found, step, refusal)
    return go_on(
        found,
        step,
        lambda tx: accept(tx, house().keyring, typed, session=session, journey=found.journey),
    )


def go_on(
    found: Position,
    step: Step,
    accept: Callable[[Transaction], str | None],
    wrong: Callable[[], ResponseReturnValue] | None = None,
) -> ResponseReturnValue:
    """Take a proof in one transaction, remember this browser with it where that was wished, and
    let the journey pick the next page. `wrong` answers a proof that was not taken."""

    def work(tx: Transaction) -> tuple[str | None, str | None]:
        new = accept(tx)
        wished = new is not None and request.form.get("remember") == "yes"
        return new, _remember(tx, found, new) if new and wished else None

    new, device = house().database.transaction(work)
    if new is None:
        return wrong() if wrong else refuse(found, step, Refusal(Reason.WRONG))
    give_session(new)
    if device is not None:
        give_device(device)
    return see_other(url_for("signin.resume", ref=found.journey.ref))


def _remember(tx: Transaction, found: Position, secret: str) -> str | None:
    """Remember this browser, if two checks were made in it."""
    session = sessions.find(tx, secret)
    if session is None:
        return None
    methods = actions.methods_of(house().policies, found.journey, session)
    if sign_in_level(session.proofs, methods) < TWO_CHECKS:
        return None
    return remembered.remember(tx, session.account_ref, session.now, this_device())


def refuse(found: Position, step: Step, refusal: Refusal, email: str = "") -> ResponseReturnValue:
    """Say why a proof was not taken, on the page that asked for it."""
    status = {Reason.BUSY: 503, Reason.WAIT: 429, Reason.SHUT: 429}.get(refusal.reason, 422)
    headers = {} if refusal.wait is None else retry_after(refusal.wait)
    return page(found, step, texts.proof_refused(refusal, step), email), status, headers


# What is on a page.


def page(found: Position, step: Step, error: str | None = None, email: str = "") -> str:
    """Draw the page that asks for this proof."""
    ref, name = found.journey.ref, service_name(found)
    facts: dict[str, Any] = {
        "service_name": name,
        "action": url_for(f"signin.give_{step.replace('-', '_')}", ref=ref),
        "error": error,
        "why": texts.why_asked(found.next.why, step, name),
        "ways": url_for("signin.ways", ref=ref),
    }
    if step is Step.PASSWORD:
        facts |= _password_facts(found, email)
    elif step is Step.CODE and Step.RECOVERY_CODE in found.next.ways:
        facts["no_code"] = url_for("signin.recovery-code", ref=ref)
    facts["remember"] = step in {Step.CODE, Step.PASSKEY}
    if step in {Step.PASSWORD, Step.PASSKEY} and Step.PASSKEY in found.next.ways:
        facts["passkey_options"] = _passkey_options(found)
    return render_template(f"signin/{step.replace('-', '_')}.html", **facts)


def _password_facts(found: Position, email: str) -> dict[str, Any]:
    ref = found.journey.ref
    hint = found.journey.request.get("params", {}).get("login_hint", "")
    again = found.session.sign_in_name if found.session else ""
    by_mail = Step.EMAIL_CODE in found.next.ways
    return {
        "by_mail": url_for("signin.email-code", ref=ref) if by_mail else None,
        "email": email or again or hint,
        "passkey_action": url_for("signin.give_passkey", ref=ref),
        "enrol": url_for("enrolment.start", journey=ref),
        "recover": url_for("enrolment.recover", journey=ref),
    }


def _passkey_options(found: Position) -> dict[str, Any]:
    """Make a challenge that goes with the page. Where somebody only steps up, for their own keys;
    at a beginning for any: a passkey says by itself whose it is."""
    stepping_up = found.session is not None and not found.next.beginning
    account = found.session.account_ref if found.session and stepping_up else None
    challenge = house().database.transaction(
        lambda tx: passkeys.begin(
            tx, purpose="sign-in", browser_secret=needed_browser_secret(), account_ref=account
        )
    )
    party = webauthn.relying_party(house().settings.issuer)
    return webauthn.request_options(party, challenge=challenge)


def this_device() -> str:
    """Answer what the owner of this browser may know it by."""
    return device_words(request.user_agent.string)


# What every page of a journey needs.


def locate(ref: str, *, weighed: bool = False) -> Position | Stop:
    """Find where a journey is in this browser. `weighed`: who signed in is weighed first, once
    for each place; every page leads through where that is asked."""
    here = house()
    if weighed:
        _weigh(ref)

    def work(tx: Transaction) -> Position | Stop:
        return actions.locate(
            tx,
            here.policies,
            ref,
            browser_secret=browser_secret(),
            session_secret=session_secret(),
        )

    return here.database.read(work)


def _weigh(ref: str) -> None:
    here, seen, secret = house(), seen_here(), session_secret()
    if secret is None:
        return

    def look(tx: Transaction) -> SessionFacts | None:
        session = sessions.find(tx, secret)
        return session if session and needs_weighing(session, seen) else None

    session = here.database.read(look)
    if session is None:
        return

    def work(tx: Transaction) -> str | None:
        client_id = actions.client_of(tx, ref) or ACCOUNT
        services = here.services
        _, device = weigh(
            tx, here.keyring, services.population, here.policies, session, seen,
            client_id=client_id,
        )  # fmt: skip
        return device

    device = here.database.transaction(work)
    if device is not None:
        give_device(device)


def at(ref: str, step: Step) -> Position | ResponseReturnValue:
    """Answer the journey if `step` is what it needs now, or would do as well; else where the
    browser should go."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    wished = str(found.journey.request.get("params", {}).get("ui_locales", ""))
    g.ui_locales = wished.split()  # in the service's order; what we lack is passed over
    if step is not found.next.step and step not in found.next.ways:
        # The back button, or a page left open.
        return see_other(url_for("signin.resume", ref=ref))
    return found


def stopped(stop: Stop) -> ResponseReturnValue:
    """Say why a journey cannot go on here."""
    status, title, paragraphs = texts.stopped(stop)
    return notice(status, title, paragraphs, link=("/account", _("Go to your Gatehouse page")))


def abandon(found: Position, code: str, description: str) -> ResponseReturnValue:
    """End a journey without a grant: the service is told so, with an error."""
    if found.journey.client_id is None:
        return see_other("/")
    answer = oidc.abandon(house().database, house().services, found, code, description)
    return stopped(Stop.FINISHED) if answer is None else send(answer)


def service_name(found: Position) -> str:
    """The name of the service that waits for the answer; ours where it is ourselves."""
    named = client(found)
    return named.client_name if named else _("Gatehouse")


def client(found: Position) -> Client | None:
    """The service that waits for the answer, or None where it is a page of ours."""
    client_id = found.journey.client_id
    if client_id is None:
        return None
    return house().database.read(lambda tx: house().services.clients.get(tx, client_id))
