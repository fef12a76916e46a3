"""The pages of OpenID Connect: authorize and end-session."""

from flask import Blueprint, abort, jsonify, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication import sessions
from idp.callers import clients, liveness
from idp.callers.clients import Client
from idp.errors import Refusal
from idp.oidc import actions, ending
from idp.oidc.actions import Browser, Crowded, Started
from idp.oidc.answers import refused, send
from idp.oidc.resources import joined
from idp.signin import actions as signin
from idp.web import (
    caller_address,
    forget_session,
    form_token_fits,
    give_device,
    house,
    needed_browser_secret,
    notice,
    retry_after,
    see_other,
    seen_here,
    session_secret,
)
from idp.words import gettext as _

bp = Blueprint("oidc", __name__)
# What a logout request may hold; the page that asks first repeats these and nothing else.
LOGOUT_NAMES = frozenset({"id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri",
                          "state", "ui_locales"})  # fmt: skip


@bp.get("/authorize")
def authorize() -> ResponseReturnValue:
    """Take an authorization request (RFC 6749 section 4.1.1, OpenID Connect Core 3.1.2)."""
    params = _params()
    if params is None:
        return _parked_is_gone()
    browser = Browser(
        binding=needed_browser_secret(),
        session=session_secret(),
        seen=seen_here(),
        address=caller_address(),
    )
    begun = actions.begin(house().database, house().services, params, browser)
    if begun.device is not None:
        give_device(begun.device)
    outcome = begun.outcome
    if isinstance(outcome, Started):
        return see_other(url_for("signin.resume", ref=outcome.journey))
    if isinstance(outcome, Crowded):
        page = notice(
            429,
            _("Too many people are signing in from your network"),
            [_("Wait a minute. Then go back to the service you came from and start again.")],
        )
        page.headers.update(retry_after(outcome.wait))
        return page
    return send(outcome)


@bp.post("/authorize")
def authorize_by_post() -> ResponseReturnValue:
    """Take it by POST: cross-site, so no cookie is read; our own GET goes on (decision 21)."""
    return _park("oidc.authorize")


@bp.post("/end-session")
def end_session_by_post() -> ResponseReturnValue:
    """Take a logout request by POST; our own form's answer comes here too."""
    if "confirmed" not in request.form:
        return _park("oidc.end_session")
    if not form_token_fits():
        return see_other(url_for("oidc.end_session"))
    return _ended(ending.read(house().database, house().services, request.form))


@bp.get("/end-session")
def end_session() -> ResponseReturnValue:
    """RP-initiated logout: at once when the hint is of this session, else after a question."""
    params = _params()
    if params is None:
        return _parked_is_gone()
    asked = ending.read(house().database, house().services, params)
    if isinstance(asked, Refusal):
        return refused(asked)
    secret = session_secret()
    session = house().database.read(lambda tx: sessions.find(tx, secret)) if secret else None
    if session is None or ending.is_of(house().database, asked, session):
        return _ended(asked)
    needed_browser_secret()
    return render_template(
        "account/sign_out.html",
        action=url_for("oidc.end_session_by_post"),
        fields={**{k: v for k, v in params.items() if k in LOGOUT_NAMES}, "confirmed": "yes"},
        service_name=asked.client.client_name if asked.client else None,
    )


@bp.get("/sectors/<sector>")
def sector(sector: str) -> ResponseReturnValue:
    """List a sector's redirect URIs: the `sector_identifier_uri` of all its clients.

    Source: OpenID Connect Core 8.1 and Dynamic Client Registration 5; `design.md` decision 9.
    """
    uris = house().database.read(lambda tx: clients.sector_uris(tx, sector))
    if not uris:
        abort(404)
    return jsonify(uris)


def _ended(asked: ending.LogoutRequest | Refusal) -> ResponseReturnValue:
    if isinstance(asked, Refusal):
        return refused(asked)
    secret = session_secret()
    ending.end(house().database, house().services, asked, secret)
    forget_session()
    if asked.redirect_uri is not None and not _is_off(asked.client):
        return see_other(asked.redirect_uri)
    return render_template("account/signed_out.html")


def _is_off(client: Client | None) -> bool:
    """Say whether the service is switched off: nobody is sent to it any more."""
    if client is None:
        return True
    return house().database.read(lambda tx: liveness.is_disabled(tx, client.client_id))


def _params() -> dict[str, str] | None:
    """The request's parameters, from the address or from what a POST parked."""
    one_time_id = request.args.get("parked")
    if one_time_id is None:
        return joined(request.args.to_dict(), request.args.getlist("resource"))
    return house().database.transaction(lambda tx: signin.take_parked(tx, one_time_id))


def _park(endpoint: str) -> ResponseReturnValue:
    form = joined(request.form.to_dict(), request.form.getlist("resource"))
    one_time_id = house().database.transaction(lambda tx: signin.park(tx, form))
    return see_other(url_for(endpoint, parked=one_time_id))


def _parked_is_gone() -> ResponseReturnValue:
    return notice(
        410,
        _("This page is too old"),
        [_("Go back to the service you came from and start again.")],
    )
