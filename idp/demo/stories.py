"""The three stories of "the five minutes", each sentence proved against running processes."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from idp.demo import machine, walk
from idp.demo.browser import Browser
from idp.demo.commands import Sandbox
from idp.demo.joining import Visit
from idp.demo.machine import Machine
from idp.demo.page import Page
from idp.demo.walk import Walk
from idp.settings import Settings

COMMAND = "from idp.cli import main; main()"
# Several commands in one process: starting one costs more than what most of them do.
BETWEEN = "\x1e"
COMMANDS = """
import click, json, sys
from idp.cli import idp
for line in json.loads(sys.argv[-1]):
    try:
        idp(line, standalone_mode=False)
    except click.ClickException as refused:
        print(refused.format_message())
    print(chr(30))
"""
COMMAND_SECONDS = 30
ASKS = 12  # new connections each: two workers both answer, but for once in two thousand runs
NUMBER = "national_insurance_number"
REFERENCE = re.compile(r"Reference: (\w{12})")
FLIP_BEFORE, FLIP_AFTER = "privacy = 1 ", "privacy = 3 "


class NotProved(Exception):
    """A sentence that should hold does not; the message is the sentence and what was seen."""


@dataclass(kw_only=True)
class Scene:
    """A sandbox of its own, the people in it, and who hears what was proved."""

    settings: Settings
    say: Callable[[str], None]
    sandbox: Sandbox | None = None
    browsers: dict[str, Browser] = field(default_factory=dict)
    visit: Visit | None = None  # of somebody new, once the story of the first day was told
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        where = self.settings
        self.walk = walk.of_sandbox(where.data, where.issuer, where.port)

    def start(self) -> None:
        """Start the processes. Raises `ClickException` when they do not answer."""
        self.sandbox = Sandbox(self.settings)
        self.sandbox.start()

    def stop(self) -> None:
        """Stop what was started."""
        if self.sandbox is not None:
            self.sandbox.stop()

    def browser(self, role: str) -> Browser:
        """The browser of one person, the same one each time."""
        return self.browsers.setdefault(role, Browser())

    def machine(self, client_id: str) -> Machine:
        """The server of one department."""
        service = self.walk.services[client_id]
        return machine.of_sandbox(self.settings.data, self.settings.issuer, service)

    def command(self, *words: str, typed: str = "") -> Any:
        """Run an `idp` command for this sandbox, and answer the JSON it prints."""
        return json.loads(self.run(*words, "--json", typed=typed))

    def run(self, *words: str, typed: str = "") -> str:
        """Run an `idp` command for this sandbox, and answer what it prints; `typed` is what it
        reads at its prompt. Raises `NotProved` with what it says when it fails."""
        return self._python(COMMAND, ["--data", str(self.settings.data), *words], typed)

    def run_each(self, *lines: Sequence[str], typed: str = "") -> list[str]:
        """Run one `idp` command after the other, and answer what each prints: its answer, or why
        it was refused. `typed` has a line for each prompt."""
        data = ["--data", str(self.settings.data)]
        out = self._python(COMMANDS, [json.dumps([[*data, *line] for line in lines])], typed)
        return [part.strip() for part in out.split(BETWEEN)[:-1]]

    def _python(self, program: str, words: Sequence[str], typed: str) -> str:
        line = [sys.executable, "-c", program, *words]
        done = subprocess.run(  # noqa: S603 - our own command
            line, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False, input=typed
        )
        if done.returncode != 0:
            raise NotProved(f"idp {' '.join(words[2:4])}: {done.stderr.strip()[-500:]}")
        return done.stdout

    def proved(self, sentence: str, holds: object, seen: object = "") -> None:
        """Say the sentence when it holds. Raises `NotProved` with what was seen when not."""
        if not holds:
            raise NotProved(f"{sentence}" + (f"; seen: {seen}" if seen != "" else ""))
        self.say(sentence)


def one_sign_in(scene: Scene) -> None:
    """The daughter: Library by password, Tax asks only for the code, and back unasked."""
    here, browser, name = scene.walk, scene.browser("daughter"), scene.walk.people["daughter"].name
    library, asked = here.enter(browser, "library", "daughter")
    scene.proved("the Library asks for a password only", asked == ["password"], asked)
    scene.proved(
        "she is signed in at the Library", library.heading == f"Signed in: {name}", library.heading
    )
    step_up = browser.open(f"{here.services['tax'].url}/sign-in")
    scene.proved(
        "Tax tells her why it asks for more",
        "You have already given your password. Tax" in step_up.text,
        step_up.text,
    )
    tax, asked = here.answer(step_up, "daughter")
    scene.proved("Tax asks for the code and nothing else", asked == ["code"], asked)
    scene.proved("she is signed in at Tax", tax.heading == f"Signed in: {name}", tax.heading)
    again, asked = here.enter(browser, "library", "daughter")
    scene.proved(
        "back at the Library she is asked nothing",
        not asked and again.heading == f"Signed in: {name}",
        (asked, again.heading),
    )
    keyed_to_the_number(scene, tax, again)


def keyed_to_the_number(scene: Scene, tax: Page, library: Page) -> None:
    """Tax is told the number, the Library never; each knows her by a `sub` of its own."""
    number = scene.walk.people["daughter"].national_insurance_number
    scene.proved(
        "Tax is told her National Insurance number",
        walk.told(tax)["userinfo"].get(NUMBER) == number,
        walk.told(tax),
    )
    scene.proved("the Library never is", number not in library.body.decode())
    subs = {walk.told(page)["ID token"]["sub"] for page in (tax, library)}
    scene.proved("each has its own sub for her", len(subs) == 2, subs)
    said = scene.run_each(
        *(["token", "explain", walk.id_token(page), "--json"] for page in (tax, library))
    )
    chains = [json.loads(one)["chain"]["sub"] for one in said]
    numbers = {chain[NUMBER].replace(" ", "") for chain in chains}
    scene.proved(
        "idp token explain leads from each sub back to the one number",
        numbers == {number} and {chain["sub"] for chain in chains} == subs,
        chains,
    )


def acting(scene: Scene) -> None:
    """Two windows: the mother's page, and the daughter at Tax; then End."""
    here, mother, daughter = scene.walk, scene.browser("mother"), scene.browser("daughter")
    names = {role: person.name for role, person in here.people.items()}
    mine = here.my_page(mother, "mother", "/account/helpers")
    sentence = f"{names['daughter']} can act for you: Tax."
    scene.proved(f'the mother\'s page says "{sentence}"', sentence in mine.text, mine.text)

    picker, _ = here.enter(daughter, "tax", "daughter", act=True)
    shown = pick(picker, names["mother"])
    both = f"{names['daughter']}, on behalf of {names['mother']}"
    scene.proved(f'Tax says "{both}"', both in shown.heading, shown.heading)
    claims = walk.told(shown)["ID token"]
    chain = scene.command("token", "explain", walk.id_token(shown))["chain"]
    people = {role: found["person"] for role, found in chain.items()}
    scene.proved(
        "the token's sub is the mother's, and act names the daughter",
        people == {"sub": names["mother"], "act": names["daughter"]}
        and json.loads(claims["act"])["sub"] == chain["act"]["sub"],
        chain,
    )
    tokens = own_tokens(scene, daughter, names["mother"])
    asked_again = daughter.open(f"{here.services['tax'].url}/records")
    scene.proved("her next click works while it stands", asked_again.status == 200)

    uses = mother.open(mine.url).click("See the")
    scene.proved(
        "the mother's page lists each use, with when, where and a reference",
        uses.text.count(f"{names['daughter']}, at Tax") >= 2 and "Reference:" in uses.text,
        uses.text,
    )
    hers = here.my_page(daughter, "daughter", "/account/helping").click("See what you did")
    scene.proved(
        "the daughter sees the same list",
        references(hers) == references(uses) != [], (hers.text, uses.text),
    )  # fmt: skip
    ended = uses.click("End now")
    scene.proved(
        "the mother presses End, and the page says so",
        ended.heading == f"{names['daughter']} can no longer act for you",
        ended.heading,
    )
    felt_everywhere(scene, tokens)
    refused = daughter.open(f"{here.services['tax'].url}/records")
    reference = ended.text.split("Reference: ")[1].split()[0]
    scene.proved(
        "the daughter's next click is refused, with the reason and the reference",
        refused.status == 403 and "was ended" in refused.text and reference in refused.text,
        refused.text,
    )
    later, _ = here.enter(daughter, "tax", "daughter", act=True)
    scene.proved("her mother is no longer offered to her", names["mother"] not in later.text)
    kept = mother.open(uses.url)
    scene.proved("the mother still sees each use", f"{names['daughter']}, at Tax" in kept.text)


def references(page: Page) -> list[str]:
    """The references of the uses that a page lists."""
    return REFERENCE.findall(page.text)


def pick(page: Page, name: str) -> Page:
    """Choose a person by name on the picker. Raises `NotProved` when not offered."""
    form = page.form("who")
    offered = [one.value for one in form.fields if one.kind == "radio" and one.value != "self"]
    if name not in page.text or len(offered) != 1:
        raise NotProved(f"the picker should offer {name}; seen: {page.text}")
    return form.fill(who=offered[0], purpose="Look at this year's bill").submit()


def own_tokens(scene: Scene, browser: Browser, principal: str) -> dict[str, Any]:
    """Have Tax's server itself hold acting tokens, to ask about them afterwards."""
    tax = scene.machine("tax")
    browser.follow = False
    try:
        page = tax.stop_before(browser, browser.open(tax.request(acting_for="choose")))
        if not isinstance(page, str):
            page = tax.stop_before(browser, pick(page, principal))
    finally:
        browser.follow = True
    if not isinstance(page, str) or not page:
        raise NotProved(f"a code for Tax was expected; seen: {page}")
    got = tax.redeem(page)
    scene.proved("Tax trades the code for tokens", got.status == 200, got)
    scene.proved(
        "introspection says active", tax.introspect(got.body["access_token"]).body["active"] is True
    )
    return got.body


def felt_everywhere(scene: Scene, tokens: dict[str, Any]) -> None:
    """From End's answer on, no worker lets anything be had under the permission."""
    tax = scene.machine("tax")
    inactive = [tax.introspect(tokens["access_token"]).body for _ in range(ASKS)]
    scene.proved(
        "at once, on every worker: introspection says inactive and nothing more",
        all(body == {"active": False} for body in inactive),
        inactive[0],
    )
    told = [tax.userinfo(tokens["access_token"]) for _ in range(ASKS)]
    scene.proved("userinfo is refused", all(reply.status == 401 for reply in told), told[0])
    fresh = [tax.refresh(tokens["refresh_token"]) for _ in range(ASKS)]
    scene.proved(
        "no new token is had",
        all(r.status == 400 and r.body.get("error") == "invalid_grant" for r in fresh),
        fresh[0],
    )


def flip(scene: Scene) -> None:
    """Change one answer for the Library, restart, and follow the same link."""
    here, browser = scene.walk, scene.browser("neighbour")
    _, asked = here.enter(browser, "library", "neighbour")
    scene.proved("the neighbour enters the Library with his password", asked == ["password"], asked)
    path = scene.settings.policies / "services.toml"
    text = path.read_text()
    if text.count(FLIP_BEFORE) != 1:
        raise NotProved(f"{path.name} should hold one line to try it with: {FLIP_BEFORE}")
    path.write_text(text.replace(FLIP_BEFORE, FLIP_AFTER))
    scene.stop()
    scene.start()
    page, asked = here.enter(browser, "library", "neighbour")
    scene.proved(
        "one answer flipped, the same link asks him for a code too",
        asked == ["code"],
        (asked, page.heading),
    )
    name = here.people["neighbour"].name
    scene.proved("and lets him in", page.heading == f"Signed in: {name}", page.heading)
    reached = walk.told(page)["ID token"]["vot"]
    scene.proved("what he reached is told to the Library", reached == "P2.C2", reached)
