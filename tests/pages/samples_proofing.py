"""What the pages of proofing are shown with in tests."""

from datetime import UTC, date, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
EMPTY = dict.fromkeys(
    ("number", "given_name", "family_name", "day", "month", "year", "postcode"), ""
)
CLAIM: dict[str, Any] = {
    "service_name": "Tax", "action": "/identity/claim", "typed": EMPTY, "errors": [], "said": {},
    "error": False,
    "back": "/identity",
}  # fmt: skip
WAYS = [
    Facts(title="Show your passport or driving licence", minutes=7, href="/identity/document",
          also=["We check that nobody else uses your name. You do nothing"]),
    Facts(title="Go to a counter and show a document", minutes=30, href="/identity/counter",
          also=[]),
]  # fmt: skip
DONE_SO_FAR = ["Your number, name and date of birth: found"]
LIST: dict[str, Any] = {
    "service_name": "Tax", "done": DONE_SO_FAR, "waiting": [], "problems": [], "ways": WAYS,
    "counter_only": "",
}  # fmt: skip
CODE: dict[str, Any] = {
    "masked": "j•••@e•••.test", "minutes": 10, "action": "/identity/contact/email/code",
    "again": "/identity/contact/email", "back": "/identity", "error": None,
}  # fmt: skip
DOCUMENT: dict[str, Any] = {
    "action": "/identity/document", "chosen": "", "said": {}, "errors": [], "error": False,
    "back": "/identity",
    "documents": [("passport", "Passport"), ("driving-licence", "Driving licence")],
}  # fmt: skip
WAITING: dict[str, Any] = {
    "waiting": ["Your document is being checked."], "still": True, "again": "/identity/waiting",
    "other": "/identity", "counter": "/identity/counter",
}  # fmt: skip
NO_DAY = "There is no such day. Look at the date again"
NO_NUMBER = "Type in your National Insurance number"

WAY = {"ref": "x", "due_at": NOON, "due": False}
PROOFING: dict[str, tuple[str, dict[str, Any]]] = {
    "identity-first": ("proofing/first.html", {
        "service_name": "Tax", "start": "/identity/claim", "claim_minutes": 4}),
    "identity-list": ("proofing/list.html", LIST),
    "identity-list-waiting": ("proofing/list.html", {
        **LIST, "service_name": "", "waiting": ["Your document is being checked."],
        "wait_href": "/identity/waiting", "ways": WAYS[1:],
        "problems": ["We could not match that document to you."]}),
    "identity-list-counter": ("proofing/list.html", {
        **LIST, "ways": [], "counter_only": "To go on, you need to go to a counter.",
        "counter_href": "/identity/counter"}),
    "identity-list-nothing": ("proofing/list.html", {**LIST, "ways": []}),
    "identity-done": ("proofing/done.html", {
        "service_name": "Tax", "go_on": "/sign-in/x", "waiting": True}),
    "identity-done-alone": ("proofing/done.html", {
        "service_name": "", "go_on": "/account", "waiting": False}),
    "identity-claim": ("proofing/claim.html", CLAIM),
    "identity-claim-wrong": ("proofing/claim.html", {
        **CLAIM, "typed": {**EMPTY, "given_name": "Liz", "day": "31"},
        "said": {"number": NO_NUMBER, "day": NO_DAY}, "error": True,
        "errors": [{"text": NO_NUMBER, "href": "#number"}, {"text": NO_DAY, "href": "#day"}]}),
    "identity-not-matched": ("proofing/not_matched.html", {"again": "/identity/claim"}),
    "identity-awaiting": ("proofing/awaiting_number.html", {"again": "/identity/claim"}),
    "identity-contact": ("proofing/contact.html", {
        "masked": "j•••@e•••.test", "by_text": False, "action": "/identity/contact/email",
        "minutes": 10, "back": "/identity"}),
    "identity-contact-text": ("proofing/contact.html", {
        "masked": "••• 23", "by_text": True, "action": "/identity/contact/text", "minutes": 10,
        "back": "/identity"}),
    "identity-code": ("proofing/contact_code.html", CODE),
    "identity-code-wrong": ("proofing/contact_code.html", {**CODE, "error": "That code is wrong"}),
    "identity-document": ("proofing/document.html", DOCUMENT),
    "identity-document-wrong": ("proofing/document.html", {
        **DOCUMENT, "said": {"document": "Choose one", "number": "Type in the number"},
        "error": True,
        "errors": [{"text": "Choose one", "href": "#document"},
                   {"text": "Type in the number", "href": "#number"}]}),
    "identity-fraud": ("proofing/fraud.html", {"action": "/identity/fraud", "back": "/identity"}),
    "identity-waiting": ("proofing/waiting.html", {
        **WAITING, "still": False, "seconds": 8, "stop": "/identity/waiting?still=yes"}),
    "identity-waiting-still": ("proofing/waiting.html", WAITING),
    "identity-counter": ("proofing/counter.html", {"spoken": "K7QF-2MXB", "back": "/identity"}),
    "way-back": ("proofing/way_back.html", {
        "standing": "waiting", "due": NOON, "can_shorten": True, "masked": "j•••@e•••.test",
        "shorten": "/identity/way-back/send"}),
    "way-back-long": ("proofing/way_back.html", {
        "standing": "waiting", "due": NOON, "can_shorten": False}),
    "way-back-due": ("proofing/way_back.html", {
        "standing": "due", "until": date(2030, 6, 15), "take": "/identity/way-back/take"}),
    "way-back-lapsed": ("proofing/way_back.html", {
        "standing": "lapsed", "begin": "/identity/way-back/begin"}),
    "way-back-begin": ("proofing/way_back_begin.html", {"begin": "/identity/way-back/begin"}),
    "way-back-take": ("proofing/take.html", {
        "action": "/identity/way-back/take", "sign_in_name": "liz@example.test",
        "back": "/identity/way-back"}),
    "way-back-stop": ("proofing/stop.html", {"action": "/way-back/stop/x", "way": WAY}),
    "way-back-stop-due": ("proofing/stop.html", {
        "action": "/account/way-back", "way": {**WAY, "due": True}, "back": "/account",
        "fields": {"way": "x"}}),
    "way-back-taken-back": ("proofing/stop.html", {
        "action": "/way-back/stop/x", "way": {**WAY, "taken_back": True}}),
    "way-back-stop-seen": ("proofing/stop_seen.html", {
        "action": "/way-back/stop/x", "way": WAY}),
}  # fmt: skip
