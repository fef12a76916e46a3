"""How often the names rules take the right person, and the wrong one, on a made-up register.

`python -m bench.matching` prints the table of docs/risk-owner.md. Right people come with the errors
people make; impostors with their own facts, or some of somebody else's, beside that one's number.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from random import Random
from typing import NamedTuple

import click

from idp.assurance.policy import load_policies
from idp.policy.files import packaged_directory
from idp.register import fictional_names
from idp.register.generating import MEMBERS_OF_A_HOUSEHOLD, TODAY, Fictional, people
from idp.register.matching import Claim, Verdict, match
from idp.register.names import Names, fold
from idp.register.reading import COLUMNS, PersonRow, RowReader
from idp.register.rules import PersonFacts, Status

SHORT = {given: short for given, short, _ in fictional_names.GIVEN_NAMES if short != given}
GIVENS = [given for given, _, _ in fictional_names.GIVEN_NAMES]
WHOLE = {short: given for given, short in SHORT.items()}
LETTERS = "abcdefghijklmnoprstuvwy"
POLICIES_ON = date(2026, 12, 1)  # when those that come with it had been signed


class Try(NamedTuple):
    """A claim typed beside somebody's number: of which kind, what is typed, whose number."""

    kind: str
    claim: Claim
    target: int


@dataclass(frozen=True)
class World:
    """A register with the truth about it. `facts` and `truth` go by place."""

    facts: Sequence[PersonFacts]
    truth: Sequence[Fictional]
    numbers: Mapping[str, int]
    born: Mapping[date, Sequence[PersonFacts]]
    names: Names

    def others(self, place: int) -> list[PersonFacts]:
        """Whom the register would name beside this person: born that day, or the day turned."""
        person = self.facts[place]
        days = dict.fromkeys((person.birth_date, turned(person.birth_date)))
        return [other for day in days for other in self.born.get(day, ()) if other is not person]

    def verdict(self, tried: Try) -> Verdict:
        """What the rules say."""
        person = self.facts[tried.target]
        return match(tried.claim, person, self.others(tried.target), self.names).verdict

    def open(self, place: int) -> bool:
        """True for the record of somebody alive that is not known to be kept twice."""
        return self.facts[place].status is Status.ACTIVE


def make_world(seed: int, count: int) -> World:
    """Make up a register of `count` records, read as `idp register import` reads it."""
    reader = RowReader(COLUMNS, TODAY)
    policies = load_policies(packaged_directory(), POLICIES_ON)
    facts: list[PersonFacts] = []
    truth: list[Fictional] = []
    numbers: dict[str, int] = {}
    born: dict[date, list[PersonFacts]] = defaultdict(list)
    for one in people(seed, count):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(one.row)
        row = reader.read(line.getvalue().encode())
        assert isinstance(row, PersonRow), row
        person = PersonFacts(
            ref=row.key, given_name=row.given_name, family_name=row.family_name,
            birth_date=row.birth_date, sex=row.sex, address=row.address, died_on=row.died_on,
            status=row.status or Status.ACTIVE, earlier_names=row.earlier_names,
        )  # fmt: skip
        numbers[row.key] = len(facts)
        facts.append(person)
        truth.append(one)
        born[person.birth_date].append(person)
    return World(facts, truth, numbers, born, policies.names)


def turned(day: date) -> date:
    """The day with day and month the other way round, where there is such a day."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


def slip(chance: Random, name: str) -> str:
    """One slip anywhere in a name: a letter wrong, lost or too many, or two swapped."""
    at = chance.randrange(len(name))
    kind = chance.randrange(4)
    if kind == 0:
        return name[:at] + chance.choice(LETTERS) + name[at + 1 :]
    if kind == 1:
        return name[:at] + name[at + 1 :]
    if kind == 2:
        return name[:at] + chance.choice(LETTERS) + name[at:]
    return name[:at] + name[at : at + 2][::-1] + name[at + 2 :]


def right_tries(world: World, chance: Random) -> Iterator[Try]:
    """Everybody at their own number, once with each error that is possible with their name."""
    for place, one in enumerate(world.truth):
        if not world.open(place):
            continue
        typed = Claim(
            given_name=one.claim.given_name, family_name=one.claim.family_name,
            birth_date=one.claim.birth_date, postcode=one.claim.postal_code,
        )  # fmt: skip
        yield Try("as made-up people type it, all errors mixed", typed, place)
        if "misspelt" in one.quirks:
            yield Try("the register's own spelling is wrong", typed, place)
        if "twin" in one.quirks:
            yield Try("a twin, exactly", plain(one), place)
        if not {"misspelt", "day-and-month"} & set(one.quirks):
            for kind, claim in planted(world.facts[place], plain(one), chance):
                yield Try(kind, claim, place)


def plain(one: Fictional) -> Claim:
    """What the register says, typed exactly."""
    return Claim(
        given_name=one.row.given_name, family_name=one.row.family_name,
        birth_date=one.claim.birth_date, postcode=one.claim.postal_code,
    )  # fmt: skip


def planted(person: PersonFacts, exact: Claim, chance: Random) -> Iterator[tuple[str, Claim]]:
    """One claim for each kind of error that this person's name allows."""
    given, family = exact.given_name, exact.family_name
    yield "exactly as in the register", exact
    yield "an old address", replace(exact, postcode="ZZ1 1ZZ")
    yield "in capitals", replace(exact, given_name=given.upper(), family_name=family.upper())
    yield (
        "first and family name in each other's box",
        replace(exact, given_name=family, family_name=given),
    )
    yield "a further first name added", replace(exact, given_name=f"{given} Hilary")
    yield "one slip in the first name", replace(exact, given_name=slip(chance, given))
    yield "one slip in the family name", replace(exact, family_name=slip(chance, family))
    if given in SHORT:
        yield "a short form or other spelling", replace(exact, given_name=SHORT[given])
    for earlier in person.earlier_names:
        yield (
            "a maiden or other earlier name",
            replace(exact, given_name=earlier.given_name, family_name=earlier.family_name),
        )
    loose = family.replace("'", chance.choice(["", " ", "’"])).replace("-", " ")
    loose = loose if loose != family else family.replace(" ", "")
    if loose != family:
        yield "without apostrophe, hyphen or space", replace(exact, family_name=loose)
    if not f"{given}{family}".isascii():
        bare = [" ".join(fold(name)) for name in (given, family)]
        yield "without accents", replace(exact, given_name=bare[0], family_name=bare[1])
    if "-" in family:
        yield "one half of a double name", replace(exact, family_name=family.split("-")[0])


def wrong_tries(world: World, chance: Random) -> Iterator[Try]:
    """People at somebody else's number, with facts of their own or with the other's birthday."""
    for place, one in enumerate(world.truth):
        if not world.open(place):
            continue
        for other in household(world, place):
            yield from at_number_of(one, world.truth[other], place, chance)
        for other in near_numbers(world, place, chance):
            exact = plain(world.truth[other])
            yield Try("somebody who mistyped one figure of the number", exact, place)
        stranger = world.truth[chance.randrange(len(world.truth))]
        if stranger.claim.birth_date != one.claim.birth_date:
            claim = replace(plain(one), birth_date=stranger.claim.birth_date)
            if claim.birth_date != world.facts[place].birth_date:
                yield Try("the same name, another date of birth", claim, place)
        for earlier in world.facts[place].earlier_names if "adopted" in one.quirks else ():
            for given in chance.sample(GIVENS, 5):
                if given not in (earlier.given_name, one.row.given_name):
                    claim = replace(plain(one), given_name=given, family_name=earlier.family_name)
                    yield Try("a twin of somebody adopted, under the first name", claim, place)


def household(world: World, place: int) -> Iterator[int]:
    """The records of other humans of the same household."""
    home = world.truth[place].human // MEMBERS_OF_A_HOUSEHOLD
    for step in (-1, 1):
        at = place + step
        while (
            0 <= at < len(world.truth) and world.truth[at].human // MEMBERS_OF_A_HOUSEHOLD == home
        ):
            if world.truth[at].human != world.truth[place].human:
                yield at
            at += step


def at_number_of(one: Fictional, other: Fictional, place: int, chance: Random) -> Iterator[Try]:
    """What `other`, of the same household, may type at the number of `one`."""
    own = plain(other)
    twin = own.birth_date == one.claim.birth_date
    same_name = like(other, one) or own.given_name in one.row.earlier_names
    kind = "a twin" if twin else "a parent or child of the same name" if same_name else (
        "a sister, brother or housemate")  # fmt: skip
    given, family = own.given_name, own.family_name
    typed = replace(own, given_name=other.claim.given_name, family_name=other.claim.family_name)
    short = replace(own, given_name=SHORT.get(given, given))
    for claim in (
        own,
        typed,
        short,
        replace(own, given_name=slip(chance, given)),
        replace(own, family_name=slip(chance, family)),
        replace(own, given_name=family, family_name=given),
    ):
        # A slip that happens to make the other's name is no claim of one's own any more.
        if fold(claim.given_name) != fold(one.row.given_name) or not twin:
            yield Try(kind, claim, place)
    if not twin and not same_name:
        known = replace(own, birth_date=one.claim.birth_date, family_name=one.row.family_name)
        yield Try(
            "a housemate of another first name, but that family name and birthday", known, place
        )


def near_numbers(world: World, place: int, chance: Random) -> Iterator[int]:
    """The records whose number differs from this one's in one figure."""
    key = world.facts[place].ref
    for at in range(2, 8):
        figure = chance.choice([f for f in "0123456789" if f != key[at]])
        other = world.numbers.get(key[:at] + figure + key[at + 1 :])
        if other is not None and world.truth[other].human != world.truth[place].human:
            yield other


def like(a: Fictional, b: Fictional) -> bool:
    """True for people of one first name, whatever a clerk made of it and whatever they are called.

    Told from the generator's own names, not by the rules that are measured.
    """
    first, second = (
        {" ".join(fold(name)) for given in (x.row.given_name, x.claim.given_name)
         for name in (given, SHORT.get(given, given), WHOLE.get(given, given))}
        for x in (a, b)
    )  # fmt: skip
    return bool(first & second)


def count(world: World, tries: Iterator[Try]) -> dict[str, Counter[Verdict]]:
    """The verdicts by kind of try, in the order in which the kinds first come."""
    found: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for tried in tries:
        found[tried.kind][world.verdict(tried)] += 1
    return dict(found)


def table(head: str, counts: Mapping[str, Counter[Verdict]]) -> str:
    """The rows of a Markdown table: how many were tried, and the share of each verdict."""
    lines = [f"| {head} | tried | taken | unclear | refused |", "|---|---|---|---|---|"]
    for kind, verdicts in counts.items():
        tried = verdicts.total()
        unclear = verdicts[Verdict.UNCLEAR] / tried
        taken = verdicts[Verdict.SAME] / tried
        refused = (verdicts[Verdict.DIFFERENT] + verdicts[Verdict.CLOSED]) / tried
        lines.append(f"| {kind} | {tried:,} | {taken:.2%} | {unclear:.2%} | {refused:.2%} |")
    return "\n".join(lines)


@click.command()
@click.option("--people", "size", default=100_000, show_default=True, help="Records to make up.")
@click.option("--seed", default=45, show_default=True)
def main(size: int, seed: int) -> None:
    """Print how often the rules take the right person and the wrong one."""
    world, chance = make_world(seed, size), Random(seed)
    print(table("the right person", count(world, right_tries(world, chance))))
    print()
    print(table("somebody else", count(world, wrong_tries(world, chance))))


if __name__ == "__main__":
    main()
