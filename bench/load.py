"""The scenarios: what is asked, and what an answer must be to count as a correct operation."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet

from bench.client import Connection, Operation, Response, WrongAnswer
from bench.target import Target

SCENARIOS = ("code", "refresh", "userinfo", "introspect", "discovery")
DISCOVERY = "/.well-known/openid-configuration"
SAMPLE_EVERY = 200  # ID tokens kept for verification after the clock has stopped


def _must(holds: bool, what: str, response: Response) -> None:
    if not holds:
        detail = response.body[:200].decode(errors="replace") or response.header("location")
        raise WrongAnswer(f"{what}: status {response.status}, {detail}")


def _json(response: Response, what: str) -> dict[str, Any]:
    _must(response.status == 200, what, response)
    body = json.loads(response.body)
    _must(isinstance(body, dict), what, response)
    answer: dict[str, Any] = body
    return answer


class Chain:
    """One person's browser and one department's server, sharing a connection to the target.

    Holds the tokens that one operation leaves for the next.
    """

    def __init__(self, target: Target, endpoints: dict[str, str]) -> None:
        self._target = target
        self._endpoints = endpoints
        self._verifier = secrets.token_urlsafe(32)
        self._count = 0
        self._refresh_token = ""
        self._opaque_or_userinfo_token = ""
        self.samples: list[tuple[str, str, str]] = []
        basic = f"{quote(target.client_id, safe='')}:{quote(target.client_secret, safe='')}"
        self._basic = "Basic " + base64.b64encode(basic.encode()).decode()
        digest = hashlib.sha256(self._verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": target.client_id,
            "redirect_uri": target.redirect_uri,
            "scope": target.scope,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        self._plain_query = urlencode(asked)
        resource = {"resource": target.resource} if target.resource else {}
        self._query = urlencode(asked | resource)
        self._redirect = target.redirect_uri + "?"

    def get(self, path: str, *headers: str) -> bytes:
        """Write a GET request."""
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._target.host}", *headers, "", ""]
        return "\r\n".join(lines).encode()

    def post(self, path: str, form: dict[str, str]) -> bytes:
        """Write a POST request with client_secret_basic."""
        body = urlencode(form)
        lines = [
            f"POST {path} HTTP/1.1",
            f"Host: {self._target.host}",
            f"Authorization: {self._basic}",
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
            "",
            body,
        ]
        return "\r\n".join(lines).encode()

    def _authorize(self, query: str, state: str) -> bytes:
        path = f"{self._endpoints['authorization_endpoint']}?{query}&state={state}&nonce=n{state}"
        return self.get(path, f"Cookie: {self._target.cookie}", "Accept: text/html")

    def _code_of(self, response: Response, state: str) -> str:
        location = response.header("location")
        _must(response.status in (302, 303), "authorize", response)
        _must(location.startswith(self._redirect), "authorize goes elsewhere", response)
        given = parse_qs(urlsplit(location).query)
        _must(given.get("state") == [state], "authorize lost the state", response)
        _must("code" in given, "authorize gave no code", response)
        return given["code"][0]

    def _redemption(self, code: str) -> bytes:
        return self.post(
            self._endpoints["token_endpoint"],
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._target.redirect_uri,
                "code_verifier": self._verifier,
            },
        )

    def _tokens(self, response: Response, nonce: str) -> dict[str, Any]:
        answer = _json(response, "token")
        _must(str(answer.get("token_type")).lower() == "bearer", "token type", response)
        for name in ("access_token", "id_token") if nonce else ("access_token",):
            _must(len(answer.get(name, "")) > 20, f"no {name}", response)
        self._refresh_token = answer.get("refresh_token") or self._refresh_token
        if "id_token" in answer and self._count % SAMPLE_EVERY == 1:
            self.samples.append((answer["id_token"], answer["access_token"], nonce))
        return answer

    def code(self) -> Operation:
        """Get a code for a signed-in person, then redeem it: two requests, one operation."""
        self._count += 1
        state = f"s{self._count}"
        code = self._code_of((yield self._authorize(self._query, state)), state)
        self._tokens((yield self._redemption(code)), f"n{state}")

    def refresh(self) -> Operation:
        """Use the refresh token, keeping the successor if one comes."""
        self._count += 1
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        self._tokens((yield self.post(self._endpoints["token_endpoint"], form)), "")

    def userinfo(self) -> Operation:
        """Ask who the person is."""
        bearer = f"Authorization: Bearer {self._opaque_or_userinfo_token}"
        response = yield self.get(self._endpoints["userinfo_endpoint"], bearer)
        _must(bool(_json(response, "userinfo").get("sub")), "userinfo without sub", response)

    def introspect(self) -> Operation:
        """Ask whether an access token still holds."""
        form = {"token": self._opaque_or_userinfo_token}
        response = yield self.post(self._endpoints["introspection_endpoint"], form)
        _must(_json(response, "introspect").get("active") is True, "not active", response)

    def discovery(self) -> Operation:
        """Read the provider's metadata."""
        answer = _json((yield self.get(DISCOVERY)), "discovery")
        if answer.get("issuer") != self._target.issuer:
            raise WrongAnswer("discovery names another issuer")

    def prepare(self) -> Operation:
        """Get the tokens that `userinfo`, `introspect` and `refresh` use."""
        state = "prepare"
        code = self._code_of((yield self._authorize(self._plain_query, state)), state)
        answer = self._tokens((yield self._redemption(code)), f"n{state}")
        self._opaque_or_userinfo_token = answer["access_token"]
        code = self._code_of((yield self._authorize(self._query, state)), state)
        self._tokens((yield self._redemption(code)), f"n{state}")

    def single_use(self) -> Operation:
        """Prove that a code is accepted once. Do it last: a misused code may end the consent."""
        state = "single-use"
        code = self._code_of((yield self._authorize(self._query, state)), state)
        self._tokens((yield self._redemption(code)), f"n{state}")
        again = yield self._redemption(code)
        _must(again.status == 400, "a code was accepted twice", again)

    def operation(self, scenario: str) -> Operation:
        """Begin one operation of a scenario by its name."""
        make: Callable[[], Operation] = getattr(self, scenario)
        return make()


def read_metadata(connection: Connection, target: Target) -> tuple[dict[str, str], KeySet]:
    """Give the path of each endpoint and the public keys, as discovery tells them."""
    reader = Chain(target, {})
    metadata = _json(connection.exchange(reader.get(DISCOVERY)), "discovery")
    paths = {
        name: urlsplit(value).path
        for name, value in metadata.items()
        if name.endswith(("_endpoint", "_uri")) and isinstance(value, str)
    }
    keys = _json(connection.exchange(reader.get(paths["jwks_uri"])), "jwks")
    return paths, KeySet.import_key_set({"keys": keys["keys"]})


def verify(target: Target, keys: KeySet, sample: tuple[str, str, str]) -> None:
    """Verify an ID token in full, and the access token's signature where it is a JWT.

    Raises `WrongAnswer`, or joserfc's error, when a token is not what it must be.
    """
    id_token, access_token, nonce = sample
    expected: dict[str, Any] = {
        "iss": {"essential": True, "value": target.issuer},
        "aud": {"essential": True, "value": target.client_id},
        "exp": {"essential": True},
        "sub": {"essential": True},
    }
    if nonce:
        expected["nonce"] = {"essential": True, "value": nonce}
    registry = jwt.JWTClaimsRegistry(leeway=5, **expected)
    registry.validate(jwt.decode(id_token, keys, algorithms=["ES256"]).claims)
    if access_token.count(".") == 2:
        header = jwt.decode(access_token, keys, algorithms=["ES256"]).header
        if header.get("typ") != "at+jwt":
            raise WrongAnswer("a JWT access token must say typ at+jwt")
