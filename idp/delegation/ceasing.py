"""A business that ceased: what it gave ends in one step, what waits is taken back (I19).

Tokens stop of themselves from the commit that says it ceased (`authority.bar`); here the mandates
are ended, so that everybody reads the same.
"""

from sqlalchemy import bindparam, select

from idp.delegation.lifecycle import Move, Party, Reason, State
from idp.delegation.moving import By, Moved, move
from idp.delegation.records import MandateRecord
from idp.register.records import BusinessRecord
from idp.storage import Transaction

_M = MandateRecord
_OPEN = (
    select(_M.ref, _M.state)
    .join(BusinessRecord, BusinessRecord.ref == _M.principal)
    .where(
        _M.principal == bindparam("business"),
        BusinessRecord.ceased_on.is_not(None),
        _M.state.in_([State.DRAFT, State.OFFERED, State.ACTIVE, State.SUSPENDED]),
    )
    .order_by(_M.ref)
)
_WHY = {"why": "business-ceased"}


def business_ceased(tx: Transaction, business: str) -> int:
    """End all that a business gave; answers how many ended. Bears being told twice, and does
    nothing for a business that the register does not hold for ceased."""
    by, ended = By(party=Party.SYSTEM, who="system"), 0
    for row in tx.execute(_OPEN, {"business": business}).all():
        if row.state in {State.DRAFT, State.OFFERED}:
            move(tx, row.ref, Move.CANCEL, by, detail=_WHY)
            continue
        done = move(tx, row.ref, Move.END, by, reason=Reason.BASIS_LAPSED, detail=_WHY)
        ended += isinstance(done, Moved)
    return ended
