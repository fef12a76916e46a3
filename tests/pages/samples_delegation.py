"""What the pages of offers and permissions are shown with in tests."""

from datetime import UTC, date, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
SUMMER = date(2030, 8, 31)
PLACES = [
    Facts(service="Tax", says=["see tax returns and letters", "send a tax return"],
          exclusive=False),
    Facts(service="Library", says=["pay fines"], exclusive=True),
]  # fmt: skip
SERVICES = [
    {"id": "tax", "name": "Tax", "alone": False, "powers": [
        {"value": "tax/view", "text": "see tax returns and letters", "checked": True},
        {"value": "tax/file", "text": "send a tax return", "checked": False}]},
    {"id": "library", "name": "Library", "alone": True, "powers": [
        {"value": "library/pay", "text": "pay fines", "checked": False}]},
]  # fmt: skip
TERMS = [
    {"value": "once", "text": "For one visit", "hint": "Not for Tax"},
    {"value": "1", "text": "1 day"}, {"value": "31", "text": "31 days"},
    {"value": "date", "text": "Until a day that I choose"},
    {"value": "open", "text": "Until one of us ends it", "hint": "Not for Library"},
]  # fmt: skip
NAMES = ("given_name", "family_name", "email", "number", "postcode", "how", "list", "term", "day",
         "month", "year", "birth_day", "birth_month", "birth_year")  # fmt: skip
EMPTY = dict.fromkeys(NAMES, "")
FORM: dict[str, Any] = {
    "action": "/account/helpers/new", "back": "/account/helpers", "services": SERVICES,
    "terms": TERMS, "typed": EMPTY, "said": {}, "errors": [], "error": False,
}  # fmt: skip
NO_NAME = "Type in their first name"
NO_POWER = "Choose one thing at least"
WRONG = {
    "said": {"given_name": NO_NAME, "power": NO_POWER}, "error": True,
    "errors": [{"text": NO_NAME, "href": "#given_name"}, {"text": NO_POWER, "href": "#power-tax"}],
}  # fmt: skip
SAID = ["Margaret Hughes lets Sian Hughes do this for them.", "At Tax they can send a tax return.",
        "At Library there is only one such helper. Whoever it is now stops.",
        "It lasts 31 days from the yes.", "Margaret Hughes can end it at any time."]  # fmt: skip
HASH = "9f86d081884c7d659a2feaa0c55ad015"
AGREE: dict[str, Any] = {
    "said": SAID, "words": HASH, "email": "sian@example.test", "gives": True, "error": None,
    "action": "/account/helpers/agree/x", "back": "/account/helpers/new",
}  # fmt: skip
INVITATION: dict[str, Any] = {
    "from_name": "Margaret Hughes", "organisation": False, "gives": True, "places": PLACES,
    "days": 31, "once": False, "last_day": None, "until": NOON, "go_on": "/invitation/x/answer",
}  # fmt: skip
ANSWER: dict[str, Any] = {
    "from_name": "Harbour Accounts", "gives": True, "said": SAID, "words": HASH,
    "choices": [
        {"ref": "m1", "service": "Tax",
         "passing": "Harbour Accounts may let another organisation do a part of it at Tax.",
         "said": "yes", "passes": True},
        {"ref": "m2", "service": "Library", "passing": "", "said": "", "passes": False}],
    "action": "/invitation/x/answer", "error": None,
}  # fmt: skip
REJECTED = [{"line": 6, "text": "Wrong,Number,QQ1", "why": "The number is not one"}]
LIST: dict[str, Any] = {
    **FORM, "firm": "Harbour Accounts", "most": 5000, "form": "x",
    "columns": "given_name,family_name",
}  # fmt: skip
SENT: dict[str, Any] = {
    "name": "Margaret Hughes", "firm": "Harbour Accounts", "places": PLACES,
    "standing": "No answer yet", "until": NOON, "link": None, "letter": None, "chase": None,
    "cancel": "/helping/invitations/f/offers/x/cancel", "back": "/helping/invitations/f",
}  # fmt: skip
RECEIPT: dict[str, Any] = {
    "principal": "Margaret Hughes", "delegate": "Sian Hughes", "service": "Tax",
    "powers": ["send a tax return"], "starts": NOON, "until": NOON, "ended": None,
    "reference": None, "said": SAID, "text_hash": HASH, "back": "/account/helpers",
}  # fmt: skip

PASS_ON: dict[str, Any] = {
    "firm": "Harbour Accounts", "name": "Margaret Hughes", "service": "Tax",
    "powers": SERVICES[0]["powers"], "until": NOON, "open_ended": True,
    "typed": {**EMPTY, "organisation": ""}, "said": {}, "errors": [],
    "action": "/helping/organisations/f/people/m1/pass-on",
    "back": "/helping/organisations/f/people/m1",
}  # fmt: skip
NOT_TO_THEM = "You cannot let this one do it. Ask them for their reference"
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "helper-new": ("delegation/new.html", {**FORM, "gives": True}),
    "helper-new-wrong": ("delegation/new.html", {**FORM, **WRONG, "gives": True}),
    "helper-new-nowhere": ("delegation/new.html", {
        "back": "/account/helpers", "services": [], "gives": True, "errors": []}),
    "helping-ask": ("delegation/new.html", {**FORM, "gives": False}),
    "helper-agree": ("delegation/agree.html", AGREE),
    "helper-agree-changed": ("delegation/agree.html", {
        **AGREE, "gives": False, "error": "The words have changed. Read them again"}),
    "offer": ("delegation/offer.html", {
        "name": "Sian Hughes", "email": "sian@example.test", "gives": True, "places": PLACES,
        "until": NOON, "cancel": "/account/helpers/offers/x/cancel", "back": "/account/helpers"}),
    "offer-over": ("delegation/offer.html", {
        "name": "Sian Hughes", "email": "sian@example.test", "gives": False, "places": PLACES,
        "until": None, "cancel": None, "back": "/account/helping"}),
    "invitation": ("delegation/invitation.html", INVITATION),
    "invitation-firm": ("delegation/invitation.html", {
        **INVITATION, "from_name": "Harbour Accounts", "organisation": True, "gives": False,
        "days": None, "last_day": SUMMER}),
    "invitation-once": ("delegation/invitation.html", {**INVITATION, "once": True}),
    "invitation-open": ("delegation/invitation.html", {**INVITATION, "days": None}),
    "pass-on": ("delegation/pass_on.html", PASS_ON),
    "pass-on-wrong": ("delegation/pass_on.html", {
        **PASS_ON, "until": None, "said": {"organisation": NOT_TO_THEM},
        "errors": [{"text": NOT_TO_THEM, "href": "#organisation"}]}),
    "answer-offer": ("delegation/answer.html", ANSWER),
    "answer-offer-missing": ("delegation/answer.html", {
        **ANSWER, "gives": False, "error": "Say yes or no to each"}),
    "invitation-code": ("delegation/code.html", {"action": "/invitation", "error": None}),
    "invitation-code-wrong": ("delegation/code.html", {
        "action": "/invitation", "error": "We do not know this code"}),
    "safe-contact": ("delegation/contact.html", {
        "chosen": "email", "email": "safe@example.test", "text": "", "error": None,
        "action": "/account/helpers/contact"}),
    "safe-contact-wrong": ("delegation/contact.html", {
        "chosen": "text", "email": "", "text": "12", "error": "Type in a mobile phone number",
        "action": "/account/helpers/contact"}),
    "receipt": ("delegation/receipt.html", RECEIPT),
    "receipt-ended": ("delegation/receipt.html", {
        **RECEIPT, "until": None, "ended": NOON, "reference": "K7QF-2MXB", "said": [],
        "text_hash": None}),
    "firms": ("delegation/firms.html", {
        "firms": [{"name": "Harbour Accounts", "href": "/helping/invitations/f"}]}),
    "firms-none": ("delegation/firms.html", {"firms": []}),
    "firm-invitations": ("delegation/invitations.html", {
        "name": "Harbour Accounts", "everything": False, "own": "/helping/invitations/f",
        "ask": "/helping/invitations/f/new", "many": "/helping/invitations/f/many",
        "back": "/helping/organisations/f",
        "chase": "/helping/invitations/f/chase", "more": "/helping/invitations/f?page=1",
        "offers": [{"name": "Margaret Hughes", "href": "/helping/invitations/f/offers/x",
                    "since": NOON, "until": NOON, "chased": NOON, "standing": "No answer yet"}]}),
    "firm-invitations-all": ("delegation/invitations.html", {
        "name": "Harbour Accounts", "everything": True, "own": "/helping/invitations/f",
        "ask": "/helping/invitations/f/new", "many": None, "more": None, "offers": []}),
    "firm-new": ("delegation/firm_new.html", {**FORM, "firm": "Harbour Accounts"}),
    "firm-new-wrong": ("delegation/firm_new.html", {
        **FORM, **WRONG, "firm": "Harbour Accounts", "typed": {**EMPTY, "how": "facts"}}),
    "firm-list": ("delegation/firm_list.html", {
        **LIST, "rejected": []}),
    "firm-list-wrong": ("delegation/firm_list.html", {
        **LIST, "rejected": REJECTED, "error": True,
        "said": {"list": "There is nobody on this list"},
        "errors": [{"text": "There is nobody on this list", "href": "#list"}]}),
    "firm-progress-refused": ("delegation/firm_progress.html", {
        "firm": "Harbour Accounts", "many": 9, "done": 1, "rejected": [], "rejected_many": 0,
        "by_facts": 4, "by_email": 3, "unwritten": ["Margaret Hughes, m@example.test"],
        "again": None, "back": "/helping/invitations/f"}),
    "firm-progress": ("delegation/firm_progress.html", {
        "firm": "Harbour Accounts", "many": 4, "done": 1, "rejected": REJECTED, "rejected_many": 1,
        "again": "/helping/invitations/f/lists/x", "back": "/helping/invitations/f"}),
    "firm-sent": ("delegation/sent.html", {
        **SENT, "link": "https://example.test/invitation/x", "email": ""}),
    "firm-sent-email": ("delegation/sent.html", {
        **SENT, "link": "https://example.test/invitation/x", "email": "margaret@example.test"}),
    "firm-sent-letter": ("delegation/sent.html", {
        **SENT, "letter": "/helping/invitations/f/offers/x/letter",
        "chase": "/helping/invitations/f/offers/x/chase"}),
    "firm-letter": ("delegation/letter.html", {
        "name": "Margaret Hughes", "firm": "Harbour Accounts", "places": PLACES,
        "code": "K7QF-2MXB-9PRS", "address": "example.test/invitation", "until": NOON,
        "back": "/helping/invitations/f/offers/x"}),
}  # fmt: skip
