import os
import threading
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from idp.journal import sealer
from idp.journal.sealer import JournalDamaged
from idp.storage import Database, Transaction
from tests.journal.ledger import Ledger


def sealed_all(ledger: Ledger) -> bool:
    entries = ledger.value("SELECT count(*) FROM journal_entry")
    return bool(ledger.value("SELECT count(*) FROM journal_leaf") == entries)


def sealed(ledger: Ledger) -> int:
    return int(ledger.value("SELECT count(*) FROM journal_leaf"))


def swept(ledger: Ledger) -> int:
    return int(ledger.value("SELECT swept_id FROM journal_sealer"))


@contextmanager
def slow_writer(ledger: Ledger):
    """A transaction that holds an id and has not committed. PostgreSQL: SQLite has one writer."""
    with ledger.database.engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.exec_driver_sql(
            "INSERT INTO journal_entry (reference, at, kind, detail) "
            "VALUES (md5(random()::text), now(), 'slow', '{}')"
        )
        yield connection


@pytest.fixture
def pg_ledger(pg_url, keys_made_once, tmp_path):
    made = Ledger(Database(pg_url), keys_made_once, tmp_path / "checkpoints")
    yield made
    made.close()


def test_what_was_committed_is_sealed_once_and_copied_outside(ledger: Ledger) -> None:
    ledger.write(7)
    assert ledger.seal() == 7
    assert ledger.seal() == 0
    ledger.write(2)
    assert ledger.seal() == 2
    lines = ledger.file.read_text().splitlines()
    assert len(lines) == 2
    assert lines[1] == ledger.value("SELECT signed FROM journal_checkpoint WHERE size = 9")
    assert ledger.verify().ok
    assert ledger.file.stat().st_mode & 0o077 == 0


def test_an_empty_journal_is_sealed_and_verified(ledger: Ledger) -> None:
    assert ledger.seal() == 0
    report = ledger.verify()
    assert report.ok
    assert report.entries == report.checkpoints == 0


def test_a_long_backlog_is_sealed_in_steps(ledger: Ledger) -> None:
    ledger.write(23)
    assert [ledger.seal(10) for _ in range(4)] == [10, 10, 3, 0]
    assert ledger.verify().ok
    assert swept(ledger) == ledger.value("SELECT max(id) FROM journal_entry")


def test_nothing_is_lost_while_many_write_and_two_seal(ledger: Ledger) -> None:
    stop = threading.Event()
    surprises = []

    def guarded(work):
        try:
            work()
        except Exception as problem:  # noqa: BLE001 - a thread's failure must reach the test
            surprises.append(problem)

    def keep_sealing():
        while not stop.is_set():
            ledger.seal(50)

    def keep_verifying():
        while not stop.is_set():
            report = ledger.verify()
            assert report.ok, report.problems

    def write():
        for _ in range(5):
            ledger.write(10)

    writers = [threading.Thread(target=guarded, args=[write]) for _ in range(4)]
    others = [keep_sealing, keep_sealing, keep_verifying]
    helpers = [threading.Thread(target=guarded, args=[work]) for work in others]
    for thread in writers + helpers:
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in helpers:
        thread.join()
    while ledger.seal():
        pass
    assert not surprises
    assert sealed(ledger) == 200
    report = ledger.verify()
    assert report.ok, report.problems
    assert report.entries == 200


def test_an_entry_that_commits_after_later_ones_were_sealed_is_sealed_too(pg_ledger) -> None:
    with slow_writer(pg_ledger) as slow:
        pg_ledger.write(3)
        assert pg_ledger.seal() == 3
        for _ in range(3):
            pg_ledger.write(1)
            assert pg_ledger.seal() == 1
        assert pg_ledger.verify().ok
        slow.exec_driver_sql("COMMIT")
    assert pg_ledger.seal() == 1
    assert sealed_all(pg_ledger)
    assert pg_ledger.verify().ok


def test_slow_writers_that_overlap_hold_up_nobody_for_ever(pg_ledger) -> None:
    marks, writing = [], []
    with ExitStack() as stack:
        for _ in range(6):
            writing.append(stack.enter_context(slow_writer(pg_ledger)))
            pg_ledger.write(1)
            pg_ledger.seal()
            if len(writing) > 1:
                writing.pop(0).exec_driver_sql("COMMIT")
            marks.append(swept(pg_ledger))
        writing.pop().exec_driver_sql("COMMIT")
    assert len(set(marks)) > 2, "the mark moves on though somebody is always writing"
    pg_ledger.seal()
    assert sealed_all(pg_ledger)
    assert pg_ledger.verify().ok


def test_a_slow_entry_is_sealed_however_small_the_steps(pg_ledger) -> None:
    with slow_writer(pg_ledger) as slow:
        pg_ledger.write(9)
        while pg_ledger.seal(2):
            pass
        slow.exec_driver_sql("COMMIT")
    while pg_ledger.seal(2):
        pass
    assert sealed_all(pg_ledger)
    assert pg_ledger.verify().ok


def test_an_id_that_was_never_used_holds_up_nobody(pg_ledger) -> None:
    with slow_writer(pg_ledger) as slow:
        pg_ledger.write(1)
        pg_ledger.seal()
        slow.exec_driver_sql("ROLLBACK")
    assert pg_ledger.seal() == 0
    assert swept(pg_ledger) == pg_ledger.value("SELECT max(id) FROM journal_entry")
    assert pg_ledger.verify().ok


def test_an_entry_that_commits_in_the_middle_of_a_step_is_not_passed_over(
    pg_ledger, monkeypatch
) -> None:
    """Even on a server whose transactions keep one snapshot unless told otherwise."""
    name = pg_ledger.value("SELECT current_database()")
    pg_ledger.run(f'ALTER DATABASE "{name}" SET default_transaction_isolation = serializable')
    pg_ledger.database.engine.dispose()
    execute = Transaction.execute
    with slow_writer(pg_ledger) as slow:
        pg_ledger.write(2)

        def commit_first(tx, statement, params=None):
            if statement is sealer._WRITERS:
                slow.exec_driver_sql("COMMIT")
            return execute(tx, statement, params)

        monkeypatch.setattr(Transaction, "execute", commit_first)
        pg_ledger.seal()
        monkeypatch.undo()
    pg_ledger.seal()
    assert sealed_all(pg_ledger)
    assert pg_ledger.verify().ok


def test_a_sealer_on_another_host_waits_its_turn(pg_ledger) -> None:
    pg_ledger.write(1)
    with pg_ledger.database.engine.connect() as other:
        other.exec_driver_sql("BEGIN")
        other.exec_driver_sql(f"SELECT pg_advisory_xact_lock({sealer.ADVISORY_LOCK})")
        assert pg_ledger.seal() == 0
        other.exec_driver_sql("ROLLBACK")
    assert pg_ledger.seal() == 1


# A crash, at each of the moments that matter. The child is killed: no finally, no rollback.


def crash_in(ledger: Ledger, where: str, at_call: int = 1) -> None:
    """Take a step in another process that dies when it has run `where` for the n-th time."""
    ledger.database.close()
    child = os.fork()
    if child == 0:
        try:
            original, calls = getattr(sealer, where), []

            def deadly(*arguments, **options):
                calls.append(1)
                if len(calls) > at_call:
                    os._exit(9)
                return original(*arguments, **options)

            setattr(sealer, where, deadly)
            ledger.seal()
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


def test_a_crash_before_the_commit_leaves_nothing_anywhere(ledger: Ledger) -> None:
    ledger.write(3)
    crash_in(ledger, "_append", at_call=0)
    assert sealed(ledger) == 0
    assert ledger.file.read_text() == ""
    assert ledger.verify().ok
    assert ledger.seal() == 3
    assert ledger.verify().ok


def test_a_crash_between_commit_and_copy_is_made_good_by_the_next_step(ledger: Ledger) -> None:
    ledger.write(3)
    ledger.seal()
    ledger.write(2)
    crash_in(ledger, "copy_missing", at_call=1)
    assert sealed(ledger) == 5
    assert len(ledger.file.read_text().splitlines()) == 1
    report = ledger.verify()
    assert report.ok, report.problems
    assert report.uncopied_checkpoints == 1
    assert ledger.seal() == 0
    assert len(ledger.file.read_text().splitlines()) == 2
    assert ledger.verify().uncopied_checkpoints == 0


@pytest.mark.parametrize("kept", [1, 40, -1])
def test_a_line_torn_by_a_crash_is_completed(ledger: Ledger, kept: int) -> None:
    ledger.write(2)
    ledger.seal()
    before = ledger.file.read_bytes()
    ledger.write(2)
    ledger.seal()
    whole = ledger.file.read_bytes()
    ledger.file.write_bytes(before + whole[len(before) :][:kept])
    report = ledger.verify()
    assert report.ok, report.problems
    assert report.uncopied_checkpoints == 1
    ledger.seal()
    assert ledger.file.read_bytes() == whole


def test_a_copy_that_stays_away_is_a_fault_after_a_minute(ledger: Ledger) -> None:
    ledger.write(2)
    ledger.seal()
    ledger.file.unlink()
    assert ledger.verify().ok
    ledger.database.move_clock(timedelta(seconds=61))
    assert not ledger.verify().ok
    ledger.seal()
    assert ledger.verify().ok


def test_another_host_brings_its_own_copy_up_to_date(ledger: Ledger, tmp_path) -> None:
    for _ in range(3):
        ledger.write(2)
        ledger.seal()
    first = ledger.file.read_text()
    ledger.file = tmp_path / "second"
    assert ledger.seal() == 0
    assert ledger.file.read_text() == first


# Damage: sealing on would sign a second history over the first.


def refuses(ledger: Ledger) -> bool:
    ledger.write(1)
    before = sealed(ledger), ledger.file.read_bytes()
    with pytest.raises(JournalDamaged):
        ledger.seal()
    return before == (sealed(ledger), ledger.file.read_bytes()) and not ledger.verify().ok


def three_steps(ledger: Ledger) -> None:
    for _ in range(3):
        ledger.write(4)
        ledger.seal()


def test_a_database_behind_its_file_is_not_sealed_on(ledger: Ledger) -> None:
    three_steps(ledger)
    ledger.run(
        "DELETE FROM journal_checkpoint WHERE size > 8",
        "DELETE FROM journal_leaf WHERE position >= 8",
        "UPDATE journal_sealer SET swept_id = 8, seen_id = 8",
    )
    assert refuses(ledger)


def test_a_second_history_over_the_first_is_refused(ledger: Ledger) -> None:
    """Cut, and sealed again on a host that has no copy: the first host's copy tells them apart."""
    three_steps(ledger)
    first = ledger.file.read_bytes()
    ledger.run(
        "DELETE FROM journal_checkpoint WHERE size > 8",
        "DELETE FROM journal_leaf WHERE position >= 8",
        "DELETE FROM journal_entry WHERE id > 8",
        "UPDATE journal_sealer SET swept_id = 8, seen_id = 8",
    )
    ledger.file.unlink()
    ledger.write(9)
    assert ledger.seal() == 9
    ledger.file.write_bytes(first)
    assert refuses(ledger)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM journal_leaf WHERE position = 11",
        "UPDATE journal_checkpoint SET root_hash = 'aa' WHERE size = 12",
        "DELETE FROM journal_checkpoint",
        "UPDATE journal_checkpoint SET signed = 'a.b.c' WHERE size = 12",
    ],
)
def test_a_log_that_is_not_what_was_signed_is_not_sealed_on(ledger: Ledger, damage: str) -> None:
    three_steps(ledger)
    ledger.run(damage)
    assert refuses(ledger)


def test_a_checkpoint_that_nobody_signed_is_not_sealed_on_where_no_copy_tells(ledger) -> None:
    three_steps(ledger)
    ledger.run("UPDATE journal_checkpoint SET signed = substr(signed, 1, length(signed) - 8)")
    ledger.file.unlink()
    ledger.write(1)
    with pytest.raises(JournalDamaged):
        ledger.seal()
    assert sealed(ledger) == 12


def test_a_file_that_ends_in_something_else_is_not_written_on(ledger: Ledger) -> None:
    three_steps(ledger)
    text = ledger.file.read_text()
    for junk in ("junk\n", "junk", "a.b.c\n"):
        ledger.file.write_text(text + junk)
        assert refuses(ledger)


def test_a_mark_set_ahead_is_noticed(ledger: Ledger) -> None:
    three_steps(ledger)
    ledger.run("UPDATE journal_sealer SET swept_id = 1000000")
    assert refuses(ledger)


@pytest.mark.parametrize(
    "stored", ["[]", '["zz"]', "null", "17", f'["{"aa" * 32}", "{"bb" * 32}"]']
)
def test_a_lost_right_edge_is_worked_out_again_from_the_leaves(ledger: Ledger, stored) -> None:
    three_steps(ledger)
    ledger.run(f"UPDATE journal_checkpoint SET frontier = '{stored}' WHERE size = 12")
    ledger.write(3)
    assert ledger.seal() == 3
    report = ledger.verify()
    assert report.problems == [("checkpoint 12", "its right edge does not fit the root")]


def test_a_lost_right_edge_over_edited_leaves_is_not_sealed_on(ledger: Ledger) -> None:
    three_steps(ledger)
    ledger.run(
        "UPDATE journal_checkpoint SET frontier = '[]' WHERE size = 12",
        "UPDATE journal_leaf SET leaf_hash = 'aa' WHERE position = 3",
    )
    assert refuses(ledger)


def test_a_lost_mark_costs_one_long_look_and_nothing_else(ledger: Ledger) -> None:
    three_steps(ledger)
    ledger.run("DELETE FROM journal_sealer")
    assert ledger.seal() == 0
    assert swept(ledger) == ledger.value("SELECT max(id) FROM journal_entry")
    assert ledger.verify().ok
