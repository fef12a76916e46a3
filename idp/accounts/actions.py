"""Make accounts, and join each to the person it was proved to be; nothing is ever merged."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    bindparam,
    case,
    column,
    literal,
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The account that a person has, and where it is told things."""

    ref: str
    sign_in_name: str
    email: str
    identity_level: int


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
            email_confirmed_at=case((bindparam("confirmed", type_=Boolean()), db_now())),
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
_PERSON = table("person", column("ref"), column("status"), column("died_on"))
_LOCK_PERSON = (
    select(_PERSON.c.ref)
    .where(
        _PERSON.c.ref == bindparam("person_ref"),
        _PERSON.c.status == "active",
        _PERSON.c.died_on.is_(None),
    )
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
_OF_ADDRESS = (
    select(AccountRecord.sign_in_name)
    .where(AccountRecord.email == bindparam("email"), AccountRecord.disabled_at.is_(None))
    .order_by(AccountRecord.created_at, AccountRecord.ref)
)
_OF_PERSON = select(
    AccountRecord.ref,
    AccountRecord.sign_in_name,
    AccountRecord.email,
    AccountRecord.identity_level,
).where(AccountRecord.person_ref == bindparam("person_ref"), AccountRecord.disabled_at.is_(None))
_CLOSE = (
    update(AccountRecord)
    .where(_ACCOUNT, AccountRecord.disabled_at.is_(None), AccountRecord.person_ref.is_(None))
    .values(
        disabled_at=db_now(),
        superseded_by=bindparam("old_ref"),
        # Nobody can type a name with a space in it, so nobody signs in as a closed account.
        sign_in_name=literal("closed ") + AccountRecord.ref,
    )
)
_NAME_OF = select(AccountRecord.sign_in_name, AccountRecord.email).where(_ACCOUNT)
_IS_SOMEBODYS = (
    select(AccountRecord.ref)
    .where(_ACCOUNT, AccountRecord.disabled_at.is_(None), AccountRecord.person_ref.is_not(None))
    .with_for_update()
)
_TAKE_NAME = (
    update(AccountRecord)
    .where(_ACCOUNT, AccountRecord.disabled_at.is_(None), AccountRecord.person_ref.is_not(None))
    .values(
        sign_in_name=bindparam("sign_in_name"),
        email=bindparam("email"),
        email_confirmed_at=db_now(),
    )
)


def create_account(
    tx: Transaction, *, sign_in_name: str, email: str, confirmed: bool = False
) -> str | NameProblem:
    """Make an account that nobody has proved anything of (P0); answer its reference.

    `confirmed`: whoever asks has shown that they read the mail of `email`. Several accounts
    may share an address; each has a sign-in name of its own.
    """
    name = canonical_sign_in_name(sign_in_name)
    if name is None:
        return NameProblem.SHAPE
    values = {"ref": random_ref(), "sign_in_name": name, "email": email, "confirmed": confirmed}
    ref: str | None = tx.execute(_CREATE.on(tx), values).scalar()
    return NameProblem.TAKEN if ref is None else ref


def join_person(
    tx: Transaction, *, account_ref: str, person_ref: str, identity_level: int
) -> Joining:
    """Join an account to the person its holder was proved to be, or raise its level.

    One conditional statement does it, on a locked person, so of two accounts that prove to be
    the same person at once one is joined and the other answered `ALREADY_HAS_ACCOUNT`; nothing
    is ever merged (decision 8). A level already reached is never lowered. Nobody is joined to a
    person who died, or to a record the register no longer keeps. `identity_level` is 1 to 3.
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


def accounts_of_address(tx: Transaction, email: str) -> list[str]:
    """List the sign-in names of the accounts that are told things at `email`, oldest first.

    For whoever has shown that they read its mail, and nobody else.
    """
    return list(tx.execute(_OF_ADDRESS, {"email": email}).scalars())


def account_of_person(tx: Transaction, person_ref: str) -> Held | None:
    """Find the account that was proved to be a person's; a disabled one is none."""
    row = tx.execute(_OF_PERSON, {"person_ref": person_ref}).mappings().first()
    return Held(**row) if row else None


def supersede(tx: Transaction, *, old_ref: str, by_ref: str) -> bool:
    """Close the account `by_ref`, whose holder is back in `old_ref`, which takes its name.

    The old account keeps its reference, person, level and subjects; what changes is what is
    typed to sign in and where notices go. Nothing of the closed account is merged: its subjects
    stay its own and are given to nobody (decision 8, decision 9). The methods are the caller's to
    move. False, with nothing written, unless `by_ref` is an open account proved to be nobody's and
    `old_ref` an open one proved to be somebody's: ask inside the transaction that decides it.
    """
    taken = tx.execute(_NAME_OF, {"account_ref": by_ref}).first()
    if taken is None or old_ref == by_ref:
        return False
    if tx.execute(_IS_SOMEBODYS, {"account_ref": old_ref}).first() is None:
        return False
    if tx.execute(_CLOSE, {"account_ref": by_ref, "old_ref": old_ref}).rowcount != 1:
        return False
    values = {"account_ref": old_ref, "sign_in_name": taken.sign_in_name, "email": taken.email}
    return bool(tx.execute(_TAKE_NAME, values).rowcount == 1)
