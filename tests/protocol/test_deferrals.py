"""Sign-ins that are held: what the service sees, and who lets them go on (risk-model.md T6)."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from idp.assurance.risk_rules import Thresholds
from idp.journal.records import JournalEntry
from idp.notices.actions import unseal
from idp.oidc import deferrals
from idp.oidc.records import DeferralRecord, GrantRecord
from idp.outbox.records import OutboxRecord
from tests.build import ISSUER, Site, World, claims_of, open_site


@pytest.fixture
def holding(world: World, world_url: str) -> Iterator[Site]:
    """A house that defers every sign-in which nothing but a password and a code speak for."""
    fixed = {level: Thresholds(step_up=-14, defer=-13, refuse=14) for level in (1, 2, 3)}
    risk = replace(world.policies.risk, enforced=True, fixed=fixed)
    site = open_site(replace(world, policies=replace(world.policies, risk=risk)), world_url)
    yield site
    site.close()


def held(site: Site, client: str = "basic") -> dict[str, Any]:
    site.sign_in()
    return site.tokens(client)


def link(site: Site) -> str:
    for row in site.rows(OutboxRecord):
        if "sealed" in row["payload"]:
            told = unseal(site.house.keyring, row["payload"])
            if "link" in told.values:
                return str(told.values["link"])
    raise AssertionError("nobody was told")


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
    thief = holding.browser
    owner = holding.new_browser()
    holding.browser = owner
    holding.sign_in()
    page = holding.get(link(holding))
    assert "Change your password" in holding.submit(page, me="no").text
    assert state(holding) == ("refused", "owner")
    assert holding.introspect("basic", tokens["access_token"])["active"] is False
    assert holding.userinfo(tokens["access_token"]).status_code == 401
    (grant,) = [row for row in holding.rows(GrantRecord) if row["client_id"] == "basic"]
    assert grant["ended_reason"] == "deferral-refused"
    holding.browser = thief
    assert holding.answer("library", prompt="none")["error"] == "login_required"


@pytest.mark.parametrize("said", ["", "maybe"])
def test_no_answer_decides_nothing(holding: Site, said: str) -> None:
    held(holding)
    page = holding.get(link(holding))
    assert holding.submit(page, me=said).status_code == 422
    assert state(holding) == (None, None)


def test_another_account_finds_nothing_behind_the_link(holding: Site) -> None:
    held(holding)
    path = link(holding)
    holding.browser = holding.new_browser()
    holding.sign_in("tom")
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
    done = holding.database.transaction(
        lambda tx: deferrals.decide(tx, row["ref"], release=True, by="owner")
    )
    assert done is False
    holding.sign_in()
    assert "answered before" in holding.get(path).text


def test_of_eight_who_decide_at_once_one_does(holding: Site) -> None:
    held(holding)
    (row,) = holding.rows(DeferralRecord)

    def one(number: int) -> bool:
        return holding.database.transaction(
            lambda tx: deferrals.decide(tx, row["ref"], release=number % 2 == 0, by=f"o{number}")
        )

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(one, range(8)))
    assert sum(outcomes) == 1
    kinds = ("deferral-released", "deferral-refused")
    assert sum(len(holding.rows(JournalEntry, kind=kind)) for kind in kinds) == 1
