"""Ask somebody by what is known of them, and lists of people, blind: whoever asks learns nothing.

A right fact, a wrong one and a number that nobody has cost the same statements and get the same
answer; an offer that reached nobody lapses unanswered like any other. What differs happens later,
in the worker: the person is told of the offer, or that wrong details were given.
Source: `delegation.md` I14 and section 5, point 10.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from idp.delegation import telling
from idp.delegation.inviting import Firm, Way, invite, lasting, make_offers, open_way, sealed_way
from idp.delegation.lifecycle import OFFER_LASTS, State
from idp.delegation.limits import address_limit, person_limit, told_limit, tried_limit
from idp.delegation.moving import open_offer, read_bundle
from idp.delegation.offers import Asked, Facts, Line, Term, are_facts_of, read_facts
from idp.delegation.records import MandateInvitationRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Notice
from idp.outbox.actions import Undeliverable, put
from idp.register.actions import facts_for_claim
from idp.register.rules import PersonFacts, Status
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle.actions import reserve_within

ASKED, LISTED = "mandate-asked", "mandate-listed"  # kinds of message
CHUNK = 50  # people of a list in one transaction
WORTH = timedelta(days=3)
UNWRITTEN_SHOWN = 200
PURPOSE = "mandate asked"
NOBODY = "-" * 22  # as long as a reference: what is sealed is of one length

_I = MandateInvitationRecord.__table__.c
_CLAIM_SOME = (
    update(MandateInvitationRecord)
    .where(
        _I.ref.in_(
            select(_I.ref)
            .where(_I.batch == bindparam("of_batch"), _I.waiting)
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
    ref: str | None = None,
    looked_up: bool = True,
) -> str:
    """Offer to the person who has these facts, if there is one; answers the offer either way.

    The caller has counted the try. A second offer while the first is open reaches nobody: the
    person has the first. `looked_up` False: too many tries at this number, so nobody is meant.
    """
    found = facts_for_claim(tx, keyring, facts.number)
    fits = are_facts_of(facts, **_compared(found.compared)) & looked_up
    known = found.person is not None
    lives = found.compared.died_on is None and found.compared.status is Status.ACTIVE
    fits = fits & known & lives
    principals: dict[str, str | None] = {}
    for service in sorted(asked.services):
        taken = open_offer(
            tx, principal=found.compared.ref, delegate=firm.organisation, service=service
        )
        principals[service] = found.compared.ref if fits and taken is None else None
    lasts = lasting(asked.term, tx.now())
    if ref is None:
        ref = random_ref()
        row = _row(keyring, ref, firm, _way(facts), "facts", tx, lasts)
        tx.execute(_INSERT_LIST.values(row))
    make_offers(tx, firm, asked, bundle=ref, principals=principals, exclusive=exclusive,
                until=tx.now() + lasts)  # fmt: skip
    told = found.person.ref if found.person is not None else NOBODY
    _later(tx, keyring, ref, told, fits=fits, by=firm.party)
    return ref


def remind(tx: Transaction, keyring: Keyring, ref: str) -> None:
    """Have whoever an offer by facts reached, if anybody, reminded of it by the worker."""
    people = [one.principal for one in read_bundle(tx, ref) if one.principal is not None]
    _later(tx, keyring, ref, people[0] if people else NOBODY, fits=bool(people), again=True)


def tell_asked(database: Database, keyring: Keyring, payload: Mapping[str, Any]) -> None:
    """Tell the person who was asked by facts, or whose number was tried. The outbox's handler."""
    told = json.loads(keyring.sealer.open(str(payload["sealed"]), purpose=PURPOSE))
    if told["person"] == NOBODY:
        return
    database.transaction(lambda tx: _told(tx, keyring, told))


def _told(tx: Transaction, keyring: Keyring, told: Mapping[str, Any]) -> None:
    person = told["person"]
    # A worker may die after this commit and before its message counts as done.
    if "once" in told and reserve_within(tx, keyring, [told_limit(told["once"])]) is not None:
        return
    if not told["fits"]:
        if reserve_within(tx, keyring, [tried_limit(person)]) is None:
            telling.tell_principal(tx, keyring, person, Notice.HELPER_FACTS_TRIED)
            record(tx, Entry(kind="mandate-facts-tried", person=person))
        return
    mine = [one for one in read_bundle(tx, told["offer"])
            if one.principal == person and one.reads_as is State.OFFERED]  # fmt: skip
    ends = [one.standing.offer_expires for one in mine if one.standing.offer_expires]
    if not ends:
        return
    notice = Notice.OFFER_WAITS if told["again"] else Notice.HELPER_OFFERED
    telling.tell_principal(tx, keyring, person, notice, when=min(ends).isoformat())
    for one in () if told["again"] else mine:
        detail = {"service": one.service, "powers": list(one.powers)}
        actor = told.get("by") or one.delegate
        record(tx, Entry(kind="mandate-offered", person=person, actor=actor,
                         mandate_ref=one.ref, detail=detail))  # fmt: skip


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
    for number, line in enumerate(lines):
        ref, channel = random_ref() if number else batch, _channel(line)
        way = _way(line.facts) if line.facts else Way(
            given_name=line.given_name, family_name=line.family_name, email=line.email
        )  # fmt: skip
        row = _row(keyring, ref, firm, way, channel, tx, lasts) | {"batch": batch, "waiting": True}
        if number:
            tx.execute(_INSERT_LIST.values(row))
        elif tx.execute(_INSERT_FIRST.on(tx).values(row)).first() is None:
            return
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
    go in between. The outbox's handler; each person is claimed once, so a repeat asks nobody
    twice. Raises `Undeliverable` for a list that nobody can read."""
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
    facts = read_facts(way.given_name, way.family_name, way.facts["number"],
                       way.facts["birth_date"], way.facts["postcode"])  # fmt: skip
    if isinstance(facts, str):
        raise Undeliverable("unreadable")
    index = keyring.index("number_index", facts.number.key)
    counted = reserve_within(tx, keyring, [person_limit(index)]) is None
    ask_by_facts(tx, keyring, firm, asked, facts, exclusive=exclusive, ref=row["ref"],
                 looked_up=counted)  # fmt: skip
    if not counted:
        tx.execute(_NOT_ASKED, {"offer": row["ref"]})


def _later(
    tx: Transaction, keyring: Keyring, ref: str, person: str, *, fits: bool, again: bool = False,
    by: str = "",
) -> None:  # fmt: skip
    told = json.dumps(
        {"offer": ref, "person": person, "fits": int(fits), "again": int(again), "by": by,
         "once": random_ref()}
    )  # fmt: skip
    put(tx, ASKED, {"sealed": keyring.sealer.seal(told, purpose=PURPOSE)}, expires_in=WORTH)


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
