"""Letters: the driver for people whom nothing else reaches. A task list, and a mark when done.

A letter is written when it is put in and printed by an officer, who posts it or rings the person
up and reads it out. It waits until somebody has done so: unlike a mail it never runs out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, insert, select, update

from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.notices.records import LetterRecord
from idp.notices.rules import Notice, problem_with
from idp.notices.texts import Words, words_of
from idp.storage import Transaction, db_now

SHOWN = 200


class Way(StrEnum):
    """How a letter was done; the value is the column's."""

    LETTER = "letter"
    CALL = "call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that waits, without what it says."""

    ref: str
    party: str
    created_at: datetime


_L = LetterRecord
_WAITS = _L.done_at.is_(None)
_PUT = insert(_L).values(created_at=db_now())
_LIST = (
    select(_L.ref, _L.party, _L.created_at)
    .where(_WAITS)
    .order_by(_L.created_at, _L.ref)
    .limit(SHOWN)
)
_ONE = select(
    _L.ref, _L.party, _L.created_at, _L.notice, _L.values_sealed, _L.locale
).where(_L.ref == bindparam("letter"), _WAITS)  # fmt: skip
_DONE = (
    update(_L)
    .where(_L.ref == bindparam("letter"), _WAITS)
    .values(done_at=db_now(), done_by=bindparam("officer"), way=bindparam("in_way"))
    .returning(_L.party)
)


def write(
    tx: Transaction,
    keyring: Keyring,
    party: str,
    notice: Notice,
    values: Mapping[str, str],
    *,
    locale: str = "en",
) -> str:
    """Put a letter to a person or business on the list; answers its reference.

    Raises `ValueError` for values the notice does not take: that is a programmer's mistake.
    """
    wrong = problem_with(notice, values)
    if wrong:
        raise ValueError(wrong)
    ref = random_ref()
    sealed = keyring.sealer.seal(json.dumps(dict(values)), purpose=letter_purpose(ref))
    asked = {"ref": ref, "party": party, "notice": notice, "values_sealed": sealed,
             "locale": locale}  # fmt: skip
    tx.execute(_PUT, asked)
    return ref


def waiting(tx: Transaction) -> list[Letter]:
    """List the letters that wait, oldest first."""
    return [Letter(**row) for row in tx.execute(_LIST).mappings()]


def read(
    tx: Transaction, keyring: Keyring, ref: str, *, issuer: str
) -> tuple[Letter, Words] | None:
    """Answer a letter that waits, with its words; None when it was done."""
    row = tx.execute(_ONE, {"letter": ref}).mappings().first()
    if row is None:
        return None
    values = json.loads(keyring.sealer.open(row["values_sealed"], purpose=letter_purpose(ref)))
    words = words_of(Notice(row["notice"]), values, locale=row["locale"], issuer=issuer)
    return Letter(ref=ref, party=row["party"], created_at=row["created_at"]), words


def done(tx: Transaction, ref: str, *, officer: str, way: Way) -> str | None:
    """Mark a letter as sent or told, once; answers to whom it was, or None."""
    values = {"letter": ref, "officer": officer, "in_way": way}
    party: str | None = tx.execute(_DONE, values).scalar_one_or_none()
    return party


def letter_purpose(ref: str) -> str:
    """What the sealed words of a letter are bound to."""
    return f"letter:{ref}"
