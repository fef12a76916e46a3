"""`idp token explain`: from a token's `sub` back to the person (operator, sandbox only)."""

import json

import click
from sqlalchemy import select

from idp.accounts.records import AccountRecord, SubjectRecord
from idp.callers import liveness
from idp.house import open_house
from idp.keyring import jose
from idp.oidc.tokens import ACCESS_TYPE, ID_TYPE
from idp.register.actions import find_person, number_of
from idp.storage import Transaction


@click.group()
def token() -> None:
    """Look into tokens."""


@token.command()
@click.argument("text", metavar="TOKEN")
@click.option("--json", "as_json", is_flag=True, help="Answer for a program.")
def explain(text: str, as_json: bool) -> None:
    """Show number -> person -> sector -> sub for an ID token or access token of ours."""
    house = open_house()
    if not house.settings.sandbox:
        raise click.ClickException("only in a sandbox: it shows a National Insurance number")
    claims = None
    for typ in (ACCESS_TYPE, ID_TYPE):
        try:
            claims = house.keyring.verify_own(text.strip(), typ=typ)
        except jose.BadToken:
            continue
    if claims is None:
        raise click.ClickException("this is no token of ours, or it was altered")
    found = {
        role: house.database.read(lambda tx, sub=sub: _explain(tx, house.keyring, sub))  # type: ignore[misc]
        for role, sub in (("sub", claims["sub"]), ("act", claims.get("act", {}).get("sub")))
        if sub
    }
    answer = {
        "chain": found,
        "acr": claims.get("acr"),
        "mandate": claims.get("mandate"),
        "live": _standing(house, claims),
    }
    if as_json:
        click.echo(json.dumps(answer))
        return
    for role, chain in found.items():
        click.echo(
            f"{role}: {chain['national_insurance_number']} -> {chain['person']} -> "
            f"{chain['sector']} -> {chain['sub']}"
        )
    click.echo(f"acr: {answer['acr']}")
    click.echo(f"live: {answer['live']}")


def _explain(tx: Transaction, keyring: object, sub: str) -> dict[str, str | None]:
    row = tx.execute(select(SubjectRecord).where(SubjectRecord.sub == sub)).mappings().first()
    if row is None:
        return {"sub": sub, "sector": None, "person": None, "national_insurance_number": None}
    person_ref = row["holder"]
    joined = tx.execute(
        select(AccountRecord.person_ref).where(AccountRecord.ref == person_ref)
    ).scalar_one_or_none()
    person = find_person(tx, joined or person_ref)
    number = number_of(tx, keyring, person.ref) if person else None  # type: ignore[arg-type]
    return {
        "sub": sub,
        "sector": row["sector"],
        "person": person.name if person else None,
        "national_insurance_number": number.formatted if number else None,
    }


def _standing(house: object, claims: dict[str, object]) -> str:
    grant_ref = claims.get("gid")
    if grant_ref is None:
        return "an ID token does not say; ask with the access token"
    database = house.database  # type: ignore[attr-defined]
    grant = database.read(lambda tx: liveness.ask(tx, str(grant_ref)))
    if grant is None:
        return "no: its grant does not exist"
    return "yes" if grant.dead is None else f"no: {grant.dead}"
