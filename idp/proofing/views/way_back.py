"""The way back into an account that is there already: wait, shorten the wait, take it, stop it."""

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from idp.notices.rules import masked_email
from idp.proofing import contacts, reaching, stopping, ways_back
from idp.proofing.cases import Case
from idp.proofing.contacts import CODE_MINUTES, OLD_ACCOUNT
from idp.proofing.rules import Standing, standing
from idp.proofing.stopping import Stopped
from idp.proofing.views.common import (
    Visitor,
    bp,
    contact_code_refused,
    proof_of,
    read_proof,
    send_contact_code,
    to,
    visitor,
)
from idp.proofing.ways_back import Found, Taken
from idp.storage import Transaction
from idp.web import forget_session, house, notice, see_other
from idp.words import gettext as _


@dataclass(frozen=True, kw_only=True)
class At:
    """Who is there, their open case, and the way back it began."""

    who: Visitor
    case: Case
    way: Found


@bp.get("/identity/way-back")
def way_back() -> ResponseReturnValue:
    """Say where the way back stands, and what can be done now."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, case, way = found.who, found.case, found.way
    state = standing(way.times, who.session.now)
    policies = house().policies
    can_shorten = state is Standing.WAITING and house().database.read(
        lambda tx: contacts.may_end_wait(tx, policies, case)
    )
    return render_template(
        "proofing/way_back.html",
        standing=state,
        due=way.times.due_at,
        until=way.times.expires_at,
        masked=masked_email(way.email),
        can_shorten=can_shorten,
        shorten=to("old_account_send", who),
        take=to("take_way_back", who),
        begin=to("begin_way_back", who),
    )


@bp.post("/identity/way-back/begin")
def begin_way_back() -> ResponseReturnValue:
    """Begin the way back anew: the last one lapsed, or another's ended."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    here, proof = house(), proof_of(who)
    if proof is not None:
        case_ref = proof.case.ref
        here.database.transaction(
            lambda tx: reaching.settle(tx, here.keyring, here.policies, case_ref)
        )
    return see_other(to("home", who))


@bp.post("/identity/way-back/send")
def old_account_send() -> ResponseReturnValue:
    """Send a code to the old account's address, to whoever reads its mail."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, case = found.who, found.case
    here = house()
    if not here.database.read(lambda tx: contacts.may_end_wait(tx, here.policies, case)):
        return see_other(to("way_back", who))
    return send_contact_code(who, case, OLD_ACCOUNT, then=to("old_account_code", who))


@bp.get("/identity/way-back/code")
def old_account_code() -> ResponseReturnValue:
    """Ask for the code that went to the old account's address."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, way = found.who, found.way
    return _code_page(who, way)


@bp.post("/identity/way-back/code")
def old_account_give() -> ResponseReturnValue:
    """Take the code: counted first, then spent for the end of the wait."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, case, way = found.who, found.case, found.way
    refused = contact_code_refused(
        who, case, OLD_ACCOUNT, again=lambda said: _code_page(who, way, said)
    )
    return see_other(to("way_back", who)) if refused is None else refused


@bp.get("/identity/way-back/take")
def take_way_back() -> ResponseReturnValue:
    """Say what happens, before it does."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, case, way = found.who, found.case, found.way
    if standing(way.times, who.session.now) is not Standing.DUE:
        return see_other(to("way_back", who))
    return render_template(
        "proofing/take.html",
        action=to("take", who),
        sign_in_name=case.sign_in_name,
        back=to("way_back", who),
    )


@bp.post("/identity/way-back/take")
def take() -> ResponseReturnValue:
    """Take the way back. Every session of both accounts ends, this one too."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, way = found.who, found.way
    here = house()
    taken = ways_back.take(
        here.database, here.keyring, here.policies,
        way_back_ref=way.ref, account_ref=who.session.account_ref,
    )  # fmt: skip
    if taken is Taken.NOT_NOW:
        return see_other(to("way_back", who))
    if taken is not Taken.TAKEN:
        return _not_this_way(who)
    forget_session()
    waiting = who.journey_ref
    on = url_for("signin.resume", ref=waiting) if waiting else url_for("account.home")
    return notice(
        200,
        _("You are back in your account"),
        [
            _("All that was in your account is still there."),
            _("Sign in now with what you set up here. The old ways to sign in no longer work."),
        ],
        link=(on, _("Sign in and go on")),
    )


@bp.get("/way-back/stop/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Show what pressing the button does. Opening a link stops nothing by itself."""
    here = house()
    link = here.database.read(lambda tx: stopping.find_link(tx, here.policies, token))
    if link is None:
        return _no_longer()
    return render_template(
        "proofing/stop.html" if link.stops else "proofing/stop_seen.html",
        action=url_for("proofing.stop_it", token=token),
        way=link,
    )


@bp.post("/way-back/stop/<token>")
def stop_it(token: str) -> ResponseReturnValue:
    """Stop a way back, signed in or not."""
    here = house()
    stopped = here.database.transaction(
        lambda tx: stopping.stop(tx, here.keyring, here.policies, token)
    )
    return _no_longer() if stopped is Stopped.GONE else say_stopped(stopped)


def say_stopped(stopped: Stopped) -> ResponseReturnValue:
    """Say that it is stopped, or that it is only written down."""
    if stopped is Stopped.SEEN:
        return _written_down()
    if stopped is Stopped.TAKEN_BACK:
        said = [_("You can begin again at any time."),
                _("We sent a message about it to every address we know.")]  # fmt: skip
        return notice(200, _("You took it back"), said)
    return notice(
        200,
        _("It is stopped"),
        [
            _("Nobody gets into your account that way now."),
            _("The next time, somebody has to go to a counter and show a document."),
            _("We sent a message about it to every address we know."),
        ],
    )


def _not_this_way(who: Visitor) -> ResponseReturnValue:
    """Say that it goes no further here. Not why: that is told at a counter only."""
    return notice(
        409,
        _("We cannot go on here"),
        [_("Go to a counter and show a document."), _("Nothing has changed.")],
        link=(to("counter", who), _("What to bring to a counter")),
    )


def _written_down() -> ResponseReturnValue:
    """Say that an objection is noted, and what does stop it."""
    return notice(
        200,
        _("We wrote down that it is not you"),
        [
            _("It is not stopped. Officers have seen somebody with a document."),
            _("Go to a counter and show your document. That stops it."),
        ],
        link=(url_for("proofing.counter"), _("What to bring to a counter")),
    )


def _no_longer() -> ResponseReturnValue:
    return notice(
        404,
        _("This link no longer works"),
        [
            _("It was used already, or it is too old."),
            _("Do you think that somebody is in your account? Sign in and look what was done."),
        ],
        link=(url_for("account.home"), _("Go to your Gatehouse page")),
    )


def _at() -> At | ResponseReturnValue:
    """Answer who is there, their case and their way back; else where the browser should go."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who

    def work(tx: Transaction) -> tuple[Case, Found] | None:
        proof, way = read_proof(tx, who), ways_back.of_account(tx, who.session.account_ref)
        if proof is None or way is None or way.case_ref != proof.case.ref:
            return None
        return proof.case, way

    found = house().database.read(work)
    if found is None:
        return _offer(who)
    return At(who=who, case=found[0], way=found[1])


def _offer(who: Visitor) -> ResponseReturnValue:
    """Offer to begin where nothing is begun although it could be: another's way back ended."""
    proof = proof_of(who)
    if proof is None:
        return see_other(to("home", who))
    outlook = house().database.read(lambda tx: reaching.prospect(tx, proof.case, proof.level))
    if outlook is not reaching.Reached.WAY_BACK:
        return see_other(to("home", who))
    return render_template("proofing/way_back_begin.html", begin=to("begin_way_back", who))


def _code_page(who: Visitor, way: Found, error: str | None = None) -> str:
    return render_template(
        "proofing/contact_code.html",
        masked=masked_email(way.email),
        minutes=CODE_MINUTES,
        action=to("old_account_give", who),
        again=to("way_back", who),
        back=to("way_back", who),
        error=error,
    )
