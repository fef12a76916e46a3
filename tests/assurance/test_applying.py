"""A set of policies comes into force by two people, at its time, everywhere, and can go back."""

import logging
import shutil
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from idp.assurance import applying
from idp.assurance.in_force import PoliciesInForce
from idp.assurance.sets import LARGEST_FILE, PolicySet, State, Verdict
from idp.assurance.sets_records import PolicySetRecord
from idp.journal.records import JournalEntry
from idp.policy.rules import PolicyProblems
from idp.storage import Database
from idp.storage.clock import Clock
from tests.assurance.sets import (
    ANN,
    BEN,
    CAT,
    HOUR,
    LAXER,
    SAMPLE,
    apply,
    changed,
    load,
    process,
    propose,
    renamed,
    sample,
    sign,
    today,
)


def found(database: Database, ref: str) -> PolicySet:
    one = database.read(lambda tx: applying.find_set(tx, ref))
    assert one is not None
    return one


def state(database: Database, ref: str) -> State:
    standing = database.read(applying.standing_of)
    return found(database, ref).state(standing.in_force)


def journal(database: Database) -> list[Any]:
    query = (
        select(JournalEntry.kind, JournalEntry.actor, JournalEntry.detail)
        .where(JournalEntry.kind.like("policy-%"))
        .order_by(JournalEntry.id)
    )
    return database.read(lambda tx: tx.execute(query).all())


def test_until_a_set_is_applied_the_files_of_the_folder_are_in_force(database: Database) -> None:
    house = process(database)
    assert house.set_ref is None
    assert house.get().fingerprint == load(sample()).fingerprint
    assert house.difference() is None


def test_a_set_is_in_force_in_every_process_after_a_second_person_signed(
    database: Database,
) -> None:
    one, other = process(database), process(database)
    ref = propose(database, renamed("new"), one.get())
    one.look()
    assert one.set_ref is None
    assert state(database, ref) is State.PROPOSED
    assert sign(database, ref, one.get()) is Verdict.DONE
    assert state(database, ref) is State.SCHEDULED
    one.look()
    other.look()
    assert one.set_ref == other.set_ref == ref
    assert one.get().fingerprint == other.get().fingerprint == load(renamed("new")).fingerprint
    assert state(database, ref) is State.IN_FORCE
    kinds = [(row.kind, row.actor) for row in journal(database)]
    assert kinds == [("policy-proposed", ANN), ("policy-signed", BEN), ("policy-in-force", BEN)]
    assert {row.detail["policy"] for row in journal(database)} == {one.get().fingerprint}


def test_nobody_signs_what_they_proposed(database: Database) -> None:
    house = process(database)
    ref = propose(database, renamed("new"), house.get())
    assert sign(database, ref, house.get(), by=ANN) is Verdict.SAME_PERSON
    house.look()
    assert house.set_ref is None
    assert [row.kind for row in journal(database)] == ["policy-proposed"]


def test_the_database_itself_refuses_one_person_as_both(database: Database) -> None:
    ref = propose(database, renamed("new"), process(database).get())
    forged = update(PolicySetRecord).where(PolicySetRecord.ref == ref).values(signed_by=ANN)
    with pytest.raises(DBAPIError):
        database.transaction(lambda tx: tx.execute(forged))


def test_of_signatures_that_race_one_wins(database: Database) -> None:
    house = process(database)
    base = house.get()
    ref = propose(database, renamed("new"), base)
    gate, got = threading.Barrier(6), []

    def run(name: str) -> None:
        gate.wait()
        got.append(sign(database, ref, base, by=name))

    threads = [threading.Thread(target=run, args=(f"officer-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == [Verdict.DONE, *[Verdict.GONE] * 5]
    assert [row.kind for row in journal(database)] == ["policy-proposed", "policy-signed"]


def test_of_processes_that_start_a_set_at_once_one_does(database: Database) -> None:
    houses = [process(database) for _ in range(5)]
    ref = propose(database, renamed("new"), houses[0].get())
    sign(database, ref, houses[0].get())
    threads = [threading.Thread(target=house.look) for house in houses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {house.set_ref for house in houses} == {ref}
    assert [row.kind for row in journal(database)].count("policy-in-force") == 1


def test_a_set_waits_for_its_start_and_a_new_process_starts_it(database: Database) -> None:
    house = process(database)
    starts = database.now() + HOUR
    ref = propose(database, renamed("new"), house.get(), starts_at=starts)
    sign(database, ref, house.get())
    house.look()
    assert house.set_ref is None
    assert state(database, ref) is State.SCHEDULED
    # Whoever was running then is gone; all that there is stands in the database.
    database.move_clock(HOUR)
    assert process(database).set_ref == ref
    assert house.set_ref is None
    house.look()
    assert house.set_ref == ref


def test_a_clock_that_is_set_back_ends_nothing(database: Database) -> None:
    house = process(database)
    ref = propose(database, renamed("new"), house.get(), starts_at=database.now() + HOUR)
    sign(database, ref, house.get())
    database.move_clock(2 * HOUR)
    house.look()
    database.move_clock(-48 * HOUR)
    house.look()
    assert house.set_ref == process(database).set_ref == ref


def test_a_start_beyond_a_year_is_refused(database: Database) -> None:
    house = process(database)
    prepared = applying.prepare(renamed("new"), house.get(), today())
    late = database.now() + timedelta(days=400)
    verdict = database.transaction(
        lambda tx: applying.propose(tx, prepared, house.get(), by=ANN, starts_at=late)
    )
    assert verdict is Verdict.TOO_LATE
    assert not database.read(applying.list_sets)


def test_a_set_that_changes_nothing_is_not_proposed(database: Database) -> None:
    house = process(database)
    prepared = applying.prepare(sample(), house.get(), today())
    verdict = database.transaction(lambda tx: applying.propose(tx, prepared, house.get(), by=ANN))
    assert verdict is Verdict.NOTHING_NEW


def test_a_bad_set_is_refused_with_all_that_is_wrong(database: Database) -> None:
    texts = changed("levels.toml", "identity = 1", 'identity = "one"')
    texts["risk.toml"] = "nonsense = ["
    texts["extra.toml"] = ""
    with pytest.raises(PolicyProblems) as refused:
        applying.prepare(texts, process(database).get(), today())
    assert {problem.file for problem in refused.value.problems} >= {
        "levels.toml", "risk.toml", "extra.toml",
    }  # fmt: skip


def test_a_file_of_any_length_is_refused_before_it_is_read(database: Database) -> None:
    texts = {**sample(), "risk.toml": "#" * (LARGEST_FILE + 1)}
    with pytest.raises(PolicyProblems, match="too long"):
        applying.prepare(texts, process(database).get(), today())


def test_what_falls_must_be_acknowledged(database: Database) -> None:
    house = process(database)
    with pytest.raises(PolicyProblems) as refused:
        applying.prepare(changed(*LAXER), house.get(), today())
    places = {problem.place for problem in refused.value.problems}
    assert 'acknowledge_lowering > "thresholds/C2"' in places
    texts = changed(*LAXER)
    why = "".join(f'"thresholds/C{n}" = "Fewer false alarms"\n' for n in (1, 2, 3))
    texts["risk.toml"] = texts["risk.toml"].replace(
        "[acknowledge_lowering]\n", f"[acknowledge_lowering]\n{why}"
    )
    ref = apply(database, house, texts)
    assert found(database, ref).acknowledged == {
        f"thresholds/C{n}": "Fewer false alarms" for n in (1, 2, 3)
    }


def test_a_set_compared_with_older_policies_cannot_be_signed(database: Database) -> None:
    house = process(database)
    base = house.get()
    late = propose(database, renamed("late"), base)
    apply(database, house, renamed("first"))
    assert sign(database, late, house.get()) is Verdict.STALE
    assert sign(database, late, base) is Verdict.STALE  # nor by a process that is behind


def test_a_signed_set_that_was_overtaken_is_refused_at_its_start(database: Database) -> None:
    house = process(database)
    late = propose(database, renamed("late"), house.get(), starts_at=database.now() + HOUR)
    sign(database, late, house.get())
    first = apply(database, house, renamed("first"))
    database.move_clock(HOUR)
    house.look()
    assert house.set_ref == first
    assert state(database, late) is State.REFUSED
    assert journal(database)[-1].kind == "policy-refused"


def test_a_signed_set_can_still_be_stopped_before_its_start(database: Database) -> None:
    house = process(database)
    ref = propose(database, renamed("new"), house.get(), starts_at=database.now() + HOUR)
    sign(database, ref, house.get())
    assert database.transaction(lambda tx: applying.refuse(tx, ref, by=CAT)) is Verdict.DONE
    database.move_clock(2 * HOUR)
    house.look()
    assert house.set_ref is None
    assert database.transaction(lambda tx: applying.refuse(tx, ref, by=CAT)) is Verdict.GONE


def test_rollback_restores_the_last_set_at_once_and_goes_one_step_only(
    database: Database,
) -> None:
    house = process(database)
    first = apply(database, house, renamed("first"))
    second = apply(database, house, renamed("second"))

    def back(ref: str | None) -> Verdict:
        return database.transaction(lambda tx: applying.roll_back(tx, ref, by=CAT, why="Alarm"))

    assert back(first) is Verdict.STALE
    assert back(second) is Verdict.DONE
    house.look()
    assert house.get().fingerprint == load(renamed("first")).fingerprint
    assert (state(database, second), state(database, first)) == (State.ROLLED_BACK, State.IN_FORCE)
    assert back(first) is Verdict.RESTORED
    assert journal(database)[-1].kind == "policy-rolled-back"
    # The next change is one like any other, and can be rolled back.
    third = apply(database, house, renamed("third"))
    assert back(third) is Verdict.DONE


def test_rollback_of_the_first_set_leads_back_to_the_folder(database: Database) -> None:
    house = process(database)
    ref = apply(database, house, renamed("first"))
    database.transaction(lambda tx: applying.roll_back(tx, ref, by=CAT))
    house.look()
    assert house.set_ref is None
    assert house.get().fingerprint == load(sample()).fingerprint
    assert (
        database.transaction(lambda tx: applying.roll_back(tx, ref, by=CAT))
        is Verdict.NOTHING_BEFORE
    )


def test_of_rollbacks_that_race_one_wins(database: Database) -> None:
    house = process(database)
    apply(database, house, renamed("first"))
    second = apply(database, house, renamed("second"))
    gate, got = threading.Barrier(4), []

    def run() -> None:
        gate.wait()
        got.append(database.transaction(lambda tx: applying.roll_back(tx, second, by=CAT)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == sorted([Verdict.DONE, *[Verdict.RESTORED] * 3])


def test_a_set_that_cannot_be_used_when_it_is_due_leaves_the_last_in_force(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    house = process(database)
    first = apply(database, house, renamed("first"))
    bad = propose(database, renamed("bad"), house.get())
    sign(database, bad, house.get())
    spoilt = {**sample(), "levels.toml": "nonsense = ["}
    database.transaction(
        lambda tx: tx.execute(
            update(PolicySetRecord).where(PolicySetRecord.ref == bad).values(files=spoilt)
        )
    )
    with caplog.at_level(logging.ERROR):
        house.look()
    assert house.set_ref == first
    assert state(database, bad) is State.REFUSED
    assert "levels.toml" in found(database, bad).why


def test_once_a_set_is_applied_an_edited_folder_is_told_loudly(
    database: Database, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(SAMPLE, tmp_path / "policies"))
    house = process(database, folder)
    apply(database, house, renamed("applied"))
    (folder / "levels.toml").write_text(renamed("edited")["levels.toml"])
    again = process(database, folder)
    assert again.get().fingerprint == load(renamed("applied")).fingerprint
    assert "not in force" in (again.difference() or "")
    (folder / "levels.toml").write_text(renamed("applied")["levels.toml"])
    assert process(database, folder).difference() is None


def test_a_set_says_the_same_after_the_packaged_files_change(tmp_path: Path) -> None:
    (tmp_path / "levels.toml").write_text(renamed("own")["levels.toml"])
    texts = applying.whole_set(tmp_path)
    assert set(texts) == set(sample())
    assert texts["risk.toml"] == sample()["risk.toml"]


def test_a_database_that_is_away_at_the_start_is_asked_before_anything_is_decided(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref = apply(database, process(database), renamed("applied"))
    away = Database("sqlite:////nowhere/at/all.sqlite3")
    house = process(away)
    assert house.set_ref is None
    monkeypatch.setattr(house, "_database", database)
    assert house.get().fingerprint == load(renamed("applied")).fingerprint
    assert house.set_ref == ref


def test_a_process_that_starts_with_a_wrong_clock_uses_the_set_all_the_same(
    database: Database,
) -> None:
    # A signature of a day that this clock has yet to see: with it the set cannot be read.
    signed = changed("services.toml", "date = 2026-11-22", f"date = {today()}")
    ref = apply(database, process(database), signed)
    slow = Clock(timedelta(days=-30))
    house = PoliciesInForce(SAMPLE, slow, database)
    assert house.set_ref == ref
    assert house.get().today == today()
