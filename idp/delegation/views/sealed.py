"""The state of a form of several pages, which the browser keeps sealed, and how it is shown."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NoReturn

from flask import abort, render_template

from idp.keyring.sealing import Unreadable
from idp.web import house

FORM_LASTS = timedelta(minutes=30)


def seal_form(kind: str, whose: str, values: Mapping[str, Any]) -> str:
    """Seal what the next page of a form needs: nobody but us reads or changes it, and it serves
    only `whose` form it is, for half an hour."""
    here = house()
    until = (here.database.now() + FORM_LASTS).timestamp()
    plain = json.dumps({"whose": whose, "until": until, **values})
    return here.keyring.sealer.seal(plain, purpose=f"form-{kind}")


def open_form(kind: str, whose: str, sealed: str) -> dict[str, Any] | None:
    """Open it again; None when it is another's, altered or too old."""
    here = house()
    try:
        values: dict[str, Any] = json.loads(
            here.keyring.sealer.open(sealed, purpose=f"form-{kind}")
        )
    except (Unreadable, ValueError):
        return None
    if values["whose"] != whose or values["until"] < here.database.now().timestamp():
        return None
    return values


def page(template: str, status: int = 200, **values: Any) -> tuple[str, int]:
    """A page of this room."""
    return render_template(f"delegation/{template}.html", **values), status


def errors(problems: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    """What is wrong, as the error summary wants it: each with the field it is about."""
    return [{"text": said, "href": f"#{field}"} for field, said in problems]


def not_here() -> NoReturn:
    """Somebody else's: not found, whether or not it is there."""
    abort(404)
