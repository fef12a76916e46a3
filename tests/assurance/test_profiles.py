"""The 32 profiles of GPG 45, held against a second copy of the table, and what must hold."""

from dataclasses import fields, replace
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.policy import load_policies
from idp.assurance.profiles import Scores, identity_level
from idp.policy.files import packaged_directory

# As GOV.UK One Login's source has them: items as strength and validity | activity, fraud,
# verification. Written another way than levels.toml, so that one slip does not stand in both.
TABLE = """
L1A 22|0,1,1           L1B 32|0,0,1           L1C 11|3,2,2           L2A 11,11|2,1,2
L2B 11,11|2,2,1        L3A 11,11,11|2,1,1     M1A 42|0,1,2           M1B 32|1,2,2
M1C 33|0,0,3           M1D 22|2,1,3           M2A 22,22|3,2,2        M2B 32,22|1,1,2
M2C 32,22|0,1,3        M3A 22,22,22|2,2,2     H1A 43|0,1,3           H1B 33|2,1,3
H1C 43|0,0,4           H2A 22,22|3,2,3        H2B 42,32|0,2,3        H2C 33,22|1,1,3
H2D 33,22|0,1,3        H2E 43,33|0,0,3        H3A 22,22,22|2,2,3     V1A 43|0,3,3
V1B 44|0,1,3           V1C 43|1,1,4           V1D 44|0,0,4           V2A 33,33|3,2,3
V2B 43,33|0,2,3        V2C 43,22|2,2,3        V2D 44,44|0,0,3        V3A 33,22,22|3,3,3
"""
LEVEL = {"L": 1, "M": 2, "H": 3, "V": 3}
ROWS = dict(zip(TABLE.split()[::2], TABLE.split()[1::2], strict=True))
PARTS = [part.name for part in fields(Scores)]
PROFILES = load_policies(packaged_directory(), date(2026, 12, 1)).profiles
scores = st.builds(Scores, **{part: st.integers(0, 4) for part in PARTS})
evidence = st.lists(scores, max_size=5)


def exactly(row: str) -> list[Scores]:
    """Evidence that fills a row of the table with nothing to spare."""
    items, rest = ROWS[row].split("|")
    activity, fraud, verification = map(int, rest.split(","))
    pieces = [Scores(strength=int(i[0]), validity=int(i[1])) for i in items.split(",")]
    whole = replace(pieces[-1], activity=activity, fraud=fraud, verification=verification)
    return [*pieces[:-1], whole]


def test_the_table_in_the_policy_is_the_published_one() -> None:
    said = {
        profile.id: ",".join(f"{s}{v}" for s, v in profile.items)
        + f"|{profile.activity},{profile.fraud},{profile.verification}"
        for profile in PROFILES
    }
    assert said == ROWS
    assert len(ROWS) == 32
    assert {profile.id: profile.level for profile in PROFILES} == {r: LEVEL[r[0]] for r in ROWS}


@pytest.mark.parametrize("row", ROWS)
def test_evidence_that_fills_a_row_reaches_its_level_in_any_order(row) -> None:
    (profile,) = [profile for profile in PROFILES if profile.id == row]
    for held in permutations(exactly(row)):
        assert profile.met_by(held)
        assert identity_level(held, PROFILES) >= LEVEL[row[0]]


@pytest.mark.parametrize("row", ROWS)
def test_one_point_less_in_any_part_does_not_fill_the_row(row) -> None:
    (profile,) = [profile for profile in PROFILES if profile.id == row]
    held = exactly(row)
    for place, piece in enumerate(held):
        for part in PARTS:
            if (value := getattr(piece, part)) > 0:
                less = [*held[:place], replace(piece, **{part: value - 1}), *held[place + 1 :]]
                assert not profile.met_by(less), (row, part)
    assert not profile.met_by(held[1:]), "a piece fewer"


def test_one_piece_never_fills_two_items() -> None:
    (two,) = [profile for profile in PROFILES if profile.id == "H2E"]  # items 43 and 33
    strong = Scores(strength=4, validity=4, verification=4)
    assert not two.met_by([strong])
    assert two.met_by([strong, Scores(strength=3, validity=3)])


def test_a_piece_that_fits_two_items_leaves_the_other_to_the_piece_that_fits_one() -> None:
    (two,) = [profile for profile in PROFILES if profile.id == "M2C"]  # items 32 and 22
    either, only_second = Scores(strength=3, validity=2), Scores(strength=2, validity=2)
    rest = Scores(fraud=1, verification=3)
    for held in permutations([either, only_second, rest]):
        assert two.met_by(held)


@given(evidence, scores)
def test_more_evidence_never_proves_less(held, more) -> None:
    assert identity_level([*held, more], PROFILES) >= identity_level(held, PROFILES)


@given(st.lists(scores, min_size=1, max_size=5), st.data())
def test_stronger_evidence_never_proves_less(held, data) -> None:
    place = data.draw(st.integers(0, len(held) - 1))
    part = data.draw(st.sampled_from(PARTS))
    better = replace(held[place], **{part: min(4, getattr(held[place], part) + 1)})
    changed = [*held[:place], better, *held[place + 1 :]]
    assert identity_level(changed, PROFILES) >= identity_level(held, PROFILES)


@given(evidence.flatmap(lambda held: st.tuples(st.just(held), st.permutations(held))))
def test_the_order_in_which_evidence_came_does_not_matter(both) -> None:
    held, turned = both
    assert identity_level(held, PROFILES) == identity_level(turned, PROFILES)


def test_no_evidence_proves_nothing() -> None:
    assert identity_level([], PROFILES) == 0
    assert identity_level([Scores()], PROFILES) == 0
