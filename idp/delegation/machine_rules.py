"""Software that acts by itself: who may ask, and how what was asked stands. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp.delegation.lifecycle import OFFER_LASTS

LONGEST_DAYS = 365
MOST_OPEN = 50  # of one organisation, asked or agreed
ADMIN, WORKER = "admin", "worker"


class State(StrEnum):
    """How a machine mandate reads now."""

    ASKED = "asked"
    LAPSED = "lapsed"
    ACTIVE = "active"
    STOPPED = "stopped"
    ENDED = "ended"


OVER = frozenset({State.ENDED, State.LAPSED})


class Verdict(StrEnum):
    """Answer to what somebody wants of a machine mandate; the value is also its code."""

    ALLOWED = "allowed"
    GONE = "gone"
    ORGANISATION = "organisation-not-in-order"
    ROLE_LACKING = "role-lacking"
    ONESELF = "own-affair"
    MEMBER = "member-cannot-answer"
    SOFTWARE = "software-not-registered"
    SERVICES = "services-bad"
    TERM = "term-bad"
    FULL = "too-many"
    LEVEL = "level-too-low"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A member of the organisation, as far as it matters here. `party`: person, else account."""

    ref: str
    party: str
    roles: frozenset[str]
    stopped: bool  # suspended, or left


@dataclass(frozen=True, slots=True, kw_only=True)
class Software:
    """A client of the organisation. `exchanges`: it is registered for token exchange."""

    client_id: str
    acts_at: frozenset[str]
    exchanges: bool
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a machine mandate stands on, as it is at `now`.

    `left`: the member has left, or closed their account. `stopped`: the member or the
    organisation is suspended, or the software is switched off. `session_over`: the member ended
    it where they are signed in.
    """

    now: datetime
    created_at: datetime
    expires: datetime
    agreed: bool
    ended: bool
    session_over: bool
    left: bool
    stopped: bool


def reads_as(it: Standing) -> State:
    """How it reads now; only an active one carries anything. Terms are half open."""
    if it.ended or it.left or it.session_over:
        return State.ENDED
    if not it.agreed and it.created_at + OFFER_LASTS <= it.now:
        return State.LAPSED
    if it.expires <= it.now:
        return State.ENDED
    if it.stopped:
        return State.STOPPED
    return State.ACTIVE if it.agreed else State.ASKED


def may_ask(
    by: Side,
    member: Side | None,
    software: Software | None,
    *,
    services: Collection[str],
    days: int,
    open_now: int,
) -> Verdict:
    """Say whether an administrator may ask this member to answer for this software.

    Nobody asks themself: two people stand behind software that acts unattended (I13).
    """
    if by.stopped or ADMIN not in by.roles:
        return Verdict.ROLE_LACKING
    if software is None or software.disabled or not software.exchanges:
        return Verdict.SOFTWARE
    if member is None or member.stopped or WORKER not in member.roles:
        return Verdict.MEMBER
    if member.party == by.party:
        return Verdict.ONESELF
    if not services or not set(services) <= software.acts_at:
        return Verdict.SERVICES
    if not 1 <= days <= LONGEST_DAYS:
        return Verdict.TERM
    return Verdict.FULL if open_now >= MOST_OPEN else Verdict.ALLOWED


def may_agree(by: Side, member_ref: str, state: State) -> Verdict:
    """Say whether this member may agree: they alone who were asked, while it is asked."""
    if by.ref != member_ref:
        return Verdict.GONE
    return Verdict.ALLOWED if state is State.ASKED and not by.stopped else Verdict.GONE


def may_end(by: Side, member_ref: str, state: State) -> Verdict:
    """Say whether this member may end it: who answers for it, or whoever administers."""
    if by.ref != member_ref and (by.stopped or ADMIN not in by.roles):
        return Verdict.GONE
    return Verdict.GONE if state in OVER else Verdict.ALLOWED


def expires_after(now: datetime, days: int) -> datetime:
    """The end of a term of so many days."""
    return now + timedelta(days=days)


def read_days(typed: str) -> int:
    """Read a number of days; 0 for what is none."""
    text = typed.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else 0
