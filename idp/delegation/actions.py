"""Give, find and end a mandate; list what was done under it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from idp.assurance.rules import Level
from idp.delegation.records import MandateRecord
from idp.delegation.rules import Mandate
from idp.errors import Refusal
from idp.journal.actions import Entry, new_reference, record
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_ref
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

LONGEST = timedelta(days=731)
USES_SHOWN = 200
USE_KINDS = ("tokens-issued", "claims-read")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldMandate:
    """A mandate with the names of its two parties, as pages and the picker show it."""

    ref: str
    principal: str
    principal_name: str
    delegate: str
    delegate_name: str
    services: tuple[str, ...]
    basis: str
    grant_level: Level
    starts: datetime
    expires: datetime
    ended_at: datetime | None
    ended_reference: str | None
    version: int

    @property
    def facts(self) -> Mandate:
        """What the pure rule asks about it."""
        return Mandate(
            services=frozenset(self.services),
            starts=self.starts,
            expires=self.expires,
            ended=self.ended_at is not None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing done under a mandate."""

    at: datetime
    kind: str
    client_id: str
    reference: str
    detail: dict[str, Any]


def give(
    tx: Transaction,
    *,
    principal: str,
    delegate: str,
    services: Sequence[str],
    expires: datetime,
    grant_level: Level,
    basis: str,
    by: str,
) -> str | Refusal:
    """Record that `principal` lets `delegate` act at `services` from now until `expires`.

    `by` says who entered it (a party or `sandbox`). Answers the mandate's reference, or a
    refusal: nobody is their own delegate, and no term is longer than two years.
    """
    now = tx.now()
    if principal == delegate:
        return Refusal("own-delegate", "a person cannot be their own helper")
    if not services or not now < expires <= now + LONGEST:
        return Refusal("term", "name a service, and an end within two years")
    ref = random_ref()
    tx.execute(
        insert(MandateRecord).values(
            ref=ref,
            principal=principal,
            delegate=delegate,
            services=sorted(set(services)),
            basis=basis,
            grant_identity=grant_level.identity,
            grant_sign_in=grant_level.sign_in,
            starts=now,
            expires=expires,
            created_at=now,
        )
    )
    detail = {"services": sorted(set(services)), "by": by, "level": str(grant_level)}
    for person, actor in ((principal, None), (delegate, principal)):
        entry = Entry(
            kind="mandate-given", person=person, actor=actor, mandate_ref=ref, detail=detail
        )
        record(tx, entry)
    return ref


_PRINCIPAL, _DELEGATE = PersonRecord.__table__.alias("p"), PersonRecord.__table__.alias("d")
_HELD = (
    select(
        MandateRecord.__table__,
        (_PRINCIPAL.c.given_name + " " + _PRINCIPAL.c.family_name).label("principal_name"),
        (_DELEGATE.c.given_name + " " + _DELEGATE.c.family_name).label("delegate_name"),
    )
    .join(_PRINCIPAL, _PRINCIPAL.c.ref == MandateRecord.principal)
    .join(_DELEGATE, _DELEGATE.c.ref == MandateRecord.delegate)
)
_BY_REF = _HELD.where(MandateRecord.ref == bindparam("ref"))
_OF_PERSON = _HELD.where(
    or_(
        MandateRecord.principal == bindparam("principal"),
        MandateRecord.delegate == bindparam("delegate"),
    )
).order_by(MandateRecord.created_at.desc())
_OPEN_FOR_DELEGATE = _HELD.where(
    MandateRecord.delegate == bindparam("delegate"),
    MandateRecord.ended_at.is_(None),
    MandateRecord.starts <= db_now(),
    MandateRecord.expires > db_now(),
    _PRINCIPAL.c.died_on.is_(None),
).order_by(_PRINCIPAL.c.family_name, _PRINCIPAL.c.given_name, MandateRecord.ref)


def find(tx: Transaction, ref: str) -> HeldMandate | None:
    """Answer a mandate by its reference, whoever asks: the caller checks whose it is."""
    row = tx.execute(_BY_REF, {"ref": ref}).mappings().first()
    return _held(row) if row else None


def given_by(tx: Transaction, person: str) -> list[HeldMandate]:
    """List what a person gave, newest first, ended ones too."""
    return _list(tx, _OF_PERSON, {"principal": person, "delegate": ""})


def held_by(tx: Transaction, person: str) -> list[HeldMandate]:
    """List what a person may use, newest first, ended ones too."""
    return _list(tx, _OF_PERSON, {"principal": "", "delegate": person})


def usable(tx: Transaction, delegate: str, service: str) -> list[HeldMandate]:
    """List the mandates that a delegate may use at a service now, by the principal's name."""
    return [
        mandate
        for mandate in _list(tx, _OPEN_FOR_DELEGATE, {"delegate": delegate})
        if service in mandate.services
    ]


_END = (
    update(MandateRecord)
    .where(
        MandateRecord.ref == bindparam("mandate"),
        MandateRecord.principal == bindparam("by"),
        MandateRecord.ended_at.is_(None),
    )
    .values(
        ended_at=db_now(),
        ended_reason=bindparam("reason"),
        ended_reference=bindparam("reference"),
        version=MandateRecord.version + 1,
    )
    .returning(MandateRecord.delegate)
)


def end(tx: Transaction, ref: str, *, principal: str) -> HeldMandate | None:
    """End a mandate at its principal's word, and answer it as it then stands.

    One conditional statement: of two presses one ends it, and the other finds it ended. From
    the commit on no token of it is issued, introspected active or answered at userinfo,
    because each of these asks the liveness statement (`delegation.md` I4). None when the
    principal has no such mandate.
    """
    reference = new_reference()
    values = {"mandate": ref, "by": principal, "reason": "principal", "reference": reference}
    delegate = tx.execute(_END, values).scalar_one_or_none()
    if delegate is not None:
        detail = {"by": "principal"}
        record(
            tx,
            Entry(kind="mandate-ended", person=principal, mandate_ref=ref, detail=detail),
            reference=reference,
        )
        told = Entry(
            kind="mandate-ended", person=delegate, actor=principal, mandate_ref=ref, detail=detail
        )
        record(tx, told)
    mandate = find(tx, ref)
    return mandate if mandate and mandate.principal == principal else None


_USES = (
    select(
        JournalEntry.at,
        JournalEntry.kind,
        JournalEntry.client_id,
        JournalEntry.reference,
        JournalEntry.detail,
    )
    .where(
        JournalEntry.mandate_ref == bindparam("mandate"),
        JournalEntry.person == bindparam("principal"),
        JournalEntry.kind.in_(USE_KINDS),
    )
    .order_by(JournalEntry.id.desc())
    .limit(USES_SHOWN)
)
_COUNT_USES = (
    select(JournalEntry.mandate_ref, func.count().label("uses"))
    .where(JournalEntry.person == bindparam("principal"), JournalEntry.kind.in_(USE_KINDS))
    .where(JournalEntry.mandate_ref.is_not(None))
    .group_by(JournalEntry.mandate_ref)
)


def uses(tx: Transaction, mandate: HeldMandate) -> list[Use]:
    """List what was done under a mandate, newest first, from the journal itself."""
    rows = tx.execute(_USES, {"mandate": mandate.ref, "principal": mandate.principal})
    return [
        Use(at=row.at, kind=row.kind, client_id=row.client_id, reference=row.reference,
            detail=row.detail)
        for row in rows
    ]  # fmt: skip


def count_uses(tx: Transaction, principal: str) -> dict[str, int]:
    """Count the uses of each mandate that a person gave, by its reference."""
    rows = tx.execute(_COUNT_USES, {"principal": principal})
    return {row.mandate_ref: row.uses for row in rows}


def _list(tx: Transaction, statement: Any, params: dict[str, str]) -> list[HeldMandate]:
    return [_held(row) for row in tx.execute(statement, params).mappings()]


def _held(row: Any) -> HeldMandate:
    return HeldMandate(
        ref=row["ref"],
        principal=row["principal"],
        principal_name=row["principal_name"],
        delegate=row["delegate"],
        delegate_name=row["delegate_name"],
        services=tuple(row["services"]),
        basis=row["basis"],
        grant_level=Level(identity=row["grant_identity"], sign_in=row["grant_sign_in"]),
        starts=row["starts"],
        expires=row["expires"],
        ended_at=row["ended_at"],
        ended_reference=row["ended_reference"],
        version=row["version"],
    )
