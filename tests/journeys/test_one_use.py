"""An insurer renews the tax of a car, once; its customer answers on a phone without script."""

from idp.demo import helping
from idp.demo.helping_stories import INSURER
from idp.demo.stories import Scene
from tests.journeys.conftest import PHONE, OpenWindow, Window


def ask(agent: Window, given_name: str, family_name: str) -> str:
    """Ask for one renewal by a link to pass on; answer the link."""
    agent.follow("Ask people").look("firm-asks").follow("Ask somebody").look("firm-new")
    agent.page.locator("[name=how][value=link]").check()
    agent.page.locator("[name=given_name]").first.fill(given_name)
    agent.page.locator("[name=family_name]").first.fill(family_name)
    agent.page.locator("[name=power][value='vehicles/renew']").check()
    agent.page.locator("[name=term][value=once]").check()
    agent.press("Ask").look("firm-offer")
    found = helping.LINK.search(agent.text())
    assert found is not None, agent.text()
    return found[0]


def enter(agent: Window, scene: Scene) -> Window:
    """Go to Car tax to act for somebody."""
    return agent.go(f"{scene.walk.services['vehicles'].url}/sign-in?act=1")


def test_an_insurer_renews_the_tax_of_a_car_once_and_never_again(
    scene: Scene, window_of: OpenWindow
) -> None:
    customer, worker = scene.walk.people["neighbour"], scene.walk.people["insurer"]
    agent = window_of("insurer").go("/account/helping").follow(INSURER).look("insurer")
    home = agent.page.url
    link = ask(agent, customer.given_name, customer.family_name)

    tom = window_of("neighbour", PHONE, script=False).go(f"{link}/answer")
    assert "one visit" in tom.text()
    tom.page.get_by_label("Yes", exact=True).check()
    tom.press("Send my answer")
    assert tom.heading() == "You said yes"

    agent.go(home).follow("The people you act for").look("firm-people").follow(customer.name)
    agent.look("firm-person").page.get_by_label(worker.name).check()
    agent.press("Give", exact=True).look("firm-given")
    enter(agent, scene).look("picker").page.get_by_label(customer.name).check()
    agent.press("Go on").look("picker-no-purpose")
    assert agent.page.title().startswith("Error: "), "the customer is to read what it was for"
    agent.page.get_by_label(customer.name).check()
    agent.page.get_by_label("What do you want to do for them?").fill("Renew the tax of his car")
    agent.press("Go on").press("Renew the tax of a car").look()
    assert "Done: Renew the tax of a car" in agent.heading()

    enter(agent, scene).look("picker-nobody")
    assert customer.name not in agent.text()
    assert "Nobody has given you permission to act for them at Car tax" in agent.text()

    tom.go("/account/helpers").follow(f"{INSURER} did for you")
    assert "Renew the tax of his car" in tom.text()
