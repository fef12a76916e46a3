"""Make up a register, and know the truth about it: which records are the same human.

The same seed makes the same people, on any machine. Nobody in it is real. The numbers look like
real ones and are unique; addresses end in `example.test`, phone numbers are of the range that is
kept for films. Source for what goes wrong in real registers: `delegation.md` section 2.1.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import NamedTuple, TypeVar

from idp.identifiers.rules import PREFIXES
from idp.register.fictional_names import (
    FAMILY_NAMES,
    GIVEN_NAMES,
    LIKE_NAMES,
    PLACES,
    STREETS,
)
from idp.register.reading import Row

T = TypeVar("T")

# A household has ten neighbouring numbers to give: so twins get numbers that differ in a digit.
NUMBERS_OF_A_HOUSEHOLD = 10
MEMBERS_OF_A_HOUSEHOLD = 6
DUPLICATES_OF_A_HOUSEHOLD = NUMBERS_OF_A_HOUSEHOLD - MEMBERS_OF_A_HOUSEHOLD
_PREFIXES = sorted(PREFIXES)
HOUSEHOLDS = len(_PREFIXES) * 1_000_000 // NUMBERS_OF_A_HOUSEHOLD
MOST = HOUSEHOLDS
# Has no factor in common with `HOUSEHOLDS`: steps of it come to every household once.
_STEP = 23_456_789
TODAY = date(2026, 1, 1)  # fixed: what a seed makes must not depend on the day
ADULT_YEARS = 18


class Claimed(NamedTuple):
    """What this human would type today, right in fact, if not as the register spells it."""

    given_name: str
    family_name: str
    birth_date: date
    postal_code: str


class Fictional(NamedTuple):
    """A record, whose it is, and what is odd about it. Two records may be of one `human`."""

    row: Row
    human: int
    claim: Claimed
    quirks: tuple[str, ...]


class _Human(NamedTuple):
    """Somebody of a household, before any clerk wrote anything down."""

    given: str
    short: str
    family: str
    sex: str
    born: date
    before: str = ""  # earlier names, as the column has them
    quirks: tuple[str, ...] = ()


def people(seed: int, count: int) -> Iterator[Fictional]:
    """Make up `count` records, at most `MOST`, in the order of their households."""
    chance = Random(seed)  # noqa: S311 - nothing secret: the same seed has to make the same people
    household = chance.randrange(HOUSEHOLDS)
    while count > 0:
        household = (household + _STEP) % HOUSEHOLDS
        for one in _household(chance, household)[:count]:
            yield one
            count -= 1


def _household(chance: Random, place: int) -> list[Fictional]:
    random = chance.random
    street, (locality, area) = _pick(chance, STREETS), _pick(chance, PLACES)
    address = (f"{int(random() * 140) + 1} {street}", locality, "", _postcode(chance, area), "GB")
    found: list[Fictional] = []
    email = f"home{place}@example.test" if random() < 0.1 else ""
    for index, human in enumerate(_family(chance)):
        number = _number(chance, place, len(found))
        found.append(
            _record(chance, human, number, place * MEMBERS_OF_A_HOUSEHOLD + index, address, email)
        )
        if random() < 0.005 and len(found) < index + DUPLICATES_OF_A_HOUSEHOLD:
            found.append(_duplicate(chance, found[-1], _number(chance, place, len(found))))
    return found


def _family(chance: Random) -> list[_Human]:
    """One or two grown-ups, and children who may be twins or bear a parent's name."""
    random = chance.random
    family = _pick(chance, FAMILY_NAMES)
    first = _grown_up(chance, family)
    if random() < 0.35:
        return [first]
    members = [first, _grown_up(chance, family if random() < 0.7 else _pick(chance, FAMILY_NAMES))]
    youngest_parent = max(member.born for member in members)
    children = int(random() * 4)
    for _ in range(children):
        born = youngest_parent + timedelta(days=int(6600 + random() * 7000))
        if born > TODAY:
            break
        if random() < 0.03 and len(members) + 2 <= MEMBERS_OF_A_HOUSEHOLD:
            return [*members, *_twins(chance, family, born)]
        child = _child(chance, family, born)
        if random() < 0.03 and child.sex == first.sex:
            child = child._replace(given=first.given, short=first.short, quirks=("namesake",))
        members.append(child)
    return members


def _grown_up(chance: Random, family: str) -> _Human:
    random = chance.random
    given, short, sex = _pick(chance, GIVEN_NAMES)
    years = ADULT_YEARS + random() * 75
    human = _Human(given, short, family, sex, TODAY - timedelta(days=int(years * 365.25)))
    if random() < (0.5 if sex == "female" else 0.05):
        human = human._replace(before=_pick(chance, FAMILY_NAMES), quirks=("married",))
    elif random() < 0.01:
        before = f"{_pick(chance, GIVEN_NAMES)[0]}|{_pick(chance, FAMILY_NAMES)}"
        human = human._replace(before=before, quirks=("adopted",))
    if random() < 0.01:  # whoever came without papers was given the first of January
        human = human._replace(born=human.born.replace(month=1, day=1))
    return human


def _child(chance: Random, family: str, born: date) -> _Human:
    given, short, sex = _pick(chance, GIVEN_NAMES)
    return _Human(given, short, family, sex, born)


def _twins(chance: Random, family: str, born: date) -> list[_Human]:
    """Two children of one day; most of them with names that are easily taken for one another."""
    first, second = _child(chance, family, born), _child(chance, family, born)
    if chance.random() < 0.7:
        one, other = _pick(chance, LIKE_NAMES)
        first = first._replace(given=one, short=one)
        second = second._replace(given=other, short=other, sex=first.sex)
    elif second.given == first.given:
        second = second._replace(given=f"{first.given} Rose", short=f"{first.given} Rose")
    return [human._replace(quirks=("twin",)) for human in (first, second)]


def _record(
    chance: Random,
    human: _Human,
    number: str,
    ref: int,
    address: tuple[str, str, str, str, str],
    email: str,
) -> Fictional:
    """Write a human down as a clerk did, with what a clerk gets wrong."""
    random = chance.random
    quirks = list(human.quirks)
    given, family, born, postal_code = human.given, human.family, human.born, address[3]
    if random() < 0.02:
        quirks.append("misspelt")
        given, family = (given, _slip(chance, family)) if random() < 0.5 else (
            _slip(chance, given), family)  # fmt: skip
    if born.day <= 12 and born.day != born.month and random() < 0.003:
        quirks.append("day-and-month")
        born = born.replace(month=born.day, day=born.month)
    if random() < 0.08:
        quirks.append("old-address")
        locality, area = _pick(chance, PLACES)
        street = f"{int(random() * 140) + 1} {_pick(chance, STREETS)}"
        address = (street, locality, "", _postcode(chance, area), "GB")
    status, died_on = "active", ""
    age_days = (TODAY - human.born).days
    if random() < age_days / 365.25 * 0.0015:
        quirks.append("dead")
        status = "dead"
        died_on = (TODAY - timedelta(days=int(random() * min(age_days, 3000)))).isoformat()
    phone, mail = "", email
    if random() < 0.4:
        quirks.append("no-contact")
        mail = ""
    else:
        mail = mail or f"{_plain(given)}.{_plain(family)}.{ref % 100_000}@example.test"
        phone = f"07700 900{int(random() * 1000):03d}" if random() < 0.7 else ""
    row = Row(
        number, given, family, born.isoformat(), human.sex, human.before, *address, mail, phone,
        status, died_on,
    )  # fmt: skip
    claim = _claimed(chance, human, postal_code, quirks)
    return Fictional(row, ref, claim, tuple(quirks))


def _claimed(chance: Random, human: _Human, postal_code: str, quirks: list[str]) -> Claimed:
    """Say what the human types: short forms, the name of before, no accents or apostrophes."""
    random = chance.random
    given, family = human.given, human.family
    if random() < 0.1 and human.short != given:
        quirks.append("short-form")
        given = human.short
    if "married" in human.quirks and random() < 0.05:
        quirks.append("name-of-before")
        family = human.before
    if random() < 0.3 and not f"{given}{family}".isalpha():
        quirks.append("loosely-spelt")
        divider = "" if random() < 0.5 else " "
        family = family.replace("'", divider).replace("-", " ")
    return Claimed(given, family, human.born, postal_code)


def _duplicate(chance: Random, one: Fictional, number: str) -> Fictional:
    """Write the same human down once more under another number; a half of them are known of."""
    known = chance.random() < 0.5
    row = one.row._replace(number=number, email="", phone="")
    if known and not row.died_on:
        row = row._replace(status="duplicate")
    if chance.random() < 0.3:
        row = row._replace(family_name=_slip(chance, row.family_name))
    return one._replace(row=row, quirks=(*one.quirks, "duplicate"))


def _number(chance: Random, place: int, index: int) -> str:
    prefix, digits = divmod(place * NUMBERS_OF_A_HOUSEHOLD + index, 1_000_000)
    return f"{_PREFIXES[prefix]}{digits:06d}{'ABCD'[int(chance.random() * 4)]}"


def _slip(chance: Random, name: str) -> str:
    """Misspell a name: two letters change places, one is doubled, or one is left out."""
    at = 1 + int(chance.random() * (len(name) - 1))
    kind = int(chance.random() * 3)
    if kind == 0 and at + 1 < len(name):
        return name[:at] + name[at + 1] + name[at] + name[at + 2 :]
    if kind == 1 or len(name) < 4:
        return name[:at] + name[at - 1 : at].lower() + name[at:]
    return (name[:at] + name[at + 1 :]).strip()


def _postcode(chance: Random, area: str) -> str:
    random = chance.random
    letters = "ABDEFGHJLNPQRSTUWXYZ"
    return (
        f"{area}{int(random() * 30) + 1} {int(random() * 10)}"
        f"{letters[int(random() * 20)]}{letters[int(random() * 20)]}"
    )


def _plain(name: str) -> str:
    """Write a name as an e-mail address may hold it."""
    if name.isascii() and name.isalpha():
        return name.lower()
    plain = unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode()
    return "".join(letter for letter in plain if letter.isalpha()).lower() or "x"


def _pick(chance: Random, choices: Sequence[T]) -> T:
    return choices[int(chance.random() * len(choices))]
