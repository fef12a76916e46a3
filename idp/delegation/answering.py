"""Answer an offer: service by service, in the answerer's own session, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from idp.assurance.rules import Level
from idp.delegation import inviting, telling
from idp.delegation.actions import HeldMandate, find_bundle, sort_name
from idp.delegation.inviting import Way, agreed, open_way
from idp.delegation.lifecycle import Move, Party, State
from idp.delegation.limits import name_limit
from idp.delegation.moving import By, Moved, make_room, move, read
from idp.delegation.records import MandateInvitationRecord, MandateRecord
from idp.errors import Refusal
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest
from idp.notices.actions import Notice
from idp.organisations.actions import find, in_order
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.register.names import Names, is_named
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now
from idp.throttle.actions import reserve_within

MOST_NAMES = 5  # people whose names did not fit, before an offer is taken back

_I, _M = MandateInvitationRecord.__table__.c, MandateRecord.__table__.c
_INVITER = PersonRecord.__table__.alias("inviter")
_READ = (
    select(
        MandateInvitationRecord.__table__,
        OrganisationRecord.name.label("organisation_name"),
        OrganisationRecord.kind.label("organisation_kind"),
        (_INVITER.c.given_name + " " + _INVITER.c.family_name).label("inviter_name"),
        MemberRecord.account_ref.label("inviter_account"),
        or_(_I.closed_at.is_not(None), _I.expires_at <= db_now()).label("over"),
        or_(_I.organisation_ref.is_(None), in_order()).label("able"),
    )
    .join(OrganisationRecord, OrganisationRecord.ref == _I.organisation_ref, isouter=True)
    .join(_INVITER, _INVITER.c.ref == _I.invited_by, isouter=True)
    .join(MemberRecord, MemberRecord.ref == _I.invited_by, isouter=True)
    .where(_I.label_sealed.is_not(None))  # help in person has a row there, and is no offer
)
_BY_TOKEN = _READ.where(_I.token_digest == bindparam("digest"))
_BY_REF = _READ.where(_I.ref == bindparam("offer"))
_LOCK = select(_M.ref).where(_M.ref == bindparam("mandate")).with_for_update()
_LOCK_PERSON = (
    select(PersonRecord.ref)
    .where(PersonRecord.ref == bindparam("party"), PersonRecord.died_on.is_(None))
    .with_for_update(key_share=True)
)
_TRIED = (
    update(MandateInvitationRecord)
    .where(_I.ref == bindparam("offer"))
    .values(attempts=MandateInvitationRecord.attempts + 1)
    .returning(_I.attempts)
)
_FOR_ME = (
    select(_M.bundle)
    .where(_M.principal == bindparam("party"), _M.state == State.OFFERED,
           _M.answerer == Party.PRINCIPAL, _M.offer_expires > db_now())
    .distinct()
)  # fmt: skip
_BY_ME = select(_I.ref).where(
    _I.invited_by == bindparam("party"), _I.organisation_ref.is_(None),
    _I.token_digest.is_not(None), _I.closed_at.is_(None), _I.expires_at > db_now(),
).order_by(_I.created_at.desc())  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An offer as it is shown: from whom, and what. `from_name` was verified; `way` was typed.

    `answerer`: who says yes or no to it. `over`: it is closed, or its time is up. `able`: no
    organisation asks, or one that can act now.
    """

    ref: str
    channel: str
    organisation: str | None
    organisation_kind: str | None
    from_name: str
    invited_by: str
    inviter_account: str | None
    way: Way
    answerer: Party
    mandates: tuple[HeldMandate, ...]
    created_at: datetime
    expires_at: datetime
    chased_at: datetime | None
    batch: str | None
    over: bool
    able: bool = True

    @property
    def open(self) -> tuple[HeldMandate, ...]:
        """The services that still wait for an answer."""
        return tuple(one for one in self.mandates if one.state is State.OFFERED)

    @property
    def drafted(self) -> bool:
        """Written down, and not agreed to yet."""
        return bool(self.mandates) and all(one.state is State.DRAFT for one in self.mandates)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """Who answers: a proved person in a session of their own, and what they proved in it."""

    account: str
    person: str
    given_name: str
    family_name: str
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What an answer did: the mandates that are active now, and those that were refused."""

    accepted: tuple[str, ...]
    refused: tuple[str, ...]


def by_token(tx: Transaction, keyring: Keyring, token: str) -> Offer | None:
    """Find the offer that a link or a code stands for, answered or not; None for none."""
    row = tx.execute(_BY_TOKEN, {"digest": digest(inviting.plain_code(token))}).mappings().first()
    return None if row is None else _offer(tx, keyring, row)


def by_ref(tx: Transaction, keyring: Keyring, ref: str) -> Offer | None:
    """Find an offer; the caller checks whose it is."""
    row = tx.execute(_BY_REF, {"offer": ref}).mappings().first()
    return None if row is None else _offer(tx, keyring, row)


def waiting_for(tx: Transaction, keyring: Keyring, person: str) -> list[Offer]:
    """List what waits for a principal's answer because an organisation knows them."""
    refs = [row.bundle for row in tx.execute(_FOR_ME, {"party": person})]
    found = [by_ref(tx, keyring, ref) for ref in refs]
    return [one for one in found if one is not None and one.able and not one.over]


def made_by(tx: Transaction, keyring: Keyring, person: str) -> list[Offer]:
    """List what a person offered or asked for and nobody has answered, newest first."""
    refs = [row.ref for row in tx.execute(_BY_ME, {"party": person})]
    found = [by_ref(tx, keyring, ref) for ref in refs]
    return [one for one in found if one is not None and one.open]


def may_answer(offer: Offer, who: Answerer, names: Names) -> str | None:
    """Say why somebody may not answer an offer, as a code, or None.

    Nobody answers their own (I13), or to an organisation that is suspended or closed: a yes would
    end whoever helps now, for one that cannot (I12). An offer that names a helper is for whoever
    was proved to bear that name: a link may go astray. One that is known to be somebody's is theirs
    alone.
    """
    if who.person == offer.invited_by or who.account == offer.inviter_account:
        return "own-offer"
    if not offer.able:
        return "organisation"
    known = {one.principal for one in offer.mandates if one.principal is not None}
    if offer.answerer is Party.PRINCIPAL and known - {who.person}:
        return "somebody-else"
    typed = (offer.way.given_name, offer.way.family_name)
    if offer.answerer is Party.DELEGATE and not is_named(
        names, typed, (who.given_name, who.family_name)
    ):
        return "other-name"
    return None


def wrong_name(tx: Transaction, keyring: Keyring, offer: Offer, account: str) -> None:
    """Count an account whose name did not fit, once; the fifth takes the offer back."""
    if reserve_within(tx, keyring, [name_limit(offer.ref, account)]) is not None:
        return
    attempts = tx.execute(_TRIED, {"offer": offer.ref}).scalar_one()
    if attempts >= MOST_NAMES:
        inviting.cancel(tx, offer.ref, By(party=Party.SYSTEM, who="system"))
        telling.tell_principal(tx, keyring, offer.invited_by, Notice.OFFER_ANSWERED)


def answer(
    tx: Transaction,
    keyring: Keyring,
    offer: Offer,
    who: Answerer,
    choices: Mapping[str, bool],
    *,
    said: Mapping[str, Sequence[str]],
    names: Names,
    passing_on: Mapping[str, int] | None = None,
) -> Answered | Refusal:
    """Accept or refuse services of an offer; what `choices` does not name stays open.

    Each move is conditional, so of an acceptance, a refusal, a cancellation and the end of the
    offer's time exactly one comes about (I5). `said` are the words that were shown, by mandate, of
    each those about it alone: a principal's yes keeps them, and a no nothing. What a new permission
    takes the place of ends with it. Both are told at once. `passing_on`: how often the principal
    lets the helper pass on which of them, said in `said`; never, where it does not name one.
    """
    firm = find(tx, offer.organisation) if offer.organisation else None
    offer = replace(offer, able=firm.in_order) if firm else offer
    barred = may_answer(offer, who, names)
    if barred is not None:
        return Refusal(barred, "this person may not answer it")
    if tx.execute(_LOCK_PERSON, {"party": who.person}).first() is None:
        return Refusal("unknown", "there is no such living person")
    accepted, refused = [], []
    for mandate in offer.mandates:
        wanted = choices.get(mandate.ref)
        if wanted is None:
            continue
        by = By(party=offer.answerer, who=who.person)
        if not wanted:
            if isinstance(move(tx, mandate.ref, Move.REFUSE, by), Moved):
                refused.append(mandate.ref)
        elif _accept(tx, offer, who, mandate.ref, by, said[mandate.ref],
                     (passing_on or {}).get(mandate.ref, 0)):  # fmt: skip
            accepted.append(mandate.ref)
    inviting.close(tx, offer.ref)
    if accepted or refused:
        _tell(tx, keyring, offer, who, bool(accepted))
    return Answered(accepted=tuple(accepted), refused=tuple(refused))


def _accept(
    tx: Transaction, offer: Offer, who: Answerer, ref: str, by: By, said: Sequence[str],
    max_chain: int,
) -> bool:  # fmt: skip
    # Locked first: what it takes the place of may only end if it really comes about.
    tx.execute(_LOCK, {"mandate": ref}).first()
    row = read(tx, ref)
    if row is None or row.reads_as is not State.OFFERED:
        return False
    now = row.now
    if offer.answerer is Party.PRINCIPAL:
        principal, delegate = who.person, row.delegate or ""
        values: dict[str, Any] = {
            "principal": who.person, "max_chain": max_chain, **agreed(said, who.level),
        }  # fmt: skip
    else:
        principal, delegate = row.principal or "", who.person
        values = {"delegate": who.person}
        # The principal too is locked: of two exclusive helpers who say yes at once one is left.
        if tx.execute(_LOCK_PERSON, {"party": principal}).first() is None:
            return False
    expires = row.expires
    if expires is None and row.term_days is not None:
        expires = now + timedelta(days=row.term_days)
    if principal == delegate or (expires is not None and expires <= now):
        return False
    values |= {"starts": now, "expires": expires, "principal_sort": sort_name(tx, principal)}
    make_room(tx, principal=principal, delegate=delegate, service=row.service,
              exclusive=row.exclusive, but=ref)  # fmt: skip
    return isinstance(move(tx, ref, Move.ACCEPT, by, values=values), Moved)


def _tell(tx: Transaction, keyring: Keyring, offer: Offer, who: Answerer, yes: bool) -> None:
    """Whoever asked hears that there is an answer; a principal, that they have a helper now."""
    if offer.answerer is Party.DELEGATE:
        told = Notice.HELPER_ADDED if yes else Notice.OFFER_ANSWERED
        telling.tell_principal(tx, keyring, offer.invited_by, told, [who.person])
        return
    if yes:
        helper = [] if offer.organisation else [offer.invited_by]
        telling.tell_principal(tx, keyring, who.person, Notice.HELPER_ADDED, helper)
    if offer.organisation is None:
        telling.tell_delegate(tx, keyring, offer.invited_by, Notice.OFFER_ANSWERED)


def _offer(tx: Transaction, keyring: Keyring, row: Mapping[str, Any]) -> Offer:
    mandates = tuple(find_bundle(tx, row["ref"]))
    return Offer(
        ref=row["ref"], channel=row["channel"], organisation=row["organisation_ref"],
        organisation_kind=row["organisation_kind"],
        from_name=row["organisation_name"] or row["inviter_name"] or "",
        invited_by=row["invited_by"], inviter_account=row["inviter_account"],
        way=open_way(keyring, row),
        answerer=mandates[0].answerer if mandates else Party.PRINCIPAL,
        mandates=mandates, created_at=row["created_at"], expires_at=row["expires_at"],
        chased_at=row["chased_at"], batch=row["batch"], over=row["over"], able=row["able"],
    )  # fmt: skip
