"""Sign-ins that are held, seen and decided by a risk officer."""

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.familiarity import said_to_service
from idp.officers import texts
from idp.officers.rules import Act, HeldReason
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in
from idp.oidc import deferrals
from idp.oidc.deferrals import WAITING, Deferral
from idp.web import house, notice
from idp.words import gettext as _


@bp.get("/console/held")
def held() -> ResponseReturnValue:
    """List what waits, oldest first. Nobody's name: a reference that the service can quote."""
    session = signed_in(Act.DECIDE_HELD)
    return session if not isinstance(session, OfficerSession) else _list()


@bp.get("/console/held/<ref>")
def look_at_held(ref: str) -> ResponseReturnValue:
    """Show one, why it waits, and what may be done."""
    session = signed_in(Act.DECIDE_HELD)
    return session if not isinstance(session, OfficerSession) else _one(ref)


@bp.post("/console/held/<ref>")
def decide_held(ref: str) -> ResponseReturnValue:
    """Release or refuse one, once; the reason says which, and is journalled with who gave it."""
    session = signed_in(Act.DECIDE_HELD)
    if not isinstance(session, OfficerSession):
        return session
    given = request.form.get("reason", "")
    if given not in set(HeldReason):
        return _one(ref, texts.held_reason_missing())
    reason = HeldReason(given)
    done = house().database.transaction(
        lambda tx: deferrals.decide(
            tx, house().policies, ref, release=reason.releases, by=session.officer.ref,
            reason=reason,
        )
    )  # fmt: skip
    if not done:
        return _list(texts.held_gone()), 422
    title, said = texts.held_decided(released=reason.releases)
    return notice(200, title, said, link=(url_for("console.held"), _("Look at what waits")))


def _list(error: str | None = None) -> str:
    waits = house().database.read(deferrals.waiting)
    return render_template(
        "officers/held.html",
        held=[{**_shown(one), "href": url_for("console.look_at_held", ref=one.ref)}
              for one in waits],
        full=len(waits) == deferrals.SHOWN_AT_ONCE,
        error=error,
    )  # fmt: skip


def _one(ref: str, error: str | None = None) -> ResponseReturnValue:
    found = house().database.read(lambda tx: deferrals.find(tx, ref))
    if found is None:
        abort(404)
    if found.state != WAITING:
        return _list(texts.held_gone()), 422
    page = render_template(
        "officers/held_one.html",
        **_shown(found),
        reasons=said_to_service(found.reasons),
        choices=texts.held_reasons(),
        action=url_for("console.decide_held", ref=ref),
        error=error,
    )
    return page if error is None else (page, 422)


def _shown(one: Deferral) -> dict[str, object]:
    return {
        "ref": one.ref,
        "service": one.service,
        "when": one.created_at,
        "until": one.expires_at,
    }
