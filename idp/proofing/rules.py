"""What a case still lacks, which ways are open to this person, when a way back is due. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations

from idp.assurance.profiles import EvidenceKinds, Profile, Scores, counted, identity_level

REGISTER_MATCH = "register-match"
CONTACT_EMAIL, CONTACT_TEXT = "contact-email", "contact-text"
DOCUMENT_CHECK, FRAUD_CHECK = "document-check", "fraud-check"
COUNTER_VISIT = "counter-visit"
CONTACT_KINDS = {CONTACT_EMAIL: "email", CONTACT_TEXT: "text"}  # the channel of each
CHECKED_OUTSIDE = frozenset({DOCUMENT_CHECK, FRAUD_CHECK})

# What an officer may be shown at a counter: each has a likeness or is read by a machine.
DOCUMENTS = ("passport", "driving-licence", "residence-permit", "identity-card", "other-photo")
# What an outside checker may be asked to read.
CHECKED_DOCUMENTS = ("passport", "driving-licence")

# How long each takes a person, for the page that says so: what a slow reader needs. The counter is
# the visit itself, without the way there. A fraud check is done by others while they wait.
MINUTES: Mapping[str, int] = {
    CONTACT_EMAIL: 3,
    CONTACT_TEXT: 3,
    DOCUMENT_CHECK: 6,
    FRAUD_CHECK: 1,
    COUNTER_VISIT: 30,
}
# A document may be mistyped. A sign of fraud is not asked for again until it looks better.
TRIES: Mapping[str, int] = {DOCUMENT_CHECK: 3, FRAUD_CHECK: 1}

# A checker is asked again for so long. Then the person is told to choose another way.
CHECK_TRIED_FOR = timedelta(hours=4)
CODE_LASTS = timedelta(minutes=10)  # ASVS 5.0 section 6.6: an out-of-band code, at most

# The wait before somebody who proved again gets into the account: time for its owner to read one
# notice and press "Stop it", a weekend day included. Nothing shortens it but a code to the
# account's own address, from somebody of whom we know more than a housemate could show.
COOL_OFF = timedelta(hours=48)
ONE_SITTING = timedelta(hours=1)
WAY_BACK_LASTS = timedelta(days=14)  # after it is due; then it lapses and must be asked for anew
NO_WAIT_FROM_LEVEL = 2

# What was shown counts for so long where it has joined nobody yet: time to fetch a document or to
# find a free day for a counter. After that others may read the mailbox it went to, and what a
# couple showed at one table is not to become a way back after they parted.
COUNTS_FOR = timedelta(days=30)


class State(StrEnum):
    """Where a piece of evidence stands; the value is also in its journal code."""

    ASKED = "asked"
    HELD = "held"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One piece of evidence as it stands. `scores` were the policy's when it was held."""

    ref: str
    kind: str
    state: State
    scores: Scores
    source: str
    created_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way on: the kinds of evidence still to bring, all of them."""

    kinds: tuple[str, ...]

    @property
    def minutes(self) -> int:
        """How long it takes the person."""
        return sum(MINUTES.get(kind, 0) for kind in self.kinds)


@dataclass(frozen=True, slots=True, kw_only=True)
class WayBack:
    """A way back into an account, by the moments that decide about it."""

    due_at: datetime
    expires_at: datetime
    ended_at: datetime | None = None


class Standing(StrEnum):
    """Where a way back stands."""

    WAITING = "waiting"
    DUE = "due"
    LAPSED = "lapsed"
    ENDED = "ended"


def still_counts(piece: Piece, at: datetime) -> bool:
    """Say whether a piece counts at a moment: what is held does for `COUNTS_FOR`.

    Not so the match, which nobody showed: it stands as long as its case. `at` is when a way
    back began, where one is under way: its wait uses nothing up.
    """
    if piece.state is not State.HELD or piece.kind == REGISTER_MATCH or piece.decided_at is None:
        return True
    return at - piece.decided_at < COUNTS_FOR


def held_kinds(pieces: Sequence[Piece]) -> frozenset[str]:
    """The kinds of which a piece is held."""
    return frozenset(piece.kind for piece in pieces if piece.state is State.HELD)


def level_reached(
    pieces: Sequence[Piece], kinds: EvidenceKinds, profiles: Sequence[Profile]
) -> int:
    """The identity level (0-3) of what is held, by the scores each piece was held with.

    What policy has withdrawn since counts for nothing, nor does a piece that lacks one it needs.
    """
    counting = {kind.id for kind in counted(held_kinds(pieces), kinds)}
    best = {p.kind: p.scores for p in pieces if p.state is State.HELD and p.kind in counting}
    return identity_level(list(best.values()), profiles)


def open_kinds(
    pieces: Sequence[Piece],
    kinds: EvidenceKinds,
    *,
    contacts: Collection[str],
    checked: Collection[str],
) -> frozenset[str]:
    """The kinds that this person could still bring.

    `contacts` are the channels at which the register can reach them, `checked` the kinds that
    some outside checker takes on. A counter is open to everybody, always.
    """
    refused = [piece.kind for piece in pieces if piece.state is State.REFUSED]
    found = set()
    for kind in kinds.values():
        if not kind.usable or kind.id in held_kinds(pieces):
            continue
        if kind.id in CONTACT_KINDS:
            possible = CONTACT_KINDS[kind.id] in contacts
        elif kind.id in CHECKED_OUTSIDE:
            possible = kind.id in checked and refused.count(kind.id) < TRIES[kind.id]
        else:
            possible = kind.id == COUNTER_VISIT
        if possible:
            found.add(kind.id)
    return frozenset(found)


def ways_on(
    wanted: int,
    pieces: Sequence[Piece],
    open_to: Collection[str],
    kinds: EvidenceKinds,
    profiles: Sequence[Profile],
) -> list[Way]:
    """The ways from what is held to level `wanted`, the quickest first.

    Each is the least of its sort: without any one of its kinds it would not get there. Empty
    when the level is reached, or when nothing open to this person leads there.
    """
    held = held_kinds(pieces)
    if _level(held, kinds, profiles) >= wanted:
        return []
    found: list[frozenset[str]] = []
    order = [kind for kind in kinds if kind in open_to]
    for size in range(1, len(order) + 1):
        for more in map(frozenset, combinations(order, size)):
            if any(known <= more for known in found):
                continue
            if _level(held | more, kinds, profiles) >= wanted:
                found.append(more)
    ways = [Way(kinds=tuple(kind for kind in order if kind in more)) for more in found]
    return sorted(ways, key=lambda way: (way.minutes, way.kinds))


def told_of_late(pieces: Sequence[Piece], now: datetime) -> bool:
    """Say whether other evidence was weighed a moment ago, so that its notice tells of this too.

    Two checks asked for by one press of a button come back one after the other; the person gets
    one message. The first time an account is joined is told in any case.
    """
    decided = sorted(
        piece.decided_at
        for piece in pieces
        if piece.state is State.HELD and piece.kind != REGISTER_MATCH and piece.decided_at
    )
    return len(decided) > 1 and now - decided[-2] < ONE_SITTING


def standing(way_back: WayBack, now: datetime) -> Standing:
    """Say where a way back stands: it may be taken from `due_at` on, until it lapses."""
    if way_back.ended_at is not None:
        return Standing.ENDED
    if now >= way_back.expires_at:
        return Standing.LAPSED
    return Standing.DUE if now >= way_back.due_at else Standing.WAITING


# `idp policy check` refuses evidence.toml where what a household shares reaches this level.
BEYOND_THE_HOUSEHOLD = 2


def enough_for_way_back(reached: int, old_level: int, *, two_checks: bool) -> bool:
    """Say whether what was proved again is enough to get back into an account.

    As much as it was proved by, for nothing less may take a proof's place. And where two checks
    open it, what nobody of the same household has: recovery is never weaker than the sign-in it
    restores, and level 1 is reached by the number, the shared mailbox and a fraud check.
    """
    return reached >= max(old_level, BEYOND_THE_HOUSEHOLD if two_checks else 1)


def newest_visit(pieces: Sequence[Piece]) -> datetime | None:
    """When the newest counter visit that is held was confirmed."""
    found = [
        piece.decided_at
        for piece in pieces
        if piece.kind == COUNTER_VISIT and piece.state is State.HELD and piece.decided_at
    ]
    return max(found, default=None)


def needs_counter(
    *, stopped: datetime | None, visit: datetime | None, begun: datetime | None
) -> bool:
    """Say whether a stop keeps a case from beginning a way back until its person was seen.

    `stopped` is when the last way back into the account was, `visit` this case's newest counter
    visit, `begun` when it last began a way back itself: that was after every stop until then.
    """
    if stopped is None or (begun is not None and begun >= stopped):
        return False
    return visit is None or visit <= stopped


def overtakes(
    *, visit: datetime | None, joined: bool, begun_at: datetime, other_visit: datetime | None
) -> bool:
    """Say whether a case ends the way back that another began for the same person.

    Two officers' eyes beat what was shown from afar: a counter visit since the other began does,
    and any does where the other holds none. But what an account that is `joined` to the person
    was proved by says nothing about who asks now: there the visit must be since.
    """
    if visit is None:
        return False
    return visit > begun_at or (other_visit is None and not joined)


def own_address_may_stop(
    *, visit: datetime | None, stopped: datetime | None, level: int, old_level: int
) -> bool:
    """Say whether the old account's own address, or its page, stops a way back by itself.

    Not where officers saw its person (`visit`) and that proves more than the account was: who
    enrolled first under somebody's name would else stop them for ever. Nor where they were seen
    since another way back was `stopped`, `COUNTS_FOR` ago at most: whoever took an account over
    would else send its owner to a counter again and again. The first stop costs the other a visit;
    the second has to be made at a counter too.
    """
    if visit is None:
        return True
    sent_there = stopped is not None and timedelta(0) < visit - stopped < COUNTS_FOR
    return level <= old_level and not sent_there


def _level(held: Collection[str], kinds: EvidenceKinds, profiles: Sequence[Profile]) -> int:
    return identity_level([kind.scores for kind in counted(held, kinds)], profiles)
