"""Deliver notices: open what was sealed, write it in the reader's language, hand it to a driver."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable
from idp.notices.actions import MESSAGES, unseal
from idp.notices.mail import MailServer, compose
from idp.notices.messages import TEXTS_FILE, LoggedTexts, SandboxTexts, TextDriver
from idp.notices.texts import words_of
from idp.outbox.actions import Handler, Undeliverable
from idp.settings import Settings


def handlers(
    settings: Settings, keyring: Keyring, now: Callable[[], datetime]
) -> Mapping[str, Handler]:
    """Answer what delivers each kind of notice here: only channels that the settings name.

    A kind without one waits for another worker that has it, until it expires.
    """
    server, texts = mail_server(settings), text_driver(settings)
    found: dict[str, Handler] = {}
    if server is not None or texts is not None:

        def handle(payload: dict[str, Any]) -> None:
            deliver_notice(payload, settings, keyring, server=server, texts=texts, now=now())

        found |= {MESSAGES["email"]: handle} if server is not None else {}
        found |= {MESSAGES["text"]: handle} if texts is not None else {}
    return found


def deliver_notice(
    payload: Mapping[str, Any],
    settings: Settings,
    keyring: Keyring,
    *,
    server: MailServer | None,
    texts: TextDriver | None,
    now: datetime,
) -> None:
    """Deliver one notice. Raises `Undeliverable` when no later try would help."""
    try:
        sealed = unseal(keyring, payload)
    except Unreadable:
        raise Undeliverable("unreadable")
    words = words_of(
        sealed.notice, sealed.values, locale=sealed.locale, issuer=settings.issuer
    )  # fmt: skip
    if sealed.contact.channel == "text" and texts is not None:
        texts.send(number=sealed.contact.address, text=words.text, ref=sealed.ref)
    elif sealed.contact.channel == "email" and server is not None:
        mail = compose(
            sender=settings.mail_from or "",
            recipient=sealed.contact.address,
            subject=words.subject,
            paragraphs=words.paragraphs,
            ref=sealed.ref,
            host=settings.issuer_host,
            locale=sealed.locale,
            now=now,
        )
        server.send(mail)
    else:
        raise Undeliverable("no-driver")


def mail_server(settings: Settings) -> MailServer | None:
    """Answer the mail server that the settings name, or None. Nothing is opened yet."""
    if not settings.smtp_host:
        return None
    return MailServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        name=urlsplit(settings.issuer).hostname or "localhost",
        user=settings.smtp_user,
        password=settings.smtp_password,
        ca=settings.smtp_ca,
    )


def text_driver(settings: Settings) -> TextDriver | None:
    """Answer the driver for text messages that the settings name, or None."""
    if not settings.text_driver:
        return None
    return SandboxTexts(settings.data / TEXTS_FILE) if settings.sandbox else LoggedTexts()
