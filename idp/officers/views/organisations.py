"""Organisations at the console: entered by one officer, verified by another, suspended, closed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import administrators, texts
from idp.officers import organisations as acts
from idp.officers.actions import COMMAND
from idp.officers.organisations import Refused
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, console_link, name_of, signed_in
from idp.organisations import entering
from idp.organisations import texts as organisation_texts
from idp.organisations.entering import Entered, Problem
from idp.organisations.rules import KINDS, SUSPENSION_NOTICE, SuspensionProblem
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

NOW = "now"  # of the choice when to suspend


@bp.get("/console/organisations")
def organisations() -> ResponseReturnValue:
    """All of them, by name, or those whose name begins so."""
    session = signed_in(Act.SEE_ORGANISATIONS)
    if not isinstance(session, OfficerSession):
        return session
    named = request.args.get("name", "")[:100]
    found = house().database.read(lambda tx: entering.list_entered(tx, named))
    return render_template(
        "officers/organisations.html",
        organisations=[
            {
                "href": url_for("console.organisation", ref=one.ref),
                "name": one.name,
                "kind": organisation_texts.kind_names()[one.kind],
                "state": texts.organisation_state(one),
            }
            for one in found
        ],
        full=len(found) == entering.SHOWN,
        named=named,
        action=url_for("console.organisations"),
        enter=url_for("console.enter_organisation"),
    )


@bp.get("/console/organisations/enter")
def enter_organisation() -> ResponseReturnValue:
    """Ask for what an organisation is, and who runs it here first."""
    session = signed_in(Act.ENTER_ORGANISATION)
    return _enter_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/organisations/enter")
def add_organisation() -> ResponseReturnValue:
    """Enter it. It can do nothing until another officer has verified it."""
    session = signed_in(Act.ENTER_ORGANISATION)
    if not isinstance(session, OfficerSession):
        return session
    form, assurance = request.form, request.form.get("assurance", "")
    made = house().database.transaction(
        lambda tx: acts.enter(
            tx,
            house().keyring,
            by=session.officer.ref,
            name=form.get("name", ""),
            kind=form.get("kind", ""),
            assurance=int(assurance) if assurance in {"0", "1", "2", "3"} else -1,
            admin_name=form.get("admin_name", ""),
            admin_email=form.get("admin_email", ""),
            registered_number=form.get("number", ""),
        )
    )
    if isinstance(made, Refused):
        return not_done(made, "")
    if isinstance(made, Problem):
        fields = {
            Problem.KIND: "kind", Problem.ASSURANCE: "assurance", Problem.NUMBER: "number",
            Problem.ADMIN_NAME: "admin_name", Problem.ADMIN_EMAIL: "admin_email",
        }  # fmt: skip
        return _enter_page(texts.organisation_problem(made), fields.get(made, "name")), 422
    return see_other(url_for("console.organisation", ref=made))


@bp.get("/console/organisations/<ref>")
def organisation(ref: str) -> ResponseReturnValue:
    """One organisation, and what this officer can do about it. The look is recorded."""
    session = signed_in(Act.SEE_ORGANISATIONS)
    if not isinstance(session, OfficerSession):
        return session
    return _organisation_page(session, ref)


@bp.post("/console/organisations/<ref>/verify")
def verify_organisation(ref: str) -> ResponseReturnValue:
    """Confirm what another officer entered; the first administrator gets a link."""
    look = request.form.get("look", "")
    return _do(
        ref,
        Act.VERIFY_ORGANISATION,
        lambda tx, by: acts.verify(tx, house().keyring, ref, by=by, look=look),
    )


@bp.post("/console/organisations/<ref>/link")
def send_organisation_link(ref: str) -> ResponseReturnValue:
    """Send the first administrator a new link."""
    return _do(
        ref,
        Act.VERIFY_ORGANISATION,
        lambda tx, by: acts.send_link(tx, house().keyring, ref, by=by),
    )


@bp.post("/console/organisations/<ref>/suspend")
def suspend_organisation(ref: str) -> ResponseReturnValue:
    """Suspend it after the usual notice, or at once for a stated reason."""
    wait = None if request.form.get("when") == NOW else SUSPENSION_NOTICE
    reason = request.form.get("reason", "")
    return _do(
        ref,
        Act.SUSPEND_ORGANISATION,
        lambda tx, by: acts.suspend(tx, house().keyring, ref, notice=wait, reason=reason, by=by),
    )


@bp.post("/console/organisations/<ref>/resume")
def resume_organisation(ref: str) -> ResponseReturnValue:
    """End a suspension, or take back one that was to come."""
    return _do(
        ref,
        Act.SUSPEND_ORGANISATION,
        lambda tx, by: acts.resume(tx, house().keyring, ref, by=by),
    )


@bp.post("/console/organisations/<ref>/close")
def close_organisation(ref: str) -> ResponseReturnValue:
    """Close it for good."""
    return _do(ref, Act.SUSPEND_ORGANISATION, lambda tx, by: acts.close(tx, ref, by=by))


def _do(ref: str, act: Act, work: Callable[[Transaction, str], Any]) -> ResponseReturnValue:
    session = signed_in(act)
    if not isinstance(session, OfficerSession):
        return session
    officer = session.officer.ref
    said = house().database.transaction(lambda tx: work(tx, officer))
    if said is Problem.GONE:
        return gone()
    if isinstance(said, SuspensionProblem):
        error = texts.suspension_problem(said, SUSPENSION_NOTICE // timedelta(days=1))
        return _organisation_page(session, ref, error)
    if isinstance(said, Problem | Refused):
        return not_done(said, ref)
    return see_other(url_for("console.organisation", ref=ref))


def _organisation_page(session: OfficerSession, ref: str, error: str = "") -> ResponseReturnValue:
    officer = session.officer.ref

    def work(tx: Transaction) -> tuple[Entered, str, str, str, list[Any]] | None:
        looked = acts.look_at(tx, house().keyring, ref, officer=officer)
        if looked is None:
            return None
        found, look = looked
        by = found.verified_by
        named = [
            {
                "by": name_of(tx, one.proposed_by),
                "when": one.proposed_at,
                "action": url_for("console.look_at_administrator", ref=ref, proposal=one.ref),
            }
            for one in administrators.waiting(tx, ref)
        ]
        return found, look, _by(tx, found.entered_by), _by(tx, by) if by else "", named

    answer = house().database.transaction(work)
    if answer is None:
        return gone()
    found, look, entered_by, verified_by, named = answer
    it = found.organisation
    where: dict[str, Any] = {"ref": ref}
    waits = it.verified_at is None and it.closed_at is None
    held = it.verified_at is not None and it.closed_at is None
    page = render_template(
        "officers/organisation.html",
        name=it.name,
        kind=organisation_texts.kind_names()[it.kind],
        number=it.registered_number or "",
        assurance=it.assurance,
        state=texts.organisation_state(it),
        stops_at=None if it.suspended or it.closed_at is not None else it.suspends_at,
        entered_by=entered_by,
        verified_by=verified_by,
        admin_name=found.admin_name or "",
        admin_email=found.admin_email or "",
        admins=found.admins,
        reason=it.suspension_reason or "",
        look=look if waits and found.entered_by != officer else "",
        oneself=waits and found.entered_by == officer,
        verify_action=url_for("console.verify_organisation", **where)
        if waits and found.entered_by != officer
        else "",
        link_action=url_for("console.send_organisation_link", **where)
        if held and found.admin_email and not found.admins
        else "",
        suspend_action=url_for("console.suspend_organisation", **where)
        if held and it.suspends_at is None
        else "",
        resume_action=url_for("console.resume_organisation", **where)
        if held and it.suspends_at is not None
        else "",
        close_action=url_for("console.close_organisation", **where)
        if waits or (held and it.suspended)
        else "",
        notice_days=SUSPENSION_NOTICE // timedelta(days=1),
        named=named,
        name_action=url_for("console.name_administrator", **where) if held else "",
        at_once=request.form.get("when") == NOW,
        typed=request.form.get("reason", ""),
        error=error,
    )
    return page, 422 if error else 200


def _by(tx: Transaction, officer: str) -> str:
    return _("the command line") if officer == COMMAND else name_of(tx, officer)


def gone() -> ResponseReturnValue:
    """Say that there is no such organisation."""
    return notice(404, _("There is no such organisation"), [], link=console_link())


def not_done(said: Problem | Refused, ref: str) -> ResponseReturnValue:
    """Say why something was not done, with the way back."""
    words = (
        texts.organisation_refused(said)
        if isinstance(said, Refused)
        else texts.organisation_problem(said)
    )
    link = (url_for("console.organisation", ref=ref), _("Go back to it")) if ref else console_link()
    return notice(422, _("This was not done"), [words], link=link)


def _enter_page(error: str = "", field: str = "") -> str:
    form = request.form
    return render_template(
        "officers/organisation_enter.html",
        action=url_for("console.add_organisation"),
        kinds={kind: organisation_texts.kind_names()[kind] for kind in KINDS},
        kind=form.get("kind", ""),
        levels=texts.organisation_levels(),
        assurance=form.get("assurance", ""),
        name=form.get("name", ""),
        number=form.get("number", ""),
        admin_name=form.get("admin_name", ""),
        admin_email=form.get("admin_email", ""),
        error=error,
        field=field,
    )
