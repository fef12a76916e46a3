"""The numbers of businesses: of the company register, for tax, for VAT. Read what was typed. Pure.

Only ASCII is read, and of white space only the space itself, as for people's numbers. Sources:
Companies House, "Uniform Resource Identifiers for company numbers" (8 characters); HMRC's check of
the unique taxpayer reference (modulus 11) and of the VAT registration number (modulus 97, and the
same with 55 for numbers given out since 2009).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.identifiers.rules import TYPED_MAX_CHARACTERS

# Letters that stand before six digits: where and as what it is registered.
COMPANY_PREFIXES = frozenset({
    "AC", "CE", "CS", "EN", "ES", "FC", "FE", "GE", "GN", "GS", "IC", "IP", "LP", "NA", "NC", "NF",
    "NI", "NL", "NO", "NP", "NR", "NV", "NZ", "OC", "OE", "PC", "RC", "RS", "SA", "SC", "SE", "SF",
    "SG", "SI", "SL", "SO", "SP", "SR", "SZ", "ZC", "R0",
})  # fmt: skip
TAX_WEIGHTS = (6, 7, 8, 9, 10, 5, 4, 3, 2)
TAX_CHECKS = "21987654321"  # the first digit, by the remainder of the others
VAT_WEIGHTS = (8, 7, 6, 5, 4, 3, 2)
VAT_SINCE_2009 = 55

_DIGITS = re.compile(r"[0-9]{1,8}")
_PREFIXED = re.compile(r"([A-Z]{2}|R0)([0-9]{1,6})")
_TAX = re.compile(r"([0-9]{10})K?")
_VAT = re.compile(r"(?:GB|XI)?([0-9]{9})")


class NumberKind(StrEnum):
    """By which number a business is found; the value is the column's."""

    COMPANY = "company"
    TAX = "tax"
    VAT = "vat"


class BusinessProblem(StrEnum):
    """Why what was typed is not such a number; the value names a message."""

    EMPTY = "business-number-empty"
    COMPANY_SHAPE = "company-number-shape"
    COMPANY_PREFIX = "company-number-prefix"
    TAX_SHAPE = "tax-reference-shape"
    TAX_CHECK = "tax-reference-check"
    VAT_SHAPE = "vat-number-shape"
    VAT_CHECK = "vat-number-check"


@dataclass(frozen=True, slots=True, repr=False)
class BusinessNumber:
    """A number in its canonical form: 8 characters, 10 digits or 9. Made by `parse` only.

    Shown masked unless `.key` is asked for by name: a sole trader's is somebody's own.
    """

    kind: NumberKind
    key: str

    @property
    def masked(self) -> str:
        """Enough for its owner to know it by: ••••••78."""
        return "•" * (len(self.key) - 2) + self.key[-2:]

    def __repr__(self) -> str:
        return f"BusinessNumber({self.kind}, {self.masked})"

    __str__ = __repr__


def parse(kind: NumberKind, text: str) -> BusinessNumber | BusinessProblem:
    """Read a number as somebody may type it: small letters, and spaces anywhere, are fine.

    A company number gets the noughts that were left out. A tax reference may end in K, as forms
    print it; a VAT number may begin with GB or XI. Never raises.
    """
    if len(text) > TYPED_MAX_CHARACTERS or not text.isascii():
        return _SHAPES[kind]
    typed = text.replace(" ", "").upper()
    found = _READERS[kind](typed) if typed else BusinessProblem.EMPTY
    return found if isinstance(found, BusinessProblem) else BusinessNumber(kind, found)


def _company(typed: str) -> str | BusinessProblem:
    if _DIGITS.fullmatch(typed):
        number = typed.zfill(8)
        return number if int(number) else BusinessProblem.COMPANY_SHAPE
    match = _PREFIXED.fullmatch(typed)
    if match is None or not int(match[2]):
        return BusinessProblem.COMPANY_SHAPE
    if match[1] not in COMPANY_PREFIXES:
        return BusinessProblem.COMPANY_PREFIX
    return match[1] + match[2].zfill(6)


def _tax(typed: str) -> str | BusinessProblem:
    match = _TAX.fullmatch(typed)
    if match is None:
        return BusinessProblem.TAX_SHAPE
    number = match[1]
    return number if number[0] == tax_check(number[1:]) else BusinessProblem.TAX_CHECK


def _vat(typed: str) -> str | BusinessProblem:
    match = _VAT.fullmatch(typed)
    if match is None:
        return BusinessProblem.VAT_SHAPE
    number = match[1]
    return number if int(number[7:]) in vat_checks(number[:7]) else BusinessProblem.VAT_CHECK


def tax_check(nine: str) -> str:
    """The first digit of a unique taxpayer reference, worked out from the other nine."""
    return TAX_CHECKS[_weighed(nine, TAX_WEIGHTS) % 11]


def vat_checks(seven: str) -> tuple[int, int]:
    """The last two digits that a VAT number with these first seven may have, by either check.

    Each is 1 to 97.
    """
    total = _weighed(seven, VAT_WEIGHTS)
    return 97 - total % 97, 97 - (total + VAT_SINCE_2009) % 97


def _weighed(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))


_READERS: Mapping[NumberKind, Callable[[str], str | BusinessProblem]] = {
    NumberKind.COMPANY: _company, NumberKind.TAX: _tax, NumberKind.VAT: _vat,
}  # fmt: skip
_SHAPES = {
    NumberKind.COMPANY: BusinessProblem.COMPANY_SHAPE, NumberKind.TAX: BusinessProblem.TAX_SHAPE,
    NumberKind.VAT: BusinessProblem.VAT_SHAPE,
}  # fmt: skip
EXPLANATIONS: Mapping[str, str] = {
    BusinessProblem.EMPTY: "The number is missing.",
    BusinessProblem.COMPANY_SHAPE: "A company number has 8 digits, or 2 letters and 6 digits.",
    BusinessProblem.COMPANY_PREFIX: "No company number begins with these two letters.",
    BusinessProblem.TAX_SHAPE: "A unique taxpayer reference has 10 digits.",
    BusinessProblem.TAX_CHECK: "This is no unique taxpayer reference: a digit is wrong.",
    BusinessProblem.VAT_SHAPE: "A VAT number has 9 digits, with or without GB before them.",
    BusinessProblem.VAT_CHECK: "This is no VAT number: a digit is wrong.",
}
