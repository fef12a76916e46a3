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
    Facts(ref="S-1", name="Firefox on Linux", since=NOON, seen=NOON, here=True),
    Facts(ref="S-2", name="A browser we do not know", since=NOON, seen=NOON, here=False),
]
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
    "sessions": ("account/sessions.html",
                 {"browsers": BROWSERS, "sessions": SERVICES, "sign_ins": SIGN_INS}),
    "sessions-none": ("account/sessions.html",
                      {"browsers": BROWSERS[:1], "sessions": [], "sign_ins": []}),
}  # fmt: skip
