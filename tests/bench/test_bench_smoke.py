"""The bench still runs. How fast anything is, is never asserted: that is for a quiet machine."""

from dataclasses import replace

import pytest

from bench import report
from bench.client import WrongAnswer
from bench.load import SCENARIOS
from bench.machine import cores
from bench.measure import Bench, summarise
from bench.peers import start_floor
from tests.rig.ports import free_ports


@pytest.fixture(scope="module")
def floor(tmp_path_factory):
    (port,) = free_ports()
    folder = str(tmp_path_factory.mktemp("floor"))
    target = start_floor("sqlite", port, folder, core=cores()[0], workers=1)
    yield target
    target.stop()


def test_the_floor_answers_every_scenario_correctly_and_is_reported(floor) -> None:
    bench = Bench(floor, connections=2)
    bench.prepare()
    runs = {scenario: bench.run(scenario, 0.3) for scenario in SCENARIOS}
    bench.prove()
    assert [scenario for scenario, run in runs.items() if run.bad] == []
    assert runs["code"].verified >= 1
    figures = [summarise("sqlite", name, "floor", [run]) for name, run in runs.items()]
    text = report.markdown(figures, {}, {"floor": floor.note}, {"gatehouse": "not asked for"})
    assert all(f"| sqlite | {scenario} |" in text for scenario in SCENARIOS)


def test_an_answer_that_is_not_correct_is_no_operation(floor) -> None:
    bench = Bench(replace(floor, client_secret="wrong"), connections=1)
    with pytest.raises(WrongAnswer, match="invalid_client"):
        bench.prepare()
