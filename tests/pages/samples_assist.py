"""What the pages of help in person are shown with in tests."""

from datetime import UTC, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
FIRM: dict[str, Any] = {"organisation": "Example Advice", "action": "/helping/step"}
TYPED = dict.fromkeys(("number", "given_name", "family_name", "day", "month", "year"), "")
POWERS = [{"value": "library:borrow", "text": "borrow and bring back books", "checked": False},
          {"value": "library:pay-fines", "text": "pay fines", "checked": False}]  # fmt: skip
LINES = [("Library", ["borrow and bring back books", "pay fines"])]
HOME = "/helping/organisations/O-1"
AGREEMENT = {
    **FIRM, "back": HOME, "services": ["Library"], "terms": ["We tell people what we did."],
    "signed": None, "edition": "2030-06-01", "shown": "ab12", "error": None, "assist": None,
}  # fmt: skip
WHO = {**FIRM, "back": HOME, "typed": TYPED, "said": {}, "errors": []}
CHOOSE = {
    **FIRM, "back": HOME + "/assist", "person": "Margaret Hughes", "said": {}, "errors": [],
    "kept": "1.sealed", "days": "", "evidence": "",
    "services": [{"id": "library", "name": "Library", "powers": POWERS},
                 {"id": "tax", "name": "Tax", "powers": POWERS[:1]}],
}  # fmt: skip
CHECK = {**FIRM, "person": "Margaret Hughes", "said": {}, "errors": [], "kept": "1.sealed",
         "lines": LINES, "days": 1, "paper": False}  # fmt: skip
CODE = {**FIRM, "said": {}, "errors": [], "again": "/helping/organisations/O-1/assist"}
WRONG = [{"text": "This code is not right, or too old.", "href": "#code"}]

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "agreement": ("delegation/agreement.html", AGREEMENT),
    "agreement-signed": ("delegation/agreement.html", {
        **AGREEMENT, "signed": Facts(signed_at=NOON, ends_at=NOON), "shown": None, "action": None,
        "assist": "/helping/organisations/O-1/assist"}),
    "agreement-not-yours": ("delegation/agreement.html",
                            {**AGREEMENT, "shown": None, "action": None}),
    "assist-who": ("delegation/assist_who.html", WHO),
    "assist-who-wrong": ("delegation/assist_who.html", {
        **WHO, "said": {"day": "Enter the date of birth, like 31 3 1980"},
        "errors": [{"text": "Enter the date of birth, like 31 3 1980", "href": "#day"}]}),
    "assist-choose": ("delegation/assist_choose.html", CHOOSE),
    "assist-choose-wrong": ("delegation/assist_choose.html", {
        **CHOOSE, "evidence": "signed-paper",
        "said": {"powers": "Choose what you may do", "days": "Choose for how long"},
        "errors": [{"text": "Choose what you may do", "href": "#powers"}]}),
    "assist-check": ("delegation/assist_check.html", CHECK),
    "assist-check-paper": ("delegation/assist_check.html", {**CHECK, "paper": True, "days": 31}),
    "assist-code": ("delegation/assist_code.html", CODE),
    "assist-code-wrong": ("delegation/assist_code.html", {
        **CODE, "said": {"code": "This code is not right, or too old."}, "errors": WRONG}),
    "assist-receipt": ("delegation/assist_receipt.html", {
        "organisation": "Example Advice", "person": "Margaret Hughes", "lines": LINES,
        "until": NOON, "references": ["QM7D2KXBAAAA"], "again": "/helping/organisations/O-1/assist",
        "back": "/helping/organisations/O-1"}),
}  # fmt: skip
