"""Which numbers a file has had so far, in memory that does not grow with the file."""

NUMBERS_OF_A_PREFIX = 1_000_000


class SeenNumbers:
    """One bit a number: 125 kB for each of the 373 prefixes that occurs, 47 MB for all."""

    def __init__(self) -> None:
        self._bits: dict[str, bytearray] = {}

    def add(self, key: str) -> bool:
        """Remember a number by its eight characters; False when it was there already."""
        prefix, number = key[:2], int(key[2:])
        bits = self._bits.get(prefix)
        if bits is None:
            bits = self._bits[prefix] = bytearray(NUMBERS_OF_A_PREFIX // 8)
        place, bit = number >> 3, 1 << (number & 7)
        if bits[place] & bit:
            return False
        bits[place] |= bit
        return True
