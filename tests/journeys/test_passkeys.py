"""Passkeys in a real Chromium with a virtual authenticator: made, used, refused, by keyboard.

The authenticator answers for finger, face or PIN by itself; nothing of ours is replaced.
"""

from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import pytest
from playwright.sync_api import CDPSession

from idp.accounts.actions import NameProblem, create_account, join_person
from idp.authentication.actions import (
    code_at,
    enrol_totp,
    hash_password,
    new_seed,
    set_password,
)
from idp.demo.stories import Scene
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.oidc.records import GrantRecord
from idp.register.actions import add_person
from idp.storage import Transaction
from tests.journeys.conftest import PHONE, OpenWindow, Window
from tests.journeys.test_five_minutes import tab_to
from tests.rig.records import rows

PASSWORD = "heron-lamp-orchard-52"
NUMBERS = count(1)


@dataclass(frozen=True)
class Owner:
    """A proved person with a password and a code, who has no passkey yet."""

    account: str
    email: str
    seed: str


@pytest.fixture
def owner(inside: House) -> Owner:
    """Somebody new: the people of the sandbox keep the ways to sign in that they have."""
    turn = next(NUMBERS)
    number = parse(f"JX{turn:06d}A")
    assert isinstance(number, NationalInsuranceNumber)
    hashed, seed = hash_password(inside.gate, PASSWORD), new_seed()
    email = f"olwen{turn}@example.test"

    def work(tx: Transaction) -> str:
        account = create_account(tx, sign_in_name=email, email=email)
        assert not isinstance(account, NameProblem)
        set_password(tx, inside.keyring, account, hashed)
        person = add_person(tx, inside.keyring, number=number, given_name="Olwen",
                            family_name="Pritchard", birth_date=date(1951, 3, 9), sex="female",
                            address={})  # fmt: skip
        assert isinstance(person, str)
        join_person(tx, account_ref=account, person_ref=person, identity_level=2)
        enrol_totp(tx, inside.keyring, account, seed)
        return account

    return Owner(inside.database.transaction(work), email, seed)


class Key:
    """The virtual authenticator of one window."""

    def __init__(self, here: Window, *, synced: bool = True) -> None:
        self.cdp: CDPSession = here.page.context.new_cdp_session(here.page)
        self.cdp.send("WebAuthn.enable")
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal" if synced else "usb",
            "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True,
            "defaultBackupEligibility": synced, "defaultBackupState": synced,
        }})  # fmt: skip
        self.id = made["authenticatorId"]

    def recognises(self, yes: bool) -> None:
        """Let the finger, face or PIN be right or wrong."""
        self.cdp.send(
            "WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": yes}
        )

    def is_touched(self, yes: bool) -> None:
        """Let somebody be there who touches it, or not."""
        self.cdp.send(
            "WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": yes}
        )


def give_password(here: Window, owner: Owner) -> None:
    here.page.get_by_label("Email address").fill(owner.email)
    here.page.get_by_label("Password", exact=True).fill(PASSWORD)
    here.press("Sign in", exact=True)


def make_passkey(here: Window, owner: Owner, inside: House, *, synced: bool = True) -> Key:
    """Sign in with password and code, set up a passkey on its page, and sign out."""
    key = Key(here, synced=synced)
    here.go("/account")
    give_password(here, owner)
    step = int(inside.database.now().timestamp()) // 30
    here.page.get_by_label("6-number code").fill(code_at(owner.seed, step))
    here.press("Go on")
    assert here.heading() == "My page"
    here.go("/methods/passkey?to=account").press("Make a passkey")
    here.page.wait_for_url("**/account/methods**")
    here.go("/account").press("Sign out")
    key.is_touched(False)  # else the list under the first field would be answered at once
    return key


def told(inside: House, owner: Owner) -> dict[str, Any]:
    """What the newest grant of this account says of its sign-in."""
    columns = (GrantRecord.vot, GrantRecord.amr, GrantRecord.created_at)
    found = rows(inside, *columns, where=[GrantRecord.account_ref == owner.account])
    newest = max(found, key=lambda row: row.created_at)
    return {"vot": newest.vot, "amr": newest.amr}


def test_a_passkey_is_made_and_signs_in_without_anything_typed(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    here = window()
    key = make_passkey(here, owner, inside)
    here.go(f"{scene.walk.services['tax'].url}/sign-in").look("sign-in-with-passkey")
    key.is_touched(True)
    here.press("Sign in with a passkey")
    here.page.wait_for_url(f"{scene.walk.services['tax'].url}/")
    assert here.heading() == "Signed in: Olwen Pritchard"
    assert told(inside, owner) == {"vot": "P2.C3", "amr": ["swk", "user", "mfa"]}


def test_the_browser_offers_the_passkey_before_anything_is_pressed(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    """Conditional mediation: the list under the first field, which the virtual key answers."""
    here = window()
    key = make_passkey(here, owner, inside)
    key.is_touched(True)
    here.go(f"{scene.walk.services['library'].url}/sign-in")
    here.page.wait_for_url(f"{scene.walk.services['library'].url}/")
    assert here.heading() == "Signed in: Olwen Pritchard"


def test_a_key_that_cannot_be_copied_is_told_apart(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    here = window()
    key = make_passkey(here, owner, inside, synced=False)
    here.go(f"{scene.walk.services['tax'].url}/sign-in")
    key.is_touched(True)
    here.press("Sign in with a passkey")
    here.page.wait_for_url(f"{scene.walk.services['tax'].url}/")
    assert told(inside, owner) == {"vot": "P2.C3", "amr": ["hwk", "user", "mfa"]}


def test_stepping_up_to_tier_2_asks_for_the_passkey_and_another_way_stays_open(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    here = window()
    key = make_passkey(here, owner, inside)
    here.go(f"{scene.walk.services['library'].url}/sign-in")
    give_password(here, owner)
    assert here.heading() == "Signed in: Olwen Pritchard"
    assert told(inside, owner)["vot"] == "P2.C1"
    here.go(f"{scene.walk.services['tax'].url}/sign-in").look("use-your-passkey")
    assert here.heading() == "Use your passkey"
    here.follow("Use another way").look("ways")
    here.follow("A code from your app").look()
    here.page.go_back()
    here.follow("Your passkey or security key")
    key.is_touched(True)
    here.press("Use your passkey")
    here.page.wait_for_url(f"{scene.walk.services['tax'].url}/")
    assert told(inside, owner) == {"vot": "P2.C3", "amr": ["pwd", "swk", "user", "mfa"]}


def test_a_finger_that_is_not_recognised_signs_nobody_in_and_the_page_says_what_to_do(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    here = window(PHONE)
    key = make_passkey(here, owner, inside)
    key.recognises(False)
    here.go(f"{scene.walk.services['library'].url}/sign-in")
    key.is_touched(True)
    here.press("Sign in with a passkey")
    said = here.page.get_by_role("alert")
    said.get_by_text("Your passkey was not used. Try again, or sign in another way.").wait_for()
    here.look("passkey-not-used")
    give_password(here, owner)
    assert here.heading() == "Signed in: Olwen Pritchard"


def test_by_keyboard_alone(scene: Scene, window: OpenWindow, inside: House, owner: Owner) -> None:
    here = window()
    key = make_passkey(here, owner, inside)
    here.go(f"{scene.walk.services['library'].url}/sign-in")
    give_password(here, owner)
    here.go(f"{scene.walk.services['tax'].url}/sign-in")
    tab_to(here, "use-passkey")
    key.is_touched(True)
    here.page.keyboard.press("Enter")
    here.page.wait_for_url(f"{scene.walk.services['tax'].url}/")
    assert here.heading() == "Signed in: Olwen Pritchard"


def test_without_script_the_passkey_page_says_so_and_leads_on(
    scene: Scene, window: OpenWindow, inside: House, owner: Owner
) -> None:
    make_passkey(window(), owner, inside)
    here = window(PHONE, script=False)
    here.go(f"{scene.walk.services['library'].url}/sign-in")
    assert here.page.get_by_role("button").all_inner_texts() == ["Sign in"]
    give_password(here, owner)
    here.go(f"{scene.walk.services['tax'].url}/sign-in")
    assert "This browser cannot use a passkey." in here.text()
    here.follow("Use another way").follow("A code from your app")
    assert here.heading() == "Type in your code"
