"""The standard agreement: one text that an organisation signs, for every service that opted in.

Here it is a record of who may do what for which services, with the fingerprint of the text that
was shown. Source: Transformational Government (2005), Annex B (intermediaries), paragraph B8.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import bindparam, insert, select, update

from idp.journal.actions import Entry, record
from idp.keyring.sealing import random_ref
from idp.organisations.actions import Opener, working
from idp.organisations.records import StandardAgreementRecord
from idp.organisations.rules import Role, Verdict
from idp.storage import Transaction, db_now

LASTS = timedelta(days=365)
EDITION = "2026-11-29"
# What is signed. It is fixed data, not a page's text: its fingerprint must not change by itself.
TERMS = (
    "We help people only while they are with us, or in contact with us, and only with what they "
    "ask for.",
    "Before we act we make sure that we speak with the person, and we keep what shows it.",
    "We tell people what we did, and give them a receipt.",
    "We never use a person's own password or codes.",
    "Only members whom we know by name act for people. We end a member's access on the day they "
    "leave.",
    "We say at once when something went wrong.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A signed agreement that is in force. `services` are those that had opted in then."""

    ref: str
    services: frozenset[str]
    signed_by: str
    signed_at: datetime
    ends_at: datetime


def text_of(organisation: str, services: Sequence[str]) -> str:
    """The text as it is signed: edition, organisation, services, terms."""
    return "\n".join((EDITION, organisation, *sorted(services), *TERMS))


def fingerprint(text: str) -> str:
    """The SHA-256 by which a signed text is known again."""
    return sha256(text.encode()).hexdigest()


_A = StandardAgreementRecord
_IN_FORCE = (
    select(_A.ref, _A.services, _A.signed_by, _A.signed_at, _A.ends_at)
    .where(
        _A.organisation_ref == bindparam("organisation"),
        _A.ended_at.is_(None),
        _A.ends_at > db_now(),
    )
    .order_by(_A.signed_at.desc())
    .limit(1)
)
_END = (
    update(_A)
    .where(_A.organisation_ref == bindparam("organisation"), _A.ended_at.is_(None))
    .values(ended_at=db_now())
)


def in_force(tx: Transaction, organisation: str) -> Agreement | None:
    """Answer the agreement an organisation works under today."""
    row = tx.execute(_IN_FORCE, {"organisation": organisation}).mappings().first()
    if row is None:
        return None
    return Agreement(**{**row, "services": frozenset(row["services"])})


def sign(
    tx: Transaction, organisation: str, opener: Opener, *, services: Collection[str], shown: str
) -> str | Verdict | None:
    """Sign for an organisation, for all services that opted in; answers the fingerprint.

    `shown` is the fingerprint of the text on the page: what was agreed to is what is kept. None:
    who signs is no administrator of it, or the text has changed since it was shown; `LEVEL` where
    they have shown too little.
    """
    found = working(tx, organisation, opener.account)
    if found is None or Role.ADMIN not in found[1].roles:
        return None
    if not opener.may_open(tx, organisation):
        return Verdict.LEVEL
    firm, member = found
    mark = fingerprint(text_of(firm.name, sorted(services)))
    if mark != shown or not services:
        return None
    now = tx.now()
    tx.execute(_END, {"organisation": organisation})
    ref = random_ref()
    values = {
        "ref": ref, "organisation_ref": organisation, "text_hash": mark,
        "services": sorted(services), "signed_by": member.ref, "signed_at": now,
        "ends_at": now + LASTS,
    }  # fmt: skip
    tx.execute(insert(_A).values(values))
    detail = {"agreement": ref, "text": mark, "services": sorted(services)}
    who = opener.account
    record(tx, Entry(kind="agreement-signed", person=organisation, actor=who, detail=detail))
    return mark
