"""A made-up register is the same for a seed, can be imported, and knows who is who."""

import csv
import io
from collections import Counter
from datetime import date
from itertools import islice, pairwise

from idp.register import generating
from idp.register.reading import COLUMNS, PersonRow, RowReader

PEOPLE = list(generating.people(1, 10_000))


def read(one: generating.Fictional) -> PersonRow:
    line = io.StringIO()
    csv.writer(line).writerow(one.row)
    row = RowReader(COLUMNS, generating.TODAY).read(line.getvalue().encode())
    assert isinstance(row, PersonRow), (one, row)
    return row


def test_a_seed_makes_the_same_people_and_another_seed_others() -> None:
    assert PEOPLE[:500] == list(islice(generating.people(1, 10_000), 500))
    assert PEOPLE[:500] == list(generating.people(1, 500)), "however many are asked for"
    others = {one.row.number for one in generating.people(2, 500)}
    assert others.isdisjoint(one.row.number for one in PEOPLE)


def test_every_record_can_be_imported_and_no_number_comes_twice() -> None:
    rows = [read(one) for one in PEOPLE]
    assert len({row.key for row in rows}) == len(rows) == 10_000


def test_all_that_goes_wrong_in_real_registers_is_in_it() -> None:
    quirks = Counter(quirk for one in PEOPLE for quirk in one.quirks)
    assert set(quirks) == {
        "twin", "namesake", "married", "adopted", "misspelt", "day-and-month", "old-address",
        "dead", "duplicate", "no-contact", "short-form", "name-of-before", "loosely-spelt",
    }  # fmt: skip
    assert min(quirks.values()) >= 5, quirks


def test_twins_share_a_day_and_a_family_name_and_have_neighbouring_numbers() -> None:
    twins = [one for one in PEOPLE if "twin" in one.quirks and "duplicate" not in one.quirks]
    pairs = 0
    for one, other in pairwise(twins):
        if other.human == one.human + 1:
            pairs += 1
            assert one.claim.birth_date == other.claim.birth_date
            assert one.claim != other.claim, "two people never claim the same"
            assert abs(int(one.row.number[2:8]) - int(other.row.number[2:8])) <= 3
    assert pairs > 20


def test_a_record_kept_twice_is_one_human_with_two_numbers() -> None:
    records = Counter(one.human for one in PEOPLE)
    twice = [one for one in PEOPLE if "duplicate" in one.quirks]
    assert twice
    for one in twice:
        assert records[one.human] == 2
        (first,) = [other for other in PEOPLE if other.human == one.human and other is not one]
        assert first.row.number != one.row.number
        assert first.claim == one.claim
    assert {one.row.status for one in twice} >= {"duplicate", "active"}


def test_what_a_human_claims_is_true_even_where_the_record_is_not() -> None:
    for one in PEOPLE:
        true_day = one.claim.birth_date.isoformat() == one.row.birth_date
        assert true_day != ("day-and-month" in one.quirks)
        assert date.fromisoformat(one.row.birth_date) <= generating.TODAY


def test_nobody_real_is_written_to_or_rung_up() -> None:
    for one in PEOPLE:
        assert not one.row.email or one.row.email.endswith("@example.test")
        assert not one.row.phone or one.row.phone.startswith("07700 900")
