"""Run the house as processes: the public listener, the operators' listener, the worker.

`idp serve` is a supervisor; each part is a process of its own and is started again when it
dies. The settings reach them through a file only the owner can read, so that no secret stands
in an environment that granian copies into every request (decision 20).
"""

import ctypes
import importlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from idp.settings import SETTINGS_FILE, Settings
from idp.settings import load as load_settings

log = logging.getLogger("idp.serving")

PARTS = ("public", "operators", "work")
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1  # linux/prctl.h
SECRET_VARIABLES = ("DATABASE_URL", "IDP_DATABASE_URL", "PGPASSWORD", "IDP_SMTP_PASSWORD")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A process to keep running: its name for messages, and its command."""

    name: str
    command: Sequence[str]


class Supervisor:
    """Keeps processes running until told to stop."""

    def __init__(self, parts: Sequence[Part], environ: dict[str, str]) -> None:
        self._parts = list(parts)
        self._environ = environ
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}
        self._stopping = False

    def start(self) -> None:
        """Start every part."""
        for part in self._parts:
            self._start(part)

    def run(self) -> None:
        """Wait, and start again what dies, until SIGTERM or SIGINT; then stop all."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop_asked)
        try:
            while not self._stopping:
                time.sleep(0.2)
                self.tend()
        finally:
            self.stop()

    def tend(self) -> None:
        """Start again any part that died; one that died young waits a second."""
        for part in self._parts:
            process = self._running[part.name]
            if process.poll() is None or self._stopping:
                continue
            if time.monotonic() - self._started[part.name] < 1.0:
                time.sleep(1.0)
            log.warning("%s ended with %s; starting it again", part.name, process.returncode)
            self._start(part)

    def stop(self) -> None:
        """Ask every part to stop, and make sure of it."""
        for process in self._running.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def dead(self) -> list[str]:
        """Name the parts that are not running now."""
        return [name for name, process in self._running.items() if process.poll() is not None]

    def _start(self, part: Part) -> None:
        self._running[part.name] = subprocess.Popen(  # noqa: S603 - our own commands
            part.command, env=self._environ, stdin=subprocess.DEVNULL
        )
        self._started[part.name] = time.monotonic()

    def _stop_asked(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def parts_of(settings: Settings) -> list[Part]:
    """The processes of a house."""
    return [Part(name=name, command=[sys.executable, "-m", "idp.serving", name]) for name in PARTS]


def environment_for(settings: Settings) -> dict[str, str]:
    """Write the settings for the parts, and answer an environment without secrets."""
    folder = Path(tempfile.mkdtemp(prefix="gatehouse-"))
    path = folder / "settings.json"
    settings.write(path)
    environ = {k: v for k, v in os.environ.items() if k not in SECRET_VARIABLES}
    # One malloc arena a hash thread would grow each worker by tens of MB (`performance.md` 8.9).
    return {**environ, SETTINGS_FILE: str(path), "MALLOC_ARENA_MAX": "2"}


def public(settings: Settings) -> None:
    """Serve people and machines."""
    _granian("idp.app:create_worker_app", settings.host, settings.port, settings.workers,
             settings.threads)  # fmt: skip


def operators(settings: Settings) -> None:
    """Serve health and the officers' console, on an address of their own."""
    # As many threads as the public listener: the front keeps two that never wait for a body, so
    # that health is answered whatever the console has to do.
    _granian("idp.operators:create", "127.0.0.1", settings.operators_port, 1, settings.threads)


def work(settings: Settings) -> None:
    """Seal the journal, deliver messages, clear what has run out; until told to stop."""
    from idp.house import open_house
    from idp.work import run

    run(open_house(settings, watch=True))


def end_with_parent(number: signal.Signals, parent: int) -> None:
    """Have the kernel send this process `number` when its parent `parent` ends (Linux only).

    Without it granian's workers outlive a master that was killed: they listen on sockets of
    their own beside the new master's workers, with the settings and keys of before, and no
    supervisor knows them.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    if os.getppid() != parent:  # it was gone before we asked
        os.kill(os.getpid(), number)


def _open(target: str, master: int) -> Any:
    # SIGKILL: whoever could wait for a graceful end is gone, and nothing is lost by it.
    end_with_parent(signal.SIGKILL, master)
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)()


def _granian(target: str, host: str, port: int, workers: int, threads: int) -> None:
    from granian.constants import Interfaces
    from granian.server import Server

    # Imported once, before the workers are forked: a worker that is started again answers in a
    # fraction of a second instead of two, and all of them share the code's memory.
    importlib.import_module(target.partition(":")[0])
    Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        factory=True,
        log_access=False,
        log_enabled=False,
        respawn_failed_workers=True,
        websockets=False,
        workers_kill_timeout=int(STOP_SECONDS) - 2,
    ).serve(target_loader=partial(_open, target, os.getpid()), wrap_loader=False)


def end_without(supervisor: int) -> None:
    """Stop this part when its supervisor is gone, however it went (`kill -9` of `idp serve`).

    Looked at once a second: the kernel's own signal would follow the thread that started us,
    not the process.
    """

    def watch() -> None:
        while os.getppid() == supervisor:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True, name="supervisor-watch").start()


if __name__ == "__main__":
    end_without(os.getppid())
    {"public": public, "operators": operators, "work": work}[sys.argv[1]](load_settings())
