"""An accountant's firm takes somebody on; they see what it does; a leaver loses it at once."""

import json
import time
from typing import Any

from idp.demo import helping
from idp.demo.page import Page
from idp.demo.stories import NotProved, Scene, felt_everywhere

FIRM = "Shah Accounts"
PURPOSE = "Send the return for last year"
ASKED = ("tax/view", "tax/file", "vehicles/renew")
SEEN_WITHIN_SECONDS = 5.0


def accountant(scene: Scene) -> None:
    """She hires Sian, asks Tom, who says yes to one of two services; then Sian files for him."""
    here, boss, worker = scene.walk, scene.browser("accountant"), scene.browser("daughter")
    client, names = scene.browser("client"), {role: one.name for role, one in here.people.items()}
    home = helping.organisation(scene, boss, "accountant", FIRM)
    joined = helping.hire(scene, home, "daughter", worker)
    scene.proved(
        "she works there, by a link that came to her own address",
        joined.heading == FIRM and "Worker" in joined.text, joined.text,
    )  # fmt: skip
    take_on(scene, home)
    closed, _ = here.enter(worker, "tax", "daughter", act=True)
    scene.proved(
        "he is closed to everybody there: she is not offered him",
        names["neighbour"] not in closed.text, closed.text,
    )  # fmt: skip
    home = boss.open(home.url)
    given = helping.give_to(home, names["neighbour"], names["daughter"])
    scene.proved("he is given to her by name", names["daughter"] in given.text, given.text)
    file_for_him(scene)
    tokens = hold_tokens(scene, names["neighbour"])
    named_in_the_token(scene, tokens)
    member = boss.open(home.url).click("Members").click(names["daughter"])
    left = member.click("End it now")
    scene.proved("her work there is ended", left.status == 200, left.heading)
    felt_everywhere(scene, tokens)
    refused = worker.open(f"{here.services['tax'].url}/records")
    scene.proved(
        "her next click is refused, with the reason",
        refused.status == 403 and "not a member" in refused.text, refused.text,
    )  # fmt: skip
    kept = here.my_page(client, "neighbour", "/account/helpers")
    scene.proved(
        "the firm has its permission still: nothing of his was taken away",
        f"{FIRM} can act for you: Tax." in kept.text, kept.text,
    )  # fmt: skip


def take_on(scene: Scene, home: Page) -> None:
    """The firm asks for two services by one link; he answers each by itself."""
    person, client = scene.walk.people["neighbour"], scene.browser("client")
    asked = helping.invite(home, (person.given_name, person.family_name), ASKED, "31")
    link = helping.link_on(asked)
    shown = client.open(link)
    scene.proved(
        "before he signs in he reads who asks, by a name that was checked",
        f"{FIRM} asks to help you" in shown.text and "We checked the name" in shown.text,
        shown.text,
    )  # fmt: skip
    page, _ = scene.walk.answer(client.open(link + "/answer"), "neighbour")
    done = helping.answer(page, {"Tax": "yes", "Car tax": "no"})
    mine = scene.walk.my_page(client, "neighbour", "/account/helpers")
    scene.proved(
        "he says yes to Tax and no to Car tax, and his page says so",
        done.heading == "You said yes" and f"{FIRM} can act for you: Tax." in mine.text,
        mine.text,
    )
    again = client.open(link)
    scene.proved("the link is good for one answer", again.status == 410, again.heading)


def file_for_him(scene: Scene) -> None:
    """She says what for, files, and cannot do what he did not allow; he sees each use at once."""
    here, worker = scene.walk, scene.browser("daughter")
    him = here.people["neighbour"].name
    both = f"{here.people['daughter'].name}, on behalf of {him}"
    picker, _ = here.enter(worker, "tax", "daughter", act=True)
    silent = helping.pick(picker, him, "")
    scene.proved("without saying what for, nobody opens him", silent.status == 422, silent.status)
    began = time.monotonic()
    shown = helping.pick(silent, him, PURPOSE)
    scene.proved(f'Tax says "{both}"', both in shown.heading, shown.heading)
    mine = here.my_page(scene.browser("client"), "neighbour", "/account/helpers").click(
        f"{FIRM} did for you"
    )
    name = here.people["daughter"].name
    scene.proved(
        "within five seconds he sees who, where, when and what for",
        f"{name} at {FIRM}, at Tax" in mine.text
        and f"What for: {PURPOSE}" in mine.text
        and time.monotonic() - began < SEEN_WITHIN_SECONDS,
        mine.text,
    )
    done = shown.click("Send a tax return")
    scene.proved(
        "Tax asks whether she may, takes the return, and gives a reference to both",
        done.heading == "Done: Send a tax return" and "Reference for both" in done.text, done.text,
    )  # fmt: skip
    refused = shown.click("Ask for money back")
    scene.proved(
        "a power that he did not give is refused by Tax itself",
        refused.status == 403 and "cannot be done" in refused.heading, refused.text,
    )  # fmt: skip


def hold_tokens(scene: Scene, principal: str) -> dict[str, Any]:
    """Have Tax's server hold acting tokens of hers, to ask about them afterwards."""
    tax, browser = scene.machine("tax"), scene.browser("daughter")
    browser.follow = False
    try:
        page = tax.stop_before(browser, browser.open(tax.request(acting_for="choose")))
        if not isinstance(page, str):
            page = tax.stop_before(browser, helping.pick(page, principal, PURPOSE))
    finally:
        browser.follow = True
    if not isinstance(page, str) or not page:
        raise NotProved(f"a code for Tax was expected; seen: {page}")
    return tax.redeem(page).body


def named_in_the_token(scene: Scene, tokens: dict[str, Any]) -> None:
    """Whose it is, who acts and for which organisation; and why not, in three texts."""
    tax = scene.machine("tax")
    told = tax.introspect(tokens["access_token"]).body
    asked = tax.check(told["act"]["sub"], told["sub"], "repayment").body
    explained, shown = scene.run_each(
        ["token", "explain", tokens["id_token"], "--json"], ["journal", "show", asked["reference"]]
    )
    chain, entry = json.loads(explained)["chain"], json.loads(shown)
    names = {role: one.name for role, one in scene.walk.people.items()}
    scene.proved(
        "the token is about him, and names the human who acts and the firm",
        chain["sub"]["person"] == names["neighbour"] and chain["act"]["person"] == names["daughter"]
        and told["act"]["org"] and told["act"]["sub"] == chain["act"]["sub"],
        (chain, told),
    )  # fmt: skip
    facts = tax.userinfo(tokens["access_token"]).body
    scene.proved(
        "token, introspection and userinfo say the same of it",
        facts["mandate"] == told["mandate"] and facts["act"]["sub"] == told["act"]["sub"],
        (facts, told),
    )  # fmt: skip
    scene.proved(
        "asked by the service, the refusal has a reason, a reference and three texts",
        not asked["allowed"] and asked["reason"] == "power-not-in-mandate" and asked["reference"]
        and set(asked["texts"]) == {"principal", "delegate", "developer"},
        asked,
    )  # fmt: skip
    scene.proved(
        "and the reference finds the one entry of it in the journal",
        entry["kind"] == "mandate-checked" and entry["mandate_ref"] == told["mandate"]["id"], entry,
    )  # fmt: skip


def watched(scene: Scene) -> None:
    """He looks at what was done for him, and says that one thing is wrong."""
    here, client = scene.walk, scene.browser("client")
    page = here.my_page(client, "neighbour", "/account/helpers").click(f"{FIRM} did for you")
    uses = page.text.count("at Tax")
    scene.proved("each use stands there, also of one who left since", uses >= 4, page.text)
    objected = page.click("Tell us that this is wrong").form("words").fill(
        words="I did not want this."
    ).submit()  # fmt: skip
    again = client.open(page.url)
    scene.proved(
        "he says that one of them is wrong, and an officer will answer",
        objected.status == 200 and "We look at it." in again.text, again.text,
    )  # fmt: skip
    seen = scene.command("journal", "verify")
    scene.proved("each is in a journal that nobody altered: it is checked whole", seen["ok"], seen)
    others = here.my_page(scene.browser("mother"), "mother", "/account/activity")
    scene.proved("nobody else sees it", PURPOSE not in others.text, others.text)
    ended = page.click("End now")
    scene.proved(
        "one button ends it", ended.heading == f"{FIRM} can no longer act for you", ended.heading
    )
