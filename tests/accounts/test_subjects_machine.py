"""Whatever happens to accounts and people, what a service was once told stays the answer.

A machine of states: people and accounts come, prove, prove twice, go back into an older account,
have their number corrected, die, and are imported again; between all of it services ask who they
are. A `sub` that was given is given again whoever asks the same way, and never to anybody else.
Source: `design.md` decisions 8 and 9.
"""

from datetime import date
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, update

from idp.accounts import actions as accounts
from idp.accounts.actions import Joining
from idp.accounts.records import AccountRecord, SubjectRecord
from idp.accounts.subjects import Kind, subject_of
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.register import actions as register
from idp.register.records import PersonRecord
from idp.register.rules import Correction
from idp.storage import Database

BORN, TODAY = date(1951, 3, 14), date(2026, 11, 1)
SECTORS = ("revenue", "health")
KINDS: tuple[Kind, ...] = ("self", "actor")
numbers = count(1)  # never one twice: all runs share a database


def new_number() -> NationalInsuranceNumber:
    number = parse(f"AB{next(numbers):06d}A")
    assert isinstance(number, NationalInsuranceNumber)
    return number


def machine(database: Database, keyring: Keyring) -> type[RuleBasedStateMachine]:
    class Lives(RuleBasedStateMachine):
        """What is known: who has proved to be whom, who is open, and what was told of whom."""

        people: Bundle[str] = Bundle("people")
        known: Bundle[str] = Bundle("known")

        def __init__(self) -> None:
            super().__init__()
            self.everybody: list[tuple[str, str]] = []
            self.joined: dict[str, str] = {}  # account -> person
            self.closed: set[str] = set()
            self.dead: set[str] = set()
            self.told: dict[tuple[str, str, str, Kind], str] = {}

        @rule(target=people)
        def a_person_is_in_the_register(self) -> str:
            facts: dict[str, Any] = {"given_name": "Margaret", "family_name": "Hughes"}
            ref = database.transaction(
                lambda tx: register.add_person(
                    tx,
                    keyring,
                    number=new_number(),
                    birth_date=BORN,
                    sex="female",
                    address={},
                    **facts,
                )
            )
            assert isinstance(ref, str)
            self.everybody.append(("person", ref))
            return ref

        @rule(target=known)
        def somebody_makes_an_account(self) -> str:
            name = f"name{next(numbers)}"
            ref = database.transaction(
                lambda tx: accounts.create_account(tx, sign_in_name=name, email="a@example.org")
            )
            assert isinstance(ref, str)
            self.everybody.append(("account", ref))
            return ref

        @rule(account=known, person=people, level=st.integers(1, 3))
        def an_account_is_proved(self, account: str, person: str, level: int) -> None:
            done = database.transaction(
                lambda tx: accounts.join_person(
                    tx, account_ref=account, person_ref=person, identity_level=level
                )
            )
            if person in self.dead or account in self.closed:
                assert done is Joining.UNKNOWN
            elif self.joined.get(account, person) != person:
                assert done is Joining.OTHER_PERSON
            elif person in set(self.joined.values()) and account not in self.joined:
                assert done is Joining.ALREADY_HAS_ACCOUNT
            else:
                assert done is Joining.JOINED
                self.joined[account] = person

        @rule(new=known, old=known)
        def somebody_goes_back_into_an_older_account(self, new: str, old: str) -> None:
            gone = database.transaction(lambda tx: accounts.supersede(tx, old_ref=old, by_ref=new))
            open_ones = {new, old}.isdisjoint(self.closed)
            assert gone == (open_ones and new not in self.joined and old in self.joined)
            if gone:
                self.closed.add(new)

        @rule(person=people)
        def a_number_is_corrected(self, person: str) -> None:
            done = database.transaction(
                lambda tx: register.correct_number(tx, keyring, person, new_number(), "officer")
            )
            assert done is Correction.CORRECTED

        @rule(person=people)
        def a_person_dies(self, person: str) -> None:
            database.transaction(lambda tx: register.record_death(tx, person, TODAY, "officer"))
            self.dead.add(person)

        @rule(person=people, name=st.sampled_from(["Hughes", "Evans", "O'Neill"]))
        def a_person_is_imported_again_under_a_new_name(self, person: str, name: str) -> None:
            changed = update(PersonRecord).where(PersonRecord.ref == person)
            database.transaction(lambda tx: tx.execute(changed.values(family_name=name)))

        @rule(account=known, sector=st.sampled_from(SECTORS))
        def a_service_asks_who_signed_in(self, account: str, sector: str) -> None:
            for kind in KINDS:
                self.ask("account", account, sector, kind)

        @rule(person=people)
        def services_ask_whom_somebody_acts_for(self, person: str) -> None:
            for sector in SECTORS:
                self.ask("person", person, sector, "self")

        @rule()
        def services_ask_about_everybody(self) -> None:
            for way, ref in self.everybody:
                self.ask(way, ref, "revenue", "self")

        def ask(self, way: str, ref: str, sector: str, kind: Kind) -> None:
            sub = self.answer(way, ref, sector, kind)
            assert self.told.setdefault((way, ref, sector, kind), sub) == sub

        def answer(self, way: str, ref: str, sector: str, kind: Kind) -> str:
            party = {f"{way}_ref": ref}
            return database.transaction(
                lambda tx: subject_of(tx, sector=sector, kind=kind, **party)
            )

        @invariant()
        def a_sub_stands_for_one_party_in_one_sector(self) -> None:
            parties: dict[str, set[tuple[str, str, str]]] = {}
            for (way, ref, sector, kind), sub in self.told.items():
                party = ref if way == "person" else self.joined.get(ref, ref)
                parties.setdefault(sub, set()).add((party, sector, kind))
            assert all(len(each) == 1 for each in parties.values()), parties

        def teardown(self) -> None:
            """Every answer ever given is the answer still, and its row is there."""
            for asked, sub in self.told.items():
                assert self.answer(*asked) == sub, asked
            rows = select(func.count()).where(SubjectRecord.sub.in_(set(self.told.values())))
            assert database.read(lambda tx: tx.execute(rows).scalar()) == len(
                set(self.told.values())
            )

    return Lives


def test_a_sub_once_given_never_changes(database: Database, tmp_path) -> None:
    from idp.keyring import ring
    from idp.storage.clock import Clock

    ring.prepare(tmp_path / "keys", Clock().now())
    keyring = Keyring(tmp_path / "keys", database.clock)
    run_state_machine_as_test(
        machine(database, keyring),
        settings=settings(
            max_examples=60, stateful_step_count=30, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    made = select(func.count()).select_from(AccountRecord)
    assert database.read(lambda tx: tx.execute(made).scalar())
