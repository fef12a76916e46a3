"""Two officers for one thing: who may confirm, when, and how often."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest

from idp.keyring.sealing import Unreadable
from idp.officers import proposals
from idp.officers.proposals import Decision, Outcome
from idp.officers.records import OfficerProposalRecord, OfficerRecord
from idp.officers.rules import Act
from tests.build import Site
from tests.officers.people import MANDATE, invite, journal

DAY = timedelta(days=1)


class Room:
    """Officers with the role, and a proposal of the first of them."""

    def __init__(self, site: Site) -> None:
        """Add them: the third was let in by the first, the fourth has another role."""
        self.site, self.database = site, site.database
        self.first, self.second = (self.officer(name) for name in ("Asha Patel", "Ben Owen"))
        self.friend, self.other = self.officer("Cai Rees"), self.officer("Dee Gill")
        site.change(OfficerRecord, {"added_by": self.first}, ref=self.friend)
        site.change(OfficerRecord, {"roles": ["risk-officer"]}, ref=self.other)

    def officer(self, name: str) -> str:
        return invite(self.database, name, MANDATE).officer_ref

    def propose(self, **more: Any) -> str:
        asked = {"act": "give", "about": "p-1", "payload": {"to": "p-2"}, "by": self.first} | more
        return self.database.transaction(
            lambda tx: proposals.propose(tx, self.site.house.keyring, **asked)
        )

    def look(self, ref: str, officer: str) -> proposals.Proposal | None:
        return self.database.transaction(
            lambda tx: proposals.look_at(tx, self.site.house.keyring, ref, officer)
        )

    def decide(self, ref: str, officer: str, decision: Decision = Decision.CONFIRM) -> Outcome:
        return self.database.transaction(
            lambda tx: proposals.decide(
                tx, ref, officer=officer, needs=Act.DECIDE_MANDATE, decision=decision
            )
        )

    def stands(self, ref: str) -> str | None:
        (row,) = self.site.rows(OfficerProposalRecord, ref=ref)
        decision: str | None = row["decision"]
        return decision


@pytest.fixture
def room(site: Site) -> Room:
    return Room(site)


def test_another_officer_who_looked_confirms_once(room: Room) -> None:
    ref = room.propose()
    opened = room.look(ref, room.second)
    assert opened is not None
    assert opened.payload == {"to": "p-2"}
    assert room.decide(ref, room.second) is Outcome.CONFIRMED
    assert room.decide(ref, room.second) is Outcome.GONE
    assert room.decide(ref, room.second, Decision.REFUSE) is Outcome.GONE
    assert room.stands(ref) == "confirmed"
    (entry,) = journal(room.database, "proposal-confirmed")
    assert (entry["actor"], entry["person"]) == (room.second, "p-1")
    assert entry["detail"]["proposed_by"] == room.first


def test_nobody_confirms_or_refuses_their_own_or_withdraws_anothers(room: Room) -> None:
    ref = room.propose()
    for officer in (room.first, room.second):
        room.look(ref, officer)
    assert room.decide(ref, room.first) is Outcome.OWN
    assert room.decide(ref, room.first, Decision.REFUSE) is Outcome.OWN
    assert room.decide(ref, room.second, Decision.WITHDRAW) is Outcome.NOT_OWN
    assert room.stands(ref) is None
    assert room.decide(ref, room.first, Decision.WITHDRAW) is Outcome.WITHDRAWN


def test_two_of_whom_one_let_the_other_in_are_not_two_and_that_is_recorded(room: Room) -> None:
    ref = room.propose()
    room.look(ref, room.friend)
    assert room.decide(ref, room.friend) is Outcome.NOT_APART
    assert room.stands(ref) is None
    (entry,) = journal(room.database, Outcome.NOT_APART)
    assert entry["actor"] == room.friend
    # To refuse takes nobody's trust: whoever has the role may stop a thing.
    assert room.decide(ref, room.friend, Decision.REFUSE) is Outcome.REFUSED


def test_who_has_not_looked_within_the_half_hour_decides_nothing(room: Room) -> None:
    ref = room.propose()
    for decision in (Decision.CONFIRM, Decision.REFUSE):
        assert room.decide(ref, room.second, decision) is Outcome.UNSEEN
    room.look(ref, room.second)
    room.site.later(minutes=30)
    assert room.decide(ref, room.second) is Outcome.UNSEEN
    room.look(ref, room.second)
    assert room.decide(ref, room.second) is Outcome.CONFIRMED


def test_another_role_or_somebody_who_left_decides_nothing(room: Room) -> None:
    ref = room.propose()
    for officer in (room.other, room.second, "nobody"):
        room.look(ref, officer)
    now = room.database.now()
    room.site.change(OfficerRecord, {"disabled_at": now}, ref=room.second)
    for officer, decision in product((room.other, room.second, "nobody"), Decision):
        assert room.decide(ref, officer, decision) is Outcome.ROLE_LACKING
    assert room.stands(ref) is None


def test_after_seven_days_it_is_over_whether_or_not_a_job_ran(room: Room) -> None:
    ref = room.propose()
    room.site.later(days=7, minutes=-1)
    room.look(ref, room.second)
    room.site.later(minutes=1)
    assert room.look(ref, room.second) is None
    assert room.decide(ref, room.second) is Outcome.GONE
    assert room.database.read(lambda tx: proposals.waiting(tx, ["give"])) == []


def test_a_list_says_who_and_when_and_not_what(room: Room) -> None:
    ref = room.propose()
    room.propose(act="another")
    (one,) = room.database.read(lambda tx: proposals.waiting(tx, ["give"]))
    assert (one.ref, one.proposed_by, one.payload) == (ref, room.first, {})
    assert isinstance(one.proposed_at, datetime)
    assert one.expires_at - one.proposed_at == 7 * DAY


def test_what_it_says_is_sealed_and_bound_to_its_own_row(room: Room) -> None:
    ref, another = room.propose(), room.propose(payload={"to": "p-9"})
    (row,) = room.site.rows(OfficerProposalRecord, ref=another)
    assert "p-9" not in row["payload_sealed"]
    room.site.change(OfficerProposalRecord, {"payload_sealed": row["payload_sealed"]}, ref=ref)
    with pytest.raises(Unreadable):
        room.look(ref, room.second)
