"""`idp operator`: who may work at the console. The first administrator is added here."""

import click

from idp.house import House, open_house
from idp.officers import actions, texts
from idp.officers.actions import COMMAND, Invited
from idp.officers.rules import Role, Verdict


@click.group()
def operator() -> None:
    """Officers, who work at the console with a security key."""


@operator.command()
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What they may do. Give it again for each role.",
)
def add(name: str, roles: tuple[str, ...]) -> None:
    """Add NAME, and show the address at which their security key is set up."""
    house = open_house()
    added = house.database.transaction(
        lambda tx: actions.add_officer(tx, name=name, roles=roles, by=COMMAND)
    )
    _show(house, added)


@operator.command(name="list")
def list_() -> None:
    """List everybody who works or worked at the console."""
    house = open_house()
    for one in house.database.read(actions.list_officers):
        state = "disabled" if one.disabled_at else f"{one.keys} keys"
        click.echo(f"{one.name}: {', '.join(sorted(one.roles))} ({state})")


@operator.command(name="new-key")
@click.argument("name")
def new_key(name: str) -> None:
    """Give NAME a new address for a security key. Keys and sessions of before end now."""
    house = open_house()
    ref = _ref(house, name)
    made = house.database.transaction(
        lambda tx: actions.replace_keys(tx, officer_ref=ref, by=COMMAND)
    )
    _show(house, made)


@operator.command()
@click.argument("name")
def disable(name: str) -> None:
    """End the work of NAME at the console, at once and for good."""
    house = open_house()
    ref = _ref(house, name)
    verdict = house.database.transaction(
        lambda tx: actions.disable(tx, officer_ref=ref, by=COMMAND)
    )
    if verdict is not Verdict.ALLOWED:
        raise click.ClickException(texts.refused_command(verdict))
    click.echo(f"{name} cannot sign in any more.")


def _ref(house: House, name: str) -> str:
    ref = house.database.read(lambda tx: actions.officer_of_name(tx, name))
    if ref is None:
        raise click.ClickException(f"no officer {name}")
    return ref


def _show(house: House, made: Invited | Verdict) -> None:
    if not isinstance(made, Invited):
        raise click.ClickException(texts.refused_command(made))
    click.echo(f"{made.name} sets up a security key at this address, once, within 24 hours:")
    click.echo(f"{house.settings.console_address}/console/set-up/{made.token}")
