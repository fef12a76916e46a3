"""Showing who one is, in a real Chromium with a real checker: the way to Tax in one sitting.

`IDP_TEST_SCREENSHOTS=folder` keeps a picture of each page on the way.
"""

import secrets
import time
from dataclasses import dataclass
from datetime import date

import pytest

from idp.accounts.actions import create_account
from idp.authentication.actions import code_at, enrol_totp, hash_password, new_seed, set_password
from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.house import House
from idp.identifiers.rules import PREFIXES, NationalInsuranceNumber, parse
from idp.register.actions import add_person
from idp.register.rules import Contacts
from idp.storage import Transaction
from tests.journeys.conftest import DESKTOP, PHONE, OpenWindow, Window

PASSWORD = "amber window lantern 42"
WAIT_SECONDS = 30.0


@dataclass
class Newcomer:
    """Somebody of the register with an account that nobody has proved, at a window."""

    here: Window
    number: NationalInsuranceNumber
    family_name: str
    email: str
    seed: str
    on_record: str
    script: bool = True
    seen: str = ""

    def sign_in(self) -> None:
        """From Tax, with password and code."""
        self.here.go(f"{self.here.scene.walk.services['tax'].url}/sign-in")
        self.here.page.get_by_label("Email address").fill(self.email)
        self.here.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.here.press("Sign in", exact=True)
        self.here.page.get_by_label("6-number code").fill(
            code_at(self.seed, int(time.time()) // 30)
        )
        self.here.press("Go on")

    def claim(self, *, given_name: str, family_name: str) -> None:
        """Say who they are, with the keyboard alone."""
        page = self.here.page
        page.get_by_label("National Insurance number").focus()
        for text in (self.number.formatted, None, given_name, family_name, "14", "3", "1958"):
            if text:
                page.keyboard.type(text)
            page.keyboard.press("Tab")
        page.get_by_label("Postcode").press("Enter")

    def look(self, picture: str) -> None:
        """Look at a page; the number may stand on none, nor in its address."""
        if self.script:  # the accessibility check is a script itself
            self.here.look(picture)
        self.seen += self.here.page.url + self.here.page.content()

    def wait_until_done(self) -> None:
        """Wait as a person does: the page looks again by itself."""
        deadline = time.monotonic() + WAIT_SECONDS
        while "/identity/waiting" in self.here.page.url and time.monotonic() < deadline:
            self.here.page.wait_for_timeout(500)

    def mails(self, address: str) -> str:
        """All that came to an address."""
        mailbox = mailbox_address(self.here.scene.settings)
        return Browser().open(f"{mailbox}/messages.json?to={address}").text

    def hidden(self) -> bool:
        """Whether the number stayed out of every page, address and mail."""
        told = self.seen + self.mails(self.email) + self.mails(self.on_record)
        return self.number.key[2:] not in told.replace(" ", "")


def somebody(here: Window, inside: House, *, contact: bool = False) -> Newcomer:
    """Add Elizabeth to the register, and an account with two checks for her."""
    digits = f"{secrets.randbelow(1_000_000):06d}"
    number = parse(secrets.choice(sorted(PREFIXES)) + digits + "A")
    assert isinstance(number, NationalInsuranceNumber)
    word = secrets.token_hex(4)
    family = "Oneill" + "".join(chr(ord("a") + int(letter, 16)) for letter in word)
    email, on_record, seed = f"liz.{word}@example.test", f"beth.{word}@example.test", new_seed()
    hashed = hash_password(inside.gate, PASSWORD)

    def work(tx: Transaction) -> None:
        person = add_person(
            tx, inside.keyring, number=number, given_name="Elizabeth", family_name=family,
            birth_date=date(1958, 3, 14), sex="female", address={"postal_code": "LL11 1AA"},
            contacts=Contacts(email=on_record if contact else None),
        )  # fmt: skip
        assert isinstance(person, str)
        account = create_account(tx, sign_in_name=email, email=email, confirmed=True)
        set_password(tx, inside.keyring, account, hashed)
        enrol_totp(tx, inside.keyring, account, seed)

    inside.database.transaction(work)
    return Newcomer(here, number, family, email, seed, on_record)


@pytest.mark.parametrize(("width", "script"), [(PHONE, True), (DESKTOP, False)])
def test_tax_opens_after_a_claim_in_her_own_words_and_a_passport(
    window: OpenWindow, inside: House, width: int, script: bool
) -> None:
    liz = somebody(window(width, script=script), inside)
    liz.script = script
    liz.sign_in()
    liz.look("identity-first")
    assert liz.here.heading() == "You're in. Tax needs one more thing"
    liz.here.press("Start")
    liz.look("identity-claim")
    liz.claim(given_name="Liz", family_name=liz.family_name.upper())
    liz.look("identity-list")
    assert "Your number, name and date of birth: found" in liz.here.text()
    liz.here.follow("Show your passport or driving licence")
    liz.look("identity-document")
    liz.here.page.get_by_label("Passport").check()
    liz.here.page.get_by_label("Number of the document").fill("533401372LATER")
    liz.here.press("Have it checked")
    liz.look("identity-waiting")
    assert liz.here.heading() == "One moment"
    liz.wait_until_done()
    liz.look("identity-done")
    assert liz.here.heading() == "We know who you are now"
    liz.here.press("Go on to Tax")
    assert liz.here.heading() == f"Signed in: Elizabeth {liz.family_name}"
    assert "P2.C2" in liz.here.page.content()
    assert liz.hidden()


def test_a_claim_that_does_not_fit_says_what_to_look_at_and_a_counter_is_open_to_all(
    window: OpenWindow, inside: House
) -> None:
    liz = somebody(window(PHONE), inside, contact=True)
    liz.sign_in()
    liz.here.press("Start")
    liz.claim(given_name="Liz", family_name="Barker")
    liz.look("identity-not-matched")
    assert liz.here.heading() == "We could not match what you typed"
    liz.here.press("Try again")
    liz.claim(given_name="Beth", family_name=liz.family_name)
    liz.here.follow("Go to a counter and show a document")
    liz.look("identity-counter")
    assert liz.here.heading() == "Go to a counter"
    assert liz.hidden()
