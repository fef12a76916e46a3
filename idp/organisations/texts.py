"""What the pages of an organisation say: roles, kinds, refusals, what reach asks of members."""

from collections.abc import Mapping
from datetime import timedelta

from idp.organisations.rules import MOST_INVITATIONS, MOST_PEOPLE, MOST_TEAMS, Role, Verdict
from idp.words import gettext as _
from idp.words import ngettext


def role_names() -> Mapping[str, str]:
    """Name each role and what it lets somebody do, in the order of the page."""
    return {
        Role.WORKER: _("Worker: does things for people"),
        Role.ASSIGNER: _("Assigner: says who works for whom"),
        Role.ADMIN: _("Administrator: asks people to join, and sets their roles"),
    }


def role_list(roles: frozenset[str]) -> str:
    """Name somebody's roles in one line."""
    short = {
        Role.WORKER: _("Worker"),
        Role.ASSIGNER: _("Assigner"),
        Role.ADMIN: _("Administrator"),
    }
    return ", ".join(name for role, name in short.items() if role in roles)


def kind_names() -> Mapping[str, str]:
    """Name each kind of organisation."""
    return {
        "firm": _("Firm"),
        "charity": _("Charity"),
        "council": _("Council"),
        "insurer": _("Insurer"),
        "department": _("Department"),
    }


def adviser() -> str:
    """How principals see a member of an organisation that shows no names; see `shown_name`."""
    return _("a named adviser at %(organisation)s")


def refused(verdict: Verdict) -> str:
    """Say why something was not done, and what helps."""
    return {
        Verdict.CLOSED: _("This organisation is closed."),
        Verdict.UNVERIFIED: _("The name of this organisation was not checked yet."),
        Verdict.ORGANISATION_SUSPENDED: _(
            "This organisation is stopped for now. You can look, and take things away."
        ),
        Verdict.SUSPENDED: _("You are stopped here for now. Ask who runs your organisation."),
        Verdict.ROLE_LACKING: _("Your role does not let you do this. Ask who runs your "
                                "organisation."),
        Verdict.ONESELF: _("You cannot do this to yourself. Ask another administrator."),
        Verdict.LAST_ADMIN: _("You are the last administrator. Make somebody else one first."),
        Verdict.GONE: _("This is no longer so. Look at the page again."),
        Verdict.NAME_BAD: _("Type in a name of 1 to 100 letters"),
        Verdict.NAME_TAKEN: _("There is a team with this name. Choose another name"),
        Verdict.EMAIL_BAD: _("Type in an email address, like name@example.com"),
        Verdict.ROLES_BAD: _("Choose at least one role"),
        Verdict.MEMBER_ALREADY: _("You work for this organisation already."),
        Verdict.OTHER_NAME: _("This link is for somebody with another name. Is your name wrong in "
                              "it? Ask who sent it for a new one."),
        Verdict.UNPROVED: _("Show us who you are first. Then open the link again."),
        Verdict.NOT_PROVED: _("They have to show us who they are first. Then you can do this."),
        Verdict.FULL: _(
            "There are too many. At one time you can have %(invitations)s invitations and "
            "%(teams)s teams.", invitations=MOST_INVITATIONS, teams=MOST_TEAMS
        ),
        Verdict.LIMIT: _("Somebody would have more people than your limit. So nothing was done."),
        Verdict.LEVEL: _("Your organisation acts for many people. So this takes a security key. "
                         "Sign out, and come back with yours."),
        Verdict.NOBODY: _("Choose somebody first."),
        Verdict.LIMIT_BAD: _("Type in a number from 1 to %(most)s, or nothing", most=MOST_PEOPLE),
        Verdict.NOT_AT_SET_UP: _(
            "You can only open everybody to everyone while you are alone in it. That is over."
        ),
    }.get(verdict, _("This cannot be done."))  # fmt: skip


def people(count: int, most: int) -> str:
    """Say how many people, where more than `most` are not counted."""
    if count > most:
        return _("More than %(count)s people", count=most)
    return ngettext("%(num)d person", "%(num)d people", count)


def demands(*, identity: int, sign_in: int, device_bound: bool, two_people: bool) -> list[str]:
    """Say what a member has to show who can open so many people: a row of risk-model.md T7."""
    said = []
    if identity >= 2:
        said.append(_("To show us once who they are"))
    if device_bound:
        said.append(_("A security key that cannot be copied"))
    elif sign_in >= 3:
        said.append(_("A passkey or a security key"))
    elif sign_in == 2:
        said.append(_("Two checks, such as a password and a code"))
    if two_people:
        said.append(_("A second person who agrees, to change where money goes"))
    return said or [_("Nothing more than anybody")]


def wait(left: timedelta) -> str:
    """Say how long to wait."""
    minutes = max(1, -(-int(left.total_seconds()) // 60))
    return ngettext("Wait %(num)d minute, then try again.", "Wait %(num)d minutes, then try again.",
                    minutes)  # fmt: skip
