"""A client's DPoP key (RFC 9449), and the proofs it makes: also what nobody honest would send."""

import base64
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from werkzeug.test import TestResponse

from idp.keyring import jose
from tests.build import ISSUER, VERIFIER, Site, sign

TOKEN = f"{ISSUER}/token"


@dataclass(frozen=True)
class Holder:
    """Holds one key."""

    key: jose.PrivateKey = field(default_factory=lambda: jose.generate("ES256"))
    algorithm: str = "ES256"

    @property
    def jkt(self) -> str:
        """The key's thumbprint (RFC 7638)."""
        return self.key.thumbprint()

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key, of nothing but its own members."""
        data = self.key.as_dict(private=False)
        return {name: data[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in data}

    def proof(
        self,
        method: str,
        address: str,
        now: int,
        *,
        token: str | None = None,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Sign a good proof, changed as told; None leaves a claim or a header out."""
        said: dict[str, Any] = {
            "jti": secrets.token_hex(8), "htm": method, "htu": address, "iat": now,
            "ath": token and ath_of(token), **claims,
        }  # fmt: skip
        head = {"alg": self.algorithm, "typ": "dpop+jwt", "jwk": self.jwk, "kid": None}
        said = {name: value for name, value in said.items() if value is not None}
        return sign(said, self.key, **(head | (header or {})))


def ath_of(token: str) -> str:
    """The hash of an access token (RFC 9449 section 4.2)."""
    return base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()


def call(
    site: Site, client: str, form: dict[str, str], proof: str | None, **headers: str
) -> TestResponse:
    """Call the token endpoint with a proof, or without."""
    fields, more = site.proof(client, form)
    if proof is not None:
        more["DPoP"] = proof
    return site.browser.post("/token", data=fields, headers={**more, **headers}, base_url=ISSUER)


def redeem(
    site: Site, client: str, code: str, holder: Holder | None, **claims: Any
) -> TestResponse:
    """Redeem a code with a proof of a key, changed as told, or without."""
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
            "redirect_uri": site.service(client).redirect_uri}  # fmt: skip
    proof = holder.proof("POST", TOKEN, site.now(), **claims) if holder else None
    return call(site, client, form, proof)


def refresh(site: Site, client: str, token: str, holder: Holder | None) -> TestResponse:
    """Refresh with a proof of a key, or without."""
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return call(site, client, form, holder.proof("POST", TOKEN, site.now()) if holder else None)
