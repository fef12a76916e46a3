"""Ways people lose their way: each ends on a page that says what to do (decision 11)."""

import json
import re
from pathlib import Path

from playwright.sync_api import Browser, Page

from idp.demo.stories import Scene
from tests.journeys.conftest import OpenWindow, Window
from tests.rig.browser import ARGUMENTS, find_chromium

FINISHED = "You have already finished this"


def begin(here: Window, scene: Scene, client_id: str = "library") -> str:
    """Go to a service's sign-in and give the address of the page that asks for a password."""
    here.go(f"{scene.walk.services[client_id].url}/sign-in")
    assert here.heading().startswith("Sign in to")
    return here.page.url


def give_password(page: Page, scene: Scene, role: str = "neighbour") -> None:
    person = scene.walk.people[role]
    page.get_by_label("Email address").fill(person.email)
    page.get_by_label("Password", exact=True).fill(person.password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_two_tabs_of_two_sign_ins_both_finish(scene: Scene, window: OpenWindow) -> None:
    here = window()
    begin(here, scene)
    second = here.page.context.new_page()
    second.goto(f"{scene.walk.services['library'].url}/sign-in")
    give_password(second, scene)
    assert second.locator("h1").inner_text() == "Signed in: Tom Barker"
    give_password(here.page, scene)
    # The sample keeps each sign-in it began, so this one ends well too.
    assert here.heading() == "Signed in: Tom Barker"


def test_the_same_page_in_two_tabs_finishes_once_and_says_so(
    scene: Scene, window: OpenWindow
) -> None:
    here = window()
    address = begin(here, scene)
    second = here.page.context.new_page()
    second.goto(address)
    give_password(here.page, scene)
    assert here.heading() == "Signed in: Tom Barker"
    give_password(second, scene)
    assert second.locator("h1").inner_text() == FINISHED
    assert "go back to the service and start again" in second.inner_text("body")


def test_the_back_button_after_finishing(scene: Scene, window: OpenWindow) -> None:
    here = window()
    begin(here, scene)
    give_password(here.page, scene)
    assert here.heading() == "Signed in: Tom Barker"
    here.page.go_back()
    here.look()
    assert here.heading() == FINISHED
    assert "You may have used the back button" in here.text()


def test_a_stale_form_changes_nothing_and_says_what_to_do(scene: Scene, window: OpenWindow) -> None:
    here = window()
    begin(here, scene)
    here.page.evaluate("document.querySelector('[name=csrf_token]').value = 'of another day'")
    give_password(here.page, scene)
    here.look()
    assert here.heading() == "This form is out of date"
    assert "Go back, load the page again and send it once more." in here.text()
    here.page.go_back()
    here.page.reload()
    give_password(here.page, scene)
    assert here.heading() == "Signed in: Tom Barker"


def test_a_page_opened_in_another_browser(scene: Scene, window: OpenWindow) -> None:
    address = begin(window(), scene)
    other = window().go("/demo/register").go(address)
    other.look()
    assert other.heading() == "This page was started in another browser"
    assert "start again from the service in this one" in other.text()


def test_cookies_refused(chromium: Browser, scene: Scene, tmp_path: Path) -> None:
    settings = tmp_path / "Default" / "Preferences"
    settings.parent.mkdir()
    blocked = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    settings.write_text(json.dumps(blocked))
    context = chromium.browser_type.launch_persistent_context(
        tmp_path, executable_path=find_chromium(), args=ARGUMENTS
    )
    try:
        here = Window(page=context.new_page(), scene=scene)
        here.go(f"{scene.walk.services['library'].url}/sign-in").look()
        assert here.heading() == "Your browser does not keep cookies"
        assert "Switch cookies on for this website." in here.text()
        assert here.faults == []
    finally:
        context.close()


def test_a_wrong_password_and_a_used_code_are_said_and_can_be_mended(
    scene: Scene, window: OpenWindow
) -> None:
    here = window()
    begin(here, scene, "tax")
    here.page.get_by_label("Email address").fill(scene.walk.people["neighbour"].email)
    here.page.get_by_label("Password", exact=True).fill("not this one at all")
    here.press("Sign in", exact=True).look()
    assert "The email address or the password is not right." in here.text()
    give_password(here.page, scene)
    code = scene.walk.code("neighbour")
    here.page.get_by_label("6-number code").fill("000000" if code != "000000" else "111111")
    here.press("Go on").look()
    assert "This code is not right, or it was used before." in here.text()
    here.page.get_by_label("6-number code").fill(code)
    here.press("Go on")
    assert here.heading() == "Signed in: Tom Barker"


def test_no_page_of_a_journey_shows_what_was_typed_as_password(
    scene: Scene, window: OpenWindow
) -> None:
    here = window()
    begin(here, scene)
    here.page.get_by_label("Email address").fill("nobody@example.test")
    here.page.get_by_label("Password", exact=True).fill("my-very-own-secret")
    here.press("Sign in", exact=True)
    assert "my-very-own-secret" not in here.page.content()
    assert re.search(r'value="nobody@example.test"', here.page.content())
