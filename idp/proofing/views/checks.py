"""Bringing evidence: a code to a known contact, a check by an outside checker, and the wait."""

import re
from dataclasses import dataclass

from flask import abort, make_response, render_template, request
from flask.typing import ResponseReturnValue

from idp.proofing import checking, contacts, limits, texts
from idp.proofing.checking import Document
from idp.proofing.contacts import CODE_MINUTES, TEXT, Reachable
from idp.proofing.rules import (
    CHECK_TRIED_FOR,
    CHECKED_DOCUMENTS,
    CONTACT_KINDS,
    DOCUMENT_CHECK,
    FRAUD_CHECK,
    State,
    open_kinds,
)
from idp.proofing.views.common import (
    LONGEST_FIELD,
    Proof,
    Visitor,
    bp,
    contact_code_refused,
    page_with,
    proof_of,
    send_contact_code,
    to,
    too_often,
    visitor,
)
from idp.storage import Transaction
from idp.throttle import actions as throttle
from idp.web import caller_address, house, see_other
from idp.words import gettext as _

_NUMBER = re.compile(r"[A-Z0-9]{5,20}")
# The page looks again by itself so often, unless it is told not to.
LOOK_AGAIN_SECONDS = 8


@dataclass(frozen=True, kw_only=True)
class At:
    """Who is there, with an open case."""

    who: Visitor
    proof: Proof


@bp.get("/identity/contact/<channel>")
def contact(channel: str) -> ResponseReturnValue:
    """Say where a code would go, and offer to send it."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    known = _reachable(proof, channel)
    return render_template(
        "proofing/contact.html",
        masked=known.masked,
        by_text=channel == TEXT,
        action=to("send_code", who, channel=channel),
        minutes=CODE_MINUTES,
        back=to("home", who),
    )


@bp.post("/identity/contact/<channel>")
def send_code(channel: str) -> ResponseReturnValue:
    """Send a code to the register's contact."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    _reachable(proof, channel)
    return send_contact_code(
        who, proof.case, channel, then=to("contact_code", who, channel=channel)
    )


@bp.get("/identity/contact/<channel>/code")
def contact_code(channel: str) -> ResponseReturnValue:
    """Ask for the code."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    return _code_page(who, _reachable(proof, channel))


@bp.post("/identity/contact/<channel>/code")
def give_code(channel: str) -> ResponseReturnValue:
    """Take the code: counted first, then spent with what it buys."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    known = _reachable(proof, channel)
    refused = contact_code_refused(
        who, proof.case, channel, again=lambda said: _code_page(who, known, said)
    )
    if refused is not None:
        return refused
    _check_fraud_too(proof)
    return see_other(to("waiting", who))


@bp.get("/identity/document")
def document() -> ResponseReturnValue:
    """Ask for a passport or a driving licence, and say who looks at it."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    if DOCUMENT_CHECK not in _open(proof):
        return see_other(to("home", who))
    return _document_page(who, "", {})


@bp.post("/identity/document")
def give_document() -> ResponseReturnValue:
    """Take a document's number and let the checkers be asked, after the commit."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    if DOCUMENT_CHECK not in _open(proof):
        return see_other(to("home", who))
    kind = request.form.get("document", "")
    number = re.sub(r"[ -]", "", request.form.get("number", ""))[:LONGEST_FIELD].upper()
    said = {}
    if kind not in CHECKED_DOCUMENTS:
        said["document"] = _("Choose which document you have")
    if not _NUMBER.fullmatch(number):
        said["number"] = _("Type in the number of the document as it stands there")
    if said:
        return page_with(_document_page(who, kind, said), 422)
    return _asked(who, proof, Document(kind=kind, number=number))


@bp.get("/identity/fraud")
def fraud() -> ResponseReturnValue:
    """Offer to have the check for identity fraud made, or made again."""
    found = _at()
    if not isinstance(found, At):
        return found
    who = found.who
    return render_template("proofing/fraud.html", action=to("ask_fraud", who), back=to("home", who))


@bp.post("/identity/fraud")
def ask_fraud() -> ResponseReturnValue:
    """Let the checker be asked, after the commit."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    return _asked(who, proof, None)


@bp.get("/identity/waiting")
def waiting() -> ResponseReturnValue:
    """Wait for checkers. The page looks again by itself, with or without a script."""
    found = _at()
    if not isinstance(found, At):
        return found
    who, proof = found.who, found.proof
    now = who.session.now
    asked = [
        piece.kind
        for piece in proof.pieces
        if piece.state is State.ASKED and now - piece.created_at < CHECK_TRIED_FOR
    ]
    if not asked:
        return see_other(to("home", who))
    still = request.args.get("still") == "yes"
    page = make_response(
        render_template(
            "proofing/waiting.html",
            waiting=[texts.asked(kind) for kind in asked],
            still=still,
            seconds=LOOK_AGAIN_SECONDS,
            again=to("waiting", who, **({"still": "yes"} if still else {})),
            stop=to("waiting", who, still="yes"),
            other=to("home", who),
            counter=to("counter", who),
        )
    )
    if not still:
        page.headers["Refresh"] = str(LOOK_AGAIN_SECONDS)
    return page


def _at() -> At | ResponseReturnValue:
    """Answer who is there and their open case; else where the browser should go."""
    who = visitor()
    if not isinstance(who, Visitor):
        return who
    proof = proof_of(who)
    return see_other(to("home", who)) if proof is None else At(who=who, proof=proof)


def _reachable(proof: Proof, channel: str) -> Reachable:
    """The register's contact on a channel; a page for one that is not there is not found."""
    person = proof.case.person_ref
    known = house().database.read(lambda tx: contacts.reachable(tx, person))
    here = [one for one in known if one.channel == channel]
    return here[0] if here else abort(404)


def _open(proof: Proof) -> frozenset[str]:
    here = house()
    return open_kinds(
        proof.pieces,
        here.policies.evidence,
        contacts=CONTACT_KINDS.values(),
        checked=here.checkers.kinds,
    )


def _asked(who: Visitor, proof: Proof, shown: Document | None) -> ResponseReturnValue:
    """Have a document checked, and fraud with it; counted first."""
    here = house()
    wait = throttle.reserve(
        here.database,
        here.keyring,
        limits.check_limits(caller_address(), who.session.account_ref),
    )
    if wait is not None:
        return too_often(who, wait)

    def work(tx: Transaction) -> None:
        if FRAUD_CHECK in _open(proof):
            checking.begin(tx, here.keyring, here.checkers, case=proof.case, kind=FRAUD_CHECK)
        if shown is not None:
            checking.begin(
                tx, here.keyring, here.checkers,
                case=proof.case, kind=DOCUMENT_CHECK, document=shown,
            )  # fmt: skip

    here.database.transaction(work)
    return see_other(to("waiting", who))


def _check_fraud_too(proof: Proof) -> None:
    """Ask for the fraud check beside a code that was right: it needs nothing of the person."""
    here = house()
    if FRAUD_CHECK in _open(proof):
        here.database.transaction(
            lambda tx: checking.begin(
                tx, here.keyring, here.checkers, case=proof.case, kind=FRAUD_CHECK
            )
        )


def _code_page(who: Visitor, known: Reachable, error: str | None = None) -> str:
    return render_template(
        "proofing/contact_code.html",
        masked=known.masked,
        minutes=CODE_MINUTES,
        action=to("give_code", who, channel=known.channel),
        again=to("contact", who, channel=known.channel),
        back=to("home", who),
        error=error,
    )


def _document_page(who: Visitor, kind: str, said: dict[str, str]) -> str:
    # The number is never shown again, as that of a claim is not.
    return render_template(
        "proofing/document.html",
        action=to("give_document", who),
        documents=[(one, texts.document_name(one)) for one in CHECKED_DOCUMENTS],
        chosen=kind,
        said=said,
        errors=[{"text": text, "href": f"#{field}"} for field, text in said.items()],
        error=bool(said),  # the frame's title says so
        back=to("home", who),
    )
