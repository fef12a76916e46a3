"""Decisions inside an organisation: who may do what to whom. Pure: no clock, no database.

Source: `delegation.md` section 1 ("Added after review", I11 to I13); mission M15.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A weekend and a day: people who are invited at work open it at work. It opens nothing by itself.
INVITATION_LASTS = timedelta(days=3)
SUSPENSION_NOTICE = timedelta(days=14)
LONGEST_NOTICE = timedelta(days=365)
MOST_INVITATIONS = 100  # open at one time
MOST_TEAMS = 200
LONGEST_NAME = 100
LONGEST_REASON = 500
MOST_PEOPLE = 1_000_000
KINDS = ("firm", "charity", "council", "insurer", "department")


class Role(StrEnum):
    """What a member is in their organisation. Somebody may be several."""

    ADMIN = "admin"
    ASSIGNER = "assigner"
    WORKER = "worker"


class Act(StrEnum):
    """What can be done on an organisation's pages."""

    SEE = "see"
    SEE_PEOPLE = "see-people"
    INVITE = "invite"
    CANCEL_INVITATION = "cancel-invitation"
    CHANGE_ROLES = "change-roles"
    SUSPEND = "suspend-member"
    RESUME = "resume-member"
    REMOVE = "remove-member"
    CHANGE_TEAMS = "change-teams"
    ASSIGN = "assign"
    UNASSIGN = "unassign"
    CHANGE_SETTINGS = "change-settings"


class Verdict(StrEnum):
    """Answer to what a member wants to do; the value is also its journal code."""

    ALLOWED = "allowed"
    CLOSED = "organisation-closed"
    UNVERIFIED = "organisation-not-verified"
    ORGANISATION_SUSPENDED = "organisation-suspended"
    NOT_A_MEMBER = "not-a-member"
    SUSPENDED = "member-suspended"
    ROLE_LACKING = "role-lacking"
    ONESELF = "own-affair"
    LAST_ADMIN = "last-admin"
    GONE = "gone"
    NAME_BAD = "name-bad"
    NAME_TAKEN = "name-taken"
    EMAIL_BAD = "email-bad"
    ROLES_BAD = "roles-bad"
    MEMBER_ALREADY = "member-already"
    OTHER_NAME = "other-name"
    UNPROVED = "not-proved"
    NOT_PROVED = "member-not-proved"
    FULL = "too-many"
    LIMIT = "people-limit"
    LEVEL = "level-too-low"
    LIMIT_BAD = "people-limit-bad"
    NOT_AT_SET_UP = "only-at-set-up"
    NOBODY = "nobody-chosen"


_EVERYBODY = frozenset({Act.SEE})
_ASSIGNERS = frozenset({Act.SEE_PEOPLE, Act.ASSIGN, Act.UNASSIGN})
MAY: Mapping[Role, frozenset[Act]] = {
    Role.ADMIN: _EVERYBODY
    | {
        Act.SEE_PEOPLE,
        Act.INVITE,
        Act.CANCEL_INVITATION,
        Act.CHANGE_ROLES,
        Act.SUSPEND,
        Act.RESUME,
        Act.REMOVE,
        Act.CHANGE_TEAMS,
        Act.CHANGE_SETTINGS,
    },
    Role.ASSIGNER: _EVERYBODY | _ASSIGNERS,
    Role.WORKER: _EVERYBODY,
}
# Nobody gives themselves a role. So whoever changes another's stays what they are, and there is
# always an administrator left who can act.
NEVER_TO_ONESELF = frozenset({Act.CHANGE_ROLES, Act.SUSPEND, Act.RESUME})
# What stays possible while the organisation is suspended: looking, and whatever makes access less.
WHILE_SUSPENDED = frozenset(
    {Act.SEE, Act.SEE_PEOPLE, Act.CANCEL_INVITATION, Act.SUSPEND, Act.REMOVE, Act.UNASSIGN}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """An organisation as it stands at `now`. `people_limit` None: its members have no limit."""

    ref: str
    name: str
    kind: str
    registered_number: str | None
    assurance: int
    access: str
    people_limit: int | None
    shows_names: bool
    verified_at: datetime | None
    suspends_at: datetime | None
    suspension_reason: str | None
    closed_at: datetime | None
    now: datetime

    @property
    def everyone(self) -> bool:
        """True where everybody the organisation acts for is open to each of its members."""
        return self.access == "everyone"

    @property
    def in_order(self) -> bool:
        """True where it can act: its name is verified, and it is neither closed nor suspended."""
        return self.verified_at is not None and self.closed_at is None and not self.suspended

    @property
    def suspended(self) -> bool:
        """True from `suspends_at` on."""
        return self.suspends_at is not None and self.suspends_at <= self.now


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A member as things stand now."""

    ref: str
    account_ref: str
    name: str
    roles: frozenset[str]
    suspended: bool = False
    left: bool = False


def may(roles: Collection[str], act: Act) -> bool:
    """Say whether any of these roles may do it. A role that is not in the table may nothing."""
    return any(act in acts for role, acts in MAY.items() if role in roles)


def judge(
    organisation: Organisation,
    by: Member | None,
    act: Act,
    to: Member | None = None,
    *,
    other_admins: int = 0,
) -> Verdict:
    """Say whether `by` may do `act` here, to the member `to` where it is done to one.

    `other_admins`: administrators of it who can act, besides `to`; asked only where somebody
    leaves. The most lasting reason wins. Leaving is everybody's right, but for the last who
    administers; nobody changes their own role, or ends or begins their own suspension.
    """
    standing = _standing(organisation, by, act)
    if standing is not Verdict.ALLOWED or by is None:
        return standing
    leaving = act is Act.REMOVE and to is not None and to.ref == by.ref
    if not leaving and not may(by.roles, act):
        return Verdict.ROLE_LACKING
    if to is None:
        return Verdict.ALLOWED
    if to.left:
        return Verdict.GONE
    if act in NEVER_TO_ONESELF and to.ref == by.ref:
        return Verdict.ONESELF
    if leaving and Role.ADMIN in to.roles and other_admins == 0:
        return Verdict.LAST_ADMIN
    return Verdict.ALLOWED


def _standing(organisation: Organisation, by: Member | None, act: Act) -> Verdict:
    if by is None or by.left:
        return Verdict.NOT_A_MEMBER
    if by.suspended:
        return Verdict.SUSPENDED
    if organisation.closed_at is not None:
        return Verdict.ALLOWED if act in {Act.SEE, Act.REMOVE} else Verdict.CLOSED
    if organisation.verified_at is None:
        return Verdict.UNVERIFIED
    if organisation.suspended and act not in WHILE_SUSPENDED:
        return Verdict.ORGANISATION_SUSPENDED
    return Verdict.ALLOWED


def may_have_access(organisation: Organisation, access: str, *, members: int) -> Verdict:
    """Say whether who may open the people can be changed to this.

    To "assigned" always: it closes. To "everyone" only while the organisation is being set up,
    that is while nobody but its first administrator is in it: later it would open at one stroke
    what was closed to each of them.
    """
    if access not in {"assigned", "everyone"}:
        return Verdict.GONE
    if access == "everyone" and not organisation.everyone and members > 1:
        return Verdict.NOT_AT_SET_UP
    return Verdict.ALLOWED


def opens_more(organisation: Organisation, access: str, limit: int | None) -> bool:
    """Say whether more people than before can be open to a member after such a change."""
    if access == "everyone":
        return not organisation.everyone or organisation.people_limit is not None
    before = organisation.people_limit
    return not organisation.everyone and before is not None and (limit is None or limit > before)


def read_limit(typed: str) -> int | Verdict | None:
    """Read how many people may be open to one member; None for nothing typed: no limit."""
    text = typed.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 7):
        return Verdict.LIMIT_BAD
    return int(text) if 0 < int(text) <= MOST_PEOPLE else Verdict.LIMIT_BAD


def read_name(typed: str, longest: int = LONGEST_NAME) -> str | None:
    """Answer a name as it is kept, with single spaces; None for one that is none."""
    name = " ".join(typed.split())
    return name if 0 < len(name) <= longest and name.isprintable() else None


def read_email(typed: str) -> str | None:
    """Answer an e-mail address as it is written to; None for what cannot be one."""
    address = typed.strip()
    name, _, host = address.rpartition("@")
    fine = name and "." in host.strip(".") and address.isascii() and address.isprintable()
    return address if fine and len(address) <= 254 and not set(address) & set(' ,;<>"') else None


def read_roles(given: Collection[str]) -> frozenset[Role] | None:
    """Answer the roles of these names; None if there is none, or one that we do not know."""
    known = frozenset(role for role in Role if role in given)
    return known if known and known == frozenset(given) else None


def read_reason(typed: str) -> str | None:
    """Answer a stated reason, or None for nothing, or too much, or what cannot be read."""
    return read_name(typed, LONGEST_REASON)


class SuspensionProblem(StrEnum):
    """Why an organisation was not suspended."""

    REASON_MISSING = "reason-missing"
    TOO_LONG = "notice-too-long"


def suspends_at(
    now: datetime, *, notice: timedelta | None, reason: str | None
) -> datetime | SuspensionProblem:
    """Say from when on a suspension binds. `notice` None: at once, which takes a stated reason;
    so does any suspension that somebody gives less than the usual notice."""
    wait = timedelta() if notice is None else notice
    if wait < timedelta() or wait > LONGEST_NOTICE:
        return SuspensionProblem.TOO_LONG
    if wait < SUSPENSION_NOTICE and not reason:
        return SuspensionProblem.REASON_MISSING
    return now + wait


def shown_name(member: str, organisation: str, *, shows_names: bool, adviser: str) -> str:
    """How a member's act is shown to the principal: by name, or as "a named adviser at X".

    `adviser` is that phrase with `%(organisation)s` in it. Who it was stays with the organisation.
    """
    return member if shows_names else adviser % {"organisation": organisation}
