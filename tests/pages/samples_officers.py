"""What each page of the officers' console is shown with in tests."""

from datetime import UTC, date, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
BORN = date(1948, 3, 14)
OPTIONS = '{"challenge": "' + "x" * 43 + '", "rpId": "localhost"}'
WRONG = "You waited too long."
KEY = {"action": "/console/keys/add", "name": "Asha Patel", "options": OPTIONS, "first": True,
       "error": None}  # fmt: skip
KEYS = [
    Facts(credential_id="k-1", name="Key on my ring", created_at=NOON, last_used_at=NOON),
    Facts(credential_id="k-2", name="Key in the safe", created_at=NOON, last_used_at=None),
]
ONE_KEY = Facts(name="Key on my ring", created_at=NOON, last_used_at=None)
DOCUMENTS = {"passport": "Passport", "driving-licence": "Driving licence with a photo"}
CHECKS = {"original": "I held the document itself", "photo": "The photo is of the person here"}
VISIT: dict[str, Any] = {
    "action": "/console/counter/visit", "spoken": "K7QF-2MXB", "name": "Margaret Hughes",
    "birth_date": BORN, "documents": DOCUMENTS, "document": "", "checks": CHECKS, "ticked": [],
    "error": None, "field": "",
}  # fmt: skip
HELD = [
    Facts(ref="d-1", service="Tax", when=NOON, until=NOON, action="/console/held/d-1",
          reasons="unusual_network +2.7; usual_browser -3.5"),
    Facts(ref="d-2", service="Library", when=NOON, until=NOON, action="/console/held/d-2",
          reasons="hosting_network +1.0"),
]  # fmt: skip
WAITING = [
    Facts(action="/console/visits/v-1", document="Passport", by="Asha Patel", when=NOON),
    Facts(action="/console/visits/v-2", document="Residence permit", by="Ben Owen", when=NOON),
]
DECIDE = {
    "name": "Margaret Hughes", "birth_date": BORN, "document": "Passport",
    "entered_by": "Asha Patel", "entered_at": NOON, "action": "/console/visits/v-1/decide",
    "look": "1.sealed-look",
}  # fmt: skip
ROLES = {"counter-officer": "Counter officer: sees people", "administrator": "Administrator: adds"}
OFFICERS: dict[str, Any] = {
    "officers": [
        Facts(href="/console/officers/o-1", name="Asha Patel", roles="Administrator", ended=False,
              without_key=False),
        Facts(href="/console/officers/o-2", name="Ben Owen", roles="Counter officer", ended=False,
              without_key=True),
        Facts(href="/console/officers/o-3", name="Cai Rees", roles="Counter officer", ended=True,
              without_key=True),
    ],
    "action": "/console/officers", "roles": ROLES, "name": "", "chosen": [], "error": None,
    "field": "",
}  # fmt: skip
OFFICER: dict[str, Any] = {
    "name": "Ben Owen", "keys": 1, "since": NOON, "ended": None, "oneself": False, "roles": ROLES,
    "held": ["counter-officer"], "role_list": "Counter officer",
    "roles_action": "/console/officers/o-2/roles",
    "new_key_action": "/console/officers/o-2/new-key",
    "disable_action": "/console/officers/o-2/disable", "error": None,
}  # fmt: skip
NO_CHANGE = {"roles": {}, "held": [], "roles_action": "", "new_key_action": "",
             "disable_action": ""}  # fmt: skip
HOME = {"name": "Asha Patel", "roles": "Counter officer, Administrator", "counter": True,
        "administrator": True, "held": True, "figures": True}  # fmt: skip

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "officers-sign-in": ("officers/sign_in.html", {
        "action": "/console/sign-in", "options": OPTIONS, "error": None}),
    "officers-sign-in-wrong": ("officers/sign_in.html", {
        "action": "/console/sign-in", "options": OPTIONS, "error": WRONG}),
    "officers-first-key": ("officers/new_key.html", KEY),
    "officers-another-key": ("officers/new_key.html", {**KEY, "first": False, "error": WRONG}),
    "officers-home": ("officers/home.html", HOME),
    "officers-home-no-role": ("officers/home.html", {**HOME, "counter": False,
                                                     "administrator": False,
                                                     "figures": False}),
    "officers-keys": ("officers/keys.html", {"keys": KEYS, "action": "/console/keys/remove",
                                             "error": None}),
    "officers-keys-last": ("officers/keys.html", {"keys": [ONE_KEY], "action": "",
                                                  "error": WRONG}),
    "officers-counter": ("officers/counter.html", {"action": "/console/counter", "error": None}),
    "officers-counter-unknown": ("officers/counter.html", {"action": "/console/counter",
                                                           "error": WRONG}),
    "officers-visit": ("officers/visit.html", VISIT),
    "officers-visit-unticked": ("officers/visit.html", {
        **VISIT, "document": "passport", "ticked": ["photo"], "error": WRONG, "field": "check"}),
    "officers-visit-no-document": ("officers/visit.html", {
        **VISIT, "error": WRONG, "field": "document"}),
    "officers-visits": ("officers/visits.html", {"visits": WAITING, "error": None}),
    "officers-visits-none": ("officers/visits.html", {"visits": [], "error": WRONG}),
    "officers-held": ("officers/held.html", {"held": HELD, "error": None}),
    "officers-held-none": ("officers/held.html", {"held": [], "error": WRONG}),
    "officers-decide": ("officers/decide.html", DECIDE),
    "officers-list": ("officers/officers.html", OFFICERS),
    "officers-list-wrong": ("officers/officers.html", {
        **OFFICERS, "error": WRONG, "field": "role", "name": "Dee Gill"}),
    "officers-one": ("officers/officer.html", OFFICER),
    "officers-oneself": ("officers/officer.html", {**OFFICER, **NO_CHANGE, "oneself": True,
                                                   "error": WRONG}),
    "officers-ended": ("officers/officer.html", {**OFFICER, **NO_CHANGE, "ended": NOON}),
    "officers-address": ("officers/address.html", {
        "name": "Ben Owen", "address": "http://localhost:8900/console/set-up/" + "x" * 43,
        "until": NOON}),
}  # fmt: skip
