"""What the questionnaire's script asks for once, before anything is typed: policy, words, pages.

With it the page works the answers out by itself. Anybody may keep it; no answer is in it.
"""

import json
from hashlib import sha256
from typing import Any

from flask import abort, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from idp.assurance import answers, texts
from idp.assurance.harms import CATEGORIES
from idp.assurance.paper import paper
from idp.assurance.policy import Policies
from idp.assurance.views.common import bp, place
from idp.pages.language import LANGUAGES, page_language
from idp.web import house
from idp.words import gettext as _

NOT_FOUND = 404
# The last paper of each language, with the policies that it was made from: the same for everybody
# until those change or the day does, and slow to make (33 ms).
_made: dict[str, tuple[Policies, bytes]] = {}


@bp.get("/questionnaire/paper/<language>.json")
def paper_json(language: str) -> ResponseReturnValue:
    """The paper in one language. Whoever keeps a copy asks again after five minutes."""
    if language not in LANGUAGES:
        abort(NOT_FOUND)
    policies = house().policies
    made = _made.get(language)
    if made is None or made[0] is not policies:
        with force_locale(language):
            text = json.dumps(in_words(policies), ensure_ascii=False, separators=(",", ":"))
        made = _made[language] = (policies, text.encode())
    response = make_response(made[1])
    response.headers["Content-Type"] = "application/json"
    response.headers["Cache-Control"] = "public, max-age=300"
    response.set_etag(sha256(made[1]).hexdigest()[:32])
    return response.make_conditional(request)


def in_words(policies: Policies) -> dict[str, Any]:
    """The paper with the texts and the empty pages, in the language that is set."""
    return {
        **paper(policies),
        "texts": _texts(),
        "places": {name: place(name) for name in answers.FIELDS},
        "wrong": {problem.value: texts.wrong(problem) for problem in answers.Wrong},
        "mitigation_words": texts.mitigations(),
        "mitigations_in_short": texts.mitigations_in_short(),
        "pages": _pages(policies),
    }


def may_be_asked_for() -> str:
    """Answer the paper's address; the page being made may ask for it and for nothing else."""
    address = url_for("assurance.paper_json", language=page_language())
    g.csp_connect = f"{house().settings.issuer}{address}"
    return address


def _texts() -> dict[str, str]:
    """What the script says, each as the templates say it."""
    return {
        "error": _("Error:"),
        "result": _("Your service is in tier %(tier)s"),
        "level": _("The level is %(level)s"),
        "filled": _(
            "We filled in the answers of the service most like yours: %(service)s (%(owner)s). Look"
            " at each one. Change what is not so at yours."
        ),
        "shared": _("Both speak of: %(words)s."),
        "lowers": _("Any one of these by itself would make the level lower."),
        "lowers_none": _("No single change would make the level lower."),
        "raises": _("%(what)s: without it %(level)s, tier %(tier)s"),
        "near": _("%(service)s, %(owner)s: %(level)s, tier %(tier)s"),
        "picture": _("What one change would do to the level"),
        "without": _("Without: %(what)s"),
        "identity_0": _("We need not know."),
        "identity_1": _("We must be fairly sure."),
        "identity_2": _("We must be sure."),
        "identity_3": _("We must be very sure."),
        "saved": _("The file is saved on your device. Its name is services.toml."),
    }


def _pages(policies: Policies) -> dict[str, str]:
    """The two pages that follow the first, without an answer."""
    return {
        "questions": render_template(
            "assurance/questions.html",
            in_page=True,
            typed={},
            said={},
            first=(),
            back=url_for("assurance.start"),
            experts=[],
            categories=CATEGORIES,
            questions=texts.questions(),
            words={c: policies.tables.words[c][1] for c in CATEGORIES},
            severities=texts.severity_names(),
            examples=texts.examples(),
            threats=texts.threats(),
            shut_out=texts.shut_out(),
            mitigations=texts.mitigations(),
        ),
        "result": render_template(
            "assurance/result.html",
            in_page=True,
            typed={},
            said={},
            kept={},
            near=[],
            experts=[],
            start=url_for("assurance.start"),
        ),
    }
