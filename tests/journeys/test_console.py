"""The officers' console in a real browser: a key, a counter, a second officer, a person known."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from idp.accounts.actions import create_account
from idp.accounts.records import AccountRecord
from idp.demo.stories import COMMAND
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.proofing import cases
from idp.register.actions import NumberTaken, add_person
from idp.storage import Transaction
from tests.journeys.conftest import OpenWindow, Window

ROBERT = "robert-at-the-counter@example.test"
CHECKS = ("I held the document itself", "It has not run out", "I looked at its safety marks",
          "The photo is of the person", "The name and the date of birth")  # fmt: skip


@dataclass
class Waiting:
    """Somebody who was told to go to a counter, and the reference on their page."""

    account_ref: str
    spoken: str


@pytest.fixture
def robert(inside: House) -> Waiting:
    """Signed up, found in the register; sent to a counter to show a document."""
    number = parse("TW654321B")
    assert isinstance(number, NationalInsuranceNumber)

    def work(tx: Transaction) -> Waiting:
        account = create_account(tx, sign_in_name=ROBERT, email=ROBERT, confirmed=True)
        person = add_person(
            tx, inside.keyring, number=number, given_name="Robert", family_name="Teal",
            birth_date=date(1944, 5, 9), sex="male", address={"country": "GB"},
        )  # fmt: skip
        assert not isinstance(person, NumberTaken)
        case = cases.open_case(
            tx, inside.keyring, inside.policies, account_ref=account, person_ref=person, claim={}
        )
        assert case is not None
        found = cases.find_case(tx, case)
        assert found is not None
        return Waiting(account, found.spoken)

    return inside.database.transaction(work)


def operator(window: Window, *words: str) -> str:
    """Run `idp operator` as somebody at the host's terminal would."""
    data = ["--data", str(window.scene.settings.data)]
    line = [sys.executable, "-c", COMMAND, *data, "operator", *words]
    return subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout


def plug_in(window: Window, *, synced: bool = False) -> Callable[[], None]:
    """Give a window's browser a security key with a PIN; answer how to pull it out."""
    session = window.page.context.new_cdp_session(window.page)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2", "transport": "usb", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
        "defaultBackupEligibility": synced, "defaultBackupState": synced,
    }  # fmt: skip
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def pull_out() -> None:
        session.send("WebAuthn.removeVirtualAuthenticator", made)

    return pull_out


def seat(window: Window, name: str, *roles: str) -> Window:
    """Add an officer by the command; they set up their key at the address it printed."""
    said = operator(window, "add", name, *(word for role in roles for word in ("--role", role)))
    address = re.search(r"http://localhost:\d+/console/set-up/[\w-]{43}", said)
    assert address is not None, said
    window.go(address[0]).look("console-set-up")
    assert window.heading() == "Set up your security key"
    plug_in(window)
    window.press("Set up the key")
    window.page.wait_for_url("**/console/sign-in")
    window.look("console-sign-in").press("Use my security key")
    window.page.wait_for_url("**/console")
    window.look("console-home")
    assert name in window.text()
    return window


def level_of(inside: House, account_ref: str) -> int:
    query = select(AccountRecord.identity_level).where(AccountRecord.ref == account_ref)
    return int(inside.database.read(lambda tx: tx.execute(query).scalar_one()))


def test_a_person_without_a_telephone_is_known_when_two_officers_have_seen_them(
    window: OpenWindow, inside: House, robert: Waiting
) -> None:
    asha = seat(window(), "Asha Patel", "administrator", "counter-officer")
    ben = seat(window(), "Ben Owen", "counter-officer")
    assert "Officers" not in ben.text()

    asha.follow("Enter a visit").look("console-counter")
    asha.page.get_by_label("Reference").fill("22222222")
    asha.press("Go on").look()
    assert "Nobody is waiting under this reference." in asha.text()
    asha.page.get_by_label("Reference").fill(robert.spoken.lower())
    asha.press("Go on").look("console-visit")
    assert "Robert Teal" in asha.text()
    assert "9 May 1944" in asha.text()
    assert "TW" not in asha.text()
    asha.page.get_by_label("Passport").check()
    for check in CHECKS[:-1]:
        asha.page.get_by_label(check).check()
    asha.press("Enter the visit").look()
    assert "Tick each thing that you did." in asha.text()
    asha.page.get_by_label(CHECKS[-1]).check()
    asha.press("Enter the visit").look("console-entered")
    assert asha.heading() == "The visit is entered"
    assert level_of(inside, robert.account_ref) == 0, "one officer's word is not enough"
    asha.follow("Go to the start of the console").follow("Confirm a visit").look()
    assert "Nothing is waiting for you now." in asha.text()

    ben.follow("Confirm a visit").look("console-visits")
    assert "Passport, seen by Asha Patel" in ben.text()
    assert "Robert" not in ben.text()
    ben.press("Look at this visit").look("console-decide")
    assert "Robert Teal" in ben.text()
    ben.press("Yes, confirm it").look()
    assert ben.heading() == "You confirmed the visit"
    assert level_of(inside, robert.account_ref) == 2


def test_an_administrator_ends_an_officer_who_is_out_at_the_next_click(window: OpenWindow) -> None:
    boss = seat(window(), "Gwen Price", "administrator")
    boss.follow("Officers").look("console-officers")
    boss.page.get_by_label("Name").fill("Huw Lloyd")
    boss.page.get_by_label("Counter officer").check()
    boss.press("Add").look("console-address")
    address = boss.page.locator("#address").inner_text()
    huw = window()
    huw.go(address)
    pull_out = plug_in(huw, synced=True)
    huw.press("Set up the key")
    huw.page.get_by_text("This key can be copied to other devices.").first.wait_for()
    huw.look()
    pull_out()
    plug_in(huw)
    huw.press("Set up the key")
    huw.page.wait_for_url("**/console/sign-in")
    huw.press("Use my security key")
    huw.page.wait_for_url("**/console")
    huw.follow("Enter a visit")
    boss.follow("Officers").follow("Huw Lloyd").look("console-officer").press("End it now")
    boss.look()
    assert "Ended on" in boss.text()
    huw.page.reload()
    assert huw.heading() == "Sign in to the console"
    huw.press("Use my security key")
    huw.page.get_by_text("This key was not recognised.").first.wait_for()
    huw.look()
    listed = operator(huw, "list")
    assert "Huw Lloyd: counter-officer (disabled)" in listed


def test_without_a_script_the_page_says_that_it_needs_one(window: OpenWindow) -> None:
    someone = window(script=False)
    port = someone.scene.settings.operators_port
    someone.go(f"http://localhost:{port}/")
    assert someone.heading() == "Sign in to the console"
    assert "This page needs JavaScript." in someone.text()
    someone.press("Use my security key")
    assert "This key was not recognised." in someone.text()
    health = someone.page.request.get(f"http://localhost:{port}/healthz")
    assert json.loads(health.text()) == {"alive": True}
