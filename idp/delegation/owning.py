"""After the yes: go on with one press, end quietly, give back; and a firm's offers, chased."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import bindparam, select, update

from idp.assurance.rules import Level
from idp.delegation import known, telling
from idp.delegation.actions import HeldMandate, find, held_by
from idp.delegation.inviting import link_of, open_way
from idp.delegation.lifecycle import HELD, LONGEST_DAYS, REVIEW_NOTICE, Move, Party, Reason, State
from idp.delegation.moving import By, Moved, move
from idp.delegation.records import MandateInvitationRecord
from idp.errors import Refusal
from idp.journal.records import JournalEntry
from idp.keyring.ring import Keyring
from idp.notices.actions import Contact, Notice, send
from idp.outbox.actions import NOW
from idp.storage import Transaction, db_now

LISTED = 100  # offers on one page
_ENDED_BY = select(JournalEntry.detail).where(JournalEntry.reference == bindparam("reference"))
_I = MandateInvitationRecord.__table__.c
_WAITS = (_I.organisation_ref == bindparam("firm"), _I.closed_at.is_(None),
          _I.expires_at > db_now())  # fmt: skip
_NAMED = _I.label_sealed.is_not(None)  # an offer: help in person has a row of its own there
_CHASE = (
    update(MandateInvitationRecord)
    .where(
        *_WAITS, _I.chased_at.is_(None), _I.waiting.is_(False), _I.channel.in_(["email", "facts"])
    )
    .values(chased_at=db_now())
    .returning(_I.ref, _I.channel, _I.label_sealed, _I.contact_sealed, _I.expires_at)
)
_CHASE_ONE = _CHASE.where(_I.ref == bindparam("offer"))
_BY_ONE = _I.invited_by == bindparam("member")
_OFFERS = (
    select(_I.ref)
    .where(_I.organisation_ref == bindparam("firm"), _I.waiting.is_(False), _NAMED)
    .order_by(_I.created_at.desc(), _I.ref)
    .limit(LISTED + 1)
    .offset(bindparam("skipped"))
)
_UNANSWERED = (
    select(_I.ref)
    .where(*_WAITS, _I.waiting.is_(False), _NAMED)
    .order_by(_I.created_at, _I.ref)
    .limit(LISTED + 1)
    .offset(bindparam("skipped"))
)


def end(
    tx: Transaction, keyring: Keyring, ref: str, *, principal: str, quiet: bool = False
) -> HeldMandate | None:
    """End a permission at its principal's word, and tell the helper; None: it is not theirs.

    `quiet`: it ends just as soon, and the helper is told a day later, so that somebody who is
    watched has left the room by then.
    """
    found = find(tx, ref)
    if found is None or found.principal != principal:
        return None
    by = By(party=Party.PRINCIPAL, who=principal)
    detail = {"quiet": True} if quiet else None
    moved = move(tx, ref, Move.END, by, reason=Reason.BY_PRINCIPAL, detail=detail)
    if not isinstance(moved, Moved):
        return found
    if found.delegate_kind == "person":
        telling.tell_delegate(tx, keyring, found.delegate, Notice.HELPING_ENDED,
                              after=telling.QUIET_FOR if quiet else NOW)  # fmt: skip
    return find(tx, ref)


def as_helper_sees(tx: Transaction, mandate: HeldMandate) -> HeldMandate:
    """A permission as the pages of its helper show it: one that was ended quietly stands there
    unchanged for a day. It is over all the same, and whoever uses it is refused."""
    if mandate.ended_at is None or tx.now() - mandate.ended_at >= telling.QUIET_FOR:
        return mandate
    if mandate.expires is not None and mandate.expires <= tx.now():
        return mandate
    asked = {"reference": mandate.ended_reference}
    detail = tx.execute(_ENDED_BY, asked).scalar_one_or_none() or {}
    if detail.get("quiet") is not True:
        return mandate
    return replace(mandate, state=State.ACTIVE, ended_at=None, ended_reason=None,
                   ended_reference=None)  # fmt: skip


def helped_by(tx: Transaction, person: str) -> list[HeldMandate]:
    """What somebody may do for others, as their own page shows it. A new permission takes the
    place of one that was ended quietly, as it takes the place of any other."""
    known = held_by(tx, person)
    now = {(one.principal, one.service) for one in known if one.state in HELD}
    seen = [(one, as_helper_sees(tx, one)) for one in known]
    return [
        shown
        for one, shown in seen
        if shown.state in HELD and (one.state in HELD or (one.principal, one.service) not in now)
    ]


def resign(tx: Transaction, keyring: Keyring, ref: str, *, delegate: str) -> HeldMandate | None:
    """Give a permission back; None: it is not this person's. The principal is told."""
    found = find(tx, ref)
    if found is None or found.delegate != delegate or found.delegate_kind != "person":
        return None
    moved = move(tx, ref, Move.END, By(party=Party.DELEGATE, who=delegate),
                 reason=Reason.RESIGNED)  # fmt: skip
    if isinstance(moved, Moved):
        telling.tell_principal(tx, keyring, found.principal, Notice.OFFER_ANSWERED)
    return find(tx, ref)


def may_renew(mandate: HeldMandate, tx: Transaction) -> bool:
    """Say whether a permission is one that its principal can let go on now: it has an end, and
    that is at most 30 days off."""
    if mandate.state is not State.ACTIVE or mandate.expires is None:
        return False
    return not mandate.single_use and mandate.expires - tx.now() <= REVIEW_NOTICE


def renew(
    tx: Transaction, ref: str, *, principal: str, level: Level, longest_days: int
) -> HeldMandate | Refusal | None:
    """Let a permission go on for as long again, from its end; None: it is not this principal's.

    `level` is what they proved now: what the service needs was asked for by the caller.
    """
    found = find(tx, ref)
    if found is None or found.principal != principal:
        return None
    if not may_renew(found, tx) or found.expires is None or found.starts is None:
        return Refusal("not-yet", "it can go on in the last 30 days of its term only")
    days = found.term_days or max(1, (found.expires - found.starts).days)
    most = tx.now() + timedelta(days=min(longest_days, LONGEST_DAYS))
    until = min(found.expires + timedelta(days=days), most)
    if until <= found.expires:  # the service lets it last no longer now: nothing is cut short here
        return Refusal("no-longer", "the service allows no longer term")
    values = {"expires": until, "reminded_at": None, "grant_identity": level.identity,
              "grant_sign_in": level.sign_in}  # fmt: skip
    by = By(party=Party.PRINCIPAL, who=principal)
    detail = {"until": until.isoformat(), "level": str(level)}
    if not isinstance(move(tx, ref, Move.RENEW, by, values=values, detail=detail), Moved):
        return Refusal("changed", "it changed in the same moment")
    return find(tx, ref)


def offers_of(
    tx: Transaction, organisation: str, *, unanswered: bool, page: int, only_of: str | None = None
) -> tuple[list[str], bool]:
    """List an organisation's offers: all, newest first, or those without an answer, oldest first;
    and whether there are more. `page` counts from 0; `only_of` is the one member who made them."""
    statement = _UNANSWERED if unanswered else _OFFERS
    values = {"firm": organisation, "skipped": LISTED * page}
    if only_of is not None:
        statement, values = statement.where(_BY_ONE), values | {"member": only_of}
    rows = tx.execute(statement, values).all()
    return [row.ref for row in rows[:LISTED]], len(rows) > LISTED


def chase(
    tx: Transaction,
    keyring: Keyring,
    organisation: str,
    offer: str | None = None,
    *,
    only_of: str | None = None,
) -> int:
    """Remind whoever has not answered an organisation's offers, each once; answers how many.

    `offer`: this one alone; `only_of`: those that this member made. Who was asked by facts is
    reminded by the worker, if there is anybody:
    the number that comes back counts them all the same (I14).
    """
    values = {"firm": organisation} | ({"offer": offer} if offer else {})
    statement = _CHASE_ONE if offer else _CHASE
    if only_of is not None:
        statement, values = statement.where(_BY_ONE), values | {"member": only_of}
    rows = tx.execute(statement, values).mappings().all()
    for row in rows:
        if row["channel"] == "facts":
            known.remind(tx, row["ref"])
            continue
        remind_by_mail(tx, keyring, row)
    return len(rows)


def remind_by_mail(tx: Transaction, keyring: Keyring, row: dict[str, object]) -> None:
    """Send the link of an offer once more, where it went by e-mail."""
    way, until = open_way(keyring, row), row["expires_at"]
    if way.email and way.token and hasattr(until, "isoformat"):
        send(tx, keyring, Contact("email", way.email), Notice.OFFER_WAITS,
             {"link": link_of(way.token), "when": until.isoformat()})  # fmt: skip


__all__: Sequence[str] = (
    "as_helper_sees", "chase", "end", "may_renew", "offers_of", "remind_by_mail", "renew", "resign",
)  # fmt: skip
