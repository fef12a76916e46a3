"""M13, first part: company number, tax and VAT number find one business; a sole trader is both
person and business; no number is shown to anyone (149(2))."""

from idp.demo import business_stories
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn


def test_people_act_for_businesses(scene: Scene, signed_in: SignedIn) -> None:
    heard: list[str] = []
    scene.say = heard.append
    scene.browsers = {"accountant": signed_in("accountant"), "client": signed_in("neighbour")}
    business_stories.business(scene)
    assert "a company is found by its tax reference" in heard
    assert (
        "by its company number and its VAT number too: Tax knows it by one key, whoever acts"
        in heard
    )
    assert "a sole trader is a person and a business: two keys, never one" in heard
    assert "no number of theirs is shown to anybody, old or new" in heard
