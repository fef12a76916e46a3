"""A visit to a counter counts when a second officer says so, and only then."""

from idp.journal.records import JournalEntry
from idp.notices.rules import Notice
from idp.officers.actions import COMMAND, Invited, add_officer, replace_keys
from idp.proofing import visits
from idp.proofing.records import EvidenceRecord, VisitRecord
from idp.proofing.visits import Outcome, Problem
from tests.proofing.room import Room, both


def enter(room: Room, spoken: str, officer: str = "asha", document: str = "passport") -> str:
    return room.site.database.transaction(
        lambda tx: visits.enter_visit(tx, spoken=spoken, document=document, officer=officer)
    )


def look(room: Room, ref: str, officer: str) -> str:
    """Look at a visit; answer the proof of it, "" where it is not shown."""
    found = room.site.database.transaction(
        lambda tx: visits.look_at(tx, room.keyring, visit_ref=ref, officer=officer)
    )
    return found[1] if found else ""


def decide(
    room: Room, ref: str, officer: str = "ben", *, confirmed: bool = True, seen: str | None = None
) -> Outcome:
    looked = look(room, ref, officer) if seen is None else seen
    return room.site.database.transaction(
        lambda tx: visits.decide_visit(
            tx, room.keyring, room.site.house.policies, visit_ref=ref, officer=officer,
            look=looked, confirmed=confirmed,
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
    bens, caras = look(room, ref, "ben"), look(room, ref, "cara")
    answers = both(
        lambda: decide(room, ref, "ben", seen=bens),
        lambda: decide(room, ref, "cara", confirmed=False, seen=caras),
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
    bens = look(room, ref, "ben")
    room.site.database.transaction(lambda tx: cases.close_case(tx, case.ref, cases.Ending.GIVEN_UP))
    assert decide(room, ref, seen=bens) is Outcome.GONE
    assert enter(room, case.spoken) is Problem.UNKNOWN
    assert room.site.database.read(lambda tx: visits.waiting(tx, officer="ben")) == []
    assert room.site.rows(EvidenceRecord, kind="counter-visit") == []


def test_nobody_decides_a_visit_they_have_not_looked_at(room: Room) -> None:
    case = room.open_case()
    ref = enter(room, case.spoken)
    bens = look(room, ref, "ben")
    other = enter(room, room.open_case(account=str(room.site.account("tom")["ref"])).spoken)
    for seen in ("", "1.made-up", look(room, ref, "cara"), look(room, other, "ben")):
        assert decide(room, ref, "ben", seen=seen) is Outcome.UNSEEN
    room.site.later(minutes=30)
    assert decide(room, ref, "ben", seen=bens) is Outcome.UNSEEN  # the person has gone home
    assert all(row["decided_at"] is None for row in room.site.rows(VisitRecord))
    assert decide(room, ref, "ben") is Outcome.CONFIRMED
    seen_by = [row["actor"] for row in room.site.rows(JournalEntry, kind="officer-looked-up")
               if row["detail"]["visit"] == ref]  # fmt: skip
    assert seen_by == ["ben", "cara", "ben"]


def test_who_let_an_officer_in_is_not_the_other_one_of_a_visit(room: Room) -> None:
    def add(name: str, by: str = COMMAND) -> str:
        done = room.site.database.transaction(
            lambda tx: add_officer(tx, name=name, roles=["administrator", "counter-officer"], by=by)
        )
        assert isinstance(done, Invited)
        return done.officer_ref

    boss, rival = add("Boss"), add("Rival")
    clerk = add("Clerk", by=boss)
    puppet = add("Puppet", by=clerk)
    spoken = room.open_case().spoken
    for first, second in ((boss, clerk), (clerk, boss), (boss, puppet), (puppet, boss)):
        ref = enter(room, spoken, first)
        assert look(room, ref, second) == ""
        assert decide(room, ref, second) is Outcome.NOT_APART
        assert decide(room, ref, rival, confirmed=False) is Outcome.REFUSED
    tried = room.site.rows(JournalEntry, kind="visit-officers-not-apart")
    assert [row["actor"] for row in tried] == [clerk, boss, puppet, boss]
    ref = enter(room, spoken, clerk)
    # Whoever gives somebody a new key stands behind them from then on.
    room.site.database.transaction(lambda tx: replace_keys(tx, officer_ref=clerk, by=rival))
    assert decide(room, ref, rival) is Outcome.NOT_APART
    assert decide(room, ref, boss) is Outcome.CONFIRMED
    (entry,) = room.site.rows(JournalEntry, kind="visit-confirmed")
    assert entry["detail"]["let_in_by"] == [rival, COMMAND]
