"""Small forms for what changes most: evidence, methods, money. They lead to the page that shows
what the change would do, and keep nothing themselves."""

from datetime import date
from typing import Any, TypeVar

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance import editing
from idp.assurance.checks import LEVELS, METHODS
from idp.assurance.evidence import EVIDENCE, EvidenceFile
from idp.assurance.files import LevelsFile, MethodsFile
from idp.assurance.rules import Status
from idp.officers import texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, signed_in
from idp.officers.views.policy import acknowledged, edit_page, texts_now
from idp.policy.files import FileModel, read_text
from idp.policy.rules import PolicyProblems
from idp.web import house, notice
from idp.words import gettext as _

PARTS = ("strength", "validity", "activity", "fraud", "verification")
MONEY = ("money_person", "money_public")
BANDS = 3
M = TypeVar("M", bound=FileModel)


@bp.get("/console/policies/change")
def change_policies() -> ResponseReturnValue:
    """What can be changed."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    now = texts_now()
    return render_template(
        "officers/policy_change.html",
        kinds=[
            {"href": url_for("console.change_evidence", kind=one.id), "name": one.name}
            for one in _evidence(now).kind
        ],
        methods=[
            {"href": url_for("console.change_method", method=one.id), "name": one.name}
            for one in _methods(now).method
        ],
        money=url_for("console.change_money"),
        files=[
            *(
                {"href": url_for("console.edit_policies", file=name), "name": name}
                for name in sorted(now)
            ),
            {
                "href": url_for("console.edit_policies", file=sorted(now)),
                "name": _("All of them together"),
            },
        ],
    )


@bp.route("/console/policies/evidence/<kind>", methods=["GET", "POST"])
def change_evidence(kind: str) -> ResponseReturnValue:
    """How much one kind of evidence is worth, and whether it counts."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    now = texts_now()
    entry = next((one for one in _evidence(now).kind if one.id == kind), None)
    if entry is None:
        return _unknown()
    form: dict[str, Any] = {**entry.scores.model_dump(), "status": entry.status}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in (*PARTS, "status", "why")}
        scores = {part: _whole(str(form[part]), 4) for part in PARTS}
        wrong = next((part for part, score in scores.items() if score is None), "")
        if not wrong and form["status"] in set(Status):
            text = editing.set_evidence(
                now[EVIDENCE], kind, scores={k: v or 0 for k, v in scores.items()},
                status=str(form["status"]), today=house().policies.today,
            )  # fmt: skip
            return _shown(now, {EVIDENCE: text}, str(form["why"]))
        return _evidence_page(entry.name, form, wrong or "status"), 422
    return _evidence_page(entry.name, form)


@bp.route("/console/policies/methods/<method>", methods=["GET", "POST"])
def change_method(method: str) -> ResponseReturnValue:
    """How far one way of signing in is approved, and when it is looked at again."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    now = texts_now()
    entry = next((one for one in _methods(now).method if one.id == method), None)
    if entry is None:
        return _unknown()
    form = {"status": entry.status, "review_by": str(entry.review_by or "")}
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in ("status", "review_by", "why")}
        review, typed = _day(form["review_by"]), form["review_by"].strip()
        if form["status"] not in set(Status) or (typed and review is None):
            field = "review_by" if form["status"] in set(Status) else "status"
            return _method_page(entry.name, form, field), 422
        text = editing.set_method(
            now[METHODS], method, status=form["status"], review_by=review,
            today=house().policies.today,
        )  # fmt: skip
        return _shown(now, {METHODS: text}, form["why"])
    return _method_page(entry.name, form)


@bp.route("/console/policies/money", methods=["GET", "POST"])
def change_money() -> ResponseReturnValue:
    """Where minor, moderate and serious harm to money end."""
    session = signed_in(Act.PROPOSE_POLICY)
    if not isinstance(session, OfficerSession):
        return session
    now = texts_now()
    fields = [f"{category}-{n}" for category in MONEY for n in range(BANDS)]
    bands: dict[str, tuple[int, ...]] = {one.category: one.upper for one in _levels(now).band}
    form = {
        f"{category}-{n}": str(upper)
        for category in MONEY
        for n, upper in enumerate(bands.get(category, ()))
    }
    if request.method == "POST":
        form = {name: request.form.get(name, "") for name in (*fields, "why")}
        numbers = {name: _whole(form[name].replace(",", ""), 10**12) for name in fields}
        wrong = next((name for name, number in numbers.items() if not number), "")
        if wrong:
            return _money_page(form, wrong), 422
        text = now[LEVELS]
        for category in MONEY:
            upper = [numbers[f"{category}-{n}"] or 0 for n in range(BANDS)]
            if category not in bands or list(bands[category]) != upper:
                text = editing.set_band(text, category, upper)
        return _shown(now, {LEVELS: text}, form["why"])
    return _money_page(form)


def _shown(now: dict[str, str], changed: dict[str, str], why: str) -> str:
    return edit_page(acknowledged(now, changed, why))


def _evidence_page(name: str, form: dict[str, Any], field: str = "") -> str:
    return render_template(
        "officers/policy_evidence.html",
        name=name,
        parts=texts.evidence_parts(),
        statuses=texts.statuses(),
        form=form,
        field=field,
        error=texts.score_bad() if field in PARTS else _status_bad(field),
    )


def _method_page(name: str, form: dict[str, str], field: str = "") -> str:
    return render_template(
        "officers/policy_method.html",
        name=name,
        statuses=texts.statuses(),
        form=form,
        field=field,
        error=texts.day_bad() if field == "review_by" else _status_bad(field),
    )


def _money_page(form: dict[str, str], field: str = "") -> str:
    return render_template(
        "officers/policy_money.html",
        categories=texts.money_categories(),
        ends=texts.money_ends(),
        form=form,
        field=field,
        error=texts.money_bad() if field else "",
    )


def _status_bad(field: str) -> str:
    return _("Choose how far it is approved") if field else ""


def _unknown() -> ResponseReturnValue:
    return notice(404, _("There is no such entry"), [], link=console_link())


def _whole(text: str, most: int) -> int | None:
    text = text.strip() or "0"
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        return None
    return int(text) if int(text) <= most else None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _evidence(now: dict[str, str]) -> EvidenceFile:
    return _read(now, EVIDENCE, EvidenceFile)


def _methods(now: dict[str, str]) -> MethodsFile:
    return _read(now, METHODS, MethodsFile)


def _levels(now: dict[str, str]) -> LevelsFile:
    return _read(now, LEVELS, LevelsFile)


def _read(now: dict[str, str], name: str, model: type[M]) -> M:
    found = read_text(now[name], name, model)
    if found.model is None or not found.whole:
        # A folder that was spoilt after the start: what is in force is in memory only.
        raise PolicyProblems(found.problems)
    return found.model
