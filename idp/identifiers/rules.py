"""The National Insurance number: read what a person typed, and show it again. Pure.

Source: `delegation.md` section 3 (HMRC's domain library, Nino.scala and NinoWithoutSuffix.scala).
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import product
from string import ascii_uppercase

FIRST_NEVER = frozenset("DFIQUV")
SECOND_NEVER = frozenset("DFIOQUV")
PREFIXES_NEVER = frozenset({"BG", "GB", "NK", "KN", "TN", "NT", "ZZ"})
PREFIXES = frozenset(
    first + second
    for first, second in product(ascii_uppercase, repeat=2)
    if first not in FIRST_NEVER
    and second not in SECOND_NEVER
    and first + second not in PREFIXES_NEVER
)
SUFFIXES = frozenset("ABCD")

# Nine characters, and room for somebody's own way of spacing them out.
TYPED_MAX_CHARACTERS = 40

# No \d and no IGNORECASE: they would let in full-width digits, the long s and the Kelvin sign.
_NUMBER = re.compile(r"([A-Z]{2})([0-9]{6})([A-Z]?)")
_TEMPORARY_REFERENCE = re.compile(r"[0-9]{2}[A-Z][0-9]{5}")


class Problem(StrEnum):
    """Why what was typed is not a National Insurance number; the value names a message."""

    EMPTY = "number-empty"
    SHAPE = "number-shape"
    PREFIX = "number-prefix"
    SUFFIX = "number-suffix"
    TEMPORARY_REFERENCE = "number-temporary-reference"


@dataclass(frozen=True, slots=True, repr=False)
class NationalInsuranceNumber:
    """A number in its canonical form. Made by `parse` only.

    `key` is the eight characters that tell people apart; `suffix` never does, so two numbers
    with the same key are equal. Shown masked unless `.formatted` is asked for by name: what
    reaches a log or a traceback by accident gives nobody away.
    """

    key: str
    suffix: str | None = field(default=None, compare=False)

    @property
    def canonical(self) -> str:
        """The number without spaces, as it is sealed and as a claim carries it: CS100700A."""
        return self.key + (self.suffix or "")

    @property
    def formatted(self) -> str:
        """The number for its owner's eyes, in pairs: CS 10 07 00 A."""
        return _in_pairs(self.key, self.suffix)

    @property
    def masked(self) -> str:
        """Enough for its owner to know it by, too little to look anybody up: •• •• •• 00 A."""
        return _in_pairs("•" * 6 + self.key[6:], self.suffix)

    def __repr__(self) -> str:
        return f"NationalInsuranceNumber({self.masked})"

    __str__ = __repr__


def parse(text: str) -> NationalInsuranceNumber | Problem:
    """Read a number as a person may type it: small letters, and spaces anywhere, are fine.

    Never raises. Only ASCII is read, and of white space only the space itself: a look-alike
    letter or digit is a mistake to be shown, not one to be guessed at. A temporary reference
    number (2 digits, a letter, 5 digits) is not a National Insurance number and has an answer
    of its own, for its owner must be told what to wait for.
    """
    if len(text) > TYPED_MAX_CHARACTERS or not text.isascii():
        return Problem.SHAPE
    typed = text.replace(" ", "").upper()
    if not typed:
        return Problem.EMPTY
    if _TEMPORARY_REFERENCE.fullmatch(typed):
        return Problem.TEMPORARY_REFERENCE
    match = _NUMBER.fullmatch(typed)
    if match is None:
        return Problem.SHAPE
    prefix, digits, suffix = match.groups()
    if prefix not in PREFIXES:
        return Problem.PREFIX
    if suffix and suffix not in SUFFIXES:
        return Problem.SUFFIX
    return NationalInsuranceNumber(prefix + digits, suffix or None)


def _in_pairs(key: str, suffix: str | None) -> str:
    pairs = [key[start : start + 2] for start in range(0, 8, 2)]
    return " ".join([*pairs, suffix] if suffix else pairs)
