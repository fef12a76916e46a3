"""An accountant's firm in real windows: it asks, he answers, she works for him, and leaves."""

import re

from idp.demo import helping
from idp.demo.stories import Scene
from tests.journeys.conftest import PHONE, OpenWindow, Window

FIRM, PURPOSE = "Shah Accounts", "Send the return for last year"


def home_of(window: Window, name: str) -> Window:
    """The first page of an organisation that somebody works for."""
    window.go("/account").follow("People I help").look("helping").follow(name)
    return window.look("organisation")


def invite(firm: Window, given: str, family: str, powers: list[str], term: str) -> str:
    """Ask somebody by a link to pass on; answer the link."""
    firm.follow("Ask people").look("invitations").follow("Ask somebody").look("invite")
    firm.page.get_by_label("You give them a link yourself").check()
    firm.page.get_by_label("Their first name").fill(given)
    firm.page.get_by_label("Their family name").fill(family)
    for power in powers:
        firm.page.get_by_label(power, exact=True).check()
    firm.page.get_by_label(term, exact=True).check()
    firm.press("Ask", exact=True).look("invited")
    found = re.search(r"http://\S+/invitation/[\w-]+", firm.text())
    assert found, firm.text()
    return found[0]


def test_a_firm_takes_somebody_on_and_a_leaver_loses_them_at_once(
    scene: Scene, window_of: OpenWindow
) -> None:
    people = scene.walk.people
    worker_mail, him = people["daughter"].email, people["neighbour"].name
    firm = home_of(window_of("accountant"), FIRM)
    firm.follow("Members").look("members").follow("Ask somebody to join").look("join-ask")
    firm.page.get_by_label("Full name").fill(people["daughter"].name)
    firm.page.get_by_label("Email address").fill(worker_mail)
    firm.page.get_by_label("Worker: does things for people").check()
    firm.press("Send the link").look("asked-to-join")

    worker = window_of("daughter", PHONE).go(helping.mailed(scene, worker_mail, "/helping/join/"))
    worker.look("join").press("Join").look("organisation-worker")
    assert worker.heading().endswith(FIRM)

    home_of(firm, FIRM)
    link = invite(firm, "Tom", "Barker", ["see tax returns and letters", "send a tax return",
                                         "renew the tax of a car"], "31 days")  # fmt: skip
    # Without script: what he does needs none.
    tom = window_of("neighbour", script=False).go(link)
    assert tom.heading() == f"{FIRM} asks to help you"
    tom.press("Go on")
    for service, said in (("Tax", "Yes"), ("Car tax", "No")):
        group = tom.page.get_by_role("group", name=service, exact=True)
        group.get_by_label(said, exact=True).check()
    tom.press("Send my answer")
    assert tom.heading() == "You said yes"

    tax = scene.walk.services["tax"].url
    worker.go(tax).follow("Act for someone else").look("who-nobody")
    assert him not in worker.text(), "closed until he is given to her"
    home_of(firm, FIRM).follow("The people you act for").look("people").follow(him).look("person")
    firm.page.get_by_label(people["daughter"].name).check()
    firm.press("Give", exact=True).look("given")

    worker.go(tax).follow("Act for someone else").look("who")
    worker.page.get_by_label(him).check()
    worker.page.get_by_label("What do you want to do for them?").fill(PURPOSE)
    worker.press("Go on").look("acting")
    assert worker.heading().endswith(f"{people['daughter'].name}, on behalf of {him}")

    tom.go("/account/helpers").follow("did for you")
    assert f"{people['daughter'].name} at {FIRM}, at Tax" in tom.text()
    assert PURPOSE in tom.text()
    seen = window_of("neighbour", PHONE).go(tom.page.url).look("uses")
    seen.follow("Tell us that this is wrong").look("object")
    seen.page.get_by_label("Tell us in your own words").fill("I did not want this.")
    seen.press("Send", exact=True).look("objected").go(tom.page.url)
    assert "We look at it." in seen.text()
    seen.go("/account/helpers/contact").look("contact")
    seen.page.get_by_label("By letter").check()
    seen.press("Save", exact=True)
    assert seen.look("contact-kept").heading() == "Saved"

    home_of(firm, FIRM).follow("Members").follow(people["daughter"].name).look("member")
    firm.press("End it now").look("left")
    worker.follow("See my records").look("ended-at-tax")
    assert "not a member" in worker.text()
    tom.go("/account/helpers")
    assert f"{FIRM} can act for you: Tax." in tom.text()
    assert "Car tax" not in tom.text(), "he said no"
