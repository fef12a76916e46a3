import os
import random
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from idp.journal import verification
from idp.journal.actions import Entry, record_both
from idp.journal.evidence import OutsideCopy
from idp.journal.reading import entry_columns, leaf_of
from idp.journal.records import JournalEntry
from idp.journal.report import LISTED_PROBLEMS
from idp.keyring.ring import Keyring, prepare, revoke, rotate
from tests.journal.ledger import Ledger

TABLES = (
    "journal_leaf", "journal_entry", "journal_number", "journal_checkpoint", "journal_sealer",
)  # fmt: skip
TAMPERS = int(os.environ.get("IDP_TEST_TAMPERS", "60"))  # of each engine; nightly: 1000


def test_an_untouched_journal_is_in_order(ledger: Ledger) -> None:
    for count in (1, 2, 30, 7):
        ledger.write(count)
        ledger.seal()
    ledger.write(3)
    seen = []
    report = verification.verify(
        ledger.database, ledger.keyring, ledger.file, lambda *at: seen.append(at)
    )
    assert report.ok, report.problems
    assert (report.entries, report.checkpoints, report.unsealed) == (40, 4, 3)
    assert 0 <= report.oldest_unsealed_seconds < 60
    assert seen[-1] == (40, 40)


def test_two_acts_written_together_are_two_in_the_persons_count(ledger: Ledger) -> None:
    def act(kind: str) -> Entry:
        return Entry(kind=kind, person="sian", actor="tom", detail={"said": kind})

    for count in (2, 1, 1):  # the first ones, and after others
        ledger.database.transaction(lambda tx: record_both(tx, act("test.begun"), act("test.done")))
        ledger.write(count)
    rows = ledger.database.read(
        lambda tx: tx.execute(
            select(JournalEntry.kind, JournalEntry.number, JournalEntry.reference)
            .where(JournalEntry.person == "sian").order_by(JournalEntry.id)
        ).all()
    )  # fmt: skip
    assert [row.kind for row in rows] == 3 * ["test.begun", "test.done", "test.done"]
    assert [row.number for row in rows] == list(range(1, 10))
    assert len({row.reference for row in rows}) == 9
    ledger.seal()
    assert ledger.verify().ok


# ---- the tamper fuzzer -------------------------------------------------------------------


class Tamperer:
    """Does one random thing nobody should do, and puts it right again."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self.ledger = ledger
        self.random = random.Random(seed)
        self.lines = ledger.file.read_text().splitlines(keepends=True)
        self.ledger.run(*[f"CREATE TABLE kept_{t} AS SELECT * FROM {t}" for t in TABLES])

    def restore(self) -> None:
        for table in TABLES:
            self.ledger.run(
                f"DELETE FROM {table}", f"INSERT INTO {table} SELECT * FROM kept_{table}"
            )
        self.ledger.file.write_text("".join(self.lines))

    def tamper(self) -> str:
        """Do it and say what it was."""
        kinds = [
            self.edit_entry, self.edit_leaf, self.edit_checkpoint, self.edit_number,
            self.delete_row, self.insert_entry, self.insert_leaf, self.insert_checkpoint,
            self.swap_entries, self.swap_leaves, self.swap_checkpoints, self.replace_entry,
            self.cut_tail, self.edit_file, self.delete_line, self.insert_line, self.swap_lines,
        ]  # fmt: skip
        return self.random.choice(kinds)()

    def do(self, *statements: str) -> str:
        self.ledger.run(*statements)
        return "; ".join(statements)

    def any_of(self, table: str, column: str) -> int | str:
        count = self.ledger.value(f"SELECT count(*) FROM {table}")
        at = self.random.randrange(count)
        return self.ledger.value(
            f"SELECT {column} FROM {table} ORDER BY {column} LIMIT 1 OFFSET {at}"
        )

    def two_of(self, table: str, column: str) -> list[int | str]:
        first = second = self.any_of(table, column)
        while second == first:
            second = self.any_of(table, column)
        return [first, second]

    def edit_entry(self) -> str:
        later = "at + 1" if self.ledger.database.is_sqlite else "at + interval '1 microsecond'"
        never = "99999999999999999" if self.ledger.database.is_sqlite else "'infinity'"
        what = self.random.choice(
            [
                "reference = reference || 'X'", f"at = {later}", f"at = {never}",
                "kind = kind || ' '", "person = coalesce(person || 'x', 'somebody')",
                "number = coalesce(number, 0) + 1000", "actor = coalesce(actor || 'x', 'x')",
                "client_id = 'library'", "mandate_ref = ''", "id = id + 1000000",
                """detail = '{"z":1,"a":"other"}'""", """detail = '{"z":1,"z":1}'""",
            ]
        )  # fmt: skip
        return self.do(
            f"UPDATE journal_entry SET {what} WHERE id = {self.any_of('journal_entry', 'id')}"
        )

    def edit_leaf(self) -> str:
        what = self.random.choice(
            [
                "leaf_hash = substr(leaf_hash, 2) || 'g'", "leaf_hash = upper(leaf_hash) || ' '",
                f"leaf_hash = '{os.urandom(32).hex()}'", "position = position + 1000",
                "position = -1 - position", "entry_id = entry_id + 1000",
            ]
        )  # fmt: skip
        return self.do(
            f"UPDATE journal_leaf SET {what} "
            f"WHERE position = {self.any_of('journal_leaf', 'position')}"
        )

    def edit_checkpoint(self) -> str:
        later = "at + 1" if self.ledger.database.is_sqlite else "at + interval '1 microsecond'"
        what = self.random.choice(
            [
                f"root_hash = '{os.urandom(32).hex()}'", "size = size + 1000", f"at = {later}",
                "signed = substr(signed, 1, length(signed) - 10)", "frontier = '[]'",
                "signed = 'x' || signed", "size = -size",
            ]
        )  # fmt: skip
        return self.do(
            f"UPDATE journal_checkpoint SET {what} "
            f"WHERE size = {self.any_of('journal_checkpoint', 'size')}"
        )

    def edit_number(self) -> str:
        what = self.random.choice(["last = last - 1", "last = last + 1", "person = 'x'"])
        return self.do(
            f"UPDATE journal_number SET {what} "
            f"WHERE person = '{self.any_of('journal_number', 'person')}'"
        )

    def delete_row(self) -> str:
        table, key = self.random.choice(
            [
                ("journal_entry", "id"), ("journal_leaf", "position"),
                ("journal_checkpoint", "size"), ("journal_number", "person"),
            ]
        )  # fmt: skip
        return self.do(f"DELETE FROM {table} WHERE {key} = '{self.any_of(table, key)}'")

    def insert_entry(self) -> str:
        return self.do(
            "INSERT INTO journal_entry (id, reference, at, kind, detail) "
            f"SELECT {self.random.choice([0, -5])}, 'NEW', at, kind, detail FROM journal_entry "
            f"WHERE id = {self.any_of('journal_entry', 'id')}"
        )

    def insert_leaf(self) -> str:
        at = self.random.choice(["min(position) - 1", "max(position) + 1", "max(position) + 9"])
        return self.do(
            f"INSERT INTO journal_leaf (position, entry_id, leaf_hash) "
            f"SELECT {at}, 1000000, '{os.urandom(32).hex()}' FROM journal_leaf"
        )

    def insert_checkpoint(self) -> str:
        size = self.random.choice(["0", "max(size) + 1", "min(size) + 2"])
        return self.do(
            "INSERT INTO journal_checkpoint (size, root_hash, at, signed, frontier) "
            f"SELECT {size}, max(root_hash), max(at), max(signed), '[]' FROM journal_checkpoint"
        )

    def swap_entries(self) -> str:
        one, other = self.two_of("journal_entry", "id")
        return self.do(
            f"UPDATE journal_entry SET id = -9 WHERE id = {one}",
            f"UPDATE journal_entry SET id = {one} WHERE id = {other}",
            f"UPDATE journal_entry SET id = {other} WHERE id = -9",
        )

    def swap_leaves(self) -> str:
        """Exchange two leaves, entries and all: only the root can show it."""
        one, other = self.two_of("journal_leaf", "position")
        return self.do(
            f"UPDATE journal_leaf SET position = -9 WHERE position = {one}",
            f"UPDATE journal_leaf SET position = {one} WHERE position = {other}",
            f"UPDATE journal_leaf SET position = {other} WHERE position = -9",
        )

    def swap_checkpoints(self) -> str:
        one, other = self.two_of("journal_checkpoint", "size")
        return self.do(
            f"UPDATE journal_checkpoint SET size = -9 WHERE size = {one}",
            f"UPDATE journal_checkpoint SET size = {one} WHERE size = {other}",
            f"UPDATE journal_checkpoint SET size = {other} WHERE size = -9",
        )

    def replace_entry(self) -> str:
        """Edit an entry and give it the leaf that fits, as somebody who knows the format would."""
        entry = self.any_of("journal_entry", "id")
        self.do(f"UPDATE journal_entry SET kind = 'nothing.happened' WHERE id = {entry}")
        columns = entry_columns(is_sqlite=self.ledger.database.is_sqlite)
        query = select(*columns).where(JournalEntry.id == entry)
        leaf = leaf_of(self.ledger.database.read(lambda tx: tuple(tx.execute(query).one())))
        return self.do(
            f"UPDATE journal_leaf SET leaf_hash = '{leaf.hex()}' WHERE entry_id = {entry}"
        )

    def cut_tail(self) -> str:
        """Cut everything after a checkpoint, without a trace inside the database."""
        sizes = [int(self.any_of("journal_checkpoint", "size")) for _ in range(3)]
        size = min(sizes)
        newest = self.ledger.value("SELECT max(size) FROM journal_checkpoint")
        size = size if size < newest else 1
        return self.do(
            f"DELETE FROM journal_entry WHERE id IN "
            f"(SELECT entry_id FROM journal_leaf WHERE position >= {size})",
            f"DELETE FROM journal_leaf WHERE position >= {size}",
            f"DELETE FROM journal_checkpoint WHERE size > {size}",
            "DELETE FROM journal_number",
            "INSERT INTO journal_number SELECT person, count(*) FROM journal_entry "
            "WHERE person IS NOT NULL GROUP BY person",
            "UPDATE journal_sealer SET swept_id = (SELECT max(id) FROM journal_entry), "
            "seen_id = (SELECT max(id) FROM journal_entry)",
        )

    def rewrite(self, lines: list[str], what: str) -> str:
        self.ledger.file.write_text("".join(lines))
        return f"file: {what}"

    def edit_file(self) -> str:
        at = self.random.randrange(len(self.lines))
        line = self.lines[at]
        spot = self.random.randrange(len(line) - 1)
        other = "A" if line[spot] != "A" else "B"
        lines = [*self.lines]
        lines[at] = line[:spot] + other + line[spot + 1 :]
        return self.rewrite(lines, f"character {spot} of line {at}")

    def delete_line(self) -> str:
        at = self.random.randrange(len(self.lines) - 1)  # the last one: a copy not made yet
        return self.rewrite(self.lines[:at] + self.lines[at + 1 :], f"without line {at}")

    def insert_line(self) -> str:
        at, copied = (self.random.randrange(len(self.lines)) for _ in range(2))
        new = self.random.choice([self.lines[copied], "\n", "junk\n", "a.b.c\n", "é" * 9_000])
        return self.rewrite([*self.lines[:at], new, *self.lines[at:]], f"{new[:9]} at {at}")

    def swap_lines(self) -> str:
        at = self.random.randrange(1, len(self.lines))
        lines = [*self.lines]
        lines[at], lines[at - 1] = lines[at - 1], lines[at]
        return self.rewrite(lines, f"lines {at} and before exchanged")


def test_whatever_is_altered_is_found(ledger: Ledger) -> None:
    for count in (4, 1, 9, 2, 16, 5, 8, 3):
        ledger.write(count)
        ledger.seal()
    seed = int(os.environ.get("IDP_TEST_SEED", random.randrange(2**32)))
    tamperer = Tamperer(ledger, seed)
    for number in range(TAMPERS):
        what = tamperer.tamper()
        assert not ledger.verify().ok, f"not found: {what} (IDP_TEST_SEED={seed}, {number})"
        tamperer.restore()
    report = ledger.verify()
    assert report.ok, report.problems


# ---- what the report says ----------------------------------------------------------------


def four_steps(ledger: Ledger) -> None:
    for _ in range(4):
        ledger.write(10)
        ledger.seal()


@pytest.mark.parametrize(
    ("damage", "problems"),
    [
        (
            "UPDATE journal_entry SET kind = 'x' WHERE id = 15",
            [("position 14, entry 15", "the entry or its leaf was edited")],
        ),
        (
            "UPDATE journal_entry SET id = 99, kind = 'x' WHERE id = 40",
            [
                ("position 39, entry 40", "the entry was removed"),
            ],
        ),
        (
            "UPDATE journal_leaf SET position = 100 + position WHERE position IN (11, 12)",
            [
                ("position 11", "2 leaves were removed here"),
                ("position 111", "no checkpoint vouches for this leaf"),
                ("position 112", "no checkpoint vouches for this leaf"),
            ],
        ),
        (
            "DELETE FROM journal_checkpoint WHERE size = 20",
            [("checkpoint 20", "the file outside holds it, the database lost it")],
        ),
        (
            "UPDATE journal_number SET last = last + 1 WHERE person = 'tom'",
            [("person tom", "13 numbers were given out, but the entries (12) are not 1 to 13")],
        ),
    ],
)
def test_a_fault_is_told_once_and_where_it_is(ledger: Ledger, damage, problems) -> None:
    four_steps(ledger)
    ledger.run(damage)
    assert ledger.verify().problems == problems


def test_exchanged_leaves_are_told_at_the_checkpoint_that_first_covers_them(ledger) -> None:
    four_steps(ledger)
    ledger.run(
        "UPDATE journal_leaf SET position = -1 WHERE position = 13",
        "UPDATE journal_leaf SET position = 13 WHERE position = 14",
        "UPDATE journal_leaf SET position = 14 WHERE position = -1",
    )
    sentence = "leaves since the checkpoint before were edited, exchanged or replaced"
    assert ledger.verify().problems == [("checkpoint 20", sentence)]


def test_leaves_removed_just_before_a_checkpoint_are_told_as_that(ledger) -> None:
    four_steps(ledger)
    ledger.run("DELETE FROM journal_leaf WHERE position IN (18, 19)")
    places = [place for place, _ in ledger.verify().problems if not place.startswith("entry")]
    assert places == ["position 18"]


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_sealed_during_the_check_is_not_held_against_the_journal(
    ledger, monkeypatch, when
) -> None:
    four_steps(ledger)

    class Copy(OutsideCopy):
        def __init__(self, *arguments) -> None:
            for moment in ("before", "after"):
                if moment == when:
                    ledger.write(3)
                    ledger.seal()
                if moment == "before":
                    super().__init__(*arguments)

    monkeypatch.setattr(verification, "OutsideCopy", Copy)
    report = ledger.verify()
    assert report.ok, report.problems


def test_an_entry_slipped_in_behind_the_sealer_is_told(ledger: Ledger) -> None:
    four_steps(ledger)
    ledger.run(
        "INSERT INTO journal_entry (id, reference, at, kind, detail) "
        "SELECT 0, 'SLIPPED', at, kind, detail FROM journal_entry WHERE id = 7"
    )
    ledger.write(1)
    ledger.seal()
    sentence = "it has no place in the log, although the sealer was past it"
    assert ledger.verify().problems == [("entry 0 (SLIPPED)", sentence)]


def test_a_removed_entry_that_was_not_sealed_yet_leaves_a_gap_in_the_numbers(ledger) -> None:
    ledger.write(5)
    ledger.run("DELETE FROM journal_entry WHERE person = 'tom'")
    sentence = "1 numbers were given out, but the entries (0) are not 1 to 1"
    assert ledger.verify().problems == [("person tom", sentence)]


@pytest.mark.parametrize(
    ("damage", "rows"),
    [
        ("DELETE FROM journal_entry WHERE number = 1 AND person = 'sian'", 2),
        ("DELETE FROM journal_entry WHERE number = 2 AND person = 'sian'", 2),
        ("UPDATE journal_entry SET number = 9 WHERE number = 3 AND person = 'sian'", 3),
        ("UPDATE journal_entry SET number = 0 WHERE number = 1 AND person = 'sian'", 3),
        ("UPDATE journal_entry SET person = 'sian' WHERE id = 3", 4),
    ],
)
def test_a_persons_numbers_run_from_1_without_a_gap_even_before_the_seal(
    ledger, damage, rows
) -> None:
    ledger.write(9)
    ledger.run(damage)
    sentence = f"3 numbers were given out, but the entries ({rows}) are not 1 to 3"
    assert ledger.verify().problems == [("person sian", sentence)]


def test_many_problems_are_counted_and_some_are_listed(ledger: Ledger) -> None:
    ledger.write(130)
    ledger.seal()
    ledger.run("DELETE FROM journal_leaf WHERE position < 125", "UPDATE journal_number SET last=1")
    report = ledger.verify()
    assert len(report.problems) == LISTED_PROBLEMS
    assert report.problem_count == 1 + 125 + 3


# ---- keys come and go --------------------------------------------------------------------


@pytest.fixture
def own_keys(ledger: Ledger) -> Ledger:
    shutil.rmtree(ledger.keys)
    prepare(ledger.keys, datetime(2020, 1, 1, tzinfo=UTC))
    ledger.keyring = Keyring(ledger.keys, ledger.database.clock)
    return ledger


def test_checkpoints_by_a_key_long_retired_stand_behind_a_newer_one(own_keys: Ledger) -> None:
    four_steps(own_keys)
    now = own_keys.database.clock.now()
    rotate(own_keys.keys, "ES256", now=now, at_once=True)
    own_keys.database.move_clock(timedelta(days=31))
    own_keys.keyring.look(force=True)
    sentence = "its key is not in use any more and nothing newer vouches for the journal"
    assert own_keys.verify().problems == [("newest checkpoint", sentence)]
    own_keys.write(1)
    assert own_keys.seal() == 1
    report = own_keys.verify()
    assert report.ok, report.problems
    assert report.old_key_checkpoints == 4


def test_after_a_key_is_revoked_the_next_entry_is_vouched_for_by_the_new_one(own_keys) -> None:
    four_steps(own_keys)
    now = own_keys.database.clock.now()
    (kid,) = [t.kid for t in own_keys.keyring.list() if t.algorithm == "ES256"]
    revoke(own_keys.keys, kid, now=now)
    own_keys.keyring.look(force=True)
    assert not own_keys.verify().ok
    own_keys.write(1)
    own_keys.seal()
    assert own_keys.verify().ok


def test_checkpoints_by_somebody_elses_key_are_not_believed(own_keys: Ledger) -> None:
    four_steps(own_keys)
    shutil.rmtree(own_keys.keys)
    prepare(own_keys.keys, datetime(2020, 1, 1, tzinfo=UTC))
    own_keys.keyring = Keyring(own_keys.keys, own_keys.database.clock)
    assert {sentence for _, sentence in own_keys.verify().problems} >= {"its signature is not ours"}
