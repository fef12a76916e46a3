"""A principal objects to one use; officers answer, and the answer is shown to the principal."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, select, update

from idp.callers.records import ClientRecord
from idp.delegation.actions import HeldMandate
from idp.delegation.records import MandateRecord, ObjectionRecord
from idp.delegation.telling import tell_principal
from idp.delegation.uses import find_use
from idp.delegation.watching import tell_admins
from idp.errors import Refusal
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.notices.actions import Notice
from idp.organisations.records import OrganisationRecord
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

SHORTEST, LONGEST = 3, 1000  # characters
SHOWN = 100

_INSERT = upsert(
    lambda insert: (
        insert(ObjectionRecord)
        .values(
            entry_reference=bindparam("reference"),
            mandate_ref=bindparam("mandate"),
            person=bindparam("principal"),
            words_sealed=bindparam("sealed"),
            at=db_now(),
        )
        .on_conflict_do_nothing()
        .returning(ObjectionRecord.entry_reference)
    )
)
_O = ObjectionRecord.__table__.c
_WAITING = (
    select(
        _O.entry_reference, _O.words_sealed, _O.at, MandateRecord.delegate_kind,
        OrganisationRecord.name.label("organisation"), ClientRecord.client_name,
    )
    .join(MandateRecord, MandateRecord.ref == _O.mandate_ref)
    .join(OrganisationRecord, OrganisationRecord.ref == MandateRecord.delegate, isouter=True)
    .join(ClientRecord, ClientRecord.client_id == MandateRecord.service, isouter=True)
    .where(_O.answered_at.is_(None))
    .order_by(_O.at)
    .limit(SHOWN)
)  # fmt: skip
_ANSWER = (
    update(ObjectionRecord)
    .where(_O.entry_reference == bindparam("reference"), _O.answered_at.is_(None))
    .values(answered_at=db_now(), answer_sealed=bindparam("sealed"))
    .returning(_O.mandate_ref, _O.person)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """An objection that waits for its answer. `organisation` None: the helper is a person."""

    reference: str
    words: str
    at: datetime
    organisation: str | None
    service: str


def read_words(typed: str) -> str | None:
    """Answer words as they are kept, or None for none, too many, or what cannot be shown."""
    words = "\n".join(" ".join(line.split()) for line in typed.splitlines()).strip()
    fits = SHORTEST <= len(words) <= LONGEST
    return words if fits and words.replace("\n", "").isprintable() else None


def object_to(
    tx: Transaction, keyring: Keyring, mandate: HeldMandate, reference: str, words: str
) -> str | Refusal:
    """Keep a principal's objection to one use, once; answers the reference of its own entry.

    The words are sealed; the journal names the use and holds none of them. Whose the mandate is
    was checked by the caller.
    """
    if find_use(tx, mandate, reference) is None:
        return Refusal("unknown-use", "no such use of this permission")
    values = {
        "reference": reference, "mandate": mandate.ref, "principal": mandate.principal,
        "sealed": keyring.sealer.seal(words, purpose=objection_purpose(reference)),
    }  # fmt: skip
    if tx.execute(_INSERT.on(tx), values).first() is None:
        return Refusal("objected", "this use was objected to before")
    entry = Entry(kind="use-objected", person=mandate.principal, mandate_ref=mandate.ref,
                  detail={"use": reference})  # fmt: skip
    if mandate.delegate_kind == "organisation" and mandate.delegate is not None:
        tell_admins(tx, keyring, mandate.delegate, Notice.USE_OBJECTED)
    return record(tx, entry)


def waiting(tx: Transaction, keyring: Keyring) -> list[Objection]:
    """List what waits for an answer, oldest first."""
    return [
        Objection(
            reference=row.entry_reference,
            words=keyring.sealer.open(
                row.words_sealed, purpose=objection_purpose(row.entry_reference)
            ),
            at=row.at,
            organisation=row.organisation,
            service=row.client_name or "",
        )
        for row in tx.execute(_WAITING)
    ]


def answer(tx: Transaction, keyring: Keyring, reference: str, words: str, *, by: str) -> bool:
    """Answer an objection, once; the principal is told that there is an answer."""
    sealed = keyring.sealer.seal(words, purpose=objection_purpose(reference))
    row = tx.execute(_ANSWER, {"reference": reference, "sealed": sealed}).first()
    if row is None:
        return False
    record(tx, Entry(kind="objection-answered", person=row.person, mandate_ref=row.mandate_ref,
                     detail={"use": reference, "by": by}))  # fmt: skip
    tell_principal(tx, keyring, row.person, Notice.OBJECTION_ANSWERED)
    return True


def answer_words(keyring: Keyring, reference: str, sealed: str | None) -> str | None:
    """The answer to an objection, as its principal reads it."""
    return keyring.sealer.open(sealed, purpose=objection_purpose(reference)) if sealed else None


def objection_purpose(reference: str) -> str:
    """Bind the words of an objection, and of its answer, to the use they are about."""
    return f"use-objection {reference}"
