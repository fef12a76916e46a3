"""Sign-ins that are held, seen by their owner: through the link that was sent to the known
address to say yes or no, and on the account's own pages to say no."""

from dataclasses import dataclass

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.texts import unusual_words
from idp.account.views.common import bp, signed_in
from idp.assurance.familiarity import said_after_proof
from idp.authentication.ending import end_other_sessions
from idp.authentication.sessions import SessionFacts
from idp.oidc import deferrals
from idp.oidc.deferrals import OWNER, WAITING, Deferral
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What waits, and the session of its owner, who may vouch for it or stop it."""

    session: SessionFacts
    deferral: Deferral


@bp.get("/account/held/<token>")
def held(token: str) -> ResponseReturnValue:
    """Ask whether it was them. Who opens the link of another account finds nothing."""
    found = _sent_to(token)
    return _page(token, found.deferral) if isinstance(found, Asked) else found


@bp.post("/account/held/<token>")
def answer_held(token: str) -> ResponseReturnValue:
    """Take the answer, once. "No" ends what was granted, and every other browser's session."""
    found = _sent_to(token)
    if not isinstance(found, Asked):
        return found
    said = request.form.get("me")
    if said not in {"yes", "no"}:
        return _page(token, found.deferral, _("Say if it was you")), 422
    return _decide(found.session, found.deferral.ref, yes=said == "yes")


@bp.get("/account/held")
def all_held() -> ResponseReturnValue:
    """List what waits. Here it can only be stopped: to let it go on takes the link that we sent,
    which whoever made the sign-in need not have."""
    session = signed_in()
    return session if not isinstance(session, SessionFacts) else _list(session)


@bp.post("/account/held")
def stop_held() -> ResponseReturnValue:
    """Stop one: it was not them."""
    session = signed_in(return_to=url_for("account.all_held"))
    if not isinstance(session, SessionFacts):
        return session
    ref = request.form.get("held", "")
    waits = house().database.read(lambda tx: deferrals.waiting_of(tx, session.account_ref))
    if ref not in {one.ref for one in waits}:
        return _list(session, _("This does not wait any more. Look at the list again.")), 422
    return _decide(session, ref, yes=False)


def _sent_to(token: str) -> Asked | ResponseReturnValue:
    """Answer what a link stands for, to its owner after checks that are younger than what waits:
    whoever only holds the session that is doubted cannot vouch for it."""
    back = url_for("account.held", token=token)
    session = signed_in(return_to=back)
    if not isinstance(session, SessionFacts):
        return session
    account_ref = session.account_ref
    found = house().database.read(lambda tx: deferrals.by_token(tx, token, account_ref))
    if found is None:
        abort(404)
    if found.state != WAITING:
        return _over()
    proved = signed_in(return_to=back, checked_since=found.created_at)
    if not isinstance(proved, SessionFacts):
        return proved
    return Asked(session=proved, deferral=found)


def _decide(session: SessionFacts, ref: str, *, yes: bool) -> ResponseReturnValue:
    def work(tx: Transaction) -> bool:
        done = deferrals.decide(tx, house().policies, ref, release=yes, by=OWNER)
        if done and not yes:
            end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
        return done

    return _done(yes=yes) if house().database.transaction(work) else _over()


def _page(token: str, found: Deferral, error: str | None = None) -> str:
    return render_template(
        "account/held.html",
        service=found.service,
        when=found.created_at,
        unusual=unusual_words(said_after_proof(found.reasons)),
        action=url_for("account.answer_held", token=token),
        error=error,
    )


def _list(session: SessionFacts, error: str | None = None) -> str:
    waits = house().database.read(lambda tx: deferrals.waiting_of(tx, session.account_ref))
    return render_template(
        "account/held_list.html",
        held=waits,
        email=session.email,
        action=url_for("account.stop_held"),
        error=error,
    )


def _over() -> ResponseReturnValue:
    said = [_("Somebody answered before, or it was too long ago. You need do nothing more.")]
    return notice(200, _("This was answered before"), said, link=_home())


def _done(*, yes: bool) -> ResponseReturnValue:
    if yes:
        said = [_("The service goes on with what you asked for.")]
        return notice(200, _("Thank you"), said, link=_home())
    link = (url_for("account.methods"), _("Change your password now"))
    said = [
        _("We stopped that sign-in, and signed out every other browser."),
        _("Somebody may know your password. Change it now."),
    ]
    return notice(200, _("We stopped it"), said, link=link)


def _home() -> tuple[str, str]:
    return url_for("account.home"), _("Go to your page")
