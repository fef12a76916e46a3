"""Codes by text message and e-mail in a real browser, with and without script, and real post.

`IDP_TEST_SCREENSHOTS=folder` keeps a picture of each page on the way.
"""

import re
import time
from dataclasses import dataclass

from playwright.sync_api import Browser as Chromium

from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.stories import Scene
from tests.journeys.conftest import DESKTOP, PHONE, Window
from tests.journeys.test_enrolment import CODE, PASSWORD, WAIT_SECONDS, Newcomer
from tests.mission.conftest import own_scene, sandbox_settings

__all__ = ["own_scene", "sandbox_settings"]
NUMBER, AS_SENT = "07700 900555", "%2B447700900555"


def let_numbers_count_at_once(scene: Scene) -> None:
    """Two days of waiting are a line of policy; so is that the library asks nobody who they are."""
    methods = scene.settings.policies / "methods.toml"
    text = methods.read_text()
    assert "not_after_move_hours = 72" in text
    methods.write_text(text.replace("not_after_move_hours = 72", "not_after_move_hours = 0"))
    services = scene.settings.policies / "services.toml"
    harm = "money_public = 1                # books not brought back, less than £1,000\nlegal = 1  "
    head, found, tail = services.read_text().partition(harm)
    assert found
    services.write_text(f"{head}legal = 0  {tail}")
    scene.stop()
    scene.start()


def texted(scene: Scene, before: int) -> str:
    """The code of a text message that came after `before` others."""
    deadline = time.monotonic() + WAIT_SECONDS
    address = f"{mailbox_address(scene.settings)}/messages.json?to={AS_SENT}"
    while time.monotonic() < deadline:
        found = Browser().open(address).json()["messages"]
        for message in found[: len(found) - before]:
            if code := CODE.search(message["text"]):
                return str(code[1])
        time.sleep(0.2)
    raise AssertionError("no text message with a code came")


@dataclass
class Plain(Window):
    """A window without script. Nothing can be asked of its pages but what they say: their faults
    are looked for in the other window, which sees the same ones."""

    def look(self, picture: str = "") -> "Plain":
        return self


def open_window(chromium: Chromium, scene: Scene, width: int, *, script: bool = True) -> Window:
    context = chromium.new_context(
        viewport={"width": width, "height": 900}, java_script_enabled=script
    )
    context.set_default_timeout(15_000)
    kind = Window if script else Plain
    return kind(page=context.new_page(), scene=scene, width=width)


def test_somebody_without_an_app_signs_in_by_text_and_by_email(
    own_scene: Scene, chromium: Chromium
) -> None:
    let_numbers_count_at_once(own_scene)
    here = open_window(chromium, own_scene, DESKTOP)
    new = Newcomer(here, own_scene)
    here.go("/enrol").press("Start now")
    new.confirm()
    new.choose_password()
    here.follow("Add a second check").look("codes-choose").follow("Codes by text message")
    here.look("codes-number").page.get_by_label("Mobile phone number").fill(NUMBER)
    here.press("Send the code").look("codes-number-check")
    here.page.get_by_label("6-number code").fill(texted(own_scene, 0))
    here.press("Go on").look("codes-hub")
    here.go("/account/methods").look("codes-methods")
    assert here.heading() == "How I sign in"
    here.follow("Get codes by email").look("codes-email-choose").press("Use codes by email")
    assert "Codes by email" in here.text()
    for width, script in ((DESKTOP, False), (PHONE, True)):
        by_text(new, open_window(chromium, own_scene, width, script=script))
        by_email(new, open_window(chromium, own_scene, width, script=script))
    assert here.faults == []


def by_text(new: Newcomer, here: Window) -> None:
    """A password and a text message open the account's own pages; this device is remembered."""
    here.go("/account").page.get_by_label("Email address").fill(new.address)
    here.page.get_by_label("Password", exact=True).fill(PASSWORD)
    here.press("Sign in", exact=True).look("codes-text")
    assert here.heading() == "Get a code by text message"
    assert "••• 555" in here.text()
    before = len(_texts(new.scene))
    here.press("Send the code").look("codes-text-check")
    here.page.get_by_label("6-number code").fill(texted(new.scene, before))
    here.page.get_by_label("Remember this device").check()
    here.press("Go on")
    assert here.heading() == "My page"
    here.go("/account/sessions").look("codes-sessions")
    assert "Devices we remember" in here.text()
    here.go("/methods").look("codes-approved")
    assert here.faults == []


def by_email(new: Newcomer, here: Window) -> None:
    """A code by e-mail alone opens the library, which asks for one check of anybody."""
    here.go(f"{new.scene.walk.services['library'].url}/sign-in").look("codes-sign-in")
    here.follow("Get a code by email").look("codes-email")
    before = len(new.mails())
    here.page.get_by_label("Email address").fill(new.address)
    here.press("Send the code").look("codes-email-check")
    here.page.get_by_label("6-number code").fill(new.mailed(before))
    here.press("Go on")
    assert re.match("Signed in", here.heading()), here.text()
    assert "P0.C1" in here.text()
    assert here.faults == []


def _texts(scene: Scene) -> list[dict[str, str]]:
    address = f"{mailbox_address(scene.settings)}/messages.json?to={AS_SENT}"
    found: list[dict[str, str]] = Browser().open(address).json()["messages"]
    return found
