"""The hub: what is done, what is left, how long each takes, and the ways there are."""

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from idp.proofing import contacts, reaching, texts, ways_back
from idp.proofing.reaching import Reached
from idp.proofing.rules import (
    CONTACT_KINDS,
    COUNTER_VISIT,
    DOCUMENT_CHECK,
    FRAUD_CHECK,
    Standing,
    State,
    Way,
    held_kinds,
    open_kinds,
    standing,
    ways_on,
)
from idp.proofing.views.common import (
    HIGHEST_LEVEL,
    Proof,
    Visitor,
    bp,
    proof_of,
    service_name,
    to,
    visitor,
)
from idp.storage import Transaction
from idp.web import house, see_other
from idp.words import gettext as _

CLAIM_MINUTES = 4


@bp.get("/identity")
def home() -> ResponseReturnValue:
    """Say what is done and what is left; or that it is all done."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    if who.session.identity_level >= who.wanted:
        return _done_page(who)
    proof = proof_of(who)
    if proof is None:
        return _first_page(who)
    outlook = house().database.read(lambda tx: _outlook(tx, proof))
    if outlook is Reached.WAY_BACK:
        return see_other(to("way_back", who))
    return _list_page(who, proof, outlook)


@bp.get("/identity/counter")
def counter() -> ResponseReturnValue:
    """Say what to bring to a counter, and what to say there."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    proof = proof_of(who)
    if proof is None:
        return see_other(to("home", who))
    spoken = proof.case.spoken
    return render_template(
        "proofing/counter.html", spoken=f"{spoken[:4]}-{spoken[4:]}", back=to("home", who)
    )


def _outlook(tx: Transaction, proof: Proof) -> Reached:
    found = ways_back.of_account(tx, proof.case.account_ref)
    # One that lapsed may be asked for anew only where enough still counts: see `prospect`.
    if found is not None and standing(found.times, tx.now()) is not Standing.LAPSED:
        return Reached.WAY_BACK
    return reaching.prospect(tx, proof.case, proof.level)


def _done_page(who: Visitor) -> str:
    waiting = who.journey_ref is not None
    return render_template(
        "proofing/done.html",
        service_name=service_name(who),
        go_on=url_for("signin.resume", ref=who.journey_ref) if waiting else url_for("account.home"),
        waiting=waiting,
    )


def _first_page(who: Visitor) -> str:
    return render_template(
        "proofing/first.html",
        service_name=service_name(who),
        start=to("claim", who),
        claim_minutes=CLAIM_MINUTES,
    )


def _list_page(who: Visitor, proof: Proof, outlook: Reached) -> str:
    # A level that is there and joined nobody: the account in the way was proved by more.
    wanted = min(HIGHEST_LEVEL, max(who.wanted, proof.level + 1))
    ways = [_shown(who, way) for way in _ways(proof, wanted)]
    latest = {piece.kind: piece.state for piece in proof.pieces}
    held = held_kinds(proof.pieces)
    return render_template(
        "proofing/list.html",
        service_name=service_name(who),
        done=[texts.done(kind) for kind in house().policies.evidence if kind in held],
        waiting=[texts.asked(k) for k, state in latest.items() if state is State.ASKED],
        problems=[
            texts.refused(kind) if state is State.REFUSED else texts.unavailable(kind)
            for kind, state in latest.items()
            if state in {State.REFUSED, State.UNAVAILABLE} and kind not in held
        ],
        wait_href=to("waiting", who),
        ways=ways if outlook is Reached.MORE else [],
        counter_only=_counter_text(outlook),
        counter_href=to("counter", who),
    )


def _counter_text(outlook: Reached) -> str:
    return {
        Reached.COUNTER: _("To go on, you need to go to a counter and show a document."),
        Reached.OTHER_WAY_BACK: _(
            "Somebody else has asked for the same thing. Go to a counter and show a document."
        ),
        Reached.SHUT: _("We cannot go on here. Go to a counter and show a document."),
    }.get(outlook, "")


def _ways(proof: Proof, wanted: int) -> list[Way]:
    policies, checkers = house().policies, house().checkers
    person = proof.case.person_ref
    known = house().database.read(lambda tx: contacts.reachable(tx, person))
    asked = {piece.kind for piece in proof.pieces if piece.state is State.ASKED}
    open_to = open_kinds(
        proof.pieces,
        policies.evidence,
        contacts={one.channel for one in known},
        checked=checkers.kinds,
    )
    found = ways_on(wanted, proof.pieces, open_to, policies.evidence, policies.profiles)
    # A way of which all is asked already needs nothing but patience: it stands under "waiting".
    return [way for way in found if not set(way.kinds) <= asked]


def _shown(who: Visitor, way: Way) -> dict[str, object]:
    first = next((kind for kind in way.kinds if kind != FRAUD_CHECK), FRAUD_CHECK)
    return {
        "title": texts.to_do(first),
        "also": [texts.to_do(kind) for kind in way.kinds if kind != first],
        "minutes": way.minutes,
        "href": _start(who, first),
    }


def _start(who: Visitor, kind: str) -> str:
    if kind in CONTACT_KINDS:
        return to("contact", who, channel=CONTACT_KINDS[kind])
    return to(
        {DOCUMENT_CHECK: "document", FRAUD_CHECK: "fraud", COUNTER_VISIT: "counter"}[kind], who
    )
