"""Gather what my page shows: read from the rooms that keep it, at view time (148)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers.records import ClientRecord
from idp.delegation.records import MandateRecord
from idp.delegation.telling import QUIET_FOR
from idp.journal.records import JournalEntry
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that was done, by whom where it was not the person.

    `by_officer`: by somebody who works for the public sector; citizens are not told their name.
    """

    at: datetime
    kind: str
    service: str | None
    actor_name: str | None
    reference: str
    by_officer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClientSession:
    """A service this account is signed in to, and for whom when acting."""

    service: str
    since: datetime
    acting_for: str | None


_ACTIVITY = (
    select(
        JournalEntry.at,
        JournalEntry.kind,
        JournalEntry.actor,
        JournalEntry.reference,
        JournalEntry.detail,
        JournalEntry.person,
        db_now().label("now"),
        ClientRecord.client_name,
        PersonRecord.given_name,
        PersonRecord.family_name,
    )
    .join(ClientRecord, ClientRecord.client_id == JournalEntry.client_id, isouter=True)
    .join(PersonRecord, PersonRecord.ref == JournalEntry.actor, isouter=True)
    .where(or_(JournalEntry.person == bindparam("person"),
               JournalEntry.person == bindparam("account")))
    .order_by(JournalEntry.id.desc())
    .limit(SHOWN)
)  # fmt: skip
_SESSIONS = (
    select(
        ClientRecord.client_name,
        ClientSessionRecord.created_at,
        PersonRecord.given_name,
        PersonRecord.family_name,
    )
    .select_from(ClientSessionRecord)
    .join(SessionRecord, SessionRecord.ref == ClientSessionRecord.session_ref)
    .join(ClientRecord, ClientRecord.client_id == ClientSessionRecord.client_id)
    .join(MandateRecord, MandateRecord.ref == ClientSessionRecord.mandate_key, isouter=True)
    .join(PersonRecord, PersonRecord.ref == MandateRecord.principal, isouter=True)
    .where(
        SessionRecord.account_ref == bindparam("account"),
        SessionRecord.ended_at.is_(None),
        SessionRecord.expires_at > db_now(),
        ClientSessionRecord.ended_at.is_(None),
    )
    .order_by(ClientSessionRecord.created_at.desc())
    .limit(SHOWN)
)


def activity(tx: Transaction, *, person: str | None, account: str) -> list[Activity]:
    """List what was done in this person's affairs and account, newest first."""
    rows = tx.execute(_ACTIVITY, {"person": person or account, "account": account})
    return [
        Activity(
            at=row.at,
            kind=row.kind,
            service=row.client_name,
            actor_name=_name(row),
            reference=row.reference,
            # An actor who is neither a person of the register nor this account.
            by_officer=row.actor is not None and _name(row) is None and row.actor != account,
        )
        for row in rows
        if not _is_quiet_yet(row)
    ]


def client_sessions(tx: Transaction, account: str) -> list[OpenClientSession]:
    """List the services this account is signed in to now, on any device."""
    rows = tx.execute(_SESSIONS, {"account": account})
    return [
        OpenClientSession(service=row.client_name, since=row.created_at, acting_for=_name(row))
        for row in rows
    ]


def service_names(tx: Transaction, client_ids: Iterable[str]) -> dict[str, str]:
    """Answer services' names by their client ids."""
    wanted = sorted(set(client_ids))
    rows = tx.execute(
        select(ClientRecord.client_id, ClientRecord.client_name).where(
            ClientRecord.client_id.in_(wanted)
        )
    )
    return {row.client_id: row.client_name for row in rows}


def _is_quiet_yet(row: Any) -> bool:
    """An end that was asked for quietly: the helper, of all people, hears of it later."""
    quiet = row.detail.get("quiet") is True and row.detail.get("who") != row.person
    return quiet and row.now - row.at < QUIET_FOR


def _name(row: Any) -> str | None:
    return f"{row.given_name} {row.family_name}" if row.given_name else None
