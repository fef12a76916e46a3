"""M15: somebody lets somebody else act for them, by one protocol for every service (84(7), B1-B9).
First part: a mother and her daughter; an accountant's firm; an insurer for one visit; a charity at
the table; somebody who is not online."""

import pytest

from idp.demo import firm_stories, helping_stories, officer_stories, stories
from idp.demo.browser import Browser
from idp.demo.page import Page
from idp.demo.stories import Scene
from tests.mission.conftest import Hear, SignedIn


def offered(page: Page) -> list[str]:
    """Whom the picker offers, oneself left out."""
    fields = [one for form in page.forms for one in form.fields if one.name == "who"]
    return [one.value for one in fields if one.kind == "radio" and one.value != "self"]


def test_a_daughter_acts_for_her_mother_until_the_mother_ends_it(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    heard: list[str] = []
    scene.browsers = {"daughter": signed_in("daughter"), "mother": signed_in("mother")}
    scene.say = heard.append
    stories.acting(scene)
    assert "the daughter's next click is refused, with the reason and the reference" in heard


def test_a_firm_takes_somebody_on_and_a_leaver_loses_it_at_once(hear: Hear) -> None:
    heard = hear(firm_stories.accountant)
    assert "he says yes to Tax and no to Car tax, and his page says so" in heard
    assert "he is closed to everybody there: she is not offered him" in heard
    assert "the token is about him, and names the human who acts and the firm" in heard
    assert "at once, on every worker: introspection says inactive and nothing more" in heard


def test_an_insurer_renews_car_tax_once_and_cannot_twice(hear: Hear) -> None:
    heard = hear(helping_stories.insurer)
    assert "and who asks for that very permission is told that it was used" in heard
    heard = hear(helping_stories.promised)
    assert "its own page shows the answer time that it is promised, and what it got" in heard


def test_a_charity_helps_somebody_without_an_account_while_he_is_there(hear: Hear) -> None:
    heard = hear(helping_stories.charity)
    assert "her level is high, and what she may do is capped by the evidence" in heard
    assert "before he leaves it is done: there is a reference for both" in heard


def test_somebody_who_is_not_online_appoints_by_two_officers(hear: Hear) -> None:
    heard = hear(officer_stories.appointed)
    assert "who entered it cannot confirm it" in heard
    assert "he ends it by telling an officer: her next click is refused" in heard


def test_who_has_no_permission_is_offered_nobody_and_told_what_to_do(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("neighbour")
    page, _ = scene.walk.enter(browser, "tax", "neighbour", act=True)
    assert "Nobody has given you permission to act for them at Tax yet." in page.text
    assert offered(page) == []
    assert page.form("who").submit("Go on as yourself").heading == "Signed in: Tom Barker"


def test_going_back_without_a_choice_signs_nobody_in(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    page, _ = scene.walk.enter(signed_in("neighbour"), "tax", "neighbour", act=True)
    back = page.form("who").submit("Go back")
    assert back.url.startswith(scene.walk.services["tax"].url)
    assert back.heading == "We could not sign you in"
    assert "access_denied" in back.text


def test_a_permission_given_to_another_cannot_be_taken(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    page, _ = scene.walk.enter(signed_in("neighbour"), "tax", "neighbour", act=True)
    form = page.form("who")
    for one in form.fields:
        if one.name == "who":
            one.value = permission
    answer = form.submit("Go on as yourself")
    assert answer.status == 422
    assert "on behalf of" not in answer.text


def test_the_daughter_may_also_be_herself(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    page, _ = scene.walk.enter(signed_in("daughter"), "tax", "daughter", act=True)
    assert offered(page) == [permission]
    assert page.form("who").fill(who="self").submit().heading == "Signed in: Sian Hughes"


@pytest.mark.parametrize(
    ("client_id", "more"),
    [("library", {"acting_for": "choose"}), ("tax", {"acting_for": "choose", "prompt": "none"})],
)
def test_acting_is_refused_where_it_may_not_begin(
    scene: Scene, permission: str, signed_in: SignedIn, client_id: str, more: dict[str, str]
) -> None:
    browser = signed_in("daughter")
    machine = scene.machine(client_id)
    browser.follow = False
    assert machine.stop_before(browser, browser.open(machine.request(**more))) == ""


def test_acting_does_not_change_who_is_signed_in(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("daughter")
    page, _ = scene.walk.enter(browser, "tax", "daughter", act=True)
    stories.pick(page, "Margaret Hughes")
    mine = browser.open(f"{scene.settings.issuer}/account")
    assert "Sian Hughes" in mine.text
    assert "Margaret" not in mine.text
    library, asked = scene.walk.enter(browser, "library", "daughter")
    assert (library.heading, asked) == ("Signed in: Sian Hughes", [])


def test_nobody_but_the_mother_can_end_it(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    end = f"/account/helpers/{permission}/end"
    for role in ("daughter", "neighbour"):
        browser = signed_in(role)
        mine = scene.walk.my_page(browser, role)
        token = mine.form("csrf_token").values["csrf_token"][0]
        answer = browser.post(scene.settings.issuer + end, [("csrf_token", token)],
                              came_from=mine.url)  # fmt: skip
        assert answer.status == 404
        seen = browser.open(f"{scene.settings.issuer}/account/helpers/{permission}")
        assert seen.status == 404
    unsigned = Browser().post(scene.settings.issuer + end, [("csrf_token", "x")])
    assert unsigned.status == 400
    still = signed_in("mother").open(f"{scene.settings.issuer}/account/helpers")
    assert "Sian Hughes can act for you: Tax." in still.text
