"""The `idp` command. Each room's `commands.py` hangs its own verbs on it."""

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import click
from sqlalchemy import inspect, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout

from idp import settings as reading
from idp.assurance.commands import policy
from idp.authentication.commands import account
from idp.callers.commands import service
from idp.delegation.commands import mandate
from idp.demo.commands import demo
from idp.figures.commands import review
from idp.journal.commands import journal
from idp.keyring import ring
from idp.keyring.commands import keys
from idp.keyring.ring import KeyringError
from idp.officers import policy_commands
from idp.officers.commands import operator
from idp.oidc.commands import token
from idp.organisations.commands import organisation
from idp.policy.rules import PolicyProblems
from idp.register.commands import register
from idp.register.records import PersonNumberRecord
from idp.serving import Supervisor, environment_for, parts_of
from idp.settings import SettingsError
from idp.storage import Database
from idp.storage import migrate as migration
from idp.storage.clock import Clock

# What an operator can mend: said in a sentence, never as a trace.
SAYABLE = (SettingsError, KeyringError, PolicyProblems, RuntimeError, ValueError)


@click.group()
@click.version_option(version("gatehouse-idp"), prog_name="idp")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the installation. Else IDP_DATA, else ./gatehouse-demo where it is.",
)
def idp(data: Path | None) -> None:
    """Gatehouse: sign in once for every service, and act for somebody who lets you."""
    if data is not None:
        os.environ["IDP_DATA"] = str(data)


@idp.command()
@click.option("--plan", is_flag=True, help="Only show what would run.")
def migrate(plan: bool) -> None:
    """Bring the database to this version's schema; make keys where there are none."""
    settings = reading.load()
    steps = migration.plan(settings.database_url)
    if plan:
        click.echo("\n".join(steps) or "Nothing to do.")
        return
    had_keys = (settings.keys / ring.SECRETS).exists()
    if not had_keys and holds_sealed_data(settings.database_url):
        raise click.ClickException(
            f"{settings.keys} holds no keys, but the database holds data sealed with some: put "
            "the copy of the keys folder back; new keys would lose that data"
        )
    ring.prepare(settings.keys, Clock().now())  # also a first key where the folder lacks one
    if not had_keys:
        click.echo(
            "Made the first keys. Keep a copy of that folder: without it sealed data is lost."
        )
    for step in migration.migrate(settings.database_url):
        click.echo(f"done: {step}")
    click.echo("The database is up to date.")


@idp.command()
@click.option("--port", type=int, help="Else IDP_PORT, else 8000.")
@click.option("--workers", type=int, help="Else IDP_WORKERS, else 2.")
def serve(port: int | None, workers: int | None) -> None:
    """Serve: the public listener, the operators' listener, and the worker behind them."""
    if port is not None:
        os.environ["IDP_PORT"] = str(port)
    if workers is not None:
        os.environ["IDP_WORKERS"] = str(workers)
    settings = reading.load()
    if migration.plan(settings.database_url):
        raise click.ClickException("the database is behind this version; run: idp migrate")
    if settings.sandbox:
        allowed = ", ".join(settings.private_hosts) or "none"
        click.echo("SANDBOX: made-up people, and their passwords shown.", err=True)
        click.echo(f"SANDBOX: private addresses that may be called: {allowed}", err=True)
    environ = environment_for(settings)
    click.echo(f"Gatehouse {version('gatehouse-idp')} at {settings.issuer}", err=True)
    try:
        supervisor = Supervisor(parts_of(settings), environ)
        supervisor.start()
        supervisor.run()
    finally:
        shutil.rmtree(Path(environ[reading.SETTINGS_FILE]).parent, ignore_errors=True)


@idp.command()
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def doctor(as_json: bool) -> None:
    """Say what keeps this installation from serving. Exit code 0: nothing does."""
    from idp.house import open_house
    from idp.operators import not_ready

    notes: list[str] = []
    try:
        house = open_house()
        problems = not_ready(house)
        differs = house.policies_in_force.difference() if house.policies_in_force else None
        notes += [differs] if differs else []
    except SAYABLE as problem:
        problems = str(problem).splitlines()
    if as_json:
        click.echo(json.dumps({"ready": not problems, "problems": problems, "notes": notes}))
    else:
        click.echo("\n".join(problems) or "Ready.")
        for note in notes:
            click.echo(f"NOTE: {note}")
    sys.exit(1 if problems else 0)


for command in policy_commands.COMMANDS:
    policy.add_command(command)
policy.add_command(review)
for group in (
    account,
    demo,
    journal,
    keys,
    mandate,
    operator,
    organisation,
    policy,
    register,
    service,
    token,
):
    idp.add_command(group)


def holds_sealed_data(url: str) -> bool:
    """Say whether a database already holds numbers sealed with somebody's keys."""
    database = Database(url)
    try:
        if not inspect(database.engine).has_table(PersonNumberRecord.__tablename__):
            return False
        found = database.read(
            lambda tx: tx.execute(select(PersonNumberRecord.ref).limit(1)).first()
        )
        return found is not None
    finally:
        database.close()


def main() -> None:
    """Run the command; what an operator can mend is said in a sentence, not a trace."""
    try:
        idp()
    except SAYABLE as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(1)
    except (DBAPIError, SQLAlchemyTimeout) as problem:
        reason = str(getattr(problem, "orig", problem)).strip().splitlines()[0]
        click.echo(f"Error: the database cannot be used: {reason}", err=True)
        sys.exit(1)
