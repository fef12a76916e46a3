"""What a text may use, ready to be shown, and the sentences that several texts share."""

from collections.abc import Callable
from dataclasses import dataclass

Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A notice as it is read: an e-mail's subject and paragraphs, or one text message."""

    subject: str
    paragraphs: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a text may use, ready to be shown; empty where the notice does not have it.

    `home` is where people sign in and see to it; `link` is whole.
    """

    account: str
    code: str
    contact: str
    minutes: str
    method: str
    when: str
    link: str
    organisation: str
    home: str
    helper: str
    services: str
    until: str
    reference: str


Writer = Callable[[Gettext, Told], Words]


def not_you(_: Gettext, told: Told) -> str:
    """Say what to do if somebody else did it."""
    return _(
        "Was it not you? Then somebody else may be in your account. "
        "Sign in now at %(home)s and change your password."
    ) % {"home": told.home}


def news(
    _: Gettext, told: Told, subject: str, happened: str, *more: str, text: str | None = None
) -> Words:
    """Make a notice that tells of something: the account is named first, always."""
    named = _("This is about your account %(account)s.") % {"account": told.account}
    short = _("Gatehouse, account %(account)s:") % {"account": told.account}
    return Words(
        subject=subject,
        paragraphs=(named, happened, *more),
        text=f"{short} {text or happened}",
    )
