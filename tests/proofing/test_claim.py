"""Who somebody says they are: found by tolerant rules, refused in one neutral way."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import update

from idp.journal.records import JournalEntry
from idp.notices.rules import Notice
from idp.proofing import limits
from idp.proofing.records import CaseRecord, EvidenceRecord
from idp.register.records import PersonRecord
from idp.throttle import actions as throttle
from idp.throttle.records import ThrottleRecord
from tests.proofing.room import NUMBER, ON_ONE_ENGINE, TYPED, Room

NEUTRAL = "We could not match what you typed"


def test_a_claim_with_the_short_form_of_the_name_is_found_and_held(room: Room) -> None:
    page = room.claim()
    assert page.status_code == 200
    assert "Your number, name and date of birth: found" in page.text
    (case,) = room.site.rows(CaseRecord)
    assert case["person_ref"] == room.person
    (held,) = room.site.rows(EvidenceRecord)
    assert (held["kind"], held["state"], held["scores"]["strength"]) == (
        "register-match", "held", 2,
    )  # fmt: skip


@ON_ONE_ENGINE
def test_a_claim_alone_proves_nothing_and_joins_nobody(room: Room) -> None:
    room.claim()
    assert room.site.account("nobody")["person_ref"] is None
    assert room.site.account("nobody")["identity_level"] == 0


def dead(room: Room) -> None:
    statement = update(PersonRecord).where(PersonRecord.ref == room.person)
    room.site.database.transaction(
        lambda tx: tx.execute(statement.values(status="dead", died_on=date(2020, 1, 1)))
    )


def duplicate(room: Room) -> None:
    room.site.change(PersonRecord, {"status": "duplicate"}, ref=room.person)


@ON_ONE_ENGINE
@pytest.mark.parametrize(
    ("before", "changed"),
    [
        (None, {"number": "CS 10 07 99 A"}),
        (None, {"family_name": "Barker"}),
        (None, {"day": "15"}),
        (dead, {}),
        (duplicate, {}),
    ],
    ids=["unknown number", "wrong name", "wrong date", "dead", "duplicate"],
)
def test_whatever_does_not_fit_gets_one_answer_and_opens_nothing(
    room: Room, before: Callable[[Room], None] | None, changed: dict[str, str]
) -> None:
    if before:
        before(room)
    page = room.claim(**changed)
    neutral = room.site.get("/identity/not-matched")
    assert strip(page.text) == strip(neutral.text)
    assert NEUTRAL in page.text
    assert room.site.rows(CaseRecord) == []
    assert room.site.rows(EvidenceRecord) == []
    assert [row["kind"] for row in room.site.rows(JournalEntry)].count("claim-refused") == 1


@ON_ONE_ENGINE
def test_unknown_and_wrong_run_the_same_statements(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    from idp.storage.engine import Transaction

    seen: list[str] = []
    for name in ("execute", "write"):
        run = getattr(Transaction, name)

        def noted(self: Any, what: Any, params: Any = None, run: Any = run) -> Any:
            seen.append(str(what))
            return run(self, what, params)

        monkeypatch.setattr(Transaction, name, noted)
    ran = []
    for changed in ({"number": "CS 10 07 99 A"}, {"family_name": "Barker"}, {"day": "15"}):
        page = room.site.get("/identity/claim")
        seen.clear()
        room.site.submit(page, **TYPED | changed)
        # Whoever stands in for nobody is drawn by the number, in one look or two: by chance, in a
        # register as small as this.
        ran.append([what for what in seen if "person ORDER BY" not in what])
    assert ran[0] == ran[1] == ran[2]


@ON_ONE_ENGINE
def test_the_persons_own_account_hides_nothing_and_shows_nothing(room: Room) -> None:
    """Somebody joined to one person claims to be another: the same neutral page."""
    room.site.sign_in("sian")
    from idp.accounts.records import AccountRecord

    room.site.change(AccountRecord, {"identity_level": 1}, ref=room.site.account("sian")["ref"])
    assert NEUTRAL in room.claim().text
    assert room.site.rows(CaseRecord) == []


@ON_ONE_ENGINE
def test_a_person_who_has_an_account_already_gives_no_hint_of_it(room: Room) -> None:
    without = room.claim().text
    room.site.change(CaseRecord, {"closed_at": room.site.database.now()}, account_ref=room.account)
    room.old_account()
    assert strip(room.claim().text) == strip(without)


def strip(text: str) -> str:
    """A page without what differs in every answer."""
    import re

    return re.sub(r'nonce="[^"]*"', "", text)


@ON_ONE_ENGINE
def test_a_temporary_reference_is_told_to_wait(room: Room) -> None:
    page = room.claim(number="12 A 34567")
    assert "You need to wait for your number" in page.text
    assert room.site.rows(CaseRecord) == []


UNREADABLE = [
    ({"number": ""}, "Type in your National Insurance number"),
    ({"number": "QQ123456C"}, "It has two letters"),
    ({"given_name": " "}, "Type in your first names"),
    ({"family_name": ""}, "Type in your family name"),
    ({"day": "31", "month": "2"}, "There is no such day"),
    ({"day": "x"}, "Type in the day, the month and the year"),
    ({"year": "1066"}, "Type in the year you were born"),
    ({"year": "2999"}, "Type in the year you were born"),
]


@ON_ONE_ENGINE
def test_what_cannot_be_read_is_said_and_costs_no_try(room: Room) -> None:
    before = room.site.rows(ThrottleRecord)
    for changed, said in UNREADABLE:
        page = room.claim(**changed)
        assert page.status_code == 422, changed
        assert said in page.text
        assert NUMBER not in page.text.replace(" ", "")
    assert room.site.rows(ThrottleRecord) == before


def tried(room: Room, times: int, account: str, network: str) -> list[bool]:
    """Try Elizabeth's number so often; say which tries were let in."""
    index = room.keyring.index("number_index", NUMBER[:8])
    return [
        throttle.reserve(
            room.site.database, room.keyring,
            limits.claim_limits(network.format(place), account.format(place), index),
        ) is None
        for place in range(times)
    ]  # fmt: skip


def test_who_tries_anothers_number_shuts_only_themselves_out(room: Room) -> None:
    """From one account: six, wherever it is. The right person, at home in the same network too."""
    assert tried(room, 8, "thief", "10.0.0.{}") == [True] * 6 + [False] * 2
    assert tried(room, 2, "ex-partner", "127.0.0.1") == [True] * 2
    room.site.later(minutes=29)
    room.site.sign_in("nobody")
    assert tried(room, 1, "thief", "10.0.0.99") == [False]
    assert "What is done" in room.claim().text
    assert len(room.site.rows(CaseRecord)) == 1


@ON_ONE_ENGINE
def test_one_account_at_home_leaves_tries_to_the_others_there_for_good(room: Room) -> None:
    for _ in range(6):
        tried(room, 12, "ex-partner", "127.0.0.1")
        assert tried(room, 1, "nobody", "127.0.0.1") == [True]
        room.site.later(minutes=30)


@ON_ONE_ENGINE
def test_a_number_is_tried_twelve_times_from_one_network(room: Room) -> None:
    assert tried(room, 14, "account-{}", "10.0.0.1") == [True] * 12 + [False] * 2


@ON_ONE_ENGINE
def test_a_number_is_tried_sixty_times_by_anybody_and_then_waits(room: Room) -> None:
    assert tried(room, 61, "account-{}", "10.0.0.{}") == [True] * 60 + [False]
    page = room.claim()
    assert page.status_code == 429
    assert 60 < int(page.headers["Retry-After"]) <= 600
    assert "perhaps somebody else typed in the same number" in page.text
    assert room.site.rows(CaseRecord) == []


@ON_ONE_ENGINE
def test_without_a_case_no_page_sends_anybody_to_a_counter(room: Room) -> None:
    """A counter asks for the reference of a case: who has none would be sent away."""
    tried(room, 61, "account-{}", "10.0.0.{}")
    for page in (room.claim(), room.site.get("/identity/not-matched")):
        assert "counter" not in page.text
    assert "Ask the office that sends you letters" in room.site.get("/identity/not-matched").text


@ON_ONE_ENGINE
def test_one_account_tries_six_numbers_and_then_waits(room: Room) -> None:
    pages = [room.claim(number=f"CS 10 08 0{place} A") for place in range(7)]
    assert [page.status_code for page in pages] == [200] * 6 + [429]


def test_the_owner_of_a_number_is_told_after_three_failed_tries_and_once_a_day(
    room: Room,
) -> None:
    room.old_account()

    def tried() -> list[Any]:
        return [one for one in room.told() if one.notice is Notice.NUMBER_TRIED]

    for expected in (0, 0, 1, 1):
        room.claim(family_name="Barker")
        assert len(tried()) == expected
    assert tried()[0].contact.address == "beth@old-account.example"
    room.site.later(hours=25)
    room.site.sign_in("nobody")
    for _ in range(3):
        room.claim(family_name="Barker")
    assert len(tried()) == 2


@ON_ONE_ENGINE
def test_nobody_is_told_of_a_number_that_nobody_has(room: Room) -> None:
    for _ in range(4):
        room.claim(number="CS 10 07 99 A")
    assert room.told() == []


@ON_ONE_ENGINE
def test_the_number_is_stored_nowhere_in_clear_and_shown_on_no_page(room: Room) -> None:
    pages = [room.claim(), room.site.get("/identity"), room.site.get("/identity/counter")]
    for page in pages:
        assert "100700" not in page.text.replace(" ", "")
        assert "100700" not in page.request.url
    stored = room.everything_stored()
    assert "CS100700" not in stored
    assert "Liz" not in stored  # what was typed is sealed


@ON_ONE_ENGINE
def test_a_second_claim_while_a_case_is_open_looks_nothing_up(room: Room) -> None:
    room.claim()
    page = room.site.get("/identity/claim")
    assert "What is done" in page.text
    assert len(room.site.rows(CaseRecord)) == 1
