"""Watch how fast each actor opens people, and stop a sign-in that is fanned over all of them.

Each start of acting counts the principal once an hour, whether a person starts it or software:
what one program opens in one member's name is a pace of its own, and its freeze is the member's.
The answers, mildest first: wait a minute between two people; show your own key again; stopped,
until an officer lifts it. Whoever is stopped holds nothing more on any token path
(`authority.Bar.FROZEN`); they, their organisation's administrators and the people they opened in
that hour are told.
Source: risk-model.md T7, `delegation.md`, abuse.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, distinct, func, select, update

from idp.accounts.records import AccountRecord
from idp.assurance.reach import BulkAnswer
from idp.assurance.risk_rules import RiskRules
from idp.callers.acting import ActingMandate
from idp.callers.authority import Bar
from idp.delegation.explaining import Pace as Reason
from idp.delegation.pace import DAY, HOUR, Pace, carried, first, hour_of, last_hour, one_more
from idp.delegation.records import BulkWatchRecord, OpenedRecord
from idp.delegation.telling import HELPING, tell_principal
from idp.journal.actions import Entry, new_reference, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.organisations.members import admin_addresses
from idp.organisations.records import OrganisationRecord
from idp.register.records import PersonRecord
from idp.storage import Transaction
from idp.storage.dialects import upsert

ADMINS_TOLD = 20
KEPT = timedelta(days=2)  # longer than any question about what was opened looks back
SHOWN = 100

_W, _O = BulkWatchRecord.__table__.c, OpenedRecord.__table__.c
_READ = select(BulkWatchRecord.__table__).where(_W.actor == bindparam("account"))


def _lock(made: Any) -> Any:
    # Writes nothing where there is a row, and holds it until the commit: of two starts at once
    # each is counted.
    made = made(BulkWatchRecord)
    return made.on_conflict_do_update(
        index_elements=["actor"], set_={"actor": made.excluded.actor}
    ).returning(BulkWatchRecord.__table__)


_LOCK = upsert(_lock)
_WRITE = (
    update(BulkWatchRecord)
    .where(_W.actor == bindparam("account"))
    .values(
        z=bindparam("new_z"), opened=bindparam("new_opened"), usual=bindparam("new_usual"),
        interval_at=bindparam("hour"), answer=bindparam("new_answer"),
        opened_at=bindparam("at"), challenged_at=bindparam("challenged"),
        frozen_at=bindparam("frozen"), reference=bindparam("new_reference"),
    )
)  # fmt: skip
_OPEN = upsert(
    lambda made: (
        made(OpenedRecord)
        .values(actor=bindparam("account"), hour=bindparam("hour"), principal=bindparam("who"))
        .on_conflict_do_nothing()
    )
)
_OLDEST = select(func.min(_O.hour)).where(_O.hour < bindparam("before"))
_FORGET = delete(OpenedRecord).where(_O.hour == _OLDEST.scalar_subquery())
_LATELY = select(
    func.count(distinct(_O.principal)).label("people"),
    func.max(_O.hour).filter(_O.principal == bindparam("who")).label("seen"),
    func.count().filter(_O.hour == bindparam("hour")).label("now"),
    func.count().filter(_O.hour == bindparam("hour_before")).label("before"),
).where(_O.actor == bindparam("account"), _O.hour > bindparam("since"))
_IN_HOUR = (
    select(_O.principal)
    .join(PersonRecord, PersonRecord.ref == _O.principal)
    .where(
        _O.actor == bindparam("account"),
        _O.hour == bindparam("hour"),
        _O.principal != bindparam("who"),
    )
)
_NAME = select(OrganisationRecord.name).where(OrganisationRecord.ref == bindparam("firm"))
_FROZEN = (
    select(BulkWatchRecord.__table__, AccountRecord.sign_in_name)
    .join(AccountRecord, AccountRecord.ref == _W.actor)
    .where(_W.frozen_at.is_not(None))
    .order_by(_W.frozen_at)
    .limit(SHOWN)
)
_STOPPED = (
    select(_W.reference, _W.frozen_at, AccountRecord.sign_in_name)
    .join(AccountRecord, AccountRecord.ref == _W.actor)
    .where(_W.actor == bindparam("account"), _W.frozen_at.is_not(None))
)
_ADDRESS = select(AccountRecord.sign_in_name, AccountRecord.email).where(
    AccountRecord.ref == bindparam("account")
)
_STOP = (
    update(BulkWatchRecord)
    .where(_W.actor == bindparam("account"))
    .values(frozen_at=bindparam("at"), reference=bindparam("new_reference"))
)
_UNFREEZE = (
    update(BulkWatchRecord)
    .where(_W.reference == bindparam("by_reference"), _W.frozen_at.is_not(None))
    .values(
        frozen_at=None, z=0.0, opened=0, answer=BulkAnswer.CHALLENGE, challenged_at=bindparam("at")
    )
    .returning(_W.actor)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the watch says to somebody about to open one more principal.

    `stop`: not now, and why; `wait`: how long, where waiting helps. `since`: their own key must
    have been shown after that moment. `again`: they were opened in this hour already.
    """

    stop: Reason | Bar | None = None
    wait: timedelta | None = None
    since: datetime | None = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """An actor who was stopped, as officers see it."""

    reference: str
    sign_in_name: str
    frozen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How people are opened: by whose hand, how many an hour at first, and how many at most.

    `watched` names the row of the pace: the account's own, or one of a program in its name.
    """

    watched: str
    usual: float
    most: int


def by_hand(rules: RiskRules, account_ref: str, mandate: ActingMandate) -> Way:
    """A person at a service's own pages."""
    member = mandate.organisation is not None
    usual = rules.bulk_usual_member if member else rules.bulk_usual_person
    return Way(watched=account_ref, usual=usual, most=rules.bulk_hour_at_most)


def by_software(rules: RiskRules, account_ref: str, client_id: str, *, machine: bool) -> Way:
    """Software that a member runs, or that runs by itself and a member answers for."""
    kind = "machine" if machine else "software"
    return Way(
        watched=f"{account_ref} {kind} {client_id}",
        usual=rules.bulk_usual_machine if machine else rules.bulk_usual_software,
        most=rules.bulk_hour_at_most_machine if machine else rules.bulk_hour_at_most,
    )


def look(tx: Transaction, rules: RiskRules, *, account_ref: str, mandate: ActingMandate) -> Watched:
    """Say what stands in the way of opening this mandate's principal now. Writes nothing."""
    row = tx.execute(_READ, {"account": account_ref}).mappings().first()
    if row is None:
        return Watched()
    most = by_hand(rules, account_ref, mandate).most
    return _judge(tx, rules, row, account_ref, mandate, most)


def opened(
    tx: Transaction,
    keyring: Keyring,
    rules: RiskRules,
    *,
    account_ref: str,
    actor: str,
    mandate: ActingMandate,
    key_shown: datetime | None,
    way: Way,
) -> Reason | Bar | None:
    """Count a start of acting; answer what stops it, or None.

    In the transaction of the grant. `actor` is the party the journal names, `key_shown` when a
    key that reaches C3 was last shown in this sign-in. Somebody who was opened in this hour
    already is not counted again.
    """
    now = mandate.facts.now
    begun = first(way.usual, now=now, rules=rules)
    values = {"actor": way.watched, **_stored(begun), "answer": BulkAnswer.NOTHING}
    row = tx.execute(_LOCK.on(tx), values).mappings().one()
    found = _judge(tx, rules, row, account_ref, mandate, way.most)
    if found.stop is not None or found.again:
        return found.stop
    if found.since is not None and (key_shown is None or key_shown <= found.since):
        return Bar.LEVEL
    hour = hour_of(now)
    who = {"account": account_ref, "hour": hour, "who": mandate.principal}
    tx.write(_OPEN.on(tx), who)
    counted = one_more(carried(_pace(row), now, rules), rules)
    answer = counted.answer(rules)
    frozen = answer is BulkAnswer.FREEZE
    reference = new_reference() if frozen else row["reference"]
    challenged = row["challenged_at"]
    if answer is BulkAnswer.CHALLENGE and row["answer"] != BulkAnswer.CHALLENGE:
        challenged = now
    own = way.watched == account_ref
    values = {
        "account": way.watched, "new_z": counted.z, "new_opened": counted.opened,
        "new_usual": counted.usual, "hour": counted.interval_at, "new_answer": answer,
        "at": now, "challenged": challenged, "frozen": now if frozen and own else None,
        "new_reference": reference,
    }  # fmt: skip
    if frozen and not own:
        # The member is stopped; once lifted, their program begins where they do: with the key.
        values |= {"new_z": 0.0, "new_opened": 0, "new_answer": BulkAnswer.CHALLENGE,
                   "challenged": now, "new_reference": None}  # fmt: skip
        _stop_member(tx, rules, account_ref, mandate, reference, now)
    tx.write(_WRITE, values)
    if frozen:
        _freeze(tx, keyring, actor, mandate, reference, who)
        return Bar.FROZEN
    return None


def _stop_member(
    tx: Transaction,
    rules: RiskRules,
    account_ref: str,
    mandate: ActingMandate,
    reference: str,
    now: datetime,
) -> None:
    begun = first(by_hand(rules, account_ref, mandate).usual, now=now, rules=rules)
    values = {"actor": account_ref, **_stored(begun), "answer": BulkAnswer.NOTHING}
    tx.execute(_LOCK.on(tx), values)
    tx.execute(_STOP, {"account": account_ref, "at": now, "new_reference": reference})


def stopped(tx: Transaction) -> list[Stopped]:
    """List who is stopped, the longest first."""
    return [
        Stopped(reference=row.reference, sign_in_name=row.sign_in_name, frozen_at=row.frozen_at)
        for row in tx.execute(_FROZEN)
    ]


def stopped_of(tx: Transaction, account: str) -> Stopped | None:
    """Say whether this account is stopped, and under which reference."""
    row = tx.execute(_STOPPED, {"account": account}).first()
    return None if row is None else Stopped(
        reference=row.reference, sign_in_name=row.sign_in_name, frozen_at=row.frozen_at
    )  # fmt: skip


def lift(tx: Transaction, keyring: Keyring, reference: str, *, by: str, reason: str) -> bool:
    """Let somebody go on who was stopped, and tell them; their own key is asked for before the
    next person.

    False: nobody is stopped under this reference, or no longer.
    """
    values = {"by_reference": reference, "at": tx.now()}
    actor = tx.execute(_UNFREEZE, values).scalar_one_or_none()
    if actor is None:
        return False
    detail = {"by": by, "reason": reason, "stopped": reference}
    record(tx, Entry(kind="actor-lifted", person=actor, detail=detail))
    _tell_actor(tx, keyring, actor, Notice.ACTOR_LIFTED)
    return True


def forget_opened(tx: Transaction) -> int:
    """Clear away what was opened so long ago that nobody asks, one hour's rows at a time."""
    count: int = tx.execute(_FORGET, {"before": tx.now() - KEPT}).rowcount
    return count


def tell_admins(
    tx: Transaction, keyring: Keyring, organisation: str, notice: Notice, **values: str
) -> None:
    """Tell those who administer an organisation, with its name."""
    name = tx.execute(_NAME, {"firm": organisation}).scalar_one()
    told = {"organisation": name, **values}
    for email in admin_addresses(tx, organisation)[:ADMINS_TOLD]:
        send(tx, keyring, Contact("email", email), notice, told)


def _tell_actor(
    tx: Transaction, keyring: Keyring, account: str, notice: Notice, **values: str
) -> None:
    row = tx.execute(_ADDRESS, {"account": account}).one()
    told = {"account": row.sign_in_name, "link": HELPING, **values}
    send(tx, keyring, Contact("email", row.email), notice, told)


def _judge(
    tx: Transaction,
    rules: RiskRules,
    row: Any,
    account_ref: str,
    mandate: ActingMandate,
    most: int,
) -> Watched:
    if row["frozen_at"] is not None:
        return Watched(stop=Bar.FROZEN)
    now = mandate.facts.now
    hour = hour_of(now)
    asked = {"account": account_ref, "who": mandate.principal, "since": hour - DAY,
             "hour": hour, "hour_before": hour - HOUR}  # fmt: skip
    lately = tx.execute(_LATELY, asked).one()
    if lately.seen == hour:
        return Watched(again=True)
    if last_hour(lately.before, lately.now, now) >= most or _over_limit(mandate, lately):
        return Watched(stop=Reason.CEILING)
    answer = carried(_pace(row), now, rules).answer(rules)
    lifted = row["answer"] == BulkAnswer.CHALLENGE and row["opened"] == 0
    since = row["challenged_at"] if lifted or answer is not BulkAnswer.NOTHING else None
    wait = timedelta(seconds=rules.bulk_wait_seconds)
    left = wait - (now - row["opened_at"]) if row["opened_at"] else timedelta(0)
    if answer is not BulkAnswer.NOTHING and left > timedelta(0):
        return Watched(stop=Reason.SLOW_DOWN, wait=left, since=since)
    return Watched(since=since)


def _over_limit(mandate: ActingMandate, lately: Any) -> bool:
    """An organisation that is open to everyone, up to a limit, is that only while the limit
    holds: so many people a day and member."""
    limit = mandate.people_limit
    return limit is not None and lately.seen is None and lately.people >= limit


def _freeze(
    tx: Transaction,
    keyring: Keyring,
    actor: str,
    mandate: ActingMandate,
    reference: str,
    who: Mapping[str, Any],
) -> None:
    people: Sequence[str] = tx.execute(_IN_HOUR, who).scalars().all()
    detail = {"opened": len(people), "organisation": mandate.organisation}
    record(tx, Entry(kind="actor-frozen", person=actor, detail=detail), reference=reference)
    for person in people:
        tell_principal(tx, keyring, person, Notice.HELPER_STOPPED)
    _tell_actor(tx, keyring, who["account"], Notice.ACTOR_STOPPED, reference=reference)
    if mandate.organisation is not None:
        tell_admins(tx, keyring, mandate.organisation, Notice.MEMBER_STOPPED, reference=reference)


def _pace(row: Any) -> Pace:
    return Pace(z=row["z"], opened=row["opened"], usual=row["usual"],
                interval_at=row["interval_at"],
                at=row["opened_at"] or row["interval_at"])  # fmt: skip


def _stored(pace: Pace) -> dict[str, Any]:
    return {"z": pace.z, "opened": pace.opened, "usual": pace.usual,
            "interval_at": pace.interval_at}  # fmt: skip
