"""`idp mandate`: load existing relationships; find, explain, suspend, resume and end mandates."""

import getpass
import json
import sys
from pathlib import Path
from typing import Any

import click

from idp.delegation import holding, passing
from idp.delegation.actions import HeldMandate, find
from idp.delegation.holding import WHY, Why
from idp.delegation.import_lines import COLUMNS, PERSON
from idp.delegation.importing import MandateImport, Source
from idp.delegation.lifecycle import Move
from idp.delegation.moving import NotMoved
from idp.delegation.stating import account_named
from idp.delegation.stating import explain as explain_mandate
from idp.house import House, open_house
from idp.identifiers.businesses import BusinessNumber, NumberKind
from idp.identifiers.businesses import parse as parse_business
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.officers import actions as officers
from idp.officers.actions import COMMAND
from idp.officers.rules import Role, are_apart
from idp.register import businesses
from idp.register.actions import find_by_number
from idp.register.commands import rejects_beside, show_counts, shown_progress, who_runs_it
from idp.storage import Transaction

APPROVERS = 2
IMPORT_HELP = f"""Load existing relationships from FILE (CSV, UTF-8), each as one active mandate.

The first line names the columns, in any order: {", ".join(COLUMNS)}. Every column is explained in
docs/operator-mandates.md.

Granting anything takes two people: name two officers of the role mandate-officer, neither of whom
let the other in. The journal keeps their names with yours and the file's SHA-256; it is your word
that they approved it.

A line that cannot be taken goes, with its number and a reason, to FILE.rejects.csv beside it.
Nothing that is held already is taken from anybody, and what ended since stays ended. Run the same
command again after a stop or a crash: what was stored counts as unchanged.
"""


# A reference is random, and one in sixty-four begins with a dash: it is none of our options.
ANY_REF = {"ignore_unknown_options": True}


@click.group()
def mandate() -> None:
    """Permissions to act for somebody: import, list, explain, suspend, resume, end."""


@mandate.command("import", help=IMPORT_HELP)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, help="Name of the old system, the same at every import.")
@click.option(
    "--evidence",
    default="taken-over",
    show_default=True,
    help="The [[grant]] of evidence.toml that caps what the mandates are good for.",
)
@click.option("--approved-by", "approvers", multiple=True, help="An officer's name. Give it twice.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen; store nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where refused lines go. Else FILE.rejects.csv beside FILE.",
)
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def import_mandates(
    file: Path,
    source: str,
    evidence: str,
    approvers: tuple[str, ...],
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """See IMPORT_HELP."""
    rejects = rejects_beside(file, rejects)
    house = open_house()
    try:
        two = () if dry_run else _approvers(house, approvers)
        work = MandateImport(
            house.database, house.keyring, house.policies,
            Source(name=source, evidence=evidence, by=who_runs_it(), officers=two),
            dry_run=dry_run,
        )  # fmt: skip
        with shown_progress(file.stat().st_size, "Mandates") as told:
            done = work.run(file, rejects, told)
    except OSError as problem:
        raise click.ClickException(f"{problem.filename}: {problem.strerror}") from None
    finally:
        house.database.close()
    show_counts(done, rejects, as_json=as_json, dry_run=dry_run)
    if dry_run and not as_json:
        click.echo("A dry run: nothing was stored.", err=True)


@mandate.command("list")
@click.option(
    "--principal", "kind", type=click.Choice([PERSON, *(str(kind) for kind in NumberKind)]),
    help="Of whom this number is, typed at the prompt or read from standard input.",
)  # fmt: skip
@click.option("--organisation", help="What this organisation holds: its reference or its name.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def list_(kind: str | None, organisation: str | None, as_json: bool) -> None:
    """List the mandates that a person or business gave, or that an organisation holds.

    The number is no argument: it would stay in the shell's history.
    """
    if (kind is None) == (organisation is None):
        raise click.UsageError("name one of --principal and --organisation")
    house = open_house()

    def work(tx: Transaction) -> list[HeldMandate]:
        if kind is not None:
            return holding.of_principal(tx, _principal(house, tx, kind, number))
        return holding.of_delegate(tx, _organisation(tx, organisation or ""))

    number = _typed() if kind else ""
    found = house.database.read(work)
    shown = [_row(one) for one in found[: holding.SHOWN]]
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for one in shown:
        click.echo(f"{one['ref']}  {one['state']:9} {one['service']:12} until {one['expires']}")
    if len(found) > holding.SHOWN:
        click.echo(f"More than {holding.SHOWN}: these are the first.", err=True)


@mandate.command(context_settings=ANY_REF)
@click.argument("ref")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def show(ref: str, as_json: bool) -> None:
    """Show one mandate and what the journal says was done to it and under it."""
    house = open_house()
    one = _one(house, ref)
    rows = house.database.read(lambda tx: holding.history(tx, one))
    chain = house.database.read(lambda tx: chain_shown(tx, one))
    events = [
        {"at": each.at.isoformat(timespec="seconds"), "kind": each.kind, "actor": each.actor,
         "client_id": each.client_id, "reference": each.reference, "detail": dict(each.detail)}
        for each in rows
    ]  # fmt: skip
    if as_json:
        click.echo(json.dumps({**_row(one), **chain, "history": events}, indent=2))
        return
    for name, value in {**_row(one), **chain}.items():
        text = ", ".join(value) if isinstance(value, list) else value
        click.echo(f"{name:14} {'' if text is None else text}")
    for event in events:
        click.echo(f"{event['at']}  {event['kind']:20} {event['reference']}")


@mandate.command(context_settings=ANY_REF)
@click.argument("ref")
@click.option("--account", help="For whoever signs in under this name, not for the delegate.")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def explain(ref: str, account: str | None, as_json: bool) -> None:
    """Say whether somebody may act under a mandate now, and why not."""
    house = open_house()
    one = _one(house, ref)

    def work(tx: Transaction) -> Any:
        asked = account_named(tx, account) if account else None
        if account and asked is None:
            raise click.ClickException(f"no account {account}")
        return explain_mandate(
            tx, house.policies, one, house.services.clients.get(tx, one.service),
            account=asked.ref if asked else None, person=asked.person_ref if asked else None,
        )  # fmt: skip

    said = house.database.read(work)
    if as_json:
        allowed = said.bar is None
        click.echo(json.dumps({"ref": ref, "allowed": allowed, "bar": said.bar,
                               "sentences": said.sentences}, indent=2))  # fmt: skip
        return
    click.echo("\n".join(said.sentences))


def _moves(name: str, what: Move, help_: str) -> None:
    @mandate.command(name, help=help_, context_settings=ANY_REF)
    @click.argument("ref")
    @click.option("--why", type=click.Choice([str(why) for why in WHY[what]]), required=True)
    @click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
    def command(ref: str, why: str, as_json: bool) -> None:
        house = open_house()
        done = house.database.transaction(
            lambda tx: holding.move_and_tell(
                tx,
                house.keyring,
                what,
                ref,
                Why(why),
                who=COMMAND,
                detail={"operator": who_runs_it()},
            )
        )  # fmt: skip
        if isinstance(done, NotMoved):
            seen = f"it is {done.seen}" if done.seen else "there is no such mandate"
            raise click.ClickException(f"nothing was changed: {seen}")
        if as_json:
            told = {"ref": ref, "state": done.to, "reference": done.reference}
            click.echo(json.dumps(told, indent=2))
            return
        click.echo(f"{ref} is {done.to} now. Reference: {done.reference}")


_moves("suspend", Move.SUSPEND, "Stop a mandate for a while, and every token of it at once.")
_moves("resume", Move.RESUME, "Lift the suspension of a mandate.")
_moves("end", Move.END, "End a mandate for good, and what was passed on from it.")


def _approvers(house: House, names: tuple[str, ...]) -> tuple[str, ...]:
    """The references of the two officers who stand for an import. Refused in a sentence."""
    if len(names) != APPROVERS:
        raise click.ClickException("granting takes two people: give --approved-by twice")

    def work(tx: Transaction) -> tuple[str, ...]:
        refs = []
        for name in names:
            ref = officers.officer_of_name(tx, name)
            one = officers.find_officer(tx, ref) if ref else None
            if one is None or one.disabled_at is not None or Role.MANDATE not in one.roles:
                raise click.ClickException(f"no officer {name!r} of the role {Role.MANDATE}")
            refs.append(one.ref)
        if not are_apart(refs[0], refs[1], officers.who_let_in(tx)):
            raise click.ClickException(
                "these two officers are not apart: one is the other, or let the other in"
            )
        return tuple(refs)

    return house.database.read(work)


def _one(house: House, ref: str) -> HeldMandate:
    found = house.database.read(lambda tx: find(tx, ref))
    if found is None:
        raise click.ClickException("there is no such mandate")
    return found


def chain_shown(tx: Transaction, one: HeldMandate) -> dict[str, Any]:
    """What a mandate was passed on from, the nearest first, and what was passed on from it."""
    return {
        "may_be_passed_on": one.max_chain,
        "through": [f"{up.ref} ({up.delegate_name})" for up in passing.chain_of(tx, one)],
        "passed_on": [f"{down.ref} ({down.delegate_name})"
                      for down in passing.passed_on(tx, one.ref)],
    }  # fmt: skip


def _typed() -> str:
    return getpass.getpass("Number: ") if sys.stdin.isatty() else sys.stdin.readline()


def _principal(house: House, tx: Transaction, kind: str, typed: str) -> str:
    found: Any
    if kind == PERSON:
        number = parse(typed.strip())
        if not isinstance(number, NationalInsuranceNumber):
            raise click.ClickException("this is not a National Insurance number")
        found = find_by_number(tx, house.keyring, number)
    else:
        business = parse_business(NumberKind(kind), typed.strip())
        if not isinstance(business, BusinessNumber):
            raise click.ClickException("this is not such a number")
        found = businesses.find_by_number(tx, house.keyring, business)
    if found is None:
        raise click.ClickException("nobody in the register has this number")
    return str(found.ref)


def _organisation(tx: Transaction, named: str) -> str:
    rows = holding.organisations_named(tx, named)
    if len(rows) != 1:
        many = "several organisations have" if rows else "no organisation has"
        raise click.ClickException(f"{many} this name or reference")
    return rows[0]


def _row(one: HeldMandate) -> dict[str, Any]:
    return {
        "ref": one.ref, "state": str(one.state), "principal": one.principal,
        "principal_kind": one.principal_kind, "delegate": one.delegate,
        "delegate_kind": one.delegate_kind, "delegate_name": one.delegate_name
        if one.delegate_kind == "organisation" else None,
        "service": one.service, "powers": list(one.powers), "basis": one.basis,
        "level": str(one.grant_level),
        "starts": one.starts.isoformat(timespec="seconds") if one.starts else None,
        "expires": one.expires.isoformat(timespec="seconds") if one.expires else "open",
        "suspended_reason": one.suspended_reason, "ended_reason": one.ended_reason,
        "version": one.version,
    }  # fmt: skip
