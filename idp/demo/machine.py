"""What a department's server asks Gatehouse, with no browser: tokens, introspection, userinfo.

A second implementation of the client's side beside the sample department, so that the check sees
each answer as it is. Every call is a new connection: it may meet any of the workers.
"""

import http.client
import json
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from idp.demo import world
from idp.demo.browser import Browser
from idp.demo.page import Page
from idp.demo.world import SampleService

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MOST_REDIRECTS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of a machine door."""

    status: int
    body: dict[str, Any]


@dataclass(kw_only=True)
class Machine:
    """A department's server, by its own key. Raises `OSError` when nobody answers."""

    issuer: str
    service: SampleService
    key: ECKey
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def request(self, **more: str) -> str:
        """The address of an authorization request, PKCE and all."""
        challenge = urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=")
        query = {
            "response_type": "code",
            "client_id": self.service.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.service.scopes),
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
            **more,
        }
        return f"{self.issuer}/authorize?{urlencode(query)}"

    @property
    def redirect_uri(self) -> str:
        """Where the browser brings the code."""
        return f"{self.service.url}/callback"

    def stop_before(self, browser: Browser, page: Page) -> Page | str:
        """Follow redirects up to our own address: the code it brings, or the page met before.

        The browser must not follow by itself (`follow=False`).
        """
        for _ in range(MOST_REDIRECTS):
            target = page.headers.get("Location")
            if target is None:
                return page
            address = urljoin(page.url, target)
            if address.startswith(self.redirect_uri):
                return parse_qs(urlsplit(address).query).get("code", [""])[0]
            page = browser.open(address)
        return page

    def redeem(self, code: str) -> Reply:
        """Trade a code for tokens."""
        return self._post(
            "/token",
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=self.verifier,
        )

    def refresh(self, refresh_token: str) -> Reply:
        """Ask for new tokens."""
        return self._post("/token", grant_type="refresh_token", refresh_token=refresh_token)

    def introspect(self, token: str) -> Reply:
        """Ask whether a token is live."""
        return self._post("/introspect", token=token)

    def check(self, delegate: str, principal: str, power: str, **more: str) -> Reply:
        """Ask whether somebody may act for somebody here."""
        fields = {"delegate": delegate, "principal": principal, "scope": power, **more}
        return self._post("/api/v1/mandates/check", **fields)

    def userinfo(self, access_token: str) -> Reply:
        """Ask who it is."""
        return self._send("GET", "/userinfo", None, {"Authorization": f"Bearer {access_token}"})

    def _post(self, path: str, **fields: str) -> Reply:
        fields |= {"client_assertion_type": ASSERTION, "client_assertion": self._assertion()}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, urlencode(fields).encode(), headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        parts = urlsplit(self.issuer)
        line = http.client.HTTPConnection("127.0.0.1", parts.port or 80, timeout=10)
        try:
            line.request(method, path, body=body, headers={"Host": parts.netloc, **headers})
            answer = line.getresponse()
            return Reply(status=answer.status, body=json.loads(answer.read() or b"{}"))
        finally:
            line.close()

    def _assertion(self) -> str:
        now, client = int(time.time()), self.service.client_id
        claims = {"iss": client, "sub": client, "aud": self.issuer, "iat": now, "exp": now + 60}
        claims["jti"] = secrets.token_urlsafe(16)
        return jwt.encode({"alg": "ES256", "kid": self.key.thumbprint()}, claims, self.key)


def of_sandbox(data: Path, issuer: str, service: SampleService) -> Machine:
    """Make the server of a sample department, from its key in the data folder."""
    text = world.department_key(data, service.client_id).read_text()
    return Machine(issuer=issuer, service=service, key=ECKey.import_key(json.loads(text)))
