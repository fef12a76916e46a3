"""Codes to a contact that was known before anybody asked: the register's, or an old account's.

A code has six digits, works for ten minutes and is spent by one statement. Only the last one sent
on a channel counts.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from idp.assurance.policy import Policies
from idp.authentication.rules import is_code
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_code, random_ref
from idp.notices.actions import Contact, Notice, send
from idp.notices.rules import masked_email, masked_phone
from idp.proofing import evidence, limits, reaching, ways_back
from idp.proofing.cases import REGISTER, Case
from idp.proofing.records import ContactCodeRecord
from idp.proofing.rules import (
    CODE_LASTS,
    CONTACT_KINDS,
    NO_WAIT_FROM_LEVEL,
    held_kinds,
    level_reached,
)
from idp.register.actions import contacts_of
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import Duration
from idp.throttle import actions as throttle

EMAIL, TEXT, OLD_ACCOUNT = "email", "text", "old-account"
CODE_MINUTES = CODE_LASTS // timedelta(minutes=1)


class Sent(StrEnum):
    """How sending a code ended."""

    SENT = "sent"
    NO_CONTACT = "no-contact"


class Given(StrEnum):
    """How giving a code ended."""

    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """A channel at which somebody can be reached, with the address so that they know it."""

    channel: str
    masked: str


_KIND_OF = {channel: kind for kind, channel in CONTACT_KINDS.items()}
_PUT = insert(ContactCodeRecord).values(
    created_at=db_now(),
    expires_at=db_now() + bindparam("lasts", CODE_LASTS, type_=Duration()),
)
_LATEST = (
    select(ContactCodeRecord.ref)
    .where(
        ContactCodeRecord.case_ref == bindparam("case"),
        ContactCodeRecord.channel == bindparam("on_channel"),
    )
    .order_by(ContactCodeRecord.created_at.desc(), ContactCodeRecord.ref)
    .limit(1)
)
_SPEND = (
    update(ContactCodeRecord)
    .where(
        ContactCodeRecord.ref == bindparam("code_ref"),
        ContactCodeRecord.code_index == bindparam("index"),
        ContactCodeRecord.used_at.is_(None),
        ContactCodeRecord.expires_at > db_now(),
    )
    .values(used_at=db_now())
    .returning(ContactCodeRecord.case_ref)
)


def reachable(tx: Transaction, person_ref: str) -> list[Reachable]:
    """List the channels at which the register can reach a person, masked for the page."""
    known = contacts_of(tx, person_ref)
    found = []
    if known.email:
        found.append(Reachable(channel=EMAIL, masked=masked_email(known.email)))
    if known.phone:
        found.append(Reachable(channel=TEXT, masked=masked_phone(known.phone)))
    return found


def send_code(
    database: Database, keyring: Keyring, case: Case, channel: str, address: str
) -> Sent | timedelta:
    """Send a code to a contact. A length of time: too many were sent, wait so long.

    `channel` is email or text, for the register's contact, or old-account, for the address of
    the account that a way back leads into. `address` is the caller's IP address.
    """
    to = database.read(lambda tx: _contact(tx, case, channel))
    if to is None:
        return Sent.NO_CONTACT
    wait = throttle.reserve(
        database, keyring, limits.send_limits(address, case.ref, case.person_ref)
    )
    if wait is not None:
        return wait
    database.transaction(lambda tx: _send(tx, keyring, case, channel, to))
    return Sent.SENT


def give_code(
    database: Database,
    keyring: Keyring,
    policies: Policies,
    *,
    case: Case,
    channel: str,
    typed: str,
    address: str,
) -> Given | timedelta:
    """Spend a code for what it buys: evidence, or the end of a way back's wait.

    Counted before it is looked at. A length of time: too many tries, wait so long.
    """
    asked = {"case": case.ref, "on_channel": channel}
    ref = database.read(lambda tx: tx.execute(_LATEST, asked).scalar()) or ""
    wait = throttle.reserve(
        database, keyring, limits.code_limits(address, case.ref, ref or case.ref)
    )
    if wait is not None:
        return wait
    if not is_code(typed):
        return Given.WRONG
    spent = {"code_ref": ref, "index": _index(keyring, ref, typed)}

    def work(tx: Transaction) -> Given:
        if tx.execute(_SPEND, spent).first() is None:
            record(tx, Entry(kind="contact-code-refused", person=case.account_ref,
                             detail={"case": case.ref, "channel": channel}))  # fmt: skip
            return Given.WRONG
        _buy(tx, keyring, policies, case, channel)
        return Given.RIGHT

    return database.transaction(work)


def may_end_wait(tx: Transaction, policies: Policies, case: Case) -> bool:
    """Say whether enough is known of a person for a code to the old account to end the wait.

    Less than that a housemate could show too, and the mailbox may be shared at home as well.
    """
    pieces = evidence.pieces_of(tx, case.ref)
    return level_reached(pieces, policies.evidence, policies.profiles) >= NO_WAIT_FROM_LEVEL


def _buy(tx: Transaction, keyring: Keyring, policies: Policies, case: Case, channel: str) -> None:
    if channel == OLD_ACCOUNT:
        found = ways_back.of_account(tx, case.account_ref)
        if found is not None and may_end_wait(tx, policies, case):
            ways_back.shorten(tx, found.ref, case.person_ref)
        return
    kind = _KIND_OF[channel]
    if kind not in held_kinds(evidence.pieces_of(tx, case.ref)):
        evidence.hold_at_once(
            tx, policies, case_ref=case.ref, kind=kind, source=REGISTER, detail={}
        )
    reaching.settle(tx, keyring, policies, case.ref)


def _send(tx: Transaction, keyring: Keyring, case: Case, channel: str, to: Contact) -> None:
    ref, code = random_ref(), random_code()
    values = {
        "ref": ref, "case_ref": case.ref, "channel": channel,
        "code_index": _index(keyring, ref, code),
    }  # fmt: skip
    tx.execute(_PUT, values)
    detail = {"case": case.ref, "channel": channel}
    record(tx, Entry(kind="contact-code-sent", person=case.account_ref, detail=detail))
    told = {"code": code, "minutes": str(CODE_MINUTES)}
    send(tx, keyring, to, Notice.CONTACT_CODE, told)


def _contact(tx: Transaction, case: Case, channel: str) -> Contact | None:
    if channel == OLD_ACCOUNT:
        found = ways_back.of_account(tx, case.account_ref)
        return None if found is None else Contact("email", found.email)
    known = contacts_of(tx, case.person_ref)
    if channel == EMAIL and known.email:
        return Contact("email", known.email)
    if channel == TEXT and known.phone:
        return Contact("text", known.phone)
    return None


def _index(keyring: Keyring, ref: str, code: str) -> str:
    return keyring.index("code", f"contact:{ref}:{code}")
