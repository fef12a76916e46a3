"""`idp policy apply`, `sign`, `rollback`: two people at a terminal change what is in force."""

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from idp.cli import idp
from tests.assurance.sets import LAXER, SAMPLE, changed, load, renamed, sample


def run(*words: str) -> Result:
    return CliRunner().invoke(idp, ["policy", *words])


@pytest.fixture
def folder(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of policies that an installation with three officers does not use yet."""
    monkeypatch.setenv("IDP_DATA", str(tmp_path))
    monkeypatch.setenv("IDP_DATABASE_URL", sqlite_url)
    monkeypatch.setenv("IDP_POLICIES", str(SAMPLE))
    assert CliRunner().invoke(idp, ["migrate"]).exit_code == 0
    for name, role in (("Ann", "policy-officer"), ("Ben", "policy-officer"),
                       ("Cai", "counter-officer")):  # fmt: skip
        made = CliRunner().invoke(idp, ["operator", "add", name, "--role", role])
        assert made.exit_code == 0, made.output
    made_of = Path(shutil.copytree(SAMPLE, tmp_path / "next"))
    (made_of / "levels.toml").write_text(renamed("next")["levels.toml"])
    return made_of


NEXT = load(renamed("next")).fingerprint


def in_force() -> str:
    return str(json.loads(run("sets", "--json").output)["in_force"])


def test_a_set_goes_into_force_by_two_officers_and_back_by_one(folder: Path) -> None:
    said = run("apply", str(folder), "--by", "Ann")
    assert said.exit_code == 0, said.output
    assert f"signs at the console: {NEXT}" in said.output
    assert "0 sign-ins looked at" in said.output
    alone = run("sign", NEXT, "--by", "Ann")
    assert (alone.exit_code, in_force()) == (1, load(sample()).fingerprint)
    assert "another officer has to" in alone.output
    assert run("sign", NEXT, "--by", "Cai").exit_code == 1, "this is not for a counter officer"
    assert "It is in force" in run("sign", NEXT, "--by", "Ben").output
    assert in_force() == NEXT
    note = CliRunner().invoke(idp, ["doctor"])
    assert note.exit_code == 0
    assert "NOTE: the policies in" in note.output
    assert "in force, proposed by Ann, signed by Ben" in run("sets").output
    back = run("rollback", "--by", "Ben", "--why", "Too many calls")
    assert back.exit_code == 0, back.output
    assert in_force() == load(sample()).fingerprint
    assert "rolled back, proposed by Ann" in run("sets").output
    assert run("rollback").exit_code == 1


def test_a_dry_run_proposes_nothing(folder: Path) -> None:
    said = run("apply", str(folder), "--dry-run", "--json")
    answer = json.loads(said.output)
    assert (answer["fingerprint"], answer["proposed"], answer["refused"]) == (NEXT, False, None)
    assert json.loads(run("sets", "--json").output)["sets"] == []
    assert run("sign", NEXT, "--by", "Ben").exit_code == 1


def test_a_bad_set_is_refused_with_all_problems_and_a_lowering_with_its_name(folder: Path) -> None:
    (folder / "risk.toml").write_text(changed(*LAXER)["risk.toml"])
    lower = run("apply", str(folder))
    assert lower.exit_code == 1
    assert 'acknowledge_lowering > "thresholds/C2"' in lower.output
    (folder / "risk.toml").write_text("nonsense = [")
    (folder / "levels.toml").write_text("more = [")
    bad = run("apply", str(folder))
    assert "levels.toml" in bad.output
    assert "risk.toml" in bad.output
    assert in_force() == load(sample()).fingerprint


def test_what_is_no_moment_no_officer_and_no_set_is_said(folder: Path) -> None:
    assert "not a moment" in run("apply", str(folder), "--start", "soon").output
    assert "no officer Nobody" in run("apply", str(folder), "--by", "Nobody").output
    assert "no set waits" in run("refuse", "0" * 64).output
    late = run("apply", str(folder), "--start", "2999-01-01")
    assert (late.exit_code, "within a year" in late.output) == (1, True)


def test_a_set_can_be_refused_after_it_was_signed(folder: Path) -> None:
    run("apply", str(folder), "--by", "Ann", "--start", "2999-01-01")
    assert run("apply", str(folder), "--by", "Ann").exit_code == 0
    assert run("refuse", NEXT, "--by", "Ben", "--why", "Not now").exit_code == 0
    assert "refused, proposed by Ann. Not now" in run("sets").output


def test_a_folder_is_tried_on_the_past_without_proposing_it(folder: Path) -> None:
    said = run("whatif", "--policies", str(folder), "--replay", "--json")
    assert json.loads(said.output)["read"] == 0
    assert "0 sign-ins" in run("whatif", "--policies", str(folder), "--replay").output
    assert run("whatif", "--replay", "tax").exit_code == 2
    assert run("whatif", "tax").exit_code == 2
