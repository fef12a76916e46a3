"""The facts of `authority.bar` in SQL: named columns of a mandate and of all it stands on.

Liveness joins them to a grant; `ask` reads them for an account that wants to act now. It reads
named columns of other rooms' tables; `tests/callers` checks the names against the real schema.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Date,
    String,
    and_,
    bindparam,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.sql import ColumnElement

from idp.assurance.rules import Level
from idp.callers.authority import ONE_VISIT, Acting, OrganisationStanding
from idp.storage import Transaction, UtcDateTime, db_now

TIME, TEXT, COUNT = UtcDateTime(), String(), BigInteger()


def named(name: str, **columns: Any) -> Any:
    """A table of another room, by the columns that are read of it."""
    return table(name, *(column(key, kind) for key, kind in columns.items()))


MANDATE = named(
    "mandate", ref=TEXT, bundle=TEXT, version=COUNT, principal=TEXT, principal_kind=TEXT,
    delegate=TEXT, delegate_kind=TEXT, service=TEXT, powers=JSON(), basis=TEXT, state=TEXT,
    starts=TIME, expires=TIME, ended_reference=TEXT, grant_identity=COUNT, grant_sign_in=COUNT,
    evidence_identity=COUNT, evidence_sign_in=COUNT, min_identity=COUNT, min_sign_in=COUNT,
    single_use=Boolean(), used_at=TIME, used_grant=TEXT, purpose=TEXT, authority_ref=TEXT,
    parent_ref=TEXT,
)  # fmt: skip
PERSON = named("person", ref=TEXT, died_on=Date())
ACCOUNT_OF = named("account", ref=TEXT, person_ref=TEXT)
BUSINESS = named("business", ref=TEXT, ceased_on=Date())
ORGANISATION = named(
    "organisation", ref=TEXT, kind=TEXT, assurance=COUNT, access=TEXT, people_limit=COUNT,
    verified_at=TIME, suspends_at=TIME, closed_at=TIME,
)  # fmt: skip
MEMBER = named(
    "member", ref=TEXT, organisation_ref=TEXT, account_ref=TEXT, roles=JSON(), suspended_at=TIME,
    left_at=TIME,
)  # fmt: skip
AUTHORITY = named("joint_authority", ref=TEXT, quorum=COUNT)
WATCH = named("bulk_watch", actor=TEXT, frozen_at=TIME)
CLIENT = named("client", client_id=TEXT, disabled_at=TIME)
ASSIGNMENT = named("mandate_assignment", mandate_ref=TEXT, assignee=TEXT)
TEAM_MEMBER = named("team_member", team_ref=TEXT, member_ref=TEXT)
ACT = named("joint_act", ref=TEXT, authority_ref=TEXT, service=TEXT, expires_at=TIME)
SIGNATURE = named("joint_signature", act_ref=TEXT, delegate=TEXT)
TABLES = {
    "m": MANDATE, "p": PERSON, "b": BUSINESS, "o": ORGANISATION, "mb": MEMBER, "ja": AUTHORITY,
    "bw": WATCH,
}  # fmt: skip
ALL_TABLES = (*TABLES.values(), ACCOUNT_OF, CLIENT, ASSIGNMENT, TEAM_MEMBER, ACT, SIGNATURE)
_PARENT, _GRANDPARENT, _FELLOW = (MANDATE.alias(name) for name in ("pm", "gm", "fellow"))
_SERVICE = CLIENT.alias("at_service")  # where the mandate may be used
_PASSED_BY = ORGANISATION.alias("passed_by")
_ACTOR = PERSON.alias("acting_person")


def labelled(source: Any, prefix: str) -> list[ColumnElement[Any]]:
    """The columns of a table, each with a prefix of its own."""
    return [col.label(f"{prefix}_{col.name}") for col in source.c]


def holds(mandate: Any) -> ColumnElement[bool]:
    """A mandate that carries something now: of state active, and within its term.

    The state is written out: beside partial indexes on it, SQLite plans a statement with a bound
    one anew each time it runs.
    """
    return and_(
        mandate.c.state == literal_column("'active'"),
        mandate.c.starts <= db_now(),
        or_(mandate.c.expires.is_(None), mandate.c.expires > db_now()),
    )


def _passed_by(parent: Any) -> ColumnElement[bool]:
    """A parent that carries what was passed on from it: it holds, and the organisation that
    passed it on can act itself. One that is suspended or closed acts through nobody else (I12).
    """
    able = (
        exists()
        .where(
            _PASSED_BY.c.ref == parent.c.delegate,
            _PASSED_BY.c.verified_at.is_not(None),
            _PASSED_BY.c.closed_at.is_(None),
            or_(_PASSED_BY.c.suspends_at.is_(None), _PASSED_BY.c.suspends_at > db_now()),
        )
        .correlate_except(_PASSED_BY)
    )
    return and_(holds(parent), able)


def assigned_to(mandate_ref: Any, member_ref: Any) -> ColumnElement[bool]:
    """The mandate is open to this member, by themself or through a team.

    The member is the enclosing statement's: left to itself, the inner query would name the table
    again, two levels down, and find the teams of anybody at all.
    """
    through = (
        select(TEAM_MEMBER.c.team_ref)
        .where(TEAM_MEMBER.c.member_ref == member_ref)
        .correlate_except(TEAM_MEMBER)
    )
    return (
        exists()
        .where(
            ASSIGNMENT.c.mandate_ref == mandate_ref,
            or_(ASSIGNMENT.c.assignee == member_ref, ASSIGNMENT.c.assignee.in_(through)),
        )
        .correlate_except(ASSIGNMENT)
    )


def columns(joint_act: Any) -> list[ColumnElement[Any]]:
    """What is read of a mandate. `joint_act` is the act that fellow delegates have signed."""
    signed = (
        select(func.count())
        .select_from(SIGNATURE)
        .join(ACT, ACT.c.ref == SIGNATURE.c.act_ref)
        .join(_FELLOW, and_(_FELLOW.c.authority_ref == ACT.c.authority_ref,
                            _FELLOW.c.delegate == SIGNATURE.c.delegate,
                            _FELLOW.c.service == ACT.c.service, holds(_FELLOW)))
        .where(ACT.c.ref == joint_act, ACT.c.authority_ref == MANDATE.c.authority_ref,
               ACT.c.service == MANDATE.c.service, ACT.c.expires_at > db_now())
        .correlate(MANDATE, *_also(joint_act))
        .scalar_subquery()
    )  # fmt: skip
    return [
        *(value for prefix, source in TABLES.items() for value in labelled(source, prefix)),
        assigned_to(MANDATE.c.ref, MEMBER.c.ref).label("x_assigned"),
        or_(MANDATE.c.parent_ref.is_(None),
            and_(_passed_by(_PARENT),
                 or_(_PARENT.c.parent_ref.is_(None), _passed_by(_GRANDPARENT)))
            ).label("x_parents"),
        _SERVICE.c.disabled_at.label("x_service_off"),
        _PARENT.c.delegate.label("x_through"),
        _GRANDPARENT.c.delegate.label("x_before"),
        signed.label("x_signed"),
        _ACTOR.c.died_on.label("x_actor_died"),
    ]  # fmt: skip


def _also(joint_act: Any) -> tuple[Any, ...]:
    source = getattr(joint_act, "table", None)
    return () if source is None else (source,)


def joined(source: Any, *, mandate: Any, member: Any, account: Any, person: Any) -> Any:
    """Join a mandate and all it stands on to a FROM. `member` is the condition that finds the
    actor's membership, `account` the actor's account, `person` who that was proved to be."""
    return (
        source.join(MANDATE, mandate, isouter=True)
        .join(PERSON, PERSON.c.ref == MANDATE.c.principal, isouter=True)
        .join(BUSINESS, BUSINESS.c.ref == MANDATE.c.principal, isouter=True)
        .join(ORGANISATION, ORGANISATION.c.ref == MANDATE.c.delegate, isouter=True)
        .join(MEMBER, and_(member, MEMBER.c.organisation_ref == MANDATE.c.delegate), isouter=True)
        .join(AUTHORITY, AUTHORITY.c.ref == MANDATE.c.authority_ref, isouter=True)
        .join(WATCH, WATCH.c.actor == account, isouter=True)
        .join(_ACTOR, _ACTOR.c.ref == person, isouter=True)
        .join(_SERVICE, _SERVICE.c.client_id == MANDATE.c.service, isouter=True)
        .join(_PARENT, _PARENT.c.ref == MANDATE.c.parent_ref, isouter=True)
        .join(_GRANDPARENT, _GRANDPARENT.c.ref == _PARENT.c.parent_ref, isouter=True)
    )


def facts(row: Any, *, now: datetime, actor: str | None, grant: str | None = None) -> Acting:
    """Read the facts from a row of these columns. `actor` is the person who wants to act, and
    `grant` the one that may have spent a single use itself."""
    organisation = None
    if row["m_delegate_kind"] == "organisation":
        organisation = OrganisationStanding(
            verified=row["o_verified_at"] is not None,
            closed_at=row["o_closed_at"],
            suspends_at=row["o_suspends_at"],
            everyone=row["o_access"] == "everyone",
            member=row["mb_ref"] is not None and row["mb_left_at"] is None,
            member_suspended=row["mb_suspended_at"] is not None,
            roles=frozenset(row["mb_roles"] or ()),
            assigned=bool(row["x_assigned"]),
        )
    return Acting(
        now=now,
        state=row["m_state"],
        starts=row["m_starts"],
        expires=row["m_expires"],
        spent=_is_spent(row, now, grant),
        basis=row["m_basis"],
        principal_died=row["p_died_on"] is not None,
        principal_ceased=row["b_ceased_on"] is not None,
        parents_live=bool(row["x_parents"]),
        is_delegate=actor is not None and row["m_delegate"] == actor,
        organisation=organisation,
        frozen=row["bw_frozen_at"] is not None,
        actor_died=row["x_actor_died"] is not None,
        service=row["m_service"],
        service_off=row["x_service_off"] is not None,
        powers=frozenset(row["m_powers"]),
        quorum=row["ja_quorum"] or 1,
        # Who acts agrees: where any one of them may act, nobody has to be asked.
        signed=max(row["x_signed"], 1),
        actor_level=Level(identity=row["m_min_identity"], sign_in=row["m_min_sign_in"]),
        granted=Level(identity=row["m_grant_identity"], sign_in=row["m_grant_sign_in"]),
        cap=Level(identity=row["m_evidence_identity"], sign_in=row["m_evidence_sign_in"]),
    )  # fmt: skip


def _visit_ends(row: Any) -> datetime | None:
    """When the visit ends that has used a single use; None: not used yet, or for many."""
    if not row["m_single_use"] or row["m_used_at"] is None:
        return None
    ends: datetime = row["m_used_at"] + ONE_VISIT
    return ends


def _is_spent(row: Any, now: datetime, grant: str | None) -> bool:
    ends = _visit_ends(row)
    return ends is not None and (grant is None or row["m_used_grant"] != grant or ends <= now)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActingMandate:
    """A mandate that an account asks to act under, and what `authority.bar` needs of it.

    `expires` is the end of the one visit where a single use has been used.
    `member_ref` and the `organisation_*` are None where the delegate is a person, and so is the
    `people_limit` of each member. `through`: the organisations that passed it on, the last first.
    """

    ref: str
    bundle: str
    version: int
    principal: str
    principal_kind: str
    delegate: str
    service: str
    powers: tuple[str, ...]
    basis: str
    expires: datetime | None
    single_use: bool
    purpose: str | None
    authority_ref: str | None
    member_ref: str | None
    organisation: str | None
    organisation_kind: str | None
    organisation_assurance: int
    people_limit: int | None
    through: tuple[str, ...]
    facts: Acting


_ASKER = bindparam("account", type_=TEXT)
_ASK = (
    select(db_now().label("now"), *columns(bindparam("joint_act", type_=TEXT)))
    .select_from(
        joined(
            select(_ASKER.label("ref")).subquery("asker")
            .join(ACCOUNT_OF, ACCOUNT_OF.c.ref == _ASKER, isouter=True),
            mandate=MANDATE.c.ref == bindparam("mandate", type_=TEXT),
            member=and_(MEMBER.c.account_ref == _ASKER, MEMBER.c.left_at.is_(None)),
            account=_ASKER, person=ACCOUNT_OF.c.person_ref,
        )
    )
)  # fmt: skip


def ask(
    tx: Transaction,
    mandate_ref: str,
    *,
    account_ref: str,
    person_ref: str | None,
    joint_act: str | None = None,
) -> ActingMandate | None:
    """Read a mandate for somebody who wants to act under it. None: there is none, or one whose
    parties are not known yet; whether this actor may is for `authority.bar` to say."""
    row = (
        tx.execute(_ASK, {"mandate": mandate_ref, "account": account_ref, "joint_act": joint_act})
        .mappings()
        .one()
    )
    return wanted(row, actor=person_ref)


def wanted(row: Any, *, actor: str | None) -> ActingMandate | None:
    """Make the mandate of a row that was asked for one; None as `ask` says."""
    if row["m_principal"] is None or row["m_delegate"] is None:
        return None
    return read(row, now=row["now"], actor=actor)


def read(row: Any, *, now: datetime, actor: str | None, grant: str | None = None) -> ActingMandate:
    """Make the mandate of a row that has one."""
    ends = [one for one in (row["m_expires"], _visit_ends(row)) if one is not None]
    return ActingMandate(
        ref=row["m_ref"],
        bundle=row["m_bundle"],
        version=row["m_version"],
        principal=row["m_principal"],
        principal_kind=row["m_principal_kind"],
        delegate=row["m_delegate"],
        service=row["m_service"],
        powers=tuple(row["m_powers"]),
        basis=row["m_basis"],
        expires=min(ends, default=None),
        single_use=bool(row["m_single_use"]),
        purpose=row["m_purpose"],
        authority_ref=row["m_authority_ref"],
        member_ref=row["mb_ref"],
        organisation=row["o_ref"],
        organisation_kind=row["o_kind"],
        organisation_assurance=row["o_assurance"] or 0,
        people_limit=row["o_people_limit"],
        through=tuple(one for one in (row["x_through"], row["x_before"]) if one is not None),
        facts=facts(row, now=now, actor=actor, grant=grant),
    )
