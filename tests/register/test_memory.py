"""A file of any length is imported in memory of one size."""

import subprocess
import sys

from idp.keyring.ring import Keyring
from tests.register.conftest import PeopleFile

LINES = 12_000
# What the lines would take if they were kept: about 20 MiB.
MOST_GROWTH_KIB = 6 * 1024
CHILD = """
import resource, sys
from pathlib import Path
from idp.keyring.ring import Keyring
from idp.register import importing
from idp.storage import Database
from idp.storage.clock import Clock
importing.BATCH_LINES = 300
url, keys, file, rejects = sys.argv[1:]
keyring = Keyring(Path(keys), Clock())
work = importing.Import(Database(url), keyring, Path(file), Path(rejects), by="x")
work.run(lambda at: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def test_memory_does_not_grow_with_the_file(
    sqlite_url: str, keyring: Keyring, people_file: PeopleFile
) -> None:
    """The peak after eight batches is the peak after forty. A third of the lines is refused."""
    people_file.write(
        [
            f"CS{place:06d}A,Margaret,{'H' * 60},{'1951-03-14' if place % 3 else 'long ago'}"
            for place in range(LINES)
        ],
        header="number,given_name,family_name,birth_date",
    )
    arguments = [sqlite_url, str(keyring.folder), str(people_file.path), str(people_file.rejects)]
    told = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True
    )
    peaks = [int(line) for line in told.stdout.split()]
    assert len(peaks) >= LINES // 300
    assert peaks[-1] - peaks[8] < MOST_GROWTH_KIB, peaks
