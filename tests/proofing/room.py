"""People to prove, a checker to ask over real HTTP, and ways to walk through the pages."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.accounts.actions import create_account, join_person
from idp.authentication.actions import set_password
from idp.demo.checker import CHECKER_ID, Checker
from idp.identifiers.rules import NationalInsuranceNumber, parse
from idp.keyring.ring import Keyring
from idp.notices.actions import unseal
from idp.outbox.records import OutboxRecord
from idp.proofing import cases, evidence, reaching, visits
from idp.proofing.cases import Case
from idp.proofing.records import CaseRecord
from idp.register.actions import add_person
from idp.register.rules import Contacts, Name
from idp.storage import Transaction
from idp.work import ask_checkers
from tests.build import ISSUER, Site

NUMBER = "CS100700A"
TYPED = {
    "number": "cs 10 07 00 a", "given_name": "Liz", "family_name": "ONeill",
    "day": "14", "month": "3", "year": "1958", "postcode": "",
}  # fmt: skip
Answer = tuple[int, bytes]
# Pages and what comes over the wire are the same whatever the database. What is tried on both
# engines: spans of time, and statements of which exactly one may win.
ON_ONE_ENGINE = pytest.mark.parametrize("world_url", ["sqlite"], indirect=True)


@dataclass
class Outside:
    """A checker as others run it: real HTTP. `act` decides what it answers; None: honestly."""

    checker: Checker
    port: int
    act: Callable[[str], Answer] | None = None
    tokens: list[str] = field(default_factory=list)

    @property
    def settings_text(self) -> str:
        """The file of checkers."""
        return (
            f'[[checker]]\nid = "{CHECKER_ID}"\nurl = "http://localhost:{self.port}/check"\n'
            f'jwks = "http://localhost:{self.port}/jwks"\n'
            'kinds = ["document-check", "fraud-check"]\n'
        )


@contextmanager
def running(keys: Callable[[], Any]) -> Iterator[Outside]:
    """Run a checker that believes what `keys` sign."""
    checker = Checker(issuer=ISSUER, read_keys=keys)
    found = Outside(checker=checker, port=0)

    class Door(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(200, checker.jwks())

        def do_POST(self) -> None:
            token = self.rfile.read(int(self.headers["Content-Length"])).decode()
            found.tokens.append(token)
            self.reply(*(found.act or checker.answer)(token))

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    server.daemon_threads = True
    found.port = server.server_address[1]
    # It looks this often if it is to stop: every test waits for that.
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    server.shutdown()
    server.server_close()


class Room:
    """A house, somebody called Elizabeth O'Neill in its register, and an account of nobody's."""

    def __init__(self, site: Site, outside: Outside) -> None:
        """Add Elizabeth, whom the register reaches by e-mail and telephone."""
        self.site, self.outside = site, outside
        outside.checker.clock = site.now  # the house's clock is moved, and theirs with it
        self.person = self.add(NUMBER)

    def add(self, number: str, **more: Any) -> str:
        """Add a person to the register."""
        read = parse(number)
        assert isinstance(read, NationalInsuranceNumber)
        facts: dict[str, Any] = {
            "given_name": "Elizabeth", "family_name": "O'Neill", "birth_date": date(1958, 3, 14),
            "sex": "female", "address": {"postal_code": "SW1A 1AA"},
            "contacts": Contacts(email="beth@old.example", phone="+447700900123"),
            "earlier_names": (Name(given_name="Elizabeth", family_name="Marsh"),),
        } | more  # fmt: skip
        ref = self.site.database.transaction(
            lambda tx: add_person(tx, self.keyring, number=read, **facts)
        )
        assert isinstance(ref, str), ref
        return ref

    @property
    def keyring(self) -> Keyring:
        """The house's keys."""
        return self.site.house.keyring

    @property
    def account(self) -> str:
        """The account of nobody's."""
        return str(self.site.account("nobody")["ref"])

    def open_case(self, person: str | None = None, account: str | None = None) -> Case:
        """Open a case whose claim has matched."""

        def work(tx: Transaction) -> Case:
            ref = cases.open_case(
                tx, self.keyring, self.site.house.policies, account_ref=account or self.account,
                person_ref=person or self.person, claim={"number": NUMBER},
            )  # fmt: skip
            found = cases.find_case(tx, ref or "")
            assert found is not None
            return found

        return self.site.database.transaction(work)

    def hold(self, case: Case, *kinds: str) -> reaching.Settled:
        """Hold evidence of these kinds, and weigh the case."""

        def work(tx: Transaction) -> reaching.Settled:
            for kind in kinds:
                evidence.hold_at_once(
                    tx, self.site.house.policies, case_ref=case.ref, kind=kind, source="tests",
                    detail={},
                )  # fmt: skip
            return reaching.settle(tx, self.keyring, self.site.house.policies, case.ref)

        return self.site.database.transaction(work)

    def old_account(self, level: int = 2, name: str = "beth@old-account.example") -> str:
        """Give Elizabeth an account from before."""

        def work(tx: Transaction) -> str:
            ref = create_account(tx, sign_in_name=name, email=name, confirmed=True)
            assert isinstance(ref, str)
            set_password(tx, self.keyring, ref, self.site.world.hashes["sian"])
            join_person(tx, account_ref=ref, person_ref=self.person, identity_level=level)
            return ref

        return self.site.database.transaction(work)

    def visit(self, case: Case, *, confirmed: bool = True) -> visits.Outcome:
        """Go to a counter: one officer enters, another decides."""

        def work(tx: Transaction) -> visits.Outcome:
            ref = visits.enter_visit(tx, spoken=case.spoken, document="passport", officer="asha")
            assert not isinstance(ref, visits.Problem), ref
            seen = visits.look_at(tx, self.keyring, visit_ref=ref, officer="ben")
            assert seen is not None
            return visits.decide_visit(
                tx, self.keyring, self.site.house.policies, visit_ref=ref, officer="ben",
                look=seen[1], confirmed=confirmed,
            )  # fmt: skip

        return self.site.database.transaction(work)

    def ask_checkers(self, seconds: float = 2) -> int:
        """Let the worker ask, once, what is due after so many seconds."""
        self.site.later(seconds=seconds)
        return ask_checkers(self.site.house)

    def told(self) -> list[Any]:
        """What notices wait in the outbox, opened."""
        return [
            unseal(self.keyring, row["payload"])
            for row in self.site.rows(OutboxRecord)
            if row["kind"].startswith("notice-") and row["payload"]
        ]

    def code_sent(self) -> str:
        """The code in the newest notice that has one."""
        return str([one.values["code"] for one in self.told() if "code" in one.values][-1])

    def case_row(self, ref: str) -> Any:
        """A case's row."""
        (row,) = self.site.rows(CaseRecord, ref=ref)
        return row

    def claim(self, **changed: str) -> TestResponse:
        """Fill in the claim's page."""
        return self.site.submit(self.site.get("/identity/claim"), **TYPED | changed)

    def everything_stored(self) -> str:
        """Every row of every table, as text: to look for what must not be there in clear."""
        from idp.storage import Base

        def work(tx: Transaction) -> str:
            rows = []
            for table in Base.metadata.sorted_tables:
                rows += [json.dumps(list(row), default=str) for row in tx.execute(table.select())]
            return "\n".join(rows)

        return self.site.database.read(work)


def both(*acts: Callable[[], Any]) -> list[Any]:
    """Do several things at once, in threads; answer what each answered."""
    gate, answers = threading.Barrier(len(acts)), [None] * len(acts)

    def run(place: int, act: Callable[[], Any]) -> None:
        gate.wait()
        answers[place] = act()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def until(true: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never became so"
        time.sleep(0.05)
