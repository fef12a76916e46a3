"""`idp keys`: list, rotate and revoke signing keys. Whoever turns a key journals it."""

import json

import click

from idp.house import open_house
from idp.journal.actions import Entry, record
from idp.keyring import ring
from idp.keyring.jose import ALGORITHMS
from idp.keyring.ring import KeyringError


@click.group()
def keys() -> None:
    """The keys that sign: list, rotate, revoke."""


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def list_keys(as_json: bool) -> None:
    """List every signing key and where it stands in its life."""
    house = open_house()
    now = house.database.clock.now()
    shown = [
        {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "state": str(key.state(now)),
            "active_from": key.active_from.isoformat(timespec="seconds"),
        }
        for key in house.keyring.list()
    ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for key in shown:
        click.echo(f"{key['kid']}  {key['algorithm']:6} {key['state']:9} {key['active_from']}")


@keys.command()
@click.option("--algorithm", type=click.Choice(ALGORITHMS), default="ES256", show_default=True)
@click.option("--now", "at_once", is_flag=True, help="Sign with it at once; else in an hour.")
def rotate(algorithm: str, at_once: bool) -> None:
    """Make a new signing key, publish it, and retire the one before it."""
    house = open_house()
    now = house.database.clock.now()
    new = ring.rotate(house.settings.keys, algorithm, now=now, at_once=at_once)
    detail = {"kid": new.kid, "algorithm": algorithm, "active_from": new.active_from.isoformat()}
    house.database.transaction(lambda tx: record(tx, Entry(kind="key-rotated", detail=detail)))
    click.echo(
        f"{new.kid}  {algorithm}  signs from {new.active_from.isoformat(timespec='seconds')}"
    )


@keys.command()
@click.argument("kid")
def revoke(kid: str) -> None:
    """Take a key out of use at once: nothing it signed is believed any more."""
    house = open_house()
    now = house.database.clock.now()
    try:
        ring.revoke(house.settings.keys, kid, now=now)
    except KeyringError as problem:
        raise click.ClickException(str(problem)) from problem
    detail = {"kid": kid}
    house.database.transaction(lambda tx: record(tx, Entry(kind="key-revoked", detail=detail)))
    click.echo(f"{kid}  revoked")
