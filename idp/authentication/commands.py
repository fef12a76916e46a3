"""`idp account`: open an account that wrong tries have shut."""

import click

from idp.authentication import actions
from idp.house import open_house


@click.group()
def account() -> None:
    """What people sign in with."""


@account.command()
@click.argument("sign_in_name")
def reopen(sign_in_name: str) -> None:
    """Let SIGN_IN_NAME try again, after a hundred wrong tries had shut the account.

    Make sure first, another way, that it is the right person who asks.
    """
    house = open_house()
    found = house.database.transaction(lambda tx: actions.reopen(tx, house.keyring, sign_in_name))
    if found is None:
        raise click.ClickException(f"no account {sign_in_name}")
    click.echo("The account is open again.")
