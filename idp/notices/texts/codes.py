"""Codes that we send, and what each is for."""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer


def _works_for(_: Gettext, told: Told) -> str:
    return _("It works for %(minutes)s minutes. Tell it to no one. We never ask for it.") % {
        "minutes": told.minutes
    }


def _code_text(_: Gettext, told: Told) -> str:
    return _(
        "Gatehouse: your code is %(code)s. It works for %(minutes)s minutes. Tell it to no one."
    ) % {"code": told.code, "minutes": told.minutes}


def _address_code(_: Gettext, told: Told) -> Words:
    return Words(
        subject=_("Your code for Gatehouse"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("Type it on the page where you asked for it.") + " " + _works_for(_, told),
            _("Did you not ask for it? Then you can forget this message."),
        ),
        text=_code_text(_, told),
    )


def _contact_code(_: Gettext, told: Told) -> Words:
    return Words(
        subject=_("Your code to show who you are"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("You asked for it to show Gatehouse who you are. Type it on the page you came from.")
            + " "
            + _works_for(_, told),
            _(
                "Did you not ask for it? Then somebody may be trying to pass for you. "
                "They get no further without this code."
            ),
        ),
        text=_code_text(_, told)
        + " "
        + _("Did you not ask for it? Somebody may be trying to pass for you."),
    )


def _reset_code(_: Gettext, told: Told) -> Words:
    return Words(
        subject=_("Your code to choose a new password"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("It is for the account %(account)s. Type it on the page where you asked for it.")
            % {"account": told.account}
            + " "
            + _works_for(_, told),
            _("Did you not ask for it? Then you need do nothing. Your password stays as it is."),
        ),
        text=_code_text(_, told),
    )


def _sign_in_code(_: Gettext, told: Told) -> Words:
    return Words(
        subject=_("Your code to sign in"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("It signs you in to the account %(account)s. Type it where you asked for it.")
            % {"account": told.account}
            + " "
            + _works_for(_, told),
            _("Did you not ask for it? Then somebody typed in your address. They get no further "
              "without this code."),
        ),
        text=_code_text(_, told)
        + " "
        + _("Did you not ask for it? Then somebody may have your password. Change it."),
    )  # fmt: skip


def _number_code(_: Gettext, told: Told) -> Words:
    return Words(
        subject=_("Your code for Gatehouse"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("Type it on the page where you asked for it.") + " " + _works_for(_, told),
        ),
        text=_code_text(_, told),
    )


def _spoken_code(_: Gettext, told: Told) -> Words:
    lasts = _("It works for %(minutes)s minutes. Tell it to no one else.") % {
        "minutes": told.minutes
    }
    what_for = _("Read it out to our officer. It lets somebody act for you, or stops that.")
    return Words(
        subject=_("Your code to read out"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            what_for + " " + lasts,
            _("Are you not talking to an officer of ours? Then read it out to nobody."),
        ),
        text=_("Gatehouse: your code is %(code)s.") % {"code": told.code}
        + " " + what_for + " " + lasts,
    )  # fmt: skip


WRITERS: Mapping[Notice, Writer] = {
    Notice.ADDRESS_CODE: _address_code,
    Notice.CONTACT_CODE: _contact_code,
    Notice.RESET_CODE: _reset_code,
    Notice.SIGN_IN_CODE: _sign_in_code,
    Notice.NUMBER_CODE: _number_code,
    Notice.SPOKEN_CODE: _spoken_code,
}
