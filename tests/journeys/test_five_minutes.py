"""The five minutes that prove it (mission.md), as two people live them: two windows."""

import pytest

from idp.demo.stories import Scene
from tests.journeys.conftest import DESKTOP, PHONE, OpenWindow

BOTH = "Sian Hughes, on behalf of Margaret Hughes"


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_the_five_minutes_in_two_windows(
    scene: Scene, window: OpenWindow, window_of: OpenWindow, permission: str, width: int
) -> None:
    library, tax = (scene.walk.services[name].url for name in ("library", "tax"))
    window(width).go("/").look("start")

    daughter = window(width)
    daughter.go(library).look().follow("Sign in").sign_in("daughter", code=False)
    assert daughter.heading() == "Signed in: Sian Hughes"
    daughter.look().go(tax).look().follow("Sign in")
    assert "You have already given your password. Tax" in daughter.text()
    daughter.look("step-up").give_code("daughter")
    assert daughter.heading() == "Signed in: Sian Hughes"
    daughter.look().go(f"{library}/sign-in")
    assert daughter.heading() == "Signed in: Sian Hughes"

    mother = window_of("mother", width).go("/account").look("my-page")
    mother.follow("People who can act for me").look("mother-first")
    assert "Sian Hughes can act for you: Tax." in mother.text()

    daughter.go(tax).follow("Act for someone else").look("who")
    daughter.page.get_by_label("Margaret Hughes").check()
    daughter.page.get_by_label("What do you want to do for them?").fill("Look at the bill")
    daughter.press("Go on")
    assert BOTH in daughter.heading()
    daughter.look("daughter-before").follow("See my records")
    assert BOTH in daughter.heading()

    mother.page.reload()
    mother.look("mother-before").follow("See the 2 things").look("mother-uses")
    mother.press("End now").look("mother-after")
    assert mother.heading() == "Sian Hughes can no longer act for you"
    reference = mother.page.locator(".gatehouse-code").first.inner_text()

    daughter.follow("See my records again").look("daughter-after")
    assert daughter.heading() == "You can no longer act for Margaret Hughes"
    assert reference in daughter.text()
    mother.go(f"/account/helpers/{permission}").look()
    assert mother.text().count("Sian Hughes, at Tax") == 2


def test_every_page_of_my_own_is_without_fault(window_of: OpenWindow, permission: str) -> None:
    for width in (DESKTOP, PHONE):
        mine = window_of("mother", width)
        for path in ("", "/helpers", "/activity", "/helping", "/sessions"):
            mine.go(f"/account{path}").look()


def test_by_keyboard_alone(scene: Scene, window: OpenWindow, permission: str) -> None:
    here = window().go(f"{scene.walk.services['tax'].url}/sign-in?act=1")
    keys, person = here.page.keyboard, scene.walk.people["daughter"]
    tab_to(here, "email")
    keys.type(person.email)
    tab_to(here, "password")
    keys.type(person.password)
    keys.press("Enter")
    here.page.wait_for_url("**/code")
    tab_to(here, "code")
    keys.type(scene.walk.code("daughter"))
    keys.press("Enter")
    here.page.wait_for_url("**/who")
    tab_to(here, "who")
    assert here.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") is not None
    keys.press("ArrowDown")  # the radios are one stop; arrows choose
    if not here.page.locator(f"input[value='{permission}']").is_checked():
        keys.press("ArrowDown")
    tab_to(here, "purpose")
    keys.type("Look at the bill")
    keys.press("Enter")
    here.page.wait_for_url(f"{scene.walk.services['tax'].url}/")
    assert BOTH in here.heading()


def tab_to(here, name: str) -> None:
    """Press Tab until the field of that name has the focus, as somebody without a mouse does."""
    for _ in range(30):
        here.page.keyboard.press("Tab")
        if here.page.evaluate("document.activeElement.name") == name:
            return
    raise AssertionError(f"Tab never reaches {name} on {here.page.url}")


def test_without_script(
    scene: Scene, window: OpenWindow, window_of: OpenWindow, permission: str
) -> None:
    tax = scene.walk.services["tax"].url
    daughter = window(script=False)
    person = scene.walk.people["neighbour"]
    daughter.go(f"{scene.walk.services['library'].url}/sign-in")
    daughter.page.get_by_label("Email address").fill(person.email)
    daughter.page.get_by_label("Password", exact=True).fill(person.password)
    daughter.press("Sign in", exact=True)
    assert daughter.heading() == "Signed in: Tom Barker"
    daughter = window_of("daughter", script=False).go(f"{tax}/sign-in?act=1")
    daughter.page.get_by_label("Margaret Hughes").check()
    daughter.page.get_by_label("What do you want to do for them?").fill("Look at the bill")
    daughter.press("Go on")
    assert BOTH in daughter.heading()
    mother = window_of("mother", script=False).go("/account/helpers").press("End now")
    assert mother.heading() == "Sian Hughes can no longer act for you"
    daughter.follow("See my records")
    assert daughter.heading() == "You can no longer act for Margaret Hughes"
