"""The pages of codes that we send: ask for one, then type it in. By e-mail, or by text message."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import phones, sent_codes
from idp.authentication.actions import Reason, Refusal
from idp.authentication.sent_codes import Waiting
from idp.authentication.tries import CODE_LASTS
from idp.signin import accepting, actions, texts
from idp.signin.actions import Position
from idp.signin.asking import at, bp, go_on, service_name, this_device
from idp.signin.rules import EMAIL_CODE, PAGE_OF, SMS_CODE, Step
from idp.storage import Transaction
from idp.web import caller_address, house, retry_after, see_other

__all__ = ["bp"]
LONGEST_NAME = 320


@bp.get("/sign-in/<ref>/email-code", endpoint="email-code")
def email_code(ref: str) -> ResponseReturnValue:
    """Ask whose address a code goes to."""
    found = at(ref, Step.EMAIL_CODE)
    return found if not isinstance(found, Position) else _email_page(found)


@bp.post("/sign-in/<ref>/email-code")
def ask_email_code(ref: str) -> ResponseReturnValue:
    """Have a code sent. Nobody learns here whether the name typed is somebody's."""
    found = at(ref, Step.EMAIL_CODE)
    if not isinstance(found, Position):
        return found
    here, typed = house(), request.form.get("email", "").strip()[:LONGEST_NAME]
    if not typed:
        return _email_page(found, texts.nobody_typed()), 422
    refusal = sent_codes.reserve_email(
        here.database, here.keyring, typed=typed, address=caller_address()
    )
    if refusal is not None:
        said = _email_page(found, texts.proof_refused(refusal, Step.EMAIL_CODE), typed)
        return said, 429, _wait(refusal)
    most = _most_identity(found)
    here.database.transaction(
        lambda tx: sent_codes.ask_for_email(
            tx, typed=typed, journey_ref=found.journey.ref, most_identity=most
        )
    )
    return see_other(url_for("signin.type_email_code", ref=ref))


@bp.get("/sign-in/<ref>/email-code/check")
def type_email_code(ref: str) -> ResponseReturnValue:
    """Ask for the code that was sent."""
    found = at(ref, Step.EMAIL_CODE)
    return found if not isinstance(found, Position) else _check_page(found, EMAIL_CODE)


@bp.post("/sign-in/<ref>/email-code/check")
def give_email_code(ref: str) -> ResponseReturnValue:
    """Take the code: counted first, then spent with what it buys."""
    found = at(ref, Step.EMAIL_CODE)
    if not isinstance(found, Position):
        return found
    code = _counted(found, EMAIL_CODE)
    if not isinstance(code, Waiting):
        return code
    most = _most_identity(found)

    def accept(tx: Transaction) -> str | None:
        return accepting.accept_email_code(
            tx, house().keyring, code, _typed(), most_identity=most, session=found.session,
            journey=found.journey, device=this_device(),
        )  # fmt: skip

    return go_on(found, Step.EMAIL_CODE, accept, lambda: _wrong(found, EMAIL_CODE))


@bp.get("/sign-in/<ref>/text-code", endpoint="text-code")
def text_code(ref: str) -> ResponseReturnValue:
    """Offer to send a code to the account's number. Looking at the page sends none."""
    found = at(ref, Step.TEXT_CODE)
    return found if not isinstance(found, Position) else _text_page(found)


@bp.post("/sign-in/<ref>/text-code")
def ask_text_code(ref: str) -> ResponseReturnValue:
    """Send a code by text message."""
    found = at(ref, Step.TEXT_CODE)
    if not isinstance(found, Position):
        return found
    here, session = house(), found.session
    if session is None:  # next_step asks nobody for it who is not signed in
        return see_other(url_for("signin.resume", ref=ref))
    account = session.account_ref
    refusal = sent_codes.reserve_text(
        here.database, here.keyring, account_ref=account, address=caller_address()
    )
    if refusal is not None:
        return _text_page(found, texts.proof_refused(refusal, Step.TEXT_CODE)), 429, _wait(refusal)
    sent = here.database.transaction(
        lambda tx: sent_codes.send_text_code(
            tx, here.keyring, account_ref=account, journey_ref=found.journey.ref
        )
    )
    place = "signin.type_text_code" if sent else "signin.resume"
    return see_other(url_for(place, ref=ref))


@bp.get("/sign-in/<ref>/text-code/check")
def type_text_code(ref: str) -> ResponseReturnValue:
    """Ask for the code from the text message."""
    found = at(ref, Step.TEXT_CODE)
    return found if not isinstance(found, Position) else _check_page(found, SMS_CODE)


@bp.post("/sign-in/<ref>/text-code/check")
def give_text_code(ref: str) -> ResponseReturnValue:
    """Take the code from the text message."""
    found = at(ref, Step.TEXT_CODE)
    if not isinstance(found, Position):
        return found
    session = found.session
    if session is None:  # next_step asks nobody for it who is not signed in
        return see_other(url_for("signin.resume", ref=ref))
    code = _counted(found, SMS_CODE)
    if not isinstance(code, Waiting):
        return code

    def accept(tx: Transaction) -> str | None:
        return accepting.accept_text_code(
            tx, house().keyring, code, _typed(), session=session, journey=found.journey
        )

    return go_on(found, Step.TEXT_CODE, accept, lambda: _wrong(found, SMS_CODE))


def _counted(found: Position, method: str) -> Waiting | ResponseReturnValue:
    """Answer the code that may be typed in now, with this try counted; else what to say."""
    here, ref = house(), found.journey.ref
    code = here.database.read(lambda tx: sent_codes.waiting(tx, journey_ref=ref, method=method))
    if code is None:
        return _check_page(found, method, texts.code_too_old()), 422
    if not _typed():
        return _check_page(found, method, texts.nothing_typed(PAGE_OF[method])), 422
    refusal = sent_codes.reserve_try(
        here.database, here.keyring, code, method=method, address=caller_address()
    )
    if refusal is None:
        return code
    used_up = refusal.wait is not None and refusal.wait > CODE_LASTS
    said = texts.tried_too_often() if used_up else texts.proof_refused(refusal, PAGE_OF[method])
    return _check_page(found, method, said), 429, _wait(refusal)


def _wrong(found: Position, method: str) -> ResponseReturnValue:
    said = texts.proof_refused(Refusal(Reason.WRONG), PAGE_OF[method])
    return _check_page(found, method, said), 422


def _most_identity(found: Position) -> int:
    return actions.methods_of(house().policies, found.journey, None)[EMAIL_CODE].most_identity


def _email_page(found: Position, error: str | None = None, typed: str = "") -> str:
    ref = found.journey.ref
    hint = str(found.journey.request.get("params", {}).get("login_hint", ""))
    return render_template(
        "signin/email_code.html",
        service_name=service_name(found),
        action=url_for("signin.ask_email_code", ref=ref),
        ways=url_for("signin.ways", ref=ref),
        email=typed or hint,
        error=error,
    )


def _text_page(found: Position, error: str | None = None) -> str:
    ref, name = found.journey.ref, service_name(found)
    return render_template(
        "signin/text_code.html",
        service_name=name,
        action=url_for("signin.ask_text_code", ref=ref),
        ways=url_for("signin.ways", ref=ref),
        why=texts.why_asked(found.next.why, Step.TEXT_CODE, name),
        number=_number(found),
        error=error,
    )


def _check_page(found: Position, method: str, error: str | None = None) -> str:
    ref, by_text = found.journey.ref, method == SMS_CODE
    return render_template(
        "signin/check_code.html",
        service_name=service_name(found),
        action=url_for("signin.give_text_code" if by_text else "signin.give_email_code", ref=ref),
        by_text=by_text,
        number=_number(found) if by_text else "",
        again=url_for("signin.text-code" if by_text else "signin.email-code", ref=ref),
        ways=url_for("signin.ways", ref=ref),
        remember=by_text,
        error=error,
    )


def _number(found: Position) -> str:
    """What the person knows the number by."""
    session, keyring = found.session, house().keyring
    if session is None:
        return ""
    phone = house().database.read(lambda tx: phones.find(tx, keyring, session.account_ref))
    return phone.masked if phone else ""


def _typed() -> str:
    return "".join(request.form.get("code", "")[:40].split())


def _wait(refusal: Refusal) -> dict[str, str]:
    return {} if refusal.wait is None else retry_after(refusal.wait)
