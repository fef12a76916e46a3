"""The pages of an organisation, in several files on one blueprint."""

from idp.organisations.views import home, levels, members, mine, people, teams
from idp.organisations.views.common import bp

__all__ = ["bp", "home", "levels", "members", "mine", "people", "teams"]
