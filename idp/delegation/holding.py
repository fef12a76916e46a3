"""What an officer or an operator does to one mandate: suspend, resume, end; find; its history.

None of it grants anything: to resume is to give back what the principal had given.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select

from idp.delegation.actions import HELD_ROWS, HeldMandate, find, find_bundle, held
from idp.delegation.lifecycle import Move, Party, Reason, State
from idp.delegation.moving import By, Moved, NotMoved, move
from idp.delegation.records import MandateRecord
from idp.delegation.telling import tell_delegate, tell_principal
from idp.delegation.watching import tell_admins
from idp.journal.records import JournalEntry
from idp.keyring.ring import Keyring
from idp.notices.rules import NEEDS, Notice
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


_LAST_HOLD = (
    select(JournalEntry.at, JournalEntry.reference)
    .join(MandateRecord, _M.ref == JournalEntry.mandate_ref)
    .where(
        JournalEntry.mandate_ref == bindparam("mandate"),
        JournalEntry.person == _M.principal,
        JournalEntry.kind == "mandate-suspended",
    )
    .order_by(JournalEntry.id.desc())
    .limit(1)
)
_QUOTED = (
    select(JournalEntry.mandate_ref)
    .where(JournalEntry.reference == bindparam("quoted"), JournalEntry.mandate_ref.is_not(None))
    .limit(1)
)
_GIVEN_AS = (
    select(JournalEntry.reference)
    .join(MandateRecord, MandateRecord.ref == JournalEntry.mandate_ref)
    .where(
        MandateRecord.bundle == bindparam("bundle"),
        JournalEntry.kind == "mandate-given",
        JournalEntry.person == MandateRecord.principal,
    )
    .order_by(MandateRecord.service)
)


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


ORGANISATION = "/helping/organisations/"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Since when a mandate is on hold; `reference` is what both sides can quote."""

    at: datetime
    reference: str


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


_BY_MOVE = {Move.SUSPEND: suspend, Move.RESUME: resume, Move.END: end}
# What each is told: whoever holds the mandate, and whoever gave it.
_TOLD = {
    Move.SUSPEND: (Notice.HELPING_HELD, Notice.HELPER_HELD),
    Move.RESUME: (Notice.HELPING_FREED, Notice.HELPER_FREED),
    Move.END: (Notice.HELPING_REMOVED, Notice.HELPER_REMOVED),
}


def move_and_tell(
    tx: Transaction,
    keyring: Keyring,
    what: Move,
    ref: str,
    why: Why,
    *,
    who: str,
    detail: Mapping[str, Any] | None = None,
) -> Moved | NotMoved:
    """Suspend, resume or end a mandate, and tell both parties, with a reference to argue by.

    A delegate that is an organisation is told through those who administer it. Nobody is told
    `why`: the principal may have asked, and must not be found out by it. In one transaction, so
    nothing is told of what was not done.
    """
    done = _BY_MOVE[what](tx, ref, why, who=who, detail=detail)
    if not isinstance(done, Moved):
        return done
    row, (to_delegate, to_principal) = done.row, _TOLD[what]
    values = {"reference": done.reference} if "reference" in NEEDS[to_delegate] else {}
    if row.delegate_kind == "organisation" and row.delegate:
        place = {"link": ORGANISATION + row.delegate}
        tell_admins(tx, keyring, row.delegate, to_delegate, **place, **values)
    else:
        tell_delegate(tx, keyring, row.delegate, to_delegate, values={"organisation": "", **values})
    if row.principal_kind == "person":
        helpers = [row.delegate] if row.delegate and row.delegate_kind == "person" else []
        tell_principal(tx, keyring, row.principal, to_principal, helpers, reference=done.reference)
    return done


def hold_of(tx: Transaction, mandate: str) -> Hold | None:
    """When a suspended mandate was put on hold, and the reference by which to argue."""
    row = tx.execute(_LAST_HOLD, {"mandate": mandate}).first()
    return None if row is None else Hold(at=row.at, reference=row.reference)


def ref_of(tx: Transaction, typed: str) -> str | None:
    """The mandate of this reference: its own, that of what was given together (old letters have it;
    the first of them), or that of something done to it, in small letters and with spaces too."""
    if find(tx, typed) is not None:
        return typed
    for one in find_bundle(tx, typed):
        return one.ref
    quoted = typed.replace(" ", "").replace("-", "").upper()
    found: str | None = tx.execute(_QUOTED, {"quoted": quoted}).scalars().first()
    return found


def quoted_of(tx: Transaction, bundle: str) -> list[str]:
    """What somebody says on the telephone of what was given together, by service: the journal's
    entry of each, which is short, and the same in small letters. What was never given: its own."""
    return list(tx.execute(_GIVEN_AS, {"bundle": bundle}).scalars()) or [bundle]


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
