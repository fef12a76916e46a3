"""The words of enrolment and of lost passwords: what is wrong, what is left, what to do."""

from datetime import timedelta

from idp.accounts.actions import NameProblem
from idp.authentication.rules import (
    PASSWORD_ALONE_MIN_CHARACTERS,
    PASSWORD_MAX_CHARACTERS,
    PasswordProblem,
)
from idp.enrolment.actions import CodeAnswer, Stop
from idp.enrolment.addresses import AddressProblem
from idp.enrolment.rules import Item, Task
from idp.words import gettext as _
from idp.words import ngettext

NO_BREAK = "\N{NO-BREAK SPACE}"


def address_refused(problem: AddressProblem) -> str:
    """Say what is wrong with an e-mail address."""
    return {
        AddressProblem.EMPTY: _("Type in your email address"),
        AddressProblem.SHAPE: _("Type in an email address like name@example.com"),
        AddressProblem.LETTERS: _(
            "Type in an email address with plain letters before the @. We cannot send to this one"
        ),
        AddressProblem.DOMAIN: _("Check the part after the @. It should look like example.com"),
        AddressProblem.LONG: _("This email address is too long. Check it"),
    }[problem]


def code_refused(answer: CodeAnswer) -> str:
    """Say why a mailed code was not taken."""
    if answer is CodeAnswer.TOO_OLD:
        return _("This code is too old. Ask for a new one")
    return _("This code is not right. Look at the newest mail and type in the code again")


def name_refused(problem: NameProblem) -> str:
    """Say why a sign-in name cannot be had."""
    if problem is NameProblem.TAKEN:
        return _("Somebody else has this name. Choose another one")
    return _("Choose a name with no spaces and no @")


def password_refused(problem: PasswordProblem) -> str:
    """Say why a password cannot be chosen."""
    return {
        PasswordProblem.TOO_SHORT: _(
            "Use %(number)d letters or more. Three or four words are easy to keep in mind",
            number=PASSWORD_ALONE_MIN_CHARACTERS,
        ),
        PasswordProblem.TOO_LONG: _(
            "Use %(number)d letters or fewer", number=PASSWORD_MAX_CHARACTERS
        ),
        PasswordProblem.UNREADABLE: _("There is a letter in it that we cannot read. Choose again"),
        PasswordProblem.COMMON: _("Many people use this password. Choose one that is your own"),
        PasswordProblem.OWN_WORDS: _("Choose a password that is not your name or your address"),
    }[problem]


def wait_for(wait: timedelta) -> str:
    """Say how long to wait before trying again."""
    minutes = max(1, round(wait.total_seconds() / 60))
    if minutes > 60:
        return _("There were too many wrong tries. Ask for a new code")
    return ngettext(
        "That was too often. Wait %(num)d minute, then try again",
        "That was too often. Wait %(num)d minutes, then try again",
        minutes,
    )


def busy() -> str:
    """Say that too many passwords are being checked."""
    return _("We are very busy just now. Wait a few seconds, then try again")


def stopped(stop: Stop) -> tuple[int, str, list[str]]:
    """Say why an enrolment or a reset cannot go on here: status, title, what to do."""
    return {
        Stop.COOKIES: (
            400,
            _("Your browser does not keep cookies"),
            [
                _("We need one small cookie to know that it is still you on the next page."),
                _("Switch cookies on for this website. Then start again."),
            ],
        ),
        Stop.OTHER_BROWSER: (
            400,
            _("This page was started in another browser"),
            [
                _("To keep you safe, you can only go on where you began."),
                _("Go back to that browser, or start again in this one."),
            ],
        ),
        Stop.UNKNOWN: (
            404,
            _("We do not know this page"),
            [_("Start again. It does not take long.")],
        ),
        Stop.EXPIRED: (
            410,
            _("This page is too old"),
            [_("You waited too long, so we closed it to keep you safe. Start again.")],
        ),
    }[stop]  # fmt: skip


def hub_title(count: int, service: str | None) -> str:
    """Say at a glance how things stand, with the name of the service that waits."""
    if count == 0:
        return _("You are ready")
    if service is None:
        return ngettext(
            "You're in. There is one more thing to do",
            "You're in. There are %(num)d more things to do",
            count,
        )
    return ngettext(
        "You're in. %(service)s needs one more thing",
        "You're in. %(service)s needs %(num)d more things",
        count,
        service=service,
    )


def task(item: Item, held_passkey: bool) -> str:
    """Name a line of the list."""
    return {
        Task.EMAIL: _("Show that your email address is yours"),
        Task.FIRST_WAY: _("Choose a password or a passkey"),
        Task.SECOND_WAY: _("Choose a password as well")
        if held_passkey
        else _("Add a second check: a passkey or a code app"),
        Task.RECOVERY_CODES: _("Print your recovery codes"),
        Task.PASSWORD: _("Choose a password as well"),
        Task.IDENTITY: _("Show who you are"),
    }[item.task]


def hint(item: Item) -> str:
    """Say what a line of the list is good for."""
    return {
        Task.EMAIL: _("We send you a code."),
        Task.FIRST_WAY: _("This is how you sign in."),
        Task.SECOND_WAY: _("It keeps others out, even if they find out the first one."),
        Task.RECOVERY_CODES: _(
            "They let you in when your phone is lost. You need no phone for it."
        ),
        Task.PASSWORD: _("It goes with your recovery codes when your phone is lost."),
        Task.IDENTITY: _("You do this once, for all services."),
    }[item.task]  # fmt: skip


def status(item: Item) -> str:
    """Say whether a line is done, and how long it takes if not."""
    if item.done:
        return _("Done")
    takes = ngettext("%(num)d minute", "%(num)d minutes", item.minutes)
    takes = takes.replace(" ", NO_BREAK)  # a number and its unit stay on one line
    return takes if item.needed else _("If you like: %(time)s", time=takes)
