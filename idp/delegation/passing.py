"""Pass a mandate on: an organisation lets another one do a part of what it may do itself (I9).

The child stands on its parent: liveness asks for both, and the end of the parent ends it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, select

from idp.assurance.policy import Policies
from idp.assurance.powers_file import ALL, ServicePowersEntry
from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import WORKER, Bar, Wish, allows, bar
from idp.delegation.actions import insert_mandate, record_given
from idp.delegation.lifecycle import HELD, State
from idp.delegation.records import MandateRecord
from idp.keyring.sealing import random_ref
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
    OrganisationRecord.closed_at, OrganisationRecord.verified_at, OrganisationRecord.suspends_at
).where(OrganisationRecord.ref == bindparam("organisation"))
_HAS = select(_M.ref).where(
    _M.principal == bindparam("of_principal"), _M.delegate == bindparam("to_delegate"),
    _M.service == bindparam("on_service"), _M.state.in_(list(HELD)),
).limit(1)  # fmt: skip


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
    policies: Policies,
    ref: str,
    *,
    account: str,
    level: Level,
    to: str,
    powers: Sequence[str],
    expires: datetime | None,
) -> str | Problem | Bar:
    """Let the organisation `to` do a part of what a mandate allows; answer the new reference.

    `account` is of a member who administers or assigns at the organisation that holds it, signed
    in at `level`. The parent is locked until the commit: of passing on and ending at once, either
    nothing is passed on, or the end takes the child along.
    """
    parent = tx.execute(_PARENT, {"mandate": ref}).mappings().first()
    asked = acting.ask(tx, ref, account_ref=account, person_ref=None)
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
        Wish(service=service, level=level, needed=floor, floor=floor),
    )
    if why is not None:
        return why
    chain, now = _chain(tx, ref), tx.now()
    link = Link(
        powers=frozenset(parent["powers"]), expires=parent["expires"],
        max_chain=parent["max_chain"], depth=len(chain) - 1,
        one_hand=parent["exclusive"] or parent["single_use"] or bool(parent["authority_ref"]),
    )  # fmt: skip
    entry = policies.powers.get(service)
    problem = judge(link, entry, powers=powers, expires=expires, now=now)
    if problem is None:
        problem = _taker(tx, to, chain, parent["principal"], service, now)
    if problem is not None:
        return problem
    same = ("principal_kind", "principal_sort", "purpose", "grant_identity", "grant_sign_in",
            "evidence", "evidence_identity", "evidence_sign_in", "min_identity",
            "min_sign_in")  # fmt: skip
    child = insert_mandate(
        tx, state=State.ACTIVE, bundle=random_ref(), principal=parent["principal"], delegate=to,
        service=service, powers=powers, basis=parent["basis"],
        created_by=asked.member_ref or account, now=now, delegate_kind="organisation",
        starts=now, expires=expires, parent_ref=ref, max_chain=parent["max_chain"] - 1,
        decided_at=now, decided_by=asked.member_ref, **{name: parent[name] for name in same},
    )  # fmt: skip
    detail = {"service": service, "powers": sorted(set(powers)), "by": "delegate",
              "who": asked.member_ref, "parent": ref, "from": parent["delegate"]}  # fmt: skip
    record_given(tx, child, parent["principal"], to, "organisation", detail)
    return child


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
    tx: Transaction, to: str, chain: Sequence[str], principal: str, service: str, now: datetime
) -> Problem | None:
    row = tx.execute(_TO, {"organisation": to}).first()
    if row is None or row.closed_at is not None or row.verified_at is None:
        return Problem.ORGANISATION
    if row.suspends_at is not None and row.suspends_at <= now:
        return Problem.ORGANISATION
    if to in chain:
        return Problem.IN_THE_CHAIN
    asked = {"of_principal": principal, "to_delegate": to, "on_service": service}
    return Problem.HELD if tx.execute(_HAS, asked).first() else None
