"""Two officers at their console: somebody who is not online appoints; directors act together."""

import re
import time

from idp.demo import business_stories, helping
from idp.demo.browser import Browser
from idp.demo.firm_stories import SEEN_WITHIN_SECONDS
from idp.demo.helping_stories import at_the_table
from idp.demo.page import Page
from idp.demo.security_key import SecurityKey
from idp.demo.stories import Scene
from idp.demo.world import SamplePerson

OFFICERS = ("Cara Lewis", "Dan Price")
BOARD, BOARD_NUMBER = "Two Rivers Ltd", "07654399"
SET_UP = re.compile(r"http://\S+/console/set-up/[\w-]+")
PURPOSE = "Send the company's return"
PAPER = "0123456789abcdef" * 4


def appointed(scene: Scene) -> None:
    """William comes to a counter: Sian may do his tax. He has no account and needs none."""
    here, person = scene.walk, at_the_table(scene)
    helper = here.people["daughter"]
    first, second = officers(scene)
    call = begin(scene, first, person.national_insurance_number)
    entered = shown(call, "Seen at a counter").form("basis").fill(
        basis="appointed", helpers=helper.email, power=["tax:view", "tax:file"], days="31",
    ).submit()  # fmt: skip
    scene.proved(
        "an officer enters what he wants, and nothing is given yet",
        entered.heading == "The permission is entered", entered.text,
    )  # fmt: skip
    own = look_at(scene, first)
    scene.proved("who entered it cannot confirm it", "Another officer has to" in own.text, own.text)
    given = look_at(scene, second).form("decision").submit("confirm")
    scene.proved(
        "a second officer does, and a letter to him waits to be posted",
        "The permission is given" in given.text and "letter" in given.text, given.text,
    )  # fmt: skip
    picker, _ = here.enter(scene.browser("daughter"), "tax", "daughter", act=True)
    acting = helping.pick(picker, person.name, "His bill for May")
    both = f"{helper.name}, on behalf of {person.name}"
    scene.proved(f'Tax says "{both}"', both in acting.heading, acting.heading)
    again = shown(begin(scene, second, person.national_insurance_number), "Seen at a counter", "")
    ended = again.click("End it, the person says so")
    refused = scene.browser("daughter").open(f"{here.services['tax'].url}/records")
    scene.proved(
        "he ends it by telling an officer: her next click is refused",
        ended.status == 200 and refused.status == 403, (ended.text, refused.text),
    )  # fmt: skip
    watched(scene, first)


def together(scene: Scene) -> None:
    """A company has three directors. Any two of them, so none of them alone."""
    here, asker, fellow = scene.walk, scene.browser("client"), scene.browser("insurer")
    asks, agrees, _third = board(scene)
    page, _ = here.enter(asker, "tax", "neighbour", act=True)
    page = helping.pick(page, BOARD, PURPOSE)
    scene.proved(
        "one of them alone gets no token: a page says who has to agree",
        page.heading == "Others have to agree" and agrees.name in page.text, page.text,
    )  # fmt: skip
    waits = page.form("purpose").fill(purpose=PURPOSE).submit("Ask the others")
    asked = here.my_page(fellow, "insurer", "/account/helping").click("asks you to agree")
    scene.proved("another reads what for", PURPOSE in asked.text, asked.text)
    asked.click("I agree")
    page = waits.click("Look again")
    both = f"{asks.name}, on behalf of {BOARD}"
    scene.proved(f'once he agreed Tax says "{both}"', both in page.heading, page.heading)
    done = page.click("Send a tax return")
    scene.proved(
        "and Tax, which asks before it acts, takes the return",
        done.heading == "Done: Send a tax return", done.text,
    )  # fmt: skip
    once, _ = here.enter(asker, "tax", "neighbour", act=True)
    once = helping.pick(once, BOARD, PURPOSE)
    scene.proved(
        "the next time they have to agree again", once.heading == "Others have to agree", once.text
    )


def board(scene: Scene) -> list[SamplePerson]:
    """Two officers enter the three, who do it together; answer them."""
    first, second = officers(scene)
    file = business_stories.write(scene, business_stories.BUSINESSES,
                                  [(BOARD, "company", BOARD_NUMBER, "", "", "", "")])  # fmt: skip
    scene.run_each(["register", "business", "import", file])
    three = [scene.walk.people[role] for role in ("neighbour", "insurer", "adviser")]
    call = begin(scene, first, BOARD_NUMBER, way="company")
    shown(call, "The company register names the director").form("basis").fill(
        basis="director", helpers="\n".join(one.email for one in three), quorum="2",
        power=["tax:view", "tax:file"], days="31",
    ).submit()  # fmt: skip
    given = look_at(scene, second).form("decision").submit("confirm")
    scene.proved(
        "three directors of a company, any two of whom act: two officers enter it",
        "The permission is given" in given.text, given.text,
    )  # fmt: skip
    return three


def watched(scene: Scene, browser: Browser) -> None:
    """An officer looks at somebody: that one sees it."""
    mother, began = scene.walk.people["mother"], time.monotonic()
    begin(scene, browser, mother.national_insurance_number)
    mine = scene.walk.my_page(scene.browser("mother"), "mother", "/account/activity")
    scene.proved(
        "an officer who looks at her is on her own page within five seconds",
        "looked up your name and date of birth" in mine.text
        and time.monotonic() - began < SEEN_WITHIN_SECONDS,
        mine.text,
    )


def officers(scene: Scene) -> tuple[Browser, Browser]:
    """Two officers, whom nobody of the two let in, each with a key of their own."""
    pair = (scene.browser("first officer"), scene.browser("second officer"))
    if pair[0].jar:
        return pair
    added = scene.run_each(
        *(["operator", "add", name, "--role", "mandate-officer"] for name in OFFICERS)
    )
    home = f"{scene.settings.console_address}/console"
    for browser, said in zip(pair, added, strict=True):
        key = SecurityKey()
        key.make(browser.open(SET_UP.findall(said)[0]))
        key.sign_in(browser.open(f"{home}/sign-in"))
    scene.proved(
        "two officers sign in to the console, each with a key that cannot be copied",
        all(one.open(home).heading == "Console" for one in pair),
        [one.open(home).heading for one in pair],
    )
    return pair


def begin(scene: Scene, browser: Browser, number: str, way: str = "ni") -> Page:
    """Type in whom it is about, by which number; the look is counted, and a call begins."""
    page = browser.open(f"{scene.settings.console_address}/console/calls")
    return page.form("number").fill(way=way, number=number).submit()


def shown(call: Page, kind: str, then: str = "Enter a permission") -> Page:
    """Enter what was seen; answer the form to enter a permission, or the call again."""
    page = call.click(kind)
    form = page.forms[-1]
    if "hash" in page.form_fields:
        form.fill(hash=PAPER, held_by="Office 4, file 17")
    if "check" in page.form_fields:
        form.fill(check=[one.value for one in form.fields if one.name == "check"])
    after = form.submit()
    return after.click(then) if then else after


def look_at(scene: Scene, browser: Browser) -> Page:
    """Look at what waits to be confirmed."""
    return browser.open(f"{scene.settings.console_address}/console/proposals").click("Look at it")
