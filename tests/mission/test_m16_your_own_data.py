"""M16: what is held and what was done by whom, on one's own page, asked at view time (84(2), 148).
First part: who can act for me and each use, what was done, whom I help, where I am signed in."""

import json

from idp.demo import stories
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn


def test_what_the_daughter_did_stands_on_the_mothers_page_and_stays(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("daughter")
    picker, _ = scene.walk.enter(browser, "tax", "daughter", act=True)
    before = scene.walk.my_page(signed_in("mother"), "mother", f"/account/helpers/{permission}")
    assert "Nothing yet." in before.text
    stories.pick(picker, "Margaret Hughes")
    after = signed_in("mother").open(before.url)
    assert "Opened or kept using the service" in after.text
    assert "Read your details" in after.text
    assert after.text.count("Sian Hughes, at Tax") == 2
    assert after.text.count("Reference:") == 2


def test_activity_tells_her_own_deeds_from_her_daughters(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    picker, _ = scene.walk.enter(signed_in("daughter"), "tax", "daughter", act=True)
    stories.pick(picker, "Margaret Hughes")
    page = scene.walk.my_page(signed_in("mother"), "mother", "/account/activity")
    lines = page.text.split("\n")
    started = lines.index("Started to act for you")
    assert lines[started + 1] == "Sian Hughes, at Tax"
    assert "You" in lines  # signed in herself


def test_the_daughter_sees_whom_she_helps_and_where_she_is_signed_in(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("daughter")
    picker, _ = scene.walk.enter(browser, "tax", "daughter", act=True)
    stories.pick(picker, "Margaret Hughes")
    helping = browser.open(f"{scene.settings.issuer}/account/helping")
    assert "Margaret Hughes" in helping.text
    assert "Tax" in helping.text
    where = browser.open(f"{scene.settings.issuer}/account/sessions")
    assert "Margaret Hughes" in where.text


def test_the_neighbour_sees_nothing_of_theirs(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("neighbour")
    for page in ("", "/helpers", "/activity", "/helping", "/sessions"):
        seen = scene.walk.my_page(browser, "neighbour", f"/account{page}")
        assert seen.status == 200
        assert "Hughes" not in seen.text
        assert permission not in seen.body.decode()


def test_no_page_shows_a_whole_number_or_a_secret(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    person = scene.walk.people["mother"]
    for page in ("", "/helpers", "/activity", "/helping", "/sessions"):
        seen = scene.walk.my_page(signed_in("mother"), "mother", f"/account{page}")
        for secret in (person.national_insurance_number, person.totp_secret, person.password):
            assert secret not in seen.body.decode()


def test_what_was_done_is_kept_where_the_operator_cannot_change_it_unseen(scene: Scene) -> None:
    answer = scene.command("journal", "verify")
    assert "problems" not in json.dumps(answer) or not answer.get("problems"), answer
