"""What a line of a file changes about a person whom the register holds already. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import astuple
from datetime import date, datetime
from typing import Any, NamedTuple

from idp.register import contacts
from idp.register.names import fold
from idp.register.reading import ADDRESS, PersonRow
from idp.register.reasons import Reason
from idp.register.rules import Name, Status

# What is written to the journal when it changes under somebody who has an account.
TELLING = ("given_name", "family_name", "birth_date", "contacts")


class Held(NamedTuple):
    """A person as the table holds it, by the table's own columns."""

    ref: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    address: Mapping[str, Any]
    died_on: date | None
    status: str
    earlier_names: list[dict[str, str]]
    contacts: Mapping[str, Any]  # see contacts.py


def added(ref: str, row: PersonRow) -> Held:
    """Answer the person that a line brings, who was not in the register before."""
    return Held(
        ref,
        row.given_name,
        row.family_name,
        row.birth_date,
        row.sex,
        row.address,
        row.died_on,
        (row.status or Status.ACTIVE).value,
        _named(row, [], row.earlier_names),
        contacts.stored(row.email, row.phone),
    )


def brought_up_to_date(
    held: Held, row: PersonRow, given: frozenset[str], now: datetime
) -> Held | Reason:
    """Answer the person as the line says; `given` are the columns that the file has.

    What the file has no column for stays as it is. A name that changes moves to the earlier
    ones, and no earlier name is ever forgotten. Nobody comes back to life by a file: somebody
    has to look at that, and at a line that shares neither day of birth nor a name. A contact that
    changes is dated `now`.
    """
    if held.status == Status.DEAD and row.status not in {None, Status.DEAD}:
        return Reason.DEAD_IN_REGISTER
    if row.birth_date != held.birth_date and _has_no_name_of(held, row):
        return Reason.ANOTHER_PERSON
    before: list[Name] = [Name(**name) for name in held.earlier_names]
    if (held.given_name, held.family_name) != (row.given_name, row.family_name):
        before.append(Name(given_name=held.given_name, family_name=held.family_name))
    status = row.status.value if row.status else held.status
    return Held(
        held.ref,
        row.given_name,
        row.family_name,
        row.birth_date,
        row.sex if "sex" in given else held.sex,
        row.address if not given.isdisjoint(ADDRESS) else held.address,
        row.died_on or held.died_on,
        status,
        _named(row, before, row.earlier_names),
        contacts.brought_up_to_date(
            held.contacts,
            row.email if "email" in given else held.contacts.get("email", ""),
            row.phone if "phone" in given else held.contacts.get("phone", ""),
            now,
        ),
    )


def changed_fields(held: Held, now: Held) -> list[str]:
    """List which of what tells people apart, or reaches them, has changed: fields, no values."""
    return [name for name in TELLING if getattr(held, name) != getattr(now, name)]


def is_same_person(row: PersonRow, birth_date: date) -> bool:
    """Say whether a line with a replaced number is of the person whose number it was.

    The day of birth decides. A number that was given to somebody by mistake may be imported for
    its rightful owner.
    """
    return row.birth_date == birth_date


def _has_no_name_of(held: Held, row: PersonRow) -> bool:
    """Say whether no word of a line's names, of now or before, is in any name of the held one."""
    earlier = [name for kept in held.earlier_names for name in kept.values()]
    given = [name for before in row.earlier_names for name in astuple(before)]
    ours = _words([held.given_name, held.family_name, *earlier])
    return ours.isdisjoint(_words([row.given_name, row.family_name, *given]))


def _words(names: Iterable[str]) -> set[str]:
    return {word for name in names for word in fold(name)}


def _named(row: PersonRow, before: list[Name], more: Iterable[Name]) -> list[dict[str, str]]:
    """List the earlier names, each once, without the name of today."""
    if not before and not more:
        return []
    today = Name(given_name=row.given_name, family_name=row.family_name)
    kept = dict.fromkeys([*before, *more])
    kept.pop(today, None)
    return [{"given_name": name.given_name, "family_name": name.family_name} for name in kept]
