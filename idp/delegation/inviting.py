"""Offer a permission: a principal names a helper, somebody asks to help, an organisation asks.

An offer is a bundle of mandates, one a service, and an invitation that carries the way to its
answer. Whoever has to answer may have no account yet.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from idp.assurance.rules import Level
from idp.delegation.actions import insert_mandate
from idp.delegation.lifecycle import OFFER_LASTS, Move, Party, State
from idp.delegation.moving import By, Moved, move, read_bundle
from idp.delegation.offers import Asked, At, Term, hash_of
from idp.delegation.records import MandateInvitationRecord
from idp.errors import Refusal
from idp.journal.actions import Entry, random_spoken, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.notices.actions import Contact, Notice, send
from idp.organisations.actions import in_order, standing
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction, db_now

DRAFT_LASTS = timedelta(days=1)
CODE_CHARACTERS = 12  # of 30: some 2^59, with so few tries that none is found
LONGEST_CODE = 24
BASIS = "invitation"
OWN = "own"
SEE_ALL = frozenset({"admin", "assigner"})  # whose members see whom the others have asked

_I = MandateInvitationRecord.__table__.c
INSERT = insert(MandateInvitationRecord)
_OPEN = (_I.closed_at.is_(None), _I.expires_at > db_now())
_DRAFT = select(MandateInvitationRecord.__table__).where(_I.ref == bindparam("offer"))
_SENT = (
    update(MandateInvitationRecord)
    .where(_I.ref == bindparam("offer"), _I.token_digest.is_(None), *_OPEN)
    .values(
        token_digest=bindparam("digest"),
        contact_sealed=bindparam("sealed"),
        expires_at=bindparam("until"),
    )
)
_CLOSE = (
    update(MandateInvitationRecord)
    .where(_I.ref == bindparam("offer"), _I.closed_at.is_(None))
    .values(closed_at=db_now())
)
_FIRM = (
    select(
        OrganisationRecord.ref.label("organisation"),
        OrganisationRecord.name,
        OrganisationRecord.kind,
        MemberRecord.ref.label("member"),
        MemberRecord.roles,
    )
    .join(MemberRecord, MemberRecord.organisation_ref == OrganisationRecord.ref)
    .where(
        MemberRecord.account_ref == bindparam("account"),
        MemberRecord.left_at.is_(None),
        MemberRecord.suspended_at.is_(None),
        in_order(),
    )
    .order_by(OrganisationRecord.name, OrganisationRecord.ref)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """An organisation and the member of it who invites. `name` was verified by two officers.
    `party` is how the journal names the member."""

    organisation: str
    name: str
    kind: str
    member: str
    roles: tuple[str, ...]
    account: str
    party: str = ""

    @property
    def only_of(self) -> str | None:
        """The member whose offers alone are shown here; None: everybody's. People are closed to
        whoever is not assigned them (I11), and so is it whom the others asked."""
        return None if SEE_ALL & set(self.roles) else self.member


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How an invitation reaches its reader, opened. `token` is in its link, or typed in."""

    given_name: str
    family_name: str
    email: str | None = None
    token: str | None = None
    facts: Mapping[str, str] | None = None


def firms_of(tx: Transaction, account: str) -> list[Firm]:
    """List the organisations for which an account may invite now, by name."""
    return [
        Firm(organisation=row.organisation, name=row.name, kind=row.kind, member=row.member,
             roles=tuple(row.roles), account=account)
        for row in tx.execute(_FIRM, {"account": account})
    ]  # fmt: skip


def firm_of(tx: Transaction, account: str, organisation: str) -> Firm | None:
    """Answer one of them, or None."""
    found = standing(tx, organisation, account)
    if found is None or not found[0].in_order or found[1].member.suspended:
        return None
    firm, by = found
    return Firm(organisation=firm.ref, name=firm.name, kind=firm.kind, member=by.member.ref,
                roles=tuple(sorted(by.member.roles)), account=account, party=by.party)  # fmt: skip


def draft(
    tx: Transaction,
    keyring: Keyring,
    asked: Asked,
    way: Way,
    *,
    person: str,
    answerer: Party,
    exclusive: frozenset[str],
) -> str:
    """Write down what a person chose, before they have seen the words; answers its reference.

    `answerer` delegate: `person` gives; principal: `person` asks to be given. A draft that is not
    agreed to within a day comes to nothing.
    """
    now, ref = tx.now(), random_ref()
    gives = answerer is Party.DELEGATE
    _invitation(tx, keyring, ref, way, channel="own", by=person, now=now, lasts=DRAFT_LASTS)
    for service, powers in sorted(asked.services.items()):
        insert_mandate(
            tx, state=State.DRAFT, bundle=ref, principal=person if gives else None,
            delegate=None if gives else person, service=service, powers=powers,
            basis=OWN if gives else BASIS, created_by=person, now=now, answerer=answerer,
            exclusive=service in exclusive, term_days=asked.term.days, single_use=asked.term.once,
            expires=asked.term.until,
        )  # fmt: skip
    return ref


def offer(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    *,
    person: str,
    said: Mapping[str, Sequence[str]],
    level: Level,
) -> str | Refusal:
    """Send what a person drafted, at the press of "agree"; answers the token of its link.

    `said` are the words that were on the page, by mandate, of each those about it alone: they and
    their hash are kept with it. `level` is what the person proved now. Of two presses one sends it.
    """
    row = tx.execute(_DRAFT, {"offer": ref}).mappings().first()
    if row is None or row["invited_by"] != person or row["token_digest"] is not None:
        return Refusal("offer-gone", "this was sent before, or is not there")
    mandates = read_bundle(tx, ref)
    ends = [one.expires for one in mandates if one.expires is not None]
    until = min([tx.now() + OFFER_LASTS, *ends])
    gives = mandates[0].standing.answerer is Party.DELEGATE
    by = By(party=Party.PRINCIPAL if gives else Party.DELEGATE, who=person)
    done = []
    for one in mandates:
        values = {"offer_expires": until} | (agreed(said[one.ref], level) if gives else {})
        done.append(move(tx, one.ref, Move.OFFER, by, values=values, row=one))
    if not all(isinstance(one, Moved) for one in done) or until <= tx.now():
        raise OfferRaced
    way, token = open_way(keyring, row), random_token()
    sent = {"offer": ref, "digest": digest(token), "until": until,
            "sealed": _seal_contact(keyring, ref, way.email, token)}  # fmt: skip
    if tx.execute(_SENT, sent).rowcount != 1:
        raise OfferRaced
    if way.email:
        notice = Notice.HELP_ASKED if gives else Notice.HELPER_OFFERED
        send(tx, keyring, Contact("email", way.email), notice,
             {"link": link_of(token), "when": until.isoformat()})  # fmt: skip
    return token


class OfferRaced(Exception):
    """Somebody else pressed in the same moment: what this press did is undone."""


def invite(
    tx: Transaction,
    keyring: Keyring,
    firm: Firm,
    asked: Asked,
    way: Way,
    *,
    channel: str,
    exclusive: frozenset[str],
    ref: str | None = None,
) -> str:
    """Offer in an organisation's name to whoever holds the link, code or mail; answers the offer.

    `channel` is link, email or paper. `ref`: an invitation that is there already.
    """
    now, token = tx.now(), new_code() if channel == "paper" else random_token()
    lasts = lasting(asked.term, now)
    if ref is None:
        ref = random_ref()
        _invitation(
            tx, keyring, ref, way, channel=channel, by=firm.member, now=now, lasts=lasts,
            organisation=firm.organisation, token=token,
        )  # fmt: skip
    else:
        sent = {"offer": ref, "digest": digest(plain_code(token)), "until": now + lasts,
                "sealed": _seal_contact(keyring, ref, way.email, token)}  # fmt: skip
        tx.execute(_SENT, sent)
    make_offers(tx, firm, asked, bundle=ref, exclusive=exclusive, until=now + lasts)
    if way.email:
        send(tx, keyring, Contact("email", way.email), Notice.HELPER_OFFERED,
             {"link": link_of(token), "when": (now + lasts).isoformat()})  # fmt: skip
    return ref


def make_offers(
    tx: Transaction,
    firm: Firm,
    asked: Asked,
    *,
    bundle: str,
    exclusive: frozenset[str],
    until: datetime,
) -> None:
    """Write an organisation's offers, one a service, to nobody who is known yet."""
    for service, powers in sorted(asked.services.items()):
        ref = insert_mandate(
            tx, state=State.OFFERED, bundle=bundle, principal=None,
            delegate=firm.organisation, service=service, powers=powers, basis=BASIS,
            created_by=firm.member, now=tx.now(), answerer=Party.PRINCIPAL,
            delegate_kind="organisation", exclusive=service in exclusive,
            term_days=asked.term.days, single_use=asked.term.once,
            expires=asked.term.until, offer_expires=until,
        )  # fmt: skip
        detail = {"service": service, "powers": sorted(set(powers)), "who": firm.member}
        record(tx, Entry(kind="mandate-offered", actor=firm.party or firm.account,
                         mandate_ref=ref, detail=detail))  # fmt: skip


def agreed(said: Sequence[str], level: Level) -> dict[str, Any]:
    """What a mandate keeps of its principal's word: the words, their hash, and the level."""
    return {
        "text_hash": hash_of(said),
        "evidence": [{"type": "words", "hash": hash_of(said), "held_by": "gatehouse",
                      "words": list(said)}],
        "grant_identity": level.identity,
        "grant_sign_in": level.sign_in,
    }  # fmt: skip


def close(tx: Transaction, ref: str) -> None:
    """Close an invitation of which nothing is open any more."""
    if all(one.reads_as is not State.OFFERED for one in read_bundle(tx, ref)):
        tx.execute(_CLOSE, {"offer": ref})


def cancel(tx: Transaction, ref: str, by: By) -> int:
    """Take back what is still open of an offer; answers how many services. The caller has checked
    that it is `by`'s own."""
    moved = [move(tx, one.ref, Move.CANCEL, by, row=one) for one in read_bundle(tx, ref)]
    close(tx, ref)
    return sum(isinstance(one, Moved) for one in moved)


def open_way(keyring: Keyring, row: Mapping[str, Any]) -> Way:
    """Open what an invitation's row holds sealed."""
    purpose = invitation_purpose(row["ref"])
    name = json.loads(keyring.sealer.open(row["label_sealed"], purpose=purpose))
    told = json.loads(keyring.sealer.open(row["contact_sealed"], purpose=purpose))
    return Way(**name, **told)


def sealed_way(keyring: Keyring, ref: str, way: Way) -> dict[str, str]:
    """The two sealed columns of an invitation."""
    purpose = invitation_purpose(ref)
    name = {"given_name": way.given_name, "family_name": way.family_name}
    told = {"email": way.email, "token": way.token, "facts": way.facts}
    return {
        "label_sealed": keyring.sealer.seal(json.dumps(name), purpose=purpose),
        "contact_sealed": keyring.sealer.seal(json.dumps(told), purpose=purpose),
    }


def lasting(term: Term, now: datetime) -> timedelta:
    """How long an offer made now may be answered: 21 days, and never past the term's own end."""
    return OFFER_LASTS if term.until is None else min(OFFER_LASTS, term.until - now)


def link_of(token: str) -> str:
    """The path that a link leads to."""
    return f"/invitation/{token}"


def new_code() -> str:
    """A code for a letter: twelve characters that nobody takes for another, in threes of four."""
    code = random_spoken(CODE_CHARACTERS)
    return "-".join(code[start : start + 4] for start in range(0, CODE_CHARACTERS, 4))


def plain_code(typed: str) -> str:
    """A token as it is; a code as we keep it, however it was typed."""
    if len(typed) > LONGEST_CODE:
        return typed
    return "".join(letter for letter in typed.upper() if letter.isalnum())


def _invitation(
    tx: Transaction,
    keyring: Keyring,
    ref: str,
    way: Way,
    *,
    channel: str,
    by: str,
    now: datetime,
    lasts: timedelta,
    organisation: str | None = None,
    token: str | None = None,
) -> None:
    way = Way(given_name=way.given_name, family_name=way.family_name, email=way.email,
              token=token, facts=way.facts)  # fmt: skip
    tx.execute(
        INSERT.values(
            ref=ref, channel=channel, organisation_ref=organisation, invited_by=by,
            token_digest=digest(plain_code(token)) if token else None, created_at=now,
            expires_at=now + lasts, attempts=0, waiting=False, **sealed_way(keyring, ref, way),
        )
    )  # fmt: skip


def _seal_contact(keyring: Keyring, ref: str, email: str | None, token: str) -> str:
    told = {"email": email, "token": token, "facts": None}
    return keyring.sealer.seal(json.dumps(told), purpose=invitation_purpose(ref))


def invitation_purpose(ref: str) -> str:
    """Bind what an inviter typed to the invitation it is for."""
    return f"offer {ref}"


__all__ = ["At", "Firm", "OfferRaced", "Way", "agreed", "cancel", "draft", "invite", "offer"]
