"""M17, first part: nobody opens somebody else without saying what for, and they see who and why
within five seconds (84(3)). So far of those who act for somebody, and of an officer's look; there
is no whole view of a customer for staff."""

from idp.demo import firm_stories, helping, officer_stories
from idp.demo.stories import Scene
from tests.mission.conftest import Hear, SignedIn


def test_whoever_is_looked_at_sees_it_within_five_seconds(hear: Hear) -> None:
    assert "within five seconds he sees who, where, when and what for" in hear(
        firm_stories.accountant
    )
    assert "an officer who looks at her is on her own page within five seconds" in hear(
        officer_stories.appointed
    )


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
