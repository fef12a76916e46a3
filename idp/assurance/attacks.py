"""Addresses that attacks were seen to come from, and how much likelier an attacker has them.

A list that an operator chooses: one network a line ("203.0.113.0/24"), and after it how many times
likelier an attacker than an owner signs in from there. Nobody is shut out for being on it: it is
one signal among others, and never speaks for anybody.
"""

from collections.abc import Iterable
from ipaddress import ip_network
from pathlib import Path

from idp.assurance.networks import LONGEST_LINE, parse

USUAL_RATIO = 10.0  # where a line names none
MOST_RATIO = 1e6
MOST_NETWORKS = 2_000_000


class Attacks:
    """The list in memory. Without one no address is on it."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """Read the lines. Those that cannot be understood are passed over and counted."""
        self._ratios: dict[tuple[int, int], dict[int, float]] = {}
        self.passed_over = 0
        for number, line in enumerate(lines):
            told = line.partition("#")[0].split()
            if told and (number >= MOST_NETWORKS or not self._add(told, len(line))):
                self.passed_over += 1

    def _add(self, told: list[str], length: int) -> bool:
        try:
            network = ip_network(told[0], strict=False)
            ratio = float(told[1]) if len(told) > 1 else USUAL_RATIO
        except ValueError:
            return False
        if length > LONGEST_LINE or not 1 <= ratio <= MOST_RATIO:
            return False
        kept = self._ratios.setdefault((network.version, network.prefixlen), {})
        start = int(network.network_address)
        kept[start] = max(ratio, kept.get(start, 1.0))
        return True

    def ratio(self, text: str) -> float:
        """How many times likelier an attacker has the address written in `text`: 1 for one that
        is on no list, or is no address. Never raises."""
        address = parse(text)
        if address is None:
            return 1.0
        found = [1.0]
        for (version, length), kept in self._ratios.items():
            if version == address.version:
                rest = address.max_prefixlen - length
                found.append(kept.get(int(address) >> rest << rest, 1.0))
        return max(found)


def load(path: Path | None) -> Attacks:
    """Read the list of the setting IDP_ATTACK_ADDRESSES; an empty one where there is none.

    Raises OSError when the file cannot be read.
    """
    if path is None:
        return Attacks()
    with path.open(encoding="utf-8", errors="replace") as lines:
        return Attacks(lines)
