"""`python -m bench.acting --beside PATH`: what a token exchange costs here and in a checkout there.

Each serves itself in one process, its database on the same machine and in memory, so that no disk
is waited for; the two take turns, so that a busy machine slows both. Time and processor time are
the application's, from request to answer. `first`: each exchange opens somebody who was not opened
in this hour before.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from idp.delegation.records import BulkWatchRecord, OpenedRecord
from idp.storage import Database
from idp.storage.migrate import migrate
from tests.build import make_world, open_site, populate
from tests.rig.cluster import Cluster
from tests.rig.postgres import Server
from tests.rig.software import Firm, make_firm

MEMORY = "/dev/shm"
WARM = 20
AT_ONCE = 100  # exchanges in one turn
ROUNDS = 8


class Stopwatch:
    """A browser whose posts are timed: milliseconds, and those of the processor."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.taken: list[tuple[float, float]] = []

    def post(self, *args: Any, **more: Any) -> Any:
        """Post, and note what it took."""
        began, used = time.perf_counter(), time.process_time()
        answer = self.browser.post(*args, **more)
        self.taken.append(
            ((time.perf_counter() - began) * 1000, (time.process_time() - used) * 1000)
        )
        return answer


def turn(firm: Firm, mandate: str, actor: str, count: int, *, first: bool) -> tuple[float, float]:
    """Exchange so often; answer the median of each time."""
    browser = firm.site.browser
    watch: Any = Stopwatch(browser)
    firm.site.browser = watch
    try:
        for _ in range(count):
            if first:
                firm.site.database.transaction(
                    lambda tx: (tx.execute(delete(OpenedRecord)),
                                tx.execute(delete(BulkWatchRecord)))
                )  # fmt: skip
            answer = firm.exchange(mandate, actor)
            assert answer.status_code == 200, answer.json
    finally:
        firm.site.browser = browser
    wall, used = zip(*watch.taken, strict=True)
    return statistics.median(wall), statistics.median(used)


def serve(url: str, folder: Path) -> None:
    """Answer each line of standard input, 'again' or 'first', with what a turn took."""
    migrate(url)
    world = make_world(folder)
    database = Database(url)
    populate(database, world)
    database.close()
    site = open_site(world, url)
    try:
        firm = make_firm(site)
        mandate, actor = firm.mandate(), firm.actor_token()
        turn(firm, mandate, actor, WARM, first=True)
        turn(firm, mandate, actor, WARM, first=False)
        print("ready", flush=True)
        for line in sys.stdin:
            took = turn(firm, mandate, actor, AT_ONCE, first=line.strip() == "first")
            print(*took, flush=True)
    finally:
        site.close()


@contextmanager
def started(checkout: Path, url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """This module in a process of its own, with the code of a checkout."""
    command = [sys.executable, __file__, "--serve", url, "--folder", str(folder)]
    process = subprocess.Popen(
        command, cwd=checkout, env={"PYTHONPATH": str(checkout), "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.communicate()


def ask(process: "subprocess.Popen[str]", what: str) -> tuple[float, float]:
    """Let one take its turn."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{what}\n")
    process.stdin.flush()
    wall, used = process.stdout.readline().split()
    return float(wall), float(used)


def compare(engine: str, checkouts: list[Path]) -> None:
    """Let the checkouts take turns on databases of one kind; print the medians and the ratio."""
    cluster = Cluster(durable=False) if engine == "postgresql" else None
    try:
        with tempfile.TemporaryDirectory(dir=MEMORY) as name:
            folders = [Path(name) / str(place) for place in range(len(checkouts))]
            for one in folders:
                one.mkdir()
            urls = [
                Server(cluster.admin).create() if cluster else f"sqlite:///{one}/acting.sqlite3"
                for one in folders
            ]
            with (
                started(checkouts[0], urls[0], folders[0]) as here,
                started(checkouts[1], urls[1], folders[1]) as there,
            ):
                for what in ("again", "first"):
                    pairs = [(ask(here, what), ask(there, what)) for _ in range(ROUNDS)]
                    print(engine, what, *(_said(pairs, place) for place in (0, 1)), flush=True)
    finally:
        if cluster is not None:
            cluster.close()


def _said(pairs: list[tuple[tuple[float, float], tuple[float, float]]], place: int) -> str:
    here, there = (statistics.median(pair[side][place] for pair in pairs) for side in (0, 1))
    ratio = statistics.median(pair[0][place] / pair[1][place] for pair in pairs)
    kind = ("time", "processor")[place]
    return f"| {kind} {here:.2f} ms here, {there:.2f} there, ratio {ratio:.2f}"


def main() -> None:
    """Compare, or serve one side of it."""
    parser = argparse.ArgumentParser(prog="python -m bench.acting", description=__doc__)
    parser.add_argument("--beside", type=Path, help="another checkout, whose code is measured too")
    parser.add_argument("--engine", nargs="*", default=["sqlite", "postgresql"])
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve, asked.folder)
        return
    here = Path(__file__).resolve().parents[1]
    for engine in asked.engine:
        compare(engine, [here, (asked.beside or here).resolve()])


if __name__ == "__main__":
    main()
