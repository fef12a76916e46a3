"""The way back into an account, by having proved again to be its person.

Begun, then taken, stopped or lapsed: each by one conditional statement on the one row, so that
of two that come at once exactly one wins. The account keeps its reference, subjects, mandates
and history; only what one signs in with is exchanged.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from idp.accounts.actions import Held, Joining, account_of_person, join_person, supersede
from idp.accounts.records import AccountRecord
from idp.assurance.policy import Policies
from idp.authentication import methods
from idp.authentication.ending import end_grants, end_other_sessions
from idp.authentication.rules import begins_two_checks
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref, random_token
from idp.notices.actions import Notice
from idp.proofing import cases, stopping
from idp.proofing.cases import Case, Ending
from idp.proofing.evidence import pieces_of
from idp.proofing.records import CaseRecord, WayBackRecord
from idp.proofing.rules import (
    COOL_OFF,
    WAY_BACK_LASTS,
    WayBack,
    enough_for_way_back,
    level_reached,
    needs_counter,
    newest_visit,
)
from idp.register.records import PersonRecord
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration, upsert


class Begun(StrEnum):
    """How beginning a way back ended."""

    BEGUN = "begun"
    UNDER_WAY = "under-way"  # begun before, by this very case
    OTHERS = "others"  # somebody else's way back into that account is under way
    COUNTER = "counter"  # the last one was stopped, so the next needs a visit to a counter
    SHUT = "shut"  # the person died, or the register gave up the record


class Taken(StrEnum):
    """How taking a way back ended; the value is also its journal code."""

    TAKEN = "way-back-taken"
    NOT_NOW = "way-back-not-open"
    TOO_LITTLE = "way-back-proof-too-low"  # or it is not as it was, or another was seen since


class _Undo(Exception):
    """Something changed under a way back being taken: nothing of it may stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A way back that was begun, and the account it leads into."""

    ref: str
    case_ref: str
    account_ref: str
    by_account_ref: str
    sign_in_name: str
    email: str
    times: WayBack


_WAY_BACK = select(
    WayBackRecord.ref,
    WayBackRecord.case_ref,
    WayBackRecord.account_ref,
    WayBackRecord.by_account_ref,
    WayBackRecord.due_at,
    WayBackRecord.expires_at,
    WayBackRecord.ended_at,
    AccountRecord.sign_in_name,
    AccountRecord.email,
).join(AccountRecord, AccountRecord.ref == WayBackRecord.account_ref)
_UNENDED = WayBackRecord.ended_at.is_(None)
_BY = (
    _WAY_BACK.where(WayBackRecord.by_account_ref == bindparam("by"), _UNENDED)
    .order_by(WayBackRecord.created_at.desc())
    .limit(1)
)
_OPEN_CASE = select(WayBackRecord.case_ref).where(
    WayBackRecord.account_ref == bindparam("old"), _UNENDED
)
_LIVE_CASE = _OPEN_CASE.where(WayBackRecord.expires_at > db_now())
_LAST_BEGUN = select(func.max(WayBackRecord.created_at)).where(
    WayBackRecord.account_ref == bindparam("old"), WayBackRecord.case_ref == bindparam("case")
)
_LAPSE = (
    update(WayBackRecord)
    .where(
        WayBackRecord.account_ref == bindparam("old"),
        _UNENDED,
        WayBackRecord.expires_at <= db_now(),
    )
    .values(ended_at=db_now(), outcome="lapsed")
)
_BEGIN = upsert(
    lambda insert: (
        insert(WayBackRecord)
        .values(
            ref=bindparam("ref"),
            case_ref=bindparam("case"),
            account_ref=bindparam("old"),
            by_account_ref=bindparam("by"),
            stop_digest=bindparam("stop"),
            created_at=db_now(),
            due_at=db_now() + bindparam("wait", COOL_OFF, type_=Duration()),
            expires_at=db_now() + bindparam("lasts", COOL_OFF + WAY_BACK_LASTS, type_=Duration()),
        )
        .on_conflict_do_nothing(
            index_elements=["account_ref"], index_where=text("ended_at IS NULL")
        )
        .returning(WayBackRecord.due_at)
    )
)
_TAKE = (
    update(WayBackRecord)
    .where(
        WayBackRecord.ref == bindparam("way_back"),
        WayBackRecord.by_account_ref == bindparam("by"),
        _UNENDED,
        WayBackRecord.due_at <= db_now(),
        WayBackRecord.expires_at > db_now(),
    )
    .values(ended_at=db_now(), outcome="taken")
    .returning(WayBackRecord.case_ref, WayBackRecord.account_ref, WayBackRecord.created_at)
)
# One at a time decides about a person, so that whoever was just seen at a counter is known here.
_LOCK_PERSON = (
    select(PersonRecord.ref)
    .join(CaseRecord, CaseRecord.person_ref == PersonRecord.ref)
    .join(WayBackRecord, WayBackRecord.case_ref == CaseRecord.ref)
    .where(WayBackRecord.ref == bindparam("way_back"))
    .with_for_update(of=PersonRecord, key_share=True)
)
# Nobody gets into the account of somebody who died, nor by a record the register gave up.
_LIVING = select(PersonRecord.ref).where(
    PersonRecord.ref == bindparam("person"),
    PersonRecord.status == "active",
    PersonRecord.died_on.is_(None),
)
_DUE_NOW = (
    update(WayBackRecord)
    .where(
        WayBackRecord.ref == bindparam("way_back"),
        _UNENDED,
        WayBackRecord.due_at > db_now(),
        _LIVING.exists(),
    )
    .values(due_at=db_now())
    .returning(WayBackRecord.account_ref)
)


def is_enough(tx: Transaction, level: int, old: Held) -> bool:
    """Say whether evidence worth `level` leads back into an account, as it is opened now."""
    two_checks = not begins_two_checks(methods.held_methods(tx, old.ref))
    return enough_for_way_back(level, old.identity_level, two_checks=two_checks)


def begin(tx: Transaction, keyring: Keyring, *, case: Case, old: Held, level: int) -> Begun:
    """Begin the way from a case back into the account its person has, and tell everybody.

    One at a time leads into an account: a second answers `OTHERS` and changes nothing, unless
    its person was seen at a counter (`rules.overtakes`): then it ends the first. Where the last
    one was stopped, this case must hold a counter visit confirmed since.
    """
    if not _may_go_on(tx, case.person_ref):
        return Begun.SHUT
    tx.execute(_LAPSE, {"old": old.ref})
    if _needs_counter(tx, case, old.ref):
        return Begun.COUNTER
    token = random_token()
    values = {
        "ref": random_ref(), "case": case.ref, "old": old.ref, "by": case.account_ref,
        "stop": stopping.stored(token),
    }  # fmt: skip
    due_at: datetime | None = tx.execute(_BEGIN.on(tx), values).scalar()
    if due_at is None and stopping.overtake(tx, keyring, case, old.ref):
        due_at = tx.execute(_BEGIN.on(tx), values).scalar()
    if due_at is None:
        open_case = tx.execute(_OPEN_CASE, {"old": old.ref}).scalar()
        return Begun.UNDER_WAY if open_case == case.ref else Begun.OTHERS
    detail = {"way_back": values["ref"], "case": case.ref, "level": level}
    record(tx, Entry(kind="way-back-begun", person=case.person_ref, detail=detail))
    told = {"account": old.sign_in_name, "when": due_at.isoformat()}
    stopping.tell(
        tx, keyring, Notice.WAY_BACK_BEGUN, told, case.person_ref,
        own=old.email, begun_by=case.email, token=token,
    )  # fmt: skip
    return Begun.BEGUN


def outlook(tx: Transaction, case: Case, old_ref: str) -> Begun:
    """Say what `begin` would answer now. Reads only."""
    if not _may_go_on(tx, case.person_ref):
        return Begun.SHUT
    if _needs_counter(tx, case, old_ref):
        return Begun.COUNTER
    live = tx.execute(_LIVE_CASE, {"old": old_ref}).scalar()
    if live is None or stopping.could_overtake(tx, case, old_ref):
        return Begun.BEGUN
    return Begun.UNDER_WAY if live == case.ref else Begun.OTHERS


def of_account(tx: Transaction, account_ref: str) -> Found | None:
    """Find the unended way back that an account's holder began."""
    return _found(tx, _BY, {"by": account_ref})


def shorten(tx: Transaction, way_back_ref: str, person_ref: str) -> bool:
    """End the wait of a way back now: its person has shown control of the account's address."""
    row = tx.execute(_DUE_NOW, {"way_back": way_back_ref, "person": person_ref}).first()
    if row is None:
        return False
    detail = {"way_back": way_back_ref}
    record(tx, Entry(kind="way-back-wait-ended", person=person_ref, detail=detail))
    return True


def take(
    database: Database,
    keyring: Keyring,
    policies: Policies,
    *,
    way_back_ref: str,
    account_ref: str,
) -> Taken:
    """Take a way back that is due, signed in as the account that proved again.

    That account is closed into the old one, which takes its name, address and ways to sign in;
    the old ways go. Every session of both ends. What the case proves is weighed again, by the
    policies of now: less than the old account was proved by leads nowhere, and nothing changes.
    Nor while another waits whom officers saw (`stopping.stronger_waits`).
    """
    try:
        return database.transaction(
            lambda tx: _take(tx, keyring, policies, way_back_ref, account_ref)
        )
    except _Undo:
        return Taken.TOO_LITTLE


def _take(
    tx: Transaction, keyring: Keyring, policies: Policies, way_back_ref: str, account_ref: str
) -> Taken:
    tx.execute(_LOCK_PERSON, {"way_back": way_back_ref})
    row = tx.execute(_TAKE, {"way_back": way_back_ref, "by": account_ref}).first()
    if row is None:
        return Taken.NOT_NOW
    case = cases.lock_case(tx, row.case_ref)
    old = account_of_person(tx, case.person_ref) if case else None
    if case is None or old is None or old.ref != row.account_ref:
        raise _Undo
    if stopping.stronger_waits(tx, case, row.created_at):
        raise _Undo
    level = level_reached(pieces_of(tx, case.ref), policies.evidence, policies.profiles)
    if not is_enough(tx, level, old):
        raise _Undo
    _exchange(tx, keyring, case, old, level)
    detail = {
        "way_back": way_back_ref, "case": case.ref, "level": level,
        "account": old.ref, "closed": account_ref, "policy": policies.fingerprint,
    }  # fmt: skip
    record(tx, Entry(kind=Taken.TAKEN, person=case.person_ref, detail=detail))
    told = {"account": case.sign_in_name}  # by which the account is known from now on
    stopping.tell(
        tx, keyring, Notice.WAY_BACK_TAKEN, told, case.person_ref,
        own=old.email, begun_by=case.email,
    )  # fmt: skip
    return Taken.TAKEN


def _exchange(tx: Transaction, keyring: Keyring, case: Case, old: Held, level: int) -> None:
    """Put the new ways to sign in in the place of the old; whoever was in the account is out."""
    new = case.account_ref
    joining = join_person(tx, account_ref=old.ref, person_ref=case.person_ref, identity_level=level)
    if joining is not Joining.JOINED:  # the person died, or the register gave up the record
        raise _Undo
    end_other_sessions(tx, old.ref, case.person_ref)
    end_other_sessions(tx, new, new)
    end_grants(tx, old.ref)
    end_grants(tx, new)
    methods.move_methods(tx, keyring, from_account=new, to_account=old.ref)
    if not supersede(tx, old_ref=old.ref, by_ref=new):
        raise _Undo
    cases.close_case(tx, case.ref, Ending.RECOVERED)


def _may_go_on(tx: Transaction, person_ref: str) -> bool:
    return tx.execute(_LIVING, {"person": person_ref}).first() is not None


def _needs_counter(tx: Transaction, case: Case, old_ref: str) -> bool:
    asked = {"old": old_ref, "case": case.ref}
    return needs_counter(
        stopped=stopping.last_stopped(tx, old_ref),
        visit=newest_visit(pieces_of(tx, case.ref)),
        begun=tx.execute(_LAST_BEGUN, asked).scalar(),
    )


def _found(tx: Transaction, statement: Any, params: dict[str, Any]) -> Found | None:
    row = tx.execute(statement, params).mappings().first()
    if row is None:
        return None
    facts = dict(row)
    moments = {name: facts.pop(name) for name in ("due_at", "expires_at", "ended_at")}
    return Found(**facts, times=WayBack(**moments))
