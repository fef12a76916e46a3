"""Officers come, change and go; each step with a journal entry that says whose doing it was."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from idp.authentication.rules import network_of
from idp.journal.actions import Entry, record
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest, random_ref, random_token
from idp.officers import sessions
from idp.officers.records import OfficerInvitationRecord, OfficerKeyRecord, OfficerRecord
from idp.officers.rules import (
    INVITATION_LASTS,
    Act,
    Officer,
    Role,
    Verdict,
    judge,
    read_name,
    read_roles,
)
from idp.storage import Database, Transaction, db_now
from idp.storage.dialects import upsert
from idp.throttle.actions import Limit, reserve

# Whoever may run `idp` on the host stands behind the command; it may do what administrators may.
COMMAND = "command"
_BY_COMMAND = Officer(ref=COMMAND, name=COMMAND, roles=frozenset({Role.ADMINISTRATOR}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An officer who is to register a security key at the one-time address of `token`."""

    officer_ref: str
    name: str
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedOfficer:
    """An officer as administrators see one. `keys` is how many keys sign them in."""

    ref: str
    name: str
    roles: frozenset[str]
    created_at: datetime
    disabled_at: datetime | None
    keys: int


_IS_TARGET = OfficerRecord.ref == bindparam("officer_ref")
# Both rows are locked, in one order: two administrators who disable each other cannot both win.
_LOCK = (
    select(OfficerRecord.ref, OfficerRecord.name, OfficerRecord.roles, OfficerRecord.disabled_at)
    .where(or_(_IS_TARGET, OfficerRecord.ref == bindparam("by_ref")))
    .order_by(OfficerRecord.ref)
    .with_for_update()
)


def _add(insert_: Any) -> Any:
    names = ("ref", "name", "roles", "added_by", "created_at")
    columns = OfficerRecord.__table__.c
    return (
        insert_(OfficerRecord)
        .values({name: bindparam(name, type_=columns[name].type) for name in names})
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(OfficerRecord.ref)
    )


_ADD = upsert(_add)
_INVITE = insert(OfficerInvitationRecord)
_VOID_INVITATIONS = (
    update(OfficerInvitationRecord)
    .where(
        OfficerInvitationRecord.officer_ref == bindparam("of_officer"),
        OfficerInvitationRecord.used_at.is_(None),
        OfficerInvitationRecord.expires_at > db_now(),
    )
    .values(expires_at=db_now())
)
_REMOVE_KEYS = (
    update(OfficerKeyRecord)
    .where(
        OfficerKeyRecord.officer_ref == bindparam("of_officer"),
        OfficerKeyRecord.removed_at.is_(None),
    )
    .values(removed_at=db_now())
)
_DISABLE = (
    update(OfficerRecord)
    .where(_IS_TARGET, OfficerRecord.disabled_at.is_(None))
    .values(disabled_at=db_now())
)
_CHANGE_ROLES = (
    update(OfficerRecord)
    .where(_IS_TARGET, OfficerRecord.disabled_at.is_(None))
    .values(roles=bindparam("new_roles"))
)
_LET_IN_BY = select(OfficerRecord.ref, OfficerRecord.added_by)
_LET_IN_AGAIN = update(OfficerRecord).where(_IS_TARGET).values(added_by=bindparam("by"))
_LIVE_KEYS = (
    select(func.count())
    .select_from(OfficerKeyRecord)
    .where(OfficerKeyRecord.officer_ref == OfficerRecord.ref, OfficerKeyRecord.removed_at.is_(None))
    .scalar_subquery()
)
_LIST = select(
    OfficerRecord.ref,
    OfficerRecord.name,
    OfficerRecord.roles,
    OfficerRecord.created_at,
    OfficerRecord.disabled_at,
    _LIVE_KEYS.label("keys"),
).order_by(OfficerRecord.name)
_ONE = _LIST.where(_IS_TARGET)
_BY_NAME = select(OfficerRecord.ref).where(OfficerRecord.name == bindparam("name"))


def add_officer(
    tx: Transaction, *, name: str, roles: Collection[str], by: str
) -> Invited | Verdict:
    """Add somebody who works at the console, and make the address where their key is set up.

    `by` is the officer who adds, or `COMMAND`.
    """
    verdict = judge(_locked(tx, by)[0], Act.ADD_OFFICER)
    if verdict is not Verdict.ALLOWED:
        return verdict
    kept, known = read_name(name), read_roles(roles)
    if kept is None:
        return Verdict.NAME_BAD
    if known is None:
        return Verdict.ROLES_BAD
    ref = random_ref()
    values = {"ref": ref, "name": kept, "roles": sorted(known), "added_by": by,
              "created_at": tx.now()}  # fmt: skip
    if tx.execute(_ADD.on(tx), values).first() is None:
        return Verdict.NAME_TAKEN
    _journal(tx, "officer-added", by, ref, roles=sorted(known))
    return _invite(tx, ref, kept)


def replace_keys(tx: Transaction, *, officer_ref: str, by: str) -> Invited | Verdict:
    """Give an officer a new start, after a key was lost: keys and sessions end here and now.

    So a key that was set up in an officer's place never goes unnoticed: theirs stop working.
    """
    found = _judged(tx, officer_ref, by, Act.REPLACE_KEYS)
    if isinstance(found, Verdict):
        return found
    _end_ways_in(tx, officer_ref)
    tx.execute(_LET_IN_AGAIN, {"officer_ref": officer_ref, "by": by})
    _journal(tx, "officer-invited", by, officer_ref)
    return _invite(tx, officer_ref, found.name)


def change_roles(tx: Transaction, *, officer_ref: str, roles: Collection[str], by: str) -> Verdict:
    """Change what another officer may do, from their next click on."""
    known = read_roles(roles)
    found = _judged(tx, officer_ref, by, Act.CHANGE_ROLES)
    if isinstance(found, Verdict):
        return found
    if known is None:
        return Verdict.ROLES_BAD
    tx.execute(_CHANGE_ROLES, {"officer_ref": officer_ref, "new_roles": sorted(known)})
    _journal(tx, "officer-roles-changed", by, officer_ref, roles=sorted(known))
    return Verdict.ALLOWED


def disable(tx: Transaction, *, officer_ref: str, by: str) -> Verdict:
    """End another officer's work here: sessions, keys and open addresses are over at once."""
    found = _judged(tx, officer_ref, by, Act.DISABLE)
    if isinstance(found, Verdict):
        return found
    tx.execute(_DISABLE, {"officer_ref": officer_ref})
    _end_ways_in(tx, officer_ref)
    _journal(tx, "officer-disabled", by, officer_ref)
    return Verdict.ALLOWED


def who_let_in(tx: Transaction) -> dict[str, str]:
    """Answer for each officer who let them in last: an officer's reference, or `COMMAND`."""
    return {row.ref: row.added_by for row in tx.execute(_LET_IN_BY)}


def officer_now(tx: Transaction, officer_ref: str) -> Officer:
    """Answer an officer as they stand now, locked; one who is unknown is nobody and may nothing."""
    return _locked(tx, officer_ref)[0]


def list_officers(tx: Transaction) -> list[ListedOfficer]:
    """List everybody who works or worked at the console, by name."""
    return [_listed(row) for row in tx.execute(_LIST).mappings()]


def find_officer(tx: Transaction, officer_ref: str) -> ListedOfficer | None:
    """Find one officer, disabled or not."""
    row = tx.execute(_ONE, {"officer_ref": officer_ref}).mappings().first()
    return _listed(row) if row else None


def officer_of_name(tx: Transaction, name: str) -> str | None:
    """Find an officer's reference by the name they were added under."""
    row = tx.execute(_BY_NAME, {"name": " ".join(name.split())}).first()
    return str(row.ref) if row else None


def reserve_look_up(database: Database, keyring: Keyring, officer_ref: str) -> timedelta | None:
    """Count a look-up of a person by this officer; answer how long to wait, or None.

    Twenty in a row are a busy counter; after that one every 30 seconds. Found or not counts
    alike: an officer who tries references out finds nobody, slowly.
    """
    limit = Limit(kind="officer-look-up", value=officer_ref, burst=20, per=timedelta(seconds=30))
    return reserve(database, keyring, [limit])


def reserve_key_try(database: Database, keyring: Keyring, address: str) -> timedelta | None:
    """Count a key held out at the console from this address; answer how long to wait, or None."""
    limit = Limit(
        kind="officer-key", value=network_of(address), burst=30, per=timedelta(seconds=10)
    )
    return reserve(database, keyring, [limit])


def record_look_up(
    tx: Transaction, *, person_ref: str, case_ref: str, officer_ref: str, visit_ref: str = ""
) -> None:
    """Record that an officer was shown who this is, where the person will find it."""
    detail = {"case": case_ref} | ({"visit": visit_ref} if visit_ref else {})
    record(tx, Entry(kind="officer-looked-up", person=person_ref, actor=officer_ref, detail=detail))


def _locked(tx: Transaction, by: str, officer_ref: str = "") -> tuple[Officer, Officer | None]:
    rows = tx.execute(_LOCK, {"officer_ref": officer_ref, "by_ref": by})
    found = {
        row.ref: Officer(
            ref=row.ref,
            name=row.name,
            roles=frozenset(row.roles),
            disabled=row.disabled_at is not None,
        )
        for row in rows
    }
    nobody = Officer(ref=by, name="", roles=frozenset(), disabled=True)
    return _BY_COMMAND if by == COMMAND else found.get(by, nobody), found.get(officer_ref)


def _judged(tx: Transaction, officer_ref: str, by: str, act: Act) -> Officer | Verdict:
    actor, target = _locked(tx, by, officer_ref)
    verdict = judge(actor, act, target)
    if verdict is not Verdict.ALLOWED:
        return verdict
    return target or Verdict.GONE


def _end_ways_in(tx: Transaction, officer_ref: str) -> None:
    tx.execute(_VOID_INVITATIONS, {"of_officer": officer_ref})
    tx.execute(_REMOVE_KEYS, {"of_officer": officer_ref})
    sessions.end_all(tx, officer_ref)


def _invite(tx: Transaction, officer_ref: str, name: str) -> Invited:
    token, expires_at = random_token(), tx.now() + INVITATION_LASTS
    values = {"token_digest": digest(token), "officer_ref": officer_ref, "expires_at": expires_at}
    tx.execute(_INVITE, values)
    return Invited(officer_ref=officer_ref, name=name, token=token, expires_at=expires_at)


def _journal(tx: Transaction, kind: str, by: str, officer_ref: str, **detail: object) -> None:
    record(tx, Entry(kind=kind, actor=by, detail={"officer": officer_ref, **detail}))


def _listed(row: Any) -> ListedOfficer:
    return ListedOfficer(**{**row, "roles": frozenset(row["roles"])})
