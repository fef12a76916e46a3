"""A security key or a synced passkey in software, that can also lie.

Answers as a browser does: JSON texts ready to be sent, from the JSON options our pages give.

    key = Authenticator("http://localhost:18000", device_bound=True)
    made = key.create(options)                       # navigator.credentials.create()
    used = key.get(options)                          # navigator.credentials.get()
    key.get(options, origin="https://evil.example")  # a phishing page between them
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import (
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

Flag = AuthenticatorData.FLAG


def b64(data: bytes) -> str:
    """Write bytes as the browser's JSON does: base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    """Read base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One key at one origin. `counter` None: it never counts, as synced keys do not.

    The lies are arguments of `create` and `get`: `origin`, `challenge`, `rp_id`, `verified`
    (user verification), `present`, `counter`, `signer` (another private key), `user_handle`
    and `framed` (asked for from another site's page).
    """

    origin: str
    device_bound: bool = False
    backed_up: bool = True
    counter: int | None = None
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: str | None = None

    def __post_init__(self) -> None:
        """A device-bound key counts, as security keys do."""
        if self.device_bound and self.counter is None:
            self.counter = 0

    @property
    def id(self) -> str:
        """The credential's id, as our tables hold it."""
        return b64(self.credential_id)

    def create(self, options: Mapping[str, Any], **lies: Any) -> str:
        """Answer `navigator.credentials.create()` as JSON text."""
        self.user_handle = options["user"]["id"]
        told = lies.get("options", options)
        client = self._client_data("webauthn.create", told, lies)
        attested = AttestedCredentialData.create(
            lies.get("aaguid", bytes(16)),
            self.credential_id,
            lies.get("public_key") or ES256.from_cryptography_key(self.private.public_key()),
        )
        data = self._data(told["rp"]["id"], lies, attested)
        attestation = AttestationObject.create(
            lies.get("fmt", "none"), data, lies.get("statement", {})
        )
        response = {
            "clientDataJSON": b64(client),
            "attestationObject": b64(attestation),
            "transports": ["usb"] if self.device_bound else ["internal", "hybrid"],
        }
        return self._answer(response, {"credProps": {"rk": lies.get("discoverable", True)}})

    def get(self, options: Mapping[str, Any], **lies: Any) -> str:
        """Answer `navigator.credentials.get()` as JSON text, and count it."""
        if self.counter is not None:
            self.counter += 1
        client = self._client_data("webauthn.get", options, lies)
        data = self._data(options["rpId"], lies)
        signer: ec.EllipticCurvePrivateKey = lies.get("signer", self.private)
        signature = signer.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signature),
            "userHandle": lies.get("user_handle", self.user_handle),
        }
        return self._answer(response, {})

    def _client_data(
        self, kind: str, options: Mapping[str, Any], lies: Mapping[str, Any]
    ) -> CollectedClientData:
        return CollectedClientData.create(
            lies.get("type", kind),
            lies.get("challenge", options["challenge"]),
            lies.get("origin", self.origin),
            lies.get("framed", False),
        )

    def _data(
        self, rp_id: str, lies: Mapping[str, Any], attested: bytes = b""
    ) -> AuthenticatorData:
        named = lies.get("rp_id", rp_id)
        host = urlsplit(self.origin).hostname
        assert "rp_id" in lies or named == host, "a browser makes keys for its own page's host only"
        flags = Flag(0)
        flags |= Flag.UP if lies.get("present", True) else Flag(0)
        flags |= Flag.UV if lies.get("verified", True) else Flag(0)
        flags |= Flag.AT if attested else Flag(0)
        if not self.device_bound:
            flags |= Flag.BE | (Flag.BS if self.backed_up else Flag(0))
        counter = lies.get("counter", self.counter or 0)
        return AuthenticatorData.create(
            sha256(named.encode()).digest(), lies.get("flags", flags), counter, attested
        )

    def _answer(self, response: Mapping[str, Any], extensions: Mapping[str, Any]) -> str:
        return json.dumps(
            {
                "id": self.id,
                "rawId": self.id,
                "type": "public-key",
                "authenticatorAttachment": "cross-platform" if self.device_bound else "platform",
                "clientExtensionResults": extensions,
                "response": response,
            }
        )
