"""Sign-ins that are held, seen and decided by a risk officer."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in
from idp.oidc import deferrals
from idp.storage import Transaction
from idp.web import house, see_other


@bp.get("/console/held")
def held() -> ResponseReturnValue:
    """List what waits, oldest first. Nobody's name: a reference that the service can quote."""
    session = signed_in(Act.DECIDE_HELD)
    return session if not isinstance(session, OfficerSession) else _page()


@bp.post("/console/held/<ref>")
def decide_held(ref: str) -> ResponseReturnValue:
    """Release or refuse one, once; journalled with who did."""
    session = signed_in(Act.DECIDE_HELD)
    if not isinstance(session, OfficerSession):
        return session
    decision = request.form.get("decision")
    if decision not in {"release", "refuse"}:
        return _page(texts.decision_missing()), 422
    done = house().database.transaction(
        lambda tx: deferrals.decide(tx, ref, release=decision == "release", by=session.officer.ref)
    )
    return see_other(url_for("console.held")) if done else (_page(texts.held_gone()), 422)


def _page(error: str | None = None) -> str:
    def work(tx: Transaction) -> list[dict[str, object]]:
        return [
            {
                "ref": one.ref,
                "service": one.service,
                "when": one.created_at,
                "until": one.expires_at,
                "reasons": one.reasons,
                "action": url_for("console.decide_held", ref=one.ref),
            }
            for one in deferrals.waiting(tx)
        ]

    return render_template("officers/held.html", held=house().database.read(work), error=error)
