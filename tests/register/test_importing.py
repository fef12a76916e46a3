"""A file of people comes into the register whole: nobody lost, nobody twice, nothing undone."""

import stat
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from idp.accounts.actions import create_account, join_person
from idp.accounts.subjects import subject_of
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.journal.records import JournalEntry
from idp.register import actions, importing
from idp.register.importing import Import, ImportProblem, Progress
from idp.register.records import ImportRecord, PersonNumberRecord, PersonRecord
from idp.register.rejects import RejectsFile, RejectsProblem
from idp.register.rules import Contacts, Correction, Death, Name, Status
from idp.storage import Transaction
from tests.register.conftest import HEADER, Importer

MARGARET = "CS100700A,Margaret,Hughes,1951-03-14,female,LL00 1AA,m@example.test,,"
TOM = "CE100701B,Tom,Barker,1962-11-27,male,LL00 1AA,,active,"
SIAN = '"AB 12 34 56 C",Siân,"O\'Neill, Dr",1979-08-02,F,LL00 1AA,,,'
GONE = "EH123456C,Owen,Price,1930-01-01,M,,,dead,2019-12-24"


def test_people_are_added_and_found_with_all_that_the_file_says(register: Importer) -> None:
    done = register.load(MARGARET, TOM, SIAN, GONE)
    assert done.finished
    assert done.counts() == {"read": 4, "added": 4, "changed": 0, "unchanged": 0, "rejected": 0}
    sian = register.known("AB123456")
    assert (sian.name, sian.sex) == ("Siân O'Neill, Dr", "female")
    assert sian.address == {"postal_code": "LL00 1AA"}
    gone = register.known("EH123456")
    assert (gone.status, gone.died_on) == (Status.DEAD, date(2019, 12, 24))
    margaret = register.known("CS100700")
    contacts = register.database.read(lambda tx: actions.contacts_of(tx, margaret.ref))
    assert contacts == Contacts(email="m@example.test")
    number = register.database.read(
        lambda tx: actions.number_of(tx, register.keyring, margaret.ref)
    )
    assert number is not None
    assert number.canonical == "CS100700A"


def test_a_file_imported_to_its_end_changes_nothing_the_second_time(register: Importer) -> None:
    first = register.load(MARGARET, TOM, "nonsense")
    everything = (PersonRecord.__table__, PersonNumberRecord.__table__, JournalEntry.__table__)
    before = [register.all(table) for table in everything]
    refused = register.file.rejects.read_bytes()
    assert register.load() == first
    assert [register.all(table) for table in everything] == before
    assert register.file.rejects.read_bytes() == refused


def test_read_again_from_its_start_the_same_file_finds_everybody_unchanged(
    register: Importer,
) -> None:
    register.load(MARGARET, TOM, SIAN, GONE)
    before = register.all(PersonRecord.__table__)
    done = register.load(again=True)
    assert done.counts() == {"read": 4, "added": 0, "changed": 0, "unchanged": 4, "rejected": 0}
    assert register.all(PersonRecord.__table__) == before


def test_everybody_put_in_one_by_one_is_unchanged_by_a_file_that_says_the_same(
    register: Importer,
) -> None:
    number = parse("CS100700A")
    assert isinstance(number, NationalInsuranceNumber)
    register.database.transaction(
        lambda tx: actions.add_person(
            tx, register.keyring, number=number, given_name="Margaret", family_name="Hughes",
            birth_date=date(1951, 3, 14), sex="female", address={"postal_code": "LL00 1AA"},
            contacts=Contacts(email="m@example.test"),
        )
    )  # fmt: skip
    assert register.load(MARGARET).unchanged == 1


def test_a_changed_line_brings_the_person_up_to_date_and_keeps_what_identifies_her(
    register: Importer,
) -> None:
    register.load(MARGARET, TOM)
    before = register.known("CS100700")
    numbers = register.all(PersonNumberRecord.__table__)

    def prove(tx: Transaction) -> str:
        account = create_account(tx, sign_in_name="m@example.test", email="m@example.test")
        join_person(tx, account_ref=account, person_ref=before.ref, identity_level=2)
        return subject_of(tx, sector="tax", kind="self", person_ref=before.ref)

    subject = register.database.transaction(prove)
    done = register.load("CS100700B,Margaret,Pugh,1951-03-14,female,LL00 9ZZ,new@example.test,,")
    assert done.counts() == {"read": 1, "added": 0, "changed": 1, "unchanged": 0, "rejected": 0}
    after = register.known("CS100700")
    assert after.ref == before.ref
    assert (after.family_name, after.address) == ("Pugh", {"postal_code": "LL00 9ZZ"})
    assert after.earlier_names == (Name(given_name="Margaret", family_name="Hughes"),)
    assert register.all(PersonNumberRecord.__table__) == numbers, "whatever the suffix"
    assert subject == register.database.transaction(
        lambda tx: subject_of(tx, sector="tax", kind="self", person_ref=before.ref)
    )
    assert register.known("CE100701").family_name == "Barker", "who is not in the file stays"


def test_names_are_collected_over_the_years_each_once(register: Importer) -> None:
    header = "number,given_name,family_name,birth_date,earlier_names"
    for family, earlier in (("Jones", ""), ("Pugh", "Jones"), ("Hughes", ""), ("Jones", "Parry")):
        register.load(f"CS100700A,Margaret,{family},1951-03-14,{earlier}", header=header)
    names = [name.family_name for name in register.known("CS100700").earlier_names]
    assert sorted(names) == ["Hughes", "Parry", "Pugh"]


def test_what_the_file_has_no_column_for_stays(register: Importer) -> None:
    register.load(MARGARET)
    done = register.load(
        "CS100700A,Margaret,Hughes,1951-03-14", header="number,given_name,family_name,birth_date"
    )
    assert done.unchanged == 1
    margaret = register.known("CS100700")
    assert margaret.sex == "female"
    register.load("CS100700A,Margaret,Hughes,1951-03-14,,,,,")
    contacts = register.database.read(lambda tx: actions.contacts_of(tx, margaret.ref))
    assert contacts == Contacts(), "an empty field of a column that is there takes it away"


def test_a_death_is_recorded_once_and_nobody_comes_back_to_life_by_a_file(
    register: Importer,
) -> None:
    register.load(MARGARET)
    ref = register.known("CS100700").ref
    dead = "CS100700A,Margaret,Hughes,1951-03-14,female,LL00 1AA,m@example.test,dead,2025-05-01"
    assert register.load(dead).changed == 1
    assert register.load(dead, "nonsense").unchanged == 1
    died = select(JournalEntry.kind).where(JournalEntry.person == ref)
    kinds = register.database.read(lambda tx: tx.execute(died).scalars().all())
    assert kinds == [Death.RECORDED.value]
    alive = MARGARET.replace(",,", ",active,")
    assert register.load(alive).rejected == 1
    assert register.rejects()[0][1] == "dead-in-register"
    assert register.known("CS100700").status is Status.DEAD


def test_one_person_is_not_made_another_by_a_mistyped_number(register: Importer) -> None:
    header = "number,given_name,family_name,birth_date,email"
    numbers = [f"CS10070{place}A" for place in range(4)]
    as_was = "Margaret,Hughes,1951-03-14,m@example.test"
    register.load(*(f"{number},{as_was}" for number in numbers), header=header)
    before = register.known("CS100700")
    now = [
        "Mallory,Vane,1991-01-01,thief@example.test",
        "Mallory,Vane,1951-03-14,",  # adopted: the day is the same
        "MARGARET,Vane,1952-03-14,",
        "Mallory,Hughes-Vane,1952-03-14,",
    ]
    lines = [f"{number},{person}" for number, person in zip(numbers, now, strict=True)]
    done = register.load(*lines, header=header)
    assert (done.rejected, done.changed) == (1, 3)
    assert register.rejects()[0][:2] == ["2", "another-person"]
    assert register.known("CS100700") == before


def test_an_earlier_name_on_either_side_is_a_name_in_common(register: Importer) -> None:
    header = "number,given_name,family_name,birth_date,earlier_names"
    register.load("CS100700A,Margaret,Hughes,1951-03-14,Pugh", header=header)
    assert register.load("CS100700A,Mair,Pugh,1952-03-14,", header=header).changed == 1
    assert register.load("CS100700A,Gwen,Rees,1953-03-14,Mair|Price", header=header).changed == 1
    assert register.load("CS100700A,Nia,Vane,1954-03-14,Lee", header=header).rejected == 1


def test_what_changes_under_an_account_is_journaled_by_its_fields_only(
    register: Importer,
) -> None:
    register.load(MARGARET, TOM)
    refs = {number: register.known(number).ref for number in ("CS100700", "CE100701")}

    def join(tx: Transaction) -> None:
        account = create_account(tx, sign_in_name="m@example.test", email="m@example.test")
        join_person(tx, account_ref=account, person_ref=refs["CS100700"], identity_level=2)

    register.database.transaction(join)
    moved = MARGARET.replace("LL00 1AA", "LL00 9ZZ")
    register.load(moved, TOM.replace("Barker", "Rees"))
    new = moved.replace("Hughes", "Pugh").replace("m@", "new@").replace("1951", "1952")
    register.load(new)
    entries = register.all(JournalEntry.person, JournalEntry.kind, JournalEntry.detail)
    (found,) = [(person, detail) for person, kind, detail in entries if kind == "register-changed"]
    assert found[0] == refs["CS100700"]
    assert found[1]["fields"] == ["family_name", "birth_date", "contacts"]
    assert "Pugh" not in str(entries)
    assert "new@" not in str(entries)


def test_every_refused_line_is_in_the_file_with_its_place_reason_and_fields(
    register: Importer,
) -> None:
    bad = "QQ123456C,Mair,Rees,1960-01-01,F,,,,"
    done = register.load(MARGARET, bad, "", TOM, "a,b", '"', MARGARET.replace("Margaret", "Mair"))
    assert done.counts() == {"read": 6, "added": 2, "changed": 0, "unchanged": 0, "rejected": 4}
    rows = register.rejects()
    assert [(row[0], row[1]) for row in rows] == [
        ("3", "number-prefix"), ("6", "column-count"), ("7", "bad-quotes"), ("8", "number-twice"),
    ]  # fmt: skip
    assert rows[0][3:] == bad.split(",")
    assert rows[2][3:] == ['"']
    assert not any("QQ" in field or "CS1007" in field for row in rows for field in row[:3])
    assert register.known("CS100700").given_name == "Margaret", "the first line counts"
    assert stat.S_IMODE(register.file.rejects.stat().st_mode) == 0o600


def test_bytes_that_are_not_utf_8_come_out_as_they_went_in(register: Importer) -> None:
    line = TOM.encode().replace(b"Tom", b"T\xf6m")
    register.file.path.write_bytes(HEADER.encode() + b"\n" + line + b"\n")
    assert register.load().rejected == 1
    assert b"T\xf6m" in register.file.rejects.read_bytes()


def test_a_line_without_end_neither_fills_the_memory_nor_hides_its_neighbours(
    register: Importer,
) -> None:
    done = register.load(MARGARET, "x" * 100_000, TOM)
    assert (done.added, done.rejected) == (2, 1)
    assert register.rejects()[0][:2] == ["3", "line-too-long"]
    assert register.load("y" * 100_000).rejected == 1, "also as the last one"


def test_a_mended_file_of_refused_lines_may_be_imported_as_it_is(
    register: Importer, tmp_path: Path
) -> None:
    # Names that a spreadsheet would take for formulas are none in the file, and come back.
    register.load(MARGARET, TOM.replace("1962", "1962x").replace(",Tom", ",=Tom"))
    assert ",'=Tom" in register.file.rejects.read_text()
    mended = tmp_path / "mended.csv"
    mended.write_text(register.file.rejects.read_text().replace("1962x", "1962"))
    register.file.path = mended
    assert register.load().added == 1
    known = register.known("CE100701")
    assert (known.birth_date, known.given_name[:4]) == (date(1962, 11, 27), "=Tom")
    mended.write_text(mended.read_text().replace("1962", "1962y").replace("CE1", "CE2"))
    register.load()
    assert register.rejects()[0][0] == "2"
    bad = TOM.replace("1962", "1962y").replace("CE1", "CE2").replace(",Tom", ",'=Tom")
    assert register.rejects()[0][3:] == bad.split(",")


def test_a_replaced_number_makes_no_second_person(register: Importer) -> None:
    """The number was corrected here, and the file still has the old one."""
    register.load(MARGARET)
    ref = register.known("CS100700").ref
    new = parse("CS100799A")
    assert isinstance(new, NationalInsuranceNumber)
    answer = register.database.transaction(
        lambda tx: actions.correct_number(tx, register.keyring, ref, new, "an officer")
    )
    assert answer is Correction.CORRECTED
    assert register.load(again=True).counts() == {
        "read": 1, "added": 0, "changed": 0, "unchanged": 0, "rejected": 1,
    }  # fmt: skip
    assert register.rejects()[0][1] == "number-replaced"
    assert len(register.all(PersonRecord.ref)) == 1
    owner = "CS100700A,Gwen,Parry,1988-01-01,F,,,,"
    assert register.load(owner).added == 1, "whose number it is by rights"


def test_who_imports_is_journaled_with_counts_and_without_people(register: Importer) -> None:
    register.load(MARGARET, "nonsense")
    entries = register.all(JournalEntry.kind, JournalEntry.detail)
    assert [kind for kind, _ in entries] == ["register-import-begun", "register-import-finished"]
    assert all(detail["by"] == "an operator" for _, detail in entries)
    assert len(entries[0][1]["fingerprint"]) == 64
    counts = {"read": 2, "added": 1, "changed": 0, "unchanged": 0, "rejected": 1}
    assert counts.items() <= entries[1][1].items()
    assert "Hughes" not in str(entries)
    assert "100700" not in str(entries)


def test_a_batch_that_fails_leaves_no_refused_line_behind_and_is_stored_later(
    register: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the machine stops after the refused lines are on the disk, before the commit."""
    monkeypatch.setattr(importing, "BATCH_LINES", 2)
    real, calls = importing._advanced, []

    def failing(*given: Any) -> Progress:
        calls.append(given)
        if len(calls) == 2:
            raise OSError("the disk is gone")
        return real(*given)

    monkeypatch.setattr(importing, "_advanced", failing)
    lines = (MARGARET, "bad 1", TOM, "bad 2", SIAN, "bad 3")
    with pytest.raises(OSError, match="disk"):
        register.load(*lines)
    assert len(register.rejects()) == 2, "written, and not counted yet"
    done = register.load()
    assert done.counts() == {"read": 6, "added": 3, "changed": 0, "unchanged": 0, "rejected": 3}
    assert [row[0] for row in register.rejects()] == ["3", "5", "7"]


@pytest.mark.parametrize("beside_from", [0, 10**9])
def test_who_is_new_and_who_is_known_may_take_turns(
    register: Importer, monkeypatch: pytest.MonkeyPatch, beside_from: int
) -> None:
    """Whoever reads ahead guesses by the batch before, and is wrong in every other one."""
    monkeypatch.setattr(importing, "BATCH_LINES", 2)
    monkeypatch.setattr(importing, "BESIDE_FROM_BYTES", beside_from)
    people = [f"CS1007{place:02d}A,Ann,Hughes,1951-03-14,f,LL00 1AA,,," for place in range(24)]
    register.load(*(line for place, line in enumerate(people) if place // 4 % 2))
    done = register.load(*people)
    assert (done.added, done.unchanged) == (12, 12)
    found = register.all(PersonNumberRecord.number_index)
    assert len(set(found)) == len(found) == 24


def test_a_number_twice_is_seen_across_a_stop(
    register: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 1)

    def stop(at: Progress) -> None:
        raise KeyboardInterrupt

    register.file.write([MARGARET, TOM, SIAN, MARGARET.replace("Hughes", "Pugh")])
    work = Import(register.database, register.keyring, register.file.path,
                  register.file.rejects, by="x")  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        work.run(stop)
    assert 0 < len(register.all(PersonRecord.ref)) < 3
    done = register.load()
    assert (done.added, done.rejected) == (3, 1)
    assert register.known("CS100700").family_name == "Hughes"


def test_counted_refused_lines_that_are_gone_stop_the_import(
    register: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 1)
    register.file.write(["bad", MARGARET, TOM])
    work = Import(register.database, register.keyring, register.file.path,
                  register.file.rejects, by="x")  # fmt: skip

    def stop(at: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work.run(stop)
    register.file.rejects.unlink()
    with pytest.raises(RejectsProblem, match="--again"):
        register.load()


def test_two_imports_never_write_to_one_file_of_refused_lines(register: Importer) -> None:
    register.file.write([MARGARET])
    with RejectsFile(register.file.rejects, []), pytest.raises(RejectsProblem, match="another"):
        register.load()


def test_two_imports_of_one_file_do_not_store_a_batch_twice(
    register: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As from two hosts, where no lock on a file tells one of the other."""
    monkeypatch.setattr(importing, "BATCH_LINES", 1)

    def other(at: Progress) -> None:
        went_on = update(ImportRecord).values(byte_offset=ImportRecord.byte_offset + 1)
        register.database.transaction(lambda tx: tx.execute(went_on))

    register.file.write([MARGARET, TOM, SIAN])
    work = Import(register.database, register.keyring, register.file.path,
                  register.file.rejects, by="x")  # fmt: skip
    with pytest.raises(ImportProblem, match="somebody else"):
        work.run(other)
    assert len(register.all(PersonRecord.ref)) == 1
