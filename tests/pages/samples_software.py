"""What the pages of an organisation's software are shown with in tests."""

from datetime import UTC, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
FIRM: dict[str, Any] = {"organisation": "Example Advice", "back": "/helping/organisations/O-1"}
MACHINE = Facts(software="Filer", member="Sian Hughes", state="Sian Hughes answers for it.",
                until=NOON)  # fmt: skip
LISTED = Facts(**vars(MACHINE), href="/helping/organisations/O-1/software/1")
SOFTWARE = {**FIRM, "machines": [], "admin": False, "programs": [], "services": [], "members": [],
            "action": None, "errors": [], "field": "", "days": ""}  # fmt: skip
SOFTWARE_ASKS = {
    **SOFTWARE, "machines": [LISTED], "admin": True, "action": "/helping/step",
    "programs": [{"value": "filer", "text": "Filer", "checked": True}],
    "services": [{"value": "tax", "text": "Tax"}],
    "members": [{"value": "1", "text": "Sian Hughes"}, {"value": "2", "text": "Tom Barker"}],
}  # fmt: skip
SOFTWARE_ONE = {**FIRM, "back": "/helping/step", "machine": MACHINE, "services": ["Tax"],
                "asked": False, "agree": None, "end": "/helping/step", "error": None}  # fmt: skip

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "software": ("delegation/software.html", SOFTWARE),
    "software-none-yet": ("delegation/software.html", {**SOFTWARE, "admin": True}),
    "software-asks": ("delegation/software.html", SOFTWARE_ASKS),
    "software-wrong": ("delegation/software.html", {
        **SOFTWARE_ASKS,
        "field": "days", "days": "",
        "errors": [{"text": "Choose how long, at most 365 days", "href": "#days"}]}),
    "software-one": ("delegation/software_one.html", SOFTWARE_ONE),
    "software-agree": ("delegation/software_one.html",
                       {**SOFTWARE_ONE, "asked": True, "agree": "/helping/step"}),
    "software-asked": ("delegation/software_one.html", {**SOFTWARE_ONE, "asked": True}),
    "software-over": ("delegation/software_one.html", {
        **SOFTWARE_ONE, "end": None, "error": "This is over, or it is not for you."}),
}  # fmt: skip
