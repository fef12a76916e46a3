"""Ask somebody by what is known of them, blind: whoever asks learns nothing.

No request looks anybody up: asking, reminding and taking back write the same rows for a right
fact, a wrong one and a number that nobody has, and an offer that reached nobody lapses unanswered
like any other. Whom it means is found by the worker, which tells the person of the offer, or that
wrong details were given, and keeps their own journal.
Source: `delegation.md` I14 and section 5, point 10.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.delegation import telling
from idp.delegation.inviting import (
    Firm,
    Way,
    close,
    lasting,
    make_offers,
    open_way,
    sealed_way,
)
from idp.delegation.lifecycle import Move, State
from idp.delegation.limits import told_limit, tried_limit
from idp.delegation.moving import KIND, By, Moved, Row, move, open_offer, read_bundle
from idp.delegation.offers import Asked, Facts, are_facts_of, read_facts
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Notice
from idp.organisations.actions import find
from idp.outbox.actions import Undeliverable, put
from idp.register.actions import find_by_number
from idp.register.rules import PersonFacts, Status
from idp.storage import Database, Transaction
from idp.throttle.actions import reserve_within

ASKED = "mandate-asked"  # a kind of message
WORTH = timedelta(days=3)

_I, _M = MandateInvitationRecord.__table__.c, MandateRecord.__table__.c
INSERT = insert(MandateInvitationRecord)
_OFFER = select(_I.ref, _I.label_sealed, _I.contact_sealed).where(_I.ref == bindparam("offer"))
# Not the version: whoever takes it back in the same moment would otherwise be told of it.
_MEANT = (
    update(MandateRecord)
    .where(_M.ref == bindparam("mandate"), _M.state == State.OFFERED, _M.principal.is_(None))
    .values(principal=bindparam("person"))
)


class Later(StrEnum):
    """What the worker does about an offer by facts, once the request is over."""

    OFFERED = "offered"
    AGAIN = "again"
    TAKEN_BACK = "taken-back"


def ask_by_facts(
    tx: Transaction,
    keyring: Keyring,
    firm: Firm,
    asked: Asked,
    facts: Facts,
    *,
    exclusive: frozenset[str],
) -> str:
    """Offer to the person who has these facts, if there is one; answers the offer either way.

    The caller has counted the try.
    """
    ref = random_ref()
    lasts = lasting(asked.term, tx.now())
    tx.execute(INSERT.values(row_of(keyring, ref, firm, way_of(facts), "facts", tx, lasts)))
    ask(tx, firm, asked, ref, exclusive=exclusive)
    return ref


def remind(tx: Transaction, ref: str) -> None:
    """Have whoever an offer by facts reached, if anybody, reminded of it by the worker."""
    _later(tx, ref, Later.AGAIN)


def take_back(tx: Transaction, ref: str, by: By) -> None:
    """Take back what is still open of an offer by facts. The caller has checked that it is `by`'s
    own. A principal's own journal says so when the worker has been there."""
    moved = [
        move(tx, one.ref, Move.CANCEL, by, row=one, blind=True) for one in read_bundle(tx, ref)
    ]
    close(tx, ref)
    if any(isinstance(one, Moved) for one in moved):
        _later(tx, ref, Later.TAKEN_BACK, by=by.actor or by.who)


def tell_asked(database: Database, keyring: Keyring, payload: Mapping[str, Any]) -> None:
    """Find whom an offer by facts means and tell them, of the offer or of what became of it; or
    that wrong details were given with their number. The outbox's handler.

    Raises `Undeliverable` for a message that nobody can read.
    """
    try:
        told = {name: payload[name] for name in ("offer", "what", "by", "once", "looked_up")}
        act = {Later.OFFERED: _offered, Later.AGAIN: _again, Later.TAKEN_BACK: _taken_back}[
            Later(told["what"])
        ]
    except (KeyError, ValueError):
        raise Undeliverable("unreadable")

    def work(tx: Transaction) -> None:
        # A worker may die after this commit and before its message counts as done.
        if reserve_within(tx, keyring, [told_limit(told["once"])]) is None:
            act(tx, keyring, told)

    database.transaction(work)


def _offered(tx: Transaction, keyring: Keyring, told: Mapping[str, Any]) -> None:
    row = tx.execute(_OFFER, {"offer": told["offer"]}).mappings().one()
    facts = facts_of(open_way(keyring, row))
    found = find_by_number(tx, keyring, facts.number)
    if found is None:
        return
    lives = found.died_on is None and found.status is Status.ACTIVE
    if not (lives and told["looked_up"] and are_facts_of(facts, **_compared(found))):
        if reserve_within(tx, keyring, [tried_limit(found.ref)]) is None:
            telling.tell_principal(tx, keyring, found.ref, Notice.HELPER_FACTS_TRIED)
            record(tx, Entry(kind="mandate-facts-tried", person=found.ref))
        return
    mine = [one for one in read_bundle(tx, told["offer"]) if _is_meant(tx, one, found.ref)]
    _tell(tx, keyring, found.ref, Notice.HELPER_OFFERED, mine)
    for one in mine:
        detail = {"service": one.service, "powers": list(one.powers)}
        record(tx, Entry(kind="mandate-offered", person=found.ref, actor=told["by"] or one.delegate,
                         mandate_ref=one.ref, detail=detail))  # fmt: skip


def _is_meant(tx: Transaction, row: Row, person: str) -> bool:
    """Write down whose an open offer is; False: it was taken back, or this firm's first offer to
    them is still open, and the person has that one (I6)."""
    if row.reads_as is not State.OFFERED or row.delegate is None:
        return False
    first = open_offer(tx, principal=person, delegate=row.delegate, service=row.service)
    if first is not None:
        return False
    # Where another worker does the same for another offer, one of the two is tried again later.
    return tx.execute(_MEANT, {"mandate": row.ref, "person": person}).rowcount == 1


def _again(tx: Transaction, keyring: Keyring, told: Mapping[str, Any]) -> None:
    mine = [one for one in read_bundle(tx, told["offer"])
            if one.principal is not None and one.reads_as is State.OFFERED]  # fmt: skip
    for person in {one.principal for one in mine if one.principal is not None}:
        _tell(tx, keyring, person, Notice.OFFER_WAITS, mine)


def _taken_back(tx: Transaction, keyring: Keyring, told: Mapping[str, Any]) -> None:
    for one in read_bundle(tx, told["offer"]):
        if one.principal is not None and one.reads_as is State.CANCELLED:
            detail = {"service": one.service, "powers": list(one.powers)}
            record(tx, Entry(kind=KIND[Move.CANCEL], person=one.principal, actor=told["by"],
                             mandate_ref=one.ref, detail=detail))  # fmt: skip


def _tell(
    tx: Transaction, keyring: Keyring, person: str, notice: Notice, offers: Sequence[Row]
) -> None:
    ends = [one.standing.offer_expires for one in offers if one.standing.offer_expires]
    firm = find(tx, offers[0].delegate or "") if ends else None
    if firm is not None and firm.in_order:  # nobody can answer one that cannot act
        telling.tell_principal(tx, keyring, person, notice, when=min(ends).isoformat())


def ask(
    tx: Transaction, firm: Firm, asked: Asked, ref: str, *, exclusive: frozenset[str],
    looked_up: bool = True,
) -> None:  # fmt: skip
    """Write the offers of an invitation by facts. `looked_up` False: too many tries at this
    number, so nobody is meant."""
    until = tx.now() + lasting(asked.term, tx.now())
    make_offers(tx, firm, asked, bundle=ref, exclusive=exclusive, until=until)
    _later(tx, ref, Later.OFFERED, by=firm.party, looked_up=looked_up)


def facts_of(way: Way) -> Facts:
    """The facts that an offer was made by. Raises `Undeliverable` where nobody can read them."""
    kept = way.facts or {}
    facts = read_facts(way.given_name, way.family_name, kept.get("number", ""),
                       kept.get("birth_date", ""), kept.get("postcode", ""))  # fmt: skip
    if isinstance(facts, str):
        raise Undeliverable("unreadable")
    return facts


def _later(
    tx: Transaction, ref: str, what: Later, *, by: str = "", looked_up: bool = True
) -> None:  # fmt: skip
    told = {"offer": ref, "what": what, "by": by, "once": random_ref(), "looked_up": looked_up}
    put(tx, ASKED, told, expires_in=WORTH)


def row_of(
    keyring: Keyring,
    ref: str,
    firm: Firm,
    way: Way,
    channel: str,
    tx: Transaction,
    lasts: timedelta,
) -> dict[str, Any]:
    """The row of an invitation, by facts or of a list, before anybody is asked."""
    return {
        "ref": ref, "channel": channel, "organisation_ref": firm.organisation,
        "invited_by": firm.member, "token_digest": None, "created_at": tx.now(),
        "expires_at": tx.now() + lasts, "attempts": 0, "waiting": False, "batch": None,
        **sealed_way(keyring, ref, way),
    }  # fmt: skip


def way_of(facts: Facts) -> Way:
    """How an offer keeps the facts it was made by."""
    kept = {
        "number": facts.number.canonical,
        "birth_date": facts.birth_date.isoformat() if facts.birth_date else "",
        "postcode": facts.postcode,
    }
    return Way(given_name=facts.given_name, family_name=facts.family_name, facts=kept)


def _compared(person: PersonFacts) -> dict[str, Any]:
    return {
        "given": person.given_name, "family": person.family_name,
        "birth_date": person.birth_date, "postcode": str(person.address.get("postal_code") or ""),
    }  # fmt: skip
