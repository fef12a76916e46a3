"""Gather what my page shows: read from the rooms that keep it, at view time (148)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select

from idp.accounts.records import AccountRecord
from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers.records import ClientRecord
from idp.delegation.lifecycle import Party
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
    `by_nobody`: time or the register brought it about.
    """

    at: datetime
    kind: str
    detail: Mapping[str, Any]
    client_id: str | None
    service: str | None
    actor_name: str | None
    reference: str
    by_officer: bool = False
    by_nobody: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenClientSession:
    """A service this account is signed in to, and for whom when acting."""

    service: str
    since: datetime
    acting_for: str | None


# A permission that was passed on stands on others: whose members may have done something to it.
_PARENT, _GRANDPARENT = (MandateRecord.__table__.alias(name) for name in ("pm", "gm"))
_ACTIVITY = (
    select(
        JournalEntry.at,
        JournalEntry.kind,
        JournalEntry.client_id,
        JournalEntry.actor,
        JournalEntry.reference,
        JournalEntry.detail,
        JournalEntry.person,
        db_now().label("now"),
        ClientRecord.client_name,
        PersonRecord.given_name,
        PersonRecord.family_name,
        MandateRecord.delegate,
        _PARENT.c.delegate.label("parent_delegate"),
        _GRANDPARENT.c.delegate.label("grandparent_delegate"),
    )
    .join(ClientRecord, ClientRecord.client_id == JournalEntry.client_id, isouter=True)
    .join(PersonRecord, PersonRecord.ref == JournalEntry.actor, isouter=True)
    .join(MandateRecord, MandateRecord.ref == JournalEntry.mandate_ref, isouter=True)
    .join(_PARENT, _PARENT.c.ref == MandateRecord.parent_ref, isouter=True)
    .join(_GRANDPARENT, _GRANDPARENT.c.ref == _PARENT.c.parent_ref, isouter=True)
    .where(or_(JournalEntry.person == bindparam("person"),
               JournalEntry.person == bindparam("account")))
    .order_by(JournalEntry.id.desc())
    .limit(SHOWN)
)  # fmt: skip
# Who works or worked for which organisation, and as whom they are known there.
_MEMBERS = (
    select(
        AccountRecord.person_ref,
        AccountRecord.ref,
        MemberRecord.organisation_ref,
        MemberRecord.name,
    )
    .join(MemberRecord, MemberRecord.account_ref == AccountRecord.ref)
    .where(or_(AccountRecord.person_ref.in_(bindparam("actors", expanding=True)),
               AccountRecord.ref.in_(bindparam("actors", expanding=True))))
    .order_by(MemberRecord.joined_at)
)  # fmt: skip
_FIRMS = select(
    OrganisationRecord.ref, OrganisationRecord.name, OrganisationRecord.shows_names
).where(OrganisationRecord.ref.in_(bindparam("firms", expanding=True)))
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
    rows = tx.execute(_ACTIVITY, {"person": person or account, "account": account}).all()
    shown = [row for row in rows if not _is_quiet_yet(row)]
    who = _People.of(tx, shown, account, adviser)
    return [
        Activity(
            at=row.at,
            kind=row.kind,
            detail=row.detail,
            client_id=row.client_id,
            service=row.client_name,
            actor_name=who.named(row),
            reference=row.reference,
            # An actor who is neither a person of the register, nor of an organisation that acts,
            # nor this account.
            by_officer=row.actor is not None and who.named(row) is None and row.actor != account,
            by_nobody=row.actor is None and row.detail.get("by") == Party.SYSTEM,
        )
        for row in shown
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """What names those who did something: members by (party, organisation), and organisations."""

    members: Mapping[tuple[str, str], str]
    firms: Mapping[str, Any]
    reader: str
    adviser: str

    @classmethod
    def of(cls, tx: Transaction, rows: Sequence[Any], reader: str, adviser: str) -> "_People":
        """Look up all who are named in these rows at once."""
        actors = sorted({row.actor for row in rows if row.actor} | {reader})
        members = {
            (party, row.organisation_ref): row.name
            for row in tx.execute(_MEMBERS, {"actors": actors})
            for party in (row.person_ref, row.ref)
            if party
        }
        firms = sorted({firm for row in rows for firm in _firms(row)})
        found = tx.execute(_FIRMS, {"firms": firms}) if firms else ()
        return cls(
            members=members, firms={one.ref: one for one in found}, reader=reader, adviser=adviser
        )

    def named(self, row: Any) -> str | None:
        """How the reader sees who did it. Whoever acts for an organisation is named as it says:
        by the name of the register only a person's own doings are."""
        for firm in _firms(row):
            held, member = self.firms.get(firm), self.members.get((row.actor, firm))
            if held is not None and member is not None and not self._is_colleague(row, firm):
                return shown_name(
                    member, held.name, shows_names=held.shows_names, adviser=self.adviser
                )
            if held is not None and row.actor == firm:
                return str(held.name)
        return _name(row)

    def _is_colleague(self, row: Any, firm: str) -> bool:
        """What is done inside an organisation, to somebody of it, hides nobody from them."""
        return row.delegate is None and (self.reader, firm) in self.members


def _firms(row: Any) -> list[str]:
    """The organisations an entry may be the doing of: they hold the permission, hold what it was
    passed on from, or are named in it."""
    told = row.detail.get("organisation")
    held = (row.delegate, row.parent_delegate, row.grandparent_delegate, told)
    return [one for one in held if isinstance(one, str)]


def _name(row: Any) -> str | None:
    return f"{row.given_name} {row.family_name}" if row.given_name else None
