"""What officers entered, and who acts together: told to people who may have no account."""

from collections.abc import Mapping

from idp.notices.rules import Notice
from idp.notices.texts.told import Gettext, Told, Words, Writer, news


def _joint_asked(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("Somebody asks you to agree"),
        _("Somebody who was appointed together with you wants to use a service. "
          "They cannot before you agree."),
        _("See who, for whom and why, and agree if it is right: %(link)s") % {"link": told.link},
        _("If it is not right, do nothing. It is over after 7 days."),
    )  # fmt: skip


def _entrusted(_: Gettext, told: Told) -> Words:
    return news(
        _,
        told,
        _("You can act for somebody now"),
        _("An officer entered that you may act for somebody."),
        _("See for whom, where and until when: %(link)s") % {"link": told.link},
        _("Do you not want to? Tell us, by phone or at any counter, and we end it."),
    )


def _no_account(_: Gettext, told: Told) -> str:
    """What somebody does who has no account and needs none."""
    return _(
        "You need no account. Call us, or come to any counter, and give the reference "
        "%(reference)s."
    ) % {"reference": told.reference}


def _helper_appointed(_: Gettext, told: Told) -> Words:
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


def _helper_ended(_: Gettext, told: Told) -> Words:
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


def _helper_still(_: Gettext, told: Told) -> Words:
    happened = _("%(helper)s can still act for you, here: %(services)s.") % {
        "helper": told.helper, "services": told.services,
    }  # fmt: skip
    keep = _("Do you want to keep it? Then you need do nothing.")
    return Words(
        subject=_("Somebody can still act for you"),
        paragraphs=(
            happened,
            _("It has no end until you say so. So we ask you once a year."),
            keep,
            _("Do you not want it any more? You can end it at any time, and give no reason.")
            + " " + _no_account(_, told),
            _("All that is done in your name is written down, and you can ask to see it."),
        ),
        text=happened + " " + keep + " " + _("To end it, call us. Reference: %(reference)s")
        % {"reference": told.reference},
    )  # fmt: skip


WRITERS: Mapping[Notice, Writer] = {
    Notice.JOINT_ASKED: _joint_asked,
    Notice.ENTRUSTED: _entrusted,
    Notice.HELPER_APPOINTED: _helper_appointed,
    Notice.HELPER_ENDED: _helper_ended,
    Notice.HELPER_STILL: _helper_still,
}
