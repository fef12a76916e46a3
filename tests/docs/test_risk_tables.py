"""What the risk owner reads about unusual sign-ins is what risk.toml comes to."""

from datetime import date

from idp.assurance.outcomes import thresholds
from idp.assurance.policy import load_policies
from idp.policy.files import packaged_directory
from tests.docs.documents import codes, named, table

RULES = load_policies(packaged_directory(), date(2026, 12, 1)).risk


def test_the_thresholds_and_losses_are_those_of_the_file() -> None:
    for level, row in enumerate(table(named("risk-owner.md"), "thresholds"), start=1):
        at = thresholds(level, RULES)
        assert codes(row[0]) == [f"C{level}"]
        assert row[1] == f"£{RULES.loss[level]:,.0f}"
        assert [float(cell) for cell in row[2:]] == [
            round(at.step_up, 2), round(at.defer, 2), round(at.refuse, 2),
        ]  # fmt: skip


def test_the_comment_in_the_file_shows_the_same_thresholds() -> None:
    text = (packaged_directory() / "risk.toml").read_text()
    for level in (1, 2, 3):
        at = thresholds(level, RULES)
        (line,) = [
            line for line in text.splitlines() if line.startswith("#") and f" C{level}  " in line
        ]
        assert [float(word) for word in line.split()[2:]] == [
            round(at.step_up, 2), round(at.defer, 2), round(at.refuse, 2),
        ]  # fmt: skip
