"""What the machine says: cores, CPU time of a process tree, and facts for the report."""

import os
import platform
import re
import resource
from pathlib import Path

SERVER_CORE, LOAD_CORE = 0, 1
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
PROC = Path("/proc")


def cores() -> tuple[int, int]:
    """Give (server's core, generator's core); the same one where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[SERVER_CORE], allowed[min(LOAD_CORE, len(allowed) - 1)]


def _stat(pid: int) -> list[str] | None:
    """Give the fields of a process's stat after its name, or None when it has gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(") ")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(roots: tuple[int, ...]) -> dict[int, list[str]]:
    """Give the living processes at and below `roots`, each with its stat fields."""
    every = {int(entry.name): entry for entry in PROC.iterdir() if entry.name.isdigit()}
    stats = {pid: stat for pid in every if (stat := _stat(pid)) is not None}
    found = {pid: stats[pid] for pid in roots if pid in stats}
    grown = True
    while grown:
        young = {p: s for p, s in stats.items() if p not in found and int(s[1]) in found}
        found |= young
        grown = bool(young)
    return found


def pin(roots: tuple[int, ...], core: int) -> None:
    """Move whole process trees, threads included, to one core."""
    for pid in tree(roots):
        for thread in (PROC / str(pid) / "task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def cpu_seconds(roots: tuple[int, ...]) -> float:
    """Give the CPU time the trees used so far, children that ended and were waited for included."""
    own_and_waited_for = slice(11, 15)  # utime stime cutime cstime
    ticks = sum(int(v) for stat in tree(roots).values() for v in stat[own_and_waited_for])
    return ticks / TICKS_PER_SECOND


def cpu_seconds_of_self() -> float:
    """Give the CPU time of this process: the generator, which is not the server's."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def busy_seconds() -> float:
    """Give the CPU time all processes of the machine used since it started."""
    first = (PROC / "stat").read_text().split("\n", 1)[0].split()[1:]
    user, nice, system, _idle, _iowait, *rest = (int(value) for value in first[:8])
    return (user + nice + system + sum(rest)) / TICKS_PER_SECOND


def facts() -> dict[str, str]:
    """Describe the machine without naming it."""
    model = re.search(r"model name\s*: (.+)", (PROC / "cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": model.group(1).strip() if model else platform.machine(),
        "virtual cores": str(os.cpu_count()),
        "memory": f"{round(memory / 2**30)} GiB",
        "kernel": re.sub(r"[^0-9.].*", "", platform.release()),
        "python": platform.python_version(),
    }
