"""What is done by many at once is done once, and counted exactly."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest

from idp.accounts.actions import NameProblem
from idp.accounts.records import AccountRecord
from idp.authentication.actions import hash_password
from idp.authentication.records import PasswordRecord, SessionRecord
from idp.enrolment import actions, limits, recovering
from idp.enrolment.actions import CodeAnswer, Enrolment, Made
from idp.enrolment.records import AddressCodeRecord, EnrolmentRecord, ResetRecord
from idp.enrolment.recovering import Reset
from idp.journal.records import JournalEntry
from idp.keyring.sealing import random_token
from idp.throttle.records import ThrottleRecord
from tests.build import Site, World, open_site
from tests.enrolment.visits import mail, work, wrong

THREADS = 16
HOME = "192.0.2.7"


@pytest.fixture
def wide_site(world: World, world_url: str) -> Iterator[Site]:
    """A house whose database has a connection for each thread."""
    opened = open_site(world, world_url)
    opened.database.close()
    database = type(opened.database)(world_url, pool_size=THREADS)
    wide = open_site(world, world_url)
    wide.database.close()
    object.__setattr__(wide.house, "database", database)
    yield wide
    database.close()


def at_once(act: Callable[[int], Any], times: int = THREADS) -> list[Any]:
    """Do it in as many threads, which all begin together."""
    barrier = Barrier(THREADS)

    def go(turn: int) -> Any:
        barrier.wait()
        return [act(each) for each in range(turn, times, THREADS)]

    with ThreadPoolExecutor(THREADS) as pool:
        return [one for answers in pool.map(go, range(THREADS)) for one in answers]


def begun(site: Site, address: str = "rhian@example.test") -> tuple[str, str]:
    """An enrolment whose code was sent: its reference, and its browser's secret."""
    secret = random_token()
    ref = site.database.transaction(
        lambda tx: actions.start(tx, browser_secret=secret, journey_ref=None)
    )
    keyring = site.house.keyring
    site.database.transaction(lambda tx: actions.send_code(tx, keyring, ref, address, locale="en"))
    return ref, secret


def found(site: Site, ref: str, secret: str) -> Enrolment:
    enrolment = site.database.read(lambda tx: actions.locate(tx, ref, browser_secret=secret))
    assert isinstance(enrolment, Enrolment)
    return enrolment


def confirmed(site: Site, address: str = "rhian@example.test") -> str:
    ref, secret = begun(site, address)
    code = mail(site, address)[-1].values["code"]
    now = found(site, ref, secret)
    keyring = site.house.keyring
    assert site.database.transaction(
        lambda tx: actions.confirm_address(tx, keyring, now, code)
    ) is CodeAnswer.RIGHT  # fmt: skip
    return ref


def counted(site: Site, per: timedelta) -> set[int]:
    """How many tries each bucket holds, by how far ahead of the clock it stands."""
    now = site.database.now()
    return {
        round((row["arrival"] - now) / per)
        for row in site.rows(ThrottleRecord)
        if row["arrival"] - now > per / 2
    }


def test_64_wrong_codes_at_once_are_five_tries_and_no_more(wide_site: Site) -> None:
    site = wide_site
    ref, secret = begun(site)
    code = wrong(mail(site)[-1].values["code"])
    house = site.house

    def guess(_turn: int) -> str:
        now = found(site, ref, secret)
        if actions.reserve_try(house.database, house.keyring, now, address=HOME) is not None:
            return "wait"
        return str(
            house.database.transaction(
                lambda tx: actions.confirm_address(tx, house.keyring, now, code)
            )
        )

    answers = at_once(guess, 64)
    assert answers.count(CodeAnswer.WRONG) == limits.TRIES_PER_CODE == 5
    assert answers.count("wait") == 59
    assert counted(site, limits.NO_MORE) == {5}
    refused = site.rows(JournalEntry, kind="address-code-refused")
    assert len(refused) == 5
    # The right code comes too late: nothing more is looked at.
    now = found(site, ref, secret)
    assert actions.reserve_try(house.database, house.keyring, now, address=HOME) is not None


def test_64_wrong_codes_of_a_reset_at_once_are_five_tries(wide_site: Site) -> None:
    site, house, secret = wide_site, wide_site.house, random_token()
    ref = house.database.transaction(
        lambda tx: recovering.start(
            tx, typed="nobody@example.test", browser_secret=secret, journey_ref=None
        )
    )
    work(site)
    code = wrong(mail(site)[-1].values["code"])

    def guess(_turn: int) -> str:
        reset = house.database.read(lambda tx: recovering.locate(tx, ref, browser_secret=secret))
        assert isinstance(reset, Reset)
        if recovering.reserve_try(house.database, house.keyring, reset, address=HOME) is not None:
            return "wait"
        return str(
            house.database.transaction(
                lambda tx: recovering.give_code(tx, house.keyring, reset, code)
            )
        )

    answers = at_once(guess, 64)
    assert answers.count(CodeAnswer.WRONG) == 5
    assert len(site.rows(JournalEntry, kind="reset-code-refused")) == 5
    assert site.rows(ResetRecord)[0]["code_used_at"] is None


def test_the_right_code_confirms_once_though_many_give_it(wide_site: Site) -> None:
    site, house = wide_site, wide_site.house
    ref, secret = begun(site)
    code, now = mail(site)[-1].values["code"], found(site, ref, secret)
    answers = at_once(
        lambda _turn: house.database.transaction(
            lambda tx: actions.confirm_address(tx, house.keyring, now, code)
        )
    )
    assert answers.count(CodeAnswer.RIGHT) == 1
    assert len(site.rows(JournalEntry, kind="address-confirmed")) == 1


def test_of_many_codes_asked_for_at_once_one_is_open(wide_site: Site) -> None:
    site, house = wide_site, wide_site.house
    ref, _secret = begun(site)
    at_once(
        lambda _turn: house.database.transaction(
            lambda tx: actions.send_code(tx, house.keyring, ref, "rhian@example.test", locale="en")
        )
    )
    now = site.database.now()
    rows = site.rows(AddressCodeRecord)
    assert len(rows) == THREADS + 1
    assert sum(row["used_at"] is None and row["expires_at"] > now for row in rows) == 1


def test_one_enrolment_makes_one_account_though_it_is_sent_many_times(wide_site: Site) -> None:
    site, house = wide_site, wide_site.house
    ref = confirmed(site)
    password = hash_password(house.gate, "violet kettle harbour 19")
    made = at_once(
        lambda _turn: house.database.transaction(
            lambda tx: actions.make_account(tx, house.keyring, ref, password=password, before=None)
        )
    )
    assert sum(isinstance(one, Made) for one in made) == 1
    assert made.count(None) == THREADS - 1
    (account,) = site.rows(AccountRecord, sign_in_name="rhian@example.test")
    assert len(site.rows(PasswordRecord, account_ref=account["ref"])) == 1
    assert len(site.rows(SessionRecord, account_ref=account["ref"])) == 1


def test_many_who_finish_with_one_name_are_one_account_and_the_rest_choose_again(
    wide_site: Site,
) -> None:
    site, house = wide_site, wide_site.house
    refs = [confirmed(site) for _ in range(THREADS)]  # one mailbox, sixteen browsers
    made = at_once(
        lambda turn: house.database.transaction(
            lambda tx: actions.make_account(
                tx, house.keyring, refs[turn], password=None, before=None
            )
        )
    )
    assert sum(isinstance(one, Made) for one in made) == 1
    assert made.count(NameProblem.TAKEN) == THREADS - 1
    assert len(site.rows(AccountRecord, sign_in_name="rhian@example.test")) == 1
    assert sum(row["account_ref"] is not None for row in site.rows(EnrolmentRecord)) == 1


def test_one_reset_sets_one_password_though_it_is_sent_many_times(wide_site: Site) -> None:
    site, house, secret = wide_site, wide_site.house, random_token()
    ref = house.database.transaction(
        lambda tx: recovering.start(
            tx, typed="nobody@example.test", browser_secret=secret, journey_ref=None
        )
    )
    work(site)
    code = mail(site)[-1].values["code"]
    reset = house.database.read(lambda tx: recovering.locate(tx, ref, browser_secret=secret))
    assert isinstance(reset, Reset)
    house.database.transaction(lambda tx: recovering.give_code(tx, house.keyring, reset, code))
    password = hash_password(house.gate, "violet kettle harbour 19")
    done = at_once(
        lambda _turn: house.database.transaction(
            lambda tx: recovering.finish(tx, house.keyring, reset, password, browser_secret=secret)
        )
    )
    assert done.count(True) == 1
    assert len(site.rows(JournalEntry, kind="password-reset")) == 1
