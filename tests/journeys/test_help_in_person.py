"""A charity at a kitchen table, on its pages: a shared computer, a paper, two text messages."""

from idp.demo import helping
from idp.demo.helping_stories import CHARITY, at_the_table
from idp.demo.newcomers import Newcomer
from idp.demo.stories import Scene
from tests.journeys.conftest import PHONE, OpenWindow, Window
from tests.journeys.test_console import plug_in

TEXTS, PAPER = "We send two text messages to their phone", "They sign on paper"


def at_a_shared_computer(window: OpenWindow, width: int) -> Window:
    """Ruth makes a key hers, and signs in with nothing else where nobody knows her."""
    ruth = window(width).go("/account").sign_in("adviser").go("/methods/passkey")
    plug_in(ruth)
    ruth.press("Make a passkey")
    ruth.page.wait_for_url("**/account/methods**")
    ruth.page.context.clear_cookies()
    ruth.go("/account").page.locator("[name=use-passkey]").click()
    ruth.page.get_by_role("heading", level=1, name="My page").wait_for()
    return ruth


def find(ruth: Window, person: Newcomer) -> Window:
    """Find the person at the table by a letter of theirs."""
    year, month, day = person.birth_date.split("-")
    ruth.page.get_by_label("National Insurance number").fill(person.national_insurance_number)
    ruth.page.get_by_label("First names").fill(person.given_name)
    ruth.page.get_by_label("Family name").fill(person.family_name)
    for label, value in (("Day", day), ("Month", month), ("Year", year)):
        ruth.page.get_by_label(label, exact=True).fill(value)
    return ruth.press("Go on")


def choose(ruth: Window, how: str) -> Window:
    """Car tax, today only; the proof is forgotten at first, and nothing else has to be repeated."""
    ruth.page.get_by_label("renew the tax of a car").check()
    ruth.page.get_by_label("Today", exact=True).check()
    ruth.press("Go on").look("assist-choose-again")
    assert ruth.page.title().startswith("Error: ")
    ruth.page.get_by_role("link", name="Choose how the person shows that they agree").click()
    assert ruth.page.evaluate("document.activeElement.id") == "evidence"
    assert ruth.page.get_by_label("renew the tax of a car").is_checked()
    assert ruth.page.get_by_label("Today", exact=True).is_checked()
    ruth.page.get_by_label(how, exact=True).check()
    ruth.press("Go on").look("assist-check")
    assert "It lasts today only, until midnight." in ruth.text()
    return ruth


def test_a_charity_helps_by_paper_and_by_text_and_is_done_before_the_person_leaves(
    scene: Scene, window: OpenWindow
) -> None:
    person = at_the_table(scene)
    phone = person.phone or ""
    ruth = at_a_shared_computer(window, PHONE)
    ruth.go("/account/helping").look("helping").follow(CHARITY).look("charity")
    ruth.follow("The standard agreement").look("agreement")
    ruth.page.go_back()

    ruth.follow("Help somebody who is with you").look("assist-who")
    choose(find(ruth, person).look("assist-choose"), PAPER)
    ruth.press("They signed").look("assist-paper-missing")
    assert "Enter where the signed paper is kept" in ruth.text()
    ruth.page.get_by_label("Where do you keep the signed paper?").fill("Folder 7, number 112")
    ruth.press("They signed").look("assist-receipt")
    assert ruth.heading() == f"Receipt for {person.name}"

    before = len(helping.messages(scene, phone))
    choose(find(ruth.follow("Help somebody else"), person), TEXTS)
    ruth.press("Send the text messages").look("assist-code")
    code = helping.waited(
        lambda: helping.code_among(helping.texts_since(scene, phone, before)), bool
    )
    assert code
    ruth.page.get_by_label("6-number code").fill(code)
    ruth.press("Go on").look()
    assert ruth.heading() == f"Receipt for {person.name}"

    ruth.go(f"{scene.walk.services['vehicles'].url}/sign-in?act=1").look("charity-picker")
    ruth.page.get_by_label(person.name).check()
    ruth.page.get_by_label("What do you want to do for them?").fill("Renew the tax of his car")
    ruth.press("Go on").look()
    assert f"named adviser at {CHARITY}, on behalf of {person.name}" in ruth.heading()
    ruth.press("Renew the tax of a car").look()
    assert "Reference for both" in ruth.text()
