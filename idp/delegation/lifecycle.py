"""From state to state: who may move a mandate where. Pure.

draft -> offered -> active -> {suspended <-> active} -> ended; from offered also refused,
cancelled, lapsed. Ended, refused, cancelled and lapsed are final.
Source: `delegation.md` section 1, States.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

OFFER_LASTS = timedelta(days=21)
OFFER_NOTICE = timedelta(days=5)
REVIEW_NOTICE = timedelta(days=30)
LONGEST_DAYS = 731
TERMS_DAYS = (1, 31, 182, 365)
UK = ZoneInfo("Europe/London")


class State(StrEnum):
    """Where a mandate stands; the value is the column's."""

    DRAFT = "draft"
    OFFERED = "offered"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ENDED = "ended"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"


class Reason(StrEnum):
    """Why a mandate ended."""

    EXPIRED = "expired"
    BY_PRINCIPAL = "ended_by_principal"
    RESIGNED = "resigned_by_delegate"
    BY_OPERATOR = "removed_by_operator"
    SUPERSEDED = "superseded"
    PRINCIPAL_DIED = "principal_died"
    BASIS_LAPSED = "basis_lapsed"


class Move(StrEnum):
    """What somebody does to a mandate; the value is the last part of its journal kind."""

    OFFER = "offered"
    ACCEPT = "accepted"
    REFUSE = "refused"
    CANCEL = "cancelled"
    LAPSE = "lapsed"
    GIVE = "given"
    SUSPEND = "suspended"
    RESUME = "resumed"
    RENEW = "renewed"
    END = "ended"


class Party(StrEnum):
    """In what capacity somebody moves it."""

    PRINCIPAL = "principal"
    DELEGATE = "delegate"
    OFFICER = "officer"
    SYSTEM = "system"


FINAL = frozenset({State.ENDED, State.REFUSED, State.CANCELLED, State.LAPSED})
HELD = frozenset({State.ACTIVE, State.SUSPENDED})
# (from, move): to. What is not in the table cannot be done.
MOVES: dict[tuple[State, Move], State] = {
    (State.DRAFT, Move.OFFER): State.OFFERED,
    (State.DRAFT, Move.GIVE): State.ACTIVE,
    (State.DRAFT, Move.CANCEL): State.CANCELLED,
    (State.OFFERED, Move.ACCEPT): State.ACTIVE,
    (State.OFFERED, Move.REFUSE): State.REFUSED,
    (State.OFFERED, Move.CANCEL): State.CANCELLED,
    (State.OFFERED, Move.LAPSE): State.LAPSED,
    (State.ACTIVE, Move.SUSPEND): State.SUSPENDED,
    (State.ACTIVE, Move.RENEW): State.ACTIVE,
    (State.SUSPENDED, Move.RESUME): State.ACTIVE,
    (State.ACTIVE, Move.END): State.ENDED,
    (State.SUSPENDED, Move.END): State.ENDED,
}
REASONS_OF = {
    Party.PRINCIPAL: frozenset({Reason.BY_PRINCIPAL}),
    Party.DELEGATE: frozenset({Reason.RESIGNED}),
    Party.OFFICER: frozenset({Reason.BY_OPERATOR, Reason.BASIS_LAPSED, Reason.PRINCIPAL_DIED}),
    Party.SYSTEM: frozenset(
        {Reason.EXPIRED, Reason.SUPERSEDED, Reason.PRINCIPAL_DIED, Reason.BASIS_LAPSED}
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the table is asked about: where a mandate is, and who has to answer it.

    `offer_expires` of an offer, `expires` of a mandate that is held; None: no end.
    """

    state: State
    answerer: Party
    offer_expires: datetime | None = None
    expires: datetime | None = None


def reads_as(standing: Standing, now: datetime) -> State:
    """The state as everybody has to see it at `now`: a term that is over is over, whether or not
    a job has written it down (I7). Terms are half open."""
    if standing.state is State.OFFERED and _over(standing.offer_expires, now):
        return State.LAPSED
    if standing.state in HELD and _over(standing.expires, now):
        return State.ENDED
    return standing.state


def may_move(standing: Standing, move: Move, by: Party, now: datetime) -> State | None:
    """Say which state a move by this party leads to at `now`, or None when it may not be made.

    Nobody accepts their own offer (I13): it is answered by its answerer alone, and cancelled by
    the other. A suspension is an officer's or ours, and lifted by an officer; the two parties can
    only end what they have. An officer never answers for a person who is not there but where the
    offer was made out to an officer.
    """
    seen = reads_as(standing, now)
    allowed = {
        Move.ACCEPT: by is standing.answerer,
        Move.REFUSE: by is standing.answerer,
        Move.CANCEL: by is not standing.answerer,
        Move.LAPSE: by is Party.SYSTEM and standing.state is State.OFFERED,
        Move.SUSPEND: by in {Party.OFFICER, Party.SYSTEM},
        Move.RESUME: by is Party.OFFICER,
        Move.RENEW: by in {Party.PRINCIPAL, Party.OFFICER},
        Move.OFFER: True,
        Move.GIVE: by in {Party.PRINCIPAL, Party.OFFICER},
        Move.END: True,
    }[move]
    if not allowed:
        return None
    if move is Move.LAPSE:
        return State.LAPSED if seen is State.LAPSED else None
    if move is Move.END and standing.state in HELD and seen is State.ENDED:
        return State.ENDED if by is Party.SYSTEM else None  # written down, nothing more
    return MOVES.get((seen, move))


def term_problem(days: int | None, *, longest: int, open_ended: bool) -> str | None:
    """Say what is wrong with a term, as a code: too short, too long, or it needs an end."""
    if days is None:
        return None if open_ended else "term-needs-end"
    if days < 1:
        return "term-too-short"
    return "term-too-long" if days > min(longest, LONGEST_DAYS) else None


def end_of_day(now: datetime) -> datetime:
    """The last second of the day in the United Kingdom on which `now`, aware, falls; in the day's
    last minute that of the next day, so that there is always time to act.

    A second before midnight, so that a page that says "until" names that day.
    """
    return end_of((now + timedelta(minutes=1)).astimezone(UK).date())


def end_of(day: date) -> datetime:
    """The last second of a day in the United Kingdom: a permission until that day ends then."""
    return datetime.combine(day, time(23, 59, 59), UK).astimezone(UTC)


def last_day(end: datetime) -> date:
    """The last day, in the United Kingdom, of what ends at a moment."""
    return (end - timedelta(seconds=1)).astimezone(UK).date()


def _over(end: datetime | None, now: datetime) -> bool:
    return end is not None and end <= now
