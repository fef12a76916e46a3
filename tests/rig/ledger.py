"""Load that writes down every answer it was given, for a comparison with the database after.

An answer that never came is not in the ledger: what was asked may be done or not. Everything
that was answered must be there, whatever was killed meanwhile.
"""

import base64
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from tests.rig.practice import Held, Practice
from tests.rig.stock import Application, Grant, Stock, Visitor
from tests.rig.wire import Answer, Lost, Wire, patient

PATIENCE_SECONDS = 120.0
SAME_ACTOR = 20  # turns with one token that names the actor: it is good for minutes


@dataclass
class Ledger:
    """What was acknowledged. Shared by the threads of the load; appending is atomic."""

    issued: list[tuple[str, str, str]] = field(default_factory=list)  # grant, jti, via
    redeemed: list[tuple[str, str]] = field(default_factory=list)  # code, refresh token
    rotated: list[tuple[str, str]] = field(default_factory=list)  # token, its successor
    ended: list[tuple[str, str]] = field(default_factory=list)  # mandate, an access token of it
    revoked: list[tuple[str, str]] = field(default_factory=list)  # grant, an access token of it
    lost: list[str] = field(default_factory=list)  # answers that never came
    wrong: list[str] = field(default_factory=list)  # answers that should not be

    @property
    def acknowledged(self) -> int:
        """How many writes were acknowledged so far."""
        return len(self.issued) + len(self.ended) + len(self.revoked)


class Load:
    """Threads that redeem, refresh, revoke and end, one request after the other, until told."""

    def __init__(self, stock: Stock, port: int, ledger: Ledger) -> None:
        self.stock, self.port, self.ledger = stock, port, ledger
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, works: Sequence[Callable[["Caller"], Iterator[None]]]) -> None:
        """Start a thread for each work. A work is a generator that is left off between steps."""
        for number, work in enumerate(works):
            thread = threading.Thread(target=self._run, args=(work,), name=f"load-{number}")
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Let every thread finish the step it is at."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, acknowledged: int) -> None:
        """Wait until so many writes were acknowledged. Raises when that never comes."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.ledger.acknowledged < acknowledged:
            if time.monotonic() > deadline or not any(t.is_alive() for t in self._threads):
                raise RuntimeError(f"the load stands still: {self.ledger.wrong[:3]}")
            time.sleep(0.005)

    def _run(self, work: Callable[["Caller"], Iterator[None]]) -> None:
        caller = Caller(self.stock, self.port, self.ledger)
        try:
            for _ in work(caller):
                if self._stop.is_set():
                    return
        except Exception as problem:  # noqa: BLE001 - a thread's failure must not go unseen
            self.ledger.wrong.append(f"{threading.current_thread().name}: {problem!r}")
        finally:
            caller.close()


class Caller:
    """One client that goes on through lost connections, and keeps the books."""

    def __init__(self, stock: Stock, port: int, ledger: Ledger) -> None:
        self.stock, self.port, self.ledger = stock, port, ledger
        self._wire: Wire | None = None

    def ask(self, write: Callable[[], bytes]) -> tuple[Answer, bool]:
        """Ask until there is an answer; say too whether an earlier answer was lost on the way.

        The request is written anew for each try: a client assertion is good for one.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        was_lost = False
        while True:
            request = write()
            try:
                self._wire = self._wire or patient(self.port, deadline)
                return self._wire.ask(request), was_lost
            except Lost:
                self.close()
                was_lost = True
                self.ledger.lost.append(request[:20].decode())
                if time.monotonic() > deadline:
                    raise

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def redeem(self, grant: Grant, client: Application) -> dict[str, Any] | None:
        """Redeem a code. None when an answer was lost and the code was spent by it."""
        answer, was_lost = self.ask(lambda: self.stock.redeem(grant, client))
        if answer.status == 200:
            self._note_issue(answer, "code")
            self.ledger.redeemed.append((grant.code, answer.json["refresh_token"]))
            found: dict[str, Any] = answer.json
            return found
        if not was_lost or answer.status != 400:
            self._wrong("redeem", answer)
        return None

    def rotate(self, token: str) -> str | None:
        """Use a public client's refresh token; None when a lost answer cost the family."""
        answer, was_lost = self.ask(lambda: self.stock.refresh(token, self.stock.public))
        if answer.status == 200:
            self._note_issue(answer, "refresh")
            successor: str = answer.json["refresh_token"]
            self.ledger.rotated.append((token, successor))
            return successor
        if not was_lost or answer.status != 400:
            self._wrong("refresh", answer)
        return None

    def exchange(self, firm: Practice, held: Held, actor: str) -> None:
        """Let a firm's software act; what a lost answer bought, its principal sees all the same."""
        answer, _ = self.ask(lambda: firm.exchange(held, actor))
        if answer.status == 200:
            self._note_issue(answer, "exchange")
        else:
            self._wrong("exchange", answer)

    def revoke(self, grant: Grant, token: str) -> None:
        """Revoke an access token, and see it dead."""
        answer, _ = self.ask(lambda: self.stock.revoke(token))
        if answer.status != 200:
            self._wrong("revoke", answer)
            return
        self.ledger.revoked.append((grant.ref, token))
        self.expect_dead(token)

    def end(self, mandate: str, principal: Visitor, token: str) -> None:
        """End a mandate by its principal's button, and see its token dead."""
        path = f"/account/helpers/{mandate}/end"
        answer, _ = self.ask(lambda: self.stock.form(path, principal, {}))
        if answer.status != 303 or not answer.headers["location"].endswith("/ended"):
            self._wrong("end", answer)
            return
        self.ledger.ended.append((mandate, token))
        self.expect_dead(token)

    def expect_dead(self, token: str) -> None:
        """Ask whether a token is live, and write down if it is."""
        answer, _ = self.ask(lambda: self.stock.introspect(token))
        if answer.status != 200 or answer.json != {"active": False}:
            self._wrong("a token of what was ended", answer)

    def _note_issue(self, answer: Answer, via: str) -> None:
        claims = claims_of(answer.json["access_token"])
        self.ledger.issued.append((claims["gid"], claims["jti"], via))

    def _wrong(self, what: str, answer: Answer) -> None:
        self.ledger.wrong.append(f"{what}: {answer.status} {answer.body[:300]!r}")


def redeeming(grants: Iterator[Grant]) -> Callable[[Caller], Iterator[None]]:
    """Redeem codes, and revoke what every third one bought."""

    def work(caller: Caller) -> Iterator[None]:
        for grant, place in zip(grants, cycle(range(3)), strict=False):
            bought = caller.redeem(grant, caller.stock.confidential)
            if bought is not None and place == 2:
                caller.revoke(grant, bought["access_token"])
            yield

    return work


def rotating(grants: Iterator[Grant]) -> Callable[[Caller], Iterator[None]]:
    """Rotate a public client's refresh tokens, eight times each."""

    def work(caller: Caller) -> Iterator[None]:
        for grant in grants:
            token: str | None = grant.refresh
            for _ in range(8):
                if token is not None:
                    token = caller.rotate(token)
                yield

    return work


def ending(grants: Iterator[Grant], principal: Visitor) -> Callable[[Caller], Iterator[None]]:
    """Redeem codes for acting, and end the mandate each acts under."""

    def work(caller: Caller) -> Iterator[None]:
        for grant in grants:
            bought = caller.redeem(grant, caller.stock.confidential)
            if bought is not None and grant.mandate is not None:
                caller.end(grant.mandate, principal, bought["access_token"])
            yield

    return work


def acting_for(
    firm: Practice, held: Held, grants: Iterator[Grant]
) -> Callable[[Caller], Iterator[None]]:
    """A firm's clerk acts at a service, and its software twice in the clerk's name."""

    def work(caller: Caller) -> Iterator[None]:
        actor = None
        for number, grant in enumerate(grants):
            if actor is None or number % SAME_ACTOR == 0:
                actor = caller.redeem(firm.sign_in(), firm.software)
            caller.redeem(grant, caller.stock.confidential)
            yield
            if actor is not None:
                for _ in range(2):
                    caller.exchange(firm, held, actor["access_token"])
                    yield

    return work


def summary(ledger: Ledger) -> dict[str, int]:
    """Count the ledger's kinds."""
    by = Counter(via for _, _, via in ledger.issued)
    return {"codes": by["code"], "refreshes": by["refresh"],
            "exchanges": by["exchange"], "mandates_ended": len(ledger.ended),
            "revoked": len(ledger.revoked), "answers_lost": len(ledger.lost)}  # fmt: skip


def claims_of(token: str) -> dict[str, Any]:
    """Read a token's claims; whether it is genuine is not the question here."""
    body = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return found
