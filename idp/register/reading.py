"""One line of a file of people, read into a row or refused with a reason. Pure.

One person a line, UTF-8, fields divided by commas. A line break inside quotes is not read as part
of a field, so that one bad line never takes its neighbours with it.
"""

import csv
import re
import unicodedata
from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import NamedTuple

from idp.cells import plain
from idp.identifiers.rules import Problem, parse
from idp.register.reasons import Reason
from idp.register.rules import Name, Status

LINE_MAX_BYTES = 16_384
ADDRESS = ("street_address", "locality", "region", "postal_code", "country")


class Row(NamedTuple):
    """One line's fields as they stand in the file, by the names of its columns."""

    number: str
    given_name: str
    family_name: str
    birth_date: str
    sex: str = ""
    earlier_names: str = ""
    street_address: str = ""
    locality: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""
    status: str = ""
    died_on: str = ""


class PersonRow(NamedTuple):
    """What one good line says of a person. `number` has no spaces; `key` is its first 8."""

    key: str
    number: str
    given_name: str
    family_name: str
    birth_date: date
    sex: str
    earlier_names: tuple[Name, ...]
    address: dict[str, str]
    email: str
    phone: str
    status: Status | None
    died_on: date | None


COLUMNS = Row._fields
REQUIRED = COLUMNS[:4]
# What `idp register import` puts before the fields of a refused line: a mended file of refused
# lines may be imported as it is.
REJECT_COLUMNS = ("reject_line", "reject_reason", "reject_explanation")
DEFAULT_MAX_CHARACTERS = 40
MAX_CHARACTERS = dict.fromkeys(COLUMNS, DEFAULT_MAX_CHARACTERS) | {
    "given_name": 100, "family_name": 100, "earlier_names": 1000, "street_address": 200,
    "locality": 100, "region": 100, "country": 100, "email": 254,
}  # fmt: skip
_LIMITS = list(MAX_CHARACTERS.values())
OLDEST_BIRTH = date(1850, 1, 1)
SEXES = {
    "f": "female", "female": "female", "m": "male", "male": "male",
    "x": "other", "other": "other", "": "", "u": "", "unknown": "",
}  # fmt: skip
STATUSES: dict[str, Status | None] = {"": None, **{status.value: status for status in Status}}
_EMAIL = re.compile(r"[^@\s\"<>]{1,64}@[^@\s\"<>]+\.[^@\s\"<>]+")
_PHONE = re.compile(r"\+?[0-9]{5,15}")
PHONE_DIVIDERS = " ()-./"
_DAY_CHARACTERS = len("2000-01-31")


class HeaderProblem(ValueError):
    """The first line does not name the columns; the message says what to do."""


def read_header(
    line: bytes,
    columns: Sequence[str] = COLUMNS,
    required: Sequence[str] = REQUIRED,
    command: str = "idp register import",
) -> list[str]:
    """Read the names of the columns from a file's first line. Raises `HeaderProblem`.

    `command` is the one whose help explains the columns.
    """
    try:
        text = line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise HeaderProblem("the first line is not UTF-8; save the file as UTF-8") from None
    try:
        names = [name.strip().lower() for name in split(text)]
    except csv.Error:
        raise HeaderProblem("the first line has a quotation mark that does not close") from None
    known = {*columns, *REJECT_COLUMNS}
    if missing := [name for name in required if name not in names]:
        raise HeaderProblem(
            f"the first line must name the columns, divided by commas; missing: "
            f"{', '.join(missing)}; see: {command} --help"
        )
    if strange := [name for name in names if name not in known]:
        raise HeaderProblem(
            f"unknown columns: {', '.join(repr(name[:40]) for name in strange)}; "
            f"known are: {', '.join(columns)}"
        )
    if len(set(names)) != len(names):
        raise HeaderProblem("the first line names a column twice")
    return names


def split(text: str) -> list[str]:
    """Split a line into its fields, as they were before a file of ours guarded them.

    Raises `csv.Error` where its quotes do not close.
    """
    fields = next(csv.reader([text], strict=True), [""]) if '"' in text else text.split(",")
    return [plain(field) for field in fields] if "'" in text else fields


class RowReader:
    """Reads the lines of one file. `today` is the last day on which anybody can be born."""

    def __init__(self, header: Sequence[str], today: date) -> None:
        self.given = frozenset(header) & frozenset(COLUMNS)
        self._width = len(header)
        self._today = today
        # An absent column is read from the empty field that `read` adds at the end.
        places = [header.index(name) if name in header else self._width for name in COLUMNS]
        self._pick = itemgetter(*places)

    def read(self, line: bytes) -> PersonRow | Reason | Problem:
        """Read one line, with or without its line end. Never raises."""
        if len(line) > LINE_MAX_BYTES:
            return Reason.LINE_TOO_LONG
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError:
            return Reason.ENCODING
        if not text.isprintable():
            return Reason.CONTROL_CHARACTER
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        try:
            fields = split(text)
        except csv.Error:
            return Reason.QUOTES
        if len(fields) != self._width:
            return Reason.COLUMN_COUNT
        fields.append("")
        return self._row(Row._make([field.strip() for field in self._pick(fields)]))

    def _row(self, row: Row) -> PersonRow | Reason | Problem:
        longest = max(map(len, row))
        if longest > DEFAULT_MAX_CHARACTERS and any(
            len(field) > limit for field, limit in zip(row, _LIMITS, strict=True)
        ):
            return Reason.FIELD_TOO_LONG
        number = parse(row.number)
        if isinstance(number, Problem):
            return number
        given_name, family_name = _one_space(row.given_name), _one_space(row.family_name)
        if not given_name or not family_name:
            return Reason.NAME_MISSING
        birth_date = read_day(row.birth_date)
        if birth_date is None or birth_date < OLDEST_BIRTH:
            return Reason.BIRTH_DATE
        if birth_date > self._today:
            return Reason.BIRTH_IN_FUTURE
        earlier = _earlier_names(row.earlier_names, given_name) if row.earlier_names else ()
        if earlier is None:
            return Reason.EARLIER_NAMES
        sex = SEXES.get(row.sex.lower())
        if sex is None:
            return Reason.SEX
        life = self._life(row, birth_date)
        if isinstance(life, Reason):
            return life
        contacts = _contacts(row)
        if isinstance(contacts, Reason):
            return contacts
        address = {name: field for name, field in zip(ADDRESS, row[6:11], strict=True) if field}
        return PersonRow(
            number.key, number.canonical, given_name, family_name, birth_date, sex, earlier,
            address, *contacts, *life,
        )  # fmt: skip

    def _life(self, row: Row, birth_date: date) -> tuple[Status | None, date | None] | Reason:
        """Read whether the person lives; a day of death alone says that the person is dead."""
        said = row.status.lower()
        if said not in STATUSES:
            return Reason.STATUS
        status = STATUSES[said]
        if not row.died_on:
            return status, None
        died_on = read_day(row.died_on)
        if died_on is None or not birth_date <= died_on <= self._today:
            return Reason.DEATH_DATE
        if status is None:
            return Status.DEAD, died_on
        return Reason.ALIVE_AND_DEAD if status is Status.ACTIVE else (status, died_on)


def _contacts(row: Row) -> tuple[str, str] | Reason:
    if row.email and not _EMAIL.fullmatch(row.email):
        return Reason.EMAIL
    if not row.phone:
        return row.email, ""
    phone = row.phone
    for divider in PHONE_DIVIDERS:
        phone = phone.replace(divider, "")
    return (row.email, phone) if _PHONE.fullmatch(phone) else Reason.PHONE


def _earlier_names(text: str, given_name: str) -> tuple[Name, ...] | None:
    """Read "Jones; Margaret|Pugh": a family name alone goes with the given name of today."""
    names = []
    for part in text.split(";"):
        given, divider, family = part.rpartition("|")
        given, family = _one_space(given), _one_space(family)
        if not family or (divider and not given) or "|" in given:
            return None
        names.append(Name(given_name=given or given_name, family_name=family))
    return tuple(names)


def read_day(text: str) -> date | None:
    """Read a day as 1951-03-14. No other way of writing it is one that everybody reads alike."""
    if len(text) != _DAY_CHARACTERS or text[4] != "-" or text[7] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _one_space(name: str) -> str:
    return " ".join(name.split()) if "  " in name or not name.isascii() else name.strip()
