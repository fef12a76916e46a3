"""The words of notices about help: who can act for somebody, and what they did.

They may go to somebody who has no account, on a channel of their own choice. They name
organisations, by the name that two officers checked, and never a person.
"""

from collections.abc import Callable, Mapping

from idp.notices.rules import Notice

Gettext = Callable[[str], str]
Values = Mapping[str, str]
# A subject, the paragraphs of an e-mail, and one text message.
Written = tuple[str, tuple[str, ...], str]


def write(_: Gettext, notice: Notice, values: Values) -> Written:
    """Write a notice about help; a `link` in `values` is whole already."""
    return HELP[notice](_, values)


def _recap(_: Gettext, values: Values) -> Written:
    asked = _("%(organisation)s asks to help you with: %(services)s.") % values
    end = _("Do you not want this? Then do not read out the code that comes next.")
    return (_("Somebody asks to help you"), (asked, end), f"{asked} {end}")


def _code(_: Gettext, values: Values) -> Written:
    code = _("Your code is %(code)s.") % values
    lasts = _("It works for %(minutes)s minutes.") % values
    only = _(
        "Read it out only to the adviser who is with you now, if you want their help. "
        "Tell it to no one else."
    )
    return (_("Your code for help"), (code, lasts, only), f"{code} {lasts} {only}")


def _given(_: Gettext, values: Values) -> Written:
    can = _("%(organisation)s can now act for you, because you said so.") % values
    look = _("See what they may do, and end it, here: %(link)s") % values
    call = _("Or call us. Was it not you? Then end it at once.")
    return (_("Somebody can act for you now"), (can, look, call), f"{can} {look}")


def _member_stopped(_: Gettext, values: Values) -> Written:
    what = _(
        "Somebody at %(organisation)s opened a lot of people in a short time. We stopped them."
    )
    what = what % values
    do = _("Find out if it was really them. Then call us, and we will look at it with you.")
    return (_("We stopped somebody at your organisation"), (what, do), f"{what} {do}")


def _objected(_: Gettext, values: Values) -> Written:
    what = _("A person whom %(organisation)s helps does not agree with one thing that was done.")
    what = what % values
    do = _("Our officers look at it. They may call you.")
    return (_("Somebody does not agree"), (what, do), f"{what} {do}")


HELP: Mapping[Notice, Callable[[Gettext, Values], Written]] = {
    Notice.ASSISTED_RECAP: _recap,
    Notice.ASSISTED_CODE: _code,
    Notice.HELP_GIVEN: _given,
    Notice.MEMBER_STOPPED: _member_stopped,
    Notice.USE_OBJECTED: _objected,
}
