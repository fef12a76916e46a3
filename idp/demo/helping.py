"""What the stories of those who act for others do on pages: ask, answer, give to, choose.

As in `walk`, nothing here decides whether a thing is right.
"""

import html
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from urllib.parse import urlencode

from idp.demo.browser import Browser
from idp.demo.commands import mailbox_address
from idp.demo.page import NotOnPageError, Page
from idp.demo.stories import Scene

T = TypeVar("T")
WAIT_SECONDS = 15.0
CODE = re.compile(r"\b(\d{6})\b")
LINK = re.compile(r"http://\S+/invitation/[\w-]+")
CHOICE = re.compile(r'<input[^>]*\bvalue="([^"]*)"[^>]*>\s*<label[^>]*>(.*?)</label>', re.S)
# A service's own legend: others may stand between two of them.
ANSWER = re.compile(r'<legend[^>]*>([^<]*)</legend>(?:(?!<legend).)*?name="(answer-[^"]+)"', re.S)


def choice(page: Page, words: str) -> str:
    """The value of the radio or checkbox whose label has these words. Raises `NotOnPageError`."""
    offered = {_plain(label): value for value, label in CHOICE.findall(page.body.decode())}
    for label, value in offered.items():
        if words == label:
            return str(value)
    raise NotOnPageError(f"no choice {words!r} on {page.url}; it offers {sorted(offered)}")


def organisation(scene: Scene, browser: Browser, role: str, name: str) -> Page:
    """The page of an organisation that this person works for."""
    return scene.walk.my_page(browser, role, "/account/helping").click(name)


def mailed(scene: Scene, to: str, link: str) -> str:
    """The newest address with `link` in it that came to somebody. Raises `NotOnPageError`."""
    wanted = re.compile(rf"{re.escape(scene.settings.issuer)}\S*{link}[\w-]+")
    came = waited(
        lambda: wanted.findall("\n".join(one["text"] for one in messages(scene, to))), bool
    )
    if not came:
        raise NotOnPageError(f"nothing with {link} came to {to}")
    return str(came[0])


def waited(look: Callable[[], T], there: Callable[[T], bool]) -> T:
    """Look until what should come is there; after a while, what there is."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not there(found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def link_on(page: Page) -> str:
    """The link to pass on that a page shows. Raises `NotOnPageError`."""
    found = LINK.search(page.text)
    if found is None:
        raise NotOnPageError(f"no link to pass on at {page.url}: {page.text}")
    return found[0]


def messages(scene: Scene, to: str | None) -> list[dict[str, str]]:
    """What came to an address or telephone number, or to anybody, newest first."""
    asked = "" if to is None else f"?{urlencode({'to': to})}"
    page = Browser().open(f"{mailbox_address(scene.settings)}/messages.json{asked}")
    found: list[dict[str, str]] = page.json()["messages"]
    return found


def texts_since(scene: Scene, to: str, before: int) -> list[str]:
    """What came after `before` others, newest first. A notice of something earlier may be among
    it: each message is sent by itself."""
    found = messages(scene, to)
    return [one["text"] for one in found[: len(found) - before]]


def code_among(texts: Sequence[str]) -> str | None:
    """The newest code in messages."""
    return next((found[1] for one in texts if (found := CODE.search(one))), None)


def hire(scene: Scene, home: Page, role: str, browser: Browser) -> Page:
    """An administrator asks somebody to join as a worker, who does by the link in their mail."""
    person = scene.walk.people[role]
    form = home.click("Members").click("Ask somebody to join").form("email")
    form.fill(name=person.name, email=person.email, role=["worker"]).submit()
    page, _ = scene.walk.answer(browser.open(mailed(scene, person.email, "/helping/join/")), role)
    return page.click("Join")


def invite(home: Page, name: Sequence[str], powers: Sequence[str], term: str) -> Page:
    """A member asks somebody by a link that they pass on; the page that shows it."""
    asks = home.click("Ask people").click("Ask somebody").form("how")
    return asks.fill(
        how="link", given_name=name[0], family_name=name[1], power=list(powers), term=term
    ).submit()


def answer(page: Page, said: Mapping[str, str]) -> Page:
    """Say yes or no for each service, by its name."""
    asked = {_plain(legend): name for legend, name in ANSWER.findall(page.body.decode())}
    if asked.keys() != said.keys():
        raise NotOnPageError(f"asked about {sorted(asked)}, not {sorted(said)}")
    return page.form("words").fill({asked[one]: said[one] for one in said}).submit()


def give_to(home: Page, person: str, member: str) -> Page:
    """An assigner opens a person to a member."""
    page = home.click("The people you act for").click(person)
    return page.form("to").fill(to=[choice(page, member)]).submit()


def pick(page: Page, name: str, purpose: str) -> Page:
    """Choose whom to act for, and say what for."""
    return page.form("who").fill(who=choice(page, name), purpose=purpose).submit("Go on")


def _plain(words: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", words).split()))
