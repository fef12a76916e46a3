"""Ask somebody by what is known of them, and lists of people, blind: whoever asks learns nothing.

No request looks anybody up: asking, reminding and taking back write the same rows for a right
fact, a wrong one and a number that nobody has, and an offer that reached nobody lapses unanswered
like any other. Whom it means is found by the worker, which tells the person of the offer, or that
wrong details were given, and keeps their own journal.
Source: `delegation.md` I14 and section 5, point 10.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from idp.delegation import telling
from idp.delegation.inviting import (
    Firm,
    Way,
    close,
    firm_of,
    invite,
    lasting,
    make_offers,
    open_way,
    sealed_way,
)
from idp.delegation.lifecycle import OFFER_LASTS, Move, State
from idp.delegation.limits import address_limit, person_limit, told_limit, tried_limit
from idp.delegation.moving import KIND, By, Moved, Row, move, open_offer, read_bundle
from idp.delegation.offers import Asked, Facts, Line, Term, are_facts_of, read_facts
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Notice
from idp.organisations.actions import find
from idp.outbox.actions import Undeliverable, put
from idp.register.actions import find_by_number
from idp.register.rules import PersonFacts, Status
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle.actions import reserve_within

ASKED, LISTED = "mandate-asked", "mandate-listed"  # kinds of message
CHUNK = 50  # people of a list in one transaction
WORTH = timedelta(days=3)
STILL = timedelta(hours=1)
UNWRITTEN_SHOWN = 200

_I, _M = MandateInvitationRecord.__table__.c, MandateRecord.__table__.c
_UNSENT = (_I.batch == bindparam("of_batch"), _I.waiting, _I.expires_at > db_now())
_ANY_UNSENT = select(_I.ref).where(*_UNSENT).limit(1)
_CLAIM_SOME = (
    update(MandateInvitationRecord)
    .where(
        _I.ref.in_(
            select(_I.ref)
            .where(*_UNSENT)
            .order_by(_I.ref)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
    )
    .values(waiting=False)
    .returning(_I.ref, _I.channel, _I.label_sealed, _I.contact_sealed)
)
# What of a list was not sent, because too many had asked already: marked by a try that was made
# before it was asked. Only one by e-mail is closed with it.
_REFUSED = and_(_I.waiting.is_(False), _I.token_digest.is_(None), _I.attempts > 0)
_OF_LIST = (_I.batch == bindparam("of_batch"), _I.organisation_ref == bindparam("firm"))
_PROGRESS = select(
    func.count().label("many"),
    func.count().filter(_I.waiting).label("waiting"),
    func.count().filter(_REFUSED, _I.channel == "facts").label("by_facts"),
    func.count().filter(_REFUSED, _I.channel == "email").label("by_email"),
).where(*_OF_LIST)
_UNWRITTEN = (
    select(_I.ref, _I.label_sealed, _I.contact_sealed)
    .where(*_OF_LIST, _REFUSED, _I.channel == "email")
    .order_by(_I.ref)
    .limit(UNWRITTEN_SHOWN)
)
_NOT_SENT = update(MandateInvitationRecord).where(_I.ref == bindparam("offer"))
_NOT_ASKED = _NOT_SENT.values(attempts=1)
_NOT_WRITTEN = _NOT_SENT.values(attempts=1, closed_at=db_now())
_INSERT_LIST = insert(MandateInvitationRecord)
_INSERT_FIRST = upsert(
    lambda insert: (
        insert(MandateInvitationRecord)
        .on_conflict_do_nothing(index_elements=["ref"])
        .returning(_I.ref)
    )
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a list is: `waiting` of `many` are still to be asked.

    Not sent, because anybody together had asked too often: `by_facts` people, who are a number
    here and nothing more, and `by_email`, of whom the first are named in `unwritten`. An address
    is counted as it was typed, so its refusal says nothing but that it was written to often. The
    number of a person is counted so too, known or not; but who is asked about often is somebody,
    so it is not said of whom (I14).
    """

    many: int
    waiting: int
    by_facts: int
    by_email: int
    unwritten: tuple[Way, ...]


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
    tx.execute(_INSERT_LIST.values(_row(keyring, ref, firm, _way(facts), "facts", tx, lasts)))
    _ask(tx, firm, asked, ref, exclusive=exclusive)
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
    facts = _facts(open_way(keyring, row))
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


def batch_of(firm: Firm, form: str, text: str) -> str:
    """What names a list of this `text`, sent with this `form`, which was made up as it was shown:
    as long as a reference, and nobody can make it another's."""
    said = "\n".join((firm.organisation, firm.member, form, text))
    return base64.urlsafe_b64encode(sha256(said.encode()).digest()[:16]).rstrip(b"=").decode()


def ask_list(
    tx: Transaction,
    keyring: Keyring,
    firm: Firm,
    asked: Asked,
    lines: Sequence[Line],
    exclusive: frozenset[str],
    *,
    batch: str,
) -> None:
    """Take a list in, to be asked by the worker a few at a time.

    `batch` names the list, and its first person: a form that is sent again, by a second press or
    by a page that is loaded anew, asks nobody twice.
    """
    lasts = lasting(asked.term, tx.now())
    rows = []
    for number, line in enumerate(lines):
        ref, channel = random_ref() if number else batch, _channel(line)
        way = _way(line.facts) if line.facts else Way(
            given_name=line.given_name, family_name=line.family_name, email=line.email
        )  # fmt: skip
        row = _row(keyring, ref, firm, way, channel, tx, lasts)
        rows.append(row | {"batch": batch, "waiting": True})
    if tx.execute(_INSERT_FIRST.on(tx).values(rows[0])).first() is None:
        return
    for row in rows[1:]:
        tx.write(_INSERT_LIST, row)
    put(tx, LISTED, _listed(batch, firm, asked, exclusive), expires_in=OFFER_LASTS)
    detail = {"batch": batch, "many": len(lines), "services": sorted(asked.services),
              "organisation": firm.organisation}  # fmt: skip
    actor = firm.party or firm.account
    record(tx, Entry(kind="mandate-list-taken", actor=actor, detail=detail))


def progress(tx: Transaction, keyring: Keyring, organisation: str, batch: str) -> Progress:
    """Say how far a list of an organisation is; of an unknown list there is nobody."""
    asked = {"of_batch": batch, "firm": organisation}
    row = tx.execute(_PROGRESS, asked).one()
    unwritten = tx.execute(_UNWRITTEN, asked).mappings().all() if row.by_email else ()
    return Progress(
        many=row.many,
        waiting=row.waiting,
        by_facts=row.by_facts,
        by_email=row.by_email,
        unwritten=tuple(open_way(keyring, one) for one in unwritten),
    )


def work_list(database: Database, keyring: Keyring, payload: Mapping[str, Any]) -> None:
    """Ask the next few people of a list, and put the rest in again: codes and notices of others
    go in between. While whoever sent it may ask nobody, it stands still. The outbox's handler;
    each person is claimed once, so a repeat asks nobody twice. Raises `Undeliverable` for a list
    that nobody can read."""
    try:
        until = payload["until"]
        days = payload["days"]
        ends = None if until is None else datetime.fromisoformat(until)
        term = Term(days=days, until=ends, once=payload.get("once", False))
        services = {name: tuple(powers) for name, powers in payload["services"].items()}
        firm = Firm(**{**payload["firm"], "roles": tuple(payload["firm"]["roles"])})
    except (KeyError, TypeError, ValueError):
        raise Undeliverable("unreadable")
    asked, exclusive = Asked(services=services, term=term), frozenset(payload["exclusive"])

    def work(tx: Transaction) -> None:
        if firm_of(tx, firm.account, firm.organisation) is None:  # suspended, closed, or has left
            if tx.execute(_ANY_UNSENT, {"of_batch": payload["batch"]}).first() is not None:
                put(tx, LISTED, payload, expires_in=OFFER_LASTS, after=STILL)
            return
        rows = tx.execute(_CLAIM_SOME, {"of_batch": payload["batch"]}).mappings().all()
        for row in rows:
            _ask_one(tx, keyring, firm, asked, row, exclusive)
        if rows:
            put(tx, LISTED, payload, expires_in=OFFER_LASTS)

    database.transaction(work)


def _ask_one(
    tx: Transaction,
    keyring: Keyring,
    firm: Firm,
    asked: Asked,
    row: Mapping[str, Any],
    exclusive: frozenset[str],
) -> None:
    way = open_way(keyring, row)
    if way.facts is None:
        if way.email and reserve_within(tx, keyring, [address_limit(way.email)]) is not None:
            tx.execute(_NOT_WRITTEN, {"offer": row["ref"]})
            return
        invite(tx, keyring, firm, asked, way, channel=row["channel"], exclusive=exclusive,
               ref=row["ref"])  # fmt: skip
        return
    index = keyring.index("number_index", _facts(way).number.key)
    counted = reserve_within(tx, keyring, [person_limit(index)]) is None
    _ask(tx, firm, asked, row["ref"], exclusive=exclusive, looked_up=counted)
    if not counted:
        tx.execute(_NOT_ASKED, {"offer": row["ref"]})


def _ask(
    tx: Transaction, firm: Firm, asked: Asked, ref: str, *, exclusive: frozenset[str],
    looked_up: bool = True,
) -> None:  # fmt: skip
    """Write the offers of an invitation by facts. `looked_up` False: too many tries at this
    number, so nobody is meant."""
    until = tx.now() + lasting(asked.term, tx.now())
    make_offers(tx, firm, asked, bundle=ref, exclusive=exclusive, until=until)
    _later(tx, ref, Later.OFFERED, by=firm.party, looked_up=looked_up)


def _facts(way: Way) -> Facts:
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


def _row(
    keyring: Keyring,
    ref: str,
    firm: Firm,
    way: Way,
    channel: str,
    tx: Transaction,
    lasts: timedelta,
) -> dict[str, Any]:
    return {
        "ref": ref, "channel": channel, "organisation_ref": firm.organisation,
        "invited_by": firm.member, "token_digest": None, "created_at": tx.now(),
        "expires_at": tx.now() + lasts, "attempts": 0, "waiting": False, "batch": None,
        **sealed_way(keyring, ref, way),
    }  # fmt: skip


def _way(facts: Facts) -> Way:
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


def _channel(line: Line) -> str:
    return "facts" if line.facts else "email" if line.email else "paper"


def _listed(batch: str, firm: Firm, asked: Asked, exclusive: frozenset[str]) -> dict[str, Any]:
    return {
        "batch": batch,
        "firm": asdict(firm),
        "services": {name: list(powers) for name, powers in asked.services.items()},
        "days": asked.term.days,
        "once": asked.term.once,
        "until": asked.term.until.isoformat() if asked.term.until else None,
        "exclusive": sorted(exclusive),
    }
