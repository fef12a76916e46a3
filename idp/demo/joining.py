"""Walk through a first visit as somebody new: what the stories and the missions' tests share.

As in `walk.py`, nothing here decides whether a thing is right.
"""

import re
import secrets
import time
from dataclasses import dataclass, field

from idp.authentication.actions import code_at
from idp.demo import walk
from idp.demo.browser import Browser
from idp.demo.newcomers import Newcomer
from idp.demo.page import NotOnPageError, Page

WAIT_SECONDS = 30.0
CODE = re.compile(r"[Yy]our code is (\d+)")
PRINTED = re.compile(r"\b[0-9A-Za-z]{4,5}(?:-[0-9A-Za-z]{4,5})+\b")
SEED = re.compile(r"[?&]secret=([A-Z2-7]+)")


@dataclass(kw_only=True)
class Visit:
    """Somebody new at a browser, with what they chose on the way."""

    person: Newcomer
    browser: Browser
    mailbox: str
    email: str
    password: str = field(default_factory=lambda: f"a-made-up-pass-phrase-{secrets.token_hex(4)}")
    seed: str = ""
    codes: list[str] = field(default_factory=list)
    _used: int = 0

    def confirm_address(self, page: Page) -> Page:
        """From the sign-in page to the page after the code that was mailed."""
        start = page.click("Create an account")
        page = start.click("Start now").form("email").fill(email=self.email).submit()
        return page.form("code").fill(code=self.mailed_code()).submit()

    def set_up_app(self, hub: Page) -> Page:
        """Take the app's secret in and give its first code; the hub again."""
        page = hub.click("second").click("A code app")
        link = next(one.url for one in page.links if one.url.startswith("otpauth:"))
        found = SEED.search(link)
        if found is None:
            raise NotOnPageError(f"no secret in the link for the app on {page.url}")
        self.seed = found[1]
        return page.form("code").fill(code=self.app_code()).submit()

    def print_codes(self, hub: Page) -> Page:
        """Have recovery codes shown and write them down; the hub again."""
        shown = hub.click("recovery codes").click("Show my codes")
        self.codes = PRINTED.findall(shown.text)
        return shown.click("I have kept them")

    def claim(self, page: Page, *, given_name: str, family_name: str, postcode: str = "") -> Page:
        """Say who they are, by the names that are given."""
        year, month, day = self.person.birth_date.split("-")
        return page.form("number").fill(
            number=self.person.national_insurance_number, given_name=given_name,
            family_name=family_name, day=day, month=month, year=year, postcode=postcode,
        ).submit()  # fmt: skip

    def show_document(self, page: Page, number: str) -> Page:
        """Give a passport's number, and look again until the checkers are done."""
        page = page.click("passport").form("document")\
            .fill(document="passport", number=number).submit()  # fmt: skip
        deadline = time.monotonic() + WAIT_SECONDS
        while "/identity/waiting" in page.url and time.monotonic() < deadline:
            time.sleep(0.3)
            page = page.click("See if it is done")
        return page

    def app_code(self) -> str:
        """The app's next code; each counts once (see `Walk.code`)."""
        step = max(walk.now_step(), self._used + 1)
        while step > walk.now_step() + 1:
            time.sleep(0.2)
        self._used = step
        return code_at(self.seed, step)

    def mailed_code(self, to: str | None = None) -> str:
        """Read the newest code that came to an address. Raises `NotOnPageError` after a while."""
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            for message in self.messages(to):
                if found := CODE.search(message["text"]):
                    return found[1]
            time.sleep(0.2)
        raise NotOnPageError(f"no code came to {to or self.email}")

    def messages(self, to: str | None = None) -> list[dict[str, str]]:
        """List what came to an address, newest first."""
        page = Browser().open(f"{self.mailbox}/messages.json?to={to or self.email}")
        found: list[dict[str, str]] = page.json()["messages"]
        return found

    def mails_with(self, text: str) -> str:
        """Answer all that came, once `text` is among it; after a while, what there is."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            came = " ".join(one["subject"] + one["text"] for one in self.messages())
            if text in came or time.monotonic() > deadline:
                return came
            time.sleep(0.2)

    def answer(self, page: Page) -> tuple[Page, list[str]]:
        """Answer what the sign-in pages ask, by password and app; list what that was."""
        asked: list[str] = []
        while len(asked) < walk.MOST_QUESTIONS:
            if walk.has_field(page, "password"):
                asked.append("password")
                page = page.form("password").fill(
                    email=self.email, password=self.password
                ).submit()  # fmt: skip
            elif walk.has_field(page, "code"):
                asked.append("code")
                page = page.form("code").fill(code=self.app_code()).submit()
            else:
                break
        return page, asked
