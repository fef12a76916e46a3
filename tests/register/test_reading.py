"""A line of a file of people is a person, or is refused for a reason that can be mended."""

import csv
import io
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from idp.identifiers.rules import PREFIXES, Problem
from idp.register.reading import (
    COLUMNS,
    LINE_MAX_BYTES,
    MAX_CHARACTERS,
    HeaderProblem,
    PersonRow,
    RowReader,
    read_header,
)
from idp.register.reasons import EXPLANATIONS, Reason
from idp.register.rules import Name, Status

TODAY = date(2026, 1, 1)
READER = RowReader(COLUMNS, TODAY)
GOOD = {
    "number": "CS 10 07 00 A",
    "given_name": "Margaret",
    "family_name": "Hughes",
    "birth_date": "1951-03-14",
    "sex": "F",
    "earlier_names": "Jones; Mair|Pugh",
    "street_address": "12, Chapel Row",
    "locality": "Llanfair",
    "postal_code": "LL00 1AA",
    "country": "GB",
    "email": "margaret@example.test",
    "phone": "07700 900-123",
}


def written(**changes: str) -> bytes:
    text = io.StringIO()
    row = GOOD | changes
    csv.writer(text).writerow([row.get(name, "") for name in COLUMNS])
    return text.getvalue().encode()


def test_a_good_line_is_read_whole() -> None:
    assert READER.read(written()) == PersonRow(
        key="CS100700",
        number="CS100700A",
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1951, 3, 14),
        sex="female",
        earlier_names=(
            Name(given_name="Margaret", family_name="Jones"),
            Name(given_name="Mair", family_name="Pugh"),
        ),
        address={
            "street_address": "12, Chapel Row",
            "locality": "Llanfair",
            "postal_code": "LL00 1AA",
            "country": "GB",
        },
        email="margaret@example.test",
        phone="07700900123",
        status=None,
        died_on=None,
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"number": ""}, Problem.EMPTY),
        ({"number": "CS10070A"}, Problem.SHAPE),
        ({"number": "QQ123456C"}, Problem.PREFIX),
        ({"number": "CS100700E"}, Problem.SUFFIX),
        ({"number": "12A34567"}, Problem.TEMPORARY_REFERENCE),
        ({"given_name": " "}, Reason.NAME_MISSING),
        ({"family_name": ""}, Reason.NAME_MISSING),
        ({"birth_date": ""}, Reason.BIRTH_DATE),
        ({"birth_date": "14/03/1951"}, Reason.BIRTH_DATE),
        ({"birth_date": "19510314"}, Reason.BIRTH_DATE),
        ({"birth_date": "1951-W11-3"}, Reason.BIRTH_DATE),
        ({"birth_date": "1951-02-29"}, Reason.BIRTH_DATE),
        ({"birth_date": "1751-02-28"}, Reason.BIRTH_DATE),
        ({"birth_date": "2026-01-02"}, Reason.BIRTH_IN_FUTURE),
        ({"sex": "lady"}, Reason.SEX),
        ({"status": "gone"}, Reason.STATUS),
        ({"died_on": "2020"}, Reason.DEATH_DATE),
        ({"died_on": "1950-01-01"}, Reason.DEATH_DATE),
        ({"died_on": "2026-01-02"}, Reason.DEATH_DATE),
        ({"died_on": "2020-05-01", "status": "active"}, Reason.ALIVE_AND_DEAD),
        ({"earlier_names": "|Pugh|"}, Reason.EARLIER_NAMES),
        ({"earlier_names": "Jones;"}, Reason.EARLIER_NAMES),
        ({"email": "margaret at example.test"}, Reason.EMAIL),
        ({"phone": "ask next door"}, Reason.PHONE),
        ({"given_name": "Mar\x00garet"}, Reason.CONTROL_CHARACTER),
        ({"given_name": "Mar\tgaret"}, Reason.CONTROL_CHARACTER),
        ({"given_name": "Mar\u202egaret"}, Reason.CONTROL_CHARACTER),
        ({"given_name": "Mar\u200bgaret"}, Reason.CONTROL_CHARACTER),
        *[({name: "9" * (most + 1)}, Reason.FIELD_TOO_LONG) for name, most in
          MAX_CHARACTERS.items()],
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_says_why(
    changes: dict[str, str], reason: Reason | Problem
) -> None:
    assert READER.read(written(**changes)) is reason


def test_a_line_whose_form_is_broken_says_why() -> None:
    assert READER.read(b"CS100700A,Margaret\n") is Reason.COLUMN_COUNT
    assert READER.read(written().rstrip() + b",more\n") is Reason.COLUMN_COUNT
    assert READER.read(b'"CS100700A,Margaret\n') is Reason.QUOTES
    assert READER.read(written().replace(b"Margaret", b"Margar\xe9t")) is Reason.ENCODING
    assert READER.read(b"x" * (LINE_MAX_BYTES + 1)) is Reason.LINE_TOO_LONG


def test_every_reason_has_a_sentence_and_none_asks_for_more_than_there_is() -> None:
    assert set(EXPLANATIONS) == {*Reason, *Problem}
    assert all(text.endswith((".", "Pugh")) for text in EXPLANATIONS.values())


def test_a_day_of_death_alone_says_that_somebody_died() -> None:
    row = READER.read(written(died_on="2020-05-01"))
    assert isinstance(row, PersonRow)
    assert (row.status, row.died_on) == (Status.DEAD, date(2020, 5, 1))


def test_letters_written_in_two_parts_are_the_same_as_in_one() -> None:
    row = READER.read(written(given_name="Sia\u0302n"))
    assert isinstance(row, PersonRow)
    assert row.given_name == "Si\u00e2n"


def test_columns_may_stand_in_any_order_and_most_may_be_absent() -> None:
    header = read_header(b"\xef\xbb\xbffamily_name,Birth_Date, number,given_name\r\n")
    row = RowReader(header, TODAY).read(b"Hughes,1951-03-14,CS100700A,Margaret\r\n")
    assert isinstance(row, PersonRow)
    assert (row.family_name, row.email, row.address) == ("Hughes", "", {})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"number;given_name;family_name;birth_date", "divided by commas"),
        (b"number,given_name,family_name", "missing: birth_date"),
        (b"number,given_name,family_name,birth_date,shoe_size", "unknown columns: 'shoe_size'"),
        (b"number,given_name,family_name,birth_date,number", "twice"),
        (b"n\xff", "not UTF-8"),
        (b'"number', "quotation mark"),
        (b"", "missing"),
    ],
)
def test_a_first_line_that_names_no_columns_is_told_what_is_wrong(line: bytes, said: str) -> None:
    with pytest.raises(HeaderProblem, match=said):
        read_header(line)


@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(str.encode)))
@example(b"")
@example(b'"\r"\n')
def test_no_line_of_any_kind_is_an_error(line: bytes) -> None:
    assert READER.read(line) in set(EXPLANATIONS)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(
    prefix=st.sampled_from(sorted(PREFIXES)),
    digits=st.integers(0, 999_999),
    given_name=NAMES,
    family_name=NAMES,
    born=st.dates(date(1850, 1, 1), TODAY),
)
def test_whatever_a_good_writer_writes_is_read_back(
    prefix: str, digits: int, given_name: str, family_name: str, born: date
) -> None:
    """Quotes, commas and letters of all scripts among it."""
    number = f"{prefix}{digits:06d}"
    row = READER.read(
        written(
            number=number, given_name=given_name, family_name=family_name,
            birth_date=born.isoformat(),
        )
    )  # fmt: skip
    assert isinstance(row, PersonRow), row
    assert (row.key, row.birth_date) == (number, born)
    again = READER.read(
        written(number=number, given_name=row.given_name, family_name=row.family_name)
    )
    assert isinstance(again, PersonRow)
    assert (again.given_name, again.family_name) == (row.given_name, row.family_name)
