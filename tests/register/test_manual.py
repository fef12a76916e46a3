"""The operator's document says what the code says."""

from idp.register import businesses_file
from idp.register.reading import COLUMNS, MAX_CHARACTERS, REQUIRED
from idp.register.reasons import EXPLANATIONS
from tests.docs.documents import codes, named, table

MANUAL = named("operator-register.md")


def test_every_column_is_explained_with_its_limit() -> None:
    rows = table(MANUAL, "columns")
    assert [codes(row[0])[0] for row in rows] == list(COLUMNS)
    assert {codes(row[0])[0]: int(row[3]) for row in rows} == MAX_CHARACTERS
    assert tuple(codes(row[0])[0] for row in rows if row[1] == "yes") == REQUIRED


def test_every_reason_for_refusing_a_line_is_explained() -> None:
    named_there = [reason for row in table(MANUAL, "reasons") for reason in codes(row[0])]
    assert sorted(named_there) == sorted(map(str, EXPLANATIONS))


def test_every_column_of_a_file_of_businesses_is_explained_with_its_limit() -> None:
    rows = table(MANUAL, "business-columns")
    assert {codes(row[0])[0]: int(row[3]) for row in rows} == businesses_file.COLUMNS
    assert tuple(codes(row[0])[0] for row in rows if row[1] == "yes") == (
        businesses_file.TABLE.required
    )
