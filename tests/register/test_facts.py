"""What a claim is compared with, contacts, corrected numbers, deaths."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from idp.accounts.actions import Joining, create_account, join_person
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.records import JournalEntry
from idp.keyring.ring import Keyring
from idp.register import actions
from idp.register.records import PersonNumberRecord, PersonRecord
from idp.register.rules import ClaimFacts, Contacts, Correction, Death, Name, Status, turned
from idp.storage import Database, Transaction

BORN = date(1951, 3, 14)


def number(text: str) -> NationalInsuranceNumber:
    parsed = parse(text)
    assert isinstance(parsed, NationalInsuranceNumber)
    return parsed


def add(database: Database, keyring: Keyring, text: str, *, given="Margaret", born=BORN) -> str:
    ref = database.transaction(
        lambda tx: actions.add_person(
            tx,
            keyring,
            number=number(text),
            given_name=given,
            family_name="Hughes",
            birth_date=born,
            sex="female",
            address={"postal_code": "LL00 1AA"},
            earlier_names=[Name(given_name=given, family_name="Pugh")],
            contacts=Contacts(email=f"{given}@example.test".lower()),
        )
    )
    assert isinstance(ref, str)
    return ref


def ask(database: Database, keyring: Keyring, text: str) -> ClaimFacts:
    return database.read(lambda tx: actions.facts_for_claim(tx, keyring, number(text)))


def die(database: Database, ref: str, day: date) -> Death:
    return database.transaction(lambda tx: actions.record_death(tx, ref, day, "the registrar"))


def kinds(database: Database, person: str) -> list[str]:
    asked = select(JournalEntry.kind).where(JournalEntry.person == person)
    return database.read(lambda tx: tx.execute(asked).scalars().all())


def test_a_claim_is_compared_with_the_person_and_all_born_the_same_day(
    database: Database, keyring: Keyring
) -> None:
    margaret = add(database, keyring, "CS100700A")
    twin = add(database, keyring, "CS100701A", given="Megan")
    add(database, keyring, "CS100702A", given="Sian", born=date(1979, 8, 2))
    facts = ask(database, keyring, "CS 10 07 00 B")
    assert facts.person == facts.compared
    assert facts.compared.ref == margaret
    assert facts.compared.earlier_names == (Name(given_name="Margaret", family_name="Pugh"),)
    assert facts.compared.status is Status.ACTIVE
    assert [other.ref for other in facts.others] == [twin]


@pytest.mark.parametrize(
    ("born", "written"),
    [
        (date(1951, 3, 4), date(1951, 4, 3)),
        (date(1951, 3, 3), date(1951, 3, 3)),
        (date(1951, 3, 12), date(1951, 12, 3)),
        (date(1951, 3, 13), date(1951, 3, 13)),
        (date(1952, 2, 29), date(1952, 2, 29)),
    ],
)
def test_day_and_month_are_turned_where_that_makes_a_day(born: date, written: date) -> None:
    assert turned(born) == written


def test_a_twin_whose_day_and_month_a_clerk_turned_is_among_the_others(
    database: Database, keyring: Keyring
) -> None:
    add(database, keyring, "CS100700A", born=date(1951, 3, 4))
    twin = add(database, keyring, "CS100701A", given="Megan", born=date(1951, 4, 3))
    add(database, keyring, "CS100702A", given="Sian", born=date(1951, 4, 4))
    assert [other.ref for other in ask(database, keyring, "CS100700A").others] == [twin]


def test_an_unknown_number_is_compared_with_a_stand_in_and_never_believed(
    database: Database, keyring: Keyring
) -> None:
    unknown = [f"CS9999{tail:02d}A" for tail in range(20)]
    assert all(ask(database, keyring, one).person is None for one in unknown), (
        "in an empty register"
    )
    people = {add(database, keyring, f"CS1007{tail:02d}A") for tail in range(8)}
    answers = [ask(database, keyring, one) for one in unknown]
    assert all(answer.person is None for answer in answers)
    assert all(len(answer.others) == len(people) - 1 for answer in answers)
    assert len({answer.compared.ref for answer in answers}) > 2, "everybody may be drawn"
    assert answers == [ask(database, keyring, one) for one in unknown], "the same at every try"


def test_a_known_and_an_unknown_number_ask_the_same_of_the_database(
    database: Database, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same statements, in the same order, each answering as many rows."""
    days = (date(1951, 3, 4), date(1951, 4, 3))
    for tail in range(6):
        add(database, keyring, f"CS1007{tail:02d}A", born=days[tail % 2])
    asked: list[tuple[object, int]] = []
    real = Transaction.execute

    def counted(self, statement, params=None):
        rows = real(self, statement, params)
        asked.append((statement, len(rows.all())))
        return rows

    monkeypatch.setattr(Transaction, "execute", counted)
    profiles = {}
    for text in ("CS100700A", "CS999999A"):
        # A draw may wrap round the end; what the draw does follows from the number alone.
        asked.clear()
        ask(database, keyring, text)
        profiles[text] = [(id(st), n) for st, n in asked if st is not actions._FIND_FIRST]
    known, unknown = profiles.values()
    assert [st for st, _ in known] == [st for st, _ in unknown]
    assert known[-1] == unknown[-1], "as many others born that day"


def test_contacts_are_those_the_register_held(database: Database, keyring: Keyring) -> None:
    ref = add(database, keyring, "CS100700A")
    assert database.read(lambda tx: actions.contacts_of(tx, ref)) == Contacts(
        email="margaret@example.test"
    )
    assert database.read(lambda tx: actions.contacts_of(tx, "nobody")) == Contacts()


def test_a_corrected_number_is_dated_and_the_person_stays_the_same(
    database: Database, keyring: Keyring
) -> None:
    ref = add(database, keyring, "CS100700A")
    wanted = number("CE100700B")
    correct = lambda tx: actions.correct_number(tx, keyring, ref, wanted, "an officer")  # noqa: E731
    assert database.transaction(correct) is Correction.CORRECTED
    assert database.transaction(correct) is Correction.SAME
    find = actions.find_by_number
    assert database.read(lambda tx: find(tx, keyring, number("CS100700A"))) is None
    found = database.read(lambda tx: find(tx, keyring, wanted))
    assert found is not None
    assert found.ref == ref
    rows = database.read(
        lambda tx: tx.execute(
            select(PersonNumberRecord.valid_from, PersonNumberRecord.valid_to).order_by(
                PersonNumberRecord.valid_from
            )
        ).all()
    )
    (_, closed), (opened, still_open) = rows
    assert closed is not None
    assert closed <= opened
    assert still_open is None
    assert kinds(database, ref) == ["number-corrected"]


def test_a_correction_to_somebody_elses_number_is_refused_and_changes_nothing(
    database: Database, keyring: Keyring
) -> None:
    ref = add(database, keyring, "CS100700A")
    add(database, keyring, "CE100700B")
    everything = select(PersonNumberRecord.__table__).order_by(PersonNumberRecord.ref)
    before = database.read(lambda tx: tx.execute(everything).all())
    answer = database.transaction(
        lambda tx: actions.correct_number(tx, keyring, ref, number("CE100700A"), "an officer")
    )
    assert answer is Correction.TAKEN
    assert database.read(lambda tx: tx.execute(everything).all()) == before
    assert kinds(database, ref) == []
    nobody = database.transaction(
        lambda tx: actions.correct_number(tx, keyring, "nobody", number("CE100701A"), "an officer")
    )
    assert nobody is Correction.UNKNOWN


def test_somebody_who_died_joins_no_account(database: Database, keyring: Keyring) -> None:
    ref = add(database, keyring, "CS100700A")
    day = date(2020, 5, 1)
    assert die(database, ref, day) is Death.RECORDED
    assert die(database, ref, day) is Death.KNOWN
    person = database.read(lambda tx: actions.find_person(tx, ref))
    assert person is not None
    assert (person.status, person.died_on) == (Status.DEAD, day)
    account = database.transaction(
        lambda tx: create_account(tx, sign_in_name="m@example.test", email="m@example.test")
    )
    joined = database.transaction(
        lambda tx: join_person(tx, account_ref=account, person_ref=ref, identity_level=2)
    )
    assert joined is not Joining.JOINED
    assert kinds(database, ref) == ["death-recorded"]


def test_nobody_dies_before_birth_or_in_the_future(database: Database, keyring: Keyring) -> None:
    ref = add(database, keyring, "CS100700A")
    for day in (BORN - timedelta(days=1), database.now().date() + timedelta(days=1)):
        assert die(database, ref, day) is Death.IMPOSSIBLE
    assert die(database, "nobody", BORN) is Death.UNKNOWN
    assert kinds(database, ref) == []


def test_a_day_of_death_put_down_wrong_is_put_right(database: Database, keyring: Keyring) -> None:
    ref = add(database, keyring, "CS100700A")
    database.transaction(
        lambda tx: tx.execute(
            update(PersonRecord).where(PersonRecord.ref == ref).values(status="dead")
        )
    )
    for day in (date(2020, 5, 1), date(2020, 5, 2)):
        assert die(database, ref, day) is Death.RECORDED
