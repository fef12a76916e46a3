"""What concerns an organisation and its members."""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer


def _member_invited(_: Gettext, told: Told) -> Words:
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


def _admin_named(_: Gettext, told: Told) -> Words:
    named = {"organisation": told.organisation, "home": told.home}
    return Words(
        subject=_("Your organisation gets a new administrator"),
        paragraphs=(
            _("This is about %(organisation)s.") % named,
            _("We were told that nobody there can add or remove people any more. Two officers "
              "checked that, and asked somebody new to do it."),
            _("Is that wrong? Then call us now. An administrator can take it back: %(home)s")
            % named,
        ),
        text=_("%(organisation)s gets a new administrator. Is that wrong? Call us now. %(home)s")
        % named,
    )  # fmt: skip


def _organisation_suspended(_: Gettext, told: Told) -> Words:
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


def _organisation_resumed(_: Gettext, told: Told) -> Words:
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


def _objected(_: Gettext, told: Told) -> Words:
    what = _(
        "A person whom %(organisation)s helps does not agree with one thing that was done."
    ) % {"organisation": told.organisation}
    do = _("Our officers look at it. They may call you.")
    return _short(_("Somebody does not agree"), what, do)


def _machine_asked(_: Gettext, told: Told) -> Words:
    named = {"organisation": told.organisation, "link": told.link, "when": told.when}
    what = (
        _(
            "%(organisation)s asks you to answer for a program. It would act for people by itself, "
            "in your name."
        )
        % named
    )
    do = _("See what it may do, and say yes or no by %(when)s: %(link)s") % named
    return Words(
        subject=_("You are asked to answer for a program"),
        paragraphs=(
            what,
            do,
            _("You need not say yes. Without you it can do nothing."),
            _("If you say yes, you can end it on the same page at any time."),
        ),
        text=f"{what} {do}",
    )


def _entrusted(_: Gettext, told: Told) -> Words:
    named = {"organisation": told.organisation, "home": told.home}
    return Words(
        subject=_("Your organisation can act for somebody now"),
        paragraphs=(
            _("Officers entered that %(organisation)s may act for somebody, by law.") % named,
            _("Nobody in it can do so yet, unless everybody may. Say who: %(home)s") % named,
            _("Is it not right? Tell us, by phone or at any counter, and we end it."),
        ),
        text=_("%(organisation)s can act for somebody now. Say who in it may: %(home)s") % named,
    )


def _taken_on(_: Gettext, told: Told) -> Words:
    named = {"organisation": told.organisation, "link": told.link}
    return Words(
        subject=_("Another organisation gave yours work"),
        paragraphs=(
            _("This is about %(organisation)s.") % named,
            _("Another organisation lets it do a part of what it does for somebody."),
            _("See who it is, and say who works for them: %(link)s") % named,
            _("Do you not want it? You can give it back there."),
        ),
        text=_("%(organisation)s: another organisation gave yours work. See it: %(link)s") % named,
    )


def _short(subject: str, what: str, do: str) -> Words:
    return Words(subject=subject, paragraphs=(what, do), text=f"{what} {do}")


WRITERS: Mapping[Notice, Writer] = {
    Notice.MEMBER_INVITED: _member_invited,
    Notice.ADMIN_NAMED: _admin_named,
    Notice.ORGANISATION_SUSPENDED: _organisation_suspended,
    Notice.ORGANISATION_RESUMED: _organisation_resumed,
    Notice.USE_OBJECTED: _objected,
    Notice.MACHINE_ASKED: _machine_asked,
    Notice.ORGANISATION_ENTRUSTED: _entrusted,
    Notice.TAKEN_ON: _taken_on,
}
