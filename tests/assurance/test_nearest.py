"""Where the next designer starts: the nearest published assessment, and who can help."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from idp.assurance.assessment import FAILURES, assess
from idp.assurance.experts_file import NAMED_AT_MOST, experts_for
from idp.assurance.harms import CATEGORIES
from idp.assurance.nearest import nearest, worst_harms
from idp.assurance.proposals import published


@pytest.mark.parametrize(
    ("about", "customers", "near"),
    [
        ("Residents buy a permit to park in their street", "people", "parking-permit"),
        ("See the results of a blood test", "people", "health-record"),
        ("Parents claim money for childcare", "families", "child-benefit"),
        ("A firm files its accounts", "businesses", "company-accounts"),
        ("Tell the council that a bin was missed", "people", "missed-bin"),
        ("Renting books and films", "people", "library"),
        ("Order a copy of a wedding certificate", "people", "birth-certificate"),
        ("Ask for a tax refund and file returns", "people", "tax"),
    ],
)
def test_a_sentence_finds_the_service_that_a_person_would_name(
    sample, about, customers, near
) -> None:
    first = nearest(published(sample), about=about, customers=customers)[0]
    assert first.published.client_id == near
    assert first.shared


def test_each_published_assessment_is_nearest_to_itself(sample) -> None:
    entries = published(sample)
    for entry in entries:
        said = f"{entry.service} {entry.about}"
        found = nearest(entries, about=said, customers=entry.customers, asked=entry.asked)
        assert found[0].published == entry
        assert found[0].distance == (0 if entry.customers else 1)
        assert [near.distance for near in found] == sorted(near.distance for near in found)


def test_with_the_answers_the_harms_decide_between_like_words(sample) -> None:
    entries = published(sample)
    title = next(entry for entry in entries if entry.client_id == "land-register")
    found = nearest(entries, about="", customers=None, asked=title.asked)
    assert found[0].published.client_id == "land-register"


def test_a_sentence_of_nothing_known_still_finds_somebody_to_start_from(sample) -> None:
    found = nearest(published(sample), about="???", customers="businesses")
    assert found[0].published.customers == "businesses"
    assert found[0].shared == ()


def test_our_own_services_come_before_examples_of_the_same_name(sample) -> None:
    own = [entry.client_id for entry in published(sample)][:3]
    assert own == ["library", "tax", "vehicles"]


def test_the_experts_named_know_the_customers_and_the_worst_harms(sample) -> None:
    health = next(e for e in published(sample) if e.client_id == "health-record")
    assert worst_harms(health.asked) == ["distress", "privacy"]
    named = experts_for(sample.experts, customers="people", harms=["privacy", "safety"])
    assert named[0].name == "Dr Meera Nair"
    assert len(named) <= NAMED_AT_MOST
    assert experts_for(sample.experts, customers=None, harms=()) == []


def test_every_group_of_customers_has_somebody_to_ask(sample) -> None:
    for group in ("people", "families", "older_people", "businesses", "helpers", "public_servants"):
        assert experts_for(sample.experts, customers=group), group


def test_one_answer_a_step_off_moves_no_level_by_more_than_a_step(sample) -> None:
    """Why a newcomer can be near: for every published assessment and every answer of it."""
    tried = 0
    for entry in published(sample):
        for failure, category, off in product(FAILURES, CATEGORIES, (-1, 1)):
            answers = dict(getattr(entry.asked, failure))
            if 0 <= answers[category] + off <= 4:
                answers[category] += off
                changed: dict[str, Any] = {failure: answers}
                asked = replace(entry.asked, **changed)
                got = assess(asked, levels=sample.levels, today=sample.today).level
                was = entry.assessment.level
                assert abs(got.identity - was.identity) <= 1, (entry.client_id, category)
                assert abs(got.sign_in - was.sign_in) <= 1, (entry.client_id, category)
                tried += 1
    assert tried > 300
