"""Pictures of figures, drawn on the server as SVG. Pure: texts and numbers in, markup out.

Each is drawn 360 units wide, so that on a telephone a unit is a pixel and no text is smaller than
12 of them. Nothing is said by colour alone, and every colour has a contrast of 3:1 and more to
what it lies on (WCAG 2.2, 1.4.1 and 1.4.11). Presentation attributes only: the pages' policy
allows no style of its own. What a picture shows it also says, in its `desc`; the page puts the
same figures into a table beside it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import hypot, isfinite

from markupsafe import Markup, escape

WIDTH = 360
TEXT, SMALL = 14, 12
INK, PAPER, QUIET = "#0b0c0c", "#ffffff", "#505a5f"
BLUE, RED, PALE = "#1d70b8", "#d4351c", "#f3f2f1"
SEATS = 8  # dots in one square of the grid; the ninth place says how many more there are
LABEL_LETTERS = 42  # as many as fit a line of 360 units at 14
# What XML 1.0 (section 2.2) has no place for; such a letter would spoil the whole page.
_NO_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_LEVEL = re.compile(r"P([0-3])\.C([0-3])", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """A service on the grid: at its `floor`, with an arrow to what it `asks` (both "P2.C2")."""

    label: str
    floor: str
    asks: str


def grid(title: str, dots: Sequence[Dot]) -> Markup:
    """Draw identity (P) across and sign-in (C) up; each service a numbered dot at its floor.

    The numbers are those of the table beside it: the order of `dots`. An arrow leads to what
    the service asks where that is another level; dashed where it asks for less. Raises ValueError
    for what is no level.
    """
    cell, left, top = 80, 36, 4
    rows = [(dot, _parts(dot.floor), _parts(dot.asks)) for dot in dots]

    def corner(p: int, c: int) -> tuple[int, int]:
        return left + p * cell, top + (3 - c) * cell

    drawn = [_rect(*corner(p, c), cell, cell, fill=PALE if (p + c) % 2 else PAPER, line=QUIET)
             for p in range(4) for c in range(4)]  # fmt: skip
    for n in range(4):
        at_p, at_c = corner(n, n)
        drawn.append(_text(left - 6, at_c + cell / 2 + 5, f"C{n}", anchor="end"))
        drawn.append(_text(at_p + cell / 2, top + 4 * cell + 18, f"P{n}", anchor="middle"))
    seats: dict[tuple[int, int], int] = {}
    places: list[tuple[int, int] | None] = []
    for _dot, floor, _asks in rows:
        seat = seats[floor] = seats.get(floor, -1) + 1
        x, y = corner(*floor)
        seen = seat < SEATS
        places.append((x + 15 + seat % 3 * 25, y + 15 + seat // 3 * 25) if seen else None)
    for place, (_dot, floor, asks) in zip(places, rows, strict=True):
        if place and asks != floor:
            x, y = corner(*asks)
            less = asks[0] <= floor[0] and asks[1] <= floor[1]
            drawn.append(_arrow(*place, x + cell // 2, y + cell // 2, dashed=less))
    for number, place in enumerate(places, 1):
        if place:
            x, y = place
            drawn.append(f'<circle cx="{x}" cy="{y}" r="11" fill="{BLUE}"/>')
            drawn.append(_text(x, y + 4, str(number), anchor="middle", size=SMALL, fill=PAPER))
    for floor, last in seats.items():
        if last >= SEATS:
            x, y = corner(*floor)
            drawn.append(_text(x + 65, y + 70, f"+{last + 1 - SEATS}", anchor="middle"))
    said = [f"{n}. {dot.label}: {dot.floor} → {dot.asks}" for n, dot in enumerate(dots, 1)]
    return _picture(title, said, top + 4 * cell + 26, drawn)


def funnel(title: str, stages: Sequence[tuple[str, int]]) -> Markup:
    """Draw how many are left after each stage: a centred bar for each, with its number."""
    most = max((count for _label, count in stages), default=0)
    drawn, y = [], 0
    for label, count in stages:
        wide = _length(count, most, WIDTH - 2)
        drawn.append(_text(0, y + 14, _clip(label, LABEL_LETTERS - 8)))
        drawn.append(_text(WIDTH, y + 14, f"{count:,}", anchor="end"))
        drawn.append(_rect((WIDTH - wide) / 2, y + 20, wide, 18, fill=BLUE))
        y += 48
    return _picture(title, [f"{label}: {count:,}" for label, count in stages], y, drawn)


def bars(title: str, rows: Sequence[tuple[str, float]], unit: str = "") -> Markup:
    """Draw ranked bars, in the order given: each with its label above and its value beside."""
    values = [value if isfinite(value) else 0 for _label, value in rows]
    most, drawn, said = max(values, default=0), [], []
    for n, ((label, _value), value) in enumerate(zip(rows, values, strict=True)):
        y, wide = n * 48, _length(value, most, WIDTH - 96)
        shown = f"{_number(value)} {unit}".strip()
        drawn.append(_text(0, y + 14, _clip(label)))
        drawn.append(_rect(0, y + 20, wide, 18, fill=BLUE))
        drawn.append(_text(wide + 6, y + 34, _clip(shown, 12)))
        said.append(f"{label}: {shown}")
    return _picture(title, said, len(rows) * 48, drawn)


def line(
    title: str, points: Sequence[tuple[str, float | None]], *, limit: float, limit_label: str
) -> Markup:
    """Draw a share (0 to 1) over time against a limit, which is a dashed line with its name.

    A point of None is hidden or unknown: the line has a gap there, never a guess.
    """
    values = [value for _label, value in points if value is not None and isfinite(value)]
    most = max([*values, limit * 1.25]) or 1.0
    left, top, high, wide = 48, 24, 150, WIDTH - 48 - 12

    def at(n: int, value: float) -> tuple[float, float]:
        x = left + (wide * n / (len(points) - 1) if len(points) > 1 else wide / 2)
        return round(x, 1), round(top + high * (1 - value / most), 1)

    drawn = [_rule(left, top, left, top + high), _rule(left, top + high, WIDTH, top + high)]
    y = at(0, limit)[1]
    drawn.append(_rule(left, y, WIDTH, y, colour=RED, dashed=True))
    drawn.append(_text(WIDTH, 14, _clip(limit_label, LABEL_LETTERS), anchor="end"))
    for mark in sorted({0.0, limit, most if most > limit * 1.6 else limit}):
        drawn.append(_text(left - 5, at(0, mark)[1] + 5, _percent(mark), anchor="end", size=SMALL))
    for run in _runs(points):
        path = " ".join(f"{x:g},{y:g}" for x, y in (at(n, value) for n, value in run))
        drawn.append(f'<polyline points="{path}" fill="none" stroke="{BLUE}" stroke-width="3"/>')
        for x, y in (at(n, value) for n, value in run):
            drawn.append(f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{BLUE}"/>')
    if points:
        below = top + high + 18
        drawn.append(_text(left, below, _clip(points[0][0], 20), size=SMALL))
        if len(points) > 1:
            drawn.append(_text(WIDTH, below, _clip(points[-1][0], 20), anchor="end", size=SMALL))
    said = [f"{label}: {'-' if value is None else _percent(value)}" for label, value in points]
    return _picture(title, [limit_label, *said], top + high + 26, drawn)


def waterfall(title: str, start: str, steps: Sequence[tuple[str, str]]) -> Markup:
    """Draw levels step by step: `start`, then for each step its label and the level after it.

    Each level is two rows of blocks, identity and sign-in. Blocks that the start had and a step
    takes away are left as outlines; blocks beyond the start's carry a stripe. Raises ValueError
    for what is no level.
    """
    begin, drawn = _parts(start), []
    for n, (label, level) in enumerate([("", start), *steps]):
        y, parts = n * 56, _parts(level)
        drawn.append(_text(0, y + 14, _clip(label or start, LABEL_LETTERS - (0 if n == 0 else 8))))
        if n:
            drawn.append(_text(WIDTH, y + 14, level, anchor="end"))
        for letter, x, had, has in (("P", 0, begin[0], parts[0]), ("C", 188, begin[1], parts[1])):
            drawn.append(_text(x, y + 38, f"{letter}{has}", size=TEXT))
            for block in range(3):
                drawn.append(_block(x + 30 + block * 46, y + 24, block, had, has))
    said = [start, *(f"{label}: {level}" for label, level in steps)]
    return _picture(title, said, (len(steps) + 1) * 56, drawn)


def _block(x: float, y: float, block: int, had: int, has: int) -> str:
    if block >= has:
        return _rect(x, y, 42, 18, fill=PAPER, line=BLUE if block < had else "", dashed=True)
    stripe = _rule(x, y + 9, x + 42, y + 9, colour=PAPER) if block >= had else ""
    return _rect(x, y, 42, 18, fill=BLUE) + stripe


def _picture(title: str, said: Sequence[str], height: float, drawn: Sequence[str]) -> Markup:
    name, told = escape(_clean(title)), escape(_clean("; ".join(said)))
    # From the content, so that two pictures on a page have names of their own.
    key = sha256(f"{name}\n{told}\n{drawn}".encode()).hexdigest()[:12]
    return Markup(  # noqa: S704  every text in it went through `escape`
        f'<svg class="gatehouse-picture" xmlns="http://www.w3.org/2000/svg" role="img" '
        f'viewBox="0 0 {WIDTH} {max(height, 1):g}" width="100%" '
        f'aria-labelledby="t-{key} d-{key}" font-family="arial, sans-serif">'
        f'<title id="t-{key}">{name}</title><desc id="d-{key}">{told}</desc>'
        f"{''.join(drawn)}</svg>"
    )


def _parts(level: str) -> tuple[int, int]:
    if not (match := _LEVEL.fullmatch(level)):
        raise ValueError(f'not a level, which is written like "P2.C2": {level!r}')
    return int(match[1]), int(match[2])


def _clean(text: str) -> str:
    return _NO_XML.sub("�", text)


def _clip(text: str, letters: int = LABEL_LETTERS) -> str:
    text = _clean(text)
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _text(
    x: float, y: float, text: str, *, anchor: str = "start", size: int = TEXT, fill: str = INK
) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size}" fill="{fill}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )


def _rect(
    x: float, y: float, wide: float, high: float, *, fill: str, line: str = "", dashed: bool = False
) -> str:
    stroke = f' stroke="{line}"' if line else ""
    dash = ' stroke-dasharray="4 3"' if line and dashed else ""
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" fill="{fill}"'
        f"{stroke}{dash}/>"
    )


def _rule(
    x: float, y: float, to_x: float, to_y: float, *, colour: str = QUIET, dashed: bool = False
) -> str:
    dash = ' stroke-dasharray="6 4"' if dashed else ""
    return (
        f'<line x1="{x:g}" y1="{y:g}" x2="{to_x:g}" y2="{to_y:g}" stroke="{colour}" '
        f'stroke-width="2"{dash}/>'
    )


def _arrow(x: float, y: float, to_x: float, to_y: float, *, dashed: bool) -> str:
    far = hypot(to_x - x, to_y - y) or 1.0
    east, south = (to_x - x) / far, (to_y - y) / far
    back_x, back_y = to_x - 12 * east, to_y - 12 * south
    head = (f"{to_x:.1f},{to_y:.1f} {back_x - 6 * south:.1f},{back_y + 6 * east:.1f} "
            f"{back_x + 6 * south:.1f},{back_y - 6 * east:.1f}")  # fmt: skip
    shaft = _rule(x, y, round(back_x, 1), round(back_y, 1), colour=RED, dashed=dashed)
    return f'{shaft}<polygon points="{head}" fill="{RED}"/>'


def _runs(points: Sequence[tuple[str, float | None]]) -> Iterator[list[tuple[int, float]]]:
    run: list[tuple[int, float]] = []
    for n, (_label, value) in enumerate(points):
        if value is not None and isfinite(value):
            run.append((n, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _length(value: float, most: float, room: float) -> float:
    if most <= 0 or value <= 0:
        return 2.0  # nought is drawn too, as a sliver
    return max(2.0, round(room * value / most, 1))


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.1f}"


def _percent(value: float) -> str:
    return f"{value * 100:.1f}%".replace(".0%", "%")
