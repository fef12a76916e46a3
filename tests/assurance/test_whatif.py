"""What one mitigation more or fewer would do, held against the assessment itself."""

from dataclasses import replace

from hypothesis import given, settings

from idp.assurance.assessment import Mitigation, Questionnaire, assess
from idp.assurance.harms import MITIGATION_WORDS, MITIGATIONS
from idp.assurance.whatif import what_if
from tests.assurance.test_assessment import LEVELS, TODAY, questionnaires, standing

EXAMPLES = max(200, settings().max_examples)
TAX = Questionnaire(
    wrong_person={"money_public": 3, "privacy": 2, "legal": 2},
    taken_over={"money_public": 3, "privacy": 2, "legal": 2},
    mitigations=(standing("known_account"),),
)


def ask(asked: Questionnaire):
    return what_if(asked, levels=LEVELS, today=TODAY)


def test_every_mitigation_is_said_in_words_and_tried() -> None:
    assert MITIGATION_WORDS.keys() == MITIGATIONS.keys()
    found = ask(TAX)
    assert {effect.kind for effect in (*found.added, *found.removed)} == set(MITIGATIONS)
    assert [effect.kind for effect in found.removed] == ["known_account"]


def test_the_one_that_lowers_and_what_coupling_holds_up_are_told_apart() -> None:
    found = ask(replace(TAX, wrong_person={"privacy": 2}, taken_over={"privacy": 2},
                        mitigations=()))  # fmt: skip
    assert {e.kind: str(e.level) for e in found.lowers} == {
        "in_person": "P1.C2", "no_read_back": "P0.C0", "masked": "P1.C1", "letter_ref": "P1.C1",
    }  # fmt: skip
    held = ask(Questionnaire(wrong_person={"money_person": 2, "privacy": 2},
                             taken_over={"privacy": 2}))  # fmt: skip
    assert not held.lowers
    assert [e.kind for e in held.added if e.held_up] == ["no_read_back", "masked", "letter_ref"]
    assert held.sentences[0] == "No single mitigation would lower it."
    assert 'With "masked" the answers ask for less, but identity P2' in " ".join(held.sentences)


def test_the_one_in_use_is_worth_what_its_absence_would_ask() -> None:
    asked = replace(TAX, wrong_person={"money_person": 3}, taken_over={"money_person": 3})
    (raised,) = ask(asked).raises
    assert (raised.kind, str(raised.level)) == ("known_account", "P3.C2")
    assert ask(asked).sentences[-1] == 'Without "known_account" it would be P3.C2, tier 3.'


def test_one_that_counts_as_nothing_is_tried_as_if_it_stood() -> None:
    """Somebody who wrote it down without evidence learns what the evidence would be worth."""
    asked = Questionnaire(wrong_person={"money_person": 3}, taken_over={},
                          mitigations=(Mitigation(kind="known_account"),))  # fmt: skip
    found = ask(asked)
    assert not found.removed
    assert "known_account" in {effect.kind for effect in found.lowers}


@settings(max_examples=EXAMPLES, deadline=None)
@given(questionnaires)
def test_no_mitigation_put_in_raises_a_level_and_none_taken_away_lowers_one(asked) -> None:
    found = ask(asked)
    for effect in found.added:
        assert found.now.level.covers(effect.level)
    for effect in found.removed:
        assert effect.level.covers(found.now.level)
    assert all(sentence.endswith(".") for sentence in found.sentences)
    assert found.now == assess(asked, levels=LEVELS, today=TODAY)
