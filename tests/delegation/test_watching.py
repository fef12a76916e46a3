"""A stolen sign-in that is fanned over all people is slowed down, challenged and stopped."""

import re

import pytest
from sqlalchemy import insert, update

from idp.delegation import watching
from idp.delegation.records import BulkWatchRecord, MandateRecord, OpenedRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import Notice, unseal
from idp.oidc.records import GrantRecord
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from idp.register import contacts
from idp.register.records import PersonRecord
from tests.build import PURPOSE, Site, read_answer
from tests.rig.firms import fill, firm
from tests.signin.test_passkeys import options_on, send


@pytest.fixture
def people(site: Site) -> list[str]:
    """A firm with 61 people, open to Sian, who is signed in; an hour has just begun."""
    site.later(seconds=3600 - site.now() % 3600 + 1)
    mandate = firm(site, access="everyone")
    refs = fill(site, mandate, 60)
    site.sign_in("sian")
    return [mandate, *refs]


def choose(site: Site, mandate: str):
    page = site.authorize("tax", acting_for=mandate)
    return site.submit(page, who=mandate, purpose=PURPOSE)


def fan(site: Site, people: list[str], *, every: float, owner: bool = False) -> tuple[int, str]:
    """Open one after the other, the `owner` signing in anew each time; answers how many were
    opened, and what was said to the first that was not."""
    for number, one in enumerate(people):
        if owner:
            site.sign_in("sian")
        page = choose(site, one)
        if page.status_code != 303:
            return number, page.text
        if "code" not in read_answer(page):
            return number, read_answer(page)["error_description"]
        site.later(seconds=every)
    return len(people), ""


def told(site: Site) -> list[tuple[str, Notice]]:
    sealed = [row["payload"] for row in site.rows(OutboxRecord) if "sealed" in row["payload"]]
    opened = [unseal(site.house.keyring, one) for one in sealed]
    return [(one.contact.address, one.notice) for one in opened]


def test_opening_one_after_the_other_is_slowed_down(site: Site, people: list[str]) -> None:
    count, said = fan(site, people, every=1)
    assert count == 15
    assert "Wait a minute, and then go on." in said
    (go_on,) = re.findall(r'href="(/sign-in/[^"]*)"', said)
    assert site.get(go_on).status_code == 429
    site.later(seconds=61)
    assert "code" in read_answer(site.get(go_on))


def test_a_stolen_session_that_waits_is_asked_for_its_owners_key(
    site: Site, people: list[str]
) -> None:
    count, said = fan(site, people, every=61)
    assert count == 24, "twenty, and what the minutes between took off"
    assert "So you need a security key" in said
    assert len(site.rows(GrantRecord)) == 24
    again = [choose(site, one).status_code for one in people[count : count + 3]]
    assert again == [403] * 3
    assert len(site.rows(GrantRecord)) == 24


def test_somebody_opened_in_this_hour_already_may_be_opened_again(
    site: Site, people: list[str]
) -> None:
    fan(site, people, every=1)
    assert "code" in read_answer(choose(site, people[3]))


def test_whoever_shows_the_key_and_goes_on_is_frozen_and_everybody_is_told(
    site: Site, people: list[str]
) -> None:
    held = contacts.stored("margaret@home.example", None)
    site.change(PersonRecord, {"contacts": held}, ref=site.account("margaret")["person_ref"])
    site.change(MemberRecord, {"roles": ["admin", "worker"]})
    key = site.give_passkey("sian", device_bound=True)
    code = read_answer(choose(site, people[0]))["code"]
    token = (site.redeem("tax", code).json or {})["access_token"]
    count, _ = fan(site, people[1:24], every=61)
    assert count == 23
    page = choose(site, people[24])
    assert page.request.path.endswith("/passkey"), "the key again, though the session is young"
    assert "code" in read_answer(send(site, page, key.get(options_on(page))))
    assert site.introspect("tax", token)["active"] is False, "it has expired by itself"
    live = site.redeem("tax", read_answer(choose(site, people[24]))["code"]).json or {}
    assert site.introspect("tax", live["access_token"])["active"] is True
    site.later(seconds=61)
    count, said = fan(site, people[25:], every=61)
    assert count == 4
    assert "so many people were opened that this member was stopped" in said
    (watch,) = site.rows(BulkWatchRecord)
    assert watch["frozen_at"] is not None
    assert site.introspect("tax", live["access_token"]) == {"active": False}
    (entry,) = site.rows(JournalEntry, kind="actor-frozen")
    assert entry["reference"] == watch["reference"]
    notices = told(site)
    for notice in (Notice.MEMBER_STOPPED, Notice.ACTOR_STOPPED):
        assert notices.count((site.world.people["sian"].email, notice)) == 1
    for path in ("/account/helping", "/helping/organisations/the-firm/members/the-member"):
        text = site.get(path).text
        assert "a lot of people in a short time" in text, path
        assert watch["reference"] in text
    assert [one for one, notice in notices if notice is Notice.HELPER_STOPPED] == [
        site.world.people["margaret"].email
    ]


def test_an_officer_lets_somebody_go_on_with_their_key_first(site: Site, people: list[str]) -> None:
    site.give_passkey("sian", device_bound=True)
    now = site.database.now()
    read_answer(choose(site, people[0]))
    site.change(BulkWatchRecord, {"frozen_at": now, "reference": "REFERENCE", "opened": 25})
    assert "So we stopped you, to keep them safe." in choose(site, people[1]).text
    for lifted in (True, False):
        assert lifted is site.database.transaction(
            lambda tx: watching.lift(
                tx, site.house.keyring, "REFERENCE", by="officer", reason="owner-said-yes"
            )
        )
    assert [one for _, one in told(site)].count(Notice.ACTOR_LIFTED) == 1, "told once"
    page = choose(site, people[1])
    assert page.request.path.endswith("/passkey")


def test_the_end_of_an_hour_resets_nothing(site: Site, people: list[str]) -> None:
    read_answer(choose(site, people[0]))
    site.later(minutes=59)
    site.sign_in("sian")
    count, _ = fan(site, people[1:15], every=1)
    assert count == 14
    site.later(minutes=1)
    count, said = fan(site, people[15:], every=1)
    assert count <= 2, "the same as before the hour ended, but for what an hour took off"
    assert "Wait a minute, and then go on." in said


def test_no_more_are_opened_in_sixty_minutes_than_anybody_may(
    site: Site, people: list[str]
) -> None:
    read_answer(choose(site, people[0]))
    most = site.house.policies.risk.bulk_hour_at_most
    (row,) = site.rows(OpenedRecord)
    site.database.transaction(
        lambda tx: tx.connection.execute(
            insert(OpenedRecord), [{**row, "principal": f"p{n}"} for n in range(most)]
        )
    )
    site.change(BulkWatchRecord, {"usual": float(most)})
    for hours in (0, 1):  # the hour after, the sixty minutes still hold them
        site.later(hours=hours)
        site.sign_in("sian")
        refused = choose(site, people[1])
        assert refused.status_code == 403
        assert "You have opened as many people as you may for now." in refused.text
    site.later(hours=1)
    site.sign_in("sian")
    assert "code" in read_answer(choose(site, people[1]))


def test_an_organisations_limit_holds_for_a_day(site: Site, people: list[str]) -> None:
    site.change(OrganisationRecord, {"people_limit": 3})
    assert fan(site, people, every=5000, owner=True)[0] == 3
    site.later(days=1, hours=2)
    site.sign_in("sian")
    assert "code" in read_answer(choose(site, people[5]))


def test_a_usual_day_of_work_meets_nothing_of_it(site: Site, people: list[str]) -> None:
    count, said = fan(site, people[:24], every=450, owner=True)
    assert (count, said) == (24, "")
    (watch,) = site.rows(BulkWatchRecord)
    assert watch["usual"] > 4.0


def test_what_was_opened_is_forgotten_after_two_days(site: Site, people: list[str]) -> None:
    fan(site, people[:3], every=1)
    assert site.database.transaction(watching.forget_opened) == 0
    site.later(days=3)
    assert site.database.transaction(watching.forget_opened) == 3
    assert site.rows(OpenedRecord) == []


def test_nothing_is_counted_where_nothing_was_issued(site: Site, people: list[str]) -> None:
    page = site.authorize("tax", acting_for=people[0])
    site.database.transaction(
        lambda tx: tx.execute(update(MandateRecord).values(state="suspended"))
    )
    assert site.submit(page, who=people[0], purpose=PURPOSE).status_code == 403
    assert site.rows(OpenedRecord) == []
    assert site.rows(BulkWatchRecord) == []
