"""What concerns two parties, and what happens with the person present.

No account is named: the reader may have none, and be told on a channel of their own choice.
Organisations are named, by the name that two officers checked; a person never.
"""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer


def _about_helpers(subject: str, happened: str, do: str, unknown: str) -> Words:
    """What concerns two parties: no account is named, for the reader may have none yet."""
    paragraphs = (happened, do, unknown)
    return Words(subject=subject, paragraphs=paragraphs, text=f"Gatehouse: {happened} {do}")


def _nobody_you_know(_: Gettext) -> str:
    return _("Do you not know them? Then say no, or do nothing. Nothing happens without you.")


def _see_helpers(_: Gettext) -> str:
    return _("Is it not right? End it there. It ends at once.")


def _help_asked(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Somebody asks you to help them"),
        _("Somebody asks you to do things for them at public services."),
        _("See who it is, and answer by %(when)s: %(link)s")
        % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _helper_offered(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Somebody asks to do things for you"),
        _("Somebody asks if they may do things for you at public services."),
        _("See who it is, and answer by %(when)s: %(link)s")
        % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _offer_waits(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("A question still waits for your answer"),
        _("Somebody asked you a question about help at public services. It still waits."),
        _("You can answer until %(when)s: %(link)s") % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _offer_answered(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Your question was answered"),
        _("You asked somebody about help at public services. They gave an answer."),
        _("See the answer: %(link)s") % {"link": told.link},
        _("We put no names in here."),
    )


def _helper_added(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Somebody can now do things for you"),
        _("Somebody can now do things for you at public services."),
        _("See who, and what: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _by_phone(_: Gettext, told: Told) -> str:
    """What somebody does who is not online."""
    return _("Or call us, or come to any counter, and give the reference %(reference)s.") % {
        "reference": told.reference
    }


def _helper_passed_on(_: Gettext, told: Told) -> Words:
    named = {"helper": told.helper, "organisation": told.organisation}
    return _about_helpers(
        _("Your helper let another organisation help"),
        _("%(organisation)s helps you. It now lets %(helper)s do a part of that.") % named,
        _("See what: %(link)s") % {"link": told.link},
        _see_helpers(_) + " " + _by_phone(_, told),
    )


def _passed_on_ended(_: Gettext, told: Told) -> Words:
    named = {"helper": told.helper, "organisation": told.organisation}
    return _about_helpers(
        _("One organisation does not help you any more"),
        _("%(organisation)s had let %(helper)s do a part of its work for you. That is over.")
        % named,
        _("See who helps you now: %(link)s") % {"link": told.link},
        _by_phone(_, told),
    )


def _helper_stopped(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("We stopped a helper of yours"),
        _("A helper of yours opened a lot of people in a short time. We stopped them."),
        _("You were one of those people. See what was done: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _objection_answered(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Your answer is here"),
        _("You told us that you do not agree with something. Now there is an answer."),
        _("Read it here: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _helper_facts_tried(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Somebody tried to ask you with wrong details"),
        _("Somebody gave your number to ask you something. The other details were wrong."),
        _("They were told nothing. See who can do things for you: %(link)s") % {"link": told.link},
        _("You need do nothing."),
    )


def _helper_review(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("A helper of yours can soon do no more for you"),
        _("On %(when)s somebody can do no more for you at public services.") % {"when": told.when},
        _("Shall they go on? One press is enough: %(link)s") % {"link": told.link},
        _("Do you do nothing? Then it ends by itself."),
    )


def _helper_yearly(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("Somebody can still do things for you"),
        _("For more than a year somebody can do things for you at public services."),
        _("Look at it once again: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _helping_ended(_: Gettext, told: Told) -> Words:
    return _about_helpers(
        _("You can do no more for somebody"),
        _("You could do things for somebody at public services. That has ended."),
        _("See whom you can still help: %(link)s") % {"link": told.link},
        _("You need do nothing."),
    )


def _recap(_: Gettext, told: Told) -> Words:
    asked = _("%(organisation)s asks to help you with: %(services)s.") % {
        "organisation": told.organisation,
        "services": told.services,
    }
    end = _("Do you not want this? Then do not read out the code that comes next.")
    return Words(
        subject=_("Somebody asks to help you"), paragraphs=(asked, end), text=f"{asked} {end}"
    )


def _code(_: Gettext, told: Told) -> Words:
    code = _("Your code is %(code)s.") % {"code": told.code}
    lasts = _("It works for %(minutes)s minutes.") % {"minutes": told.minutes}
    only = _(
        "Read it out only to the adviser who is with you now, if you want their help. "
        "Tell it to no one else."
    )
    return Words(
        subject=_("Your code for help"),
        paragraphs=(code, lasts, only),
        text=f"{code} {lasts} {only}",
    )


def _given(_: Gettext, told: Told) -> Words:
    can = _("%(organisation)s can now act for you, because you said so.") % {
        "organisation": told.organisation
    }
    look = _("See what they may do, and end it, here: %(link)s") % {"link": told.link}
    call = _("Or call us. Was it not you? Then end it at once.")
    return Words(
        subject=_("Somebody can act for you now"),
        paragraphs=(can, look, call),
        text=f"{can} {look}",
    )


WRITERS: Mapping[Notice, Writer] = {
    Notice.HELP_ASKED: _help_asked,
    Notice.HELPER_OFFERED: _helper_offered,
    Notice.OFFER_WAITS: _offer_waits,
    Notice.OFFER_ANSWERED: _offer_answered,
    Notice.HELPER_PASSED_ON: _helper_passed_on,
    Notice.PASSED_ON_ENDED: _passed_on_ended,
    Notice.HELPER_ADDED: _helper_added,
    Notice.HELPER_STOPPED: _helper_stopped,
    Notice.OBJECTION_ANSWERED: _objection_answered,
    Notice.HELPER_FACTS_TRIED: _helper_facts_tried,
    Notice.HELPER_REVIEW: _helper_review,
    Notice.HELPER_YEARLY: _helper_yearly,
    Notice.HELPING_ENDED: _helping_ended,
    Notice.ASSISTED_RECAP: _recap,
    Notice.ASSISTED_CODE: _code,
    Notice.HELP_GIVEN: _given,
}
