"""Visits to a counter: what one officer saw counts once another has confirmed it.

For the officers' console. An officer is named by their reference, decides only what they looked
at, and never what they entered themselves, or what was entered by somebody who let them in or whom
they let in (`officers.rules.are_apart`).
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from idp.accounts.records import AccountRecord
from idp.assurance.policy import Policies
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import Unreadable, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.officers.actions import record_look_up, who_let_in
from idp.officers.rules import are_apart
from idp.proofing import cases, evidence, reaching
from idp.proofing.records import CaseRecord, VisitRecord
from idp.proofing.rules import COUNTER_VISIT, DOCUMENTS
from idp.register.records import PersonRecord
from idp.storage import Transaction, db_now

SOURCE = "officers"
LOOK_LASTS = timedelta(minutes=30)  # the person is at the counter; a look of yesterday is none


class Problem(StrEnum):
    """Why a visit was not entered; the value names a message."""

    UNKNOWN = "case-unknown"
    WAITING = "visit-waiting-already"
    DOCUMENT = "document-unknown"


class Outcome(StrEnum):
    """How deciding a visit ended; the value is also its journal code."""

    CONFIRMED = "visit-confirmed"
    REFUSED = "visit-refused"
    OWN = "visit-entered-by-the-same-officer"
    NOT_APART = "visit-officers-not-apart"
    UNSEEN = "visit-not-looked-at"
    GONE = "visit-not-waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAtCounter:
    """Who the register says stands at the counter: to be compared with the document."""

    case_ref: str
    person_ref: str
    name: str
    birth_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit that waits for a second officer."""

    ref: str
    case_ref: str
    person_ref: str
    name: str
    birth_date: date
    document: str
    entered_by: str
    entered_at: datetime


_WHO = select(PersonRecord.given_name, PersonRecord.family_name, PersonRecord.birth_date).where(
    PersonRecord.ref == bindparam("person")
)
_UNDECIDED = VisitRecord.decided_at.is_(None)
_WAITING_ON = select(VisitRecord.ref).where(VisitRecord.case_ref == bindparam("case"), _UNDECIDED)
_ENTER = insert(VisitRecord).values(entered_at=db_now())
_WAITING = (
    select(
        VisitRecord.ref,
        VisitRecord.case_ref,
        CaseRecord.person_ref,
        PersonRecord.given_name,
        PersonRecord.family_name,
        PersonRecord.birth_date,
        VisitRecord.document,
        VisitRecord.entered_by,
        VisitRecord.entered_at,
    )
    .join(CaseRecord, CaseRecord.ref == VisitRecord.case_ref)
    .join(AccountRecord, AccountRecord.ref == CaseRecord.account_ref)
    .join(PersonRecord, PersonRecord.ref == CaseRecord.person_ref)
    .where(
        _UNDECIDED,
        VisitRecord.entered_by != bindparam("officer"),
        CaseRecord.closed_at.is_(None),
        AccountRecord.disabled_at.is_(None),
    )
    .order_by(VisitRecord.entered_at, VisitRecord.ref)
)
_ENTERED_BY = select(VisitRecord.entered_by).where(VisitRecord.ref == bindparam("visit"))
_DECIDE = (
    update(VisitRecord)
    .where(
        VisitRecord.ref == bindparam("visit"),
        _UNDECIDED,
        VisitRecord.entered_by != bindparam("officer"),
        select(CaseRecord.ref)
        .where(CaseRecord.ref == VisitRecord.case_ref, CaseRecord.closed_at.is_(None))
        .exists(),
    )
    .values(decided_by=bindparam("officer"), decided_at=db_now(), confirmed=bindparam("agrees"))
    .returning(VisitRecord.case_ref, VisitRecord.entered_by)
)


def at_counter(tx: Transaction, spoken: str) -> CaseAtCounter | None:
    """Find who a spoken reference stands for, however it was typed. Writes nothing."""
    case = cases.case_spoken(tx, spoken)
    if case is None:
        return None
    person = tx.execute(_WHO, {"person": case.person_ref}).one()
    return CaseAtCounter(
        case_ref=case.ref,
        person_ref=case.person_ref,
        name=f"{person.given_name} {person.family_name}",
        birth_date=person.birth_date,
    )


def enter_visit(tx: Transaction, *, spoken: str, document: str, officer: str) -> str | Problem:
    """Enter that this officer saw the person and a `document`, one of `rules.DOCUMENTS`.

    It counts for nothing until another officer confirms it. One visit waits at a time.
    """
    case = cases.case_spoken(tx, spoken)
    if case is None or cases.lock_case(tx, case.ref) is None:
        return Problem.UNKNOWN
    if document not in DOCUMENTS:
        return Problem.DOCUMENT
    if tx.execute(_WAITING_ON, {"case": case.ref}).first() is not None:
        return Problem.WAITING
    ref = random_ref()
    values = {"ref": ref, "case_ref": case.ref, "document": document, "entered_by": officer}
    tx.execute(_ENTER, values)
    detail = {"case": case.ref, "visit": ref, "document": document}
    record(tx, Entry(kind="visit-entered", person=case.account_ref, actor=officer, detail=detail))
    return ref


def waiting(tx: Transaction, *, officer: str) -> list[Visit]:
    """List the visits this officer may decide, oldest first: open ones, of others who are apart."""
    let_in_by, visits = who_let_in(tx), []
    for row in tx.execute(_WAITING, {"officer": officer}).mappings():
        facts = dict(row)
        name = f"{facts.pop('given_name')} {facts.pop('family_name')}"
        if are_apart(officer, facts["entered_by"], let_in_by):
            visits.append(Visit(**facts, name=name))
    return visits


def look_at(
    tx: Transaction, keyring: Keyring, *, visit_ref: str, officer: str
) -> tuple[Visit, str] | None:
    """Show an officer a visit they may decide, and record it; None where there is none.

    With it comes what `decide_visit` takes as proof of the look: sealed, for this officer and
    visit, good for `LOOK_LASTS`.
    """
    found = next((one for one in waiting(tx, officer=officer) if one.ref == visit_ref), None)
    if found is None:
        return None
    record_look_up(
        tx, person_ref=found.person_ref, case_ref=found.case_ref, officer_ref=officer,
        visit_ref=visit_ref,
    )  # fmt: skip
    until = str(int((tx.now() + LOOK_LASTS).timestamp()))
    return found, keyring.sealer.seal(until, purpose=_look_purpose(visit_ref, officer))


def decide_visit(
    tx: Transaction,
    keyring: Keyring,
    policies: Policies,
    *,
    visit_ref: str,
    officer: str,
    look: str,
    confirmed: bool,
) -> Outcome:
    """Confirm or refuse what another officer entered: once, and only who looked at it.

    `look` is what `look_at` gave this officer. The two must be apart; that they were not is
    recorded. A confirmed visit is evidence, weighed in the same transaction; the person is told
    either way.
    """
    entered_by = tx.execute(_ENTERED_BY, {"visit": visit_ref}).scalar()
    if entered_by == officer:
        return Outcome.OWN
    let_in_by = who_let_in(tx)
    if entered_by is not None and not are_apart(officer, entered_by, let_in_by):
        detail = {"visit": visit_ref, "entered_by": entered_by}
        record(tx, Entry(kind=Outcome.NOT_APART, actor=officer, detail=detail))
        return Outcome.NOT_APART
    if entered_by is not None and not _looked(tx, keyring, visit_ref, officer, look):
        return Outcome.UNSEEN
    values = {"visit": visit_ref, "officer": officer, "agrees": confirmed}
    row = tx.execute(_DECIDE, values).first()
    if row is None:
        return Outcome.GONE
    outcome = Outcome.CONFIRMED if confirmed else Outcome.REFUSED
    case = cases.lock_case(tx, row.case_ref)
    if case is None:  # its account is closed: the decision stands and leads nowhere
        return outcome
    # Who let each of the two in: that it was the same administrator shows at a glance.
    detail = {
        "case": case.ref, "visit": visit_ref, "entered_by": row.entered_by,
        "let_in_by": [let_in_by.get(one) for one in (row.entered_by, officer)],
    }  # fmt: skip
    record(tx, Entry(kind=outcome, person=case.account_ref, actor=officer, detail=detail))
    notice = Notice.VISIT_CONFIRMED if confirmed else Notice.VISIT_REFUSED
    send(tx, keyring, Contact("email", case.email), notice, {"account": case.sign_in_name})
    if confirmed:
        evidence.hold_at_once(
            tx, policies, case_ref=case.ref, kind=COUNTER_VISIT, source=SOURCE,
            detail={"visit": visit_ref, "entered_by": row.entered_by, "decided_by": officer},
        )  # fmt: skip
        reaching.settle(tx, keyring, policies, case.ref)
    return outcome


def _looked(tx: Transaction, keyring: Keyring, visit_ref: str, officer: str, look: str) -> bool:
    try:
        until = keyring.sealer.open(look, purpose=_look_purpose(visit_ref, officer))
    except Unreadable:
        return False
    return tx.now().timestamp() < int(until)


def _look_purpose(visit_ref: str, officer: str) -> str:
    return f"visit-looked-at:{visit_ref}:{officer}"
