"""Accounts: one name, one account; one person, one account."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import insert, select, update

from idp.accounts import actions
from idp.accounts.actions import Joining, NameProblem
from idp.accounts.records import AccountRecord
from idp.register.records import PersonRecord
from idp.storage import Database, Transaction, db_now


@pytest.fixture
def wide_database(database_url: str) -> Iterator[Database]:
    """A database with a connection for each of 8 threads."""
    database = Database(database_url, pool_size=8)
    yield database
    database.close()


def person(database: Database, ref: str) -> str:
    facts = {"given_name": "Margaret", "family_name": "Hughes", "sex": "F", "address": {}}
    statement = insert(PersonRecord).values(
        ref=ref, birth_date=date(1948, 2, 29), created_at=db_now(), **facts
    )
    database.transaction(lambda tx: tx.execute(statement))
    return ref


def ask_for(database: Database, name: str) -> str | NameProblem:
    return database.transaction(
        lambda tx: actions.create_account(tx, sign_in_name=name, email="somebody@example.org")
    )


def account(database: Database, name: str) -> str:
    ref = ask_for(database, name)
    assert not isinstance(ref, NameProblem)
    return ref


def join(database: Database, account_ref: str, person_ref: str, level: int = 2) -> Joining:
    return database.transaction(
        lambda tx: actions.join_person(
            tx, account_ref=account_ref, person_ref=person_ref, identity_level=level
        )
    )


def facts(database: Database, ref: str) -> tuple[str | None, int]:
    statement = select(AccountRecord.person_ref, AccountRecord.identity_level)
    row = database.read(lambda tx: tx.execute(statement.where(AccountRecord.ref == ref)).one())
    return row.person_ref, row.identity_level


def test_a_new_account_is_nobodys_and_proves_nothing(database: Database) -> None:
    assert facts(database, account(database, "margaret")) == (None, 0)


def test_a_name_makes_one_account_however_it_is_typed(database: Database) -> None:
    account(database, "margaret")
    for typed in ("margaret", " MARGARET "):
        assert ask_for(database, typed) is NameProblem.TAKEN
    assert ask_for(database, "a b") is NameProblem.SHAPE
    assert len(database.read(lambda tx: tx.execute(select(AccountRecord.ref)).all())) == 1


def test_proving_joins_the_account_to_the_person(database: Database) -> None:
    ref = account(database, "margaret")
    assert join(database, ref, person(database, "p1")) is Joining.JOINED
    assert facts(database, ref) == ("p1", 2)


def test_proving_again_raises_the_level_and_never_lowers_it(database: Database) -> None:
    ref, who = account(database, "margaret"), person(database, "p1")
    for level, reached in ((1, 1), (3, 3), (2, 3)):
        assert join(database, ref, who, level) is Joining.JOINED
        assert facts(database, ref) == ("p1", reached)


def test_a_second_account_of_the_same_person_is_refused_and_stays_as_it_was(
    database: Database,
) -> None:
    first, second = account(database, "margaret"), account(database, "margaret2")
    who = person(database, "p1")
    join(database, first, who)
    assert join(database, second, who, 3) is Joining.ALREADY_HAS_ACCOUNT
    assert facts(database, first) == ("p1", 2)
    assert facts(database, second) == (None, 0)


def test_an_account_never_passes_to_another_person(database: Database) -> None:
    ref = account(database, "margaret")
    join(database, ref, person(database, "p1"))
    assert join(database, ref, person(database, "p2"), 3) is Joining.OTHER_PERSON
    assert facts(database, ref) == ("p1", 2)


def test_neither_an_unknown_person_nor_a_disabled_account_is_joined(database: Database) -> None:
    ref, who = account(database, "margaret"), person(database, "p1")
    assert join(database, ref, "nobody") is Joining.UNKNOWN
    assert join(database, "none", who) is Joining.UNKNOWN
    database.transaction(lambda tx: tx.execute(update(AccountRecord).values(disabled_at=db_now())))
    assert join(database, ref, who) is Joining.UNKNOWN
    assert facts(database, ref) == (None, 0)


def test_of_8_accounts_that_prove_the_same_person_at_once_one_is_joined(
    wide_database: Database,
) -> None:
    who = person(wide_database, "p1")
    refs = [account(wide_database, f"margaret{i}") for i in range(8)]
    barrier = Barrier(8)

    def prove(ref: str) -> Joining:
        barrier.wait()
        return join(wide_database, ref, who)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(prove, refs))
    assert answers.count(Joining.JOINED) == 1
    assert answers.count(Joining.ALREADY_HAS_ACCOUNT) == 7
    assert [facts(wide_database, ref)[0] for ref in refs].count("p1") == 1


def test_the_tables_named_from_below_are_those_of_the_register() -> None:
    named = actions._PERSON
    assert named.name == PersonRecord.__tablename__
    assert {column.name for column in named.columns} <= set(PersonRecord.__table__.columns.keys())


def test_a_refused_join_leaves_the_transaction_usable(database: Database) -> None:
    first, second = account(database, "margaret"), account(database, "margaret2")
    who = person(database, "p1")
    join(database, first, who)

    def refused_then_noted(tx: Transaction) -> None:
        actions.join_person(tx, account_ref=second, person_ref=who, identity_level=1)
        tx.execute(update(AccountRecord).values(email="noted@example.org"))

    database.transaction(refused_then_noted)
    emails = database.read(lambda tx: tx.execute(select(AccountRecord.email)).scalars().all())
    assert set(emails) == {"noted@example.org"}


def test_an_address_confirmed_at_the_start_is_kept_as_confirmed(database: Database) -> None:
    def made(name: str, confirmed: bool) -> bool:
        ref = database.transaction(
            lambda tx: actions.create_account(
                tx, sign_in_name=name, email="house@example.org", confirmed=confirmed
            )
        )
        at = select(AccountRecord.email_confirmed_at).where(AccountRecord.ref == ref)
        return database.read(lambda tx: tx.execute(at).scalar()) is not None

    assert made("margaret", True)
    assert not made("sian", False)


def test_two_accounts_may_share_an_address_and_each_has_a_name(database: Database) -> None:
    for name in ("margaret", "sian"):
        account(database, name)
    shared = "somebody@example.org"
    names = database.read(lambda tx: actions.accounts_of_address(tx, shared))
    assert names == ["margaret", "sian"]
    assert database.read(lambda tx: actions.accounts_of_address(tx, "else@example.org")) == []


@pytest.mark.parametrize("change", [{"status": "dead"}, {"status": "duplicate"}, {"died_on": True}])
def test_nobody_proves_to_be_somebody_who_died_or_whose_record_is_no_more(
    database: Database, change: dict
) -> None:
    ref, who = account(database, "margaret"), person(database, "p1")
    values = {name: date(2026, 1, 1) if value is True else value for name, value in change.items()}
    database.transaction(lambda tx: tx.execute(update(PersonRecord).values(**values)))
    assert join(database, ref, who) is Joining.UNKNOWN
    assert facts(database, ref) == (None, 0)


def supersede(database: Database, old: str, by: str) -> bool:
    return database.transaction(lambda tx: actions.supersede(tx, old_ref=old, by_ref=by))


def everything(database: Database) -> dict:
    rows = database.read(lambda tx: tx.execute(select(AccountRecord.__table__)).mappings().all())
    return {row["ref"]: dict(row) for row in rows}


def test_the_way_back_closes_the_new_account_and_gives_its_name_to_the_old(
    database: Database,
) -> None:
    old, new = account(database, "margaret"), account(database, "margaret2")
    join(database, old, person(database, "p1"))
    assert supersede(database, old, new)
    rows = everything(database)
    assert rows[old]["sign_in_name"] == "margaret2"
    assert (rows[old]["person_ref"], rows[old]["identity_level"]) == ("p1", 2)
    assert rows[new]["disabled_at"] is not None
    assert rows[new]["superseded_by"] == old
    assert rows[new]["person_ref"] is None
    held = database.read(lambda tx: actions.account_of_person(tx, "p1"))
    assert held is not None
    assert (held.ref, held.sign_in_name) == (old, "margaret2")
    account(database, "margaret")  # the old name is free for somebody else


def test_the_way_back_is_closed_between_accounts_that_it_is_not_for(database: Database) -> None:
    old, new, other = (account(database, name) for name in ("margaret", "new", "other"))
    join(database, old, person(database, "p1"))
    join(database, other, person(database, "p2"))
    before = everything(database)
    assert not supersede(database, old, old)
    assert not supersede(database, new, other)  # the old one must be somebody's
    assert not supersede(database, old, other)  # the new one must be nobody's
    assert not supersede(database, old, "no such account")
    assert not supersede(database, "no such account", new)
    assert everything(database) == before


def test_of_two_who_go_back_at_once_one_does(wide_database: Database) -> None:
    database = wide_database
    old = account(database, "margaret")
    join(database, old, person(database, "p1"))
    new = [account(database, f"new{number}") for number in range(8)]
    barrier = Barrier(8)

    def go(ref: str) -> bool:
        barrier.wait()
        return supersede(database, old, ref)

    with ThreadPoolExecutor(8) as pool:
        gone = list(pool.map(go, new))
    # Each alone is a right one: whether it may is decided by the room that asks. What must hold
    # is that the name that stays is that of one closed account, and every name is one account's.
    rows = everything(database)
    assert sum(gone) == sum(rows[ref]["disabled_at"] is not None for ref in new)
    assert len({row["sign_in_name"] for row in rows.values()}) == len(rows)
