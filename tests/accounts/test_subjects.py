"""Subjects: random, one a sector, never changed by anything that comes after."""

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import insert, select

from idp.accounts.actions import Joining, NameProblem, create_account, join_person
from idp.accounts.records import SubjectRecord
from idp.accounts.subjects import Kind, acting_subjects, subject_of
from idp.register.records import PersonRecord
from idp.storage import Database, db_now

SECTORS = ["tax.example", "library.example"]
KINDS: list[Kind] = ["self", "actor"]


@pytest.fixture
def wide_database(database_url: str) -> Iterator[Database]:
    """A database with a connection for each of 8 threads."""
    database = Database(database_url, pool_size=8)
    yield database
    database.close()


def add_person(database: Database, ref: str) -> str:
    statement = insert(PersonRecord).values(
        ref=ref,
        given_name="Margaret",
        family_name="Hughes",
        birth_date=date(1948, 2, 29),
        sex="F",
        address={},
        created_at=db_now(),
    )
    database.transaction(lambda tx: tx.execute(statement))
    return ref


def add_account(database: Database, name: str) -> str:
    ref = database.transaction(
        lambda tx: create_account(tx, sign_in_name=name, email="somebody@example.org")
    )
    assert not isinstance(ref, NameProblem)
    return ref


def of_account(database: Database, ref: str, sector: str = "tax", kind: Kind = "self") -> str:
    return database.transaction(
        lambda tx: subject_of(tx, sector=sector, kind=kind, account_ref=ref)
    )


def of_person(database: Database, ref: str, sector: str = "tax", kind: Kind = "self") -> str:
    return database.transaction(lambda tx: subject_of(tx, sector=sector, kind=kind, person_ref=ref))


def prove(database: Database, account: str, person: str) -> None:
    answer = database.transaction(
        lambda tx: join_person(tx, account_ref=account, person_ref=person, identity_level=2)
    )
    assert answer is Joining.JOINED


def test_who_acts_and_for_whom_are_known_as_when_each_is_asked_for(database: Database) -> None:
    sian = add_account(database, "sian")
    early = of_account(database, sian, kind="actor")  # before anybody knew who she is
    prove(database, sian, add_person(database, "sian-p"))
    margaret = add_person(database, "margaret-p")
    account = add_account(database, "margaret")
    hers = of_account(database, account)
    prove(database, account, margaret)

    def both(sector: str) -> tuple[str, str]:
        return database.transaction(
            lambda tx: acting_subjects(tx, sector=sector, principal=margaret, account_ref=sian)
        )

    assert both("tax") == (hers, early)
    first = both("library")  # neither is known there yet
    assert first == both("library")
    assert first == (
        of_person(database, margaret, "library"), of_account(database, sian, "library", "actor")
    )  # fmt: skip
    assert of_account(database, sian, "library") not in first


def test_a_subject_is_made_at_first_use_and_stays(database: Database) -> None:
    margaret = add_account(database, "margaret")
    first = of_account(database, margaret)
    assert len(base64.urlsafe_b64decode(first + "==")) * 8 >= 128
    assert of_account(database, margaret) == first


def test_sectors_kinds_and_people_share_no_subject(database: Database) -> None:
    margaret, sian = add_account(database, "margaret"), add_account(database, "sian")
    subjects = {
        of_account(database, who, sector, kind)
        for who in (margaret, sian)
        for sector in SECTORS
        for kind in KINDS
    }
    assert len(subjects) == 8


def test_proving_does_not_change_what_services_know_a_person_by(database: Database) -> None:
    margaret, person = add_account(database, "margaret"), add_person(database, "p1")
    before = of_account(database, margaret)
    prove(database, margaret, person)
    assert of_account(database, margaret) == before
    assert of_person(database, person) == before


def test_after_proof_a_new_sector_knows_the_person_and_not_the_account(database: Database) -> None:
    margaret, person = add_account(database, "margaret"), add_person(database, "p1")
    prove(database, margaret, person)
    signed_in = of_account(database, margaret, "library")
    assert of_person(database, person, "library") == signed_in
    acted_for = of_person(database, person, "tax")
    assert of_account(database, margaret, "tax") == acted_for
    holders = select(SubjectRecord.holder)
    assert database.read(lambda tx: tx.execute(holders).scalars().all()) == [person, person]


def test_a_caller_who_still_thinks_the_account_unproved_gets_the_same_subject(
    database: Database,
) -> None:
    margaret, person = add_account(database, "margaret"), add_person(database, "p1")
    prove(database, margaret, person)
    acted_for = of_person(database, person)
    stale = database.transaction(
        lambda tx: subject_of(tx, sector="tax", kind="self", account_ref=margaret, person_ref=None)
    )
    assert stale == acted_for


def test_who_was_helped_before_proving_keeps_both_subjects_as_given(database: Database) -> None:
    margaret, person = add_account(database, "margaret"), add_person(database, "p1")
    own, acted_for = of_account(database, margaret), of_person(database, person)
    prove(database, margaret, person)
    assert of_account(database, margaret) == own
    assert of_person(database, person) == acted_for


def test_nobody_has_no_subject(database: Database) -> None:
    with pytest.raises(LookupError):
        of_account(database, "nobody")
    with pytest.raises(ValueError, match="account or of a person"):
        database.transaction(lambda tx: subject_of(tx, sector="tax", kind="self"))


def test_8_first_uses_at_once_give_one_subject(wide_database: Database) -> None:
    margaret, person = add_account(wide_database, "margaret"), add_person(wide_database, "p1")
    prove(wide_database, margaret, person)
    barrier = Barrier(8)

    def ask(i: int) -> str:
        barrier.wait()
        return of_account(wide_database, margaret) if i % 2 else of_person(wide_database, person)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1


class Subjects(RuleBasedStateMachine):
    """Any order of making, proving and asking; what was once answered is remembered."""

    database: Database
    run = 0
    accounts = Bundle("accounts")
    people = Bundle("people")

    def __init__(self) -> None:
        super().__init__()
        type(self).run += 1  # one database for all runs: each has names of its own
        self.made = 0
        self.person_of: dict[str, str] = {}
        self.given: dict[tuple[str, str, Kind], str] = {}

    def name(self) -> str:
        self.made += 1
        return f"run{self.run}-{self.made}"

    @rule(target=accounts)
    def sign_up(self) -> str:
        return add_account(self.database, self.name())

    @rule(target=people)
    def register(self) -> str:
        return add_person(self.database, self.name())

    @rule(account=accounts, person=people)
    def prove(self, account: str, person: str) -> None:
        answer = self.database.transaction(
            lambda tx: join_person(tx, account_ref=account, person_ref=person, identity_level=1)
        )
        free = account not in self.person_of and person not in self.person_of.values()
        same = self.person_of.get(account) == person
        assert (answer is Joining.JOINED) == (free or same)
        if answer is Joining.JOINED:
            self.person_of[account] = person

    @rule(account=accounts, sector=st.sampled_from(SECTORS), kind=st.sampled_from(KINDS))
    def sign_in(self, account: str, sector: str, kind: Kind) -> None:
        both_new = not self.known(account, sector, kind)
        sub = of_account(self.database, account, sector, kind)
        assert self.given.setdefault((account, sector, kind), sub) == sub
        if both_new and account in self.person_of:
            assert of_person(self.database, self.person_of[account], sector, kind) == sub

    @rule(person=people, sector=st.sampled_from(SECTORS), kind=st.sampled_from(KINDS))
    def act_for(self, person: str, sector: str, kind: Kind) -> None:
        sub = of_person(self.database, person, sector, kind)
        assert self.given.setdefault((person, sector, kind), sub) == sub

    def known(self, account: str, sector: str, kind: Kind) -> bool:
        parties = (account, self.person_of.get(account, account))
        return any((party, sector, kind) in self.given for party in parties)

    @invariant()
    def no_subject_is_shared(self) -> None:
        """Between sectors, kinds or people; only an account and its own person share one."""
        holders: dict[str, set[tuple[str, str, str]]] = {}
        for (party, sector, kind), sub in self.given.items():
            holders.setdefault(sub, set()).add((self.person_of.get(party, party), sector, kind))
        assert all(len(parties) == 1 for parties in holders.values())


def test_whatever_happens_a_subject_never_changes_and_is_never_shared(database: Database) -> None:
    class OnThisEngine(Subjects):
        pass

    OnThisEngine.database = database
    run_state_machine_as_test(
        OnThisEngine, settings=settings(max_examples=30, stateful_step_count=30, deadline=None)
    )
