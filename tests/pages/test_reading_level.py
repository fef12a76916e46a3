"""Pages read at an age of nine: measured by the Automated Readability Index, on every page.

The pages are the samples that all other page tests use, so a new page is measured from the day
it has a sample. Pages for staff and for people who build services are not held to it.
"""

import pytest
from flask.testing import FlaskClient

from tests.pages.readability import WORD, grade, prose, sentences, sentences_of_page
from tests.pages.samples import CASES

GRADE_AT_NINE = 4.0  # a school grade; the age is about five more
LONGEST_SENTENCE_WORDS = 25  # the sternest figure of GOV.UK's own guide to content
LONGEST_STEP_WORDS = 45  # one step of the working of a level may list several harms
DESIGNERS = "assurance/"
NOT_FOR_CITIZENS = ("demo/", "figures/", "officers/")
FEW_WORDS = 40  # of so few words one long one would decide; they are measured together

CITIZENS = [case for case, (template, _) in CASES.items()
            if not template.startswith(NOT_FOR_CITIZENS)]  # fmt: skip


def prose_of(client: FlaskClient, case: str) -> list[str]:
    return prose(sentences_of_page(client.get(f"/page/{case}").text))


def words_in(texts: list[str]) -> int:
    return sum(len(WORD.findall(text)) for text in texts)


def test_the_formula_is_the_published_one() -> None:
    # 10 letters in 5 words of 1 sentence: 4.71 * 2 + 0.5 * 5 - 21.43.
    assert grade(["ab cd ef gh ij"]) == pytest.approx(4.71 * 2 + 2.5 - 21.43)
    hard = "Authentication of the aforementioned intermediary necessitates corroboration."
    assert grade(sentences(hard)) > 20 > GRADE_AT_NINE > grade(sentences("You can sign in now."))


@pytest.mark.parametrize("case", CITIZENS)
def test_a_child_of_nine_can_read_the_page(client: FlaskClient, case: str) -> None:
    read = prose_of(client, case)
    longest = LONGEST_STEP_WORDS if CASES[case][0].startswith(DESIGNERS) else LONGEST_SENTENCE_WORDS
    assert max((len(WORD.findall(text)) for text in read), default=0) <= longest
    if words_in(read) >= FEW_WORDS:
        assert grade(read) <= GRADE_AT_NINE, read


def test_pages_of_few_words_are_as_easy_taken_together(client: FlaskClient) -> None:
    short = [read for case in CITIZENS if words_in(read := prose_of(client, case)) < FEW_WORDS]
    assert short
    assert grade([text for read in short for text in read]) <= GRADE_AT_NINE
