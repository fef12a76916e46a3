"""What was shown counts for thirty days, unless it joined somebody; then the case lapses."""

import pytest

from idp.journal.records import JournalEntry
from idp.proofing import evidence, stopping, visits, ways_back
from idp.proofing.cases import Case
from idp.proofing.reaching import Reached
from idp.proofing.records import (
    CaseRecord,
    ContactCodeRecord,
    EvidenceRecord,
    VisitRecord,
    WayBackRecord,
)
from idp.proofing.ways_back import Taken
from idp.work import clear, forget
from tests.proofing.room import ON_ONE_ENGINE, Room


def counts(room: Room, case: Case) -> set[str]:
    pieces = room.site.database.read(lambda tx: evidence.pieces_of(tx, case.ref))
    return {piece.kind for piece in pieces}


def outcome(room: Room, case: Case) -> str | None:
    clear(room.site.database)
    return room.case_row(case.ref)["outcome"]


def test_what_joined_nobody_yet_is_weighed_until_the_thirtieth_day_and_not_on_it(
    room: Room,
) -> None:
    room.old_account(2)  # so that less than its level joins nobody
    case = room.open_case()
    room.hold(case, "document-check")
    room.site.later(days=29, hours=23)
    assert counts(room, case) == {"register-match", "document-check"}
    room.site.later(hours=1)
    assert counts(room, case) == {"register-match"}
    assert room.hold(case, "fraud-check").reached is Reached.MORE
    assert room.site.rows(WayBackRecord) == []
    # It can be shown again, and then counts.
    assert room.hold(case, "document-check").reached is Reached.WAY_BACK


@ON_ONE_ENGINE
def test_what_joined_an_account_counts_for_good_and_its_case_stays_open(room: Room) -> None:
    case = room.open_case()
    room.hold(case, "document-check")
    room.site.later(days=400)
    assert outcome(room, case) is None
    assert room.hold(case, "fraud-check").level == 2


def test_the_wait_of_a_way_back_uses_nothing_up(room: Room) -> None:
    room.old_account(2)
    case = room.open_case()
    room.hold(case, "document-check")
    room.site.later(days=29)
    assert room.hold(case, "fraud-check").reached is Reached.WAY_BACK
    room.site.later(days=15)
    assert outcome(room, case) is None
    (way,) = room.site.rows(WayBackRecord)
    assert taken(room, way["ref"]) is Taken.TAKEN
    assert room.case_row(case.ref)["outcome"] == "recovered"


def taken(room: Room, ref: str) -> Taken:
    return ways_back.take(
        room.site.database, room.keyring, room.site.house.policies,
        way_back_ref=ref, account_ref=room.account,
    )  # fmt: skip


@ON_ONE_ENGINE
def test_a_way_back_that_lapsed_is_asked_for_anew_only_with_what_counts_now(room: Room) -> None:
    room.old_account(2)
    case = room.open_case()
    room.hold(case, "document-check")
    room.site.later(days=20)
    room.hold(case, "fraud-check")
    room.site.later(days=17)
    room.site.sign_in("nobody")
    page = room.site.get("/identity")
    assert "What is left" in page.text  # and not "Ask again", which would lead nowhere
    told = len(room.told())
    assert room.hold(case).reached is Reached.MORE
    assert len(room.told()) == told


def test_a_case_in_which_nothing_happens_for_thirty_days_lapses_and_forgets(room: Room) -> None:
    case = room.open_case()
    room.site.later(days=29, hours=23)
    assert outcome(room, case) is None
    room.site.later(hours=1)
    assert outcome(room, case) == "given-up"
    row = room.case_row(case.ref)
    assert row["claim_sealed"] == ""
    ended = [row for row in room.site.rows(JournalEntry) if row["kind"] == "proofing-ended"]
    assert [row["detail"] for row in ended] == [{"case": case.ref, "ending": "given-up"}]
    assert room.open_case().ref != case.ref  # to be begun anew


def visited(room: Room, case: Case) -> None:
    room.site.database.transaction(
        lambda tx: visits.enter_visit(tx, spoken=case.spoken, document="passport", officer="a")
    )


@pytest.mark.parametrize(
    "act",
    [lambda room, case: room.hold(case, "contact-email"), visited],
    ids=["evidence", "a visit that waits for a second officer"],
)
def test_whatever_happens_in_a_case_keeps_it_open(room: Room, act: object) -> None:
    case = room.open_case()
    room.site.later(days=20)
    act(room, case)  # type: ignore[operator]
    room.site.later(days=20)
    assert outcome(room, case) is None
    room.site.later(days=10)
    assert outcome(room, case) == "given-up"


@ON_ONE_ENGINE
def test_a_code_that_ran_out_is_cleared_and_every_case_has_tries_of_its_own(room: Room) -> None:
    """With no code left, tries must not fill one bucket for everybody."""
    room.claim()
    page = room.site.submit(room.site.get("/identity/contact/email"))
    room.site.later(minutes=11)
    clear(room.site.database)
    assert room.site.rows(ContactCodeRecord) == []
    codes = [room.site.submit(page, code="123456").status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    room.site.change(CaseRecord, {"closed_at": room.site.database.now()}, account_ref=room.account)
    room.claim()
    assert room.site.submit(page, code="123456").status_code == 422


def rows_of(room: Room, case: Case) -> dict[str, int]:
    tables = (EvidenceRecord, ContactCodeRecord, VisitRecord, WayBackRecord)
    return {
        table.__tablename__: len(room.site.rows(table, case_ref=case.ref)) for table in tables
    } | {"proofing_case": len(room.site.rows(CaseRecord, ref=case.ref))}


def test_a_closed_case_is_forgotten_after_half_a_year_and_an_open_one_is_not(room: Room) -> None:
    room.old_account(2)
    case = room.open_case()
    room.hold(case, "fraud-check")
    room.visit(case)
    room.site.later(hours=49)
    (way,) = room.site.rows(WayBackRecord)
    assert taken(room, way["ref"]) is Taken.TAKEN
    mine = room.open_case(account=str(room.site.account("sian")["ref"]))
    room.site.later(days=180, seconds=-1)
    assert forget(room.site.database) == 0
    entries = len(room.site.rows(JournalEntry))
    room.site.later(seconds=2)
    assert forget(room.site.database) == 1
    assert set(rows_of(room, case).values()) == {0}
    assert rows_of(room, mine)["proofing_case"] == 1
    assert len(room.site.rows(JournalEntry)) == entries
    assert forget(room.site.database) == 0


def test_of_a_way_back_that_was_stopped_only_the_stop_is_kept(room: Room) -> None:
    old = room.old_account(2)
    case = room.open_case()
    assert room.hold(case, "document-check", "fraud-check").reached is Reached.WAY_BACK
    (way,) = room.site.rows(WayBackRecord)
    stopped = room.site.database.transaction(
        lambda tx: stopping.stop_into(
            tx, room.keyring, room.site.house.policies, account_ref=old, way_back_ref=way["ref"]
        )
    )
    assert stopped is stopping.Stopped.STOPPED
    room.site.later(days=200)
    assert forget(room.site.database) == 1
    assert forget(room.site.database) == 0
    assert rows_of(room, case) == {
        "evidence": 0, "contact_code": 0, "counter_visit": 0, "way_back": 1, "proofing_case": 1,
    }  # fmt: skip
    assert room.case_row(case.ref)["claim_sealed"] == ""
    again = room.open_case()
    assert room.hold(again, "document-check", "fraud-check").reached is Reached.COUNTER
