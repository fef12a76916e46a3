"""The pages in a real browser: nothing axe objects to, nothing the console complains about.

`IDP_TEST_SCREENSHOTS=folder` keeps a picture of each page at each width.
"""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.pages.samples import CASES

WIDTHS = (1000, 360)
FILES = {"figures-report"}  # opened from a disk, styles and all: no policy of ours goes with it
PageAt = Callable[[int], Page]


@pytest.fixture(scope="module")
def address(app: Flask) -> Iterator[str]:
    """Where the sample pages are served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()


def open_case(page: Page, address: str, case: str) -> list[str]:
    """Open a sample page; give what its console said until all had loaded."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{address}/page/{case}", wait_until="load")
    return said


def sideways_pixels(page: Page) -> int:
    """How far a page can be scrolled sideways; 0 when it fits (WCAG 2.2, 1.4.10)."""
    pixels: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return pixels


def contrast_untold(page: Page, nodes: list[str]) -> list[str]:
    """Of texts whose contrast axe could not tell, those of which it cannot tell in the open either.

    It never looks behind a text in an SVG; tests/figures measures those colours. A cell that a wide
    table has scrolled half out of sight is looked at once more with the whole table in sight.
    """
    nodes = [html for html in nodes if not html.startswith("<text ")]
    if not nodes:
        return []
    narrow = page.viewport_size
    assert narrow is not None
    page.set_viewport_size({"width": WIDTHS[0], "height": narrow["height"]})
    report = Axe().run(page, options={"runOnly": ["color-contrast"]}).response
    page.set_viewport_size(narrow)
    found = [node["html"] for kind in ("violations", "incomplete")
             for rule in report[kind] for node in rule["nodes"]]  # fmt: skip
    return [html for html in found if not html.startswith("<text ")]


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_has_an_accessibility_fault_or_a_console_error(
    page_at: PageAt, address: str, width: int
) -> None:
    page = page_at(width)
    faults: list[str] = []
    for case in CASES:
        if case == "form-post":  # sends itself off; looked at below, without script
            continue
        said = open_case(page, address, case)
        if case not in FILES:
            faults += [f"{case}: console: {text}" for text in said]
        if sideways_pixels(page):
            faults.append(f"{case}: can be scrolled sideways")
        folder = os.environ.get("IDP_TEST_SCREENSHOTS")
        if folder:
            page.screenshot(path=Path(folder) / f"{case}-{width}.png", full_page=True)
        # A fault hidden behind "cannot tell" is still a fault: incomplete must be empty too.
        report = Axe().run(page).response
        for kind in ("violations", "incomplete"):
            for found in report[kind]:
                nodes = [node["html"] for node in found["nodes"]]
                if found["id"] == "color-contrast" and kind == "incomplete":
                    nodes = contrast_untold(page, nodes)
                    if not nodes:
                        continue
                faults.append(f"{case}: {kind}: {found['id']}: {nodes}")
    assert faults == []


def test_the_answer_by_form_post_sends_itself(page_at: PageAt, address: str) -> None:
    page = page_at(1000)
    page.goto(f"{address}/page/form-post")
    page.wait_for_url("**/landed")
    assert page.inner_text("body") == "landed"


def test_the_answer_by_form_post_has_a_button_without_script(
    chromium_without_script: Page, address: str
) -> None:
    page = chromium_without_script
    page.goto(f"{address}/page/form-post")
    page.get_by_role("button", name="Go on").click()
    assert page.url == f"{address}/landed"


@pytest.fixture
def chromium_without_script(request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in a browser that runs no script."""
    context = request.getfixturevalue("chromium").new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_copy_copies_and_says_so(page_at: PageAt, address: str) -> None:
    page = page_at(1000)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_case(page, address, "start")
    page.get_by_role("button", name="Copy the password of Sian Hughes").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "amber-window-lantern-42"


def test_copy_selects_the_text_where_the_browser_forbids_copying(
    page_at: PageAt, address: str
) -> None:
    page = page_at(1000)
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    open_case(page, address, "registered")
    page.get_by_role("button", name="Copy The sample").click()
    page.get_by_text("Press Ctrl and C to copy").wait_for()
    assert page.evaluate("getSelection().toString()").startswith("line_0 = client.fetch")


def test_without_script_nothing_offers_to_copy_and_all_can_be_read(
    chromium_without_script: Page, address: str
) -> None:
    page = chromium_without_script
    page.goto(f"{address}/page/start")
    assert page.get_by_role("button", name="Copy").count() == 0
    assert page.get_by_text("amber-window-lantern-42").is_visible()
    assert page.get_by_text("330917").is_visible()
    newest = page.get_by_role("link", name="Show the newest code for Sian Hughes")
    newest.click()
    assert page.url == f"{address}/page/start?person=2"


def test_an_error_is_the_first_thing_heard(page_at: PageAt, address: str) -> None:
    page = page_at(1000)
    open_case(page, address, "password-wrong")
    assert page.title().startswith("Error: ")
    assert "govuk-error-summary" in page.evaluate("document.activeElement.className")
    page.get_by_role("link", name="That email address and password do not go together.").click()
    assert page.evaluate("document.activeElement.id") == "email"
