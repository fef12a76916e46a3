"""The cells of a CSV file that may be opened in a spreadsheet. Pure.

A spreadsheet takes a cell that begins with one of `STARTS` for a formula, which may start a program
or send other cells away. So what we write has an apostrophe before such a cell, and what we read
loses that one apostrophe again: a file of ours is read as what was written.
Source: OWASP, CSV Injection.
"""

import csv
import io
import re
from collections.abc import Sequence

STARTS = "=+-@\t\r\n＝＋－＠"  # the last four are full-width
_FIRST = frozenset("'" + STARTS)
# With apostrophes before it, so that none is lost.
_FORMULA = re.compile(f"'*[{re.escape(STARTS)}]")
_GUARDED = re.compile(f"'+[{re.escape(STARTS)}]")
_END = "\r\n"


def guarded(cell: str) -> str:
    """A cell as it is written: none that begins like a formula."""
    return f"'{cell}" if cell[:1] in _FIRST and _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """A cell as it was before it was written; any other as it is."""
    return cell[1:] if _GUARDED.match(cell) else cell


def line(cells: Sequence[str]) -> str:
    """One line of a file, with its end. What could begin another line is in quotes."""
    text = io.StringIO()
    # The writer quotes what is in its line end: a lone carriage return begins a line, too.
    csv.writer(text, lineterminator=_END).writerow([guarded(cell) for cell in cells])
    return text.getvalue().removesuffix(_END) + "\n"
