"""Officers come, change and go; nobody changes themselves, and everything is in the journal."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest

from idp.officers import actions, sessions
from idp.officers.actions import COMMAND, Invited
from idp.officers.rules import Verdict
from idp.storage import Database
from tests.officers.people import (
    ADMINISTRATOR,
    COUNTER,
    give_key,
    hold_out,
    invite,
    journal,
    new_key,
    officer_with_key,
)


def roles_of(database: Database, ref: str) -> frozenset[str]:
    found = database.read(lambda tx: actions.find_officer(tx, ref))
    assert found is not None
    return found.roles


def is_disabled(database: Database, ref: str) -> bool:
    found = database.read(lambda tx: actions.find_officer(tx, ref))
    return found is None or found.disabled_at is not None


def test_the_command_adds_the_first_administrator_who_adds_the_others(database: Database) -> None:
    first = invite(database, "Asha Patel", ADMINISTRATOR)
    second = invite(database, " Ben  Owen", COUNTER, by=first.officer_ref)
    listed = {one.name: one for one in database.read(actions.list_officers)}
    assert set(listed) == {"Asha Patel", "Ben Owen"}
    assert listed["Ben Owen"].roles == {COUNTER}
    added = journal(database, "officer-added")
    assert [entry["actor"] for entry in added] == [COMMAND, first.officer_ref]
    assert added[1]["detail"] == {"officer": second.officer_ref, "roles": [COUNTER]}
    assert "Ben" not in str(added), "references only"


@pytest.mark.parametrize(
    ("name", "roles", "said"),
    [
        ("Asha Patel", [COUNTER], Verdict.NAME_TAKEN),
        ("", [COUNTER], Verdict.NAME_BAD),
        ("Ben Owen", [], Verdict.ROLES_BAD),
        ("Ben Owen", ["root"], Verdict.ROLES_BAD),
    ],
)
def test_an_officer_who_cannot_be_told_from_another_or_has_no_role_is_not_added(
    database: Database, name: str, roles: list[str], said: Verdict
) -> None:
    by = invite(database, "Asha Patel", ADMINISTRATOR).officer_ref
    done = database.transaction(lambda tx: actions.add_officer(tx, name=name, roles=roles, by=by))
    assert done is said
    assert len(database.read(actions.list_officers)) == 1


def test_only_an_administrator_changes_officers_and_never_themselves(database: Database) -> None:
    boss = invite(database, "Asha Patel", ADMINISTRATOR).officer_ref
    clerk = invite(database, "Ben Owen", COUNTER).officer_ref
    for by, to, said in ((clerk, boss, Verdict.ROLE_LACKING), (clerk, clerk, Verdict.ROLE_LACKING),
                         (boss, boss, Verdict.ONESELF), ("who?", boss, Verdict.GONE),
                         (boss, "who?", Verdict.GONE)):  # fmt: skip
        both = [COUNTER, ADMINISTRATOR]
        change = partial(actions.change_roles, officer_ref=to, roles=both, by=by)
        assert database.transaction(change) is said
        assert database.transaction(partial(actions.disable, officer_ref=to, by=by)) is said
        assert database.transaction(partial(actions.replace_keys, officer_ref=to, by=by)) is said
    assert roles_of(database, boss) == {ADMINISTRATOR}
    assert roles_of(database, clerk) == {COUNTER}
    assert not journal(database, "officer-roles-changed", "officer-disabled", "officer-invited")
    change = partial(actions.change_roles, officer_ref=clerk, roles=[ADMINISTRATOR], by=boss)
    assert database.transaction(change) is Verdict.ALLOWED
    assert roles_of(database, clerk) == {ADMINISTRATOR}


def test_disabling_ends_sessions_keys_and_open_addresses_at_once(database: Database) -> None:
    boss = invite(database, "Asha Patel", ADMINISTRATOR).officer_ref
    clerk, key = officer_with_key(database, "Ben Owen", COUNTER)
    signed = hold_out(database, key)
    assert not isinstance(signed, Verdict)
    assert database.read(lambda tx: sessions.find(tx, signed.secret)) is not None
    again = database.transaction(
        lambda tx: actions.replace_keys(tx, officer_ref=clerk.ref, by=boss)
    )
    assert isinstance(again, Invited)
    end = partial(actions.disable, officer_ref=clerk.ref, by=boss)
    assert database.transaction(end) is Verdict.ALLOWED
    assert database.read(lambda tx: sessions.find(tx, signed.secret)) is None
    assert hold_out(database, key) is Verdict.UNVERIFIED
    assert give_key(database, again.token, new_key()) is Verdict.STALE
    assert database.transaction(end) is Verdict.GONE
    assert len(journal(database, "officer-disabled")) == 1


def test_a_session_dies_with_its_officer_however_that_was_written(database: Database) -> None:
    """The statement that finds a session asks the officer's row too."""
    clerk, key = officer_with_key(database, "Ben Owen", COUNTER)
    signed = hold_out(database, key)
    assert not isinstance(signed, Verdict)
    database.transaction(
        lambda tx: tx.execute(actions._DISABLE, {"officer_ref": clerk.ref})  # and nothing else
    )
    assert database.read(lambda tx: sessions.find(tx, signed.secret)) is None
    assert hold_out(database, key) is Verdict.UNVERIFIED


def test_a_new_start_ends_the_old_keys_so_that_nobody_is_replaced_unnoticed(
    database: Database,
) -> None:
    boss = invite(database, "Asha Patel", ADMINISTRATOR).officer_ref
    clerk, old = officer_with_key(database, "Ben Owen", COUNTER)
    signed = hold_out(database, old)
    assert not isinstance(signed, Verdict)
    made = [
        database.transaction(lambda tx: actions.replace_keys(tx, officer_ref=clerk.ref, by=boss))
        for _ in range(2)
    ]
    assert isinstance(made[0], Invited)
    assert isinstance(made[1], Invited)
    assert hold_out(database, old) is Verdict.UNVERIFIED
    assert database.read(lambda tx: sessions.find(tx, signed.secret)) is None
    assert give_key(database, made[0].token, new_key()) is Verdict.STALE, "only the last address"
    new = new_key()
    assert give_key(database, made[1].token, new) is Verdict.ALLOWED
    assert not isinstance(hold_out(database, new), Verdict)


def test_two_administrators_who_end_each_other_at_once_leave_one(database: Database) -> None:
    for number in range(5):
        pair = [invite(database, f"{name} {number}", ADMINISTRATOR).officer_ref for name in "AB"]
        ready = Barrier(2)

        def end(by: str, to: str, ready: Barrier = ready) -> Verdict:
            ready.wait()
            return database.transaction(lambda tx: actions.disable(tx, officer_ref=to, by=by))

        with ThreadPoolExecutor(2) as pool:
            said = list(pool.map(end, pair, reversed(pair)))
        assert sorted(said) == [Verdict.ALLOWED, Verdict.GONE]
        assert [is_disabled(database, ref) for ref in pair].count(True) == 1
