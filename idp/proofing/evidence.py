"""Evidence, whatever its kind: asked, then held or refused, each once (one small interface)."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import bindparam, insert, or_, select, text, update

from idp.accounts.records import AccountRecord
from idp.assurance.policy import Policies
from idp.assurance.profiles import Scores
from idp.journal.actions import Entry, record
from idp.keyring.sealing import random_ref
from idp.proofing.records import CaseRecord, EvidenceRecord, WayBackRecord
from idp.proofing.rules import CHECK_TRIED_FOR, CHECKED_OUTSIDE, Piece, State, still_counts
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration, upsert

_ASKED = EvidenceRecord.state == State.ASKED.value
_ACCOUNT_OF = select(CaseRecord.account_ref).where(CaseRecord.ref == bindparam("case"))
_OF_CASE = (
    select(
        EvidenceRecord.ref,
        EvidenceRecord.kind,
        EvidenceRecord.state,
        EvidenceRecord.scores,
        EvidenceRecord.source,
        EvidenceRecord.created_at,
        EvidenceRecord.decided_at,
    )
    .where(EvidenceRecord.case_ref == bindparam("case"))
    .order_by(EvidenceRecord.created_at, EvidenceRecord.ref)
)
_STANDS = (
    select(
        (AccountRecord.person_ref == CaseRecord.person_ref).label("joined"),
        # The way back that is under way, or taken by this very transaction.
        select(WayBackRecord.created_at)
        .where(
            WayBackRecord.case_ref == CaseRecord.ref,
            or_(WayBackRecord.ended_at.is_(None), WayBackRecord.outcome == "taken"),
            WayBackRecord.expires_at > db_now(),
        )
        .correlate(CaseRecord)
        .order_by(WayBackRecord.created_at.desc())
        .limit(1)
        .scalar_subquery()
        .label("begun_at"),
    )
    .select_from(CaseRecord)
    .join(AccountRecord, AccountRecord.ref == CaseRecord.account_ref)
    .where(CaseRecord.ref == bindparam("case"))
)
_ASK = upsert(
    lambda insert: (
        insert(EvidenceRecord)
        .values(
            ref=bindparam("ref"),
            case_ref=bindparam("case"),
            kind=bindparam("kind"),
            state=State.ASKED.value,
            scores=bindparam("scores"),
            source=bindparam("source"),
            detail=bindparam("detail"),
            created_at=db_now(),
        )
        .on_conflict_do_nothing(
            index_elements=["case_ref", "kind"], index_where=text("state = 'asked'")
        )
        .returning(EvidenceRecord.ref)
    )
)
_HOLD_NEW = insert(EvidenceRecord).values(
    state=State.HELD.value, created_at=db_now(), decided_at=db_now()
)
_DECIDE = (
    update(EvidenceRecord)
    .where(
        EvidenceRecord.ref == bindparam("evidence"),
        _ASKED,
        # A case that was closed takes no more evidence.
        select(CaseRecord.ref)
        .where(CaseRecord.ref == EvidenceRecord.case_ref, CaseRecord.closed_at.is_(None))
        .exists(),
    )
    .values(
        state=bindparam("new_state"),
        scores=bindparam("new_scores"),
        detail=bindparam("new_detail"),
        decided_at=db_now(),
    )
    .returning(EvidenceRecord.case_ref, EvidenceRecord.kind, EvidenceRecord.source)
)
_GIVE_UP = (
    update(EvidenceRecord)
    .where(
        _ASKED,
        EvidenceRecord.kind.in_(sorted(CHECKED_OUTSIDE)),
        EvidenceRecord.created_at
        <= db_now() - bindparam("tried_for", CHECK_TRIED_FOR, type_=Duration()),
    )
    .values(state=State.UNAVAILABLE.value, decided_at=db_now())
    .returning(EvidenceRecord.ref, EvidenceRecord.case_ref, EvidenceRecord.kind)
)


def pieces_of(tx: Transaction, case_ref: str) -> list[Piece]:
    """List a case's evidence that counts now, oldest first.

    What joined an account to its person counts for good, all else for `rules.COUNTS_FOR`.
    """
    rows = tx.execute(_OF_CASE, {"case": case_ref}).mappings()
    pieces = [
        Piece(**{**row, "state": State(row["state"]), "scores": Scores(**row["scores"])})
        for row in rows
        if row["state"] in set(State)
    ]
    stands = tx.execute(_STANDS, {"case": case_ref}).first()
    if stands is None or stands.joined:
        return pieces
    at = stands.begun_at or tx.now()
    return [piece for piece in pieces if still_counts(piece, at)]


def ask(
    tx: Transaction, *, case_ref: str, kind: str, source: str, detail: Mapping[str, Any]
) -> str | None:
    """Note that evidence of `kind` is asked of `source`; answer its reference.

    None: it is asked already, and one answer is waited for at a time. `detail` holds references
    only.
    """
    values = {
        "ref": random_ref(), "case": case_ref, "kind": kind, "scores": {}, "source": source,
        "detail": dict(detail),
    }  # fmt: skip
    ref: str | None = tx.execute(_ASK.on(tx), values).scalar()
    if ref is not None:
        _record(tx, "evidence-asked", case_ref, ref, kind, source)
    return ref


def hold(
    tx: Transaction, policies: Policies, evidence_ref: str, *, detail: Mapping[str, Any]
) -> str | None:
    """Hold what was asked, with today's scores; answer the case it belongs to.

    None: it was decided before, or its case is closed. The level is the caller's to work out
    (`reaching.settle`), in the same transaction.
    """
    kind = tx.execute(_KIND_OF, {"evidence": evidence_ref}).scalar()
    scores = asdict(_scores(policies, str(kind)))
    return _decide(tx, evidence_ref, State.HELD, scores, detail)


def hold_at_once(
    tx: Transaction,
    policies: Policies,
    *,
    case_ref: str,
    kind: str,
    source: str,
    detail: Mapping[str, Any],
) -> str:
    """Hold evidence that needs no answer from outside, with today's scores."""
    ref = random_ref()
    values = {
        "ref": ref, "case_ref": case_ref, "kind": kind, "source": source, "detail": dict(detail),
        "scores": asdict(_scores(policies, kind)),
    }  # fmt: skip
    tx.execute(_HOLD_NEW, values)
    _record(tx, "evidence-held", case_ref, ref, kind, source)
    return ref


def refuse(tx: Transaction, evidence_ref: str, *, detail: Mapping[str, Any]) -> str | None:
    """Refuse what was asked; answer its case, or None where it was decided before."""
    return _decide(tx, evidence_ref, State.REFUSED, {}, detail)


def give_up_late(tx: Transaction) -> int:
    """Mark what no checker answered for too long as unavailable; answer how many."""
    late = tx.execute(_GIVE_UP, {}).all()
    for row in late:
        _record(tx, "evidence-unavailable", row.case_ref, row.ref, row.kind, "")
    return len(late)


_KIND_OF = select(EvidenceRecord.kind).where(EvidenceRecord.ref == bindparam("evidence"))


def _scores(policies: Policies, kind: str) -> Scores:
    """What the kind is worth today; nothing where policy no longer knows it."""
    known = policies.evidence.get(kind)
    return known.scores if known else Scores()


def _decide(
    tx: Transaction,
    evidence_ref: str,
    state: State,
    scores: Mapping[str, int],
    detail: Mapping[str, Any],
) -> str | None:
    values = {
        "evidence": evidence_ref, "new_state": state.value, "new_scores": dict(scores),
        "new_detail": dict(detail),
    }  # fmt: skip
    row = tx.execute(_DECIDE, values).first()
    if row is None:
        return None
    _record(tx, f"evidence-{state}", row.case_ref, evidence_ref, row.kind, row.source)
    case_ref: str = row.case_ref
    return case_ref


def _record(
    tx: Transaction, kind: str, case_ref: str, evidence_ref: str, of_kind: str, source: str
) -> None:
    account = tx.execute(_ACCOUNT_OF, {"case": case_ref}).scalar_one()
    detail = {"case": case_ref, "evidence": evidence_ref, "kind": of_kind, "source": source}
    record(tx, Entry(kind=kind, person=account, detail=detail))
