"""Software that acts by itself: a machine mandate names the member who answers for it.

An administrator of the organisation asks, and the member agrees in a session of their own
(`idp.authentication.unattended`). Whether it carries anything is judged when it is used: nothing is
had under it once its term, its session, the member's or an administrator's word has ended it; nor
while the member or the organisation is suspended, or the software is switched off (I12).
Source: `delegation.md` section 5, point 9.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update

from idp.accounts.records import AccountRecord
from idp.callers.acting import TEXT, TIME, named
from idp.callers.liveness import SESSION
from idp.callers.records import ClientRecord
from idp.callers.registration import EXCHANGE
from idp.delegation.lifecycle import OFFER_LASTS
from idp.delegation.machine_rules import (
    OVER,
    Side,
    Software,
    Standing,
    State,
    Verdict,
    expires_after,
    may_agree,
    may_ask,
    may_end,
    reads_as,
)
from idp.delegation.records import MachineMandateRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.actions import Contact, Notice, send
from idp.organisations.actions import Opener
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction, db_now

K = MachineMandateRecord.__table__.c
C, M = ClientRecord.__table__.c, MemberRecord.__table__.c
FIRM = OrganisationRecord.__table__.c
A = AccountRecord.__table__.c
# The authentication room's, above this one: its table is named here, and a test checks the names.
AT_CLIENT = named("client_session", ref=TEXT, session_ref=TEXT, ended_at=TIME)
_PARTY = func.coalesce(A.person_ref, A.ref)
_ORGANISATION = select(
    FIRM.ref, FIRM.name, FIRM.verified_at, FIRM.suspends_at, FIRM.closed_at, db_now().label("now")
).where(FIRM.ref == bindparam("organisation"))
_LOCK = _ORGANISATION.with_for_update()
_MEMBERS = (
    select(M.ref, M.name, M.roles, M.suspended_at, M.left_at, A.email, _PARTY.label("party"))
    .join_from(MemberRecord.__table__, AccountRecord.__table__, A.ref == M.account_ref)
    .where(M.organisation_ref == bindparam("organisation"))
)
_MINE = _MEMBERS.where(M.account_ref == bindparam("account"), M.left_at.is_(None))
_MEMBER = _MEMBERS.where(M.ref == bindparam("member"))
_ANSWERERS = _MEMBERS.where(M.left_at.is_(None), M.suspended_at.is_(None)).order_by(M.name, M.ref)
_SOFTWARE = (
    select(C.client_id, C.client_name, C.acts_at, C.grant_types, C.disabled_at)
    .where(C.organisation_ref == bindparam("organisation"))
    .order_by(C.client_name, C.client_id)
)
_FOUND = (
    select(
        K.ref, K.client_id, K.member_ref, K.services, K.created_at, K.expires, K.agreed_at,
        K.session_ref, K.vot, K.amr, K.auth_time, K.ended_at, C.client_name,
        SESSION.c.proofs, A.person_ref, A.identity_level,
        C.disabled_at, M.name.label("member_name"), M.account_ref, M.suspended_at, M.left_at,
        _PARTY.label("party"), A.disabled_at.label("account_disabled_at"),
        FIRM.suspends_at, FIRM.closed_at, FIRM.verified_at,
        SESSION.c.ended_at.label("session_ended_at"),
        SESSION.c.expires_at.label("session_expires_at"),
        AT_CLIENT.c.ref.label("sid"), AT_CLIENT.c.ended_at.label("sid_ended_at"),
        db_now().label("now"),
    )
    .select_from(
        MachineMandateRecord.__table__
        .join(ClientRecord.__table__, C.client_id == K.client_id)
        .join(MemberRecord.__table__, M.ref == K.member_ref)
        .join(AccountRecord.__table__, A.ref == M.account_ref)
        .join(OrganisationRecord.__table__, FIRM.ref == K.organisation_ref)
        .join(SESSION, SESSION.c.ref == K.session_ref, isouter=True)
        .join(AT_CLIENT, AT_CLIENT.c.session_ref == K.session_ref, isouter=True)
    )
    .where(K.organisation_ref == bindparam("organisation"))
    .order_by(func.coalesce(K.agreed_at, K.created_at).desc(), K.ref)
)  # fmt: skip
SHOWN = 200
_LIST = _FOUND.limit(SHOWN)
_ONE = _FOUND.where(K.ref == bindparam("machine"))
_OF_CLIENT = _FOUND.where(
    K.client_id == bindparam("client"), K.ended_at.is_(None), K.agreed_at.is_not(None)
)
_UNENDED_OF = _FOUND.where(K.ended_at.is_(None), K.expires > db_now())
_ASK = insert(MachineMandateRecord)
_UNENDED = and_(K.ref == bindparam("machine"), K.ended_at.is_(None))
_AGREE = (
    update(MachineMandateRecord)
    .where(_UNENDED, K.agreed_at.is_(None), K.expires > db_now())
    .values(
        agreed_at=db_now(), session_ref=bindparam("by_session"), vot=bindparam("proved_vot"),
        amr=bindparam("proved_amr", type_=K.amr.type), auth_time=bindparam("proved_at"),
    )
    .returning(K.ref)
)  # fmt: skip
_END = (
    update(MachineMandateRecord)
    .where(_UNENDED)
    .values(ended_at=db_now(), ended_by=bindparam("by_member"))
    .returning(K.session_ref)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine mandate as it reads now, with the names of its parties.

    `vot`, `amr`, `auth_time` and `proofs`: what the member proved when agreeing; `sid` names the
    session they can end it by. `party`: how the journal names the member. `off`: the software is
    switched off.
    """

    ref: str
    client_id: str
    client_name: str
    member_ref: str
    member_name: str
    account_ref: str
    person_ref: str | None
    identity_level: int
    party: str
    services: tuple[str, ...]
    created_at: datetime
    expires: datetime
    state: State
    session_ref: str
    sid: str
    vot: str
    amr: list[str]
    auth_time: int
    proofs: dict[str, int]
    off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a member may see of their organisation's software."""

    organisation_ref: str
    organisation: str
    by: Side
    machines: list[Machine]
    software: list[Software]
    names: dict[str, str]  # of the software, by client_id
    answerers: list[tuple[str, str]]  # members who could answer for it: reference and name


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What a member proved who agrees; `session_ref` is the session made for the software."""

    session_ref: str
    vot: str
    amr: list[str]
    auth_time: int


def look(tx: Transaction, organisation: str, account: str) -> Place | Verdict:
    """Show a member the software of their organisation; what is none of theirs is GONE."""
    found = _standing(tx, organisation, account, _ORGANISATION)
    if isinstance(found, Verdict):
        return found
    firm, by = found
    values = {"organisation": organisation}
    programs = tx.execute(_SOFTWARE, values).mappings().all()
    members = tx.execute(_ANSWERERS, values).mappings()
    return Place(
        organisation_ref=organisation,
        organisation=firm["name"],
        by=by,
        machines=[_machine(row) for row in tx.execute(_LIST, values).mappings()],
        software=[_software(row) for row in programs],
        names={row["client_id"]: row["client_name"] for row in programs},
        answerers=[
            (row["ref"], row["name"])
            for row in members
            if row["party"] != by.party and "worker" in row["roles"]
        ],
    )


def ask(
    tx: Transaction,
    keyring: Keyring,
    organisation: str,
    opener: Opener,
    *,
    client_id: str,
    member: str,
    services: Collection[str],
    days: int,
) -> str | Verdict:
    """Ask a member to answer for software of the organisation, and tell them by e-mail; answers
    the reference.

    Nothing is had under it before the member has agreed.
    """
    found = _standing(tx, organisation, opener.account)
    if isinstance(found, Verdict):
        return found
    firm, by = found
    if _not_in_order(firm):
        return Verdict.ORGANISATION
    if not opener.may_open(tx, organisation):
        return Verdict.LEVEL
    values = {"organisation": organisation, "member": member}
    row = tx.execute(_MEMBER, values).mappings().first()
    programs = tx.execute(_SOFTWARE, {"organisation": organisation}).mappings()
    verdict = may_ask(
        by,
        _side(row) if row else None,
        next((_software(one) for one in programs if one["client_id"] == client_id), None),
        services=services,
        days=days,
        open_now=_open_now(tx, organisation),
    )
    if verdict is not Verdict.ALLOWED or row is None:
        return verdict
    ref, now = random_ref(), firm["now"]
    tx.execute(_ASK, {
        "ref": ref, "client_id": client_id, "organisation_ref": organisation,
        "member_ref": member, "services": sorted(set(services)), "asked_by": by.ref,
        "created_at": now, "expires": expires_after(now, days),
    })  # fmt: skip
    _journal(tx, "asked", row["party"], by, ref, organisation, client_id)
    until = min(now + OFFER_LASTS, expires_after(now, days))
    told = {"organisation": firm["name"], "when": until.isoformat(),
            "link": f"/helping/organisations/{organisation}/software/{ref}"}  # fmt: skip
    send(tx, keyring, Contact("email", row["email"]), Notice.MACHINE_ASKED, told)
    return ref


def to_agree(tx: Transaction, organisation: str, opener: Opener, ref: str) -> Machine | Verdict:
    """Answer what this member is asked to agree to; the organisation is locked until the commit."""
    found = _standing(tx, organisation, opener.account)
    if isinstance(found, Verdict):
        return found
    firm, by = found
    machine = find(tx, organisation, ref)
    if machine is None:
        return Verdict.GONE
    if _not_in_order(firm):
        return Verdict.ORGANISATION
    verdict = may_agree(by, machine.member_ref, machine.state)
    if verdict is Verdict.ALLOWED and not opener.may_open(tx, organisation):
        verdict = Verdict.LEVEL
    return machine if verdict is Verdict.ALLOWED else verdict


def agree(tx: Transaction, organisation: str, machine: Machine, proved: Proved) -> bool:
    """Write a member's agreement down. Of two presses one counts; False for the other."""
    values = {
        "machine": machine.ref, "by_session": proved.session_ref, "proved_vot": proved.vot,
        "proved_amr": proved.amr, "proved_at": proved.auth_time,
    }  # fmt: skip
    if tx.execute(_AGREE, values).first() is None:
        return False
    by = Side(ref=machine.member_ref, party=machine.party, roles=frozenset(), stopped=False)
    _journal(tx, "agreed", machine.party, by, machine.ref, organisation, machine.client_id)
    return True


def end(tx: Transaction, organisation: str, account: str, ref: str) -> Machine | Verdict:
    """End it, or take back or refuse what was asked; answer it as it was. Felt at once."""
    found = _standing(tx, organisation, account)
    if isinstance(found, Verdict):
        return found
    _, by = found
    machine = find(tx, organisation, ref)
    if machine is None:
        return Verdict.GONE
    verdict = may_end(by, machine.member_ref, machine.state)
    if verdict is not Verdict.ALLOWED:
        return verdict
    if tx.execute(_END, {"machine": ref, "by_member": by.ref}).first() is None:
        return Verdict.GONE
    _journal(tx, "ended", machine.party, by, ref, organisation, machine.client_id)
    return machine


def find(tx: Transaction, organisation: str, ref: str) -> Machine | None:
    """Find one of this very organisation."""
    row = tx.execute(_ONE, {"organisation": organisation, "machine": ref}).mappings().first()
    return None if row is None else _machine(row)


def standing_for(
    tx: Transaction, *, client_id: str, organisation_ref: str, service: str
) -> Machine | None:
    """Answer under which machine mandate software may act by itself at a service: of several, the
    one that was agreed to last. None: it may not."""
    rows = tx.execute(_OF_CLIENT, {"organisation": organisation_ref, "client": client_id})
    for row in rows.mappings():
        machine = _machine(row)
        if machine.state in {State.ACTIVE, State.STOPPED} and service in machine.services:
            # What has stopped it is for liveness and `authority.bar` to say, with its reason.
            return machine
    return None


def _standing(
    tx: Transaction, organisation: str, account: str, statement: Any = _LOCK
) -> tuple[Any, Side] | Verdict:
    firm = tx.execute(statement, {"organisation": organisation}).mappings().first()
    mine = {"organisation": organisation, "account": account}
    row = tx.execute(_MINE, mine).mappings().first() if firm else None
    if firm is None or row is None or row["suspended_at"] is not None:
        return Verdict.GONE
    return firm, _side(row)


def _open_now(tx: Transaction, organisation: str) -> int:
    """Count those that could still carry something: one of a member who left, or that nobody
    agreed to in time, is over without anybody's act."""
    rows = tx.execute(_UNENDED_OF, {"organisation": organisation}).mappings()
    return sum(_machine(row).state not in OVER for row in rows)


def _not_in_order(firm: Any) -> bool:
    suspended = firm["suspends_at"] is not None and firm["suspends_at"] <= firm["now"]
    return firm["verified_at"] is None or firm["closed_at"] is not None or suspended


def _side(row: Any) -> Side:
    return Side(
        ref=row["ref"],
        party=row["party"],
        roles=frozenset(row["roles"]),
        stopped=row["suspended_at"] is not None or row["left_at"] is not None,
    )


def _software(row: Any) -> Software:
    return Software(
        client_id=row["client_id"],
        acts_at=frozenset(row["acts_at"] or ()),
        exchanges=EXCHANGE in row["grant_types"],
        disabled=row["disabled_at"] is not None,
    )


def _machine(row: Any) -> Machine:
    now, agreed = row["now"], row["agreed_at"] is not None
    over = agreed and (
        row["session_ended_at"] is not None
        or row["session_expires_at"] <= now
        or row["sid_ended_at"] is not None
    )
    standing = Standing(
        now=now, created_at=row["created_at"], expires=row["expires"], agreed=agreed,
        ended=row["ended_at"] is not None, session_over=over,
        left=row["left_at"] is not None or row["account_disabled_at"] is not None,
        stopped=row["suspended_at"] is not None or row["disabled_at"] is not None
        or _not_in_order(row),
    )  # fmt: skip
    same = ("ref", "client_id", "client_name", "member_ref", "member_name", "account_ref",
            "person_ref", "identity_level", "party", "created_at", "expires")  # fmt: skip
    return Machine(
        **{name: row[name] for name in same},
        services=tuple(row["services"]),
        state=reads_as(standing),
        session_ref=row["session_ref"] or "",
        sid=row["sid"] or "",
        vot=row["vot"] or "",
        amr=row["amr"] or [],
        auth_time=row["auth_time"] or 0,
        proofs=row["proofs"] or {},
        off=row["disabled_at"] is not None,
    )


def _journal(
    tx: Transaction, what: str, party: str, by: Side, ref: str, organisation: str, client_id: str
) -> None:
    """Record an act in the count of the member who answers, or is asked to."""
    detail = {"machine": ref, "organisation": organisation, "by": by.ref}
    entry = Entry(
        kind=f"machine-mandate-{what}", person=party, client_id=client_id, detail=detail,
        actor=by.party if by.party != party else None,
    )  # fmt: skip
    record(tx, entry)
