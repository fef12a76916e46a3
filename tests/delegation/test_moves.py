"""Whatever is done to a mandate, in whatever order: what ended stays ended, every move is counted
once, and the journal has a row for each."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.delegation.holding import WHY
from idp.delegation.lifecycle import FINAL, MOVES, Move, Party, Reason, Standing, State, may_move
from idp.delegation.moving import By, Moved, move
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.storage import Database, Transaction
from tests.build import Site

MOVED = st.tuples(
    st.sampled_from([Move.SUSPEND, Move.RESUME, Move.END, Move.RENEW, Move.ACCEPT, Move.LAPSE]),
    st.sampled_from(list(Party)),
)


@dataclass
class Model:
    """What the table of states says that a mandate is after some moves."""

    state: State = State.ACTIVE
    version: int = 1
    kinds: list[str] = field(default_factory=list)

    def move(self, what: Move, by: Party) -> bool:
        to = may_move(Standing(state=self.state, answerer=Party.PRINCIPAL), what, by, NEVER)
        if to is None:
            return False
        assert self.state not in FINAL
        self.state, self.version = MOVES[self.state, what], self.version + 1
        self.kinds.append(f"mandate-{what}")
        return True


NEVER: Any = None  # no clock is read where neither term nor offer has an end


@pytest.fixture
def mandates(site: Site) -> Any:
    """Gives one mandate after another, each without an end."""

    def one() -> str:
        for old in site.rows(MandateRecord):
            if old["state"] in {"active", "suspended"}:
                site.change(MandateRecord, {"state": "cancelled"}, ref=old["ref"])
        ref = site.give_mandate()
        site.change(MandateRecord, {"expires": None}, ref=ref)
        return ref

    return one


def _move(ref: str, what: Move, by: By, reason: Reason | None, tx: Transaction) -> Any:
    return move(tx, ref, what, by, reason=reason)


@given(st.lists(MOVED, max_size=8))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_table_of_states_the_versions_and_the_journal_agree(
    site: Site, mandates: Any, moves: list[tuple[Move, Party]]
) -> None:
    ref, model = mandates(), Model()
    database: Database = site.database
    for what, party in moves:
        by = By(party=party, who="somebody")
        reason = Reason.BY_OPERATOR if what is Move.END else None
        done = database.transaction(partial(_move, ref, what, by, reason))
        assert isinstance(done, Moved) == model.move(what, party)
    (row,) = site.rows(MandateRecord, ref=ref)
    assert (row["state"], row["version"]) == (model.state, model.version)
    assert (row["ended_at"] is not None) == (model.state is State.ENDED)
    written = [one for one in site.rows(JournalEntry, mandate_ref=ref)
               if one["kind"] != "mandate-given"]  # fmt: skip
    for person in (row["principal"], row["delegate"]):  # each has the whole story
        mine = sorted((one for one in written if one["person"] == person), key=lambda e: e["id"])
        kinds = [one["kind"] for one in mine]
        assert kinds == model.kinds


def test_there_is_a_reason_for_each_thing_that_an_officer_does() -> None:
    assert set(WHY) == {Move.SUSPEND, Move.RESUME, Move.END}
    assert all(WHY.values())
