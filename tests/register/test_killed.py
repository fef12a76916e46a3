"""An import that is killed again and again ends as one that never was."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from idp.keyring.ring import Keyring
from idp.register import generating
from idp.register.importing import Import
from idp.register.reading import COLUMNS
from idp.register.records import ImportRecord, PersonNumberRecord, PersonRecord
from idp.storage import Database
from tests.register.conftest import PeopleFile

KILLS = 2
# A process of its own, as `idp register import` is, that tells of each batch.
CHILD = """
import sys
from pathlib import Path
from idp.keyring.ring import Keyring
from idp.register import importing
from idp.storage import Database
from idp.storage.clock import Clock
importing.BATCH_LINES = 20
importing.BESIDE_FROM_BYTES = 0
url, keys, file, rejects = sys.argv[1:]
keyring = Keyring(Path(keys), Clock())
work = importing.Import(Database(url), keyring, Path(file), Path(rejects), by="x")
work.run(lambda at: print(at.read_count, flush=True))
"""


def state(database: Database) -> list[Any]:
    """All that the register holds, but for references and seals, which are drawn by chance."""
    drawn = {"ref", "created_at"}
    columns = [column for column in PersonRecord.__table__.c if column.name not in drawn]
    asked = (
        select(PersonNumberRecord.number_index, *columns)
        .join(PersonRecord, PersonRecord.ref == PersonNumberRecord.person_ref)
        .order_by(PersonNumberRecord.number_index)
    )
    counted = select(
        ImportRecord.read_count, ImportRecord.added, ImportRecord.changed, ImportRecord.unchanged,
        ImportRecord.rejected, ImportRecord.rejects_bytes, ImportRecord.byte_offset,
    ).where(ImportRecord.finished_at.is_not(None))  # fmt: skip
    people = database.read(lambda tx: tx.execute(asked).all())
    return [people, database.read(lambda tx: tx.execute(counted).all())]


def lines(count: int) -> list[str]:
    """Made-up people; every ninth line is spoilt, and every fiftieth comes twice."""
    found = []
    for place, one in enumerate(generating.people(7, count)):
        line = ",".join(one.row)
        found.append(line.replace("-", "?") if place % 9 == 0 else line)
        if place % 50 == 0:
            found.append(found[place // 2])
    return found


def run_and_kill(arguments: list[str], batches: int, seconds: float) -> bool:
    """Run an import, and kill it so long after so many batches; say whether it was done before."""
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(batches):
        if not child.stdout.readline():
            break
    time.sleep(seconds)
    child.send_signal(signal.SIGKILL)
    child.stdout.close()
    return child.wait() == 0


def test_killed_at_any_moment_it_ends_as_if_it_never_was(
    database_url: str, keyring: Keyring, people_file: PeopleFile, sqlite_template: Path
) -> None:
    people_file.write(lines(1_000), header=",".join(COLUMNS))
    seed = random.randrange(10**6)
    chance = random.Random(seed)
    arguments = [
        database_url, str(keyring.folder), str(people_file.path), str(people_file.rejects)
    ]  # fmt: skip
    done = [
        run_and_kill(arguments, chance.randrange(1, 10), chance.random() * 0.01)
        for _ in range(KILLS)
    ]
    assert not all(done), f"none was killed in time, seed {seed}"
    database = Database(database_url)
    last = Import(database, keyring, people_file.path, people_file.rejects, by="x")
    last.run(lambda at: None)
    killed, refused = state(database), people_file.rejects.read_bytes()
    database.close()

    url = f"sqlite:///{people_file.path.with_name('clean.sqlite3')}"
    people_file.path.with_name("clean.sqlite3").write_bytes(sqlite_template.read_bytes())
    clean = Database(url)
    Import(clean, keyring, people_file.path, people_file.rejects, by="x").run(lambda at: None)
    assert killed == state(clean), f"seed {seed}"
    assert refused == people_file.rejects.read_bytes(), f"seed {seed}"
    assert len(killed[0]) > 750
    clean.close()
