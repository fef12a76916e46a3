"""Software that acts by itself: two people make it, one answers for it, and it ends at once."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import insert, inspect

from idp.accounts.records import AccountRecord
from idp.authentication import sessions
from idp.authentication.records import SessionRecord
from idp.callers.records import ClientRecord
from idp.delegation import machines
from idp.delegation.lifecycle import OFFER_LASTS
from idp.delegation.machine_rules import (
    LONGEST_DAYS,
    MOST_OPEN,
    Side,
    Software,
    Standing,
    State,
    Verdict,
    may_agree,
    may_ask,
    may_end,
    read_days,
    reads_as,
)
from idp.delegation.records import MachineMandateRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import MESSAGES, Notice, Sealed, unseal
from idp.oidc.records import GrantRecord
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.outbox.records import OutboxRecord
from tests.build import ISSUER, Site, claims_of
from tests.rig.software import FIRM, Firm, make_firm

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PAGE = f"/helping/organisations/{FIRM}/software"
GOOD = Standing(now=NOON, created_at=NOON - DAY, expires=NOON + DAY, agreed=True, ended=False,
                session_over=False, left=False, stopped=False)  # fmt: skip
ADMIN = Side(ref="m-1", party="tom", roles=frozenset({"admin"}), stopped=False)
WORKER = Side(ref="m-2", party="sian", roles=frozenset({"worker"}), stopped=False)
FILER = Software(client_id="filer", acts_at=frozenset({"tax"}), exchanges=True, disabled=False)


# The rules


def test_it_carries_something_only_while_all_of_it_stands() -> None:
    for agreed, ended, over, left, stopped in product([False, True], repeat=5):
        it = replace(
            GOOD, agreed=agreed, ended=ended, session_over=over, left=left, stopped=stopped
        )  # fmt: skip
        active = it.agreed and not (it.ended or it.session_over or it.left or it.stopped)
        assert (reads_as(it) is State.ACTIVE) == active, it


def test_terms_are_half_open_and_nobody_agrees_after_three_weeks() -> None:
    assert reads_as(replace(GOOD, expires=NOON)) is State.ENDED
    asked = replace(GOOD, agreed=False, created_at=NOON - OFFER_LASTS)
    assert reads_as(asked) is State.LAPSED
    later = replace(asked, created_at=NOON - OFFER_LASTS + timedelta(microseconds=1))
    assert reads_as(later) is State.ASKED


def ask(
    by: Side = ADMIN,
    member: Side | None = WORKER,
    software: Software | None = FILER,
    *,
    services: tuple[str, ...] = ("tax",),
    days: int = 31,
    open_now: int = 0,
) -> Verdict:
    return may_ask(by, member, software, services=services, days=days, open_now=open_now)


def test_an_administrator_asks_another_member_for_what_the_software_is_registered_for() -> None:
    assert ask() is Verdict.ALLOWED
    assert ask(WORKER) is Verdict.ROLE_LACKING
    assert ask(replace(ADMIN, stopped=True)) is Verdict.ROLE_LACKING
    both = replace(ADMIN, roles=frozenset({"admin", "worker"}))
    assert ask(both, both) is Verdict.ONESELF
    assert ask(both, replace(WORKER, party="tom")) is Verdict.ONESELF  # one human, two accounts
    assert ask(member=None) is Verdict.MEMBER
    assert ask(member=replace(WORKER, stopped=True)) is Verdict.MEMBER
    assert ask(member=replace(WORKER, roles=frozenset({"assigner"}))) is Verdict.MEMBER
    assert ask(software=None) is Verdict.SOFTWARE
    assert ask(software=replace(FILER, disabled=True)) is Verdict.SOFTWARE
    assert ask(software=replace(FILER, exchanges=False)) is Verdict.SOFTWARE
    assert ask(services=()) is Verdict.SERVICES
    assert ask(services=("tax", "library")) is Verdict.SERVICES
    assert [ask(days=days) for days in (0, -1, LONGEST_DAYS + 1)] == [Verdict.TERM] * 3
    assert ask(days=LONGEST_DAYS) is Verdict.ALLOWED
    assert ask(open_now=MOST_OPEN) is Verdict.FULL


def test_only_who_was_asked_agrees_and_only_once() -> None:
    assert may_agree(WORKER, "m-2", State.ASKED) is Verdict.ALLOWED
    assert may_agree(ADMIN, "m-2", State.ASKED) is Verdict.GONE
    assert may_agree(replace(WORKER, stopped=True), "m-2", State.ASKED) is Verdict.GONE
    for state in set(State) - {State.ASKED}:
        assert may_agree(WORKER, "m-2", state) is Verdict.GONE


def test_who_answers_and_who_administers_end_it_and_nobody_else() -> None:
    other = Side(
        ref="m-3", party="margaret", roles=frozenset({"worker", "assigner"}), stopped=False
    )
    for state in State:
        open_still = state in {State.ASKED, State.ACTIVE, State.STOPPED}
        expected = Verdict.ALLOWED if open_still else Verdict.GONE
        assert may_end(WORKER, "m-2", state) is may_end(ADMIN, "m-2", state) is expected
        assert may_end(other, "m-2", state) is Verdict.GONE


def test_days_are_read_as_digits_or_not_at_all() -> None:
    typed = ("31", " 365 ", "", "-1", "1e3", "٣", "99999", "31.0")
    assert [read_days(text) for text in typed] == [31, 365, 0, 0, 0, 0, 0, 0]


# With a firm, its people and its software


@pytest.fixture
def firm(site: Site) -> Firm:
    """Sian works there, Tom administers, and `filer` is its software."""
    return make_firm(site)


def post(firm: Firm, name: str, path: str, **form: Any) -> Any:
    """Send a form of a page as somebody, signed in in a browser of their own."""
    site = firm.site
    browser = site.new_browser()
    site.sign_in(name, browser=browser)
    browser.set_cookie("gatehouse_browser", "b" * 43, domain="localhost")
    page = site.get("/account/sessions", browser=browser)  # it has a form
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    form["csrf_token"] = token.group(1) if token else ""
    return browser.post(path, data=form, base_url=ISSUER)


def asked(firm: Firm, **form: Any) -> str:
    """Tom asks Sian to answer for the software; answers the path of it."""
    given = {"client": "filer", "services": "tax", "member": firm.members["sian"], "days": "182"}
    answer = post(firm, "tom", PAGE, **(given | form))
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def agreed(firm: Firm) -> str:
    """Sian agrees."""
    path = asked(firm)
    answer = post(firm, "sian", f"{path}/agree")
    assert answer.status_code == 303, answer.text
    return path


def told(firm: Firm) -> list[Sealed]:
    rows = firm.site.rows(OutboxRecord, kind=MESSAGES["email"])
    keyring = firm.site.house.keyring
    return [one for one in (unseal(keyring, row["payload"]) for row in rows)
            if one.notice is Notice.MACHINE_ASKED]  # fmt: skip


@pytest.mark.parametrize(("days", "waits"), [(182, OFFER_LASTS), (7, timedelta(days=7))])
def test_the_member_who_is_asked_is_told_once_where_and_until_when(
    firm: Firm, days: int, waits: timedelta
) -> None:
    refused = {"client": "filer", "services": "tax", "member": firm.members["sian"], "days": "0"}
    assert post(firm, "tom", PAGE, **refused).status_code == 422
    assert told(firm) == [], "nobody is told of what was not asked"
    path = asked(firm, days=str(days))
    (kept,) = firm.site.rows(MachineMandateRecord)
    (one,) = told(firm)
    assert one.contact.address == firm.site.world.people["sian"].email
    assert one.values == {
        "organisation": "Barker and Daughters", "link": path,
        "when": (kept["created_at"] + waits).isoformat(),
    }  # fmt: skip
    assert post(firm, "sian", f"{path}/agree").status_code == 303
    assert len(told(firm)) == 1


def test_two_people_make_it_and_then_the_software_acts_with_the_members_name(firm: Firm) -> None:
    """I13; delegation.md section 5, point 9: the machine acts, a human is named."""
    site, mandate = firm.site, firm.mandate()
    path = asked(firm)
    assert firm.exchange(mandate).status_code == 400  # nothing before the member has agreed
    for name in ("tom", "margaret"):
        assert post(firm, name, f"{path}/agree").status_code in {404, 422}
    assert firm.exchange(mandate).status_code == 400
    assert post(firm, "sian", f"{path}/agree").status_code == 303
    answer = firm.exchange(mandate)
    assert answer.status_code == 200, answer.json
    said = claims_of((answer.json or {})["access_token"])
    assert said["act"]["client_id"] == "filer"
    sian = site.account("sian")["person_ref"]
    (row,) = site.rows(JournalEntry, kind="tokens-issued", client_id="filer")
    assert (row["actor"], row["mandate_ref"]) == (sian, mandate)
    (kept,) = site.rows(MachineMandateRecord)
    assert row["detail"]["machine"] == kept["ref"]
    assert site.introspect("tax", (answer.json or {})["access_token"])["active"]
    assert post(firm, "sian", f"{path}/agree").status_code == 422  # a second press changes nothing
    assert site.rows(MachineMandateRecord) == [kept]
    kinds = [row["kind"] for row in site.rows(JournalEntry, person=sian)]
    assert [kind for kind in kinds if kind.startswith("machine")] == [
        "machine-mandate-asked", "machine-mandate-agreed",
    ]  # fmt: skip


def test_it_lives_past_a_night_and_ends_with_its_term(firm: Firm) -> None:
    """No browser keeps it awake; the term is the longest it lasts."""
    site, mandate = firm.site, firm.mandate(life=timedelta(days=400))
    agreed(firm)
    site.later(days=181)
    assert firm.exchange(mandate).status_code == 200
    site.later(days=2)
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"


def test_it_acts_at_its_services_only_for_whom_the_member_may_open(firm: Firm) -> None:
    mandate = firm.mandate(open_to=None)
    agreed(firm)
    assert (firm.exchange(mandate).json or {})["reason"] == "not-assigned"
    firm.site.change(MachineMandateRecord, {"services": ["library"]})
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"


ENDS: dict[str, tuple[Any, dict[str, Any], dict[str, str], str]] = {
    "the member leaves": (MemberRecord, {"left_at": "now"}, {"name": "Sian"}, "actor-missing"),
    "the member is suspended": (
        MemberRecord, {"suspended_at": "now"}, {"name": "Sian"}, "member-suspended"),
    "the firm is suspended": (
        OrganisationRecord, {"suspends_at": "now"}, {}, "organisation-suspended"),
    "the software is switched off": (
        ClientRecord, {"disabled_at": "now"}, {"client_id": "filer"}, "client-disabled"),
    "the account is closed": (
        AccountRecord, {"disabled_at": "now"}, {"sign_in_name": "sian@example.test"},
        "actor-missing"),
    "its session is ended": (
        SessionRecord, {"ended_at": "now"}, {"device": "Filer"}, "actor-missing"),
    "it is ended": (MachineMandateRecord, {"ended_at": "now"}, {}, "actor-missing"),
}  # fmt: skip


def test_it_ends_or_stops_at_once_with_whatever_it_stands_on(firm: Firm) -> None:
    """I4, I12: nothing new from then on, and what was issued is dead."""
    site, mandate = firm.site, firm.mandate()
    agreed(firm)
    for what, (table, values, where, reason) in ENDS.items():
        token = (firm.exchange(mandate).json or {})["access_token"]
        now = site.database.now()
        site.change(table, {n: now if v == "now" else v for n, v in values.items()}, **where)
        issued = len(site.rows(GrantRecord))
        answer = firm.exchange(mandate)
        assert answer.status_code == 400, what
        assert (answer.json or {})["reason"] == reason, what
        assert len(site.rows(GrantRecord)) == issued, what
        assert site.introspect("tax", token) == {"active": False}, what
        site.change(table, dict.fromkeys(values), **where)


def test_one_who_left_and_came_back_does_not_answer_again(firm: Firm) -> None:
    """An agreement is of one membership."""
    site = firm.site
    agreed(firm)
    site.change(MemberRecord, {"left_at": site.database.now()}, ref=firm.members["sian"])
    firm.join("sian", "worker")
    mandate = firm.mandate()
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"


def test_the_member_sees_it_where_they_are_signed_in_and_ends_it_there(firm: Firm) -> None:
    site, mandate = firm.site, firm.mandate()
    path = agreed(firm)
    site.later(hours=11)  # long after a browser would be idle
    browser = site.new_browser()
    site.sign_in("sian", browser=browser)
    browser.set_cookie("gatehouse_browser", "b" * 43, domain="localhost")
    shown = site.get("/account/sessions", browser=browser)
    assert "Filer" in shown.text
    assert "You answer for it" in shown.text
    assert firm.exchange(mandate).status_code == 200
    (one,) = site.rows(SessionRecord, unattended=True)
    answer = post(firm, "sian", f"/account/sessions/{one['ref']}/end")
    assert answer.status_code == 303
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"
    assert "It has ended." in site.get(path, browser=browser).text


def test_the_administrator_ends_it_and_the_software_is_told(firm: Firm) -> None:
    site, mandate = firm.site, firm.mandate()
    path = agreed(firm)
    assert firm.exchange(mandate).status_code == 200
    assert post(firm, "margaret", f"{path}/end").status_code == 404
    assert post(firm, "tom", f"{path}/end").status_code == 303
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"
    (one,) = site.rows(SessionRecord, unattended=True)
    assert one["ended_at"] is not None
    sent = [row for row in site.rows(OutboxRecord) if row["kind"] == "backchannel-logout"]
    assert [row["payload"]["client_id"] for row in sent] == ["filer"]
    assert post(firm, "tom", f"{path}/end").status_code == 422


def test_a_no_is_final_and_so_is_what_was_taken_back(firm: Firm) -> None:
    for name in ("sian", "tom"):
        path = asked(firm)
        assert post(firm, name, f"{path}/end").status_code == 303
        assert post(firm, "sian", f"{path}/agree").status_code == 422
    assert not firm.site.rows(SessionRecord, unattended=True)


def test_what_is_over_by_itself_leaves_room_to_ask_again(firm: Firm) -> None:
    """Nobody can end it any more, so it is not counted among what could be ended."""
    site = firm.site
    agreed(firm)
    (kept,) = map(dict, site.rows(MachineMandateRecord))
    more: Any = [{**kept, "ref": f"machine-{number}"} for number in range(1, MOST_OPEN)]
    site.database.transaction(lambda tx: tx.execute(insert(MachineMandateRecord), more))
    again = {"client": "filer", "services": "tax", "days": "182", "member": firm.members["sian"]}
    assert post(firm, "tom", PAGE, **again).status_code == 422, "so many are the most"
    now = site.database.now()
    site.change(SessionRecord, {"ended_at": now}, unattended=True)
    asked(firm)
    site.change(SessionRecord, {"ended_at": None}, unattended=True)
    never_agreed = {"agreed_at": None, "session_ref": None, "created_at": now - OFFER_LASTS}
    site.change(MachineMandateRecord, never_agreed)
    asked(firm)
    site.change(MachineMandateRecord, {"created_at": now})
    site.change(MemberRecord, {"left_at": now}, ref=firm.members["sian"])
    firm.join("sian", "worker")
    asked(firm)


def test_what_is_asked_wrong_is_said_and_nothing_is_kept(firm: Firm) -> None:
    good = {"client": "filer", "services": "tax", "member": firm.members["sian"], "days": "31"}
    for wrong in ({"client": "tax"}, {"client": ""}, {"services": "library"}, {"services": ""},
                  {"member": firm.members["tom"]}, {"member": "x"}, {"days": "366"},
                  {"days": "x"}):  # fmt: skip
        answer = post(firm, "tom", PAGE, **(good | wrong))
        assert answer.status_code == 422, wrong
        assert "There is a problem" in answer.text
        kept = set(re.findall(r'value="([^"]+)" checked', answer.text))
        right = set(good.values()) - {good[name] for name in wrong}
        assert kept == right | {"filer"}, wrong  # the only software there is
    assert post(firm, "sian", PAGE, **good).status_code == 422
    assert post(firm, "margaret", PAGE, **good).status_code == 404
    assert not firm.site.rows(MachineMandateRecord)


def test_who_is_no_member_does_not_find_the_pages(firm: Firm) -> None:
    site, path = firm.site, asked(firm)
    site.sign_in("margaret")
    site.browser.set_cookie("gatehouse_browser", "b" * 43, domain="localhost")
    for address in (PAGE, path, "/helping/organisations/none/software", f"{PAGE}/none"):
        assert site.get(address).status_code == 404, address


def test_who_proved_less_than_the_services_ask_cannot_agree(firm: Firm) -> None:
    """I10: it acts at the level of who agreed."""
    site, path = firm.site, asked(firm)
    site.change(AccountRecord, {"identity_level": 1}, sign_in_name="sian@example.test")
    answer = post(firm, "sian", f"{path}/agree")
    assert answer.status_code == 422
    assert not site.rows(SessionRecord, unattended=True)


def test_signing_out_everywhere_else_ends_it_too(firm: Firm) -> None:
    """Who fears for their account ends all that stands on it."""
    site, mandate = firm.site, firm.mandate()
    agreed(firm)
    sian = site.account("sian")["ref"]
    site.database.transaction(lambda tx: sessions.end_others(tx, sian))
    assert (firm.exchange(mandate).json or {})["reason"] == "actor-missing"


def test_the_tables_it_names_of_rooms_above_are_there(site: Site) -> None:
    found = inspect(site.database.engine)
    columns = {column["name"] for column in found.get_columns("client_session")}
    assert {column.name for column in machines.AT_CLIENT.c} <= columns
