"""`idp service`: register the services that may send people here."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from idp.callers import registration
from idp.callers.records import ClientRecord, ResourceRecord
from idp.callers.registration import RegistrationError
from idp.house import open_house

OPERATOR = "operator"


@click.group()
def service() -> None:
    """Register, list, show and switch off services."""


@service.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def add(file: Path, as_json: bool) -> None:
    """Register the service in FILE (TOML), or bring it to what the file says now."""
    house = open_house()
    try:
        asked = registration.read_file(file)
    except RegistrationError as problem:
        raise click.ClickException(str(problem)) from problem
    done = house.database.transaction(
        lambda tx: registration.register(tx, asked, by=OPERATOR, sandbox=house.settings.sandbox)
    )
    if isinstance(done, str):
        raise click.ClickException(done)
    if as_json:
        click.echo(json.dumps({"client_id": done.client_id, "created": done.created,
                               "client_secret": done.secret}))  # fmt: skip
        return
    click.echo(f"{done.client_id}: {'registered' if done.created else 'up to date'}")
    if done.secret:
        click.echo(f"client secret (shown this once): {done.secret}")


@service.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def list_services(as_json: bool) -> None:
    """List the services, by name."""
    house = open_house()
    rows = house.database.read(
        lambda tx: (
            tx.execute(select(ClientRecord).order_by(ClientRecord.client_id)).mappings().all()
        )
    )
    if as_json:
        click.echo(json.dumps([_plain(row) for row in rows]))
        return
    for row in rows:
        state = "off" if row["disabled_at"] else "on"
        click.echo(f"{row['client_id']:24} {state:4} {row['sector']:20} {row['client_name']}")


@service.command()
@click.argument("client_id")
def show(client_id: str) -> None:
    """Show one service's registration, as JSON; never its secret."""
    house = open_house()
    row = house.database.read(
        lambda tx: (
            tx.execute(select(ClientRecord).where(ClientRecord.client_id == client_id))
            .mappings()
            .first()
        )
    )
    if row is None:
        raise click.ClickException(f"no service {client_id}; see: idp service list")
    mine = select(ResourceRecord.uri).where(ResourceRecord.client_id == client_id)
    apis = house.database.read(lambda tx: sorted(tx.execute(mine).scalars()))
    shown = {**_plain(row), "resources": apis, "floor": str(house.policies.floor(client_id))}
    click.echo(json.dumps(shown, indent=2))


@service.command()
@click.argument("client_id")
@click.option("--undo", is_flag=True, help="Switch it on again.")
def disable(client_id: str, undo: bool) -> None:
    """Switch a service off: nothing it holds is good any more, from this moment."""
    house = open_house()
    found = house.database.transaction(
        lambda tx: registration.set_disabled(tx, client_id, disabled=not undo, by=OPERATOR)
    )
    if not found:
        raise click.ClickException(f"no service {client_id}; see: idp service list")
    click.echo(f"{client_id}: switched {'on' if undo else 'off'}")


def _plain(row: Any) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in row.items()
        if name != "secret_digest"
    }
