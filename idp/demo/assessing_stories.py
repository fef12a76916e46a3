"""Stories of a service designer: from a sentence to a signed file, and from others' answers."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from idp.demo.browser import Browser
from idp.demo.page import Page
from idp.demo.stories import Scene

PERMITS = "Residents buy a permit to park in their street"
MOST_QUESTIONS = 12
TOLD = re.compile(r"The level is (P\d)\.(C\d)")
NUMBERED = re.compile(r"^\s*(\d+)\. .*\?$", re.M)
SERVICE, ACTION = "visitor-permits", "buy-a-permit"
# A newcomer's answers about a permit to park. Everything else does no harm.
ANSWERS = {
    "wrong_person-distress": "1", "wrong_person-money_person": "1",
    "wrong_person-money_public": "1", "wrong_person-privacy": "1", "wrong_person-safety": "0",
    "wrong_person-service": "1", "wrong_person-legal": "1", "same": "yes",
    "threat": "normal", "shut_out": "1",
}  # fmt: skip


def designer(scene: Scene) -> None:
    """Twelve questions, no account: a level with its reasons, and a signed file to hand in."""
    start = Browser().open(f"{scene.settings.issuer}/questionnaire")
    scene.proved("the questionnaire opens without an account", start.status == 200, start.heading)
    page = start.form("about").fill(about=PERMITS, customers="people").submit()
    asked = NUMBERED.findall(f"{start.text}\n{page.text}")
    scene.proved(
        f"a usual action takes {MOST_QUESTIONS} questions at most",
        0 < len(asked) <= MOST_QUESTIONS, asked,
    )  # fmt: skip
    empty = page.form("blank").submit()
    result = empty.form("same").fill(ANSWERS).submit("Show the level")
    level = TOLD.search(result.text)
    scene.proved("the answers end in a level", level is not None, result.text)
    scene.proved(
        "every step of the working is a sentence", "Identity P1: the worst harm" in result.text
    )
    scene.proved(
        "a mitigation not in use is shown with what it would give",
        any(row[0].startswith("It can be undone") for row in result.rows if row), result.rows,
    )  # fmt: skip
    nothing_in_the_address(scene, page, result)
    if level is not None:
        hand_in(scene, result, (level[1], level[2]))


def nothing_in_the_address(scene: Scene, *pages: Page) -> None:
    """What was typed is in the pages alone."""
    scene.proved(
        "nothing typed is in an address, and no page may be kept",
        all("?" not in page.url and page.headers["Cache-Control"] == "no-store" for page in pages),
        [page.url for page in pages],
    )


def hand_in(scene: Scene, result: Page, level: tuple[str, str]) -> None:
    """Sign, save, and let the command say the same of the file."""
    today = datetime.now(UTC).date()
    unsigned = result.form("signer").submit()
    scene.proved("without a signature there is no file", unsigned.status == 422, unsigned.status)
    saved = result.form("signer").fill(
        service_name="Visitor permits", body="Example Town Council", action="Buy a permit",
        signer="Pat Lewis", role="Head of parking",
        signed_on=f"{today.day} {today.month} {today.year}",
    ).submit()  # fmt: skip
    folder: Path = scene.settings.data / "handed-in"
    folder.mkdir(exist_ok=True)
    (folder / "services.toml").write_bytes(saved.body)
    found: dict[str, Any] = scene.command("policy", "check", "--policies", str(folder))
    scene.proved("the signed file is in order", found["ok"], found)
    got: dict[str, Any] = scene.command(
        "policy", "explain", SERVICE, ACTION, "--policies", str(folder)
    )
    scene.proved(
        "explained by the command, the file asks for the same level",
        (got["identity"], got["sign_in"]) == level, (got, level),
    )  # fmt: skip
    scene.proved("and gives the same reasons", all(why in result.text for why in got["reasons"]))


def learning(scene: Scene) -> None:
    """Nobody starts from nothing: the nearest published answers, and people to ask."""
    browser, issuer = Browser(), scene.settings.issuer
    start = browser.open(f"{issuer}/questionnaire")
    page = start.form("about").fill(about=PERMITS, customers="people").submit()
    scene.proved(
        "it starts from the nearest published assessment of another service",
        "Parking permits (Example City Council, parking)" in page.text, page.text,
    )  # fmt: skip
    scene.proved("and says why it is near", "Both speak of: " in page.text)
    scene.proved(
        "it names people in other bodies who know such services",
        "Who can help you" in page.text and "Example Borough Council" in page.text, page.text,
    )  # fmt: skip
    same = page.form("same").submit("Show the level")
    published = browser.open(f"{issuer}/questionnaire/published")
    theirs = [row for row in published.rows if row and row[0].startswith("Parking permits")]
    scene.proved(
        "the published list has the level of each",
        len(theirs) == 1 and theirs[0][2].startswith("P"), theirs,
    )  # fmt: skip
    level = TOLD.search(same.text)
    scene.proved(
        "their answers, taken as they are, come to the level that they came to or one step more",
        level is not None and within_a_step(f"{level[1]}.{level[2]}", theirs[0][2]),
        (level and level[0], theirs),
    )  # fmt: skip
    explained = published.click("Buy permit at Parking permits")
    scene.proved(
        "each of them is explained", "Why, step by step" in explained.text, explained.heading
    )


def within_a_step(ours: str, theirs: str) -> bool:
    """Whether two levels, written "P1.C2", differ by at most one step in each part."""
    pairs = zip(re.findall(r"\d", ours), re.findall(r"\d", theirs), strict=True)
    return all(abs(int(a) - int(b)) <= 1 for a, b in pairs)
