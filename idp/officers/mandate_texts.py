"""What the console says about permissions to act, in words."""

from collections.abc import Mapping

from idp.delegation.holding import WHY, Why
from idp.delegation.lifecycle import Move, State
from idp.words import gettext as _


def ways_to_find() -> Mapping[str, str]:
    """By what a permission is looked for."""
    return {
        "reference": _("Reference of the permission, or of what was done with it"),
        "ni": _("National Insurance number of the person it is about"),
        "company": _("Company number of the business it is about"),
        "tax": _("Tax reference of the business it is about"),
        "vat": _("VAT number of the business it is about"),
        "organisation": _("Name of the organisation that holds it"),
    }


def way_missing() -> str:
    """Say that nothing was chosen to look by."""
    return _("Choose what you look by")


def nothing_found() -> str:
    """Say that there is none: the same for a number of nobody and for somebody without any."""
    return _("There is no permission under this. Check it, and try again.")


def states() -> Mapping[str, str]:
    """Name each state."""
    return {
        State.DRAFT: _("Not sent yet"),
        State.OFFERED: _("Waits for an answer"),
        State.ACTIVE: _("In use"),
        State.SUSPENDED: _("On hold"),
        State.ENDED: _("Ended"),
        State.REFUSED: _("Refused"),
        State.CANCELLED: _("Taken back"),
        State.LAPSED: _("Not answered in time"),
    }


def kinds() -> Mapping[str, str]:
    """Name what the journal says of a permission."""
    return {
        "mandate-offered": _("Asked for"),
        "mandate-given": _("Given"),
        "mandate-accepted": _("Accepted"),
        "mandate-refused": _("Refused"),
        "mandate-cancelled": _("Taken back"),
        "mandate-lapsed": _("Not answered in time"),
        "mandate-suspended": _("Put on hold"),
        "mandate-resumed": _("In use again"),
        "mandate-renewed": _("Renewed"),
        "mandate-ended": _("Ended"),
        "tokens-issued": _("Used at a service"),
        "claims-read": _("The service read details"),
        "mandate-checked": _("A service asked about it"),
    }


def choices(state: State) -> Mapping[str, str]:
    """What an officer may do with a permission in this state, and why: one choice for both."""
    moves = {
        State.ACTIVE: (Move.SUSPEND, Move.END),
        State.SUSPENDED: (Move.RESUME, Move.END),
    }.get(state, ())
    does = {
        Move.SUSPEND: _("Put it on hold"),
        Move.RESUME: _("Let it be used again"),
        Move.END: _("End it for good"),
    }
    why = {
        Why.ABUSE: _("it may be misused"),
        Why.PRINCIPAL: _("the person it is about asked us"),
        Why.DELEGATE: _("the helper asked us"),
        Why.ERROR: _("it was a mistake"),
        Why.CLEARED: _("we looked into it, and all is well"),
    }
    return {
        f"{move} {reason}": f"{does[move]}: {why[reason]}" for move in moves for reason in WHY[move]
    }


def choice_missing() -> str:
    """Say that nothing was chosen."""
    return _("Choose what you do, and why")


def changed_meanwhile() -> str:
    """Say that it stands otherwise by now."""
    return _("This changed while you looked. Nothing was done. Look again.")


def done(state: State) -> tuple[str, str]:
    """Say what was done, and what it means."""
    return {
        State.SUSPENDED: (
            _("It is on hold"),
            _("Nobody can use it from now on. Nothing is lost: it can be used again later."),
        ),
        State.ACTIVE: (_("It is in use again"), _("The helper can act again.")),
        State.ENDED: (
            _("It has ended"),
            _("Nobody can use it from now on. Only a new one can take its place."),
        ),
    }[state]


def can_be_used() -> str:
    """Say that nothing stands in the way."""
    return _("Yes, by a helper who signs in as the service asks.")


def cannot_be_used() -> str:
    """Say that something does."""
    return _("No.")
