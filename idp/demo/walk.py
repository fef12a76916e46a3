"""Walk the sandbox as its people do: what `idp demo --check` and the missions' tests share.

Nothing here decides whether a thing is right; it opens pages, types what people know, and takes
the next one-time code that was not yet used.
"""

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from idp.authentication.actions import code_at
from idp.demo import world
from idp.demo.browser import Browser
from idp.demo.page import NotOnPageError, Page
from idp.demo.world import SamplePerson, SampleService

STEP_SECONDS = 30
MOST_QUESTIONS = 4
ID_TOKEN = re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+")


@dataclass(kw_only=True)
class Walk:
    """The sandbox seen from outside: its people, its services, and the codes already used."""

    issuer: str
    people: dict[str, SamplePerson]
    services: dict[str, SampleService]
    used: dict[str, int] = field(default_factory=dict)

    def code(self, role: str) -> str:
        """Answer a code of this person's that was not used before; waits for one if need be.

        A code counts once. The server takes the next one up to a step early, so two codes in
        one half-minute are had without waiting (RFC 6238 section 5.2).
        """
        step = max(now_step(), self.used.get(role, 0) + 1)
        while step > now_step() + 1:
            time.sleep(0.2)
        self.used[role] = step
        return code_at(self.people[role].totp_secret, step)

    def answer(self, page: Page, role: str) -> tuple[Page, list[str]]:
        """Answer what the sign-in pages ask of this person, and list what that was."""
        asked: list[str] = []
        person = self.people[role]
        while len(asked) < MOST_QUESTIONS:
            if has_field(page, "password"):
                asked.append("password")
                page = page.form("password").fill(
                    email=person.email, password=person.password
                ).submit()  # fmt: skip
            elif has_field(page, "code"):
                asked.append("code")
                page = page.form("code").fill(code=self.code(role)).submit()
            else:
                break
        return page, asked

    def enter(
        self, browser: Browser, client_id: str, role: str, *, act: bool = False
    ) -> tuple[Page, list[str]]:
        """Go to a service's sign-in and answer; the page it ends on, and what was asked."""
        address = self.services[client_id].url + ("/sign-in?act=1" if act else "/sign-in")
        return self.answer(browser.open(address), role)

    def my_page(self, browser: Browser, role: str, path: str = "/account") -> Page:
        """Open one of this person's own pages, signing in where that is asked."""
        page, _ = self.answer(browser.open(self.issuer + path), role)
        return page


def of_sandbox(data: Path, issuer: str, port: int) -> Walk:
    """Make a walk through the sandbox in a data folder."""
    return Walk(
        issuer=issuer,
        people={person.role: person for person in world.people(data)},
        services={service.client_id: service for service in world.services(port)},
    )


def now_step() -> int:
    """The one-time code's time step now."""
    return int(time.time()) // STEP_SECONDS


def has_field(page: Page, name: str) -> bool:
    """Whether some form of the page has this field."""
    try:
        page.form(name)
    except NotOnPageError:
        return False
    return True


def told(page: Page) -> dict[str, dict[str, str]]:
    """Read a sample service's table of claims: where each came from, its name, its value."""
    found: dict[str, dict[str, str]] = {"ID token": {}, "userinfo": {}}
    for row in page.rows:
        if len(row) == 3:
            claim, value, source = row
            for place in found:
                if source.startswith(place):
                    found[place][claim] = value
    return found


def id_token(page: Page) -> str:
    """Read the ID token that a sample service shows. Raises `NotOnPageError`."""
    match = ID_TOKEN.search(page.text)
    if match is None:
        raise NotOnPageError(f"no ID token on {page.url} ({page.heading!r})")
    return match[0]
