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
    Facts(ref="d-1", service="Tax", when=NOON, until=NOON, href="/console/held/d-1"),
    Facts(ref="d-2", service="Library", when=NOON, until=NOON, href="/console/held/d-2"),
]
HELD_ONE = {
    "ref": "d-1", "service": "Tax", "when": NOON, "until": NOON, "action": "/console/held/d-1",
    "reasons": "unusual_network +2.7; usual_browser -3.5", "error": None,
    "choices": {"owner-came": "Let it go on: the owner came", "part-of-an-attack": "Stop it"},
}  # fmt: skip
MANDATE: dict[str, Any] = {
    "ref": "m-1", "service": "Tax", "helper": "Owen and Co",
    "about": "A business", "state": "In use", "starts": NOON, "expires": NOON,
    "powers": "see tax returns and letters",
}  # fmt: skip
MANDATE_PAGE: dict[str, Any] = {
    **MANDATE, "can": "No.", "action": "/console/mandates/m-1", "error": None,
    "told": Facts(principal="The permission is on hold.", delegate="Your permission is on hold.",
                  developer="mandate-suspended: the permission to act is on hold"),
    "happened": [{"what": "Given", "when": NOON, "reference": "K7QF2MXB9HWR"},
                 {"what": "Used at a service", "when": NOON, "reference": "K7QF2MXB9HWS"}],
    "choices": {"suspended abuse-suspected": "Put it on hold: it may be misused",
                "ended made-in-error": "End it for good: it was a mistake"},
}  # fmt: skip
FOUND = [
    Facts(ref=ref, href=f"/console/mandates/{ref}", service="Tax", helper="Owen and Co",
          state="In use", expires=NOON if ref == "m-1" else None)
    for ref in ("m-1", "m-2")
]  # fmt: skip
MANDATES: dict[str, Any] = {
    "ways": {"reference": "Reference of the permission", "organisation": "Name of the firm"},
    "way": "", "found": [], "full": False, "error": None, "field": "typed",
}  # fmt: skip
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
        "administrator": True, "held": True, "figures": True, "organisations": True,
        "mandates": True}  # fmt: skip

ORGANISATIONS: dict[str, Any] = {
    "organisations": [
        Facts(href="/console/organisations/o-1", name="Example & Co", kind="Firm", state="in use"),
        Facts(href="/console/organisations/o-2", name="Help", kind="Charity",
              state="waits for a second officer"),
    ],
    "full": True, "named": "", "action": "/console/organisations",
    "enter": "/console/organisations/enter",
}  # fmt: skip
ENTER: dict[str, Any] = {
    "action": "/console/organisations/enter", "kinds": {"firm": "Firm", "charity": "Charity"},
    "kind": "", "levels": {"0": "0: nothing but its name", "1": "1: in a public register"},
    "assurance": "", "name": "", "number": "", "admin_name": "", "admin_email": "", "error": "",
    "field": "",
}  # fmt: skip
ORGANISATION: dict[str, Any] = {
    "name": "Example & Co", "kind": "Firm", "number": "01234567", "assurance": 2,
    "state": "in use", "entered_by": "Asha Patel", "verified_by": "Ben Owen", "admin_name": "",
    "admin_email": "", "admins": 1, "reason": "", "look": "", "oneself": False,
    "verify_action": "", "link_action": "", "resume_action": "", "close_action": "",
    "suspend_action": "/console/organisations/o-1/suspend", "notice_days": 14, "error": "",
    "stops_at": None, "at_once": False, "typed": "",
}  # fmt: skip
ADMINISTRATOR: dict[str, Any] = {
    "organisation": "Example & Co", "action": "/console/organisations/o-1/administrator",
    "back": "/console/organisations/o-1", "name": "", "email": "", "why": "", "error": "",
    "field": "", "reasons": {"administrator-died": "They died",
                             "administrator-left": "They do not work there any more"},
}  # fmt: skip
NAMED: dict[str, Any] = {
    "organisation": "Example & Co", "back": "/console/organisations/o-1", "name": "Cai Rees",
    "email": "cai@example.test", "why": "They died", "by": "Asha Patel", "when": NOON,
    "until": NOON, "own": False, "admins": 1,
    "action": "/console/organisations/o-1/administrator/p-1/decide",
}  # fmt: skip
ORGANISATION_CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "officers-organisations": ("officers/organisations.html", ORGANISATIONS),
    "officers-organisations-none": ("officers/organisations.html", {
        **ORGANISATIONS, "organisations": [], "full": False, "named": "Ex"}),
    "officers-organisation-enter": ("officers/organisation_enter.html", ENTER),
    "officers-organisation-enter-wrong": ("officers/organisation_enter.html", {
        **ENTER, "error": "Choose what kind of organisation it is", "field": "kind"}),
    "officers-organisation": ("officers/organisation.html", {
        **ORGANISATION, "link_action": "/console/organisations/o-1/link",
        "admin_name": "Sian Hughes", "admin_email": "sian@example.test"}),
    "officers-organisation-verify": ("officers/organisation.html", {
        **ORGANISATION, "state": "waits for a second officer", "verified_by": "", "admins": 0,
        "admin_name": "Sian Hughes", "admin_email": "sian@example.test", "look": "1.sealed",
        "verify_action": "/console/organisations/o-1/verify", "suspend_action": "",
        "close_action": "/console/organisations/o-1/close"}),
    "officers-organisation-named": ("officers/organisation.html", {
        **ORGANISATION, "admins": 0, "name_action": "/console/organisations/o-1/administrator",
        "named": [Facts(by="Asha Patel", when=NOON,
                        action="/console/organisations/o-1/administrator/p-1")]}),
    "officers-administrator": ("officers/administrator.html", ADMINISTRATOR),
    "officers-administrator-wrong": ("officers/administrator.html", {
        **ADMINISTRATOR, "error": "Type in an email address", "field": "email"}),
    "officers-administrator-look": ("officers/administrator_proposal.html", NAMED),
    "officers-administrator-own": ("officers/administrator_proposal.html", {**NAMED, "own": True}),
    "officers-organisation-own": ("officers/organisation.html", {
        **ORGANISATION, "verified_by": "", "oneself": True, "suspend_action": ""}),
    "officers-organisation-suspended": ("officers/organisation.html", {
        **ORGANISATION, "state": "suspended", "reason": "A breach", "suspend_action": "",
        "resume_action": "/console/organisations/o-1/resume",
        "close_action": "/console/organisations/o-1/close"}),
    "officers-organisation-wrong": ("officers/organisation.html", {
        **ORGANISATION, "error": "State a reason", "at_once": True, "typed": "x y"}),
    "officers-organisation-notice": ("officers/organisation.html", {
        **ORGANISATION, "stops_at": NOON, "suspend_action": "", "notice_days": ""}),
}  # fmt: skip

SEEN: dict[str, Any] = {
    "changes": [{"what": "tax, pay", "before": "P2.C2", "after": "P2.C3", "said": "asks for more"}],
    "cells": ["C2: we act later, from 1.10 on and not from 0.97"],
    "methods": ["app-push goes from approved to withdrawn."],
    "read": 1200, "too_old": 3, "weights_changed": True, "stopped": 2,
    "services": [{"service": "tax", "same": 1100, "more": 98, "stopped": 2, "less": 0,
                  "references": "K7QF2MXB9HWR, K7QF2MXB9HWS"}],
}  # fmt: skip
LINES = ["--- levels.toml", "+++ levels.toml", "@@ -1,3 +1,3 @@", "-upper = [1]", "+upper = [2]"]
SET: dict[str, Any] = {
    "fingerprint": "932da6c370bf", "state": "in force",
    "proposed_by": "Asha Patel", "proposed_at": NOON, "signed_by": "Ben Owen", "starts_at": NOON,
    "in_force_at": NOON, "rolled_back_by": "", "refused_by": "", "why": "",
}  # fmt: skip
WAITS = {**SET, "state": "waits for a second officer", "signed_by": "", "in_force_at": None}
HREF = "/console/policies/sets/s-1"
SETS: dict[str, Any] = {
    "fingerprint": "932da6c370bf", "in_force": "s-1", "restored": False, "changed_at": NOON,
    "changed_by": "Ben Owen", "can_go_back": True,
    "sets": [{**SET, "href": HREF}, {**WAITS, "href": HREF}], "error": "",
    "change": "/console/policies/change", "roll_back": "/console/policies/roll-back",
}  # fmt: skip
ONE_SET: dict[str, Any] = {
    "one": WAITS, "waits": True, "stale": False, "oneself": False, "to_sign": True,
    "acknowledged": {"thresholds/C2": "Fewer false alarms"}, "seen": SEEN, "problems": [],
    "lines": LINES, "sign": "/console/policies/sets/s-1/sign", "error": "",
    "refuse": "/console/policies/sets/s-1/refuse",
}  # fmt: skip
FILES = [{"name": "levels.toml", "text": "upper = [2]\n"}, {"name": "risk.toml", "text": ""}]
POLICY_EDIT: dict[str, Any] = {
    "action": "/console/policies/edit", "files": FILES, "lines": LINES, "problems": [],
    "more_problems": 0, "seen": SEEN, "falls": False, "starts": "", "field": "", "error": "",
}  # fmt: skip
STATUSES = {"approved": "Approved", "withdrawn": "Does not count any more"}
MONEY = {"money_person": "Money that one person loses", "money_public": "Public money lost"}
ENDS = ["Small harm, up to", "Some harm, up to", "Big harm, up to"]
POLICY_FORM: dict[str, Any] = {
    "name": "Fraud check",
    "statuses": STATUSES,
    "field": "",
    "error": "",
}
POLICY: dict[str, tuple[str, dict[str, Any]]] = {
    "officers-policies": ("officers/policy_sets.html", SETS),
    "officers-policies-restored": ("officers/policy_sets.html", {
        **SETS, "restored": True, "error": WRONG}),
    "officers-policies-none": ("officers/policy_sets.html", {
        **SETS, "in_force": None, "can_go_back": False, "sets": [], "roll_back": "",
        "changed_by": ""}),
    "officers-policy-set": ("officers/policy_set.html", ONE_SET),
    "officers-policy-set-own": ("officers/policy_set.html", {
        **ONE_SET, "oneself": True, "sign": "", "error": WRONG,
        "problems": ["levels.toml: tier 2: wrong."]}),
    "officers-policy-set-stale": ("officers/policy_set.html", {
        **ONE_SET, "stale": True, "seen": None, "lines": [], "sign": "", "acknowledged": {}}),
    "officers-policy-set-over": ("officers/policy_set.html", {
        **ONE_SET, "one": {**SET, "rolled_back_by": "Ben Owen", "why": "Too many calls"},
        "waits": False, "to_sign": False, "seen": None, "lines": [], "sign": "", "refuse": ""}),
    "officers-policy-change": ("officers/policy_change.html", {
        "kinds": [{"href": "/console/policies/evidence/a", "name": "Match with the register"}],
        "methods": [{"href": "/console/policies/methods/a", "name": "Password"}],
        "money": "/console/policies/money",
        "files": [{"href": "/console/policies/edit?file=risk.toml", "name": "risk.toml"}]}),
    "officers-policy-edit": ("officers/policy_edit.html", POLICY_EDIT),
    "officers-policy-edit-wrong": ("officers/policy_edit.html", {
        **POLICY_EDIT, "seen": None, "falls": True, "field": "starts", "error": WRONG,
        "problems": ["risk.toml: acknowledge_lowering: It asks for less."], "more_problems": 2}),
    "officers-policy-evidence": ("officers/policy_evidence.html", {
        **POLICY_FORM, "parts": {"strength": "How hard it is to fake", "fraud": "Signs of fraud"},
        "form": {"strength": 3, "fraud": 0, "status": "approved"}}),
    "officers-policy-evidence-wrong": ("officers/policy_evidence.html", {
        **POLICY_FORM, "parts": {"strength": "How hard it is to fake"}, "field": "strength",
        "error": WRONG, "form": {"strength": "9", "status": "", "why": "It is meant"}}),
    "officers-policy-method": ("officers/policy_method.html", {
        **POLICY_FORM, "form": {"status": "approved", "review_by": "2030-01-31"}}),
    "officers-policy-method-wrong": ("officers/policy_method.html", {
        **POLICY_FORM, "form": {"status": "approved", "review_by": "soon"}, "field": "review_by",
        "error": WRONG}),
    "officers-policy-money": ("officers/policy_money.html", {
        "categories": MONEY, "ends": ENDS, "field": "", "error": "",
        "form": {"money_person-0": "100", "money_public-2": "1000000"}}),
    "officers-policy-money-wrong": ("officers/policy_money.html", {
        "categories": MONEY, "ends": ENDS, "field": "money_person-1", "error": WRONG, "form": {}}),
}  # fmt: skip
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
CONDITIONS = ["the contact was held for 30 days", "nobody else was on the line"]
LAPSED = {"order-lapsed": "The order of the court has run out",
          "director-removed": "The director left the company"}  # fmt: skip
CALL: dict[str, Any] = {
    "name": "Margaret Hughes", "birth_date": BORN, "died_on": None, "person": True, "code": "",
    "shown": ["A second check by an officer"], "identity": 1, "may_end": True,
    "channels": {"text": "••• 23", "email": "m•••@e•••.test"}, "sent": True,
    "conditions": CONDITIONS, "ticked": [],
    "kinds": [("/console/calls/c/evidence/a", "A signed form")],
    "held": [
        Facts(ref="", bundle="b-1", helper="Sian Hughes", service="Tax", until=BORN,
              basis="The person asked for it", by_law=False),
        Facts(ref="m-2", bundle="b-2", helper="Tom Barker", service="Library", until=None,
              basis="A court named a deputy", by_law=True),
        Facts(ref="m-3", bundle="b-3", helper="Dee Gill", service="Library", until=None,
              basis="A power of attorney", by_law=True),
    ],
    "lapsed": LAPSED, "code_action": "/c/code", "check_action": "/c/code/check",
    "end_action": "/c/end", "lapse_action": "/c/lapse", "appoint": "/c/appoint",
    "error": None, "field": "",
}  # fmt: skip
CALL_NEW: dict[str, Any] = {
    **CALL, "held": [Facts(**{**vars(one), "bundle": ""}) for one in CALL["held"]],
    "shown": [], "identity": None, "may_end": False, "sent": False, "conditions": [],
    "check_action": "", "end_action": "", "channels": {"text": "••• 23"},
}  # fmt: skip
EVIDENCE: dict[str, Any] = {
    "action": "/c/evidence/a", "back": "/c", "kind": "A signed form", "conditions": CONDITIONS,
    "ticked": [], "document": True, "hash": "", "held_by": "", "error": None, "field": "",
}  # fmt: skip
APPOINT: dict[str, Any] = {
    "action": "/c/appoint", "back": "/c", "name": "Margaret Hughes",
    "bases": {"appointed": "The person asked for it", "deputyship": "A court named a deputy"},
    "basis": "appointed", "helpers": "", "organisation": "", "ticked": [], "terms": ["1", "31"],
    "days": "", "quorum": "1", "error": None, "field": "",
    "services": [
        Facts(name="Tax", reached=True, powers=[("tax:view", "see tax returns and letters"),
                                                ("tax:file", "send a tax return")]),
        Facts(name="Library", reached=False, powers=[("library:all", "everything there")]),
    ],
}  # fmt: skip
PROPOSAL: dict[str, Any] = {
    "by_ref": "", "entered_by": "Asha Patel", "entered_at": NOON, "until": NOON,
    "name": "Margaret Hughes", "birth_date": BORN, "helpers": ["Sian Hughes", "Tom Barker"],
    "quorum": 2, "basis": "A power of attorney", "days": 31, "identity": 2,
    "services": [Facts(name="Tax", powers=["see tax returns and letters"])],
    "evidence": [Facts(name="A signed form", hash=HASH, held_by="Swansea, file 7")],
    "action": "/console/proposals/w/decide", "own": False,
}  # fmt: skip
WAITING_PROPOSALS = [
    Facts(action="/console/proposals/w", by="Asha Patel", own=False, when=NOON, until=NOON)
]
WAYS_TO_A_PARTY = {"ni": "A National Insurance number", "vat": "A VAT number"}
MANDATE_PAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "officers-calls": ("officers/calls.html", {
        "action": "/console/calls", "waiting": "/console/proposals",
        "letters": "/console/letters", "ways": WAYS_TO_A_PARTY, "way": "ni",
        "error": None, "field": ""}),
    "officers-calls-way": ("officers/calls.html", {
        "action": "/console/calls", "waiting": "/console/proposals",
        "letters": "/console/letters", "ways": WAYS_TO_A_PARTY, "way": "",
        "error": WRONG, "field": "way"}),
    "officers-calls-wrong": ("officers/calls.html", {
        "action": "/console/calls", "waiting": "/console/proposals",
        "letters": "/console/letters", "ways": WAYS_TO_A_PARTY, "way": "vat",
        "error": WRONG, "field": "number"}),
    "officers-call": ("officers/call.html", CALL),
    "officers-call-new": ("officers/call.html", CALL_NEW),
    "officers-call-code": ("officers/call.html", {
        **CALL, "ticked": CONDITIONS, "error": WRONG, "field": "code"}),
    "officers-call-ticks": ("officers/call.html", {
        **CALL, "error": WRONG, "field": "code-check", "code": "123456"}),
    "officers-call-why": ("officers/call.html", {**CALL, "error": WRONG, "field": "why"}),
    "officers-call-dead": ("officers/call.html", {
        **CALL_NEW, "died_on": BORN, "channels": {}, "held": [], "lapsed": {}, "code_action": "",
        "lapse_action": ""}),
    "officers-evidence": ("officers/evidence.html", EVIDENCE),
    "officers-evidence-said": ("officers/evidence.html", {
        **EVIDENCE, "document": False, "error": WRONG, "field": "check"}),
    "officers-evidence-wrong": ("officers/evidence.html", {
        **EVIDENCE, "hash": "abc", "held_by": "Swansea", "error": WRONG, "field": "hash"}),
    "officers-evidence-nowhere": ("officers/evidence.html", {
        **EVIDENCE, "hash": HASH, "error": WRONG, "field": "held_by"}),
    "officers-appoint": ("officers/appoint.html", APPOINT),
    "officers-appoint-asked": ("officers/appoint.html", {
        **APPOINT, "bases": {"appointed": "The person asked for it"}}),
    "officers-appoint-wrong": ("officers/appoint.html", {
        **APPOINT, "helpers": "x", "days": "open", "error": WRONG, "field": "helpers"}),
    "officers-appoint-organisation": ("officers/appoint.html", {
        **APPOINT, "organisation": "01234567", "error": WRONG, "field": "organisation"}),
    "officers-appoint-powers": ("officers/appoint.html", {
        **APPOINT, "error": WRONG, "field": "power"}),
    "officers-appoint-nothing": ("officers/appoint.html", {
        **APPOINT, "action": "", "bases": {}, "basis": "", "services": [], "terms": [],
        "quorum": ""}),
    "officers-proposals": ("officers/proposals.html", {
        "waiting": WAITING_PROPOSALS, "error": None}),
    "officers-proposals-none": ("officers/proposals.html", {"waiting": [], "error": WRONG}),
    "officers-proposal": ("officers/proposal.html", PROPOSAL),
    "officers-proposal-said": ("officers/proposal.html", {
        **PROPOSAL, "evidence": [Facts(name="A second check", hash="", held_by="")]}),
    "officers-proposal-own": ("officers/proposal.html", {
        **PROPOSAL, "own": True, "days": None, "quorum": None, "birth_date": None}),
    "officers-letters": ("officers/letters.html", {
        "letters": [Facts(action="/console/letters/l", when=NOON)], "error": None}),
    "officers-letters-none": ("officers/letters.html", {"letters": [], "error": WRONG}),
    "officers-letter": ("officers/letter.html", {
        "action": "/console/letters/l/done", "name": "Margaret Hughes",
        "address": ["12 Chapel Row", "Swansea"], "written": NOON,
        "subject": "Somebody can act for you now",
        "paragraphs": ["Sian Hughes can act for you now, here: Tax."]}),
}  # fmt: skip
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    **ORGANISATION_CASES,
    "officers-sign-in": ("officers/sign_in.html", {
        "action": "/console/sign-in", "options": OPTIONS, "error": None}),
    "officers-sign-in-wrong": ("officers/sign_in.html", {
        "action": "/console/sign-in", "options": OPTIONS, "error": WRONG}),
    "officers-first-key": ("officers/new_key.html", KEY),
    "officers-another-key": ("officers/new_key.html", {**KEY, "first": False, "error": WRONG}),
    "officers-home": ("officers/home.html", HOME),
    "officers-home-no-role": ("officers/home.html", {**HOME, "counter": False,
                                                     "administrator": False, "mandates": False,
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
    "officers-stopped": ("officers/stopped.html", {"stopped": [
        {"sign_in_name": "sian@example.test", "frozen_at": NOON, "reference": "K7QF2MXBAAAA",
         "action": "/console/stopped/K7QF2MXBAAAA"}]}),
    "officers-stopped-none": ("officers/stopped.html", {"stopped": []}),
    "officers-objections": ("officers/objections.html", {"error": WRONG, "objections": [
        {"reference": "K7QF2MXBAAAA", "at": NOON, "service": "Tax", "organisation": "Smith & Sons",
         "words": "I never asked for this.", "action": "/console/objections/K7QF2MXBAAAA"},
        {"reference": "K7QF2MXBAAAB", "at": NOON, "service": "Tax", "organisation": None,
         "words": "I was away.", "action": "/console/objections/K7QF2MXBAAAB"}]}),
    "officers-objections-none": ("officers/objections.html", {"error": None, "objections": []}),
    "officers-held": ("officers/held.html", {"held": HELD, "full": True, "error": None}),
    "officers-held-none": ("officers/held.html", {"held": [], "full": False, "error": WRONG}),
    "officers-mandates": ("officers/mandates.html", {
        **MANDATES, "found": FOUND, "full": True,
        "way": "organisation"}),
    "officers-mandates-wrong": ("officers/mandates.html", {
        **MANDATES, "error": WRONG, "field": "way"}),
    "officers-mandates-none": ("officers/mandates.html", {**MANDATES, "error": WRONG}),
    "officers-mandate": ("officers/mandate.html", MANDATE_PAGE),
    "officers-mandate-wrong": ("officers/mandate.html", {**MANDATE_PAGE, "error": WRONG}),
    "officers-mandate-over": ("officers/mandate.html", {
        **MANDATE_PAGE, "told": None, "choices": {}, "happened": [], "starts": None,
        "expires": None, "action": ""}),
    "officers-held-one": ("officers/held_one.html", HELD_ONE),
    "officers-held-one-wrong": ("officers/held_one.html", {**HELD_ONE, "error": WRONG}),
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
    **POLICY,
    **MANDATE_PAGES,
}  # fmt: skip
