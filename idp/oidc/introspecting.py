"""Introspection (RFC 7662) and revocation (RFC 7009), in Authlib's endpoints."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import TokenEndpoint
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.assurance.familiarity import said_to_service
from idp.callers import liveness
from idp.callers.clients import Client
from idp.callers.liveness import LiveGrant
from idp.keyring import jose
from idp.oidc import deferrals, issuing
from idp.oidc.deferrals import Deferral
from idp.oidc.grants import AUTH_METHODS
from idp.oidc.resources import owns
from idp.oidc.server import Answer, Request, Server
from idp.oidc.tokens import acting_claims, read_access, risk_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A token of ours that was shown: its live grant, and its claims when a JWT."""

    grant: LiveGrant
    claims: dict[str, Any]
    kind: str
    usable: bool

    def is_expired(self) -> bool:
        """Authlib's question: is it over by its own terms?"""
        return not self.usable

    def is_revoked(self) -> bool:
        """Authlib's question: is what it stands on gone?"""
        return self.grant.dead is not None

    def check_client(self, client: Client) -> bool:
        """Authlib's question: was it issued to this client?"""
        return self.grant.client_id == client.client_id


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """Answers only the client a token was issued to, and its audience (decision 15)."""

    CLIENT_AUTH_METHODS = AUTH_METHODS[:-1]

    def query_token(self, token_string: str, token_type_hint: str | None) -> Found | None:
        """Find the token, of either type: the hint only saves time (RFC 7662 section 2.1)."""
        return find(self.server, token_string)

    def check_params(self, request: Request, client: Client) -> None:
        """Ask for the token; an unknown hint is ignored, as RFC 7662 section 2.1 says."""
        _need_token(request)

    def check_permission(self, token: Found, client: Client, request: Request) -> bool:
        """Say whether this caller may know."""
        if token.check_client(client):
            return True
        # An API may ask about what it is shown; a refresh token is shown to nobody but us.
        return token.kind == "access_token" and owns(
            self.server.call, client.client_id, token.grant.resource
        )

    def introspect_token(self, token: Found) -> dict[str, Any]:
        """Say what the token says; of a refresh token only what belongs to it."""
        grant = token.grant
        if token.kind == "refresh_token":
            return {
                "active": True,
                "client_id": grant.client_id,
                "sub": grant.sub,
                "scope": grant.scope,
                "iss": self.server.call.services.issuer,
                "token_type": "refresh_token",
                **acting_claims(grant),  # without `act` it would say that it is the person's own
            }
        return {
            "active": True,
            "token_type": "DPoP" if "cnf" in token.claims else "Bearer",
            **{name: value for name, value in token.claims.items() if name != "gid"},
            **acting_claims(grant, token.claims.get("authorization_details")),
            **risk_claims(grant),
        }


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """Revoking either token ends the grant, and with it all its tokens."""

    CLIENT_AUTH_METHODS = AUTH_METHODS

    def check_params(self, request: Request, client: Client) -> None:
        """Ask for the token; an unknown hint is ignored."""
        _need_token(request)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Found | None:
        """Find the token, of either type."""
        return find(self.server, token_string)

    def revoke_token(self, token: Found, request: Request) -> None:
        """End the grant: RFC 7009 section 2.1 wants the refresh token's access tokens gone
        too, and ours cannot be told apart from their grant."""
        issuing.end_grant(self.server.call.tx, token.grant.ref, "revoked-by-client")


def introspect_token(server: Server, request: Request) -> Answer:
    """Answer an introspection request inside the frame."""
    server.register_endpoint(Introspection)
    answer: Answer = server.create_endpoint_response("introspection", request)
    return answer


class Held(TokenEndpoint):  # type: ignore[misc]
    """A client asks where a sign-in of its own stands that is held."""

    ENDPOINT_NAME = "deferral"
    CLIENT_AUTH_METHODS = AUTH_METHODS[:-1]

    def create_endpoint_response(self, request: Request) -> Answer:
        """Answer its state and the reasons in short; another client's is not found."""
        client = self.authenticate_endpoint_client(request)
        ref = request.form.get("deferral")
        if not ref:
            raise InvalidRequestError("deferral: it is missing")
        found = deferrals.of_client(self.server.call.tx, ref, client.client_id)
        if found is None:
            return (
                404,
                {"error": "not_found", "error_description": "deferral: not one of yours"},
                [],
            )
        return 200, _as_told(found), []


def _as_told(found: Deferral) -> dict[str, Any]:
    decided = found.decided_at
    return {
        "deferral": found.ref,
        "state": found.state,
        "created_at": int(found.created_at.timestamp()),
        "expires_at": int(found.expires_at.timestamp()),
        "decided_at": int(decided.timestamp()) if decided else None,
        "reasons": said_to_service(found.reasons),
    }


def ask_deferral(server: Server, request: Request) -> Answer:
    """Answer where a held sign-in stands, inside the frame."""
    server.register_endpoint(Held)
    answer: Answer = server.create_endpoint_response("deferral", request)
    return answer


def revoke_token(server: Server, request: Request) -> Answer:
    """Answer a revocation request inside the frame."""
    server.register_endpoint(Revocation)
    answer: Answer = server.create_endpoint_response("revocation", request)
    return answer


def find(server: Server, text: str) -> Found | None:
    """Find a token of ours by its text: an access token by its signature, else a refresh token."""
    call = server.call
    if text.count(".") == 2:
        return _access(server, text)
    row = issuing.find_refresh(call.tx, text)
    if row is None:
        return None
    grant = liveness.ask(call.tx, row.grant_ref)
    usable = row.superseded_at is None and row.now < min(row.idle_until, row.expires_at)
    return Found(grant=grant, claims={}, kind="refresh_token", usable=usable) if grant else None


def _access(server: Server, text: str) -> Found | None:
    call = server.call
    try:
        claims = read_access(call.services, text)
    except jose.BadToken:
        return None
    grant = liveness.ask(call.tx, str(claims.get("gid")))
    if grant is None:
        return None
    usable = int(claims["exp"]) > int(grant.now.timestamp())
    return Found(grant=grant, claims=claims, kind="access_token", usable=usable)


def _need_token(request: Request) -> None:
    if not request.form.get("token"):
        raise InvalidRequestError("token: it is missing")
