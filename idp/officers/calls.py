"""A talk with somebody who gives or ends a permission: on the phone, by paper or at the counter.

One officer has it, and it is over after an hour. What the person shows in it is evidence of
`policies/evidence.toml`: a code that they read out, sent to the contact that the register held
before they rang; and what the officer enters by hand, each condition of the kind ticked.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, insert, null, select, update

from idp.assurance.policy import Policies
from idp.authentication.rules import is_code
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_code, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.notices.rules import masked_email, masked_phone
from idp.officers.actions import record_look_up
from idp.officers.records import OfficerCallRecord
from idp.register.actions import contacts_of
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration
from idp.throttle.actions import Limit, reserve

LASTS = timedelta(hours=1)
CODE_LASTS = timedelta(minutes=10)
PHONE_CODE = "phone-code"
# What an officer cannot have seen on paper: it was said, or shown and taken home again.
WITHOUT_DOCUMENT = frozenset({PHONE_CODE, "second-check", "counter-seen"})
LONGEST_HOLDER = 120
_HASH = re.compile(r"[0-9a-f]{64}")


class Problem(StrEnum):
    """Why something of a call was not done; the value names a message."""

    GONE = "call-over"
    NO_CONTACT = "no-contact"
    WRONG_CODE = "code-wrong"
    KIND = "evidence-unknown"
    CONDITIONS = "conditions-not-ticked"
    HASH = "hash-bad"
    HOLDER = "holder-bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call as it stands. `evidence` by kind, in the order in which it came."""

    ref: str
    officer_ref: str
    party: str
    party_kind: str
    evidence: tuple[Mapping[str, str], ...]
    channel: str | None
    code_index: str | None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of evidence that were passed."""
        return frozenset(one["type"] for one in self.evidence)


_C = OfficerCallRecord
_BEGIN = insert(_C)
_MINE = (
    _C.ref == bindparam("call"),
    _C.officer_ref == bindparam("officer"),
    _C.expires_at > db_now(),
)
_COLUMNS = (
    _C.ref, _C.officer_ref, _C.party, _C.party_kind, _C.evidence, _C.channel, _C.code_index,
)  # fmt: skip
_FIND = select(*_COLUMNS).where(*_MINE)
_LOCK = _FIND.with_for_update()
_SEND = (
    update(_C)
    .where(*_MINE)
    .values(
        channel=bindparam("on_channel"),
        code_index=bindparam("index"),
        code_expires_at=db_now() + bindparam("lasts", CODE_LASTS, type_=Duration()),
    )
    .returning(_C.party)
)
# The code is spent with what it buys: right once, and only while it works.
_SPEND = (
    update(_C)
    .where(*_MINE, _C.code_index == bindparam("index"), _C.code_expires_at > db_now())
    .values(code_index=null(), evidence=bindparam("shown"))
    .returning(_C.ref)
)
_ADD = update(_C).where(*_MINE).values(evidence=bindparam("shown")).returning(_C.ref)


def begin(tx: Transaction, *, officer: str, party: str, party_kind: str) -> str:
    """Begin a call about a party; the look at who it is stands in their journal."""
    ref, now = random_ref(), tx.now()
    values = {
        "ref": ref, "officer_ref": officer, "party": party, "party_kind": party_kind,
        "evidence": [], "begun_at": now, "expires_at": now + LASTS,
    }  # fmt: skip
    tx.execute(_BEGIN, values)
    record_look_up(tx, person_ref=party, case_ref=ref, officer_ref=officer)
    return ref


def find(tx: Transaction, ref: str, officer: str) -> Call | None:
    """Answer a call of this officer's that is not over."""
    row = tx.execute(_FIND, {"call": ref, "officer": officer}).mappings().first()
    return None if row is None else Call(**{**row, "evidence": tuple(row["evidence"])})


def reachable(tx: Transaction, call: Call) -> dict[str, str]:
    """Where a code may be sent, by channel: the register's contacts held for 30 days, masked."""
    if call.party_kind != "person":
        return {}
    known, found = contacts_of(tx, call.party), {}
    if known.phone:
        found["text"] = masked_phone(known.phone)
    if known.email:
        found["email"] = masked_email(known.email)
    return found


def send_code(
    database: Database, keyring: Keyring, call: Call, channel: str
) -> Problem | timedelta | None:
    """Send a code for the person to read out. A length of time: too many were sent, wait so long.

    To a contact of the register alone: never to one that is named in the call.
    """
    to = database.read(lambda tx: _contact(tx, call, channel))
    if to is None:
        return Problem.NO_CONTACT
    limits = [
        Limit(kind="officer-code-officer", value=call.officer_ref, burst=30,
              per=timedelta(minutes=1)),
        Limit(kind="officer-code-call", value=call.ref, burst=3, per=timedelta(minutes=10)),
        Limit(kind="officer-code-person", value=call.party, burst=6, per=timedelta(hours=1)),
    ]  # fmt: skip
    wait = reserve(database, keyring, limits)
    if wait is not None:
        return wait
    return database.transaction(lambda tx: _send(tx, keyring, call, channel, to))


def give_code(
    database: Database, keyring: Keyring, policies: Policies, call: Call, typed: str,
    ticked: Collection[str],
) -> Problem | timedelta | None:  # fmt: skip
    """Take the code that was read out; counted before it is looked at, five tries at each.

    The conditions of the kind have to be ticked as well, before the code is spent.
    """
    kind = policies.grants.get(PHONE_CODE)
    if kind is None or not kind.usable:
        return Problem.KIND
    if set(ticked) != set(kind.conditions):
        return Problem.CONDITIONS
    limits = [
        Limit(kind="officer-try-call", value=call.ref, burst=10, per=timedelta(hours=1)),
        Limit(kind="officer-try-code", value=call.code_index or call.ref, burst=5,
              per=timedelta(days=1)),
    ]  # fmt: skip
    wait = reserve(database, keyring, limits)
    if wait is not None:
        return wait
    index = _index(keyring, call.ref, typed) if is_code(typed) else ""

    def work(tx: Transaction) -> Problem | None:
        mine = {"call": call.ref, "officer": call.officer_ref}
        row = tx.execute(_LOCK, mine).mappings().first()
        if row is None:
            return Problem.GONE
        shown = _with(row["evidence"], PHONE_CODE, "", f"register-{row['channel']}")
        spent = tx.execute(_SPEND, {**mine, "index": index, "shown": shown}).first()
        right = bool(index) and spent is not None
        _record(tx, "spoken-code-right" if right else "spoken-code-refused", call)
        return None if right else Problem.WRONG_CODE

    return database.transaction(work)


def add_evidence(
    tx: Transaction,
    policies: Policies,
    call: Call,
    *,
    kind: str,
    ticked: Collection[str],
    document_hash: str = "",
    held_by: str = "",
) -> Problem | None:
    """Enter evidence that the officer saw or heard, with the hash of the document it is and who
    holds that. A code is never entered by hand."""
    known = policies.grants.get(kind)
    if known is None or not known.usable or kind == PHONE_CODE:
        return Problem.KIND
    if set(ticked) != set(known.conditions):
        return Problem.CONDITIONS
    if kind in WITHOUT_DOCUMENT:
        document_hash = held_by = ""
    else:
        document_hash, held_by = document_hash.strip().lower(), " ".join(held_by.split())
        if not _HASH.fullmatch(document_hash):
            return Problem.HASH
        if not 0 < len(held_by) <= LONGEST_HOLDER or not held_by.isprintable():
            return Problem.HOLDER
    mine = {"call": call.ref, "officer": call.officer_ref}
    row = tx.execute(_LOCK, mine).mappings().first()
    if row is None:
        return Problem.GONE
    shown = _with(row["evidence"], kind, document_hash, held_by or call.officer_ref)
    tx.execute(_ADD, {**mine, "shown": shown})
    _record(tx, "principal-evidence-entered", call, evidence=kind)
    return None


def _with(
    evidence: list[dict[str, str]], kind: str, document_hash: str, held_by: str
) -> list[dict[str, str]]:
    others = [one for one in evidence if one["type"] != kind]
    return [*others, {"type": kind, "hash": document_hash, "held_by": held_by}]


def _contact(tx: Transaction, call: Call, channel: str) -> Contact | None:
    if call.party_kind != "person":
        return None
    known = contacts_of(tx, call.party)
    if channel == "email" and known.email:
        return Contact("email", known.email)
    return Contact("text", known.phone) if channel == "text" and known.phone else None


def _send(
    tx: Transaction, keyring: Keyring, call: Call, channel: str, to: Contact
) -> Problem | None:
    code = random_code()
    values = {"call": call.ref, "officer": call.officer_ref, "on_channel": channel,
              "index": _index(keyring, call.ref, code)}  # fmt: skip
    if tx.execute(_SEND, values).first() is None:
        return Problem.GONE
    _record(tx, "spoken-code-sent", call, channel=channel)
    told = {"code": code, "minutes": str(CODE_LASTS // timedelta(minutes=1))}
    send(tx, keyring, to, Notice.SPOKEN_CODE, told)
    return None


def _index(keyring: Keyring, ref: str, code: str) -> str:
    return keyring.index("code", f"spoken:{ref}:{code}")


def _record(tx: Transaction, kind: str, call: Call, **detail: Any) -> None:
    record(tx, Entry(kind=kind, person=call.party, actor=call.officer_ref,
                     detail={"call": call.ref, **detail}))  # fmt: skip
