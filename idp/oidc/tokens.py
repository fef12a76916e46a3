"""What our tokens say: access tokens (RFC 9068), ID tokens, and the acting claims."""

import base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from idp.assurance.rules import Level
from idp.callers.acting import ActingMandate
from idp.callers.authority import effective, named_powers
from idp.callers.clients import Client
from idp.callers.liveness import LiveGrant
from idp.keyring import jose
from idp.keyring.sealing import random_ref
from idp.oidc.rules import ID_TOKEN, access_token_ends
from idp.oidc.server import Services

ACCESS_TYPE, ID_TYPE, LOGOUT_TYPE = "at+jwt", "JWT", "logout+jwt"


def read_access(services: Services, text: str) -> dict[str, Any]:
    """Check that an access token is one of ours and unaltered; answer its claims.

    Raises `jose.BadToken`. Whether it has run out is for the caller to ask, by the database's
    clock and without leeway: we made it ourselves.
    """
    return _read(services, text, ACCESS_TYPE)


def read_hint(services: Services, text: str) -> dict[str, Any]:
    """Check an ID token that a client gives back as a hint; an expired one is a good hint.

    Raises `jose.BadToken`. Source: OpenID Connect Core 3.1.2.1, RP-Initiated Logout 1.0 2.
    """
    return _read(services, text, ID_TYPE)


def access_token(
    services: Services,
    grant: LiveGrant,
    scope: str,
    *,
    sub: str,
    jkt: str | None = None,
    details: Sequence[Mapping[str, Any]] = (),
) -> tuple[str, int, str]:
    """Sign an access token for a live grant. Answers it, its life in seconds, and its `jti`.

    `sub` is what the audience's own sector knows the person by (decision 15). `jkt` is the
    thumbprint of the key that the token is bound to (RFC 9449 section 6.1); None: a bearer token.
    `details` are the authorization details it has (RFC 9396 section 9.1).
    """
    ends = access_token_ends(
        grant.now,
        acting=grant.mandate is not None,
        mandate_expires=grant.mandate.expires if grant.mandate else None,
    )
    issued = int(grant.now.timestamp())
    jti = random_ref()
    claims = {
        "iss": services.issuer,
        "aud": grant.resource or services.userinfo,
        "sub": sub,
        "client_id": grant.client_id,
        "iat": issued,
        "exp": int(ends.timestamp()),
        "jti": jti,
        "gid": grant.ref,
        "sid": grant.sid,
        "scope": scope,
        "acr": grant.acr,
        "auth_time": grant.auth_time,
        "amr": grant.amr,
        **acting_claims(grant, details),
        **risk_claims(grant),
    }
    if jkt is not None:
        claims["cnf"] = {"jkt": jkt}
    if details:
        claims["authorization_details"] = list(details)
    token = services.keyring.sign(claims, algorithm="ES256", typ=ACCESS_TYPE)
    return token, claims["exp"] - issued, jti


def id_token(
    services: Services,
    grant: LiveGrant,
    client: Client,
    *,
    nonce: str | None,
    token: str,
    named: dict[str, Any],
) -> str:
    """Sign an ID token (OpenID Connect Core 2). `named` are claims asked for by name."""
    algorithm = client.id_token_signed_response_alg
    issued = int(grant.now.timestamp())
    claims = {
        **named,
        "iss": services.issuer,
        "aud": client.client_id,
        "sub": grant.sub,
        "iat": issued,
        "exp": issued + int(ID_TOKEN.total_seconds()),
        "auth_time": grant.auth_time,
        "acr": grant.acr,
        "amr": grant.amr,
        "vot": grant.vot,
        "vtm": f"{services.issuer}/.well-known/vot",
        "sid": grant.sid,
        "at_hash": half_hash(token),
        **acting_claims(grant),
        **risk_claims(grant),
    }
    if nonce is not None:
        claims["nonce"] = nonce
    return services.keyring.sign(claims, algorithm=algorithm, typ=ID_TYPE)


def acting_claims(
    grant: LiveGrant, details: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """The `act` and `mandate` claims of a grant under a mandate; nothing for anyone else.

    A token without `act` means the person themself, always. `acr`, `amr` and `auth_time`
    describe the actor. Only the powers that were asked for are named: those of `details`, the
    token's own, else the grant's, by its details or by its scope. A mandate that was passed on
    names who passed it on in a nested `act`, the last one outermost. Source: RFC 8693 section
    4.1; `delegation.md` section 1.
    """
    mandate = grant.mandate
    if mandate is None:
        return {}
    act: dict[str, Any] = {"sub": grant.act_sub, "acr": grant.acr}
    if grant.organisation_ref is not None:
        act["org"] = grant.organisation_ref
    if grant.software is not None:
        act["client_id"] = grant.software
    behind = _behind(mandate.through)
    if behind is not None:
        act["act"] = behind
    facts = mandate.facts
    level = str(effective(Level.parse(grant.vot), facts.granted, facts.cap))
    asked = details or grant.details
    named = named_powers(grant.scope, mandate.service)
    powers = asked[0]["actions"] if asked else sorted(named) or mandate.powers
    return {"act": act, "mandate": {**mandate_claim(mandate, powers), "effective_level": level}}


def _behind(through: Sequence[str]) -> dict[str, Any] | None:
    """The organisations that passed a mandate on, each inside the one it let act."""
    found: dict[str, Any] | None = None
    for organisation in reversed(through):
        found = {"org": organisation} if found is None else {"org": organisation, "act": found}
    return found


def mandate_claim(mandate: ActingMandate, powers: Sequence[str]) -> dict[str, Any]:
    """What tokens and the mandate check say of a mandate itself, whoever acts under it; of its
    powers those that are in question."""
    facts = mandate.facts
    claim = {
        "id": mandate.ref,
        "version": mandate.version,
        "scopes": [f"{mandate.service}:{power}" for power in powers],
        "basis": mandate.basis,
        "grant_level": str(facts.granted.meet(facts.cap)),
        "quorum_met": facts.signed >= facts.quorum,
    }
    if mandate.single_use:
        claim["single_use"] = True
    if mandate.expires is not None:
        claim["exp"] = int(mandate.expires.timestamp())
    return claim


def risk_claims(grant: LiveGrant) -> dict[str, Any]:
    """`risk_outcome` and, where the sign-in is held, `deferral`; as they stand now.

    Nothing where run-time risk does not bind. Never the score: it would teach an attacker.
    Source: risk-model.md T6, "Explanations".
    """
    if grant.risk_outcome is None:
        return {}
    if grant.deferral is None:
        return {"risk_outcome": grant.risk_outcome}
    return {"risk_outcome": grant.deferral_state, "deferral": grant.deferral}


def half_hash(value: str) -> str:
    """The `at_hash` of OpenID Connect Core 3.1.3.6: all our algorithms hash with SHA-256."""
    return base64.urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


def _read(services: Services, text: str, typ: str) -> dict[str, Any]:
    claims = services.keyring.verify_own(text, typ=typ)
    if claims.get("iss") != services.issuer:  # keys that served under another name
        raise jose.BadToken("the token is of another issuer")
    return claims
