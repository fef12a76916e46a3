"""Keys of officers: which are believed, how often, in whose browser; and the last one stays."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from idp.keyring.sealing import digest, random_token
from idp.officers import keys, sessions
from idp.officers.records import OfficerChallengeRecord, OfficerInvitationRecord
from idp.officers.rules import MOST_KEYS, Officer, Verdict
from idp.storage import Database
from idp.work import clear
from tests.officers.people import (
    BROWSER,
    COUNTER,
    PARTY,
    give_key,
    hold_out,
    invite,
    journal,
    new_key,
    officer_with_key,
)
from tests.rig.authenticator import Authenticator

OTHER = "o" * 43


def keys_of(database: Database, officer: Officer | str) -> list[str]:
    ref = officer if isinstance(officer, str) else officer.ref
    return [key.credential_id for key in database.read(lambda tx: keys.list_keys(tx, ref))]


def session_of(database: Database, officer: Officer) -> str:
    secret = database.transaction(lambda tx: sessions.start(tx, officer.ref))
    found = database.read(lambda tx: sessions.find(tx, secret))
    assert found is not None
    return found.ref


def add_another(
    database: Database, officer: Officer, key: Authenticator, *, session: str = ""
) -> Verdict:
    seat = session or session_of(database, officer)
    options = database.transaction(
        lambda tx: keys.begin_another(tx, PARTY, officer, browser_secret=BROWSER)
    )
    said = key.create(options)
    return database.transaction(
        lambda tx: keys.add_another(
            tx, PARTY, officer, response_json=said, name="safe", browser_secret=BROWSER,
            session_ref=seat,
        )
    )  # fmt: skip


def remove(
    database: Database, officer: Officer, credential_id: str, *, session: str = ""
) -> Verdict:
    seat = session or session_of(database, officer)
    return database.transaction(
        lambda tx: keys.remove(tx, officer, credential_id=credential_id, session_ref=seat)
    )


def test_a_key_is_set_up_once_at_an_address_and_signs_its_officer_in(database: Database) -> None:
    invited, key = invite(database, "Asha Patel", COUNTER), new_key()
    assert give_key(database, invited.token, key) is Verdict.ALLOWED
    assert give_key(database, invited.token, new_key()) is Verdict.STALE
    signed = hold_out(database, key)
    assert not isinstance(signed, Verdict)
    found = database.read(lambda tx: sessions.find(tx, signed.secret))
    assert found is not None
    assert found.officer == Officer(
        ref=invited.officer_ref, name="Asha Patel", roles=frozenset({COUNTER})
    )
    said = journal(database, "officer-key-added", "officer-signed-in")
    assert [entry["actor"] for entry in said] == [invited.officer_ref] * 2


def test_neither_address_nor_challenge_nor_cookie_can_be_read_from_the_database(
    database: Database,
) -> None:
    invited, key = invite(database, "Asha Patel", COUNTER), new_key()
    rows = database.read(
        lambda tx: tx.execute(OfficerInvitationRecord.__table__.select()).mappings().all()
    )
    assert [row["token_digest"] for row in rows] == [digest(invited.token)]
    assert len(invited.token) == 43
    assert give_key(database, invited.token, key) is Verdict.ALLOWED
    assert invited.token not in str(journal(database, "officer-added", "officer-key-added"))


@pytest.mark.parametrize(
    ("key", "lies", "said"),
    [
        (Authenticator("http://localhost:8900"), {}, Verdict.NOT_BOUND),
        (Authenticator("http://localhost:8900", backed_up=False), {}, Verdict.NOT_BOUND),
        (new_key(), {"verified": False}, Verdict.UNVERIFIED),
        (new_key(), {"origin": "http://localhost:8000"}, Verdict.UNVERIFIED),
        (new_key(), {"rp_id": "evil.example"}, Verdict.UNVERIFIED),
        (new_key(), {"challenge": random_token()}, Verdict.STALE),
        (new_key(), {"discoverable": False}, Verdict.UNVERIFIED),
    ],
)
def test_a_key_that_can_be_copied_or_asks_no_pin_is_not_taken_and_the_address_still_works(
    database: Database, key: Authenticator, lies: dict[str, Any], said: Verdict
) -> None:
    invited = invite(database, "Asha Patel", COUNTER)
    assert give_key(database, invited.token, key, **lies) is said
    assert keys_of(database, invited.officer_ref) == []
    refused = journal(database, "officer-key-refused")
    assert [entry["detail"]["reason"] for entry in refused] == (
        [said] if said is not Verdict.STALE else []
    )
    assert give_key(database, invited.token, new_key()) is Verdict.ALLOWED


def test_a_challenge_belongs_to_one_browser_one_purpose_and_five_minutes(
    database: Database,
) -> None:
    asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    ben = invite(database, "Ben Owen", COUNTER)
    assert give_key(database, ben.token, new_key(), later_browser=OTHER) is Verdict.STALE
    begun = database.transaction(
        lambda tx: keys.begin_set_up(tx, PARTY, token=ben.token, browser_secret=BROWSER)
    )
    assert begun is not None
    seat = session_of(database, asha)
    mine = new_key().create(begun[1])  # a challenge for Ben, answered by Asha for herself
    stolen = database.transaction(
        lambda tx: keys.add_another(
            tx, PARTY, asha, response_json=mine, name="x", browser_secret=BROWSER,
            session_ref=seat,
        )
    )  # fmt: skip
    assert stolen is Verdict.STALE
    for browser, later in ((OTHER, 0), (BROWSER, 301)):
        options = database.transaction(
            lambda tx: keys.begin_sign_in(tx, PARTY, browser_secret=BROWSER)
        )
        used = key.get(options)
        database.move_clock(timedelta(seconds=later))
        done = database.transaction(
            lambda tx, used=used, browser=browser: keys.sign_in(  # type: ignore[misc]
                tx, PARTY, response_json=used, browser_secret=browser
            )
        )
        assert done is Verdict.STALE
    assert not journal(database, "officer-signed-in")


def test_an_answer_of_a_key_counts_once(database: Database) -> None:
    _asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    options = database.transaction(lambda tx: keys.begin_sign_in(tx, PARTY, browser_secret=BROWSER))
    used, ready = key.get(options), Barrier(8)

    def send(_: int) -> keys.SignedIn | Verdict:
        ready.wait()
        return database.transaction(
            lambda tx: keys.sign_in(tx, PARTY, response_json=used, browser_secret=BROWSER)
        )

    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(send, range(8)))
    assert sum(not isinstance(one, Verdict) for one in done) == 1
    assert done.count(Verdict.STALE) == 7


def test_an_address_takes_one_key_however_many_are_sent_at_once(database: Database) -> None:
    invited, ready = invite(database, "Asha Patel", COUNTER), Barrier(8)
    begun = [
        database.transaction(
            lambda tx: keys.begin_set_up(tx, PARTY, token=invited.token, browser_secret=BROWSER)
        )
        for _ in range(8)
    ]
    answers = [new_key().create(one[1]) for one in begun if one is not None]

    def send(answer: str) -> Verdict:
        ready.wait()
        return database.transaction(
            lambda tx: keys.set_up(
                tx, PARTY, token=invited.token, response_json=answer, name="",
                browser_secret=BROWSER,
            )
        )  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(send, answers))
    assert said.count(Verdict.ALLOWED) == 1
    assert said.count(Verdict.STALE) == 7
    assert len(keys_of(database, invited.officer_ref)) == 1


def test_an_address_works_for_a_day(database: Database) -> None:
    early, late = (invite(database, name, COUNTER) for name in ("Asha", "Ben"))
    database.move_clock(timedelta(hours=23, minutes=59))
    assert give_key(database, early.token, new_key()) is Verdict.ALLOWED
    database.move_clock(timedelta(minutes=1))
    assert give_key(database, late.token, new_key()) is Verdict.STALE
    assert give_key(database, random_token(), new_key()) is Verdict.STALE


def test_a_key_that_does_not_fit_signs_nobody_in_and_its_officer_sees_why(
    database: Database,
) -> None:
    _asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    assert hold_out(database, new_key()) is Verdict.UNVERIFIED, "nobody's key"
    for lies in ({"verified": False}, {"origin": "http://localhost:8000"},
                 {"signer": new_key().private}, {"framed": True}):  # fmt: skip
        assert hold_out(database, key, **lies) is Verdict.UNVERIFIED, lies
    assert not isinstance(hold_out(database, key), Verdict)
    assert hold_out(database, key, counter=1) is Verdict.COPIED
    reasons = [entry["detail"]["reason"] for entry in journal(database, "officer-sign-in-refused")]
    assert reasons == [Verdict.UNVERIFIED] * 4 + [Verdict.COPIED]
    for rubbish in ("", "{}", "[]", "null", "x" * 20_000, '{"response": {}}'):
        done = database.transaction(
            lambda tx, rubbish=rubbish: keys.sign_in(  # type: ignore[misc]
                tx, PARTY, response_json=rubbish, browser_secret=BROWSER
            )
        )
        assert done is Verdict.UNVERIFIED
    assert not isinstance(hold_out(database, key), Verdict)


def test_an_officer_has_a_second_key_and_may_remove_either_but_not_both(
    database: Database,
) -> None:
    asha, first = officer_with_key(database, "Asha Patel", COUNTER)
    assert remove(database, asha, first.id) is Verdict.LAST_KEY
    second = new_key()
    assert add_another(database, asha, first) is Verdict.KEY_KNOWN
    assert add_another(database, asha, second) is Verdict.ALLOWED
    elsewhere = hold_out(database, first)
    assert not isinstance(elsewhere, Verdict)
    assert remove(database, asha, first.id) is Verdict.ALLOWED
    assert hold_out(database, first) is Verdict.UNVERIFIED
    assert database.read(lambda tx: sessions.find(tx, elsewhere.secret)) is None
    assert remove(database, asha, first.id) is Verdict.GONE
    assert remove(database, asha, second.id) is Verdict.LAST_KEY
    assert not isinstance(hold_out(database, second), Verdict)
    assert add_another(database, asha, first) is Verdict.KEY_KNOWN, "a removed key never comes back"


def test_nobody_removes_a_key_of_another_officer(database: Database) -> None:
    asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    ben, own = officer_with_key(database, "Ben Owen", COUNTER)
    assert add_another(database, ben, new_key()) is Verdict.ALLOWED
    assert remove(database, ben, key.id) is Verdict.GONE
    assert keys_of(database, asha) == [key.id]
    assert own.id in keys_of(database, ben)


def test_two_keys_removed_at_once_leave_one(database: Database) -> None:
    for number in range(4):
        asha, first = officer_with_key(database, f"Asha {number}", COUNTER)
        second, ready = new_key(), Barrier(2)
        assert add_another(database, asha, second) is Verdict.ALLOWED
        seat = session_of(database, asha)

        def take(
            key: str, asha: Officer = asha, ready: Barrier = ready, seat: str = seat
        ) -> Verdict:
            ready.wait()
            return remove(database, asha, key, session=seat)

        with ThreadPoolExecutor(2) as pool:
            said = sorted(pool.map(take, [first.id, second.id]))
        assert said == [Verdict.ALLOWED, Verdict.LAST_KEY]
        assert len(keys_of(database, asha)) == 1


def test_a_session_that_an_administrator_has_just_ended_adds_and_removes_no_key(
    database: Database,
) -> None:
    """It was alive when the page asked: the key itself asks again, with the officer's row held."""
    asha, first = officer_with_key(database, "Asha Patel", COUNTER)
    assert add_another(database, asha, new_key()) is Verdict.ALLOWED
    seat = session_of(database, asha)
    database.transaction(lambda tx: sessions.end_all(tx, asha.ref))
    assert add_another(database, asha, new_key(), session=seat) is Verdict.GONE
    assert remove(database, asha, first.id, session=seat) is Verdict.GONE
    assert len(keys_of(database, asha)) == 2


def test_an_officer_has_five_keys_at_most(database: Database) -> None:
    asha, _key = officer_with_key(database, "Asha Patel", COUNTER)
    said = [add_another(database, asha, new_key()) for _ in range(MOST_KEYS)]
    assert said == [Verdict.ALLOWED] * (MOST_KEYS - 1) + [Verdict.KEYS_FULL]


def test_a_session_ends_after_half_an_hour_unused_and_after_twelve_hours(
    database: Database,
) -> None:
    _asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    idle, busy = hold_out(database, key), hold_out(database, key)
    assert not isinstance(idle, Verdict)
    assert not isinstance(busy, Verdict)
    for _ in range(24):
        assert sessions.look_up(database, busy.secret) is not None
        database.move_clock(timedelta(minutes=29, seconds=50))
    assert database.read(lambda tx: sessions.find(tx, idle.secret)) is None
    assert sessions.look_up(database, busy.secret) is not None
    database.move_clock(timedelta(minutes=5))
    assert sessions.look_up(database, busy.secret) is None


def test_challenges_that_have_run_out_are_cleared_away(database: Database) -> None:
    _asha, key = officer_with_key(database, "Asha Patel", COUNTER)
    hold_out(database, key)

    def count() -> int:
        rows = database.read(lambda tx: tx.execute(OfficerChallengeRecord.__table__.select()))
        return len(rows.all())

    assert count() == 2
    clear(database)
    assert count() == 2
    database.move_clock(timedelta(minutes=6))
    clear(database)
    assert count() == 0
