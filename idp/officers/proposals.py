"""Two officers for one thing: what one of them wants done, another has to look at and confirm.

Whoever confirms is another officer with the role, is apart from the first (`rules.are_apart`), and
has opened the proposal within the half hour. When one is away, any other officer with the role
decides: a proposal is made out to nobody. A proposal that nobody decides for seven days is over.

What is confirmed is done by the caller, in the transaction that calls `decide`. Source:
`delegation.md` I13 and "Added after review".
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.officers.actions import officer_now, who_let_in
from idp.officers.records import OfficerProposalRecord
from idp.officers.rules import Act, Verdict, are_apart, judge
from idp.storage import Transaction, db_now

LASTS = timedelta(days=7)
LOOK_LASTS = timedelta(minutes=30)  # a look of yesterday is none
SHOWN = 200


class Decision(StrEnum):
    """What an officer does with a proposal; the value is the column's."""

    CONFIRM = "confirmed"
    REFUSE = "refused"
    WITHDRAW = "withdrawn"


class Outcome(StrEnum):
    """How deciding ended; the value is also its journal code."""

    CONFIRMED = "proposal-confirmed"
    REFUSED = "proposal-refused"
    WITHDRAWN = "proposal-withdrawn"
    OWN = "proposal-own"
    NOT_OWN = "proposal-not-own"
    NOT_APART = "proposal-officers-not-apart"
    UNSEEN = "proposal-not-looked-at"
    ROLE_LACKING = "role-lacking"
    GONE = "proposal-not-waiting"


DONE = {
    Decision.CONFIRM: Outcome.CONFIRMED,
    Decision.REFUSE: Outcome.REFUSED,
    Decision.WITHDRAW: Outcome.WITHDRAWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A proposal that waits. `about` is the party or thing it is done to; `payload` the rest, and
    empty on a list: only who opens one is shown what it says."""

    ref: str
    act: str
    about: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    payload: Mapping[str, Any]


_P = OfficerProposalRecord
_WAITS = (_P.decision.is_(None), _P.expires_at > db_now())
_PUT = insert(_P)
_COLUMNS = (_P.ref, _P.act, _P.about, _P.proposed_by, _P.proposed_at, _P.expires_at)
_WAITING = (
    select(*_COLUMNS)
    .where(*_WAITS, _P.act.in_(bindparam("acts", expanding=True)))
    .order_by(_P.proposed_at, _P.ref)
    .limit(SHOWN)
)
_LOCKED = (
    select(*_COLUMNS, _P.payload_sealed, _P.looked, db_now().label("now"))
    .where(_P.ref == bindparam("proposal"), *_WAITS)
    .with_for_update()
)
_LOOKED = update(_P).where(_P.ref == bindparam("proposal")).values(looked=bindparam("looks"))
# The one statement that decides: of two officers one does, and never who proposed confirms.
_DECIDE = (
    update(_P)
    .where(_P.ref == bindparam("proposal"), *_WAITS)
    .values(decision=bindparam("said"), decided_by=bindparam("officer"), decided_at=db_now())
    .returning(_P.ref)
)
_BY_ANOTHER = _DECIDE.where(_P.proposed_by != bindparam("officer"))
_BY_ONESELF = _DECIDE.where(_P.proposed_by == bindparam("officer"))


def propose(
    tx: Transaction,
    keyring: Keyring,
    *,
    act: str,
    about: str,
    payload: Mapping[str, Any],
    by: str,
) -> str:
    """Put forward what another officer has to confirm; answers its reference.

    The caller has judged that `by` may propose it. `payload` is JSON, and is kept sealed.
    """
    ref, now = random_ref(), tx.now()
    sealed = keyring.sealer.seal(json.dumps(dict(payload)), purpose=proposal_purpose(ref))
    values = {"ref": ref, "act": act, "about": about, "payload_sealed": sealed, "looked": {},
              "proposed_by": by, "proposed_at": now, "expires_at": now + LASTS}  # fmt: skip
    tx.execute(_PUT, values)
    record(tx, Entry(kind="proposal-made", person=about, actor=by,
                     detail={"proposal": ref, "act": act}))  # fmt: skip
    return ref


def waiting(tx: Transaction, acts: Collection[str]) -> list[Proposal]:
    """List what waits to be decided, oldest first, without what it says."""
    rows = tx.execute(_WAITING, {"acts": list(acts)}).mappings()
    return [Proposal(**row, payload={}) for row in rows]


def look_at(tx: Transaction, keyring: Keyring, ref: str, officer: str) -> Proposal | None:
    """Open a proposal for an officer, and keep that they have looked at it. None: it is over.

    The caller has judged that the officer's role may see it.
    """
    row = tx.execute(_LOCKED, {"proposal": ref}).mappings().first()
    if row is None:
        return None
    looks = {**row["looked"], officer: row["now"].isoformat()}
    tx.execute(_LOOKED, {"proposal": ref, "looks": looks})
    return _opened(keyring, row)


def find(tx: Transaction, keyring: Keyring, ref: str) -> Proposal | None:
    """Answer a proposal that waits, locked, for the transaction that is to decide it."""
    row = tx.execute(_LOCKED, {"proposal": ref}).mappings().first()
    return None if row is None else _opened(keyring, row)


def decide(tx: Transaction, ref: str, *, officer: str, needs: Act, decision: Decision) -> Outcome:
    """Confirm, refuse or withdraw a proposal, once.

    `needs` is what the officer's role must allow. Only who proposed it withdraws it, and they do
    nothing else to it. That two officers were not apart is recorded. On `CONFIRMED` the caller
    does what was proposed, in this transaction.
    """
    row = tx.execute(_LOCKED, {"proposal": ref}).mappings().first()
    if row is None:
        return Outcome.GONE
    if judge(officer_now(tx, officer), needs) is not Verdict.ALLOWED:
        return Outcome.ROLE_LACKING
    own, let_in_by = row["proposed_by"] == officer, who_let_in(tx)
    if own is not (decision is Decision.WITHDRAW):
        return Outcome.OWN if own else Outcome.NOT_OWN
    detail = {"proposal": ref, "act": row["act"], "proposed_by": row["proposed_by"]}
    if decision is Decision.CONFIRM and not are_apart(officer, row["proposed_by"], let_in_by):
        record(tx, Entry(kind=Outcome.NOT_APART, actor=officer, detail=detail))
        return Outcome.NOT_APART
    if not own and not _has_looked(row, officer):
        return Outcome.UNSEEN
    statement = _BY_ONESELF if own else _BY_ANOTHER
    values = {"proposal": ref, "said": decision, "officer": officer}
    if tx.execute(statement, values).scalar_one_or_none() is None:
        return Outcome.GONE
    # Who let each of the two in: that it was the same administrator shows at a glance.
    detail["let_in_by"] = [let_in_by.get(one) for one in (row["proposed_by"], officer)]
    record(tx, Entry(kind=DONE[decision], person=row["about"], actor=officer, detail=detail))
    return DONE[decision]


def _has_looked(row: Any, officer: str) -> bool:
    looked = row["looked"].get(officer)
    return looked is not None and row["now"] < datetime.fromisoformat(looked) + LOOK_LASTS


def _opened(keyring: Keyring, row: Any) -> Proposal:
    payload = json.loads(
        keyring.sealer.open(row["payload_sealed"], purpose=proposal_purpose(row["ref"]))
    )
    return Proposal(**{column.key: row[column.key] for column in _COLUMNS}, payload=payload)


def proposal_purpose(ref: str) -> str:
    """What the sealed payload of a proposal is bound to."""
    return f"officer-proposal:{ref}"
