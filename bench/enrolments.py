"""How many people can enrol in an hour, and how long each page keeps them waiting.

So many citizens at once walk the whole way over HTTP against `idp serve`: address, the code from
a real mail, password, code app, recovery codes. Each begins anew when done. Server, database,
mail, worker and the citizens share the machine's cores, as in an office with one server.

Run it from the repository's root: `python -m bench.enrolments --help`.
"""

import argparse
import os
import re
import subprocess
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

from bench.gatehouse import SERVE
from bench.machine import facts
from bench.peers import ROOT, Storage, wait_until_ready
from idp.authentication.actions import code_at
from idp.keyring import ring
from idp.settings import load
from idp.storage.clock import Clock
from idp.storage.migrate import migrate
from tests.rig.ports import free_ports
from tests.rig.post import Post

PASSWORD = "violet kettle harbour 19"
CODE = re.compile(r"code is (\d{6})")
SECRET = re.compile(r'id="secret"[^>]*>\s*([A-Z2-7 ]+?)\s*<')
PRINTED = re.compile(r'class="gatehouse-code">([A-Z0-9-]+)</li>')
MAIL_SECONDS = 60.0
START_SECONDS = 180.0  # every core is the server's, and all of them may be busy with its start


class Lost(Exception):
    """An enrolment that did not end as it should; says on which page and how."""


@dataclass
class Tally:
    """What came of the run: seconds waited for each page, and what was finished or lost."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    walks: list[float] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def waited(self, page: str, seconds: float) -> None:
        """Note one wait."""
        with self.lock:
            self.waits[page].append(seconds)


class Mailroom:
    """The citizens' mailboxes: a real SMTP listener, read by address."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}
        self._come = threading.Condition()
        self.post = Post(on_data=self._sort).start()

    def _sort(self) -> None:
        mail = self.post.mails[-1]
        found = CODE.search(mail.text)
        if found:
            with self._come:
                self._codes[mail.recipients[0]] = found[1]
                self._come.notify_all()

    def code(self, address: str) -> str:
        """Wait for the code that comes to an address."""
        with self._come:
            if not self._come.wait_for(lambda: address in self._codes, MAIL_SECONDS):
                raise Lost("mail: no code came")
            return self._codes.pop(address)


class Citizen:
    """One person at one browser, behind an address of their own."""

    def __init__(self, number: int, port: int, tally: Tally, mailroom: Mailroom) -> None:
        self._tally, self._mailroom, self._port = tally, mailroom, port
        self._home = f"198.{18 + number // 65536 % 2}.{number // 256 % 256}.{number % 256}"
        self._address = f"citizen{number}@bench.example"
        self._cookies: dict[str, str] = {}
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._page, self._path = "", ""

    def walk(self) -> None:
        """From nothing to an account with two ways in. Raises `Lost`."""
        self._ask("start", "GET", "/enrol")
        self._send("begin", {})
        self._send("address", {"email": self._address})
        began = time.perf_counter()
        code = self._mailroom.code(self._address)
        self._tally.waited("(the mail)", time.perf_counter() - began)
        self._send("code", {"code": code})
        self._send("password", {"password": PASSWORD})
        self._ask("app", "GET", "/methods/app?to=enrol")
        seed = self._find(SECRET).replace(" ", "")
        offer = self._find(re.compile(r'name="offer" value="([^"]*)"'))
        self._send("app code", {"offer": offer, "code": code_at(seed, int(time.time()) // 30)})
        self._ask("printed codes", "GET", "/methods/recovery-codes?to=enrol")
        self._send("codes shown", {})
        self._find(PRINTED)
        self._ask("what is left", "GET", "/enrol/next")
        if "You are ready" not in self._page:
            raise Lost(f"what is left: {self._heading()}")
        self._connection.close()

    def _send(self, name: str, fields: dict[str, str]) -> None:
        action = self._find(re.compile(r'method="post" action="([^"]*)"')).replace("&amp;", "&")
        token = self._find(re.compile(r'name="csrf_token" value="([^"]*)"'))
        self._ask(name, "POST", action, urlencode({"csrf_token": token, **fields}))

    def _ask(self, name: str, method: str, path: str, body: str | None = None) -> None:
        """Ask for a page and follow where it leads; the wait is until the page that is read."""
        began = time.perf_counter()
        for _ in range(5):
            status, location = self._exchange(method, path, body)
            if status != 303:
                break
            method, path, body = "GET", location, None
        if status != 200:
            raise Lost(f"{name}: {status} {self._heading()}")
        self._tally.waited(name, time.perf_counter() - began)

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        headers = {
            "Host": f"localhost:{self._port}",
            "X-Forwarded-For": self._home,
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        self._page = answer.read().decode()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        return answer.status, answer.headers.get("Location", "")

    def _find(self, pattern: re.Pattern[str]) -> str:
        found = pattern.search(self._page)
        if not found:
            raise Lost(f"{pattern.pattern} is not on the page {self._heading()}")
        return found[1]

    def _heading(self) -> str:
        found = re.search(r"<h1[^>]*>\s*(.*?)\s*</h1>", self._page, re.S)
        return found[1] if found else self._page[:80]


def main() -> None:
    """Run the walk on each engine and print what came of it. Exits with 1 if anybody was lost."""
    asked = _arguments()
    lost = 0
    for engine in asked.engine:
        with tempfile.TemporaryDirectory(prefix="gatehouse-enrol-") as folder:
            tally, seconds = measure(engine, folder, asked.citizens, asked.seconds, asked.workers)
        print(report(engine, tally, seconds, asked.citizens), flush=True)
        lost += len(tally.lost)
    print("\n" + "\n".join(f"{name}: {said}" for name, said in facts().items()))
    raise SystemExit(1 if lost else 0)


def measure(
    engine: str, folder: str, citizens: int, seconds: float, workers: int
) -> tuple[Tally, float]:
    """Start the house, let the citizens walk for so long, and give what came of it."""
    storage, mailroom, tally = Storage(engine, folder, core=0), Mailroom(), Tally()
    if storage.pids:  # the database may use every core, as the server may
        os.sched_setaffinity(storage.pids[0], os.sched_getaffinity(0))
    (port, operators) = free_ports(2)
    environment = {
        "IDP_DATA": folder,
        "DATABASE_URL": storage.url.replace("sqlite:", "sqlite:///", 1),
        "IDP_ISSUER": f"http://localhost:{port}",
        "IDP_PORT": str(port),
        "IDP_OPERATORS_PORT": str(operators),
        "IDP_WORKERS": str(workers),
        "IDP_PROXIES": "1",  # so that each citizen may say which address they come from
        "IDP_POLICIES": str(ROOT / "policies"),
        "IDP_SMTP_HOST": "127.0.0.1",
        "IDP_SMTP_PORT": str(mailroom.post.port),
        "IDP_SMTP_SECURITY": "none",
        "IDP_MAIL_FROM": "gatehouse@bench.example",
    }
    settings = load(environment)
    migrate(settings.database_url)
    ring.prepare(settings.keys, Clock().now())
    own = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with Path(folder, "server.log").open("ab") as log:
        process = subprocess.Popen(
            SERVE, env=own | environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_until_ready(process, port, settings.issuer_host, folder, seconds=START_SECONDS)
        took = crowd(
            citizens, seconds, lambda number: Citizen(number, port, tally, mailroom), tally
        )
    finally:
        process.terminate()
        process.wait(timeout=30)
        mailroom.post.stop()
        storage.close()
    return tally, took


def crowd(many: int, seconds: float, come: Callable[[int], Citizen], tally: Tally) -> float:
    """Keep so many citizens on their way for so long; those on the way at the end are awaited."""
    began = time.perf_counter()
    numbers = iter(range(1, 1_000_000))
    next_one = threading.Lock()

    def keep_walking() -> None:
        while time.perf_counter() - began < seconds:
            with next_one:
                number = next(numbers)
            start = time.perf_counter()
            try:
                come(number).walk()
            except (Lost, OSError) as why:
                with tally.lock:
                    tally.lost.append(str(why))
                continue
            with tally.lock:
                tally.walks.append(time.perf_counter() - start)

    threads = [threading.Thread(target=keep_walking) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began


def report(engine: str, tally: Tally, seconds: float, citizens: int) -> str:
    """Write what came of it as a table."""
    done, lost = len(tally.walks), len(tally.lost)
    share = done / (done + lost) if done + lost else 0.0
    lines = [
        f"\n{engine}: {done * 3600 / seconds:.0f} enrolments an hour ({done} in {seconds:.0f} s, "
        f"{citizens} citizens at once), {share:.1%} completed",
        f"{'page':<16}{'p50':>8}{'p95':>8}{'p99':>8}  ms",
    ]
    for page, waits in tally.waits.items():
        p50, p95, p99 = (1000 * percentile(waits, part) for part in (0.50, 0.95, 0.99))
        lines.append(f"{page:<16}{p50:8.0f}{p95:8.0f}{p99:8.0f}")
    lines += [f"lost: {why}" for why in sorted(set(tally.lost))[:10]]
    return "\n".join(lines)


def percentile(waits: list[float], part: float) -> float:
    """Give the wait that `part` of them do not exceed."""
    ordered = sorted(waits)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.enrolments", description=__doc__)
    engines = ("sqlite", "postgresql")
    parser.add_argument("--engine", nargs="+", choices=engines, default=list(engines))
    parser.add_argument("--citizens", type=int, default=8, help="how many are on their way at once")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long new ones come")
    parser.add_argument("--workers", type=int, default=2, help="of the server")
    return parser.parse_args()


if __name__ == "__main__":
    main()
