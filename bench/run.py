"""Measures every target on every engine, taking turns so that drift of the machine hits all alike.

Run it from the repository's root: `python -m bench --help`.
"""

import argparse
import contextlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from joserfc.errors import JoseError

from bench import machine, report
from bench.client import WrongAnswer
from bench.gatehouse import start_gatehouse
from bench.load import SCENARIOS
from bench.measure import WARM_OPERATIONS, Bench, Figure, Sample, summarise
from bench.peers import (
    NEIGHBOUR,
    NODE,
    start_floor,
    start_node,
    start_node_cluster,
    start_node_stored,
)
from bench.target import Peer
from tests.rig.cluster import find_binaries
from tests.rig.ports import free_ports

ENGINES = ("sqlite", "postgresql")
PEERS: dict[str, Peer] = {
    "floor": start_floor,
    "node": start_node,
    "node-stored": start_node_stored,
    "node-cluster": start_node_cluster,
    "gatehouse": start_gatehouse,
}
USUAL = ("floor", "node", "node-stored", "gatehouse")
PACKAGES = ("granian", "cryptography", "psycopg", "flask", "sqlalchemy", "joserfc")


def main() -> None:
    """Run the batch the command line asks for and write the report.

    Exits with 1 when something asked for could not be measured; the rest is reported all the same.
    """
    asked = _arguments()
    server_core, load_core = machine.cores()
    os.sched_setaffinity(0, {load_core})
    figures: list[Figure] = []
    notes: dict[str, str] = {}
    missing: dict[str, str] = {}
    for engine in asked.engine:
        with _benches(engine, asked, server_core, missing) as benches:
            notes |= {name: bench.target.note for name, bench in benches.items()}
            found = [_measure(engine, one, benches, asked, missing) for one in asked.scenario]
            sound = _sound(engine, benches, missing)
            figures += [f for several in found for f in several if f.target in sound]
    facts = machine.facts() | _versions() | _method(asked, figures, server_core != load_core)
    report.write(asked.output, figures, facts, notes, missing)
    print(f"\n{report.markdown(figures, facts, notes, missing)}")
    raise SystemExit(1 if missing else 0)


def _method(asked: argparse.Namespace, figures: list[Figure], two_cores: bool) -> dict[str, str]:
    busiest = max((figure.load_cores for figure in figures), default=0.0)
    generator = "another" if two_cores else "THE SAME (only one core here)"
    return {
        "method": f"server and database on one core, generator on {generator}, "
        f"{asked.connections} connections, median of {asked.runs} runs of {asked.seconds:g} s "
        f"after a warm-up of {asked.warm_up:g} s and {WARM_OPERATIONS} operations or more",
        "generator": f"used at most {busiest:.2f} of its core",
        "ID tokens verified": str(sum(figure.verified for figure in figures)),
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--target", nargs="+", choices=PEERS, default=list(USUAL))
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--scenario", nargs="+", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one run")
    parser.add_argument("--warm-up", type=float, default=2.0, help="seconds before the runs")
    parser.add_argument("--runs", type=int, default=3, help="runs whose median is taken")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2, help="of the WSGI servers")
    here = Path(__file__).resolve().parent
    parser.add_argument("--output", type=Path, default=here / "results.md")
    return parser.parse_args()


@contextlib.contextmanager
def _benches(
    engine: str, asked: argparse.Namespace, core: int, missing: dict[str, str]
) -> Iterator[dict[str, Bench]]:
    """Start every target that can be started; what cannot is named in `missing`."""
    found: dict[str, Bench] = {}
    with contextlib.ExitStack() as stack:
        for name in asked.target:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="gatehouse-bench-"))
            try:
                (port,) = free_ports()
                target = PEERS[name](engine, port, folder, core=core, workers=asked.workers)
                stack.callback(target.stop)
                bench = Bench(target, asked.connections)
                bench.prepare()
            except (RuntimeError, WrongAnswer, OSError) as why:
                missing[f"{name} on {engine}"] = str(why)
                print(f"{engine} {name}: not measured: {why}", flush=True)
                continue
            found[name] = bench
        yield found


def _sound(engine: str, benches: dict[str, Bench], missing: dict[str, str]) -> set[str]:
    """Give the targets that use a code once only; the figures of another are worth nothing."""
    sound = set(benches)
    for name, bench in benches.items():
        try:
            bench.prove()
        except (WrongAnswer, OSError) as why:
            missing[f"{name} on {engine}"] = str(why)
            sound.discard(name)
    return sound


def _measure(
    engine: str,
    scenario: str,
    benches: dict[str, Bench],
    asked: argparse.Namespace,
    missing: dict[str, str],
) -> list[Figure]:
    """Warm every target up, then let them take turns, so each round is side by side."""
    runs: dict[str, list[Sample]] = {name: [] for name in benches}
    for turn in range(asked.runs + 1):
        for name in list(runs):
            try:
                if turn == 0:
                    benches[name].warm_up(scenario, asked.warm_up)
                else:
                    runs[name].append(benches[name].run(scenario, asked.seconds))
            except (WrongAnswer, JoseError, OSError) as why:
                missing[f"{name} on {engine}, {scenario}"] = str(why)
                print(f"{engine} {scenario} {name}: not measured: {why}", flush=True)
                del runs[name]
    figures = [summarise(engine, scenario, name, done) for name, done in runs.items()]
    for figure in figures:
        wrong = next((run.first_wrong for run in figure.runs if run.bad), "")
        print(
            f"{engine:<11}{scenario:<11}{figure.target:<13}{figure.cpu_us:8.0f} us"
            f"{figure.per_second:9.0f}/s  p99 {figure.p99_ms:6.1f} ms"
            f"{'  noisy' if figure.noisy else ''}{f'  {figure.bad} bad: {wrong}' if wrong else ''}",
            flush=True,
        )
    return figures


def _versions() -> dict[str, str]:
    found: dict[str, str] = {}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[package] = version(package)
    if NODE.exists():
        found["node"] = _first_line([str(NODE), "--version"])
        manifest = NEIGHBOUR / "node_modules" / "oidc-provider" / "package.json"
        found["node-oidc-provider"] = json.loads(manifest.read_text())["version"]
    found["postgresql"] = _first_line([str(find_binaries() / "postgres"), "--version"])
    return found


def _first_line(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
