"""Organisations come, are suspended with notice, go on, and close. Nothing of one is destroyed.

One officer enters an organisation with its first administrator; another verifies its name and
vouches for that person (`idp.officers.organisations`), and only then is the one-time link made.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Contact, Notice, send
from idp.organisations.actions import COLUMNS, ORG, is_admin, lock, read
from idp.organisations.members import (
    INVITATION,
    PURPOSE,
    admin_addresses,
    insert_invitation,
    member_addresses,
    send_link,
)
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.organisations.rules import (
    INVITATION_LASTS,
    KINDS,
    Organisation,
    Role,
    SuspensionProblem,
    read_email,
    read_name,
    read_reason,
    suspends_at,
)
from idp.storage import Transaction, db_now

SHOWN = 200
# A firm of one has to be able to work, and nobody gives themselves a role later.
FIRST_ROLES = (Role.ADMIN, Role.ASSIGNER, Role.WORKER)
LONGEST_NUMBER = 20


class Problem(StrEnum):
    """Why an organisation was not entered or changed; the value is also its journal code."""

    NAME = "name-bad"
    NAME_TAKEN = "name-taken"
    KIND = "kind-unknown"
    NUMBER = "registered-number-bad"
    ASSURANCE = "assurance-bad"
    ADMIN_NAME = "admin-name-bad"
    ADMIN_EMAIL = "admin-email-bad"
    GONE = "organisation-gone"
    CHANGED = "organisation-changed"
    NOT_SUSPENDED = "organisation-not-suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entered:
    """An organisation as officers see it. `admin_*`: the first administrator, while not here."""

    organisation: Organisation
    entered_by: str
    created_at: datetime
    verified_by: str | None
    version: int
    admin_name: str | None
    admin_email: str | None
    admins: int


_INSERT = insert(OrganisationRecord)
_SAME = select(ORG.ref).where(
    ORG.closed_at.is_(None),
    ORG.ref != bindparam("but"),
    or_(
        func.lower(ORG.name) == func.lower(bindparam("name")),
        and_(ORG.registered_number == bindparam("number"), ORG.registered_number != ""),
    ),
)
_SAME_VERIFIED = _SAME.where(ORG.verified_at.is_not(None))
_CHANGE = (ORG.ref == bindparam("organisation"), ORG.closed_at.is_(None))
_MORE = {"version": ORG.version + 1}
_VERIFY = (
    update(OrganisationRecord)
    .where(*_CHANGE, ORG.verified_at.is_(None), ORG.version == bindparam("seen_version"))
    .values(verified_at=db_now(), verified_by=bindparam("by"), **_MORE)
    .returning(ORG.ref)
)
_SUSPEND = (
    update(OrganisationRecord)
    .where(*_CHANGE)
    .values(suspends_at=bindparam("at"), suspension_reason=bindparam("reason"), **_MORE)
    .returning(ORG.ref)
)
_RESUME = (
    update(OrganisationRecord)
    .where(*_CHANGE, ORG.suspends_at.is_not(None))
    .values(suspends_at=None, suspension_reason=None, **_MORE)
    .returning(ORG.ref)
)
_CLOSE = (
    update(OrganisationRecord)
    .where(*_CHANGE, or_(ORG.verified_at.is_(None), ORG.suspends_at <= db_now()))
    .values(closed_at=db_now(), **_MORE)
    .returning(ORG.ref)
)
_ALL = (
    select(*COLUMNS, ORG.entered_by, ORG.created_at, ORG.verified_by, ORG.version)
    .order_by(ORG.name, ORG.ref)
    .limit(SHOWN)
)
_NAMED = _ALL.where(func.lower(ORG.name).like(bindparam("named"), escape="/"))
_ONE = _ALL.where(ORG.ref == bindparam("organisation"))
_ADMINS = (
    select(func.count())
    .select_from(MemberRecord)
    .where(MemberRecord.organisation_ref == bindparam("organisation"), is_admin())
)
# The invitation that an organisation began with. A later one of the same officer is for whoever
# came after, and two officers stand for that one: it is not sent again by one of them.
_FIRST = (
    select(INVITATION.ref, INVITATION.name, INVITATION.email_sealed, INVITATION.used_at)
    .where(
        INVITATION.organisation_ref == bindparam("organisation"),
        INVITATION.invited_by == bindparam("by"),
    )
    .order_by(INVITATION.created_at)
    .limit(1)
)
_OPEN_FIRST = (
    update(INVITATION.ref.table)
    .where(INVITATION.ref == bindparam("invitation"), INVITATION.used_at.is_(None))
    .values(token_digest=bindparam("digest"), expires_at=bindparam("until"))
)


def enter(
    tx: Transaction,
    keyring: Keyring,
    *,
    name: str,
    kind: str,
    assurance: int,
    admin_name: str,
    admin_email: str,
    by: str,
    registered_number: str = "",
) -> str | Problem:
    """Enter an organisation; answer its reference. It can do nothing until its name is verified.

    Its first administrator is written down with it, and gets no link before that. A charity's
    people are shown to principals as "a named adviser at" it.
    """
    kept, number = read_name(name), registered_number.strip().upper()
    person, address = read_name(admin_name), read_email(admin_email)
    if kept is None:
        return Problem.NAME
    if kind not in KINDS:
        return Problem.KIND
    if len(number) > LONGEST_NUMBER or (number and not (number.isascii() and number.isalnum())):
        return Problem.NUMBER
    if not 0 <= assurance <= 3:
        return Problem.ASSURANCE
    if person is None:
        return Problem.ADMIN_NAME
    if address is None:
        return Problem.ADMIN_EMAIL
    if tx.execute(_SAME, {"name": kept, "number": number, "but": ""}).first() is not None:
        return Problem.NAME_TAKEN
    ref, now = random_ref(), tx.now()
    tx.execute(_INSERT, {
        "ref": ref, "name": kept, "kind": kind, "registered_number": number or None,
        "assurance": assurance, "shows_names": kind != "charity", "entered_by": by,
        "created_at": now,
    })  # fmt: skip
    # Nobody knows this token, and it is over as it begins; a true one is made when it is vouched.
    insert_invitation(tx, keyring, ref, token=random_token(), name=person, email=address,
                      roles=FIRST_ROLES, by=by, expires=now)  # fmt: skip
    _journal(tx, "organisation-entered", ref, by, sort=kind, assurance=assurance)
    return ref


def verify(
    tx: Transaction, keyring: Keyring, ref: str, *, version: int, by: str
) -> datetime | Problem:
    """Confirm an organisation's name and its first administrator, as they were when `version` was
    shown, and send that person the link. Answers until when it works.

    That `by` is somebody else than who entered it, and apart, is for the caller to see to.
    """
    seen = {"organisation": ref, "seen_version": version, "by": by}
    one = lock(tx, ref)
    if one is None:
        return Problem.GONE
    same = {"name": one.name, "number": one.registered_number or "", "but": ref}
    if tx.execute(_SAME_VERIFIED, same).first() is not None:
        return Problem.NAME_TAKEN
    if tx.execute(_VERIFY, seen).first() is None:
        return Problem.CHANGED
    _journal(tx, "organisation-verified", ref, by)
    return send_first_link(tx, keyring, ref, by=by)


def send_first_link(tx: Transaction, keyring: Keyring, ref: str, *, by: str) -> datetime | Problem:
    """Send the first administrator a new link, to the address that was vouched for. The one
    before it works no more. Only while they have not come, and the organisation is verified."""
    found = find_entered(tx, keyring, ref)
    if found is None or found.admin_email is None or found.organisation.closed_at is not None:
        return Problem.GONE
    if found.organisation.verified_at is None:
        return Problem.CHANGED
    first = tx.execute(_FIRST, {"organisation": ref, "by": found.entered_by}).one()
    token, until = random_token(), tx.now() + INVITATION_LASTS
    tx.execute(_OPEN_FIRST, {"invitation": first.ref, "digest": digest(token), "until": until})
    send_link(tx, keyring, found.organisation, found.admin_email, token)
    _journal(tx, "organisation-link-sent", ref, by, invitation=first.ref)
    return until


def name_administrator(
    tx: Transaction, keyring: Keyring, ref: str, *, name: str, email: str, why: str, by: str
) -> datetime | Problem:
    """Send a new administrator a link, in place of the last one who was lost, and tell every
    member of it. Answers until when the link works.

    That two officers stand for it is for the caller to see to; so is that the values are read.
    """
    organisation = lock(tx, ref)
    if organisation is None or organisation.closed_at is not None:
        return Problem.GONE
    token, until = random_token(), tx.now() + INVITATION_LASTS
    invitation = insert_invitation(tx, keyring, ref, token=token, name=name, email=email,
                                   roles=FIRST_ROLES, by=by, expires=until)  # fmt: skip
    send_link(tx, keyring, organisation, email, token)
    told = {"organisation": organisation.name}
    for address in member_addresses(tx, ref):
        send(tx, keyring, Contact("email", address), Notice.ADMIN_NAMED, told)
    _journal(tx, "organisation-admin-named", ref, by, invitation=invitation, why=why)
    return until


def suspend(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    *,
    notice: timedelta | None,
    reason: str = "",
    by: str,
) -> datetime | SuspensionProblem | Problem:
    """Suspend an organisation after `notice`, or at once (None) for a stated reason; answer when.

    Its administrators are told by e-mail, with the moment from which on nobody of it can act.
    What it holds stays as it is.
    """
    organisation = lock(tx, ref)
    if organisation is None or organisation.closed_at is not None:
        return Problem.GONE
    if organisation.verified_at is None:
        return Problem.CHANGED
    stated = read_reason(reason)
    at = suspends_at(organisation.now, notice=notice, reason=stated)
    if isinstance(at, SuspensionProblem):
        return at
    tx.execute(_SUSPEND, {"organisation": ref, "at": at, "reason": stated})
    _journal(tx, "organisation-suspended", ref, by, at=at.isoformat(), at_once=notice is None)
    told = {"organisation": organisation.name, "when": at.isoformat()}
    _tell(tx, keyring, ref, Notice.ORGANISATION_SUSPENDED, told)
    return at


def resume(tx: Transaction, keyring: Keyring, ref: str, *, by: str) -> Problem | None:
    """End a suspension, or take back one that was to come: all is as it was before."""
    organisation = lock(tx, ref)
    if organisation is None:
        return Problem.GONE
    if tx.execute(_RESUME, {"organisation": ref}).first() is None:
        return Problem.NOT_SUSPENDED
    _journal(tx, "organisation-resumed", ref, by)
    _tell(tx, keyring, ref, Notice.ORGANISATION_RESUMED, {"organisation": organisation.name})
    return None


def close(tx: Transaction, ref: str, *, by: str) -> Problem | None:
    """Close an organisation for good: one whose suspension binds, or that was never verified."""
    if lock(tx, ref) is None:
        return Problem.GONE
    if tx.execute(_CLOSE, {"organisation": ref}).first() is None:
        return Problem.NOT_SUSPENDED
    _journal(tx, "organisation-closed", ref, by)
    return None


def list_entered(tx: Transaction, named: str = "") -> list[Organisation]:
    """List organisations by name, at most `SHOWN`; `named` is how the name begins."""
    text = "".join(f"/{c}" if c in "/%_" else c for c in " ".join(named.lower().split()))
    rows = tx.execute(_NAMED, {"named": text + "%"}).mappings()
    return [read(row) for row in rows]


def find_entered(tx: Transaction, keyring: Keyring, ref: str) -> Entered | None:
    """Find an organisation with what officers need to know to judge it."""
    row = tx.execute(_ONE, {"organisation": ref}).mappings().first()
    if row is None:
        return None
    first = tx.execute(_FIRST, {"organisation": ref, "by": row["entered_by"]}).first()
    first = first if first and first.used_at is None else None
    return Entered(
        organisation=read(row),
        entered_by=row["entered_by"],
        created_at=row["created_at"],
        verified_by=row["verified_by"],
        version=row["version"],
        admin_name=first.name if first else None,
        admin_email=keyring.sealer.open(first.email_sealed, purpose=PURPOSE) if first else None,
        admins=tx.execute(_ADMINS, {"organisation": ref}).scalar_one(),
    )


def _tell(tx: Transaction, keyring: Keyring, ref: str, notice: Notice, told: Any) -> None:
    for address in admin_addresses(tx, ref):
        send(tx, keyring, Contact("email", address), notice, told)


def _journal(tx: Transaction, kind: str, ref: str, by: str, **detail: object) -> None:
    record(tx, Entry(kind=kind, actor=by, detail={"organisation": ref, **detail}))
