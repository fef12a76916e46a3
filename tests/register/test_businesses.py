"""Businesses: one is found by any of its numbers, and a file never makes two of one."""

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import func, select

from idp.accounts.subjects import subject_of
from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.journal.records import JournalEntry
from idp.keyring import ring
from idp.keyring.commands import SEALED
from idp.keyring.resealing import left, reseal
from idp.keyring.ring import Keyring
from idp.register import businesses, tables
from idp.register.actions import find_person
from idp.register.businesses import Brought, BusinessFacts, BusinessLine
from idp.register.businesses_file import COLUMNS, WHY, import_businesses
from idp.register.generating import people
from idp.register.generating_businesses import made_up_businesses
from idp.register.indexing import count, reindex
from idp.register.reasons import Reason
from idp.register.records import BusinessNumberRecord, BusinessRecord
from idp.register.tables import Counts
from idp.storage import Database
from tests.register.conftest import Importer
from tests.rig.keys import make_keyring

MARGARET = "CS100700A,Margaret,Hughes,1951-03-14,f,LL00 1AA,,,"
HEADER = "name,kind,company_number,tax_reference,vat_number,person_number,ceased_on"


def number(kind: str, typed: str) -> BusinessNumber:
    found = parse(NumberKind(kind), typed)
    assert isinstance(found, BusinessNumber), found
    return found


COMPANY, TAX, VAT = number("company", "SC095237"), number("tax", "2234567890"), number(
    "vat", "980780684"
)  # fmt: skip
OTHER_VAT = number("vat", "802311782")


def line(*numbers: BusinessNumber, name: str = "Hughes Bakery Ltd", **more) -> BusinessLine:
    return BusinessLine(name=name, kind=more.pop("kind", "company"), numbers=numbers, **more)


@pytest.fixture
def bring(database: Database, keyring: Keyring):
    def bring_one(one: BusinessLine) -> Brought:
        return database.transaction(lambda tx: businesses.bring(tx, keyring, one, by="an operator"))

    return bring_one


def found(database: Database, keyring: Keyring, by: BusinessNumber) -> BusinessFacts | None:
    return database.read(lambda tx: businesses.find_by_number(tx, keyring, by))


def test_a_business_is_found_by_each_of_its_numbers_and_by_no_other(
    database: Database, keyring: Keyring, bring
) -> None:
    assert bring(line(COMPANY, TAX)) is Brought.ADDED
    assert bring(line(COMPANY, VAT)) is Brought.CHANGED
    assert bring(line(COMPANY, TAX, VAT)) is Brought.UNCHANGED
    each = [found(database, keyring, one) for one in (COMPANY, TAX, VAT)]
    assert each[0] is not None
    assert each[0] == each[1] == each[2]
    assert found(database, keyring, OTHER_VAT) is None
    assert found(database, keyring, BusinessNumber(NumberKind.VAT, TAX.key)) is None
    ref = each[0].ref
    assert database.read(lambda tx: businesses.numbers_of(tx, keyring, ref)) == [COMPANY, TAX, VAT]
    stored = database.read(lambda tx: tx.execute(select(BusinessNumberRecord.__table__)).all())
    assert not any(one.key in str(row) for one in (COMPANY, TAX, VAT) for row in stored)


def test_a_line_that_speaks_against_the_register_changes_nothing(
    database: Database, keyring: Keyring, bring
) -> None:
    bring(line(COMPANY, VAT))
    bring(line(TAX, name="Another Ltd"))
    before = found(database, keyring, COMPANY)
    assert bring(line()) is Brought.NUMBER_MISSING
    assert bring(line(COMPANY, TAX)) is Brought.TWO_BUSINESSES
    assert bring(line(COMPANY, OTHER_VAT, name="New name")) is Brought.NUMBER_DIFFERS
    assert bring(line(COMPANY, kind="partnership", name="New name")) is Brought.KIND_DIFFERS
    assert found(database, keyring, COMPANY) == before
    assert found(database, keyring, OTHER_VAT) is None


def test_a_business_that_ceased_does_not_trade_again_by_a_file(
    database: Database, keyring: Keyring, bring
) -> None:
    bring(line(COMPANY))
    business = found(database, keyring, COMPANY)
    assert business is not None
    day = database.now().date()

    def cease(on: date) -> bool:
        return database.transaction(
            lambda tx: businesses.cease(tx, business.ref, on, by="an operator")
        )

    assert not cease(date(day.year + 1, 1, 1))
    assert cease(day)
    assert not cease(day)
    assert bring(line(COMPANY)) is Brought.TRADES_AGAIN
    kinds = database.read(lambda tx: tx.execute(select(JournalEntry.kind)).scalars().all())
    assert kinds == ["business-ceased"]


def test_a_sole_trader_is_known_as_a_person_and_as_a_business_by_subjects_that_never_meet(
    register: Importer, keyring: Keyring, bring
) -> None:
    register.load(MARGARET)
    person = register.known("CS100700A")
    trader = line(TAX, name="Hughes Bakery", kind="sole-trader", person_ref=person.ref)
    assert bring(trader) is Brought.ADDED
    database = register.database
    (business,) = database.read(lambda tx: businesses.businesses_of(tx, person.ref))
    assert found(database, keyring, TAX) == business

    def sub(party: str, sector: str) -> str:
        return database.transaction(
            lambda tx: subject_of(tx, sector=sector, kind="self", person_ref=party)
        )

    subs = [sub(party, sector) for party in (person.ref, business.ref) for sector in "ab"]
    assert len(set(subs)) == 4
    assert subs == [sub(party, sector) for party in (person.ref, business.ref) for sector in "ab"]
    assert not any(business.ref in one or person.ref in one for one in subs)


def test_businesses_are_found_all_the_while_that_keys_are_turned(
    database: Database, tmp_path: Path
) -> None:
    keyring = make_keyring(tmp_path / "own")
    database.transaction(lambda tx: businesses.bring(tx, keyring, line(COMPANY, VAT), by="x"))
    before = found(database, keyring, COMPANY)
    for change in (ring.add_key, ring.use_newest):
        change(keyring.folder, "number_index")
        keyring.look(force=True)
        assert before == found(database, keyring, VAT)
    assert sum(step.seen for step in reindex(database, keyring)) == count(database) == 2
    ring.forget_old(keyring.folder, "number_index")
    keyring.look(force=True)
    assert before == found(database, keyring, COMPANY) == found(database, keyring, VAT)
    ring.add_key(keyring.folder, "seal")
    ring.use_newest(keyring.folder, "seal")
    keyring.look(force=True)
    (column,) = (each for each in SEALED if each.record is BusinessNumberRecord)
    assert sum(step.changed for step in reseal(database, keyring.sealer, column)) == 2
    assert left(database, keyring.sealer, column) == 0
    ref = before.ref if before else ""
    assert database.read(lambda tx: businesses.numbers_of(tx, keyring, ref)) == [COMPANY, VAT]


class Loader:
    """Imports a file of businesses, as an operator does."""

    def __init__(self, register: Importer, folder: Path) -> None:
        self.database, self.keyring = register.database, register.keyring
        self.path, self.rejects = folder / "b.csv", folder / "b.rejects.csv"
        self.told: list[int] = []

    def load(self, *lines: str, header: str = HEADER) -> Counts:
        self.path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return import_businesses(
            self.database, self.keyring, self.path, self.rejects,
            lambda at: self.told.append(at.read_count), by="an operator",
        )  # fmt: skip

    def refused(self) -> list[tuple[str, str]]:
        rows = self.rejects.read_text(encoding="utf-8").splitlines()[1:]
        return [(row.split(",")[0], row.split(",")[1]) for row in rows]


@pytest.fixture
def loader(register: Importer, tmp_path: Path) -> Loader:
    return Loader(register, tmp_path)


def test_a_file_says_of_each_line_what_became_of_it(register: Importer, loader: Loader) -> None:
    register.load(MARGARET)
    done = loader.load(
        "Hughes Bakery,sole-trader,,2234567890,,CS100700A,",
        "Tesc Ltd,company,445790,,GB 980 7806 84,,",
        "No number,company,,,,,",
        "Bad check,company,,1234567890,,,",
        "Nobody,sole-trader,,1955839661,,CS100701A,",
        "No person,sole-trader,,1955839661,,,",
        ",company,445790,,,,",
        "Club,club,445790,,,,",
        "Two of them,partnership,445790,2234567890,,,",
        "Later,company,445790,,,,2999-01-01",
        "short,company",
    )
    assert done.counts() == {"read": 11, "added": 2, "changed": 0, "unchanged": 0, "rejected": 9}
    assert loader.refused() == [
        ("4", Brought.NUMBER_MISSING), ("5", "tax-reference-check"), ("6", "person-unknown"),
        ("7", "sole-trader-without-person"), ("8", "name-missing"), ("9", "unknown-kind"),
        ("10", Brought.TWO_BUSINESSES), ("11", "bad-ceased-day"), ("12", Reason.COLUMN_COUNT),
    ]  # fmt: skip
    assert all(WHY[reason] for _, reason in loader.refused())
    assert loader.rejects.stat().st_mode & 0o777 == 0o600


def test_an_import_that_was_stopped_is_run_again_and_stores_nothing_twice(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "BATCH_LINES", 3)
    lines = [f"Firm {place},company,{place},,,," for place in range(1, 11)]
    loader.load(*lines[:4])
    done = loader.load(*lines)
    assert done.counts() == {"read": 10, "added": 6, "changed": 0, "unchanged": 4, "rejected": 0}
    assert loader.told[-4:] == [3, 6, 9, 10]
    counted = select(func.count()).select_from(BusinessRecord)
    assert loader.database.read(lambda tx: tx.execute(counted).scalar()) == 10


def test_made_up_businesses_are_all_imported_and_some_are_people_too(
    register: Importer, loader: Loader
) -> None:
    made = list(people(7, 400))
    register.file.path.write_text(
        "\n".join([",".join(made[0].row._fields), *(",".join(one.row) for one in made)]) + "\n"
    )
    register.load()
    rows = list(made_up_businesses(7, made))
    assert rows == list(made_up_businesses(7, people(7, 400)))
    done = loader.load(*(",".join(row) for row in rows), header=",".join(COLUMNS))
    assert done.rejected == 0, loader.refused()
    assert done.added == len(rows) > 10

    def traders(tx):
        refs = tx.execute(
            select(BusinessRecord.person_ref).where(BusinessRecord.person_ref.is_not(None))
        )
        return [find_person(tx, ref) for ref in refs.scalars()]

    found_people = register.database.read(traders)
    assert found_people
    assert all(found_people)
