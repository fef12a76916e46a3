"""A mother names her daughter, who says yes in a window of her own; and it is ended quietly."""

import re
import time
from urllib.parse import quote

import pytest

from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.stories import Scene
from tests.journeys.conftest import DESKTOP, PHONE, OpenWindow

LINK = re.compile(r"\S+(/invitation/[\w-]{43})")
WAIT_SECONDS = 30.0


def mailed(scene: Scene, to: str, but: set[str]) -> str:
    """The link of a mail to this address that was not there before."""
    deadline = time.monotonic() + WAIT_SECONDS
    address = f"{mailbox_address(scene.settings)}/messages.json?to={quote(to)}"
    while time.monotonic() < deadline:
        for message in Browser().open(address).json()["messages"]:
            found = LINK.search(message["text"])
            if found and found[1] not in but:
                return found[1]
        time.sleep(0.2)
    raise AssertionError("no mail with a link came")


SEEN: set[str] = set()


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_a_permission_is_given_answered_and_ended_on_its_pages(
    scene: Scene, window_of: OpenWindow, width: int
) -> None:
    daughter_email = scene.walk.people["daughter"].email
    mother = window_of("mother", width).go("/account/helpers/new").look("helper-new")
    mother.page.get_by_label("Their first name").fill("Sian")
    mother.page.get_by_label("Their family name").fill("Hughes")
    mother.page.get_by_label("Their email address").fill(daughter_email)
    mother.page.get_by_label("see tax returns and letters").check()
    mother.page.get_by_label("31 days", exact=True).check()
    mother.press("Go on").look("helper-agree")
    assert "Margaret Hughes lets Sian Hughes do this for them." in mother.text()
    mother.press("I agree. Send it").look("helper-offer")
    assert mother.heading() == "You asked Sian Hughes"

    link = mailed(scene, daughter_email, SEEN)
    SEEN.add(link)
    daughter = window_of("daughter", width).go(link).look("invitation")
    assert daughter.heading() == "Margaret Hughes asks you to help"
    daughter.press("Go on").look("answer")
    daughter.page.get_by_label("Yes", exact=True).check()
    daughter.press("Send my answer").look("answered")
    assert daughter.heading() == "You said yes"
    daughter.follow("See whom I help").look("helping")
    assert "Margaret Hughes" in daughter.text()

    mother.go("/account/helpers").look("helpers-now")
    mother.follow("Sian Hughes has not done anything for you yet").follow("A page to print")
    mother.look("receipt")
    assert "At Tax they can see tax returns and letters." in mother.text()
    mother.page.go_back()
    mother.page.get_by_text("Is it safer if they do not know at once?").click()
    mother.press("End it quietly").look("saved")
    assert mother.heading() == "Saved"
    assert "Sian" not in mother.text()
