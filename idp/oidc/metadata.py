"""Discovery and JWKS: bytes built once per key change (decision 18)."""

import json
from functools import lru_cache
from hashlib import sha256
from typing import Any

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata
from authlib.oidc.discovery import OpenIDProviderMetadata

from idp.assurance.rules import acr_values_supported
from idp.callers import dpop
from idp.callers.authenticate import ASSERTION_ALGORITHMS, METHODS
from idp.callers.registration import GRANT_TYPES
from idp.door import DoorResponse
from idp.oidc import detail_rules
from idp.oidc.rules import CLAIMS, DISPLAYS, RESPONSE_MODES, SCOPES
from idp.oidc.server import Services

CACHED = ("Cache-Control", "public, max-age=300")
ANYBODY = ("Access-Control-Allow-Origin", "*")
SCHEMA_PATH = "/schemas/authorization-details/mandate.json"
JSON = ("Content-Type", "application/json")


def document(services: Services, etag: str | None) -> DoorResponse:
    """Answer the metadata document."""
    version = f"{services.keyring.version()}|{services.policies.fingerprint}"
    return _cached(_document_bytes(services.issuer, services, version), etag)


def keys(services: Services, etag: str | None) -> DoorResponse:
    """Answer the JWKS."""
    return _cached(_keys_bytes(services.issuer, services, services.keyring.version()), etag)


def trust(services: Services) -> DoorResponse:
    """Answer what each level in `vot` means, from the policy in force."""
    levels = services.policies.levels
    body = {
        "trust_framework": services.issuer,
        "vectors": {str(pair): f"tier {number}" for number, pair in levels.tiers.items()},
        "components": {
            "P": "how sure we are who it is, 0 to 3 (GPG 45)",
            "C": "how sure we are that it is the same person again, 0 to 3 (GPG 44)",
        },
        "policy": services.policies.fingerprint,
    }
    return DoorResponse(200, json.dumps(body).encode(), (JSON, CACHED, ANYBODY))


def schema(services: Services) -> DoorResponse:
    """Answer the schema of an entry of `authorization_details`, by its own address."""
    body = {"$id": f"{services.issuer}{SCHEMA_PATH}", **detail_rules.SCHEMA}
    headers = (("Content-Type", "application/schema+json"), CACHED, ANYBODY)
    return DoorResponse(200, json.dumps(body).encode(), headers)


def metadata(services: Services) -> dict[str, Any]:
    """Say what this server can do (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).

    Checked against Authlib's validators: what we promise is at least well formed.
    """
    issuer = services.issuer
    found: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": services.userinfo,
        "jwks_uri": f"{issuer}/jwks",
        "introspection_endpoint": f"{issuer}/introspect",
        "revocation_endpoint": f"{issuer}/revoke",
        "end_session_endpoint": f"{issuer}/end-session",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": services.keyring.algorithms(),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": list(METHODS[:-1]),
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_details_types_supported": [detail_rules.TYPE],
        "dpop_signing_alg_values_supported": list(dpop.ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "acr_values_supported": acr_values_supported(services.policies.levels),
        "claims_supported": [
            *CLAIMS, "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid", "vot",
            "vtm", "act", "mandate", "risk_outcome", "deferral",
        ],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "display_values_supported": list(DISPLAYS),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "ui_locales_supported": ["en"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
    }  # fmt: skip
    OpenIDProviderMetadata(found).validate()
    AuthorizationServerMetadata(found).validate()
    return found


@lru_cache(maxsize=8)
def _document_bytes(issuer: str, services: Services, version: str) -> bytes:
    return json.dumps(metadata(services)).encode()


@lru_cache(maxsize=8)
def _keys_bytes(issuer: str, services: Services, version: str) -> bytes:
    return json.dumps(services.keyring.jwks()).encode()


def _cached(body: bytes, asked_etag: str | None) -> DoorResponse:
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = (JSON, CACHED, ANYBODY, ("ETag", etag))
    if asked_etag == etag:
        return DoorResponse(304, b"", headers)
    return DoorResponse(200, body, headers)
