"""/authorize: RFC 6749 section 4.1, OpenID Connect Core 3.1.2, RFC 9207, RFC 9700."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from idp.authentication.records import SessionRecord
from idp.callers.records import ClientRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord
from idp.signin.records import JourneyRecord, ParkedRequestRecord
from tests.build import CHALLENGE, ISSUER, Site, claims_of, read_answer, sign

GOOD = "https://library.example/callback"
TIER_2 = "urn:gatehouse:tier:2"
PAIR_3 = "urn:gatehouse:loa:P3.C3"


def nothing_issued(site: Site) -> bool:
    return not site.rows(AuthorizationCodeRecord) and not site.rows(GrantRecord)


def test_the_answer_has_the_code_the_state_as_sent_and_the_issuer(site: Site) -> None:
    """RFC 6749 4.1.2; RFC 9207 2; oidcc-server."""
    site.sign_in()
    state = "a+b c&d=é/\"'<>#%00~" + "x" * 1500
    response = site.authorize("library", state=state)
    got = read_answer(response)
    assert set(got) == {"code", "state", "iss"}
    assert got["state"] == state
    assert got["iss"] == ISSUER
    assert response.location.startswith(f"{GOOD}?")
    assert response.headers["Cache-Control"] == "no-store"


def test_without_state_none_comes_back(site: Site) -> None:
    """RFC 6749 4.1.2: only where it was sent. Sent empty counts as left out (3.1)."""
    site.sign_in()
    assert set(site.answer("library", state=None)) == {"code", "iss"}
    assert set(site.answer("library", state="")) == {"code", "iss"}


@pytest.mark.parametrize(
    "uri",
    [
        "https://LIBRARY.example/callback",
        "https://library.example/Callback",
        "https://library.example/callback/",
        "https://library.example/callback?a=b",
        "https://library.example/callback#part",
        "https://library.example/call%62ack",
        "https://library.example/../callback",
        "https://library.example/x/..;/callback",
        "https://library.example:443/callback",
        "https://library.example.evil.example/callback",
        "https://user@library.example/callback",
        "https://library.example@evil.example/callback",
        "http://library.example/callback",
        " https://library.example/callback",
        "https://library.example/callback\n",
        "https://library.example\\@evil.example/callback",
        "https://basic.example/callback",
        "javascript:alert(1)",
        None,
        "",
    ],
)
def test_a_redirect_uri_that_differs_in_anything_gets_no_redirect(
    site: Site, uri: str | None
) -> None:
    """RFC 9700 4.1.3; OpenID Connect Core 3.1.2.1; oidcc-ensure-registered-redirect-uri.

    Also with prompt=none and with other faults: no error path may redirect before the client and
    the address are proved (DOT 1719, CVE-2026-44681).
    """
    site.sign_in()
    faults: list[dict[str, Any]] = [{"prompt": "none"}, {"response_type": "x"}, {"max_age": "x"}]
    for more in [{}, *faults]:
        response = site.authorize("library", redirect_uri=uri, **more)
        assert response.status_code == 400, (uri, more)
        assert "Location" not in response.headers
        assert "evil.example" not in response.text
    assert nothing_issued(site)
    assert not site.rows(JourneyRecord)


def test_an_unknown_client_gets_no_redirect(site: Site) -> None:
    """RFC 6749 4.1.2.1."""
    site.sign_in()
    for client_id in ("unknown", "library\0", "x" * 5000, "' OR 1=1", "ë", "LIBRARY"):
        for more in ({}, {"prompt": "none"}, {"response_type": "x"}):
            query = urlencode(site.asked("library", **more) | {"client_id": client_id})
            response = site.get(f"/authorize?{query}")
            assert response.status_code == 400, client_id
            assert "Location" not in response.headers
    without = site.asked("library")
    del without["client_id"]
    query = urlencode(without)
    assert site.get(f"/authorize?{query}").status_code == 400
    assert nothing_issued(site)


def test_a_client_switched_off_gets_no_redirect_at_once(site: Site) -> None:
    """Decision 16: what a client is may be remembered, whether it is live may not."""
    site.sign_in()
    site.code("library")
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="library")
    response = site.authorize("library")
    assert response.status_code == 400
    assert "switched off" in response.text
    assert len(site.rows(AuthorizationCodeRecord)) == 1


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": "none"}, "unsupported_response_type"),
        ({"response_type": 'co"de\\é'}, "unsupported_response_type"),
        ({"response_type": "token", "code_challenge": None}, "unsupported_response_type"),
        ({"code_challenge_method": '"\\é'}, "invalid_request"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "unknown"}, "invalid_scope"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": "s256"}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "="}, "invalid_request"),
        ({"code_challenge": CHALLENGE + "\n"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "sing"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1.5"}, "invalid_request"),
        ({"max_age": "٣"}, "invalid_request"),
        ({"max_age": "9" * 40}, "invalid_request"),
        ({"response_mode": "jwt"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/x"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"claims": "["}, "invalid_request"),
        ({"claims": "[]"}, "invalid_request"),
        ({"claims": '{"id_token":[]}'}, "invalid_request"),
        ({"claims": '{"id_token":{"name":1}}'}, "invalid_request"),
        ({"claims": '{"id_token":{},"id_token":{}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"value":NaN}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"acr":{"values":[1]}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"sub":{"values":["a","b"]}}}'}, "invalid_request"),
        ({"claims": '{"id_token":{"sub":{"value":"\\ud800"}}}'}, "invalid_request"),
        (
            {"id_token_hint": "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiIsImtpZCI6WyJhIl19.e30.AA"},
            "login_required",
        ),
        ({"claims": '{"userinfo":' + "[" * 2000 + "]" * 2000 + "}"}, "invalid_request"),
        ({"vtr": "P2.C2"}, "invalid_request"),
        ({"vtr": '["P9.C9"]'}, "invalid_request"),
        ({"state": "x" * 2049}, "invalid_request"),
        ({"nonce": "x" * 2049}, "invalid_request"),
        ({"resource": "https://unknown.example"}, "invalid_target"),
        ({"acting_for": "choose"}, "unauthorized_client"),
        ({"acting_for": "margaret"}, "invalid_request"),
    ],
)
def test_other_faults_go_back_to_the_client_and_change_nothing(
    site: Site, params: dict[str, str | None], code: str
) -> None:
    """RFC 6749 4.1.2.1; RFC 9207: `iss` and `state` in errors too; oidcc-response-type-missing."""
    site.sign_in()
    got = site.answer("library", **params)
    assert got["error"] == code, got
    assert got["iss"] == ISSUER
    assert got["state"] == params.get("state", "a state")
    assert "reference" in got["error_description"]
    assert "code" not in got
    assert nothing_issued(site)


def test_long_state_and_nonce_are_kept_to_the_declared_length(site: Site) -> None:
    site.sign_in()
    state, nonce = "s" * 2048, "n" * 2048
    got = site.answer("library", state=state, nonce=nonce)
    assert got["state"] == state
    tokens = site.redeem("library", got["code"]).json
    assert tokens
    assert claims_of(tokens["id_token"])["nonce"] == nonce


def test_repeated_parameters_are_refused(site: Site) -> None:
    """RFC 6749 3.1: the client a second value names is not the one the first was checked for."""
    site.sign_in()
    for name in ("client_id", "redirect_uri", "state", "scope", "code_challenge"):
        query = urlencode(site.asked("library", resource="https://x.example")) + f"&{name}=again"
        response = site.get(f"/authorize?{query}")
        assert response.status_code == 400, name
        assert "Location" not in response.headers
    assert nothing_issued(site)


def test_unknown_parameters_and_scopes_are_ignored(site: Site) -> None:
    """oidcc-ensure-request-with-unknown-parameter-succeeds; Core 3.1.2.1 scope."""
    site.sign_in()
    tokens = site.tokens("library", scope="openid profile unknown national_insurance_number",
                         extra="foobar", display="popup", ui_locales="cy en", claims_locales="se",
                         login_hint="sian@example.test")  # fmt: skip
    assert tokens["scope"] == "openid profile"
    info = site.userinfo(tokens["access_token"]).json
    assert info
    assert info["name"] == "Sian Hughes"
    assert "national_insurance_number" not in info


def test_a_request_without_nonce_succeeds_and_the_id_token_has_none(site: Site) -> None:
    """oidcc-ensure-request-without-nonce-succeeds-for-code-flow."""
    site.sign_in()
    assert "nonce" not in claims_of(site.tokens("library", nonce=None)["id_token"])


def test_response_modes(site: Site) -> None:
    """OAuth 2.0 Multiple Response Type Encoding Practices; Form Post; oidcc-formpost-basic."""
    site.sign_in()
    response = site.authorize("library", response_mode="fragment")
    assert not urlsplit(response.location).query
    assert read_answer(response)["state"] == "a state"
    page = site.authorize("library", response_mode="form_post", state='"><script>')
    assert page.status_code == 200
    assert 'name="code"' in page.text
    assert "<script>" not in page.text.split("<form")[1][:400]
    assert f'action="{GOOD}"' in page.text
    assert "form-action" not in page.headers["Content-Security-Policy"]  # see oidc.answers
    wrong = site.authorize("library", response_mode="form_post", max_age="x")
    assert wrong.status_code == 200
    assert 'value="invalid_request"' in wrong.text
    assert f'value="{ISSUER}"' in wrong.text


def test_a_redirect_uris_own_query_stays_as_it_is_written(site: Site) -> None:
    """RFC 6749 3.1.2; oidcc-redirect-uri-query-OK."""
    site.sign_in()
    uri = "https://loose.example/a?keep=%2Fx&flag"
    response = site.authorize("loose", redirect_uri=uri)
    assert response.location.startswith(f"{uri}&code=")
    wrong = site.authorize("loose", redirect_uri=uri, prompt="what")
    assert wrong.location.startswith(f"{uri}&error=")
    assert dict(parse_qsl(urlsplit(wrong.location).query))["keep"] == "/x"


def test_a_post_is_parked_and_goes_on_as_our_own_get(site: Site) -> None:
    """oidcc-ensure-post-request-succeeds; decision 21: no cookie is read or set on the POST."""
    site.sign_in()
    parked = site.browser.post("/authorize", data=site.asked("library"), base_url=ISSUER)
    assert parked.status_code == 303
    assert "Set-Cookie" not in parked.headers
    got = read_answer(site.get(parked.location))
    assert got["state"] == "a state"
    again = site.get(parked.location)
    assert again.status_code == 410
    assert len(site.rows(AuthorizationCodeRecord)) == 1


def test_prompt_none_tells_what_is_missing_and_shows_nothing(site: Site) -> None:
    """Core 3.1.2.6; oidcc-prompt-none-not-logged-in, -logged-in."""
    assert site.answer("library", prompt="none")["error"] == "login_required"
    site.sign_in(methods=("password",))
    assert "code" in site.answer("library", prompt="none")
    assert site.answer("tax", prompt="none")["error"] == "login_required"
    offline = site.answer("basic", prompt="none", scope="openid offline_access")
    assert offline["error"] == "consent_required"
    acting = site.answer("tax", prompt="none", acting_for="choose")
    assert acting["error"] == "interaction_required"
    assert len(site.rows(GrantRecord)) == 1
    assert not site.rows(JourneyRecord)


def test_prompt_login_asks_again_and_auth_time_moves(site: Site) -> None:
    """oidcc-prompt-login."""
    site.sign_in(ago=100)
    before = claims_of(site.tokens("library")["id_token"])["auth_time"]
    page = site.authorize("library", prompt="login")
    assert page.status_code == 200
    person = site.world.people["sian"]
    answer = read_answer(site.submit(page, email=person.email, password=person.password))
    tokens = site.redeem("library", answer["code"]).json
    assert tokens
    assert claims_of(tokens["id_token"])["auth_time"] >= before + 100
    assert claims_of(tokens["id_token"])["amr"] == ["pwd"], "only what was proved again counts"


def test_max_age_asks_again_once_the_proof_is_older(site: Site) -> None:
    """Core 3.1.2.1; oidcc-max-age-1, oidcc-max-age-10000."""
    site.sign_in(ago=100)
    tokens = site.tokens("library", max_age="10000")
    assert site.now() - claims_of(tokens["id_token"])["auth_time"] >= 100
    assert site.authorize("library", max_age="99").status_code == 200
    assert site.answer("library", max_age="99", prompt="none")["error"] == "login_required"
    assert site.answer("library", max_age="0", prompt="none")["error"] == "login_required"


def test_id_token_hint_of_another_person_is_login_required(site: Site) -> None:
    """Core 3.1.2.1 and 3.1.2.2; oidcc-id-token-hint."""
    site.sign_in("tom")
    hint_of_tom = site.tokens("library")["id_token"]
    site.sign_in("sian")
    hint = site.tokens("library")["id_token"]
    site.later(hours=1)  # an expired hint is a good hint
    site.sign_in("sian")
    assert "code" in site.answer("library", prompt="none", id_token_hint=hint)
    issued = len(site.rows(AuthorizationCodeRecord))
    head, body, _ = hint.split(".")
    for wrong in (hint_of_tom, "x", f"{head}.{body}.AAAA", f"{head}.{body}."):
        for prompt in ("none", None):
            got = site.answer("library", prompt=prompt, id_token_hint=wrong)
            assert got["error"] == "login_required", wrong
    assert len(site.rows(AuthorizationCodeRecord)) == issued


def test_a_sub_asked_for_by_value_must_be_the_one_who_signs_in(site: Site) -> None:
    """Core 3.1.2.2: a MUST; 5.5.1."""
    site.sign_in()
    sub = claims_of(site.tokens("library")["id_token"])["sub"]
    mine = json.dumps({"id_token": {"sub": {"value": sub}}})
    other = json.dumps({"id_token": {"sub": {"value": "somebody else"}}})
    assert "code" in site.answer("library", prompt="none", claims=mine)
    assert site.answer("library", prompt="none", claims=other)["error"] == "login_required"
    assert site.answer("library", claims=other)["error"] == "login_required"


def test_voluntary_levels_fall_back_honestly(site: Site) -> None:
    """Core 3.1.2.1, 5.5.1.1; oidcc-ensure-request-with-acr-values-succeeds; keycloak 31534."""
    site.sign_in(methods=("password",))
    tokens = site.tokens("library", acr_values=f"unknown {PAIR_3}")
    claims = claims_of(tokens["id_token"])
    assert claims["acr"] == "urn:gatehouse:tier:1"
    assert claims["vot"] == "P2.C1"
    trimmed = claims_of(site.tokens("library", acr_values=TIER_2)["id_token"])
    assert trimmed["vot"] == "P2.C1", "no more than the service's own assessment says"
    site.sign_in()
    claims = claims_of(site.tokens("library", acr_values=f"{PAIR_3} {TIER_2}")["id_token"])
    assert claims["acr"] == TIER_2
    assert claims["vot"] == "P2.C2"
    assert claims["amr"] == ["pwd", "otp", "mfa"]


def test_essential_levels_are_met_or_refused(site: Site) -> None:
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""
    site.sign_in()

    def essential(*values: str) -> str:
        return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})

    got = claims_of(site.tokens("library", claims=essential(TIER_2))["id_token"])
    assert got["acr"] == TIER_2
    for prompt in (None, "none"):
        answer = site.answer("library", claims=essential("unknown"), prompt=prompt)
        assert answer["error"] == "unmet_authentication_requirements"
    met = claims_of(site.tokens("library", vtr='["P1.C1","P2.C2"]')["id_token"])
    assert met["acr"] in {"urn:gatehouse:loa:P1.C1", "urn:gatehouse:loa:P2.C2"}


def test_a_request_never_lowers_the_services_floor(site: Site) -> None:
    """protocol.md 4 item 6: acr_values can be edited by anybody in the address."""
    site.sign_in(methods=("password",))
    page = site.authorize("tax", acr_values="urn:gatehouse:tier:0 urn:gatehouse:loa:P0.C0")
    assert page.status_code == 200
    assert site.answer("tax", prompt="none", acr_values="urn:gatehouse:tier:0")["error"] == (
        "login_required"
    )
    site.sign_in("nobody", methods=("password",))
    low = site.answer("library", prompt="none", acr_values="urn:gatehouse:tier:0")
    assert low["error"] == "interaction_required", "who is not proved yet is led to proving"
    assert nothing_issued(site)


def test_claims_by_name_come_from_their_place_where_registered(site: Site) -> None:
    """Core 5.5; oidcc-claims-essential."""
    site.sign_in()
    claims = json.dumps({
        "userinfo": {"email": {"essential": True}, "national_insurance_number": None},
        "id_token": {"given_name": None, "auth_time": {"essential": True}},
    })  # fmt: skip
    tokens = site.tokens("basic", claims=claims)
    assert claims_of(tokens["id_token"])["given_name"] == "Sian"
    info = site.userinfo(tokens["access_token"]).json
    assert info
    assert info["email"] == "sian@example.test"
    assert "national_insurance_number" not in info
    tokens = site.tokens("library", claims=claims)
    assert set(site.userinfo(tokens["access_token"]).json or {}) == {"sub"}, "email: not registered"


def test_offline_access_needs_the_persons_own_consent(site: Site) -> None:
    """Core 11. The consent of one person is nobody else's, also where they sign in midway."""
    site.sign_in()
    page = site.authorize("basic", scope="openid offline_access")
    assert page.status_code == 200
    assert nothing_issued(site)
    refused = read_answer(site.submit(page, consent="no"))
    assert refused["error"] == "access_denied"
    page = site.authorize("basic", scope="openid offline_access")
    assert "code" in read_answer(site.submit(page, consent="yes"))
    assert "code" in site.answer("basic", scope="openid offline_access"), "once is enough"
    tom = site.world.people["tom"]
    page = site.authorize("basic", scope="openid offline_access", prompt="login")
    page = site.submit(page, email=tom.email, password=tom.password)
    assert page.status_code == 200
    assert 'name="consent"' in page.text, "another person has not agreed to anything"
    assert "code" in read_answer(site.submit(page, consent="yes"))


def test_what_is_agreed_to_while_acting_for_somebody_is_not_kept_as_ones_own(site: Site) -> None:
    mandate, scope = site.give_mandate(), "openid offline_access"
    refreshes = {"grant_types": ["authorization_code", "refresh_token"]}
    more = {"scopes": ["openid", "offline_access"]}
    site.change(ClientRecord, refreshes | more, client_id="tax")
    site.sign_in("sian")
    page = site.authorize("tax", acting_for="choose", scope=scope)
    page = site.submit(page, who=mandate, purpose="Her bill for May")
    assert "code" in read_answer(site.submit(page, consent="yes"))
    assert 'name="consent"' in site.authorize("tax", scope=scope).text


def test_a_service_that_is_not_for_acting_never_gets_an_acting_token(site: Site) -> None:
    """Decision 26; security.md 1.16: the relying party opts in."""
    site.give_mandate(services={"library": ["borrow"], "tax": ["view"]})
    site.sign_in()
    assert site.answer("library", acting_for="choose")["error"] == "unauthorized_client"


def test_acting_is_never_past_the_mandate_and_only_the_delegates(site: Site) -> None:
    mandate = site.give_mandate()
    others = site.give_mandate("margaret", "tom")
    site.sign_in()
    page = site.authorize("tax", acting_for="choose")
    assert mandate in page.text
    assert others not in page.text
    assert site.submit(page, who=others).status_code == 422
    got = read_answer(site.submit(page, who="self"))
    tokens = site.redeem("tax", got["code"]).json
    assert tokens
    assert "act" not in claims_of(tokens["id_token"])


def test_a_hint_that_an_acting_token_gave_does_not_lock_the_actor_out(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in()
    tokens = site.redeem("tax", site.act(mandate)).json
    assert tokens
    acting = tokens["id_token"]
    assert "code" in site.answer("tax", prompt="none", id_token_hint=acting)
    for somebody_else in ("tom", "margaret"):
        site.sign_in(somebody_else)
        got = site.answer("tax", prompt="none", id_token_hint=acting)
        assert got["error"] == "login_required", "whoever acted is not here"


def test_a_page_that_asks_for_agreement_lists_all_that_is_told(site: Site) -> None:
    """Names beyond the scopes it lists are not told, and scopes that are not had are not listed."""
    site.sign_in()
    claims = json.dumps({"userinfo": dict.fromkeys(["email", "name"]), "id_token": {"email": None}})
    asked = "openid national_insurance_number {} offline_access"
    for more, names in (("", set()), ("email", {"email", "email_verified"})):
        page = site.authorize("basic", scope=asked.format(more), claims=claims, prompt="consent")
        assert "National Insurance" not in page.text
        code = read_answer(site.submit(page, consent="yes"))["code"]
        tokens = site.redeem("basic", code).json or {}
        assert set(site.userinfo(tokens["access_token"]).json or {}) == {"sub"} | names
        assert ("email" in claims_of(tokens["id_token"])) == bool(names)
    quiet = site.tokens("basic", scope=asked.format(""), claims=claims, prompt="none")
    assert set(site.userinfo(quiet["access_token"]).json or {}) == {"sub"}


def test_a_refusal_that_nobody_signed_in_caused_leaves_no_row(site: Site) -> None:
    """Anybody can send such requests, as many as they like."""
    got = site.answer("library", scope="unknown")
    assert "reference" in got["error_description"]
    assert not site.rows(JournalEntry, kind="authorization-refused")
    site.sign_in()
    site.answer("library", scope="unknown")
    assert len(site.rows(JournalEntry, kind="authorization-refused")) == 1


def test_what_is_parked_is_no_longer_than_an_address(site: Site) -> None:
    long = {**site.asked("library"), "x": "y" * 20_000}
    assert site.browser.post("/authorize", data=long, base_url=ISSUER).status_code == 413
    assert not site.rows(ParkedRequestRecord)


def test_a_hint_signed_by_somebody_else_is_nobodys(site: Site) -> None:
    site.sign_in()
    claims = claims_of(site.tokens("library")["id_token"])
    key = site.service("library").key
    forged = sign(claims, key, typ="JWT")
    assert site.answer("library", prompt="none", id_token_hint=forged)["error"] == "login_required"


def test_an_ended_session_is_nobody(site: Site) -> None:
    ref = site.sign_in()
    site.change(SessionRecord, {"ended_at": site.database.now()}, ref=ref)
    assert site.answer("library", prompt="none")["error"] == "login_required"
