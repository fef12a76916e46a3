"""Pairs of moves on one offer or permission at the same moment, from two threads: who wins?

A pair is two of accept, refuse, cancel, lapse (the clock of that offer has run out) and end.
Shared by the proof in CI and by `python -m bench.mandates`.
"""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import update

from idp.assurance.rules import Level
from idp.delegation import answering, inviting
from idp.delegation.answering import Answered, Answerer
from idp.delegation.inviting import Way
from idp.delegation.lifecycle import FINAL, Move, Party, Reason, State
from idp.delegation.moving import By, Moved, move, read, read_bundle
from idp.delegation.offers import Asked, Term
from idp.delegation.records import MandateRecord
from idp.keyring.ring import Keyring
from idp.register.names import names_of
from idp.storage import Database, Transaction

PAIRS = (
    ("accept", "accept"), ("accept", "refuse"), ("accept", "cancel"), ("refuse", "cancel"),
    ("cancel", "cancel"), ("accept", "lapse"), ("refuse", "lapse"), ("cancel", "lapse"),
    ("end", "end"), ("end", "resign"),
)  # fmt: skip
LEVEL, NAMES = Level(identity=2, sign_in=2), names_of([])


@dataclass(frozen=True, kw_only=True)
class Two:
    """A principal and a helper: references of persons, and the helper's proved name."""

    principal: str
    helper: str
    given_name: str
    family_name: str


@dataclass
class Race:
    """One database, raced for by two threads that meet before each pair."""

    database: Database
    keyring: Keyring
    two: Two

    def run(self, many: int) -> Counter[str]:
        """Race so many pairs, the kinds in turn; answer how each ended, by "pair: winners".

        Of an offer whose time ran out in the same moment nobody may win but time itself.
        """
        seen: Counter[str] = Counter()
        for number in range(many):
            pair = PAIRS[number % len(PAIRS)]
            winners = self._one(pair)
            seen[f"{' / '.join(pair)}: {winners}"] += 1
        return seen

    def _one(self, pair: Sequence[str]) -> int:
        offer, mandate = self._made(active="end" in pair)
        if "lapse" in pair:
            self.database.transaction(lambda tx: tx.execute(
                update(MandateRecord).where(MandateRecord.ref == mandate)
                .values(offer_expires=tx.now() + timedelta(milliseconds=3))
            ))  # fmt: skip
        won: list[bool] = []
        meet = threading.Barrier(2)

        def act(what: str) -> None:
            meet.wait()
            won.append(self._try(what, offer, mandate))

        threads = [threading.Thread(target=act, args=(what,)) for what in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self._settle(mandate)
        return sum(won)

    def _made(self, *, active: bool) -> tuple[str, str]:
        two = self.two
        way = Way(given_name=two.given_name, family_name=two.family_name)

        def work(tx: Transaction) -> tuple[str, str]:
            asked = Asked(services={"tax": ("view",)}, term=Term(days=31))
            ref = inviting.draft(tx, self.keyring, asked, way, person=two.principal,
                                 answerer=Party.DELEGATE, exclusive=frozenset())  # fmt: skip
            said = {one.ref: ("x",) for one in read_bundle(tx, ref)}
            inviting.offer(tx, self.keyring, ref, person=two.principal, said=said, level=LEVEL)
            found = answering.by_ref(tx, self.keyring, ref)
            assert found is not None
            return ref, found.mandates[0].ref

        offer, mandate = self.database.transaction(work)
        if active:
            assert self._try("accept", offer, mandate)
        return offer, mandate

    def _try(self, what: str, offer: str, mandate: str) -> bool:
        two = self.two
        who = Answerer(account="x", person=two.helper, given_name=two.given_name,
                       family_name=two.family_name, level=LEVEL)  # fmt: skip

        def work(tx: Transaction) -> bool:
            if what == "lapse":
                done = move(tx, mandate, Move.LAPSE, By(party=Party.SYSTEM, who="system"))
                return isinstance(done, Moved)
            if what in {"end", "resign"}:
                mine = what == "end"
                by = By(party=Party.PRINCIPAL if mine else Party.DELEGATE, who="x")
                reason = Reason.BY_PRINCIPAL if mine else Reason.RESIGNED
                return isinstance(move(tx, mandate, Move.END, by, reason=reason), Moved)
            if what == "cancel":
                by = By(party=Party.PRINCIPAL, who=two.principal)
                return inviting.cancel(tx, offer, by) == 1
            found = answering.by_ref(tx, self.keyring, offer)
            assert found is not None
            given = answering.answer(tx, self.keyring, found, who, {mandate: what == "accept"},
                                    said={mandate: ("x",)}, names=NAMES)  # fmt: skip
            assert isinstance(given, Answered), given
            return bool(given.accepted or given.refused)

        return self.database.transaction(work)

    def _settle(self, mandate: str) -> None:
        """Bring what is left to its end, so that the next offer begins with nothing."""

        def work(tx: Transaction) -> None:
            row = read(tx, mandate)
            assert row is not None
            if row.standing.state is State.ACTIVE:
                by = By(party=Party.PRINCIPAL, who=self.two.principal)
                move(tx, mandate, Move.END, by, reason=Reason.BY_PRINCIPAL)
            elif row.standing.state not in FINAL:
                by = By(party=Party.PRINCIPAL, who=self.two.principal)
                if not isinstance(move(tx, mandate, Move.CANCEL, by), Moved):
                    move(tx, mandate, Move.LAPSE, By(party=Party.SYSTEM, who="system"))

        self.database.transaction(work)


def wrong(seen: Counter[str]) -> list[str]:
    """The outcomes with two winners; or, where no clock was in it, with none."""
    return [
        f"{what} ({many})" for what, many in seen.items()
        if not (what.endswith(": 1") or ("lapse" in what and what.endswith(": 0")))
    ]  # fmt: skip
