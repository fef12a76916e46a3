"""What a change of policy does, as pages show it: levels, lines of files, past sign-ins."""

from collections.abc import Iterator
from difflib import unified_diff
from typing import Any

from idp.assurance.comparing import Cell, Change, Diff, Direction
from idp.figures.replay import Effect, Replay
from idp.words import gettext as _

MOST_LINES = 400
REFERENCES_SHOWN = 5


def changes_of(found: Diff) -> dict[str, Any]:
    """Everything whose demand is another than now."""
    moved = [c for c in found.changes if c.direction is not Direction.UNCHANGED]
    return {
        "changes": [
            {
                "what": f"{c.service}, {c.action or _('any sign-in')}",
                "before": str(c.before or "-"),
                "after": str(c.after or "-"),
                "said": _direction(c),
            }
            for c in moved
        ],
        "cells": [_cell(cell) for cell in found.cells],
        "methods": list(found.methods),
    }


def replay_of(found: Replay) -> dict[str, Any]:
    """Whom it would have stopped, by service."""
    return {
        "read": found.read,
        "too_old": found.too_old,
        "weights_changed": found.weights_changed,
        "stopped": found.total(Effect.STOPPED),
        "services": [
            {
                "service": client_id,
                "same": one.effects[Effect.SAME],
                "more": one.effects[Effect.MORE],
                "stopped": one.effects[Effect.STOPPED],
                "less": one.effects[Effect.LESS],
                "references": ", ".join(one.references.get(Effect.STOPPED, [])[:REFERENCES_SHOWN]),
            }
            for client_id, one in sorted(found.services.items())
        ],
    }


def lines_of(name: str, old: str, new: str) -> Iterator[str]:
    """The lines of a file that change, as `diff` writes them, cut off where nobody reads on."""
    lines = unified_diff(old.splitlines(), new.splitlines(), name, name, n=1, lineterm="")
    for number, line in enumerate(lines):
        if number == MOST_LINES:
            yield "..."
            return
        yield line


def _direction(change: Change) -> str:
    return {
        Direction.RAISED: _("asks for more"),
        Direction.LOWERED: _("asks for less"),
        Direction.NEW: _("is new"),
        Direction.REMOVED: _("is gone"),
    }.get(change.direction, "")


def _cell(cell: Cell) -> str:
    new, old = f"{cell.to_nats:.2f}", f"{cell.from_nats:.2f}"
    if cell.band == "enforce":
        return _("C%(level)s: odd sign-ins are only written down", level=cell.sign_in)
    return _(
        "C%(level)s: we act later, from %(new)s on and not from %(old)s",
        level=cell.sign_in,
        new=new,
        old=old,
    )
