"""A real browser makes a passkey on our page and shows a stranger nothing it could use."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from idp.app import create_app
from idp.authentication.records import PasskeyRecord
from tests.build import BOTH, Site, World, open_site

PageAt = Callable[[int], Page]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def served(
    world: World, sqlite_world: Path, tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> Iterator[tuple[Site, str]]:
    """A house that is reached over HTTP, for a browser's rules are about addresses."""
    file = tmp_path / "house.sqlite3"
    file.write_bytes(sqlite_world.read_bytes())
    site = open_site(world, f"sqlite:///{file}")
    (port,) = free_ports(1)
    address = f"http://localhost:{port}"
    house = replace(site.house, settings=replace(site.house.settings, issuer=address))
    server = make_server("127.0.0.1", port, create_app(house), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield site, address
    server.shutdown()
    thread.join()
    site.close()


def signed_in(page: Page, served: tuple[Site, str]) -> Any:
    """Put Sian's session in the browser, and a key in it; answer its CDP session and the key."""
    site, address = served
    site.sign_in("sian", BOTH)
    cookie = site.browser.get_cookie("gatehouse_session")
    assert cookie is not None
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    added = devices.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return devices, added["authenticatorId"]


def test_a_browser_makes_a_passkey_once_for_each_device(
    page_at: PageAt, served: tuple[Site, str]
) -> None:
    site, address = served
    page = page_at(1000)
    signed_in(page, served)
    page.goto(f"{address}/methods/passkey")
    assert not page.get_by_text("This browser cannot make a passkey").is_visible()
    page.get_by_role("button", name="Make a passkey").press("Enter")
    page.wait_for_url(f"{address}/account/methods")
    assert "Chrome on Linux" in page.inner_text("body")
    (row,) = site.rows(PasskeyRecord)
    assert row["account_ref"] == site.account("sian")["ref"]
    page.goto(f"{address}/methods/passkey")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_text("This device has a passkey for you already").wait_for()
    assert len(site.rows(PasskeyRecord)) == 1


def test_somebody_the_device_does_not_recognise_is_told_what_else_there_is(
    page_at: PageAt, served: tuple[Site, str]
) -> None:
    site, address = served
    page = page_at(360)
    devices, key = signed_in(page, served)
    devices.send("WebAuthn.setUserVerified", {"authenticatorId": key, "isUserVerified": False})
    page.goto(f"{address}/methods/passkey")
    page.get_by_role("button", name="Make a passkey").click()
    page.get_by_text("No passkey was made").wait_for()
    assert site.rows(PasskeyRecord) == []


def test_without_script_the_page_says_what_to_do(chromium: Any, served: tuple[Site, str]) -> None:
    site, address = served
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    site.sign_in("sian", BOTH)
    cookie = site.browser.get_cookie("gatehouse_session")
    assert cookie is not None
    context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
    page.goto(f"{address}/methods/passkey")
    assert page.get_by_role("button", name="Make a passkey").count() == 0
    page.get_by_role("link", name="Choose another way").click()
    assert page.url == f"{address}/account/methods"
    context.close()


def test_the_picture_for_the_camera_can_be_seen_and_codes_can_be_printed(
    page_at: PageAt, served: tuple[Site, str]
) -> None:
    _, address = served
    page = page_at(360)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    signed_in(page, served)
    page.goto(f"{address}/methods/app")
    box = page.locator("svg.gatehouse-qr").bounding_box()
    assert box is not None
    assert box["width"] == box["height"] >= 200
    page.goto(f"{address}/methods/recovery-codes")
    page.get_by_role("button", name="Show my codes").click()
    page.get_by_role("button", name="Print").wait_for()
    page.emulate_media(media="print")
    assert page.locator("ol.gatehouse-printed > li").count() == 10
    assert not page.get_by_role("button", name="Print").is_visible()
    assert said == []
