"""From answers to a level: the tables in full, more risk never gives less, and golden examples."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.assurance.assessment import Mitigation, Override, Questionnaire, assess
from idp.assurance.harms import CATEGORIES, MITIGATIONS, WORDS, Tables, money_words
from idp.assurance.rules import Level, Levels

TODAY = date(2026, 12, 1)
EXAMPLES = max(300, settings().max_examples)
LEVELS = Levels(
    tiers={n: Level(identity=n, sign_in=n) for n in range(4)}, coupling={1: 1, 2: 2, 3: 2}
)
UNCOUPLED = replace(LEVELS, coupling={})
# T2 of risk-model.md, typed from the document and not taken from the code.
T2 = {
    "distress": ("00123", "01123"),
    "money_person": ("01233", "01223"),
    "money_public": ("01223", "01223"),
    "privacy": ("01233", "01223"),
    "safety": ("01233", "01233"),
    "service": ("00123", "00123"),
    "legal": ("01223", "01223"),
}
# T3: category -> steps (wrong person, taken over).
MONEY_1 = {"money_person": (1, 1), "money_public": (1, 1)}
T3 = {
    "own_card": MONEY_1,
    "known_account": {"money_person": (2, 2), "money_public": (2, 2)},
    "deferred": {**MONEY_1, "legal": (1, 1)},
    "notice": {"distress": (1, 1), "legal": (0, 1), "money_person": (0, 1)},
    "later_check": {"money_public": (2, 1), "legal": (2, 1), "service": (2, 1)},
    "in_person": {
        "money_public": (2, 0), "legal": (2, 1), "service": (2, 1), "privacy": (1, 0),
        "safety": (1, 1),
    },
    "no_read_back": {"privacy": (2, 2)},
    "masked": {"privacy": (1, 1)},
    "reversible": {"distress": (1, 1), "service": (1, 1), "legal": (1, 1)},
    "value_cap": MONEY_1,
    "letter_ref": {"privacy": (1, 1), "distress": (1, 1)},
}  # fmt: skip


def standing(kind: str) -> Mitigation:
    return Mitigation(kind=kind, evidence="it is so", owner="a team", review_by=TODAY)


def ask(wrong=None, taken=None, levels=LEVELS, **more):
    asked = Questionnaire(wrong_person=wrong or {}, taken_over=taken or {}, **more)
    return assess(asked, levels=levels, today=TODAY)


def level(wrong=None, taken=None, levels=LEVELS, **more) -> str:
    return str(ask(wrong, taken, levels, **more).level)


def test_every_cell_of_the_table_gives_its_level() -> None:
    for category, (identity, sign_in) in T2.items():
        for severity in range(5):
            harm = {category: severity}
            got = level(harm, harm, UNCOUPLED)
            assert got == f"P{identity[severity]}.C{sign_in[severity]}", harm


def test_every_mitigation_takes_off_its_steps_in_every_cell() -> None:
    for kind, category in ((k, c) for k in T3 for c in CATEGORIES):
        wrong_steps, taken_steps = T3[kind].get(category, (0, 0))
        for severity in range(5):
            harm = {category: severity}
            got = level(harm, harm, UNCOUPLED, mitigations=[standing(kind)])
            identity = T2[category][0][max(0, severity - wrong_steps)]
            sign_in = T2[category][1][max(0, severity - taken_steps)]
            assert got == f"P{identity}.C{sign_in}", (kind, harm)


def test_all_mitigations_together_take_two_steps_off_and_one_off_safety() -> None:
    every = [standing(kind) for kind in MITIGATIONS]
    for category in CATEGORIES:
        most = 1 if category == "safety" else 2
        for severity in range(5):
            harm = {category: severity}
            left = max(0, severity - most)
            got = level(harm, harm, UNCOUPLED, mitigations=every)
            assert got == f"P{T2[category][0][left]}.C{T2[category][1][left]}", harm


def test_the_highest_category_decides() -> None:
    assert level({"distress": 2, "privacy": 3}, {"legal": 1, "safety": 3}) == "P3.C3"


def test_a_low_threat_lowers_distress_and_service_up_to_severity_2() -> None:
    for category in CATEGORIES:
        lowered = category in ("distress", "service")
        for severity in range(5):
            harm = {category: severity}
            off = 1 if lowered and severity <= 2 else 0
            identity, sign_in = (max(0, int(row[severity]) - off) for row in T2[category])
            assert level(harm, harm, UNCOUPLED, threat="low") == f"P{identity}.C{sign_in}", harm


def test_a_high_threat_raises_sign_in_for_money_from_severity_2() -> None:
    for category in CATEGORIES:
        for severity in range(5):
            harm = {category: severity}
            on = 1 if category.startswith("money") and severity >= 2 else 0
            identity, sign_in = (int(row[severity]) for row in T2[category])
            got = level(harm, harm, UNCOUPLED, threat="high")
            assert got == f"P{identity}.C{min(3, sign_in + on)}", harm


def test_under_a_high_threat_mitigations_take_one_step_off_money_only() -> None:
    harm = {"money_public": 3}
    known = [standing("known_account"), standing("own_card")]
    assert level(harm, harm, UNCOUPLED, mitigations=known) == "P1.C1"
    assert level(harm, harm, UNCOUPLED, mitigations=known, threat="high") == "P2.C3"
    private = {"privacy": 3}
    hidden = [standing("no_read_back")]
    assert level(private, private, UNCOUPLED, mitigations=hidden, threat="high") == "P1.C1"


@pytest.mark.parametrize(("identity", "least"), [(0, 0), (1, 1), (2, 2), (3, 2)])
def test_proof_needs_sign_in_that_keeps_it(identity, least) -> None:
    severity = {0: 0, 1: 1, 2: 2, 3: 3}[identity]
    result = ask({"privacy": severity})
    assert str(result.level) == f"P{identity}.C{least}"
    assert any("needs sign-in" in reason for reason in result.reasons) == bool(least)


def test_without_return_visits_and_identity_there_is_no_account() -> None:
    assert level({}, {"privacy": 3}, return_visits=False) == "P0.C0"
    assert level({"privacy": 1}, {"privacy": 3}, return_visits=False) == "P1.C2"
    assert level({}, {"privacy": 3}) == "P0.C2"


@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ({"owner": ""}, "no owner"),
        ({"owner": "  "}, "no owner"),
        ({"evidence": ""}, "no evidence"),
        ({"review_by": None}, "no review date"),
        ({"review_by": TODAY - timedelta(days=1)}, "review was due by 2026-11-30"),
    ],
)
def test_a_mitigation_nobody_stands_for_counts_as_nothing_and_is_listed(spoilt, why) -> None:
    weak = replace(standing("no_read_back"), **spoilt)
    result = ask({"privacy": 2}, {"privacy": 2}, mitigations=[weak])
    assert str(result.level) == "P2.C2"
    assert len(result.uncounted) == 1
    assert why in result.uncounted[0]
    assert result.uncounted[0] in result.reasons


def test_a_mitigation_listed_twice_counts_once() -> None:
    twice = [standing("masked"), standing("masked")]
    assert level({"privacy": 3}, {}, UNCOUPLED, mitigations=twice) == "P2.C0"


def test_an_override_fixes_what_it_names_until_its_last_day() -> None:
    exception = Override(sign_in=3, reason="fraud wave", owner="the board", until=TODAY)
    result = ask({"privacy": 1}, {"privacy": 1}, override=exception)
    assert str(result.level) == "P1.C3"
    assert "An override makes P1.C1 into P1.C3" in result.reasons[2]
    ended = replace(exception, until=TODAY - timedelta(days=1))
    result = ask({"privacy": 1}, {"privacy": 1}, override=ended)
    assert str(result.level) == "P1.C1"
    assert "no longer counts" in result.reasons[2]


def test_an_override_does_not_break_the_coupling() -> None:
    lower = Override(sign_in=1, reason="trial", owner="the board", until=TODAY)
    assert level({"privacy": 2}, {"privacy": 2}, override=lower) == "P2.C2"
    down = Override(identity=0, sign_in=1, reason="trial", owner="the board", until=TODAY)
    assert level({"privacy": 2}, {"privacy": 2}, override=down) == "P0.C1"


def test_money_bands_of_a_body_are_the_words_of_the_sentences() -> None:
    words = {**WORDS, "money_person": money_words("money_person", (50, 500, 1_500_000))}
    asked = Questionnaire(wrong_person={"money_person": 3}, taken_over={"money_person": 4})
    said = " ".join(assess(asked, levels=LEVELS, today=TODAY, tables=Tables(words=words)).reasons)
    assert "the person's money 3 (£500 to £1.5m lost)" in said
    assert "the person's money 4 (more than £1.5m or a home lost)" in said


def test_shutting_people_out_names_the_other_route_and_never_raises_a_level() -> None:
    for severity in range(5):
        result = ask({"privacy": 1}, {}, shut_out=severity, other_route="By telephone")
        assert str(result.level) == "P1.C1"
        assert ("By telephone" in result.reasons[-1]) == (severity >= 3)


def test_the_reasons_come_in_the_order_of_the_working() -> None:
    result = ask(
        {"privacy": 3, "distress": 2},
        {"money_public": 2},
        threat="low",
        mitigations=[standing("masked"), Mitigation(kind="notice")],
        override=Override(identity=3, reason="court", owner="the board", until=TODAY),
        shut_out=4,
        other_route="A counter",
    )
    starts = ["Identity P2: ", "Sign-in C2: ", 'The mitigation "masked" lowers privacy 3 to 2',
              'The mitigation "notice" counts as nothing', "The threat is low: distress asks",
              "An override makes P2.C2 into P3.C2", "Shutting out"]  # fmt: skip
    assert len(result.reasons) == len(starts)
    for reason, start in zip(result.reasons, starts, strict=True):
        assert reason.startswith(start)
        assert reason.endswith(".")


def test_the_rows_of_a_body_replace_ours() -> None:
    stricter = Tables(identity={**Tables().identity, "distress": (0, 3, 3, 3, 3)})
    asked = Questionnaire(wrong_person={"distress": 1}, taken_over={})
    result = assess(asked, levels=LEVELS, today=TODAY, tables=stricter)
    assert result.level.identity == 3


severities = st.fixed_dictionaries({category: st.integers(0, 4) for category in CATEGORIES})
questionnaires = st.builds(
    Questionnaire,
    wrong_person=severities,
    taken_over=severities,
    threat=st.sampled_from(["low", "normal", "high"]),
    return_visits=st.booleans(),
    mitigations=st.lists(st.sampled_from([standing(kind) for kind in MITIGATIONS]), max_size=5),
    shut_out=st.integers(0, 4),
    override=st.none()
    | st.builds(
        Override,
        identity=st.none() | st.integers(0, 3),
        sign_in=st.none() | st.integers(0, 3),
        reason=st.just("r"),
        owner=st.just("o"),
        until=st.sampled_from([TODAY, TODAY - timedelta(days=1)]),
    ),
)


def test_in_every_cell_more_risk_never_gives_a_lower_level() -> None:
    """Property (c) over the whole of T2: category, severity, threat and each mitigation."""
    threats = ("low", "normal", "high")

    def cell(category, severity, threat, kinds) -> Level:
        harm = {category: severity}
        standing_kinds = [standing(kind) for kind in kinds]
        return ask(harm, harm, threat=threat, mitigations=standing_kinds).level

    singles = [(), *((kind,) for kind in MITIGATIONS)]
    for category, severity, kinds in product(CATEGORIES, range(5), singles):
        levels = [cell(category, severity, threat, kinds) for threat in threats]
        where = (category, severity, kinds)
        assert levels[1].covers(levels[0]), where
        assert levels[2].covers(levels[1]), where
        for threat, here in zip(threats, levels, strict=True):
            assert cell(category, severity, threat, ()).covers(here), (*where, threat)
            if severity < 4:
                assert cell(category, severity + 1, threat, kinds).covers(here), (*where, threat)


@settings(max_examples=EXAMPLES, deadline=None)
@given(questionnaires, st.sampled_from(CATEGORIES), st.data())
def test_more_risk_never_gives_a_lower_level(asked, category, data) -> None:
    """Property (c): severity up, mitigation gone, threat up, people coming back."""
    before = assess(asked, levels=LEVELS, today=TODAY).level
    riskier = []
    for failure in ("wrong_person", "taken_over"):
        given_ = getattr(asked, failure)
        if given_[category] < 4:
            riskier.append(replace(asked, **{failure: {**given_, category: given_[category] + 1}}))
    if asked.threat != "high":
        riskier.append(replace(asked, threat={"low": "normal", "normal": "high"}[asked.threat]))
    if asked.mitigations:
        gone = data.draw(st.integers(0, len(asked.mitigations) - 1))
        rest = [m for n, m in enumerate(asked.mitigations) if n != gone]
        riskier.append(replace(asked, mitigations=rest))
    riskier.append(replace(asked, return_visits=True))
    for worse in riskier:
        assert assess(worse, levels=LEVELS, today=TODAY).level.covers(before), worse


@settings(max_examples=EXAMPLES, deadline=None)
@given(questionnaires)
def test_every_level_keeps_its_coupling_and_every_reason_is_a_sentence(asked) -> None:
    result = assess(asked, levels=LEVELS, today=TODAY)
    assert LEVELS.coupled(result.level) == result.level
    assert result.tier == max(result.level.identity, result.level.sign_in)
    assert all(r[0].isupper() and r.endswith(".") for r in result.reasons)
    assert assess(asked, levels=LEVELS, today=TODAY) == result
