"""The counter: a person's case is found, a visit entered, and another officer's decided.

A page that shows somebody's name has counted and recorded that look before it shows anything.
"""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import actions, texts
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, name_of, signed_in, wait_page
from idp.proofing import visits
from idp.proofing.rules import DOCUMENTS
from idp.proofing.visits import CaseAtCounter, Outcome, Problem, Visit
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _


@bp.get("/console/counter")
def counter() -> ResponseReturnValue:
    """Ask for the reference that the person shows."""
    session = signed_in(Act.LOOK_UP)
    return _counter_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/counter")
def look_up() -> ResponseReturnValue:
    """Show whose case it is: name and date of birth, nothing else."""
    session = signed_in(Act.LOOK_UP)
    if not isinstance(session, OfficerSession):
        return session
    found = _look_up(session, request.form.get("spoken", ""))
    return _visit_page(found) if isinstance(found, CaseAtCounter) else found


@bp.post("/console/counter/visit")
def enter() -> ResponseReturnValue:
    """Enter what was seen. It counts for nothing until another officer confirms it."""
    session = signed_in(Act.ENTER_VISIT)
    if not isinstance(session, OfficerSession):
        return session
    spoken, document = request.form.get("spoken", ""), request.form.get("document", "")
    ticked = set(request.form.getlist("check"))
    found = _look_up(session, spoken)
    if not isinstance(found, CaseAtCounter):
        return found
    if document not in DOCUMENTS:
        return _visit_page(found, texts.document_missing(), "document"), 422
    if ticked != set(texts.checks()):
        return _visit_page(found, texts.check_missing(), "check"), 422
    entered = house().database.transaction(
        lambda tx: visits.enter_visit(
            tx, spoken=spoken, document=document, officer=session.officer.ref
        )
    )
    if isinstance(entered, Problem):
        return _counter_page(texts.not_entered()), 422
    return see_other(url_for("console.entered"))


@bp.get("/console/counter/entered")
def entered() -> ResponseReturnValue:
    """Say what happens next."""
    session = signed_in(Act.ENTER_VISIT)
    if not isinstance(session, OfficerSession):
        return session
    said = [
        _("Ask another officer to look now, while the person is here."),
        _("It counts when they have confirmed it. You cannot confirm it yourself."),
    ]
    return notice(200, _("The visit is entered"), said, link=console_link())


@bp.get("/console/visits")
def waiting() -> ResponseReturnValue:
    """The visits that others entered and nobody has decided. No names: those are looked up."""
    session = signed_in(Act.DECIDE_VISIT)
    if not isinstance(session, OfficerSession):
        return session
    return _visits_page(session)


@bp.post("/console/visits/<ref>")
def look_at_visit(ref: str) -> ResponseReturnValue:
    """Show one visit, with the person's name, to who may decide it."""
    session = signed_in(Act.DECIDE_VISIT)
    if not isinstance(session, OfficerSession):
        return session
    officer = session.officer.ref
    wait = actions.reserve_look_up(house().database, house().keyring, officer)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> tuple[Visit, str, str] | None:
        found = visits.look_at(tx, house().keyring, visit_ref=ref, officer=officer)
        return (*found, name_of(tx, found[0].entered_by)) if found else None

    found = house().database.transaction(work)
    if found is None:
        return _visits_page(session, texts.visit_gone()), 422
    visit, look, by = found
    return render_template(
        "officers/decide.html",
        name=visit.name,
        birth_date=visit.birth_date,
        document=texts.documents().get(visit.document, visit.document),
        entered_by=by,
        entered_at=visit.entered_at,
        action=url_for("console.decide", ref=ref),
        look=look,
    )


@bp.post("/console/visits/<ref>/decide")
def decide(ref: str) -> ResponseReturnValue:
    """Confirm or refuse what another officer entered."""
    session = signed_in(Act.DECIDE_VISIT)
    if not isinstance(session, OfficerSession):
        return session
    decision = request.form.get("decision")
    if decision not in {"confirm", "refuse"}:
        return _visits_page(session, texts.decision_missing()), 422
    outcome = house().database.transaction(
        lambda tx: visits.decide_visit(
            tx,
            house().keyring,
            house().policies,
            visit_ref=ref,
            officer=session.officer.ref,
            look=request.form.get("look", ""),
            confirmed=decision == "confirm",
        )
    )
    if outcome is Outcome.UNSEEN:
        return _visits_page(session, texts.look_first()), 422
    if outcome not in {Outcome.CONFIRMED, Outcome.REFUSED}:
        return _visits_page(session, texts.visit_gone()), 422
    title, said = texts.decided(confirmed=decision == "confirm")
    return notice(200, title, said, link=console_link())


def _look_up(session: OfficerSession, spoken: str) -> CaseAtCounter | ResponseReturnValue:
    """Find the case of a spoken reference. Counted and recorded each time a name is shown."""
    if not spoken.strip():
        return _counter_page(texts.reference_missing()), 422
    officer = session.officer.ref
    wait = actions.reserve_look_up(house().database, house().keyring, officer)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> CaseAtCounter | None:
        found = visits.at_counter(tx, spoken)
        if found is not None:
            actions.record_look_up(
                tx, person_ref=found.person_ref, case_ref=found.case_ref, officer_ref=officer
            )
        return found

    found = house().database.transaction(work)
    return found if found is not None else (_counter_page(texts.reference_unknown()), 422)


def _counter_page(error: str | None = None) -> str:
    return render_template(
        "officers/counter.html",
        action=url_for("console.look_up"),
        error=error,
    )


def _visit_page(found: CaseAtCounter, error: str | None = None, field: str = "") -> str:
    return render_template(
        "officers/visit.html",
        action=url_for("console.enter"),
        spoken=request.form.get("spoken", ""),
        name=found.name,
        birth_date=found.birth_date,
        documents=texts.documents(),
        document=request.form.get("document", ""),
        checks=texts.checks(),
        ticked=request.form.getlist("check"),
        error=error,
        field=field,
    )


def _visits_page(session: OfficerSession, error: str | None = None) -> str:
    def work(tx: Transaction) -> list[dict[str, object]]:
        return [
            {
                "action": url_for("console.look_at_visit", ref=visit.ref),
                "document": texts.documents().get(visit.document, visit.document),
                "by": name_of(tx, visit.entered_by),
                "when": visit.entered_at,
            }
            for visit in visits.waiting(tx, officer=session.officer.ref)
        ]

    return render_template("officers/visits.html", visits=house().database.read(work), error=error)
