"""The machine doors of OpenID Connect: token, userinfo, introspection, revocation, metadata."""

import time
from functools import partial
from typing import Any

from idp.callers import liveness
from idp.callers.liveness import LiveGrant
from idp.callers.rules import SAID
from idp.callers.service_levels import Asked
from idp.door import NO_STORE, DoorRequest, DoorResponse, json_response
from idp.house import House
from idp.journal.actions import Entry, new_reference, record
from idp.keyring import jose
from idp.oidc import metadata, presenting
from idp.oidc.checking import check_mandate as answer_check
from idp.oidc.disclosure import disclose
from idp.oidc.exchanging import token_response
from idp.oidc.grants import build_server
from idp.oidc.introspecting import ask_deferral, introspect_token, revoke_token
from idp.oidc.named import actor_name, is_personal, named_claims
from idp.oidc.presenting import Unfit, challenge
from idp.oidc.resources import joined
from idp.oidc.server import Answer, Call, Request
from idp.oidc.tokens import acting_claims, read_access, risk_claims
from idp.storage import Transaction

Looked = tuple[LiveGrant, dict[str, Any] | None] | None
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


def mandate_schema(house: House, request: DoorRequest) -> DoorResponse:
    """The JSON schema of an entry of `authorization_details` (RFC 9396 section 13.1)."""
    return metadata.schema(house.services)


def token(house: House, request: DoorRequest) -> DoorResponse:
    """The token endpoint (RFC 6749 section 3.2): one transaction, one commit."""
    return _in_frame(house, request, token_response)


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
    shown = presenting.read(request)
    if isinstance(shown, DoorResponse):
        return shown
    services, refuse = house.services, partial(challenge, scheme=shown.scheme)
    try:
        claims = read_access(services, shown.token)
    except jose.BadToken as problem:
        return refuse("invalid_token", problem.reason)
    if claims.get("aud") != services.userinfo:
        return refuse("invalid_token", "the token is for another audience")
    if "openid" not in str(claims.get("scope")).split():
        return refuse("insufficient_scope", "the token needs the scope openid", status=403)

    def look(tx: Transaction) -> Looked | DoorResponse:
        unfit = presenting.unfit(tx, request, shown, claims, services.userinfo)
        if unfit is not None:
            return _refuse_unfit(tx, unfit, claims)
        return _look(Call(tx=tx, services=services), claims)

    # A proof is spent, and a wrong one journalled, which is a write; a bearer's is only read.
    reads = shown.scheme == presenting.BEARER and "cnf" not in claims
    found = (house.database.read if reads else house.database.transaction)(look)
    if isinstance(found, DoorResponse):
        return found
    if found is None:
        return refuse("invalid_token", "what the token stood on does not exist")
    grant, answer = found
    # By the database's clock, and to the second: we made the token ourselves.
    if int(claims["exp"]) <= grant.now.timestamp():
        return refuse("invalid_token", "the token has expired")
    if grant.dead is not None:
        return _refuse(house, grant, shown.scheme)
    if answer is None:
        return refuse("invalid_token", "the client does not exist")
    if is_personal(answer) and not disclose(house.database, grant, claims, sorted(answer)):
        return refuse("invalid_token", "the token ended meanwhile")
    return json_response(200, answer)


def _look(call: Call, claims: dict[str, Any]) -> Looked:
    grant = liveness.ask(call.tx, str(claims.get("gid")))
    if grant is None:
        return None
    client = call.services.clients.get(call.tx, grant.client_id)
    if grant.dead is not None or client is None:
        return grant, None
    scope = str(claims.get("scope"))  # the token's: a refresh may have asked for less than all
    answer = {"sub": grant.sub, **named_claims(call, grant, client, scope=scope)}
    answer |= acting_claims(grant, claims.get("authorization_details")) | risk_claims(grant)
    name = actor_name(call, grant, scope)
    if name is not None:
        answer["act"] = {**answer["act"], "name": name}
    return grant, answer


def _refuse(house: House, grant: LiveGrant, scheme: str) -> DoorResponse:
    """Refuse a dead grant with its reason and a reference that both sides can quote."""
    assert grant.dead is not None
    reference = grant.reference
    if not reference:
        reference, entry = new_reference(), _refusal(grant, grant.dead)
        house.database.transaction(lambda tx: record(tx, entry, reference=reference))
    return challenge("invalid_token", SAID[grant.dead], scheme=scheme, reference=reference,
                     reason=grant.dead)  # fmt: skip


def _refuse_unfit(tx: Transaction, unfit: Unfit, claims: dict[str, Any]) -> DoorResponse:
    """Refuse whoever does not hold the key of a token of ours. While the token lasts that is
    journalled: it may be in a thief's hands. What it stands on is told to nobody without it."""
    grant = liveness.ask(tx, str(claims.get("gid")))
    reference = ""
    if grant is not None and grant.now.timestamp() < int(claims["exp"]):
        reference = record(tx, _refusal(grant, unfit.reason))
    return challenge(unfit.code, unfit.description, scheme=unfit.scheme, reference=reference,
                     reason=unfit.reason)  # fmt: skip


def _refusal(grant: LiveGrant, reason: str) -> Entry:
    return Entry(
        kind="userinfo-refused",
        person=grant.holder,
        actor=grant.actor,
        client_id=grant.client_id,
        mandate_ref=grant.mandate.ref if grant.mandate else None,
        detail={"grant": grant.ref, "reason": reason},
    )


def _in_frame(
    house: House, request: DoorRequest, answer_of: Any, *, writes: bool = True
) -> DoorResponse:
    of, begun, failed = Asked(), time.perf_counter(), True
    _warm_keys(house, request)

    def work(tx: Transaction) -> Answer:
        call = Call(tx=tx, services=house.services, asked=of)
        form = joined(request.form, request.repeated.get("resource", ()))
        asked = Request(request.method, form, request.headers, call)
        answer: Answer = answer_of(build_server(call), asked)
        return answer

    run = house.database.transaction if writes else house.database.read
    try:
        status, body, _headers = run(work)
        failed = False
    finally:
        house.service_levels.note(of, time.perf_counter() - begun, failed=failed)
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
