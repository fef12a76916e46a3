"""A client's DPoP key (RFC 9449), and the proofs it makes: also what nobody honest would send."""

import base64
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from idp.keyring import jose
from tests.build import sign


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
