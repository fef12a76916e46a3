"""`idp policy apply|sign|refuse|rollback|sets`: policies come into force by two people."""

from pathlib import Path
from typing import Any

import click

from idp.assurance import applying
from idp.assurance.applying import Prepared
from idp.assurance.commands import (
    compared,
    diff_lines,
    json_option,
    moment,
    print_json,
    print_problems,
)
from idp.assurance.sets import PolicySet, Standing, Verdict
from idp.figures.replaying import plain, replay_journal, sentences
from idp.house import House, open_house
from idp.officers import actions, policies, texts
from idp.officers.actions import COMMAND
from idp.policy.rules import PolicyProblems

by_option = click.option(
    "--by", metavar="NAME", help="The policy officer in whose name it is done."
)


@click.command()
@click.argument("directory", type=click.Path(path_type=Path))
@by_option
@click.option("--start", metavar="ISO", help="When it starts, as 2030-01-31T06:00+00:00.")
@click.option("--dry-run", is_flag=True, help="Check, compare and replay; propose nothing.")
@json_option
@click.pass_context
def apply(
    context: click.Context,
    directory: Path,
    by: str | None,
    start: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Propose the policies in DIRECTORY, with what they change and whom they would have stopped.

    They come into force when a second person has signed them. Exit code 1: they cannot be used
    or propose nothing new; what is in force stays.
    """
    starts_at, house = moment(start), open_house()
    base = house.policies
    try:
        prepared = applying.prepare(applying.whole_set(directory), base, base.today)
    except PolicyProblems as failure:
        print_problems(failure.problems)
        context.exit(1)
    found = replay_journal(house.database, base, prepared.policies)
    done: str | Verdict = ""
    if not dry_run:
        who = COMMAND if by is None else _officer(house, by)
        done = house.database.transaction(
            lambda tx: policies.propose(tx, prepared, base, by=who, starts_at=starts_at)
        )
    if as_json:
        print_json(
            {
                "fingerprint": prepared.policies.fingerprint,
                "in_force": base.fingerprint,
                "proposed": not dry_run and not isinstance(done, Verdict),
                "refused": str(done) if isinstance(done, Verdict) else None,
                "changes": compared(prepared.diff),
                "replay": plain(found),
            }
        )
    else:
        for line in (*diff_lines(prepared.diff), *sentences(found)):
            click.echo(line)
        _say_proposed(prepared, done, dry_run=dry_run)
    context.exit(1 if isinstance(done, Verdict) else 0)


@click.command()
@click.argument("fingerprint")
@click.option("--by", metavar="NAME", required=True, help="The policy officer who signs.")
@click.pass_context
def sign(context: click.Context, fingerprint: str, by: str) -> None:
    """Sign the proposed set FINGERPRINT in the name of another officer than proposed it.

    The journal marks it as given at the command line: it is a record of who stands for it, no
    proof. The proof is a signature at the console, with a security key.
    """
    house = open_house()
    who, ref = _officer(house, by), _waiting(house, fingerprint)
    verdict = house.database.transaction(
        lambda tx: policies.sign(tx, ref, house.policies, by=who, way="command")
    )
    _end(context, verdict)
    assert house.policies_in_force is not None
    house.policies_in_force.look()
    now = house.policies_in_force.set_ref == ref
    click.echo("Signed. It is in force." if now else "Signed. It starts at its time.")


@click.command()
@click.argument("fingerprint")
@by_option
@click.option("--why", default="", help="The reason, for whoever proposed it.")
@click.pass_context
def refuse(context: click.Context, fingerprint: str, by: str | None, why: str) -> None:
    """Refuse the set FINGERPRINT, which is not in force yet, signed or not."""
    house = open_house()
    who, ref = COMMAND if by is None else _officer(house, by), _waiting(house, fingerprint)
    _end(
        context,
        house.database.transaction(lambda tx: policies.refuse(tx, ref, by=who, why=why)),
    )
    click.echo("Refused.")


@click.command()
@by_option
@click.option("--why", default="", help="The reason, for everybody who sees the list of sets.")
@click.pass_context
def rollback(context: click.Context, by: str | None, why: str) -> None:
    """Restore at once the policies that were in force before those of now. One person may."""
    house = open_house()
    who = COMMAND if by is None else _officer(house, by)
    ref = house.database.read(applying.standing_of).in_force
    try:
        verdict = policies.roll_back(
            house.database, house.settings.policies, house.policies.today, ref=ref, by=who, why=why
        )
    except PolicyProblems as failure:
        print_problems(failure.problems)
        context.exit(1)
    _end(context, verdict)
    assert house.policies_in_force is not None
    house.policies_in_force.look()
    click.echo(f"Rolled back. In force: {house.policies.fingerprint}")


@click.command()
@json_option
def sets(as_json: bool) -> None:
    """List the sets that were proposed, newest first, and where each of them stands."""
    house = open_house()
    standing, found, names = house.database.read(
        lambda tx: (
            applying.standing_of(tx),
            applying.list_sets(tx),
            {one.ref: one.name for one in actions.list_officers(tx)},
        )
    )
    if as_json:
        listed = [_facts(one, standing, names) for one in found]
        print_json({"in_force": house.policies.fingerprint, "sets": listed})
        return
    where = "the files of the folder" if standing.in_force is None else "an applied set"
    click.echo(f"In force: {house.policies.fingerprint}, {where}.")
    for one in found:
        signed = f", signed by {names.get(one.signed_by, one.signed_by)}" if one.signed_by else ""
        proposer = names.get(one.proposed_by, one.proposed_by)
        starts = f", starts {one.starts_at.isoformat(timespec='minutes')}" if one.starts_at else ""
        click.echo(
            f"{one.fingerprint}: {one.state(standing.in_force)},"
            f" proposed by {proposer}{signed}{starts}{'. ' + one.why if one.why else ''}"
        )


COMMANDS = (apply, sign, refuse, rollback, sets)


def _say_proposed(prepared: Prepared, done: str | Verdict, *, dry_run: bool) -> None:
    if isinstance(done, Verdict):
        click.echo(texts.policy_command(done), err=True)
    elif dry_run:
        click.echo("Nothing was proposed.")
    else:
        name = prepared.policies.fingerprint
        click.echo(f"Proposed. Another policy officer signs at the console: {name}")


def _facts(one: PolicySet, standing: Standing, names: dict[str, str]) -> dict[str, Any]:
    moments = (
        "proposed_at",
        "starts_at",
        "signed_at",
        "in_force_at",
        "rolled_back_at",
        "refused_at",
    )
    people = ("proposed_by", "signed_by", "rolled_back_by", "refused_by")
    return {
        "set": one.ref,
        "fingerprint": one.fingerprint,
        "state": str(one.state(standing.in_force)),
        "acknowledged": dict(one.acknowledged),
        "why": one.why,
        **{name: names.get(who, who) for name in people for who in [getattr(one, name)]},
        **{name: at.isoformat() if at else None for name in moments for at in [getattr(one, name)]},
    }


def _officer(house: House, name: str) -> str:
    ref = house.database.read(lambda tx: actions.officer_of_name(tx, name))
    if ref is None:
        raise click.ClickException(f"no officer {name}")
    return ref


def _waiting(house: House, fingerprint: str) -> str:
    ref = house.database.read(lambda tx: applying.waiting_set(tx, fingerprint))
    if ref is None:
        raise click.ClickException(f"no set waits under the fingerprint {fingerprint[:64]}")
    return ref


def _end(context: click.Context, verdict: Verdict) -> None:
    if verdict is not Verdict.DONE:
        click.echo(f"Error: {texts.policy_command(verdict)}", err=True)
        context.exit(1)
