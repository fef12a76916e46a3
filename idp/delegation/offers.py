"""What is asked for, and the words people agree to. Pure but for the language of the words.

A permission names services, powers at each, and a term: so many days from the answer, until a day,
or without an end where every service of it allows that.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Protocol

from idp.cells import line, plain
from idp.delegation.lifecycle import end_of, last_day, term_problem
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register.names import fold
from idp.words import gettext as _
from idp.words import ngettext

OPEN_ENDED, ONCE = "open", "once"
ONCE_WITHIN_DAYS = 31
MOST_ROWS = 5_000
COLUMNS = (
    "given_name", "family_name", "national_insurance_number", "birth_date", "postcode", "email",
)  # fmt: skip
LONGEST_CELL = 254


class Catalogue(Protocol):
    """What a service lets others do: an entry of powers.toml."""

    exclusive: bool
    open_ended: bool
    single_use: bool
    longest_days: int

    @property
    def realm(self) -> str:
        """What it never mixes with another (I21)."""

    def says(self, powers: tuple[str, ...] | list[str] | frozenset[str]) -> list[str]:
        """The words for these powers."""

    def unknown(self, powers: tuple[str, ...] | list[str] | frozenset[str]) -> list[str]:
        """Those that the service does not have."""


class Problem(StrEnum):
    """What is wrong with what was asked for."""

    NOTHING = "nothing-chosen"
    UNKNOWN = "service-or-power-unknown"
    TERM = "term-missing"
    SHORT = "term-too-short"
    LONG = "term-too-long"
    END = "term-needs-end"
    ONCE = "not-for-one-visit"
    REALMS = "realms-mixed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long: `days` from the answer, or `until` a moment. Neither: open-ended. `once`: for one
    visit within that time."""

    days: int | None = None
    until: datetime | None = None
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked for: powers by service, and for how long."""

    services: Mapping[str, tuple[str, ...]]
    term: Term


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """One service in words: its name, what can be done there, whether by one helper only, and how
    often the helper may pass it on if the principal lets them."""

    service: str
    says: tuple[str, ...]
    exclusive: bool
    passes_on: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What an inviter says of somebody: a number, a name, and a day of birth or a postcode."""

    number: NationalInsuranceNumber
    given_name: str
    family_name: str
    birth_date: date | None
    postcode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list: a name, and the facts or the address by which they are asked.

    Neither: they are asked on paper.
    """

    given_name: str
    family_name: str
    facts: Facts | None
    email: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A line of a list that nobody can be asked by: which, as it was, and why as a code."""

    line: int
    text: str
    why: str


def read_asked(
    catalogue: Mapping[str, Catalogue],
    chosen: Mapping[str, Sequence[str]],
    *,
    days: str,
    until: date | None,
    today: date,
) -> Asked | Problem:
    """Read what somebody chose. `days` is a number, `OPEN_ENDED` or `ONCE`; `until` goes before it
    and names the last day. The whole is refused for one thing that is wrong."""
    services = {service: tuple(sorted(set(powers))) for service, powers in chosen.items() if powers}
    if not services:
        return Problem.NOTHING
    if any(one not in catalogue or catalogue[one].unknown(p) for one, p in services.items()):
        return Problem.UNKNOWN
    if len({catalogue[one].realm for one in services}) > 1:
        return Problem.REALMS  # I21: health needs a permission of its own
    if until is not None:
        count: int | None = (until - today).days + 1
        term = Term(until=end_of(until))
    elif days == OPEN_ENDED:
        count, term = None, Term()
    elif days == ONCE:
        if not all(catalogue[service].single_use for service in services):
            return Problem.ONCE
        count, term = ONCE_WITHIN_DAYS, Term(days=ONCE_WITHIN_DAYS, once=True)
    elif days.isascii() and days.isdigit() and len(days) <= 4:
        count, term = int(days), Term(days=int(days))
    else:
        return Problem.TERM
    for service in services:
        entry = catalogue[service]
        wrong = term_problem(count, longest=entry.longest_days, open_ended=entry.open_ended)
        if wrong is not None:
            return Problem(wrong)
    return Asked(services=services, term=term)


def words(
    principal: str,
    delegate: str,
    places: Sequence[At],
    term: Term,
    shown: Callable[[date], str] = date.isoformat,
) -> tuple[str, ...]:
    """The words that both sides see and one agrees to, a sentence each.

    Names are as we know them; one that somebody typed is shown as typed until it was proved.
    `shown` writes a day in the reader's language.
    """
    said = [_("%(principal)s lets %(delegate)s do this for them.",
              principal=principal, delegate=delegate)]  # fmt: skip
    for place in places:
        said += [
            _("At %(service)s they can %(what)s.", service=place.service, what=what)
            for what in place.says
        ]
        if place.exclusive:
            said.append(
                _("At %(service)s there is only one such helper. Whoever it is now stops.",
                  service=place.service)
            )  # fmt: skip
        if place.passes_on:
            said.append(_("Only if you tick it: %(what)s", what=passing_words(delegate, place)))
    if term.once:
        said.append(_("It is for one visit only, within %(num)d days.", num=term.days))
    elif term.until is not None:
        said.append(_("The last day is %(day)s.", day=shown(last_day(term.until))))
    elif term.days is not None:
        said.append(
            ngettext("It lasts %(num)d day from the yes.", "It lasts %(num)d days from the yes.",
                     term.days)
        )  # fmt: skip
    else:
        said.append(_("It has no end. We ask every year if it is still right."))
    said.append(_("%(principal)s can end it at any time.", principal=principal))
    return tuple(said)


def passing_words(delegate: str, place: At) -> str:
    """What the principal lets the helper do who may pass a permission on at this service."""
    named = {"delegate": delegate, "service": place.service}
    if place.passes_on > 1:
        return _("%(delegate)s may let another organisation do a part of it at %(service)s, and "
                 "that one may let a third.", **named)  # fmt: skip
    return _("%(delegate)s may let another organisation do a part of it at %(service)s.", **named)


def hash_of(said: Sequence[str]) -> str:
    """SHA-256 over the words, one sentence a line, in UTF-8."""
    return sha256("\n".join(said).encode()).hexdigest()


def is_name(typed: str) -> bool:
    """Say whether a name that somebody typed can stand in words that others agree to: it has
    letters, and nothing in it that is not seen or that turns the words round it about."""
    return typed.isprintable() and fold(typed) != ()


def are_facts_of(facts: Facts, *, given: str, family: str, birth_date: date, postcode: str) -> bool:
    """Say whether facts are those of a record: exactly, once both are brought to one form.

    Nothing is looked for inside another (delegation.md 2.1 (v)), and every part is compared
    whatever another says, so that the time tells nothing (I14). A fact that was left out is none.
    """
    born = facts.birth_date == birth_date
    at_home = plain_postcode(facts.postcode) == plain_postcode(postcode) != ""
    first = fold(facts.given_name) == fold(given)
    last = fold(facts.family_name) == fold(family) != ()
    second = (facts.birth_date is None or born) & (not facts.postcode or at_home)
    return first & last & second & (facts.birth_date is not None or facts.postcode != "")


def plain_postcode(text: str) -> str:
    """A postcode in capitals, without white space."""
    return "".join(text.split()).upper()


def read_list(
    text: str, read_email: Callable[[str], str | None]
) -> tuple[list[Line], list[Rejected]]:
    """Read a list of people to ask: CSV with the header `COLUMNS`, in any order.

    `read_email` brings an address to its one form. A line is rejected by what it says alone:
    nothing is looked up, so a rejection says nothing about anybody. Never raises.
    """
    lines: list[Line] = []
    rejected: list[Rejected] = []
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff").replace("\0", "")))
    try:
        header = [cell.strip().lower() for cell in next(reader, [])]
        if not {"given_name", "family_name"} <= set(header) <= set(COLUMNS):
            return [], [Rejected(1, line(header).rstrip()[:LONGEST_CELL], "header")]
        seen: set[tuple[object, ...]] = set()
        for number, written in enumerate(reader, start=2):
            cells = [plain(cell) for cell in written]
            if not any(cell.strip() for cell in cells):
                continue
            found = _line(header, cells, read_email)
            if isinstance(found, Line):
                key = (found.facts and found.facts.number.key, found.email, found.given_name,
                       found.family_name)  # fmt: skip
                found = "repeated" if key in seen else found
                seen.add(key)
            if isinstance(found, Line) and len(lines) == MOST_ROWS:
                found = "too-many"
            if isinstance(found, str):
                rejected.append(Rejected(number, line(cells).rstrip()[:LONGEST_CELL], found))
            else:
                lines.append(found)
            if len(rejected) > MOST_ROWS:
                break
    except csv.Error:
        rejected.append(Rejected(reader.line_num, "", "not-csv"))
    return lines, rejected


def read_facts(
    given: str, family: str, number: str, birth_date: str | date | None, postcode: str
) -> Facts | str:
    """Read what somebody is looked up by, or say what is wrong with it, as a code."""
    parsed = parse(number)
    if not isinstance(parsed, NationalInsuranceNumber):
        return "number"
    if isinstance(birth_date, str):
        try:
            birth_date = date.fromisoformat(birth_date) if birth_date else None
        except ValueError:
            return "birth-date"
    if birth_date is None and not postcode:
        return "date-or-postcode"
    return Facts(
        number=parsed, given_name=given, family_name=family, birth_date=birth_date,
        postcode=postcode,
    )  # fmt: skip


def _line(
    header: Sequence[str], cells: Sequence[str], read_email: Callable[[str], str | None]
) -> Line | str:
    if len(cells) > len(header):
        return "too-many-cells"
    if any(len(cell) > LONGEST_CELL for cell in cells):
        return "too-long"
    told = dict.fromkeys(COLUMNS, "") | {
        name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=False)
    }
    given, family = told["given_name"], told["family_name"]
    if not is_name(given) or not is_name(family):
        return "name"
    facts: Facts | None = None
    if told["national_insurance_number"]:
        found = read_facts(
            given, family, told["national_insurance_number"], told["birth_date"], told["postcode"]
        )
        if isinstance(found, str):
            return found
        facts = found
    email = read_email(told["email"]) if told["email"] and facts is None else None
    if told["email"] and facts is None and email is None:
        return "email"
    return Line(given_name=given, family_name=family, facts=facts, email=email)
