"""Permissions: a call with somebody, what they show, who helps them, and what is ended.

A page that shows somebody's name has counted and recorded that look before it shows anything.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.account.actions import service_names
from idp.assurance.evidence import worth
from idp.officers import actions, appointing_texts, calls, ending, finding, mandate_texts
from idp.officers.appointing import APPOINTED, BY_LAW
from idp.officers.calls import Call
from idp.officers.ending import Lapsed
from idp.officers.rules import Act
from idp.officers.sessions import OfficerSession
from idp.officers.views.common import bp, signed_in, wait_page
from idp.register.actions import find_person
from idp.storage import Transaction
from idp.web import house, notice, see_other
from idp.words import gettext as _

BY_HAND = ("second-check", "signed-paper", "counter-seen")


@bp.get("/console/calls")
def start_call() -> ResponseReturnValue:
    """Ask whom it is about."""
    session = signed_in(Act.SEE_PRINCIPAL)
    return _start_page() if isinstance(session, OfficerSession) else session


@bp.post("/console/calls")
def find_party() -> ResponseReturnValue:
    """Find whom it is about, and begin a call. Counted, found or not; who is found sees it."""
    session = signed_in(Act.SEE_PRINCIPAL)
    if not isinstance(session, OfficerSession):
        return session
    officer, typed = session.officer.ref, request.form.get("number", "")
    way = request.form.get("way", "")
    if way not in {"", *appointing_texts.ways_to_find()}:
        return _start_page(mandate_texts.way_missing(), "way"), 422
    wait = actions.reserve_look_up(house().database, house().keyring, officer)
    if wait is not None:
        return wait_page(wait)

    def work(tx: Transaction) -> str | None:
        found = finding.find_principal(tx, house().keyring, typed, way)
        if found is None:
            return None
        return calls.begin(tx, officer=officer, party=found[0], party_kind=found[1])

    ref = house().database.transaction(work)
    if ref is None:
        return _start_page(_("Nobody has this number. Check it with them.")), 422
    return see_other(url_for("console.call", ref=ref))


@bp.get("/console/calls/<ref>")
def call(ref: str) -> ResponseReturnValue:
    """One call: who it is, what was shown, what that reaches, and who helps them."""
    found = call_of(ref, Act.SEE_PRINCIPAL)
    return call_page(found) if isinstance(found, Call) else found


@bp.post("/console/calls/<ref>/code")
def send_spoken_code(ref: str) -> ResponseReturnValue:
    """Send a code to the register's contact."""
    found = call_of(ref, Act.SEE_PRINCIPAL)
    if not isinstance(found, Call):
        return found
    channel = request.form.get("channel", "")
    return _after(found, calls.send_code(house().database, house().keyring, found, channel), "code")


@bp.post("/console/calls/<ref>/code/check")
def take_spoken_code(ref: str) -> ResponseReturnValue:
    """Take the code that was read out."""
    found = call_of(ref, Act.SEE_PRINCIPAL)
    if not isinstance(found, Call):
        return found
    done = calls.give_code(
        house().database, house().keyring, house().policies, found,
        request.form.get("code", "").strip(), request.form.getlist("check"),
    )  # fmt: skip
    return _after(found, done, "code-check" if done is calls.Problem.CONDITIONS else "code")


@bp.get("/console/calls/<ref>/evidence/<kind>")
def evidence_form(ref: str, kind: str) -> ResponseReturnValue:
    """Ask for what the officer saw or heard, of one kind."""
    found = call_of(ref, Act.SEE_PRINCIPAL)
    return _evidence_page(found, kind) if isinstance(found, Call) else found


@bp.post("/console/calls/<ref>/evidence/<kind>")
def enter_evidence(ref: str, kind: str) -> ResponseReturnValue:
    """Enter it."""
    found = call_of(ref, Act.SEE_PRINCIPAL)
    if not isinstance(found, Call):
        return found
    wrong = house().database.transaction(
        lambda tx: calls.add_evidence(
            tx, house().policies, found, kind=kind, ticked=request.form.getlist("check"),
            document_hash=request.form.get("hash", ""), held_by=request.form.get("held_by", ""),
        )
    )  # fmt: skip
    if wrong is not None:
        return _evidence_page(found, kind, wrong)
    return see_other(url_for("console.call", ref=ref))


@bp.post("/console/calls/<ref>/end")
def end_bundle(ref: str) -> ResponseReturnValue:
    """End what was given together, at the person's word. One officer is enough to end."""
    return _ends(ref, lambda tx, found, names: ending.end_at_word(
        tx, house().keyring, house().policies, found, request.form.get("bundle", ""), names
    ))  # fmt: skip


@bp.post("/console/calls/<ref>/lapse")
def lapse_basis(ref: str) -> ResponseReturnValue:
    """End all that stands on a basis that is no more."""
    why = request.form.get("why", "")
    if why not in set(Lapsed):
        found = call_of(ref, Act.END_MANDATE)
        if not isinstance(found, Call):
            return found
        return call_page(found, _("Choose why it is no more"), "why"), 422
    return _ends(ref, lambda tx, found, names: ending.lapse(
        tx, house().keyring, found, request.form.get("mandate", ""), Lapsed(why), names
    ))  # fmt: skip


def call_of(ref: str, act: Act) -> Call | ResponseReturnValue:
    """The call of whoever is signed in here, or the page they get instead."""
    session = signed_in(act)
    if not isinstance(session, OfficerSession):
        return session
    found = house().database.read(lambda tx: calls.find(tx, ref, session.officer.ref))
    if found is not None:
        return found
    return _start_page(appointing_texts.call_problem(calls.Problem.GONE)), 404


def _ends(
    ref: str, work: Callable[[Transaction, Call, Mapping[str, str]], int | ending.Problem]
) -> ResponseReturnValue:
    found = call_of(ref, Act.END_MANDATE)
    if not isinstance(found, Call):
        return found

    def ends(tx: Transaction) -> int | ending.Problem:
        held = ending.held_of(tx, found.party)
        return work(tx, found, service_names(tx, [one.service for one in held]))

    done = house().database.transaction(ends)
    if isinstance(done, ending.Problem):
        return call_page(found, appointing_texts.end_problem(done), "evidence"), 422
    title, said = appointing_texts.ended()
    return notice(200, title, said, link=(url_for("console.call", ref=ref), _("Who it is about")))


def _after(found: Call, done: calls.Problem | timedelta | None, field: str) -> ResponseReturnValue:
    if isinstance(done, timedelta):
        return wait_page(done)
    if done is not None:
        return call_page(found, appointing_texts.call_problem(done), field), 422
    return see_other(url_for("console.call", ref=found.ref))


def _start_page(error: str | None = None, field: str = "number") -> str:
    return render_template(
        "officers/calls.html",
        action=url_for("console.find_party"),
        ways=appointing_texts.ways_to_find(),
        way=request.form.get("way") or "ni",
        waiting=url_for("console.proposals_waiting"),
        letters=url_for("console.letters"),
        error=error,
        field=field,
    )


def call_page(found: Call, error: str | None = None, field: str = "") -> str:
    """Draw the page of a call."""
    policies = house().policies
    may_end = ending.may_hear(found, policies)

    def work(tx: Transaction) -> dict[str, object]:
        person = find_person(tx, found.party)
        held = ending.held_of(tx, found.party)
        names = service_names(tx, [one.service for one in held])
        return {
            "name": finding.name_of(tx, found.party),
            "birth_date": person.birth_date if person else None,
            "died_on": person.died_on if person else None,
            "channels": calls.reachable(tx, found),
            "held": [
                {
                    "ref": one.ref if one.basis in BY_LAW else "",
                    "bundle": one.bundle if may_end else "",
                    "helper": one.delegate_name,
                    "service": names.get(one.service, one.service),
                    "basis": appointing_texts.every_basis().get(one.basis, one.basis),
                    "until": one.expires,
                    "by_law": one.basis in BY_LAW,
                }
                for one in held
            ],
        }

    level = worth(found.kinds, APPOINTED, policies.grants)
    code = policies.grants.get(calls.PHONE_CODE)
    return render_template(
        "officers/call.html",
        **house().database.read(work),
        person=found.party_kind == "person",
        shown=[
            grant.name for kind, grant in policies.grants.items() if kind in found.kinds
        ],
        identity=level.identity if level else None,
        may_end=may_end,
        sent=found.channel is not None and found.code_index is not None,
        conditions=code.conditions if code else (),
        ticked=request.form.getlist("check"),
        kinds=[
            (url_for("console.evidence_form", ref=found.ref, kind=kind), grant.name)
            for kind, grant in policies.grants.items()
            if grant.usable and _for_this(found, kind, grant.bases)
        ],
        lapsed=appointing_texts.lapsed(),
        code_action=url_for("console.send_spoken_code", ref=found.ref),
        check_action=url_for("console.take_spoken_code", ref=found.ref),
        end_action=url_for("console.end_bundle", ref=found.ref),
        lapse_action=url_for("console.lapse_basis", ref=found.ref),
        appoint=url_for("console.appoint_form", ref=found.ref),
        code=request.form.get("code", "") if field == "code-check" else "",
        error=error,
        field=field,
    )  # fmt: skip


def _for_this(found: Call, kind: str, bases: frozenset[str]) -> bool:
    if kind in BY_HAND:
        return found.party_kind == "person"
    if found.party_kind == "business":
        return "director" in bases
    return bool(bases & set(BY_LAW)) and bases != {"director"}


def _evidence_page(
    found: Call, kind: str, wrong: calls.Problem | None = None
) -> ResponseReturnValue:
    grant = house().policies.grants.get(kind)
    if grant is None or not _for_this(found, kind, grant.bases):
        return see_other(url_for("console.call", ref=found.ref))
    field = {calls.Problem.HASH: "hash", calls.Problem.HOLDER: "held_by"}.get(wrong, "check") \
        if wrong else ""  # fmt: skip
    page = render_template(
        "officers/evidence.html",
        action=url_for("console.enter_evidence", ref=found.ref, kind=kind),
        back=url_for("console.call", ref=found.ref),
        kind=grant.name,
        conditions=grant.conditions,
        ticked=request.form.getlist("check"),
        document=kind not in calls.WITHOUT_DOCUMENT,
        hash=request.form.get("hash", ""),
        held_by=request.form.get("held_by", ""),
        error=appointing_texts.call_problem(wrong) if wrong else None,
        field=field,
    )
    return (page, 422) if wrong else page
