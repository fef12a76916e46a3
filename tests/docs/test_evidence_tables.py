"""What the risk owner reads about evidence and names is what the policy says."""

import re
from datetime import date

from idp.assurance.policy import load_policies
from idp.assurance.profiles import level_proved
from idp.policy.files import packaged_directory
from tests.docs.documents import codes, named, read, table

RISK = named("risk-owner.md")
POLICIES = load_policies(packaged_directory(), date(2026, 12, 1))


def test_the_evidence_scores_as_the_table_says() -> None:
    rows = {codes(row[0])[0]: row[2:] for row in table(RISK, "evidence")}
    assert list(rows) == list(POLICIES.evidence)
    for kind in POLICIES.evidence.values():
        scores = kind.scores
        assert scores.activity == 0, kind.id
        parts = (scores.strength, scores.validity, scores.fraud, scores.verification)
        said = [str(part) if part else "" for part in parts]
        assert rows[kind.id] == [*said, "yes" if kind.household else ""], kind.id


def test_kinds_together_reach_the_level_the_table_says() -> None:
    for held, level in table(RISK, "proved"):
        kinds, (name,) = codes(held), codes(level)
        if "or" in held.split():
            *always, one, other = kinds
            ways = [[*always, one], [*always, other], kinds]
        else:
            ways = [kinds]
        for way in ways:
            assert f"P{level_proved(way, POLICIES.evidence, POLICIES.profiles)}" == name, way


def test_the_number_of_names_is_about_right() -> None:
    said = re.search(r"nearly (\d+) names with some ([\d,]+) forms", read(RISK).replace("\n", " "))
    assert said
    groups = {group for groups in POLICIES.names.groups.values() for group in groups}
    forms = sum(len(group.whole | group.short) - 1 for group in groups)
    assert 0.9 < len(groups) / int(said[1]) <= 1
    assert 0.9 < forms / int(said[2].replace(",", "")) < 1.1


def test_every_figure_about_wrong_people_is_nought() -> None:
    rows = table(RISK, "somebody-else")
    assert len(rows) == 7
    assert {row[2] for row in rows} == {"0.00%"}
