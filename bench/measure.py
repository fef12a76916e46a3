"""One measurement: load for a few seconds, and the CPU time it cost the server and its database."""

import time
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from statistics import median

from bench.client import Connection, WrongAnswer, drive
from bench.load import Chain, read_metadata, verify
from bench.machine import busy_seconds, cpu_seconds, cpu_seconds_of_self
from bench.target import Target

CONNECTIONS = 8
WARM_OPERATIONS, WARM_LIMIT_SECONDS = 1500, 20.0
NOISY_SPREAD = 0.25
NOISY_OTHER_CORES = 0.7


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One run. `cpu_us` is what the server and its database spent on a correct operation.

    `load_cores` is how much of its core the generator used (near 1 it held the server back) and
    `other_cores` the work of everybody else on the machine meanwhile.
    """

    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    correct: int
    bad: int
    first_wrong: str
    verified: int
    load_cores: float
    other_cores: float


class Bench:
    """One target and the chains that use it.

    Each run connects anew: servers close connections that lie idle while others have their turn.
    """

    def __init__(self, target: Target, connections: int = CONNECTIONS) -> None:
        self.target = target
        with closing(Connection(target.port)) as connection:
            paths, self._keys = read_metadata(connection, target)
        self._chains = [Chain(target, paths) for _ in range(connections)]

    def prepare(self) -> None:
        """Get fresh tokens for every chain; raises WrongAnswer when the server is not correct."""
        with closing(Connection(self.target.port)) as connection:
            for chain in self._chains:
                connection.run(chain.prepare())

    def run(self, scenario: str, seconds: float) -> Sample:
        """Load one scenario and account for it. Raises WrongAnswer when nothing was correct."""
        chains, roots = self._chains, self.target.pids
        for chain in chains:
            chain.samples.clear()
        with ExitStack() as stack:
            port = self.target.port
            connections = [stack.enter_context(closing(Connection(port))) for _ in chains]
            busy, own, before = busy_seconds(), cpu_seconds_of_self(), cpu_seconds(roots)
            tally = drive(connections, lambda n: chains[n].operation(scenario), seconds)
        spent = cpu_seconds(roots) - before
        own = cpu_seconds_of_self() - own
        others = busy_seconds() - busy - spent - own
        if not tally.correct:
            raise WrongAnswer(tally.first_wrong or "no answer")
        samples = [sample for chain in chains for sample in chain.samples]
        for sample in samples:
            verify(self.target, self._keys, sample)
        ordered = sorted(tally.latencies)
        return Sample(
            cpu_us=spent / tally.correct * 1e6,
            per_second=tally.correct / tally.seconds,
            p50_ms=ordered[len(ordered) // 2] * 1e3,
            p99_ms=ordered[int(len(ordered) * 0.99)] * 1e3,
            correct=tally.correct,
            bad=tally.bad,
            first_wrong=tally.first_wrong,
            verified=len(samples),
            load_cores=own / tally.seconds,
            other_cores=max(0.0, others / tally.seconds),
        )

    def warm_up(self, scenario: str, seconds: float) -> None:
        """Load for `seconds`, and on until a compiler at work has seen enough operations."""
        self.prepare()
        correct, begun = 0, time.monotonic()
        while correct < WARM_OPERATIONS and time.monotonic() < begun + WARM_LIMIT_SECONDS:
            correct += self.run(scenario, seconds).correct

    def prove(self) -> None:
        """Check last of all that a code works once; raises WrongAnswer when it works twice."""
        with closing(Connection(self.target.port)) as connection:
            connection.run(self._chains[0].single_use())


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Median of several runs of one scenario on one target."""

    engine: str
    scenario: str
    target: str
    cpu_us: float
    per_second: float
    p50_ms: float
    p99_ms: float
    bad: int
    verified: int
    load_cores: float
    noisy: bool
    runs: tuple[Sample, ...]

    def as_json(self) -> dict[str, object]:
        """Give plain values for the JSON report."""
        return asdict(self)


def summarise(engine: str, scenario: str, target: str, runs: list[Sample]) -> Figure:
    """Take medians; noisy when runs differ by over 25 % or the machine did much else."""
    costs = [run.cpu_us for run in runs]
    middle = median(costs)
    spread = (max(costs) - min(costs)) / middle if middle else 0.0
    return Figure(
        engine=engine,
        scenario=scenario,
        target=target,
        cpu_us=middle,
        per_second=median(run.per_second for run in runs),
        p50_ms=median(run.p50_ms for run in runs),
        p99_ms=median(run.p99_ms for run in runs),
        bad=sum(run.bad for run in runs),
        verified=sum(run.verified for run in runs),
        load_cores=max(run.load_cores for run in runs),
        noisy=spread > NOISY_SPREAD or max(r.other_cores for r in runs) > NOISY_OTHER_CORES,
        runs=tuple(runs),
    )
