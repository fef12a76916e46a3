"""Gather what my page shows: read from the rooms that keep it, at view time (148)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.accounts.records import AccountRecord
from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers.records import ClientRecord
from idp.delegation.records import MandateRecord
from idp.delegation.telling import QUIET_FOR
from idp.journal.records import JournalEntry
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.organisations.rules import shown_name
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


# How the organisation that acted calls whoever it was, also one who has left it.
_MEMBER_NAME = (
    select(MemberRecord.name)
    .join(AccountRecord, AccountRecord.ref == MemberRecord.account_ref)
    .where(
        MemberRecord.organisation_ref == OrganisationRecord.ref,
        or_(
            AccountRecord.person_ref == JournalEntry.actor, AccountRecord.ref == JournalEntry.actor
        ),
    )
    .order_by(MemberRecord.joined_at.desc())
    .limit(1)
    .correlate(OrganisationRecord, JournalEntry)
    .scalar_subquery()
)
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
        OrganisationRecord.ref.label("organisation_ref"),
        OrganisationRecord.name.label("organisation_name"),
        OrganisationRecord.shows_names,
        _MEMBER_NAME.label("member_name"),
    )
    .join(ClientRecord, ClientRecord.client_id == JournalEntry.client_id, isouter=True)
    .join(PersonRecord, PersonRecord.ref == JournalEntry.actor, isouter=True)
    .join(MandateRecord, MandateRecord.ref == JournalEntry.mandate_ref, isouter=True)
    .join(OrganisationRecord, OrganisationRecord.ref == MandateRecord.delegate, isouter=True)
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


def activity(
    tx: Transaction, *, person: str | None, account: str, adviser: str = "%(organisation)s"
) -> list[Activity]:
    """List what was done in this person's affairs and account, newest first.

    `adviser` stands for a member of an organisation that shows no names: see
    `idp.organisations.rules.shown_name`.
    """
    rows = tx.execute(_ACTIVITY, {"person": person or account, "account": account})
    return [
        Activity(
            at=row.at,
            kind=row.kind,
            service=row.client_name,
            actor_name=_actor(row, adviser),
            reference=row.reference,
            # An actor who is neither a person of the register, nor of an organisation that acts,
            # nor this account.
            by_officer=row.actor is not None
            and _actor(row, adviser) is None
            and row.actor != account,
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


def _actor(row: Any, adviser: str) -> str | None:
    if row.member_name is not None:
        return shown_name(
            row.member_name, row.organisation_name, shows_names=row.shows_names, adviser=adviser
        )
    if row.organisation_ref is not None and row.actor == row.organisation_ref:
        return str(row.organisation_name)
    return _name(row)


def _name(row: Any) -> str | None:
    return f"{row.given_name} {row.family_name}" if row.given_name else None
