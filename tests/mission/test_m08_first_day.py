"""M8: nobody is turned away on the last day: account, second check and proof in one sitting,
without a telephone, and what was begun is kept (139)."""

from dataclasses import replace

import pytest

from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.joining import Visit
from idp.demo.newcomers import newcomers
from idp.demo.page import Page
from idp.demo.stories import Scene


def test_enrol_prove_and_file_in_one_sitting(newcomer: Visit, scene: Scene) -> None:
    assert newcomer.codes, "the story of her first day was told, each sentence proved"
    page = newcomer.browser.open(f"{scene.walk.services['tax'].url}/sign-in")
    assert page.heading.startswith(f"Signed in: {newcomer.person.given_name}"), page.text


@pytest.fixture
def second(scene: Scene) -> Visit:
    """Somebody else who is new, on the way to Tax, with an account and two checks."""
    person = next(p for p in newcomers(scene.settings.data) if p.role == "newcomer-with-contact")
    return Visit(person=person, browser=Browser(), mailbox=mailbox_address(scene.settings),
                 email="bill@example.test")  # fmt: skip


def enrol(visit: Visit, scene: Scene) -> Page:
    page = visit.confirm_address(visit.browser.open(f"{scene.walk.services['tax'].url}/sign-in"))
    hub = page.form("password").fill(password=visit.password).submit()
    return visit.print_codes(visit.set_up_app(hub))


def test_a_code_to_the_contact_on_record_is_not_enough_for_tax_and_all_is_kept_for_later(
    second: Visit, scene: Scene
) -> None:
    hub = enrol(second, scene)
    claim = hub.click("Show who you are").click("Start")
    wrong = second.claim(claim, given_name="Wilhelmina", family_name="Oconnor")
    assert "found" not in wrong.text
    right = second.claim(
        wrong.click("again"), given_name="Bill", family_name="Oconnor"
    )  # an apostrophe left out, and a short form
    assert "found" in right.text
    asked = right.click("a counter")
    assert "counter" in asked.text

    elsewhere = replace(second, browser=Browser(), _used=second._used)
    page, _ = elsewhere.answer(elsewhere.browser.open(f"{scene.walk.services['tax'].url}/sign-in"))
    assert "You're in. Tax needs one more thing" in page.text, page.text
    assert "found" in page.text, "what was done before is still done"
    refused = elsewhere.show_document(page, "12345FAIL")
    assert not refused.heading.startswith(("Signed in", "We know who you are"))
    passed = elsewhere.show_document(refused, "123456789")
    assert passed.click("Go on").heading == f"Signed in: {second.person.name}"
