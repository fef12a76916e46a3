"""Evidence by code and by outside checkers: held once, and nothing lost when others fail."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from idp.authentication.records import OneTimeCodeRecord
from idp.journal.records import JournalEntry
from idp.keyring import jose
from idp.notices.rules import Notice
from idp.outbox.records import OutboxRecord
from idp.proofing.checkers import (
    ANSWER_TYPE,
    REQUEST_TYPE,
    Checker,
    CheckersProblem,
    bound_to,
    load_checkers,
    read_answer,
)
from idp.proofing.evidence import give_up_late
from idp.proofing.records import ContactCodeRecord, EvidenceRecord
from idp.work import clear
from tests.proofing.room import ON_ONE_ENGINE, Answer, Room, both

OURS = "http://localhost:18000"
CHECKER = Checker(id="sample-checker", url="u", jwks="j", kinds=("document-check",))
PASSPORT = {"document": "passport", "number": "533401372"}


def shown(room: Room, **changed: str) -> None:
    """Claim, and give a passport's number."""
    room.claim()
    page = room.site.submit(room.site.get("/identity/document"), **PASSPORT | changed)
    assert "One moment" in page.text, page.text


def states(room: Room) -> dict[str, str]:
    return {row["kind"]: row["state"] for row in room.site.rows(EvidenceRecord)}


def kinds(room: Room) -> list[str]:
    return [row["kind"] for row in room.site.rows(JournalEntry)]


def test_a_document_and_a_fraud_check_by_a_real_checker_prove_who_somebody_is(room: Room) -> None:
    shown(room)
    assert room.outside.tokens == []  # nobody is asked from a page
    assert room.ask_checkers() == 2
    assert states(room) == dict.fromkeys(
        ("register-match", "document-check", "fraud-check"), "held"
    )
    account = room.site.account("nobody")
    assert (account["person_ref"], account["identity_level"]) == (room.person, 2)
    assert [told.notice for told in room.told()] == [Notice.IDENTITY_PROVED]  # once for both
    assert {"evidence-asked", "evidence-held", "identity-proved"} <= set(kinds(room))
    assert "We know who you are now" in room.site.get("/identity").text


@ON_ONE_ENGINE
def test_a_checker_gets_the_registers_name_and_never_the_number(room: Room) -> None:
    shown(room)
    room.ask_checkers()
    asked = [jose.peek_claims(token) for token in room.outside.tokens]
    assert {one["person"]["given_name"] for one in asked} == {"Elizabeth"}
    assert [one["document"]["number"] for one in asked if "document" in one] == ["533401372"]
    assert "100700" not in json.dumps(asked)


@ON_ONE_ENGINE
def test_a_documents_number_waits_sealed_and_is_gone_when_it_was_checked(room: Room) -> None:
    shown(room)
    assert "533401372" not in room.everything_stored()
    room.ask_checkers()
    assert not any(
        row["payload"] for row in room.site.rows(OutboxRecord) if row["kind"] == "identity-check"
    )


@ON_ONE_ENGINE
def test_a_refused_document_may_be_given_again_three_times_and_joins_nobody(room: Room) -> None:
    shown(room, number="533401372FAIL")
    room.ask_checkers()
    assert states(room)["document-check"] == "refused"
    assert room.site.account("nobody")["person_ref"] is None
    assert "We could not match that document to you" in room.site.get("/identity").text
    for _ in range(2):
        room.site.submit(room.site.get("/identity/document"), **PASSPORT | {"number": "12345FAIL"})
        room.ask_checkers()
    page = room.site.get("/identity/document")
    assert "What is done" in page.text  # three in all; the counter is still there
    assert "Go to a counter" in page.text


@ON_ONE_ENGINE
def test_signs_of_fraud_leave_only_the_counter(room: Room) -> None:
    def fraud_found(token: str) -> Answer:
        claims = jose.peek_claims(token)
        finding = "fail" if claims["kind"] == "fraud-check" else "pass"
        return 200, room.outside.checker.sign(claims, token, finding)

    room.outside.act = fraud_found
    shown(room)
    room.ask_checkers()
    assert states(room)["fraud-check"] == "refused"
    page = room.site.get("/identity")
    assert "Go to a counter and show a document" in page.text
    assert "/identity/fraud" not in page.text
    account = room.site.account("nobody")
    assert account["identity_level"] == 1  # the document alone; Tax stays shut


def asked_by(key: jose.PrivateKey) -> str:
    """A request of ours."""
    claims = {"iss": OURS, "aud": CHECKER.id, "jti": "evidence", "kind": "document-check"}
    return jose.sign(claims, key, algorithm="ES256", typ=REQUEST_TYPE)


def honest(key: Any, token: str, **changed: Any) -> bytes:
    """A signed answer to a request, changed as told; None leaves a claim out."""
    claims, now = jose.peek_claims(token), int(time.time())
    typ = changed.pop("typ", ANSWER_TYPE)
    said = {
        "iss": CHECKER.id, "aud": OURS, "jti": claims["jti"], "kind": claims["kind"],
        "request": bound_to(token), "finding": "pass", "iat": now, "exp": now + 60,
    } | changed  # fmt: skip
    kept = {name: value for name, value in said.items() if value is not None}
    return jose.sign(kept, key, algorithm="ES256", typ=typ).encode()


def read(answer: bytes, request: str, key: jose.PrivateKey) -> Any:
    return read_answer(
        answer, request=request, checker=CHECKER, issuer=OURS, evidence_ref="evidence",
        kind="document-check", keys=[key], now=int(time.time()),
    )  # fmt: skip


LIES: dict[str, Callable[[Any, str], bytes]] = {
    "another jti": lambda key, token: honest(key, token, jti="another"),
    "another kind": lambda key, token: honest(key, token, kind="counter-visit"),
    "an earlier request": lambda key, token: honest(key, token, request="x" * 43),
    "no request": lambda key, token: honest(key, token, request=None),
    "for somebody else": lambda key, token: honest(key, token, aud="https://other"),
    "for many": lambda key, token: honest(key, token, aud=[OURS, "https://other"]),
    "from somebody else": lambda key, token: honest(key, token, iss="other"),
    "of another type": lambda key, token: honest(key, token, typ="jwt"),
    "out of date": lambda key, token: honest(key, token, exp=1),
    "not yet": lambda key, token: honest(key, token, iat=2**40),
    "without an end": lambda key, token: honest(key, token, exp=None),
    "a finding of its own": lambda key, token: honest(key, token, finding="maybe"),
    "a list of findings": lambda key, token: honest(key, token, finding=["pass"]),
    "no finding": lambda key, token: honest(key, token, finding=None),
    "a stranger's key": lambda _key, token: honest(jose.generate("ES256"), token),
    "our own request": lambda _key, token: token.encode(),
    "garbage": lambda _key, _token: b"<p>Thank you</p>",
    "bytes": lambda _key, _token: b"\xff\xfe" * 40,
    "nothing": lambda _key, _token: b"",
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_an_answer_is_believed_only_where_all_of_it_fits_the_request(lie: str) -> None:
    ours, theirs = jose.generate("ES256"), jose.generate("ES256")
    request = asked_by(ours)
    answer = LIES[lie](theirs, request)
    with pytest.raises(jose.BadToken):
        read(answer, request, theirs)
    assert read(honest(theirs, request), request, theirs).finding == "pass"


@ON_ONE_ENGINE
def test_what_cannot_be_believed_or_is_not_done_is_asked_for_again_and_nothing_is_lost(
    room: Room,
) -> None:
    """Over real HTTP: lying, down, elsewhere, pending, unsure, huge, in turn; then honest."""
    key = room.outside.checker.key
    answers: list[Callable[[str], Answer]] = [
        lambda token: (200, honest(key, token, jti="another")),
        lambda token: (200, honest(jose.generate("ES256"), token)),
        lambda token: (200, honest(key, token, finding="unsure")),
        lambda _token: (200, b"x" * 200_000),
        lambda _token: (503, b""),
        lambda _token: (302, b""),
        lambda _token: (202, b""),
    ]
    shown(room)
    for place, act in enumerate(answers):
        room.outside.act = act
        assert room.ask_checkers(seconds=2**place + 1) == 0, place
        assert len(room.outside.tokens) == 2 * (place + 1)
        assert states(room)["document-check"] == states(room)["fraud-check"] == "asked"
        assert room.site.account("nobody")["person_ref"] is None
    assert "Your document is being checked" in room.site.get("/identity/waiting").text
    room.outside.act = None
    assert room.ask_checkers(seconds=300) == 2
    assert room.site.account("nobody")["identity_level"] == 2


@ON_ONE_ENGINE
def test_an_answer_replayed_to_a_later_request_is_not_believed(room: Room) -> None:
    shown(room)
    kept: list[bytes] = []

    def keep_and_hang_up(token: str) -> Answer:
        kept.append(room.outside.checker.answer(token)[1])
        return 503, b""

    room.outside.act = keep_and_hang_up
    room.ask_checkers()
    room.outside.act = lambda _token: (200, kept.pop())
    assert room.ask_checkers(seconds=30) == 0
    assert states(room)["document-check"] == "asked"


@ON_ONE_ENGINE
def test_a_slow_checker_holds_up_no_page_and_no_other_message(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.site.house.egress, "_total_seconds", 0.5)
    shown(room)
    room.outside.act = lambda _token: (time.sleep(2), (202, b""))[1]  # type: ignore[func-returns-value]
    begun = time.monotonic()
    answers = both(lambda: room.ask_checkers(), lambda: room.site.get("/identity/counter"))
    assert answers[0] == 0
    assert answers[1].status_code == 200
    assert time.monotonic() - begun < 4
    assert states(room)["document-check"] == "asked"


@ON_ONE_ENGINE
def test_a_checker_that_is_gone_leaves_the_evidence_asked_and_other_ways_open(room: Room) -> None:
    shown(room)
    room.outside.act = lambda _token: (503, b"")
    for _ in range(3):
        room.ask_checkers(seconds=60)
    page = room.site.get("/identity")
    assert "What we wait for" in page.text
    assert "Go to a counter and show a document" in page.text


def test_after_four_hours_the_check_is_unavailable_and_can_be_asked_for_again(room: Room) -> None:
    shown(room)
    room.site.later(hours=4, minutes=1)
    clear(room.site.database)
    assert states(room)["document-check"] == "unavailable"
    assert kinds(room).count("evidence-unavailable") == 2
    room.site.sign_in("nobody")
    assert "Nobody could check your document today" in room.site.get("/identity").text
    page = room.site.submit(room.site.get("/identity/document"), **PASSPORT)
    assert "One moment" in page.text
    assert room.ask_checkers() == 2
    assert room.site.account("nobody")["identity_level"] == 2


def test_a_late_answer_to_evidence_given_up_changes_nothing(room: Room) -> None:
    shown(room)

    def late(token: str) -> Answer:
        room.site.later(hours=5)
        room.site.database.transaction(give_up_late)
        return 200, honest(room.outside.checker.key, token, iat=None, exp=2**40)

    room.outside.act = late
    room.ask_checkers()
    assert states(room)["document-check"] == "unavailable"
    assert room.site.account("nobody")["person_ref"] is None


def test_asking_twice_at_once_asks_once(room: Room) -> None:
    from idp.proofing import checking

    case = room.open_case()

    def ask() -> object:
        return room.site.database.transaction(
            lambda tx: checking.begin(
                tx, room.keyring, room.site.house.checkers, case=case, kind="fraud-check"
            )
        )

    assert [one is None for one in both(ask, ask)].count(False) == 1
    assert len(room.site.rows(EvidenceRecord, kind="fraud-check")) == 1


@ON_ONE_ENGINE
def test_a_checker_is_asked_no_more_often_than_it_allows(room: Room) -> None:
    from idp.proofing import checking
    from idp.throttle import actions as throttle
    from idp.throttle.actions import Limit

    shown(room)
    limit = Limit(
        kind="checker",
        value="sample-checker",
        burst=checking.CHECKER_BURST,
        per=checking.CHECKER_PER,
    )
    room.site.later(seconds=2)
    while throttle.reserve(room.site.database, room.keyring, [limit]) is None:
        pass
    from idp.work import ask_checkers

    ask_checkers(room.site.house)
    assert len(room.outside.tokens) <= 1  # two a second, and it took that long
    assert room.ask_checkers(seconds=60) >= 1


@ON_ONE_ENGINE
def test_checks_are_asked_for_four_times_and_then_wait(room: Room) -> None:
    room.claim()
    codes = []
    for _ in range(5):
        page = room.site.submit(room.site.get("/identity/fraud"))
        codes.append(page.status_code)
    assert codes == [200] * 4 + [429]
    assert len(room.site.rows(EvidenceRecord, kind="fraud-check")) == 1


@ON_ONE_ENGINE
def test_a_document_that_cannot_be_read_is_said_and_asks_nobody(room: Room) -> None:
    room.claim()
    number, chosen = "Type in the number of the document", "Choose which document you have"
    for given, said in (
        ({"document": "passport", "number": ""}, number),
        ({"document": "library-card", "number": "12345678"}, chosen),
        ({"number": "12345678"}, chosen),
        ({"document": "passport", "number": "<script>"}, number),
    ):
        page = room.site.submit(room.site.get("/identity/document"), **given)
        assert (page.status_code, said in page.text) == (422, True), given
        assert "document-check" not in states(room)


@ON_ONE_ENGINE
def test_the_waiting_page_looks_again_without_a_script_and_can_be_told_not_to(room: Room) -> None:
    shown(room)
    page = room.site.get("/identity/waiting")
    assert page.headers["Refresh"] == "8"
    still = room.site.get("/identity/waiting?still=yes")
    assert "Refresh" not in still.headers
    assert "does not look again by itself" in still.text


# Codes to a contact of the register


@ON_ONE_ENGINE
def test_a_code_to_the_registers_own_contact_and_no_fraud_reach_the_first_level_only(
    room: Room,
) -> None:
    room.claim()
    page = room.site.submit(room.site.get("/identity/contact/email"))
    assert "b•••@o•••.example" in page.text
    assert "beth@old.example" not in page.text
    code = room.code_sent()
    assert code not in room.everything_stored()
    room.site.submit(page, code=code)
    room.ask_checkers()
    account = room.site.account("nobody")
    assert (account["identity_level"], account["person_ref"]) == (1, room.person)
    assert kinds(room).count("contact-code-sent") == 1


@ON_ONE_ENGINE
def test_all_that_a_housemate_has_never_reaches_the_second_level(room: Room) -> None:
    case = room.open_case()
    assert room.hold(case, "contact-email", "contact-text", "fraud-check").level == 1
    assert room.site.account("nobody")["identity_level"] == 1


@ON_ONE_ENGINE
def test_no_code_is_offered_where_the_register_knows_no_contact(room: Room) -> None:
    from idp.register.rules import Contacts

    other = room.add("CS100701A", contacts=Contacts(phone="+447700900123"))
    room.open_case(person=other)
    page = room.site.get("/identity")
    assert "/identity/contact/email" not in page.text
    assert room.site.get("/identity/contact/email").status_code == 404
    assert room.site.get("/identity/contact/old-account").status_code == 404


@ON_ONE_ENGINE
def test_a_wrong_code_holds_nothing_and_five_tries_are_all(room: Room) -> None:
    room.claim()
    page = room.site.submit(room.site.get("/identity/contact/text"))
    assert room.told()[-1].contact.channel == "text"
    right = room.code_sent()
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    codes = [room.site.submit(page, code=wrong).status_code for _ in range(6)]
    assert codes == [422] * 5 + [429]
    assert room.site.submit(page, code=right).status_code == 429
    assert "contact-text" not in states(room)
    assert [row["used_at"] for row in room.site.rows(ContactCodeRecord)] == [None]


def test_a_code_works_for_ten_minutes_and_only_the_newest(room: Room) -> None:
    room.claim()
    page = room.site.submit(room.site.get("/identity/contact/email"))
    first = room.code_sent()
    room.site.later(seconds=1)
    room.site.submit(room.site.get("/identity/contact/email"))
    second = room.code_sent()
    if first != second:
        assert room.site.submit(page, code=first).status_code == 422
    room.site.later(minutes=10)
    assert room.site.submit(page, code=second).status_code == 422
    assert "contact-email" not in states(room)


def test_a_code_is_spent_once_by_two_at_once(room: Room) -> None:
    from idp.proofing import contacts

    case = room.open_case()
    contacts.send_code(room.site.database, room.keyring, case, "email", "10.0.0.1")
    code = room.code_sent()

    def give() -> object:
        return contacts.give_code(
            room.site.database, room.keyring, room.site.house.policies, case=case,
            channel="email", typed=code, address="10.0.0.1",
        )  # fmt: skip

    assert sorted(map(str, both(give, give))) == ["right", "wrong"]
    assert len(room.site.rows(EvidenceRecord, kind="contact-email")) == 1


@ON_ONE_ENGINE
def test_codes_are_sent_four_times_and_then_wait(room: Room) -> None:
    room.claim()
    pages = [room.site.submit(room.site.get("/identity/contact/email")) for _ in range(5)]
    assert [page.status_code for page in pages] == [200] * 4 + [429]
    assert len(room.site.rows(ContactCodeRecord)) == 4


# Reaching a level


@ON_ONE_ENGINE
def test_raising_later_goes_from_the_first_level_to_the_third_and_keeps_the_account(
    room: Room,
) -> None:
    case = room.open_case()
    levels = []
    for more in (["contact-email", "fraud-check"], ["document-check"], ["counter-visit"]):
        room.hold(case, *more)
        room.site.later(hours=2)
        levels.append(room.site.account("nobody")["identity_level"])
    assert levels == [1, 2, 3]
    assert room.case_row(case.ref)["outcome"] == "joined"
    assert len([one for one in room.told() if one.notice is Notice.IDENTITY_PROVED]) == 3


@ON_ONE_ENGINE
def test_a_proved_account_that_one_check_opened_is_led_to_the_way_back(room: Room) -> None:
    room.site.sign_in("sian", ("password",))
    room.site.database.transaction(lambda tx: tx.execute(delete(OneTimeCodeRecord)))
    page = room.site.get("/identity")
    assert page.status_code == 403
    assert "Your account needs a second check" in page.text
    assert "/enrol" in page.text


def test_two_pieces_held_at_once_are_weighed_together(room: Room) -> None:
    case = room.open_case()
    both(lambda: room.hold(case, "document-check"), lambda: room.hold(case, "fraud-check"))
    assert room.site.account("nobody")["identity_level"] == 2


@ON_ONE_ENGINE
def test_scores_are_those_of_the_day_the_evidence_was_held(room: Room) -> None:
    case = room.open_case()
    room.hold(case, "document-check", "fraud-check")
    (row,) = room.site.rows(EvidenceRecord, kind="document-check")
    assert row["scores"] == {
        "strength": 4, "validity": 2, "activity": 0, "fraud": 0, "verification": 2,
    }  # fmt: skip


@ON_ONE_ENGINE
def test_a_person_who_died_since_is_joined_to_nobody(room: Room) -> None:
    from datetime import date

    from idp.register.actions import record_death

    case = room.open_case()
    room.site.database.transaction(
        lambda tx: record_death(tx, room.person, date(2020, 1, 1), "tests")
    )
    room.hold(case, "document-check", "fraud-check")
    assert room.site.account("nobody")["person_ref"] is None
    assert "We cannot go on here" in room.site.get("/identity").text


def test_a_file_of_checkers_that_is_wrong_stops_the_start_and_says_why(tmp_path: Any) -> None:
    file = tmp_path / "checkers.toml"
    for text, said in (
        ("[[checker]]\nid = 3", "id"),
        ("not toml", "is not TOML"),
        ('[[checker]]\nid="a"\nurl="u"\njwks="j"\nkinds=["iris"]', "kinds"),
        ('[[checker]]\nid="a"\nurl="u"\njwks="j"\nkinds=["fraud-check"]\n' * 2, "same id"),
    ):
        file.write_text(text)
        with pytest.raises(CheckersProblem, match=said):
            load_checkers(file)
    with pytest.raises(CheckersProblem, match="cannot be read"):
        load_checkers(tmp_path / "none.toml")
