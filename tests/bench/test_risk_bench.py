"""The made-up world still plays, the same each time, and says what it found by group."""

import pytest

from bench.risk.__main__ import main
from bench.risk.evaluate import ATTACKERS, MODELS, challenged, run_world, threshold
from bench.risk.world import World
from idp.assurance.risk_rules import RiskRules

RULES = RiskRules()


@pytest.fixture(scope="module")
def run():
    return run_world(World(seed=5, users=40), RULES)


def test_one_seed_makes_one_world_with_every_attacker(run) -> None:
    again = run_world(World(seed=5, users=40), RULES)
    assert [sample.nats for sample in again.true] == [sample.nats for sample in run.true]
    assert all(run.attacks[kind] for kind in ATTACKERS)
    assert run.logins == len(run.true) + len({login.person.ref for login in World(
        seed=5, users=40).logins()})  # fmt: skip


def test_a_threshold_catches_as_many_attacks_as_it_says(run) -> None:
    for model in MODELS:
        for kind in ATTACKERS:
            samples = run.attacks[kind]
            at = threshold(run, model, kind, 0.95)
            assert sum(sample.nats[model] >= at for sample in samples) >= 0.95 * len(samples)
            assert 0 <= challenged(run, model, kind, 0.95) <= 1


def test_the_remembered_device_and_history_tell_owners_from_naive_attackers(run) -> None:
    """A coin would challenge as many owners as attackers; the margin is wide on purpose."""
    assert challenged(run, "ours, token 85%", "naive", 0.95) < 0.3
    assert challenged(run, "Freeman", "naive", 0.95) < 0.6


def test_the_command_writes_the_tables_and_says_what_was_reached(tmp_path, capsys) -> None:
    out = tmp_path / "results.md"
    code = main(["--users", "25", "--seeds", "5", "--out", str(out), "--no-short"])
    text, said = out.read_text(), capsys.readouterr().out
    assert code == (1 if "MISSED" in said else 0)
    for part in ("| Freeman |", "| other country |", "| C2, passkey |", "What to mind"):
        assert part in text
