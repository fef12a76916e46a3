"""The sandbox's small world: its people, three departments, one permission to act."""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from idp.accounts.actions import create_account, join_person
from idp.assurance.rules import Level
from idp.authentication.actions import enrol_totp, hash_password, new_seed, set_password
from idp.callers import registration
from idp.delegation.actions import give
from idp.demo import organisations
from idp.errors import Refusal
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.actions import Entry, record
from idp.keyring import jose
from idp.register.actions import NumberTaken, add_person
from idp.register.rules import Contacts
from idp.storage import Transaction

PEOPLE_FILE = "people.json"
WORDS = (
    "amber", "badger", "candle", "daisy", "ember", "forest", "garden", "harbour", "island",
    "jacket", "kettle", "lantern", "meadow", "nutmeg", "orchard", "pebble", "quilt", "river",
    "saddle", "thistle", "umbrella", "valley", "willow", "yellow",
)  # fmt: skip
PREFIXES = ("AB", "CE", "EH", "GH", "JK", "LM", "PR", "RS", "SW", "WX")
PROVED = Level(identity=2, sign_in=2)
YEAR = timedelta(days=365)
CAR_TAX_AWAY = 6  # 3 to 5 are the post office and the checker


@dataclass(frozen=True, kw_only=True)
class SamplePerson:
    """A made-up person who can sign in, with everything needed to do it."""

    role: str
    given_name: str
    family_name: str
    birth_date: str
    sex: str
    email: str
    password: str
    totp_secret: str
    national_insurance_number: str

    @property
    def name(self) -> str:
        """The name as it is shown."""
        return f"{self.given_name} {self.family_name}"


@dataclass(frozen=True, kw_only=True)
class SampleService:
    """A sample department: its registration, where it runs, and the words of what people can do
    there, by the power of `powers.toml` that each takes."""

    client_id: str
    name: str
    host_name: str
    port: int
    scopes: Sequence[str]
    sector: str
    delegation: bool
    does: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Its address in the browser."""
        return f"http://{self.host_name}:{self.port}"


CAST = (
    ("mother", "Margaret", "Hughes", "1951-03-14", "female"),
    ("daughter", "Sian", "Hughes", "1979-08-02", "female"),
    ("neighbour", "Tom", "Barker", "1962-11-27", "male"),
    ("accountant", "Priya", "Shah", "1988-01-19", "female"),
    ("adviser", "Ruth", "Cole", "1970-05-30", "female"),
    ("insurer", "Marek", "Novak", "1991-09-12", "male"),
)


def services(port: int) -> tuple[SampleService, ...]:
    """The departments beside an issuer on `port`: the Library and Car tax at tier 1, Tax at tier 2.
    At the last two others may act for somebody."""
    return (
        SampleService(
            client_id="library", name="Library", host_name="library.localhost", port=port + 1,
            scopes=("openid", "profile"), sector="culture", delegation=False,
        ),
        SampleService(
            client_id="tax", name="Tax", host_name="tax.localhost", port=port + 2,
            scopes=("openid", "profile", "national_insurance_number"), sector="revenue",
            delegation=True,
            does={"file": "Send a tax return", "repayment": "Ask for money back"},
        ),
        SampleService(
            client_id="vehicles", name="Car tax", host_name="cartax.localhost",
            port=port + CAR_TAX_AWAY, scopes=("openid", "profile"), sector="transport",
            delegation=True,
            does={"renew": "Renew the tax of a car", "off-road": "Say that a car is off the road"},
        ),
    )  # fmt: skip


def people(data: Path) -> list[SamplePerson]:
    """Read the sandbox's people."""
    return [SamplePerson(**item) for item in json.loads((data / PEOPLE_FILE).read_text())]


def build(house: House, data: Path, port: int) -> None:
    """Make the world where it is not yet there, and bring the departments up to date."""
    for service in services(port):
        _register(house, data, service)
    if (data / PEOPLE_FILE).exists():
        return
    sample = [_invent(*part, number=made_up_number(index)) for index, part in enumerate(CAST)]
    hashes = [hash_password(house.gate, person.password) for person in sample]

    def work(tx: Transaction) -> None:
        refs, accounts_of = {}, {}
        for person, hashed in zip(sample, hashes, strict=True):
            refs[person.role], accounts_of[person.role] = _settle(tx, house, person, hashed)
        given = give(
            tx,
            principal=refs["mother"],
            delegate=refs["daughter"],
            services={"tax": ["view", "file", "repayment"]},
            expires=tx.now() + YEAR,
            grant_level=PROVED,
            basis="own",
            by="sandbox",
        )
        if isinstance(given, Refusal):
            raise RuntimeError(given.description)
        accounts = {person.role: (accounts_of[person.role], person.name) for person in sample}
        organisations.build(tx, house, accounts)

    # The file first: with it lost, nobody would know the passwords that the database holds.
    write(data / PEOPLE_FILE, [asdict(person) for person in sample])
    try:
        house.database.transaction(work)
    except BaseException:
        (data / PEOPLE_FILE).unlink()
        raise


def department_key(data: Path, client_id: str) -> Path:
    """Answer the file with a department's private key."""
    return data / f"{client_id}.jwk.json"


def new_key(client_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make a client's key: the private JWK, and the JWKS to register."""
    private = jose.generate("ES256")
    public = {**private.as_dict(private=False), "use": "sig", "alg": "ES256"}
    return dict(private.as_dict(private=True)), {"keys": [public]}


def _register(house: House, data: Path, service: SampleService) -> None:
    path = department_key(data, service.client_id)
    if not path.exists():
        private, _ = new_key(service.client_id)
        write(path, private)
    private = json.loads(path.read_text())
    public = {name: value for name, value in private.items() if name != "d"}
    asked = registration.read(
        {
            "client_id": service.client_id,
            "client_name": service.name,
            "organisation": f"Sample department: {service.name}",
            "sector": service.sector,
            "jwks": {"keys": [public]},
            "redirect_uris": [f"{service.url}/callback"],
            "post_logout_redirect_uris": [f"{service.url}/signed-out"],
            "scopes": list(service.scopes),
            # By number: calls between servers must not depend on resolving *.localhost.
            "backchannel_logout_uri": f"http://127.0.0.1:{service.port}/backchannel-logout",
            "delegation_aware": service.delegation,
        },
        "sandbox",
    )
    done = house.database.transaction(
        lambda tx: registration.register(tx, asked, by="sandbox", sandbox=True)
    )
    if isinstance(done, str):
        raise RuntimeError(done)


def _settle(tx: Transaction, house: House, person: SamplePerson, hashed: Any) -> tuple[str, str]:
    number = parse(person.national_insurance_number)
    assert isinstance(number, NationalInsuranceNumber)
    ref = add_person(
        tx,
        house.keyring,
        number=number,
        given_name=person.given_name,
        family_name=person.family_name,
        birth_date=date.fromisoformat(person.birth_date),
        sex=person.sex,
        address={
            "street_address": "12 Chapel Row",
            "locality": "Llanfair",
            "postal_code": "LL00 1AA",
            "country": "GB",
        },
        contacts=Contacts(email=person.email),
    )
    if isinstance(ref, NumberTaken):
        raise RuntimeError("the sandbox's number is taken; start over with --reset")
    account = create_account(tx, sign_in_name=person.email, email=person.email, confirmed=True)
    join_person(tx, account_ref=account, person_ref=ref, identity_level=PROVED.identity)
    set_password(tx, house.keyring, account, hashed)
    enrol_totp(tx, house.keyring, account, person.totp_secret)
    record(tx, Entry(kind="enrolled", person=ref, detail={"by": "sandbox"}))
    return ref, account


def _invent(
    role: str, given: str, family: str, born: str, sex: str, *, number: str
) -> SamplePerson:
    words = "-".join(secrets.choice(WORDS) for _ in range(4))
    return SamplePerson(
        role=role,
        given_name=given,
        family_name=family,
        birth_date=born,
        sex=sex,
        email=f"{given}@example.test".lower(),
        password=f"{words}-{secrets.randbelow(9000) + 1000}",
        totp_secret=new_seed(),
        national_insurance_number=number,
    )


def made_up_number(index: int) -> str:
    """Make up the number of the `index`th person. It is valid in shape: the realm, not the
    number, says that it is a test."""
    prefix = PREFIXES[(secrets.randbelow(3) * len(CAST) + index) % len(PREFIXES)]
    return f"{prefix}{secrets.randbelow(1_000_000):06d}{secrets.choice('ABCD')}"


def write(path: Path, data: Any) -> None:
    """Write a file of the sandbox's, readable by its owner only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        json.dump(data, handle, indent=1)
