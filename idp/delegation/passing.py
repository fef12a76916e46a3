"""Pass a mandate on: an organisation lets another one do a part of what it may do itself (I9).

The child stands on its parent: liveness asks for both, and the end of the parent ends it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, select

from idp.assurance.policy import Policies
from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.callers import acting
from idp.callers.authority import WORKER, Bar, Wish, allows, bar
from idp.delegation import offline, telling
from idp.delegation.actions import (
    HELD_ROWS,
    HeldMandate,
    find,
    held,
    insert_mandate,
    record_given,
)
from idp.delegation.lifecycle import HELD, Move, Party, Reason, State
from idp.delegation.moving import By, Moved, move
from idp.delegation.opening import Opener
from idp.delegation.records import MandateRecord
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Contact, Notice, send
from idp.organisations.actions import standing
from idp.organisations.members import admin_addresses
from idp.organisations.records import OrganisationRecord
from idp.storage import Transaction

MAY_PASS_ON = frozenset({"admin", "assigner"})
MOST_LINKS = 2  # liveness asks for a parent and a grandparent, and for no more
_M = MandateRecord
_PARENT = (
    select(
        _M.principal, _M.principal_kind, _M.principal_sort, _M.delegate, _M.delegate_kind,
        _M.service, _M.powers, _M.exclusive, _M.basis, _M.state, _M.starts, _M.expires,
        _M.single_use, _M.authority_ref, _M.parent_ref, _M.max_chain, _M.purpose,
        _M.grant_identity, _M.grant_sign_in, _M.evidence, _M.evidence_identity,
        _M.evidence_sign_in, _M.min_identity, _M.min_sign_in,
    )
    .where(_M.ref == bindparam("mandate"))
    .with_for_update()
)  # fmt: skip
_UP = select(_M.delegate, _M.parent_ref).where(_M.ref == bindparam("mandate"))
_TO = select(
    OrganisationRecord.name,
    OrganisationRecord.closed_at,
    OrganisationRecord.verified_at,
    OrganisationRecord.suspends_at,
).where(OrganisationRecord.ref == bindparam("organisation"))  # fmt: skip
_HAS = select(_M.ref).where(
    _M.principal == bindparam("of_principal"), _M.delegate == bindparam("to_delegate"),
    _M.service == bindparam("on_service"), _M.state.in_(list(HELD)),
).limit(1)  # fmt: skip
# What the principal has ended alone stays ended: it is not passed on to the same again.
_UNWANTED = select(_M.ref).where(
    _M.parent_ref == bindparam("of_parent"), _M.delegate == bindparam("to_delegate"),
    _M.ended_reason == Reason.BY_PRINCIPAL,
).limit(1)  # fmt: skip
_CHILDREN = HELD_ROWS.where(
    MandateRecord.__table__.c.parent_ref == bindparam("of_parent"),
    MandateRecord.__table__.c.state.in_(list(HELD)),
).order_by(MandateRecord.__table__.c.created_at, MandateRecord.__table__.c.ref)


class Problem(StrEnum):
    """Why a mandate is not passed on, beside what keeps its holder from using it (`Bar`)."""

    ROLE_LACKING = "role-lacking"
    NOT_AN_ORGANISATION = "delegate-is-a-person"
    NOT_PASSED_ON = "service-lets-nobody-pass-on"
    CHAIN = "chain-too-long"
    ONE_HAND = "held-alone-or-once-or-together"
    POWERS = "powers-beyond-parent"
    TERM = "term-beyond-parent"
    ORGANISATION = "organisation-cannot-take-it"
    IN_THE_CHAIN = "organisation-in-the-chain"
    HELD = "held-already"
    UNWANTED = "principal-ended-it-before"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a mandate is, as far as passing it on goes. `depth`: how often it was passed on so far.

    `one_hand`: it is exclusive, for one use, or of several who act together. None: open-ended.
    """

    powers: frozenset[str]
    expires: datetime | None
    max_chain: int
    depth: int
    one_hand: bool


# Said in one way: an organisation learns nothing about another, or about whom that one helps.
NOT_TO_THIS = frozenset(
    {Problem.ORGANISATION, Problem.IN_THE_CHAIN, Problem.HELD, Problem.UNWANTED}
)


def may_allow(
    entry: ServicePowersEntry | None, *, delegate_kind: str | None, exclusive: bool, once: bool
) -> int:
    """Say how often a helper may pass a permission on if its principal lets them; 0: never. Pure.

    Only an organisation may, where the service's catalogue allows it, and never what one alone
    holds or what is for one visit.
    """
    if entry is None or delegate_kind != "organisation" or exclusive or once:
        return 0
    return min(entry.passed_on, MOST_LINKS)


def judge(
    link: Link, entry: ServicePowersEntry | None, *, powers: Collection[str],
    expires: datetime | None, now: datetime,
) -> Problem | None:  # fmt: skip
    """Say what is wrong with passing a mandate on so. Pure.

    The service's catalogue decides whether it may be at all, and how often; the principal's
    mandate how often it may further. Powers are among the parent's, the term within its term.
    """
    if entry is None or not entry.passed_on:
        return Problem.NOT_PASSED_ON
    if link.max_chain < 1 or link.depth >= min(entry.passed_on, MOST_LINKS):
        return Problem.CHAIN
    if link.one_hand:
        return Problem.ONE_HAND
    wanted = frozenset(powers)
    if not wanted or entry.unknown(wanted):
        return Problem.POWERS
    # "All" may be passed on whole only by who has it: what a service adds later is in it.
    if (ALL in wanted and ALL not in link.powers) or not allows(link.powers, wanted):
        return Problem.POWERS
    if expires is None:
        return None if link.expires is None and entry.open_ended else Problem.TERM
    latest = now + timedelta(days=entry.longest_days) if link.expires is None else link.expires
    return None if now < expires <= latest else Problem.TERM


def pass_on(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    ref: str,
    *,
    opener: Opener,
    to: str,
    powers: Sequence[str],
    expires: datetime | None,
) -> str | Problem | Bar:
    """Let the organisation `to` do a part of what a mandate allows; answer the new reference.

    `opener` is a member who administers or assigns at the organisation that holds it. The parent
    is locked until the commit: of passing on and ending at once, either nothing is passed on, or
    the end takes the child along. The principal and those who administer `to` are told.
    """
    parent = tx.execute(_PARENT, {"mandate": ref}).mappings().first()
    asked = acting.ask(tx, ref, account_ref=opener.account, person_ref=None)
    if parent is None or asked is None:
        return Bar.UNKNOWN
    firm = asked.facts.organisation
    if firm is None:
        return Problem.NOT_AN_ORGANISATION
    if not firm.roles & MAY_PASS_ON:
        return Problem.ROLE_LACKING if firm.member else Bar.NOT_A_MEMBER
    service = parent["service"]
    floor = policies.floor(service)
    standing = replace(firm, roles=firm.roles | {WORKER}, assigned=True)
    why = bar(
        replace(asked.facts, organisation=standing),
        Wish(service=service, level=opener.level, needed=floor, floor=floor),
    )
    if why is not None:
        return why
    if not opener.may_open(tx, asked.delegate):
        return Bar.LEVEL
    chain, now = _chain(tx, ref), tx.now()
    link = Link(
        powers=frozenset(parent["powers"]), expires=parent["expires"],
        max_chain=parent["max_chain"], depth=len(chain) - 1,
        one_hand=parent["exclusive"] or parent["single_use"] or bool(parent["authority_ref"]),
    )  # fmt: skip
    entry = policies.powers.get(service)
    problem = judge(link, entry, powers=powers, expires=expires, now=now)
    if problem is None:
        problem = _taker(tx, to, chain, ref, parent["principal"], service, now)
    if problem is not None:
        return problem
    same = ("principal_kind", "principal_sort", "purpose", "grant_identity", "grant_sign_in",
            "evidence", "evidence_identity", "evidence_sign_in", "min_identity",
            "min_sign_in")  # fmt: skip
    child = insert_mandate(
        tx, state=State.ACTIVE, bundle=random_ref(), principal=parent["principal"], delegate=to,
        service=service, powers=powers, basis=parent["basis"],
        created_by=asked.member_ref or opener.account, now=now, delegate_kind="organisation",
        starts=now, expires=expires, parent_ref=ref, max_chain=parent["max_chain"] - 1,
        decided_at=now, decided_by=asked.member_ref, **{name: parent[name] for name in same},
    )  # fmt: skip
    detail = {"service": service, "powers": sorted(set(powers)), "by": "delegate",
              "who": asked.member_ref, "parent": ref, "from": parent["delegate"]}  # fmt: skip
    record_given(tx, child, parent["principal"], to, "organisation", detail)
    _tell(tx, keyring, child, Notice.HELPER_PASSED_ON)
    for address in admin_addresses(tx, to):
        told = {"organisation": tx.execute(_TO, {"organisation": to}).one().name,
                "link": f"/helping/organisations/{to}"}  # fmt: skip
        send(tx, keyring, Contact("email", address), Notice.TAKEN_ON, told)
    return child


def passed_on(tx: Transaction, ref: str) -> list[HeldMandate]:
    """List what was passed on from a mandate and is held now; the caller checks whose it is."""
    return [held(row) for row in tx.execute(_CHILDREN, {"of_parent": ref}).mappings()]


def chain_of(tx: Transaction, mandate: HeldMandate) -> list[HeldMandate]:
    """The mandates that one was passed on from, the nearest first."""
    found: list[HeldMandate] = []
    at = mandate
    while at.parent_ref is not None and len(found) <= MOST_LINKS:
        up = find(tx, at.parent_ref)
        if up is None:
            break
        found.append(up)
        at = up
    return found


def can_pass_on(mandate: HeldMandate, entry: ServicePowersEntry | None, depth: int) -> bool:
    """Say whether a mandate is one that a part of can be passed on now, so that a page offers it.
    `depth`: how often it was passed on so far. Whether it really is, `pass_on` judges. Pure."""
    most = may_allow(entry, delegate_kind=mandate.delegate_kind, exclusive=mandate.exclusive,
                     once=mandate.single_use)  # fmt: skip
    return mandate.state is State.ACTIVE and mandate.max_chain > 0 and depth < most


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a mandate of an organisation came through, what was passed on from it, and whether a
    part of it can be passed on."""

    through: str | None
    children: tuple[HeldMandate, ...]
    may: bool


def around(
    tx: Transaction, powers: Mapping[str, ServicePowersEntry], refs: Sequence[str]
) -> dict[str, Around]:
    """Read that of some mandates; the caller checks whose they are."""
    found: dict[str, Around] = {}
    for ref in refs:
        one = find(tx, ref)
        if one is not None:
            depth = len(chain_of(tx, one))
            may = can_pass_on(one, powers.get(one.service), depth)
            found[ref] = Around(through=one.through, children=tuple(passed_on(tx, ref)), may=may)
    return found


def take_back(
    tx: Transaction, keyring: Keyring, ref: str, *, organisation: str, account: str
) -> HeldMandate | Problem | None:
    """End what was passed on: at the word of who passed it on, or of who was given it.

    `account` is of a member who administers or assigns at `organisation`. None: there is no such
    mandate at either end. Of two at once one ends it. The principal is told.
    """
    found = find(tx, ref)
    above = find(tx, found.parent_ref) if found and found.parent_ref else None
    if found is None or above is None or organisation not in {found.delegate, above.delegate}:
        return None
    here = standing(tx, organisation, account)
    if here is None:
        return None
    member = here[1].member
    if member.suspended or not member.roles & MAY_PASS_ON:
        return Problem.ROLE_LACKING
    by = By(party=Party.DELEGATE, who=member.ref, actor=organisation)
    done = move(tx, ref, Move.END, by, reason=Reason.RESIGNED, detail={"parent": above.ref})
    if isinstance(done, Moved):
        _tell(tx, keyring, ref, Notice.PASSED_ON_ENDED)
    return find(tx, ref)


def _tell(tx: Transaction, keyring: Keyring, child: str, notice: Notice) -> None:
    """Tell the principal of what was passed on: where they want to be told about helpers, and by
    letter who is not online."""
    found = find(tx, child)
    if found is None or found.principal is None:
        return
    told = {"helper": found.delegate_name, "organisation": found.through or "",
            "reference": found.bundle}  # fmt: skip
    person = found.principal_kind == "person"
    if person and not offline.is_offline(tx, keyring, found.principal):
        telling.tell_principal(tx, keyring, found.principal, notice, **told)
        return
    offline.tell_principal(
        tx, keyring, principal=found.principal, principal_kind=found.principal_kind, helpers=(),
        notice=notice, values={**told, "link": telling.HELPERS},
    )  # fmt: skip


def _chain(tx: Transaction, ref: str) -> list[str]:
    """The delegates from a mandate up to the one that the principal gave."""
    found: list[str] = []
    at: str | None = ref
    while at is not None and len(found) <= MOST_LINKS + 1:
        row = tx.execute(_UP, {"mandate": at}).one()
        found.append(row.delegate)
        at = row.parent_ref
    return found


def _taker(
    tx: Transaction, to: str, chain: Sequence[str], parent: str, principal: str, service: str,
    now: datetime,
) -> Problem | None:  # fmt: skip
    # All is looked up whatever comes of it, so that the time says nothing either.
    row = tx.execute(_TO, {"organisation": to}).first()
    unwanted = tx.execute(_UNWANTED, {"of_parent": parent, "to_delegate": to}).first()
    asked = {"of_principal": principal, "to_delegate": to, "on_service": service}
    has = tx.execute(_HAS, asked).first()
    if row is None or row.closed_at is not None or row.verified_at is None:
        return Problem.ORGANISATION
    if row.suspends_at is not None and row.suspends_at <= now:
        return Problem.ORGANISATION
    if to in chain:
        return Problem.IN_THE_CHAIN
    if unwanted is not None:
        return Problem.UNWANTED
    return None if has is None else Problem.HELD
