"""What it costs to weigh a sign-in and to learn it, storage and commit included.

`python -m bench.weighing` takes one account through many sign-ins on each engine, in one process,
and times three transactions in turn: one that only finds the session (the floor: any request does
that), one that weighs it as well, and one that learns it. Both engines wait for the disk. The bar
is one millisecond for each of the two (risk-model.md, "To reach").
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from idp.accounts.actions import create_account
from idp.assurance.familiarity import Visit
from idp.assurance.policy import load_policies
from idp.assurance.population import Population
from idp.authentication import sessions
from idp.authentication.sessions import SessionFacts
from idp.keyring.ring import Keyring, prepare
from idp.policy.files import packaged_directory
from idp.signin.actions import milliseconds
from idp.signin.weighing import Seen, learn, weigh
from idp.storage import Database, Transaction
from idp.storage.migrate import migrate
from tests.rig.cluster import Cluster

BAR_MS = 1.0
CLIENT = "library"


def main() -> int:
    """Print the table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.weighing", description=__doc__)
    parser.add_argument("--times", type=int, default=500)
    times = parser.parse_args().times
    print("| engine | session found, ms | weighed, ms | ratio | learnt, ms | ratio |")
    print("| --- | --- | --- | --- | --- | --- |")
    worst = 0.0
    for engine in ("sqlite", "postgresql"):
        with _database(engine) as database:
            found, weighed, learnt = _measure(database, times)
        print(
            f"| {engine} | {found:.2f} | {weighed:.2f} | {weighed / found:.1f} "
            f"| {learnt:.2f} | {learnt / found:.1f} |"
        )
        worst = max(worst, weighed, learnt)
    print(f"\nMedians of {times}. Wanted: at most {BAR_MS:g} ms each.")
    return int(worst > BAR_MS)


@contextmanager
def _database(engine: str) -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        cluster = Cluster(durable=True) if engine == "postgresql" else None
        url = f"sqlite:///{folder}/house.sqlite3"
        if cluster is not None:
            url = cluster.admin.render_as_string(hide_password=False)
        migrate(url)
        database = Database(url)
        try:
            yield database
        finally:
            database.close()
            if cluster is not None:
                cluster.close()


def _measure(database: Database, times: int) -> tuple[float, float, float]:
    policies = load_policies(packaged_directory(), database.clock.now().date())
    population = Population()
    with tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        prepare(keys, database.clock.now())
        keyring = Keyring(keys, database.clock)
        account = database.transaction(
            lambda tx: create_account(tx, sign_in_name="a", email="a@example.test", confirmed=True)
        )
        taken: dict[str, list[float]] = {"found": [], "weighed": [], "learnt": []}
        for number in range(times):
            seen = _seen(number)
            secret = database.transaction(lambda tx: _begin(tx, str(account)))

            def session(tx: Transaction, secret: str = secret) -> SessionFacts:
                facts = sessions.find(tx, secret)
                assert facts is not None
                return facts

            def weighing(tx: Transaction, seen: Seen = seen) -> None:
                weigh(tx, keyring, population, policies, session(tx), seen, client_id=CLIENT)

            def learning(tx: Transaction, seen: Seen = seen) -> None:
                learn(tx, keyring, policies, session(tx), seen, None, client_id=CLIENT)

            for name, work in (("found", session), ("weighed", weighing), ("learnt", learning)):
                taken[name].append(_timed(database, work))
    found, weighed, learnt = (statistics.median(each) * 1000 for each in taken.values())
    return found, weighed, learnt


def _timed(database: Database, work: Callable[[Transaction], object]) -> float:
    started = time.perf_counter()
    database.transaction(work)
    return time.perf_counter() - started


def _begin(tx: Transaction, account: str) -> str:
    now = tx.now()
    return sessions.start(tx, account, {"password": milliseconds(now)}, now)[1]


def _seen(number: int) -> Seen:
    """One of a handful of places and browsers that a person uses."""
    return Seen(
        visit=Visit(
            network=("GB", "64500", f"192.0.2.{number % 3}"),
            browser=("computer", "Linux", "Chrome 140", f"agent {number % 2}"),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
