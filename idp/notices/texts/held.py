"""What was stopped, let go on or ended by an officer or by the watch, and how to argue with it.

Why is not in here: the person it is about may have asked for it, and must not be found out by it.
"""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer, news, not_you


def argue(_: Gettext, told: Told) -> str:
    """Say what to do for whoever thinks that it is wrong."""
    return _(
        "Do you think that this is wrong? Call us, or come to any counter, and say why. "
        "Give the reference %(reference)s."
    ) % {"reference": told.reference}


def _words(subject: str, what: str, *more: str, short: str) -> Words:
    return Words(subject=subject, paragraphs=(what, *more), text=f"{what} {short}")


def _to_helper(_: Gettext, told: Told, subject: str, what: str, argued: bool) -> Words:
    """To whoever holds it: an organisation is named, for its people work for several."""
    about = _("This is about %(organisation)s.") % {"organisation": told.organisation}
    see = _("See what you can do for whom: %(link)s") % {"link": told.link}
    more = (about,) if told.organisation else ()
    do = argue(_, told) if argued else _("You need do nothing.")
    return Words(subject=subject, paragraphs=(*more, what, see, do), text=f"{what} {see}")


def _helping_held(_: Gettext, told: Told) -> Words:
    what = _("An officer put a permission to act for somebody on hold. Nobody can use it for now. "
             "Nothing of it is lost.")  # fmt: skip
    return _to_helper(_, told, _("A permission you have is on hold"), what, True)


def _helping_freed(_: Gettext, told: Told) -> Words:
    what = _("A permission to act for somebody was on hold. It can be used again.")
    return _to_helper(_, told, _("A permission you have can be used again"), what, False)


def _helping_removed(_: Gettext, told: Told) -> Words:
    what = _("An officer ended a permission to act for somebody. Nobody can use it any more.")
    return _to_helper(_, told, _("An officer ended a permission you had"), what, True)


def _to_principal(_: Gettext, told: Told, subject: str, what: str) -> Words:
    see = _("See which one: %(link)s") % {"link": told.link}
    return _words(subject, what, see, argue(_, told), short=see)


def _helper_held(_: Gettext, told: Told) -> Words:
    what = _("An officer put a permission that you gave on hold. "
             "That helper can do nothing for you for now.")  # fmt: skip
    return _to_principal(_, told, _("A helper of yours is stopped for now"), what)


def _helper_freed(_: Gettext, told: Told) -> Words:
    what = _("A permission that you gave was on hold. That helper can act for you again.")
    return _to_principal(_, told, _("A helper of yours can act again"), what)


def _helper_removed(_: Gettext, told: Told) -> Words:
    what = _("An officer ended a permission that you gave. "
             "That helper can act for you no more.")  # fmt: skip
    return _to_principal(_, told, _("An officer ended a permission you gave"), what)


def _member_stopped(_: Gettext, told: Told) -> Words:
    what = _(
        "Somebody at %(organisation)s opened a lot of people in a short time. We stopped them."
    ) % {"organisation": told.organisation}
    do = _("Find out if it was really them. Then call us, and we will look at it with you.")
    reference = _("Reference: %(reference)s") % {"reference": told.reference}
    return _words(_("We stopped somebody at your organisation"), what, do, reference, short=do)


def _actor_stopped(_: Gettext, told: Told) -> Words:
    return news(
        _, told, _("We stopped you"),
        _("You opened a lot of people in a short time. So you can act for nobody for now."),
        not_you(_, told),
        _("Was it you? Nothing is lost.") + " " + argue(_, told),
        _("See it on your page: %(link)s") % {"link": told.link},
        text=_("You opened a lot of people in a short time. So you can act for nobody for now. "
               "Call us. Reference: %(reference)s") % {"reference": told.reference},
    )  # fmt: skip


def _actor_lifted(_: Gettext, told: Told) -> Words:
    return news(
        _, told, _("You can go on"),
        _("We had stopped you. That is over. You can act for people again."),
        _("We ask for your own key first. See whom you can act for: %(link)s")
        % {"link": told.link},
    )  # fmt: skip


WRITERS: Mapping[Notice, Writer] = {
    Notice.HELPING_HELD: _helping_held,
    Notice.HELPING_FREED: _helping_freed,
    Notice.HELPING_REMOVED: _helping_removed,
    Notice.HELPER_HELD: _helper_held,
    Notice.HELPER_FREED: _helper_freed,
    Notice.HELPER_REMOVED: _helper_removed,
    Notice.MEMBER_STOPPED: _member_stopped,
    Notice.ACTOR_STOPPED: _actor_stopped,
    Notice.ACTOR_LIFTED: _actor_lifted,
}
