"""M1: a citizen signs in once and is signed on to several independent services, through
standard OpenID Connect clients that nobody here wrote (84(6), 142). First part: two sample
departments on Authlib, and a program made from the sandbox's own page."""

import contextlib
import html
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from idp.demo import stories
from idp.demo.browser import Browser
from idp.demo.page import Page
from idp.demo.stories import Scene

FreePorts = Callable[[int], list[int]]


def test_one_sign_in_opens_two_services_at_two_levels(scene: Scene) -> None:
    heard: list[str] = []
    scene.say = heard.append
    stories.one_sign_in(scene)
    assert "back at the Library she is asked nothing" in heard


def test_nobody_elses_browser_is_signed_in_by_it(scene: Scene) -> None:
    scene.walk.enter(scene.browser("daughter"), "library", "daughter")
    stranger = Browser().open(f"{scene.walk.services['library'].url}/sign-in")
    assert stranger.heading == "Sign in to Library"


def register_test_service(scene: Scene, redirect_uri: str) -> Page:
    page = Browser().open(scene.settings.issuer).click("Register a test service")
    return page.form("redirect_uri").fill(redirect_uri=redirect_uri).submit()


def block(page: Page, name: str) -> str:
    """The text of a copyable block, as a person would copy it."""
    found = re.search(rf'<pre id="{name}"[^>]*>(.*?)</pre>', page.body.decode(), re.DOTALL)
    assert found is not None, page.text
    return html.unescape(found[1])


@pytest.fixture
def own_program(scene: Scene, free_ports: FreePorts, tmp_path: Path) -> Iterator[str]:
    """The sample from the page "register a test service", run as it stands; its address."""
    port = free_ports(1)[0]
    page = register_test_service(scene, f"http://localhost:{port}/callback")
    assert page.heading == "Your test service is ready"
    sample = block(page, "sample")
    assert len(sample.strip().splitlines()) <= 15
    (tmp_path / "key.json").write_text(block(page, "key"))
    (tmp_path / "sample.py").write_text(sample)
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = tmp_path / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            [sys.executable, "sample.py"], cwd=tmp_path, env=clean, stdout=said, stderr=said
        )
    try:
        assert wait_for_listener(port, process), log.read_text()
        yield f"http://localhost:{port}/"
    finally:
        process.terminate()
        process.wait(10)


def wait_for_listener(port: int, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 2):
            return True
        time.sleep(0.1)
    return False


def test_a_program_made_from_the_page_signs_people_in_within_the_same_sign_in(
    scene: Scene, own_program: str
) -> None:
    browser = scene.browser("neighbour")
    page, asked = scene.walk.answer(browser.open(own_program), "neighbour")
    # Nobody has assessed the new service, so it runs at tier 2 (decision 25).
    assert asked == ["password", "code"]
    claims = page.json()
    assert claims["iss"] == scene.settings.issuer
    assert claims["vot"] == "P2.C2"
    _, asked = scene.walk.enter(browser, "library", "neighbour")
    assert asked == []


@pytest.mark.parametrize(
    "bad", ["", "not an address", "http://example.com/callback", "javascript:alert(1)",
            "http://localhost:5000/callback#fragment"]
)  # fmt: skip
def test_an_address_that_cannot_be_taken_is_said_in_words_and_registers_nothing(
    scene: Scene, bad: str
) -> None:
    page = register_test_service(scene, bad)
    assert page.status == 422
    assert "There is a problem" in page.text
    assert "client_id" not in page.text
