"""The pages of a journey. Each takes one answer and ends at `resume` (decision 11)."""

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.policy import ACCOUNT
from idp.oidc import actions as oidc
from idp.oidc.answers import send
from idp.signin import actions, others, picking, texts
from idp.signin.actions import Position, Stop
from idp.signin.asking import abandon, at, locate, service_name, stopped
from idp.signin.rules import Step, Why
from idp.signin.sent import bp
from idp.signin.weighing import learn
from idp.storage import Transaction
from idp.web import house, notice, see_other, seen_here
from idp.words import gettext as _

__all__ = ["bp", "picking"]


@bp.get("/sign-in/<ref>")
def resume(ref: str) -> ResponseReturnValue:
    """Ask what this journey still needs, and go there; or end it."""
    found = locate(ref, weighed=True)
    if isinstance(found, Stop):
        return stopped(found)
    if found.acting is not None and found.acting.stop is not None:
        return picking.stop(found, found.acting)
    if found.next.step is Step.REFUSE:
        return _refuse(found)
    if found.next.step is not Step.ISSUE:
        return see_other(_address(found.next.step, ref))
    if found.journey.client_id is None:
        return _return_home(found)
    if others.have_to_agree(found):
        return see_other(url_for("signin.others", ref=ref))
    answer = oidc.finish(house().database, house().services, found, seen_here())
    return stopped(Stop.FINISHED) if answer is None else send(answer)


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
        return abandon(found, "access_denied", "the person said no")
    house().database.transaction(lambda tx: actions.consent(tx, found))
    return see_other(url_for("signin.resume", ref=ref))


def _address(step: Step, ref: str) -> str:
    """Where a step is taken: on a page of ours, or in the room that leads on and comes back."""
    if step is Step.METHODS:
        return url_for("enrolment.resume", journey=ref)
    if step is Step.PROVE:
        return url_for("proofing.home", journey=ref)
    return url_for(f"signin.{step}", ref=ref)


def _refuse(found: Position) -> ResponseReturnValue:
    if found.next.why is Why.TOO_UNUSUAL and found.journey.client_id is not None:
        return _too_unusual(found)
    if found.journey.client_id is not None:
        said = f"{found.next.why}: {found.next.demand} is needed"
        return abandon(found, "unmet_authentication_requirements", said)
    title, paragraphs = texts.refused(found.next.why, service_name(found))
    return notice(403, title, paragraphs)


@bp.post("/sign-in/<ref>/back")
def go_back(ref: str) -> ResponseReturnValue:
    """Send somebody whose sign-in ends here back to the service, which is told so."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    acting = found.journey.request["asked"]["acting"]
    if found.next.step is not Step.REFUSE and not acting:
        return see_other(url_for("signin.resume", ref=ref))
    return abandon(found, "access_denied", f"{found.next.why}: this sign-in cannot go on")


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
