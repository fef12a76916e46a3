"""What an officer or an operator does to one mandate: suspend, resume, end; find; its history.

None of it grants anything: to resume is to give back what the principal had given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select

from idp.delegation.actions import HELD_ROWS, HeldMandate, held
from idp.delegation.lifecycle import Move, Party, Reason, State
from idp.delegation.moving import By, Moved, NotMoved, move
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.organisations.records import OrganisationRecord
from idp.storage import Transaction

SHOWN = 50  # of one list
HISTORY_SHOWN = 200
_M = MandateRecord.__table__.c
_NEWEST = (_M.created_at.desc(), _M.ref)
_OF_PRINCIPAL = (
    HELD_ROWS.where(_M.principal == bindparam("party")).order_by(*_NEWEST).limit(SHOWN + 1)
)
# By state first, as the index of a delegate stands: a firm may hold a hundred thousand.
_OF_DELEGATE = (
    HELD_ROWS.where(_M.delegate == bindparam("party"), _M.state.in_(["active", "suspended"]))
    .order_by(_M.state, _M.principal_sort, _M.ref)
    .limit(SHOWN + 1)
)
_FIRM = OrganisationRecord
_NAMED = (
    select(_FIRM.ref)
    .where((_FIRM.ref == bindparam("named")) | (_FIRM.name == bindparam("named")))
    .order_by(_FIRM.ref)
    .limit(2)
)
_HISTORY = (
    select(JournalEntry.at, JournalEntry.kind, JournalEntry.reference, JournalEntry.actor,
           JournalEntry.client_id, JournalEntry.detail)
    .where(
        JournalEntry.mandate_ref == bindparam("mandate"),
        JournalEntry.person == bindparam("principal"),
    )
    .order_by(JournalEntry.id.desc())
    .limit(HISTORY_SHOWN)
)  # fmt: skip


class Why(StrEnum):
    """Why an officer moves a mandate: fixed, so that the journal holds nobody's story."""

    ABUSE = "abuse-suspected"
    PRINCIPAL = "principal-asked"
    DELEGATE = "delegate-asked"
    ERROR = "made-in-error"
    CLEARED = "looked-into-and-cleared"


WHY = {
    Move.SUSPEND: (Why.ABUSE, Why.PRINCIPAL, Why.ERROR),
    Move.RESUME: (Why.CLEARED, Why.PRINCIPAL, Why.ERROR),
    Move.END: (Why.ABUSE, Why.PRINCIPAL, Why.DELEGATE, Why.ERROR),
}


MOVABLE = (State.ACTIVE, State.SUSPENDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """One thing that the journal says of a mandate: moves and uses alike."""

    at: datetime
    kind: str
    reference: str
    actor: str | None
    client_id: str | None
    detail: Mapping[str, Any]


def suspend(
    tx: Transaction, ref: str, why: Why, *, who: str, detail: Mapping[str, Any] | None = None
) -> Moved | NotMoved:
    """Stop a mandate for a while, and with it every token of it. Nothing is destroyed."""
    return _move(tx, ref, Move.SUSPEND, why, who, detail)


def resume(
    tx: Transaction, ref: str, why: Why, *, who: str, detail: Mapping[str, Any] | None = None
) -> Moved | NotMoved:
    """Lift a suspension. A term that ran out meanwhile stays over."""
    return _move(tx, ref, Move.RESUME, why, who, detail)


def end(
    tx: Transaction, ref: str, why: Why, *, who: str, detail: Mapping[str, Any] | None = None
) -> Moved | NotMoved:
    """End a mandate for good, and what was passed on from it."""
    return _move(tx, ref, Move.END, why, who, detail)


BY_MOVE = {Move.SUSPEND: suspend, Move.RESUME: resume, Move.END: end}


def of_principal(tx: Transaction, principal: str) -> list[HeldMandate]:
    """List what a person or business gave, newest first; one more than `SHOWN` says there are
    more."""
    return [held(row) for row in tx.execute(_OF_PRINCIPAL, {"party": principal}).mappings()]


def of_delegate(tx: Transaction, delegate: str) -> list[HeldMandate]:
    """List what an organisation or a person holds, by the principals' names; as above."""
    return [held(row) for row in tx.execute(_OF_DELEGATE, {"party": delegate}).mappings()]


def organisations_named(tx: Transaction, named: str) -> list[str]:
    """The organisation of this reference or whole name; two where the name is not enough."""
    return list(tx.execute(_NAMED, {"named": " ".join(named.split())}).scalars())


def history(tx: Transaction, mandate: HeldMandate) -> Sequence[Happened]:
    """What was done to a mandate and under it, newest first, from the journal itself."""
    rows = tx.execute(_HISTORY, {"mandate": mandate.ref, "principal": mandate.principal})
    return [Happened(**row) for row in rows.mappings()]


def _move(
    tx: Transaction, ref: str, what: Move, why: Why, who: str, detail: Mapping[str, Any] | None
) -> Moved | NotMoved:
    if why not in WHY[what]:
        raise ValueError(f"{why} is no reason to {what.name.lower()}")
    return move(
        tx, ref, what, By(party=Party.OFFICER, who=who),
        reason=Reason.BY_OPERATOR if what is Move.END else None,
        values={"suspended_reason": str(why)} if what is Move.SUSPEND else None,
        detail={"why": str(why), **(detail or {})},
    )  # fmt: skip
