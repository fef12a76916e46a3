"""The pages of a lost password. What is asked, and why it is enough, is decided in `lost`."""

from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.conditions import Circumstances, counts
from idp.assurance.policy import ACCOUNT
from idp.authentication import actions as authentication
from idp.authentication import passkeys, phones, recovery_codes, sent_codes, webauthn
from idp.authentication.actions import HashedPassword
from idp.authentication.sent_codes import Waiting
from idp.authentication.tries import Refusal
from idp.enrolment import limits, recovering, texts
from idp.enrolment.actions import CodeAnswer, Stop
from idp.enrolment.addresses import shown_address
from idp.enrolment.lost import ResetStep
from idp.enrolment.recovering import CODE_APP, RECOVERY_CODE, TEXT_CODE, Reset
from idp.enrolment.rules import PASSKEYS
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
from idp.storage import Transaction
from idp.web import browser_secret, caller_address, house, needed_browser_secret, see_other
from idp.words import gettext as _

CODE_MINUTES = limits.CODE_LASTS // timedelta(minutes=1)
PASSKEY = "passkey"


@bp.get("/recover")
def recover() -> ResponseReturnValue:
    """Ask for the sign-in name."""
    return _start_page()


@bp.post("/recover")
def begin_recovery() -> ResponseReturnValue:
    """Begin a reset for that name; the same page follows, whether or not it is somebody's."""
    here, binding, typed = house(), needed_browser_secret(), request.form.get("name", "").strip()
    if not typed:
        return _start_page("", _("Type in your email address or sign-in name")), 422
    typed = typed[:LONGEST_FIELD]
    wait = recovering.reserve_start(
        here.database, here.keyring, typed=typed, address=caller_address()
    )
    if wait is not None:
        return too_often(_start_page(typed, texts.wait_for(wait)), wait)
    journey = waiting_journey()
    ref = here.database.transaction(
        lambda tx: recovering.start(tx, typed=typed, browser_secret=binding, journey_ref=journey)
    )
    return see_other(url_for("enrolment.recover_code", ref=ref))


@bp.get("/recover/<ref>/code")
def recover_code(ref: str) -> ResponseReturnValue:
    """Ask for the code that was mailed, if the name is somebody's."""
    found = _at(ref, ResetStep.CODE)
    return found if not isinstance(found, Reset) else _code_page(found)


@bp.post("/recover/<ref>/code")
def give_recover_code(ref: str) -> ResponseReturnValue:
    """Take the code: counted first, then spent."""
    found = _at(ref, ResetStep.CODE)
    if not isinstance(found, Reset):
        return found
    typed = request.form.get("code", "").replace(" ", "")
    if not typed:
        return _code_page(found, _("Type in the code from the mail")), 422
    here = house()
    wait = recovering.reserve_try(here.database, here.keyring, found, address=caller_address())
    if wait is not None:
        return too_often(_code_page(found, texts.wait_for(wait)), wait)
    answer = here.database.transaction(
        lambda tx: recovering.give_code(tx, here.keyring, found, typed)
    )
    if answer is not CodeAnswer.RIGHT:
        return _code_page(found, texts.code_refused(answer)), 422
    return _go_on(ref)


@bp.get("/recover/<ref>/second")
def recover_second(ref: str) -> ResponseReturnValue:
    """Ask for one more thing that only the holder has."""
    found = _at(ref, ResetStep.SECOND)
    if not isinstance(found, Reset):
        return found
    if not _ways(found):  # a number that was moved these days, and nothing else
        return see_other(url_for("enrolment.recover_other_ways", ref=ref))
    return _second_page(found, request.args.get("with", ""))


@bp.post("/recover/<ref>/second")
def give_recover_second(ref: str) -> ResponseReturnValue:
    """Take a code of the app, a printed one or a passkey: counted first, as at sign-in."""
    found = _at(ref, ResetStep.SECOND)
    if not isinstance(found, Reset) or found.account_ref is None:
        return found if not isinstance(found, Reset) else _go_on(ref)
    if "passkey" in request.form:
        return _give_passkey(found)
    way = request.form.get("way", "")
    if way not in _ways(found) or way == PASSKEY:
        return _go_on(ref)
    if way == TEXT_CODE and "send" in request.form:
        return _send_text(found, found.account_ref)
    typed = request.form.get("code", "")[:LONGEST_FIELD].strip()
    if not typed:
        return _second_page(found, way, _("Type in a code")), 422
    here, account = house(), found.account_ref
    if way == CODE_APP:
        typed = typed.replace(" ", "")
        refusal = authentication.reserve_code(
            here.database, here.keyring, account_ref=account, address=caller_address()
        )
    elif way == TEXT_CODE:
        typed = typed.replace(" ", "")
        code = _text_waiting(found)
        if code is None:
            return _second_page(found, way, _("This code is too old. Ask for a new one")), 422
        refusal = sent_codes.reserve_try(
            here.database, here.keyring, code, method=TEXT_CODE, address=caller_address()
        )
    else:
        refusal = recovery_codes.reserve_recovery_code(
            here.database, here.keyring, account, caller_address()
        )
    if refusal is not None:
        return _held_up(found, way, refusal)
    right = here.database.transaction(
        lambda tx: recovering.prove_code(tx, here.keyring, found, method=way, typed=typed)
    )
    if not right:
        return _second_page(found, way, _("This code is not right, or it was used before")), 422
    return _go_on(ref)


@bp.get("/recover/<ref>/other-ways")
def recover_other_ways(ref: str) -> ResponseReturnValue:
    """Say what to do when nothing is left to show: prove again who one is."""
    found = _locate(ref)
    if isinstance(found, Stop):
        return stopped(found, url_for("enrolment.recover"))
    if found.step not in {ResetStep.SECOND, ResetStep.PROVE_AGAIN}:
        return _send_on(found)
    return render_template(
        "enrolment/other_ways.html",
        enrol_href=url_for("enrolment.start", journey=found.journey_ref),
        back_href=url_for("enrolment.recover_second", ref=ref)
        if found.step is ResetStep.SECOND
        else None,
    )


@bp.get("/recover/lost")
def recover_lost() -> ResponseReturnValue:
    """The same, for somebody who knows from the start that nothing is left."""
    journey = waiting_journey()
    return render_template(
        "enrolment/other_ways.html",
        enrol_href=url_for("enrolment.start", journey=journey),
        back_href=url_for("enrolment.recover", journey=journey),
    )


@bp.get("/recover/<ref>/password")
def recover_password(ref: str) -> ResponseReturnValue:
    """Ask for the new password."""
    found = _at(ref, ResetStep.PASSWORD)
    return found if not isinstance(found, Reset) else _password_page(found)


@bp.post("/recover/<ref>/password")
def give_recover_password(ref: str) -> ResponseReturnValue:
    """Take the new password, hashed outside any transaction; every session ends."""
    found = _at(ref, ResetStep.PASSWORD)
    if not isinstance(found, Reset):
        return found
    hashed = take_password(
        own_words(found.sign_in_name or "", found.email), lambda said: _password_page(found, said)
    )
    if not isinstance(hashed, HashedPassword):
        return hashed
    here, binding = house(), needed_browser_secret()
    here.database.transaction(
        lambda tx: recovering.finish(tx, here.keyring, found, hashed, browser_secret=binding)
    )
    return _go_on(ref)


@bp.get("/recover/<ref>/done")
def recover_done(ref: str) -> ResponseReturnValue:
    """Say that it is done, and lead back to the sign-in."""
    found = _at(ref, ResetStep.DONE)
    if not isinstance(found, Reset):
        return found
    return render_template(
        "enrolment/recovered.html",
        name=shown_address(found.sign_in_name or ""),
        sign_in_href=sign_in_address(found.journey_ref),
    )


def _send_text(found: Reset, account: str) -> ResponseReturnValue:
    here = house()
    refusal = sent_codes.reserve_text(
        here.database, here.keyring, account_ref=account, address=caller_address()
    )
    if refusal is not None:
        return _held_up(found, TEXT_CODE, refusal)
    here.database.transaction(
        lambda tx: sent_codes.send_text_code(
            tx, here.keyring, account_ref=account, journey_ref=found.ref
        )
    )
    return see_other(url_for("enrolment.recover_second", ref=found.ref) + f"?with={TEXT_CODE}")


def _text_waiting(found: Reset) -> Waiting | None:
    return house().database.read(
        lambda tx: sent_codes.waiting(tx, journey_ref=found.ref, method=TEXT_CODE)
    )


def _text_counts(found: Reset) -> bool:
    """Whether the account's number has stood still for as long as policy says."""
    here, account = house(), found.account_ref or ""

    def look(tx: Transaction) -> timedelta | None:
        phone = phones.find(tx, here.keyring, account)
        return tx.now() - phone.since if phone else None

    age = here.database.read(look)
    listed = here.policies.methods_for(ACCOUNT, Circumstances(number_age=age))
    return age is not None and counts(listed, TEXT_CODE)


def _give_passkey(found: Reset) -> ResponseReturnValue:
    here, binding = house(), needed_browser_secret()
    refusal = passkeys.reserve_passkey(here.database, here.keyring, caller_address())
    if refusal is not None:
        return _held_up(found, PASSKEY, refusal)
    party = webauthn.relying_party(here.settings.issuer)

    def work(tx: Transaction) -> bool:
        proved = passkeys.prove_passkey(
            tx, party, response_json=request.form["passkey"], browser_secret=binding
        )
        return proved is not None and recovering.prove_passkey(tx, found, proved)

    if not here.database.transaction(work):
        return _second_page(found, PASSKEY, _("This passkey was not taken. Try again")), 422
    return _go_on(found.ref)


def _held_up(found: Reset, way: str, refusal: Refusal) -> ResponseReturnValue:
    wait = refusal.wait or timedelta(hours=1)
    said = (
        texts.wait_for(wait)
        if refusal.wait is not None
        else _("There were too many wrong tries. This way is shut for now")
    )
    return too_often(_second_page(found, way, said), wait)


def _locate(ref: str) -> Reset | Stop:
    secret = browser_secret()
    return house().database.read(lambda tx: recovering.locate(tx, ref, browser_secret=secret))


def _at(ref: str, step: ResetStep) -> Reset | ResponseReturnValue:
    """Answer the reset if `step` is what it needs; else where to go."""
    found = _locate(ref)
    if isinstance(found, Stop):
        return stopped(found, url_for("enrolment.recover"))
    return found if found.step is step else _send_on(found)


def _go_on(ref: str) -> ResponseReturnValue:
    found = _locate(ref)
    if isinstance(found, Stop):
        return stopped(found, url_for("enrolment.recover"))
    return _send_on(found)


def _send_on(found: Reset) -> ResponseReturnValue:
    page = str(found.step).replace("-", "_")
    return see_other(url_for(f"enrolment.recover_{page}", ref=found.ref))


def _start_page(typed: str = "", error: str | None = None) -> str:
    journey = waiting_journey()
    return render_template(
        "enrolment/recover.html",
        action=url_for("enrolment.begin_recovery", journey=journey),
        name=typed,
        sign_in_href=sign_in_address(journey),
        lost_href=url_for("enrolment.recover_lost", journey=journey),
        error=error,
    )


def _code_page(found: Reset, error: str | None = None) -> str:
    return render_template(
        "enrolment/recover_code.html",
        action=url_for("enrolment.give_recover_code", ref=found.ref),
        minutes=CODE_MINUTES,
        again_href=url_for("enrolment.recover", journey=found.journey_ref),
        enrol_href=url_for("enrolment.start", journey=found.journey_ref),
        error=error,
    )


def _second_page(found: Reset, way: str, error: str | None = None) -> str:
    ways = _ways(found)
    chosen = way if way in ways else ways[0]
    by_text = chosen == TEXT_CODE
    here = url_for("enrolment.recover_second", ref=found.ref)
    facts: dict[str, Any] = {
        "action": here,
        "way": chosen,
        "others": [{"href": f"{here}?with={one}", "text": _way_text(one)}
                   for one in ways if one != chosen],
        "lost_href": url_for("enrolment.recover_other_ways", ref=found.ref),
        "passkey_options": _passkey_options(found) if chosen == PASSKEY else None,
        "sent": by_text and _text_waiting(found) is not None,
        "error": error,
    }  # fmt: skip
    return render_template("enrolment/second.html", **facts)


def _ways(found: Reset) -> list[str]:
    """The pages to choose from: both kinds of key are asked for on one."""
    named = (PASSKEY if method in PASSKEYS else method for method in found.second_methods)
    ways = list(dict.fromkeys(named))
    if TEXT_CODE in ways and not _text_counts(found):
        ways.remove(TEXT_CODE)
    return ways


def _way_text(way: str) -> str:
    return {
        CODE_APP: _("Use a code from your app"),
        RECOVERY_CODE: _("Use a printed code"),
        TEXT_CODE: _("Use a code by text message"),
        PASSKEY: _("Use your passkey"),
    }[way]


def _passkey_options(found: Reset) -> dict[str, Any]:
    """Make a challenge that only this account's keys may answer."""
    here, binding = house(), needed_browser_secret()
    challenge = here.database.transaction(
        lambda tx: passkeys.begin(
            tx, purpose="sign-in", browser_secret=binding, account_ref=found.account_ref
        )
    )
    party = webauthn.relying_party(here.settings.issuer)
    return webauthn.request_options(party, challenge=challenge)


def _password_page(found: Reset, error: str | None = None) -> str:
    return render_template(
        "enrolment/new_password.html",
        action=url_for("enrolment.give_recover_password", ref=found.ref),
        name=shown_address(found.sign_in_name or ""),
        error=error,
    )
