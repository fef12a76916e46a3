"""E-mail by SMTP (RFC 5321): one mail server of the installation's own, and what it answers.

A 5xx to the recipient or the text is the end of a message; whatever else goes wrong is tried
again by the outbox. A refused sender, log-in or certificate is the installation's fault, not the
message's: it waits until that is mended.
"""

import logging
import re
import smtplib
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from idp.outbox.actions import Undeliverable

ANSWER_SECONDS = 5.0
# A server may look at a whole message before it takes it. One that took it after we had given
# up would get it again, so this wait is long; all together stays below the outbox's lease.
TAKE_SECONDS = 25.0
PREPARE_SECONDS = 20.0
# RFC 4954 section 4.1 and RFC 3207 section 4: about us, not about the message.
OUR_FAULT = frozenset({530, 534, 535, 538})
PLAIN = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f]{1,64}@[^\s<>()\[\],;:\\\"@\x00-\x20\x7f]+")

log = logging.getLogger("idp.notices")


class NotTaken(Exception):
    """The mail server did not take a message now; another try may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An e-mail on its way: the envelope's two addresses, and the message."""

    sender: str
    recipient: str
    international: bool  # needs a server that takes UTF-8 in addresses (RFC 6531)
    message: EmailMessage


def compose(
    *,
    sender: str,
    recipient: str,
    subject: str,
    paragraphs: Sequence[str],
    ref: str,
    host: str,
    locale: str,
    now: datetime,
) -> Mail:
    """Write an e-mail. `ref` makes its Message-ID, so that a repeat can be recognised.

    Raises `Undeliverable` for what is no mail address.
    """
    address, international = _address(recipient)
    rules = (policy.SMTPUTF8 if international else policy.SMTP).clone(cte_type="7bit")
    message = EmailMessage(policy=rules)
    message["From"] = sender
    message["To"] = address
    message["Subject"] = " ".join(subject.split())
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{ref}@{host.partition(':')[0]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    message["Content-Language"] = locale
    message.set_content("\n\n".join(paragraphs) + "\n", cte="quoted-printable")
    return Mail(
        sender=sender.rpartition("<")[2].rstrip(">"),
        recipient=address.addr_spec,
        international=international,
        message=message,
    )


def _address(text: str) -> tuple[Address, bool]:
    """Read a mail address, its host in the letters that name servers know (RFC 5890)."""
    if not PLAIN.fullmatch(text):
        raise Undeliverable("address")
    local, _, domain = text.rpartition("@")
    try:
        address = Address(username=local, domain=domain.encode("idna").decode())
    except (UnicodeError, ValueError):
        raise Undeliverable("address")
    return address, not local.isascii()


@dataclass(kw_only=True)
class MailServer:
    """The mail server. Keeps its connection between messages; safe to share between threads."""

    host: str
    port: int
    security: str  # "none", "starttls" or "tls"
    name: str  # how we greet it: our own host name
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    _line: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def send(self, mail: Mail) -> None:
        """Hand a message over. Raises `Undeliverable` when it is refused for good, and
        `NotTaken`, `OSError` or `smtplib.SMTPException` when it may be tried again."""
        with self._lock:
            started = time.monotonic()
            try:
                line = self._ready()
                self._envelope(line, mail)
                if time.monotonic() - started > PREPARE_SECONDS:
                    raise NotTaken("too slow")
                self._text(line, mail)
            except BaseException:
                self._drop()
                raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        with self._lock:
            self._drop()

    def _ready(self) -> smtplib.SMTP:
        """Answer a connection that was just heard from: the kept one, or a new one."""
        if self._line is not None:
            try:
                if self._line.noop()[0] == 250:
                    return self._line
            except (OSError, smtplib.SMTPException):
                pass  # it was closed while nothing was sent: that is usual
            self._drop()
        self._line = self._open()
        return self._line

    def _open(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.ca)
        if self.security == "tls":
            line: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, self.name, timeout=ANSWER_SECONDS, context=context
            )
        else:
            line = smtplib.SMTP(self.host, self.port, self.name, timeout=ANSWER_SECONDS)
        try:
            if self.security == "starttls":
                line.starttls(context=context)  # raises where it is not offered: never in clear
            if self.user and self.password:
                line.login(self.user, self.password)
            line.ehlo_or_helo_if_needed()
        except BaseException:
            line.close()
            raise
        return line

    def _envelope(self, line: smtplib.SMTP, mail: Mail) -> None:
        options = []
        if mail.international:
            if not line.has_extn("smtputf8"):
                raise Undeliverable("smtputf8")
            options = ["SMTPUTF8"]
        code, _ = line.mail(mail.sender, options)
        if code != 250:
            raise self._refused("the sender", code)
        code, _ = line.rcpt(mail.recipient)
        if code not in {250, 251}:
            raise self._refused("the recipient", code, for_good=True)

    def _text(self, line: smtplib.SMTP, mail: Mail) -> None:
        if line.sock is not None:
            line.sock.settimeout(TAKE_SECONDS)
        try:
            code, _ = line.data(mail.message.as_bytes())
        except smtplib.SMTPDataError as problem:  # already at the word DATA
            code = problem.smtp_code
        if code != 250:
            raise self._refused("the text", code, for_good=True)
        if line.sock is not None:
            line.sock.settimeout(ANSWER_SECONDS)

    def _refused(self, what: str, code: int, *, for_good: bool = False) -> Exception:
        # The code only: the words of an answer often repeat the address.
        if for_good and 500 <= code <= 599 and code not in OUR_FAULT:
            return Undeliverable(f"smtp-{code}")
        log.warning("the mail server answered %s to %s; it is tried again", code, what)
        return NotTaken(f"smtp-{code}")

    def _drop(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()
