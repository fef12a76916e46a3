"""Once a year whoever gave a permission without an end is asked, also who is not online."""

import re
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert

from idp.accounts.records import AccountRecord
from idp.delegation import holding, telling
from idp.delegation.records import MandateRecord
from idp.delegation.reminding import remind_all
from idp.notices import letters
from idp.notices.actions import MESSAGES, Notice, unseal
from idp.notices.records import LetterRecord
from idp.outbox.records import OutboxRecord
from idp.register.records import BusinessRecord, PersonRecord
from idp.storage import Transaction
from tests.build import ISSUER, Site

PHONE = "+447700900123"


def remind(site: Site) -> int:
    return remind_all(site.database, site.house.keyring)


def given(site: Site, *, services: tuple[str, ...] = ("tax",)) -> Any:
    """Margaret's permission without an end, by a paper, which is a year old; she has no account."""
    for service in services:
        site.give_mandate(services={service: ["all"]})
    site.change(MandateRecord, {"expires": None, "bundle": "REFERENCE-7"})
    site.change(AccountRecord, {"disabled_at": site.database.now()}, person_ref=margaret(site))
    site.later(days=366)
    return site.rows(MandateRecord)[0]


def margaret(site: Site) -> str:
    return str(site.account("margaret")["person_ref"])


def sent(site: Site) -> list[tuple[str, str]]:
    rows = [row for row in site.rows(OutboxRecord) if row["kind"] in MESSAGES.values()]
    found = [unseal(site.house.keyring, row["payload"]) for row in rows]
    return [(one.contact.address, one.notice) for one in found]


def read(site: Site) -> list[tuple[str, str]]:
    """To whom each letter goes, and what it says."""

    def work(tx: Transaction) -> list[tuple[str, str]]:
        waits = [letters.read(tx, site.house.keyring, one.ref, issuer=ISSUER)
                 for one in letters.waiting(tx)]  # fmt: skip
        return [(one.party, "\n".join(words.paragraphs)) for one, words in filter(None, waits)]

    return site.database.read(work)


def test_who_has_no_account_gets_one_letter_a_year_that_says_how_to_end_or_keep_it(
    site: Site,
) -> None:
    mandate = given(site, services=("tax", "library"))
    assert remind(site) == 2
    ((party, said),) = read(site)
    assert party == margaret(site)
    for text in ("Sian Hughes can still act for you, here: ", "Tax", "Library",
                 "Do you want to keep it? Then you need do nothing.",
                 "You need no account. Call us, or come to any counter, and give the reference "
                 ):  # fmt: skip
        assert text in said
    assert "//" not in said
    (spoken,) = re.findall(r"the reference ([0-9A-Z]{12})\.", said)  # short enough to be said
    assert site.database.read(lambda tx: holding.ref_of(tx, spoken.lower())) in {
        one["ref"] for one in site.rows(MandateRecord)
    }
    assert remind(site) == 0, "and no second one"
    site.later(days=366)
    assert remind(site) == 2
    assert len(read(site)) == 2
    assert mandate["state"] == "active"


def test_a_worker_that_dies_in_between_leaves_neither_letter_nor_mark(site: Site) -> None:
    given(site)

    class Killed(Exception):
        pass

    def dies(tx: Transaction) -> None:
        from idp.delegation import reminding

        assert reminding._terms(tx, site.house.keyring) == 1
        raise Killed

    with pytest.raises(Killed):
        site.database.transaction(dies)
    assert (site.rows(LetterRecord), sent(site)) == ([], [])
    assert remind(site) == 1
    assert len(read(site)) == 1


def test_her_own_phone_rings_and_her_helpers_does_not(site: Site) -> None:
    given(site)
    site.change(PersonRecord, {"contacts": {"phone": PHONE, "email": "sian@example.test"}},
                ref=margaret(site))  # fmt: skip
    remind(site)
    assert sent(site) == [(PHONE, Notice.HELPER_STILL)]
    assert len(read(site)) == 1


@pytest.mark.parametrize(("channel", "address", "letter", "mail"), [
    ("letter", None, 1, []), ("none", None, 0, []),
    ("email", "safe@example.test", 0, [("safe@example.test", Notice.HELPER_YEARLY)]),
])  # fmt: skip
def test_who_chose_how_to_be_told_is_told_so_and_no_other_way(
    site: Site, channel: str, address: str | None, letter: int, mail: list[Any]
) -> None:
    given(site)
    site.change(AccountRecord, {"disabled_at": None}, person_ref=margaret(site))
    site.database.transaction(lambda tx: telling.set_safe_contact(
        tx, site.house.keyring, margaret(site), channel, address))  # fmt: skip
    assert remind(site) == 1
    assert (len(read(site)), sent(site)) == (letter, mail)


def test_who_is_online_gets_the_link_and_no_letter(site: Site) -> None:
    given(site)
    site.change(AccountRecord, {"disabled_at": None}, person_ref=margaret(site))
    remind(site)
    assert sent(site) == [("margaret@example.test", Notice.HELPER_YEARLY)]
    assert read(site) == []


def test_nobody_writes_to_the_dead(site: Site) -> None:
    given(site)
    site.change(PersonRecord, {"died_on": date(2026, 1, 1)}, ref=margaret(site))
    assert remind(site) == 1
    assert (read(site), sent(site)) == ([], [])


def test_a_business_gets_its_letter(site: Site) -> None:
    given(site)
    site.database.transaction(lambda tx: tx.execute(insert(BusinessRecord).values(
        ref="b-1", name="Hughes Bakery Ltd", kind="company", address={"street": "1 Mill Lane"},
        created_at=tx.now())))  # fmt: skip
    site.change(MandateRecord, {"principal": "b-1", "principal_kind": "business"})
    assert remind(site) == 1
    ((party, said),) = read(site)
    assert party == "b-1"
    assert "Sian Hughes can still act for you" in said
