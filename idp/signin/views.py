"""The pages of a journey. Each takes one answer and ends at `resume` (decision 11)."""

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.policy import ACCOUNT
from idp.delegation import actions as delegation
from idp.oidc import actions as oidc
from idp.oidc.answers import send
from idp.signin import actions, texts
from idp.signin.actions import Position, Stop
from idp.signin.asking import at, locate, service_name, stopped
from idp.signin.rules import Step, Why
from idp.signin.sent import bp
from idp.signin.weighing import learn
from idp.storage import Transaction
from idp.web import house, notice, see_other, seen_here
from idp.words import gettext as _

__all__ = ["bp"]


@bp.get("/sign-in/<ref>")
def resume(ref: str) -> ResponseReturnValue:
    """Ask what this journey still needs, and go there; or end it."""
    found = locate(ref, weighed=True)
    if isinstance(found, Stop):
        return stopped(found)
    if found.next.step is Step.REFUSE:
        return _refuse(found)
    if found.next.step is not Step.ISSUE:
        return see_other(_address(found.next.step, ref))
    if found.journey.client_id is None:
        return _return_home(found)
    answer = oidc.finish(house().database, house().services, found, seen_here())
    return stopped(Stop.FINISHED) if answer is None else send(answer)


@bp.get("/sign-in/<ref>/who")
def who(ref: str) -> ResponseReturnValue:
    """Ask whom the person is doing this for."""
    found = at(ref, Step.WHO)
    return found if not isinstance(found, Position) else _who_page(found)


@bp.post("/sign-in/<ref>/who")
def choose(ref: str) -> ResponseReturnValue:
    """Take the choice; whether the mandate allows it is asked again when the code is issued."""
    found = at(ref, Step.WHO)
    if not isinstance(found, Position):
        return found
    chosen = request.form.get("who", "")
    if chosen == "back":
        return _abandon(found, "access_denied", "the person went back")
    if chosen != oidc.SELF and chosen not in {mandate.ref for mandate in _usable(found)}:
        return _who_page(found, _("Choose who you are doing this for")), 422
    house().database.transaction(lambda tx: actions.choose(tx, found, chosen))
    return see_other(url_for("signin.resume", ref=ref))


@bp.get("/sign-in/<ref>/consent")
def consent(ref: str) -> ResponseReturnValue:
    """Ask whether the service may have what it wants."""
    found = at(ref, Step.CONSENT)
    if not isinstance(found, Position):
        return found
    return render_template(
        "signin/consent.html",
        service_name=service_name(found),
        action=url_for("signin.agree", ref=ref),
        scopes=_wishes(str(found.journey.request["params"].get("scope", ""))),
    )


@bp.post("/sign-in/<ref>/consent")
def agree(ref: str) -> ResponseReturnValue:
    """Take the answer: yes goes on, anything else ends the journey at the service."""
    found = at(ref, Step.CONSENT)
    if not isinstance(found, Position):
        return found
    if request.form.get("consent") != "yes":
        return _abandon(found, "access_denied", "the person said no")
    house().database.transaction(lambda tx: actions.consent(tx, found))
    return see_other(url_for("signin.resume", ref=ref))


def _address(step: Step, ref: str) -> str:
    """Where a step is taken: on a page of ours, or in the room that leads on and comes back."""
    if step is Step.METHODS:
        return url_for("enrolment.resume", journey=ref)
    if step is Step.PROVE:
        return url_for("proofing.home", journey=ref)
    return url_for(f"signin.{step}", ref=ref)


def _who_page(found: Position, error: str | None = None) -> str:
    session = found.session
    name = f"{session.given_name} {session.family_name}" if session and session.given_name else ""
    return render_template(
        "signin/who.html",
        service_name=service_name(found),
        action=url_for("signin.choose", ref=found.journey.ref),
        self_name=name,
        people=[
            {"ref": mandate.ref, "name": mandate.principal_name, "until": mandate.expires}
            for mandate in _usable(found)
        ],
        error=error,
    )


def _usable(found: Position) -> list[delegation.HeldMandate]:
    session, client_id = found.session, found.journey.client_id
    if session is None or client_id is None:
        return []
    account, person = session.account_ref, session.person_ref
    return house().database.read(
        lambda tx: delegation.usable(tx, account=account, person=person, service=client_id)
    )


def _refuse(found: Position) -> ResponseReturnValue:
    if found.next.why is Why.TOO_UNUSUAL and found.journey.client_id is not None:
        return _too_unusual(found)
    if found.journey.client_id is not None:
        said = f"{found.next.why}: {found.next.demand} is needed"
        return _abandon(found, "unmet_authentication_requirements", said)
    title, paragraphs = texts.refused(found.next.why, service_name(found))
    return notice(403, title, paragraphs)


@bp.post("/sign-in/<ref>/back")
def go_back(ref: str) -> ResponseReturnValue:
    """Send somebody whose sign-in ends here back to the service, which is told so."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    if found.next.step is not Step.REFUSE:
        return see_other(url_for("signin.resume", ref=ref))
    return _abandon(found, "access_denied", f"{found.next.why}: this sign-in cannot go on")


def _too_unusual(found: Position) -> ResponseReturnValue:
    """Say that this sign-in cannot go on, and how else: nobody is left without another way."""
    known = house().policies.service(found.journey.client_id or "")
    page = render_template(
        "signin/too_unusual.html",
        service_name=service_name(found),
        other_route=known.other_route if known else "",
        action=url_for("signin.go_back", ref=found.journey.ref),
    )
    return make_response(page, 403)


def _abandon(found: Position, code: str, description: str) -> ResponseReturnValue:
    if found.journey.client_id is None:
        return see_other("/")
    answer = oidc.abandon(house().database, house().services, found, code, description)
    return stopped(Stop.FINISHED) if answer is None else send(answer)


def _return_home(found: Position) -> ResponseReturnValue:

    def work(tx: Transaction) -> None:
        if actions.finish(tx, found.journey) and found.session is not None:
            learn(
                tx, house().keyring, house().policies, found.session, seen_here(), found.risk,
                client_id=ACCOUNT,
            )  # fmt: skip

    house().database.transaction(work)
    return see_other(str(found.journey.request["return_to"]))


def _wishes(scope: str) -> list[str]:
    words = {
        "profile": _("see your name, date of birth and sex"),
        "email": _("see your email address"),
        "address": _("see your address"),
        "phone": _("see your phone number"),
        "national_insurance_number": _("see your National Insurance number"),
        "offline_access": _("use this also when you are not here"),
    }
    return [words[name] for name in scope.split() if name in words]
