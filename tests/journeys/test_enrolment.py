"""A first visit in a real Chromium, with real mail: from nothing to an account with two ways in.

`IDP_TEST_SCREENSHOTS=folder` keeps a picture of each page on the way.
"""

import re
import secrets
import time
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page

from idp.authentication.actions import code_at
from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.stories import Scene
from tests.journeys.conftest import DESKTOP, PHONE, OpenWindow, Window

PASSWORD = "amber window lantern 42"
ANOTHER = "copper meadow ladder 77"
CODE = re.compile(r"code is (\d{6})")
WAIT_SECONDS = 30.0


@dataclass
class Newcomer:
    """Somebody new at a window, with an address of their own."""

    here: Window
    scene: Scene
    address: str = field(default_factory=lambda: f"rhian.{secrets.token_hex(4)}@example.test")
    seed: str = ""
    spent: int = 0
    codes: list[str] = field(default_factory=list)

    def mails(self) -> list[dict[str, str]]:
        """What came to the address, newest first."""
        page = Browser().open(
            f"{mailbox_address(self.scene.settings)}/messages.json?to={self.address}"
        )
        found: list[dict[str, str]] = page.json()["messages"]
        return found

    def mailed(self, before: int = 0) -> str:
        """The code of a mail that came after `before` others. A notice of what was done just
        before may come later than the code."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            found = self.mails()
            for mail in found[: len(found) - before]:
                if code := CODE.search(mail["text"]):
                    return code[1]
            time.sleep(0.2)
        raise AssertionError(f"no mail with a code came to {self.address}")

    def app_code(self) -> str:
        """What the app shows, a new one each time."""
        step = max(int(time.time()) // 30, self.spent + 1)
        while step > int(time.time()) // 30 + 1:
            time.sleep(0.2)
        self.spent = step
        return code_at(self.seed, step)

    def begin(self) -> None:
        """From Tax to the page that asks for the address."""
        self.here.go(f"{self.scene.walk.services['tax'].url}/sign-in")
        self.here.follow("Create an account").look("enrol-start").press("Start now")

    def confirm(self) -> None:
        """The address, and the code from the mail."""
        before = len(self.mails())
        self.here.look("enrol-email").page.get_by_label("Email address").fill(self.address)
        self.here.press("Send me a code").look("enrol-code")
        self.here.page.get_by_label("6-number code").fill(self.mailed(before))
        self.here.press("Go on")

    def choose_password(self) -> None:
        """A password, and with it the account."""
        self.here.look("enrol-password")
        self.here.page.get_by_label("New password").fill(PASSWORD)
        self.here.press("Create my account")

    def set_up_app(self) -> None:
        """A code app, from the secret that the page shows."""
        self.here.follow("Add a second check").look("enrol-choose").follow("A code app")
        self.here.look("enrol-app")
        self.seed = self.here.page.locator("#secret").inner_text().replace(" ", "")
        self.here.page.get_by_label("6-number code").fill(self.app_code())
        self.here.press("Go on")

    def print_codes(self) -> None:
        """The recovery codes."""
        self.here.follow("Print your recovery codes").look().press("Show my codes").look()
        self.codes = self.here.page.locator(".gatehouse-printed li").all_inner_texts()
        self.here.page.get_by_role("button", name="I have kept them").click()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_somebody_new_ends_with_two_ways_in_and_goes_on_to_tax(
    scene: Scene, window: OpenWindow, width: int
) -> None:
    rhian = Newcomer(window(width), scene)
    rhian.begin()
    rhian.confirm()
    rhian.choose_password()
    here = rhian.here.look("hub-first")
    assert here.heading() == "You're in. Tax needs 3 more things"
    assert "Save and come back later" in here.text()
    rhian.set_up_app()
    assert here.heading() == "You're in. Tax needs 2 more things"
    rhian.print_codes()
    assert len(rhian.codes) == 10
    here.look("hub-identity")
    assert here.heading() == "You're in. Tax needs one more thing"
    assert "Show who you are" in here.text()
    assert here.page.get_by_text("Done", exact=True).count() == 4
    told = {mail["text"].split("\n")[0] for mail in rhian.mails()}
    assert any(rhian.address in line for line in told)


def tab_to(page: Page, name: str) -> None:
    """Press Tab until what has that name or those words has the focus, as without a mouse."""
    has = "[document.activeElement.name, document.activeElement.innerText?.trim()]"
    for _ in range(40):
        page.keyboard.press("Tab")
        if name in page.evaluate(has):
            return
    raise AssertionError(f"Tab never reaches {name} on {page.url}")


def test_by_keyboard_only(scene: Scene, window: OpenWindow) -> None:
    rhian = Newcomer(window(), scene)
    here, page = rhian.here, rhian.here.page
    here.go("/enrol")
    tab_to(page, "Start now")
    page.keyboard.press("Enter")
    page.wait_for_url("**/email")
    tab_to(page, "email")
    page.keyboard.type(rhian.address)
    page.keyboard.press("Enter")
    page.wait_for_url("**/code")
    tab_to(page, "code")
    page.keyboard.type(rhian.mailed())
    page.keyboard.press("Enter")
    page.wait_for_url("**/password")
    tab_to(page, "password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/enrol/next")
    assert here.heading() == "You're in. There are 2 more things to do"
    tab_to(page, "Print your recovery codes")
    page.keyboard.press("Enter")
    page.wait_for_url("**/recovery-codes*")
    tab_to(page, "Show my codes")
    page.keyboard.press("Enter")
    page.wait_for_selector(".gatehouse-printed")
    tab_to(page, "I have kept them")
    page.keyboard.press("Enter")
    page.wait_for_url("**/enrol/next")
    assert here.heading() == "You're in. There is one more thing to do"


def test_two_people_who_share_an_address(scene: Scene, window: OpenWindow) -> None:
    first = Newcomer(window(), scene)
    first.begin()
    first.confirm()
    first.choose_password()
    second = Newcomer(window(PHONE), scene, address=first.address)
    second.begin()
    second.confirm()
    here = second.here.look("enrol-name")
    assert here.heading() == "This address has an account already"
    here.press("Go on").look()
    assert "Choose one" in here.text()
    here.page.get_by_label("No, I share this address with somebody").check()
    name = f"mam.{secrets.token_hex(3)}"
    here.page.get_by_label("If you share it: choose a name to sign in with").fill(name)
    here.press("Go on")
    second.choose_password()
    assert f"You sign in as {name}." in here.text()
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline and not any(name in m["text"] for m in second.mails()):
        time.sleep(0.2)
    assert any(name in mail["text"] for mail in second.mails())


def test_who_stops_in_the_middle_goes_on_where_they_were(scene: Scene, window: OpenWindow) -> None:
    rhian = Newcomer(window(), scene)
    rhian.begin()
    rhian.confirm()
    rhian.choose_password()
    later = window(PHONE)
    later.go(f"{scene.walk.services['tax'].url}/sign-in").look()
    later.page.get_by_label("Email address or sign-in name").fill(rhian.address)
    later.page.get_by_label("Password", exact=True).fill(PASSWORD)
    later.page.get_by_role("button", name="Sign in", exact=True).click()
    later.look()
    assert later.heading() == "You're in. Tax needs 3 more things"


def test_a_lost_password_is_replaced_and_the_app_is_asked_for_as_before(
    scene: Scene, window: OpenWindow
) -> None:
    rhian = Newcomer(window(), scene)
    rhian.begin()
    rhian.confirm()
    rhian.choose_password()
    rhian.set_up_app()
    before = len(rhian.mails())
    here = window(PHONE).go("/recover").look("recover")
    here.page.get_by_label("Email address or sign-in name").fill(rhian.address)
    here.press("Send me a code").look("recover-code")
    here.page.get_by_label("6-number code").fill(rhian.mailed(before))
    here.press("Go on").look("recover-second")
    assert here.heading() == "One more check"
    here.page.get_by_label("6-number code").fill(rhian.app_code())
    here.press("Go on").look("recover-password")
    here.page.get_by_label("New password").fill(ANOTHER)
    here.press("Save my new password").look("recovered")
    assert here.heading() == "Your new password works now"
    here.page.get_by_role("button", name="Sign in").click()
    here.page.get_by_label("Email address or sign-in name").fill(rhian.address)
    here.page.get_by_label("Password", exact=True).fill(ANOTHER)
    here.page.get_by_role("button", name="Sign in", exact=True).click()
    here.look()
    assert here.page.get_by_label("6-number code").count() == 1
