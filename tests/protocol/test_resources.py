"""Resource indicators (RFC 8707) with tokens bound to a key (decision 15)."""

from urllib.parse import urlencode

import pytest

from idp.callers.records import ClientRecord, ResourceRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord
from tests.build import ISSUER, Site, claims_of, read_answer
from tests.rig.dpop import TOKEN, Holder, call, redeem, refresh

LIBRARY_API = "https://api.library.example/v1"
TAX_API = "https://api.tax.example/v1"
MINE = Holder()


def error_of(answer: object) -> str:
    return str((getattr(answer, "json", None) or {}).get("error"))


def test_decision_15_an_api_at_c2_gets_bound_tokens_and_no_bearer(site: Site) -> None:
    """The API is refused where the key is not proved, at the first issue and at each later."""
    site.sign_in()
    refused = redeem(site, "basic", site.code("basic", resource=TAX_API), None)
    assert (refused.status_code, error_of(refused)) == (400, "invalid_target")
    assert "DPoP" in (refused.json or {})["error_description"]
    assert not site.rows(JournalEntry, kind="tokens-issued")
    tokens = redeem(site, "basic", site.code("basic", resource=TAX_API), MINE).json or {}
    access = claims_of(tokens["access_token"])
    assert (access["aud"], access["cnf"]) == (TAX_API, {"jkt": MINE.jkt})
    assert access["sub"] == claims_of(site.tokens("tax")["access_token"])["sub"], "the API's words"
    assert access["sub"] != claims_of(tokens["id_token"])["sub"]
    assert site.introspect("tax", tokens["access_token"])["cnf"] == {"jkt": MINE.jkt}
    assert error_of(refresh(site, "basic", tokens["refresh_token"], None)) == "invalid_target"
    assert refresh(site, "basic", tokens["refresh_token"], MINE).status_code == 200


def test_decision_15_to_act_at_an_api_a_token_is_bound(site: Site) -> None:
    """delegation.md I22: `sub` and `act.sub` as the API's own service knows both."""
    site.sign_in()
    mandate = site.give_mandate()
    refused = redeem(site, "tax", site.act(mandate, resource=TAX_API), None)
    assert error_of(refused) == "invalid_target"
    answer = redeem(site, "tax", site.act(mandate, resource=TAX_API), MINE)
    tokens = answer.json or {}
    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    assert (access["aud"], access["cnf"]) == (TAX_API, {"jkt": MINE.jkt})
    for name in ("sub", "act", "mandate"):
        assert access[name] == identity[name], name
    assert tokens["expires_in"] == 180
    own = claims_of(site.tokens("tax")["access_token"])["sub"]
    assert own not in {access["sub"], access["act"]["sub"]}
    shown = site.introspect("tax", tokens["access_token"])
    assert (shown["act"], shown["token_type"]) == (access["act"], "DPoP")
    assert error_of(refresh(site, "tax", tokens["refresh_token"], None)) == "invalid_target"
    again = refresh(site, "tax", tokens["refresh_token"], MINE).json or {}
    assert claims_of(again["access_token"])["act"] == access["act"]


def test_decision_15_to_act_at_any_api_a_token_is_bound_also_below_c2(site: Site) -> None:
    site.change(ClientRecord, {"delegation_aware": True}, client_id="library")
    site.sign_in()
    mandate = site.give_mandate(services={"library": ["all"]})
    refused = redeem(site, "library", site.act(mandate, "library", resource=LIBRARY_API), None)
    assert error_of(refused) == "invalid_target"
    code = site.act(mandate, "library", resource=LIBRARY_API)
    assert redeem(site, "library", code, MINE).status_code == 200


def test_decision_15_to_act_at_userinfo_alone_a_bearer_token_will_do(site: Site) -> None:
    site.sign_in()
    token = (redeem(site, "tax", site.act(site.give_mandate()), None).json or {})["access_token"]
    assert site.userinfo(token).status_code == 200


def test_acting_never_reaches_another_services_api(site: Site) -> None:
    """A permission is for one service: a token of its actor is not carried to another's API,
    not even bound to a key, and not when the API changes hands after it was granted."""
    site.sign_in()
    mandate = site.give_mandate()
    got = site.answer("tax", resource=LIBRARY_API, acting_for="choose")
    assert got["error"] == "invalid_target"
    assert not site.rows(GrantRecord)
    code = site.act(mandate, resource=TAX_API)
    site.change(ResourceRecord, {"client_id": "library"}, uri=TAX_API)
    assert error_of(redeem(site, "tax", code, MINE)) == "invalid_target"


def test_section_2_several_resources_are_refused_with_what_to_do(site: Site) -> None:
    """One audience a token. RFC 8707 section 2 lets `resource` repeat: no other parameter may."""
    site.sign_in()
    query = urlencode(site.asked("basic", resource=LIBRARY_API))
    more = f"{query}&{urlencode({'resource': TAX_API})}"
    got = read_answer(site.get(f"/authorize?{more}"))
    assert got["error"] == "invalid_target"
    assert "ask for one" in got["error_description"]
    parked = site.browser.post("/authorize", data=more, base_url=ISSUER,
                               content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert read_answer(site.get(parked.location))["error"] == "invalid_target"
    assert not site.rows(AuthorizationCodeRecord)
    tokens = site.tokens("basic", resource=LIBRARY_API)
    form, headers = site.proof(
        "basic", {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    )
    for second in (TAX_API, LIBRARY_API, ""):
        fields = [*form.items(), ("resource", LIBRARY_API), ("resource", second)]
        answer = site.browser.post("/token", data=urlencode(fields), headers=headers,
                                   base_url=ISSUER,
                                   content_type="application/x-www-form-urlencoded")  # fmt: skip
        assert (answer.status_code, error_of(answer)) == (400, "invalid_target"), second


@pytest.mark.parametrize("uri", ["x", "https://unknown.example", f"{LIBRARY_API}/", "a b", "\0x"])
def test_section_2_1_an_unknown_api_is_refused(site: Site, uri: str) -> None:
    site.sign_in()
    query = urlencode(site.asked("basic", resource=uri))
    answer = site.get(f"/authorize?{query}")
    if "\0" in uri:
        assert answer.status_code == 400
    else:
        assert read_answer(answer)["error"] == "invalid_target"
    assert not site.rows(GrantRecord)


def test_section_2_2_the_token_request_may_name_what_was_granted_and_nothing_else(
    site: Site,
) -> None:
    site.sign_in()
    tokens = site.tokens("basic", resource=LIBRARY_API)
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    proof = MINE.proof("POST", TOKEN, site.now())
    assert call(site, "basic", {**form, "resource": LIBRARY_API}, None).status_code == 200
    assert error_of(call(site, "basic", {**form, "resource": TAX_API}, proof)) == "invalid_target"
