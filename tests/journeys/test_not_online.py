"""Somebody who is not online rings up: two officers let his helper in, one ends it at his word."""

from idp.demo import helping
from idp.demo.helping_stories import at_the_table
from idp.demo.newcomers import Newcomer
from idp.demo.stories import Scene
from tests.journeys.conftest import PHONE, OpenWindow, Window
from tests.journeys.test_console import seat

CHECK = "A second check by an officer"


def ring(officer: Window, person: Newcomer) -> Window:
    """He rings an officer up, who finds him by his number."""
    officer.follow("Somebody who is not online")
    officer.page.get_by_label("Whom is it about?").fill(person.national_insurance_number)
    officer.press("Go on").look("not-online-call")
    assert person.name in officer.text()
    return officer


def read_out(officer: Window, person: Newcomer) -> Window:
    """The code that came to the phone of our records; a wrong one buys nothing."""
    scene, phone = officer.scene, person.phone or ""
    before = len(helping.messages(scene, phone))
    officer.press(f"Send a code to ••• {phone[-2:]}")
    code = helping.waited(
        lambda: helping.code_among(helping.texts_since(scene, phone, before)), bool
    )
    assert code
    officer.page.get_by_label("What code did they read out?").fill(
        f"{(int(code) + 1) % 1_000_000:06d}"
    )
    tick_each(officer).press("Check the code").look("not-online-code")
    assert "This is not the code" in officer.text()
    officer.page.get_by_label("What code did they read out?").fill(code)
    officer.press("Check the code")
    assert "There is a problem" not in officer.text(), "what was ticked stays so"
    return officer


def tick_each(officer: Window) -> Window:
    """Each thing that has to be so is."""
    officer.page.locator("[name=check]").first.wait_for()
    for box in officer.page.locator("[name=check]").all():
        box.check()
    return officer


def asked(officer: Window) -> Window:
    """The officer asks him what the people at home do not know."""
    tick_each(officer.follow(CHECK)).look("not-online-check").press("I saw or heard it myself")
    return officer.look("not-online-shown")


def test_somebody_without_an_account_lets_a_helper_act_and_ends_it_by_telephone(
    scene: Scene, window: OpenWindow, window_of: OpenWindow
) -> None:
    person, helper = at_the_table(scene), scene.walk.people["daughter"]
    nia = seat(window(), "Nia Ellis", "mandate-officer")
    owen = seat(window(), "Owen Hart", "mandate-officer")
    asked(read_out(ring(nia, person), person))
    assert "identity level P2" in nia.text()

    nia.follow("Enter a permission").look("not-online-appoint")
    nia.page.get_by_label("The person asked for it").check()
    nia.page.get_by_label("Who may act?").fill(helper.email)
    for power in ("see tax returns and letters", "send a tax return"):
        nia.page.get_by_label(power, exact=True).check()
    nia.page.get_by_label("31 days", exact=True).check()
    nia.press("Ask another officer to confirm it").look("not-online-entered")
    assert nia.heading() == "The permission is entered"

    daughter = window_of("daughter", PHONE)
    tax = scene.walk.services["tax"].url
    daughter.go(f"{tax}/sign-in?act=1")
    assert person.name not in daughter.text(), "one officer's word is not enough"

    nia.go(f"{scene.settings.console_address}/console/proposals").press("Look at it")
    assert nia.page.get_by_role("button", name="Yes, confirm it").count() == 0
    owen.follow("Permissions to confirm").look("not-online-waiting")
    owen.press("Look at it").look("not-online-decide")
    assert "No paper is kept here." in owen.text()
    assert helper.name in owen.text()
    owen.press("Yes, confirm it").look("not-online-given")
    assert owen.heading() == "The permission is given"

    daughter.go(f"{tax}/sign-in?act=1").look("not-online-picker")
    daughter.page.get_by_label(person.name).check()
    daughter.page.get_by_label("What do you want to do for them?").fill("His bill for May")
    daughter.press("Go on").look("not-online-acting")
    assert daughter.heading().endswith(f"{helper.name}, on behalf of {person.name}")
    daughter.follow("See my records").look("not-online-records")
    assert "no longer" not in daughter.text()

    ring(owen.go(f"{scene.settings.console_address}/console"), person)
    assert f"{helper.name}: Tax" in owen.text()
    assert owen.page.get_by_role("button", name="End it, the person says so").count() == 0, (
        "who is it that rings?"
    )
    asked(owen).press(f"for {helper.name}").look("not-online-ended")
    assert owen.heading() == "It is ended"
    daughter.page.reload()
    daughter.look("not-online-refused")
    assert daughter.heading() == f"You can no longer act for {person.name}"
