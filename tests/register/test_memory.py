"""A file of any length is imported in memory of one size."""

import subprocess
import sys

from idp.keyring.ring import Keyring
from tests.register.conftest import PeopleFile

LINES = 12_000
# If the lines were kept it would be 7.5 MiB; the database takes 1.5 MiB for its own cache.
MOST_GROWTH_KIB = 4 * 1024
SHORT_HEADER = "number,given_name,family_name,birth_date"
CHILD = """
import resource, sys
from pathlib import Path
from idp.keyring.ring import Keyring
from idp.register import importing
from idp.storage import Database
from idp.storage.clock import Clock
importing.BATCH_LINES = 300
importing.BESIDE_FROM_BYTES = 10**9  # all in this process; the other is in test_beside.py
url, keys, file, rejects = sys.argv[1:]
keyring = Keyring(Path(keys), Clock())
work = importing.Import(Database(url), keyring, Path(file), Path(rejects), by="x")
statm = Path("/proc/self/statm")  # not the peak so far: that was reached when modules were read
page_kib = resource.getpagesize() // 1024
work.run(lambda at: print(int(statm.read_text().split()[1]) * page_kib))
"""


def same_prefix(count: int) -> list[str]:
    """People whose numbers take one set of bits to remember; a third of the lines is refused."""
    return [
        f"CS{place:06d}A,Margaret,{'H' * 60},{'1951-03-14' if place % 3 else 'long ago'}"
        for place in range(count)
    ]


def test_memory_does_not_grow_with_the_file(
    sqlite_url: str, keyring: Keyring, people_file: PeopleFile
) -> None:
    """Forty batches take what eight took. A third of the lines is refused."""
    people_file.write(same_prefix(LINES), header=SHORT_HEADER)
    arguments = [sqlite_url, str(keyring.folder), str(people_file.path), str(people_file.rejects)]
    told = subprocess.run(
        [sys.executable, "-c", CHILD, *arguments], capture_output=True, text=True, check=True
    )
    sizes = [int(line) for line in told.stdout.split()]
    assert len(sizes) >= LINES // 300
    assert max(sizes[9:]) - max(sizes[:9]) < MOST_GROWTH_KIB, sizes
