"""A post office for tests: a real SMTP listener that keeps what it gets and answers as told.

It can refuse, go down and come up again on its port, and speak TLS under a certificate authority
of its own. Every mail is looked at for numbers that belong in none (`canary`).
"""

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rig import canary
from tests.rig.ports import free_ports

USER, PASSWORD = "gatehouse", "a long password of the post office"


@dataclass(frozen=True)
class Delivered:
    """A mail as it came: the envelope, and the message."""

    sender: str
    recipients: list[str]
    raw: bytes
    encrypted: bool
    message: EmailMessage

    @property
    def text(self) -> str:
        """The body as it is read."""
        return self.message.get_content()


@dataclass
class Post:
    """The post office. `refuse` maps a step ("rcpt", "data", ...) to the answer it gives."""

    secured: "Secured | None" = None
    at_once: bool = False  # TLS from the first byte, not by STARTTLS
    log_in: bool = False
    port: int = field(default_factory=lambda: free_ports(1)[0])
    mails: list[Delivered] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    on_data: Callable[[], None] | None = None
    _controller: Controller | None = None

    def start(self) -> "Post":
        """Come up."""
        more: dict[str, Any] = {}
        if self.secured is not None and self.at_once:
            more["ssl_context"] = self.secured.context
        elif self.secured is not None:
            more |= {"tls_context": self.secured.context, "require_starttls": True}
        if self.log_in:
            more |= {"authenticator": self._check, "auth_required": True}
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=True, **more
        )
        self._controller.start()
        return self

    def stop(self) -> None:
        """Go down."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    async def handle_MAIL(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a sender."""
        if "mail" in self.refuse:
            return self.refuse["mail"]
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a recipient."""
        if "rcpt" in self.refuse:
            return self.refuse["rcpt"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        """Take or refuse a text."""
        if "data" in self.refuse:
            return self.refuse["data"]
        raw = envelope.original_content or b""
        message = message_from_bytes(raw, policy=policy.default)
        assert isinstance(message, EmailMessage)
        canary.look("a mail", f"{raw.decode(errors='replace')} {message.get_content()}")
        self.mails.append(
            Delivered(
                envelope.mail_from or "", list(envelope.rcpt_tos), raw, bool(session.ssl), message
            )
        )
        if self.on_data is not None:
            self.on_data()
        return "250 taken"

    def _check(self, _s: SMTP, _session: Session, _e: Envelope, _m: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=good, handled=False)


@dataclass(frozen=True)
class Secured:
    """A certificate for `localhost`, the authority that vouches for it, and a server's context."""

    ca: Path
    context: ssl.SSLContext


def secured(folder: Path, *, host: str = "localhost") -> Secured:
    """Make an authority and a certificate for `host`."""
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests' own authority")])
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)

    def build(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )

    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, key_cert_sign=True, crl_sign=True,
        encipher_only=False, decipher_only=False,
    )  # fmt: skip
    ca = (
        build(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), False)
        .sign(ca_key, hashes.SHA256())
    )
    issued_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    own = (
        build(name, key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(issued_by, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "ca.pem").write_bytes(ca.public_bytes(pem))
    (folder / "server.pem").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + own.public_bytes(pem)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return Secured(folder / "ca.pem", context)
