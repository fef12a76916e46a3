"""How far apart the answers are for somebody who is there and somebody who is not.

`python -m bench.neutral` starts the house on each engine and asks each page that could give away
whether a name, an address or a number is known, known and unknown in turns, over HTTP. It prints
both medians, how far they are apart, and how well a guess by the time would do (the area under
the curve: 0.5 is a coin). The bars: at most 5 ms and at most 5 % apart (`security.md` 2.10).
"""

import argparse
import re
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from urllib.parse import urlencode

from idp.accounts.actions import create_account
from idp.authentication import sessions
from idp.authentication.actions import enrol_totp, hash_password, new_seed, set_password
from idp.house import House
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.sealing import random_token
from idp.register.actions import add_person
from idp.signin.actions import milliseconds
from idp.storage import Transaction
from idp.storage.migrate import migrate
from tests.rig.cluster import Cluster
from tests.rig.served import Served

FORM = re.compile(r'<form[^>]*method="post"(?:[^>]*action="([^"]*)")?')
TOKEN = re.compile(r'name="csrf_token" value="([^"]*)"')
APART_MS, APART_SHARE = 5.0, 0.05


@dataclass
class Browser:
    """Somebody's browser: two cookies, one connection, an address of its own each time."""

    port: int
    host: str
    session: str = ""

    def __post_init__(self) -> None:
        """Connect."""
        self.secret = random_token()
        self._wire = HTTPConnection("127.0.0.1", self.port, timeout=30)
        self._random = Random(self.secret)

    def ask(
        self, method: str, path: str, form: dict[str, str] | None = None
    ) -> tuple[int, str, str]:
        """Answer status, body and where the browser is sent."""
        cookies = f"gatehouse_browser={self.secret}"
        if self.session:
            cookies += f"; gatehouse_session={self.session}"
        address = ".".join(["10", *(str(self._random.randrange(1, 255)) for _ in range(3))])
        headers = {"Host": self.host, "Cookie": cookies, "X-Forwarded-For": address,
                   "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        self._wire.request(method, path, urlencode(form) if form else None, headers)
        answer = self._wire.getresponse()
        body = answer.read().decode()
        return answer.status, body, answer.getheader("Location", "")

    def open(self, path: str) -> tuple[str, str]:
        """Follow redirects to a page; answer its form's address and token."""
        for _ in range(8):
            status, body, location = self.ask("GET", path)
            if status not in {302, 303}:
                break
            path = location
        form, token = FORM.search(body), TOKEN.search(body)
        if status != 200 or form is None or token is None:
            raise RuntimeError(f"{path}: {status}, no form")
        return form[1] or path, token[1]

    def timed(self, path: str, form: dict[str, str] | None) -> tuple[float, int]:
        """Post a form, or look at a page; answer how many milliseconds it took, and the status."""
        began = time.perf_counter()
        status, _body, _location = self.ask("POST" if form else "GET", path, form)
        return 1000 * (time.perf_counter() - began), status


Try = Callable[[bool, int], tuple[float, int]]


@dataclass(frozen=True)
class Crowd:
    """Who is there: names with a password, and people in the register, by their place."""

    names: list[str]
    numbers: list[str]
    sessions: list[str]


def furnish(house: House, many: int) -> Crowd:
    """Put in accounts and people, so many each; and a session for each account."""
    hashed = hash_password(house.gate, "correct-horse-battery-staple")
    names = [f"person{number}@example.test" for number in range(many)]
    numbers = [f"CE{number:06d}A" for number in range(many)]

    def one(tx: Transaction, name: str, number: str) -> str:
        account = create_account(tx, sign_in_name=name, email=name, confirmed=True)
        set_password(tx, house.keyring, account, hashed)
        parsed = parse(number)
        assert isinstance(parsed, NationalInsuranceNumber)
        add_person(
            tx, house.keyring, number=parsed, given_name="Margaret", family_name="Hughes",
            birth_date=date(1951, 3, 14), sex="female", address={},
        )  # fmt: skip
        enrol_totp(tx, house.keyring, account, new_seed())
        now = tx.now()
        proofs = {"password": milliseconds(now), "one-time-code": milliseconds(now)}
        return sessions.start(tx, account, proofs, now)[1]

    made = [
        house.database.transaction(lambda tx, pair=pair: one(tx, *pair))  # type: ignore[misc]
        for pair in zip(names, numbers, strict=True)
    ]
    return Crowd(names, numbers, made)


def pages(served: Served, crowd: Crowd) -> dict[str, Try]:
    """Every page that could give somebody away, as a try at somebody known or unknown."""

    def browser(session: str = "") -> Browser:
        return Browser(served.port, served.host, session)

    def name(known: bool, turn: int) -> str:
        return crowd.names[turn] if known else f"nobody{turn}@example.test"

    def password(known: bool, turn: int) -> tuple[float, int]:
        one = browser()
        form, token = one.open("/account")
        return one.timed(form, {"csrf_token": token, "email": name(known, turn),
                                "password": "not the right one"})  # fmt: skip

    def address(known: bool, turn: int) -> tuple[float, int]:
        one = browser()
        form, token = one.open("/enrol")
        _status, _body, location = one.ask("POST", form, {"csrf_token": token})
        form, token = one.open(location)
        return one.timed(form, {"csrf_token": token, "email": name(known, turn)})

    def forgotten(known: bool, turn: int) -> tuple[float, int]:
        one = browser()
        form, token = one.open("/recover")
        return one.timed(form, {"csrf_token": token, "name": name(known, turn)})

    def claim(known: bool, turn: int) -> tuple[float, int]:
        # A new account each time, for the tries of each are counted.
        one = browser(crowd.sessions[turn])
        form, token = one.open("/identity/claim")
        number = crowd.numbers[turn] if known else f"EH{turn:06d}A"
        return one.timed(form, {
            "csrf_token": token, "number": number, "given_name": "Gwyneth",
            "family_name": "Abernathy", "day": "2", "month": "8", "year": "1979",
        })  # fmt: skip

    return {"sign in, wrong password": password, "enrol, e-mail address": address,
            "forgotten password": forgotten, "claim, number": claim}  # fmt: skip


def area_under_curve(known: list[float], unknown: list[float]) -> float:
    """How often a known one took longer than an unknown one, of all pairs; ties count half."""
    ordered = sorted([(value, 1) for value in known] + [(value, 0) for value in unknown])
    ranks = sum(rank for rank, (_value, is_known) in enumerate(ordered, 1) if is_known)
    return (ranks - len(known) * (len(known) + 1) / 2) / (len(known) * len(unknown))


def measure(attempt: Try, samples: int) -> tuple[list[float], list[float], set[int]]:
    """Try known and unknown in turns, in a random order of each pair."""
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for turn in range(samples):
        pair = [True, False]
        secrets.SystemRandom().shuffle(pair)
        for known in pair:
            took, status = attempt(known, turn if known else turn + samples)
            times[known].append(took)
            statuses.add(status)
    return times[True], times[False], statuses


@contextmanager
def serving(engine: str, folder: Path) -> Iterator[Served]:
    """Start the house on an engine."""
    cluster = Cluster() if engine == "postgresql" else None
    url = f"sqlite:///{folder}/house.sqlite3"
    if cluster is not None:
        url = cluster.admin.render_as_string(hide_password=False)
    migrate(url)
    served = Served(url, folder, workers=1)
    try:
        served.start()
        yield served
    finally:
        served.stop()
        if cluster is not None:
            cluster.close()


def main() -> None:
    """Measure and print; exits with 1 where a page is further apart than the bars."""
    options = argparse.ArgumentParser(prog="python -m bench.neutral", description=__doc__)
    options.add_argument("--samples", type=int, default=500)
    options.add_argument("--engine", nargs="*", default=["sqlite", "postgresql"])
    asked = options.parse_args()
    wide = False
    for engine in asked.engine:
        with tempfile.TemporaryDirectory() as folder, serving(engine, Path(folder)) as served:
            crowd = furnish(served.house, 2 * asked.samples)
            for page, attempt in pages(served, crowd).items():
                known, unknown, statuses = measure(attempt, asked.samples)
                one, other = statistics.median(known), statistics.median(unknown)
                apart = abs(one - other)
                share = apart / min(one, other)
                wide |= apart > APART_MS or share > APART_SHARE
                print(
                    f"{engine:10} {page:24} known {one:7.2f} ms  unknown {other:7.2f} ms  "
                    f"apart {apart:5.2f} ms {100 * share:4.1f} %  "
                    f"AUC {area_under_curve(known, unknown):.3f}  answers {sorted(statuses)}",
                    flush=True,
                )
    sys.exit(1 if wide else 0)


if __name__ == "__main__":
    main()
