"""Members come by a one-time link, change and leave. What is taken from them is gone at once:
every token path asks for their membership and for the organisation's standing."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select, update

from idp.accounts.records import AccountRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Contact, Notice, send
from idp.organisations.actions import (
    MEMBER,
    MEMBER_COLUMNS,
    ORG,
    Allowed,
    Listed,
    Opener,
    find_member,
    has_role,
    is_admin,
    journal,
    judged,
    judged_to_open,
    listed,
    lock,
)
from idp.organisations.records import MemberInvitationRecord, MemberRecord
from idp.organisations.rules import (
    INVITATION_LASTS,
    MOST_INVITATIONS,
    Act,
    Organisation,
    Role,
    Verdict,
    read_email,
    read_name,
    read_roles,
)
from idp.register.names import Names, is_called
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

PURPOSE = "member-invitation"
LINK = "/helping/join/"
PROVED_ROLES = frozenset({Role.ADMIN, Role.ASSIGNER})  # which take a proof of who somebody is
SHOWN = 50  # members on one page
MOST_CHOICES = 200  # workers to choose from; larger organisations assign to teams

INVITATION = MemberInvitationRecord.__table__.c
_OPEN = and_(
    INVITATION.used_at.is_(None),
    INVITATION.cancelled_at.is_(None),
    INVITATION.expires_at > db_now(),
)
_COUNT_OPEN = (
    select(func.count())
    .select_from(MemberInvitationRecord.__table__)
    .where(INVITATION.organisation_ref == bindparam("organisation"), _OPEN)
)
_INVITE = insert(MemberInvitationRecord)
_OF_TOKEN = select(
    INVITATION.ref,
    INVITATION.organisation_ref,
    INVITATION.name,
    INVITATION.roles,
    INVITATION.expires_at,
    ORG.name.label("organisation_name"),
).join_from(MemberInvitationRecord, ORG.ref.table, ORG.ref == INVITATION.organisation_ref)
_LOOK = _OF_TOKEN.where(
    INVITATION.token_digest == bindparam("digest"), _OPEN, ORG.closed_at.is_(None)
)
_SPEND = (
    update(MemberInvitationRecord)
    .where(INVITATION.ref == bindparam("invitation"), _OPEN)
    .values(used_at=db_now())
    .returning(INVITATION.invited_by)
)
_CANCEL = (
    update(MemberInvitationRecord)
    .where(
        INVITATION.ref == bindparam("invitation"),
        INVITATION.organisation_ref == bindparam("organisation"),
        _OPEN,
    )
    .values(cancelled_at=db_now())
    .returning(INVITATION.ref)
)  # fmt: skip
_CANCEL_OF = (
    update(MemberInvitationRecord)
    .where(
        INVITATION.invited_by == bindparam("member"),
        INVITATION.organisation_ref == bindparam("organisation"),
        _OPEN,
    )
    .values(cancelled_at=db_now())
    .returning(INVITATION.ref)
)
_WAITING = (
    select(
        INVITATION.ref,
        INVITATION.name,
        INVITATION.email_sealed,
        INVITATION.roles,
        INVITATION.expires_at,
    )
    .where(INVITATION.organisation_ref == bindparam("organisation"), _OPEN)
    .order_by(INVITATION.name, INVITATION.ref)
)
_IS_HERE = select(MEMBER.ref).where(
    MEMBER.organisation_ref == bindparam("organisation"),
    MEMBER.account_ref == bindparam("account"),
    MEMBER.left_at.is_(None),
)
_PARTY_OF = select(func.coalesce(AccountRecord.person_ref, AccountRecord.ref)).where(
    AccountRecord.ref == bindparam("account")
)
_PROVED_AS = (
    select(PersonRecord.given_name, PersonRecord.family_name)
    .select_from(AccountRecord)
    .join(
        PersonRecord,
        and_(PersonRecord.ref == AccountRecord.person_ref, AccountRecord.identity_level > 0),
        isouter=True,
    )
    .where(AccountRecord.ref == bindparam("account"))
)
_JOIN = insert(MemberRecord)
_IT = MEMBER.ref == bindparam("member")
_ROLES = (
    update(MemberRecord).where(_IT, MEMBER.left_at.is_(None)).values(roles=bindparam("new_roles"))
)
_SUSPEND = (
    update(MemberRecord)
    .where(_IT, MEMBER.left_at.is_(None), MEMBER.suspended_at.is_(None))
    .values(suspended_at=db_now())
)
_RESUME = (
    update(MemberRecord)
    .where(_IT, MEMBER.left_at.is_(None), MEMBER.suspended_at.is_not(None))
    .values(suspended_at=None)
)
_LEAVE = update(MemberRecord).where(_IT, MEMBER.left_at.is_(None)).values(left_at=db_now())
_LIST = (
    select(*MEMBER_COLUMNS)
    .join(AccountRecord, AccountRecord.ref == MEMBER.account_ref)
    .where(
        MEMBER.organisation_ref == bindparam("organisation"),
        MEMBER.left_at.is_(None),
        MEMBER.name >= bindparam("after_name"),
        or_(MEMBER.name > bindparam("after_name"), MEMBER.ref > bindparam("after")),
    )
    .order_by(MEMBER.name, MEMBER.ref)
    .limit(SHOWN + 1)
)
_ADMINS = (
    select(AccountRecord.email)
    .join(MemberRecord, MEMBER.account_ref == AccountRecord.ref)
    .where(MEMBER.organisation_ref == bindparam("organisation"), is_admin())
)
_ADDRESSES = (
    select(AccountRecord.email)
    .join(MemberRecord, MEMBER.account_ref == AccountRecord.ref)
    .where(
        MEMBER.organisation_ref == bindparam("organisation"),
        MEMBER.left_at.is_(None),
        AccountRecord.disabled_at.is_(None),
    )
)


_WORKERS = (
    select(MEMBER.ref, MEMBER.name)
    .where(
        MEMBER.organisation_ref == bindparam("organisation"),
        MEMBER.left_at.is_(None),
        has_role(Role.WORKER),
    )
    .order_by(MEMBER.name, MEMBER.ref)
    .limit(MOST_CHOICES)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a one-time link offers: to work for this organisation, with these roles."""

    organisation_ref: str
    organisation: str
    name: str
    roles: frozenset[str]
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """An invitation that is open; `email` as it was typed in."""

    ref: str
    name: str
    email: str
    roles: frozenset[str]
    expires_at: datetime


def invite(
    tx: Transaction,
    keyring: Keyring,
    organisation: str,
    opener: Opener,
    *,
    name: str,
    email: str,
    roles: Collection[str],
) -> datetime | Verdict:
    """Send somebody a one-time link to become a member; answer until when it works."""
    allowed = judged_to_open(tx, organisation, opener, Act.INVITE)
    if isinstance(allowed, Verdict):
        return allowed
    kept, address, known = read_name(name), read_email(email), read_roles(roles)
    if kept is None:
        return Verdict.NAME_BAD
    if address is None:
        return Verdict.EMAIL_BAD
    if known is None:
        return Verdict.ROLES_BAD
    if tx.execute(_COUNT_OPEN, {"organisation": organisation}).scalar_one() >= MOST_INVITATIONS:
        return Verdict.FULL
    token, expires = random_token(), tx.now() + INVITATION_LASTS
    ref = insert_invitation(
        tx, keyring, organisation, token=token, name=kept, email=address, roles=known,
        by=allowed.by.member.ref, expires=expires,
    )  # fmt: skip
    send_link(tx, keyring, allowed.organisation, address, token)
    journal(tx, "member-invited", allowed, invitation=ref, roles=sorted(known))
    return expires


def insert_invitation(
    tx: Transaction,
    keyring: Keyring,
    organisation: str,
    *,
    token: str,
    name: str,
    email: str,
    roles: Collection[str],
    by: str,
    expires: datetime,
) -> str:
    """Write an invitation whose values were checked; answers its reference."""
    ref = random_ref()
    tx.execute(_INVITE, {
        "ref": ref, "token_digest": digest(token), "organisation_ref": organisation,
        "name": name, "email_sealed": keyring.sealer.seal(email, purpose=PURPOSE),
        "roles": sorted(roles), "invited_by": by, "created_at": tx.now(), "expires_at": expires,
    })  # fmt: skip
    return ref


def send_link(
    tx: Transaction, keyring: Keyring, organisation: Organisation, email: str, token: str
) -> None:
    """Write to somebody that they are invited, once this is committed."""
    values = {"organisation": organisation.name, "link": LINK + token}
    send(tx, keyring, Contact("email", email), Notice.MEMBER_INVITED, values)


def look_at(tx: Transaction, token: str) -> Offered | None:
    """Show what a link offers. None: used, cancelled, too old, or none of ours."""
    row = tx.execute(_LOOK, {"digest": digest(token)}).mappings().first()
    if row is None:
        return None
    return Offered(
        organisation_ref=row["organisation_ref"],
        organisation=row["organisation_name"],
        name=row["name"],
        roles=frozenset(row["roles"]),
        expires_at=row["expires_at"],
    )


def accept(tx: Transaction, token: str, account: str, names: Names) -> Offered | Verdict:
    """Become a member, in a session of one's own. Of two who open one link, one becomes it.

    An account that is a member already stays what it is, and does not use the link up. Neither
    does somebody who was proved to be called otherwise: a link may go astray. Whoever is to decide
    over others, which is more than to work, was proved.
    """
    found = tx.execute(_LOOK, {"digest": digest(token)}).mappings().first()
    organisation = lock(tx, found["organisation_ref"]) if found else None
    offered = look_at(tx, token)  # as it is now that nobody else can change it
    if found is None or organisation is None or offered is None:
        return Verdict.GONE
    if organisation.closed_at is not None or organisation.verified_at is None:
        return Verdict.GONE
    if organisation.suspended:
        return Verdict.ORGANISATION_SUSPENDED
    here = {"organisation": organisation.ref, "account": account}
    if tx.execute(_IS_HERE, here).first() is not None:
        return Verdict.MEMBER_ALREADY
    known = tx.execute(_PROVED_AS, {"account": account}).one()
    if known.family_name is None:
        if offered.roles & PROVED_ROLES:
            return Verdict.UNPROVED
    elif not is_called(names, offered.name, (known.given_name, known.family_name)):
        return Verdict.OTHER_NAME
    spent = tx.execute(_SPEND, {"invitation": found["ref"]}).first()
    if spent is None:
        return Verdict.GONE
    ref, roles = random_ref(), sorted(offered.roles)
    add_member(tx, organisation.ref, account, name=offered.name, roles=roles,
               by=spent.invited_by, ref=ref)  # fmt: skip
    detail = {"organisation": organisation.ref, "member": ref, "roles": roles,
              "invitation": found["ref"], "by": spent.invited_by}  # fmt: skip
    party = tx.execute(_PARTY_OF, {"account": account}).scalar_one()
    record(tx, Entry(kind="member-joined", person=party, detail=detail))
    return offered


def add_member(
    tx: Transaction,
    organisation: str,
    account: str,
    *,
    name: str,
    roles: Collection[str],
    by: str,
    ref: str | None = None,
) -> str:
    """Write a member down, who was checked before; answers their reference."""
    made = ref or random_ref()
    tx.execute(_JOIN, {
        "ref": made, "organisation_ref": organisation, "account_ref": account, "name": name,
        "roles": sorted(roles), "added_by": by, "joined_at": tx.now(),
    })  # fmt: skip
    return made


def cancel(tx: Transaction, organisation: str, account: str, invitation: str) -> Verdict:
    """Take an invitation back."""
    allowed = judged(tx, organisation, account, Act.CANCEL_INVITATION)
    if isinstance(allowed, Verdict):
        return allowed
    values = {"invitation": invitation, "organisation": organisation}
    if tx.execute(_CANCEL, values).first() is None:
        return Verdict.GONE
    journal(tx, "member-invitation-cancelled", allowed, invitation=invitation)
    return Verdict.ALLOWED


def change_roles(
    tx: Transaction, organisation: str, opener: Opener, member: str, roles: Collection[str]
) -> Verdict:
    """Change what another member may do, from their next request on.

    Whoever is to decide over others was proved, as by a link. `LEVEL` only where they get a role
    that they did not have.
    """
    allowed = judged(tx, organisation, opener.account, Act.CHANGE_ROLES, member=member)
    if isinstance(allowed, Verdict) or allowed.to is None:
        return allowed if isinstance(allowed, Verdict) else Verdict.GONE
    known, it = read_roles(roles), allowed.to.member
    if known is None:
        return Verdict.ROLES_BAD
    new = known - it.roles
    if new and not opener.may_open(tx, organisation):
        return Verdict.LEVEL
    if new & PROVED_ROLES:
        proved = tx.execute(_PROVED_AS, {"account": it.account_ref}).one()
        if proved.family_name is None:
            return Verdict.NOT_PROVED
    tx.execute(_ROLES, {"member": member, "new_roles": sorted(known)})
    taken_back = {} if Role.ADMIN in known else _cancel_theirs(tx, organisation, member)
    journal(tx, "member-roles-changed", allowed, roles=sorted(known), **taken_back)
    return Verdict.ALLOWED


def suspend(tx: Transaction, organisation: str, account: str, member: str) -> Verdict:
    """Stop another member for now: what is open to them stays theirs and cannot be used."""
    allowed = judged(tx, organisation, account, Act.SUSPEND, member=member)
    return _change(tx, allowed, _SUSPEND, "member-suspended")


def resume(tx: Transaction, organisation: str, opener: Opener, member: str) -> Verdict:
    """Let another member go on."""
    allowed = judged_to_open(tx, organisation, opener, Act.RESUME, member=member)
    return _change(tx, allowed, _RESUME, "member-resumed")


def remove(tx: Transaction, organisation: str, account: str, member: str) -> Verdict:
    """End a membership, one's own or another's. What was open to them: `delegation.assigning`."""
    allowed = judged(tx, organisation, account, Act.REMOVE, member=member)
    return _change(tx, allowed, _LEAVE, "member-left")


def _change(tx: Transaction, allowed: Allowed | Verdict, statement: Any, kind: str) -> Verdict:
    """Do an act on a member that was judged by one conditional statement, and record it."""
    if isinstance(allowed, Verdict):
        return allowed
    member = allowed.to.member.ref if allowed.to else ""
    if tx.execute(statement, {"member": member}).rowcount == 0:
        return Verdict.GONE
    more = _cancel_theirs(tx, allowed.organisation.ref, member) if statement is not _RESUME else {}
    journal(tx, kind, allowed, **more)
    return Verdict.ALLOWED


def _cancel_theirs(tx: Transaction, organisation: str, member: str) -> dict[str, list[str]]:
    """Take back the links that somebody sent out who may send none any more: else they would let
    in whom they like after they are gone. Answers which, for the journal."""
    values = {"member": member, "organisation": organisation}
    refs = sorted(tx.execute(_CANCEL_OF, values).scalars())
    return {"invitations": refs} if refs else {}


def list_members(
    tx: Transaction, organisation: str, *, after: str = ""
) -> tuple[list[Listed], str]:
    """List members by name, a page at a time, after the member `after`; and where to go on."""
    last = find_member(tx, organisation, after) if after else None
    values = {
        "organisation": organisation,
        "after_name": last.member.name if last else "",
        "after": last.member.ref if last else "",
    }
    found = [listed(row) for row in tx.execute(_LIST, values).mappings()]
    return found[:SHOWN], found[SHOWN - 1].member.ref if len(found) > SHOWN else ""


def workers(tx: Transaction, organisation: str) -> list[tuple[str, str]]:
    """List those to whom people can be assigned, by name: reference and name. `MOST_CHOICES`."""
    rows = tx.execute(_WORKERS, {"organisation": organisation})
    return [(row.ref, row.name) for row in rows]


def waiting(tx: Transaction, keyring: Keyring, organisation: str) -> list[Waiting]:
    """List the invitations that are open, by name."""
    return [
        Waiting(
            ref=row["ref"],
            name=row["name"],
            email=keyring.sealer.open(row["email_sealed"], purpose=PURPOSE),
            roles=frozenset(row["roles"]),
            expires_at=row["expires_at"],
        )
        for row in tx.execute(_WAITING, {"organisation": organisation}).mappings()
    ]


def member_addresses(tx: Transaction, organisation: str) -> list[str]:
    """Answer where all those who work for an organisation are written to."""
    return sorted(set(tx.execute(_ADDRESSES, {"organisation": organisation}).scalars()))


def admin_addresses(tx: Transaction, organisation: str) -> list[str]:
    """Answer where those who administer an organisation are written to."""
    return sorted(set(tx.execute(_ADMINS, {"organisation": organisation}).scalars()))
