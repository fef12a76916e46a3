"""The `idp` command. Each room's `commands.py` hangs its own verbs on it."""

import json
import os
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import click

from idp import settings as reading
from idp.assurance.commands import policy
from idp.authentication.commands import account
from idp.callers.commands import service
from idp.demo.commands import demo
from idp.journal.commands import journal
from idp.keyring import ring
from idp.keyring.commands import keys
from idp.keyring.ring import KeyringError
from idp.oidc.commands import token
from idp.policy.rules import PolicyProblems
from idp.serving import Supervisor, environment_for, parts_of
from idp.settings import SettingsError
from idp.storage import migrate as migration
from idp.storage.clock import Clock


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
    if not any(settings.keys.glob("*.json")):
        ring.prepare(settings.keys, Clock().now())
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
        click.echo("SANDBOX: made-up people, passwords shown, private addresses allowed.", err=True)
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

    problems = not_ready(open_house())
    if as_json:
        click.echo(json.dumps({"ready": not problems, "problems": problems}))
    else:
        click.echo("\n".join(problems) or "Ready.")
    sys.exit(1 if problems else 0)


for group in (account, demo, journal, keys, policy, service, token):
    idp.add_command(group)


def main() -> None:
    """Run the command; what an operator can mend is said in a sentence, not a trace."""
    try:
        idp()
    except (SettingsError, KeyringError, PolicyProblems, RuntimeError) as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(1)
