"""Attackers who have the password, by how much they know of their victim."""

import random
from collections import defaultdict, deque
from collections.abc import Callable

from bench.risk.world import (
    ADDRESSES,
    COUNTRIES,
    COUNTRY_SHARES,
    HOSTING_NETWORKS,
    Person,
    World,
    network_of,
)
from idp.assurance.familiarity import Visit

RECENT = 2000

Chain = tuple[str | None, ...]


class Attackers:
    """They see which browsers are in use, as anybody can, and choose among them."""

    def __init__(self, world: World) -> None:
        """What they draw changes nothing in the world: their chance is their own."""
        self.world = world
        self.rng = random.Random(f"attackers {world.seed}")
        self._recent: deque[Chain] = deque(maxlen=RECENT)
        self._by_system: dict[str | None, deque[Chain]] = defaultdict(lambda: deque(maxlen=200))
        self.kinds: dict[str, Callable[[Person], Visit]] = {
            "naive": self.naive, "VPN": self.vpn, "targeted": self.targeted,
            "neighbour": self.neighbour,
        }  # fmt: skip

    def see(self, browser: Chain) -> None:
        """Note a browser in use."""
        self._recent.append(browser)
        self._by_system[browser[1]].append(browser)

    def naive(self, person: Person) -> Visit:
        """From anywhere, half of them a data centre, with a browser many people have."""
        even = self.rng.random() < 0.5
        country = self.rng.choices(COUNTRIES, None if even else COUNTRY_SHARES)[0]
        return Visit(network=self._network(country, hosting=0.5), browser=self._popular())

    def vpn(self, person: Person) -> Visit:
        """An address in the victim's country, half of them of a data centre; a popular browser."""
        return Visit(network=self._network(person.country, hosting=0.5), browser=self._popular())

    def targeted(self, person: Person) -> Visit:
        """A network or carrier of the victim's area, and a browser of the victim's family."""
        network = self._area(person.country, mobile=self.rng.random() < 0.3)
        return Visit(
            network=(person.country, network, self._address(network)), browser=self._family(person)
        )

    def neighbour(self, person: Person) -> Visit:
        """The same, always on the victim's very own network or carrier: harder than published."""
        network = person.fixed if self.rng.random() < 0.7 else person.carrier
        return Visit(
            network=(person.country, network, self._address(network)), browser=self._family(person)
        )

    def attack(self, kind: str, person: Person, day: float) -> Visit:
        """What an attack of this kind on this person looks like."""
        self._day = day
        return self.kinds[kind](person)

    def _family(self, person: Person) -> Chain:
        device = self.rng.choice(person.devices)
        known = self._by_system[device.chain(self._day, self.world.periods)[1]]
        return self.rng.choice(known) if known else self._popular()

    def _popular(self) -> Chain:
        return self.rng.choice(self._recent)

    def _network(self, country: str, *, hosting: float) -> Chain:
        if self.rng.random() < hosting:
            network = f"{country} hosting {self.rng.randrange(HOSTING_NETWORKS)}"
        else:
            network = self._area(country)
        return (country, network, self._address(network))

    def _area(self, country: str, *, mobile: bool = False) -> str:
        return network_of(country, self.rng, mobile=mobile)

    def _address(self, network: str) -> str:
        return f"{network} {self.rng.randrange(ADDRESSES)}"
