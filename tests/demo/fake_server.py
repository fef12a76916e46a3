"""The least server a department can sign in at, to try the department alone.

It checks what the department must send (assertion, PKCE) and answers what the test put into it.
The journeys' tests use Gatehouse itself.
"""

import time
from dataclasses import dataclass, field
from typing import Any

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core.util import create_half_hash
from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue as Answer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

DAY = 86400


@dataclass
class FakeServer:
    """Facts the next answers are made of; `asked` is each authorization request."""

    department_key: ECKey
    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "s1"}))
    id_token: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": "s-1", "name": "Sian Hughes"})
    refusal: dict[str, str] | None = None
    callback: dict[str, str] = field(default_factory=dict)
    expires_in: int = 300
    asked: list[dict[str, str]] = field(default_factory=list)
    assertions: list[dict[str, Any]] = field(default_factory=list)
    token_requests: list[dict[str, str]] = field(default_factory=list)
    checks: list[dict[str, str]] = field(default_factory=list)
    check_status: int = 200
    checked: dict[str, Any] = field(
        default_factory=lambda: {"allowed": True, "reference": "CHECK-1"}
    )

    def sign(self, claims: dict[str, Any], typ: str = "JWT", key: ECKey | None = None) -> str:
        """A token by the server's key, or by another."""
        key = key or self.key
        now = int(time.time())
        told = {"iss": self.issuer, "aud": "tax", "iat": now, "exp": now + 120, **claims}
        told = {name: value for name, value in told.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": key.kid, "typ": typ}, told, key)

    def discovery(self) -> Answer:
        """The addresses."""
        paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        found: dict[str, Any] = {f"{k}_endpoint": f"{self.issuer}/{v}" for k, v in paths.items()}
        return found | {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end-session",
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def authorize(self) -> Answer:
        """Everybody is signed in already."""
        self.asked.append(request.args.to_dict())
        told = {"code": "c", "state": request.args["state"], "iss": self.issuer, **self.callback}
        query = "&".join(f"{name}={value}" for name, value in told.items())
        return redirect(f"{request.args['redirect_uri']}?{query}")

    def token(self) -> Answer:
        """Check the department's proof and answer tokens, or the refusal."""
        form = request.form.to_dict()
        self.token_requests.append(form)
        claims = jwt.decode(form["client_assertion"], self.department_key).claims
        self.assertions.append(claims)
        if self.refusal:
            return self.refusal, 400
        answer = {"token_type": "Bearer", "expires_in": self.expires_in, "refresh_token": "r"}
        access = f"at-{len(self.token_requests)}"
        if form["grant_type"] == "refresh_token":
            return answer | {"access_token": access}
        asked = self.asked[-1]
        if create_s256_code_challenge(form["code_verifier"]) != asked["code_challenge"]:
            return {"error": "invalid_grant", "error_description": "PKCE"}, 400
        half = create_half_hash(access, "ES256")
        claims = {"sub": "s-1", "sid": "sid-1", "nonce": asked["nonce"], "at_hash": half.decode()}
        return answer | {"access_token": access, "id_token": self.sign(claims | self.id_token)}

    def tell(self) -> Answer:
        """Userinfo, or the refusal."""
        return (self.refusal, 401) if self.refusal else self.userinfo

    def check(self) -> Answer:
        """May this delegate act for that principal? The department proves who it is here too."""
        form = request.form.to_dict()
        claims = jwt.decode(form.pop("client_assertion"), self.department_key).claims
        assert claims["aud"] == self.issuer
        del form["client_assertion_type"]
        self.checks.append(form)
        return self.checked, self.check_status

    def site(self) -> Flask:
        """The server as a WSGI application."""
        site = Flask("fake", static_folder=None)
        routes = {
            "/.well-known/openid-configuration": self.discovery,
            "/authorize": self.authorize,
            "/userinfo": self.tell,
            "/end-session": lambda: "ended",
            "/jwks": lambda: KeySet([self.key]).as_dict(private=False),
        }
        for path, view in routes.items():
            site.add_url_rule(path, path.replace(".", "-"), view)
        site.add_url_rule("/api/v1/mandates/check", "check", self.check, methods=["POST"])
        site.add_url_rule("/token", "token", self.token, methods=["POST"])
        return site
