"""The pages that set a method up: an app for codes, a passkey, printed codes, a password. Those of
codes that we send are in `number_views`.

Each ends where `?to=` says: `enrol` goes on with the first visit, anything else to the page that
lists the methods. Taking a method away is one of the account's pages.
"""

from datetime import timedelta
from urllib.parse import quote

import segno
from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import Level, sign_in_level
from idp.authentication import actions, adding, passkeys, sessions, texts, webauthn
from idp.authentication.actions import CheckedPassword, Reason, Refusal
from idp.authentication.adding import NotAdded, Offer
from idp.authentication.common import common_passwords
from idp.authentication.devices import device_words
from idp.authentication.hashing import Busy
from idp.authentication.held import METHODS, ONE_TIME_CODE, PASSWORD, RECOVERY_CODE
from idp.authentication.rules import (
    SESSION_LASTS,
    level_to_change_methods,
    password_problem,
)
from idp.authentication.sessions import SessionFacts
from idp.keyring.sealing import Unreadable
from idp.signin import actions as signin
from idp.signin.rules import Asked, Step
from idp.signin.texts import proof_refused
from idp.web import (
    caller_address,
    give_session,
    house,
    needed_browser_secret,
    notice,
    retry_after,
    see_other,
    session_secret,
)
from idp.words import gettext as _

bp = Blueprint("methods", __name__)

# Who changes methods has shown lately that it is them. A form whose page they were shown then, and
# which they were slow to fill in, is taken all the same for a while: the form says so, sealed.
FRESH = timedelta(minutes=15)
FORM_LASTS = timedelta(minutes=60)
ENROL = "enrol"


def let_in(return_to: str | None = None) -> SessionFacts | ResponseReturnValue:
    """Answer the session if it proved enough, lately enough, to change the account's methods.

    Else the way there: through sign-in, and back to this page or to `return_to`, an address of
    ours. The level is that of `rules.level_to_change_methods`.
    """
    here, secret = house(), session_secret()
    session = sessions.look_up(here.database, secret) if secret else None
    if session is not None and _proved_enough(session):
        return session
    now = session.now if session else here.database.now()
    asked = Asked(
        floor=Level(identity=0, sign_in=0),  # policy's own floor is asked at every step
        started=signin.milliseconds(now),
        max_age_seconds=int(FRESH.total_seconds()),
    )
    # We come back to a path of our own, and to nothing else that was sent with it.
    back = return_to or quote(request.path) + to()
    wish = {"asked": signin.describe(asked), "return_to": back}
    binding = needed_browser_secret()
    ref = here.database.transaction(
        lambda tx: signin.start(
            tx, browser_secret=binding, client_id=None, request=wish, now=tx.now()
        )
    )
    return see_other(url_for("signin.resume", ref=ref))


@bp.get("/methods/app")
def app() -> ResponseReturnValue:
    """Show what an app has to take in, and ask for the first code it makes."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    return _app_page(session, adding.offer_app(house().keyring, session, session.now))


@bp.post("/methods/app")
def confirm_app() -> ResponseReturnValue:
    """Take the first code: from here on the app counts."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    keyring = house().keyring
    offer = adding.read_offer(keyring, session, request.form.get("offer", ""))
    if offer is None:
        fresh = adding.offer_app(keyring, session, session.now)
        return _app_page(session, fresh, texts.not_added(NotAdded.TOO_LATE)), 422
    code = "".join(request.form.get("code", "").split())
    done = house().database.transaction(
        lambda tx: adding.add_app(tx, keyring, session=session, offer=offer, code=code)
    )
    if isinstance(done, NotAdded):
        return _app_page(session, offer, texts.not_added(done)), 422
    return finish(done)


@bp.get("/methods/passkey")
def passkey() -> ResponseReturnValue:
    """Offer to make a passkey in this browser."""
    session = let_in()
    return _passkey_page(session) if isinstance(session, SessionFacts) else session


@bp.post("/methods/passkey")
def add_passkey() -> ResponseReturnValue:
    """Take the passkey that the browser made."""
    session, binding = let_in(), needed_browser_secret()
    if not isinstance(session, SessionFacts):
        return session
    here, said = house(), request.form.get("passkey", "")
    added = here.database.transaction(
        lambda tx: passkeys.add_passkey(
            tx,
            here.keyring,
            webauthn.relying_party(here.settings.issuer),
            session=session,
            browser_secret=binding,
            response_json=said,
            name=device_words(request.user_agent.string),
        )
    )
    if added is None:
        return _passkey_page(session, texts.passkey_refused()), 422
    return finish(added.secret)


@bp.get("/methods/recovery-codes")
def recovery_codes() -> ResponseReturnValue:
    """Say what printed codes are for, and that new ones void the old."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    return render_template(
        "methods/recovery_codes.html",
        action=url_for("methods.print_codes") + to(),
        replaces=RECOVERY_CODE in session.held,
        shown=shown(session),
        back=end(),
    )


@bp.post("/methods/recovery-codes")
def print_codes() -> ResponseReturnValue:
    """Show ten new codes, this once: the page is not kept, and not shown again."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    printed = house().database.transaction(
        lambda tx: adding.print_codes(tx, house().keyring, session)
    )
    if printed is None:
        return finish(None)
    give_session(printed.secret)
    return render_template(
        "methods/printed.html",
        account=session.sign_in_name,
        made=session.now,
        codes=printed.codes,
        kept=end(),
    )


@bp.get("/methods/password")
def password() -> ResponseReturnValue:
    """Ask for a new password. Whoever sees this page has shown lately who they are."""
    session = let_in()
    return _password_page(session) if isinstance(session, SessionFacts) else session


@bp.post("/methods/password")
def change_password() -> ResponseReturnValue:
    """Take a new password: hashed outside any transaction, then set in one."""
    session = let_in()
    if not isinstance(session, SessionFacts):
        return session
    typed, changes = request.form.get("password", ""), PASSWORD in session.held
    if changes and not request.form.get("current"):
        return _password_page(session, texts.current_missing(), "current"), 422
    if not typed:
        return _password_page(session, _("Type in a new password")), 422
    # Beside nothing but printed codes of its own account a password still stands alone.
    others = session.held & set(METHODS) - {PASSWORD, RECOVERY_CODE}
    names = (session.given_name, session.family_name)
    problem = password_problem(
        typed,
        common=common_passwords(),
        own_words=[session.sign_in_name, session.email, *(name for name in names if name)],
        alone=not others,
    )
    if problem is not None:
        return _password_page(session, texts.password_refused(problem, alone=not others)), 422
    current = _current_password(session) if changes else None
    if isinstance(current, Refusal):
        return _current_refused(session, current)
    try:
        hashed = actions.hash_password(house().gate, typed)
    except Busy:
        wait = {"Retry-After": str(Busy.retry_after_seconds)}
        return _password_page(session, texts.busy()), 503, wait
    return finish(
        house().database.transaction(
            lambda tx: adding.change_password(tx, house().keyring, session, hashed, current)
        )
    )


def _current_password(session: SessionFacts) -> CheckedPassword:
    """Check the password there is: the try is counted first, as at sign-in."""
    here = house()
    return actions.check_password(
        here.database, here.keyring, here.gate,
        sign_in_name=session.sign_in_name, password=request.form["current"],
        address=caller_address(),
    )  # fmt: skip


def _current_refused(session: SessionFacts, refusal: Refusal) -> ResponseReturnValue:
    if refusal.reason is Reason.WRONG:
        return _password_page(session, texts.current_wrong(), "current"), 422
    page = _password_page(session, proof_refused(refusal, Step.PASSWORD), "current")
    wait = {} if refusal.wait is None else retry_after(refusal.wait)
    return page, 503 if refusal.reason is Reason.BUSY else 429, wait


def _proved_enough(session: SessionFacts) -> bool:
    """A form that was shown stretches the time alone: what the account asks for now is asked."""
    methods = house().policies.methods_for(ACCOUNT, session.circumstances())
    lasts = SESSION_LASTS if _was_shown_the_form(session) else FRESH
    oldest = signin.milliseconds(session.now - lasts)
    fresh = {method for method, at in session.proofs.items() if at >= oldest}
    needed = level_to_change_methods(session.identity_level, session.held, methods)
    return sign_in_level(fresh, methods) >= needed


def shown(session: SessionFacts) -> str:
    """Answer what a form carries as `shown`: that this session was let in to its page, and when.

    A page that is shown again after a mistake brings back what it had: no form outlives its hour.
    """
    if request.method == "POST" and _was_shown_the_form(session):
        return request.form["shown"]
    until = int((session.now + FORM_LASTS).timestamp())
    return house().keyring.sealer.seal(str(until), purpose=_shown_purpose(session))


def _was_shown_the_form(session: SessionFacts) -> bool:
    sealed = request.form.get("shown", "") if request.method == "POST" else ""
    try:
        until = house().keyring.sealer.open(sealed, purpose=_shown_purpose(session))
        return session.now.timestamp() < int(until)
    except (Unreadable, ValueError):
        return False


def _shown_purpose(session: SessionFacts) -> str:
    return f"form-shown:{session.account_ref}:{session.ref}:{request.path}"


def _app_page(session: SessionFacts, offer: Offer, error: str | None = None) -> str:
    address = offer.address(session.sign_in_name)
    code = segno.make(address, error="m", micro=False)
    # Text of our own making: what the address holds is drawn, not written.
    drawn = code.svg_inline(scale=4, light="#fff", omitsize=True, svgclass="gatehouse-qr")
    return render_template(
        "methods/app.html",
        action=url_for("methods.confirm_app") + to(),
        qr=Markup(drawn),  # noqa: S704
        address=address,
        secret=" ".join(offer.seed[at : at + 4] for at in range(0, len(offer.seed), 4)),
        offer=offer.sealed,
        shown=shown(session),
        replaces=ONE_TIME_CODE in session.held,
        back=end(),
        error=error,
    )


def _passkey_page(session: SessionFacts, error: str | None = None) -> str:
    here, binding = house(), needed_browser_secret()
    options = here.database.transaction(
        lambda tx: passkeys.creation_options(
            tx,
            here.keyring,
            webauthn.relying_party(here.settings.issuer),
            session=session,
            browser_secret=binding,
        )
    )
    return render_template(
        "methods/passkey.html",
        action=url_for("methods.add_passkey") + to(),
        options=options,
        shown=shown(session),
        back=end(),
        error=error,
    )


def _password_page(session: SessionFacts, error: str | None = None, field: str = "password") -> str:
    return render_template(
        "methods/password.html",
        action=url_for("methods.change_password") + to(),
        account=session.sign_in_name,
        changes=PASSWORD in session.held,
        forgot=url_for("enrolment.recover"),
        shown=shown(session),
        back=end(),
        error=error,
        field=field,
    )


def finish(secret: str | None) -> ResponseReturnValue:
    """Go on with the session's new secret; None: it ended, or another tab was quicker."""
    if secret is None:
        again = (request.path + to(), _("Try again"))
        title, paragraphs = texts.changed_meanwhile()
        return notice(409, title, paragraphs, link=again)
    give_session(secret)
    return see_other(end())


def to() -> str:
    """Answer the query that says where the page leads when it is done."""
    return f"?to={ENROL}" if request.args.get("to") == ENROL else ""


def end() -> str:
    """Answer where these pages lead when they are done."""
    if request.args.get("to") == ENROL:
        return url_for("enrolment.resume")
    return url_for("account.methods")
