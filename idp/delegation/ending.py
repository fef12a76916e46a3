"""End in one step what has lost its ground: a death, or the law or order that it stood on (I19).

Tokens stop of themselves where liveness sees the fact (a death); the mandates are ended here so
that everybody reads the same, and so that what never was a fact of the register ends too.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, exists, select

from idp.callers.authority import AFTER_DEATH
from idp.delegation.lifecycle import Move, Party, Reason, State
from idp.delegation.moving import By, Moved, move
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.register.records import PersonRecord
from idp.register.rules import Status
from idp.storage import Transaction

SYSTEM = By(party=Party.SYSTEM, who="system")
_M = MandateRecord.__table__.c
_HELD = _M.state.in_([State.ACTIVE, State.SUSPENDED])
_OPEN = _M.state.in_([State.DRAFT, State.OFFERED])
_COLUMNS = (_M.ref, _M.basis, _M.state)
_GIVEN = select(*_COLUMNS).where(_M.principal == bindparam("party"), _HELD).order_by(_M.ref)
_TAKEN = select(*_COLUMNS).where(_M.delegate == bindparam("party"), _HELD).order_by(_M.ref)
# What was asked by facts stays as it is, and lapses: whoever asked would learn that they were right
# (I14). Nobody is left who could answer it.
_BY_FACTS = exists().where(
    MandateInvitationRecord.ref == _M.bundle, MandateInvitationRecord.channel == "facts"
)
_OFFERS_OF = (
    select(*_COLUMNS).where(_M.principal == bindparam("party"), _OPEN, ~_BY_FACTS).order_by(_M.ref)
)
_OFFERS_TO = select(*_COLUMNS).where(_M.delegate == bindparam("party"), _OPEN).order_by(_M.ref)
_OF_BASIS = (
    select(*_COLUMNS, _M.authority_ref, _M.delegate)
    .where(_M.principal == bindparam("party"), _M.basis == bindparam("on_basis"), _HELD)
    .order_by(_M.ref)
)
_DEAD = select(PersonRecord.ref).where(
    PersonRecord.ref == bindparam("party"), PersonRecord.status == Status.DEAD
)


_AUTHORITY = select(_M.authority_ref).where(_M.ref == bindparam("mandate"))


def end_all_of(
    tx: Transaction,
    principal: str,
    reason: Reason,
    *,
    by: By = SYSTEM,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """End what a principal gave, and cancel what waits to be answered; answers how many ended.

    A death leaves what is made for it: an estate, and an official act (`AFTER_DEATH`). Doing it
    again ends nothing more.
    """
    kept = AFTER_DEATH if reason is Reason.PRINCIPAL_DIED else frozenset[str]()
    for row in tx.execute(_OFFERS_OF, {"party": principal}).mappings().all():
        if row["basis"] not in kept:
            move(tx, row["ref"], Move.CANCEL, SYSTEM, detail={"reason": reason})
    given = tx.execute(_GIVEN, {"party": principal}).mappings().all()
    refs = [row["ref"] for row in given if row["basis"] not in kept]
    return _end(tx, refs, reason, by, detail)


def end_basis(
    tx: Transaction,
    principal: str,
    basis: str,
    *,
    by: By,
    authority_ref: str | None = None,
    delegate: str | None = None,
    detail: Mapping[str, Any] | None = None,
) -> int:
    """End all that stood on a basis that is no more: an order lapsed, a director was removed.

    All delegates of the basis; only those of one authority, or one delegate, where named. One
    transaction: afterwards none of them is left. Answers how many ended.
    """
    found = tx.execute(_OF_BASIS, {"party": principal, "on_basis": basis}).mappings().all()
    refs = [
        row["ref"]
        for row in found
        if authority_ref in (None, row["authority_ref"]) and delegate in (None, row["delegate"])
    ]
    return _end(tx, refs, Reason.BASIS_LAPSED, by, detail)


def person_died(tx: Transaction, person: str) -> int:
    """Do what a death means: end what this person gave and what they held. Bears being told twice,
    and does nothing for somebody whom the register does not hold for dead."""
    if tx.execute(_DEAD, {"party": person}).first() is None:
        return 0
    ended = end_all_of(tx, person, Reason.PRINCIPAL_DIED)
    for row in tx.execute(_OFFERS_TO, {"party": person}).mappings().all():
        move(tx, row["ref"], Move.CANCEL, SYSTEM, detail={"reason": "delegate_died"})
    held = [row["ref"] for row in tx.execute(_TAKEN, {"party": person}).mappings()]
    return ended + _end(tx, held, Reason.BASIS_LAPSED, SYSTEM, {"why": "delegate_died"})


def _end(
    tx: Transaction, refs: list[str], reason: Reason, by: By, detail: Mapping[str, Any] | None
) -> int:
    done = (move(tx, ref, Move.END, by, reason=reason, detail=detail) for ref in refs)
    return sum(isinstance(one, Moved) for one in done)


def authority_of(tx: Transaction, ref: str) -> str | None:
    """The authority by which a mandate was given to several together, if it was."""
    found: str | None = tx.execute(_AUTHORITY, {"mandate": ref}).scalar_one_or_none()
    return found
