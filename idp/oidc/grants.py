"""Our grants in Authlib's frame: authorization code and refresh token."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from authlib.oauth2.rfc6749 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode

from idp.accounts.subjects import subject_of
from idp.callers import liveness
from idp.callers.clients import Client
from idp.callers.liveness import LiveGrant
from idp.callers.rules import SAID
from idp.journal.actions import Entry, record
from idp.oidc import issuing
from idp.oidc.detail_rules import Details
from idp.oidc.details import asked_details, check_details
from idp.oidc.issuing import SpentCode, UsedRefresh
from idp.oidc.named import named_claims
from idp.oidc.resources import sector_of, why_not
from idp.oidc.server import Call, Request, Server
from idp.oidc.tokens import access_token, id_token

S256_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 section 4.2
AUTH_METHODS = ["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Redeem a code (RFC 6749 section 4.1.3). The look-up spends it."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: Request

    @staticmethod
    def validate_authorization_redirect_uri(request: Request, client: Client) -> str:
        """Compare as strings; none is never guessed (OpenID Connect Core 3.1.2.1). Override:
        Authlib takes the only registered one, and its message repeats what it was sent."""
        uri: str | None = request.payload.redirect_uri
        if uri is None or not client.check_redirect_uri(uri):
            raise InvalidRedirectUri
        return uri

    def query_authorization_code(self, code: str, client: Client) -> SpentCode | None:
        """Spend the code; see `issuing.spend_code`."""
        request = self.request
        asked_details(request)  # before anything is spent
        return issuing.spend_code(request.call.tx, code, client.client_id, request.dpop_jkt)

    def authenticate_user(self, authorization_code: SpentCode) -> LiveGrant:
        """Ask whether all that the code stands on is still live."""
        return ask_live(self.request.call, authorization_code.grant_ref)

    def generate_token(self, **options: Any) -> dict[str, Any]:
        """Issue the access token, and a refresh token where the client may have one."""
        grant: LiveGrant = options["user"]
        call, client = self.request.call, self.request.client
        jkt = self.request.dpop_jkt
        check_resource(call, grant, self.request.form.get("resource"), bound=jkt is not None)
        details = check_details(call, grant, asked_details(self.request))
        answer, jti = token_answer(call, grant, grant.scope, jkt=jkt, details=details)
        if options["include_refresh_token"]:
            if client.public and jkt is not None:
                issuing.bind_grant(call.tx, grant.ref, jkt)
            answer["refresh_token"] = issuing.new_refresh(
                call.tx,
                client_id=client.client_id,
                grant_ref=grant.ref,
                now=grant.now,
                expires=grant.mandate.expires if grant.mandate else None,
            )
        record(call.tx, issued(grant, jti, via="code"))
        return answer

    def save_token(self, token: dict[str, Any]) -> None:
        """Store nothing more: access tokens are not stored, the rest is written already."""

    def delete_authorization_code(self, authorization_code: SpentCode) -> None:
        """Nothing to do: the look-up spent it."""


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Refresh (RFC 6749 section 6). The look-up uses the token."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    request: Request

    def _validate_request_token(self, client: Client) -> UsedRefresh:
        # Override: Authlib asks the row whose client it is after the look-up; ours is part of
        # the spending statement, so that a wrong client changes nothing.
        token = self.request.form.get("refresh_token")
        if token is None:
            raise InvalidRequestError("refresh_token: it is missing")
        call, details = self.request.call, asked_details(self.request)
        if client.public:
            self._refuse_early(token, client, details)
        used = issuing.use_refresh(
            call.tx,
            token,
            client.client_id,
            public=client.public,
            key=call.services.keyring.secret("refresh"),
            jkt=self.request.dpop_jkt,
        )
        if used is None:
            raise InvalidGrantError("refresh_token: it is unknown, used up, or has run out")
        return used

    def _refuse_early(self, token: str, client: Client, details: Details | None) -> None:
        # A public client's token is superseded by its use, and a request that asks for too much
        # must not cost the client its token.
        asked = self.request.form.get("resource")
        if asked is None and not self.request.payload.scope and details is None:
            return
        row = issuing.find_refresh(self.request.call.tx, token)
        if row is not None and row.client_id == client.client_id:
            grant = liveness.ask(self.request.call.tx, row.grant_ref)
            if grant is not None:
                self._check_scope(grant)
                check_details(self.request.call, grant, details)
                bound = self.request.dpop_jkt is not None
                check_resource(self.request.call, grant, asked, bound=bound)

    def _check_scope(self, grant: LiveGrant) -> None:
        asked = self.request.payload.scope
        if asked and not set(asked.split()) <= set(grant.scope.split()):
            raise InvalidScopeError("scope: more than was granted")

    def _validate_token_scope(self, token: UsedRefresh) -> None:
        # Override: the scope is the live grant's, read with the rest in one statement below.
        grant = ask_live(self.request.call, token.grant_ref)
        self._check_scope(grant)
        self.request.user = grant

    def authenticate_user(self, refresh_token: UsedRefresh) -> LiveGrant:
        """The live grant that the scope check has read."""
        grant: LiveGrant = self.request.user
        return grant

    def issue_token(self, user: LiveGrant, refresh_token: UsedRefresh) -> dict[str, Any]:
        """Issue a new access token, and the successor of a public client's refresh token."""
        call, client = self.request.call, self.request.client
        scope, jkt = self.request.payload.scope or user.scope, self.request.dpop_jkt
        check_resource(call, user, self.request.form.get("resource"), bound=jkt is not None)
        details = check_details(call, user, asked_details(self.request))
        answer, jti = token_answer(call, user, scope, jkt=jkt, details=details)
        if refresh_token.successor is not None:
            if jkt is not None and user.dpop_jkt is None:
                issuing.bind_grant(call.tx, user.ref, jkt)
            issuing.store_successor(
                call.tx, refresh_token, client_id=client.client_id, now=user.now
            )
            answer["refresh_token"] = refresh_token.successor
        record(call.tx, issued(user, jti, via="refresh"))
        return answer

    def save_token(self, token: dict[str, Any]) -> None:
        """Store nothing more."""

    def revoke_old_credential(self, refresh_token: UsedRefresh) -> None:
        """Nothing to do: the look-up superseded it where it had to be."""


class Challenge(CodeChallenge):  # type: ignore[misc]
    """PKCE with S256 only (RFC 9700 section 2.1.1), required unless registered otherwise."""

    DEFAULT_CODE_CHALLENGE_METHOD = "plain"  # RFC 7636 4.3: what leaving it out means
    SUPPORTED_CODE_CHALLENGE_METHOD = ["S256"]

    def validate_code_challenge(self, grant: CodeGrant, redirect_uri: str) -> None:
        """Refuse a missing challenge where it is required, and any other method than S256."""
        data = grant.request.payload.data
        client = grant.request.client
        if "code_challenge" not in data and (client.pkce == "required" or client.public):
            raise InvalidRequestError("code_challenge: PKCE with S256 is required")
        if "code_challenge" in data and data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("code_challenge_method: must be S256")
        # Authlib's own pattern lets a line feed at the end pass.
        if "code_challenge" in data and not S256_CHALLENGE.fullmatch(data["code_challenge"]):
            raise InvalidRequestError("code_challenge: must be 43 characters of base64url")
        super().validate_code_challenge(grant, redirect_uri)


class IdToken(OpenIDCode):  # type: ignore[misc]
    """The ID token beside the access token, on a code and on a refresh (OpenID Connect Core
    12.2: then without nonce, with the same `auth_time`); signed by our one JOSE module."""

    def __call__(self, grant: CodeGrant | RefreshGrant) -> None:
        """Hook in after the token response. The request's own checks are `rules.read_wanted`'s:
        Authlib's would ask the database for old nonces, which is the client's own guard."""
        grant.register_hook("after_create_token_response", self.process_token)

    def encode_id_token(self, token: dict[str, Any], request: Request) -> str:
        """Say what `tokens.id_token` says."""
        code: SpentCode | None = request.authorization_code
        grant: LiveGrant = request.user
        call = request.call
        return id_token(
            call.services,
            grant,
            request.client,
            nonce=code.nonce if code else None,
            token=token["access_token"],
            named=named_claims(call, grant, request.client),
        )


class InvalidTarget(OAuth2Error):  # type: ignore[misc]
    """The API asked for cannot be named by this token (RFC 8707 section 2)."""

    error = "invalid_target"


class InvalidRedirectUri(Exception):
    """The redirect URI is not registered: never redirect, show a page."""


def ask_live(call: Call, grant_ref: str) -> LiveGrant:
    """Ask for the grant, in one statement. Raises Authlib's `InvalidGrantError` when dead."""
    grant = liveness.ask(call.tx, grant_ref)
    if grant is None:
        raise InvalidGrantError("what this stood on does not exist")
    if grant.mandate is not None:
        call.depends(grant.organisation_ref, grant.mandate.service)
    if grant.dead is not None:
        entry = Entry(
            kind="tokens-refused",
            person=grant.holder,
            actor=grant.actor,
            client_id=grant.client_id,
            mandate_ref=grant.mandate.ref if grant.mandate else None,
            detail={"grant": grant.ref, "reason": grant.dead},
        )
        reference = record(call.tx, entry)
        raise InvalidGrantError(f"{SAID[grant.dead]} (reference {reference})")
    return grant


def token_answer(
    call: Call,
    grant: LiveGrant,
    scope: str,
    *,
    jkt: str | None,
    details: Sequence[Mapping[str, Any]] = (),
) -> tuple[dict[str, Any], str]:
    """Make the token response of RFC 6749 section 5.1, and the access token's `jti`.

    `jkt` is the thumbprint of the key it is bound to (RFC 9449 section 5), None for a bearer;
    `details` are the authorization details it has (RFC 9396 section 7).
    """
    sub = _subject(call, grant)
    token, seconds, jti = access_token(
        call.services, grant, scope, sub=sub, jkt=jkt, details=details
    )
    answer = {
        "access_token": token,
        "token_type": "Bearer" if jkt is None else "DPoP",
        "expires_in": seconds,
        "scope": scope,
        **({"authorization_details": list(details)} if details else {}),
    }
    return answer, jti


def check_resource(call: Call, grant: LiveGrant, asked: str | None, *, bound: bool) -> None:
    """Refuse a token for another API than was granted, or one that may be had no more.

    `bound`: it is bound to a key. Raises `InvalidTarget` (RFC 8707 section 2.2). Asked at each
    issue: what an API demands may have risen since the grant was made.
    """
    if asked is not None and asked != grant.resource:
        raise InvalidTarget("resource: it was not granted by this authorization")
    at = grant.mandate.service if grant.mandate else None
    problem = why_not(call, grant.resource, acting_at=at, bound=bound)
    if problem is not None:
        raise InvalidTarget(problem)


def _subject(call: Call, grant: LiveGrant) -> str:
    """What the audience's sector knows the holder by: the client's own, but for another's API.
    Who acts reaches no other service's API than the one the permission is for."""
    if grant.mandate is not None:
        return grant.sub
    sector = sector_of(call, grant.resource) if grant.resource else None
    if sector is None:
        return grant.sub
    return subject_of(call.tx, sector=sector, kind="self", account_ref=grant.account_ref)


def issued(grant: LiveGrant, jti: str, *, via: str) -> Entry:
    """The journal's entry of tokens that are issued: one a token response (`delegation.md` I17)."""
    acts = {
        "organisation": grant.organisation_ref, "member": grant.member_ref,
        "software": grant.software, "machine": grant.machine_ref,
    }  # fmt: skip
    return Entry(
        kind="tokens-issued",
        person=grant.holder,
        actor=grant.actor,
        client_id=grant.client_id,
        mandate_ref=grant.mandate.ref if grant.mandate else None,
        detail={"grant": grant.ref, "jti": jti, "vot": grant.vot, "policy": grant.policy,
                "via": via, **{name: value for name, value in acts.items() if value is not None}},
    )  # fmt: skip


_EXTENSIONS = (Challenge(required=True), IdToken())


def build_server(call: Call) -> Server:
    """Put the frame together for one request."""
    server = Server(call)
    server.register_grant(CodeGrant, _EXTENSIONS)
    server.register_grant(RefreshGrant, _EXTENSIONS[1:])
    return server
