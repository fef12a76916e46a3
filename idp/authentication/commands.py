"""`idp account`: open an account that wrong tries have shut; note that a number was moved."""

import sys
from functools import partial

import click

from idp.authentication import actions, numbers, phones
from idp.house import House, open_house
from idp.storage import Transaction


@click.group()
def account() -> None:
    """What people sign in with."""


@account.command("number-moved")
@click.argument("number")
def number_moved(number: str) -> None:
    """Note that a phone company said NUMBER went to another card or company.

    Codes by text message to it count again after the time that methods.toml says
    (not_after_move_hours). Each account that has it is told by e-mail. "-" reads numbers from
    standard input, one a line.
    """
    house = open_house()
    listed = sys.stdin.read().splitlines() if number == "-" else [number]
    found = 0
    for one in filter(None, (line.strip() for line in listed)):
        read = numbers.read_number(one)
        if read is None:
            raise click.ClickException("that is no telephone number, like +447700900123")
        found += house.database.transaction(partial(_report_move, house, read))
    click.echo(f"{found} accounts have it.")


def _report_move(house: House, number: str, tx: Transaction) -> int:
    return phones.report_move(tx, house.keyring, number)


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


@account.command()
@click.argument("sign_in_name")
def doubt(sign_in_name: str) -> None:
    """Note that others may know SIGN_IN_NAME's password: it was in a leak, or its owner says so.

    Where run-time risk is enforced, no sign-in to it is then taken for usual until the password
    is changed.
    """
    house = open_house()
    if house.database.transaction(lambda tx: actions.doubt(tx, sign_in_name)) is None:
        raise click.ClickException(f"no account {sign_in_name}")
    click.echo("More is asked at the account's next step, until its password is changed.")
