"""M4: the service asks for nothing and the policy alone decides; flip one answer and the same
address asks for more; only the missing factor is asked for; the page says why (141(1))."""

from idp.demo import stories
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn


def test_one_answer_flipped_and_the_same_link_asks_for_more(own_scene: Scene) -> None:
    heard: list[str] = []
    own_scene.say = heard.append
    before = own_scene.command("policy", "explain", "library", "borrow-books",
                               "--policies", str(own_scene.settings.policies))  # fmt: skip
    stories.flip(own_scene)
    after = own_scene.command("policy", "explain", "library", "borrow-books",
                              "--policies", str(own_scene.settings.policies))  # fmt: skip
    assert "one answer flipped, the same link asks him for a code too" in heard
    assert (before["sign_in"], after["sign_in"]) == ("C1", "C2")
    assert before["identity"] == after["identity"] == "P1"


def test_the_service_asks_for_nothing(scene: Scene, signed_in: SignedIn) -> None:
    page, _ = scene.walk.enter(signed_in("neighbour"), "tax", "neighbour")
    asked = {row[0] for row in page.rows if len(row) == 2}
    assert "client_id" in asked
    assert not asked & {"acr_values", "claims", "max_age", "prompt", "vtr"}


def test_who_has_shown_both_is_asked_for_neither(scene: Scene) -> None:
    browser = scene.browser("mother")
    _, first = scene.walk.enter(browser, "tax", "mother")
    _, then = scene.walk.enter(browser, "library", "mother")
    assert (first, then) == (["password", "code"], [])


def test_the_page_says_why_only_when_more_is_asked(scene: Scene) -> None:
    browser = scene.browser("neighbour")
    first = browser.open(f"{scene.walk.services['library'].url}/sign-in")
    assert "would do harm" not in first.text
    scene.walk.answer(first, "neighbour")
    more = browser.open(f"{scene.walk.services['tax'].url}/sign-in")
    assert "You have already given your password." in more.text
    assert "would do harm in the wrong hands, so it asks for one more check" in more.text
