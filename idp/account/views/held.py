"""A sign-in that is held, seen by its owner through the link that was sent to the known address."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.texts import unusual_words
from idp.account.views.common import bp, signed_in
from idp.authentication.ending import end_other_sessions
from idp.authentication.sessions import SessionFacts
from idp.oidc import deferrals
from idp.oidc.deferrals import OWNER, WAITING, Deferral
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _


@bp.get("/account/held/<token>")
def held(token: str) -> ResponseReturnValue:
    """Ask whether it was them. Who opens the link of another account finds nothing."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    found = house().database.read(lambda tx: deferrals.by_token(tx, token, session.account_ref))
    if found is None:
        abort(404)
    return _page(token, found) if found.state == WAITING else _over()


@bp.post("/account/held/<token>")
def answer_held(token: str) -> ResponseReturnValue:
    """Take the answer, once. "No" ends what was granted, and every other browser's session."""
    session = signed_in(return_to=url_for("account.held", token=token))
    if not isinstance(session, SessionFacts):
        return session
    said = request.form.get("me")

    def work(tx: Transaction) -> Deferral | bool | None:
        found = deferrals.by_token(tx, token, session.account_ref)
        if found is None or said not in {"yes", "no"}:
            return found
        done = deferrals.decide(tx, found.ref, release=said == "yes", by=OWNER)
        if done and said == "no":
            end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
        return done

    outcome = house().database.transaction(work)
    if outcome is None:
        abort(404)
    if isinstance(outcome, Deferral):
        return _page(token, outcome, _("Say if it was you")), 422
    if not outcome:
        return _over()
    return _done(yes=said == "yes")


def _page(token: str, found: Deferral, error: str | None = None) -> str:
    codes = [part.split(" ")[0] for part in found.reasons.split("; ") if " +" in part]
    return render_template(
        "account/held.html",
        service=found.service,
        when=found.created_at,
        unusual=unusual_words(codes),
        action=url_for("account.answer_held", token=token),
        error=error,
    )


def _over() -> ResponseReturnValue:
    said = [_("Somebody answered before, or it was too long ago. You need do nothing more.")]
    return notice(200, _("This was answered before"), said, link=_home())


def _done(*, yes: bool) -> ResponseReturnValue:
    if yes:
        said = [_("The service goes on with what you asked for.")]
        return notice(200, _("Thank you"), said, link=_home())
    link = ("/account/methods", _("Change your password now"))
    said = [
        _("We stopped that sign-in, and signed out every other browser."),
        _("Somebody may know your password. Change it now."),
    ]
    return notice(200, _("We stopped it"), said, link=link)


def _home() -> tuple[str, str]:
    return url_for("account.home"), _("Go to your page")
