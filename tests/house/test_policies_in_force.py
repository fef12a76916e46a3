"""A worker that runs for weeks decides by today's policies, and a broken set changes nothing."""

import logging
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from idp.assurance import in_force
from idp.assurance.in_force import PoliciesInForce
from idp.policy.rules import PolicyProblems
from idp.storage.clock import Clock

SAMPLE = Path(__file__).resolve().parents[2] / "policies"
DAY = timedelta(days=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "policies"))


def test_the_same_day_is_worked_out_once(folder: Path) -> None:
    policies = PoliciesInForce(folder, Clock())
    assert policies.get() is policies.get()


def test_a_new_day_is_worked_out_without_a_restart(folder: Path) -> None:
    clock = Clock()
    policies = PoliciesInForce(folder, clock)
    first = policies.get()
    clock.offset += 40 * DAY
    later = policies.get()
    assert later.today == first.today + 40 * DAY
    assert later.fingerprint == first.fingerprint
    assert policies.get() is later


def test_a_set_that_cannot_be_used_leaves_the_last_one_and_is_tried_again_after_an_hour(
    folder: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    policies = PoliciesInForce(folder, clock)
    first = policies.get()
    good = (folder / "levels.toml").read_text()
    (folder / "levels.toml").write_text("nonsense = [")
    clock.offset += DAY
    with caplog.at_level(logging.ERROR):
        assert policies.get() is first
        assert policies.get() is first
    assert len(caplog.records) == 1  # told once, not at every request
    (folder / "levels.toml").write_text(good)
    assert policies.get() is first
    monkeypatch.setattr(policies, "_wait_until", 0.0)
    assert in_force.RETRY_SECONDS == 3600
    assert policies.get().today == first.today + DAY


def test_a_start_with_a_set_that_cannot_be_used_is_refused(folder: Path) -> None:
    (folder / "levels.toml").write_text("nonsense = [")
    with pytest.raises(PolicyProblems):
        PoliciesInForce(folder, Clock())
