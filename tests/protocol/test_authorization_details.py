"""`authorization_details` (RFC 9396) of the type `urn:gatehouse:mandate`."""

import json
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.oidc.detail_rules import SCHEMA, TYPE
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord
from idp.signin.records import JourneyRecord
from tests.build import ISSUER, Site, claims_of, read_answer
from tests.rig.dpop import Holder, redeem

API = "https://api.tax.example/v1"


def details(*actions: str, **more: Any) -> str:
    return json.dumps([{"type": TYPE, "actions": list(actions), **more}])


def acting(site: Site, *actions: str, **more: Any) -> tuple[str, dict[str, Any]]:
    """Sian acts for Margaret, with the powers asked; the permission has `view` and `file`."""
    site.sign_in()
    mandate = site.give_mandate()
    code = site.act(mandate, authorization_details=details(*actions, **more))
    answer = site.redeem("tax", code)
    assert answer.status_code == 200, answer.json
    return mandate, dict(answer.json or {})


def said(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, str((answer.json or {}).get("error"))


def test_section_7_what_was_granted_is_told_with_the_permission_it_stands_on(site: Site) -> None:
    """Sections 7.1, 9.1, 9.2: the answer, the token and introspection say the same; the powers are
    those asked that the permission has (I2), and no place names another (I22)."""
    mandate, tokens = acting(site, "repayment", "view")
    granted = [{"type": TYPE, "mandate": mandate, "actions": ["view"]}]
    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    shown = site.introspect("tax", tokens["access_token"])
    info = site.userinfo(tokens["access_token"]).json or {}
    assert tokens["authorization_details"] == granted
    assert access["authorization_details"] == shown["authorization_details"] == granted
    for place in (access, identity, shown, info):
        assert place["mandate"]["scopes"] == ["tax:view"]
        assert place["mandate"]["id"] == mandate
    again = site.refresh("tax", tokens["refresh_token"]).json or {}
    assert again["authorization_details"] == granted
    assert claims_of(again["access_token"])["mandate"]["scopes"] == ["tax:view"]
    (row,) = site.rows(JournalEntry, kind="acting-started")
    assert row["detail"]["powers"] == ["view"]


def test_all_asks_for_every_power_of_the_permission(site: Site) -> None:
    _, tokens = acting(site, "all")
    assert set(tokens["authorization_details"][0]["actions"]) == {"view", "file"}


def test_without_details_a_token_has_every_power_of_the_permission(site: Site) -> None:
    site.sign_in()
    tokens = site.redeem("tax", site.act(site.give_mandate())).json or {}
    assert "authorization_details" not in tokens
    access = claims_of(tokens["access_token"])
    assert "authorization_details" not in access
    assert set(access["mandate"]["scopes"]) == {"tax:view", "tax:file"}


def test_they_ask_for_acting_by_themselves_and_the_person_chooses(site: Site) -> None:
    site.sign_in()
    site.give_mandate()
    page = site.authorize("tax", authorization_details=details("view"))
    assert page.status_code == 200
    assert "Margaret Hughes" in page.text
    got = read_answer(site.submit(page, who="self"))
    tokens = site.redeem("tax", got["code"]).json or {}
    assert not {"authorization_details", "act", "mandate"} & set(claims_of(tokens["access_token"]))
    assert "authorization_details" not in tokens


def test_powers_that_the_permission_has_none_of_are_refused(site: Site) -> None:
    site.sign_in()
    mandate = site.give_mandate()
    page = site.authorize("tax", acting_for="choose", authorization_details=details("repayment"))
    answered = site.submit(page, who=mandate, purpose="Their tax return")
    assert answered.status_code == 403, "said on a page, where another can be chosen"
    assert not site.rows(GrantRecord)
    (row,) = site.rows(JournalEntry, kind="acting-refused")
    assert row["detail"]["reason"] == "power-not-in-mandate"


def test_a_permission_that_shrank_after_it_was_chosen_is_refused_when_the_code_is_issued(
    site: Site,
) -> None:
    """I1: judged in the transaction that grants."""
    site.sign_in()
    mandate = site.give_mandate()
    page = site.authorize("tax", authorization_details=details("view"))
    action = re.search(r'<form method="post" action="([^"]*)"', page.text)
    token = re.search(r'name="csrf_token" value="([^"]*)"', page.text)
    assert action
    assert token
    form = {"csrf_token": token.group(1), "who": mandate, "purpose": "Their tax return"}
    chosen = site.browser.post(action.group(1), data=form, base_url=ISSUER)
    site.change(MandateRecord, {"powers": ["file"]}, ref=mandate)
    got = read_answer(site.get(chosen.location))
    assert got["error"] == "access_denied"
    (row,) = site.rows(JournalEntry, kind="authorization-refused")
    assert row["detail"]["reason"] == "power-not-in-mandate"
    assert not site.rows(GrantRecord)


def test_a_permission_that_is_named_is_the_only_one_to_act_under(site: Site) -> None:
    site.sign_in()
    named, other = site.give_mandate(), site.give_mandate(principal="tom")
    asked = details("view", mandate=named)
    for wrong in (other, "self", "x" * 22):
        page = site.authorize("tax", authorization_details=asked)
        site.submit(page, who=wrong, purpose="Their tax return")
        assert not site.rows(GrantRecord), wrong
    tokens = site.redeem("tax", site.act(named, authorization_details=asked)).json or {}
    assert tokens["authorization_details"][0]["mandate"] == named
    page = site.authorize("tax", authorization_details=asked)
    ref = re.findall(r"/sign-in/([^/]+)/who", page.text)[0]
    for choice in (other, "self"):  # whatever the pages let through, it is asked again
        kept = {"choice": choice, "account_ref": site.account("sian")["ref"]}
        site.change(JourneyRecord, kept, ref=ref)
        got = read_answer(site.get(f"/sign-in/{ref}"))
        assert got["error"] == "access_denied"
        site.change(JourneyRecord, {"finished_at": None}, ref=ref)
    got = site.answer("tax", authorization_details=asked, acting_for=other)
    assert got["error"] == "invalid_authorization_details"


@pytest.mark.parametrize(
    "text",
    [
        "x", "[]", "{}", "null", "[1]", details("view") + ",", details(), details("view", "view"),
        details("fly"), details("VIEW"), details("view", type="payment"), details("view", x=1),
        details("view", type=None), details("view", locations=[]), details("view", mandate="x"),
        json.dumps(json.loads(details("view")) * 2), '[{"type":NaN,"actions":["view"]}]',
        '[{"type":"urn:gatehouse:mandate","actions":["view"],"actions":["file"]}]',
    ],
)  # fmt: skip
def test_section_5_an_unknown_type_field_or_value_is_refused(site: Site, text: str) -> None:
    site.sign_in()
    got = site.answer("tax", authorization_details=text)
    assert got["error"] == "invalid_authorization_details"
    assert "authorization_details" in got["error_description"]
    assert not site.rows(GrantRecord)


def test_they_are_for_services_that_know_of_acting_and_for_people_who_are_there(
    site: Site,
) -> None:
    site.sign_in()
    got = site.answer("library", authorization_details=details("all"))
    assert got["error"] == "unauthorized_client"
    got = site.answer("tax", authorization_details=details("view"), prompt="none")
    assert got["error"] == "interaction_required"


def test_section_6_a_token_request_may_have_less_and_never_more(site: Site) -> None:
    """Of what was granted with details, and of all the powers where it was without."""
    mandate, tokens = acting(site, "view", "file")
    refresh = tokens["refresh_token"]
    less = site.refresh("tax", refresh, authorization_details=details("file")).json or {}
    access = claims_of(less["access_token"])
    assert less["authorization_details"][0]["actions"] == ["file"]
    for place in (
        access,
        site.introspect("tax", less["access_token"]),
        site.userinfo(less["access_token"]).json or {},
    ):
        assert place["mandate"]["scopes"] == ["tax:file"], "as narrow as the token"
    for wrong in (
        details("view", "repayment"), details("repayment"), details("fly"), "x",
        details("view", mandate="x" * 22), details("view", locations=[API]),
    ):  # fmt: skip
        refused = site.refresh("tax", refresh, authorization_details=wrong)
        assert said(refused) == (400, "invalid_authorization_details"), wrong
    plain = site.redeem("tax", site.act(mandate), authorization_details=details("view"))
    assert (plain.json or {})["authorization_details"][0]["actions"] == ["view"]
    everything = site.give_mandate(principal="tom", services={"tax": ["all"]})
    for wrong in (details("fly"), details("repayment", "fly")):
        refused = site.redeem("tax", site.act(everything), authorization_details=wrong)
        assert said(refused) == (400, "invalid_authorization_details"), wrong
    for wrong in (details("fly"), details("repayment")):
        refused = site.redeem("tax", site.act(mandate), authorization_details=wrong)
        assert said(refused) == (400, "invalid_authorization_details"), wrong


def test_section_6_who_does_not_act_has_none_and_a_bad_request_burns_no_code(site: Site) -> None:
    site.sign_in()
    code = site.code("tax")
    assert said(site.redeem("tax", code, authorization_details="x")) == (
        400, "invalid_authorization_details",
    )  # fmt: skip
    assert [row["used_at"] for row in site.rows(AuthorizationCodeRecord)] == [None]
    tokens = site.redeem("tax", code).json or {}
    refused = site.refresh("tax", tokens["refresh_token"], authorization_details=details("view"))
    assert said(refused) == (400, "invalid_authorization_details")


def test_a_refused_request_costs_a_public_client_nothing(site: Site) -> None:
    site.sign_in()
    token = site.tokens("public")["refresh_token"]
    for wrong in (details("all"), "x"):
        refused = site.refresh("public", token, authorization_details=wrong)
        assert said(refused) == (400, "invalid_authorization_details")
    site.later(seconds=60)
    assert site.refresh("public", token).status_code == 200


def test_section_3_locations_name_the_api_and_bind_the_token_to_a_key(site: Site) -> None:
    """RFC 9396 section 2.2 with RFC 8707; decision 15."""
    site.sign_in()
    mandate, holder = site.give_mandate(), Holder()
    asked = details("view", locations=[API])
    bearer = redeem(site, "tax", site.act(mandate, authorization_details=asked), None)
    assert said(bearer) == (400, "invalid_target")
    answer = redeem(site, "tax", site.act(mandate, authorization_details=asked), holder)
    access = claims_of((answer.json or {})["access_token"])
    assert (access["aud"], access["cnf"]["jkt"]) == (API, holder.jkt)
    assert access["authorization_details"][0]["locations"] == [API]
    both = site.act(mandate, authorization_details=details("view"), resource=API)
    enriched = (redeem(site, "tax", both, holder).json or {})["authorization_details"][0]
    assert enriched["locations"] == [API]
    for location, resource, error in (
        (API, "https://api.library.example/v1", "invalid_authorization_details"),
        ("https://api.library.example/v1", None, "invalid_target"),
        ("https://unknown.example", None, "invalid_target"),
    ):
        text = details("view", locations=[location])
        got = site.answer("tax", authorization_details=text, resource=resource)
        assert got["error"] == error, location


def test_section_10_and_13_discovery_names_the_type_and_the_schema_is_served(site: Site) -> None:
    document = site.browser.get("/.well-known/openid-configuration", base_url=ISSUER).json or {}
    assert document["authorization_details_types_supported"] == [TYPE]
    path = "/schemas/authorization-details/mandate.json"
    answer = site.browser.get(path, base_url=ISSUER)
    assert answer.headers["Content-Type"] == "application/schema+json"
    schema = json.loads(answer.data)
    assert schema.pop("$id") == f"{ISSUER}{path}"
    assert schema == SCHEMA
