"""M3: at most twelve questions for a usual action; a newcomer with nothing but a description ends
within one step of the expert; two levels, a tier, reasons, a signature (135(2), 141(1)). No trial
with people stands behind this: the newcomers are made up."""

import re
from datetime import UTC, datetime

import pytest

from idp.assurance.policy import load_policies
from idp.assurance.proposals import published
from idp.demo import assessing_stories
from idp.demo.assessing_stories import within_a_step
from idp.demo.browser import Browser
from idp.demo.stories import Scene
from idp.policy.files import packaged_directory

# A made-up newcomer who has the description alone: answers read off the words of the page, most of
# them for somebody who weighs a harm a step otherwise than the expert did. Columns: distress, own
# money, public money, privacy, safety, service, legal; threat; the harm of being shut out.
NEWCOMER = {
    "parking-permit": ("1110010", "normal", "1"),
    "missed-bin": ("1001010", "low", "0"),
    "school-place": ("2002011", "normal", "3"),
    "child-benefit": ("2222012", "normal", "3"),
    "health-record": ("3003101", "normal", "3"),
    "driving-licence": ("2102013", "normal", "3"),
    "land-register": ("4402024", "high", "3"),
    "company-accounts": ("1201012", "normal", "2"),
    "business-rates": ("1111001", "normal", "2"),
}
HARMS = ("distress", "money_person", "money_public", "privacy", "safety", "service", "legal")


def test_twelve_questions_end_in_a_level_and_a_signed_file(scene: Scene) -> None:
    heard: list[str] = []
    scene.say = heard.append
    assessing_stories.designer(scene)
    assert "a usual action takes 12 questions at most" in heard
    assert "nothing typed is in an address, and no page may be kept" in heard
    assert heard[-2:] == ["explained by the command, the file asks for the same level",
                          "and gives the same reasons"]  # fmt: skip


@pytest.mark.parametrize("service", NEWCOMER)
def test_a_newcomer_ends_within_a_step_of_the_expert(scene: Scene, service: str) -> None:
    policies = load_policies(packaged_directory(), datetime.now(UTC).date())
    theirs = next(entry for entry in published(policies) if entry.client_id == service)
    harms, threat, shut_out = NEWCOMER[service]
    start = Browser().open(f"{scene.settings.issuer}/questionnaire")
    page = start.form("about").fill(about=theirs.about, customers=theirs.customers).submit()
    answers = {f"wrong_person-{harm}": n for harm, n in zip(HARMS, harms, strict=True)}
    result = page.form("blank").submit().form("same").fill({
        **answers, "same": "yes", "threat": threat, "shut_out": shut_out,
        "other_route": "By telephone",
    }).submit("Show the level")  # fmt: skip
    got = re.search(r"The level is (P\d\.C\d)", result.text)
    assert got, result.text
    assert within_a_step(got[1], str(theirs.assessment.level)), (got[1], theirs.assessment.level)
    assert f"Your service is in tier {max(got[1][1], got[1][4])}" == result.heading
