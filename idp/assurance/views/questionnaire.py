"""From a sentence about a service to a signed file: three pages and one download.

A browser with script works the answers out in the first page (`paper.py`) and sends none. Without
script the answers go from page to page in the form itself. They are posted, never in an address;
the server works them out, sends them back and keeps nothing.
"""

from flask import Response, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance import answers, texts
from idp.assurance.answers import Typed
from idp.assurance.assessment import Questionnaire
from idp.assurance.experts_file import experts_for
from idp.assurance.harms import CATEGORIES
from idp.assurance.nearest import Near, nearest, worst_harms
from idp.assurance.proposals import published
from idp.assurance.views.common import (
    UNPROCESSABLE,
    bp,
    error_list,
    outcome,
    page_with,
    said_of,
)
from idp.assurance.views.paper import may_be_asked_for
from idp.assurance.writing import write_service
from idp.web import house, see_other

NEAR_SHOWN = 3


@bp.get("/questionnaire")
def start() -> str:
    """Ask what the service is and who it is for."""
    return _start_page(Typed({}))


@bp.get("/questionnaire/questions")
@bp.get("/questionnaire/result")
@bp.get("/questionnaire/file")
def again() -> ResponseReturnValue:
    """Nothing typed is in an address, so a page that is opened anew begins at the beginning."""
    return see_other(url_for("assurance.start"))


@bp.post("/questionnaire/questions")
def questions() -> ResponseReturnValue:
    """Ask the rest, starting from the nearest published assessment."""
    typed = answers.read(request.form)
    typed.text("about")
    typed.choice("customers", answers.CUSTOMERS)
    if {"about", "customers"} & typed.wrong.keys():
        return page_with(_start_page(typed), UNPROCESSABLE)
    typed.wrong.clear()
    near = _nearest(typed)[0]
    if "blank" in request.form:
        typed.fields = {name: typed.fields[name] for name in answers.FIRST}
    elif "same" not in typed.fields:  # not come back from a result
        typed.fields.update(answers.filled_from(near.published.asked))
        return _questions_page(typed, near)
    return _questions_page(typed, None)


@bp.post("/questionnaire/result")
def result() -> ResponseReturnValue:
    """Work out the level and show every step."""
    typed = answers.read(request.form)
    asked = answers.questionnaire(typed, house().policies.today)
    if typed.wrong:
        return page_with(_questions_page(typed, None), UNPROCESSABLE)
    return _result_page(typed, asked)


@bp.post("/questionnaire/file")
def file() -> ResponseReturnValue:
    """Give out the signed file. This is the only moment at which anything is saved: by them."""
    typed, policies = answers.read(request.form), house().policies
    asked = answers.questionnaire(typed, policies.today)
    if typed.wrong.keys() - set(answers.SIGNING):
        return page_with(_questions_page(typed, None), UNPROCESSABLE)
    service = answers.signed_service(typed, asked, policies.today)
    if service is None:
        return page_with(_result_page(typed, asked), UNPROCESSABLE)
    return _download(write_service(service, dict(policies.tables.words)))


def _download(text: str) -> Response:
    response = make_response(text)
    response.headers["Content-Type"] = "application/toml; charset=utf-8"
    response.headers["Content-Disposition"] = 'attachment; filename="services.toml"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _nearest(typed: Typed, asked: Questionnaire | None = None) -> list[Near]:
    return nearest(
        published(house().policies),
        about=typed.fields.get("about", ""),
        customers=typed.fields.get("customers"),
        asked=asked,
    )


def _start_page(typed: Typed) -> str:
    said = said_of(typed)
    return render_template(
        "assurance/start.html",
        action=url_for("assurance.questions"),
        paper=may_be_asked_for(),
        typed=typed.fields,
        said=said,
        errors=error_list(said),
        error=bool(said),
        groups=texts.customer_groups(),
        number=len(answers.FIRST) + len(answers.USUAL),
        published=url_for("assurance.published_list"),
        check=url_for("assurance.check"),
    )


def _questions_page(typed: Typed, near: Near | None) -> str:
    said, policies = said_of(typed), house().policies
    harms = [c for c in CATEGORIES if typed.fields.get(f"wrong_person-{c}", "0") > "1"]
    return render_template(
        "assurance/questions.html",
        action=url_for("assurance.result"),
        back=url_for("assurance.start"),
        typed=typed.fields,
        said=said,
        errors=error_list(said),
        error=bool(said),
        first=answers.FIRST,
        near=near,
        blank=url_for("assurance.questions"),
        experts=experts_for(policies.experts, customers=typed.fields.get("customers"), harms=harms),
        categories=CATEGORIES,
        questions=texts.questions(),
        words={c: policies.tables.words[c][1] for c in CATEGORIES},
        severities=texts.severity_names(),
        examples=texts.examples(),
        threats=texts.threats(),
        shut_out=texts.shut_out(),
        mitigations=texts.mitigations(),
        more_wrong=bool(said.keys() & set(answers.MORE)),
        mended=bool(typed.fields.keys() & {*answers.MITIGATED, *answers.EXCEPTION}),
    )


def _result_page(typed: Typed, asked: Questionnaire) -> str:
    policies = house().policies
    signing = {n: w for n, w in typed.wrong.items() if n in answers.SIGNING}
    said = said_of(Typed(typed.fields, signing))
    kept = {n: v for n, v in typed.fields.items() if n not in answers.SIGNING}
    return render_template(
        "assurance/result.html",
        **outcome(policies, asked),
        typed=typed.fields,
        kept=kept,
        said=said,
        errors=error_list(said),
        error=bool(said),
        near=_nearest(typed, asked)[:NEAR_SHOWN],
        experts=experts_for(
            policies.experts,
            customers=typed.fields.get("customers"),
            harms=worst_harms(asked),
        ),
        change=url_for("assurance.questions"),
        save=url_for("assurance.file"),
        start=url_for("assurance.start"),
    )
