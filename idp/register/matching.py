"""Is the person who claims a number the one the register holds under it? Pure.

Tolerant where people are: short forms, a maiden name, apostrophes and spaces, one slip of the
finger. Strict where another person could be meant: the date of birth is exact, a name is compared
whole and never "contained in" another (delegation.md 2.1 (v)), and beside a twin or namesake only
the exact name will do. An address never decides against anybody: it is not even needed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from idp.register.names import (
    NO_FIT,
    Fit,
    Names,
    Reason,
    Words,
    family_fit,
    family_parts,
    fold,
    given_fit,
)
from idp.register.rules import Name, PersonFacts, Status

# The most that tolerances may add up to for SAME, and for UNCLEAR. One slip beside one more
# tolerance is the most that is sure; two slips, or a middle name for the first, are doubtful.
SURE, DOUBTFUL = 3, 4
MOST_EARLIER_NAMES = 8
# Mary Ann and Anne-Marie may be mother and daughter, and share the postcode.
_NO_POSTCODE_HELPS = frozenset({Reason.MIDDLE_DIFFERS, Reason.MIDDLE_NAME})


class Verdict(StrEnum):
    """The answer. A page shows everything but SAME in one and the same neutral way."""

    SAME = "same-person"
    UNCLEAR = "unclear"  # could be: an officer decides, or another try with the exact names
    DIFFERENT = "different-person"
    CLOSED = "record-closed"  # it may fit, but the record is of somebody dead, or is a duplicate


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who somebody says they are, as typed. The number is not here: it found the record."""

    given_name: str
    family_name: str
    birth_date: date
    postcode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The verdict with its reasons, for the journal; never shown to the one who asks."""

    verdict: Verdict
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    """The best way to lay the claim beside a person's names.

    `cost` adds up what was tolerated; `whole` is True when no name was missing on either side.
    """

    cost: int
    whole: bool
    reasons: tuple[Reason, ...]

    @property
    def rank(self) -> tuple[int, bool]:
        """Less is nearer."""
        return self.cost, not self.whole


@dataclass(frozen=True, slots=True)
class _Typed:
    """The claim's names, folded once: each field as first names and as a family name."""

    given: Words
    family: Words
    given_as_family: Words
    family_as_given: Words


def match(claim: Claim, person: PersonFacts, others: Sequence[PersonFacts], names: Names) -> Match:
    """Say whether the claim is of `person`, whose number was typed.

    `others` are people born on the same day; one of them who fits the claim (a twin, a namesake)
    makes everything but the person's exact name UNCLEAR. Another record of the same person, kept
    twice, does not stand in the way. A fitting postcode may make an UNCLEAR name SAME, and never
    helps a date. Never raises: text that is no name is a claim that fits nobody.
    """
    typed = _fold_claim(claim, names)
    own, loosest = _compare(typed, person, names), names.loosest()
    fitting = [
        (other, compared)
        for other in others
        if other.ref != person.ref and other.status is not Status.DUPLICATE
        for compared in [_compare(typed, other, loosest)]
        if compared.cost <= DOUBTFUL
    ]
    if not (typed.given and typed.family):
        return Match(verdict=Verdict.DIFFERENT, reasons=(Reason.UNREADABLE,))
    found = _judge(claim, person, own, fitting)
    is_open = person.status is Status.ACTIVE and person.died_on is None
    if is_open or found.verdict is Verdict.DIFFERENT:
        return found
    closed = Reason.DUPLICATE if person.status is Status.DUPLICATE else Reason.DEAD
    return Match(verdict=Verdict.CLOSED, reasons=(*found.reasons, closed))


def _judge(
    claim: Claim,
    person: PersonFacts,
    own: _Compared,
    fitting: Sequence[tuple[PersonFacts, _Compared]],
) -> Match:
    """The verdict for a record that is open."""
    date_reason = _date_reason(claim.birth_date, person.birth_date)
    if own.cost > DOUBTFUL or date_reason is Reason.DATE_DIFFERS:
        reasons = (*own.reasons, *([date_reason] if date_reason else []))
        return Match(verdict=Verdict.DIFFERENT, reasons=reasons)
    if date_reason:
        return Match(verdict=Verdict.UNCLEAR, reasons=(*own.reasons, date_reason))
    nearest = min((compared.rank for _, compared in fitting), default=(NO_FIT, True))
    if fitting and not (own.cost == 0 and own.rank < nearest):
        # Two of one name, born on one day: the postcode may tell them apart, if nothing else does.
        namesakes = own.cost == 0 and own.rank == nearest
        told_apart = _fits(claim.postcode, person) and not any(
            _fits(claim.postcode, other) for other, _ in fitting
        )
        if namesakes and told_apart:
            return Match(verdict=Verdict.SAME, reasons=(*own.reasons, Reason.POSTCODE_FITS))
        return Match(verdict=Verdict.UNCLEAR, reasons=(*own.reasons, Reason.ANOTHER_FITS))
    if own.cost <= SURE:
        return Match(verdict=Verdict.SAME, reasons=own.reasons)
    if _fits(claim.postcode, person) and not _NO_POSTCODE_HELPS & set(own.reasons):
        return Match(verdict=Verdict.SAME, reasons=(*own.reasons, Reason.POSTCODE_FITS))
    return Match(verdict=Verdict.UNCLEAR, reasons=own.reasons)


def _fold_claim(claim: Claim, names: Names) -> _Typed:
    given, family = fold(claim.given_name), fold(claim.family_name)
    return _Typed(given, family_parts(family, names), family_parts(given, names), family)


def _compare(typed: _Typed, person: PersonFacts, names: Names) -> _Compared:
    """The nearest of all ways: each name the person has or had, as typed or turned round."""
    now = Name(given_name=person.given_name, family_name=person.family_name)
    held = (now, *person.earlier_names[:MOST_EARLIER_NAMES])
    ways = [_Compared(NO_FIT, False, (Reason.FAMILY_DIFFERS,))]
    for family in dict.fromkeys(name.family_name for name in held):
        parts = family_parts(fold(family), names)
        straight = family_fit(typed.family, parts, names)
        turned = family_fit(typed.given_as_family, parts, names)
        if straight.cost == NO_FIT and not turned.plain:
            continue  # the most of all people: their first names need no look
        for given in dict.fromkeys(name.given_name for name in held):
            first = fold(given)
            is_now = (given, family) == (now.given_name, now.family_name)
            had = () if is_now else (Reason.EARLIER_NAME,)
            whole = typed.given == first and "".join(typed.family) == "".join(parts)
            if straight.cost < NO_FIT:
                fit = given_fit(typed.given, first, names)
                ways.append(_way(fit, straight, had, whole=whole))
            across = given_fit(typed.family_as_given, first, names) if turned.plain else None
            if across and across.plain:
                ways.append(_way(across, turned, (*had, Reason.TRANSPOSED), whole=False))
    # The first of equals is the name the person has now; a family name that fits says more.
    return min(ways[1:] or ways, key=lambda way: way.rank)


def _way(given: Fit, family: Fit, further: tuple[Reason, ...], *, whole: bool) -> _Compared:
    cost = given.cost + family.cost + len(further)
    said = [fit.reason for fit in (given, family) if fit.cost]
    reasons = tuple(dict.fromkeys([*said, *further])) or (Reason.EXACT,)
    return _Compared(cost, whole, reasons)


def _date_reason(typed: date, held: date) -> Reason | None:
    """What is wrong with the date, or None."""
    if typed == held:
        return None
    swapped = (typed.year, typed.day, typed.month) == (held.year, held.month, held.day)
    return Reason.DATE_SWAPPED if swapped else Reason.DATE_DIFFERS


def _fits(postcode: str, person: PersonFacts) -> bool:
    """True when the postcode is, as a whole, the one the register holds."""
    held = _postcode(str(person.address.get("postal_code") or ""))
    return bool(held) and _postcode(postcode) == held


def _postcode(text: str) -> str:
    """Letters and digits only, upper case; empty for what no postcode is."""
    plain = "".join(text.split()).upper() if len(text) <= 20 else ""
    return plain if plain.isascii() and plain.isalnum() and 5 <= len(plain) <= 7 else ""
