"""Why something was not passed on, in words for who wanted to."""

from idp.callers.authority import Bar
from idp.delegation.passing import NOT_TO_THIS, Problem
from idp.words import gettext as _


def not_done(why: Problem | Bar) -> tuple[str, str]:
    """Answer the field that it is about, and what is wrong with it.

    Whatever is wrong with the other organisation is said in one way: who asks does not learn
    whether there is one, how it stands, or whom it helps.
    """
    if why in NOT_TO_THIS:
        return "organisation", _("You cannot let this one do it. Ask them for their reference")
    if why is Problem.POWERS:
        return "power", _("Choose one thing at least that you may do yourself")
    if why is Problem.TERM:
        return "term", _("Choose a day that is still to come, and no later than your own")
    return "organisation", _("You cannot do this now. Look at the person again")
