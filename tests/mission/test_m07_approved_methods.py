"""M7: methods that exist; what is approved is a line of policy, and a method that is withdrawn
counts no more at the next sign-in, on a page that still says what to do (105, 106)."""

from idp.demo.browser import Browser
from idp.demo.joining_stories import WITHDRAW
from idp.demo.stories import Scene


def test_a_withdrawn_method_counts_no_more_at_the_next_sign_in(own_scene: Scene) -> None:
    tax = own_scene.walk.services["tax"].url
    before = Browser()
    _, asked = own_scene.walk.enter(before, "tax", "neighbour")
    assert asked == ["password", "code"]
    path = own_scene.settings.policies / "methods.toml"
    where, common, gone = WITHDRAW
    head, found, tail = path.read_text().partition(where)
    path.write_text(head + found + tail.replace(common, gone, 1))
    checked = own_scene.command("policy", "check", "--policies", str(own_scene.settings.policies))
    assert checked["ok"], checked
    own_scene.stop()
    own_scene.start()
    listed = Browser().open(f"{own_scene.settings.issuer}/api/v1/methods").json()["methods"]
    assert [one["status"] for one in listed if one["id"] == "one-time-code"] == ["withdrawn"]
    for browser in (before, Browser()):  # a session from before, and none
        page, asked = own_scene.walk.answer(browser.open(f"{tax}/sign-in"), "neighbour")
        assert "code" not in asked
        assert not page.heading.startswith("Signed in"), page.text
    library, asked = own_scene.walk.enter(Browser(), "library", "neighbour")
    assert asked == ["password"], "what the password reaches alone it still reaches"
    assert library.heading.startswith("Signed in:")
