"""The words of each notice: short, plain, in the reader's language. No driver, no database.

A notice says what happened, names the account, and says what to do if it was not you. It never
holds a National Insurance number or the name of a person: it may be read by whoever reads the
address now. Only who may act for the reader is named to them: it is what they have to know.
"""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from babel.dates import format_date, format_datetime, get_timezone
from babel.support import Translations

from idp.notices.help_texts import HELP, write
from idp.notices.rules import Notice

TRANSLATIONS = Path(__file__).parents[1] / "pages" / "translations"
ZONE = get_timezone("Europe/London")
LONGEST_VALUE = 320  # characters; no address is longer (RFC 3696 erratum 1690)

Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A notice as it is read: an e-mail's subject and paragraphs, or one text message."""

    subject: str
    paragraphs: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What a text may use, ready to be shown. `home` is where people sign in and see to it."""

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


def words_of(notice: Notice, values: Mapping[str, str], *, locale: str, issuer: str) -> Words:
    """Write a notice. Every link in it begins with `issuer`; `values` are shown as plain text."""
    _ = Translations.load(str(TRANSLATIONS), [locale]).gettext
    shown = {name: _plain(value) for name, value in values.items()}
    if notice in HELP:
        subject, paragraphs, text = write(
            _, notice, {**shown, "link": issuer + shown.get("link", "/")}
        )
        return Words(subject=subject, paragraphs=paragraphs, text=text)
    told = _Told(
        account=shown.get("account", ""),
        code=shown.get("code", ""),
        contact=shown.get("contact", ""),
        minutes=shown.get("minutes", ""),
        method=_method_name(_, shown.get("method", "")),
        when=_moment(shown["when"], locale) if "when" in shown else "",
        link=issuer + shown.get("link", "/"),
        organisation=shown.get("organisation", ""),
        home=f"{issuer}/account",
        helper=shown.get("helper", ""),
        services=shown.get("services", ""),
        until=_day(shown["until"], locale) if shown.get("until") else "",
        reference=shown.get("reference", ""),
    )
    return _WRITERS[notice](_, told)


def _plain(value: str) -> str:
    """Keep what can be read; a line break or a mark that turns text around becomes a space."""
    marks = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    kept = (" " if unicodedata.category(letter) in marks else letter for letter in value)
    return "".join(kept)[:LONGEST_VALUE]


def _moment(iso: str, locale: str) -> str:
    return format_datetime(
        datetime.fromisoformat(iso), "d MMMM yyyy, HH:mm", tzinfo=ZONE, locale=locale
    )


def _day(iso: str, locale: str) -> str:
    return format_date(date.fromisoformat(iso), "d MMMM yyyy", locale=locale)


def _method_name(_: Gettext, method: str) -> str:
    return {
        "password": _("password"),
        "one-time-code": _("codes from an app"),
        "passkey": _("passkey"),
        "security-key": _("security key"),
        "sms-code": _("codes by text message"),
        "email-code": _("codes by email"),
        "recovery-code": _("recovery codes"),
    }.get(method, method)


def _not_you(_: Gettext, told: _Told) -> str:
    return _(
        "Was it not you? Then somebody else may be in your account. "
        "Sign in now at %(home)s and change your password."
    ) % {"home": told.home}


def _works_for(_: Gettext, told: _Told) -> str:
    return _("It works for %(minutes)s minutes. Tell it to no one. We never ask for it.") % {
        "minutes": told.minutes
    }


def _code_text(_: Gettext, told: _Told) -> str:
    return _(
        "Gatehouse: your code is %(code)s. It works for %(minutes)s minutes. Tell it to no one."
    ) % {"code": told.code, "minutes": told.minutes}


def _address_code(_: Gettext, told: _Told) -> Words:
    return Words(
        subject=_("Your code for Gatehouse"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("Type it on the page where you asked for it.") + " " + _works_for(_, told),
            _("Did you not ask for it? Then you can forget this message."),
        ),
        text=_code_text(_, told),
    )


def _contact_code(_: Gettext, told: _Told) -> Words:
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


def _reset_code(_: Gettext, told: _Told) -> Words:
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


def _sign_in_code(_: Gettext, told: _Told) -> Words:
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


def _number_code(_: Gettext, told: _Told) -> Words:
    return Words(
        subject=_("Your code for Gatehouse"),
        paragraphs=(
            _("Your code is %(code)s") % {"code": told.code},
            _("Type it on the page where you asked for it.") + " " + _works_for(_, told),
        ),
        text=_code_text(_, told),
    )


def _news(
    _: Gettext, told: _Told, subject: str, happened: str, *more: str, text: str | None = None
) -> Words:
    """Make a notice that tells of something: the account is named first, always."""
    named = _("This is about your account %(account)s.") % {"account": told.account}
    short = _("Gatehouse, account %(account)s:") % {"account": told.account}
    return Words(
        subject=subject,
        paragraphs=(named, happened, *more),
        text=f"{short} {text or happened}",
    )


def _signed_up(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Your account is ready"),
        _("You made it just now. You can sign in with it at %(home)s.") % {"home": told.home},
        _(
            "Was it not you? Then somebody used your email address. "
            "Nobody but you can use the codes we send here."
        ),
    )


def _method_added(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("There is a new way to sign in to your account"),
        _("There is a new way to sign in: %(method)s.") % {"method": told.method},
        _not_you(_, told),
    )


def _method_removed(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("A way to sign in to your account is gone"),
        _("This way to sign in was taken away: %(method)s.") % {"method": told.method},
        _not_you(_, told),
    )


def _password_changed(_: Gettext, told: _Told) -> Words:
    return _news(
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


def _recovery_code_used(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("One of your recovery codes was used"),
        _("Somebody signed in with one of your recovery codes. That code is used up now."),
        _not_you(_, told),
    )


def _number_moved(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Your phone number was moved"),
        _("Your phone company says that your number went to another card or company. We send no "
          "codes to it for some days."),
        _("You can sign in another way until then."),
        _("Was it not you? Then somebody may be taking over your number. Call your phone company "
          "now."),
    )  # fmt: skip


def _identity_proved(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("You have shown who you are"),
        _("You showed us who you are. You need not do it again for other services."),
        _not_you(_, told),
    )


def _number_tried(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Somebody tried to use your details"),
        _("Somebody gave your details to make another account. They did not get into yours."),
        _("Was it you? Then sign in to the account you have: %(home)s") % {"home": told.home},
        _("Was it not you? Then you need do nothing now. We tell you if it happens again."),
    )


def _way_back_begun(_: Gettext, told: _Told) -> Words:
    when = {"when": told.when, "link": told.link}
    return _news(
        _,
        told,
        _("Somebody asked to get back into your account"),
        _("Somebody showed us that they are you. They get into this account on %(when)s.") % when,
        _("Was it not you? Then stop it now. Open this link and press “Stop it”: %(link)s") % when,
        _("Was it you? Then wait until then. You need do nothing."),
        text=_("Somebody says they are you. They get in on %(when)s. Not you? Stop it: %(link)s")
        % when,
    )


def _sign_in_held(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Was it you who signed in?"),
        _("Somebody signed in to your account. It did not look like you, so we told the service to "
          "wait."),
        _("Open this link and say if it was you: %(link)s") % {"link": told.link},
        text=_("A sign-in did not look like you, so it waits. Say if it was you: %(link)s")
        % {"link": told.link},
    )  # fmt: skip


def _way_back_stopped(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("We stopped the way back into your account"),
        _("Somebody pressed “Stop it”. Nobody gets into this account that way now."),
        _("Did you want to get back in? Then show us again who you are: %(home)s")
        % {"home": told.home},
    )


def _way_back_taken(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Your account has new ways to sign in"),
        _("You showed us again who you are. The old ways to sign in no longer work."),
        _(
            "Was it not you? Then ask for it to be looked into at once, at any counter. "
            "Take something with you that shows who you are."
        ),
    )


def _visit_confirmed(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Your visit to the counter was checked"),
        _("Two people checked what you showed at the counter. It counts now."),
        _("You can go on where you stopped: %(home)s") % {"home": told.home},
        _not_you(_, told),
    )


def _visit_refused(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Your visit to the counter does not count"),
        _("A second person checked your visit to the counter and did not agree."),
        _("You can go there again, or choose another way: %(home)s") % {"home": told.home},
        _not_you(_, told),
    )


def _contact_changed(_: Gettext, told: _Told) -> Words:
    happened = _("In our records, this way to reach you has changed: %(contact)s.") % {
        "contact": told.contact
    }
    return _news(
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


def _member_invited(_: Gettext, told: _Told) -> Words:
    named = {"organisation": told.organisation, "link": told.link}
    return Words(
        subject=_("You are asked to join an organisation"),
        paragraphs=(
            _("%(organisation)s asks you to work for it at Gatehouse.") % named,
            _("Open this link and sign in to your own account: %(link)s") % named,
            _("It works once, for 3 days. Do not pass it on."),
            _("Do you not know them? Then you can forget this message."),
        ),
        text=_("%(organisation)s asks you to work for it. Sign in here: %(link)s") % named,
    )


def _organisation_suspended(_: Gettext, told: _Told) -> Words:
    named = {"organisation": told.organisation, "when": told.when, "home": told.home}
    return Words(
        subject=_("Your organisation will be stopped"),
        paragraphs=(
            _("This is about %(organisation)s.") % named,
            _("From %(when)s on, nobody in it can act for people here.") % named,
            _("Nothing is taken away. All of it is kept as it is."),
            _("Sign in to see why, and what you can do: %(home)s") % named,
        ),
        text=_("%(organisation)s: from %(when)s on nobody in it can act for people. "
               "See why: %(home)s") % named,
    )  # fmt: skip


def _organisation_resumed(_: Gettext, told: _Told) -> Words:
    named = {"organisation": told.organisation, "home": told.home}
    return Words(
        subject=_("Your organisation can go on"),
        paragraphs=(
            _("This is about %(organisation)s.") % named,
            _("It was stopped, or was going to be. That is over. You can go on as before."),
            _("You find it here: %(home)s") % named,
        ),
        text=_("%(organisation)s can go on as before: %(home)s") % named,
    )


def _about_helpers(subject: str, happened: str, do: str, unknown: str) -> Words:
    """What concerns two parties: no account is named, for the reader may have none yet."""
    paragraphs = (happened, do, unknown)
    return Words(subject=subject, paragraphs=paragraphs, text=f"Gatehouse: {happened} {do}")


def _nobody_you_know(_: Gettext) -> str:
    return _("Do you not know them? Then say no, or do nothing. Nothing happens without you.")


def _see_helpers(_: Gettext) -> str:
    return _("Is it not right? End it there. It ends at once.")


def _help_asked(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Somebody asks you to help them"),
        _("Somebody asks you to do things for them at public services."),
        _("See who it is, and answer by %(when)s: %(link)s")
        % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _helper_offered(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Somebody asks to do things for you"),
        _("Somebody asks if they may do things for you at public services."),
        _("See who it is, and answer by %(when)s: %(link)s")
        % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _offer_waits(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("A question still waits for your answer"),
        _("Somebody asked you a question about help at public services. It still waits."),
        _("You can answer until %(when)s: %(link)s") % {"when": told.when, "link": told.link},
        _nobody_you_know(_),
    )


def _offer_answered(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Your question was answered"),
        _("You asked somebody about help at public services. They gave an answer."),
        _("See the answer: %(link)s") % {"link": told.link},
        _("We put no names in here."),
    )


def _helper_added(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Somebody can now do things for you"),
        _("Somebody can now do things for you at public services."),
        _("See who, and what: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _helper_stopped(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("We stopped a helper of yours"),
        _("A helper of yours opened a lot of people in a short time. We stopped them."),
        _("You were one of those people. See what was done: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _objection_answered(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Your answer is here"),
        _("You told us that you do not agree with something. Now there is an answer."),
        _("Read it here: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _helper_facts_tried(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Somebody tried to ask you with wrong details"),
        _("Somebody gave your number to ask you something. The other details were wrong."),
        _("They were told nothing. See who can do things for you: %(link)s") % {"link": told.link},
        _("You need do nothing."),
    )


def _helper_review(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("A helper of yours can soon do no more for you"),
        _("On %(when)s somebody can do no more for you at public services.") % {"when": told.when},
        _("Shall they go on? One press is enough: %(link)s") % {"link": told.link},
        _("Do you do nothing? Then it ends by itself."),
    )


def _helper_yearly(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("Somebody can still do things for you"),
        _("For more than a year somebody can do things for you at public services."),
        _("Look at it once again: %(link)s") % {"link": told.link},
        _see_helpers(_),
    )


def _helping_ended(_: Gettext, told: _Told) -> Words:
    return _about_helpers(
        _("You can do no more for somebody"),
        _("You could do things for somebody at public services. That has ended."),
        _("See whom you can still help: %(link)s") % {"link": told.link},
        _("You need do nothing."),
    )


def _spoken_code(_: Gettext, told: _Told) -> Words:
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


def _joint_asked(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("Somebody asks you to agree"),
        _("Somebody who was appointed together with you wants to use a service. "
          "They cannot before you agree."),
        _("See who, for whom and why, and agree if it is right: %(link)s") % {"link": told.link},
        _("If it is not right, do nothing. It is over after 7 days."),
    )  # fmt: skip


def _entrusted(_: Gettext, told: _Told) -> Words:
    return _news(
        _,
        told,
        _("You can act for somebody now"),
        _("An officer entered that you may act for somebody."),
        _("See for whom, where and until when: %(link)s") % {"link": told.link},
        _("Do you not want to? Tell us, by phone or at any counter, and we end it."),
    )


def _no_account(_: Gettext, told: _Told) -> str:
    """What somebody does who has no account and needs none."""
    return _(
        "You need no account. Call us, or come to any counter, and give the reference "
        "%(reference)s."
    ) % {"reference": told.reference}


def _helper_appointed(_: Gettext, told: _Told) -> Words:
    happened = _("%(helper)s can act for you now, here: %(services)s.") % {
        "helper": told.helper, "services": told.services,
    }  # fmt: skip
    ends = (
        _("This ends on %(day)s.") % {"day": told.until}
        if told.until
        else _("It has no end until you say so.")
    )
    return Words(
        subject=_("Somebody can act for you now"),
        paragraphs=(
            happened,
            ends,
            _("Two officers checked it. All that is done in your name is written down, "
              "and you can ask to see it."),
            _("Do you not want it? You can end it at any time, and give no reason.")
            + " " + _no_account(_, told),
        ),
        text=happened + " " + _("To end it, call us. Reference: %(reference)s")
        % {"reference": told.reference},
    )  # fmt: skip


def _helper_ended(_: Gettext, told: _Told) -> Words:
    happened = _("%(helper)s can no longer act for you, here: %(services)s.") % {
        "helper": told.helper, "services": told.services,
    }  # fmt: skip
    return Words(
        subject=_("Somebody can no longer act for you"),
        paragraphs=(
            happened,
            _("It ended at once.")
            + " " + _("Is that not right?") + " " + _no_account(_, told),
        ),
        text=happened + " " + _("Is that not right?") + " "
        + _("Call us. Reference: %(reference)s") % {"reference": told.reference},
    )  # fmt: skip


_WRITERS: Mapping[Notice, Callable[[Gettext, _Told], Words]] = {
    Notice.ADDRESS_CODE: _address_code,
    Notice.CONTACT_CODE: _contact_code,
    Notice.SPOKEN_CODE: _spoken_code,
    Notice.RESET_CODE: _reset_code,
    Notice.SIGN_IN_CODE: _sign_in_code,
    Notice.NUMBER_CODE: _number_code,
    Notice.SIGNED_UP: _signed_up,
    Notice.METHOD_ADDED: _method_added,
    Notice.METHOD_REMOVED: _method_removed,
    Notice.PASSWORD_CHANGED: _password_changed,
    Notice.RECOVERY_CODE_USED: _recovery_code_used,
    Notice.NUMBER_MOVED: _number_moved,
    Notice.IDENTITY_PROVED: _identity_proved,
    Notice.NUMBER_TRIED: _number_tried,
    Notice.WAY_BACK_BEGUN: _way_back_begun,
    Notice.WAY_BACK_STOPPED: _way_back_stopped,
    Notice.WAY_BACK_TAKEN: _way_back_taken,
    Notice.VISIT_CONFIRMED: _visit_confirmed,
    Notice.VISIT_REFUSED: _visit_refused,
    Notice.CONTACT_CHANGED: _contact_changed,
    Notice.SIGN_IN_HELD: _sign_in_held,
    Notice.MEMBER_INVITED: _member_invited,
    Notice.ORGANISATION_SUSPENDED: _organisation_suspended,
    Notice.ORGANISATION_RESUMED: _organisation_resumed,
    Notice.HELP_ASKED: _help_asked,
    Notice.HELPER_OFFERED: _helper_offered,
    Notice.OFFER_WAITS: _offer_waits,
    Notice.OFFER_ANSWERED: _offer_answered,
    Notice.HELPER_ADDED: _helper_added,
    Notice.HELPER_STOPPED: _helper_stopped,
    Notice.OBJECTION_ANSWERED: _objection_answered,
    Notice.HELPER_FACTS_TRIED: _helper_facts_tried,
    Notice.HELPER_REVIEW: _helper_review,
    Notice.HELPER_YEARLY: _helper_yearly,
    Notice.HELPING_ENDED: _helping_ended,
    Notice.JOINT_ASKED: _joint_asked,
    Notice.ENTRUSTED: _entrusted,
    Notice.HELPER_APPOINTED: _helper_appointed,
    Notice.HELPER_ENDED: _helper_ended,
}
