"""`python -m bench.risk`: play the made-up years, write the tables. Run it from the root."""

import argparse
import sys
from datetime import date
from pathlib import Path

from bench.risk.evaluate import Run, run_world
from bench.risk.report import goals, markdown
from bench.risk.world import World
from idp.assurance.policy import load_policies
from idp.policy.files import packaged_directory

FRESH_SEEDS = "101,102,103"


def main(arguments: list[str] | None = None) -> int:
    """Play, write, and say which figures were reached. Exit code 1: not all of them."""
    parser = argparse.ArgumentParser(prog="python -m bench.risk", description=__doc__)
    parser.add_argument("--users", type=int, default=3000, help="people in the world (3000)")
    parser.add_argument("--seeds", default=FRESH_SEEDS, help=f"one world each ({FRESH_SEEDS})")
    parser.add_argument("--out", type=Path, default=Path("bench/risk-results.md"))
    parser.add_argument("--no-short", action="store_true", help="leave out the short leases")
    parser.add_argument("--policies", type=Path, default=None, help="folder with another risk.toml")
    given = parser.parse_args(arguments)
    seeds = [int(seed) for seed in given.seeds.split(",")]
    folder = given.policies or packaged_directory()
    rules = load_policies(folder, date(2026, 12, 1), fallback=packaged_directory()).risk

    def play(seed: int, *, short: bool) -> Run:
        name = f"seed {seed}{', short leases' if short else ''}"

        def progress(share: float) -> None:
            print(f"\r{name}: {share:4.0%}", end="", file=sys.stderr, flush=True)

        run = run_world(World(seed=seed, users=given.users, short_leases=short), rules, progress)
        print(f"\r{name}: {run.logins:,} sign-ins", file=sys.stderr)
        return run

    runs = [play(seed, short=False) for seed in seeds]
    short = [] if given.no_short else [play(seeds[0], short=True)]
    command = f"python -m bench.risk --users {given.users} --seeds {given.seeds}"
    given.out.write_text(markdown(runs, short, rules, users=given.users, command=command))
    found = goals(runs, rules)
    for goal in found:
        print(f"{'reached' if goal.reached else 'MISSED '}  {goal.text}: {goal.found}")
    print(f"Written to {given.out}.")
    return 0 if all(goal.reached for goal in found) else 1


if __name__ == "__main__":
    sys.exit(main())
