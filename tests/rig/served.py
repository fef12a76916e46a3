"""The house as it is served: granian with several worker processes, under its own supervisor."""

import shutil
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from idp.house import House, open_house
from idp.keyring import ring
from idp.policy.files import packaged_directory
from idp.serving import Supervisor, environment_for, parts_of
from idp.settings import SETTINGS_FILE, Settings
from idp.storage.clock import Clock
from tests.rig.ports import free_ports
from tests.rig.wire import Lost, Wire, build

START_SECONDS = 120.0
LISTEN = "0A"
CONNECTED = "01"


class Served:
    """A house that answers on a port, on a migrated database."""

    def __init__(
        self, database_url: str, folder: Path, *, parts: Sequence[str] = ("public",),
        workers: int = 4,
    ) -> None:  # fmt: skip
        (port,) = free_ports(1)
        self.settings = Settings(
            issuer=f"http://localhost:{port}",
            database_url=database_url,
            keys=folder / "keys",
            policies=packaged_directory(),
            data=folder,
            port=port,
            workers=workers,
            proxies=1,  # so that a request can say which address it comes from
        )
        ring.prepare(self.settings.keys, Clock().now())
        self.house: House = open_house(self.settings)
        self.port, self.host, self.workers = port, self.settings.issuer_host, workers
        self._environ = environment_for(self.settings)
        wanted = [part for part in parts_of(self.settings) if part.name in parts]
        self.supervisor = Supervisor(wanted, self._environ)
        self._tending = threading.Event()
        self._tender: threading.Thread | None = None

    def start(self) -> None:
        """Start, and return when every worker answers."""
        self.supervisor.start()
        self.wait_for_workers()

    def tend(self) -> None:
        """From now on start again what dies, as `idp serve` does."""

        def run() -> None:
            while not self._tending.wait(0.1):
                self.supervisor.tend()

        self._tender = threading.Thread(target=run, name="supervisor")
        self._tender.start()

    def stop_parts(self) -> None:
        """Stop every process, and keep the database open for a look."""
        self._tending.set()
        if self._tender is not None:
            self._tender.join()
        self.supervisor.stop()

    def stop(self) -> None:
        """Stop every process and close the database."""
        self.stop_parts()
        self.house.database.close()
        shutil.rmtree(Path(self._environ[SETTINGS_FILE]).parent, ignore_errors=True)

    def process(self, part: str) -> int:
        """The process id of a part: of granian's master, for `public`."""
        return self.supervisor._running[part].pid

    def listeners(self) -> list[int]:
        """The processes that listen on the port now: the workers, whoever their parent is."""
        inodes = {inode for _, inode in _sockets(self.port, LISTEN)}
        return sorted(pid for pid in _processes() if inodes & _held(pid))

    def workers_now(self) -> list[int]:
        """The workers that the present master started and that listen."""
        master = self.process("public")
        return [pid for pid in self.listeners() if _parent(pid) == master]

    def wait_for_workers(self, many: int | None = None) -> list[int]:
        """Wait until as many workers listen as there should be. Answers their process ids."""
        wanted = many or self.workers
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = self.workers_now()
            if len(found) >= wanted:
                return found
            time.sleep(0.05)
        raise RuntimeError(f"{self.workers_now()} listen, not {wanted} workers")

    def wait_for_another(self, part: str, killed: int | None) -> int:
        """Wait until a part runs as another process than the one killed. Answers its id."""
        deadline = time.monotonic() + START_SECONDS
        while self.process(part) == killed:
            if time.monotonic() > deadline:
                raise RuntimeError(f"{part} was not started again")
            time.sleep(0.02)
        return self.process(part)

    def wires(self, per_worker: int) -> list[Wire]:
        """Open connections, so many to each worker, and answer them with workers alternating."""
        pids = self.wait_for_workers()
        held: dict[int, list[Wire]] = {pid: [] for pid in pids}
        request = build("GET", "/jwks", self.host)
        deadline = time.monotonic() + START_SECONDS
        while any(len(wires) < per_worker for wires in held.values()):
            if time.monotonic() > deadline:
                raise RuntimeError("the connections do not spread over the workers")
            wire = Wire(self.port)
            try:
                wire.ask(request)
            except Lost:  # a worker that had only just begun to listen
                continue
            pid = self.worker_of(wire, pids)
            if pid is None or len(held[pid]) >= per_worker:
                wire.close()
            else:
                held[pid].append(wire)
        return [wires[turn] for turn in range(per_worker) for wires in held.values()]

    def worker_of(self, wire: Wire, workers: Sequence[int]) -> int | None:
        """Say which of these workers has the other end of a connection."""
        inodes = {i for peer, i in _sockets(self.port, CONNECTED) if peer == wire.own_port}
        return next((pid for pid in workers if inodes & _held(pid)), None)


def _sockets(port: int, state: str) -> list[tuple[int, int]]:
    """List the peer's port and the inode of each socket of ours on `port` in that state."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        parts = line.split()
        if int(parts[1].split(":")[1], 16) == port and parts[3] == state:
            found.append((int(parts[2].split(":")[1], 16), int(parts[9])))
    return found


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _held(pid: int) -> set[int]:
    """The inodes of the sockets that a process holds; none where it is gone."""
    held = set()
    try:
        for link in Path(f"/proc/{pid}/fd").iterdir():
            target = str(link.readlink())
            if target.startswith("socket:["):
                held.add(int(target[8:-1]))
    except OSError:
        return held
    return held
