"""Whatever is done to a mandate, in whatever order: what ended stays ended, every move is counted
once, and the journal has a row for each."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.delegation.holding import WHY
from idp.delegation.lifecycle import FINAL, MOVES, Move, Party, Reason, Standing, State, may_move
from idp.delegation.moving import By, Moved, NotMoved, make_room, move, open_offer, read
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.storage import Database, Transaction
from tests.build import Site

DAY = timedelta(days=1)
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


def made(site: Site, ref: str, what: Move, party: Party, **more: Any) -> Any:
    by = By(party=party, who=more.pop("who", "somebody"), actor=more.pop("actor", None))
    return site.database.transaction(lambda tx: move(tx, ref, what, by, **more))


def kept(site: Site, ref: str) -> Any:
    (row,) = site.rows(MandateRecord, ref=ref)
    return row


def journal(site: Site, ref: str, kind: str) -> dict[str, tuple[str | None, dict[str, Any]]]:
    rows = site.rows(JournalEntry, mandate_ref=ref, kind=kind)
    return {row["person"]: (row["actor"], row["detail"]) for row in rows}


def test_what_a_move_writes_is_of_one_mandate_and_names_who_did_it(site: Site) -> None:
    firm = site.give_organisation()
    mine, theirs = site.give_mandate(), site.give_mandate(delegate=firm)
    margaret, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    assert made(site, "unknown", Move.END, Party.SYSTEM) == NotMoved(seen=None)
    made(site, mine, Move.SUSPEND, Party.OFFICER)
    assert kept(site, mine)["suspended_at"] is not None
    site.change(MandateRecord, {"suspended_reason": "abuse"}, ref=mine)
    made(site, mine, Move.RESUME, Party.OFFICER)
    row = kept(site, mine)
    assert (row["state"], row["suspended_at"], row["suspended_reason"]) == ("active", None, None)
    decided = {"decided_at": row["decided_at"], "decided_by": "tests"}
    assert {name: row[name] for name in decided} == decided, "an officer's stop decides nothing"
    assert kept(site, theirs)["version"] == 1
    assert {actor for actor, _ in journal(site, mine, "mandate-suspended").values()} == {"somebody"}

    done = made(site, mine, Move.END, Party.PRINCIPAL, who=margaret,
                reason=Reason.BY_PRINCIPAL, detail={"more": "said"})  # fmt: skip
    row = kept(site, mine)
    assert (row["ended_by"], row["ended_reason"], row["ended_reference"]) == (
        margaret, Reason.BY_PRINCIPAL, done.reference,
    )  # fmt: skip
    told = journal(site, mine, "mandate-ended")
    assert {person: actor for person, (actor, _) in told.items()} == {
        margaret: None, sian: margaret,
    }  # fmt: skip
    for _, detail in told.values():
        assert (detail["reason"], detail["more"]) == (Reason.BY_PRINCIPAL, "said")
    again = made(site, mine, Move.END, Party.PRINCIPAL)
    assert again == NotMoved(seen=State.ENDED)

    made(site, theirs, Move.RENEW, Party.OFFICER)
    assert "reason" not in journal(site, theirs, "mandate-renewed")[margaret][1]
    made(site, theirs, Move.END, Party.DELEGATE, who="a member", actor="them")
    assert kept(site, theirs)["ended_reason"] == Reason.BY_OPERATOR, "where none is given"
    assert {p: a for p, (a, _) in journal(site, theirs, "mandate-ended").items()} == {
        margaret: "them"
    }, "an organisation has no count of its own"


def test_who_ends_what_they_hold_is_named_to_the_other_and_an_unknown_helper_to_nobody(
    site: Site,
) -> None:
    margaret, sian, tom = (
        site.account(name)["person_ref"] for name in ("margaret", "sian", "tom")
    )  # fmt: skip
    mine, offer = site.give_mandate(), site.give_mandate(delegate="tom")
    made(site, mine, Move.END, Party.DELEGATE, who=sian, reason=Reason.RESIGNED)
    ended = journal(site, mine, "mandate-ended")
    assert {person: actor for person, (actor, _) in ended.items()} == {margaret: sian, sian: None}
    site.change(MandateRecord, {"state": "offered", "delegate": None}, ref=offer)
    made(site, offer, Move.CANCEL, Party.DELEGATE)
    assert set(journal(site, offer, "mandate-cancelled")) == {margaret}
    named = site.give_mandate(delegate=site.give_organisation())
    site.change(MandateRecord, {"state": "offered", "delegate": None, "delegate_kind": "person"},
                ref=named)  # fmt: skip
    made(site, named, Move.ACCEPT, Party.PRINCIPAL, values={"delegate": tom})
    assert kept(site, named)["delegate"] == tom
    assert set(journal(site, named, "mandate-accepted")) == {margaret, tom}


def test_of_two_who_read_the_same_one_moves_it(site: Site) -> None:
    ref, other = site.give_mandate(), site.give_mandate(delegate="tom")
    row = site.database.read(lambda tx: read(tx, ref))
    made(site, ref, Move.RENEW, Party.OFFICER)
    late = made(site, ref, Move.SUSPEND, Party.OFFICER, row=row)
    assert late == NotMoved(seen=State.ACTIVE), "it is another version by now"
    made(site, ref, Move.END, Party.PRINCIPAL)
    assert made(site, ref, Move.END, Party.PRINCIPAL, row=row) == NotMoved(seen=State.ENDED)
    assert (kept(site, other)["state"], kept(site, other)["version"]) == ("active", 1)


def test_an_offer_that_runs_out_between_the_look_and_the_answer_is_not_accepted(
    site: Site,
) -> None:
    """I7: judged again by the statement that writes."""
    refs = [site.give_mandate(delegate=who) for who in ("sian", "tom", site.give_organisation())]
    ends = site.database.now() + timedelta(hours=1)
    for ref, until in zip(refs, (ends, None, ends + DAY), strict=True):
        offered = {"state": "offered", "offer_expires": until, "decided_at": None}
        site.change(MandateRecord, offered, ref=ref)
    rows = [site.database.read(lambda tx, ref=ref: read(tx, ref)) for ref in refs]  # type: ignore[misc]
    site.later(hours=2)
    answers = [made(site, ref, Move.ACCEPT, Party.PRINCIPAL, who="me", row=row)
               for ref, row in zip(refs, rows, strict=True)]  # fmt: skip
    assert answers[0] == NotMoved(seen=State.LAPSED)
    assert isinstance(answers[1], Moved), "one without an end does not run out"
    assert isinstance(answers[2], Moved)
    row = kept(site, refs[1])
    assert (row["state"], row["decided_by"]) == ("active", "me")
    assert row["decided_at"] is not None


def test_a_new_one_takes_the_place_of_what_it_must_and_of_nothing_else(site: Site) -> None:
    """I6, I8."""
    margaret, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    same, library = site.give_mandate(), site.give_mandate(services={"library": ["all"]})
    of_tom = site.give_mandate(principal="tom")
    alone = site.give_mandate(delegate="tom", exclusive=frozenset({"tax"}))
    beside = site.give_mandate(delegate=site.give_organisation())

    def makes_room(*, exclusive: bool) -> list[str]:
        before = {row["ref"] for row in site.rows(MandateRecord) if row["state"] == "active"}
        site.database.transaction(lambda tx: make_room(
            tx, principal=margaret, delegate=sian, service="tax", exclusive=exclusive
        ))  # fmt: skip
        return [ref for ref in before if kept(site, ref)["state"] == "ended"]

    assert makes_room(exclusive=False) == [same]
    assert kept(site, same)["ended_reason"] == Reason.SUPERSEDED
    now = site.database.now()
    site.change(MandateRecord, {"starts": now - DAY, "expires": now}, ref=alone)
    assert makes_room(exclusive=True) == [alone]
    assert kept(site, alone)["ended_reason"] == Reason.EXPIRED
    for ref in (library, of_tom, beside):
        assert kept(site, ref)["state"] == "active"


def test_an_open_offer_is_found_and_one_that_ran_out_is_written_down(site: Site) -> None:
    """I6."""
    margaret, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    ref = site.give_mandate()
    asked = {"principal": margaret, "delegate": sian, "service": "tax"}

    def found(**more: str) -> str | None:
        row = site.database.transaction(lambda tx: open_offer(tx, **(asked | more)))
        return row.ref if row else None

    assert found() is None, "it is active"
    ends = site.database.now() + timedelta(hours=1)
    site.change(MandateRecord, {"state": "offered", "offer_expires": ends}, ref=ref)
    assert found() == ref
    for other in ({"principal": sian}, {"delegate": margaret}, {"service": "library"}):
        assert found(**other) is None
    site.later(hours=2)
    assert found() is None
    assert kept(site, ref)["state"] == "lapsed"


def test_there_is_a_reason_for_each_thing_that_an_officer_does() -> None:
    assert set(WHY) == {Move.SUSPEND, Move.RESUME, Move.END}
    assert all(WHY.values())
