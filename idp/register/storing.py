"""Store one batch of a file of people: who is new is added, who changed is changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, NamedTuple

from sqlalchemy import String, Table, any_, bindparam, func, select

from idp.accounts.records import AccountRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import random_ref
from idp.register.actions import number_purpose
from idp.register.merging import Held, added, brought_up_to_date, changed_fields, is_same_person
from idp.register.reading import PersonRow
from idp.register.reasons import Reason
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.register.rules import Death, Status
from idp.storage import Transaction
from idp.storage.bulk import insert_rows, moment_text, update_rows
from idp.storage.dialects import ByEngine

_TABLE: Table = PersonRecord.metadata.tables["person"]
_NUMBERS: Table = PersonRecord.metadata.tables["person_number"]
_NEW_COLUMNS = (*Held._fields, "created_at")
_NUMBER_COLUMNS = ("ref", "person_ref", "number_index", "number_sealed", "valid_from")
_HELD = [PersonRecord.__table__.c[name] for name in Held._fields]
CHANGED = "register-changed"  # in the journal


def _among(column: Any) -> ByEngine[Any]:
    """Say of a column that it is one of those in the parameter `asked`, of any length."""
    asked = bindparam("asked", type_=String)
    return ByEngine(
        sqlite=column.in_(select(func.json_each(asked).table_valued("value").c.value)),
        postgresql=column == any_(func.string_to_array(asked, ",")),
    )


_ASKED = _among(PersonNumberRecord.number_index)
_HAS_ACCOUNT = _among(AccountRecord.person_ref)
_joined = select(AccountRecord.person_ref)
_JOINED = ByEngine(
    sqlite=_joined.where(_HAS_ACCOUNT.sqlite), postgresql=_joined.where(_HAS_ACCOUNT.postgresql)
)
_OPEN = PersonNumberRecord.valid_to.is_(None)
_SAME = PersonRecord.ref == PersonNumberRecord.person_ref
_known = select(PersonNumberRecord.number_index, *_HELD).join(PersonRecord, _SAME).where(_OPEN)
_KNOWN = ByEngine(sqlite=_known.where(_ASKED.sqlite), postgresql=_known.where(_ASKED.postgresql))
_LOCKED = ByEngine(
    sqlite=_KNOWN.sqlite,  # holds the write lock already
    postgresql=_KNOWN.postgresql.with_for_update(of=PersonRecord, key_share=True),
)
_replaced = (
    select(PersonNumberRecord.number_index, PersonRecord.birth_date)
    .join(PersonRecord, _SAME)
    .where(~_OPEN)
)
_REPLACED = ByEngine(
    sqlite=_replaced.where(_ASKED.sqlite), postgresql=_replaced.where(_ASKED.postgresql)
)


class Line(NamedTuple):
    """A good line of the file: where it stands, its number's index, what it says."""

    line: int
    number_index: str
    row: PersonRow


@dataclass(slots=True)
class Stored:
    """What became of a batch. `refused` names lines by where they stand."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[int, Reason]] = field(default_factory=list)
    # Contacts before and now of who has an account, by person: for `telling.tell_moved`.
    moved: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)


def store(
    tx: Transaction,
    keyring: Keyring,
    lines: Sequence[Line],
    given: frozenset[str],
    import_ref: str,
) -> Stored:
    """Store the lines; no two of them have the same number.

    `given` are the columns that the file has. A person's reference, numbers and account are
    never touched. Two that add the same number at once: the later one fails on the unique index
    (`IntegrityError`) and may be run again.
    """
    done = Stored()
    known = _ask(tx, _KNOWN, [line.number_index for line in lines])
    new = [line for line in lines if line.number_index not in known]
    _add(tx, keyring, new, done)
    changing = []
    for line in lines:
        held = known.get(line.number_index)
        if held is None:
            continue
        now = brought_up_to_date(held, line.row, given, tx.now())
        if isinstance(now, Reason):
            done.refused.append((line.line, now))
        elif now == held:
            done.unchanged += 1
        else:
            changing.append(line)
    if changing:
        _change(tx, changing, given, done, import_ref)
    return done


def _add(tx: Transaction, keyring: Keyring, lines: list[Line], done: Stored) -> None:
    """Add the new ones, but for those whom the register holds under a corrected number."""
    if not lines:
        return
    asked = {"asked": _asked(tx, [line.number_index for line in lines])}
    replaced = {row[0]: row[1] for row in tx.execute(_REPLACED.on(tx), asked)}
    people, numbers, moment = [], [], moment_text(tx, tx.now())
    for line in lines:
        birth_date = replaced.get(line.number_index)
        if birth_date is not None and is_same_person(line.row, birth_date):
            done.refused.append((line.line, Reason.NUMBER_REPLACED))
            continue
        ref = random_ref()
        people.append((*_written(added(ref, line.row)), moment))
        sealed = keyring.sealer.seal(line.row.number, purpose=number_purpose(ref))
        numbers.append((random_ref(), ref, line.number_index, sealed, moment))
    insert_rows(tx, _TABLE, _NEW_COLUMNS, people)
    insert_rows(tx, _NUMBERS, _NUMBER_COLUMNS, numbers)
    done.added += len(people)


def _change(
    tx: Transaction, lines: list[Line], given: frozenset[str], done: Stored, import_ref: str
) -> None:
    """Lock who changes, look again, and write: what somebody else did meanwhile stays."""
    known = _ask(tx, _LOCKED, [line.number_index for line in lines])
    written, told, moved = [], {}, {}
    for line in lines:
        held = known[line.number_index]
        now = brought_up_to_date(held, line.row, given, tx.now())
        if isinstance(now, Reason):
            done.refused.append((line.line, now))
            continue
        written.append(_written(now))
        if now.status == Status.DEAD != held.status:
            by = {"by": "register-import", "import": import_ref}
            record(tx, Entry(kind=Death.RECORDED, person=held.ref, detail=by))
        if fields := changed_fields(held, now):
            told[held.ref] = fields
            if "contacts" in fields:
                moved[held.ref] = held.contacts, now.contacts
    update_rows(tx, _TABLE, Held._fields, written)
    done.changed += len(written)
    joined = _journal(tx, told, import_ref)
    done.moved = {ref: moved[ref] for ref in joined if ref in moved}


def _journal(tx: Transaction, told: Mapping[str, list[str]], import_ref: str) -> Sequence[str]:
    """Record what changed under those who have an account: services know them by it."""
    if not told:
        return ()
    joined: Sequence[str] = (
        tx.execute(_JOINED.on(tx), {"asked": _asked(tx, list(told))}).scalars().all()
    )
    for ref in joined:
        detail = {"by": "register-import", "import": import_ref, "fields": told[ref]}
        record(tx, Entry(kind=CHANGED, person=ref, detail=detail))
    return joined


def _ask(tx: Transaction, statement: ByEngine[Any], indexes: list[str]) -> dict[str, Held]:
    rows = tx.execute(statement.on(tx), {"asked": _asked(tx, indexes)})
    return {row[0]: Held._make(row[1:]) for row in rows}


def _asked(tx: Transaction, indexes: list[str]) -> str:
    return json.dumps(indexes) if tx.is_sqlite else ",".join(indexes)


def _written(held: Held) -> tuple[str | None, ...]:
    """Answer a person's values in the table's order, as text."""
    return (
        held.ref,
        held.given_name,
        held.family_name,
        held.birth_date.isoformat(),
        held.sex,
        _object(held.address),
        held.died_on.isoformat() if held.died_on else None,
        held.status,
        json.dumps(held.earlier_names) if held.earlier_names else "[]",
        _object(held.contacts),
    )


def _object(members: Mapping[str, Any]) -> str:
    """Write a JSON object as `json.dumps` does; in a quarter of the time where all is text."""
    if not members:
        return "{}"
    if {*map(type, members.values())} != {str}:
        return json.dumps(members)
    return "{" + ", ".join([f'"{name}": {_quoted(v)}' for name, v in members.items()]) + "}"
