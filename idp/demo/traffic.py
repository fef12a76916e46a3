"""Four weeks of made-up sign-ins at eleven made-up services, for the review to be tried on.

Nobody writes a journal row here: each visit goes through the house's own actions, as its pages
do, on a database of its own whose clock is moved along. Who visits what, how long a check takes
and who walks away comes from a seed. Four of the services ask for more than their assessment
says; the other seven are honest, in all the ways that there are of being honest.
"""

import base64
import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from sqlalchemy import event

from idp.accounts.actions import create_account, join_person
from idp.authentication.actions import (
    PasswordProved,
    code_at,
    enrol_totp,
    hash_password,
    new_seed,
    set_password,
)
from idp.callers import registration
from idp.figures.actions import WINDOW
from idp.house import House, open_house
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring import ring
from idp.keyring.sealing import random_token
from idp.oidc import actions as oidc
from idp.oidc.actions import Browser, Started
from idp.register.actions import NumberTaken, add_person
from idp.settings import SANDBOX_SETTINGS, Settings
from idp.signin import accepting
from idp.signin import actions as signin
from idp.signin.actions import Position
from idp.signin.rules import Step
from idp.storage import Transaction
from idp.storage.clock import Clock
from idp.storage.migrate import migrate

POLICIES = Path(__file__).parent / "traffic_policies"
TIER_1, TIER_2 = "urn:gatehouse:tier:1", "urn:gatehouse:tier:2"
CHALLENGE = base64.urlsafe_b64encode(sha256(b"v" * 43).digest()).rstrip(b"=").decode()
PASSWORD_SECONDS, CODE_SECONDS = 14.0, 21.0  # medians; the spread is lognormal
LEAVES_AT_PASSWORD, LEAVES_AT_CODE, MISTYPES = 0.04, 0.09, 0.05
# At both ends: a review that begins later still sees the first, and every journey has ended.
MARGIN = timedelta(hours=2)
UNPROVED = 0.15  # the share of people whose identity nobody has proved

Params = Mapping[str, str]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visited:
    """A service of the traffic: how it asks, and whether it asks for too much."""

    client_id: str
    ask: Callable[[Random], Params]
    too_much: bool = False


@dataclass(slots=True, kw_only=True)
class Visitor:
    """Somebody with a browser."""

    account: str
    email: str
    stored: str
    seed: str
    binding: str
    session: str | None = None


def essential(value: str) -> Params:
    """Ask for a level that must be met (OpenID Connect Core 5.5.1.1)."""
    acr = {"essential": True, "values": [value]}
    return {"claims": json.dumps({"id_token": {"acr": acr}})}


def wish(value: str) -> Params:
    """Ask for a level that is welcome."""
    return {"acr_values": value}


SERVICES = (
    Visited(client_id="books", ask=lambda _: {}),
    Visited(client_id="parking", ask=lambda _: wish(TIER_1)),  # exactly its floor
    Visited(client_id="bins", ask=lambda _: wish("urn:gatehouse:loa:P0.C1")),  # below: raised
    Visited(client_id="grants", ask=lambda _: essential(TIER_2)),  # essential, at the floor
    Visited(client_id="pension", ask=lambda _: {"vtr": '["P2.C2"]'}),
    # Somebody there tries things out: three in a hundred are no way of working.
    Visited(client_id="school", ask=lambda draw: essential(TIER_2) if draw.random() < 0.03 else {}),
    # RFC 9470: most people look, some file, and only they are asked for more.
    Visited(
        client_id="licence", ask=lambda draw: essential(TIER_2) if draw.random() < 0.35 else {}
    ),
    Visited(client_id="leisure", ask=lambda _: essential(TIER_2), too_much=True),
    Visited(client_id="permits", ask=lambda _: {"vtr": '["P1.C2"]'}, too_much=True),
    Visited(client_id="news", ask=lambda _: wish(TIER_2), too_much=True),
    # It has an entry at tier 1 and never uses it.
    Visited(client_id="desk", ask=lambda _: essential(TIER_2), too_much=True),
)
PLANTED = frozenset(one.client_id for one in SERVICES if one.too_much)


def prepare(folder: Path) -> Settings:
    """Make an empty house in its own folder: database, keys, the policies of the traffic."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = Settings(
        issuer="http://localhost:8000",
        database_url=f"sqlite:///{folder / 'gatehouse.sqlite3'}",
        keys=folder / "keys",
        policies=POLICIES,
        data=folder,
        sandbox=True,
    )
    migrate(settings.database_url)
    ring.prepare(settings.keys, Clock().now())
    settings.write(folder / SANDBOX_SETTINGS)
    return settings


def simulate(
    folder: Path,
    *,
    seed: int,
    visits: int,
    people: int = 60,
    progress: Progress | None = None,
) -> Settings:
    """Make a house in `folder`, and let `visits` attempts fill the four weeks up to now.

    The same seed gives the same visits; references and secrets differ each time.
    """
    settings = prepare(folder)
    house = open_house(settings)
    policies = house.policies  # read once: nobody changes them in these weeks
    services = replace(house.services, policies_in_force=lambda: policies)
    house = replace(house, services=services)
    event.listen(house.database.engine, "connect", _do_not_wait)
    try:
        Traffic(house, seed, people).run(visits, progress)
    finally:
        house.database.close()
    return settings


class Traffic:
    """The people and their visits, in one house whose clock is moved along."""

    def __init__(self, house: House, seed: int, people: int) -> None:
        self._house = house
        self._draw = Random(seed)  # noqa: S311 - repeatable on purpose
        house.database.move_clock(-WINDOW)
        for service in SERVICES:
            _register(house, service.client_id)
        # One hash for all: what hashing costs is no part of what is tried here.
        self._hashed = hash_password(house.gate, "a long password that all of them share")
        self._visitors = [
            house.database.transaction(lambda tx, n=n: self._settle(tx, n))  # type: ignore[misc]
            for n in range(people)
        ]

    def run(self, visits: int, progress: Progress | None = None) -> None:
        """Let people visit, spread over four weeks; the clock then shows the true time."""
        clock = self._house.database.clock
        first, last = MARGIN.total_seconds(), (WINDOW - MARGIN).total_seconds()
        for n, after in enumerate(sorted(self._draw.uniform(first, last) for _ in range(visits))):
            behind = after - (clock.offset + WINDOW).total_seconds()
            self._wait(max(behind, 1.0))  # who visits while another still types comes just after
            self._visit(self._draw.choice(self._visitors), self._draw.choice(SERVICES))
            if progress:
                progress(n + 1, visits)
        self._house.database.move_clock(-clock.offset)

    def _visit(self, who: Visitor, service: Visited) -> None:
        database, services = self._house.database, self._house.services
        params = {
            "client_id": service.client_id,
            "redirect_uri": _callback(service.client_id),
            "response_type": "code",
            "scope": "openid profile",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **service.ask(self._draw),
        }
        begun = oidc.begin(
            database, services, params, Browser(binding=who.binding, session=who.session)
        ).outcome
        if not isinstance(begun, Started):
            return
        while isinstance(found := self._where(who, begun.journey), Position):
            if found.next.step is Step.ISSUE:
                oidc.finish(database, services, found)
                return
            if found.next.step is Step.REFUSE:
                oidc.abandon(
                    database, services, found, "unmet_authentication_requirements", "refused"
                )
                return
            if not self._answer(who, found):
                return  # walked away, or would have to prove who they are first

    def _where(self, who: Visitor, ref: str) -> object:
        house = self._house
        return house.database.read(
            lambda tx: signin.locate(
                tx, house.policies, ref, browser_secret=who.binding, session_secret=who.session
            )
        )

    def _answer(self, who: Visitor, found: Position) -> bool:
        """Give what is asked, after a while; False for who walks away."""
        if found.next.step is Step.PASSWORD:
            if self._draw.random() < LEAVES_AT_PASSWORD:
                return False
            self._take(PASSWORD_SECONDS)
            proved = PasswordProved(who.account, who.email, who.stored, None)
            secret = self._house.database.transaction(
                lambda tx: accepting.accept_password(
                    tx, self._house.keyring, proved, session=found.session, journey=found.journey
                )
            )
        elif found.next.step is Step.CODE:
            if self._draw.random() < LEAVES_AT_CODE:
                return False
            self._take(CODE_SECONDS)
            if self._draw.random() < MISTYPES:
                self._type(who, found, "000000")
                self._take(CODE_SECONDS)
            step = int(self._house.database.clock.now().timestamp()) // 30
            secret = self._type(who, found, code_at(who.seed, step))
        else:
            return False
        who.session = secret or who.session
        return secret is not None

    def _type(self, who: Visitor, found: Position, code: str) -> str | None:
        session = found.session
        assert session is not None  # a code is asked of nobody who is not known yet
        return self._house.database.transaction(
            lambda tx: accepting.accept_code(
                tx, self._house.keyring, code, session=session, journey=found.journey
            )
        )

    def _take(self, median_seconds: float) -> None:
        self._wait(self._draw.lognormvariate(math.log(median_seconds), 0.5))

    def _wait(self, seconds: float) -> None:
        self._house.database.move_clock(timedelta(seconds=seconds))

    def _settle(self, tx: Transaction, n: int) -> Visitor:
        """Enter one person into the register, with an account, a password and a code app."""
        keyring = self._house.keyring
        number = parse(f"AB{n:06d}A")
        assert isinstance(number, NationalInsuranceNumber)
        person = add_person(
            tx, keyring, number=number, given_name="Visitor", family_name=f"Number {n}",
            birth_date=date(1980, 1, 1), sex="female", address={"country": "GB"},
        )  # fmt: skip
        assert not isinstance(person, NumberTaken)
        email = f"visitor-{n}@example.test"
        account = create_account(tx, sign_in_name=email, email=email, confirmed=True)
        if self._draw.random() >= UNPROVED:
            join_person(tx, account_ref=account, person_ref=person, identity_level=2)
        set_password(tx, keyring, account, self._hashed)
        seed = new_seed()
        enrol_totp(tx, keyring, account, seed)
        return Visitor(
            account=account, email=email, stored=self._hashed.hash, seed=seed,
            binding=random_token(),
        )  # fmt: skip


def _do_not_wait(connection: sqlite3.Connection, _record: object) -> None:
    """Let the disk take its time: what is made up may be lost."""
    connection.execute("PRAGMA synchronous = OFF")


def _callback(client_id: str) -> str:
    return f"https://{client_id}.example/callback"


def _register(house: House, client_id: str) -> None:
    asked = registration.read(
        {
            "client_id": client_id,
            "client_name": client_id,
            "organisation": "Made-up service",
            "sector": client_id,
            "token_endpoint_auth_method": "none",
            "redirect_uris": [_callback(client_id)],
            "scopes": ["openid", "profile"],
        },
        "traffic",
    )
    done = house.database.transaction(lambda tx: registration.register(tx, asked, by="sandbox"))
    if isinstance(done, str):
        raise RuntimeError(done)
