"""How sure a share is that was counted, and a difference of two. Pure.

Sources: E. B. Wilson (1927), the score interval; R. G. Newcombe (1998), "Interval estimation for
the difference between independent proportions", method 10. Both hold for small counts and for
shares of 0 and 1, where the textbook interval does not.
"""

from math import sqrt

Z95 = 1.959964  # two-sided 95 %


def wilson(part: int, whole: int, z: float = Z95) -> tuple[float, float]:
    """Answer between what shares the true one lies, where `part` of `whole` were seen.

    Nothing seen says nothing: (0, 1). Raises ValueError when `part` is no part of `whole`.
    """
    if not 0 <= part <= whole:
        raise ValueError(f"{part} is no part of {whole}")
    if whole == 0:
        return 0.0, 1.0
    share, square = part / whole, z * z
    middle = share + square / (2 * whole)
    spread = z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    below = 0.0 if part == 0 else (middle - spread) / (1 + square / whole)
    above = 1.0 if part == whole else (middle + spread) / (1 + square / whole)
    return max(below, 0.0), min(above, 1.0)


def newcombe(one: tuple[int, int], other: tuple[int, int]) -> tuple[float, float, float]:
    """Answer the difference of two shares, each (part, whole), and between what it lies.

    Raises ValueError where one of them was counted over nothing.
    """
    if not one[1] or not other[1]:
        raise ValueError("a share of nothing has no difference from another")
    first, second = one[0] / one[1], other[0] / other[1]
    low_1, high_1 = wilson(*one)
    low_2, high_2 = wilson(*other)
    difference = first - second
    below = difference - sqrt((first - low_1) ** 2 + (high_2 - second) ** 2)
    above = difference + sqrt((high_1 - first) ** 2 + (second - low_2) ** 2)
    return difference, below, above
