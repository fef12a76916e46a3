"""Permissions that one officer puts forward and another confirms."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.evidence import worth
from idp.delegation.lifecycle import TERMS_DAYS
from idp.officers import actions, appointing, appointing_texts, calls, finding, proposals
from idp.officers.appointing import APPOINT, Given, Offered, Problem, Wish
from idp.officers.calls import Call
from idp.officers.proposals import Decision, Outcome, Proposal
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.calls import call_of
from idp.officers.views.common import bp, console_link, name_of, signed_in, wait_page
from idp.register.actions import find_person
from idp.storage import Transaction
from idp.web import house, notice
from idp.words import gettext as _

DECISIONS = {
    "confirm": Decision.CONFIRM, "refuse": Decision.REFUSE, "withdraw": Decision.WITHDRAW,
}  # fmt: skip


@bp.get("/console/calls/<ref>/appoint")
def appoint_form(ref: str) -> ResponseReturnValue:
    """Ask who may act, on what basis, where and until when."""
    found = call_of(ref, Act.PROPOSE_MANDATE)
    return _form_page(found) if isinstance(found, Call) else found


@bp.post("/console/calls/<ref>/appoint")
def propose_mandate(ref: str) -> ResponseReturnValue:
    """Put it forward. It counts for nothing until another officer confirms it."""
    found = call_of(ref, Act.PROPOSE_MANDATE)
    if not isinstance(found, Call):
        return found
    wait = actions.reserve_look_up(house().database, house().keyring, found.officer_ref)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> str | Problem:
        people, organisation = _people(tx), _organisation(tx)
        if isinstance(people, Problem) or isinstance(organisation, Problem):
            return people if isinstance(people, Problem) else Problem.ORGANISATION
        delegates = (*people, organisation) if organisation else people
        wish = Wish(
            call=found.ref, principal=found.party, principal_kind=found.party_kind,
            delegates=delegates, organisation=organisation, basis=request.form.get("basis", ""),
            services=_services(), days=_days(), quorum=_number(request.form.get("quorum", "")),
            evidence=found.evidence,
        )  # fmt: skip
        return appointing.propose(tx, house().keyring, house().policies, found, wish)

    done = house().database.transaction(work)
    if isinstance(done, Problem):
        return _form_page(found, done), 422
    said = [
        _("Another officer has to look at it and confirm it. You cannot confirm it yourself."),
        _("Any officer with this role can, so nobody waits for one who is away. "
          "It is over after 7 days."),
    ]  # fmt: skip
    return notice(200, _("The permission is entered"), said, link=console_link())


@bp.get("/console/proposals")
def proposals_waiting() -> ResponseReturnValue:
    """What waits for a second officer. No names: those are looked up."""
    session = signed_in(Act.DECIDE_MANDATE)
    return _list_page(session) if isinstance(session, OfficerSession) else session


@bp.post("/console/proposals/<ref>")
def look_at_proposal(ref: str) -> ResponseReturnValue:
    """Show one, with names, to who may decide it."""
    session = signed_in(Act.DECIDE_MANDATE)
    if not isinstance(session, OfficerSession):
        return session
    officer = session.officer.ref
    wait = actions.reserve_look_up(house().database, house().keyring, officer)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> dict[str, object] | None:
        found = proposals.look_at(tx, house().keyring, ref, officer)
        if found is None or found.act != APPOINT:
            return None
        actions.record_look_up(tx, person_ref=found.about, case_ref=ref, officer_ref=officer)
        return _shown(tx, found)

    shown = house().database.transaction(work)
    if shown is None:
        return _list_page(session, appointing_texts.not_decided(Outcome.GONE)), 422
    return render_template(
        "officers/proposal.html", **shown, own=shown["by_ref"] == officer,
        action=url_for("console.decide_proposal", ref=ref),
    )  # fmt: skip


@bp.post("/console/proposals/<ref>/decide")
def decide_proposal(ref: str) -> ResponseReturnValue:
    """Confirm, refuse or take back. Confirmed, the permission is given at once."""
    session = signed_in(Act.DECIDE_MANDATE)
    if not isinstance(session, OfficerSession):
        return session
    decision = DECISIONS.get(request.form.get("decision", ""))
    if decision is None:
        return _list_page(session, _("Choose one of the answers")), 422
    done = house().database.transaction(
        lambda tx: appointing.decide(
            tx, house().keyring, house().policies, ref, officer=session.officer.ref,
            decision=decision,
        )
    )  # fmt: skip
    if isinstance(done, Given):
        title, said = appointing_texts.given(
            letter=done.told.letter, messages=len(done.told.contacts)
        )
        return notice(200, title, said, link=console_link())
    if isinstance(done, Problem):
        return _list_page(session, appointing_texts.appoint_problem(done)), 422
    if done in {Outcome.REFUSED, Outcome.WITHDRAWN}:
        title, said = appointing_texts.decided(done)
        return notice(200, title, said, link=console_link())
    return _list_page(session, appointing_texts.not_decided(done)), 422


def _people(tx: Transaction) -> tuple[str, ...] | Problem:
    lines = [line.strip() for line in request.form.get("helpers", "").splitlines() if line.strip()]
    if len(lines) > appointing.MOST_DELEGATES:
        return Problem.TOO_MANY
    found = [finding.find_helper(tx, house().keyring, line) for line in lines]
    people = tuple(one for one in found if one is not None)
    return people if len(people) == len(lines) else Problem.HELPER


def _organisation(tx: Transaction) -> str | Problem:
    """The organisation that was named; empty where none was."""
    typed = request.form.get("organisation", "").strip()
    return (finding.find_organisation(tx, typed) or Problem.ORGANISATION) if typed else ""


def _services() -> dict[str, tuple[str, ...]]:
    """The services and powers that were ticked, each as service:power."""
    chosen: dict[str, list[str]] = {}
    for one in request.form.getlist("power"):
        client_id, _colon, power = one.rpartition(":")
        chosen.setdefault(client_id, []).append(power)
    return {client_id: tuple(powers) for client_id, powers in chosen.items()}


def _days() -> int | None:
    days = request.form.get("days", "")
    return None if days == "open" else _number(days)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0


def _form_page(found: Call, wrong: Problem | None = None) -> str:
    policies = house().policies

    def work(tx: Transaction) -> tuple[str, dict[str, Offered]]:
        return finding.name_of(tx, found.party), appointing.offered_services(tx, policies)

    name, offered = house().database.read(work)
    bases = {
        basis: words
        for basis, words in appointing_texts.bases().items()
        if worth(found.kinds, basis, policies.grants) is not None
    }
    return render_template(
        "officers/appoint.html",
        action=url_for("console.propose_mandate", ref=found.ref),
        back=url_for("console.call", ref=found.ref),
        name=name,
        bases=bases,
        basis=request.form.get("basis", next(iter(bases), "") if len(bases) == 1 else ""),
        helpers=request.form.get("helpers", ""),
        organisation=request.form.get("organisation", ""),
        services=[_choices(one, found) for one in offered.values()],
        ticked=request.form.getlist("power"),
        terms=[str(days) for days in TERMS_DAYS],
        days=request.form.get("days", ""),
        quorum=request.form.get("quorum", "1"),
        error=_wrong(wrong),
        field=_FIELDS.get(wrong, "power") if wrong else "",
    )


def _wrong(wrong: Problem | None) -> str | None:
    if wrong is Problem.HELPER and not request.form.get("helpers", "").strip():
        return _("Type in who may act")
    return appointing_texts.appoint_problem(wrong) if wrong else None


_FIELDS = {
    Problem.HELPER: "helpers", Problem.OWN_DELEGATE: "helpers", Problem.TWICE: "helpers",
    Problem.TOO_MANY: "helpers", Problem.BASIS: "basis", Problem.DEAD: "basis",
    Problem.ALIVE: "basis", Problem.EVIDENCE: "basis", Problem.TERM: "days",
    Problem.ORGANISATION: "organisation", Problem.ORGANISATION_BASIS: "organisation",
    Problem.ORGANISATION_HEALTH: "organisation", Problem.ORGANISATION_TOGETHER: "organisation",
    Problem.TERM_NEEDED: "days", Problem.QUORUM: "quorum",
}  # fmt: skip


def _choices(one: Offered, found: Call) -> dict[str, object]:
    reached = any(
        cap is not None and cap.covers(one.floor)
        for cap in (
            worth(found.kinds, basis, house().policies.grants) for basis in appointing_texts.bases()
        )
    )
    return {
        "name": one.name,
        "reached": reached,
        "powers": [
            (f"{one.client_id}:{power}", says or _("everything there"))
            for power, says in one.powers.items()
        ],
    }


def _list_page(session: OfficerSession, error: str | None = None) -> str:
    def work(tx: Transaction) -> list[dict[str, object]]:
        return [
            {
                "action": url_for("console.look_at_proposal", ref=one.ref),
                "by": name_of(tx, one.proposed_by),
                "own": one.proposed_by == session.officer.ref,
                "when": one.proposed_at,
                "until": one.expires_at,
            }
            for one in proposals.waiting(tx, [APPOINT])
        ]

    return render_template(
        "officers/proposals.html", waiting=house().database.read(work), error=error
    )


def _shown(tx: Transaction, found: Proposal) -> dict[str, object]:
    wish = appointing.wish_of(found)
    policies = house().policies
    offered = appointing.offered_services(tx, policies)
    person = find_person(tx, wish.principal)
    level = worth(wish.kinds, wish.basis, policies.grants)
    return {
        "by_ref": found.proposed_by,
        "entered_by": name_of(tx, found.proposed_by),
        "entered_at": found.proposed_at,
        "until": found.expires_at,
        "name": finding.name_of(tx, wish.principal),
        "birth_date": person.birth_date if person else None,
        "helpers": [finding.name_of(tx, one) for one in wish.delegates],
        "quorum": wish.quorum if len(wish.delegates) > 1 else None,
        "basis": appointing_texts.bases().get(wish.basis, wish.basis),
        "services": [
            {"name": offered[one].name if one in offered else one,
             "powers": [offered[one].powers.get(power) or _("everything there")
                        for power in powers] if one in offered else list(powers)}
            for one, powers in wish.services.items()
        ],
        "days": wish.days,
        "evidence": [
            {"name": policies.grants[one["type"]].name if one["type"] in policies.grants
             else one["type"], "hash": one["hash"],
             "held_by": one["held_by"] if one["type"] not in calls.WITHOUT_DOCUMENT else ""}
            for one in wish.evidence
        ],
        "identity": level.identity if level else 0,
    }  # fmt: skip
