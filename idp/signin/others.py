"""The page of somebody who cannot act alone: who else has to agree, and the way to ask them."""

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.callers import acting
from idp.callers.acting import ActingMandate
from idp.callers.authority import SAID, Bar
from idp.delegation import actions as delegation
from idp.delegation import joint
from idp.delegation.choosing import PurposeFault, read_purpose
from idp.delegation.joint import Fellow, JointAct
from idp.signin import texts
from idp.signin.actions import SELF, Position, Stop
from idp.signin.asking import abandon, bp, locate, service_name, stopped
from idp.signin.rules import Step
from idp.storage import Transaction
from idp.web import house, see_other


def have_to_agree(found: Position) -> bool:
    """Say whether this journey would end in a refusal because others have not agreed yet."""
    standing = house().database.read(lambda tx: _standing(tx, found))
    if standing is None:
        return False
    mandate, act = standing
    return mandate.facts.quorum > 1 and not (act and act.ready)


@bp.get("/sign-in/<ref>/others")
def others(ref: str) -> ResponseReturnValue:
    """Say who has agreed and who has not, and offer to ask them."""
    found = _at(ref)
    return _page(found) if isinstance(found, Position) else found


@bp.post("/sign-in/<ref>/others")
def ask_others(ref: str) -> ResponseReturnValue:
    """Ask the others, with a purpose; or go back to the service without having acted."""
    found = _at(ref)
    if not isinstance(found, Position):
        return found
    if request.form.get("what") == "back":
        return abandon(found, "access_denied", SAID[Bar.QUORUM])
    purpose = read_purpose(request.form.get("purpose", ""), None)
    if isinstance(purpose, PurposeFault):
        return _page(found, texts.purpose_wrong(purpose)), 422

    def work(tx: Transaction) -> None:
        standing = _standing(tx, found)
        if standing is not None and found.session is not None:
            mandate, _act = standing
            joint.ask(
                tx, house().keyring, authority_ref=mandate.authority_ref or "",
                service=mandate.service, asker=found.session.person_ref or "", purpose=purpose,
            )  # fmt: skip

    house().database.transaction(work)
    return see_other(url_for("signin.others", ref=ref))


def _at(ref: str) -> Position | ResponseReturnValue:
    """The journey, if it waits for others now; else where the browser should go."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    if found.next.step is not Step.ISSUE or not have_to_agree(found):
        return see_other(url_for("signin.resume", ref=ref))
    return found


def _standing(tx: Transaction, found: Position) -> tuple[ActingMandate, JointAct | None] | None:
    """The mandate that was chosen, if it was given to several together, and what was asked."""
    choice, session = found.journey.choice, found.session
    if choice is None or choice == SELF or session is None or session.person_ref is None:
        return None
    mandate = acting.ask(tx, choice, account_ref=session.account_ref, person_ref=session.person_ref)
    if mandate is None or mandate.authority_ref is None or not mandate.facts.is_delegate:
        return None
    asked = joint.asked_by(
        tx, authority_ref=mandate.authority_ref, service=mandate.service,
        asker=session.person_ref,
    )  # fmt: skip
    return mandate, asked


def _page(found: Position, error: str | None = None) -> str:
    def work(tx: Transaction) -> tuple[str, tuple[Fellow, ...], JointAct | None, int]:
        standing = _standing(tx, found)
        if standing is None:  # it ended this moment
            return "", (), None, 0
        mandate, act = standing
        held = delegation.find(tx, mandate.ref)
        fellows = act.fellows if act else joint.fellows_of(
            tx, mandate.authority_ref or "", mandate.service
        )  # fmt: skip
        return held.principal_name if held else "", fellows, act, mandate.facts.quorum

    name, fellows, act, quorum = house().database.read(work)
    own = found.session.person_ref if found.session else None
    return render_template(
        "signin/others.html",
        service_name=service_name(found),
        principal_name=name,
        fellows=[one for one in fellows if one.person != own],
        quorum=quorum,
        agreed=act.agreed if act else 0,
        asked=act is not None,
        until=act.expires_at if act else None,
        purpose=request.form.get("purpose", found.journey.purpose or ""),
        action=url_for("signin.ask_others", ref=found.journey.ref),
        again=url_for("signin.resume", ref=found.journey.ref),
        error=error,
    )
