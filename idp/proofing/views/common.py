"""What the proofing pages share: who is there, what waits for them, and how far they are.

The journey that waits is named in the address (`?journey=`): it is bound to this browser, and
opens nothing in another one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue

from idp.assurance.policy import ACCOUNT
from idp.assurance.rules import sign_in_level
from idp.authentication import sessions
from idp.authentication.sessions import SessionFacts
from idp.proofing import cases, contacts, evidence, texts
from idp.proofing.cases import Case
from idp.proofing.contacts import Given, Sent
from idp.proofing.rules import Piece, level_reached
from idp.signin import actions as signin
from idp.signin.actions import Journey, Position
from idp.signin.asking import locate
from idp.signin.rules import Asked, Step, may_add_methods
from idp.storage import Transaction
from idp.web import (
    browser_secret,
    caller_address,
    house,
    needed_browser_secret,
    notice,
    retry_after,
    see_other,
    session_secret,
)
from idp.words import gettext as _

bp = Blueprint("proofing", __name__)
USUAL_LEVEL = 2  # what most services that need to know a person ask for
HIGHEST_LEVEL = 3
LONGEST_FIELD = 60


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who is there, and what waits for them."""

    session: SessionFacts
    journey_ref: str | None
    position: Position | None

    @property
    def wanted(self) -> int:
        """The identity level to reach: what the waiting service asks, or what most do."""
        asked = self.position.next.demand.identity if self.position else 0
        return asked or USUAL_LEVEL


@dataclass(frozen=True, kw_only=True)
class Proof:
    """An open case with its evidence, and what that comes to."""

    case: Case
    pieces: list[Piece]
    level: int


def visitor() -> Visitor | ResponseReturnValue:
    """Answer who is signed in here, by as much as the account pages ask; else the way there."""
    here, secret = house(), session_secret()
    session = sessions.look_up(here.database, secret) if secret else None
    journey_ref, position = _waiting()
    if session is not None and browser_secret() and _enough(session):
        if not _is_owner(session):
            return _one_check_only(journey_ref)
        return Visitor(session=session, journey_ref=journey_ref, position=position)
    binding = needed_browser_secret()
    back = quote(request.path) if request.method == "GET" else url_for("proofing.home")
    query = f"?journey={journey_ref}" if journey_ref else ""
    wish = _wish(session) | {"return_to": back + query}
    ref = here.database.transaction(
        lambda tx: signin.start(
            tx, browser_secret=binding, client_id=None, request=wish, now=tx.now()
        )
    )
    return see_other(url_for("signin.resume", ref=ref))


def to(endpoint: str, who: Visitor, **values: Any) -> str:
    """Answer the address of another page here, with the journey that waits."""
    return url_for(f"proofing.{endpoint}", journey=who.journey_ref, **values)


def proof_of(who: Visitor) -> Proof | None:
    """Answer how far this account's open case is, or None where there is none."""
    return house().database.read(lambda tx: read_proof(tx, who))


def read_proof(tx: Transaction, who: Visitor) -> Proof | None:
    """Read the open case of who is there."""
    case = cases.open_case_of(tx, who.session.account_ref)
    if case is None:
        return None
    pieces, policies = evidence.pieces_of(tx, case.ref), house().policies
    level = level_reached(pieces, policies.evidence, policies.profiles)
    return Proof(case=case, pieces=pieces, level=level)


def service_name(who: Visitor) -> str:
    """Name the service that waits, or nothing."""
    client_id = who.position.journey.client_id if who.position else None
    if client_id is None:
        return ""
    client = house().database.read(lambda tx: house().services.clients.get(tx, client_id))
    return client.client_name if client else ""


def too_often(who: Visitor, wait: timedelta, more: str = "") -> ResponseReturnValue:
    """Say that it was too often, and when to go on; `more` where no case is open yet.

    A counter needs the reference of a case: without one the page does not send anybody there.
    """
    page = notice(
        429,
        _("You tried too often"),
        [texts.wait_for(wait), more or _("Nothing is lost. You can also go to a counter.")],
        link=(to("home", who), _("Go back to the list")),
    )
    page.headers.update(retry_after(wait))
    return page


def send_contact_code(who: Visitor, case: Case, channel: str, *, then: str) -> ResponseReturnValue:
    """Send a code to a known contact, and the browser to `then`."""
    here = house()
    sent = contacts.send_code(here.database, here.keyring, case, channel, caller_address())
    if isinstance(sent, timedelta):
        return too_often(who, sent)
    return see_other(to("home", who) if sent is Sent.NO_CONTACT else then)


def contact_code_refused(
    who: Visitor, case: Case, channel: str, *, again: Callable[[str], str]
) -> ResponseReturnValue | None:
    """Take the code that went to a known contact: counted first, then spent with what it buys.

    None: it was right. Else what to answer; `again` draws the page with what is wrong.
    """
    here = house()
    given = contacts.give_code(
        here.database,
        here.keyring,
        here.policies,
        case=case,
        channel=channel,
        typed=request.form.get("code", "").replace(" ", "")[:LONGEST_FIELD],
        address=caller_address(),
    )
    if isinstance(given, timedelta):
        return too_often(who, given)
    if given is Given.WRONG:
        return page_with(again(_("That code is wrong or too old. Look at the newest message")), 422)
    return None


def page_with(page: str, status: int) -> ResponseReturnValue:
    """Answer a page that was typed into wrongly."""
    return make_response(page, status)


def _waiting() -> tuple[str | None, Position | None]:
    """Find the journey named in the address; one that is not this browser's, or over, is none."""
    ref = request.args.get("journey", "")
    if not ref:
        return None, None
    found = locate(ref)
    return (ref, found) if isinstance(found, Position) else (None, None)


def _enough(session: SessionFacts) -> bool:
    """Whether the session has proved what our own pages ask, identity left aside."""
    journey = Journey(
        ref="", client_id=None, request=_wish(session), choice=None, consented=False,
        created_at=session.now,
    )  # fmt: skip
    found = signin.position(house().policies, journey, session, now=session.now)
    return found.next.step in {Step.ISSUE, Step.PROVE}


def _is_owner(session: SessionFacts) -> bool:
    """Whether who is there may be taken for the person the account was proved to be.

    Not where one check opened a proved account: whoever found out its password could do that.
    """
    methods = house().policies.methods_for(ACCOUNT, session.circumstances())
    proved = sign_in_level(session.proofs, methods)
    return may_add_methods(session.identity_level, proved)


def _one_check_only(journey_ref: str | None) -> ResponseReturnValue:
    """Lead somebody who lost their second check to the way back into the account."""
    return notice(
        403,
        _("Your account needs a second check"),
        [
            _("You signed in with one check only. We know whose account this is, so one check is "
              "not enough to go on."),
            _("Did you lose your second check? Then make a new account and show us who you are. "
              "After that we take you back into this one. All that is in it stays."),
        ],
        link=(url_for("enrolment.start", journey=journey_ref), _("Make a new account")),
    )  # fmt: skip


def _wish(session: SessionFacts | None) -> dict[str, object]:
    now = session.now if session else house().database.now()
    asked = Asked(floor=house().policies.floor(ACCOUNT), started=signin.milliseconds(now))
    return {"asked": signin.describe(asked)}
