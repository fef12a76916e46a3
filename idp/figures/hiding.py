"""Hide small counts, so that no figure speaks of a few people. Pure.

A count from 1 to 9 is hidden (None). So is a part whose rest is, and, where parts that add up to
a known whole are shown together, as many more as it takes that no hidden one can be worked out.
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

LEAST = 10

Key = TypeVar("Key", bound=Hashable)


def count(number: int) -> int | None:
    """Answer the number, or None where it is small."""
    return None if 0 < number < LEAST else number


def part(number: int, whole: int) -> int | None:
    """Answer a part of a whole that is shown too, or None where it or the rest is small."""
    return None if count(number) is None or count(whole - number) is None else number


def share(number: int, whole: int) -> float | None:
    """Answer a part as a share from 0 to 1; None where it may not be shown, or of nothing."""
    shown = part(number, whole)
    return None if shown is None or count(whole) is None or not whole else round(shown / whole, 4)


def parts(numbers: Mapping[Key, int]) -> dict[Key, int | None]:
    """Answer parts that make up a whole which is known.

    While what is hidden adds up to less than 10, the smallest part still shown is hidden too.
    """
    shown: dict[Key, int | None] = {key: count(number) for key, number in numbers.items()}
    while True:
        hidden = sum(number for key, number in numbers.items() if shown[key] is None)
        left = [key for key, number in shown.items() if number]
        if not 0 < hidden < LEAST or not left:
            return shown
        shown[min(left, key=lambda key: numbers[key])] = None
