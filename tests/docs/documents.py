"""What the documents say, in parts that a test can hold against the code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
_FENCE = re.compile(r"^```(\w*)[ ]?([^\n]*)\n(.*?)^```$", re.M | re.S)
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, what stands beside it (`bin-days.toml`), text and line."""

    document: Path
    language: str
    label: str
    text: str
    line: int

    @property
    def where(self) -> str:
        """Its place, for the message of a failing test."""
        return f"{self.document.name}:{self.line}"


def read(document: Path) -> str:
    """A document's text."""
    return document.read_text(encoding="utf-8")


def named(name: str) -> Path:
    """The document of that file name."""
    (found,) = [path for path in DOCUMENTS if path.name == name]
    return found


def blocks(document: Path) -> list[Block]:
    """Its fenced blocks, in order."""
    text = read(document)
    return [
        Block(document, found[1], found[2].strip(), found[3], text[: found.start()].count("\n") + 1)
        for found in _FENCE.finditer(text)
    ]


def prose(document: Path) -> str:
    """Its text without the fenced blocks."""
    return _FENCE.sub("", read(document))


def spans(document: Path) -> list[str]:
    """What stands between single backticks outside the blocks."""
    return _CODE.findall(prose(document))


def table(document: Path, mark: str) -> list[list[str]]:
    """The rows of the table under `<!-- mark -->`, without its heading, cell by cell."""
    _, found, rest = read(document).partition(f"<!-- {mark} -->\n")
    assert found, f"{document.name} has no table marked {mark}"
    lines = list(_table_lines(rest))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def codes(cell: str) -> list[str]:
    """What stands in backticks in a cell."""
    return _CODE.findall(cell)


def _table_lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if not line.startswith("|"):
            return
        yield line
