"""Software of an organisation that acts by itself: who asks, who answers for it, and its end."""

from flask import request, url_for
from flask.typing import ResponseReturnValue

from idp.account.views.common import signed_in
from idp.authentication import unattended
from idp.authentication.sessions import SessionFacts
from idp.delegation import machines, software_texts
from idp.delegation.machine_rules import ADMIN, State, Verdict, may_agree, may_end, read_days
from idp.delegation.machines import Machine, Place
from idp.delegation.views.common import bp
from idp.delegation.views.sealed import errors, not_here, page
from idp.organisations.views.common import led_to_open, opener_of
from idp.web import house, see_other

OPEN = frozenset({State.ASKED, State.ACTIVE, State.STOPPED})


@bp.get("/helping/organisations/<ref>/software")
def software(ref: str) -> ResponseReturnValue:
    """The organisation's software: what acts by itself, and who answers for it."""
    session = signed_in()
    return session if not isinstance(session, SessionFacts) else _list(ref, session)


@bp.post("/helping/organisations/<ref>/software")
def ask_software(ref: str) -> ResponseReturnValue:
    """Ask a member to answer for it."""
    session = signed_in(return_to=url_for("helping.software", ref=ref))
    if not isinstance(session, SessionFacts):
        return session
    form, opener = request.form, opener_of(session)
    made = house().database.transaction(
        lambda tx: machines.ask(
            tx, house().keyring, ref, opener, client_id=form.get("client", ""),
            member=form.get("member", ""), services=form.getlist("services"),
            days=read_days(form.get("days", "")),
        )
    )  # fmt: skip
    led = led_to_open("helping.software", ref=ref) if made is Verdict.LEVEL else None
    if led is not None:
        return led
    if isinstance(made, Verdict):
        return _list(ref, session, made)
    return see_other(url_for("helping.one_software", ref=ref, machine=made))


@bp.get("/helping/organisations/<ref>/software/<machine>")
def one_software(ref: str, machine: str) -> ResponseReturnValue:
    """One of them: to agree to by who was asked, and to end."""
    session = signed_in()
    return session if not isinstance(session, SessionFacts) else _one(ref, machine, session)


@bp.post("/helping/organisations/<ref>/software/<machine>/agree")
def agree_software(ref: str, machine: str) -> ResponseReturnValue:
    """Agree to answer for it."""
    session = signed_in(return_to=url_for("helping.one_software", ref=ref, machine=machine))
    if not isinstance(session, SessionFacts):
        return session
    policies, opener = house().policies, opener_of(session)
    verdict = house().database.transaction(
        lambda tx: unattended.agree(tx, policies, session, opener, ref, machine)
    )
    if verdict is Verdict.LEVEL:
        led = led_to_open("helping.one_software", ref=ref, machine=machine)
        if led is not None:
            return led
    return _after(verdict, ref, machine, session)


@bp.post("/helping/organisations/<ref>/software/<machine>/end")
def end_software(ref: str, machine: str) -> ResponseReturnValue:
    """End it, take it back, or say no. From the answer on nothing more is had under it."""
    session = signed_in(return_to=url_for("helping.one_software", ref=ref, machine=machine))
    if not isinstance(session, SessionFacts):
        return session
    verdict = house().database.transaction(lambda tx: unattended.end(tx, session, ref, machine))
    return _after(verdict, ref, machine, session)


def _after(verdict: Verdict, ref: str, machine: str, session: SessionFacts) -> ResponseReturnValue:
    if verdict is Verdict.ALLOWED:
        return see_other(url_for("helping.one_software", ref=ref, machine=machine))
    return _one(ref, machine, session, verdict)


def _place(ref: str, session: SessionFacts) -> Place:
    account = session.account_ref
    place = house().database.read(lambda tx: machines.look(tx, ref, account))
    if isinstance(place, Verdict):
        not_here()
    return place


def _list(ref: str, session: SessionFacts, problem: Verdict | None = None) -> ResponseReturnValue:
    place = _place(ref, session)
    programs = [one for one in place.software if one.exchanges and not one.disabled]
    services = sorted({at for one in programs for at in one.acts_at})
    said = software_texts.refused(problem) if problem else ""
    admin = ADMIN in place.by.roles
    return page(
        "software",
        422 if problem else 200,
        organisation=place.organisation,
        back=url_for("organisations.home", ref=ref),
        machines=[
            {
                **_shown(one),
                "href": url_for("helping.one_software", ref=ref, machine=one.ref),
            }
            for one in place.machines
        ],
        admin=admin,
        action=url_for("helping.ask_software", ref=ref)
        if admin and programs and place.answerers
        else None,
        programs=[
            {"value": one.client_id, "text": place.names[one.client_id],
             "checked": len(programs) == 1 or one.client_id == request.form.get("client")}
            for one in programs
        ],
        services=[
            {"value": at, "text": house().policies.name_of(at),
             "checked": at in request.form.getlist("services")}
            for at in services
        ],
        members=[
            {"value": value, "text": name, "checked": value == request.form.get("member")}
            for value, name in place.answerers
        ],
        days=request.form.get("days", ""),
        field=software_texts.field(problem) if problem else "",
        errors=errors([(software_texts.field(problem), said)]) if problem else [],
    )  # fmt: skip


def _one(
    ref: str, machine: str, session: SessionFacts, problem: Verdict | None = None
) -> ResponseReturnValue:
    place = _place(ref, session)
    found = house().database.read(lambda tx: machines.find(tx, ref, machine))
    if found is None:
        not_here()
    by, state = place.by, found.state
    agrees = may_agree(by, found.member_ref, state) is Verdict.ALLOWED
    ends = may_end(by, found.member_ref, state) is Verdict.ALLOWED
    return page(
        "software_one",
        422 if problem else 200,
        organisation=place.organisation,
        back=url_for("helping.software", ref=ref),
        machine=_shown(found),
        services=[house().policies.name_of(at) for at in found.services],
        asked=state is State.ASKED,
        agree=url_for("helping.agree_software", ref=ref, machine=machine) if agrees else None,
        end=url_for("helping.end_software", ref=ref, machine=machine) if ends else None,
        error=software_texts.refused(problem) if problem else None,
    )


def _shown(machine: Machine) -> dict[str, object]:
    return {
        "software": machine.client_name,
        "member": machine.member_name,
        "state": software_texts.state(machine.state, machine.member_name),
        "until": machine.expires if machine.state in OPEN else None,
    }
