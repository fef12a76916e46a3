"""A charity at a kitchen table, and an insurer that renews car tax once."""

import re
from collections.abc import Sequence

from idp.demo import helping, walk
from idp.demo.browser import Browser
from idp.demo.newcomers import Newcomer, newcomers
from idp.demo.page import Page
from idp.demo.security_key import SecurityKey
from idp.demo.stories import NotProved, Scene

CHARITY, INSURER = "Open Door Advice", "Safe Roads Insurance"
CAR_TAX = "vehicles"
CAPPED = "P1.C1"


def charity(scene: Scene) -> None:
    """Ruth sits at William's kitchen table. He has a telephone and no account."""
    here, person = scene.walk, at_the_table(scene)
    adviser = shared_pc(scene)
    agreement = helping.organisation(scene, adviser, "adviser", CHARITY)
    receipt = permission(scene, adviser, agreement.url, person)
    scene.proved(
        "a receipt to print says what was agreed and how to end it",
        receipt.heading == f"Receipt for {person.name}" and "You can end it" in receipt.text,
        receipt.text,
    )  # fmt: skip
    picker, _ = here.enter(adviser, CAR_TAX, "adviser", act=True)
    shown = helping.pick(picker, person.name, "Renew the tax of his car")
    named = f"A named adviser at {CHARITY}, on behalf of {person.name}"
    scene.proved(f'Car tax says "{named}"', named.lower() in shown.heading.lower(), shown.heading)
    level = walk.told(shown)["ID token"]["mandate"]
    scene.proved(
        "her level is high, and what she may do is capped by the evidence",
        f'"effective_level": "{CAPPED}"' in level and '"basis": "assisted"' in level, level,
    )  # fmt: skip
    done = shown.click("Renew the tax of a car")
    scene.proved(
        "before he leaves it is done: there is a reference for both",
        done.heading == "Done: Renew the tax of a car" and "Reference for both" in done.text,
        done.text,
    )  # fmt: skip
    more = shown.click("Say that a car is off the road")
    scene.proved("nothing else is", more.status == 403, more.text)
    tax, _ = here.enter(adviser, "tax", "adviser", act=True)
    scene.proved("and nowhere else: Tax did not opt in", person.name not in tax.text, tax.text)


def at_the_table(scene: Scene) -> Newcomer:
    """Whom the charity helps: somebody with a telephone on record and no account."""
    found = newcomers(scene.settings.data)
    return next(one for one in found if one.role == "newcomer-with-contact")


def shared_pc(scene: Scene) -> Browser:
    """She signs in at a computer that is not hers: with her own key, nothing typed."""
    key, own, shared = SecurityKey(), scene.browser("adviser"), Browser()
    page = scene.walk.my_page(own, "adviser", "/methods/passkey")
    key.make(page)
    mine = key.sign_in(shared.open(f"{scene.settings.issuer}/account"))
    scene.proved(
        "at a shared computer the adviser signs in with her own key, and types nothing",
        mine.heading == "My page", mine.heading,
    )  # fmt: skip
    return shared


def permission(scene: Scene, browser: Browser, home: str, person: Newcomer) -> Page:
    """Found by a letter of his; agreed to on his own telephone, in two messages."""
    signed = browser.open(f"{home}/agreement")
    scene.proved(
        "the charity signed one standard agreement, for each service that takes part",
        "Car tax" in signed.text and "Tax." not in signed.text, signed.text,
    )  # fmt: skip
    year, month, day = person.birth_date.split("-")
    page = browser.open(f"{home}/assist").form("number").fill(
        number=person.national_insurance_number, given_name=person.given_name,
        family_name=person.family_name, day=day, month=month, year=year,
    ).submit()  # fmt: skip
    page = page.form("kept").fill(
        powers=[f"{CAR_TAX}:renew"], days="1", evidence="text-two-steps"
    ).submit()  # fmt: skip
    scene.proved(
        "they read together what she can then do, and that it lasts today only",
        "renew the tax of a car" in page.text and "today only" in page.text, page.text,
    )  # fmt: skip
    phone = person.phone or ""
    before = len(helping.messages(scene, phone))
    page = page.form("kept").submit()
    told = helping.waited(
        lambda: helping.texts_since(scene, phone, before),
        lambda texts: helping.code_among(texts) is not None and _names_what(texts),
    )
    code = helping.code_among(told)
    scene.proved(
        "his own telephone shows who asks for what, and then a code",
        code is not None and _names_what(told), told,
    )  # fmt: skip
    receipt = page.form("code").fill(code=str(code)).submit()
    mails = helping.waited(
        lambda: [one for one in helping.messages(scene, None)
                 if one["channel"] == "email" and CHARITY in one["text"]],
        bool,
    )  # fmt: skip
    scene.proved(
        "he is told by e-mail, at an address of his own and not of hers",
        mails and mails[0]["to"] != scene.walk.people["adviser"].email, mails,
    )  # fmt: skip
    return receipt


def insurer(scene: Scene) -> None:
    """Tom lets his insurer renew the tax of his car, once."""
    here, agent, client = scene.walk, scene.browser("insurer"), scene.browser("client")
    person = here.people["neighbour"]
    home = helping.organisation(scene, agent, "insurer", INSURER)
    asked = helping.invite(
        home, (person.given_name, person.family_name), ["vehicles/renew"], "once"
    )
    link = helping.link_on(asked)
    page, _ = here.answer(client.open(link + "/answer"), "neighbour")
    scene.proved(
        "the words he agrees to say that it is for one visit",
        "one visit" in page.text, page.text,
    )  # fmt: skip
    helping.answer(page, {"Car tax": "yes"})
    helping.give_to(agent.open(home.url), person.name, here.people["insurer"].name)
    picker, _ = here.enter(agent, CAR_TAX, "insurer", act=True)
    shown = helping.pick(picker, person.name, "Renew the tax of his car")
    done = shown.click("Renew the tax of a car")
    scene.proved(
        "the insurer renews the tax of his car",
        done.heading == "Done: Renew the tax of a car", done.text,
    )  # fmt: skip
    twice = shown.click("Renew the tax of a car")
    scene.proved(
        "pressed again in the same visit it is not done again",
        "You can no longer act for" in twice.heading, twice.text,
    )  # fmt: skip
    again, _ = here.enter(agent, CAR_TAX, "insurer", act=True)
    scene.proved("the next time he is not offered", person.name not in again.text, again.text)
    mandate = re.search(r'"id": "([^"]+)"', walk.told(shown)["ID token"]["mandate"])
    if mandate is None:
        raise NotProved("a mandate in the ID token")
    by_name = agent.open(scene.machine(CAR_TAX).request(acting_for=mandate[1]))
    refused = by_name.form("who").fill(who=mandate[1], purpose="Once more").submit("Go on")
    scene.proved(
        "and who asks for that very permission is told that it was used",
        refused.status == 403 and "for one time, and it was used" in refused.text, refused.text,
    )  # fmt: skip
    mine = here.my_page(client, "neighbour", "/account/helpers").click(f"{INSURER} did for you")
    scene.proved("he sees the one use", f"at {INSURER}, at Car tax" in mine.text, mine.text)


def promised(scene: Scene) -> None:
    """The insurer looks at what it is promised; new answers are there after a few seconds."""
    home = helping.organisation(scene, scene.browser("insurer"), "insurer", INSURER)
    page = helping.waited(
        lambda: home.click("How fast we answer"), lambda page: "Promised" in page.text
    )
    scene.proved(
        "its own page shows the answer time that it is promised, and what it got",
        "Car tax" in page.text and "Promised: an answer within" in page.text, page.text,
    )  # fmt: skip
    lines = {row[0] for row in page.rows if row}
    scene.proved(
        "and how many came too late, or not at all because of us",
        lines >= {"Came later than promised", "No answer because of us"}, page.rows,
    )  # fmt: skip


def _names_what(texts: Sequence[str]) -> bool:
    return any(CHARITY in one and "Car tax" in one for one in texts)
