"""Make accounts, and join each to the person it was proved to be; nothing is ever merged."""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    bindparam,
    case,
    column,
    or_,
    select,
    table,
    update,
)
from sqlalchemy.orm import aliased

from idp.accounts.records import AccountRecord
from idp.accounts.rules import canonical_sign_in_name
from idp.keyring.sealing import random_ref
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert


class NameProblem(StrEnum):
    """Why an account could not be made under a name; the value names a message."""

    TAKEN = "sign-in-name-taken"
    SHAPE = "sign-in-name-shape"


class Joining(StrEnum):
    """How joining an account to a person ended; the value is also its journal code."""

    JOINED = "joined"
    ALREADY_HAS_ACCOUNT = "person-already-has-account"
    OTHER_PERSON = "account-of-another-person"
    UNKNOWN = "person-or-account-unknown"


def _create(insert: Any) -> Any:
    return (
        insert(AccountRecord)
        .values(
            ref=bindparam("ref"),
            sign_in_name=bindparam("sign_in_name"),
            email=bindparam("email"),
            identity_level=0,
            created_at=db_now(),
        )
        .on_conflict_do_nothing(index_elements=["sign_in_name"])
        .returning(AccountRecord.ref)
    )


_CREATE = upsert(_create)

_ACCOUNT = AccountRecord.ref == bindparam("account_ref")
_OTHER = aliased(AccountRecord)
# The register is a room above this one: its table is named here, and a test checks the name.
_PERSON = table("person", column("ref"))
_LOCK_PERSON = (
    select(_PERSON.c.ref)
    .where(_PERSON.c.ref == bindparam("person_ref"))
    .with_for_update(key_share=True)
)
_JOIN = (
    update(AccountRecord)
    .where(
        _ACCOUNT,
        AccountRecord.disabled_at.is_(None),
        or_(
            AccountRecord.person_ref.is_(None),
            AccountRecord.person_ref == bindparam("person_ref"),
        ),
        ~select(_OTHER.ref)
        .where(_OTHER.person_ref == bindparam("person_ref"), _OTHER.ref != AccountRecord.ref)
        .exists(),
    )
    .values(
        person_ref=bindparam("person_ref"),
        identity_level=case(
            (AccountRecord.identity_level > bindparam("level"), AccountRecord.identity_level),
            else_=bindparam("level"),
        ),
    )
)
_HELD_BY = select(AccountRecord.person_ref, AccountRecord.disabled_at).where(_ACCOUNT)


def create_account(tx: Transaction, *, sign_in_name: str, email: str) -> str | NameProblem:
    """Make an account that nobody has proved anything of (P0); answer its reference."""
    name = canonical_sign_in_name(sign_in_name)
    if name is None:
        return NameProblem.SHAPE
    values = {"ref": random_ref(), "sign_in_name": name, "email": email}
    ref: str | None = tx.execute(_CREATE.on(tx), values).scalar()
    return NameProblem.TAKEN if ref is None else ref


def join_person(
    tx: Transaction, *, account_ref: str, person_ref: str, identity_level: int
) -> Joining:
    """Join an account to the person its holder was proved to be, or raise its level.

    One conditional statement does it, on a locked person, so of two accounts that prove to be
    the same person at once one is joined and the other answered `ALREADY_HAS_ACCOUNT`; nothing
    is ever merged (decision 8). A level already reached is never lowered. `identity_level` is
    1 to 3.
    """
    if tx.execute(_LOCK_PERSON, {"person_ref": person_ref}).first() is None:
        return Joining.UNKNOWN
    values = {"account_ref": account_ref, "person_ref": person_ref, "level": identity_level}
    if tx.execute(_JOIN, values).rowcount == 1:
        return Joining.JOINED
    held = tx.execute(_HELD_BY, {"account_ref": account_ref}).first()
    if held is None or held.disabled_at is not None:
        return Joining.UNKNOWN
    if held.person_ref not in {None, person_ref}:
        return Joining.OTHER_PERSON
    return Joining.ALREADY_HAS_ACCOUNT
