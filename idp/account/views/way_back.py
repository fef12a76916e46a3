"""Somebody who proved again is on the way into this account: see it, and stop it, signed in."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import bp, signed_in
from idp.authentication.sessions import SessionFacts
from idp.proofing import stopping
from idp.proofing.stopping import Stopped
from idp.proofing.views.way_back import say_stopped
from idp.web import house, see_other


@bp.get("/account/way-back")
def way_back() -> ResponseReturnValue:
    """Show who comes and when, and what pressing the button does."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    here = house()
    way = here.database.read(lambda tx: stopping.find_into(tx, here.policies, session.account_ref))
    if way is None:
        return see_other(url_for("account.home"))
    return render_template(
        "proofing/stop.html" if way.stops else "proofing/stop_seen.html",
        action=url_for("account.stop_way_back"),
        fields={"way": way.ref},
        way=way,
        back=url_for("account.home"),
    )


@bp.post("/account/way-back")
def stop_way_back() -> ResponseReturnValue:
    """Stop the one that the page showed; one that is over already leads back to the page."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    here, shown = house(), request.form.get("way", "")
    stopped = here.database.transaction(
        lambda tx: stopping.stop_into(
            tx, here.keyring, here.policies, account_ref=session.account_ref, way_back_ref=shown
        )
    )
    return see_other(url_for("account.home")) if stopped is Stopped.GONE else say_stopped(stopped)
