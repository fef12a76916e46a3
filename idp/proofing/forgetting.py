"""Forget what a closed case was proved by, once nobody can ask about it any more.

The journal keeps that there was a case, what it held, how it ended and by which policy. What is
stored besides, above all what was typed, goes after `KEPT_FOR`.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import BindParameter, String, bindparam, delete, or_, select, update

from idp.proofing.records import (
    CaseRecord,
    ContactCodeRecord,
    EvidenceRecord,
    VisitRecord,
    WayBackRecord,
)
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration

# Time for somebody to find out that another passed for them, and for an inquiry to open the claim.
KEPT_FOR = timedelta(days=180)
AT_A_TIME = 500

_AMONG: BindParameter[str] = bindparam("cases", type_=String(), expanding=True)
# A way back that was stopped sends the next one to a counter, however long after: it stays, and the
# case it names with it, emptied.
_STOPPED = WayBackRecord.outcome == "stopped"
_HOLDS_A_STOP = select(WayBackRecord.ref).where(
    WayBackRecord.case_ref == CaseRecord.ref, _STOPPED
).exists()  # fmt: skip
_OVER = (
    select(CaseRecord.ref)
    .where(
        CaseRecord.closed_at <= db_now() - bindparam("kept_for", KEPT_FOR, type_=Duration()),
        or_(CaseRecord.claim_sealed != "", ~_HOLDS_A_STOP),
    )
    .limit(AT_A_TIME)
    .with_for_update(of=CaseRecord, skip_locked=True)
)
_EMPTY: tuple[Any, ...] = (
    *(
        delete(table).where(table.case_ref.in_(_AMONG))
        for table in (ContactCodeRecord, EvidenceRecord, VisitRecord)
    ),
    delete(WayBackRecord).where(
        WayBackRecord.case_ref.in_(_AMONG), or_(WayBackRecord.outcome.is_(None), ~_STOPPED)
    ),
    update(CaseRecord).where(CaseRecord.ref.in_(_AMONG)).values(claim_sealed=""),
    delete(CaseRecord).where(CaseRecord.ref.in_(_AMONG), ~_HOLDS_A_STOP),
)


def forget_closed(tx: Transaction) -> int:
    """Forget cases that were closed `KEPT_FOR` ago, a few hundred at a time; answer how many."""
    over = tx.execute(_OVER, {}).scalars().all()
    for statement in _EMPTY if over else ():
        tx.execute(statement, {"cases": over})
    return len(over)
