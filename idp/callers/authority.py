"""May this actor act under this mandate? The one function that every token path asks. Pure.

Authority is an intersection: what the mandate allows, what the actor's organisation lets its
member open, what the software is registered for, and what the audience accepts.
Source: `delegation.md` section 1, I1-I4, I7, I9-I12, I19, I21.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp.assurance.rules import Level

ALL = "all"  # the power that means every power of a service
WORKER = "worker"
# What goes on when the principal is dead: an estate has to be wound up, and an official's or a
# court's act does not hang on the person. An estate begins with the death, never before.
ESTATE = "estate"
AFTER_DEATH = frozenset({ESTATE, "official"})
NONE = Level(identity=0, sign_in=0)
# How long the one visit lasts that spends a permission for a single use; a session alone would let
# it go on for half a day.
ONE_VISIT = timedelta(hours=1)


class Bar(StrEnum):
    """What stands in an actor's way; the value is also its code in the journal and the API."""

    UNKNOWN = "mandate-unknown"
    ENDED = "mandate-ended"
    NOT_ACTIVE = "mandate-not-active"
    OUT_OF_TERM = "mandate-out-of-term"
    USED = "mandate-used"
    SUSPENDED = "mandate-suspended"
    PRINCIPAL_DIED = "principal-died"
    PRINCIPAL_LIVES = "principal-lives"
    PRINCIPAL_CEASED = "principal-ceased"
    PARENT = "parent-mandate-ended"
    ORGANISATION_CLOSED = "organisation-closed"
    ORGANISATION_SUSPENDED = "organisation-suspended"
    ORGANISATION_UNVERIFIED = "organisation-not-verified"
    NOT_A_MEMBER = "not-a-member"
    MEMBER_SUSPENDED = "member-suspended"
    NOT_A_WORKER = "role-lacking"
    NOT_ASSIGNED = "not-assigned"
    ACTOR_DIED = "actor-died"
    FROZEN = "actor-frozen"
    SERVICE_OFF = "service-switched-off"
    NOT_AWARE = "service-not-delegation-aware"
    OTHER_SERVICE = "service-not-in-mandate"
    OTHER_POWER = "power-not-in-mandate"
    SOFTWARE = "software-not-registered"
    QUORUM = "quorum-not-met"
    GRANT_LEVEL = "grant-level-too-low"
    LEVEL = "actor-level-too-low"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationStanding:
    """The delegate, where it is an organisation, and how the actor stands to it.

    `member` False: the actor is no member of it, or has left. `assigned`: the mandate is open to
    this member, by themself or through a team.
    """

    verified: bool
    closed_at: datetime | None
    suspends_at: datetime | None
    everyone: bool
    member: bool
    member_suspended: bool
    roles: frozenset[str]
    assigned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """A mandate and all it stands on, as it is at `now`.

    `expires` None: open-ended. `spent`: a single use that something else has used, or whose visit
    is over.
    `organisation` None: the delegate is a person, and `is_delegate` says if it is the actor.
    `actor_died`: whoever signs in as them now, it is somebody else.
    `quorum` of the delegates appointed together have to agree; `signed` of them have, the actor
    among them. `basis` is the law or the act that the mandate stands on.
    `actor_level`: the mandate's own least level for whoever acts. `granted` is what the principal
    proved when granting, `cap` what the evidence behind it allows. `powers` as the mandate names
    them. `service_off`: its service has been switched off, whoever holds the token.
    """

    now: datetime
    state: str
    starts: datetime | None
    expires: datetime | None
    spent: bool
    basis: str
    principal_died: bool
    principal_ceased: bool
    parents_live: bool
    is_delegate: bool
    organisation: OrganisationStanding | None
    frozen: bool
    actor_died: bool = False
    service: str
    service_off: bool
    powers: frozenset[str]
    quorum: int
    signed: int
    actor_level: Level
    granted: Level
    cap: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be done under it: at which service, with which powers, by what.

    `aware`: the service is registered as one that knows about acting. `software`: None where a
    person sits at the service's own pages, else whether the software is registered for the
    delegate and the service. `level` is what the actor proved, `needed` what is asked of them
    here and now, reach included; `floor` what the service asks of everybody.
    """

    service: str
    powers: frozenset[str] = frozenset()
    aware: bool = True
    software: bool | None = None
    level: Level
    needed: Level
    floor: Level = NONE


def bar(facts: Acting, wish: Wish) -> Bar | None:
    """Answer what stands in the way, or None when the actor may act.

    The most lasting reason comes first: an ended mandate says so even after its term. Terms are
    half open: over at the instant they end. Never raises: a refusal is an answer.
    """
    return (
        _mandate(facts)
        or _principal(facts)
        or _delegate(facts)
        or (Bar.ACTOR_DIED if facts.actor_died else None)
        or (Bar.FROZEN if facts.frozen else None)
        or _audience(facts, wish)
        or (Bar.QUORUM if facts.signed < facts.quorum else None)
        or (None if facts.granted.meet(facts.cap).covers(wish.floor) else Bar.GRANT_LEVEL)
        or (None if wish.level.covers(wish.needed.join(facts.actor_level)) else Bar.LEVEL)
    )


def effective(actor: Level, granted: Level, cap: Level) -> Level:
    """The lowest, part by part, of what the actor, the grant and the evidence were proved to."""
    return actor.meet(granted).meet(cap)


def allows(powers: frozenset[str], wanted: frozenset[str]) -> bool:
    """Say whether a mandate's powers cover the wanted ones."""
    return ALL in powers or wanted <= powers


def shared(asked: Sequence[str], held: Collection[str]) -> tuple[str, ...]:
    """The powers asked that a mandate has, in the order asked: so many can be granted."""
    if ALL in asked:
        return tuple(held)
    return tuple(power for power in asked if ALL in held or power in held)


def at_stake(asked: Sequence[str], held: Collection[str]) -> frozenset[str]:
    """The powers that `bar` is to judge where a mandate need not have all that were asked: those
    it has, and where that is none, those asked."""
    return frozenset(shared(asked, held)) or frozenset(asked)


def named_powers(scope: str, service: str) -> frozenset[str]:
    """The powers at `service` that a token's scope names, as `service:power`."""
    named = (name.partition(":") for name in scope.split())
    return frozenset(power for at, colon, power in named if colon and at == service)


def _mandate(facts: Acting) -> Bar | None:
    if facts.state == "ended":
        return Bar.ENDED
    if facts.state not in {"active", "suspended"} or facts.starts is None:
        return Bar.NOT_ACTIVE
    if facts.now < facts.starts or (facts.expires is not None and facts.expires <= facts.now):
        return Bar.OUT_OF_TERM
    if facts.spent:
        return Bar.USED
    if facts.state == "suspended":
        return Bar.SUSPENDED
    return None if facts.parents_live else Bar.PARENT


def _principal(facts: Acting) -> Bar | None:
    if facts.principal_died and facts.basis not in AFTER_DEATH:
        return Bar.PRINCIPAL_DIED
    if facts.basis == ESTATE and not facts.principal_died:
        return Bar.PRINCIPAL_LIVES
    return Bar.PRINCIPAL_CEASED if facts.principal_ceased else None


def _delegate(facts: Acting) -> Bar | None:
    firm = facts.organisation
    if firm is None:
        return None if facts.is_delegate else Bar.UNKNOWN
    if firm.closed_at is not None:
        return Bar.ORGANISATION_CLOSED
    if not firm.verified:
        return Bar.ORGANISATION_UNVERIFIED
    if not firm.member:
        return Bar.NOT_A_MEMBER
    if firm.suspends_at is not None and firm.suspends_at <= facts.now:
        return Bar.ORGANISATION_SUSPENDED
    if firm.member_suspended:
        return Bar.MEMBER_SUSPENDED
    if WORKER not in firm.roles:
        return Bar.NOT_A_WORKER
    return None if firm.everyone or firm.assigned else Bar.NOT_ASSIGNED


def _audience(facts: Acting, wish: Wish) -> Bar | None:
    if facts.service != wish.service:
        return Bar.OTHER_SERVICE
    if facts.service_off:
        return Bar.SERVICE_OFF
    if not wish.aware:
        return Bar.NOT_AWARE
    if not allows(facts.powers, wish.powers):
        return Bar.OTHER_POWER
    return Bar.SOFTWARE if wish.software is False else None


SAID: Mapping[StrEnum, str] = {
    Bar.UNKNOWN: "there is no such permission to act",
    Bar.ENDED: "the permission to act for this person was ended",
    Bar.NOT_ACTIVE: "the permission to act for this person has not been accepted",
    Bar.OUT_OF_TERM: "the permission to act for this person has run out, or not begun",
    Bar.USED: "the permission to act for this person was for one use, and was used",
    Bar.SUSPENDED: "the permission to act for this person is suspended",
    Bar.PRINCIPAL_DIED: "the person this permission was about has died",
    Bar.PRINCIPAL_LIVES: "this permission begins when the person it is about has died",
    Bar.PRINCIPAL_CEASED: "the business this permission was about has ceased",
    Bar.PARENT: "the permission that this one was passed on from does not hold",
    Bar.ORGANISATION_CLOSED: "the organisation that acts has been closed",
    Bar.ORGANISATION_SUSPENDED: "the organisation that acts is suspended",
    Bar.ORGANISATION_UNVERIFIED: "the name of the organisation that acts is not verified yet",
    Bar.NOT_A_MEMBER: "the person who acts is not a member of the organisation",
    Bar.MEMBER_SUSPENDED: "the member of the organisation who acts is suspended",
    Bar.NOT_A_WORKER: "the member of the organisation has no role that acts for people",
    Bar.NOT_ASSIGNED: "the member of the organisation has not been assigned this person",
    Bar.ACTOR_DIED: "the person who acts has died",
    Bar.FROZEN: "so many people were opened that this member was stopped",
    Bar.SERVICE_OFF: "the service that this permission is for has been switched off",
    Bar.NOT_AWARE: "this service is not registered as one that others may act at",
    Bar.OTHER_SERVICE: "the permission to act for this person does not cover this service",
    Bar.OTHER_POWER: "the permission to act for this person does not cover this power",
    Bar.SOFTWARE: "this software is not registered to act for the organisation at this service",
    Bar.QUORUM: "others who were appointed together have not agreed yet",
    Bar.GRANT_LEVEL: "the permission was given on less certainty than this service asks",
    Bar.LEVEL: "who acts has to sign in, or prove who they are, more strongly",
}
