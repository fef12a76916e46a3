"""Take the pictures of the README again: `python -m tests.docs.pictures`, about half a minute.

Starts a sandbox of its own on free ports and walks through the five minutes in Chromium.
"""

import base64
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from idp.authentication.actions import code_at
from idp.demo import world
from idp.demo.commands import Sandbox, prepare
from idp.demo.world import SamplePerson
from idp.policy.files import packaged_directory
from tests.docs.documents import ROOT
from tests.rig.browser import ARGUMENTS, find_chromium
from tests.rig.ports import free_ports

PICTURES = ROOT / "docs" / "pictures"
WIDTH, HEIGHT = 760, 620
PAIR = """<style>body {{ margin: 0; padding: 16px; display: flex; gap: 16px; background: #dfe3e6;
font: 600 16px system-ui, sans-serif }} figure {{ margin: 0 }} figcaption {{ padding: 6px 2px }}
img {{ display: block; border: 1px solid #6b6b6b; width: 570px }}</style>
<figure><figcaption>{0}</figcaption><img src="data:image/png;base64,{1}"></figure>
<figure><figcaption>{2}</figcaption><img src="data:image/png;base64,{3}"></figure>"""


def take() -> None:
    """Start a sandbox, walk, and write the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        (port, *_) = free_ports(7)
        sandbox = Sandbox(prepare(Path(folder), port, None, packaged_directory()))
        people = {person.role: person for person in world.people(Path(folder))}
        try:
            sandbox.start()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium(), args=ARGUMENTS
                )
                walk(browser, sandbox, people)
                browser.close()
        finally:
            sandbox.stop()


def walk(browser: Browser, sandbox: Sandbox, people: dict[str, SamplePerson]) -> None:
    """The five minutes, as far as they show something."""
    issuer = sandbox.settings.issuer
    library, tax, _ = sandbox.services
    hers, mothers = window(browser), window(browser)

    hers.set_viewport_size({"width": WIDTH, "height": 2 * HEIGHT})
    hers.goto(issuer)
    shot(hers, "start")
    hers.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    hers.goto(f"{library.url}/sign-in")
    give_password(hers, people["daughter"])
    hers.goto(f"{tax.url}/sign-in")
    shot(hers, "step-up")
    give_code(hers, people["daughter"])
    hers.goto(f"{tax.url}/sign-in?act=1")
    hers.get_by_label(people["mother"].name).check()
    hers.locator("[name=purpose]").fill("Pay the bill for May")
    press(hers)
    hers.get_by_role("button", name="Send a tax return").click()
    hers.goto(f"{tax.url}/records")

    mothers.goto(f"{issuer}/account")
    give_password(mothers, people["mother"])
    give_code(mothers, people["mother"])
    mothers.goto(f"{issuer}/account/helpers")
    pair(browser, "two-windows-before", mothers, hers)

    mothers.get_by_role("button", name="End now").click()
    hers.get_by_role("link", name="See my records").click()
    mothers.goto(f"{issuer}/account/helpers")
    mothers.get_by_role("link", name=people["daughter"].given_name).first.click()
    pair(browser, "two-windows-after", mothers, hers)


def give_password(page: Page, person: SamplePerson) -> None:
    """Fill in the first page of the sign-in."""
    page.locator("[name=email]").fill(person.email)
    page.locator("[name=password]").fill(person.password)
    press(page)


def give_code(page: Page, person: SamplePerson) -> None:
    """Fill in the second."""
    page.locator("[name=code]").fill(code_at(person.totp_secret, int(time.time()) // 30))
    press(page)


def press(page: Page) -> None:
    """Press the button that sends the form; a page has others, such as "Show"."""
    page.locator("main button[type=submit]").first.click()


def window(browser: Browser) -> Page:
    """Open a window with cookies of its own."""
    return browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}).new_page()


def shot(page: Page, name: str) -> None:
    """Take a picture of a window."""
    page.screenshot(path=PICTURES / f"{name}.png")


def pair(browser: Browser, name: str, mothers: Page, hers: Page) -> None:
    """Take a picture of the two windows side by side."""
    seen = [base64.b64encode(page.screenshot()).decode() for page in (mothers, hers)]
    both = browser.new_context(viewport={"width": 1192, "height": 540}).new_page()
    both.set_content(PAIR.format("The mother's window", seen[0], "The daughter's window", seen[1]))
    both.screenshot(path=PICTURES / f"{name}.png", full_page=True)


if __name__ == "__main__":
    take()
