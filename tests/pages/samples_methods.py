"""What the pages that set methods up, list them and end sessions are shown with in tests."""

from datetime import UTC, datetime
from types import SimpleNamespace as Facts
from typing import Any

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
STEP = {"action": "/methods/step", "back": "/account/methods", "error": None,
        "shown": "1.sealed-moment"}  # fmt: skip
OPTIONS = {"challenge": "Y2hhbGxlbmdl", "rp": {"id": "localhost", "name": "Gatehouse"},
           "user": {"id": "aGFuZGxl", "name": "margaret", "displayName": "Margaret Hughes"},
           "pubKeyCredParams": [], "excludeCredentials": []}  # fmt: skip
APP = {**STEP, "qr": "the picture", "secret": "GEZD GNBV GY3T QOJQ", "offer": "1.sealed",
       "address": "otpauth://totp/Gatehouse:margaret?secret=GEZD&issuer=Gatehouse",
       "replaces": False}  # fmt: skip
PASSWORD = {**STEP, "account": "margaret@example.test", "changes": True,
            "forgot": "/recover", "field": "password"}  # fmt: skip
CODES = [f"2345{n}-ABCDE-FGHJK" for n in range(10)]
HELD = [
    Facts(name="Password", about=["Set on 1 June 2030"], change="/methods/password",
          remove="/account/methods/password/remove"),
    Facts(name="Passkey", about=["Made on 1 June 2030 in Firefox on Linux", "Last used today"],
          change=None, remove="/account/methods/k1/remove"),
]  # fmt: skip
ADD = [Facts(href="/methods/app", text="Set up an app that makes codes")]
BROWSERS = [
    Facts(ref="S-1", name="Firefox on Linux", since=NOON, seen=NOON, here=True, software=False),
    Facts(
        ref="S-2",
        name="A browser we do not know",
        since=NOON,
        seen=NOON,
        here=False,
        software=False,
    ),
    Facts(ref="S-3", name="Filer", since=NOON, seen=NOON, here=False, software=True),
]
KNOWN = Facts(sign_ins=12, devices=4, networks=2, last_week=41)
UNKNOWN = Facts(sign_ins=0, devices=0, networks=0, last_week=None)
DEVICES = [Facts(ref="D-1", name="Firefox on Linux", since=NOON, used=NOON)]
MAIL = {**STEP, "email": "margaret@example.test", "chosen": False, "counts": True}
SAID = {
    "back": "/account/methods",
    "email": "margaret@example.test",
    "chosen": False,
    "counts": True,
}
SIGN_IN = {"service_name": "Library", "action": "/sign-in/step", "ways": "/sign-in/ways",
           "error": None}  # fmt: skip
TEXT = {**SIGN_IN, "number": "••• 123", "why": "Library asks for one more check."}
CHECK = {**SIGN_IN, "again": "/sign-in/again", "by_text": False, "remember": False}
CHECK_TEXT = {**CHECK, "number": "••• 123", "by_text": True, "remember": True}
APPROVED = {
    "as_of": "1 June 2030", "api": "/api/v1/methods", "fingerprint": "a1b2c3",
    "levels": [{"level": "C1", "meaning": "Your password.", "alone": ["Password", "Passkey"],
                "one_of_two": []},
               {"level": "C2", "meaning": "", "alone": ["Passkey"],
                "one_of_two": ["Password", "Code from an app"]}],
    "methods": [{"id": "password", "name": "Password",
                 "facts": [("Status", "approved"), ("Why", "Everybody can use one.")]}],
}  # fmt: skip
SERVICES = [Facts(service="Tax", since=NOON, acting_for="Margaret Hughes"),
            Facts(service="Library", since=NOON, acting_for=None)]  # fmt: skip
SIGN_INS = [Facts(when=NOON, what="You showed that it is you: Passkey", who="Tax", service=None)]

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "method-app": ("methods/app.html", APP),
    "method-app-wrong": ("methods/app.html", {**APP, "replaces": True, "error": "Not the code."}),
    "method-passkey": ("methods/passkey.html", {**STEP, "options": OPTIONS}),
    "method-passkey-wrong": ("methods/passkey.html",
                             {**STEP, "options": OPTIONS, "error": "Try again."}),
    "method-recovery-codes": ("methods/recovery_codes.html", {**STEP, "replaces": True}),
    "method-printed": ("methods/printed.html", {"account": "margaret@example.test", "made": NOON,
                                                "codes": CODES, "kept": "/account/methods"}),
    "method-password": ("methods/password.html", PASSWORD),
    "method-password-first": ("methods/password.html",
                              {**PASSWORD, "changes": False, "forgot": ""}),
    "method-password-wrong": ("methods/password.html", {**PASSWORD, "error": "Too short."}),
    "method-password-not-that": ("methods/password.html",
                                 {**PASSWORD, "error": "Not that one.", "field": "current"}),
    "methods": ("account/methods.html", {"methods": HELD, "enough": True, "add": ADD}),
    "methods-too-few": ("account/methods.html",
                        {"methods": HELD[:1], "enough": False, "add": ADD}),
    "method-remove": ("account/remove_method.html",
                      {"name": "Passkey", "about": ["Made on 1 June 2030"],
                       "action": "/account/methods/k1/remove", "shown": "1.sealed-moment"}),
    "method-text": ("methods/text.html",
                    {**STEP, "number": "", "replaces": False, "days": 3}),
    "method-text-wrong": ("methods/text.html",
                          {**STEP, "number": "12", "replaces": True, "days": 3,
                           "error": "Type in the number of a mobile phone."}),
    "method-text-check": ("methods/text_check.html",
                          {**STEP, "number": "••• 123", "again": "/methods/text"}),
    "method-text-check-wrong": ("methods/text_check.html",
                                {**STEP, "number": "••• 123", "again": "/methods/text",
                                 "error": "This code is not right."}),
    "method-email-code": ("methods/email_code.html", MAIL),
    "method-email-code-chosen": ("methods/email_code.html", {**SAID, "chosen": True}),
    "method-email-code-not": ("methods/email_code.html", {**SAID, "counts": False}),
    "sign-in-email-code": ("signin/email_code.html", {**SIGN_IN, "email": "margaret"}),
    "sign-in-email-code-wrong": ("signin/email_code.html",
                                 {**SIGN_IN, "email": "", "error": "Type in your email address."}),
    "sign-in-text-code": ("signin/text_code.html", TEXT),
    "sign-in-text-code-often": ("signin/text_code.html", {**TEXT, "error": "Wait 1 minute."}),
    "sign-in-check-mail": ("signin/check_code.html", CHECK),
    "sign-in-check-text": ("signin/check_code.html",
                           CHECK_TEXT),
    "sign-in-check-wrong": ("signin/check_code.html",
                            {**CHECK_TEXT, "error": "This code is not right."}),
    "approved-methods": ("assurance/methods.html", APPROVED),
    "sessions": ("account/sessions.html",
                 {"browsers": BROWSERS, "devices": DEVICES, "sessions": SERVICES,
                  "sign_ins": SIGN_INS, "known": KNOWN}),
    "sessions-none": ("account/sessions.html",
                      {"browsers": BROWSERS[:1], "devices": [], "sessions": [], "sign_ins": [],
                       "known": UNKNOWN}),
    "held": ("account/held.html", {
        "service": "Tax", "when": NOON, "action": "/account/held/" + "x" * 43, "error": None,
        "unusual": "It was a network we had not seen you use, and a new browser."}),
    "held-wrong": ("account/held.html", {
        "service": "Tax", "when": NOON, "action": "/account/held/" + "x" * 43,
        "error": "Say if it was you", "unusual": ""}),
    "held-list": ("account/held_list.html", {
        "held": [Facts(ref="d-1", service="Tax", created_at=NOON),
                 Facts(ref="d-2", service="Library", created_at=NOON)],
        "email": "margaret@example.test", "action": "/account/held", "error": None}),
    "held-list-gone": ("account/held_list.html", {
        "held": [], "error": "This does not wait any more. Look at the list again."}),
    "too-unusual": ("signin/too_unusual.html", {
        "service_name": "Tax", "other_route": "By telephone, at the same level",
        "action": "/sign-in/j-1/back"}),
    "too-unusual-no-route": ("signin/too_unusual.html", {
        "service_name": "Tax", "other_route": "", "action": "/sign-in/j-1/back"}),
}  # fmt: skip
