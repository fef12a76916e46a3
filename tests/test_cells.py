"""A CSV file of ours does nothing in a spreadsheet, and comes back as it was written."""

import ast
import csv
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import idp
from idp.cells import STARTS, guarded, line, plain
from idp.register.reading import split

TEXT = st.text(alphabet=st.characters(exclude_characters="\n"), max_size=8)
CELL = TEXT | st.tuples(st.sampled_from(["", "'", "''"]), st.sampled_from(STARTS), TEXT).map(
    "".join
)


@given(st.lists(CELL, min_size=1, max_size=5))
@example(["=1+1", "'=1+1", "''@x", "'t Hooft", "O'Brien", "+447700900123", "a\r=1", "\t=1", "a,=1"])
def test_what_was_written_is_read_as_it_was(cells: list[str]) -> None:
    cells = [cell.replace("\n", "") for cell in cells]
    written = line(cells)
    assert written.count("\n") == 1
    assert split(written.removesuffix("\n")) == cells
    assert line(split(written.removesuffix("\n"))) == written, "and again, with no more apostrophes"


@given(st.lists(CELL, min_size=1, max_size=5))
@example(['x"\r=1', 'x"\r@1,=2', "x,-1", "\n=1"])
def test_no_cell_begins_like_a_formula_where_a_spreadsheet_opens_it(cells: list[str]) -> None:
    """As one that ends a line at a carriage return too."""
    for opened in csv.reader([line(cells)]):
        assert not [cell for cell in opened if cell[:1] in STARTS and cell]


@pytest.mark.parametrize("cell", ["", "'", "O'Brien", "'t Hooft", "a=1", "1-2", "''"])
def test_what_is_no_formula_stays_as_it_is(cell: str) -> None:
    assert plain(cell) == guarded(cell) == cell


def test_nothing_else_in_the_house_writes_csv() -> None:
    """One rule, one place: whoever writes another way writes formulas."""
    writes = [
        path.name
        for path in Path(idp.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"writer", "DictWriter"}
        and isinstance(node.value, ast.Name) and node.value.id == "csv"
    ]  # fmt: skip
    assert writes == ["cells.py"]
