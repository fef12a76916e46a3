"""Where I am signed in: browsers, services, the latest sign-ins; and signing out."""

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.account import access, actions, texts
from idp.account.views.common import bp, signed_in
from idp.assurance import histories
from idp.authentication import remembered, sessions
from idp.authentication.ending import end_session
from idp.authentication.sessions import SessionFacts
from idp.storage import Transaction
from idp.web import forget_session, house, see_other, session_secret
from idp.words import gettext as _


@bp.get("/account/sessions")
def where() -> ResponseReturnValue:
    """Where I am signed in, and who signed in lately."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> dict[str, object]:
        return {
            "browsers": [
                {
                    "ref": one.ref,
                    "name": one.device or _("A browser we do not know"),
                    "since": one.created_at,
                    "seen": one.seen_at,
                    "here": one.ref == session.ref,
                    "software": one.unattended,
                }
                for one in access.browsers(tx, session)
            ],
            "devices": [
                {
                    "ref": one.ref,
                    "name": one.name or _("A browser we do not know"),
                    "since": one.since,
                    "used": one.used_at,
                }
                for one in remembered.list_devices(tx, session.account_ref)
            ],
            "known": histories.summary(tx, session.account_ref),
            "sessions": actions.client_sessions(tx, session.account_ref),
            "sign_ins": [
                {
                    "when": one.at,
                    "what": " ".join(
                        [texts.signed_in(one.kind, one.method), texts.unusual_words(one.unusual)]
                    ).strip(),
                    "who": one.service,
                }
                for one in access.sign_ins(tx, session)
            ],
        }

    return render_template("account/sessions.html", **house().database.read(work))


@bp.post("/account/sessions/<ref>/end")
def end_browser(ref: str) -> ResponseReturnValue:
    """Sign one browser out, and the services it used; somebody else's is not found."""
    session = signed_in(return_to=url_for("account.where"))
    if not isinstance(session, SessionFacts):
        return session
    if not house().database.transaction(lambda tx: access.end_browser(tx, session, ref)):
        abort(404)
    if ref == session.ref:
        forget_session()
        return see_other(url_for("account.signed_out"))
    return see_other(url_for("account.where"))


@bp.post("/account/devices/<ref>/forget")
def forget_device(ref: str) -> ResponseReturnValue:
    """Remember one browser no more; somebody else's is not found."""
    session = signed_in(return_to=url_for("account.where"))
    if not isinstance(session, SessionFacts):
        return session
    mine = session.account_ref
    if not house().database.transaction(lambda tx: remembered.forget(tx, mine, ref)):
        abort(404)
    return see_other(url_for("account.where"))


@bp.post("/account/familiarity/erase")
def erase_familiarity() -> ResponseReturnValue:
    """Forget how this person usually signs in."""
    session = signed_in(return_to=url_for("account.where"))
    if not isinstance(session, SessionFacts):
        return session
    house().database.transaction(lambda tx: histories.erase(tx, session.account_ref))
    return see_other(url_for("account.where"))


@bp.post("/account/sessions/end-others")
def end_other_browsers() -> ResponseReturnValue:
    """Sign every browser but this one out."""
    session = signed_in(return_to=url_for("account.where"))
    if not isinstance(session, SessionFacts):
        return session
    house().database.transaction(lambda tx: access.end_other_browsers(tx, session))
    return see_other(url_for("account.where"))


@bp.post("/account/sign-out")
def sign_out() -> ResponseReturnValue:
    """Sign out everywhere this browser is signed in."""
    secret = session_secret()

    def work(tx: Transaction) -> None:
        session = sessions.find(tx, secret) if secret else None
        if session is not None:
            end_session(tx, session.ref, session.party)

    house().database.transaction(work)
    forget_session()
    return see_other(url_for("account.signed_out"))


@bp.get("/account/signed-out")
def signed_out() -> ResponseReturnValue:
    """Say that it is done."""
    return render_template("account/signed_out.html")
