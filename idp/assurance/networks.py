"""From an address to its country and network, by a table on this machine: nobody is asked.

The table is tab-separated: first address, last address, number of the autonomous system, country
of two letters, name; the form in which such tables are published (iptoasn.com and others). An
optional sixth column "hosting" marks data centres; without it the name is looked at.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from idp.assurance.familiarity import Levels

LONGEST_ADDRESS = 64
LONGEST_LINE = 1000
MOST_RANGES = 5_000_000
HOSTING = "hosting"
HOUSEHOLD_BITS = 64  # of an IPv6 address: the rest changes by itself, each day on many systems
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_HOSTING_NAME = re.compile(
    r"hosting|cloud|data ?cent|server|colo|vps\b|vpn|\btor\b|amazon|digitalocean|linode|hetzner"
    r"|\bovh|vultr|leaseweb|anonym",
    re.IGNORECASE,
)

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Network:
    """Where an address belongs, as far as the table knows. `kind` is "hosting" or None."""

    country: str | None = None
    asn: str | None = None
    kind: str | None = None


UNKNOWN = Network()


@dataclass(slots=True)
class _Ranges:
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    networks: list[Network] = field(default_factory=list)

    def sort(self) -> None:
        order = sorted(range(len(self.starts)), key=self.starts.__getitem__)
        self.starts = [self.starts[n] for n in order]
        self.ends = [self.ends[n] for n in order]
        self.networks = [self.networks[n] for n in order]


class Networks:
    """The table in memory. Without one, every address is unknown and only itself counts."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        """Read the lines. Those that cannot be understood are passed over and counted."""
        self._ranges = {4: _Ranges(), 6: _Ranges()}
        self._seen: dict[Network, Network] = {}
        self.passed_over = 0
        for number, line in enumerate(lines):
            if number >= MOST_RANGES or not self._add(line):
                self.passed_over += 1
        for ranges in self._ranges.values():
            ranges.sort()

    def __len__(self) -> int:
        """How many ranges were understood."""
        return sum(len(ranges.starts) for ranges in self._ranges.values())

    def _add(self, line: str) -> bool:
        parts = line.rstrip("\r\n").split("\t") if len(line) <= LONGEST_LINE else []
        if len(parts) < 4:
            return False
        start, end = parse(parts[0]), parse(parts[1])
        if start is None or end is None or start.version != end.version or int(end) < int(start):
            return False
        number, country = parts[2].strip().removeprefix("AS"), parts[3].strip().upper()
        name = parts[4] if len(parts) > 4 else ""
        marked = len(parts) > 5 and parts[5].strip().lower() == HOSTING
        network = Network(
            country=country if _COUNTRY.fullmatch(country) else None,
            asn=number if number.isascii() and number.isdigit() and int(number) else None,
            kind=HOSTING if marked or _HOSTING_NAME.search(name) else None,
        )
        ranges = self._ranges[start.version]
        ranges.starts.append(int(start))
        ranges.ends.append(int(end))
        ranges.networks.append(self._seen.setdefault(network, network))
        return True

    def find(self, text: str) -> Network:
        """Where the address written in `text` belongs; UNKNOWN for anything else. Never raises."""
        address = parse(text)
        return UNKNOWN if address is None else self._find(address)

    def _find(self, address: Address) -> Network:
        ranges = self._ranges[address.version]
        place = bisect_right(ranges.starts, int(address)) - 1
        if place < 0 or int(address) > ranges.ends[place]:
            return UNKNOWN
        return ranges.networks[place]

    def levels(self, text: str) -> Levels:
        """The network chain of a visit: country, network, address. Never raises.

        Of an IPv6 address the part that stays with a household counts.
        """
        address = parse(text)
        if address is None:
            return (None, None, None)
        found = self._find(address)
        return (found.country, found.asn, _household(address))


def parse(text: str) -> Address | None:
    """The address written in `text`, IPv4 in its own form; None for anything else."""
    if not isinstance(text, str) or len(text) > LONGEST_ADDRESS:
        return None
    try:
        address = ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _household(address: Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    rest = 128 - HOUSEHOLD_BITS
    return f"{IPv6Address(int(address) >> rest << rest)}/{HOUSEHOLD_BITS}"


def load(path: Path | None) -> Networks:
    """Read the table of the setting IDP_NETWORKS; an empty one where there is none.

    Raises OSError when the file cannot be read. Bytes that are no text make their line unknown.
    """
    if path is None:
        return Networks()
    with path.open(encoding="utf-8", errors="replace") as lines:
        return Networks(lines)
