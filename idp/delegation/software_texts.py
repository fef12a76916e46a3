"""What the pages of an organisation's software say about how things stand."""

from idp.delegation.machine_rules import LONGEST_DAYS, State, Verdict
from idp.words import gettext as _

FIELDS = {
    Verdict.SOFTWARE: "client",
    Verdict.SERVICES: "services",
    Verdict.MEMBER: "member",
    Verdict.ONESELF: "member",
    Verdict.TERM: "days",
}


def state(value: State, member: str) -> str:
    """How one stands, in a sentence."""
    return {
        State.ASKED: _("Waiting for %(name)s to agree.", name=member),
        State.LAPSED: _("Nobody agreed in time."),
        State.ACTIVE: _("%(name)s answers for it.", name=member),
        State.STOPPED: _("Stopped for now: the software, the organisation or its member is."),
        State.ENDED: _("It has ended."),
    }[value]


def refused(verdict: Verdict) -> str:
    """Why something was not done, and what to do."""
    return {
        Verdict.ALLOWED: "",
        Verdict.GONE: _("This is over, or it is not for you. Look at the list again."),
        Verdict.ORGANISATION: _("Your organisation cannot do this now. Ask us why."),
        Verdict.ROLE_LACKING: _("Ask somebody who runs your organisation here to do this."),
        Verdict.ONESELF: _("Choose somebody else. You cannot answer for what you ask for."),
        Verdict.MEMBER: _("Choose who answers for it"),
        Verdict.SOFTWARE: _("Choose the software"),
        Verdict.SERVICES: _("Choose services where this software may act"),
        Verdict.TERM: _("Choose how long, at most %(days)s days", days=LONGEST_DAYS),
        Verdict.FULL: _("There are too many already. End some first."),
        Verdict.LEVEL: _("The services ask for more than you showed. Sign out, and come back with "
                         "your app or key."),
    }[verdict]  # fmt: skip


def field(verdict: Verdict) -> str:
    """The field of the form that a refusal is about."""
    return FIELDS.get(verdict, "client")
