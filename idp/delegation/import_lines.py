"""One line of a file of existing relationships, read and judged. Pure.

A day is one in the United Kingdom: a mandate begins when `starts` does, and `expires` is the last
day on which it holds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.delegation.lifecycle import LONGEST_DAYS, end_of, term_problem
from idp.identifiers import businesses
from idp.identifiers.businesses import BusinessNumber, BusinessProblem, NumberKind
from idp.identifiers.rules import NationalInsuranceNumber, Problem
from idp.identifiers.rules import parse as parse_person
from idp.register.reading import read_day
from idp.register.reasons import EXPLANATIONS

UK = ZoneInfo("Europe/London")
PERSON, OPEN = "ni", "open"
COLUMNS = {
    "principal_kind": 10, "principal_number": 40, "delegate_kind": 20, "delegate": 160,
    "service": 100, "powers": 400, "starts": 10, "expires": 10, "basis": 20,
    "source_reference": 100,
}  # fmt: skip
REQUIRED = tuple(name for name in COLUMNS if name != "starts")
UNLISTED_LONGEST_DAYS = 365  # of a service that is in no catalogue


class Refused(StrEnum):
    """Why a line is refused; the value stands in the file of refused lines."""

    PRINCIPAL_KIND = "unknown-principal-kind"
    DELEGATE_KIND = "unknown-delegate-kind"
    SERVICE = "service-unknown"
    POWERS = "power-unknown"
    STARTS = "bad-start"
    EXPIRES = "bad-end"
    TERM_ORDER = "ends-before-it-starts"
    OVER = "term-over"
    TOO_LONG = "term-too-long"
    NEEDS_END = "term-needs-end"
    BASIS = "basis-without-evidence"
    REFERENCE = "source-reference-missing"
    REFERENCE_PRIVATE = "source-reference-is-a-number"
    REFERENCE_USED = "source-reference-used"
    PRINCIPAL = "principal-unknown"
    PRINCIPAL_GONE = "principal-gone"
    DELEGATE = "delegate-unknown"
    DELEGATE_TWICE = "delegate-name-not-unique"
    DELEGATE_GONE = "delegate-gone"
    OWN_DELEGATE = "own-delegate"
    HELD = "held-already"
    EXCLUSIVE = "held-by-another"


WHY: Mapping[str, str] = {
    **EXPLANATIONS,
    **businesses.EXPLANATIONS,
    Refused.PRINCIPAL_KIND: "The kind of the principal's number is not: ni, company, tax, vat.",
    Refused.DELEGATE_KIND: "The kind of the delegate is not one of: organisation, person.",
    Refused.SERVICE: "No service that others may act at is registered under this name.",
    Refused.POWERS: "The service has no such power. They are listed in powers.toml.",
    Refused.STARTS: "The start is not a day like 2026-04-06.",
    Refused.EXPIRES: "The end is neither a day like 2027-04-05 nor the word open.",
    Refused.TERM_ORDER: "The end is before the start.",
    Refused.OVER: "The end is past.",
    Refused.TOO_LONG: "The end is later than the service's catalogue allows.",
    Refused.NEEDS_END: "The service's catalogue lets no permission be open-ended.",
    Refused.BASIS: "The evidence that was named does not stand behind this basis.",
    Refused.REFERENCE: "The reference of the record in the old system is missing.",
    Refused.REFERENCE_PRIVATE: "The reference is somebody's number. Use the record's own.",
    Refused.REFERENCE_USED: "This reference was imported before, and the line said otherwise.",
    Refused.PRINCIPAL: "Nobody in the register has this number.",
    Refused.PRINCIPAL_GONE: "The register says that the principal died, ceased or is a duplicate.",
    Refused.DELEGATE: "There is no such organisation, or nobody has this number.",
    Refused.DELEGATE_TWICE: "Several organisations have this name. Use the reference.",
    Refused.DELEGATE_GONE: "The delegate died, or the organisation is closed or not verified.",
    Refused.OWN_DELEGATE: "Nobody is their own delegate.",
    Refused.HELD: "The delegate holds a permission for this service from this principal already.",
    Refused.EXCLUSIVE: "Another holds it, and only one at a time may.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Relationship:
    """What a good line says. `organisation` is a reference or a name; None: `person` instead.

    `expires` None: open-ended.
    """

    principal: NationalInsuranceNumber | BusinessNumber = field(repr=False)
    person: NationalInsuranceNumber | None = field(repr=False)
    organisation: str | None
    service: str
    powers: tuple[str, ...]
    exclusive: bool
    starts: datetime | None
    expires: datetime | None
    basis: str
    source_reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """What a line may ask for: services that others may act at, their powers, and the bases that
    the evidence stands behind."""

    services: frozenset[str]
    powers: Mapping[str, ServicePowersEntry]
    bases: frozenset[str]
    now: datetime


def read(
    fields: Mapping[str, str], allowed: Allowed
) -> Relationship | Refused | Problem | BusinessProblem:
    """Read one line's fields. Never raises. Whether the parties exist is asked after it."""
    principal = _principal(fields)
    if isinstance(principal, StrEnum):
        return principal
    kind, person, organisation = fields["delegate_kind"].lower(), None, None
    if kind == "person":
        found = parse_person(fields["delegate"])
        if isinstance(found, Problem):
            return found
        person = found
    elif kind == "organisation":
        organisation = fields["delegate"]
        if not organisation:
            return Refused.DELEGATE
    else:
        return Refused.DELEGATE_KIND
    service = fields["service"]
    if service not in allowed.services:
        return Refused.SERVICE
    entry = allowed.powers.get(service)
    powers = read_powers(fields["powers"], entry)
    if powers is None:
        return Refused.POWERS
    term = _term(fields, entry, allowed.now)
    if isinstance(term, Refused):
        return term
    if fields["basis"] not in allowed.bases:
        return Refused.BASIS
    reference = fields["source_reference"]
    if not reference:
        return Refused.REFERENCE
    if looks_private(reference):
        return Refused.REFERENCE_PRIVATE
    return Relationship(
        principal=principal, person=person, organisation=organisation, service=service,
        powers=powers, exclusive=entry is not None and entry.exclusive, starts=term[0],
        expires=term[1], basis=fields["basis"], source_reference=reference,
    )  # fmt: skip


def read_powers(text: str, entry: ServicePowersEntry | None) -> tuple[str, ...] | None:
    """Read powers divided by semicolons; None where the service has not all of them."""
    named = sorted({power.strip() for power in text.split(";") if power.strip()})
    unknown = entry.unknown(named) if entry else [power for power in named if power != ALL]
    if not named or unknown:
        return None
    return (ALL,) if ALL in named else tuple(named)


def looks_private(reference: str) -> bool:
    """Say whether a reference is, or holds, somebody's National Insurance number: references are
    stored and shown, numbers are not."""
    parts = [reference, *(reference[at : at + 9] for at in range(max(len(reference) - 8, 0)))]
    return any(isinstance(parse_person(part), NationalInsuranceNumber) for part in parts)


def _principal(
    fields: Mapping[str, str],
) -> NationalInsuranceNumber | BusinessNumber | Refused | Problem | BusinessProblem:
    kind = fields["principal_kind"].lower()
    if kind == PERSON:
        return parse_person(fields["principal_number"])
    if kind in set(NumberKind):
        return businesses.parse(NumberKind(kind), fields["principal_number"])
    return Refused.PRINCIPAL_KIND


def _term(
    fields: Mapping[str, str], entry: ServicePowersEntry | None, now: datetime
) -> tuple[datetime | None, datetime | None] | Refused:
    starts = read_day(fields["starts"]) if fields["starts"] else None
    if fields["starts"] and starts is None:
        return Refused.STARTS
    begins = _moment(starts) if starts else None
    if fields["expires"].lower() == OPEN:
        allowed = entry is not None and entry.open_ended
        return (begins, None) if allowed else Refused.NEEDS_END
    last = read_day(fields["expires"])
    if last is None or last.year > 9000:
        return Refused.EXPIRES
    if starts is not None and last < starts:
        return Refused.TERM_ORDER
    ends = end_of(last)
    if ends <= now:
        return Refused.OVER
    longest = entry.longest_days if entry else UNLISTED_LONGEST_DAYS
    days = (ends - max(now, begins or now)).days
    if days and term_problem(days, longest=min(longest, LONGEST_DAYS), open_ended=True):
        return Refused.TOO_LONG
    if begins is not None and begins > now + timedelta(days=LONGEST_DAYS):
        return Refused.STARTS
    return begins, ends


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UK)
