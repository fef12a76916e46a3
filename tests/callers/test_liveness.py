"""Liveness: the one statement names what is really there, and its rule forgets no reason."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from sqlalchemy import inspect

from idp.authentication.ending import GRANTS
from idp.callers.authority import Bar
from idp.callers.liveness import TABLES as ASKED
from idp.callers.liveness import ask, is_disabled
from idp.callers.rules import SAID, Dead, Standing, why_dead
from idp.schema import TABLES
from idp.storage import Database
from tests.build import Site

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
ALIVE = Standing(
    now=NOON, client_disabled_at=None, account_disabled_at=None, holder_died=False,
    session_ended_at=None, session_expires_at=NOON + TICK, client_session_ended_at=None,
    grant_ended_at=None, actor_grant_ended_at=None, machine_ended=False, offline=False,
    barred=None,
)  # fmt: skip
# What may be dead, in the order in which it is told.
WAYS: list[tuple[dict[str, Any], Dead | Bar]] = [
    ({"client_disabled_at": NOON}, Dead.CLIENT_DISABLED),
    ({"account_disabled_at": NOON}, Dead.ACCOUNT_DISABLED),
    ({"barred": Bar.ENDED}, Bar.ENDED),
    ({"machine_ended": True}, Dead.MACHINE_ENDED),
    ({"holder_died": True}, Dead.PERSON_DIED),
    ({"grant_ended_at": NOON}, Dead.GRANT_ENDED),
    ({"actor_grant_ended_at": NOON}, Dead.GRANT_ENDED),
    ({"session_ended_at": NOON}, Dead.SIGNED_OUT),
    ({"client_session_ended_at": NOON}, Dead.SIGNED_OUT),
    ({"session_expires_at": NOON}, Dead.SIGNED_OUT),
]


def test_every_table_and_column_it_names_is_in_the_schema() -> None:
    """style.md: `callers` asks by SQL over named columns of rooms it may not import."""
    real = {table.name: table for table in TABLES}
    for table in (*ASKED, GRANTS):
        assert table.name in real
        for column in table.c:
            there = real[table.name].c[column.name].type
            assert _kind(there) == _kind(column.type), (table.name, column.name)


def test_they_are_in_the_migrated_database_too(database: Database) -> None:
    found = inspect(database.engine)
    for table in ASKED:
        columns = {column["name"] for column in found.get_columns(table.name)}
        assert {column.name for column in table.c} <= columns, table.name


def test_nothing_is_dead_while_all_of_it_stands() -> None:
    assert why_dead(ALIVE) is None


def test_any_one_of_them_is_enough_and_the_most_telling_is_said() -> None:
    for chosen in product((False, True), repeat=len(WAYS)):
        changes: dict[str, Any] = {}
        reasons = []
        for on, (values, reason) in zip(chosen, WAYS, strict=True):
            if on:
                changes |= values
                reasons.append(reason)
        assert why_dead(replace(ALIVE, **changes)) == (reasons[0] if reasons else None), changes


def test_offline_outlives_the_session_and_nothing_else() -> None:
    for values, reason in WAYS:
        dead = why_dead(replace(ALIVE, offline=True, **values))
        assert dead == (None if reason is Dead.SIGNED_OUT else reason)


def test_every_reason_has_its_sentence() -> None:
    assert set(SAID) == {*Dead, *Bar}


def test_an_unknown_grant_is_none_and_an_unknown_client_not_disabled(site: Site) -> None:
    assert site.database.read(lambda tx: ask(tx, "unknown")) is None
    assert not site.database.read(lambda tx: is_disabled(tx, "unknown"))


def _kind(kind: Any) -> str:
    name = type(getattr(kind, "impl", kind)).__name__
    return "BigInteger" if name == "Integer" else name
