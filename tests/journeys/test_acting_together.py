"""Three directors, any two of whom act: one asks, another agrees, and only then is the first in."""

from idp.demo import officer_stories
from idp.demo.officer_stories import BOARD, PURPOSE
from idp.demo.stories import Scene
from tests.journeys.conftest import PHONE, OpenWindow, Window


def choose(director: Window) -> Window:
    """Enter Tax for the company."""
    director.go(f"{director.scene.walk.services['tax'].url}/sign-in?act=1").look("together-who")
    director.page.get_by_label(BOARD).check()
    director.page.get_by_label("What do you want to do for them?").fill(PURPOSE)
    return director.press("Go on")


def test_one_director_alone_waits_and_is_let_in_once_another_agreed(
    scene: Scene, window_of: OpenWindow
) -> None:
    one, other, third = officer_stories.board(scene)
    asker = choose(window_of("neighbour")).look("together-alone")
    assert asker.heading() == "Others have to agree"
    assert f"You cannot use Tax for {BOARD} alone" in asker.text()
    asker.press("Ask the others").look("together-asked")
    assert "1 of 2 agreed so far." in asker.text()
    assert f"{other.name}: has not agreed yet" in asker.text()
    asker.follow("Look again")
    assert asker.heading() == "Others have to agree", "one of them alone is never let in"

    fellow = window_of("insurer", PHONE).go("/account/helping").look("together-helping")
    fellow.follow("asks you to agree").look("together-agree")
    assert PURPOSE in fellow.text()
    assert f"{one.name}" in fellow.text()
    fellow.press("I agree").look("together-agreed")
    assert "2 of 2 agreed so far." in fellow.text()

    asker.follow("Look again").look("together-in")
    assert asker.heading().endswith(f"{one.name}, on behalf of {BOARD}")
    asker.press("Send a tax return").look("together-done")
    assert asker.heading() == "Done: Send a tax return"
    choose(asker)
    assert asker.heading() == "Others have to agree", "it was for one visit"
    assert f"{third.name}: has not agreed yet" in asker.text()
