"""Subjects: what the services of one sector know a party by (decision 9).

A subject is a row, made at first use and never changed. Its `holder` is a person, or an account
that was not proved to be anyone's when the subject was given. Proving writes nothing here:

- an account is known by the row it was given before it was proved, if there is one in that
  sector, else by its person's;
- a person who is asked about without an account (somebody acts for them) is known by the
  person's row, if there is one, else by the row their account had from before.

So whatever was once answered stays the answer, and both ways of asking agree, except where both
rows were given out before the account was proved: each then keeps what its services know.
"""

from typing import Any, Literal

from sqlalchemy import Select, String, bindparam, case, func, or_, select

from idp.accounts.records import AccountRecord, SubjectRecord
from idp.keyring.sealing import random_ref
from idp.storage import Transaction, db_now
from idp.storage.dialects import upsert

Kind = Literal["self", "actor"]

_ASKED, _PRINCIPAL, _ACTOR = (bindparam(name, type_=String())
                              for name in ("asked", "principal", "actor"))  # fmt: skip
_KIND = bindparam("kind", type_=String())


def _look(also: Any, kind: Any = _KIND, asked: Any = _ASKED) -> Select[Any]:
    """Find the asked party's own row, else the row of who is proved to be the same party."""
    own_first = case((SubjectRecord.holder == asked, 0), else_=1)
    return (
        select(SubjectRecord.sub)
        .where(
            SubjectRecord.sector == bindparam("sector"),
            SubjectRecord.kind == kind,
            or_(SubjectRecord.holder == asked, SubjectRecord.holder == also(asked)),
        )
        .order_by(own_first)
        .limit(1)
    )


def _give_to_account(insert: Any) -> Any:
    # The account is locked until the commit: it is not proved in between, so a row that it gets
    # as nobody's is never one that should have been its person's.
    row: Any = (
        select(
            bindparam("sub"),
            bindparam("sector"),
            bindparam("kind"),
            func.coalesce(AccountRecord.person_ref, AccountRecord.ref),
            db_now(),
        )
        .where(AccountRecord.ref == _ASKED)
        .with_for_update(read=True)
    )
    columns = ["sub", "sector", "kind", "holder", "created_at"]
    return (
        insert(SubjectRecord)
        .from_select(columns, row, include_defaults=False)
        .on_conflict_do_nothing(index_elements=["sector", "kind", "holder"])
    )


def _give_to_person(insert: Any) -> Any:
    return (
        insert(SubjectRecord)
        .values(
            sub=bindparam("sub"),
            sector=bindparam("sector"),
            kind=bindparam("kind"),
            holder=_ASKED,
            created_at=db_now(),
        )
        .on_conflict_do_nothing(index_elements=["sector", "kind", "holder"])
    )


def _person(account: Any) -> Any:
    found = select(AccountRecord.person_ref).where(AccountRecord.ref == account)
    return found.scalar_subquery()


def _account(person: Any) -> Any:
    return select(AccountRecord.ref).where(AccountRecord.person_ref == person).scalar_subquery()


_LOOK_BY_ACCOUNT = _look(_person)
_LOOK_BY_PERSON = _look(_account)
_LOOK_ACTING = select(
    _look(_account, "self", _PRINCIPAL).scalar_subquery().label("sub"),
    _look(_person, "actor", _ACTOR).scalar_subquery().label("act_sub"),
)
_GIVE_TO_ACCOUNT = upsert(_give_to_account)
_GIVE_TO_PERSON = upsert(_give_to_person)


def subject_of(
    tx: Transaction,
    *,
    sector: str,
    kind: Kind,
    account_ref: str | None = None,
    person_ref: str | None = None,
) -> str:
    """Answer what the services of `sector` know a party by, for good; make it at first use.

    Give the account where the party signed in; its person is then taken from the database, as
    of now, and `person_ref` is not looked at. Give the person alone where somebody acts for
    them. One statement, or three at the first use. Raises `LookupError` for an account that
    is not there.
    """
    if account_ref is not None:
        look, give, asked = _LOOK_BY_ACCOUNT, _GIVE_TO_ACCOUNT.on(tx), account_ref
    elif person_ref is not None:
        look, give, asked = _LOOK_BY_PERSON, _GIVE_TO_PERSON.on(tx), person_ref
    else:
        raise ValueError("a subject is of an account or of a person")
    party = {"sector": sector, "kind": kind, "asked": asked}
    sub: str | None = tx.execute(look, party).scalar()
    if sub is None:
        tx.execute(give, {**party, "sub": random_ref()})
        # Looked up again, not taken from the insert: another worker may have been first.
        sub = tx.execute(look, party).scalar()
    if sub is None:
        raise LookupError(f"no account {asked}")
    return sub


def acting_subjects(
    tx: Transaction, *, sector: str, principal: str, account_ref: str
) -> tuple[str, str]:
    """Answer what the services of `sector` know a principal by, and whoever acts for them.

    As two of `subject_of`, in one statement where both are known already.
    """
    values = {"sector": sector, "principal": principal, "actor": account_ref}
    row = tx.execute(_LOOK_ACTING, values).one()
    return (
        row.sub or subject_of(tx, sector=sector, kind="self", person_ref=principal),
        row.act_sub or subject_of(tx, sector=sector, kind="actor", account_ref=account_ref),
    )
