"""What happened to somebody's account: each names the account first, and says what to do."""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer, news, not_you


def _signed_up(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your account is ready"),
        _("You made it just now. You can sign in with it at %(home)s.") % {"home": told.home},
        _(
            "Was it not you? Then somebody used your email address. "
            "Nobody but you can use the codes we send here."
        ),
    )


def _method_added(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("There is a new way to sign in to your account"),
        _("There is a new way to sign in: %(method)s.") % {"method": told.method},
        not_you(_, told),
    )


def _method_removed(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("A way to sign in to your account is gone"),
        _("This way to sign in was taken away: %(method)s.") % {"method": told.method},
        not_you(_, told),
    )


def _password_changed(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your password was changed"),
        _("The password of your account was changed."),
        _(
            "Was it not you? Then somebody else may be in your account. "
            "Go to %(home)s and press “I forgot my password”."
        )
        % {"home": told.home},
    )


def _recovery_code_used(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("One of your recovery codes was used"),
        _("Somebody signed in with one of your recovery codes. That code is used up now."),
        not_you(_, told),
    )


def _number_moved(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your phone number was moved"),
        _("Your phone company says that your number went to another card or company. We send no "
          "codes to it for some days."),
        _("You can sign in another way until then."),
        _("Was it not you? Then somebody may be taking over your number. Call your phone company "
          "now."),
    )  # fmt: skip


def _identity_proved(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("You have shown who you are"),
        _("You showed us who you are. You need not do it again for other services."),
        not_you(_, told),
    )


def _number_tried(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Somebody tried to use your details"),
        _("Somebody gave your details to make another account. They did not get into yours."),
        _("Was it you? Then sign in to the account you have: %(home)s") % {"home": told.home},
        _("Was it not you? Then you need do nothing now. We tell you if it happens again."),
    )


def _way_back_begun(_: Gettext, told: Told) -> Words:
    when = {"when": told.when, "link": told.link}
    return news(
        _,
        told,
        _("Somebody asked to get back into your account"),
        _("Somebody showed us that they are you. They get into this account on %(when)s.") % when,
        _("Was it not you? Then stop it now. Open this link and press “Stop it”: %(link)s") % when,
        _("Was it you? Then wait until then. You need do nothing."),
        text=_("Somebody says they are you. They get in on %(when)s. Not you? Stop it: %(link)s")
        % when,
    )


def _sign_in_held(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Was it you who signed in?"),
        _("Somebody signed in to your account. It did not look like you, so we told the service to "
          "wait."),
        _("Open this link and say if it was you: %(link)s") % {"link": told.link},
        text=_("A sign-in did not look like you, so it waits. Say if it was you: %(link)s")
        % {"link": told.link},
    )  # fmt: skip


def _way_back_stopped(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("We stopped the way back into your account"),
        _("Somebody pressed “Stop it”. Nobody gets into this account that way now."),
        _("Did you want to get back in? Then show us again who you are: %(home)s")
        % {"home": told.home},
    )


def _way_back_taken(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your account has new ways to sign in"),
        _("You showed us again who you are. The old ways to sign in no longer work."),
        _(
            "Was it not you? Then ask for it to be looked into at once, at any counter. "
            "Take something with you that shows who you are."
        ),
    )


def _visit_confirmed(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your visit to the counter was checked"),
        _("Two people checked what you showed at the counter. It counts now."),
        _("You can go on where you stopped: %(home)s") % {"home": told.home},
        not_you(_, told),
    )


def _visit_refused(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Your visit to the counter does not count"),
        _("A second person checked your visit to the counter and did not agree."),
        _("You can go there again, or choose another way: %(home)s") % {"home": told.home},
        not_you(_, told),
    )


def _contact_changed(_: Gettext, told: Told) -> Words:
    happened = _("In our records, this way to reach you has changed: %(contact)s.") % {
        "contact": told.contact
    }
    return news(
        _,
        told,
        _("How we can reach you has changed"),
        happened,
        _("We send no codes to a new address or phone for 30 days."),
        _(
            "Did you not ask for it? Then tell the office that you get letters from. "
            "And look what was done in your account: %(home)s"
        )
        % {"home": told.home},
        text=happened + " " + _("Did you not ask for it? Go to %(home)s") % {"home": told.home},
    )


WRITERS: Mapping[Notice, Writer] = {
    Notice.SIGNED_UP: _signed_up,
    Notice.METHOD_ADDED: _method_added,
    Notice.METHOD_REMOVED: _method_removed,
    Notice.PASSWORD_CHANGED: _password_changed,
    Notice.RECOVERY_CODE_USED: _recovery_code_used,
    Notice.NUMBER_MOVED: _number_moved,
    Notice.IDENTITY_PROVED: _identity_proved,
    Notice.NUMBER_TRIED: _number_tried,
    Notice.WAY_BACK_BEGUN: _way_back_begun,
    Notice.SIGN_IN_HELD: _sign_in_held,
    Notice.WAY_BACK_STOPPED: _way_back_stopped,
    Notice.WAY_BACK_TAKEN: _way_back_taken,
    Notice.VISIT_CONFIRMED: _visit_confirmed,
    Notice.VISIT_REFUSED: _visit_refused,
    Notice.CONTACT_CHANGED: _contact_changed,
}
