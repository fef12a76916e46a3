"""What the account's pages share: every one needs the level that policy sets for `account`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from idp.account import texts
from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import Level
from idp.authentication import sessions
from idp.authentication.sessions import SessionFacts
from idp.delegation import holding
from idp.delegation.actions import HeldMandate
from idp.delegation.holding import Hold
from idp.delegation.lifecycle import State
from idp.organisations.actions import stopped_among
from idp.signin import actions as signin
from idp.signin.actions import Journey
from idp.signin.rules import Asked, Step
from idp.signin.weighing import needs_weighing
from idp.storage import Transaction
from idp.web import (
    browser_secret,
    house,
    needed_browser_secret,
    see_other,
    seen_here,
    session_secret,
)

bp = Blueprint("account", __name__)

CHECKED = "mandate-checked"


def hold_of(tx: Transaction, mandate: HeldMandate) -> Hold | None:
    """Since when a permission is on hold, if it is, and the reference to argue by."""
    if mandate.state is not State.SUSPENDED:
        return None
    return holding.hold_of(tx, mandate.ref)


def stopped_of(tx: Transaction, mandates: Sequence[HeldMandate]) -> frozenset[str]:
    """The organisations that hold one of these mandates and cannot act now."""
    return stopped_among(
        tx, [one.delegate for one in mandates if one.delegate and one.delegate_kind != "person"]
    )


def what_was_done(kind: str, detail: Mapping[str, Any], service: str | None) -> str:
    """Say what an entry of the journal means; of a check, what the helper was about to do."""
    power = detail.get("power") if kind == CHECKED else None
    entry = house().policies.powers.get(service or "") if power else None
    words = ", ".join(entry.says((str(power),))) if entry else ""
    if not words:
        return texts.done(kind)
    return texts.checked(words, allowed=detail.get("reason") == "allowed")


def signed_in(
    return_to: str | None = None,
    *,
    checked_since: datetime | None = None,
    least: Level | None = None,
    fresh: timedelta | None = None,
) -> SessionFacts | ResponseReturnValue:
    """Answer the session if it reaches the level of these pages; else the way to get there.

    `checked_since`: only checks made after that moment count; `fresh`: only those so young, as for
    what somebody at a screen that was left open must not do. `least`: a level that what is done
    on this page takes; whoever is below it is led to it, an account and a proof of who they are
    included, and back.
    """
    here, secret = house(), session_secret()
    session = sessions.look_up(here.database, secret) if secret else None
    now = session.now if session else here.database.now()
    started = signin.milliseconds(now)
    floor = here.policies.floor(ACCOUNT)
    more = (least,) if least is not None else ()
    asked = Asked(floor=floor, started=started, requested=more, essential=bool(more))
    if checked_since is not None:
        # Later by a millisecond: the checks of the very sign-in that is asked about are older.
        since = signin.milliseconds(checked_since) + 1
        asked = replace(asked, started=since, again=True)
    if fresh is not None:
        asked = replace(asked, max_age_seconds=int(fresh.total_seconds()))
    # The address we come back to is our own path, never one that was sent.
    wish = {
        "asked": signin.describe(asked),
        "return_to": return_to or quote(request.path),
    }
    journey = Journey(
        ref="", client_id=None, request=wish, choice=None, consented=False, created_at=now
    )
    position = signin.position(here.policies, journey, session, now=now)
    if position.next.step is Step.ISSUE and session is not None and browser_secret():
        # Where it binds, a session is weighed wherever it turns up; a form was shown after that.
        elsewhere = request.method == "GET" and here.policies.risk.enforced
        if not (elsewhere and needs_weighing(session, seen_here())):
            return session
    binding = needed_browser_secret()
    ref = here.database.transaction(
        lambda tx: signin.start(
            tx, browser_secret=binding, client_id=None, request=wish, now=tx.now()
        )
    )
    return see_other(url_for("signin.resume", ref=ref))


def level_of(session: SessionFacts) -> Level:
    """What was proved in a session, as it counts now."""
    here = house()
    asked = Asked(floor=Level(identity=0, sign_in=0), started=signin.milliseconds(session.now))
    methods = here.policies.methods_for(ACCOUNT, session.circumstances())
    reached, _counted = signin.standing_of(asked, session, methods, here.policies, now=session.now)
    return Level(identity=session.identity_level, sign_in=reached)
