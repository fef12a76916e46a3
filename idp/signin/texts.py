"""The words of the sign-in pages: why a thing is asked, and what to do when it cannot go on."""

from datetime import timedelta

from idp.authentication.actions import Reason, Refusal
from idp.delegation.choosing import PurposeFault
from idp.signin.actions import Stop
from idp.signin.rules import Step, Why
from idp.words import gettext as _
from idp.words import ngettext


def way(step: Step) -> str:
    """Name a way to sign in, as a link to its page."""
    return {
        Step.PASSWORD: _("Your email address and password"),
        Step.PASSKEY: _("Your passkey or security key"),
        Step.CODE: _("A code from your app"),
        Step.TEXT_CODE: _("A code by text message"),
        Step.EMAIL_CODE: _("A code by email"),
        Step.RECOVERY_CODE: _("One of your printed codes"),
    }[step]


def why_asked(why: Why, step: Step, service_name: str) -> str | None:
    """Say why the person is asked for this, now; None where it goes without saying."""
    if why is Why.AGAIN:
        return _("%(service)s wants to be sure that it is still you.", service=service_name)
    if why is Why.UNUSUAL:
        return _("We need one more check. This sign-in looks different from your usual ones.")
    if why is not Why.MORE:
        return None
    if step in {Step.CODE, Step.TEXT_CODE}:
        return _(
            "You have already given your password. %(service)s holds things that would do harm "
            "in the wrong hands, so it asks for one more check: a code.",
            service=service_name,
        )
    if step is Step.PASSKEY:
        return _(
            "%(service)s holds things that would do harm in the wrong hands, so it asks for one "
            "more check: your passkey.",
            service=service_name,
        )
    return _("%(service)s asks for one more check.", service=service_name)


def nothing_typed(step: Step) -> str:
    """Say what to type in."""
    return {
        Step.PASSWORD: _("Type in your email address and your password"),
        Step.CODE: _("Type in the code that your app shows"),
        Step.TEXT_CODE: _("Type in the code from your text message"),
        Step.EMAIL_CODE: _("Type in the code from your email"),
        Step.RECOVERY_CODE: _("Type in one of your printed codes"),
    }[step]


def proof_refused(refusal: Refusal, step: Step) -> str:
    """Say why a proof was not taken, the same for every account."""
    if refusal.reason is Reason.BUSY:
        return _("We are very busy just now. Wait a few seconds, then try again.")
    if refusal.reason is Reason.SHUT:
        return _("There were too many wrong tries. This way to sign in is shut for now.")
    if refusal.reason is Reason.WAIT:
        minutes = max(1, round((refusal.wait or timedelta(0)).total_seconds() / 60))
        return ngettext(
            "There were too many wrong tries. Wait %(num)d minute, then try again.",
            "There were too many wrong tries. Wait %(num)d minutes, then try again.",
            minutes,
        )
    # A used code and a wrong one read the same; so do a key we do not know and a wrong answer.
    return {
        Step.PASSWORD: _("The email address or the password is not right. Try again."),
        Step.PASSKEY: _("We could not check your passkey. Try again, or sign in another way."),
        Step.CODE: _(
            "This code is not right, or it was used before. Wait until your app shows the next "
            "code, then type that in."
        ),
        Step.TEXT_CODE: _code_not_right(),
        Step.EMAIL_CODE: _code_not_right(),
        Step.RECOVERY_CODE: _(
            "This code is not right, or it was used before. Look at your sheet again, or take "
            "the next code on it."
        ),
    }[step]


def nobody_typed() -> str:
    """Say what to type in for a code to be sent."""
    return _("Type in your email address or sign-in name")


def code_too_old() -> str:
    """Say that there is no code to type in any more."""
    return _("This code is too old, or it was used before. Ask for a new one.")


def tried_too_often() -> str:
    """Say that a code that was sent may be tried no more."""
    return _("There were too many wrong tries. Ask for a new code.")


def _code_not_right() -> str:
    return _("This code is not right. Look at your latest message, or ask for a new code.")


def stopped(stop: Stop) -> tuple[int, str, list[str]]:
    """Say why a journey cannot go on here: status, title, what to do."""
    return {
        Stop.COOKIES: (
            400,
            _("Your browser does not keep cookies"),
            [
                _("We need one small cookie to know that it is still you on the next page."),
                _("Switch cookies on for this website. Then go back to the service and start "
                  "again."),
            ],
        ),
        Stop.OTHER_BROWSER: (
            400,
            _("This page was started in another browser"),
            [
                _("For your safety a sign-in can only be finished in the browser where it began."),
                _("Go back to that browser, or start again from the service in this one."),
            ],
        ),
        Stop.UNKNOWN: (
            404,
            _("We do not know this page"),
            [_("Go back to the service you came from and start again.")],
        ),
        Stop.EXPIRED: (
            410,
            _("This page is too old"),
            [_("A sign-in has to be finished within an hour. Go back to the service and start "
               "again.")],
        ),
        Stop.FINISHED: (
            410,
            _("You have already finished this"),
            [
                _("You may have used the back button, or the same page in two tabs."),
                _("Go on in the other tab, or go back to the service and start again."),
            ],
        ),
    }[stop]  # fmt: skip


def refused(why: Why, service_name: str) -> tuple[str, list[str]]:
    """Say why a journey ends without a sign-in: title and what to do."""
    if why is Why.IDENTITY:
        return (
            _("%(service)s needs to be surer who you are", service=service_name),
            [
                _(
                    "You are signed in, but you have not yet proved who you are as far as "
                    "%(service)s asks.",
                    service=service_name,
                ),
                _("Go back to the service to see how else you can do this."),
            ],
        )
    return (
        _("%(service)s asks for a check you do not have", service=service_name),
        [
            _("You are signed in, but none of your ways to sign in is enough for %(service)s.",
              service=service_name),
            _("Go back to the service to see how else you can do this."),
        ],
    )  # fmt: skip


def stale_form() -> tuple[str, list[str]]:
    """Say that a form was sent that we did not show to this browser."""
    return (
        _("This form is out of date"),
        [
            _("Nothing was changed. The page may have been open for a long time, or came from "
              "another place."),
            _("Go back, load the page again and send it once more."),
        ],
    )  # fmt: skip


def purpose_wrong(fault: PurposeFault) -> str:
    """Say what is wrong with what somebody wrote that they want to do."""
    return {
        PurposeFault.MISSING: _("Say what you want to do for them"),
        PurposeFault.TOO_LONG: _("Use fewer words to say what you want to do"),
        PurposeFault.UNREADABLE: _("Use plain letters to say what you want to do"),
        PurposeFault.NUMBER: _("Leave the National Insurance number out"),
    }[fault]
