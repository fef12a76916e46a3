"""The page that says what is done, what is left and how long it takes: `enrolment.resume`."""

from dataclasses import dataclass

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.conditions import counts
from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import Level
from idp.authentication import sessions
from idp.authentication.rules import enough_ways_in
from idp.authentication.sessions import SessionFacts
from idp.enrolment import texts, waiting
from idp.enrolment.rules import (
    PASSKEYS,
    PASSWORD,
    TEXT_CODE,
    Item,
    Standing,
    Task,
    left,
    things_left,
)
from idp.enrolment.views.common import bp, sign_in_address, waiting_journey
from idp.signin import actions as signin
from idp.signin.actions import Position, describe
from idp.signin.rules import Asked, Step
from idp.storage import Transaction
from idp.web import browser_secret, house, needed_browser_secret, see_other, session_secret

NOT_YET = (Step.METHODS, Step.PROVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """The service that waits: its journey, name, what identity it needs, whether it lets in."""

    journey_ref: str
    service: str | None
    needed_identity: int
    lets_in: bool


@bp.get("/enrol/next")
def resume() -> ResponseReturnValue:
    """Say what is done and what is left; lead on to the service when nothing stands in the way."""
    here, secret, binding = house(), session_secret(), browser_secret()
    session = sessions.look_up(here.database, secret) if secret else None
    journey = waiting_journey()
    if session is None or binding is None:
        return see_other(_by_way_of_sign_in(journey))
    account = session.account_ref
    if journey is not None:
        here.database.transaction(
            lambda tx: waiting.remember(tx, account, journey, browser_secret=binding)
        )

    def look(tx: Transaction) -> tuple[Waiting | None, bool]:
        ref = journey or waiting.waits(tx, account)
        confirmed = waiting.address_confirmed(tx, account) is not None
        return _who_waits(tx, ref), confirmed

    who, confirmed = here.database.read(look)
    standing = Standing(
        held=session.held,
        enough=enough_ways_in(
            session.held, here.policies.methods_for(ACCOUNT, session.circumstances())
        ),
        address_confirmed=confirmed,
        identity=session.identity_level,
        needed_identity=who.needed_identity if who else 0,
    )
    items = left(standing)
    if things_left(items) == 0:
        here.database.transaction(lambda tx: waiting.finish(tx, account))
    return _page(session, items, who)


def _by_way_of_sign_in(journey: str | None) -> str:
    """Answer the address of a sign-in that comes back here: the one that waits, or a new one."""
    if journey is not None:
        return sign_in_address(journey)
    here, binding = house(), needed_browser_secret()

    def work(tx: Transaction) -> str:
        now = tx.now()
        asked = Asked(floor=Level(identity=0, sign_in=0), started=signin.milliseconds(now))
        wish = {"asked": describe(asked), "return_to": url_for("enrolment.resume")}
        return signin.start(tx, browser_secret=binding, client_id=None, request=wish, now=now)

    return sign_in_address(here.database.transaction(work))


def _who_waits(tx: Transaction, journey_ref: str | None) -> Waiting | None:
    """Answer what waits for this account in this browser, as things stand now."""
    if journey_ref is None:
        return None
    here = house()
    found = signin.locate(
        tx,
        here.policies,
        journey_ref,
        browser_secret=browser_secret(),
        session_secret=session_secret(),
    )
    if not isinstance(found, Position):
        return None
    client_id = found.journey.client_id
    client = here.services.clients.get(tx, client_id) if client_id else None
    return Waiting(
        journey_ref=journey_ref,
        service=client.client_name if client else None,
        needed_identity=found.next.demand.identity,
        lets_in=found.next.step not in NOT_YET,
    )


def _page(session: SessionFacts, items: list[Item], who: Waiting | None) -> str:
    service, count = (who.service if who else None), things_left(items)
    passkey = bool(session.held & PASSKEYS)
    lines = [
        {
            "title": texts.task(item, passkey),
            "hint": texts.hint(item),
            "status": texts.status(item),
            "done": item.done,
            "href": None if item.done else _address(item, session, who),
        }
        for item in items
    ]
    minutes = sum(item.minutes for item in items if item.needed and not item.done)
    lets_in = who.lets_in if who else count == 0
    return render_template(
        "enrolment/hub.html",
        title=texts.hub_title(count, service),
        name=session.sign_in_name,
        lines=lines,
        minutes=minutes,
        service_name=service,
        go_on_href=(sign_in_address(who.journey_ref if who else None)) if lets_in else None,
        last_day=count > 0 and lets_in,
    )


def _address(item: Item, session: SessionFacts, who: Waiting | None) -> str | None:
    """Where a line leads. All of them come back here."""
    if item.task is Task.IDENTITY:
        return url_for("proofing.home", journey=who.journey_ref if who else None)
    if item.task is Task.RECOVERY_CODES:
        return "/methods/recovery-codes?to=enrol"
    if item.task is Task.FIRST_WAY:
        return url_for("enrolment.choose", what="first")
    if item.task is Task.PASSWORD or PASSWORD not in session.held:
        return "/methods/password?to=enrol"
    return url_for("enrolment.choose", what="second")


@bp.get("/enrol/choose")
def choose() -> ResponseReturnValue:
    """Offer the ways in there are to choose from, with what each asks of a person."""
    here, secret = house(), session_secret()
    session = sessions.look_up(here.database, secret) if secret else None
    if session is None:
        return see_other(url_for("enrolment.resume"))
    first = request.args.get("what") == "first"
    return render_template(
        "enrolment/choose.html",
        first=first,
        by_text=counts(here.policies.methods_for(ACCOUNT), TEXT_CODE),
        back_href=url_for("enrolment.resume"),
    )
