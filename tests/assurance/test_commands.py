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
    [
        (("libary", "borrow-books"), "account, library, tax, vehicles"),
        (("tax", "pay"), "file-return"),
    ],
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


# risk-model.md section 3, as it stands there: another body's own file.
SAMPLE_SERVICES = """\
[[service]]
client_id = "self-assessment"
name = "Self Assessment"
owner = "HMRC"
shut_out = 3                    # so another route is compulsory
other_route = "Phone line, same level"
[[service.action]]
id = "file-return"
threat = "normal"               # low, normal, high
return_visits = true            # false together with P0: no account at all, C0
wrong_person = { money_public = 3, money_person = 1, privacy = 2, legal = 2, distress = 2 }
taken_over   = { money_public = 3, money_person = 1, privacy = 2, legal = 2, distress = 2 }
[[service.action.mitigation]]
kind = "known_account"
evidence = "Repayments only to the account on file"
owner = "Repayments team"
review_by = 2027-06-30
# no level here: the level is worked out. An exception needs this:
# [service.action.override]  sign_in = 3  reason = "..."  owner = "..."  until = 2027-01-31
"""
SAMPLE_RISK = """\
enforce = "shadow"              # recorded, floor enforced; until an operator turns it on
[thresholds]                    # worked out from cost unless fixed here
prior = 0.0001
cost_step_up = 0.25
cost_defer = 50
cost_refuse = 500
loss = { C1 = 100, C2 = 1000, C3 = 20000 }
[history]
half_life_days = 400
min_logins_for_shortcut = 3
[network]
copycat = [0.05, 0.25, 0.70]
trust_speed = [3, 5, 5]
[agents]
rows = [ { up_to = 1 }, { up_to = 10, identity = 2, sign_in = 2 }, \
{ up_to = 100, identity = 2, sign_in = 2, org = 1 }, \
{ up_to = 1000, identity = 2, sign_in = 3, org = 2 }, \
{ up_to = 10000, identity = 2, sign_in = 3, device_bound = true, org = 2 }, \
{ identity = 2, sign_in = 3, device_bound = true, org = 3, two_people = ["payment-details"] } ]
[acknowledge_lowering]
# "vat-return/submit" = "Known account check live since 1 Nov, signed A. Officer"
"""


def test_another_bodys_own_files_are_explained(run, tmp_path) -> None:
    (tmp_path / "services.toml").write_text(SAMPLE_SERVICES)
    (tmp_path / "risk.toml").write_text(SAMPLE_RISK)
    assert run("check", "--policies", tmp_path).exit_code == 0
    result = run("explain", "--policies", tmp_path, "self-assessment", "file-return", "--json")
    answer = json.loads(result.stdout)
    assert list(answer) == ["identity", "sign_in", "tier", "reasons"]
    assert (answer["identity"], answer["sign_in"], answer["tier"]) == ("P2", "C2", 2)
    assert len(answer["reasons"]) == 4


def test_explain_says_who_signed(run) -> None:
    said = run("explain", "library", "borrow-books").stdout.splitlines()[-1]
    assert said == "Signed by Hannah Price, Head of libraries, on 2026-11-22."
    assert "Signed" not in run("explain", "account", "manage-account").stdout


def test_diff_fails_for_a_lowering_until_it_is_acknowledged(run, spoil, tmp_path) -> None:
    folder = spoil("services.toml", ("privacy = 1", "privacy = 0"), ("legal = 2", "legal = 1"),
                   ("privacy = 2", "privacy = 1"), ("distress = 2", "distress = 1"))  # fmt: skip
    result = run("diff", packaged_directory(), folder)
    assert result.exit_code == 1
    assert "lowered: tax, file-return: from P2.C2 to P1.C2." in result.stdout
    assert '"tax/file-return" = "the reason"' in result.stderr
    spoil(
        "risk.toml",
        (
            "[acknowledge_lowering]",
            '[acknowledge_lowering]\n"tax/file-return" = "Masked since 1 November"',
        ),
    )
    result = run("diff", packaged_directory(), folder)
    assert result.exit_code == 0, result.output
    assert "(Masked since 1 November)" in result.stdout
    answer = json.loads(run("diff", packaged_directory(), folder, "--json").stdout)
    assert answer["ok"] is True
    assert [entry["acknowledged"] for entry in answer["lowered"]] == ["Masked since 1 November"] * 2
    assert answer["acknowledged_before"] == []
    # The other way round everything is raised: nothing to acknowledge.
    back = run("diff", folder, packaged_directory())
    assert back.exit_code == 0
    assert "raised: tax, file-return: from P1.C2 to P2.C2." in back.stdout


def test_a_misspelt_acknowledgement_is_pointed_at(run, spoil) -> None:
    spoil("services.toml", ("legal = 2", "legal = 1"), ("privacy = 2", "privacy = 1"),
          ("distress = 2", "distress = 1"))  # fmt: skip
    folder = spoil(
        "risk.toml",
        ("[acknowledge_lowering]", '[acknowledge_lowering]\n"tax/file-retrun" = "Meant"'),
    )
    result = run("diff", packaged_directory(), folder)
    assert result.exit_code == 1
    assert '"tax/file-retrun" names nothing that falls.' in result.stderr


def test_a_reason_of_an_earlier_change_is_noted(run, spoil, tmp_path) -> None:
    """It stays in the file, so it would cover the next lowering of the same action unseen."""
    folder = spoil(
        "risk.toml",
        ("[acknowledge_lowering]", '[acknowledge_lowering]\n"tax/file-return" = "In 2026"'),
    )
    before = tmp_path / "before"
    before.mkdir()
    (before / "risk.toml").write_bytes((folder / "risk.toml").read_bytes())
    spoil("services.toml", ("legal = 2", "legal = 1"), ("privacy = 2", "privacy = 1"),
          ("distress = 2", "distress = 1"))  # fmt: skip
    result = run("diff", before, folder)
    assert result.exit_code == 0
    assert "tax/file-return: Its reason stood there before this change." in result.stderr


def test_diff_lists_thresholds_that_moved_up(run, spoil) -> None:
    folder = spoil("risk.toml", ("cost_step_up = 0.25", "cost_step_up = 2.5"))
    result = run("diff", packaged_directory(), folder)
    assert result.exit_code == 1
    assert "lowered: step_up at C2 begins at 3.27 nats, not at 0.97." in result.stdout
    assert result.stderr.count("acknowledge_lowering: thresholds/C") == 3
    assert "in a wave of attacks, not at" in result.stdout


def test_diff_of_broken_policies_says_what_is_wrong(run, spoil, tmp_path) -> None:
    folder = spoil("services.toml", ("privacy = 1", "privacy = 5"))
    result = run("diff", packaged_directory(), folder)
    assert result.exit_code == 1
    assert "at most 4, not 5" in result.stderr
    assert run("diff", tmp_path / "nowhere", folder).exit_code == 1


def test_whatif_names_the_single_mitigation_that_would_lower_it(run) -> None:
    result = run("whatif", "tax", "file-return")
    assert result.exit_code == 0
    assert '- "in_person" would make it P1.C2, tier 2: ' in result.stdout
    answer = json.loads(run("whatif", "tax", "file-return", "--json").stdout)
    assert answer["lowered_by"] == [
        {"mitigation": "in_person", "identity": "P1", "sign_in": "C2", "tier": 2}
    ]
    assert answer["raised_without"] == []
    assert run("whatif", "tax", "pay").exit_code == 2
