"""The page that lists the approved methods: what counts, how far, why, and until when."""

from datetime import date
from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from idp.assurance.published import published
from idp.pages.language import plain_date
from idp.web import house
from idp.words import gettext as _

bp = Blueprint("approved", __name__)
API = "/api/v1/methods"  # the same for machines, declared in idp/routes.py


@bp.get("/methods")
def methods() -> ResponseReturnValue:
    """Every method of signing in that policy knows, as it stands today."""
    found = published(house().policies)
    names = {one["id"]: one["name"] for one in found["methods"]}
    return render_template(
        "assurance/methods.html",
        as_of=_day(found["as_of"]),
        fingerprint=found["fingerprint"],
        api=API,
        levels=[
            {
                **level,
                "alone": [names[one] for one in level["alone"]],
                "one_of_two": [names[one] for one in level["one_of_two"]],
            }
            for level in found["levels"]
        ],
        methods=[_shown(one) for one in found["methods"]],
    )


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    facts = [
        (_("Status"), _status(one["status"])),
        (_("Counts for"), _counts(one)),
        (_("Why"), one["why"]),
        (_("Conditions"), "; ".join(one["conditions"])),
        (_("Since"), _day(one["since"])),
        (_("Looked at again by"), _day(one["review_by"])),
        (_("Certificates"), "; ".join(_certificate(c) for c in one["certificates"])),
        (_("Source"), one["source"]),
    ]
    return {**one, "facts": [(name, text) for name, text in facts if text]}


def _status(status: str) -> str:
    return {
        "common": _("approved, and in common use"),
        "approved": _("approved"),
        "restricted": _("restricted: only where the body has a certificate"),
        "withdrawn": _("withdrawn: it counts for nothing"),
    }[status]


def _counts(one: dict[str, Any]) -> str:
    alone, half = one["gives"]["alone"], one["gives"]["one_of_two"]
    if not one["counts_somewhere"] or alone == half == "C0":
        return _("nothing")
    if half in {"C0", alone}:
        return _("%(level)s alone", level=alone)
    if alone == "C0":
        return _("%(level)s as one of two", level=half)
    return _("%(alone)s alone, %(half)s as one of two", alone=alone, half=half)


def _certificate(one: dict[str, Any]) -> str:
    values = {"body": one["body"], "assessor": one["assessor"], "day": _day(one["until"])}
    if one["in_force"]:
        return _("%(body)s, until %(day)s, by %(assessor)s", **values)
    return _("%(body)s, not in force (until %(day)s, by %(assessor)s)", **values)


def _day(text: str | None) -> str:
    return plain_date(date.fromisoformat(text)) if text else ""
