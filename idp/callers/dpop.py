"""DPoP proofs (RFC 9449): whoever calls holds the private key that a token is bound to.

A proof is good for one request: for its method, its address and some minutes, once. It proves a
key and never a client, so it is read only after who calls is known otherwise: by client
authentication at the token endpoint, by the token itself where one is presented.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from idp.callers.authenticate import JTI_CHARACTERS, spend
from idp.errors import Refusal
from idp.keyring import jose
from idp.keyring.sealing import digest
from idp.storage import Transaction

ALGORITHMS = jose.ALGORITHMS
CODE = "invalid_dpop_proof"
LONGEST_PROOF = 4096
LONGEST_AGE_SECONDS = 300
DEFAULT_PORTS = {"https": 443, "http": 80}


class Unproved(StrEnum):
    """Why no key was proved; the value is also the `reason` in the answer and in the journal."""

    MISSING = "proof-missing"
    WRONG = "proof-wrong"
    OTHER_KEY = "proof-of-other-key"
    NOT_BOUND = "token-not-bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that is good, but for its being spent. `jkt` is its key's thumbprint (RFC 7638),
    `iat` in seconds."""

    jkt: str
    jti: str
    iat: int


def prove(
    tx: Transaction, header: str, *, method: str, address: str, token: str | None = None
) -> str | Refusal:
    """Answer the thumbprint of the key that the proof in a `DPoP` header proves, or why none is.

    `address` is ours by the settings, never as the request names it. `token` is the access token
    that was presented with it. Spends the proof's `jti` in this transaction: the caller commits
    a refusal too. Source: RFC 9449 section 4.3.
    """
    now = int(tx.process_now().timestamp())
    try:
        proof = read(header, method=method, address=address, token=token, now=now)
    except jose.BadToken as problem:
        return Refusal(CODE, f"DPoP: {problem.reason}")
    # Beyond the last moment at which any host's clock would let it pass.
    kept_seconds = LONGEST_AGE_SECONDS + 2 * jose.SKEW_SECONDS
    kept_until = datetime.fromtimestamp(proof.iat, UTC) + timedelta(seconds=kept_seconds)
    if not spend(tx, digest(json.dumps(["dpop", proof.jkt, proof.jti])), kept_until):
        return Refusal(CODE, "DPoP: this 'jti' was used before")
    return proof.jkt


def read(header: str, *, method: str, address: str, token: str | None, now: int) -> Proof:
    """Check a proof, all but that it was not used before; `now` in seconds.

    Raises `jose.BadToken` with what is wrong about it.
    """
    if len(header) > LONGEST_PROOF:
        raise jose.BadToken(f"the proof is longer than {LONGEST_PROOF} characters")
    claims = jose.verify(
        header, jose.embedded_key, algorithms=ALGORITHMS, types=frozenset({"dpop+jwt"})
    )
    jose.check_times(claims, now=now, need_exp=False)
    _check(claims, method, address, now)
    if token is not None and not _is_of(claims.get("ath"), token):
        raise jose.BadToken("'ath' is not the hash of the token that came with it")
    key = jose.embedded_key(jose.peek_header(header))
    return Proof(jkt=key.thumbprint(), jti=claims["jti"], iat=int(claims["iat"]))


def _check(claims: Mapping[str, Any], method: str, address: str, now: int) -> None:
    jti, iat = claims.get("jti"), claims.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= JTI_CHARACTERS:
        raise jose.BadToken("'jti' is missing, or too long")
    if iat is None:
        raise jose.BadToken("'iat' is missing")
    if iat + LONGEST_AGE_SECONDS < now:
        raise jose.BadToken(f"'iat' is more than {LONGEST_AGE_SECONDS} seconds ago")
    if claims.get("htm") != method:
        raise jose.BadToken("'htm' is not the method of this request")
    htu = claims.get("htu")
    if not isinstance(htu, str) or _normal(htu) != _normal(address):
        raise jose.BadToken("'htu' is not the address of this request")


def _normal(uri: str) -> tuple[str, str | None, int | None, str] | None:
    """An address without its query and fragment, as RFC 3986 6.2.2.1 and 6.2.3 compare it."""
    if not uri.isascii() or any(c <= " " for c in uri):  # which `urlsplit` would leave out
        return None
    try:
        parts = urlsplit(uri)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    if "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, port, parts.path or "/"


def _is_of(ath: Any, token: str) -> bool:
    made = base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=")
    return isinstance(ath, str) and ath.isascii() and hmac.compare_digest(ath.encode(), made)
