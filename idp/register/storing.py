"""Store one batch of a file of people: who is new is added, who changed is changed."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    String,
    Table,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    text,
    true,
)

from idp.accounts.records import AccountRecord
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.register import deaths
from idp.register.batches import Line, Reading
from idp.register.merging import Held, brought_up_to_date, changed_fields, is_same_person
from idp.register.preparing import written
from idp.register.reading import PersonRow
from idp.register.reasons import Reason
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.register.rules import Death, Status
from idp.storage import Transaction
from idp.storage.bulk import insert_packed, moment_text, update_rows
from idp.storage.dialects import ByEngine

_TABLE: Table = PersonRecord.metadata.tables["person"]
_NUMBERS: Table = PersonRecord.metadata.tables["person_number"]
_NEW_COLUMNS = (*Held._fields, "created_at")
_NUMBER_COLUMNS = ("ref", "person_ref", "number_index", "number_sealed", "valid_from")
_HELD = [PersonRecord.__table__.c[name] for name in Held._fields]
CHANGED = "register-changed"  # in the journal


_ASKED = bindparam("asked", type_=String)  # a list of any length, as `_asked` writes it
_LISTED = select(func.json_each(_ASKED).table_valued("value").c.value)
_ARRAY = func.string_to_array(_ASKED, ",")
_joined = select(AccountRecord.person_ref)
_JOINED = ByEngine(
    sqlite=_joined.where(AccountRecord.person_ref.in_(_LISTED)),
    postgresql=_joined.where(AccountRecord.person_ref == any_(_ARRAY)),
)


def _numbers(condition: ColumnElement[bool]) -> ByEngine[FromClause]:
    """Answer the listed numbers that the register holds and that meet the condition.

    PostgreSQL is made to go through the list and look each number up. Left to itself, without
    statistics, it reads the whole register for each batch of a first import; OFFSET 0 holds it.
    """
    number = PersonNumberRecord.number_index
    found = select(number, PersonNumberRecord.person_ref).where(condition)
    wanted = func.unnest(_ARRAY).table_valued("value").render_derived(name="wanted")
    each = found.where(number == wanted.c.value).offset(literal_column("0")).lateral("each")
    return ByEngine(
        sqlite=found.where(number.in_(_LISTED)).subquery("found"),
        postgresql=select(each).select_from(wanted).join(each, true()).subquery("found"),
    )


def _known(found: FromClause) -> Select[Any]:
    who = PersonRecord.ref == found.c.person_ref
    return select(found.c.number_index, *_HELD).select_from(found).join(PersonRecord, who)


def _replaced(found: FromClause) -> Select[Any]:
    born = select(PersonRecord.birth_date).where(PersonRecord.ref == found.c.person_ref)
    return select(found.c.number_index, born.scalar_subquery())


def _each(write: Callable[[FromClause], Select[Any]], found: ByEngine[FromClause]) -> ByEngine[Any]:
    return ByEngine(sqlite=write(found.sqlite), postgresql=write(found.postgresql))


_OPEN = PersonNumberRecord.valid_to.is_(None)
_KNOWN = _each(_known, _numbers(_OPEN))
_LOCKED = ByEngine(
    sqlite=_KNOWN.sqlite,  # holds the write lock already
    postgresql=_KNOWN.postgresql.with_for_update(of=PersonRecord, key_share=True),
)
_REPLACED = _each(_replaced, _numbers(~_OPEN))
# How many rows there will be is unknown without statistics, and a program for millions is dear.
_PLAIN_PLANS = text("SET LOCAL jit = off")


@dataclass(slots=True)
class Stored:
    """What became of a batch; `refused` are lines that the register speaks against."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[tuple[Line, Reason]] = field(default_factory=list)
    # Contacts before and now of who has an account, by person: for `telling.tell_moved`.
    moved: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = field(default_factory=dict)


def store(
    tx: Transaction, keyring: Keyring, reading: Reading, lines: Sequence[Line], import_ref: str
) -> Stored:
    """Store the lines; no two of them have the same number.

    `reading` is what read them. A person's reference, numbers and account are never touched. Two
    that add the same number at once: the later one fails on the unique index (`IntegrityError`)
    and may be run again.
    """
    done = Stored()
    if not tx.is_sqlite:
        tx.execute(_PLAIN_PLANS)
    known = _ask(tx, _KNOWN, [line.number_index for line in lines])
    _add(tx, keyring, reading, [line for line in lines if line.number_index not in known], done)
    changing = []
    for line in lines if known else ():
        held = known.get(line.number_index)
        if held is None:
            continue
        row = reading.row(line)
        now = brought_up_to_date(held, row, reading.reader.given, tx.now())
        if isinstance(now, Reason):
            done.refused.append((line, now))
        elif now == held:
            done.unchanged += 1
        else:
            changing.append((line, row))
    if changing:
        _change(tx, changing, reading.reader.given, done, import_ref)
    return done


def _add(
    tx: Transaction, keyring: Keyring, reading: Reading, lines: list[Line], done: Stored
) -> None:
    """Add the new ones, but for those whom the register holds under a corrected number."""
    if not lines:
        return
    asked = {"asked": _asked(tx, [line.number_index for line in lines])}
    if replaced := {row[0]: row[1] for row in tx.execute(_REPLACED.on(tx), asked)}:
        rightful = []
        for line in lines:
            birth_date = replaced.get(line.number_index)
            if birth_date is not None and is_same_person(reading.row(line), birth_date):
                done.refused.append((line, Reason.NUMBER_REPLACED))
            else:
                rightful.append(line)
        lines = rightful
    # By reference, their place in most indexes: each page of those is then read once.
    rows = sorted(reading.rows(line, keyring.sealer) for line in lines)
    moment = moment_text(tx, tx.now())
    insert_packed(tx, _TABLE, _NEW_COLUMNS, [person for person, _ in rows], moment)
    insert_packed(tx, _NUMBERS, _NUMBER_COLUMNS, [number for _, number in rows], moment)
    done.added += len(lines)


def _change(
    tx: Transaction,
    lines: list[tuple[Line, PersonRow]],
    given: frozenset[str],
    done: Stored,
    import_ref: str,
) -> None:
    """Lock who changes, look again, and write: what somebody else did meanwhile stays."""
    known = _ask(tx, _LOCKED, [line.number_index for line, _ in lines])
    changes, told, moved = [], {}, {}
    for line, row in lines:
        held = known[line.number_index]
        now = brought_up_to_date(held, row, given, tx.now())
        if isinstance(now, Reason):
            done.refused.append((line, now))
            continue
        changes.append(written(now))
        if now.status == Status.DEAD != held.status:
            by = {"by": "register-import", "import": import_ref}
            record(tx, Entry(kind=Death.RECORDED, person=held.ref, detail=by))
            deaths.tell(tx, held.ref)
        if fields := changed_fields(held, now):
            told[held.ref] = fields
            if "contacts" in fields:
                moved[held.ref] = held.contacts, now.contacts
    update_rows(tx, _TABLE, Held._fields, changes)
    done.changed += len(changes)
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
