"""Officers with keys in software, and a console to use them at."""

import html
import json
import re
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from idp import web
from idp.authentication.webauthn import relying_party
from idp.journal.records import JournalEntry
from idp.officers import actions, keys, sessions
from idp.officers.actions import COMMAND, Invited
from idp.officers.rules import Officer, Verdict
from idp.operators import create_console
from idp.proofing import cases
from idp.proofing.cases import Case
from idp.storage import Base, Database
from tests.build import Site
from tests.rig.authenticator import Authenticator

ORIGIN = "http://localhost:8900"
PARTY = relying_party(ORIGIN)
BROWSER = "b" * 43
COUNTER, ADMINISTRATOR, RISK = "counter-officer", "administrator", "risk-officer"
POLICY, MANDATE = "policy-officer", "mandate-officer"
ORGANISATIONS = "organisation-officer"
CHECKED = {"original", "in-date", "unaltered", "photo", "same"}


def new_key(**more: Any) -> Authenticator:
    """A security key that never leaves its case."""
    return Authenticator(ORIGIN, device_bound=True, **more)


def invite(database: Database, name: str, *roles: str, by: str = COMMAND) -> Invited:
    """Add an officer who has no key yet."""
    done = database.transaction(lambda tx: actions.add_officer(tx, name=name, roles=roles, by=by))
    assert isinstance(done, Invited), done
    return done


def give_key(
    database: Database,
    token: str,
    key: Authenticator,
    *,
    browser: str = BROWSER,
    later_browser: str = "",
    **lies: Any,
) -> Verdict:
    """Set a key up at a one-time address."""
    begun = database.transaction(
        lambda tx: keys.begin_set_up(tx, PARTY, token=token, browser_secret=browser)
    )
    if begun is None:
        return Verdict.STALE
    said = key.create(begun[1], **lies)
    return database.transaction(
        lambda tx: keys.set_up(
            tx, PARTY, token=token, response_json=said, name="ring",
            browser_secret=later_browser or browser,
        )
    )  # fmt: skip


def hold_out(
    database: Database, key: Authenticator, *, browser: str = BROWSER, **lies: Any
) -> keys.SignedIn | Verdict:
    """Sign in with a key."""
    options = database.transaction(lambda tx: keys.begin_sign_in(tx, PARTY, browser_secret=browser))
    said = key.get(options, **lies)
    return database.transaction(
        lambda tx: keys.sign_in(tx, PARTY, response_json=said, browser_secret=browser)
    )


def officer_with_key(database: Database, name: str, *roles: str) -> tuple[Officer, Authenticator]:
    """Somebody who works here, with the key that signs them in."""
    invited, key = invite(database, name, *roles), new_key()
    assert give_key(database, invited.token, key) is Verdict.ALLOWED
    return Officer(ref=invited.officer_ref, name=name, roles=frozenset(roles)), key


def journal(database: Database, *kinds: str) -> list[Any]:
    """The entries of these kinds, as they were written."""
    query = select(JournalEntry).where(JournalEntry.kind.in_(kinds)).order_by(JournalEntry.id)
    table = query.with_only_columns(*JournalEntry.__table__.c)
    return database.read(lambda tx: list(tx.execute(table).mappings()))


_MADE: list[Flask] = []


@dataclass
class Console:
    """The console, with one browser."""

    site: Site
    app: Flask = field(init=False)
    browser: FlaskClient = field(init=False)
    token: str = ""  # the same for all forms in this browser

    def __post_init__(self) -> None:
        """Open it. The application is made once a run: it compiles every page it shows."""
        if not _MADE:
            _MADE.append(create_console(self.site.house))
        self.app = _MADE[0]
        self.app.extensions[web.EXTENSION] = self.site.house
        self.browser = self.app.test_client()

    @property
    def database(self) -> Database:
        """The database behind it."""
        return self.site.database

    def officer(self, name: str, *roles: str) -> str:
        """Add an officer, without a key; answer their reference."""
        return invite(self.database, name, *roles).officer_ref

    def sit(self, officer_ref: str) -> str:
        """Seat an officer in this browser, signed in; answer the cookie's secret."""
        secret = self.database.transaction(lambda tx: sessions.start(tx, officer_ref))
        self.browser.set_cookie("gatehouse_console_session", secret, domain="localhost")
        return secret

    def get(self, path: str, **more: Any) -> TestResponse:
        """Open an address of the console."""
        return self.browser.get(path, base_url=ORIGIN, **more)

    def post(self, path: str, **data: Any) -> TestResponse:
        """Send one of its forms, with the token it carries in this browser."""
        if not self.token:
            page = self.get("/console/sign-in").text
            found = re.search(r'name="csrf_token" value="(\w+)"', page)
            assert found, page
            self.token = found[1]
        form = {"csrf_token": self.token, **data}
        return self.browser.post(path, data=form, base_url=ORIGIN)

    def case(self, account: str = "nobody", person: str = "margaret") -> Case:
        """Open a case: somebody claims to be a person of the register."""
        account_ref = self.site.account(account)["ref"]
        person_ref = self.site.account(person)["person_ref"]
        house = self.site.house

        def work(tx: Any) -> Case:
            ref = cases.open_case(
                tx, house.keyring, house.policies, account_ref=account_ref,
                person_ref=person_ref, claim={"given_name": "Margaret"},
            )  # fmt: skip
            assert ref is not None
            found = cases.find_case(tx, ref)
            assert found is not None
            return found

        return self.database.transaction(work)

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All that is stored, but for what looking at any page may write: counts, challenges and
        when a session was last seen."""
        passing = {"throttle", "officer_challenge", "officer_session"}
        tables = [one for one in Base.metadata.sorted_tables if one.name not in passing]

        def work(tx: Any) -> dict[str, list[tuple[Any, ...]]]:
            return {
                table.name: sorted((tuple(row) for row in tx.execute(select(table))), key=repr)
                for table in tables
            }

        return self.database.read(work)


def options_of(page: TestResponse) -> dict[str, Any]:
    """What a page asks of a key."""
    found = re.search(r'data-options="([^"]*)"', page.text)
    assert found, page.text
    options: dict[str, Any] = json.loads(html.unescape(found[1]))
    return options
