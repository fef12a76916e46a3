"""What the pages that set a method up say when something was not right."""

from datetime import timedelta

from idp.authentication.adding import NotAdded
from idp.authentication.rules import (
    PASSWORD_ALONE_MIN_CHARACTERS,
    PASSWORD_MAX_CHARACTERS,
    PASSWORD_MIN_CHARACTERS,
    PasswordProblem,
)
from idp.words import gettext as _
from idp.words import ngettext


def not_added(why: NotAdded) -> str:
    """Say why an app was not set up."""
    if why is NotAdded.WRONG_CODE:
        return _("That is not the code your app shows now. Wait for the next one and type it in.")
    return _("You took too long. We made a new picture. Scan this one with your app.")


def passkey_refused() -> str:
    """Say that a passkey was not taken; why is nothing the person could act on."""
    return _("We could not take that passkey. Try again.")


def password_refused(problem: PasswordProblem, *, alone: bool) -> str:
    """Say what a password has to be."""
    least = PASSWORD_ALONE_MIN_CHARACTERS if alone else PASSWORD_MIN_CHARACTERS
    return {
        PasswordProblem.TOO_SHORT: _(
            "Your password must have at least %(number)s letters, numbers or signs", number=least
        ),
        PasswordProblem.TOO_LONG: _(
            "Your password must have no more than %(number)s letters, numbers or signs",
            number=PASSWORD_MAX_CHARACTERS,
        ),
        PasswordProblem.UNREADABLE: _("We could not read your password. Type it in again."),
        PasswordProblem.COMMON: _(
            "Many people use that password, so it is easy to guess. Choose another one."
        ),
        PasswordProblem.OWN_WORDS: _(
            "That password is like your name or address, so it is easy to guess. "
            "Choose another one."
        ),
    }[problem]


def current_missing() -> str:
    """Ask for the password there is."""
    return _("Type in the password you have now")


def current_wrong() -> str:
    """Say that it is another one."""
    return _("That is not the password you have now. Type it in again.")


def number_refused() -> str:
    """Say what a phone number has to be."""
    return _("Type in the number of a mobile phone, like 07700 900123 or +33 6 12 34 56 78")


def no_number_waits() -> str:
    """Say that there is no code to type in any more."""
    return _("This code is too old, or it was used before. Ask for a new one.")


def number_code_wrong() -> str:
    """Say that the code of a number was wrong."""
    return _("This code is not right. Look at your latest message, or ask for a new code.")


def too_often(wait: timedelta) -> str:
    """Say that too many codes were sent or tried."""
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes > 60:
        return _("There were too many wrong tries. Ask for a new code.")
    return ngettext(
        "That was too often. Wait %(num)d minute, then try again",
        "That was too often. Wait %(num)d minutes, then try again",
        minutes,
    )


def busy() -> str:
    """Say that too many passwords are being checked."""
    return _("Too many people are doing this just now. Wait a moment and try again.")


def changed_meanwhile() -> tuple[str, list[str]]:
    """Say that the session changed while the form was filled in: title and what to do."""
    return (
        _("Something changed while you were on that page"),
        [_("You may have signed out, or used another tab. Nothing was changed. Try again.")],
    )


def method_name(method: str) -> str:
    """Name a way to sign in as its owner does."""
    return {
        "password": _("Password"),
        "one-time-code": _("App that makes codes"),
        "passkey": _("Passkey"),
        "security-key": _("Security key"),
        "sms-code": _("Codes by text message"),
        "email-code": _("Codes by email"),
        "recovery-code": _("Recovery codes"),
    }.get(method, method)
