"""My page, who can act for me, whom I help, and what was done."""

from typing import Any

from flask import abort, render_template, url_for
from flask.typing import ResponseReturnValue

from idp.account import actions
from idp.account.views.agreeing import who_asks
from idp.account.views.common import bp, hold_of, signed_in, stopped_of, what_was_done
from idp.authentication.sessions import SessionFacts
from idp.delegation import actions as delegation
from idp.delegation import answering, joint, owning, watching
from idp.delegation.actions import HeldMandate
from idp.delegation.answering import Offer
from idp.delegation.lifecycle import FINAL, Party, State
from idp.delegation.watching import Stopped
from idp.oidc import deferrals
from idp.organisations import texts as organisation_texts
from idp.organisations.actions import organisations_of
from idp.organisations.rules import Role
from idp.proofing import stopping
from idp.proofing.stopping import Stoppable
from idp.storage import Transaction
from idp.web import house, see_other
from idp.words import gettext as _

# What was asked and came to nothing is no helper, and never was.
SHOWN = frozenset({State.ACTIVE, State.SUSPENDED, State.ENDED})


@bp.get("/account")
def home() -> ResponseReturnValue:
    """Who I am here, and the way to everything else."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    proved, here = session.identity_level > 0, house()

    def work(tx: Transaction) -> tuple[Stoppable | None, int]:
        way_back = stopping.find_into(tx, here.policies, session.account_ref)
        return way_back, len(deferrals.waiting_of(tx, session.account_ref))

    way_back, held = here.database.read(work)
    return render_template(
        "account/home.html",
        person_name=_name(session),
        email=session.email,
        identity=_("We know who you are: your identity was checked.")
        if proved
        else _("You have not yet proved who you are."),
        links=None,
        way_back=way_back,
        held=held,
    )


@bp.get("/account/helpers")
def helpers() -> ResponseReturnValue:
    """Who can act for me, and who could."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    person = session.party

    here = house()

    def work(tx: Transaction) -> tuple[list[dict[str, object]], list[Offer], list[Offer]]:
        counts = delegation.count_uses(tx, person)
        mandates = [one for one in delegation.given_by(tx, person) if one.state in SHOWN]
        names = actions.service_names(tx, (m.service for m in mandates))
        stopped = stopped_of(tx, mandates)
        shown = [
            _shown(mandate, names, counts.get(mandate.ref, 0))
            | {"hold": hold_of(tx, mandate), "stopped": mandate.delegate in stopped}
            for mandate in mandates
        ]
        made = answering.made_by(tx, here.keyring, person)
        return shown, answering.waiting_for(tx, here.keyring, person), made

    mandates, waiting, made = here.database.read(work)
    return render_template(
        "account/helpers.html",
        mandates=mandates,
        waiting=[
            {"name": one.from_name, "href": url_for("helping.asked_me", ref=one.ref)}
            for one in waiting
        ],
        made=[_made(one) for one in made if one.answerer is Party.DELEGATE],
    )


@bp.post("/account/helpers/<ref>/end")
def end_mandate(ref: str) -> ResponseReturnValue:
    """End a permission I gave. From the answer on nothing more is had under it."""
    session = signed_in(return_to=url_for("account.helpers"))
    if not isinstance(session, SessionFacts):
        return session
    person, here = session.person_ref, house()
    ended = (
        here.database.transaction(lambda tx: owning.end(tx, here.keyring, ref, principal=person))
        if person
        else None
    )
    if ended is None:
        abort(404)
    return see_other(url_for("account.ended", ref=ref))


@bp.get("/account/helpers/<ref>/ended")
def ended(ref: str) -> ResponseReturnValue:
    """What ending did, with the reference both sides can quote."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session

    def work(tx: Transaction) -> tuple[HeldMandate, dict[str, str]] | None:
        found = delegation.find(tx, ref)
        if found is None or found.principal != session.person_ref or found.ended_at is None:
            return None
        return found, actions.service_names(tx, [found.service])

    answer = house().database.read(work)
    if answer is None:
        abort(404)
    found, names = answer
    return render_template(
        "account/ended.html",
        delegate_name=found.delegate_name,
        services=[names.get(found.service, found.service)],
        when=found.ended_at,
        reference=found.ended_reference,
    )


@bp.get("/account/activity")
def activity() -> ResponseReturnValue:
    """What was done in my affairs, by me and by others."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    found = house().database.read(
        lambda tx: actions.activity(
            tx,
            person=session.person_ref,
            account=session.account_ref,
            adviser=organisation_texts.adviser(),
        )
    )
    return render_template(
        "account/activity.html",
        entries=[
            {
                "when": item.at,
                "what": what_was_done(item.kind, item.detail, item.client_id),
                "who": _who(item),
                "service": item.service,
                "reference": item.reference,
            }
            for item in found
        ],
    )


@bp.get("/account/helping")
def helping() -> ResponseReturnValue:
    """Whom I can act for."""
    session = signed_in()
    if not isinstance(session, SessionFacts):
        return session
    person, here = session.party, house()

    def work(
        tx: Transaction,
    ) -> tuple[list[Any], list[Any], list[Any], list[Offer], Stopped | None]:
        organisations = [
            {
                "name": mine.organisation.name,
                "roles": organisation_texts.role_list(mine.roles),
                "href": url_for("organisations.home", ref=mine.organisation.ref),
                "people": url_for("organisations.mine", ref=mine.organisation.ref)
                if Role.WORKER in mine.roles
                else None,
            }
            for mine in organisations_of(tx, session.account_ref)
        ]
        asked = [
            {"who": who_asks(act), "href": url_for("account.agreeing", ref=act.ref)}
            for act in joint.waiting_for(tx, person)
        ]
        held = owning.helped_by(tx, person)
        names = actions.service_names(tx, (m.service for m in held))
        people = [
            {
                "name": mandate.principal_name,
                "services": [names.get(mandate.service, mandate.service)],
                "until": mandate.expires,
                "hold": hold_of(tx, mandate),
                "resign": url_for("helping.resign", ref=mandate.ref),
                "uses": url_for("account.helping_one", ref=mandate.ref),
            }
            for mandate in held
        ]
        made = answering.made_by(tx, here.keyring, person)
        stopped = watching.stopped_of(tx, session.account_ref)
        return organisations, asked, people, made, stopped

    organisations, asked, people, made, stopped = here.database.read(work)
    return render_template(
        "account/helping.html",
        people=people,
        stopped=stopped,
        organisations=organisations,
        asked=asked,
        made=[_made(one) for one in made if one.answerer is Party.PRINCIPAL],
    )


def _who(item: actions.Activity) -> str:
    if item.by_nobody:
        return _("By itself")
    return _("An officer") if item.by_officer else item.actor_name or _("You")


def _made(offer: Offer) -> dict[str, str]:
    """An offer of one's own that waits: the name is as it was typed."""
    return {
        "name": f"{offer.way.given_name} {offer.way.family_name}",
        "href": url_for("helping.offer", ref=offer.ref),
    }


def _shown(mandate: HeldMandate, names: dict[str, str], count: int) -> dict[str, object]:
    return {
        "ref": mandate.ref,
        "delegate_name": mandate.delegate_name,
        "services": [names.get(mandate.service, mandate.service)],
        "until": mandate.expires,
        "once": mandate.single_use,
        "uses": count,
        "through": mandate.through,
        "ended": mandate.state in FINAL,
        "ended_on": mandate.ended_at,
    }


def _name(session: SessionFacts) -> str:
    if session.given_name:
        return f"{session.given_name} {session.family_name}"
    return session.email
