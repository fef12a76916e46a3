"""The bare floor: the least code that does a token endpoint's work correctly, to measure against.

Not a product: one client, one key, no consent, journal, risk decision or policy. What it does do is
checked as ours is: exact redirect, PKCE S256, client secret in constant time, single use,
everything secret stored hashed, one commit per writing request, ES256 ID and at+jwt access tokens,
one liveness read wherever a token is asked about.

Served as `granian --interface wsgi --factory bench.floor:create_app` with FLOOR_SETTINGS set to the
JSON of `Settings`.
"""

import hmac
import json
import os
import secrets
import time
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.floor_stores import Code, Redeemed, Store, open_store

Answer = tuple[str, list[tuple[str, str]], bytes]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]
ECDSA = ec.ECDSA(SHA256())
CODE_SECONDS, TOKEN_SECONDS = 60, 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What one floor server knows. `database` is `sqlite:FILE` or a PostgreSQL URL."""

    issuer: str
    database: str
    client_id: str
    client_secret_hash: str
    redirect_uri: str
    key_pem: str

    def to_environment(self) -> dict[str, str]:
        """Give the settings as the server process reads them."""
        return {"FLOOR_SETTINGS": json.dumps(asdict(self))}


def hashed(secret: str) -> bytes:
    """Hash a random secret for storage; 256 random bits need no slow hash."""
    return sha256(secret.encode()).digest()


def _b64(raw: bytes) -> bytes:
    return urlsafe_b64encode(raw).rstrip(b"=")


def _unb64(text: bytes) -> bytes:
    return urlsafe_b64decode(text + b"=" * (-len(text) % 4))


class Signer:
    """Compact JWS with ES256 on OpenSSL. Source: RFC 7515 section 3, RFC 7518 section 3.4."""

    def __init__(self, pem: bytes) -> None:
        key = load_pem_private_key(pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("the floor signs with a P-256 key")
        self._key = key
        self._public = key.public_key()
        self._headers = {
            kind: _b64(json.dumps({"alg": "ES256", "kid": "floor", "typ": kind}).encode())
            for kind in ("JWT", "at+jwt")
        }

    def sign(self, kind: str, claims: dict[str, Any]) -> str:
        """Sign `claims`; `kind` is the `typ` header."""
        signed = self._headers[kind] + b"." + _b64(json.dumps(claims).encode())
        r, s = decode_dss_signature(self._key.sign(signed, ECDSA))
        return (signed + b"." + _b64(r.to_bytes(32) + s.to_bytes(32))).decode()

    def read(self, kind: str, token: str) -> dict[str, Any] | None:
        """Give the claims of a token we signed as `kind`, or None."""
        parts = token.encode().split(b".")
        if len(parts) != 3 or parts[0] != self._headers[kind]:
            return None
        try:
            raw = _unb64(parts[2])
            dss = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
            self._public.verify(dss, parts[0] + b"." + parts[1], ECDSA)
        except (InvalidSignature, ValueError):
            return None
        claims: dict[str, Any] = json.loads(_unb64(parts[1]))
        return claims

    def jwks(self) -> dict[str, Any]:
        """Give the public key set."""
        numbers = self._public.public_numbers()
        point = {"x": numbers.x, "y": numbers.y}
        coordinates = {name: _b64(value.to_bytes(32)).decode() for name, value in point.items()}
        return {
            "keys": [
                {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "floor"}
                | coordinates
            ]
        }


def _json(answer: dict[str, Any], status: str = "200 OK") -> Answer:
    body = json.dumps(answer).encode()
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    return status, [*headers, ("Content-Length", str(len(body)))], body


def _refused(code: str, status: str = "400 Bad Request") -> Answer:
    return _json({"error": code}, status)


class Floor:
    """The endpoints, each a function of the WSGI environment."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._signer = Signer(settings.key_pem.encode())
        self._secret_hash = bytes.fromhex(settings.client_secret_hash)
        self._jwks = _json(self._signer.jwks())
        at = settings.issuer
        self._discovery = _json(
            {
                "issuer": at,
                "authorization_endpoint": f"{at}/authorize",
                "token_endpoint": f"{at}/token",
                "userinfo_endpoint": f"{at}/userinfo",
                "introspection_endpoint": f"{at}/introspect",
                "jwks_uri": f"{at}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        status, headers, body = self._answer(environ)
        start(status, headers)
        return (body,)

    def _answer(self, environ: dict[str, Any]) -> Answer:
        match environ["PATH_INFO"]:
            case "/authorize":
                return self._authorize(environ)
            case "/token":
                return self._token(environ)
            case "/userinfo":
                return self._userinfo(environ)
            case "/introspect":
                return self._introspect(environ)
            case "/.well-known/openid-configuration":
                return self._discovery
            case "/jwks":
                return self._jwks
        return _refused("not_found", "404 Not Found")

    def _authorize(self, environ: dict[str, Any]) -> Answer:
        asked = dict(parse_qsl(environ["QUERY_STRING"]))
        settings, now = self._settings, int(time.time())
        known = asked.get("client_id") == settings.client_id
        if not known or asked.get("redirect_uri") != settings.redirect_uri:
            return _refused("invalid_request")
        challenge = asked.get("code_challenge", "")
        proof = asked.get("code_challenge_method") == "S256" and len(challenge) == 43
        if asked.get("response_type") != "code" or not proof:
            return _refused("invalid_request")
        _, _, cookie = environ.get("HTTP_COOKIE", "").partition("sso=")
        who = self._store.who(hashed(cookie), now)
        if who is None:
            return _refused("login_required", "403 Forbidden")
        code = secrets.token_urlsafe(32)
        self._store.add_code(
            Code(
                hash=hashed(code),
                client=settings.client_id,
                account=who[0],
                redirect_uri=settings.redirect_uri,
                challenge=challenge,
                nonce=asked.get("nonce", ""),
                scope=asked.get("scope", ""),
                auth_time=who[1],
                expires=now + CODE_SECONDS,
            )
        )
        query = urlencode({"code": code, "state": asked.get("state", ""), "iss": settings.issuer})
        location = f"{settings.redirect_uri}?{query}"
        return "302 Found", [("Location", location), ("Content-Length", "0")], b""

    def _form(self, environ: dict[str, Any]) -> dict[str, str]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        return dict(parse_qsl(environ["wsgi.input"].read(length).decode()))

    def _is_client(self, environ: dict[str, Any]) -> bool:
        kind, _, sent = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if kind != "Basic":
            return False
        name, _, secret = b64decode(sent).decode().partition(":")
        same = hmac.compare_digest(hashed(secret), self._secret_hash)
        return same and name == self._settings.client_id

    def _token(self, environ: dict[str, Any]) -> Answer:
        if not self._is_client(environ):
            return _refused("invalid_client", "401 Unauthorized")
        form, now = self._form(environ), int(time.time())
        if form.get("grant_type") == "refresh_token":
            presented = form.get("refresh_token", "")
            found = self._store.refresh(hashed(presented), self._settings.client_id, now)
            return self._tokens(found, presented, now)
        if form.get("grant_type") != "authorization_code":
            return _refused("unsupported_grant_type")
        challenge = _b64(sha256(form.get("code_verifier", "").encode()).digest()).decode()
        fits = (self._settings.client_id, form.get("redirect_uri", ""), challenge)
        refresh, grant = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        code = hashed(form.get("code", ""))
        found = self._store.redeem(code, fits, grant, hashed(refresh), now)
        return self._tokens(found, refresh, now)

    def _tokens(self, found: Redeemed | None, refresh: str, now: int) -> Answer:
        if found is None:
            return _refused("invalid_grant")
        settings = self._settings
        common = {"iss": settings.issuer, "sub": found.account, "iat": now}
        common |= {"exp": now + TOKEN_SECONDS}
        own = {"aud": settings.client_id, "auth_time": found.auth_time}
        own |= {"nonce": found.nonce} if found.nonce else {}
        api = {
            "aud": f"{settings.issuer}/userinfo",
            "client_id": settings.client_id,
            "scope": found.scope,
            "jti": secrets.token_urlsafe(16),
            "grant": found.grant,
        }
        answer = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": found.scope}
        answer |= {"access_token": self._signer.sign("at+jwt", common | api)}
        answer |= {"id_token": self._signer.sign("JWT", common | own), "refresh_token": refresh}
        return _json(answer)

    def _claims(self, token: str) -> tuple[dict[str, Any], tuple[str, str]] | None:
        now = int(time.time())
        claims = self._signer.read("at+jwt", token)
        if claims is None or claims["exp"] <= now:
            return None
        live = self._store.live(claims["grant"], now)
        return (claims, live) if live else None

    def _userinfo(self, environ: dict[str, Any]) -> Answer:
        kind, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        found = self._claims(token) if kind == "Bearer" else None
        if found is None:
            return _refused("invalid_token", "401 Unauthorized")
        sub, name = found[1]
        return _json({"sub": sub, "name": name})

    def _introspect(self, environ: dict[str, Any]) -> Answer:
        if not self._is_client(environ):
            return _refused("invalid_client", "401 Unauthorized")
        found = self._claims(self._form(environ).get("token", ""))
        return _json({"active": False} if found is None else {"active": True} | found[0])


def create_app() -> Application:
    """Build the WSGI application from FLOOR_SETTINGS."""
    settings = Settings(**json.loads(os.environ["FLOOR_SETTINGS"]))
    return Floor(settings, open_store(settings.database))
