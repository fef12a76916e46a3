"""`idp register`: import, generate, show."""

import getpass
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import click

from idp import cells
from idp.house import open_house
from idp.identifiers.businesses import BusinessNumber, NumberKind
from idp.identifiers.businesses import parse as parse_business
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.register import businesses_file, generating
from idp.register.actions import contacts_shown, find_by_number
from idp.register.businesses import find_by_number as find_business
from idp.register.businesses import numbers_of
from idp.register.generating_businesses import made_up_businesses
from idp.register.importing import Import
from idp.register.reading import COLUMNS, REQUIRED
from idp.register.reasons import EXPLANATIONS

SECONDS_BETWEEN_LINES = 10.0


class Far(Protocol):
    """How far an import is: bytes of the file that are done with, and lines read so far."""

    @property
    def byte_offset(self) -> int:
        """Bytes done with."""

    @property
    def read_count(self) -> int:
        """Lines read."""


class Counted(Protocol):
    """What became of a file."""

    @property
    def rejected(self) -> int:
        """Lines that were refused."""

    def counts(self) -> dict[str, int]:
        """The counts by the words of the report."""


Told = Callable[[Far], None]

IMPORT_HELP = f"""Bring the people of FILE (CSV, UTF-8) into the register, or up to date.

The first line names the columns, in any order. Needed: {", ".join(REQUIRED)}. Known besides:
{", ".join(COLUMNS[len(REQUIRED) :])}. A known number brings its person up to date; what the file
has no column for stays as it is.

A line that cannot be taken goes, with its number in the file and a reason, to FILE.rejects.csv
beside it, which only its owner may read: it holds all that the line holds. Mend it there and import
that file.

Run the same command again after a stop or a crash: it goes on where it was. Run after the end, it
changes nothing. Every column is explained in docs/operator-register.md.
"""

BUSINESS_HELP = f"""Bring the businesses of FILE (CSV, UTF-8) into the register, or up to date.

The first line names the columns, in any order. Needed: {", ".join(businesses_file.TABLE.required)},
and one of the numbers. Known besides: {", ".join(list(businesses_file.COLUMNS)[2:])}.

A line that cannot be taken goes to FILE.rejects.csv beside it, with its number and a reason. Run
the same command again after a stop or a crash: what is there counts as unchanged.
"""


@click.group()
def register() -> None:
    """The people and businesses that the register knows: import, make some up, look one up."""


@register.command("import", help=IMPORT_HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused lines go. Else FILE.rejects.csv beside FILE.",
)
@click.option("--again", is_flag=True, help="Read a file from its start that was imported before.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def import_people(file: Path, rejects: Path | None, again: bool, as_json: bool) -> None:
    """See IMPORT_HELP."""
    rejects = rejects_beside(file, rejects)
    house = open_house()
    try:
        work = Import(house.database, house.keyring, file, rejects, by=who_runs_it())
        with shown_progress(file.stat().st_size) as told:
            done = work.run(told, again=again)
    except OSError as problem:
        raise click.ClickException(f"{problem.filename}: {problem.strerror}") from None
    finally:
        house.database.close()
    show_counts(done, rejects, as_json=as_json)


@register.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--people", "count", type=click.IntRange(1, generating.MOST), required=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed, same people.")
@click.option(
    "--businesses",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write a file of businesses too, some of them run by these people.",
)
def generate(file: Path, count: int, seed: int, businesses: Path | None) -> None:
    """Make up a register of so many records and write it to FILE, ready to import.

    There are twins in it, shared addresses, married, adopted and misspelt names, people who died
    and people with two records. Nobody in it is real, but the numbers look like real ones.
    """
    with file.open("w", encoding="utf-8", newline="") as handle:
        handle.write(cells.line(COLUMNS))
        handle.writelines(cells.line(one.row) for one in generating.people(seed, count))
    click.echo(f"{count:,} made-up records in {file}", err=True)
    if businesses is None:
        return
    with businesses.open("w", encoding="utf-8", newline="") as handle:
        handle.write(cells.line(tuple(businesses_file.COLUMNS)))
        made = 0
        for row in made_up_businesses(seed, generating.people(seed, count)):
            handle.write(cells.line(row))
            made += 1
    click.echo(f"{made:,} made-up businesses in {businesses}", err=True)


@register.command()
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def show(as_json: bool) -> None:
    """Show the person whose number is typed at the prompt, or read from standard input.

    The number is no argument: it would stay in the shell's history. It is shown masked.
    """
    typed = getpass.getpass("Number: ") if sys.stdin.isatty() else sys.stdin.readline()
    number = parse(typed.strip())
    if not isinstance(number, NationalInsuranceNumber):
        raise click.ClickException(EXPLANATIONS[number])
    house = open_house()
    try:
        person = house.database.read(lambda tx: find_by_number(tx, house.keyring, number))
        if person is None:
            raise click.ClickException("nobody in the register has this number")
        contacts = house.database.read(lambda tx: contacts_shown(tx, person.ref))
    finally:
        house.database.close()
    shown = {
        "number": number.masked,
        "person": person.ref,
        "name": person.name,
        "earlier_names": "; ".join(
            f"{name.given_name} {name.family_name}" for name in person.earlier_names
        ),
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex,
        "address": ", ".join(map(str, person.address.values())),
        "email": _masked(contacts.email),
        "phone": _masked(contacts.phone),
        "status": person.status.value,
        "died_on": person.died_on.isoformat() if person.died_on else "",
    }
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for name, value in shown.items():
        click.echo(f"{name:14} {value}")


@register.group()
def business() -> None:
    """The businesses that the register knows: import them, look one up."""


@business.command("import", help=BUSINESS_HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused lines go. Else FILE.rejects.csv beside FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def import_business(file: Path, rejects: Path | None, as_json: bool) -> None:
    """See BUSINESS_HELP."""
    rejects = rejects_beside(file, rejects)
    house = open_house()
    try:
        with shown_progress(file.stat().st_size, "Businesses") as told:
            done = businesses_file.import_businesses(
                house.database, house.keyring, file, rejects, told, by=who_runs_it()
            )
    except OSError as problem:
        raise click.ClickException(f"{problem.filename}: {problem.strerror}") from None
    finally:
        house.database.close()
    show_counts(done, rejects, as_json=as_json)


@business.command("show")
@click.option(
    "--kind", type=click.Choice([kind.value for kind in NumberKind]), required=True,
    help="Which number is typed: company, tax (unique taxpayer reference) or vat.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def show_business(kind: str, as_json: bool) -> None:
    """Show the business whose number is typed at the prompt, or read from standard input."""
    typed = getpass.getpass("Number: ") if sys.stdin.isatty() else sys.stdin.readline()
    number = parse_business(NumberKind(kind), typed.strip())
    if not isinstance(number, BusinessNumber):
        raise click.ClickException(businesses_file.WHY[number])
    house = open_house()
    try:
        found = house.database.read(lambda tx: find_business(tx, house.keyring, number))
        if found is None:
            raise click.ClickException("no business in the register has this number")
        kept = house.database.read(lambda tx: numbers_of(tx, house.keyring, found.ref))
    finally:
        house.database.close()
    shown = {
        "business": found.ref,
        "name": found.name,
        "kind": found.kind,
        "numbers": "; ".join(f"{each.kind} {each.masked}" for each in kept),
        "address": ", ".join(map(str, found.address.values())),
        "person": found.person_ref or "",
        "ceased_on": found.ceased_on.isoformat() if found.ceased_on else "",
    }
    if as_json:
        click.echo(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    for name, value in shown.items():
        click.echo(f"{name:14} {value}")


def rejects_beside(file: Path, rejects: Path | None) -> Path:
    """Where refused lines go: never over the file itself."""
    rejects = rejects or file.with_name(f"{file.stem}.rejects.csv")
    if rejects.exists() and rejects.samefile(file):
        raise click.ClickException("the refused lines need a file of their own: see --rejects")
    return rejects


def show_counts(done: Counted, rejects: Path, *, as_json: bool, **more: object) -> None:
    """Show what became of a file, and where the lines are that were refused."""
    if as_json:
        click.echo(json.dumps({**done.counts(), "rejects": str(rejects), **more}))
        return
    counts = ", ".join(f"{name} {count:,}" for name, count in done.counts().items())
    click.echo(f"{counts}.")
    if done.rejected:
        click.echo(f"Refused lines, each with its reason: {rejects}", err=True)


def _masked(contact: str | None) -> str:
    """Show enough to know an address again, too little to write to it."""
    if not contact:
        return ""
    name, at, host = contact.rpartition("@")
    return f"{name[:1]}•••{at}{host}" if at else f"•••{contact[-3:]}"


def who_runs_it() -> str:
    """Answer who runs the command, for the journal: also behind sudo."""
    return os.environ.get("SUDO_USER") or getpass.getuser()


@contextmanager
def shown_progress(size: int, label: str = "People") -> Iterator[Told]:
    """Show how far it is: a bar on a terminal, elsewhere a line now and then."""
    if not sys.stderr.isatty():
        yield _Lines(size)
        return
    with click.progressbar(length=max(size, 1), label=label, file=sys.stderr) as bar:
        yield lambda at: bar.update(at.byte_offset - bar.pos)


class _Lines:
    """Progress for a log: at most one line each `SECONDS_BETWEEN_LINES`."""

    def __init__(self, size: int) -> None:
        self._size = max(size, 1)
        self._told = time.monotonic()

    def __call__(self, at: Far) -> None:
        now = time.monotonic()
        if now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = now
        click.echo(f"{at.byte_offset / self._size:.0%}: {at.read_count:,} read", err=True)
