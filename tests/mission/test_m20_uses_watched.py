"""M20, first part: each use of a permission is in a tamper-evident journal and seen by whom it is
about, who objects to one (131(5))."""

from idp.demo import firm_stories
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn


def test_a_firm_takes_somebody_on_and_he_sees_what_it_does(
    scene: Scene, signed_in: SignedIn, permission: str
) -> None:
    heard: list[str] = []
    scene.say = heard.append
    scene.browsers = {
        "accountant": signed_in("accountant"), "client": signed_in("neighbour"),
        "daughter": signed_in("daughter"), "mother": signed_in("mother"),
    }  # fmt: skip
    firm_stories.accountant(scene)
    assert "he is closed to everybody there: she is not offered him" in heard
    assert "the token is about him, and names the human who acts and the firm" in heard
    assert "at once, on every worker: introspection says inactive and nothing more" in heard
    firm_stories.watched(scene)
    assert "he says that one of them is wrong, and an officer will answer" in heard
    assert "each is in a journal that nobody altered: it is checked whole" in heard
