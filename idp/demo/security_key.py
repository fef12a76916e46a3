"""A security key in software, for a browser without script: it plays the part of a real one.

Just enough of W3C Web Authentication for the sandbox's own check: a key that cannot be copied,
asks for a PIN (which is always right) and signs for the page's own host only.
"""

import base64
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import encode_cbor

from idp.demo.page import NotOnPageError, Page

OPTIONS = re.compile(r'data-(?:passkey-options|passkey|options)="([^"]*)"')
ANSWERS = ("passkey", "response")  # the field that takes the key's answer: people's, officers'
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40  # flags, Web Authentication section 6.1


@dataclass
class SecurityKey:
    """One key. Neither "backup eligible" nor "backed up" is ever set: it is bound to itself."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    user_handle: str = ""
    count: int = 0

    def make(self, page: Page) -> Page:
        """Become a way to sign in, on the page that offers to make one."""
        options = options_on(page)
        self.user_handle = options["user"]["id"]
        client = _client_data("webauthn.create", options, page)
        point = self.private.public_key().public_numbers()
        # COSE (RFC 9053 section 7.1.1): a P-256 key for ES256.
        public = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        length = len(self.credential_id).to_bytes(2)
        attested = bytes(16) + length + self.credential_id + encode_cbor(public)
        data = self._data(options["rp"]["id"], ATTESTED) + attested
        statement = encode_cbor({"fmt": "none", "attStmt": {}, "authData": data})
        return self._send(page, {"clientDataJSON": client, "attestationObject": statement})

    def sign_in(self, page: Page) -> Page:
        """Sign in on the sign-in page, with nothing typed."""
        options = options_on(page)
        self.count += 1
        client = _client_data("webauthn.get", options, page)
        data = self._data(options["rpId"])
        signature = self.private.sign(data + sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._send(
            page,
            {"clientDataJSON": client, "authenticatorData": data, "signature": signature},
            userHandle=self.user_handle,
        )

    def _data(self, rp_id: str, more: int = 0) -> bytes:
        flags = bytes([PRESENT | VERIFIED | more])
        return sha256(rp_id.encode()).digest() + flags + self.count.to_bytes(4)

    def _send(self, page: Page, answer: dict[str, bytes], **more: str) -> Page:
        mine = _text(self.credential_id)
        response = {name: _text(value) for name, value in answer.items()} | more
        given: dict[str, Any] = {
            "id": mine, "rawId": mine, "type": "public-key", "response": response,
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {"credProps": {"rk": True}},
        }  # fmt: skip
        field = next((name for name in ANSWERS if name in page.form_fields), ANSWERS[0])
        return page.form(field).fill({field: json.dumps(given)}).submit()


def options_on(page: Page) -> dict[str, Any]:
    """Read what a page would hand to the browser's own dialogue. Raises `NotOnPageError`."""
    found = OPTIONS.search(page.body.decode())
    if found is None:
        raise NotOnPageError(f"no passkey is asked for on {page.url} ({page.heading!r})")
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options


def _client_data(kind: str, options: dict[str, Any], page: Page) -> bytes:
    where = urlsplit(page.url)
    told = {"type": kind, "challenge": options["challenge"], "crossOrigin": False}
    return json.dumps(told | {"origin": f"{where.scheme}://{where.netloc}"}).encode()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
