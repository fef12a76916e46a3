"""risk.toml: what it may say, what it says when it says nothing, and every way to get it wrong."""

from dataclasses import fields
from datetime import date

import pytest

from idp.assurance.policy import load_policies
from idp.assurance.risk_rules import RiskRules, Thresholds
from idp.policy.files import packaged_directory

TODAY = date(2026, 12, 1)
OF_THE_MODEL = """
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
rows = [ { up_to = 1 }, { up_to = 10, identity = 2, sign_in = 2 }, { up_to = 100, identity = 2, sign_in = 2, org = 1 }, { up_to = 1000, identity = 2, sign_in = 3, org = 2 }, { up_to = 10000, identity = 2, sign_in = 3, device_bound = true, org = 2 }, { identity = 2, sign_in = 3, device_bound = true, org = 3, two_people = ["payment-details"] } ]
[acknowledge_lowering]
# "vat-return/submit" = "Known account check live since 1 Nov, signed A. Officer"
"""  # noqa: E501


def loaded(folder, text: str) -> RiskRules:
    (folder / "risk.toml").write_text(text)
    return load_policies(folder, TODAY, fallback=packaged_directory()).risk


def test_the_sample_of_the_model_loads_as_it_stands(tmp_path) -> None:
    assert loaded(tmp_path, OF_THE_MODEL) == RiskRules()


def test_an_empty_file_and_the_packaged_one_say_the_same(tmp_path, sample) -> None:
    assert loaded(tmp_path, "") == sample.risk == RiskRules()
    assert not sample.risk.enforced


def test_every_number_of_the_file_reaches_the_rules(tmp_path) -> None:
    rules = loaded(
        tmp_path,
        """enforce = "on"
[thresholds]
prior = 0.001
prior_in_wave = 0.002
blocks_attacks = 0.9
cost_step_up = 1
cost_defer = 60
cost_refuse = 600
loss = { C1 = 10, C2 = 100, C3 = 2000 }
fixed.C3 = { step_up = -10, defer = -9.5, refuse = -9 }
[history]
half_life_days = 90
half_life_by_service = { tax = 10 }
min_logins_for_shortcut = 4
shortcut_days = 5
forget_below = 0.1
rows_at_most = 9
smallest_group = 10
[network]
copycat = [0.5, 0.5, 0]
trust_speed = [1, 2, 3]
addresses_in_a_network = 7
attack_countries = 8
[browser]
copycat = [1, 0, 0, 0]
trust_speed = [1, 2, 3, 4]
agents_of_a_browser = 9
[token]
present = -1
absent = 1
[signals]
impossible_travel = 1
hosting = 2
failed_each = 1
failed_at_most = 2
[agents]
rows = [{ sign_in = 1 }]
reach_nats_at_most = 1
bulk_rate_times = 2
bulk_alarm = 3
bulk_usual_person = 2
bulk_usual_member = 5
bulk_usual_software = 21
bulk_usual_machine = 201
bulk_hour_at_most = 241
bulk_hour_at_most_machine = 1001
bulk_wait_seconds = 61
[acknowledge_lowering]
"tax/file-return" = "signed"
""",
    )
    first = RiskRules()
    same = [f.name for f in fields(rules) if getattr(rules, f.name) == getattr(first, f.name)]
    assert same == []
    assert rules.fixed == {3: Thresholds(step_up=-10, defer=-9.5, refuse=-9)}
    assert (rules.half_life_for("tax"), rules.half_life_for("library")) == (10, 90)


def test_what_the_file_says_is_in_the_fingerprint(tmp_path, sample) -> None:
    text = (packaged_directory() / "risk.toml").read_text()
    (tmp_path / "risk.toml").write_text("# only a comment more\n" + text)
    same = load_policies(tmp_path, TODAY, fallback=packaged_directory())
    (tmp_path / "risk.toml").write_text(text.replace('"shadow"', '"on"'))
    other = load_policies(tmp_path, TODAY, fallback=packaged_directory())
    # The word stands in a comment too, so the value must have changed for this to hold.
    assert same.fingerprint == sample.fingerprint
    assert other.risk.enforced
    assert other.fingerprint != sample.fingerprint


# what is replaced in the packaged file, by what, parts of the line that must be said
BROKEN = {
    "a misspelt key": (
        "cost_defer = 50 ", "cost_defre = 50 ",
        ["thresholds > cost_defre", 'Did you mean "cost_defer"?']),
    "a misspelt table": ("[signals]", "[singals]", ["singals", 'Did you mean "signals"?']),
    "a word that is no way to enforce": (
        'enforce = "shadow"', 'enforce = "off"', ["enforce", "is not one of shadow or on"]),
    "true for on": ('enforce = "shadow"', "enforce = true", ["enforce", "shadow or on"]),
    "weights that do not sum to 1": (
        "[0.05, 0.25, 0.70]", "[0.05, 0.25, 0.60]",
        ["network > copycat", "must sum to 1; they sum to 0.9"]),
    "a weight below 0": (
        "[0.05, 0.15, 0.20, 0.60]", "[-0.05, 0.25, 0.20, 0.60]",
        ["browser > copycat", "at least 0"]),
    "a weight too few": (
        "[0.05, 0.15, 0.20, 0.60]", "[0.05, 0.15, 0.80]",
        ["browser > copycat", "4 numbers, for agent, browser, system, device; it has 3"]),
    "no speed of trust": (
        "trust_speed = [3, 5, 5]", "trust_speed = [3, 0, 5]",
        ["network > trust_speed", "more than 0"]),
    "a speed too many": (
        "trust_speed = [3, 5, 5]", "trust_speed = [3, 5, 5, 5]",
        ["network > trust_speed", "3 numbers"]),
    "a number in quotation marks": (
        "prior = 0.0001 ", 'prior = "0.0001" ', ["thresholds > prior", "a number"]),
    "no number at all": ("prior = 0.0001 ", "prior = nan ", ["thresholds > prior"]),
    "an endless cost": ("cost_defer = 50 ", "cost_defer = inf ", ["thresholds > cost_defer"]),
    "a wave that calms": (
        "prior_in_wave = 0.001 ", "prior_in_wave = 0.00001 ",
        ["thresholds > prior_in_wave", "at least prior"]),
    "a loss that does not rise": (
        "C2 = 1000,", "C2 = 100,", ["thresholds > loss", "must rise"]),
    "deferring before stepping up": (
        "cost_defer = 50 ", "cost_defer = 0.2 ",
        ["thresholds", "At C1 a step-up must come before deferring", "3.27, 3.05 and 10.87"]),
    "refusing before deferring": (
        "cost_refuse = 500 ", "cost_refuse = 50 ", ["deferring and that before refusing"]),
    "a fixed level that comes later than a lower one": (
        "# fixed.C3 = { step_up = -2.5", "fixed.C3 = { step_up = 1",
        ["thresholds", "step_up must come sooner at C3 than at C2"]),
    "a fixed level that leaves something out": (
        "# fixed.C3 = { step_up = -2.5, ", "fixed.C3 = { ",
        ["thresholds > fixed > C3 > step_up", "missing"]),
    "a signal that calms": ("hosting = 1 ", "hosting = -1 ", ["signals > hosting", "at least 0"]),
    "a device that warns by being there": (
        "present = -6.75", "present = 6.75", ["token > present", "at most 0"]),
    "a device that calms by not being there": (
        "absent = 1.90 ", "absent = -1.90 ", ["token > absent", "at least 0"]),
    "rows out of order": (
        "up_to = 100,", "up_to = 5,", ["agents > rows", "rising order of up_to"]),
    "a bound for everybody": (
        "    { identity = 2, sign_in = 3, device_bound = true, org = 3",
        "    { up_to = 20000, identity = 2, sign_in = 3, device_bound = true, org = 3",
        ["agents > rows", "last row must have no up_to"]),
    "no bound in the middle": (
        "up_to = 100,", "", ["agents > rows", "Only the last row may have no up_to"]),
    "more reach for less": (
        "up_to = 1000, identity = 2, sign_in = 3", "up_to = 1000, identity = 2, sign_in = 1",
        ["agents > rows number 4 in the list", "sign_in asks for less"]),
    "a key of the device dropped": (
        "{ identity = 2, sign_in = 3, device_bound = true, org = 3",
        "{ identity = 2, sign_in = 3, org = 3",
        ["agents > rows number 6 in the list", "device_bound asks for less"]),
    "a first pace beyond the ceiling": (
        "bulk_usual_member = 4", "bulk_usual_member = 241",
        ["agents > bulk_usual_member", "more than anybody may open in an hour, which is 240"]),
    "an acknowledgement of nothing": (
        '# "vat-return/submit" = ', '"vat-return" = ', ["acknowledge_lowering"]),
    "an acknowledgement without a reason": (
        '# "vat-return/submit" = "Known account check live since 1 Nov, signed A. Officer"',
        '"vat-return/submit" = ""', ["acknowledge_lowering", "must not be empty"]),
    "no list where one belongs": (
        "trust_speed = [3, 5, 5]", "trust_speed = 3", ["network > trust_speed", "a list"]),
    "a day that is not one": (
        "review_by = 2027-11-22", 'review_by = "soon"', ["meta > review_by", "a date"]),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN)
def test_a_wrong_file_is_refused_in_a_sentence_that_names_the_place(what, spoil, problems) -> None:
    old, new, said = BROKEN[what]
    lines = problems(spoil("risk.toml", (old, new)))
    assert all(line.startswith("risk.toml") for line in lines), lines
    assert any(all(part in line for part in said) for line in lines), lines


def test_everything_wrong_is_told_at_once_and_nothing_that_only_follows(spoil, problems) -> None:
    folder = spoil(
        "risk.toml",
        ("hosting = 1 ", "hostign = 1 "),
        ("trust_speed = [3, 5, 5]", 'trust_speed = [3, "5", 5]'),
        ("[0.05, 0.15, 0.20, 0.60]", "[0.05, 0.15, 0.20, 0.50]"),
    )
    lines = problems(folder)
    assert len(lines) == 3
    for word in ("hosting", "network", "sum to 1"):
        assert any(word in line for line in lines), word
