"""`python -m bench.register`: how fast a register comes in, beside the least that could store it.

The floor stores the rows that an import made, ready as they are, in an empty copy of the same
tables with all their indexes: one COPY a table on PostgreSQL, one `executemany` a table on
SQLite. It reads no file, checks nothing, seals nothing and cannot be stopped half way.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from bench import machine
from idp.storage.migrate import migrate
from tests.rig.cluster import Cluster

COMMAND = [sys.executable, "-c", "from idp.cli import main; main()"]
TABLES = ("person", "person_number")
WANTED_SECONDS = 60
BUSY_CORES = 0.7  # other programs' use from which a figure counts as noisy
RESULTS = Path(__file__).with_name("register-results.md")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """What one piece of work cost. CPU is program and database together, `served` the latter's.

    `others` is how many cores other programs used meanwhile. `peak_mib` is the larger one's where
    the program is two processes.
    """

    engine: str
    work: str
    rows: int
    seconds: float
    cpu_seconds: float
    served_seconds: float
    others: float
    peak_mib: int

    @property
    def noisy(self) -> bool:
        """True when others took so much that the clock says little; CPU still does."""
        return self.others > BUSY_CORES


class Meter:
    """Clock, CPU and memory of a child process and of the database behind it."""

    def __init__(self, cluster: Cluster | None) -> None:
        self._roots = (cluster.pid,) if cluster else ()

    def run(self, engine: str, work: str, rows: int, command: list[str], env: dict[str, str]
    ) -> Figure:  # fmt: skip
        """Run a command to its end, which has to be a good one."""
        busy, served, began = machine.busy_seconds(), self._served(), time.monotonic()
        child = subprocess.Popen(command, env={**os.environ, **env})
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.monotonic() - began
        if child.returncode:
            raise SystemExit(f"{work} on {engine} failed")
        served = self._served() - served
        cpu = used.ru_utime + used.ru_stime + served
        others = (machine.busy_seconds() - busy - cpu) / seconds
        return Figure(
            engine=engine, work=work, rows=rows, seconds=seconds, cpu_seconds=cpu,
            served_seconds=served, others=max(others, 0.0), peak_mib=used.ru_maxrss // 1024,
        )  # fmt: skip

    def _served(self) -> float:
        return machine.cpu_seconds(self._roots) if self._roots else 0.0


def measure(engine: str, file: Path, rows: int, folder: Path) -> list[Figure]:
    """Import a file into an empty register, read it again, and let the floor store the same."""
    cluster = Cluster(durable=True) if engine == "postgresql" else None
    try:
        url = _address(cluster, folder, "gatehouse")
        floor_url = _address(cluster, folder, "floor")
        env = {"IDP_DATA": str(folder), "DATABASE_URL": url}
        subprocess.run([*COMMAND, "migrate"], env={**os.environ, **env}, check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        migrate(floor_url)
        meter = Meter(cluster)
        ours = [*COMMAND, "register", "import", str(file)]
        first = meter.run(engine, "first import", rows, ours, env)
        again = meter.run(engine, "everybody unchanged", rows, [*ours, "--again"], env)
        floor = [sys.executable, "-m", "bench.register", "--floor", url, floor_url]
        return [first, again, meter.run(engine, "floor", rows, floor, env)]
    finally:
        if cluster is not None:
            cluster.close()


def _address(cluster: Cluster | None, folder: Path, name: str) -> str:
    if cluster is None:
        return f"sqlite:///{folder / name}.sqlite3"
    admin = cluster.admin.set(drivername="postgresql")
    with psycopg.connect(admin.render_as_string(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return admin.set(database=name).render_as_string()


def floor(source: str, target: str) -> None:
    """Store what `source` holds in `target`. What it takes to read it counts, too: little."""
    (_floor_sqlite if source.startswith("sqlite") else _floor_postgresql)(source, target)


def _floor_postgresql(source: str, target: str) -> None:
    with psycopg.connect(source) as one, psycopg.connect(target) as other:
        for table in TABLES:
            out, into = f"COPY {table} TO STDOUT".encode(), f"COPY {table} FROM STDIN".encode()
            with one.cursor().copy(out) as reading, other.cursor().copy(into) as writing:
                for block in reading:
                    writing.write(block)


def _floor_sqlite(source: str, target: str) -> None:
    with closing(sqlite3.connect(_file(source))) as one, closing(
        sqlite3.connect(_file(target), isolation_level=None)
    ) as other:  # fmt: skip
        other.execute("PRAGMA synchronous = FULL")
        other.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            rows = one.execute(f"SELECT * FROM {table}")
            places = ", ".join("?" * len(rows.description))
            other.executemany(f"INSERT INTO {table} VALUES ({places})", rows)
        other.execute("COMMIT")


def _file(url: str) -> str:
    return url.removeprefix("sqlite:///")


def report(figures: list[Figure]) -> str:
    """Write the figures as a table; ratios are what travels from machine to machine."""
    lines = [
        "| engine | work | rows | seconds | rows/s | CPU us a row | of it the server's | "
        "others' cores | peak MiB | floor / this, CPU |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    floors = {(one.engine, one.rows): one for one in figures if one.work == "floor"}
    for one in figures:
        ratio = floors[one.engine, one.rows].cpu_seconds / one.cpu_seconds
        lines.append(
            f"| {one.engine} | {one.work} | {one.rows:,} | {'~' if one.noisy else ''}"
            f"{one.seconds:.1f} | {one.rows / one.seconds:,.0f} | "
            f"{one.cpu_seconds / one.rows * 1e6:.1f} | {one.served_seconds / one.rows * 1e6:.1f} | "
            f"{one.others:.2f} | {one.peak_mib} | {ratio:.2f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the report."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--people", type=int, nargs="+", default=[100_000, 1_000_000])
    asked.add_argument("--engine", nargs="+", default=["postgresql", "sqlite"])
    asked.add_argument("--output", type=Path, default=RESULTS)
    asked.add_argument("--floor", nargs=2, help=argparse.SUPPRESS)
    options = asked.parse_args()
    if options.floor:
        floor(*options.floor)
        return
    figures: list[Figure] = []
    for people in options.people:
        for engine in options.engine:
            with tempfile.TemporaryDirectory() as name:
                file = Path(name) / "people.csv"
                subprocess.run(
                    [*COMMAND, "register", "generate", "--people", str(people), str(file)],
                    check=True,
                )
                figures += measure(engine, file, people, Path(name))
                print(report(figures), flush=True)
    facts = "\n".join(f"- {name}: {value}" for name, value in machine.facts().items())
    note = (
        f"Wanted: 1,000,000 rows on PostgreSQL in less than {WANTED_SECONDS} s. fsync is on. `~`: "
        "other programs used over 0.7 of the cores meanwhile, so the clock says little; "
        "CPU microseconds a row are the CPU seconds of a million rows."
    )
    text = f"# How fast a register comes in\n\n{report(figures)}\n\n{note}\n\n{facts}\n"
    options.output.write_text(text)
    options.output.with_suffix(".json").write_text(json.dumps([asdict(f) for f in figures]))


if __name__ == "__main__":
    main()
