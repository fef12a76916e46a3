"""Why somebody may not act, in words for each of the three who ask: whoever the permission is
about, whoever wants to act, and whoever builds the service.

Everybody is told which thing is missing and what to do next. What the other side should not learn
(an actor's own standing at work, say) is said only to the one it is about.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.assurance.reach import Unmet
from idp.callers.authority import SAID, Bar
from idp.words import gettext as _


class Pace(StrEnum):
    """What the watch over bulk use says to somebody who opens many people; its journal codes."""

    SLOW_DOWN = "opened-too-fast"
    CEILING = "opened-too-many"


Reason = Bar | Unmet | Pace

# Too low a level is one reason, whichever of the two asks for more.
REASONS: tuple[Reason, ...] = (*Bar, *(one for one in Unmet if one is not Unmet.LEVEL), *Pace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """One reason in three texts. `developer` is in English and names the thing that is missing."""

    principal: str
    delegate: str
    developer: str


def said(reason: StrEnum) -> str:
    """The sentence of a reason, as errors, the journal's readers and developers know it."""
    return SAID_OF_REACH.get(reason) or SAID[reason]


def explain(reason: Reason) -> Texts:
    """The three texts of a reason."""
    told = {**_of_the_permission(), **_of_the_organisation(), **_of_the_service(), **_of_reach()}
    principal, delegate = told[reason]
    return Texts(principal=principal, delegate=delegate, developer=f"{reason}: {said(reason)}")


SAID_OF_REACH: Mapping[StrEnum, str] = {
    Unmet.DEVICE_BOUND: "who can open so many people needs a key that cannot be copied",
    Unmet.ORGANISATION: "the organisation is not checked enough for so many people",
    Unmet.SECOND_PERSON: "a second person of the organisation has to agree",
    Pace.SLOW_DOWN: "many people were opened in a short time; try again in a minute",
    Pace.CEILING: "as many people were opened as one sign-in may open for now",
}


def _of_the_permission() -> dict[StrEnum, tuple[str, str]]:
    ask_again = _("Ask them to give you a new one.")
    return {
        Bar.UNKNOWN: (
            _("Nobody may do this for you. You do not need to do anything."),
            _("You have no permission to do this for them. Ask them to give you one."),
        ),
        Bar.ENDED: (
            _("The permission was ended. Nobody can use it now."),
            _("Your permission was ended.") + " " + ask_again,
        ),
        Bar.NOT_ACTIVE: (
            _("This permission was asked for. It only starts when you say yes."),
            _("They have not said yes yet. Ask them to answer."),
        ),
        Bar.OUT_OF_TERM: (
            _("The permission is not in use now: its time is over, or has not begun."),
            _("Your permission is not in use now: its time is over, or has not begun.")
            + " " + ask_again,
        ),
        Bar.USED: (
            _("The permission was for one time, and it was used."),
            _("Your permission was for one time, and it was used.") + " " + ask_again,
        ),
        Bar.SUSPENDED: (
            _("The permission is on hold. Call us if you want to know why."),
            _("Your permission is on hold. Call us if you want to know why."),
        ),
        Bar.PRINCIPAL_DIED: (
            _("Our records say that this person has died. Call us if that is wrong."),
            _("Our records say that this person has died. So the permission came to an end."),
        ),
        Bar.PRINCIPAL_LIVES: (
            _("This permission only starts when somebody has died. Nobody can use it now."),
            _("Your permission only starts when our records say that this person has died."),
        ),
        Bar.PRINCIPAL_CEASED: (
            _("Our records say that this business is closed. Call us if that is wrong."),
            _("Our records say that this business is closed. So the permission came to an end."),
        ),
        Bar.PARENT: (
            _("Your helper had this from another permission, and that one has come to an end."),
            _("You had this from another permission, and that one has come to an end.")
            + " " + ask_again,
        ),
        Bar.QUORUM: (
            _("You chose helpers who must agree. Not all of them have agreed yet."),
            _("Others must agree first. Ask them to sign in and say yes."),
        ),
        Bar.GRANT_LEVEL: (
            _("This service needs to be more sure that it was you. Give the permission again, "
              "after you prove who you are."),
            _("This service needs to be more sure that it was them. Ask them to prove who they "
              "are, and to give the permission again."),
        ),
    }  # fmt: skip


def _of_the_organisation() -> dict[StrEnum, tuple[str, str]]:
    not_in_order = _("Your helper cannot act for you now. You do not need to do anything.")
    manager = _("Ask your manager.")
    return {
        Bar.ORGANISATION_CLOSED: (
            _("The organisation that helps you was closed. You can choose another one."),
            _("Your organisation was closed here. Call us if that is wrong."),
        ),
        Bar.ORGANISATION_SUSPENDED: (
            _("The organisation that helps you is on hold. You can choose another one."),
            _("Your organisation is on hold.") + " " + manager,
        ),
        Bar.ORGANISATION_UNVERIFIED: (
            _("We are still checking the organisation that wants to help you."),
            _("We are still checking your organisation.") + " " + manager,
        ),
        Bar.NOT_A_MEMBER: (
            not_in_order,
            _("You are not in the organisation that may do this.") + " " + manager,
        ),
        Bar.MEMBER_SUSPENDED: (
            not_in_order,
            _("Your organisation put your work here on hold.") + " " + manager,
        ),
        Bar.NOT_A_WORKER: (
            not_in_order,
            _("Your role at your organisation does not let you act for people.") + " " + manager,
        ),
        Bar.NOT_ASSIGNED: (
            not_in_order,
            _("Your organisation has not given this person to you.") + " " + manager,
        ),
    }


def _of_the_service() -> dict[StrEnum, tuple[str, str]]:
    return {
        Bar.SERVICE_OFF: (
            _("This service is closed for now. You do not need to do anything."),
            _("This service is closed for now. Try again later."),
        ),
        Bar.NOT_AWARE: (
            _("This service only works with you yourself."),
            _("This service only works with the person themself. They can sign in here."),
        ),
        Bar.OTHER_SERVICE: (
            _("You did not let your helper use this service."),
            _("Your permission is not for this service. Ask them to add it."),
        ),
        Bar.OTHER_POWER: (
            _("You did not let your helper do this."),
            _("Your permission does not let you do this. Ask them to add it."),
        ),
        Bar.SOFTWARE: (
            _("A program tried to act for you, and it may not. You do not need to do anything."),
            _("This program may not act here for your organisation. Ask your manager."),
        ),
        Bar.LEVEL: (
            _("Your helper must first prove better who they are."),
            _("Prove better who you are, and try again."),
        ),
    }


def _of_reach() -> dict[StrEnum, tuple[str, str]]:
    stopped = _("Your helper opened a lot of people. So we stopped them, to keep you safe.")
    waits = _("Your helper opened a lot of people. So they must wait, to keep you safe.")
    return {
        Bar.ACTOR_DIED: (
            _("Our records say that your helper has died. Call us if that is wrong."),
            _("Our records say that you have died. Call us if that is wrong."),
        ),
        Bar.FROZEN: (
            stopped,
            _("You opened a lot of people in a short time. So we stopped you, to keep them safe. "
              "Call us, and we will look at it with you."),
        ),
        Unmet.DEVICE_BOUND: (
            _("Your helper must first sign in with a stronger key."),
            _("You can open a lot of people. So you need a security key: one that cannot be "
              "copied. Add one on your own page, and try again."),
        ),
        Unmet.ORGANISATION: (
            _("We have not checked the organisation that helps you enough to let it do this."),
            _("You can open a lot of people. We have not checked your organisation enough for "
              "that. Ask your manager to give you fewer people, or to talk to us."),
        ),
        Unmet.SECOND_PERSON: (
            _("A second person must agree to this. It has not been done."),
            _("A second person at your organisation must agree to this. Ask one of them."),
        ),
        Pace.SLOW_DOWN: (
            waits,
            _("You opened a lot of people in a short time. Wait a minute, and then go on."),
        ),
        Pace.CEILING: (
            waits,
            _("You have opened as many people as you may for now. Go on later."),
        ),
    }  # fmt: skip
