"""What the questionnaire's pages are shown with in tests: real words, real working."""

from datetime import date
from types import SimpleNamespace as Facts
from typing import Any

from idp.assurance import answers, texts
from idp.assurance.harms import CATEGORIES, WORDS
from idp.assurance.policy import load_policies
from idp.assurance.proposals import published
from idp.assurance.views.common import outcome
from idp.policy.files import packaged_directory

POLICIES = load_policies(packaged_directory(), date(2026, 12, 1))
TAX = next(entry for entry in published(POLICIES) if entry.client_id == "tax")
PENSION = next(entry for entry in published(POLICIES) if entry.client_id == "state-pension")
ABOUT = "People buy a permit to park in their street"
EXPERTS = [Facts(name=e.name, body=e.body, contact=e.contact) for e in POLICIES.experts[:2]]
NEAR = Facts(
    published=Facts(
        service="Parking permits", owner="Example City Council",
        assessment=Facts(level="P0.C1", tier=1),
    ),
    shared=["permit", "park"],
)  # fmt: skip
STARTED_FROM = Facts(
    published=Facts(service="Parking permits", owner="Example City Council"),
    shared=["permit", "park"],
)
USUAL = {
    **{f"wrong_person-{category}": "1" for category in CATEGORIES},
    "same": "yes", "threat": "normal", "shut_out": "1",
}  # fmt: skip


def plain(entry: Any) -> dict[str, Any]:
    """The outcome for a page, in lists and facts that an attack can be put into."""
    found: dict[str, Any] = outcome(POLICIES, entry.asked)
    found["reasons"] = list(found["reasons"])
    for name in ("steps", "lowers"):
        found[name] = [
            Facts(words=step.words, level=step.level, tier=step.tier, lower=step.lower)
            for step in found[name]
        ]
    return found


START: dict[str, Any] = {
    "action": "/questionnaire/questions", "typed": {}, "said": {}, "errors": [], "error": False,
    "paper": "",  # a page whose script has nothing to ask for leaves all to the server
    "groups": texts.customer_groups(), "number": 12,
    "published": "/questionnaire/published", "check": "/questionnaire/check",
}  # fmt: skip
QUESTIONS: dict[str, Any] = {
    "action": "/questionnaire/result", "back": "/questionnaire", "said": {}, "errors": [],
    "typed": {"about": ABOUT, "customers": "people", **USUAL}, "error": False,
    "first": answers.FIRST, "near": STARTED_FROM, "blank": "/questionnaire/questions",
    "experts": EXPERTS, "categories": CATEGORIES, "questions": texts.questions(),
    "words": {category: list(WORDS[category][1]) for category in CATEGORIES},
    "severities": list(texts.severity_names()),
    "examples": {category: list(said) for category, said in texts.examples().items()},
    "threats": {value: list(said) for value, said in texts.threats().items()},
    "shut_out": list(texts.shut_out()), "mitigations": texts.mitigations(),
    "more_wrong": False, "mended": False,
}  # fmt: skip
CHOOSE, NO_DAY = "Choose one answer", "There is no such day. Write it like 30 6 2027"
RESULT: dict[str, Any] = {
    **plain(TAX), "typed": {"about": ABOUT}, "kept": {"about": ABOUT, **USUAL}, "said": {},
    "errors": [], "error": False, "near": [NEAR], "experts": EXPERTS,
    "change": "/questionnaire/questions", "save": "/questionnaire/file", "start": "/questionnaire",
}  # fmt: skip
ROW = {"service": "Tax", "owner": "Example Revenue Department", "action": "File return",
       "level": "P2.C2", "tier": 2, "own": True,
       "href": "/questionnaire/published/explained?service=tax"}  # fmt: skip
CHECK: dict[str, Any] = {
    "action": "/questionnaire/check", "back": "/questionnaire", "text": "", "error": None,
    "problems": [], "more_problems": 0, "found": None, "most": 16384,
}  # fmt: skip

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "questionnaire": ("assurance/start.html", START),
    "questionnaire-wrong": ("assurance/start.html", {
        **START, "typed": {"about": "x"}, "said": {"customers": CHOOSE}, "error": True,
        "errors": [{"text": CHOOSE, "href": "#customers"}]}),
    "questionnaire-questions": ("assurance/questions.html", QUESTIONS),
    "questionnaire-questions-wrong": ("assurance/questions.html", {
        **QUESTIONS, "near": None, "blank": "", "experts": [], "error": True, "more_wrong": True,
        "mended": True,
        "typed": {**QUESTIONS["typed"], "same": "no", "evidence-notice": "A letter",
                  "review-notice": "soon"},
        "said": {"threat": CHOOSE, "review-notice": NO_DAY},
        "errors": [{"text": CHOOSE, "href": "#threat"},
                   {"text": NO_DAY, "href": "#review-notice"}]}),
    "questionnaire-result": ("assurance/result.html", RESULT),
    "questionnaire-result-unsigned": ("assurance/result.html", {
        **RESULT, **plain(PENSION), "experts": [], "error": True,
        "said": {"signer": "Fill this in"},
        "errors": [{"text": "Fill this in", "href": "#signer"}]}),
    "questionnaire-published": ("assurance/published.html", {
        "own": [ROW], "examples": [ROW], "start": "/questionnaire",
        "check": "/questionnaire/check"}),
    "questionnaire-explained": ("assurance/explained.html", {
        **plain(TAX), "service": "Tax", "owner": "Example Revenue Department",
        "about": TAX.about, "action": "File return", "customers": "Anybody",
        "signed": TAX.signed, "back": "/questionnaire/published"}),
    "questionnaire-check": ("assurance/check.html", CHECK),
    "questionnaire-check-wrong": ("assurance/check.html", {
        **CHECK, "text": "[[service]]", "error": "The file is not in order yet",
        "problems": ['services.toml: service number 1 in the list: "client_id" is missing.'],
        "more_problems": 3}),
    "questionnaire-checked": ("assurance/check.html", {
        **CHECK, "text": "[[service]]", "found": {
            "explained": [{**plain(TAX), "service": "Tax", "action": "file-return",
                           "signed": TAX.signed}],
            "left_out": 2,
            "changes": [{"service": "tax", "action": "file-return", "before": "P2.C2",
                         "after": "P1.C2", "said": "asks for less"}]}}),
}  # fmt: skip
