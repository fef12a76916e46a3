"""Change single values in the text of a policy file, and leave the rest as its owner wrote it.

The answer is only text: whether it says something that may be is for `applying.prepare` to find.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import tomlkit
from tomlkit.items import AoT


class NoSuchEntry(LookupError):
    """The file has no such entry: somebody took it out, or made the name up."""


def set_evidence(
    text: str, kind: str, *, scores: Mapping[str, int], status: str, today: date
) -> str:
    """Set what one kind of evidence in evidence.toml is worth, and how far it is approved."""
    document = tomlkit.parse(text)
    entry = _entry(document, "kind", "id", kind)
    worth = tomlkit.inline_table()
    worth.update({part: score for part, score in scores.items() if score})
    if dict(entry["scores"].unwrap()) != dict(worth.unwrap()):
        entry["scores"] = worth
    _set_status(entry, status, today)
    return tomlkit.dumps(document)


def set_method(text: str, method: str, *, status: str, review_by: date | None, today: date) -> str:
    """Set how far a method in methods.toml is approved, and when it is looked at again."""
    document = tomlkit.parse(text)
    entry = _entry(document, "method", "id", method)
    _set_status(entry, status, today)
    if review_by is None:
        entry.pop("review_by", None)
    elif entry.get("review_by") != review_by:
        entry["review_by"] = review_by
    return tomlkit.dumps(document)


def set_band(text: str, category: str, upper: Sequence[int]) -> str:
    """Set where minor, moderate and serious harm to money end in levels.toml, in pounds."""
    document = tomlkit.parse(text)
    try:
        entry = _entry(document, "band", "category", category)
    except NoSuchEntry:
        entry = tomlkit.table()
        entry["category"] = category
        bands = document.setdefault("band", tomlkit.aot())
        bands.append(entry)
    if list(entry.get("upper", ())) != list(upper):
        entry["upper"] = list(upper)
    return tomlkit.dumps(document)


def acknowledge(text: str, names: Iterable[str], why: str) -> str:
    """Say in risk.toml why these fall: "service/action" or "thresholds/C2"."""
    document = tomlkit.parse(text)
    table = document.setdefault("acknowledge_lowering", tomlkit.table())
    for name in names:
        table[name] = why
    return tomlkit.dumps(document)


def _entry(document: tomlkit.TOMLDocument, table: str, key: str, name: str) -> Any:
    entries = document.get(table)
    if isinstance(entries, AoT):
        for entry in entries:
            if entry.get(key) == name:
                return entry
    raise NoSuchEntry(f'there is no {table} "{name}"')


def _set_status(entry: Any, status: str, today: date) -> None:
    """A new status says since when it holds; the reason for the old one stays to be read."""
    if entry["status"] != status:
        entry["status"] = status
        entry["since"] = today
