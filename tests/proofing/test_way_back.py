"""Proving again leads back into the account there is: after a wait, told to all, once."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from idp.accounts.actions import account_of_person, create_account
from idp.accounts.records import AccountRecord
from idp.accounts.subjects import subject_of
from idp.authentication import sessions
from idp.authentication.actions import enrol_totp, new_seed, set_password
from idp.authentication.records import ClientSessionRecord, PasswordRecord, SessionRecord
from idp.journal.records import JournalEntry
from idp.keyring.sealing import digest
from idp.notices.rules import Notice
from idp.oidc.records import GrantRecord
from idp.proofing import cases, stopping, ways_back
from idp.proofing.cases import Case
from idp.proofing.reaching import Reached
from idp.proofing.records import CaseRecord, WayBackRecord
from idp.proofing.stopping import Stopped
from idp.proofing.ways_back import Begun, Taken
from idp.register.records import PersonRecord
from idp.storage import Transaction
from tests.proofing.room import Room, both

PROOF = ("document-check", "fraud-check")


def begun(room: Room, level: int = 2) -> tuple[str, Case]:
    """Elizabeth has an account, lost it, and proved again with a new one."""
    old = room.old_account(level)
    case = room.open_case()
    assert room.hold(case, *PROOF).reached is Reached.WAY_BACK
    return old, case


def the_way(room: Room) -> Any:
    (row,) = room.site.rows(WayBackRecord)
    return row


def token(room: Room) -> str:
    """The token of the newest stop link: the text message's, to the register's telephone."""
    return links(room)["+447700900123"]


def links(room: Room) -> dict[str, str]:
    """The tokens of the newest stop links, by where they went."""
    told = [one for one in room.told() if one.notice is Notice.WAY_BACK_BEGUN]
    return {one.contact.address: one.values["link"].rpartition("/")[2] for one in told}


def take(room: Room) -> Taken:
    return ways_back.take(
        room.site.database, room.keyring, room.site.house.policies,
        way_back_ref=the_way(room)["ref"], account_ref=room.account,
    )  # fmt: skip


def stop(room: Room, secret: str) -> bool:
    return stopped_by(room, secret) is Stopped.STOPPED


def stopped_by(room: Room, secret: str) -> Stopped:
    return room.site.database.transaction(
        lambda tx: stopping.stop(tx, room.keyring, room.site.house.policies, secret)
    )


def again(room: Room) -> None:
    """Sign in again as the new account, after hours."""
    room.site.sign_in("nobody")


def test_proving_again_begins_a_way_back_and_merges_nothing(room: Room) -> None:
    old, _case = begun(room)
    row = the_way(room)
    assert (row["account_ref"], row["by_account_ref"]) == (old, room.account)
    assert round((row["due_at"] - row["created_at"]).total_seconds()) == 48 * 3600
    assert room.site.account("nobody")["person_ref"] is None
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert (kept["person_ref"], kept["disabled_at"]) == (room.person, None)


def test_every_known_channel_is_told_how_to_stop_it(room: Room) -> None:
    begun(room)
    told = [one for one in room.told() if one.notice is Notice.WAY_BACK_BEGUN]
    assert {(one.contact.channel, one.contact.address) for one in told} == {
        ("email", "beth@old-account.example"), ("email", "beth@old.example"),
        ("email", "nobody@example.test"), ("text", "+447700900123"),
    }  # fmt: skip
    assert all(one.values["account"] == "beth@old-account.example" for one in told)
    assert all(
        re.fullmatch(r"/way-back/stop/([\w-]{43}|[0-9a-f]{64})", one.values["link"]) for one in told
    )
    stored = room.everything_stored()
    assert not [secret for secret in links(room).values() if secret in stored]


def test_what_a_household_shares_is_no_way_into_an_account_of_two_checks(room: Room) -> None:
    """The number, a code to the shared mailbox and a fraud check: a housemate has all three."""
    old = room.old_account(level=1)
    with_app(room, old)
    case = room.open_case()
    settled = room.hold(case, "contact-email", "fraud-check")
    assert (settled.level, settled.reached) == (1, Reached.MORE)
    assert room.site.rows(WayBackRecord) == []
    assert room.told() == []
    assert room.hold(case, "document-check").reached is Reached.WAY_BACK


def test_a_second_check_set_up_during_the_wait_asks_for_more_too(room: Room) -> None:
    old = room.old_account(level=1)
    case = room.open_case()
    assert room.hold(case, "contact-email", "fraud-check").reached is Reached.WAY_BACK
    with_app(room, old)
    room.site.later(hours=49)
    again(room)
    assert take(room) is Taken.TOO_LITTLE
    assert room.site.rows(AccountRecord, ref=old)[0]["superseded_by"] is None
    assert the_way(room)["ended_at"] is None


def with_app(room: Room, account: str) -> None:
    room.site.database.transaction(lambda tx: enrol_totp(tx, room.keyring, account, new_seed()))


def test_less_proof_than_the_old_account_has_begins_nothing_and_says_nothing(room: Room) -> None:
    room.old_account(level=3)
    case = room.open_case()
    assert room.hold(case, *PROOF).reached is Reached.MORE
    assert room.site.rows(WayBackRecord) == []
    assert room.told() == []
    page = room.site.get("/identity").text
    assert "already" not in page
    assert "Go to a counter and show a document" in page


def test_the_status_page_says_until_when_and_shows_no_whole_address(room: Room) -> None:
    begun(room)
    page = room.site.get("/identity")
    assert "You have an account already" in page.text
    assert "b•••@o•••.example" in page.text
    assert "beth@old-account.example" not in page.text


def test_nobody_gets_in_before_the_wait_is_over(room: Room) -> None:
    begun(room)
    assert take(room) is Taken.NOT_NOW
    room.site.later(hours=47, minutes=59)
    assert take(room) is Taken.NOT_NOW
    assert the_way(room)["ended_at"] is None
    again(room)
    assert "You get in from" in room.site.get("/identity/way-back/take").text


def test_the_old_account_keeps_its_reference_subjects_and_level(room: Room) -> None:
    old, case = begun(room)

    def subject() -> str:
        return room.site.database.transaction(
            lambda tx: subject_of(tx, sector="revenue", kind="self", account_ref=old)
        )

    before = subject()
    room.site.later(hours=48, minutes=1)
    again(room)
    page = room.site.submit(room.site.get("/identity/way-back/take"))
    assert "You are back in your account" in page.text
    assert subject() == before
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert (kept["sign_in_name"], kept["email"]) == ("nobody@example.test",) * 2
    assert (kept["person_ref"], kept["identity_level"]) == (room.person, 2)
    (closed,) = room.site.rows(AccountRecord, superseded_by=old)
    assert closed["disabled_at"] is not None
    assert the_way(room)["outcome"] == "taken"
    assert room.case_row(case.ref)["outcome"] == "recovered"
    held = room.site.database.read(lambda tx: account_of_person(tx, room.person))
    assert held is not None
    assert held.ref == old


def test_the_old_ways_to_sign_in_go_and_the_new_ones_come(room: Room) -> None:
    old, _case = begun(room)
    (new_hash,) = room.site.rows(PasswordRecord, account_ref=room.account)
    room.site.later(hours=49)
    assert take(room) is Taken.TAKEN
    (moved,) = room.site.rows(PasswordRecord, account_ref=old)
    assert moved["hash"] == new_hash["hash"]


def test_every_session_of_both_accounts_ends(room: Room) -> None:
    old, _case = begun(room)
    room.site.later(hours=49)
    again(room)
    room.site.database.transaction(lambda tx: sessions.start(tx, old, {"password": 1}, tx.now()))
    assert take(room) is Taken.TAKEN
    now = room.site.database.now()
    assert [
        row["account_ref"]
        for row in room.site.rows(SessionRecord)
        if row["ended_at"] is None and row["expires_at"] > now
    ] == []
    kinds = [row["kind"] for row in room.site.rows(JournalEntry)]
    assert "way-back-taken" in kinds
    assert len([one for one in room.told() if one.notice is Notice.WAY_BACK_TAKEN]) == 4


def test_taking_twice_at_once_takes_once(room: Room) -> None:
    begun(room)
    room.site.later(hours=49)
    assert sorted(both(lambda: take(room), lambda: take(room))) == [
        Taken.NOT_NOW, Taken.TAKEN,
    ]  # fmt: skip


def test_stopping_and_taking_at_once_has_exactly_one_winner(room: Room) -> None:
    old, _case = begun(room)
    secret = token(room)
    room.site.later(hours=49)
    taken, stopped = both(lambda: take(room), lambda: stop(room, secret))
    assert (taken is Taken.TAKEN) != stopped
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert (kept["sign_in_name"] == "nobody@example.test") == (taken is Taken.TAKEN)
    assert the_way(room)["outcome"] == ("taken" if taken is Taken.TAKEN else "stopped")


def test_two_who_prove_to_be_one_person_at_once_begin_one_way_back(room: Room) -> None:
    room.old_account()
    first, second = room.open_case(), room.open_case(account=str(room.site.account("sian")["ref"]))
    answers = both(lambda: room.hold(first, *PROOF), lambda: room.hold(second, *PROOF))
    found = {one.reached for one in answers}
    # The account of Sian is Sian's: it can be joined to nobody else and begins nothing.
    assert Reached.WAY_BACK in found
    assert len(room.site.rows(WayBackRecord)) == 1


def test_a_stop_link_shows_a_page_first_and_stops_only_when_the_button_is_pressed(
    room: Room,
) -> None:
    _old, case = begun(room)
    room.site.browser = room.site.new_browser()  # anybody who was told, signed in or not
    path = f"/way-back/stop/{token(room)}"
    page = room.site.get(path)
    assert "Do you want to stop it?" in page.text
    assert the_way(room)["ended_at"] is None
    assert "It is stopped" in room.site.submit(page).text
    assert the_way(room)["outcome"] == "stopped"
    assert room.case_row(case.ref)["outcome"] == "stopped"
    assert len([one for one in room.told() if one.notice is Notice.WAY_BACK_STOPPED]) == 4
    assert room.site.get(path).status_code == 404  # single use
    assert take(room) is Taken.NOT_NOW


def test_a_link_that_is_nobodys_stops_nothing(room: Room) -> None:
    begun(room)
    room.site.browser = room.site.new_browser()
    page = room.site.get(f"/way-back/stop/{'x' * 43}")
    assert page.status_code == 404
    assert not stop(room, "x" * 43)
    assert the_way(room)["ended_at"] is None


def test_after_a_stop_the_next_way_back_needs_a_counter(room: Room) -> None:
    begun(room)
    stop(room, token(room))
    room.site.later(seconds=1)
    case = room.open_case()
    assert room.hold(case, *PROOF).reached is Reached.COUNTER
    assert len(room.site.rows(WayBackRecord)) == 1
    again(room)
    assert "you need to go to a counter" in room.site.get("/identity").text
    room.visit(case)
    assert len(room.site.rows(WayBackRecord, outcome=None)) == 1
    again(room)
    assert "You have an account already" in room.site.get("/identity").text


def test_a_way_back_nobody_takes_lapses_and_can_be_asked_for_again(room: Room) -> None:
    begun(room)
    room.site.later(days=17)
    assert take(room) is Taken.NOT_NOW
    again(room)
    page = room.site.get("/identity/way-back")
    assert "You did not come back in time" in page.text
    room.site.submit(page)
    outcomes = [row["outcome"] for row in room.site.rows(WayBackRecord)]
    assert sorted(map(str, outcomes)) == ["None", "lapsed"]


def test_a_code_to_the_old_accounts_own_address_ends_the_wait(room: Room) -> None:
    begun(room)
    page = room.site.submit(room.site.get("/identity/way-back"))
    assert room.told()[-1].contact.address == "beth@old-account.example"
    assert "You can go in now" in room.site.submit(page, code=room.code_sent()).text
    assert take(room) is Taken.TAKEN
    assert "way-back-wait-ended" in [row["kind"] for row in room.site.rows(JournalEntry)]


def test_a_wrong_code_ends_no_wait(room: Room) -> None:
    begun(room)
    page = room.site.submit(room.site.get("/identity/way-back"))
    wrong = f"{(int(room.code_sent()) + 1) % 1_000_000:06d}"
    assert room.site.submit(page, code=wrong).status_code == 422
    assert take(room) is Taken.NOT_NOW


def test_what_a_housemate_can_show_never_ends_the_wait(room: Room) -> None:
    room.old_account(level=1)
    case = room.open_case()
    assert room.hold(case, "contact-email", "fraud-check").reached is Reached.WAY_BACK
    page = room.site.get("/identity/way-back")
    assert "Send a code there" not in page.text
    token_field = re.search(r'name="csrf_token" value="([^"]*)"', room.site.get("/account").text)
    assert token_field
    room.site.browser.post(
        "/identity/way-back/send", data={"csrf_token": token_field.group(1)},
        base_url=room.site.house.settings.issuer,
    )  # fmt: skip
    assert not any("code" in one.values for one in room.told())
    assert take(room) is Taken.NOT_NOW


def test_the_way_back_is_of_the_account_that_proved_again_and_of_no_other(room: Room) -> None:
    begun(room)
    room.site.later(hours=49)
    other = str(room.site.account("sian")["ref"])
    assert (
        ways_back.take(
            room.site.database, room.keyring, room.site.house.policies,
            way_back_ref=the_way(room)["ref"], account_ref=other,
        )
        is Taken.NOT_NOW
    )  # fmt: skip
    room.site.sign_in("sian")
    assert "You have an account already" not in room.site.get("/identity/way-back").text


@pytest.mark.parametrize("spoiled", ["old account raised", "old account closed", "evidence gone"])
def test_what_changed_during_the_wait_undoes_the_whole_taking(room: Room, spoiled: str) -> None:
    old, case = begun(room)
    if spoiled == "old account raised":
        room.site.change(AccountRecord, {"identity_level": 3}, ref=old)
    elif spoiled == "old account closed":
        room.site.change(AccountRecord, {"disabled_at": room.site.database.now()}, ref=old)
    else:
        room.site.database.transaction(
            lambda tx: cases.close_case(tx, case.ref, cases.Ending.GIVEN_UP)
        )
    room.site.later(hours=49)
    assert take(room) is Taken.TOO_LITTLE
    assert the_way(room)["ended_at"] is None
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert kept["sign_in_name"] == "beth@old-account.example"
    assert room.site.account("nobody")["disabled_at"] is None


@pytest.mark.parametrize("gone", ["died", "record given up"])
def test_nobody_gets_into_the_account_of_somebody_who_died(room: Room, gone: str) -> None:
    old, case = begun(room)
    if gone == "died":
        room.site.change(PersonRecord, {"died_on": date(2026, 1, 2)}, ref=room.person)
    else:
        room.site.change(PersonRecord, {"status": "duplicate"}, ref=room.person)
    way, passwords = the_way(room), room.site.rows(PasswordRecord, account_ref=old)
    assert not room.site.database.transaction(
        lambda tx: ways_back.shorten(tx, way["ref"], room.person)
    )
    assert the_way(room)["due_at"] == way["due_at"]
    room.site.later(hours=49)
    again(room)
    page = room.site.submit(room.site.get("/identity/way-back/take"))
    assert (page.status_code, "We cannot go on here" in page.text) == (409, True)
    assert the_way(room)["ended_at"] is None
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert (kept["sign_in_name"], kept["identity_level"]) == ("beth@old-account.example", 2)
    assert room.site.rows(PasswordRecord, account_ref=old) == passwords
    room.site.later(days=17)  # it lapsed: no other begins
    assert room.site.database.read(lambda tx: ways_back.outlook(tx, case, old)) is Begun.SHUT
    assert room.hold(case).reached is Reached.SHUT
    assert len(room.site.rows(WayBackRecord)) == 1


def test_whoever_was_in_either_account_is_out_at_every_service(room: Room) -> None:
    old, _case = begun(room)
    keep_in_touch(room, old)
    idle = keep_in_touch(room, room.account)
    room.site.later(hours=49)  # it lies idle since, and services may still hold tokens of it
    live = room.site.database.now() + timedelta(hours=1)
    room.site.change(SessionRecord, {"expires_at": live}, ref=idle)
    assert take(room) is Taken.TAKEN
    assert [row["ended_at"] is not None for row in room.site.rows(GrantRecord)] == [True, True]
    assert all(row["ended_at"] for row in room.site.rows(SessionRecord, ref=idle))
    assert all(row["ended_at"] for row in room.site.rows(ClientSessionRecord, session_ref=idle))
    signed_out = room.site.rows(JournalEntry, kind="signed-out")
    assert idle in [row["detail"]["session"] for row in signed_out]


def keep_in_touch(room: Room, account: str) -> str:
    """Sign in, and let a service go on while nobody is there; answer the session."""

    def work(tx: Transaction) -> str:
        sessions.start(tx, account, {"password": 1}, tx.now())
        newest = select(SessionRecord.ref).where(SessionRecord.account_ref == account)
        session = tx.execute(newest.order_by(SessionRecord.created_at.desc())).scalars().first()
        at = {"ref": f"sid-{account}", "session_ref": session, "client_id": "basic"}
        tx.execute(insert(ClientSessionRecord).values(**at, created_at=tx.now()))
        grant: dict[str, Any] = {
            "ref": f"grant-{account}", "client_id": "basic", "account_ref": account,
            "session_ref": session, "client_session_ref": at["ref"], "holder": account,
            "sub": "sub", "scope": "openid offline_access", "claims": {}, "acr": "", "vot": "",
            "amr": [], "auth_time": 1, "policy": "", "offline": True, "created_at": tx.now(),
        }  # fmt: skip
        tx.execute(insert(GrantRecord).values(**grant))
        return str(session)

    return room.site.database.transaction(work)


def test_one_case_is_open_at_a_time(room: Room) -> None:
    room.open_case()
    answers = both(lambda: open_another(room), lambda: open_another(room))
    assert answers == [None, None]
    assert len(room.site.rows(CaseRecord)) == 1


def open_another(room: Room) -> str | None:
    return room.site.database.transaction(
        lambda tx: cases.open_case(
            tx, room.keyring, room.site.house.policies, account_ref=room.account,
            person_ref=room.person, claim={},
        )
    )  # fmt: skip


def other_account(room: Room, name: str = "thief@example.test") -> str:
    """Another account that nobody has proved anything of."""

    def work(tx: Transaction) -> str:
        ref = create_account(tx, sign_in_name=name, email=name, confirmed=True)
        set_password(tx, room.keyring, ref, room.site.world.hashes["sian"])
        return ref

    return room.site.database.transaction(work)


def ways(room: Room) -> dict[str, Any]:
    """Every way back, by the case that began it."""
    return {row["case_ref"]: row for row in room.site.rows(WayBackRecord)}


def test_who_was_seen_at_a_counter_gets_past_the_way_back_of_somebody_else(room: Room) -> None:
    old, thief = room.old_account(), other_account(room)
    theirs = room.open_case(account=thief)
    assert room.hold(theirs, *PROOF).reached is Reached.WAY_BACK
    room.site.later(minutes=20)
    mine = room.open_case()
    assert room.hold(mine, *PROOF).reached is Reached.OTHER_WAY_BACK
    assert "Somebody else has asked" in room.site.get("/identity").text
    room.visit(mine)
    assert ways(room)[theirs.ref]["outcome"] == "stopped"
    assert room.case_row(theirs.ref)["outcome"] == "stopped"
    assert (ways(room)[mine.ref]["ended_at"], ways(room)[mine.ref]["account_ref"]) == (None, old)
    told = [one.contact.address for one in room.told() if one.notice is Notice.WAY_BACK_STOPPED]
    assert set(told) == {
        "beth@old-account.example", "beth@old.example", "thief@example.test", "+447700900123",
    }  # fmt: skip
    (stopped,) = room.site.rows(JournalEntry, kind="way-back-stopped")
    assert stopped["detail"]["overtaken_by"] == mine.ref
    # Who was stopped may not come again without a counter; and nor need I go there twice.
    again_theirs = room.open_case(account=thief)
    assert room.hold(again_theirs, *PROOF).reached is Reached.COUNTER
    room.site.later(days=17)
    assert room.hold(mine).reached is Reached.WAY_BACK


def test_a_way_back_waits_while_another_waits_whom_officers_saw(room: Room) -> None:
    old, thief = room.old_account(level=3), other_account(room)
    theirs = room.open_case(account=thief)
    room.visit(theirs)
    assert room.hold(theirs, "fraud-check").reached is Reached.WAY_BACK
    room.site.later(hours=1)
    mine = room.open_case()
    room.visit(mine)  # not enough yet to begin one: the account was proved by more
    assert list(ways(room)) == [theirs.ref]
    room.site.later(hours=49)
    assert take_of(room, theirs, thief) is Taken.TOO_LITTLE
    assert ways(room)[theirs.ref]["ended_at"] is None
    assert room.hold(mine, "fraud-check").reached is Reached.WAY_BACK
    assert ways(room)[theirs.ref]["outcome"] == "stopped"
    assert take_of(room, theirs, thief) is Taken.NOT_NOW
    room.site.later(hours=49)
    assert take_of(room, mine, room.account) is Taken.TAKEN
    (kept,) = room.site.rows(AccountRecord, ref=old)
    assert kept["sign_in_name"] == "nobody@example.test"


def test_a_visit_confirmed_and_a_way_back_taken_at_once_have_one_winner(room: Room) -> None:
    room.old_account()
    thief = other_account(room)
    theirs = room.open_case(account=thief)
    room.hold(theirs, *PROOF)
    mine = room.open_case()
    room.site.later(hours=49)
    taken, _outcome = both(lambda: take_of(room, theirs, thief), lambda: room.visit(mine))
    found = ways(room)
    assert found[theirs.ref]["outcome"] == ("taken" if taken is Taken.TAKEN else "stopped")
    assert found[mine.ref]["ended_at"] is None  # either way the person seen gets in next


def test_an_owner_seen_at_a_counter_ends_what_somebody_else_began(room: Room) -> None:
    mine = room.open_case()
    assert room.hold(mine, *PROOF).reached is Reached.RAISED
    thief = other_account(room)
    theirs = room.open_case(account=thief)
    assert room.hold(theirs, *PROOF).reached is Reached.WAY_BACK
    room.site.later(hours=1)
    room.visit(mine)
    assert ways(room)[theirs.ref]["outcome"] == "stopped"
    assert list(ways(room)) == [theirs.ref]


def test_the_old_accounts_own_address_does_not_undo_what_officers_saw(room: Room) -> None:
    room.old_account()
    case = room.open_case()
    room.hold(case, "fraud-check")
    room.visit(case)
    own = links(room)["beth@old-account.example"]
    assert len(set(links(room).values())) == 3
    room.site.browser = room.site.new_browser()
    page = room.site.get(f"/way-back/stop/{own}")
    assert "Two officers have seen them with a document" in page.text
    assert "Go to a counter before then" in page.text
    assert "We wrote down that it is not you" in room.site.submit(page).text
    assert the_way(room)["ended_at"] is None
    assert room.case_row(case.ref)["closed_at"] is None
    (entry,) = room.site.rows(JournalEntry, kind="way-back-objected")
    assert entry["detail"]["case"] == case.ref
    assert stop(room, links(room)["beth@old.example"])  # the register's contact still does


def seen_again(room: Room) -> Case:
    """Come again after a stop, with a visit to a counter and nothing more."""
    room.site.later(seconds=1)
    case = room.open_case()
    room.visit(case)
    assert ways(room)[case.ref]["ended_at"] is None
    return case


def test_the_old_accounts_own_address_stops_a_visit_once_and_not_for_ever(room: Room) -> None:
    room.old_account()
    seen_again(room)  # that proves as much as the account: no more
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.STOPPED
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.GONE
    case = seen_again(room)
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.SEEN
    assert ways(room)[case.ref]["ended_at"] is None
    room.site.later(hours=49)
    assert take_of(room, case, room.account) is Taken.TAKEN


def test_a_contact_of_the_register_stops_whoever_was_seen_since_a_stop(room: Room) -> None:
    begun(room)
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.STOPPED
    seen_again(room)
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.SEEN
    assert stopped_by(room, links(room)["beth@old.example"]) is Stopped.STOPPED


def take_of(room: Room, case: Case, account: str) -> Taken:
    return ways_back.take(
        room.site.database, room.keyring, room.site.house.policies,
        way_back_ref=ways(room)[case.ref]["ref"], account_ref=account,
    )  # fmt: skip


def at_the_old_account(room: Room, old: str) -> None:
    """Be signed in to Elizabeth's account of before, in a browser of its own."""
    room.site.browser = browser = room.site.new_browser()

    def work(tx: Transaction) -> str:
        now = tx.now()
        proofs = dict.fromkeys(("password", "one-time-code"), int(now.timestamp() * 1000))
        return sessions.start(tx, old, proofs, now)[1]

    secret = room.site.database.transaction(work)
    browser.set_cookie("gatehouse_session", secret, domain="localhost")


def press(room: Room, page: TestResponse, way: str | None = None) -> TestResponse:
    """Press the button of the account's page, which names the way back that it showed."""
    return room.site.submit(page, way=the_way(room)["ref"] if way is None else way)


def test_the_account_page_says_who_comes_and_stops_it_signed_in(room: Room) -> None:
    old, case = begun(room)
    at_the_old_account(room, old)
    home = room.site.get("/account")
    assert "Somebody wants to get into your account" in home.text
    assert "They can get into it from" in home.text
    page = room.site.get("/account/way-back")
    assert "Do you want to stop it?" in page.text
    assert the_way(room)["ended_at"] is None  # looking stops nothing
    assert "It is stopped" in press(room, page).text
    assert the_way(room)["outcome"] == "stopped"
    assert room.case_row(case.ref)["outcome"] == "stopped"
    assert "Somebody wants" not in room.site.get("/account").text
    assert press(room, page).request.path == "/account"  # pressed again: it is over
    assert len(room.site.rows(JournalEntry, kind="way-back-stopped")) == 1


def test_a_page_that_showed_another_way_back_stops_nothing(room: Room) -> None:
    old, _case = begun(room)
    at_the_old_account(room, old)
    page = room.site.get("/account/way-back")
    for other in ("", "x" * 43, "\u00e9", the_way(room)["case_ref"]):
        assert press(room, page, other).request.path == "/account"
    assert the_way(room)["ended_at"] is None


def test_nobody_elses_account_page_shows_or_stops_it(room: Room) -> None:
    old, _case = begun(room)
    at_the_old_account(room, old)
    page = room.site.get("/account/way-back")
    again(room)  # the account that proved again has its own page for it
    assert "Somebody wants" not in room.site.get("/account").text
    assert room.site.get("/account/way-back").request.path == "/account"
    assert press(room, page).request.path == "/account"
    assert the_way(room)["ended_at"] is None


def test_signed_in_weighs_no_more_than_the_accounts_own_address(room: Room) -> None:
    old = room.old_account()
    case = room.open_case()
    room.hold(case, "fraud-check")
    room.visit(case)
    at_the_old_account(room, old)
    page = room.site.get("/account/way-back")
    assert "Two officers have seen them with a document" in page.text
    assert "We wrote down that it is not you" in press(room, page).text
    assert the_way(room)["ended_at"] is None
    assert len(room.site.rows(JournalEntry, kind="way-back-objected")) == 1


def test_whoever_began_it_takes_it_back_and_sends_nobody_to_a_counter(room: Room) -> None:
    """Else a thief stops one of their own, and the owner's address stops their next no more."""
    old, case = begun(room)
    room.site.browser = room.site.new_browser()
    page = room.site.get(f"/way-back/stop/{links(room)['nobody@example.test']}")
    assert "You can take it back" in page.text
    assert "You took it back" in room.site.submit(page).text
    assert (the_way(room)["outcome"], room.case_row(case.ref)["outcome"]) == ("lapsed", "given-up")
    assert len(room.site.rows(JournalEntry, kind="way-back-taken-back")) == 1
    room.site.later(seconds=1)
    assert room.hold(room.open_case(), *PROOF).reached is Reached.WAY_BACK  # no counter asked for
    assert stopped_by(room, links(room)["nobody@example.test"]) is Stopped.TAKEN_BACK
    seen = seen_again(room)
    assert ways(room)[seen.ref]["account_ref"] == old
    assert stopped_by(room, links(room)["beth@old-account.example"]) is Stopped.STOPPED


def test_from_no_link_does_one_get_to_a_stronger_one(room: Room) -> None:
    begun(room)
    strong, own, begun_by = (
        links(room)[to]
        for to in ("+447700900123", "beth@old-account.example", "nobody@example.test")
    )
    assert links(room)["beth@old.example"] == strong
    assert digest(strong) == own
    assert digest(own) == begun_by
    assert not stop(room, digest(begun_by))  # what is stored opens nothing
