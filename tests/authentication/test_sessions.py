"""Sessions: live only while everything they hang on is; a new secret at each rise."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import event, insert, select, update

from idp.accounts.actions import join_person
from idp.accounts.records import AccountRecord
from idp.authentication import actions, sessions
from idp.authentication.hashing import HashGate
from idp.authentication.records import SessionRecord
from idp.authentication.sessions import SessionFacts
from idp.keyring.ring import Keyring
from idp.keyring.sealing import digest
from idp.register.records import PersonRecord
from idp.storage import Database, db_now

MINUTE = timedelta(minutes=1)
PROVED_AT_MS = 1_900_000_000_000


class Visit:
    """A session of one account, and the secret its browser holds."""

    def __init__(self, database: Database, account_ref: str) -> None:
        self.database, self.account_ref = database, account_ref
        self.started = database.now()
        self.ref, self.secret = database.transaction(
            lambda tx: sessions.start(tx, account_ref, {"password": PROVED_AT_MS}, tx.now())
        )

    def find(self, secret: str | None = None) -> SessionFacts | None:
        return self.database.read(lambda tx: sessions.find(tx, secret or self.secret))

    def facts(self) -> SessionFacts:
        found = self.find()
        assert found is not None
        return found

    def add_proof(self, facts: SessionFacts, method: str = "one-time-code") -> str | None:
        return self.database.transaction(lambda tx: sessions.add_proof(tx, facts, method, tx.now()))


@pytest.fixture
def visit(database: Database, margaret: str) -> Visit:
    return Visit(database, margaret)


def disable(database: Database) -> None:
    statement = update(AccountRecord).values(disabled_at=db_now())
    database.transaction(lambda tx: tx.execute(statement))


def test_a_session_says_whose_it_is_and_what_was_proved(visit: Visit) -> None:
    facts = visit.facts()
    assert (facts.ref, facts.account_ref) == (visit.ref, visit.account_ref)
    assert (facts.sign_in_name, facts.email) == ("margaret", "margaret@example.org")
    assert (facts.identity_level, facts.person_ref, facts.given_name) == (0, None, None)
    assert facts.proofs == {"password": PROVED_AT_MS}
    assert facts.held == frozenset()
    assert facts.expires_at - facts.created_at == timedelta(hours=12)
    assert facts.party == visit.account_ref
    assert abs(facts.now - visit.started) < MINUTE


def test_a_session_knows_the_person_and_the_methods_once_there_are(
    visit: Visit, database: Database, keyring: Keyring, gate: HashGate
) -> None:
    names = {"given_name": "Margaret", "family_name": "Hughes", "sex": "F", "address": {}}
    person = insert(PersonRecord).values(
        ref="p1", birth_date=date(1948, 2, 29), created_at=db_now(), **names
    )
    hashed = actions.hash_password(gate, "harbour boat tea")
    seed = actions.new_seed()
    database.transaction(lambda tx: tx.execute(person))
    database.transaction(
        lambda tx: join_person(tx, account_ref=visit.account_ref, person_ref="p1", identity_level=2)
    )
    database.transaction(lambda tx: actions.set_password(tx, keyring, visit.account_ref, hashed))
    assert visit.facts().held == {"password"}
    database.transaction(lambda tx: actions.enrol_totp(tx, keyring, visit.account_ref, seed))
    facts = visit.facts()
    assert facts.held == {"password", "one-time-code"}
    assert (facts.given_name, facts.family_name, facts.identity_level) == ("Margaret", "Hughes", 2)
    assert facts.party == facts.person_ref == "p1"


def test_finding_a_session_is_one_statement(visit: Visit) -> None:
    asked: list[str] = []

    def listen(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(visit.database.engine, "before_cursor_execute", listen)
    visit.facts()
    assert len(asked) == 1


def test_the_database_never_holds_the_secret(visit: Visit) -> None:
    row = visit.database.read(lambda tx: tx.execute(select(SessionRecord.__table__)).one())
    assert visit.secret not in map(str, row)
    assert row.secret_digest == digest(visit.secret)
    assert visit.find(digest(visit.secret)) is None
    assert digest(visit.secret) not in repr(visit.facts())


@pytest.mark.parametrize("secret", ["", "x", "x" * 10_000, "é"])
def test_a_secret_that_was_never_ours_finds_nothing(visit: Visit, secret: str) -> None:
    assert visit.database.read(lambda tx: sessions.find(tx, secret)) is None


def test_a_session_unused_for_30_minutes_is_over(visit: Visit) -> None:
    visit.database.move_clock(29 * MINUTE)
    assert visit.find()
    visit.database.move_clock(1 * MINUTE)
    assert visit.find() is None


def test_a_session_in_use_lasts_12_hours_and_not_longer(visit: Visit) -> None:
    for _ in range(35):
        visit.database.move_clock(20 * MINUTE)
        assert sessions.look_up(visit.database, visit.secret)
    visit.database.move_clock(19 * MINUTE)
    assert sessions.look_up(visit.database, visit.secret)
    visit.database.move_clock(1 * MINUTE)
    assert sessions.look_up(visit.database, visit.secret) is None


def test_use_is_noted_once_a_minute_at_most(visit: Visit) -> None:
    seen = []
    for _ in range(4):
        visit.database.move_clock(timedelta(seconds=40))
        sessions.look_up(visit.database, visit.secret)
        seen.append(visit.facts().seen_at)
    assert len(set(seen)) == 3  # at 0, 80 and 160 seconds
    assert seen[0] == visit.facts().created_at


@pytest.mark.parametrize(
    "kill",
    [
        lambda visit: visit.database.transaction(lambda tx: sessions.end(tx, visit.ref)),
        lambda visit: disable(visit.database),
        lambda visit: visit.database.move_clock(timedelta(hours=12)),
        lambda visit: visit.add_proof(visit.facts()),
    ],
    ids=["ended", "account disabled", "expired", "rotated"],
)
def test_a_dead_session_is_neither_found_nor_raised(
    visit: Visit, kill: Callable[[Visit], object]
) -> None:
    facts = visit.facts()
    kill(visit)
    assert visit.find() is None
    assert visit.add_proof(facts) is None


def test_a_rise_changes_the_secret_and_keeps_what_was_proved(visit: Visit) -> None:
    secret = visit.add_proof(visit.facts())
    assert secret is not None
    assert visit.find() is None
    risen = visit.find(secret)
    assert risen is not None
    assert risen.ref == visit.ref
    assert risen.proofs.keys() == {"password", "one-time-code"}
    assert risen.proofs["password"] == PROVED_AT_MS
    assert 0 <= risen.now.timestamp() * 1000 - risen.proofs["one-time-code"] < 60_000


def test_a_rise_does_not_make_the_session_last_longer(visit: Visit) -> None:
    before = visit.facts()
    visit.database.move_clock(10 * MINUTE)
    secret = visit.add_proof(visit.facts())
    risen = visit.find(secret)
    assert risen is not None
    assert risen.expires_at == before.expires_at
    assert risen.seen_at > before.seen_at


def test_a_session_ends_once(visit: Visit) -> None:
    assert visit.database.transaction(lambda tx: sessions.end(tx, visit.ref))
    assert not visit.database.transaction(lambda tx: sessions.end(tx, visit.ref))


def test_ending_the_others_leaves_one_or_none(visit: Visit, margaret: str) -> None:
    database = visit.database
    others = {Visit(database, margaret).ref for _ in range(2)}
    ended = database.transaction(lambda tx: sessions.end_others(tx, margaret, keep=visit.ref))
    assert set(ended) == others
    assert visit.find()
    assert database.transaction(lambda tx: sessions.end_others(tx, margaret)) == [visit.ref]
    assert visit.find() is None


def test_an_account_sees_its_own_live_sessions_the_last_used_first(
    visit: Visit, margaret: str
) -> None:
    database = visit.database
    database.move_clock(5 * MINUTE)
    later = Visit(database, margaret)
    ended = Visit(database, margaret)
    database.transaction(lambda tx: sessions.end(tx, ended.ref))
    listed = database.read(lambda tx: sessions.list_sessions(tx, margaret))
    assert [session.ref for session in listed] == [later.ref, visit.ref]
    assert listed[0].proofs == {"password": PROVED_AT_MS}
    assert database.read(lambda tx: sessions.list_sessions(tx, "somebody-else")) == []
