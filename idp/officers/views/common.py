"""What the console's pages share: who is there, what they may do, and how long to wait."""

from datetime import timedelta

from flask import Blueprint, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.webauthn import RelyingParty, relying_party
from idp.officers import actions, sessions, texts
from idp.officers.rules import Act, Verdict, judge
from idp.officers.sessions import OfficerSession
from idp.storage import Transaction
from idp.web import house, notice, retry_after, see_other, session_secret
from idp.words import gettext as _

bp = Blueprint("console", __name__)


def signed_in(act: Act | None = None) -> OfficerSession | ResponseReturnValue:
    """Answer who is signed in here, if `act` is theirs to do; else the page they get instead."""
    secret = session_secret()
    session = sessions.look_up(house().database, secret) if secret else None
    if session is None:
        return see_other(url_for("console.sign_in"))
    if act is not None and judge(session.officer, act) is not Verdict.ALLOWED:
        said = [texts.refused(Verdict.ROLE_LACKING)]
        return notice(403, _("This page is not for your role"), said, link=console_link())
    return session


def party() -> RelyingParty:
    """Answer for whom officers' keys are made: the console as set, never as asked for."""
    return relying_party(house().settings.console_address, name="Gatehouse")


def console_link() -> tuple[str, str]:
    """Answer the way back to the start, for a notice."""
    return url_for("console.home"), _("Go to the start of the console")


def wait_page(wait: timedelta) -> ResponseReturnValue:
    """Say that it was too often, and when to go on."""
    page = notice(429, _("There were too many tries"), [texts.wait(wait)], link=console_link())
    page.headers.update(retry_after(wait))
    return page


def name_of(tx: Transaction, officer_ref: str) -> str:
    """Name an officer to another one."""
    found = actions.find_officer(tx, officer_ref)
    return found.name if found else officer_ref
