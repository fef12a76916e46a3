"""The processes of a house: none is left behind, whoever is killed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from idp.serving import Part, Supervisor


def wait_until(true: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def children_of(pid: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                found.append(int(folder.name))
    return found


def is_running(pid: int) -> bool:
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_part_that_dies_is_started_again() -> None:
    part = Part(name="sleeper", command=[sys.executable, "-c", "import time; time.sleep(60)"])
    supervisor, others = Supervisor([part], dict(os.environ)), set(children_of(os.getpid()))
    supervisor.start()
    try:
        (first,) = set(children_of(os.getpid())) - others
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: supervisor.dead() == ["sleeper"], "it did not die")
        supervisor.tend()
        assert supervisor.dead() == []
    finally:
        supervisor.stop()
    assert supervisor.dead() == ["sleeper"]


def test_killing_the_supervisor_leaves_no_part_serving(
    tmp_path: Path, free_ports: Callable[[int], list[int]]
) -> None:
    public, operators = free_ports(2)
    environ = {
        **os.environ,
        "IDP_DATA": str(tmp_path),
        "IDP_PORT": str(public),
        "IDP_OPERATORS_PORT": str(operators),
        "IDP_ISSUER": f"http://localhost:{public}",
    }
    command = [sys.executable, "-c", "from idp.cli import main; main()"]
    subprocess.run([*command, "migrate"], env=environ, check=True, stdout=subprocess.DEVNULL)
    serve = subprocess.Popen([*command, "serve"], env=environ, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: len(children_of(serve.pid)) == 3, "its parts did not start")
        parts = children_of(serve.pid)
        wait_until(lambda: bool(children_of(parts[0]) or children_of(parts[1])), "no workers")
        everybody = parts + [worker for part in parts for worker in children_of(part)]
    finally:
        serve.kill()
        serve.wait()
    wait_until(lambda: not any(map(is_running, everybody)), "a part outlived its supervisor")
