"""`idp policy` as a person and a program meet it."""

import json

import pytest
from click.testing import CliRunner

from idp.assurance.commands import policy
from idp.policy.files import packaged_directory


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in an empty folder, so that no ./policies is found by chance."""
    monkeypatch.delenv("IDP_POLICIES", raising=False)
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return lambda *words: CliRunner().invoke(policy, [str(word) for word in words])


def test_the_policies_that_come_with_gatehouse_are_in_order(run, sample) -> None:
    result = run("check")
    assert result.exit_code == 0, result.output
    assert sample.fingerprint in result.stdout
    answer = json.loads(run("check", "--json").stdout)
    assert answer["ok"] is True
    assert answer["fingerprint"] == sample.fingerprint
    assert answer["problems"] == answer["notes"] == []


def test_check_lists_all_that_is_wrong_and_fails(run, spoil) -> None:
    spoil("levels.toml", ("P3 = 2", "P3 = 5"))
    folder = spoil("services.toml", ("privacy = 1", "privacy = 5"), ("shut_out = 1", "shut_ou = 1"))
    result = run("check", "--policies", folder)
    assert result.exit_code == 1
    assert result.stderr.count("services.toml: ") == 2
    assert result.stderr.count("levels.toml: ") == 1
    assert "3 problems in the policies." in result.stderr
    result = run("check", "--policies", folder, "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    assert {"file", "place", "sentence"} == set(answer["problems"][0])
    assert len(answer["problems"]) == 3


def test_check_fails_for_a_date_that_passed(run, spoil) -> None:
    folder = spoil("levels.toml", ("review_by = 2027-11-22", "review_by = 2020-01-01"))
    result = run("check", "--policies", folder)
    assert result.exit_code == 1
    assert "levels.toml: meta > review_by: The date 2020-01-01 has passed." in result.stderr


def test_check_lists_a_mitigation_that_counts_as_nothing_and_passes(run, spoil) -> None:
    folder = spoil("services.toml", ('owner = "Repayments team"', ""))
    result = run("check", "--policies", folder)
    assert result.exit_code == 0
    assert 'Note: services.toml: service "tax" > action "file-return"' in result.stdout


def test_a_folder_that_is_not_there_is_a_problem_not_a_crash(run, tmp_path) -> None:
    for verb in (["check"], ["explain", "library", "borrow-books"]):
        result = run(*verb, "--policies", tmp_path / "nowhere")
        assert result.exit_code == 1
        assert "There is no such folder." in result.stderr


def test_explain_prints_the_working_in_sentences(run) -> None:
    result = run("explain", "tax", "file-return")
    assert result.exit_code == 0
    assert result.stdout.startswith("tax, file-return: P2.C2, tier 2.\n")
    assert 'The mitigation "known_account" lowers' in result.stdout


def test_explain_answers_a_program_with_four_keys(run) -> None:
    answer = json.loads(run("explain", "library", "borrow-books", "--json").stdout)
    assert list(answer) == ["identity", "sign_in", "tier", "reasons"]
    assert (answer["identity"], answer["sign_in"], answer["tier"]) == ("P1", "C1", 1)
    assert all(isinstance(reason, str) for reason in answer["reasons"])


def test_a_flipped_answer_is_explained(run, spoil) -> None:
    folder = spoil("services.toml", ("privacy = 1", "privacy = 3"))
    words = ["explain", "library", "borrow-books", "--policies", folder, "--json"]
    answer = json.loads(run(*words).stdout)
    assert (answer["identity"], answer["sign_in"], answer["tier"]) == ("P1", "C2", 2)
    assert any("privacy 3" in reason for reason in answer["reasons"])


@pytest.mark.parametrize(
    ("words", "said"),
    [(("libary", "borrow-books"), "account, library, tax"), (("tax", "pay"), "file-return")],
)
def test_an_unknown_service_or_action_is_refused_with_those_there_are(words, said, run) -> None:
    result = run("explain", *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_explain_refuses_policies_that_are_wrong(run, spoil) -> None:
    folder = spoil("services.toml", ("privacy = 1", "privacy = 5"))
    result = run("explain", "library", "borrow-books", "--policies", folder)
    assert result.exit_code == 1
    assert "at most 4, not 5" in result.stderr


def test_the_environment_names_the_folder(run, spoil, monkeypatch) -> None:
    folder = spoil("services.toml", ("privacy = 1", "privacy = 3"))
    monkeypatch.setenv("IDP_POLICIES", str(folder))
    assert json.loads(run("explain", "library", "borrow-books", "--json").stdout)["sign_in"] == "C2"
    words = ["explain", "library", "borrow-books", "--json", "--policies", packaged_directory()]
    assert json.loads(run(*words).stdout)["sign_in"] == "C1"
