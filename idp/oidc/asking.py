"""Read an authorization request: who asks, where the answer may go, and what is wanted."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error

from idp.callers import liveness
from idp.callers.clients import Client
from idp.errors import Refusal
from idp.journal.actions import Entry, new_reference, record
from idp.oidc.detail_rules import CODE, Details, check_known, read_details
from idp.oidc.details import powers_of
from idp.oidc.grants import InvalidRedirectUri, build_server
from idp.oidc.resources import why_not
from idp.oidc.rules import RESPONSE_MODES, BadRequest, Wanted, read_wanted
from idp.oidc.server import Call, Request

log = logging.getLogger("idp.oidc")
NOTHING_MORE: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An authorization response: where it goes, how, and what it says (`iss` always)."""

    redirect_uri: str
    mode: str
    params: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Validated:
    """An authorization request whose client and redirect URI are proved."""

    client: Client
    redirect_uri: str
    scope: str
    state: str | None
    wanted: Wanted
    params: Mapping[str, str]
    signed_in: bool
    details: Details | None = None  # authorization_details (RFC 9396)

    @property
    def offline(self) -> bool:
        """Say whether tokens are to outlive the session."""
        return "offline_access" in self.scope.split() and self.client.check_grant_type(
            "refresh_token"
        )

    @property
    def resource(self) -> str | None:
        """The API the tokens are for; None for our own userinfo."""
        located = self.details.location if self.details else None
        return self.params.get("resource") or located


def validate(
    call: Call, params: Mapping[str, str], *, signed_in: bool
) -> Validated | Answer | Refusal:
    """Check an authorization request: client and redirect URI first, for our own page; then
    the rest, for an answer to the client (RFC 6749 section 4.1.2.1).

    `signed_in`: somebody is, so that a refusal is worth a row in the journal.
    """
    kind = params.get("response_type")
    # Authlib writes a wrong response type into its message, where not every character may
    # stand: it is shown the right one, and the wrong one is refused below.
    request = Request("GET", {**params, "response_type": "code"}, {}, call)
    server = build_server(call)
    state, mode = params.get("state"), params.get("response_mode", "query")
    try:
        grant = server.get_authorization_grant(request)
        redirect_uri = grant.validate_consent_request()
    except InvalidRedirectUri:
        return Refusal("invalid_request", "redirect_uri: it is not registered for this client")
    except OAuth2Error as problem:
        if not getattr(problem, "redirect_uri", None):
            return Refusal(problem.error, problem.description or problem.error)
        fault = _kind_fault(kind) or BadRequest(problem.error, problem.description)
        return _error(call, problem.redirect_uri, mode, fault, state, signed_in)
    client: Client = request.client
    # Asked anew each time: what the client is may be some seconds old (decision 16).
    if liveness.is_disabled(call.tx, client.client_id):
        return Refusal("unauthorized_client", "client_id: this service has been switched off")
    try:
        wrong_kind = _kind_fault(kind)
        if wrong_kind is not None:
            raise wrong_kind
        wanted = read_wanted(params, call.services.policies.levels)
        if not request.scope:
            raise BadRequest("invalid_scope", "scope: none of these is registered for this client")
        details = read_details(params.get("authorization_details"))
        if details is not None:
            wanted = _with_details(call, client, wanted, details)
        _check_acting(client, wanted)
        valid = Validated(
            client=client,
            redirect_uri=redirect_uri,
            scope=request.scope,
            state=state,
            wanted=wanted,
            params=params,
            signed_in=signed_in,
            details=details,
        )
        _check_resource(call, valid)
    except BadRequest as problem:
        return _error(call, redirect_uri, mode, problem, state, signed_in)
    return valid


def error(
    call: Call,
    valid: Validated,
    code: str,
    description: str | None = None,
    detail: Mapping[str, Any] = NOTHING_MORE,
) -> Answer:
    """Answer the client with an error, kept under a reference it can quote.

    `detail` is what the journal keeps beside the code, such as the journey that ended here.
    """
    problem = BadRequest(code, description or code)
    mode = valid.wanted.response_mode
    kept = Entry(
        kind="authorization-refused", client_id=valid.client.client_id,
        detail={"code": code, **detail},
    )  # fmt: skip
    return _error(call, valid.redirect_uri, mode, problem, valid.state, valid.signed_in, kept)


def answer(call: Call, valid: Validated, params: dict[str, str]) -> Answer:
    """Answer the client."""
    return _answer(call, valid.redirect_uri, valid.wanted.response_mode, params, valid.state)


def _kind_fault(kind: str | None) -> BadRequest | None:
    if kind is None:
        return BadRequest("invalid_request", "response_type: it is missing; send code")
    if kind != "code":
        return BadRequest("unsupported_response_type", "response_type: must be code")
    return None


def _error(
    call: Call,
    redirect_uri: str,
    mode: str,
    problem: BadRequest,
    state: str | None,
    signed_in: bool,
    entry: Entry | None = None,
) -> Answer:
    if signed_in:
        plain = Entry(kind="authorization-refused", detail={"code": problem.code})
        reference = record(call.tx, entry or plain)
    else:  # anybody can send such a request, as often as they like: no row is kept for it
        reference = new_reference()
        log.info("authorization refused: %s, reference %s", problem.code, reference)
    # RFC 6749 section 4.1.2.1: neither quotes nor backslashes, nothing beyond ASCII.
    text = problem.description
    said = "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in text)
    params = {"error": problem.code, "error_description": f"{said} (reference {reference})"}
    return _answer(call, redirect_uri, mode, params, state)


def _answer(
    call: Call, redirect_uri: str, mode: str, params: dict[str, str], state: str | None
) -> Answer:
    if state is not None:
        params["state"] = state
    params["iss"] = call.services.issuer  # RFC 9207, in errors too
    known = mode if mode in RESPONSE_MODES else "query"
    return Answer(redirect_uri=redirect_uri, mode=known, params=params)


def _check_resource(call: Call, valid: Validated) -> None:
    located = valid.details.location if valid.details else None
    if located is not None and located != valid.resource:
        raise BadRequest(CODE, "authorization_details: locations is not the API of resource")
    # Whether the client proves a key is seen at the token endpoint, and asked again there.
    at = valid.client.client_id if valid.wanted.acting_for else None
    refused = why_not(call, valid.resource, acting_at=at, bound=True)
    if refused is not None:
        raise BadRequest("invalid_target", refused)


def _with_details(call: Call, client: Client, wanted: Wanted, details: Details) -> Wanted:
    """What is wanted, with the acting that its details ask for: their permission, else whichever
    the person chooses."""
    check_known(details, powers_of(call, client.client_id))
    if details.mandate and wanted.acting_for not in {"", "choose", details.mandate}:
        raise BadRequest(CODE, "authorization_details: mandate is not the one of acting_for")
    return replace(wanted, acting_for=details.mandate or wanted.acting_for or "choose")


def _check_acting(client: Client, wanted: Wanted) -> None:
    if not wanted.acting_for:
        return
    if not client.delegation_aware:
        raise BadRequest(
            "unauthorized_client", "acting_for: this client is not registered for acting"
        )
    if "none" in wanted.prompt:
        raise BadRequest("interaction_required", "acting_for: the person has to choose")
