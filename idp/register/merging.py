"""What a line of a file changes about a person whom the register holds already. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from idp.register import contacts
from idp.register.reading import ADDRESS, PersonRow
from idp.register.reasons import Reason
from idp.register.rules import Name, Status


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
    has to look at that. A contact that changes is dated `now`.
    """
    if held.status == Status.DEAD and row.status not in {None, Status.DEAD}:
        return Reason.DEAD_IN_REGISTER
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


def is_same_person(row: PersonRow, birth_date: date) -> bool:
    """Say whether a line with a replaced number is of the person whose number it was.

    The day of birth decides. A number that was given to somebody by mistake may be imported for
    its rightful owner.
    """
    return row.birth_date == birth_date


def _named(row: PersonRow, before: list[Name], more: Iterable[Name]) -> list[dict[str, str]]:
    """List the earlier names, each once, without the name of today."""
    if not before and not more:
        return []
    today = Name(given_name=row.given_name, family_name=row.family_name)
    kept = dict.fromkeys([*before, *more])
    kept.pop(today, None)
    return [{"given_name": name.given_name, "family_name": name.family_name} for name in kept]
