"""Each thing that stands in an actor's way is said in three texts, plain enough to act on."""

import pytest

from idp.delegation.explaining import REASONS, Reason, explain
from tests.pages.readability import grade, sentences


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_text_for_each_of_the_three(reason: Reason) -> None:
    told = explain(reason)
    assert told.principal
    assert told.delegate
    assert told.developer.startswith(f"{reason}: ")
    assert len({told.principal, told.delegate, told.developer}) == 3


def test_no_two_reasons_are_told_the_delegate_in_the_same_words() -> None:
    words = [explain(reason).delegate for reason in REASONS]
    assert len(set(words)) == len(words)


def test_the_two_people_are_told_in_words_that_a_child_of_nine_can_read() -> None:
    for side in ("principal", "delegate"):
        texts = [one for reason in REASONS for one in sentences(getattr(explain(reason), side))]
        assert grade(texts) <= 4.0, (side, grade(texts))


def test_a_principal_is_not_told_how_their_helper_stands_at_work() -> None:
    for reason in REASONS:
        said = explain(reason).principal
        assert not {"role", "manager", "frozen"} & set(said.lower().split())
