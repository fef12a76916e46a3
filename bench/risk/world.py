"""A made-up year of sign-ins: people, their networks and devices. All random, from one seed.

As in risk-model.md section 2: 93 % live in the home country, the rest in 79 others with shares
that fall by a power law; 30 networks at home; 1 to 3 devices; browsers renewed each 28 to 42 days;
an address kept 5 to 200 days; 45 % of a phone's sign-ins through a mobile carrier, where each has
another address; 2 % from abroad; between 1.2 and 60 days from one to the next, 40 at most.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from idp.assurance.familiarity import Visit

DAYS = 365
HOME = "C00"
HOME_SHARE = 0.93
COUNTRIES = [HOME, *(f"C{number:02}" for number in range(1, 80))]
_ABROAD = [1 / number**1.1 for number in range(1, 80)]
COUNTRY_SHARES = [HOME_SHARE, *((1 - HOME_SHARE) * w / sum(_ABROAD) for w in _ABROAD)]
HOME_FIXED, HOME_MOBILE, AWAY_FIXED, AWAY_MOBILE = 26, 4, 4, 2
ADDRESSES = 5000
HOSTING_NETWORKS = 10
MOST_LOGINS = 40
ABROAD_SHARE = 0.02
CARRIER_SHARE = 0.45

_SYSTEMS = {
    "computer": (("Windows", 0.72), ("macOS", 0.22), ("Linux", 0.06)),
    "phone": (("Android", 0.5), ("iOS", 0.5)),
    "tablet": (("iOS", 0.7), ("Android", 0.3)),
}
_BROWSERS = {
    "Windows": (("Chrome", 0.65), ("Edge", 0.2), ("Firefox", 0.15)),
    "macOS": (("Safari", 0.5), ("Chrome", 0.4), ("Firefox", 0.1)),
    "Linux": (("Firefox", 0.5), ("Chrome", 0.5)),
    "Android": (("Chrome", 0.75), ("Samsung", 0.25)),
    "iOS": (("Safari", 0.85), ("Chrome", 0.15)),
}
_FAMILIES = ("Chrome", "Edge", "Firefox", "Safari", "Samsung")
_MODELS = 40


def _pick(rng: random.Random, weighted: tuple[tuple[str, float], ...]) -> str:
    names, weights = zip(*weighted, strict=True)
    return str(rng.choices(names, weights)[0])


def network_of(country: str, rng: random.Random, *, mobile: bool = False) -> str:
    """One of the networks or carriers of a country; the first ones have most people."""
    fixed, carriers = (HOME_FIXED, HOME_MOBILE) if country == HOME else (AWAY_FIXED, AWAY_MOBILE)
    kind, count = ("mobile", carriers) if mobile else ("fixed", fixed)
    ranks = range(1, count + 1)
    return f"{country} {kind} {rng.choices(ranks, [1 / rank for rank in ranks])[0]}"


@dataclass(slots=True)
class Device:
    """One device: its kind, system and browser, and when each of them moves on."""

    kind: str
    system: str
    major: int
    system_day: float
    browser: str
    lag: float
    model: str

    def chain(self, day: float, periods: dict[str, int]) -> tuple[str, str, str, str]:
        """What it says of itself on a day, coarse to fine."""
        major = self.major + (day >= self.system_day)
        version = 100 + int(max(0.0, day - self.lag + 60) // periods[self.browser])
        system, browser = f"{self.system} {major}", f"{self.browser} {version}"
        return (self.kind, system, browser, f"{self.model} {system} {browser}")


@dataclass(slots=True)
class Person:
    """One user: where, with what, how often; and the addresses they have at the moment."""

    ref: int
    country: str
    fixed: str
    carrier: str
    devices: list[Device]
    gap: float
    lease: float
    address: str = ""
    address_until: float = -1.0


@dataclass(frozen=True, slots=True)
class Login:
    """One true sign-in."""

    person: Person
    day: float
    visit: Visit


@dataclass(slots=True)
class World:
    """Everybody, and what they do. The same seed makes the same world."""

    seed: int
    users: int
    short_leases: bool = False  # addresses kept for a month in the middle, not three and a half
    rng: random.Random = field(init=False)
    periods: dict[str, int] = field(init=False)
    people: list[Person] = field(init=False)

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.periods = {family: self.rng.randint(28, 42) for family in _FAMILIES}
        self.people = [self._person(ref) for ref in range(self.users)]

    def _person(self, ref: int) -> Person:
        rng = self.rng
        country = rng.choices(COUNTRIES, COUNTRY_SHARES)[0]
        return Person(
            ref=ref,
            country=country,
            fixed=self.network(country),
            carrier=self.network(country, mobile=True),
            devices=[self._device() for _ in range(rng.choices((1, 2, 3), (0.4, 0.4, 0.2))[0])],
            gap=math.exp(rng.uniform(math.log(1.2), math.log(60))),
            lease=self._lease(),
        )

    def _lease(self) -> float:
        if self.short_leases:
            return math.exp(self.rng.uniform(math.log(5), math.log(200)))
        return self.rng.uniform(5, 200)

    def _device(self) -> Device:
        rng = self.rng
        kind = _pick(rng, (("computer", 0.45), ("phone", 0.48), ("tablet", 0.07)))
        system = _pick(rng, _SYSTEMS[kind])
        model = f"model {int(_MODELS * rng.random() ** 2)}" if system == "Android" else kind
        return Device(
            kind=kind,
            system=system,
            major=rng.choice((10, 11, 12)) if system == "Android" else rng.choice((10, 11)),
            system_day=rng.uniform(0, DAYS) if rng.random() < 0.6 else DAYS * 2,
            browser=_pick(rng, _BROWSERS[system]),
            lag=rng.uniform(0, 10),
            model=model,
        )

    def network(self, country: str, *, mobile: bool = False) -> str:
        """A network of a country, as its people have them."""
        return network_of(country, self.rng, mobile=mobile)

    def address(self, network: str) -> str:
        """Any address of a network."""
        return f"{network} {self.rng.randrange(ADDRESSES)}"

    def visit(self, person: Person, day: float) -> Visit:
        """What a sign-in of this person looks like on a day."""
        rng = self.rng
        device = person.devices[0] if rng.random() < 0.6 else rng.choice(person.devices)
        browser = device.chain(day, self.periods)
        if rng.random() < ABROAD_SHARE:
            country = rng.choice([name for name in COUNTRIES if name != person.country])
            network = self.network(country, mobile=rng.random() < 0.5)
            return Visit(network=(country, network, self.address(network)), browser=browser)
        if device.kind == "phone" and rng.random() < CARRIER_SHARE:
            address = self.address(person.carrier)
            return Visit(network=(person.country, person.carrier, address), browser=browser)
        if day >= person.address_until:
            person.address = self.address(person.fixed)
            person.address_until = day + rng.uniform(0.5, 1.5) * person.lease
        return Visit(network=(person.country, person.fixed, person.address), browser=browser)

    def logins(self) -> Iterator[Login]:
        """All sign-ins of the year in the order they happen."""
        rng = self.rng
        when: list[tuple[float, int]] = []
        for person in self.people:
            day = rng.uniform(0, max(person.gap, DAYS - MOST_LOGINS * person.gap))
            for _ in range(MOST_LOGINS):
                if day >= DAYS:
                    break
                when.append((day, person.ref))
                day += rng.expovariate(1 / person.gap)
        for day, ref in sorted(when):
            person = self.people[ref]
            yield Login(person=person, day=day, visit=self.visit(person, day))
