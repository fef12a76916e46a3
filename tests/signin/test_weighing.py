"""Run-time risk in a real sign-in: recorded in the shadow, binding where an operator says so."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.accounts.records import AccountRecord
from idp.assurance.networks import Networks
from idp.assurance.records import FamiliarityRecord, FeatureShareRecord
from idp.assurance.risk_rules import Thresholds
from idp.authentication import actions as authentication
from idp.authentication import remembered
from idp.authentication.records import SessionRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import GrantRecord
from tests.build import ISSUER, Site, World, claims_of, open_site, read_answer

HOME, AWAY = "192.0.2.7", "203.0.113.9"
TABLE = [
    "192.0.2.0\t192.0.2.255\t64500\tGB\tHome Broadband",
    "198.51.100.0\t198.51.100.255\t64501\tGB\tMobile",
    "203.0.113.0\t203.0.113.255\t64502\tZZ\tExample Hosting",
]
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1 Mobile/1 Safari/604.1"
NOT_WANTED = Thresholds(step_up=99, defer=100, refuse=101)


def opened(world: World, url: str, *, enforced: bool = True, **rules: Any) -> Site:
    risk = replace(world.policies.risk, enforced=enforced, **rules)
    site = open_site(replace(world, policies=replace(world.policies, risk=risk)), url)
    object.__setattr__(site.house, "networks", Networks(TABLE))
    return site


@pytest.fixture
def binding(world: World, world_url: str) -> Iterator[Site]:
    site = opened(world, world_url)
    yield site
    site.close()


def at(site: Site, address: str = HOME, agent: str = LAPTOP) -> Site:
    """From here on the browser is at this address and says this of itself."""
    site.browser = site.new_browser()
    site.browser.environ_base.update({"REMOTE_ADDR": address, "HTTP_USER_AGENT": agent})
    return site


def password(site: Site, client: str = "library") -> TestResponse:
    page = site.authorize(client)
    sian = site.world.people["sian"]
    return site.submit(page, email=sian.email, password=sian.password)


def used_to(site: Site, times: int = 4, address: str = HOME, agent: str = LAPTOP) -> None:
    """Sian has signed in from home so often, with a code where it is asked for."""
    for _ in range(times):
        at(site, address, agent)
        site.sign_in("sian")
        assert "code" in site.answer("library")
        site.later(minutes=5)


def last_risk(site: Site, kind: str = "signed-in-to-service") -> dict[str, Any]:
    rows = sorted(site.rows(JournalEntry, kind=kind), key=lambda row: row["id"])
    found: dict[str, Any] = rows[-1]["detail"]["risk"]
    return found


def test_in_the_shadow_all_is_recorded_and_nothing_changes(world: World, world_url: str) -> None:
    site = opened(world, world_url, enforced=False)
    try:
        used_to(site)
        at(site, AWAY, PHONE)
        answer = read_answer(password(site))
        assert "code" in answer, "the floor alone binds"
        risk = last_risk(site)
        assert risk["enforced"] is False
        assert risk["outcome"] == "step_up"
        assert risk["nats"] > 3.3
        codes = [code for code, _ in risk["contributions"]]
        assert codes == ["unusual_network", "unusual_browser", "impossible_travel",
                         "hosting_network"]  # fmt: skip
    finally:
        site.close()


def test_a_usual_sign_in_is_let_in_and_an_unusual_one_asked_for_more(binding: Site) -> None:
    used_to(binding)
    assert "code" in read_answer(password(at(binding)))
    assert last_risk(binding)["outcome"] == "allow"
    assert last_risk(binding)["nats"] < 0
    page = password(at(binding, AWAY, PHONE))
    assert page.status_code == 200
    assert "looks different from your usual ones" in page.text
    (weighed,) = binding.rows(JournalEntry, kind="sign-in-weighed")[-1:]
    assert weighed["detail"]["enforced"] is True, "kept also where nobody answers the check"
    assert weighed["detail"]["policy"] == binding.world.policies.fingerprint
    assert weighed["detail"]["nats"] > 3.3
    before_proof = page.text.lower()
    for told in ("network", "browser", "country", "hosting"):
        assert told not in before_proof, "nobody unproved learns which feature failed"
    tokens = read_answer(binding.submit(page, code=binding.code_now("sian")))
    assert "code" in tokens
    claims = claims_of((binding.redeem("library", tokens["code"]).json or {})["id_token"])
    assert claims["vot"] == "P2.C2"
    assert last_risk(binding)["outcome"] == "step_up"
    page = binding.get("/account/sessions")
    assert "a network we had not seen you use" in page.text, "told after proof"


def test_prompt_none_never_slips_past_a_step_up(binding: Site) -> None:
    used_to(binding)
    at(binding, AWAY, PHONE)
    binding.sign_in(methods=("password",))
    assert binding.answer("library", prompt="none")["error"] == "login_required"


def test_a_session_that_is_used_from_elsewhere_is_weighed_again(binding: Site) -> None:
    """A cookie that was copied: what was usual at home is not usual there."""
    used_to(binding)
    at(binding)
    ref = binding.sign_in(methods=("password",))
    assert "code" in binding.answer("library", prompt="none")
    binding.browser.environ_base.update({"REMOTE_ADDR": AWAY, "HTTP_USER_AGENT": PHONE})
    assert binding.answer("library", prompt="none")["error"] == "login_required"
    (row,) = binding.rows(SessionRecord, ref=ref)
    assert row["risk"]["nats"] > 0


def test_what_is_far_too_unusual_ends_here_with_another_route(world: World, world_url: str) -> None:
    fixed = {level: Thresholds(step_up=-15, defer=-14, refuse=-13) for level in (1, 2, 3)}
    site = opened(world, world_url, fixed=fixed)
    try:
        at(site, AWAY, PHONE)
        page = password(site, "tax")
        page = site.submit(page, code=site.code_now("sian"))
        assert page.status_code == 403
        assert "By telephone, at the same level" in page.text
        assert not site.rows(GrantRecord)
        back = read_answer(site.submit(page))
        assert back["error"] == "access_denied"
        assert "unusual_" not in back["error_description"]
        refused = site.rows(JournalEntry, kind="authorization-refused")[-1]["detail"]
        assert refused["why"] == "sign-in-looks-too-unusual"
        assert refused["risk"]["outcome"] == "refuse"
    finally:
        site.close()


def test_the_first_sign_in_is_usual_and_teaches(binding: Site) -> None:
    """Cold start: without a history only signals count."""
    at(binding)
    binding.sign_in()
    assert "code" in binding.answer("library")
    risk = last_risk(binding)
    assert (risk["nats"], risk["contributions"]) == (0.0, [])
    rows = binding.rows(FamiliarityRecord)
    features = sorted(row["feature"] for row in rows)
    assert features == ["address", "agent", "browser", "country", "device", "every", "network",
                        "system"]  # fmt: skip
    kept = json.dumps(rows, default=str)
    for raw in (HOME, "192.0.2", "Mozilla", "Linux", "64500"):
        assert raw not in kept, "digests only"
    shares = {(row["feature"], row["value"]): row["accounts"]
              for row in binding.rows(FeatureShareRecord)}  # fmt: skip
    assert shares[("country", "GB")] == 1
    assert {feature for feature, _ in shares} == {"country", "network", "device", "system",
                                                  "browser"}  # fmt: skip
    assert "code" in binding.answer("library")
    again = {row["key"]: row["thousandths"] for row in binding.rows(FamiliarityRecord)}
    assert set(again.values()) == {1000}, "one session at one place is learnt once"


def test_two_accounts_of_one_household_share_no_row(binding: Site) -> None:
    for name in ("sian", "tom"):
        at(binding)
        binding.sign_in(name)
        assert "code" in binding.answer("library")
    keys = [row["key"] for row in binding.rows(FamiliarityRecord)]
    assert len(keys) == len(set(keys)) == 16


def test_a_sign_in_that_was_held_back_teaches_nothing(binding: Site) -> None:
    used_to(binding)
    before = {row["key"]: row["thousandths"] for row in binding.rows(FamiliarityRecord)}
    password(at(binding, AWAY, PHONE))
    after = {row["key"]: row["thousandths"] for row in binding.rows(FamiliarityRecord)}
    assert before == after


def test_counts_fade_with_the_weeks_and_a_clock_set_back_makes_none_larger(binding: Site) -> None:
    used_to(binding, 1)
    (every,) = binding.rows(FamiliarityRecord, feature="every")
    binding.later(days=400)
    used_to(binding, 1)
    (later,) = binding.rows(FamiliarityRecord, feature="every")
    assert 1480 <= later["thousandths"] <= 1520, "half of one is left, and one more"
    binding.later(days=-300)
    used_to(binding, 1)
    (back,) = binding.rows(FamiliarityRecord, feature="every")
    assert back["thousandths"] == later["thousandths"] + 1000
    assert back["week"] == later["week"] > every["week"]


def test_a_remembered_device_stands_for_the_code_only_where_all_looks_usual(binding: Site) -> None:
    used_to(binding)
    at(binding)
    account = binding.account("sian")["ref"]

    def remember() -> None:
        secret = binding.database.transaction(
            lambda tx: remembered.remember(tx, account, tx.now(), "Chrome")
        )
        binding.browser.set_cookie("gatehouse_device", secret, domain="localhost")

    remember()
    tokens = read_answer(password(binding, "tax"))
    assert "code" in tokens, "two checks: the password, and the device"
    claims = claims_of((binding.redeem("tax", tokens["code"]).json or {})["id_token"])
    assert claims["vot"] == "P2.C2"
    at(binding, AWAY, PHONE)
    page = password(binding, "tax")
    assert 'name="code"' in page.text, "without it the code is asked for"
    at(binding)
    binding.browser.set_cookie("gatehouse_device", "A" * 43, domain="localhost")
    page = password(binding, "tax")
    assert 'name="code"' in page.text, "a forged mark is no mark"


def test_a_device_that_was_forgotten_stands_for_nothing_at_the_next_step(binding: Site) -> None:
    used_to(binding)
    at(binding)
    account = binding.account("sian")["ref"]
    secret = binding.database.transaction(
        lambda tx: remembered.remember(tx, account, tx.now(), "Chrome")
    )
    binding.browser.set_cookie("gatehouse_device", secret, domain="localhost")
    assert "code" in read_answer(password(binding, "tax"))
    assert "code" in binding.answer("tax", prompt="none")
    binding.database.transaction(lambda tx: remembered.forget_all(tx, account))
    assert binding.answer("tax", prompt="none")["error"] == "login_required"


def test_whoever_acts_for_several_is_weighed_with_how_many(binding: Site) -> None:
    """risk-model.md T7: a tenfold of principals adds one nat, to acting sign-ins only."""
    mandate = binding.give_mandate("margaret")
    binding.give_mandate("tom")
    binding.give_mandate("tom", life=timedelta(days=2))  # one person, two permissions
    at(binding)
    binding.sign_in()
    assert "code" in binding.answer("tax")
    assert last_risk(binding)["contributions"] == []
    page = binding.authorize("tax", acting_for="choose")
    assert "code" in read_answer(binding.submit(page, who=mandate, purpose="Pay the bill"))
    risk = last_risk(binding, "acting-started")
    assert risk["contributions"] == [["reach", 0.301]]
    assert risk["nats"] == 0.301


def test_one_session_in_two_countries_is_a_copied_cookie(binding: Site) -> None:
    used_to(binding)
    at(binding)
    binding.sign_in()
    assert "code" in binding.answer("library")
    binding.browser.environ_base.update({"REMOTE_ADDR": AWAY})
    binding.answer("library")
    assert "impossible_travel" in [code for code, _ in last_risk(binding)["contributions"]]


def test_in_the_shadow_a_remembered_device_stands_for_nothing(world: World, world_url: str) -> None:
    site = opened(world, world_url, enforced=False)
    try:
        used_to(site)
        at(site)
        account = site.account("sian")["ref"]
        secret = site.database.transaction(
            lambda tx: remembered.remember(tx, account, tx.now(), "Chrome")
        )
        site.browser.set_cookie("gatehouse_device", secret, domain="localhost")
        assert 'name="code"' in password(site, "tax").text
    finally:
        site.close()


@pytest.mark.parametrize("address", ["", "not an address", "::1%eth0", "9" * 500, "2001:db8::7"])
@pytest.mark.parametrize("agent", ["", "\x00\xff", "Mozilla/5.0 " * 9000])
def test_what_cannot_be_read_is_not_known_and_never_an_error(
    binding: Site, address: str, agent: str
) -> None:
    at(binding, address, agent)
    binding.sign_in()
    answer = binding.browser.get(
        "/authorize", query_string=binding.asked("library"), base_url=ISSUER
    )
    assert answer.status_code in {303, 400, 413, 431}, answer.status_code
    if answer.status_code == 303:
        assert "code=" in answer.location


def test_wrong_tries_before_the_right_one_are_weighed(binding: Site) -> None:
    at(binding)
    page = binding.authorize("library")
    sian = binding.world.people["sian"]
    for _ in range(4):
        page = binding.submit(page, email=sian.email, password="wrong, and wrong again")
    assert "code" in read_answer(binding.submit(page, email=sian.email, password=sian.password))
    assert last_risk(binding)["contributions"] == [["failed_tries", 1.6]]


def test_a_password_that_others_may_know_asks_for_more_until_it_is_changed(binding: Site) -> None:
    sian = binding.world.people["sian"]
    used_to(binding)
    binding.database.transaction(lambda tx: authentication.doubt(tx, sian.email))
    page = password(at(binding))
    assert 'name="code"' in page.text
    binding.database.transaction(
        lambda tx: authentication.set_password(
            tx, binding.house.keyring, binding.account("sian")["ref"], binding.world.hashes["sian"]
        )
    )
    assert binding.rows(AccountRecord, sign_in_name=sian.email)[0]["doubted_at"] is None
    assert "code" in read_answer(password(at(binding)))


def test_its_owner_sees_the_numbers_and_erases_them(binding: Site) -> None:
    used_to(binding)
    at(binding)
    binding.sign_in()
    page = binding.get("/account/sessions")
    assert "How you usually sign in" in page.text
    assert HOME not in page.text
    token = page.text.split('name="csrf_token" value="')[1].split('"')[0]
    done = binding.browser.post(
        "/account/familiarity/erase", data={"csrf_token": token}, base_url=ISSUER
    )
    assert done.status_code == 303
    assert binding.rows(FamiliarityRecord) == []
    (entry,) = binding.rows(JournalEntry, kind="familiarity-erased")
    assert entry["detail"] == {"rows": 8}


def test_more_risk_never_gets_a_milder_answer(world: World, world_url: str) -> None:
    """risk-model.md, property (a), over HTTP: the same person, ever less like themself."""
    site = opened(world, world_url)
    try:
        used_to(site)
        asked = []
        for address, agent in ((HOME, LAPTOP), ("198.51.100.4", LAPTOP), ("198.51.100.4", PHONE),
                               (AWAY, PHONE)):  # fmt: skip
            page = password(at(site, address, agent))
            asked.append(0 if page.status_code == 303 else 1)
        assert asked == sorted(asked)
        assert asked[0] == 0
        assert asked[-1] == 1
    finally:
        site.close()
