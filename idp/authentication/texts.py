"""What the pages that set a method up say when something was not right."""

from idp.authentication.adding import NotAdded
from idp.authentication.rules import (
    PASSWORD_ALONE_MIN_CHARACTERS,
    PASSWORD_MAX_CHARACTERS,
    PASSWORD_MIN_CHARACTERS,
    PasswordProblem,
)
from idp.words import gettext as _


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
        "recovery-code": _("Recovery codes"),
    }.get(method, method)
