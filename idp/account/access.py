"""How an account may be signed in to, and where it is: what these pages gather and end."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.assurance.familiarity import Contribution, said_after_proof
from idp.assurance.outcomes import Outcome
from idp.authentication import sessions
from idp.authentication.ending import end_other_sessions, end_session
from idp.authentication.sessions import ListedSession, SessionFacts
from idp.callers.records import ClientRecord
from idp.journal.records import JournalEntry
from idp.storage import Transaction

SIGN_INS_SHOWN = 20
# What stands in the journal about getting in, or not getting in.
_KINDS = ("proof-given", "proof-refused", "signed-in-to-service")
_SIGN_INS = (
    select(
        JournalEntry.at,
        JournalEntry.kind,
        JournalEntry.detail,
        ClientRecord.client_name,
    )
    .join(ClientRecord, ClientRecord.client_id == JournalEntry.client_id, isouter=True)
    .where(
        or_(*(JournalEntry.kind == kind for kind in _KINDS)),
        JournalEntry.actor.is_(None),  # helpers are on the page of what was done
        or_(
            JournalEntry.person == bindparam("person"), JournalEntry.person == bindparam("account")
        ),
    )
    .order_by(JournalEntry.id.desc())
    .limit(SIGN_INS_SHOWN)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One time that somebody signed in to this account, or tried to. `method` may be unknown;
    `unusual` are the codes of what did not look like its owner."""

    at: datetime
    kind: str
    method: str | None
    service: str | None
    unusual: tuple[str, ...] = ()


def browsers(tx: Transaction, session: SessionFacts) -> list[ListedSession]:
    """List the browsers that are signed in to the session's account, its own first."""
    found = sessions.list_sessions(tx, session.account_ref)
    return sorted(found, key=lambda one: one.ref != session.ref)


def sign_ins(tx: Transaction, session: SessionFacts) -> list[SignIn]:
    """List the latest sign-ins to the session's account, newest first."""
    mine = {"person": session.party, "account": session.account_ref}
    return [
        SignIn(
            at=row.at,
            kind=row.kind,
            method=row.detail.get("method"),
            service=row.client_name,
            unusual=_unusual(row.detail.get("risk")),
        )
        for row in tx.execute(_SIGN_INS, mine)
    ]


def _unusual(risk: Mapping[str, Any] | None) -> tuple[str, ...]:
    """What looked unusual about a sign-in that was stepped up, deferred or refused."""
    if risk is None or risk["outcome"] == Outcome.ALLOW:
        return ()
    parts = [Contribution(code=code, nats=nats) for code, nats in risk["contributions"]]
    return said_after_proof(parts)


def end_browser(tx: Transaction, session: SessionFacts, ref: str) -> bool:
    """Sign one browser of the session's account out; False where it is none, or ended before."""
    mine = {one.ref for one in sessions.list_sessions(tx, session.account_ref)}
    return ref in mine and end_session(tx, ref, session.party)


def end_other_browsers(tx: Transaction, session: SessionFacts) -> int:
    """Sign every browser but this one out; answer how many there were."""
    return end_other_sessions(tx, session.account_ref, session.party, keep=session.ref)
