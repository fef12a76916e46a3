"""What services are told, asked of a real house through its own doors and pages."""

import base64
import json
import re
import time
import uuid
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.authentication.actions import code_at
from idp.delegation import actions as delegation
from idp.demo import world
from idp.demo.world import SampleService
from idp.house import House, open_house
from idp.settings import Settings

VERIFIER = "a-verifier-for-the-documents-0123456789-abcdefg"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass
class Sandbox:
    """A sandbox's house, and the daughter's browser in it."""

    house: House
    browser: FlaskClient
    secrets: dict[str, str] = field(default_factory=dict)

    def tokens(self, client_id: str, **asked: str) -> dict[str, Any]:
        """Walk the daughter to a service, and redeem the code as the service would."""
        service = self.service(client_id)
        params = {
            "response_type": "code", "client_id": client_id, "scope": " ".join(service.scopes),
            "redirect_uri": f"{service.url}/callback", "state": "s", "nonce": "n",
            "code_challenge": CHALLENGE, "code_challenge_method": "S256", **asked,
        }  # fmt: skip
        page = self.follow(self.get("/authorize?" + urlencode(params)))
        while page.status_code == 200:
            page = self.follow(self.answer(page))
        assert page.status_code == 303, page.text
        returned = parse_qs(urlsplit(page.headers["Location"]).query)
        answer = self.post(
            "/token",
            grant_type="authorization_code",
            code=returned["code"][0],
            redirect_uri=params["redirect_uri"],
            code_verifier=VERIFIER,
            **self.proof(client_id),
        )
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def answer(self, page: TestResponse) -> TestResponse:
        """Fill in the one form of a page of the sign-in."""
        (action,) = re.findall(r'<form method="post" action="(/sign-in/[^"]*)"', page.text)
        (token,) = set(re.findall(r'name="csrf_token" value="([^"]*)"', page.text))
        people = re.findall(r'type="radio" value="([^"]+)"', page.text)
        other = [ref for ref in people if ref != "self"]
        return self.post(
            action,
            **self.secrets,
            csrf_token=token,
            code=self._code(),
            who="".join(other),
            purpose="Look at the bill for May",
        )

    def userinfo(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Ask for the facts, as the service would."""
        header = {"Authorization": f"Bearer {tokens['access_token']}"}
        answer = self.browser.get("/userinfo", base_url=self.issuer, headers=header)
        found: dict[str, Any] = answer.get_json()
        return found

    def end_the_mandate(self, ref: str) -> None:
        """The mother presses End."""
        database = self.house.database
        held = database.read(lambda tx: delegation.find(tx, ref))
        assert held is not None
        principal = held.principal or ""
        database.transaction(lambda tx: delegation.end(tx, ref, principal=principal))

    def service(self, client_id: str) -> SampleService:
        """A sample department."""
        (found,) = [s for s in world.services(8000) if s.client_id == client_id]
        return found

    def proof(self, client_id: str) -> dict[str, str]:
        """How a department proves itself: `private_key_jwt`."""
        path = world.department_key(self.house.settings.data, client_id)
        key, now = ECKey.import_key(json.loads(path.read_text())), int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": self.issuer, "iat": now,
                  "exp": now + 60, "jti": uuid.uuid4().hex}  # fmt: skip
        assertion = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key)
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    @property
    def issuer(self) -> str:
        """The address of the house."""
        return self.house.settings.issuer

    def get(self, address: str) -> TestResponse:
        """GET a page of the house."""
        return self.browser.get(address, base_url=self.issuer)

    def post(self, address: str, **form: str) -> TestResponse:
        """POST a form of the house."""
        return self.browser.post(address, base_url=self.issuer, data=form)

    def follow(self, answer: TestResponse) -> TestResponse:
        """Follow redirects within the house."""
        while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
            answer = self.get(answer.headers["Location"])
        return answer

    def _code(self) -> str:
        (daughter,) = [p for p in world.people(self.house.settings.data) if p.role == "daughter"]
        return code_at(daughter.totp_secret, int(time.time()) // 30)


def open_sandbox(settings: Settings) -> Sandbox:
    """Open a prepared sandbox with an empty browser."""
    house = open_house(settings)
    (daughter,) = [p for p in world.people(settings.data) if p.role == "daughter"]
    secrets = {"email": daughter.email, "password": daughter.password}
    return Sandbox(house, create_app(house).test_client(), secrets)


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says, unchecked."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def told(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Everything that the documents show an example of, by the label of the example."""
    library, tax = sandbox.tokens("library"), sandbox.tokens("tax")
    acting = sandbox.tokens("tax", acting_for="choose")
    claims = claims_of(acting["id_token"])
    found = {
        "library id_token": claims_of(library["id_token"]),
        "library access_token": claims_of(library["access_token"]),
        "tax userinfo": sandbox.userinfo(tax),
        "tax acting id_token": claims,
    }
    sandbox.end_the_mandate(claims["mandate"]["id"])
    return {**found, "tax ended userinfo": sandbox.userinfo(acting)}
