"""Names as they are compared: folded to plain words, laid side by side, how well they fit. Pure.

Names are compared word by whole word; one is never looked for inside another. The short forms and
the rest of the lists are published data: names.toml.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

TYPED_MAX_CHARACTERS = 100  # of one field; what is longer is no name and is not looked at
MOST_WORDS = 12  # of one name that are looked at
NO_FIT = 99
_VOWELS = frozenset("aeiouy")
Words = tuple[str, ...]


class Reason(StrEnum):
    """What was tolerated, or what stood against it; the value is also its journal code."""

    EXACT = "names-exact"
    SHORT_FORM = "short-form"
    EARLIER_NAME = "earlier-name"
    PART_OF_NAME = "part-of-double-name"
    TRANSPOSED = "given-and-family-transposed"
    SLIP = "one-slip"
    MIDDLE_NAME = "middle-name-as-first"
    MIDDLE_DIFFERS = "middle-names-differ"
    GIVEN_DIFFERS = "given-name-differs"
    FAMILY_DIFFERS = "family-name-differs"
    DATE_DIFFERS = "date-differs"
    DATE_SWAPPED = "day-and-month-swapped"
    UNREADABLE = "claim-unreadable"
    ANOTHER_FITS = "another-person-fits"
    POSTCODE_FITS = "postcode-fits"
    DEAD = "record-dead"
    DUPLICATE = "record-duplicate"


@dataclass(frozen=True, slots=True)
class Fit:
    """How two names compare: 0 is exact, each tolerance adds its cost, `NO_FIT` is another name."""

    cost: int
    reason: Reason

    @property
    def plain(self) -> bool:
        """True when nothing but a short form was tolerated."""
        return self.reason in (Reason.EXACT, Reason.SHORT_FORM)


SAME_NAME = Fit(0, Reason.EXACT)


@dataclass(frozen=True, slots=True)
class ShortForms:
    """One first name: its spellings as a `whole` name, and the short forms people use of it."""

    whole: frozenset[str]
    short: frozenset[str]


@dataclass(frozen=True, slots=True)
class Names:
    """The published rules as names.toml has them, folded once. Build it with `names_of`.

    `groups` gives by a folded first name the groups it stands in. `known` are first names that
    exist, so that one is never taken for a slip in another. `particles` belong to the word after
    them (Mac, Saint, de, al). A slip is forgiven in a first name that has `first_slip` letters in
    the register, and in a family name of `family_slip`.
    """

    groups: Mapping[str, tuple[ShortForms, ...]] = field(repr=False)
    known: frozenset[str] = field(repr=False)
    particles: frozenset[str] = field(repr=False)
    first_slip: int
    family_slip: int
    slips: int = 1

    def loosest(self) -> "Names":
        """The same, but with two slips in names of any length: to see who else could be meant.

        One slip may be the person's and one the clerk's.
        """
        return replace(self, first_slip=1, family_slip=1, slips=2)


def names_of(
    groups: Iterable[tuple[Collection[str], Collection[str]]],
    *,
    known: Collection[str] = (),
    particles: Collection[str] = (),
    first_slip: int = 5,
    family_slip: int = 4,
) -> Names:
    """Fold the published lists. Each group is (spellings of the whole name, short forms)."""
    found: dict[str, tuple[ShortForms, ...]] = {}
    for whole, short in groups:
        group = ShortForms(_joined(whole), _joined(short))
        for name in group.whole | group.short:
            found[name] = (*found.get(name, ()), group)
    return Names(
        found, _joined(known) | frozenset(found), _joined(particles), first_slip, family_slip
    )


def _joined(words: Collection[str]) -> frozenset[str]:
    return frozenset("".join(fold(word)) for word in words) - {""}


# Letters that Unicode does not take apart into a plain one and a mark.
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_WITHIN = re.compile("['`´‘’‛ʼʻʹ′＇]")
_BETWEEN = re.compile(r"[\W\d_]+")


def fold(text: str) -> Words:
    """The words of a name without case, accents, apostrophes, hyphens and full stops.

    `O’Neill-Brontë` is ("oneill", "bronte"). Empty for what is too long or holds no letter.
    """
    if len(text) > TYPED_MAX_CHARACTERS:
        return ()
    if text.isascii() and text.isalpha():  # most names: one plain word
        return (text.lower(),)
    # Apostrophes first: Unicode takes some of them apart into a space and a mark.
    apart = unicodedata.normalize("NFKD", _WITHIN.sub("", text).casefold()).translate(_LETTERS)
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return tuple(_BETWEEN.sub(" ", _WITHIN.sub("", plain)).split()[:MOST_WORDS])


def family_parts(words: Words, names: Names) -> Words:
    """The parts of a family name, each with the particles before it, "Mc" for "Mac".

    "Mac Donald" is ("mcdonald",), "de la Cruz-Smith" ("delacruz", "smith").
    """
    parts: list[str] = []
    pending = ""
    for place, word in enumerate(words):
        pending += "st" if word == "saint" else word
        if word not in names.particles or place == len(words) - 1:
            parts.append(_mac(pending))
            pending = ""
    return tuple(parts)


def _mac(word: str) -> str:
    return f"mc{word[3:]}" if word.startswith("mac") and len(word) >= 6 else word


def family_fit(typed: Words, held: Words, names: Names) -> Fit:
    """How a family name fits, both as `family_parts` gives them."""
    if not typed or not held:
        return Fit(NO_FIT, Reason.FAMILY_DIFFERS)
    a, b = "".join(typed), "".join(held)
    if a == b:
        return SAME_NAME
    if len({*typed, *held}) == max(len(typed), len(held)) > 1:
        # Every part of the one is, whole, a part of the other: Smith for Smith-Jones.
        return Fit(1, Reason.PART_OF_NAME)
    if len(b) >= names.family_slip and slipped(a, b, names.slips):
        return Fit(2, Reason.SLIP)
    return Fit(NO_FIT, Reason.FAMILY_DIFFERS)


def given_fit(typed: Words, held: Words, names: Names) -> Fit:
    """How first names fit. Further names may be missing on either side, and spaces do not count."""
    if not typed or not held:
        return Fit(NO_FIT, Reason.GIVEN_DIFFERS)
    a, b = "".join(typed), "".join(held)
    if a in _beginnings(held) or b in _beginnings(typed):
        return SAME_NAME
    for one, other in ((typed[0], held[0]), (a, b)):
        fit = _one_given(one, other, names)
        if fit.cost < NO_FIT:
            rest = one == typed[0] and not _agree(typed[1:], held[1:], names)
            return Fit(4, Reason.MIDDLE_DIFFERS) if rest else fit
    crossed = [(typed[0], word) for word in held[1:]] + [(word, held[0]) for word in typed[1:]]
    if any(_one_given(x, y, names).plain for x, y in crossed if min(len(x), len(y)) > 2):
        return Fit(4, Reason.MIDDLE_NAME)
    return Fit(NO_FIT, Reason.GIVEN_DIFFERS)


def _beginnings(words: Words) -> set[str]:
    """The name by its first word, its first two, and so on, each run together."""
    return {"".join(words[:count]) for count in range(1, len(words) + 1)}


def _one_given(a: str, b: str, names: Names) -> Fit:
    if a == b:
        return SAME_NAME
    for group in names.groups.get(a, ()):
        if b in group.whole or (b in group.short and a in group.whole):
            return Fit(1, Reason.SHORT_FORM)
        if b in group.short:  # both short: Bill for Will
            return Fit(2, Reason.SHORT_FORM)
    both_exist = a in names.known and b in names.known
    # A first letter is seldom mistyped, and Jayden and Hayden are two people.
    like = a[:1] in b[:2] and b[:1] in a[:2] and not both_exist and not _ending(a, b)
    forgiven = len(b) >= names.first_slip and (like or names.slips > 1)
    if forgiven and slipped(a, b, names.slips):
        return Fit(2, Reason.SLIP)
    return Fit(NO_FIT, Reason.GIVEN_DIFFERS)


def _ending(a: str, b: str) -> bool:
    """True when only a last vowel tells them apart: Roberto and Roberta, a brother and a sister."""
    if len(a) == len(b):
        return a[:-1] == b[:-1] and a[-1] in _VOWELS and b[-1] in _VOWELS
    longer, shorter = (a, b) if len(a) > len(b) else (b, a)
    return longer[:-1] == shorter and longer[-1] in _VOWELS


def _agree(typed: Words, held: Words, names: Names) -> bool:
    """True when no further name speaks against another; an initial stands for its name."""
    return all(
        (a[0] == b[0] and 1 in (len(a), len(b))) or _one_given(a, b, names).cost < NO_FIT
        for a, b in zip(typed, held, strict=False)
    )


def slipped(a: str, b: str, most: int = 1) -> bool:
    """True when at most so many slips lie between: a letter wrong, missing, too many, or swapped
    with its neighbour (Damerau and Levenshtein's distance, no letter touched twice).
    """
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    a, b = a[start:], b[start:]
    if most == 0 or a == b or abs(len(a) - len(b)) > most:
        return a == b
    return (
        slipped(a[1:], b[1:], most - 1)
        or slipped(a[1:], b, most - 1)
        or slipped(a, b[1:], most - 1)
        or (a[:2] == b[1::-1] and slipped(a[2:], b[2:], most - 1))
    )


def is_named(names: Names, typed: tuple[str, str], known: tuple[str, str]) -> bool:
    """Say whether a proved name (first, family) is the one that something was made out to.

    Short forms will do, and a first name less; the family name is whole.
    """
    family = family_fit(
        family_parts(fold(typed[1]), names), family_parts(fold(known[1]), names), names
    )
    return family.plain and given_fit(fold(typed[0]), fold(known[0]), names).plain


def is_called(names: Names, typed: str, known: tuple[str, str]) -> bool:
    """The same for a name typed into one field, wherever in it the family name begins."""
    words = typed.split()
    return any(
        is_named(names, (" ".join(words[:at]), " ".join(words[at:])), known)
        for at in range(1, len(words))
    )
