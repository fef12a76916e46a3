"""What the register holds of a person, as plain facts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

PURPOSE = "national-insurance-number"


class Status(StrEnum):
    """What the source of the register says a record is. Only an active one joins an account."""

    ACTIVE = "active"
    DEAD = "dead"
    DUPLICATE = "duplicate"  # another record of somebody who is in the register already


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name that a person has or had."""

    given_name: str
    family_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFacts:
    """What the register holds of a person. Never the number: that is asked for by its name.

    `address` has the members of an OpenID Connect address claim.
    """

    ref: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    address: Mapping[str, Any] = field(repr=False)
    died_on: date | None
    status: Status = Status.ACTIVE
    earlier_names: tuple[Name, ...] = ()

    @property
    def name(self) -> str:
        """The name as it is shown."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFacts:
    """What a claim to be somebody is compared with.

    `person` is whose number was typed, or None. `compared` is the same person, and for an unknown
    number somebody drawn by it: compare the claim with `compared` and `others` in either case,
    so that both take the same time, and believe the answer only where `person` is not None.
    `others` were born on the same day as `compared`, or on that day with day and month turned, as
    clerks write it: twins and records kept twice are among them.
    """

    person: PersonFacts | None
    compared: PersonFacts
    others: tuple[PersonFacts, ...]


def number_purpose(person_ref: str) -> str:
    """Answer what a person's number is sealed for: it opens as no other person's."""
    return f"{PURPOSE}:{person_ref}"


def turned(day: date) -> date:
    """Answer a day with day and month turned; the same where that is no day."""
    return day.replace(month=day.day, day=day.month) if day.day <= 12 else day


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacts:
    """Ways to reach a person that the register held before anybody asked."""

    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)


class Correction(StrEnum):
    """How the correction of a number ended; the value is also its journal code."""

    CORRECTED = "number-corrected"
    SAME = "number-is-the-same"
    TAKEN = "number-of-somebody-else"
    UNKNOWN = "person-unknown"


class Death(StrEnum):
    """How recording a death ended; the value is also its journal code."""

    RECORDED = "death-recorded"
    KNOWN = "death-known"
    IMPOSSIBLE = "death-before-birth-or-in-future"
    UNKNOWN = "person-unknown"
