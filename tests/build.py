"""Facts for tests: a house with people, services and permissions in it, and ways to use them.

`World` is what stays the same in every test (passwords, keys, secrets); it is made once, and so
is the database that holds it, on each engine. Each test gets a copy of that database and a
house on it: `site` (both engines). Nothing is replaced but what leaves the house.
"""

import base64
import copy
import re
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from joserfc import jws
from joserfc.jws import JWSRegistry
from sqlalchemy import insert, select, update
from werkzeug.test import TestResponse

from idp.accounts.actions import create_account, join_person
from idp.accounts.records import AccountRecord
from idp.app import create_app
from idp.assurance.policy import Policies, load_policies
from idp.assurance.rules import Level
from idp.authentication import recovery_codes, sessions
from idp.authentication.actions import (
    HashedPassword,
    code_at,
    enrol_totp,
    hash_password,
    new_seed,
    set_password,
)
from idp.authentication.hashing import HashGate
from idp.callers import registration
from idp.callers.authenticate import ASSERTION_TYPE
from idp.callers.clients import ClientBook
from idp.callers.records import ClientRecord
from idp.callers.service_levels import ServiceLevels
from idp.delegation import actions as delegation
from idp.egress.actions import Gate
from idp.errors import Refusal
from idp.front import Front
from idp.house import ClientKeys, House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring import jose
from idp.keyring.ring import Keyring, prepare
from idp.keyring.sealing import digest, random_ref
from idp.oidc.server import Services
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.proofing.checkers import load_checkers
from idp.register.actions import NumberTaken, add_person
from idp.settings import Settings
from idp.storage import Database, Transaction
from idp.storage.clock import Clock
from idp.web import EXTENSION
from tests.rig.authenticator import Authenticator
from tests.rig.passkeys import give_passkey

ISSUER = "http://localhost:18000"
POLICIES = Path(__file__).parents[1] / "policies"
EVERYTHING = ["openid", "profile", "email", "address", "phone", "offline_access"]
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PASSWORD, CODE = "password", "one-time-code"
PURPOSE = "Look at the bill for May"
BOTH = (PASSWORD, CODE)
REGISTRY = JWSRegistry(algorithms=["ES256", "RS256", "PS256", "EdDSA", "HS256", "none"])


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in. `number` is None for an account that nobody proved."""

    name: str
    given: str
    family: str
    number: str | None
    password: str
    seed: str

    @property
    def email(self) -> str:
        """The sign-in name."""
        return f"{self.name}@example.test"


@dataclass(frozen=True)
class Service:
    """A client as registered, and what it proves itself with."""

    client_id: str
    data: Mapping[str, Any]
    secret: str | None = None
    key: jose.PrivateKey | None = None

    @property
    def redirect_uri(self) -> str:
        """Where its answers go."""
        return str(self.data["redirect_uris"][0])

    @property
    def method(self) -> str:
        """How it authenticates."""
        return str(self.data["token_endpoint_auth_method"])


@dataclass(frozen=True)
class World:
    """What is the same in every test."""

    folder: Path
    people: dict[str, Person]
    services: dict[str, Service]
    hashes: dict[str, HashedPassword]
    policies: Policies
    keyring: Keyring
    gate: HashGate


def service(client_id: str, method: str, *, sector: str = "council", **more: Any) -> Service:
    """Make a client: its registration, and a key or secret of its own."""
    data: dict[str, Any] = {
        "client_id": client_id,
        "client_name": client_id.capitalize(),
        "organisation": "Example Borough Council",
        "sector": sector,
        "token_endpoint_auth_method": method,
        "redirect_uris": [f"https://{client_id}.example/callback"],
        "post_logout_redirect_uris": [f"https://{client_id}.example/signed-out"],
        "backchannel_logout_uri": f"https://{client_id}.example/logout",
        "scopes": EVERYTHING,
        **more,
    }
    if method != "private_key_jwt":
        secret = None if method == "none" else f"{client_id}-{'s' * 40}"
        return Service(client_id, data, secret=secret)
    key = jose.generate("ES256")
    data["jwks"] = {"keys": [{**key.as_dict(private=False), "use": "sig", "alg": "ES256"}]}
    return Service(client_id, data, key=key)


def make_world(folder: Path) -> World:
    """Make everything that costs: keys, hashes, policies. Once a run."""
    tier_1 = ("basic", "post", "public", "rsa", "other", "loose")
    policies = folder / "policies"
    policies.mkdir()
    for file in POLICIES.glob("*.toml"):
        (policies / file.name).write_text(file.read_text())
    like_library = "".join(
        f'\n[[service]]\nclient_id = "{name}"\nname = "{name}"\nowner = "Tests"\nshut_out = 1\n'
        '[[service.action]]\nid = "look"\nthreat = "normal"\nreturn_visits = true\n'
        "[service.action.wrong_person]\nmoney_public = 1\nlegal = 1\ndistress = 1\n"
        "[service.action.taken_over]\nprivacy = 1\nmoney_public = 1\ndistress = 1\n"
        for name in tier_1
    )
    # A plain sign-in is for looking; the service itself asks for more where somebody files.
    by_action = (
        '\n[[service]]\nclient_id = "steps"\nname = "Steps"\nowner = "Tests"\nshut_out = 1\n'
        'entry = "look"\n[[service.action]]\nid = "look"\n'
        "[service.action.wrong_person]\nlegal = 1\n[service.action.taken_over]\nprivacy = 1\n"
        '[[service.action]]\nid = "file"\n'
        "[service.action.wrong_person]\nlegal = 2\n[service.action.taken_over]\nprivacy = 2\n"
    )
    with (policies / "services.toml").open("a") as handle:
        handle.write(like_library + by_action)
    prepare(folder / "keys", Clock().now())
    gate = HashGate(2, wait_seconds=30)
    people = {
        name: Person(name, name.capitalize(), family, number, f"a long password of {name}",
                     new_seed())
        for name, family, number in (
            ("sian", "Hughes", "AB123456A"), ("margaret", "Hughes", "CE123456B"),
            ("tom", "Barker", "EH123456C"), ("nobody", "", None),
        )
    }  # fmt: skip
    tax_scopes = ["openid", "profile", "national_insurance_number"]
    listed = (
        service("library", "private_key_jwt", sector="culture", scopes=["openid", "profile"],
                resources=["https://api.library.example/v1"]),
        service("tax", "private_key_jwt", sector="revenue", scopes=tax_scopes,
                delegation_aware=True, resources=["https://api.tax.example/v1"]),
        service("basic", "client_secret_basic", pkce="optional"),
        service("post", "client_secret_post"),
        service("public", "none"),
        service("rsa", "private_key_jwt", id_token_signed_response_alg="RS256"),
        service("other", "client_secret_basic", sector="elsewhere"),
        service("steps", "client_secret_basic"),
        service("loose", "client_secret_basic", pkce="optional",
                redirect_uris=["https://loose.example/a?keep=%2Fx&flag", "https://loose.example/b"]),
    )  # fmt: skip
    return World(
        folder=folder,
        people=people,
        services={one.client_id: one for one in listed},
        hashes={name: hash_password(gate, one.password) for name, one in people.items()},
        policies=load_policies(policies, today=Clock().now().date(), fallback=POLICIES),
        keyring=Keyring(folder / "keys", Clock()),
        gate=gate,
    )


def populate(database: Database, world: World) -> None:
    """Write the world into an empty, migrated database."""

    def work(tx: Transaction) -> None:
        for one in world.services.values():
            asked = registration.read(dict(one.data), "tests")
            done = registration.register(tx, asked, by="tests")
            assert not isinstance(done, str), done
            if one.secret is not None:
                tx.execute(
                    update(ClientRecord)
                    .where(ClientRecord.client_id == one.client_id)
                    .values(secret_digest=digest(one.secret))
                )
        for person in world.people.values():
            account = create_account(tx, sign_in_name=person.email, email=person.email)
            set_password(tx, world.keyring, account, world.hashes[person.name])
            if person.number is None:
                continue
            number = parse(person.number)
            assert isinstance(number, NationalInsuranceNumber)
            ref = add_person(
                tx, world.keyring, number=number, given_name=person.given,
                family_name=person.family, birth_date=date(1979, 8, 2), sex="female",
                address={"street_address": "12 Chapel Row", "country": "GB"},
            )  # fmt: skip
            assert not isinstance(ref, NumberTaken)
            join_person(tx, account_ref=account, person_ref=ref, identity_level=2)
            enrol_totp(tx, world.keyring, account, person.seed)

    database.transaction(work)


class Compiled(BytecodeCache):
    """Templates compiled once in a run: half of what a page in a new house would cost."""

    def __init__(self) -> None:
        """Begin with none."""
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill in what was compiled before, from the same source."""
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled now."""
        self.kept[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()


def open_site(world: World, database_url: str, **more: Any) -> "Site":
    """Open a house on a database that `populate` has filled. Close it with `site.close()`."""
    settings = Settings(
        issuer=ISSUER,
        database_url=database_url,
        keys=world.folder / "keys",
        policies=world.folder / "policies",
        data=world.folder,
        **more,
    )
    database = Database(database_url, pool_size=4)
    keyring = copy.copy(world.keyring)  # shares the parsed keys; the clock is this house's own
    keyring.clock = database.clock
    egress = _gate(frozenset(settings.private_hosts))
    client_keys = ClientKeys(egress)
    services = Services(
        issuer=ISSUER,
        keyring=keyring,
        policies_in_force=lambda: world.policies,
        clients=ClientBook(),
        fetch_keys=client_keys.get,
    )
    house = House(
        settings=settings, database=database, keyring=keyring,
        gate=world.gate, egress=egress, client_keys=client_keys, services=services,
        service_levels=ServiceLevels(database),
        checkers=load_checkers(settings.checkers),
    )  # fmt: skip
    wanted = repr(sorted(more.items()))
    return Site(world, house, _application(house, wanted), wanted)


@cache
def _gate(private_hosts: frozenset[str]) -> Gate:
    """The way out; what it costs is to read the system's certificates."""
    return Gate(allowed_private_hosts=private_hosts)


# Applications of houses that were closed, by what was set for them: making one compiles all routes.
FREE: dict[str, list[Flask]] = defaultdict(list)


def _application(house: House, wanted: str) -> Flask:
    """An application for this house: a new one, or one whose own house was closed."""
    if not FREE[wanted]:
        app = create_app(house)
        app.jinja_env.bytecode_cache = COMPILED
        return app
    app = FREE[wanted].pop()
    app.extensions[EXTENSION] = house
    app.wsgi_app = Front(house, Flask.wsgi_app.__get__(app))  # type: ignore[method-assign]
    return app


@dataclass
class Site:
    """A running house with one browser, and the services that know how to ask it."""

    world: World
    house: House
    app: Flask
    wanted: str = ""
    browser: FlaskClient = field(init=False)

    def __post_init__(self) -> None:
        """Open a browser."""
        self.browser = self.new_browser()

    @property
    def database(self) -> Database:
        """The database, to look into after a refusal."""
        return self.house.database

    def close(self) -> None:
        """Close the database, and leave the application to the next house."""
        self.house.database.close()
        FREE[self.wanted].append(self.app)

    def new_browser(self) -> FlaskClient:
        """Open another browser."""
        return self.app.test_client()

    def service(self, client_id: str) -> Service:
        """A client of the world."""
        return self.world.services[client_id]

    def now(self) -> int:
        """The database's clock, in seconds."""
        return int(self.database.now().timestamp())

    def later(self, **by: float) -> None:
        """Move the clock on: `later(seconds=61)`."""
        self.database.move_clock(timedelta(**by))

    def rows(self, table: Any, **where: Any) -> list[Any]:
        """Read a table's rows (as mappings), to see what a request left behind. Those that are
        numbered come in that order, which PostgreSQL keeps only where it is asked to."""
        statement = select(table.__table__).filter_by(**where)
        if "id" in table.__table__.c:
            statement = statement.order_by(table.__table__.c.id)
        return self.database.read(lambda tx: list(tx.execute(statement).mappings()))

    def change(self, table: Any, values: Mapping[str, Any], **where: Any) -> int:
        """Change rows behind the house's back, as an officer or another worker would."""
        statement = update(table).filter_by(**where).values(**values)
        count: int = self.database.transaction(lambda tx: tx.execute(statement).rowcount)
        assert count, (table, where)
        return count

    # People

    def account(self, name: str) -> Any:
        """A person's account row."""
        (row,) = self.rows(AccountRecord, sign_in_name=self.world.people[name].email)
        return row

    def sign_in(
        self,
        name: str = "sian",
        methods: tuple[str, ...] = BOTH,
        *,
        ago: int = 0,
        browser: FlaskClient | None = None,
    ) -> str:
        """Sign somebody in, in a browser, without its pages; answer the session's reference."""
        account = self.account(name)["ref"]

        def work(tx: Transaction) -> tuple[str, str]:
            now = tx.now()
            proved = int(now.timestamp() * 1000) - ago * 1000
            return sessions.start(tx, account, dict.fromkeys(methods, proved), now)

        ref, secret = self.database.transaction(work)
        (browser or self.browser).set_cookie("gatehouse_session", secret, domain="localhost")
        return ref

    def code_now(self, name: str) -> str:
        """What a person's app shows now."""
        return code_at(self.world.people[name].seed, self.now() // 30)

    def give_passkey(self, name: str, *, device_bound: bool = False) -> Authenticator:
        """Give a person a passkey, or a security key, and answer it."""
        return give_passkey(self.house, self.account(name)["ref"], device_bound=device_bound)

    def give_printed_codes(self, name: str) -> list[str]:
        """Print recovery codes for a person, and answer them."""
        account = self.account(name)["ref"]
        return self.database.transaction(
            lambda tx: recovery_codes.make_codes(tx, self.house.keyring, account)
        )

    def give_mandate(self, principal: str = "margaret", delegate: str = "sian", **more: Any) -> str:
        """Let a person, or an organisation by its reference, act for another; answer the mandate's
        reference."""
        asked: dict[str, Any] = {
            "services": {"tax": ["view", "file"]}, "basis": "own", "by": "tests",
            "grant_level": Level(identity=2, sign_in=2),
            "principal": self.account(principal)["person_ref"],
            "delegate": self.account(delegate)["person_ref"]
            if delegate in self.world.people else delegate,
            "delegate_kind": "person" if delegate in self.world.people else "organisation",
        } | more  # fmt: skip
        life = asked.pop("life", timedelta(days=30))
        given = self.database.transaction(
            lambda tx: delegation.give(tx, expires=tx.now() + life, **asked)
        )
        assert not isinstance(given, Refusal), given
        return given[0]

    def give_organisation(
        self, name: str = "Example Advice", *, kind: str = "charity", **more: Any
    ) -> str:
        """Make an organisation whose name is verified; answer its reference."""
        now = self.database.now()
        values = {
            "ref": random_ref(), "name": name, "kind": kind, "entered_by": "tests",
            "created_at": now, "verified_by": "tests", "verified_at": now, "assurance": 1,
            "access": "assigned", "shows_names": kind != "charity", "version": 1,
        } | more  # fmt: skip
        self.database.transaction(lambda tx: tx.execute(insert(OrganisationRecord).values(values)))
        return str(values["ref"])

    def give_member(self, organisation: str, name: str, *roles: str) -> str:
        """Make somebody a member of an organisation; answer the membership's reference."""
        person = self.world.people[name]
        values = {
            "ref": random_ref(), "organisation_ref": organisation,
            "account_ref": self.account(name)["ref"], "name": person.given,
            "roles": list(roles) or ["worker"], "added_by": "tests",
            "joined_at": self.database.now(),
        }  # fmt: skip
        self.database.transaction(lambda tx: tx.execute(insert(MemberRecord).values(values)))
        return str(values["ref"])

    # Pages

    def get(self, path: str, *, browser: FlaskClient | None = None, **more: Any) -> TestResponse:
        """Open one of our addresses, and follow redirects as long as they stay here."""
        browser = browser or self.browser
        answer = browser.get(path, base_url=ISSUER, **more)
        while answer.status_code in {302, 303} and answer.location.startswith("/"):
            answer = browser.get(answer.location, base_url=ISSUER)
        return answer

    def submit(self, page: TestResponse, **data: str) -> TestResponse:
        """Fill in the form of a page and send it."""
        found = re.search(r'<form method="post" action="([^"]*)"', page.text)
        assert found, page.text
        token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
        fields = {"csrf_token": token.group(1) if token else "", **data}
        answer = self.browser.post(found.group(1), data=fields, base_url=ISSUER)
        while answer.status_code in {302, 303} and answer.location.startswith("/"):
            answer = self.browser.get(answer.location, base_url=ISSUER)
        return answer

    # The authorization endpoint

    def asked(self, client_id: str, **params: Any) -> dict[str, str]:
        """The parameters of a good authorization request, changed as told; None leaves one out."""
        one = self.service(client_id)
        given: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": one.redirect_uri,
            "scope": "openid",
            "state": "a state",
            "nonce": "a nonce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **params,
        }
        return {name: value for name, value in given.items() if value is not None}

    def authorize(
        self, client_id: str, *, browser: FlaskClient | None = None, **params: Any
    ) -> TestResponse:
        """Ask at /authorize: the page shown, or the redirect to the client."""
        query = urlencode(self.asked(client_id, **params))
        return self.get(f"/authorize?{query}", browser=browser)

    def answer(self, client_id: str, **params: Any) -> dict[str, str]:
        """Ask at /authorize, and read what the client gets."""
        return read_answer(self.authorize(client_id, **params))

    def code(self, client_id: str, **params: Any) -> str:
        """Ask for a code as whoever is signed in, and get one."""
        got = self.answer(client_id, **params)
        assert "code" in got, got
        return got["code"]

    def act(
        self, mandate: str, client_id: str = "tax", *, purpose: str = PURPOSE, **params: Any
    ) -> str:
        """Choose whom to act for, say what for, and get a code."""
        page = self.authorize(client_id, **{"acting_for": "choose", **params})
        got = read_answer(self.submit(page, who=mandate, purpose=purpose))
        assert "code" in got, got
        return got["code"]

    # The machine doors

    def proof(self, client_id: str, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        """Prove who calls by the client's own method: the form, and the headers."""
        one, headers, form = self.service(client_id), {}, dict(form)
        if one.method == "client_secret_basic":
            pair = base64.b64encode(f"{client_id}:{one.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        elif one.method == "private_key_jwt":
            form |= {
                "client_assertion_type": ASSERTION_TYPE,
                "client_assertion": self.assertion(client_id),
            }
        else:
            form["client_id"] = client_id
            if one.secret is not None:
                form["client_secret"] = one.secret
        return form, headers

    def assertion(self, client_id: str, **claims: Any) -> str:
        """Sign a good client assertion, changed as told; None leaves a claim out."""
        one, now = self.service(client_id), self.now()
        assert one.key is not None
        said = {
            "iss": client_id, "sub": client_id, "aud": ISSUER, "iat": now, "exp": now + 60,
            "jti": secrets.token_hex(8), **claims,
        }  # fmt: skip
        return sign({name: value for name, value in said.items() if value is not None}, one.key)

    def post(self, path: str, client_id: str, **form: Any) -> TestResponse:
        """Call a machine door as a client."""
        fields, headers = self.proof(client_id, form)
        return self.browser.post(path, data=fields, headers=headers, base_url=ISSUER)

    def redeem(self, client_id: str, code: str, /, **form: Any) -> TestResponse:
        """Redeem a code, changed as told; None leaves a field out."""
        given: dict[str, str | None] = {
            "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
            "redirect_uri": self.service(client_id).redirect_uri, **form,
        }  # fmt: skip
        fields = {name: value for name, value in given.items() if value is not None}
        return self.post("/token", client_id, **fields)

    def tokens(self, client_id: str, **params: Any) -> dict[str, Any]:
        """Get tokens for whoever is signed in."""
        answer = self.redeem(
            client_id, self.code(client_id, **params), redirect_uri=params.get("redirect_uri")
            or self.service(client_id).redirect_uri
        )  # fmt: skip
        assert answer.status_code == 200, answer.json
        return dict(answer.json or {})

    def refresh(self, client_id: str, token: str, **form: Any) -> TestResponse:
        """Use a refresh token."""
        return self.post("/token", client_id, grant_type="refresh_token", refresh_token=token,
                         **form)  # fmt: skip

    def introspect(self, client_id: str, token: str) -> dict[str, Any]:
        """Ask about a token, as a client."""
        answer = self.post("/introspect", client_id, token=token)
        assert answer.status_code == 200, answer.json
        return dict(answer.json or {})

    def userinfo(self, token: str) -> TestResponse:
        """Ask for the claims that a token stands for."""
        return self.browser.get(
            "/userinfo", headers={"Authorization": f"Bearer {token}"}, base_url=ISSUER
        )


def read_answer(response: TestResponse) -> dict[str, str]:
    """Read an authorization response from where the browser is sent."""
    title = re.search(r"<title>(.*?)</title>", response.text)
    assert response.status_code == 303, (response.status_code, title and title.group(1))
    parts = urlsplit(response.location)
    values = parse_qs(parts.fragment or parts.query, keep_blank_values=True)
    assert all(len(each) == 1 for each in values.values()), values
    return dict(parse_qsl(parts.fragment or parts.query, keep_blank_values=True))


def claims_of(token: str) -> dict[str, Any]:
    """Read what a token says, without checking it."""
    return jose.peek_claims(token)


def header_of(token: str) -> dict[str, Any]:
    """Read a token's header, without checking it."""
    return jose.peek_header(token)


def sign(claims: Mapping[str, Any] | bytes, key: Any, **header: Any) -> str:
    """Sign anything, with any header: also what nobody honest would sign."""
    if isinstance(claims, Mapping):
        import json

        claims = json.dumps(claims).encode()
    head = {"alg": "ES256", "kid": key.kid, **header} if key is not None else header
    head = {name: value for name, value in head.items() if value is not None}
    return jws.serialize_compact(head, claims, key, registry=REGISTRY)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Keys, hashes and policies, made once."""
    return make_world(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="session")
def sqlite_world(world: World, sqlite_template: Path) -> Path:
    """A file with the world in it, to copy from. Never open it."""
    file = world.folder / "world.sqlite3"
    file.write_bytes(sqlite_template.read_bytes())
    _fill(f"sqlite:///{file}", world)
    return file


@pytest.fixture(scope="session")
def pg_world(world: World, pg_server: Any, pg_template: str) -> Iterator[str]:
    """A database with the world in it, to copy from. Never connect to it."""
    address = pg_server.create(pg_template)
    _fill(address, world)
    yield address
    pg_server.drop(address)


@pytest.fixture(params=["sqlite", "postgresql"])
def world_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the world in it, on one engine after the other."""
    if request.param == "sqlite":
        file = tmp_path / "house.sqlite3"
        file.write_bytes(request.getfixturevalue("sqlite_world").read_bytes())
        yield f"sqlite:///{file}"
        return
    lender = request.getfixturevalue("pg_lender")
    with lender.lend(request.getfixturevalue("pg_world")) as address:
        yield address


@pytest.fixture
def site(world: World, world_url: str) -> Iterator[Site]:
    """A house with the world in it, and a browser."""
    opened = open_site(world, world_url)
    yield opened
    opened.close()


def _fill(address: str, world: World) -> None:
    database = Database(address)
    populate(database, world)
    if database.is_sqlite:
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
