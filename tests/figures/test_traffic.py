"""Simulated traffic, worked out twice: planted over-askers are found, and nobody else accused."""

import ast
import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from idp.demo import traffic
from idp.figures.actions import make_review
from idp.figures.review import accused
from idp.house import open_house
from tests.figures import rederive

PACKAGED = Path(__file__).parents[2] / "policies"
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module", params=SEEDS)
def seen(request: pytest.FixtureRequest, tmp_path_factory) -> tuple[Path, dict[str, Any]]:
    """Four weeks of traffic: the database file, and the review as it is published."""
    folder = tmp_path_factory.mktemp("traffic")
    house = open_house(traffic.simulate(folder, seed=request.param, visits=850, people=40))
    try:
        figures = make_review(house.database, house.policies)
    finally:
        house.database.close()
    return folder / "gatehouse.sqlite3", json.loads(json.dumps(figures))


def test_planted_over_askers_are_found_and_none_of_the_others_accused(seen) -> None:
    _file, figures = seen
    assert len(figures["services"]) == len(traffic.SERVICES) >= 8
    assert set(accused(figures)) == traffic.PLANTED


def test_an_independent_program_finds_every_published_figure_in_the_journal(seen) -> None:
    file, figures = seen
    assert list(rederive.differences(file, figures, traffic.POLICIES, PACKAGED)) == []


def test_the_independent_program_notices_a_figure_that_is_not_so(seen) -> None:
    file, figures = seen
    wrong = copy.deepcopy(figures)
    wrong["services"][0]["over"]["hours_a_year"] += 0.1
    wrong["all"]["seconds_90"] += 0.1
    wrong["all"]["stages"][1]["left"] = -1
    wrong["all"]["outcomes"]["allow"] = 0.5
    wrong["services"][1]["weeks"][0]["scored"] = -1
    wrong["services"][2]["uses"] = "P3.C3"
    found = list(rederive.differences(file, wrong, traffic.POLICIES, PACKAGED))
    assert len(found) == 6, found


def test_the_independent_program_knows_nothing_of_the_house() -> None:
    tree = ast.parse(Path(rederive.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
             for alias in node.names}  # fmt: skip
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} <= set(sys.stdlib_module_names)


def test_over_asking_costs_hours_where_it_is_met_and_none_where_it_is_trimmed(seen) -> None:
    _file, figures = seen
    hours = {one["client_id"]: one["over"]["hours_a_year"] for one in figures["services"]}
    assert hours["leisure"] > 0
    assert hours["permits"] > 0
    assert hours["desk"] > 0
    assert hours["news"] == hours["books"] == hours["grants"] == 0
