"""The page of whom somebody acts for and what for, and the one that says why they may not."""

from typing import Any

from flask import make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.authentication.sessions import SessionFacts
from idp.callers.authority import Bar
from idp.delegation import actions as delegation
from idp.delegation.actions import PICKED, HeldMandate
from idp.delegation.choosing import PurposeFault, consider, read_purpose
from idp.delegation.explaining import Pace, Reason, explain
from idp.journal.actions import Entry, record
from idp.oidc.detail_rules import read_details
from idp.organisations.actions import organisations_of
from idp.signin import actions, texts
from idp.signin.acting import ActingAsked
from idp.signin.actions import SELF, Position, Stop
from idp.signin.asking import abandon, at, client, locate, service_name, stopped
from idp.signin.rules import Step
from idp.signin.sent import bp
from idp.storage import Transaction
from idp.web import house, retry_after, see_other
from idp.words import gettext as _

LONGEST_NAME_TYPED = 100


@bp.get("/sign-in/<ref>/who")
def who(ref: str) -> ResponseReturnValue:
    """Ask whom the person is doing this for, and what for."""
    found = at(ref, Step.WHO)
    return found if not isinstance(found, Position) else _page(found)


@bp.post("/sign-in/<ref>/who")
def choose(ref: str) -> ResponseReturnValue:
    """Take the choice; whether the mandate allows it is asked again when the code is issued."""
    found = at(ref, Step.WHO)
    if not isinstance(found, Position):
        return found
    chosen, typed = request.form.get("who", ""), request.form.get("purpose", "")
    only, does = _only(found), request.form.get("do", "")
    if does in {"find", "more"}:
        return _page(found, chosen=chosen, typed=typed)
    if "back" in {does, chosen}:
        return abandon(found, "access_denied", "the person went back")
    if chosen == SELF and not only:
        house().database.transaction(lambda tx: actions.choose(tx, found, SELF))
        return see_other(url_for("signin.resume", ref=ref))
    looked = _consider(found, chosen) if chosen and (not only or chosen == only) else None
    if looked is None:
        return _page(found, error=_("Choose who you are doing this for"), typed=typed), 422
    mandate, why = looked
    # Where only others have to agree, the next page asks them.
    if why is not None and why is not Bar.QUORUM:
        return refuse(found, mandate.ref, mandate.principal, why)
    purpose = read_purpose(typed, mandate.purpose)
    if isinstance(purpose, PurposeFault):
        said = texts.purpose_wrong(purpose)
        return _page(found, purpose_error=said, chosen=chosen, typed=typed), 422
    house().database.transaction(lambda tx: actions.choose(tx, found, chosen, purpose))
    return see_other(url_for("signin.resume", ref=ref))


@bp.post("/sign-in/<ref>/who/again")
def choose_again(ref: str) -> ResponseReturnValue:
    """Take the choice back, and ask once more."""
    found = locate(ref)
    if isinstance(found, Stop):
        return stopped(found)
    house().database.transaction(lambda tx: actions.choose(tx, found, None))
    return see_other(url_for("signin.resume", ref=ref))


def refuse(found: Position, mandate: str, principal: str, why: Reason) -> ResponseReturnValue:
    """Say which thing is missing, with the reference of its journal entry."""
    session = found.session
    entry = Entry(
        kind="acting-refused", person=principal, client_id=found.journey.client_id,
        actor=session.party if session else None, mandate_ref=mandate,
        detail={"reason": why, "journey": found.journey.ref},
    )  # fmt: skip

    def work(tx: Transaction) -> tuple[str, HeldMandate | None]:
        return record(tx, entry), delegation.find(tx, mandate)

    reference, held = house().database.transaction(work)
    page = render_template(
        "signin/cannot_act.html",
        service_name=service_name(found),
        principal_name=held.principal_name if held else "",
        said=explain(why).delegate,
        reference=reference,
        action=url_for("signin.go_back", ref=found.journey.ref),
        again=url_for("signin.choose_again", ref=found.journey.ref),
    )
    return make_response(page, 403)


def stop(found: Position, asked: ActingAsked) -> ResponseReturnValue:
    """Say why somebody may not go on with whom they chose, or how long to wait."""
    if asked.stop is not Pace.SLOW_DOWN or asked.wait is None:
        why = asked.stop or Bar.UNKNOWN
        return refuse(found, asked.mandate, asked.principal, why)
    page = render_template(
        "signin/wait.html",
        service_name=service_name(found),
        said=explain(Pace.SLOW_DOWN).delegate,
        go_on=url_for("signin.resume", ref=found.journey.ref),
    )
    return make_response(page, 429, retry_after(asked.wait))


def _only(found: Position) -> str:
    """The one mandate that the service named; empty where the person may choose."""
    asked = str(found.journey.request.get("params", {}).get("acting_for", ""))
    return "" if asked == "choose" else asked


def _powers(found: Position) -> tuple[str, ...]:
    """The powers that the service asks for by name; none where any will do."""
    details = read_details(found.journey.request["params"].get("authorization_details"))
    return details.actions if details else ()


def _consider(found: Position, chosen: str) -> Any:
    session, service = found.session, client(found)
    if session is None or service is None:
        return None
    floor = house().policies.floor(service.client_id)
    return house().database.read(
        lambda tx: consider(
            tx, chosen, account_ref=session.account_ref, person_ref=session.person_ref,
            service=service.client_id, aware=service.delegation_aware, floor=floor,
            powers=_powers(found),
        )
    )  # fmt: skip


def _page(
    found: Position,
    *,
    error: str | None = None,
    purpose_error: str | None = None,
    chosen: str = "",
    typed: str = "",
) -> str:
    session, ref = found.session, found.journey.ref
    name = f"{session.given_name} {session.family_name}" if session and session.given_name else ""
    named = request.form.get("name", "")[:LONGEST_NAME_TYPED].strip()
    goes_on = request.form.get("do") == "more"
    after = request.form.get("after", "")[:LONGEST_NAME_TYPED] if goes_on else ""
    only = _only(found)
    people = _offered(found, only, named, after)
    more = len(people) > PICKED
    last = people[PICKED - 1].ref if more else ""
    shown = people[:PICKED]
    return render_template(
        "signin/who.html",
        service_name=service_name(found),
        action=url_for("signin.choose", ref=ref),
        self_name=name,
        only=bool(only),
        people=[_person(mandate) for mandate in shown],
        asks_purpose=any(mandate.purpose is None for mandate in shown),
        search=more or bool(named or after),
        named=named,
        more=last,
        chosen=chosen or (shown[0].ref if only and shown else ""),
        purpose=typed,
        error=error,
        purpose_error=purpose_error,
        works_for=_works_for(session) if not shown and not (named or after) else [],
    )


def _works_for(session: SessionFacts | None) -> list[str]:
    """The organisations whose people somebody may be looking for in vain."""
    if session is None:
        return []
    account = session.account_ref
    found = house().database.read(lambda tx: organisations_of(tx, account))
    return [one.organisation.name for one in found]


def _person(mandate: HeldMandate) -> dict[str, Any]:
    for_work = mandate.delegate_kind == "organisation"
    return {
        "ref": mandate.ref,
        "name": mandate.principal_name,
        "organisation": mandate.delegate_name if for_work else None,
        "until": mandate.expires,
        "purpose": mandate.purpose,
    }


def _offered(found: Position, only: str, named: str, after: str) -> list[HeldMandate]:
    session, client_id = found.session, found.journey.client_id
    if session is None or client_id is None:
        return []
    if only:
        # Also one that does not hold any more: whoever chooses it is told why.
        if _consider(found, only) is None:
            return []
        one = house().database.read(lambda tx: delegation.find(tx, only))
        return [one] if one is not None else []
    account, person = session.account_ref, session.person_ref
    return house().database.read(
        lambda tx: delegation.usable(
            tx, account=account, person=person, service=client_id, named=named, after=after
        )
    )
