"""An organisation asks many people by a list: taken in at once, asked by the worker a few at a
time. Whoever sent it learns how far it is, and of nobody whom we know (`delegation.md` I14).
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, bindparam, func, select, update

from idp.delegation.inviting import Firm, Way, firm_of, invite, lasting, open_way
from idp.delegation.known import INSERT, ask, facts_of, row_of, way_of
from idp.delegation.lifecycle import OFFER_LASTS
from idp.delegation.limits import address_limit, person_limit
from idp.delegation.offers import Asked, Line, Term
from idp.delegation.records import MandateInvitationRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.outbox.actions import Undeliverable, put
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle.actions import reserve_within

LISTED = "mandate-listed"  # a kind of message
CHUNK = 50  # people of a list in one transaction
STILL = timedelta(hours=1)
UNWRITTEN_SHOWN = 200

_I = MandateInvitationRecord.__table__.c
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
_INSERT_FIRST = upsert(
    lambda insert: (
        insert(MandateInvitationRecord)
        .on_conflict_do_nothing(index_elements=["ref"])
        .returning(_I.ref)
    )
)


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
        way = way_of(line.facts) if line.facts else Way(
            given_name=line.given_name, family_name=line.family_name, email=line.email
        )  # fmt: skip
        row = row_of(keyring, ref, firm, way, channel, tx, lasts)
        rows.append(row | {"batch": batch, "waiting": True})
    if tx.execute(_INSERT_FIRST.on(tx).values(rows[0])).first() is None:
        return
    for row in rows[1:]:
        tx.write(INSERT, row)
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
    index = keyring.index("number_index", facts_of(way).number.key)
    counted = reserve_within(tx, keyring, [person_limit(index)]) is None
    ask(tx, firm, asked, row["ref"], exclusive=exclusive, looked_up=counted)
    if not counted:
        tx.execute(_NOT_ASKED, {"offer": row["ref"]})


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
