"""The policies that come with Gatehouse, and what the house asks of a loaded set."""

import tomllib
from datetime import date

import pytest

from idp.assurance.harms import WORDS
from idp.assurance.policy import NotAssessed, load_policies
from idp.assurance.rules import Level
from idp.policy.files import packaged_directory
from idp.policy.rules import PolicyProblems

TODAY = date(2026, 12, 1)


@pytest.mark.parametrize(
    ("client_id", "action", "pair", "tier"),
    [
        ("library", "borrow-books", "P1.C1", 1),
        ("tax", "file-return", "P2.C2", 2),
        ("account", "manage-account", "P0.C2", 2),
    ],
)
def test_the_samples_come_out_where_they_should(client_id, action, pair, tier, sample) -> None:
    assessment = sample.assessment(client_id, action)
    assert (str(assessment.level), assessment.tier) == (pair, tier)
    assert str(sample.floor(client_id)) == pair
    assert assessment.reasons
    assert not sample.notes
    assert not sample.overdue


def test_any_one_answer_of_the_library_made_serious_asks_for_the_code_and_no_more_proof() -> None:
    """The comment says "try it"; somebody may try another line than the one we thought of."""
    text = (packaged_directory() / "services.toml").read_text()
    start, end = text.index('client_id = "library"'), text.index('client_id = "tax"')
    library = text[start:end].splitlines()
    answers = [n for n, line in enumerate(library) if " = 1" in line and "shut_out" not in line]
    assert len(answers) == 6
    assert "Try it: make this 3" in next(library[n] for n in answers if "Try it" in library[n])


@pytest.mark.parametrize("number", range(6))
def test_each_flipped_answer_leads_to_two_checks(number, tmp_path) -> None:
    text = (packaged_directory() / "services.toml").read_text()
    start, end = text.index('client_id = "library"'), text.index('client_id = "tax"')
    lines = text[start:end].splitlines()
    answers = [n for n, line in enumerate(lines) if " = 1" in line and "shut_out" not in line]
    lines[answers[number]] = lines[answers[number]].replace(" = 1", " = 3", 1)
    (tmp_path / "services.toml").write_text(text[:start] + "\n".join(lines) + "\n" + text[end:])
    floor = load_policies(tmp_path, TODAY, fallback=packaged_directory()).floor("library")
    assert floor.sign_in == 2
    assert floor.identity <= 2


def test_a_service_asks_for_the_most_of_all_its_actions(spoil) -> None:
    more = """[[service.action]]
id = "join-reading-group"
wrong_person = { privacy = 2 }
taken_over = { }

[[service]]
client_id = "tax\""""
    folder = spoil("services.toml", ('[[service]]\nclient_id = "tax"', more))
    loaded = load_policies(folder, TODAY, fallback=packaged_directory())
    assert str(loaded.assessment("library", "borrow-books").level) == "P1.C1"
    assert str(loaded.floor("library")) == "P2.C2"


def test_a_client_nobody_assessed_runs_at_tier_2(sample) -> None:
    assert sample.floor("nobody-knows-it") == Level(identity=2, sign_in=2)
    assert sample.service("nobody-knows-it") is None


def test_asking_for_what_is_not_assessed_says_what_is(sample) -> None:
    with pytest.raises(NotAssessed, match="Services: account, library, tax, vehicles"):
        sample.assessment("libary", "borrow-books")
    with pytest.raises(NotAssessed, match="Actions: borrow-books"):
        sample.assessment("library", "sell-books")


def test_the_worked_example_of_the_design_comes_out_at_tier_2(tmp_path) -> None:
    """services.toml as risk-model.md section 3 shows it, inline tables and all."""
    (tmp_path / "services.toml").write_text("""
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
[service.action.override]
sign_in = 3
reason = "Trial"
owner = "Policy"
until = 2027-01-31
""")
    loaded = load_policies(tmp_path, TODAY, fallback=packaged_directory())
    assert str(loaded.floor("self-assessment")) == "P2.C3"


def test_the_method_entry_of_the_design_is_read_as_it_stands(spoil) -> None:
    folder = spoil("methods.toml", ('"sms-code"', '"text-code"'), ('"sms-code"', '"text-code"'))
    with (folder / "methods.toml").open("a") as file:
        file.write("""
[[method]]
id = "sms-code"
name = "Code by text message"
factor = "possession"
gives = { alone = 0, second = 2 }
status = "restricted"           # approved, common, restricted, withdrawn
since = 2026-11-22
review_by = 2027-05-22
why = "Phone numbers can be taken over; kept for people without an app."
conditions = ["not within 72 hours of a number move", "not for staff or agents"]
blocks_attacks = 0.76
source = "NIST SP 800-63B-4; Google account hygiene study 2019"
[[certificate]]
body = "Example Borough Council"
method = "sms-code"
assessor = "..."
until = 2027-03-31
""")
    loaded = load_policies(folder, TODAY, fallback=packaged_directory())
    assert loaded.methods["sms-code"].usable


def test_the_levels_carry_all_32_profiles_of_gpg_45_once() -> None:
    content = tomllib.loads((packaged_directory() / "levels.toml").read_text())
    profiles = [p for entry in content["identity"] for p in entry.get("profiles", [])]
    assert len(profiles) == len(set(profiles)) == 32


def test_the_methods_the_house_checks_are_on_the_list(sample) -> None:
    assert {"password", "one-time-code"} <= set(sample.methods)
    assert not sample.methods["knowledge-questions"].usable


def test_a_file_the_folder_lacks_comes_from_the_fallback_or_is_missing(spoil, sample) -> None:
    folder = spoil("services.toml")
    loaded = load_policies(folder, TODAY, fallback=packaged_directory())
    assert loaded.fingerprint == sample.fingerprint
    with pytest.raises(PolicyProblems) as failure:
        load_policies(folder, TODAY)
    assert [(p.file, p.sentence) for p in failure.value.problems] == [
        ("levels.toml", "This file is missing."),
        ("methods.toml", "This file is missing."),
        ("evidence.toml", "This file is missing."),
        ("names.toml", "This file is missing."),
        ("risk.toml", "This file is missing."),
        ("examples.toml", "This file is missing."),
        ("experts.toml", "This file is missing."),
        ("powers.toml", "This file is missing."),
    ]


def test_the_fingerprint_changes_with_what_is_said_not_with_how(spoil, sample) -> None:
    def mark(*changes) -> str:
        folder = spoil("services.toml", *changes)
        return load_policies(folder, TODAY, fallback=packaged_directory()).fingerprint

    assert mark(("privacy = 1   ", "privacy   =   1 # ")) == sample.fingerprint
    assert mark(("privacy = 1", "privacy = 2")) != sample.fingerprint


def test_the_bands_that_come_with_gatehouse_are_those_of_the_model(sample) -> None:
    assert sample.tables.words == WORDS
    assert WORDS["money_public"][1] == (
        "less than £1,000 lost in a case",
        "£1,000 to £25,000 lost in a case",
        "£25,000 to £1m lost in a case",
        "more than £1m lost in a case",
    )


def test_a_changed_band_changes_the_words_and_no_level(spoil, sample) -> None:
    folder = spoil("levels.toml", ("upper = [1000, 25000, 1000000]", "upper = [2000, 3000, 4000]"))
    changed = load_policies(folder, TODAY, fallback=packaged_directory())
    assert "less than £2,000 lost in a case" in " ".join(
        changed.assessment("library", "borrow-books").reasons
    )
    for service, actions in sample.assessments.items():
        for action, before in actions.items():
            assert changed.assessment(service, action).level == before.level
    assert changed.fingerprint != sample.fingerprint
