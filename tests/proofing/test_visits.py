"""A visit to a counter counts when a second officer says so, and only then."""

from idp.journal.records import JournalEntry
from idp.notices.rules import Notice
from idp.proofing import visits
from idp.proofing.records import EvidenceRecord, VisitRecord
from idp.proofing.visits import Outcome, Problem
from tests.proofing.room import Room, both


def enter(room: Room, spoken: str, officer: str = "asha", document: str = "passport") -> str:
    return room.site.database.transaction(
        lambda tx: visits.enter_visit(tx, spoken=spoken, document=document, officer=officer)
    )


def decide(room: Room, ref: str, officer: str = "ben", *, confirmed: bool = True) -> Outcome:
    return room.site.database.transaction(
        lambda tx: visits.decide_visit(
            tx, room.keyring, room.site.house.policies, visit_ref=ref, officer=officer,
            confirmed=confirmed,
        )
    )  # fmt: skip


def test_a_confirmed_visit_proves_who_somebody_is_without_any_phone(room: Room) -> None:
    room.claim()
    page = room.site.get("/identity/counter")
    spoken = page.text.partition("govuk-!-font-size-36")[2].partition(">")[2].partition("<")[0]
    found = room.site.database.read(lambda tx: visits.at_counter(tx, f" {spoken.lower()} "))
    assert found is not None
    assert (found.name, found.person_ref) == ("Elizabeth O'Neill", room.person)
    ref = enter(room, spoken)
    assert room.site.account("nobody")["identity_level"] == 0
    assert decide(room, ref) is Outcome.CONFIRMED
    assert room.site.account("nobody")["identity_level"] == 2
    notices = [one.notice for one in room.told()]
    assert notices == [Notice.VISIT_CONFIRMED, Notice.IDENTITY_PROVED]
    kinds = {row["kind"]: row["actor"] for row in room.site.rows(JournalEntry)}
    assert (kinds["visit-entered"], kinds["visit-confirmed"]) == ("asha", "ben")


def test_nobody_confirms_what_they_entered_themselves(room: Room) -> None:
    case = room.open_case()
    ref = enter(room, case.spoken)
    assert decide(room, ref, "asha") is Outcome.OWN
    (row,) = room.site.rows(VisitRecord)
    assert (row["decided_by"], row["confirmed"]) == (None, None)
    assert room.site.account("nobody")["person_ref"] is None
    own = room.site.database.read(lambda tx: visits.waiting(tx, officer="asha"))
    others = room.site.database.read(lambda tx: visits.waiting(tx, officer="ben"))
    assert (own, [one.ref for one in others]) == ([], [ref])


def test_a_refused_visit_counts_for_nothing_and_another_may_be_made(room: Room) -> None:
    case = room.open_case()
    assert room.visit(case, confirmed=False) is Outcome.REFUSED
    assert room.site.rows(EvidenceRecord, kind="counter-visit") == []
    assert [one.notice for one in room.told()] == [Notice.VISIT_REFUSED]
    assert room.visit(case) is Outcome.CONFIRMED


def test_of_two_who_decide_at_once_one_does(room: Room) -> None:
    case = room.open_case()
    ref = enter(room, case.spoken)
    answers = both(
        lambda: decide(room, ref, "ben"), lambda: decide(room, ref, "cara", confirmed=False)
    )
    assert answers.count(Outcome.GONE) == 1
    (row,) = room.site.rows(VisitRecord)
    assert len(room.site.rows(EvidenceRecord, kind="counter-visit")) == int(row["confirmed"])


def test_a_visit_that_is_waiting_unknown_or_of_a_strange_document_is_not_entered(
    room: Room,
) -> None:
    case = room.open_case()
    assert enter(room, "2222-2222") is Problem.UNKNOWN
    assert enter(room, "") is Problem.UNKNOWN
    assert enter(room, case.spoken, document="library-card") is Problem.DOCUMENT
    enter(room, case.spoken)
    assert enter(room, case.spoken, "ben") is Problem.WAITING
    assert len(room.site.rows(VisitRecord)) == 1
    assert decide(room, "no such visit") is Outcome.GONE


def test_a_closed_case_takes_no_visit(room: Room) -> None:
    from idp.proofing import cases

    case = room.open_case()
    ref = enter(room, case.spoken)
    room.site.database.transaction(lambda tx: cases.close_case(tx, case.ref, cases.Ending.GIVEN_UP))
    assert decide(room, ref) is Outcome.GONE
    assert enter(room, case.spoken) is Problem.UNKNOWN
    assert room.site.database.read(lambda tx: visits.waiting(tx, officer="ben")) == []
    assert room.site.rows(EvidenceRecord, kind="counter-visit") == []
