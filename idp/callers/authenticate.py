"""Client authentication: exactly the registered method, exactly once, nothing told.

Sources: RFC 6749 section 2.3, RFC 7523 section 3, OpenID Connect Core section 9,
`design.md` decision 14.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

from joserfc.jwk import Key
from sqlalchemy import bindparam

from idp.callers.clients import Client, ClientBook
from idp.callers.records import SpentAssertionRecord
from idp.errors import Refusal
from idp.keyring import jose
from idp.keyring.sealing import digest
from idp.storage import Transaction
from idp.storage.dialects import upsert

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
ASSERTION_ALGORITHMS = ("ES256", "PS256", "EdDSA", "RS256")
ASSERTION_TYPES = (None, "jwt", "client-authentication+jwt")
LONGEST_ASSERTION_SECONDS = 3660
JTI_CHARACTERS = 256
UNKNOWN = "the client is unknown, or did not prove itself by its registered method"

FetchKeys = Callable[[str], list[Key]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a request shows to prove which client it is."""

    form: Mapping[str, str]
    authorization: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What a client assertion must be addressed to: the issuer, or our token endpoint."""

    issuer: str
    token_endpoint: str


def authenticate(
    tx: Transaction, book: ClientBook, presented: Presented, audience: Audience, fetch: FetchKeys
) -> Client | Refusal:
    """Say which client this is, or refuse without telling why it was not believed.

    Spends the assertion's `jti` in this transaction: the caller commits a refusal too.
    """
    found = _credentials(presented)
    if isinstance(found, Refusal):
        return found
    method, client_id, secret = found
    if method == "private_key_jwt":
        return _by_assertion(tx, book, client_id, secret, audience, fetch)
    client = book.get(tx, client_id)
    if client is None or client.token_endpoint_auth_method != method:
        return Refusal("invalid_client", UNKNOWN)
    if method != "none" and not client.check_client_secret(secret):
        return Refusal("invalid_client", UNKNOWN)
    return client


def _credentials(presented: Presented) -> tuple[str, str, str] | Refusal:
    form, header = presented.form, presented.authorization
    ways = []
    if header is not None:
        ways.append("client_secret_basic")
    if "client_secret" in form:
        ways.append("client_secret_post")
    if "client_assertion" in form or "client_assertion_type" in form:
        ways.append("private_key_jwt")
    if len(ways) > 1:
        return Refusal("invalid_request", "client: use one way to authenticate, not several")
    if not ways:
        client_id = form.get("client_id", "")
        return ("none", client_id, "") if client_id else Refusal("invalid_client", UNKNOWN)
    if header is not None:
        basic = _basic(header)
        if basic is None or form.get("client_id", basic[0]) != basic[0]:
            return Refusal("invalid_client", UNKNOWN)
        return ways[0], *basic
    if ways[0] == "client_secret_post":
        return ways[0], form.get("client_id", ""), form["client_secret"]
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        return Refusal("invalid_client", f"client_assertion_type: must be {ASSERTION_TYPE}")
    return ways[0], form.get("client_id", ""), form.get("client_assertion", "")


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, colon, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    # Both halves are form-encoded first: RFC 6749 section 2.3.1.
    return (unquote_plus(name), unquote_plus(secret)) if colon else None


def _by_assertion(
    tx: Transaction,
    book: ClientBook,
    client_id: str,
    assertion: str,
    audience: Audience,
    fetch: FetchKeys,
) -> Client | Refusal:
    try:
        claimed = jose.peek_claims(assertion).get("sub")
        if not isinstance(claimed, str) or (client_id and client_id != claimed):
            raise jose.BadToken("'sub' is not the client")
        client = book.get(tx, claimed)
        if client is None or client.token_endpoint_auth_method != "private_key_jwt":
            return Refusal("invalid_client", UNKNOWN)
        keys = fetch(client.jwks_uri) if client.jwks_uri else list(client.keys)
        claims = jose.verify(
            assertion,
            jose.key_from_set(keys),
            algorithms=ASSERTION_ALGORITHMS,
            types=ASSERTION_TYPES,
        )
        now = int(tx.process_now().timestamp())
        jose.check_times(claims, now=now)
        _check_assertion(claims, client, audience, now)
    except jose.BadToken as problem:
        return Refusal("invalid_client", f"client_assertion: {problem.reason}")
    # Kept past the skew we allow, so that no moment remains in which it would pass again.
    kept_until = datetime.fromtimestamp(int(claims["exp"]), UTC) + timedelta(
        seconds=2 * jose.SKEW_SECONDS
    )
    if not spend(tx, digest(json.dumps([client.client_id, claims["jti"]])), kept_until):
        return Refusal("invalid_client", "client_assertion: this 'jti' was used before")
    return client


def _check_assertion(
    claims: Mapping[str, Any], client: Client, audience: Audience, now: int
) -> None:
    if claims.get("iss") != client.client_id:
        raise jose.BadToken("'iss' is not the client")
    allowed = {audience.issuer}
    if client.profile == "oidc":
        allowed.add(audience.token_endpoint)
    if not isinstance(claims.get("aud"), str) or claims["aud"] not in allowed:
        raise jose.BadToken("'aud' must be the issuer, as one string")
    if claims["exp"] > now + LONGEST_ASSERTION_SECONDS:
        raise jose.BadToken("'exp' is more than an hour away")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARACTERS:
        raise jose.BadToken("'jti' is missing, or too long")


def spend(tx: Transaction, jti_digest: str, kept_until: datetime) -> bool:
    """Spend a `jti` that a caller made, known by the digest of it and of whose it is; False: it
    was spent before. `kept_until` is past the last moment at which its proof would pass."""
    values = {"jti_digest": jti_digest, "expires_at": kept_until}
    # RETURNING, for an INSERT's row count is not told on PostgreSQL.
    return tx.execute(_SPEND.on(tx), values).first() is not None


def _spending(insert: Any) -> Any:
    return (
        insert(SpentAssertionRecord)
        .values(jti_digest=bindparam("jti_digest"), expires_at=bindparam("expires_at"))
        .on_conflict_do_nothing()
        .returning(SpentAssertionRecord.jti_digest)
    )


_SPEND = upsert(_spending)
