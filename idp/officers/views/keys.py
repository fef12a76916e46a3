"""Keys and sessions at the console: set up, sign in, sign out, one's own keys; and its start."""

import json

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import actions, keys, texts
from idp.officers.rules import Act, Verdict, may
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, party, signed_in, wait_page
from idp.web import (
    browser_secret,
    caller_address,
    forget_session,
    give_session,
    house,
    needed_browser_secret,
    notice,
    see_other,
)


@bp.get("/console")
def home() -> ResponseReturnValue:
    """What this officer can do here."""
    session = signed_in()
    if not isinstance(session, OfficerSession):
        return session
    roles = session.officer.roles
    return render_template(
        "officers/home.html",
        name=session.officer.name,
        roles=texts.role_list(roles),
        counter=may(roles, Act.LOOK_UP),
        policy=may(roles, Act.SEE_POLICY),
        administrator=may(roles, Act.SEE_OFFICERS),
        held=may(roles, Act.DECIDE_HELD),
        mandates=may(roles, Act.SEE_MANDATE),
        figures=may(roles, Act.SEE_FIGURES),
        organisations=may(roles, Act.SEE_ORGANISATIONS),
    )


@bp.get("/console/set-up/<token>")
def set_up(token: str) -> ResponseReturnValue:
    """A new officer's first page: their security key is registered here, once."""
    return _set_up_page(token)


@bp.post("/console/set-up/<token>")
def give_first_key(token: str) -> ResponseReturnValue:
    """Take the key. It signs nobody in: that is the next page, and shows that the key works."""
    wait = actions.reserve_key_try(house().database, house().keyring, caller_address())
    if wait is not None:
        return wait_page(wait)
    verdict = house().database.transaction(
        lambda tx: keys.set_up(
            tx,
            party(),
            token=token,
            response_json=request.form.get("response", ""),
            name=request.form.get("name", ""),
            browser_secret=browser_secret() or "",
        )
    )
    if verdict is not Verdict.ALLOWED:
        return _set_up_page(token, texts.refused(verdict))
    return see_other(url_for("console.sign_in"))


@bp.get("/console/sign-in")
def sign_in() -> ResponseReturnValue:
    """Ask for the security key."""
    return _sign_in_page()


@bp.post("/console/sign-in")
def give_key() -> ResponseReturnValue:
    """Take what the key answered."""
    wait = actions.reserve_key_try(house().database, house().keyring, caller_address())
    if wait is not None:
        return wait_page(wait)
    done = house().database.transaction(
        lambda tx: keys.sign_in(
            tx,
            party(),
            response_json=request.form.get("response", ""),
            browser_secret=browser_secret() or "",
        )
    )
    if isinstance(done, Verdict):
        return _sign_in_page(texts.refused(done)), 422
    give_session(done.secret)
    return see_other(url_for("console.home"))


@bp.post("/console/sign-out")
def sign_out() -> ResponseReturnValue:
    """End this session."""
    session = signed_in()
    if not isinstance(session, OfficerSession):
        return session
    house().database.transaction(lambda tx: keys.sign_out(tx, session.ref, session.officer.ref))
    forget_session()
    return see_other(url_for("console.sign_in"))


@bp.get("/console/keys")
def own_keys() -> ResponseReturnValue:
    """The keys that sign me in."""
    session = signed_in()
    return _keys_page(session) if isinstance(session, OfficerSession) else session


@bp.get("/console/keys/add")
def another_key() -> ResponseReturnValue:
    """Ask for one more key of mine."""
    session = signed_in()
    return _another_key_page(session) if isinstance(session, OfficerSession) else session


@bp.post("/console/keys/add")
def give_another_key() -> ResponseReturnValue:
    """Take one more key of mine."""
    session = signed_in()
    if not isinstance(session, OfficerSession):
        return session
    verdict = house().database.transaction(
        lambda tx: keys.add_another(
            tx,
            party(),
            session.officer,
            response_json=request.form.get("response", ""),
            name=request.form.get("name", ""),
            browser_secret=browser_secret() or "",
            session_ref=session.ref,
        )
    )
    if verdict is not Verdict.ALLOWED:
        return _another_key_page(session, texts.refused(verdict)), 422
    return see_other(url_for("console.own_keys"))


@bp.post("/console/keys/remove")
def remove_key() -> ResponseReturnValue:
    """Remove one of my keys."""
    session = signed_in()
    if not isinstance(session, OfficerSession):
        return session
    verdict = house().database.transaction(
        lambda tx: keys.remove(
            tx,
            session.officer,
            credential_id=request.form.get("key", ""),
            session_ref=session.ref,
        )
    )
    if verdict is not Verdict.ALLOWED:
        return _keys_page(session, texts.refused(verdict)), 422
    return see_other(url_for("console.own_keys"))


def _sign_in_page(error: str | None = None) -> str:
    secret = needed_browser_secret()
    options = house().database.transaction(
        lambda tx: keys.begin_sign_in(tx, party(), browser_secret=secret)
    )
    return render_template(
        "officers/sign_in.html",
        action=url_for("console.give_key"),
        options=json.dumps(options),
        error=error,
    )


def _set_up_page(token: str, error: str | None = None) -> ResponseReturnValue:
    secret = needed_browser_secret()
    begun = house().database.transaction(
        lambda tx: keys.begin_set_up(tx, party(), token=token, browser_secret=secret)
    )
    if begun is None:
        title, said = texts.address_gone()
        return notice(404, title, said)
    who, options = begun
    page = render_template(
        "officers/new_key.html",
        action=url_for("console.give_first_key", token=token),
        name=who.name,
        options=json.dumps(options),
        first=True,
        error=error,
    )
    return page, 422 if error else 200


def _another_key_page(session: OfficerSession, error: str | None = None) -> str:
    secret = needed_browser_secret()
    options = house().database.transaction(
        lambda tx: keys.begin_another(tx, party(), session.officer, browser_secret=secret)
    )
    return render_template(
        "officers/new_key.html",
        action=url_for("console.give_another_key"),
        name=session.officer.name,
        options=json.dumps(options),
        first=False,
        error=error,
    )


def _keys_page(session: OfficerSession, error: str | None = None) -> str:
    held = house().database.read(lambda tx: keys.list_keys(tx, session.officer.ref))
    return render_template(
        "officers/keys.html",
        keys=held,
        action=url_for("console.remove_key"),
        error=error,
    )
