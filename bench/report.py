"""Writes the figures as a table of ratios and as JSON. No host names, no paths."""

import json
from collections.abc import Iterable
from pathlib import Path

from bench.measure import Figure

OURS = "gatehouse"
# What shared/performance.md section 5 asks of node's CPU / ours: (reach, excellent) by engine.
WANTED = {
    "sqlite": {
        "introspect": (1.3, 1.8),
        "userinfo": (1.5, 2.5),
        "refresh": (1.2, 1.5),
        "code": (1.2, 1.5),
    },
    "postgresql": {
        "introspect": (1.5, 3.0),
        "userinfo": (1.5, 2.5),
        "refresh": (1.5, 2.0),
        "code": (1.5, 2.0),
    },
}
FLOOR_WANTED = 0.65
DISCOVERY_WANTED = 2.5


class Book:
    """All figures of one batch, found by (engine, scenario, target)."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._by_key = {(f.engine, f.scenario, f.target): f for f in figures}

    def ratio(self, engine: str, scenario: str, of: str, to: str) -> float | None:
        """Give `of`'s CPU per operation divided by `to`'s, or None when either is missing."""
        one = self._by_key.get((engine, scenario, of))
        other = self._by_key.get((engine, scenario, to))
        return one.cpu_us / other.cpu_us if one and other and other.cpu_us else None

    def engines(self) -> list[str]:
        """Engines in the order measured."""
        return list(dict.fromkeys(key[0] for key in self._by_key))

    def scenarios(self) -> list[str]:
        """Scenarios in the order measured."""
        return list(dict.fromkeys(key[1] for key in self._by_key))

    def targets(self) -> list[str]:
        """Targets in the order measured."""
        return list(dict.fromkeys(key[2] for key in self._by_key))

    def cell(self, engine: str, scenario: str, target: str) -> str:
        """Write one figure: CPU us · operations/s · p50/p99 ms."""
        figure = self._by_key.get((engine, scenario, target))
        if figure is None:
            return "-"
        text = f"{figure.cpu_us:,.0f} · {figure.per_second:,.0f} · "
        text += f"{figure.p50_ms:.1f}/{figure.p99_ms:.1f}"
        text = ("~" if figure.noisy else "") + text
        return f"{text} ({figure.bad} bad)" if figure.bad else text


def _wanted(engine: str, scenario: str) -> str:
    if scenario == "discovery":
        return f"{DISCOVERY_WANTED}"
    reach, excellent = WANTED.get(engine, {}).get(scenario, (None, None))
    return f"{reach} / {excellent}" if reach else "-"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _ratios(book: Book, subject: str) -> list[str]:
    others = [name for name in book.targets() if name != subject]
    head = ["engine", "scenario", *(f"{name} / {subject}" for name in others)]
    head += ["node / ours wanted: reach / excellent", "floor / ours wanted"]
    lines = [_row(head), _row("---" for _ in head)]
    for engine in book.engines():
        for scenario in book.scenarios():
            found = [_ratio(book.ratio(engine, scenario, name, subject)) for name in others]
            ends = [_wanted(engine, scenario), f"{FLOOR_WANTED}"]
            lines.append(_row([engine, scenario, *found, *ends]))
    return lines


def markdown(
    figures: list[Figure], facts: dict[str, str], notes: dict[str, str], missing: dict[str, str]
) -> str:
    """Write the whole report. `notes` says how each target was set; `missing` why one is absent."""
    book = Book(figures)
    targets = book.targets()
    subject = OURS if OURS in targets else "floor"
    lines = ["# Measured side by side", ""]
    lines += [f"CPU per correct operation of others divided by {subject}'s: above 1, {subject}"]
    lines += ["is cheaper. `code` is a pair of requests. `~`: noisy, take it as +-30 %.", ""]
    lines += _ratios(book, subject) if subject in targets else []
    lines += ["", "CPU us per operation (server + database) · operations/s · p50/p99 ms", ""]
    head = ["engine", "scenario", *targets]
    lines += [_row(head), _row("---" for _ in head)]
    for engine in book.engines():
        for scenario in book.scenarios():
            cells = [book.cell(engine, scenario, name) for name in targets]
            lines.append(_row([engine, scenario, *cells]))
    lines += ["", *(f"- {name}: {note}" for name, note in notes.items())]
    lines += [f"- {name}: not measured. {why}" for name, why in missing.items()]
    lines += ["", *(f"- {name}: {value}" for name, value in facts.items()), ""]
    return "\n".join(lines)


def write(
    path: Path,
    figures: list[Figure],
    facts: dict[str, str],
    notes: dict[str, str],
    missing: dict[str, str],
) -> None:
    """Write the table to `path` and the figures beside it, ending in .json."""
    path.write_text(markdown(figures, facts, notes, missing))
    whole = {
        "facts": facts,
        "notes": notes,
        "missing": missing,
        "figures": [figure.as_json() for figure in figures],
    }
    path.with_suffix(".json").write_text(json.dumps(whole, indent=1) + "\n")
