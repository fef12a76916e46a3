"""What the kinds of evidence prove together: all 64 combinations of the list are tried."""

from datetime import date
from itertools import combinations

import pytest

from idp.assurance.policy import load_policies
from idp.assurance.profiles import level_proved
from idp.policy.files import packaged_directory

REGISTER, EMAIL, TEXT = "register-match", "contact-email", "contact-text"
DOCUMENT, FRAUD, VISIT = "document-check", "fraud-check", "counter-visit"
ALL = [REGISTER, EMAIL, TEXT, DOCUMENT, FRAUD, VISIT]
EVERY = [set(chosen) for n in range(len(ALL) + 1) for chosen in combinations(ALL, n)]


@pytest.fixture
def proved(sample):
    """The identity level that some kinds reach under the policies of the package."""
    return lambda *held: level_proved(held, sample.evidence, sample.profiles)


def test_these_are_the_kinds_on_the_list(sample) -> None:
    assert list(sample.evidence) == [REGISTER, EMAIL, TEXT, DOCUMENT, FRAUD, VISIT]


def test_what_a_housemate_has_too_never_proves_who_somebody_is(proved) -> None:
    """Number, name, birthday, the family's mailbox and the phone on the table: never P2."""
    assert proved(REGISTER, EMAIL) < 2
    assert proved(REGISTER, TEXT) < 2
    assert proved(REGISTER, EMAIL, TEXT) < 2
    assert proved(REGISTER, EMAIL, TEXT, FRAUD) == 1


def test_nothing_without_a_document_or_a_visit_reaches_p2(proved) -> None:
    for held in EVERY:
        if not held & {DOCUMENT, VISIT}:
            assert proved(*held) < 2, held


def test_a_document_with_a_fraud_check_reaches_p2_but_not_p3(proved) -> None:
    assert proved(REGISTER, DOCUMENT, FRAUD) == 2
    assert proved(REGISTER, DOCUMENT, FRAUD, EMAIL, TEXT) == 2


def test_a_document_without_a_fraud_check_does_not_reach_p2(proved) -> None:
    assert proved(REGISTER, DOCUMENT) == 1
    assert proved(REGISTER, DOCUMENT, EMAIL, TEXT) == 1


def test_a_visit_to_a_counter_reaches_p2_and_with_a_fraud_check_p3(proved) -> None:
    assert proved(REGISTER, VISIT) == 2
    assert proved(REGISTER, VISIT, FRAUD) == 3


def test_nothing_counts_for_somebody_whom_the_register_does_not_know(proved) -> None:
    for held in EVERY:
        if REGISTER not in held:
            assert proved(*held) == 0, held


def test_one_more_kind_never_proves_less_and_an_unknown_one_nothing(proved) -> None:
    for held in EVERY:
        for more in ALL:
            assert proved(*held, more) >= proved(*held)
        assert proved(*held, "horoscope") == proved(*held)


def test_a_kind_passed_twice_counts_once(proved) -> None:
    for held in EVERY:
        assert proved(*held, *held) == proved(*held)


def test_a_withdrawn_kind_scores_nothing(spoil) -> None:
    whole = (packaged_directory() / "evidence.toml").read_text()
    head, _, tail = whole.partition('id = "document-check"')
    (folder := spoil("evidence.toml")).joinpath("evidence.toml").write_text(
        head + 'id = "document-check"' + tail.replace('"approved"', '"withdrawn"', 1)
    )
    loaded = load_policies(folder, date(2026, 12, 1), fallback=packaged_directory())
    assert not loaded.evidence[DOCUMENT].usable
    everything = [REGISTER, EMAIL, TEXT, DOCUMENT, FRAUD]
    assert level_proved(everything, loaded.evidence, loaded.profiles) == 1


def test_past_its_review_date_a_kind_falls_one_status_and_restricted_ones_count_no_more() -> None:
    later = load_policies(packaged_directory(), date(2027, 11, 23))
    assert later.evidence[TEXT].status == "withdrawn"
    assert later.evidence[EMAIL].status == "restricted"
    assert level_proved([REGISTER, TEXT, FRAUD], later.evidence, later.profiles) == 0
    assert level_proved([REGISTER, EMAIL, FRAUD], later.evidence, later.profiles) == 1
    noted = [note.place for note in later.notes if note.file == "evidence.toml"]
    assert noted == [f'kind "{kind}"' for kind in ALL]


def test_the_most_that_anybody_can_prove_is_worked_out_once(sample, spoil) -> None:
    assert sample.provable == 3
    (folder := spoil("evidence.toml")).joinpath("evidence.toml").write_text(
        (packaged_directory() / "evidence.toml").read_text().split('[[kind]]\nid = "counter-')[0]
    )
    loaded = load_policies(folder, date(2026, 12, 1), fallback=packaged_directory())
    assert loaded.provable == 2


def test_each_kind_tells_a_person_what_was_done_in_plain_words(sample) -> None:
    for kind in sample.evidence.values():
        assert kind.citizen_text.endswith("."), kind.id
        for word in ("tier", "level", "P2", "verification", "credential"):
            assert word not in kind.citizen_text, kind.id


def test_a_change_of_the_evidence_changes_the_fingerprint(spoil, sample) -> None:
    folder = spoil("evidence.toml", ("{ fraud = 1 }", "{ fraud = 2 }"))
    changed = load_policies(folder, date(2026, 12, 1), fallback=packaged_directory())
    assert changed.fingerprint != sample.fingerprint


def test_levels_of_an_earlier_release_are_refused_with_one_thing_to_do(spoil, problems) -> None:
    text = (packaged_directory() / "levels.toml").read_text()
    start, end = text.index("[[profile]]"), text.index("# --- Aliases")
    folder = spoil("levels.toml", (text[start:end], ""))
    assert problems(folder) == [
        "levels.toml: profile: There is no [[profile]]. Copy them from the levels.toml of this "
        "release."
    ]
