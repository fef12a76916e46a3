"""A contact that somebody had changed is of no use at once, and the one of before is told."""

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from idp.accounts.actions import create_account, join_person
from idp.accounts.records import AccountRecord
from idp.notices.actions import Notice, Sealed, unseal
from idp.outbox.records import OutboxRecord
from idp.register import actions, contacts
from idp.register.contacts import BEFORE_IS_TOLD_FOR, UNUSED_FOR
from idp.register.rules import Contacts
from idp.storage import Transaction
from tests.build import POLICIES
from tests.register.conftest import Importer

OLD, NEW, NEWER = "m@example.test", "thief@example.test", "other@example.test"
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
DAY, INSTANT = timedelta(days=1), timedelta(microseconds=1)
HEADER = "number,given_name,family_name,birth_date,email,phone"


def line(email: str = "", phone: str = "") -> str:
    return f"CS100700A,Margaret,Hughes,1951-03-14,{email},{phone}"


def told(email: str, *, days: float = 0, held: Mapping[str, Any]) -> Mapping[str, Any]:
    return contacts.brought_up_to_date(held, email, "", NOON + days * DAY)


def codes_to(held: Mapping[str, Any], at: datetime = NOON) -> str | None:
    return contacts.in_use(held, at).email


def warned(held: Mapping[str, Any], at: datetime = NOON) -> list[str | None]:
    return [one.email for one in contacts.to_warn(held, at)]


FIRST = contacts.stored(OLD, None)


def test_what_comes_with_a_person_counts_as_old() -> None:
    assert codes_to(FIRST) == OLD
    assert warned(FIRST) == [OLD]


def test_a_changed_contact_is_used_from_the_instant_on_that_it_is_thirty_days_old() -> None:
    held = told(NEW, held=FIRST)
    assert codes_to(held, NOON) is None
    assert codes_to(held, NOON + UNUSED_FOR - INSTANT) is None
    assert codes_to(held, NOON + UNUSED_FOR) == NEW


def test_the_contact_of_before_hears_for_longer_than_the_new_one_is_unused() -> None:
    held = told(NEW, held=FIRST)
    assert warned(held, NOON + UNUSED_FOR) == [NEW, OLD]
    assert warned(held, NOON + BEFORE_IS_TOLD_FOR - INSTANT) == [NEW, OLD]
    assert warned(held, NOON + BEFORE_IS_TOLD_FOR) == [NEW]


def test_a_contact_taken_away_or_added_is_a_change_too() -> None:
    gone = told("", held=FIRST)
    assert warned(gone) == [None, OLD]
    added = told(NEW, held={})
    assert codes_to(added) is None
    assert warned(added) == [NEW]


def test_a_second_change_does_not_push_out_the_contact_that_was_in_use() -> None:
    twice = told(NEWER, days=10, held=told(NEW, held=FIRST))
    assert warned(twice, NOON + 10 * DAY) == [NEWER, OLD]
    assert codes_to(twice, NOON + 39 * DAY) is None, "counted from the last change"
    later = told(NEWER, days=31, held=told(NEW, held=FIRST))
    assert warned(later, NOON + 31 * DAY) == [NEWER, NEW]


def test_a_slip_that_is_put_right_within_the_thirty_days_is_no_change() -> None:
    assert told(OLD, days=5, held=told(NEW, held=FIRST)) == FIRST
    late = told(OLD, days=31, held=told(NEW, held=FIRST))
    assert codes_to(late, NOON + 31 * DAY) is None


def test_the_same_address_in_capitals_is_the_same_address() -> None:
    held = told(OLD.upper(), held=FIRST)
    assert codes_to(held) == OLD.upper()
    assert warned(held) == [OLD.upper()]


@given(st.lists(st.tuples(st.sampled_from(["", OLD, NEW, NEWER]), st.integers(0, 40)), max_size=12))
def test_codes_go_only_where_somebody_was_reached_for_thirty_days_and_the_last_such_is_told(
    changes: list[tuple[str, int]],
) -> None:
    held: Mapping[str, Any] = FIRST
    now, since, value = NOON, NOON - UNUSED_FOR, OLD
    ever, last = {OLD}, OLD
    for email, days in changes:
        now += days * DAY
        if now - since >= UNUSED_FOR:
            ever, last = ever | {value}, value
        assert codes_to(held, now) in {*ever, None}
        assert {last} - {""} <= set(warned(held, now))
        if email != value:
            since, value = now, email
        held = contacts.brought_up_to_date(held, email, "", now)
        assert codes_to(held, now) in {*ever, None}


def test_the_policy_publishes_as_many_days_as_are_counted() -> None:
    policy = tomllib.loads((POLICIES / "evidence.toml").read_text(encoding="utf-8"))
    said = {
        kind["id"]: re.findall(r"last (\d+) days", " ".join(kind["conditions"]))
        for kind in policy["kind"]
        if kind["id"] in {"contact-email", "contact-text"}
    }
    days = [str(UNUSED_FOR.days)]
    assert said == {"contact-email": days, "contact-text": days}


def asked(register: Importer) -> tuple[Contacts, list[Contacts]]:
    """Answer who gets codes and who is told."""
    ref = register.known("CS100700").ref
    return register.database.read(
        lambda tx: (actions.contacts_of(tx, ref), actions.contacts_to_warn(tx, ref))
    )


def test_a_contact_changed_by_an_import_is_not_used_for_thirty_days_and_the_old_one_told(
    register: Importer,
) -> None:
    phone = "+447700900123"
    register.load(line(OLD, phone), header=HEADER)
    old = Contacts(email=OLD, phone=phone)
    assert asked(register) == (old, [old])
    register.load(line(NEW, phone), header=HEADER)
    new = Contacts(email=NEW, phone=phone)
    assert asked(register) == (Contacts(phone=phone), [new, Contacts(email=OLD)])
    assert register.load(again=True).unchanged == 1, "said again it is no younger"
    register.database.move_clock(UNUSED_FOR)
    assert asked(register) == (new, [new, Contacts(email=OLD)])
    register.database.move_clock(BEFORE_IS_TOLD_FOR - UNUSED_FOR)
    assert asked(register) == (new, [new])


def test_another_change_of_the_person_makes_no_contact_young(register: Importer) -> None:
    register.load(line(OLD), header=HEADER)
    assert register.load(line(OLD).replace("Hughes", "Pugh"), header=HEADER).changed == 1
    assert asked(register)[0] == Contacts(email=OLD)


def account_of(register: Importer, name: str, number: str, *, disabled: bool = False) -> None:
    ref = register.known(number).ref

    def join(tx: Transaction) -> None:
        account = create_account(tx, sign_in_name=name, email=f"{name}@account.example")
        assert isinstance(account, str)
        join_person(tx, account_ref=account, person_ref=ref, identity_level=2)
        if disabled:
            gone = update(AccountRecord).where(AccountRecord.ref == account)
            tx.execute(gone.values(disabled_at=tx.now()))

    register.database.transaction(join)


def notices(register: Importer) -> list[Sealed]:
    rows = register.all(OutboxRecord.payload)
    return [unseal(register.keyring, row[0]) for row in rows]


def test_who_has_an_account_hears_at_the_old_contact_and_their_own_of_a_changed_one(
    register: Importer,
) -> None:
    tom = "CE100701A,Tom,Barker,1960-01-01,"
    gwen = "CE100702A,Gwen,Rees,1960-01-01,"
    register.load(line(OLD, "+447700900123"), tom + "t@old.example,", gwen + "g@old.example,",
                  header=HEADER)  # fmt: skip
    account_of(register, "margaret", "CS100700")
    account_of(register, "gwen", "CE100702", disabled=True)
    register.load(line(OLD.upper(), "+447700900123"), header=HEADER)  # as good as the same
    assert notices(register) == []
    register.load(line(NEW, "+447700900123"), tom + "t@new.example,", gwen + "g@new.example,",
                  header=HEADER)  # fmt: skip
    told = notices(register)
    assert [(one.contact.channel, one.contact.address) for one in told] == [
        ("email", OLD.upper()), ("email", "margaret@account.example"), ("text", "+447700900123"),
    ]  # fmt: skip
    assert {one.notice for one in told} == {Notice.CONTACT_CHANGED}
    assert {one.values["contact"] for one in told} == {"M•••@E•••.TEST"}
    assert all(one.values["account"] == "margaret" for one in told)
    register.load(line(NEW, "+447700900123"), header=HEADER, again=True)
    assert len(notices(register)) == 3  # what is the same is no news


def test_one_added_or_taken_away_is_told_too_and_the_one_of_before_still_hears(
    register: Importer,
) -> None:
    register.load(line(OLD), header=HEADER)
    account_of(register, "margaret", "CS100700")
    register.load(line(NEW), header=HEADER)
    register.load(line("", "+447700900199"), header=HEADER)
    told = notices(register)[2:]
    assert {one.values["contact"] for one in told} == {"t•••@e•••.test, ••• 99"}
    assert [one.contact.address for one in told] == [OLD, "margaret@account.example", NEW]
