"""Sign-ins that are held: what the service sees, and who lets them go on (risk-model.md T6)."""

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.assurance.records import FamiliarityRecord
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.oidc import deferrals
from idp.oidc.records import DeferralRecord, GrantRecord
from idp.outbox.records import OutboxRecord
from idp.register import contacts
from idp.register.records import PersonRecord
from tests.build import ISSUER, Site, claims_of, read_answer
from tests.rig.holding import held, holding

__all__ = ["holding"]


def link(site: Site) -> str:
    for row in site.rows(OutboxRecord):
        if "sealed" in row["payload"]:
            told = unseal(site.house.keyring, row["payload"])
            if "link" in told.values:
                return str(told.values["link"])
    raise AssertionError("nobody was told")


def messages(site: Site) -> int:
    return sum("sealed" in row["payload"] for row in site.rows(OutboxRecord))


def come_back(site: Site, name: str = "sian", *, seconds: int = 30) -> None:
    """Later the owner signs in anew, in another browser."""
    site.later(seconds=seconds)
    site.browser = site.new_browser()
    site.sign_in(name)


def decide(site: Site, ref: str, *, release: bool, by: str = "owner") -> bool:
    policies = site.world.policies
    return site.database.transaction(
        lambda tx: deferrals.decide(tx, policies, ref, release=release, by=by)
    )


def ask(site: Site, ref: str, client: str = "basic") -> Any:
    return site.post("/api/v1/deferrals", client, deferral=ref)


def state(site: Site) -> tuple[str | None, str | None]:
    (row,) = site.rows(DeferralRecord)
    return row["decision"], row["decided_by"]


def test_a_held_sign_in_is_let_in_and_says_so_everywhere(holding: Site) -> None:
    tokens = held(holding)
    (row,) = holding.rows(DeferralRecord)
    said = {"risk_outcome": "deferred", "deferral": row["ref"]}
    for claims in (
        claims_of(tokens["id_token"]),
        claims_of(tokens["access_token"]),
        holding.userinfo(tokens["access_token"]).json or {},
        holding.introspect("basic", tokens["access_token"]),
    ):
        assert said.items() <= claims.items()
        assert not any("nats" in name or "score" in name for name in claims)
    answer = ask(holding, row["ref"]).json
    assert answer["state"] == "waiting"
    assert answer["expires_at"] - answer["created_at"] == 7 * 24 * 3600
    (entry,) = holding.rows(JournalEntry, kind="sign-in-deferred")
    assert entry["detail"] == {"deferral": row["ref"], "grant": row["grant_ref"]}


def test_where_nothing_binds_tokens_say_nothing_of_risk(site: Site) -> None:
    site.sign_in()
    claims = claims_of(site.tokens("basic")["id_token"])
    assert "risk_outcome" not in claims
    assert site.rows(DeferralRecord) == []


def test_only_the_service_it_was_made_to_may_ask(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)
    assert ask(holding, row["ref"], "other").status_code == 404
    assert ask(holding, "unknown").status_code == 404
    assert ask(holding, "").status_code == 400
    unproved = holding.browser.post(
        "/api/v1/deferrals", data={"deferral": row["ref"]}, base_url=ISSUER
    )
    assert unproved.status_code == 401


def test_its_owner_lets_it_go_on_by_the_link_and_introspection_says_so_at_once(
    holding: Site,
) -> None:
    tokens = held(holding)
    come_back(holding)
    page = holding.get(link(holding))
    assert "Was it you who signed in?" in page.text
    done = holding.submit(page, me="yes")
    assert done.status_code == 200
    assert state(holding) == ("released", "owner")
    now = holding.introspect("basic", tokens["access_token"])
    assert (now["active"], now["risk_outcome"]) == (True, "released")
    again = holding.get(link(holding))
    assert "answered before" in again.text
    assert len(holding.rows(JournalEntry, kind="deferral-released")) == 1


def test_its_owner_says_no_and_all_of_it_ends(holding: Site) -> None:
    tokens = held(holding)
    thief, other = holding.browser, holding.new_browser()
    holding.sign_in(browser=other)
    come_back(holding)
    owner = holding.browser
    page = holding.get(link(holding))
    assert "Change your password" in holding.submit(page, me="no").text
    assert state(holding) == ("refused", "owner")
    assert holding.introspect("basic", tokens["access_token"])["active"] is False
    assert holding.userinfo(tokens["access_token"]).status_code == 401
    (grant,) = [row for row in holding.rows(GrantRecord) if row["client_id"] == "basic"]
    assert grant["ended_reason"] == "deferral-refused"
    for ended in (thief, other):
        assert holding.answer("library", prompt="none", browser=ended)["error"] == "login_required"
    assert "code" in holding.answer("library", prompt="none", browser=owner)


@pytest.mark.parametrize("said", ["", "maybe"])
def test_no_answer_decides_nothing(holding: Site, said: str) -> None:
    held(holding)
    come_back(holding)
    page = holding.get(link(holding))
    assert holding.submit(page, me=said).status_code == 422
    assert state(holding) == (None, None)


def test_another_account_finds_nothing_behind_the_link(holding: Site) -> None:
    held(holding)
    path = link(holding)
    come_back(holding, "tom")
    assert holding.get(path).status_code == 404
    page = holding.get("/account/sessions")
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    tried = holding.browser.post(path, data={"csrf_token": token, "me": "yes"}, base_url=ISSUER)
    assert tried.status_code == 404
    assert state(holding) == (None, None)


def test_what_nobody_decides_in_a_week_runs_out(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)
    path = link(holding)
    holding.later(days=7)
    assert ask(holding, row["ref"]).json["state"] == "expired"
    assert decide(holding, row["ref"], release=True) is False
    holding.sign_in()
    assert "answered before" in holding.get(path).text


def test_of_eight_who_decide_at_once_one_does(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)

    def one(number: int) -> bool:
        return decide(holding, row["ref"], release=number % 2 == 0, by=f"o{number}")

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(8)))
    assert sum(outcomes) == 1
    kinds = ("deferral-released", "deferral-refused")
    assert sum(len(holding.rows(JournalEntry, kind=kind)) for kind in kinds) == 1


def test_whoever_only_holds_the_doubted_session_cannot_vouch_for_it(holding: Site) -> None:
    held(holding)
    holding.later(seconds=30)
    path = link(holding)
    page = holding.get(path)
    assert "Sign in to" in page.text, "asked for their checks again"
    assert "Was it you who signed in?" not in page.text
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    tried = holding.browser.post(path, data={"csrf_token": token, "me": "yes"}, base_url=ISSUER)
    assert tried.status_code == 303
    assert "/sign-in/" in tried.location
    assert state(holding) == (None, None)


def test_one_fresh_check_is_not_enough_to_vouch(holding: Site) -> None:
    held(holding)
    holding.later(seconds=30)
    path, sian = link(holding), holding.world.people["sian"]
    holding.browser = holding.new_browser()
    page = holding.submit(holding.get(path), email=sian.email, password=sian.password)
    assert "Was it you who signed in?" not in page.text
    page = holding.submit(page, code=holding.code_now("sian"))
    assert "Was it you who signed in?" in page.text
    holding.submit(page, me="yes")
    assert state(holding) == ("released", "owner")


def test_a_service_that_asks_again_and_again_holds_one_and_its_owner_is_told_once(
    holding: Site,
) -> None:
    first = held(holding)
    again = [holding.tokens("basic", prompt="none") for _ in range(3)]
    (row,) = holding.rows(DeferralRecord)
    assert messages(holding) == 1
    assert decide(holding, row["ref"], release=True)
    for tokens in (first, *again, holding.tokens("basic", prompt="none")):
        now = holding.introspect("basic", tokens["access_token"])
        assert (now["risk_outcome"], now["deferral"]) == ("released", row["ref"])
    assert len(holding.rows(DeferralRecord)) == 1
    assert messages(holding) == 1


def test_what_was_released_says_nothing_of_the_session_somewhere_else(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)
    assert decide(holding, row["ref"], release=True)
    holding.browser.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 Firefox/143.0"
    elsewhere = holding.tokens("basic", prompt="none")
    assert claims_of(elsewhere["id_token"])["risk_outcome"] == "deferred"
    assert len(holding.rows(DeferralRecord)) == 2


def test_nobody_is_sent_more_than_five_messages_a_day(holding: Site) -> None:
    held(holding)
    for number in range(7):
        holding.browser.environ_base["HTTP_USER_AGENT"] = f"Mozilla/5.0 Firefox/{number}.0"
        holding.tokens("basic", prompt="none")
    assert len(holding.rows(DeferralRecord)) == 8
    assert messages(holding) == 5
    holding.later(days=1)
    held(holding)
    assert messages(holding) == 6


def test_what_is_released_is_learnt_and_what_is_refused_is_not(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)
    assert holding.rows(FamiliarityRecord) == []
    assert decide(holding, row["ref"], release=True)
    learnt = {one["key"]: one["thousandths"] for one in holding.rows(FamiliarityRecord)}
    assert learnt == dict.fromkeys(row["seen"].values(), 1000)
    assert "every" in row["seen"]
    come_back(holding)
    holding.tokens("other")
    (other,) = [one for one in holding.rows(DeferralRecord) if one["client_id"] == "other"]
    assert decide(holding, other["ref"], release=False)
    assert {one["thousandths"] for one in holding.rows(FamiliarityRecord)} == {1000}


def test_a_refused_session_takes_along_all_that_it_waited_for(holding: Site) -> None:
    tokens = held(holding)
    consent = holding.authorize("other", scope="openid offline_access", prompt="consent")
    lasting = read_answer(holding.submit(consent, consent="yes"))["code"]
    kept = holding.redeem("other", lasting).json or {}
    one, two = holding.rows(DeferralRecord)
    assert decide(holding, one["ref"], release=False, by="an-officer")
    assert {row["decision"] for row in holding.rows(DeferralRecord)} == {"refused"}
    for client, token in (("basic", tokens["access_token"]), ("other", kept["refresh_token"])):
        assert holding.introspect(client, token) == {"active": False}
    assert holding.answer("library", prompt="none")["error"] == "login_required"
    said = {row["detail"]["deferral"]: row for row in
            holding.rows(JournalEntry, kind="deferral-refused")}  # fmt: skip
    assert set(said) == {one["ref"], two["ref"]}
    assert {row["actor"] for row in said.values()} == {"an-officer"}


def test_my_page_shows_what_waits_and_there_it_can_only_be_stopped(holding: Site) -> None:
    tokens = held(holding)
    assert "waits for your answer" in holding.get("/account").text
    come_back(holding)
    page = holding.get("/account/held")
    assert "Basic" in page.text
    assert "It was me" not in page.text
    (row,) = holding.rows(DeferralRecord)
    for forged in ("", "unknown"):
        assert holding.submit(page, held=forged).status_code == 422
    assert state(holding) == (None, None)
    assert "Change your password" in holding.submit(page, held=row["ref"]).text
    assert state(holding) == ("refused", "owner")
    assert holding.introspect("basic", tokens["access_token"]) == {"active": False}
    assert "waits for your answer" not in holding.get("/account").text
    assert holding.submit(page, held=row["ref"]).status_code == 422


def test_nobody_stops_what_another_account_waits_for(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)
    come_back(holding, "tom")
    page = holding.get("/account/sessions")
    token = re.findall(r'name="csrf_token" value="([^"]*)"', page.text)[0]
    form = {"csrf_token": token, "held": row["ref"]}
    tried = holding.browser.post("/account/held", data=form, base_url=ISSUER)
    assert tried.status_code == 422
    assert state(holding) == (None, None)
    assert "waits for your answer" not in holding.get("/account").text


def test_the_owner_is_told_wherever_the_register_reaches_them_too(holding: Site) -> None:
    person = holding.account("sian")["person_ref"]
    known = contacts.stored("sian@before.example", "+447700900123")
    holding.change(PersonRecord, {"contacts": known}, ref=person)
    held(holding)
    told = [unseal(holding.house.keyring, row["payload"]) for row in holding.rows(OutboxRecord)]
    assert sorted(one.contact.address for one in told) == [
        "+447700900123", "sian@before.example", "sian@example.test",
    ]  # fmt: skip
    assert len({one.values["link"] for one in told}) == 1
