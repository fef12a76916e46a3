"""Give, find and end mandates; list what was done under them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, insert, or_, select

from idp.assurance.rules import Level
from idp.callers import acting
from idp.callers.authority import AFTER_DEATH, ESTATE
from idp.delegation.lifecycle import LONGEST_DAYS, Move, Party, Reason, Standing, State, reads_as
from idp.delegation.moving import By, Moved, make_room, move
from idp.delegation.records import MandateRecord
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.register.records import BusinessRecord, PersonRecord
from idp.storage import Transaction, db_now

LONGEST = timedelta(days=LONGEST_DAYS)
PICKED = 20  # people on one page of the choice; more are found by name
USE_KINDS = ("tokens-issued", "claims-read", "mandate-checked")
OWN_LEVEL = Level(identity=3, sign_in=3)  # no evidence but the principal's own act: no cap


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMandate:
    """A mandate with the names of its two parties, as pages and the picker show it.

    `state` is as it reads now. `expires` None: open-ended. `through`: the name of the
    organisation that passed it on, from its own `parent_ref`; `max_chain`: how often it may be
    passed on (further).
    """

    ref: str
    bundle: str
    principal: str | None
    principal_kind: str
    principal_name: str
    delegate: str | None
    delegate_kind: str
    delegate_name: str
    service: str
    powers: tuple[str, ...]
    basis: str
    state: State
    answerer: Party
    grant_level: Level
    starts: datetime | None
    expires: datetime | None
    offer_expires: datetime | None
    single_use: bool
    purpose: str | None
    created_at: datetime
    suspended_reason: str | None
    ended_at: datetime | None
    ended_reason: str | None
    ended_reference: str | None
    version: int
    term_days: int | None = None
    exclusive: bool = False
    text_hash: str | None = None
    parent_ref: str | None = None
    through: str | None = None
    max_chain: int = 0
    evidence: tuple[Mapping[str, Any], ...] = ()


_INSERT = insert(MandateRecord)


def insert_mandate(
    tx: Transaction,
    *,
    state: State,
    bundle: str,
    principal: str | None,
    delegate: str | None,
    service: str,
    powers: Sequence[str],
    basis: str,
    created_by: str,
    now: datetime,
    **more: Any,
) -> str:
    """Write one mandate in the state it begins in; answers its reference.

    The parties, the term and the service's catalogue were checked by the caller. `more` are
    further columns of `MandateRecord`.
    """
    ref = random_ref()
    values = {
        "ref": ref, "bundle": bundle, "principal": principal, "delegate": delegate,
        "service": service, "powers": sorted(set(powers)), "basis": basis, "state": state,
        "created_by": created_by, "created_at": now, **more,
    }  # fmt: skip
    tx.execute(_INSERT.values(values))
    return ref


def give(
    tx: Transaction,
    *,
    principal: str,
    delegate: str,
    services: Mapping[str, Sequence[str]],
    expires: datetime | None,
    grant_level: Level,
    basis: str,
    by: str,
    principal_kind: str = "person",
    delegate_kind: str = "person",
    exclusive: frozenset[str] = frozenset(),
    evidence: Sequence[Mapping[str, Any]] = (),
    cap: Level = OWN_LEVEL,
    officer: str | None = None,
    quoted: str | None = None,
    **more: Any,
) -> tuple[str, ...] | Refusal:
    """Record that `principal` lets `delegate` act at `services` (with powers) from now on.

    Active at once: for what needs no answer (an officer's act, an import, the sandbox). `by` says
    who entered it, and `officer` which officer did, for both parties to see; `quoted`: what the
    journal's entry of the first is called, for a letter that tells of it now. What the delegate
    already held there is superseded, and so is any other exclusive holder at the services named in
    `exclusive`. Answers the references, by service, or a refusal: nobody is their own delegate,
    and no term with an end is longer than two years.
    """
    now = tx.now()
    if principal == delegate:
        return Refusal("own-delegate", "a person cannot be their own helper")
    if not services or (expires is not None and not now < expires <= now + LONGEST):
        return Refusal("term", "name a service, and an end within two years")
    bundle, sort, refs = random_ref(), sort_name(tx, principal), list[str]()
    for service, powers in sorted(services.items()):
        alone = service in exclusive
        make_room(tx, principal=principal, delegate=delegate, service=service, exclusive=alone)
        ref = insert_mandate(
            tx, state=State.ACTIVE, bundle=bundle, principal=principal, delegate=delegate,
            service=service, powers=powers, basis=basis, created_by=by, now=now,
            principal_kind=principal_kind, delegate_kind=delegate_kind, principal_sort=sort,
            exclusive=alone, grant_identity=grant_level.identity,
            grant_sign_in=grant_level.sign_in, evidence=[dict(one) for one in evidence],
            evidence_identity=cap.identity, evidence_sign_in=cap.sign_in, starts=now,
            expires=expires, decided_at=now, decided_by=by, **more,
        )  # fmt: skip
        detail = {"service": service, "powers": sorted(set(powers)), "by": by,
                  "level": str(grant_level.meet(cap))}  # fmt: skip
        record_given(tx, ref, principal, delegate, delegate_kind, detail, officer=officer,
                     quoted=None if refs else quoted)  # fmt: skip
        refs.append(ref)
    return tuple(refs)


def record_given(
    tx: Transaction,
    ref: str,
    principal: str,
    delegate: str,
    delegate_kind: str,
    detail: Mapping[str, Any],
    *,
    officer: str | None = None,
    quoted: str | None = None,
) -> None:
    """Journal that a mandate was given: for the principal, and for a delegate who is a person."""
    actor = officer or (delegate if delegate_kind == "organisation" else None)
    kind = "mandate-given"
    record(tx, Entry(kind=kind, person=principal, actor=actor, mandate_ref=ref, detail=detail),
           reference=quoted)  # fmt: skip
    if delegate_kind == "person":
        record(tx, Entry(kind=kind, person=delegate, actor=officer or principal, mandate_ref=ref,
                         detail=detail))  # fmt: skip


_PERSON, _HELPER = PersonRecord.__table__.alias("p"), PersonRecord.__table__.alias("d")
_BUSINESS, _FIRM = BusinessRecord.__table__, OrganisationRecord.__table__
_MEMBER = MemberRecord.__table__
_MINE = _MEMBER.alias("mine")
_M = MandateRecord.__table__
_PARENT, _PASSED_BY = _M.alias("parent"), _FIRM.alias("passed_by")


def _named(person: Any, other: Any) -> Any:
    return func.coalesce(person.c.given_name + " " + person.c.family_name, other.c.name, "")


# A mandate with the names of its parties: `held` reads its rows.
HELD_ROWS = (
    select(
        _M,
        _named(_PERSON, _BUSINESS).label("principal_name"),
        _named(_HELPER, _FIRM).label("delegate_name"),
        _PASSED_BY.c.name.label("through"),
        db_now().label("now"),
    )
    .join(_PERSON, _PERSON.c.ref == _M.c.principal, isouter=True)
    .join(_BUSINESS, _BUSINESS.c.ref == _M.c.principal, isouter=True)
    .join(_HELPER, _HELPER.c.ref == _M.c.delegate, isouter=True)
    .join(_FIRM, _FIRM.c.ref == _M.c.delegate, isouter=True)
    .join(_PARENT, _PARENT.c.ref == _M.c.parent_ref, isouter=True)
    .join(_PASSED_BY, _PASSED_BY.c.ref == _PARENT.c.delegate, isouter=True)
)
_BY_REF = HELD_ROWS.where(_M.c.ref == bindparam("ref"))
_BY_BUNDLE = HELD_ROWS.where(_M.c.bundle == bindparam("bundle")).order_by(_M.c.service, _M.c.ref)
_GIVEN = HELD_ROWS.where(_M.c.principal == bindparam("party")).order_by(
    _M.c.created_at.desc(), _M.c.bundle, _M.c.service
)
_HELPING = HELD_ROWS.where(
    _M.c.delegate == bindparam("party"), _M.c.delegate_kind == "person"
).order_by(_M.c.created_at.desc(), _M.c.bundle, _M.c.service)
_NOW_HELD = and_(
    acting.holds(_M),
    or_(~_M.c.single_use, _M.c.used_at.is_(None)),
    or_(
        and_(_PERSON.c.died_on.is_(None), _M.c.basis != ESTATE),
        and_(_PERSON.c.died_on.is_not(None), _M.c.basis.in_(sorted(AFTER_DEATH))),
    ),
    _BUSINESS.c.ceased_on.is_(None),
)
_LAST = _M.alias("last")
_LAST_SORT = (
    select(_LAST.c.principal_sort).where(_LAST.c.ref == bindparam("after")).scalar_subquery()
)
_OPEN = (
    HELD_ROWS.add_columns(_MEMBER.c.ref.label("member_ref"))
    .join(
        _MEMBER,
        and_(
            _MEMBER.c.organisation_ref == _M.c.delegate,
            _MEMBER.c.account_ref == bindparam("account"),
            _MEMBER.c.left_at.is_(None),
            _MEMBER.c.suspended_at.is_(None),
        ),
        isouter=True,
    )
    .where(
        _M.c.service == bindparam("service"),
        _NOW_HELD,
        or_(
            and_(_M.c.delegate_kind == "person", _M.c.delegate == bindparam("person")),
            and_(
                _M.c.delegate.in_(
                    select(_MINE.c.organisation_ref).where(
                        _MINE.c.account_ref == bindparam("account")
                    )
                ),
                _MEMBER.c.ref.is_not(None),
                _FIRM.c.verified_at.is_not(None),
                _FIRM.c.closed_at.is_(None),
                or_(_FIRM.c.suspends_at.is_(None), _FIRM.c.suspends_at > db_now()),
                or_(_FIRM.c.access == "everyone", acting.assigned_to(_M.c.ref, _MEMBER.c.ref)),
            ),
        ),
        _M.c.principal_sort.like(bindparam("named"), escape="/"),
        or_(
            bindparam("after", type_=_M.c.ref.type) == "",
            _M.c.principal_sort > _LAST_SORT,
            and_(_M.c.principal_sort == _LAST_SORT, _M.c.ref > bindparam("after")),
        ),
    )
    .order_by(_M.c.principal_sort, _M.c.ref)
    .limit(PICKED + 1)
)


def find(tx: Transaction, ref: str) -> HeldMandate | None:
    """Answer a mandate by its reference, whoever asks: the caller checks whose it is."""
    row = tx.execute(_BY_REF, {"ref": ref}).mappings().first()
    return held(row) if row else None


def find_bundle(tx: Transaction, bundle: str) -> list[HeldMandate]:
    """Answer what was asked for together, by service; the caller checks whose it is."""
    return [held(row) for row in tx.execute(_BY_BUNDLE, {"bundle": bundle}).mappings()]


def given_by(tx: Transaction, principal: str) -> list[HeldMandate]:
    """List what a person or business gave, newest first, whatever its state."""
    return [held(row) for row in tx.execute(_GIVEN, {"party": principal}).mappings()]


def held_by(tx: Transaction, person: str) -> list[HeldMandate]:
    """List what a person holds for others, newest first, whatever its state."""
    return [held(row) for row in tx.execute(_HELPING, {"party": person}).mappings()]


def usable(
    tx: Transaction,
    *,
    account: str,
    person: str | None,
    service: str,
    named: str = "",
    after: str = "",
) -> list[HeldMandate]:
    """List whom an account may act for at a service now, by the principal's name: its person's
    own mandates and those of its organisations that are open to it.

    At most `PICKED` + 1, those that follow the mandate `after` in the list; `named` is how the
    family name begins. Whether one may really be used is asked again, by `authority.bar`, when
    it is.
    """
    values = {
        "account": account, "person": person or "", "service": service,
        "named": begins_with(named), "after": after,
    }  # fmt: skip
    return [held(row) for row in tx.execute(_OPEN, values).mappings()]


def begins_with(typed: str) -> str:
    """The pattern that names beginning like this match; every name for nothing typed."""
    return re.sub(r"([/%_])", r"/\1", " ".join(typed.split()).casefold()) + "%"


def end(
    tx: Transaction, ref: str, *, principal: str, detail: Mapping[str, Any] | None = None
) -> HeldMandate | None:
    """End a mandate at its principal's word, and answer it as it then stands.

    Of two presses one ends it, and the other finds it ended. From the commit on no token of it
    is issued, introspected active or answered at userinfo, because each of these asks the
    liveness statement (`delegation.md` I4). None when the principal has no such mandate.
    """
    found = find(tx, ref)
    if found is None or found.principal != principal:
        return None
    by = By(party=Party.PRINCIPAL, who=principal)
    moved = move(tx, ref, Move.END, by, reason=Reason.BY_PRINCIPAL, detail=detail)
    return find(tx, ref) if isinstance(moved, Moved) else found


_NAME = (
    select(func.coalesce(_PERSON.c.family_name + " " + _PERSON.c.given_name, _BUSINESS.c.name, ""))
    .select_from(select(bindparam("party").label("ref")).subquery("party"))
    .join(_PERSON, _PERSON.c.ref == bindparam("party"), isouter=True)
    .join(_BUSINESS, _BUSINESS.c.ref == bindparam("party"), isouter=True)
)


def sort_name(tx: Transaction, party: str) -> str:
    """The name by which lists order a principal: family name first, in small letters."""
    return str(tx.execute(_NAME, {"party": party}).scalar_one()).casefold()


_COUNT_USES = (
    select(JournalEntry.mandate_ref, func.count().label("uses"))
    .where(JournalEntry.person == bindparam("principal"), JournalEntry.kind.in_(USE_KINDS))
    .where(JournalEntry.mandate_ref.is_not(None))
    .group_by(JournalEntry.mandate_ref)
)


def count_uses(tx: Transaction, principal: str) -> dict[str, int]:
    """Count the uses of each mandate that a person gave, by its reference."""
    rows = tx.execute(_COUNT_USES, {"principal": principal})
    return {row.mandate_ref: row.uses for row in rows}


def held(row: Any) -> HeldMandate:
    """Make a mandate of a row of the statements above."""
    same = ("ref", "bundle", "principal", "principal_kind", "principal_name", "delegate",
            "delegate_kind", "delegate_name", "service", "basis", "starts", "expires",
            "offer_expires", "single_use", "purpose", "created_at", "suspended_reason",
            "ended_at", "ended_reason", "ended_reference", "version", "term_days", "exclusive",
            "text_hash", "parent_ref", "through", "max_chain")  # fmt: skip
    standing = Standing(
        state=State(row["state"]), answerer=Party(row["answerer"]),
        offer_expires=row["offer_expires"], expires=row["expires"],
    )  # fmt: skip
    return HeldMandate(
        **{name: row[name] for name in same},
        powers=tuple(row["powers"]),
        evidence=tuple(row["evidence"]),
        state=reads_as(standing, row["now"]),
        answerer=standing.answerer,
        grant_level=Level(
            identity=min(row["grant_identity"], row["evidence_identity"]),
            sign_in=min(row["grant_sign_in"], row["evidence_sign_in"]),
        ),
    )
