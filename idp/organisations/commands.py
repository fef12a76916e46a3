"""`idp organisation`: enter, list, show, suspend, resume and close organisations."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from idp.assurance.powers_file import promised_ms
from idp.callers import service_levels
from idp.house import House, open_house
from idp.officers import organisations as acts
from idp.officers.actions import COMMAND
from idp.officers.organisations import Refused
from idp.organisations import entering
from idp.organisations.entering import Entered, Problem
from idp.organisations.rules import KINDS, SUSPENSION_NOTICE, Organisation, SuspensionProblem

NOTICE_DAYS = SUSPENSION_NOTICE // timedelta(days=1)


# A reference is random, and one in sixty-four begins with a dash: it is none of our options.
ANY_REF = {"ignore_unknown_options": True}


@click.group()
def organisation() -> None:
    """Firms, charities and others whose members act for people."""


@organisation.command()
@click.argument("name")
@click.option("--kind", required=True, type=click.Choice(KINDS))
@click.option("--assurance", required=True, type=click.IntRange(0, 3),
              help="How thoroughly it was checked: 0 to 3.")  # fmt: skip
@click.option("--admin", "admin_email", required=True, metavar="EMAIL",
              help="Address of its first administrator.")  # fmt: skip
@click.option("--admin-name", required=True, metavar="NAME", help="Their full name.")
@click.option("--number", default="", help="Company or charity number.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def add(
    name: str, kind: str, assurance: int, admin_email: str, admin_name: str, number: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Enter the organisation NAME. An officer verifies it at the console; then it can be used."""
    house = open_house()
    ref = house.database.transaction(
        lambda tx: acts.enter(
            tx, house.keyring, by=COMMAND, name=name, kind=kind, assurance=assurance,
            admin_name=admin_name, admin_email=admin_email, registered_number=number,
        )
    )  # fmt: skip
    if isinstance(ref, Problem | Refused):
        raise click.ClickException(_said(ref))
    if as_json:
        click.echo(json.dumps({"ref": ref}))
        return
    click.echo(f"{ref}: entered")
    click.echo("An officer verifies it at the console. Then its first administrator gets a link.")


@organisation.command(name="list")
@click.option("--named", default="", help="How the name begins.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def list_(named: str, as_json: bool) -> None:
    """List organisations, by name."""
    found = open_house().database.read(lambda tx: entering.list_entered(tx, named))
    if as_json:
        click.echo(json.dumps([_plain(one) for one in found]))
        return
    for one in found:
        click.echo(f"{one.ref} {_state(one):22} {one.kind:10} {one.name}")


@organisation.command("service-levels", context_settings=ANY_REF)
@click.argument("ref")
def show_levels(ref: str) -> None:
    """Print as JSON, by service, what organisation REF is promised and how it was answered."""
    house = open_house()
    found = house.database.read(lambda tx: service_levels.read(tx, ref))
    told = {
        service: {
            "promised_ms": promised_ms(house.policies.powers, service),
            **{f"days_{days}": asdict(level) for days, level in by_days.items()},
        }
        for service, by_days in found.items()
    }
    click.echo(json.dumps(told, indent=2))


@organisation.command(context_settings=ANY_REF)
@click.argument("ref")
def show(ref: str) -> None:
    """Show one organisation, as JSON; no name or address of a member."""
    house = open_house()
    found = house.database.read(lambda tx: entering.find_entered(tx, house.keyring, ref))
    if found is None:
        raise click.ClickException(f"no organisation {ref}; see: idp organisation list")
    click.echo(json.dumps(_whole(found), indent=2))


@organisation.command(context_settings=ANY_REF)
@click.argument("ref")
@click.option("--days", type=click.IntRange(0, 365), default=NOTICE_DAYS, show_default=True,
              help="Notice before it binds.")  # fmt: skip
@click.option("--at-once", is_flag=True, help="Without notice; takes a reason.")
@click.option("--reason", default="", help="Why. Its administrators see it.")
def suspend(ref: str, days: int, at_once: bool, reason: str) -> None:
    """Suspend an organisation after notice: nobody of it can act, and nothing is destroyed."""
    house, notice = open_house(), None if at_once else timedelta(days=days)
    said = house.database.transaction(
        lambda tx: acts.suspend(tx, house.keyring, ref, notice=notice, reason=reason, by=COMMAND)
    )
    if isinstance(said, SuspensionProblem):
        raise click.ClickException(f"give a --reason: less than {NOTICE_DAYS} days of notice "
                                   "takes one")  # fmt: skip
    if isinstance(said, Problem | Refused):
        raise click.ClickException(_said(said))
    click.echo(f"{ref}: suspended from {said.isoformat()} on. Its administrators are told.")


@organisation.command(context_settings=ANY_REF)
@click.argument("ref")
def resume(ref: str) -> None:
    """End a suspension, or take back one that is to come."""
    house = open_house()
    _done(house, ref, lambda tx: acts.resume(tx, house.keyring, ref, by=COMMAND), "goes on")


@organisation.command(context_settings=ANY_REF)
@click.argument("ref")
def close(ref: str) -> None:
    """Close an organisation that is suspended, or was never verified. For good."""
    _done(open_house(), ref, lambda tx: acts.close(tx, ref, by=COMMAND), "closed")


def _done(house: House, ref: str, work: Any, said: str) -> None:
    problem = house.database.transaction(work)
    if problem is not None:
        raise click.ClickException(_said(problem))
    click.echo(f"{ref}: {said}")


def _said(problem: Problem | Refused) -> str:
    words: dict[Problem | Refused, str] = {
        Problem.NAME: "a name has 1 to 100 printable characters",
        Problem.NAME_TAKEN: "there is an organisation with this name or number",
        Problem.NUMBER: "a registered number has at most 20 letters and digits",
        Problem.ADMIN_NAME: "a name has 1 to 100 printable characters",
        Problem.ADMIN_EMAIL: "the administrator's address is not an e-mail address",
        Problem.GONE: "there is no such organisation, or it is closed; see: idp organisation list",
        Problem.CHANGED: "its name is not verified yet",
        Problem.NOT_SUSPENDED: "it is not suspended",
    }
    return words.get(problem, problem.value)


def _state(one: Organisation) -> str:
    if one.closed_at is not None:
        return "closed"
    if one.verified_at is None:
        return "not verified"
    if one.suspended:
        return "suspended"
    return "in use" if one.suspends_at is None else f"until {one.suspends_at:%Y-%m-%d %H:%M}"


def _plain(one: Organisation) -> dict[str, Any]:
    names = ("ref", "name", "kind", "registered_number", "assurance", "access", "people_limit",
             "verified_at", "suspends_at", "suspension_reason", "closed_at")  # fmt: skip
    values = {name: getattr(one, name) for name in names}
    return {"state": _state(one)} | {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
    }


def _whole(found: Entered) -> dict[str, Any]:
    return _plain(found.organisation) | {
        "entered_by": found.entered_by,
        "verified_by": found.verified_by,
        "administrators": found.admins,
        "waits_for_first_administrator": found.admin_name is not None,
    }
