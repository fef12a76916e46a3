"""The machine doors of OpenID Connect: token, userinfo, introspection, revocation, metadata."""

from typing import Any

from idp.callers import liveness
from idp.callers.liveness import LiveGrant
from idp.callers.rules import SAID
from idp.door import NO_STORE, DoorRequest, DoorResponse, json_response
from idp.house import House
from idp.journal.actions import Entry, new_reference, record
from idp.keyring import jose
from idp.oidc import metadata
from idp.oidc.checking import check_mandate as answer_check
from idp.oidc.disclosure import disclose
from idp.oidc.grants import build_server
from idp.oidc.introspecting import ask_deferral, introspect_token, revoke_token
from idp.oidc.named import actor_name, is_personal, named_claims
from idp.oidc.server import Answer, Call, Request
from idp.oidc.tokens import acting_claims, read_access, risk_claims
from idp.storage import Transaction

PUBLIC_HEADERS = (("Access-Control-Allow-Origin", "*"),)


def discovery(house: House, request: DoorRequest) -> DoorResponse:
    """OpenID Connect Discovery 1.0 section 4, and the same for RFC 8414 section 3."""
    return metadata.document(house.services, request.headers.get("if-none-match"))


def jwks(house: House, request: DoorRequest) -> DoorResponse:
    """The JSON Web Key Set (RFC 7517 section 5)."""
    return metadata.keys(house.services, request.headers.get("if-none-match"))


def trust(house: House, request: DoorRequest) -> DoorResponse:
    """What the vectors in `vot` mean (RFC 8485 section 5: the trustmark `vtm` names)."""
    return metadata.trust(house.services)


def token(house: House, request: DoorRequest) -> DoorResponse:
    """The token endpoint (RFC 6749 section 3.2): one transaction, one commit."""
    return _in_frame(house, request, lambda server, asked: server.create_token_response(asked))


def introspect(house: House, request: DoorRequest) -> DoorResponse:
    """Token introspection (RFC 7662). Writes nothing, unless an assertion has to be spent."""
    return _in_frame(house, request, introspect_token, writes="client_assertion" in request.form)


def deferral(house: House, request: DoorRequest) -> DoorResponse:
    """Where a held sign-in stands, for the service that it was made to."""
    writes = "client_assertion" in request.form
    return _in_frame(house, request, ask_deferral, writes=writes)


def check_mandate(house: House, request: DoorRequest) -> DoorResponse:
    """Whether somebody may act for somebody at the caller's own service; one journal row."""
    return _in_frame(house, request, answer_check)


def revoke(house: House, request: DoorRequest) -> DoorResponse:
    """Token revocation (RFC 7009)."""
    return _in_frame(house, request, revoke_token)


def userinfo(house: House, request: DoorRequest) -> DoorResponse:
    """UserInfo (OpenID Connect Core 5.3): the claims, if all the token stands on is live."""
    token_text = _bearer(request)
    if isinstance(token_text, DoorResponse):
        return token_text
    services = house.services
    try:
        claims = read_access(services, token_text)
    except jose.BadToken as problem:
        return _challenge("invalid_token", problem.reason)
    if claims.get("aud") != services.userinfo:
        return _challenge("invalid_token", "the token is for another audience")
    if "openid" not in str(claims.get("scope")).split():
        return _challenge("insufficient_scope", "the token needs the scope openid", status=403)

    found = house.database.read(lambda tx: _look(Call(tx=tx, services=services), claims))
    if found is None:
        return _challenge("invalid_token", "what the token stood on does not exist")
    grant, answer = found
    # By the database's clock, and to the second: we made the token ourselves.
    if int(claims["exp"]) <= grant.now.timestamp():
        return _challenge("invalid_token", "the token has expired")
    if grant.dead is not None:
        return _refuse(house, grant)
    if answer is None:
        return _challenge("invalid_token", "the client does not exist")
    if is_personal(answer) and not disclose(house.database, grant, claims, sorted(answer)):
        return _challenge("invalid_token", "the token ended meanwhile")
    return json_response(200, answer)


def _look(call: Call, claims: dict[str, Any]) -> tuple[LiveGrant, dict[str, Any] | None] | None:
    grant = liveness.ask(call.tx, str(claims.get("gid")))
    if grant is None:
        return None
    client = call.services.clients.get(call.tx, grant.client_id)
    if grant.dead is not None or client is None:
        return grant, None
    scope = str(claims.get("scope"))  # the token's: a refresh may have asked for less than all
    answer = {"sub": grant.sub, **named_claims(call, grant, client, scope=scope)}
    answer |= acting_claims(grant) | risk_claims(grant)
    name = actor_name(call, grant, scope)
    if name is not None:
        answer["act"] = {**answer["act"], "name": name}
    return grant, answer


def _refuse(house: House, grant: LiveGrant) -> DoorResponse:
    """Refuse a dead grant with its reason and a reference that both sides can quote."""
    assert grant.dead is not None
    reference = grant.reference
    if not reference:
        reference = new_reference()
        entry = Entry(
            kind="userinfo-refused",
            person=grant.holder,
            actor=grant.actor,
            client_id=grant.client_id,
            mandate_ref=grant.mandate.ref if grant.mandate else None,
            detail={"grant": grant.ref, "reason": grant.dead},
        )
        house.database.transaction(lambda tx: record(tx, entry, reference=reference))
    return _challenge(
        "invalid_token", f"{SAID[grant.dead]} (reference {reference})", reference=reference,
        reason=grant.dead,
    )  # fmt: skip


def _bearer(request: DoorRequest) -> str | DoorResponse:
    """Take the token from the header or the form, never from the address (RFC 6750 2)."""
    if "access_token" in request.query:
        return _challenge(
            "invalid_request", "send the token in a header: addresses are kept in logs", status=400
        )
    header, field = request.headers.get("authorization"), request.form.get("access_token")
    if header is not None and field is not None:
        return _challenge("invalid_request", "send the token one way, not two", status=400)
    if header is not None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "bearer":
            return _unasked()
        if not value:
            return _challenge("invalid_request", "Authorization: Bearer TOKEN", status=400)
        return value.strip()
    if field:
        return field
    return _unasked()


def _unasked() -> DoorResponse:
    # Nothing was tried, so nothing is said about what is wrong: RFC 6750 section 3.1.
    return DoorResponse(401, b"", (("WWW-Authenticate", 'Bearer realm="userinfo"'), *NO_STORE))


def _challenge(
    code: str, description: str, *, status: int = 401, reference: str = "", reason: str = ""
) -> DoorResponse:
    body = {"error": code, "error_description": description}
    if reference:
        body |= {"reference": reference, "reason": reason}
    said = description.replace("\\", "").replace('"', "'")
    header = f'Bearer realm="userinfo", error="{code}", error_description="{said}"'
    return json_response(status, body, (("WWW-Authenticate", header), *NO_STORE))


def _in_frame(
    house: House, request: DoorRequest, answer_of: Any, *, writes: bool = True
) -> DoorResponse:
    _warm_keys(house, request)

    def work(tx: Transaction) -> Answer:
        call = Call(tx=tx, services=house.services)
        asked = Request(request.method, request.form, request.headers, call)
        answer: Answer = answer_of(build_server(call), asked)
        return answer

    run = house.database.transaction if writes else house.database.read
    status, body, _headers = run(work)
    # RFC 9110 section 11.6.1: a 401 names a way to authenticate, and a realm with it, which
    # Authlib's own header leaves out.
    extra = (("WWW-Authenticate", 'Basic realm="client"'),) if status == 401 else ()
    return json_response(status, body, (*extra, *NO_STORE))


def _warm_keys(house: House, request: DoorRequest) -> None:
    """Fetch a client's keys from its `jwks_uri` before the transaction, where it has one."""
    assertion = request.form.get("client_assertion")
    if not assertion:
        return
    try:
        client_id = str(jose.peek_claims(assertion).get("sub"))
        kid = jose.peek_header(assertion).get("kid")
    except jose.BadToken:
        return
    client = house.database.read(lambda tx: house.services.clients.get(tx, client_id))
    if client is None or client.jwks_uri is None:
        return
    house.client_keys.warm(client.jwks_uri)
    if kid and all(key.kid != kid for key in house.client_keys.get(client.jwks_uri)):
        house.client_keys.warm(client.jwks_uri, newest=True)
