"""Whole stories in a real Chromium against a sandbox of real processes; nothing replaced.

`IDP_TEST_SCREENSHOTS=folder` keeps pictures of the pages that the README shows.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from idp.demo.stories import Scene
from tests.mission.conftest import (  # noqa: F401 - fixtures
    first_visits,
    inside,
    permission,
    sandbox_settings,
    scene,
    signed_in,
    stage,
)

DESKTOP, PHONE = 1000, 360
Kept = dict[str, Any]


@dataclass
class Window:
    """One person's window, and everything that is wrong with the pages it met."""

    page: Page
    scene: Scene
    width: int = DESKTOP
    faults: list[str] = field(default_factory=list)

    def go(self, address: str) -> "Window":
        """Open an address: of ours when it begins with a slash."""
        base = self.scene.settings.issuer if address.startswith("/") else ""
        self.page.goto(base + address)
        return self

    def sign_in(self, role: str, *, code: bool = True) -> "Window":
        """Answer the sign-in pages as this person, looking at each."""
        self.look()
        person = self.scene.walk.people[role]
        self.page.get_by_label("Email address").fill(person.email)
        self.page.get_by_label("Password", exact=True).fill(person.password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        return self.give_code(role) if code else self

    def give_code(self, role: str) -> "Window":
        """Answer the page that asks for a code."""
        self.look()
        self.page.get_by_label("6-number code").fill(self.scene.walk.code(role))
        return self.press("Go on")

    def press(self, name: str, *, exact: bool = False) -> "Window":
        """Press a button, and wait until the page it leads to has come whole."""
        self.page.get_by_role("button", name=name, exact=exact).click()
        return self._whole()

    def follow(self, name: str) -> "Window":
        """Follow a link, and wait until the page it leads to has come whole."""
        self.page.get_by_role("link", name=name).first.click()
        return self._whole()

    def _whole(self) -> "Window":
        # A click returns once the next page has begun to come: half of it cannot be looked at.
        self.page.wait_for_load_state()
        return self

    def heading(self) -> str:
        """The page's main heading."""
        return self.page.locator("h1").first.inner_text()

    def text(self) -> str:
        """All that can be read on the page."""
        return self.page.inner_text("body")

    def look(self, picture: str = "") -> "Window":
        """Note every accessibility fault of the page, and that it fits; keep a picture."""
        self._whole()
        where = f"{self.page.url.split('?')[0]} ({self.width})"
        for found in Axe().run(self.page).response["violations"]:
            nodes = [node["html"] for node in found["nodes"]]
            self.faults.append(f"{where}: {found['id']}: {nodes}")
        sideways = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        if self.page.evaluate(sideways):
            self.faults.append(f"{where}: can be scrolled sideways")
        folder = os.environ.get("IDP_TEST_SCREENSHOTS")
        if folder and picture:
            name = f"{picture}-{'desktop' if self.width == DESKTOP else 'phone'}.png"
            self.page.screenshot(path=Path(folder) / name, full_page=True)
        return self


OpenWindow = Callable[..., Window]


@pytest.fixture
def window(chromium: Browser, scene: Scene) -> Iterator[OpenWindow]:  # noqa: F811
    """Open a window with cookies of its own: `window()`, `window(PHONE)`, `window(script=False)`.

    At the end of the test no page that any window looked at may have had a fault.
    """
    contexts: list[BrowserContext] = []
    windows: list[Window] = []

    def open_window(
        width: int = DESKTOP, *, script: bool = True, state: Kept | None = None
    ) -> Window:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            storage_state=state,  # type: ignore[arg-type]
        )
        contexts.append(context)
        context.set_default_timeout(15_000)
        opened = Window(page=context.new_page(), scene=scene, width=width)
        for watched in (opened.page,):
            watched.on("pageerror", lambda error: opened.faults.append(str(error)))
            watched.on("console", lambda said: note(opened, said.type, said.text))
        windows.append(opened)
        return opened

    yield open_window
    for context in contexts:
        context.close()
    assert [fault for one in windows for fault in one.faults] == []


def note(opened: Window, kind: str, text: str) -> None:
    """A console error is a fault, but for the answers (4xx) that a story wants to see."""
    if kind == "error" and "Failed to load resource" not in text:
        opened.faults.append(f"{opened.page.url}: console: {text}")


@pytest.fixture(scope="session")
def states() -> dict[str, Kept]:
    """What browsers keep of people who signed in once."""
    return {}


@pytest.fixture
def window_of(window: OpenWindow, states: dict[str, Kept]) -> OpenWindow:
    """Open a window in which a person is signed in with password and code already."""

    def open_window(role: str, width: int = DESKTOP, *, script: bool = True) -> Window:
        if role not in states:
            first = window()
            first.go("/account").sign_in(role)
            assert first.heading() == "My page"
            states[role] = first.page.context.storage_state()  # type: ignore[assignment]
        return window(width, script=script, state=states[role])

    return open_window
