"""Who was stopped for opening many people, and what principals object to."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.delegation import objecting, watching
from idp.officers.rules import Act, HeldReason
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in
from idp.web import house, notice, see_other
from idp.words import gettext as _


@bp.get("/console/stopped")
def stopped() -> ResponseReturnValue:
    """List who is stopped, the longest first."""
    session = signed_in(Act.DECIDE_HELD)
    if not isinstance(session, OfficerSession):
        return session
    found = house().database.read(watching.stopped)
    return render_template(
        "officers/stopped.html",
        stopped=[
            {
                "sign_in_name": one.sign_in_name,
                "frozen_at": one.frozen_at,
                "reference": one.reference,
                "action": url_for("console.lift", reference=one.reference),
            }
            for one in found
        ],
    )


@bp.post("/console/stopped/<reference>")
def lift(reference: str) -> ResponseReturnValue:
    """Let somebody go on, once; the reason is journalled with who gave it."""
    session = signed_in(Act.DECIDE_HELD)
    if not isinstance(session, OfficerSession):
        return session
    given = request.form.get("reason", "")
    if given not in set(HeldReason) or not HeldReason(given).releases:
        return see_other(url_for("console.stopped"))
    done = house().database.transaction(
        lambda tx: watching.lift(
            tx, house().keyring, reference, by=session.officer.ref, reason=given
        )
    )
    link = (url_for("console.stopped"), _("See who was stopped"))
    if not done:
        said = [_("Somebody else has decided it already.")]
        return notice(422, _("This is not waiting any more"), said, link=link)
    said = [_("They are asked for their own key before they open the next person.")]
    return notice(200, _("They can go on"), said, link=link)


@bp.get("/console/objections")
def objections() -> ResponseReturnValue:
    """List what principals object to, oldest first."""
    session = signed_in(Act.DECIDE_HELD)
    return session if not isinstance(session, OfficerSession) else _list()


@bp.post("/console/objections/<reference>")
def answer_objection(reference: str) -> ResponseReturnValue:
    """Answer one, once; the principal is told and reads it beside the use."""
    session = signed_in(Act.DECIDE_HELD)
    if not isinstance(session, OfficerSession):
        return session
    words = objecting.read_words(request.form.get("answer", ""))
    if words is None:
        return _list(_("Write an answer of a few words")), 422
    here = house()
    done = here.database.transaction(
        lambda tx: objecting.answer(tx, here.keyring, reference, words, by=session.officer.ref)
    )
    if not done:
        return _list(_("Somebody else has answered it already.")), 422
    link = (url_for("console.objections"), _("See what waits"))
    return notice(200, _("They can read your answer now"), [], link=link)


def _list(error: str | None = None) -> str:
    here = house()
    found = here.database.read(lambda tx: objecting.waiting(tx, here.keyring))
    return render_template(
        "officers/objections.html",
        objections=[
            {
                "reference": one.reference,
                "at": one.at,
                "service": one.service,
                "organisation": one.organisation,
                "words": one.words,
                "action": url_for("console.answer_objection", reference=one.reference),
            }
            for one in found
        ],
        error=error,
    )
