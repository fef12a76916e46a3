"""Every use of a permission, from the journal itself: who, at which service, when and what for.

Read page by page, so that what a page costs grows with the page and not with what was done
(`delegation.md` I17: none is missing).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from idp.callers.acting import named
from idp.callers.liveness import TEXT
from idp.callers.records import ClientRecord
from idp.delegation.actions import USE_KINDS, HeldMandate
from idp.delegation.records import ObjectionRecord
from idp.journal.records import JournalEntry
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction

PAGE = 20
LAST = 2**62  # no entry's id is as large

_GRANT = named("oauth_grant", ref=TEXT, purpose=TEXT, member_ref=TEXT)
_E = JournalEntry.__table__.c
_USES = (
    select(
        _E.id, _E.at, _E.kind, _E.client_id, _E.reference, _E.detail, ClientRecord.client_name,
        ObjectionRecord.at.label("objected_at"), ObjectionRecord.answer_sealed,
    )
    .join(ClientRecord, ClientRecord.client_id == _E.client_id, isouter=True)
    .join(ObjectionRecord, ObjectionRecord.entry_reference == _E.reference, isouter=True)
    .where(
        _E.mandate_ref == bindparam("mandate"),
        _E.person == bindparam("principal"),
        _E.kind.in_(USE_KINDS),
    )
)  # fmt: skip
_OF_MANDATE = _USES.where(_E.id < bindparam("before")).order_by(_E.id.desc()).limit(PAGE + 1)
_ONE = _USES.where(_E.reference == bindparam("reference"))
_SHOWS = select(OrganisationRecord.shows_names, OrganisationRecord.name).where(
    OrganisationRecord.ref == bindparam("firm")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One thing done under a mandate. `adviser` is the full name of an organisation's member, None
    where it is a person's own mandate or the organisation shows no names. `purpose` is what for,
    in the actor's words; a check by the service has none, but its `detail` names the power."""

    id: int
    at: datetime
    kind: str
    detail: Mapping[str, Any]
    service: str
    reference: str
    adviser: str | None
    purpose: str | None
    objected_at: datetime | None
    answer_sealed: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsesPage:
    """Some uses, newest first. `before`: where the next page begins; None: there is none.

    `organisation` that acts, and whether it `shows_names`; None where the delegate is a person.
    """

    uses: tuple[Use, ...]
    before: int | None
    organisation: str | None
    shows_names: bool


def page_of(tx: Transaction, mandate: HeldMandate, before: int | None = None) -> UsesPage:
    """Read one page of the uses of a mandate; the caller checks whose it is."""
    values = {"mandate": mandate.ref, "principal": mandate.principal, "before": before or LAST}
    rows = tx.execute(_OF_MANDATE, values).all()
    shown = rows[:PAGE]
    firm = None
    if mandate.delegate_kind == "organisation":
        firm = tx.execute(_SHOWS, {"firm": mandate.delegate}).first()
    grants = _grants(tx, [row.detail.get("grant") for row in shown])
    used = [_use(row, grants.get(row.detail.get("grant")), firm) for row in shown]
    return UsesPage(
        uses=tuple(used),
        before=shown[-1].id if len(rows) > PAGE else None,
        organisation=firm.name if firm else None,
        shows_names=bool(firm and firm.shows_names),
    )


def find_use(tx: Transaction, mandate: HeldMandate, reference: str) -> Use | None:
    """One entry of the journal, if it is a use of this mandate; without its purpose and adviser."""
    values = {"mandate": mandate.ref, "principal": mandate.principal, "reference": reference}
    row = tx.execute(_ONE, values).first()
    return _use(row, None, None) if row is not None else None


def _use(row: Any, grant: Any, firm: Any) -> Use:
    return Use(
        id=row.id,
        at=row.at,
        kind=row.kind,
        detail=row.detail,
        service=row.client_name or row.client_id,
        reference=row.reference,
        adviser=grant.name if grant is not None and firm and firm.shows_names else None,
        purpose=grant.purpose if grant is not None else None,
        objected_at=row.objected_at,
        answer_sealed=row.answer_sealed,
    )


def _grants(tx: Transaction, refs: list[str | None]) -> dict[str | None, Any]:
    wanted = sorted({ref for ref in refs if ref})
    if not wanted:
        return {}
    statement = (
        select(_GRANT.c.ref, _GRANT.c.purpose, MemberRecord.name)
        .select_from(_GRANT.join(MemberRecord, MemberRecord.ref == _GRANT.c.member_ref,
                                 isouter=True))
        .where(_GRANT.c.ref.in_(wanted))
    )  # fmt: skip
    return {row.ref: row for row in tx.execute(statement)}
