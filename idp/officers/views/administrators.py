"""A new administrator for an organisation that has lost its last: put forward, looked at, decided.

An organisation's page links here; the looks are posted, since each is kept.
"""

from datetime import datetime
from typing import Any

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.officers import administrators as acts
from idp.officers import appointing_texts, texts
from idp.officers.administrators import Missing, Named
from idp.officers.organisations import Refused
from idp.officers.proposals import Decision, Outcome
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, name_of, signed_in
from idp.officers.views.organisations import gone, not_done
from idp.organisations import entering
from idp.organisations.entering import Problem
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _

DECISIONS = {
    "confirm": Decision.CONFIRM, "refuse": Decision.REFUSE, "withdraw": Decision.WITHDRAW,
}  # fmt: skip
FIELDS = {Problem.ADMIN_NAME: "name", Problem.ADMIN_EMAIL: "email"}


@bp.get("/console/organisations/<ref>/administrator")
def name_administrator(ref: str) -> ResponseReturnValue:
    """Ask who it is, and what became of the last one."""
    session = signed_in(Act.ENTER_ORGANISATION)
    return _form_page(ref) if isinstance(session, OfficerSession) else session


@bp.post("/console/organisations/<ref>/administrator")
def propose_administrator(ref: str) -> ResponseReturnValue:
    """Put them forward. It counts for nothing until another officer confirms it."""
    session = signed_in(Act.ENTER_ORGANISATION)
    if not isinstance(session, OfficerSession):
        return session
    form = request.form
    made = house().database.transaction(
        lambda tx: acts.propose(
            tx, house().keyring, ref, by=session.officer.ref, name=form.get("name", ""),
            email=form.get("email", ""), why=form.get("why", ""),
        )
    )  # fmt: skip
    if made is Problem.GONE:
        return gone()
    if isinstance(made, Missing):
        return _form_page(ref, _("Say what became of the last one"), "why")
    if isinstance(made, Problem) and made in FIELDS:
        return _form_page(ref, texts.organisation_problem(made), FIELDS[made])
    if isinstance(made, Problem | Refused):
        return not_done(made, ref)
    said = [_("Another officer has to make sure, and confirm it. It is over after 7 days.")]
    return notice(200, _("You put somebody forward"), said, link=_back(ref))


@bp.post("/console/organisations/<ref>/administrator/<proposal>")
def look_at_administrator(ref: str, proposal: str) -> ResponseReturnValue:
    """Show who was put forward, to an officer who may decide it."""
    session = signed_in(Act.VERIFY_ORGANISATION)
    if not isinstance(session, OfficerSession):
        return session
    officer = session.officer.ref

    def work(tx: Transaction) -> tuple[Named, str, Any] | None:
        found = acts.look_at(tx, house().keyring, ref, proposal, officer=officer)
        if found is None:
            return None
        by = name_of(tx, found.proposal.proposed_by)
        return found, by, entering.find_entered(tx, house().keyring, ref)

    read = house().database.transaction(work)
    if read is None:
        return _undecided(ref, Outcome.GONE)
    found, by, it = read
    return render_template(
        "officers/administrator_proposal.html",
        organisation=it.organisation.name,
        admins=it.admins,
        name=found.name,
        email=found.email,
        why=texts.lost()[found.why],
        by=by,
        when=found.proposal.proposed_at,
        until=found.proposal.expires_at,
        own=found.proposal.proposed_by == officer,
        action=url_for("console.decide_administrator", ref=ref, proposal=proposal),
        back=url_for("console.organisation", ref=ref),
    )


@bp.post("/console/organisations/<ref>/administrator/<proposal>/decide")
def decide_administrator(ref: str, proposal: str) -> ResponseReturnValue:
    """Confirm, refuse or take back. Confirmed, the link goes out and all members are told."""
    session = signed_in(Act.VERIFY_ORGANISATION)
    if not isinstance(session, OfficerSession):
        return session
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        return notice(422, _("This was not done"), [_("Choose one of the answers")],
                      link=_back(ref))  # fmt: skip
    done = house().database.transaction(
        lambda tx: acts.decide(
            tx, house().keyring, ref, proposal, officer=session.officer.ref, decision=decision
        )
    )
    if isinstance(done, datetime):
        said = [_("They got a link that works for 3 days. Everybody who works there was told.")]
        return notice(200, _("There is a new administrator"), said, link=_back(ref))
    if isinstance(done, Problem):
        return not_done(done, ref)
    if done in {Outcome.REFUSED, Outcome.WITHDRAWN}:
        title, said = appointing_texts.decided(done)
        return notice(200, title, said, link=_back(ref))
    return _undecided(ref, done)


def _undecided(ref: str, outcome: Outcome) -> ResponseReturnValue:
    said = [appointing_texts.not_decided(outcome)]
    return notice(422, _("This was not done"), said, link=_back(ref))


def _back(ref: str) -> tuple[str, str]:
    return url_for("console.organisation", ref=ref), _("Go back to it")


def _form_page(ref: str, error: str = "", field: str = "") -> ResponseReturnValue:
    found = house().database.read(lambda tx: entering.find_entered(tx, house().keyring, ref))
    if found is None:
        return gone()
    form = request.form
    page = render_template(
        "officers/administrator.html",
        organisation=found.organisation.name,
        reasons=texts.lost(),
        why=form.get("why", ""),
        name=form.get("name", ""),
        email=form.get("email", ""),
        action=url_for("console.propose_administrator", ref=ref),
        back=url_for("console.organisation", ref=ref),
        error=error,
        field=field,
    )
    return (page, 422) if error else page
