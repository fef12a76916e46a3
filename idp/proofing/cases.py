"""Cases: one account's proof of being one person of the register."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, func, select, text, update

from idp.accounts.records import AccountRecord
from idp.assurance.policy import Policies
from idp.journal.actions import SPOKEN, Entry, random_spoken, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.proofing import evidence
from idp.proofing.records import CaseRecord, EvidenceRecord, VisitRecord, WayBackRecord
from idp.proofing.rules import COUNTS_FOR, REGISTER_MATCH
from idp.storage import Transaction, db_now
from idp.storage.dialects import Duration, upsert

SPOKEN_LETTERS = 8
REGISTER = "register"  # who stands for a match
LAPSE_AT_A_TIME = 500


class Ending(StrEnum):
    """How a case ended."""

    JOINED = "joined"
    RECOVERED = "recovered"
    GIVEN_UP = "given-up"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An open case, with its account as it stands now."""

    ref: str
    account_ref: str
    person_ref: str
    spoken: str
    created_at: datetime
    sign_in_name: str
    email: str
    identity_level: int
    joined_to: str | None


_CASE = (
    select(
        CaseRecord.ref,
        CaseRecord.account_ref,
        CaseRecord.person_ref,
        CaseRecord.spoken,
        CaseRecord.created_at,
        AccountRecord.sign_in_name,
        AccountRecord.email,
        AccountRecord.identity_level,
        AccountRecord.person_ref.label("joined_to"),
    )
    .join(AccountRecord, AccountRecord.ref == CaseRecord.account_ref)
    .where(CaseRecord.closed_at.is_(None), AccountRecord.disabled_at.is_(None))
)
_OF_ACCOUNT = _CASE.where(CaseRecord.account_ref == bindparam("account"))
_BY_REF = _CASE.where(CaseRecord.ref == bindparam("case"))
_LOCK = _BY_REF.with_for_update(of=CaseRecord)
_BY_SPOKEN = _CASE.where(CaseRecord.spoken == bindparam("spoken"))
_OPEN = upsert(
    lambda insert: (
        insert(CaseRecord)
        .values(
            ref=bindparam("ref"),
            account_ref=bindparam("account"),
            person_ref=bindparam("person"),
            claim_sealed=bindparam("sealed"),
            spoken=bindparam("spoken"),
            created_at=db_now(),
        )
        .on_conflict_do_nothing(
            index_elements=["account_ref"], index_where=text("closed_at IS NULL")
        )
        .returning(CaseRecord.ref)
    )
)
_CLOSE = (
    update(CaseRecord)
    .where(CaseRecord.ref == bindparam("case"), CaseRecord.closed_at.is_(None))
    .values(closed_at=db_now(), outcome=bindparam("ending"))
    .returning(CaseRecord.account_ref)
)
_LONG_AGO = db_now() - bindparam("counts_for", COUNTS_FOR, type_=Duration())
_IS_SILENT = and_(
    CaseRecord.closed_at.is_(None),
    CaseRecord.created_at <= _LONG_AGO,
    ~select(EvidenceRecord.ref)
    .where(
        EvidenceRecord.case_ref == CaseRecord.ref,
        func.coalesce(EvidenceRecord.decided_at, EvidenceRecord.created_at) > _LONG_AGO,
    )
    .exists(),
    ~select(VisitRecord.ref)
    .where(VisitRecord.case_ref == CaseRecord.ref, VisitRecord.entered_at > _LONG_AGO)
    .exists(),
    ~select(WayBackRecord.ref)
    .where(
        WayBackRecord.case_ref == CaseRecord.ref,
        WayBackRecord.ended_at.is_(None),
        WayBackRecord.expires_at > db_now(),
    )
    .exists(),
    ~select(AccountRecord.ref)
    .where(
        AccountRecord.ref == CaseRecord.account_ref,
        AccountRecord.person_ref == CaseRecord.person_ref,
    )
    .exists(),
)
_SILENT = (
    select(CaseRecord.ref)
    .where(_IS_SILENT)
    .limit(LAPSE_AT_A_TIME)
    .with_for_update(of=CaseRecord, skip_locked=True)
)
_LAPSE = (
    update(CaseRecord)
    .where(CaseRecord.ref == bindparam("case"), _IS_SILENT)
    .values(closed_at=db_now(), outcome=Ending.GIVEN_UP.value, claim_sealed="")
    .returning(CaseRecord.account_ref)
)


def open_case(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    *,
    account_ref: str,
    person_ref: str,
    claim: Mapping[str, Any],
) -> str | None:
    """Open a case on a claim that matched, and hold the match; None if one is open already.

    `claim` is what was typed. It is sealed for this case, for nobody reads it but an inquiry.
    """
    ref = random_ref()
    values = {
        "ref": ref,
        "account": account_ref,
        "person": person_ref,
        "sealed": keyring.sealer.seal(json.dumps(dict(claim)), purpose=claim_purpose(ref)),
        "spoken": random_spoken(SPOKEN_LETTERS),
    }
    if tx.execute(_OPEN.on(tx), values).first() is None:
        return None
    record(tx, Entry(kind="claim-matched", person=account_ref, detail={"case": ref}))
    evidence.hold_at_once(
        tx, policies, case_ref=ref, kind=REGISTER_MATCH, source=REGISTER, detail={}
    )
    return ref


def claim_purpose(case_ref: str) -> str:
    """Answer what a case's claim is sealed for: it opens as no other case's."""
    return f"claim:{case_ref}"


def open_case_of(tx: Transaction, account_ref: str) -> Case | None:
    """Find the open case of an account."""
    return _one(tx, _OF_ACCOUNT, {"account": account_ref})


def find_case(tx: Transaction, case_ref: str) -> Case | None:
    """Find an open case."""
    return _one(tx, _BY_REF, {"case": case_ref})


def lock_case(tx: Transaction, case_ref: str) -> Case | None:
    """Find an open case and hold it until the commit: what is read of it after is all there is."""
    return _one(tx, _LOCK, {"case": case_ref})


def case_spoken(tx: Transaction, spoken: str) -> Case | None:
    """Find an open case by the reference that is said at a counter, however it is written."""
    letters = "".join(letter for letter in spoken.upper() if letter in SPOKEN)
    return _one(tx, _BY_SPOKEN, {"spoken": letters})


def close_case(tx: Transaction, case_ref: str, ending: Ending) -> bool:
    """Close a case, once."""
    row = tx.execute(_CLOSE, {"case": case_ref, "ending": ending.value}).first()
    if row is None:
        return False
    detail = {"case": case_ref, "ending": ending.value}
    record(tx, Entry(kind="proofing-ended", person=row.account_ref, detail=detail))
    return True


def lapse_silent(tx: Transaction) -> int:
    """Close open cases in which nothing happened for so long that nothing in them counts.

    A few hundred at a time; answers how many. What was typed is forgotten. A case that joined
    its account stays open, to be raised; so does one with a way back under way.
    """
    # Whoever adds evidence holds the case: one that is held is not silent.
    silent = tx.execute(_SILENT, {}).scalars().all()
    return sum(_lapse(tx, ref) for ref in silent)


def _lapse(tx: Transaction, case_ref: str) -> bool:
    # Asked again now that it is held here: evidence may have come in between.
    row = tx.execute(_LAPSE, {"case": case_ref}).first()
    if row is None:
        return False
    detail = {"case": case_ref, "ending": Ending.GIVEN_UP.value}
    record(tx, Entry(kind="proofing-ended", person=row.account_ref, detail=detail))
    return True


def _one(tx: Transaction, statement: Any, params: Mapping[str, Any]) -> Case | None:
    row = tx.execute(statement, params).mappings().first()
    return Case(**row) if row else None
