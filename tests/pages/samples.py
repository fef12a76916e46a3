"""What each template is shown with in tests: one plain set, and the same with hostile names."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, date, datetime
from types import SimpleNamespace as Facts
from typing import Any

from tests.pages.samples_assist import CASES as ASSIST
from tests.pages.samples_assurance import CASES as ASSURANCE
from tests.pages.samples_delegation import CASES as DELEGATION
from tests.pages.samples_enrolment import CASES as ENROLMENT
from tests.pages.samples_figures import CASES as FIGURES
from tests.pages.samples_methods import CASES as METHODS
from tests.pages.samples_officers import CASES as OFFICERS
from tests.pages.samples_organisations import CASES as ORGANISATIONS
from tests.pages.samples_proofing import PROOFING
from tests.pages.samples_software import CASES as SOFTWARE

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
SUMMER = date(2030, 8, 31)
HOSTILE = "<script>alert(1)</script>\"'><img src=x>"

WHY = "Tax keeps things about your money. So we ask for one more proof that it is you."
KEY = '{"kty": "EC", "crv": "P-256", "d": "' + "x" * 43 + '", "kid": "test-service-1"}'
SAMPLE = "\n".join(f"line_{n} = client.fetch('a rather long line of sample code', {n})"
                   for n in range(15))  # fmt: skip

HOLD = Facts(at=NOON, reference="K7QF-2MXB")
MANDATE = Facts(
    ref="M-7/ü?", delegate_name="Sian Hughes", services=["Tax"], until=SUMMER, uses=2,
    ended=False, ended_on=None,
)  # fmt: skip
ENDED = Facts(
    ref="M-8", delegate_name="Tom Barker", services=["Library", "Tax"], until=SUMMER, uses=0,
    ended=True, ended_on=NOON,
)  # fmt: skip
DONE = [
    Facts(when=NOON, what="Looked at the tax statement", who="Sian Hughes", service="Tax",
          reference="K7QF-2MXB"),
    Facts(when=NOON, what="Signed in", who="Sian Hughes", service="Tax", reference=None),
]  # fmt: skip
USE = Facts(
    when=NOON, what="Opened or kept using the service", who="A named adviser at Smith & Sons",
    service="Tax", purpose="Pay the bill for May", reference="K7QF2MXBAAAA", objected=False,
    answer=None, object="/account/helpers/M-7/object/K7QF2MXBAAAA",
)  # fmt: skip
USES = [
    USE,
    Facts(**{**vars(USE), "reference": "K7QF2MXBAAAB", "objected": True, "object": None,
             "purpose": None}),
    Facts(**{**vars(USE), "reference": "K7QF2MXBAAAC", "objected": True, "object": None,
             "answer": "It was a mistake, and they have put it right."}),
]  # fmt: skip
PEOPLE = [
    Facts(role="mother", name="Margaret Hughes", email="margaret@example.test",
          password="violet-kettle-harbour-19", code="204518", code_seconds_left=17),
    Facts(role="daughter", name="Sian Hughes", email="sian@example.test",
          password="amber-window-lantern-42", code="330917", code_seconds_left=1),
    Facts(role="neighbour", name="Tom Barker", email="tom@example.test",
          password="copper-meadow-ladder-77", code="009120", code_seconds_left=17),
]  # fmt: skip
NEWCOMERS = [
    Facts(role="newcomer", name="Elizabeth Morgan", given_name="Elizabeth", called="Liz",
          earlier_family_name="Pryce", birth_date="1954-04-02", email=None, phone=None,
          national_insurance_number="QQ123456C"),
    Facts(role="newcomer-with-contact", name="William O'Connor", given_name="William",
          called="Bill", earlier_family_name=None, birth_date="1988-09-17",
          email="bill@example.test", phone="+447700900461",
          national_insurance_number="QQ123457C"),
]  # fmt: skip
SERVICES = [
    Facts(name="Library", url="http://library.localhost:8001", tier=1),
    Facts(name="Tax", url="http://tax.localhost:8002", tier=2),
]
SIGN_IN = {"service_name": "Library", "action": "/signin/step", "why": None, "error": None}
OPTIONS = {"challenge": "Y2hhbGxlbmdl", "rpId": "localhost", "allowCredentials": []}
WAYS = "/signin/ways"
PASSKEY = {**SIGN_IN, "passkey_options": OPTIONS, "ways": WAYS}
PASSWORD = {**SIGN_IN, "passkey_action": "/signin/passkey", "passkey_options": OPTIONS,
            "enrol": "/enrol", "recover": "/recover"}  # fmt: skip
WRONG = "That email address and password do not go together."
NOTICE = {
    "title": "This page is too old",
    "paragraphs": ["You waited for more than an hour.", "Nothing is lost."],
    "link_href": "/account", "link_text": "Start again", "reference": "K7QF-2MXB",
}  # fmt: skip
HOME = {
    "person_name": "Margaret Hughes", "email": "margaret@example.test",
    "identity": "We have checked who you are.", "links": None,
}  # fmt: skip
POLICY_COMMAND = "idp policy apply"
START = {
    "issuer": "http://localhost:8000", "people": PEOPLE, "services": SERVICES,
    "policy_file": "/srv/gatehouse-demo/policies/services.toml",
    "apply_command": POLICY_COMMAND, "newcomers": NEWCOMERS, "mailbox": "http://localhost:8003",
    "console": "http://localhost:8900", "checker": "http://localhost:8005",
    "officer_command": "idp operator add NAME", "mandate_command": "idp operator add OTHER",
    "organisations": [
        {"kind": kind, "name": name, "url": f"/helping/organisations/{kind}"}
        for kind, name in (("firm", "Shah & Co"), ("charity", "Open Door"), ("insurer", "Roads"))
    ],
}  # fmt: skip
TWO = [Facts(ref="P-1", name="Margaret Hughes", until=SUMMER, organisation=None, purpose=None),
       Facts(ref="P-2", name="Tom Barker", until=None, organisation="Smith & Sons",
             purpose="Renew the car tax")]  # fmt: skip
WHO = {**SIGN_IN, "service_name": "Tax", "self_name": "Sian Hughes", "people": TWO,
       "only": False, "asks_purpose": True, "search": False,
       "named": "", "more": "", "works_for": [], "chosen": "", "purpose": "",
       "purpose_error": None}  # fmt: skip
AGREE = {
    "who": "Dee Gill", "principal": "Margaret Hughes", "service": "Tax", "until": NOON,
    "purpose": "Send the tax return", "mine": False, "agreed": 1, "quorum": 2,
    "action": "/account/helping/agree/a-1",
}  # fmt: skip
OTHERS = {
    "service_name": "Tax", "principal_name": "Two Rivers Ltd", "quorum": 2, "agreed": 0,
    "asked": False, "until": None, "purpose": "",
    "action": "/sign-in/j/others", "again": "/sign-in/j", "error": None,
    "fellows": [Facts(name="Tom Barker", agreed=False), Facts(name="Dee Gill", agreed=True)],
}  # fmt: skip

# Case name -> (template, context). Every template has at least one case; a test holds that.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "password": ("signin/password.html", {**PASSWORD, "email": ""}),
    "password-wrong": ("signin/password.html",
                       {**PASSWORD, "email": "sian@example.test", "error": WRONG}),
    "password-why": ("signin/password.html",
                     {**PASSWORD, "service_name": None, "why": "You were away for an hour."}),
    "passkey": ("signin/passkey.html", {**PASSKEY, "service_name": "Tax", "why": WHY}),
    "passkey-wrong": ("signin/passkey.html", {**PASSKEY, "error": "We could not check it."}),
    "code": ("signin/code.html", {**SIGN_IN, "service_name": "Tax", "why": WHY, "ways": WAYS,
                                  "no_code": "/signin/recovery-code"}),
    "code-wrong": ("signin/code.html", {**SIGN_IN, "service_name": "Tax", "why": WHY,
                                        "ways": WAYS, "error": "That code is old."}),
    "recovery-code": ("signin/recovery_code.html", {**SIGN_IN, "why": WHY, "ways": WAYS}),
    "recovery-code-wrong": ("signin/recovery_code.html",
                            {**SIGN_IN, "ways": WAYS, "error": "That code was used."}),
    "start-page": ("signin/start.html", {"sign_in": "/account", "enrol": "/enrol"}),
    "ways": ("signin/ways.html", {
        "service_name": "Tax", "recover": "/recover",
        "ways": [("/signin/passkey", "Your passkey"), ("/signin/code", "A code from your app")]}),
    "who": ("signin/who.html", WHO),
    "who-missing": ("signin/who.html", {**WHO, "error": "Choose one."}),
    "who-nobody": ("signin/who.html", {**WHO, "people": []}),
    "who-nobody-of-a-firm": ("signin/who.html", {**WHO, "people": [], "works_for": ["Fair & Co"]}),
    "who-many": ("signin/who.html", {
        **WHO, "search": True, "more": "P-2"}),
    "who-not-found": ("signin/who.html", {
        **WHO, "search": True, "people": [], "named": "Xenon"}),
    "who-one": ("signin/who.html", {
        **WHO, "only": True, "people": TWO[:1], "chosen": "P-1", "purpose": "x",
        "self_name": "",
        "purpose_error": "Say what you want to do for them"}),
    "wait": ("signin/wait.html", {
        "service_name": "Tax", "go_on": "/sign-in/1",
        "said": "You opened a lot of people in a short time. Wait a minute, and then go on."}),
    "cannot-act": ("signin/cannot_act.html", {
        "service_name": "Tax", "principal_name": "Margaret Hughes", "reference": "K7QF2MXBAAAA",
        "said": "Your permission was ended. Ask them to give you a new one.",
        "again": "/sign-in/1/who/again", "action": "/sign-in/1/back"}),
    "consent": ("signin/consent.html",
                {**SIGN_IN, "scopes": ["Your name", "Your email address"]}),
    "notice": ("signin/notice.html", NOTICE),
    "form-post": ("signin/form_post.html",
                  {"redirect_uri": "/landed", "fields": {"code": "abc", "state": "x&y"}}),
    "home": ("account/home.html", HOME),
    "home-held": ("account/home.html", {
        **HOME, "held": 1, "way_back": {"due_at": NOON, "due": False, "stops": True}}),
    "home-way-back": ("account/home.html", {
        **HOME, "way_back": {"due_at": NOON, "due": False, "stops": True}}),
    "home-way-back-seen": ("account/home.html", {
        **HOME, "way_back": {"due_at": NOON, "due": True, "stops": False}}),
    "helpers": ("account/helpers.html", {"mandates": [MANDATE, ENDED]}),
    "helpers-held": ("account/helpers.html", {
        "mandates": [Facts(**{**vars(MANDATE), "hold": HOLD, "once": True, "stopped": True})]}),
    "mandate-held": ("account/mandate.html", {
        "mandate": Facts(**{**vars(MANDATE), "hold": HOLD}), "uses": []}),
    "helping-held": ("account/helping.html", {
        "stopped": Facts(frozen_at=NOON, reference="K7QF-2MXB"),
        "people": [Facts(name="Margaret Hughes", services=["Tax"], until=SUMMER, hold=HOLD,
                         resign="/account/helping/x/resign", uses="/account/helping/x")]}),
    "helping-one-held": ("account/helping_one.html", {
        "uses": [], "more": None,
        "mandate": {"principal_name": "Margaret Hughes", "services": ["Tax"], "until": SUMMER,
                    "ended": False, "powers": [], "hold": HOLD}}),
    "helpers-asked": ("account/helpers.html", {
        "mandates": [],
        "waiting": [{"name": "Harbour Accounts", "href": "/account/helpers/asked/x"}],
        "made": [{"name": "Sian Hughes", "href": "/account/helpers/offers/y"}]}),
    "mandate-ends-soon": ("account/mandate.html", {
        "mandate": Facts(**{**vars(MANDATE), "renews": True}), "uses": []}),
    "helpers-nobody": ("account/helpers.html", {"mandates": []}),
    "mandate": ("account/mandate.html", {
        "mandate": Facts(**vars(MANDATE), powers=["see your tax records"]), "uses": USES,
        "more": "/account/helpers/M-7?before=7"}),
    "mandate-passed-on": ("account/mandate.html", {
        "mandate": Facts(**{**vars(MANDATE), "passes_on": True, "passed": [
            Facts(name="Payroll Ltd", href="/account/helpers/M-8")]}), "uses": []}),
    "mandate-through": ("account/mandate.html", {
        "mandate": Facts(**{**vars(MANDATE), "through": "Shah Accounts"}), "uses": []}),
    "helpers-through": ("account/helpers.html", {
        "mandates": [Facts(**{**vars(MANDATE), "through": "Shah Accounts"})]}),
    "mandate-ended": ("account/mandate.html", {"mandate": ENDED, "uses": []}),
    "ended": ("account/ended.html", {"delegate_name": "Sian Hughes", "services": ["Tax"],
                                     "when": NOON, "reference": "K7QF-2MXB"}),
    "activity": ("account/activity.html", {"entries": DONE, "reference": "K7QF-2MXB"}),
    "activity-none": ("account/activity.html", {"entries": [], "reference": None}),
    "helping-one": ("account/helping_one.html", {
        "uses": USES[1:], "more": None,
        "mandate": {"principal_name": "Margaret Hughes", "services": ["Tax"], "until": SUMMER,
                    "ended": False, "powers": ["see your tax records"]}}),
    "helping-one-ended": ("account/helping_one.html", {
        "uses": [], "more": None,
        "mandate": {"principal_name": "Margaret Hughes", "services": ["Tax"], "ended": True,
                    "ended_on": NOON, "powers": []}}),
    "object": ("account/object.html", {
        "delegate_name": "Sian Hughes", "reference": "K7QF2MXBAAAA", "action": "/account/object",
        "back": "/account/helpers/M-7", "error": WRONG, "what": "Read your details",
        "service": "Tax", "when": NOON, "typed": "Not <me>"}),
    "helping": ("account/helping.html", {"people": [
        Facts(name="Margaret Hughes", services=["Tax"], until=SUMMER,
              resign="/account/helping/x/resign", uses="/account/helping/x")],
        "made": [{"name": "Tom Barker", "href": "/account/helpers/offers/y"}],
        "asked": [Facts(who="Dee Gill", href="/account/helping/agree/a-1")],
        "organisations": [
        Facts(name="Example & Co", roles="Worker", href="/helping/organisations/o-1")]}),
    "helping-nobody": ("account/helping.html", {"people": []}),
    "agree": ("account/agree.html", AGREE),
    "agree-done": ("account/agree.html", {**AGREE, "mine": True, "agreed": 2,
                                                "action": ""}),
    "others": ("signin/others.html", OTHERS),
    "others-wrong": ("signin/others.html", {**OTHERS, "error": "Say what you want to do"}),
    "others-asked": ("signin/others.html", {**OTHERS, "asked": True, "agreed": 1, "until": NOON}),
    "sign-out": ("account/sign_out.html", {"action": "/account/sign-out",
                                           "fields": {"state": "s1"}, "service_name": "Library"}),
    "sign-out-home": ("account/sign_out.html", {"action": "/account/sign-out", "fields": {},
                                                "service_name": None}),
    "signed-out": ("account/signed_out.html", {}),
    "error": ("error.html", {"title": "Page not found", "what_to_do": "Check the address.",
                             "reference": "K7QF-2MXB", "status": 404}),
    "start": ("demo/start.html", START),
    "register": ("demo/register.html", {"action": "/demo/register", "redirect_uri": "",
                                        "error": None}),
    "register-wrong": ("demo/register.html", {"action": "/demo/register", "redirect_uri": "ftp://x",
                                              "error": "Start it with http:// or https://."}),
    "registered": ("demo/registered.html", {"client_id": "test-4HFK", "key": KEY,
                                            "issuer": "http://localhost:8000", "sample": SAMPLE,
                                            "address": "http://localhost:8080/"}),
    **ASSURANCE,
    **ENROLMENT,
    **FIGURES,
    **METHODS,
    **DELEGATION,
    **ASSIST,
    **SOFTWARE,
    **OFFICERS,
    **ORGANISATIONS,
    **PROOFING,
}  # fmt: skip

# Facts that choose what a page shows rather than being shown on it.
CHOOSERS = {"role", "ended", "standing"}


def hostile(value: Any, name: str = "") -> Any:
    """Give `value` with every text that a page might show replaced by an attack."""
    if isinstance(value, str):
        return value if name in CHOOSERS else HOSTILE
    if isinstance(value, list | tuple):
        return [hostile(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: hostile(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    if isinstance(value, dict):
        return {hostile(key) if name == "fields" else key: hostile(item, key)
                for key, item in value.items()}  # fmt: skip
    if isinstance(value, Facts):
        return Facts(**{key: hostile(item, key) for key, item in vars(value).items()})
    return value


def texts(value: Any, name: str = "") -> Iterator[str]:
    """Give every text of a context that a page is expected to show."""
    if isinstance(value, str) and name not in CHOOSERS:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)
    elif isinstance(value, dict | Facts):
        for key, item in (value if isinstance(value, dict) else vars(value)).items():
            yield from texts(item, key)
