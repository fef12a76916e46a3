"""Move a mandate: one conditional statement on (ref, state, version), its journal rows with it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, literal_column, or_, select, update

from idp.delegation.lifecycle import Move, Party, Reason, Standing, State, may_move, reads_as
from idp.delegation.records import MandateRecord
from idp.journal.actions import Entry, new_reference, record
from idp.storage import Transaction, db_now

TABLE = MandateRecord.__table__
M = TABLE.c
KIND = {move: f"mandate-{move}" for move in Move}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A mandate as it is stored: what moves it needs of it."""

    ref: str
    bundle: str
    principal: str | None
    principal_kind: str
    delegate: str | None
    delegate_kind: str
    service: str
    powers: tuple[str, ...]
    exclusive: bool
    basis: str
    version: int
    term_days: int | None
    parent_ref: str | None
    starts: datetime | None
    expires: datetime | None
    standing: Standing
    now: datetime

    @property
    def reads_as(self) -> State:
        """Its state as everybody has to see it now."""
        return reads_as(self.standing, self.now)


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who moves a mandate: in what capacity, which party or officer, and for whom they do it.

    `who` is a person, a member, an officer, or "command" or "system". `actor` is the person that
    the journal names as having acted for another, where one did.
    """

    party: Party
    who: str
    actor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A move that was made; `reference` is that of its journal entry."""

    row: Row
    to: State
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMoved:
    """A move that could not be made: the mandate reads as `seen` now. None: there is none."""

    seen: State | None


_READ = select(
    M.ref, M.bundle, M.principal, M.principal_kind, M.delegate, M.delegate_kind, M.service,
    M.powers, M.exclusive, M.basis, M.version, M.term_days, M.parent_ref, M.starts, M.expires,
    M.state, M.answerer, M.offer_expires, db_now().label("now"),
)  # fmt: skip
_ONE = _READ.where(M.ref == bindparam("mandate"))
_BUNDLE = _READ.where(M.bundle == bindparam("bundle")).order_by(M.service, M.ref)
_CHILDREN = _READ.where(
    M.parent_ref == bindparam("mandate"), M.state.in_([State.ACTIVE, State.SUSPENDED])
)


def read(tx: Transaction, ref: str) -> Row | None:
    """Read a mandate to move it."""
    row = tx.execute(_ONE, {"mandate": ref}).mappings().first()
    return None if row is None else _row(row)


def read_bundle(tx: Transaction, bundle: str) -> list[Row]:
    """Read what was asked for together, by service."""
    return [_row(row) for row in tx.execute(_BUNDLE, {"bundle": bundle}).mappings()]


def move(
    tx: Transaction,
    ref: str,
    what: Move,
    by: By,
    *,
    reason: Reason | None = None,
    values: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
    row: Row | None = None,
    blind: bool = False,
) -> Moved | NotMoved:
    """Make one move, or answer how the mandate reads instead. Of two at once exactly one wins.

    `values` are columns that change with it (parties, term); `detail` goes into the journal.
    An end takes along what was passed on from it (I9). `blind`: the journal names no
    principal, so that it takes as long where there is none (I14); the caller has theirs written
    later. Source: `delegation.md`, States.
    """
    found = row or read(tx, ref)
    if found is None:
        return NotMoved(seen=None)
    to = may_move(found.standing, what, by.party, found.now)
    if to is None:
        return NotMoved(seen=found.reads_as)
    reference = new_reference()
    changes = {"state": to, "version": M.version + 1, **(values or {})}
    if what in {Move.ACCEPT, Move.REFUSE, Move.CANCEL, Move.GIVE}:
        changes |= {"decided_at": db_now(), "decided_by": by.who}
    if to is State.ENDED:
        changes |= {"ended_at": db_now(), "ended_reason": reason or Reason.BY_OPERATOR,
                    "ended_by": by.who, "ended_reference": reference}  # fmt: skip
    if what is Move.SUSPEND:
        changes |= {"suspended_at": db_now()}
    if what is Move.RESUME:
        changes |= {"suspended_at": None, "suspended_reason": None}
    statement = (
        update(MandateRecord)
        .where(M.ref == ref, M.state == found.standing.state, M.version == found.version)
        .values(changes)
        .returning(M.ref)
    )
    if what in {Move.ACCEPT, Move.REFUSE}:
        statement = statement.where(or_(M.offer_expires.is_(None), M.offer_expires > db_now()))
    if tx.execute(statement).scalar_one_or_none() is None:
        again = read(tx, ref)
        return NotMoved(seen=again.reads_as if again else None)
    told_of = replace(found, principal=None) if blind else found
    _journal(tx, told_of, what, by, reference, reason, detail, values or {})
    if to is State.ENDED:
        for child in tx.execute(_CHILDREN, {"mandate": ref}).mappings().all():
            move(tx, child["ref"], Move.END, By(party=Party.SYSTEM, who="system"),
                 reason=Reason.BASIS_LAPSED, detail={"with": reference})  # fmt: skip
    return Moved(row=found, to=to, reference=reference)


def _journal(
    tx: Transaction,
    row: Row,
    what: Move,
    by: By,
    reference: str,
    reason: Reason | None,
    detail: Mapping[str, Any] | None,
    values: Mapping[str, Any],
) -> None:
    """One row for the principal and one for a delegate who is a person, each in their own count,
    and each naming who did it where that was somebody else."""
    principal = values.get("principal", row.principal)
    delegate = values.get("delegate", row.delegate)
    told = {"by": by.party, "who": by.who, "service": row.service, "powers": list(row.powers),
            **({"reason": reason} if reason else {}), **(detail or {})}  # fmt: skip
    # For the principal: whoever did it, if it was not they. What time or the register brought about
    # nobody did.
    did = {Party.PRINCIPAL: principal, Party.DELEGATE: delegate, Party.OFFICER: by.who}
    actor = by.actor or did.get(by.party)
    entry = Entry(kind=KIND[what], person=principal, mandate_ref=row.ref, detail=told,
                  actor=actor if actor != principal else None)  # fmt: skip
    record(tx, entry, reference=reference)
    if row.delegate_kind == "person" and delegate is not None:
        actor = did.get(by.party)
        record(tx, Entry(kind=KIND[what], person=delegate, mandate_ref=row.ref, detail=told,
                         actor=actor if actor != delegate else None))  # fmt: skip


def _row(row: Any) -> Row:
    same = ("ref", "bundle", "principal", "principal_kind", "delegate", "delegate_kind", "service",
            "exclusive", "basis", "version", "term_days", "parent_ref", "starts", "expires",
            "now")  # fmt: skip
    return Row(
        **{name: row[name] for name in same},
        powers=tuple(row["powers"]),
        standing=Standing(
            state=State(row["state"]),
            answerer=Party(row["answerer"]),
            offer_expires=row["offer_expires"],
            expires=row["expires"],
        ),
    )


_HELD_TRIPLE = (
    M.service == bindparam("on_service"),
    M.principal == bindparam("of_principal"),
    M.state.in_([State.ACTIVE, State.SUSPENDED]),
    M.ref != bindparam("but"),
)
_SAME = _READ.where(*_HELD_TRIPLE, M.delegate == bindparam("to_delegate"))
_EXCLUSIVE = _READ.where(*_HELD_TRIPLE, M.exclusive == literal_column("true"))
_OPEN_OFFERS = _READ.where(
    M.service == bindparam("on_service"),
    M.principal == bindparam("of_principal"),
    M.delegate == bindparam("to_delegate"),
    M.state == State.OFFERED,
)


def make_room(
    tx: Transaction, *, principal: str, delegate: str, service: str, exclusive: bool, but: str = ""
) -> None:
    """End what a new mandate takes the place of: the delegate's own for the service, and where it
    is exclusive whoever else holds an exclusive one (I8). `but` is the new one."""
    values = {"on_service": service, "of_principal": principal, "but": but}
    found = {
        row["ref"]: _row(row)
        for row in tx.execute(_SAME, {**values, "to_delegate": delegate}).mappings()
    }
    if exclusive:
        found |= {row["ref"]: _row(row) for row in tx.execute(_EXCLUSIVE, values).mappings()}
    for row in found.values():
        _supersede(tx, row)


def open_offer(tx: Transaction, *, principal: str, delegate: str, service: str) -> Row | None:
    """Answer the open offer between two parties for a service; one that ran out is written down
    as lapsed first, so that it stands in nobody's way (I6)."""
    values = {"on_service": service, "of_principal": principal, "to_delegate": delegate}
    for found in tx.execute(_OPEN_OFFERS, values).mappings().all():
        row = _row(found)
        if row.reads_as is State.OFFERED:
            return row
        move(tx, row.ref, Move.LAPSE, By(party=Party.SYSTEM, who="system"), row=row)
    return None


def _supersede(tx: Transaction, row: Row) -> None:
    over = row.reads_as is State.ENDED
    reason = Reason.EXPIRED if over else Reason.SUPERSEDED
    move(tx, row.ref, Move.END, By(party=Party.SYSTEM, who="system"), reason=reason, row=row)
