"""M17, first part: nobody opens somebody else without saying what for, and they see who and why
within five seconds (84(3)). So far of those who act for somebody, and of an officer's look, which is
in test_m13_businesses.py with the officers' other work; there is no whole view for staff."""

from idp.demo import helping
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn


def test_a_look_takes_a_purpose_that_can_be_read(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    picker, _ = scene.walk.enter(signed_in("daughter"), "tax", "daughter", act=True)
    for purpose in ("", "  ", "ab", "x" * 201, "for AB 12 34 56 C"):
        refused = helping.pick(picker, "Margaret Hughes", purpose)
        assert refused.status == 422, purpose
        assert "on behalf of" not in refused.text
    mine = scene.walk.my_page(signed_in("mother"), "mother", f"/account/helpers/{permission}")
    assert "Nothing yet." in mine.text
    helping.pick(picker, "Margaret Hughes", "Pay the bill for May")
    assert "What for: Pay the bill for May" in signed_in("mother").open(mine.url).text
