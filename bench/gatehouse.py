"""Starts Gatehouse itself, with a client and a signed-in person made by its own actions."""

import sys
from datetime import date
from pathlib import Path

from bench.peers import REDIRECT_URI, Storage, launch, wait_until_ready
from bench.target import Target, stopper
from idp.accounts.actions import create_account, join_person
from idp.authentication import sessions
from idp.authentication.actions import enrol_totp, new_seed
from idp.callers import registration
from idp.house import House, open_house
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring import ring
from idp.keyring.sealing import random_token
from idp.register.actions import NumberTaken, add_person
from idp.settings import Settings, load
from idp.signin.actions import milliseconds
from idp.signin.rules import CODE, PASSWORD
from idp.storage import Transaction
from idp.storage.clock import Clock
from idp.storage.migrate import migrate
from tests.rig.ports import free_ports

SERVE = [sys.executable, "-c", "from idp.cli import main; main()", "serve"]


def start_gatehouse(engine: str, port: int, folder: str, *, core: int, workers: int) -> Target:
    """Start `idp serve` on a migrated database; all its parts count, the journal's sealer too."""
    storage = Storage(engine, folder, core=core)
    environment = _environment(storage.url, port, folder, workers)
    try:
        settings = load(environment)
        migrate(settings.database_url)
        ring.prepare(settings.keys, Clock().now())
        secret, cookie = furnish(settings)
        process = launch(SERVE, environment, folder, core=core)
    except BaseException:
        storage.close()
        raise
    stop = stopper([process], storage.close)
    try:
        wait_until_ready(process, port, settings.issuer_host, folder)
    except BaseException:
        stop()
        raise
    return Target(
        name="gatehouse",
        issuer=settings.issuer,
        port=port,
        client_id="bench",
        client_secret=secret,
        redirect_uri=REDIRECT_URI,
        cookie=cookie,
        pids=(process.pid, *storage.pids),
        stop=stop,
        note=f"`idp serve`, {workers} workers; journal written and sealed, policy, level and "
        "liveness asked; JWT access token, refresh token kept",
    )


def _environment(url: str, port: int, folder: str, workers: int) -> dict[str, str]:
    (operators,) = free_ports()
    return {
        "IDP_DATA": folder,
        "DATABASE_URL": url.replace("sqlite:", "sqlite:///", 1),
        "IDP_ISSUER": f"http://localhost:{port}",
        "IDP_PORT": str(port),
        "IDP_OPERATORS_PORT": str(operators),
        "IDP_WORKERS": str(workers),
        "IDP_POLICIES": str(Path(__file__).resolve().parent.parent / "policies"),
    }


def furnish(settings: Settings) -> tuple[str, str]:
    """Register the client and sign a person in; give its secret and the person's cookies."""
    house = open_house(settings)
    asked = registration.read(
        {
            "client_id": "bench",
            "client_name": "Bench",
            "organisation": "Bench",
            "sector": "bench",
            "token_endpoint_auth_method": "client_secret_basic",
            "redirect_uris": [REDIRECT_URI],
            "scopes": ["openid", "profile"],
        },
        "bench",
    )
    done = house.database.transaction(lambda tx: registration.register(tx, asked, by="bench"))
    if isinstance(done, str) or done.secret is None:
        raise RuntimeError(f"the client was not registered: {done}")
    session = house.database.transaction(lambda tx: _sign_in(tx, house))
    house.database.close()
    return done.secret, f"gatehouse_browser={random_token()}; gatehouse_session={session}"


def _sign_in(tx: Transaction, house: House) -> str:
    number = parse("AB123456C")
    assert isinstance(number, NationalInsuranceNumber)
    person = add_person(
        tx,
        house.keyring,
        number=number,
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1951, 4, 2),
        sex="female",
        address={"locality": "Llanfair"},
    )
    assert not isinstance(person, NumberTaken)
    account = create_account(tx, sign_in_name="margaret@example.test", email="m@example.test")
    join_person(tx, account_ref=account, person_ref=person, identity_level=2)
    enrol_totp(tx, house.keyring, account, new_seed())
    now = tx.now()
    proofs = {PASSWORD: milliseconds(now), CODE: milliseconds(now)}
    return sessions.start(tx, account, proofs, now)[1]
