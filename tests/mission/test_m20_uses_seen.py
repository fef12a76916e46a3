"""M20, first part: each use of a permission is in a tamper-evident journal and seen by whom it is
about, who objects to one (131(5))."""

from idp.demo import firm_stories
from tests.mission.conftest import Hear


def test_each_use_is_seen_objected_to_and_in_a_journal_that_is_checked(hear: Hear) -> None:
    hear(firm_stories.accountant)
    heard = hear(firm_stories.watched)
    assert "he says that one of them is wrong, and an officer will answer" in heard
    assert "each is in a journal that nobody altered: it is checked whole" in heard
    assert "nobody else sees it" in heard
