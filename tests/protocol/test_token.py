"""/token with a code: RFC 6749 section 4.1.3, RFC 7636, RFC 8707, RFC 9068, RFC 9700."""

from datetime import timedelta

import pytest

from idp.callers.records import ResourceRecord
from idp.journal.records import JournalEntry
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord, RefreshTokenRecord
from tests.build import CHALLENGE, ISSUER, VERIFIER, Site, claims_of, header_of

API = "https://api.library.example/v1"
TAX_API = "https://api.tax.example/v1"


def unspent(site: Site) -> bool:
    (code,) = site.rows(AuthorizationCodeRecord)
    return code["used_at"] is None and not site.rows(RefreshTokenRecord)


def test_tokens_say_what_the_standards_ask(site: Site) -> None:
    """RFC 9068 2; Core 2, 3.1.3.3, 3.1.3.6; RFC 6749 5.1; oidcc-idtoken-signature."""
    site.sign_in()
    answer = site.redeem("library", site.code("library"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Pragma"] == "no-cache"
    tokens = answer.json
    assert tokens
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
    access, identity = claims_of(tokens["access_token"]), claims_of(tokens["id_token"])
    assert header_of(tokens["access_token"])["typ"] == "at+jwt"
    assert header_of(tokens["id_token"])["alg"] == "ES256"
    assert access["aud"] == f"{ISSUER}/userinfo"
    assert access["client_id"] == identity["aud"] == "library"
    assert access["iss"] == identity["iss"] == ISSUER
    assert access["sub"] == identity["sub"]
    assert access["exp"] - access["iat"] == 300
    assert {"jti", "sid", "scope", "acr", "auth_time", "amr"} <= set(access)
    assert identity["nonce"] == "a nonce"
    assert identity["vot"] == "P2.C2"
    assert identity["vtm"] == f"{ISSUER}/.well-known/vot"
    for text in (str(access), str(identity)):
        assert "AB123456" not in text
        assert "example.test" not in text


def test_an_rs256_client_gets_rs256(site: Site) -> None:
    """oidcc-idtoken-rs256."""
    site.sign_in()
    tokens = site.tokens("rsa")
    assert header_of(tokens["id_token"])["alg"] == "RS256"
    assert header_of(tokens["access_token"])["alg"] == "ES256"


def test_a_code_is_of_its_client_and_no_other_burns_it(site: Site) -> None:
    """RFC 6749 4.1.3; CVE-2026-55672's class. A stolen code is worth nothing, nor lost."""
    site.sign_in()
    code = site.code("basic")
    for thief in ("other", "post", "library", "public"):
        answer = site.redeem(thief, code, redirect_uri=site.service("basic").redirect_uri)
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_grant"), thief
    assert unspent(site)
    assert site.redeem("basic", code).status_code == 200


def test_a_replayed_code_ends_what_it_bought(site: Site) -> None:
    """RFC 6749 4.1.2, 10.5; oidcc-codereuse, oidcc-codereuse-30seconds."""
    site.sign_in()
    code = site.code("library")
    tokens = site.redeem("library", code).json
    assert tokens
    site.later(seconds=30)
    replay = site.redeem("library", code)
    assert (replay.status_code, (replay.json or {})["error"]) == (400, "invalid_grant")
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.introspect("library", tokens["access_token"]) == {"active": False}
    assert (site.refresh("library", tokens["refresh_token"]).json or {})["error"] == "invalid_grant"
    (grant,) = site.rows(GrantRecord)
    assert grant["ended_reason"] == "code-replayed"
    assert site.rows(JournalEntry, kind="grant-ended")


def test_a_replay_by_another_client_ends_nothing(site: Site) -> None:
    site.sign_in()
    code = site.code("basic")
    tokens = site.redeem("basic", code).json
    assert tokens
    site.redeem("other", code, redirect_uri=site.service("basic").redirect_uri)
    assert site.userinfo(tokens["access_token"]).status_code == 200


def test_a_code_lives_a_minute(site: Site) -> None:
    """ASVS 5.0 V10: at most 60 s; half open."""
    site.sign_in()
    code = site.code("library")
    site.later(seconds=60)
    assert (site.redeem("library", code).json or {})["error"] == "invalid_grant"
    assert unspent(site)


def test_pkce_cannot_be_left_out_lowered_or_guessed(site: Site) -> None:
    """RFC 7636 4.6; RFC 9700 2.1.1, 4.8; CVE-2023-48228, CVE-2024-23647."""
    site.sign_in()
    for form in (
        {"code_verifier": None},
        {"code_verifier": ""},
        {"code_verifier": CHALLENGE},
        {"code_verifier": "w" * 43},
        {"code_verifier": VERIFIER + "\n"},
        {"code_verifier": VERIFIER[:-1]},
    ):
        for client in ("library", "basic", "public"):
            answer = site.redeem(client, site.code(client), **form)
            assert answer.status_code == 400, (form, client)
            assert (answer.json or {})["error"] in {"invalid_grant", "invalid_request"}
    assert not site.rows(RefreshTokenRecord)


def test_a_verifier_without_a_challenge_is_refused(site: Site) -> None:
    """RFC 9700 4.8.2: else an attacker strips the challenge from somebody's request."""
    site.sign_in()
    bare: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
    answer = site.redeem("basic", site.code("basic", **bare))
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
    assert not site.rows(RefreshTokenRecord)
    assert site.redeem("basic", site.code("basic", **bare), code_verifier=None).status_code == 200


def test_the_redirect_uri_must_be_the_one_of_the_request(site: Site) -> None:
    """RFC 6749 4.1.3."""
    site.sign_in()
    for uri in (None, "https://loose.example/b", "https://loose.example/a"):
        asked = "https://loose.example/a?keep=%2Fx&flag"
        code = site.code("loose", redirect_uri=asked)
        answer = site.redeem("loose", code, redirect_uri=uri)
        assert (answer.json or {})["error"] == "invalid_grant", uri
    assert not site.rows(RefreshTokenRecord)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": None}, "unsupported_grant_type"),
        ({"grant_type": '"\\é'}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"code": None}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "x" * 60_000}, "invalid_grant"),
        ({"code": "é\u0131"}, "invalid_grant"),
        ({"resource": TAX_API}, "invalid_target"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
    ],
)
def test_other_faults_are_named(site: Site, form: dict[str, str | None], error: str) -> None:
    """RFC 6749 5.2."""
    site.sign_in()
    answer = site.redeem("library", site.code("library"), **form)
    assert (answer.status_code, (answer.json or {})["error"]) == (400, error)
    assert not site.rows(RefreshTokenRecord)


def test_only_a_form_by_post_is_read(site: Site) -> None:
    """RFC 6749 3.2; Appendix B. Nothing in the address, nothing twice, no NUL, no JSON."""
    site.sign_in()
    form, headers = site.proof("basic", {
        "grant_type": "authorization_code", "code": site.code("basic"), "code_verifier": VERIFIER,
        "redirect_uri": site.service("basic").redirect_uri,
    })  # fmt: skip
    ask = site.browser
    get = ask.get("/token", query_string=form, headers=headers, base_url=ISSUER)
    assert (get.status_code, get.headers["Allow"]) == (405, "POST")
    query = ask.post("/token", query_string=form, headers=headers, base_url=ISSUER)
    assert query.status_code == 400
    json = ask.post("/token", json=form, headers=headers, base_url=ISSUER)
    assert json.status_code == 415
    kind = "application/x-www-form-urlencoded"
    from urllib.parse import urlencode

    body = urlencode(form)
    for extra in ("&code=again", "&grant_type=refresh_token", "&client_id=basic&client_id=basic",
                  "&x=%00", "&x=%ff", "&" + "a=b&" * 101, "&x=é"):  # fmt: skip
        answer = ask.post("/token", data=(body + extra).encode(), content_type=kind,
                          headers=headers, base_url=ISSUER)  # fmt: skip
        assert answer.status_code == 400, extra
        assert (answer.json or {})["error"] == "invalid_request"
    long = ask.post("/token", data=body + "&x=" + "y" * 66_000, content_type=kind,
                    headers=headers, base_url=ISSUER)  # fmt: skip
    assert long.status_code == 413
    assert unspent(site)
    assert ask.post("/token", data=body, content_type=f"{kind}; charset=utf-8", headers=headers,
                    base_url=ISSUER).status_code == 200  # fmt: skip


def test_a_token_for_an_api_is_bearer_at_c1_and_speaks_of_people_as_the_api_does(
    site: Site,
) -> None:
    """RFC 8707 2; decision 15: one audience, `sub` of the audience's sector."""
    site.sign_in()
    own = claims_of(site.tokens("library")["id_token"])["sub"]
    tokens = site.tokens("basic", resource=API)
    access = claims_of(tokens["access_token"])
    assert access["aud"] == API
    assert access["sub"] == own
    assert claims_of(tokens["id_token"])["sub"] != own
    assert site.userinfo(tokens["access_token"]).status_code == 401, "not userinfo's audience"
    assert site.introspect("library", tokens["access_token"])["sub"] == own
    assert site.introspect("basic", tokens["access_token"])["active"]
    assert site.introspect("other", tokens["access_token"]) == {"active": False}
    again = site.refresh("basic", tokens["refresh_token"], resource=API).json or {}
    assert claims_of(again["access_token"])["sub"] == own


def test_an_apis_demands_are_asked_again_at_each_issue(site: Site) -> None:
    """RFC 8707 2.2: an API may have moved, or its owner been switched off, since the grant."""
    site.sign_in()
    tokens = site.tokens("basic", resource=API)
    code = site.code("basic", resource=API)
    site.change(ResourceRecord, {"client_id": "tax"}, uri=API)
    assert (site.redeem("basic", code).json or {})["error"] == "invalid_target"
    refused = site.refresh("basic", tokens["refresh_token"]).json or {}
    assert refused["error"] == "invalid_target"


def test_acting_tokens_end_with_the_mandate(site: Site) -> None:
    """delegation.md I4: 3 minutes, and never past the mandate."""
    site.sign_in()
    mandate = site.give_mandate()
    tokens = site.redeem("tax", site.act(mandate)).json or {}
    assert tokens["expires_in"] == 180
    site.later(days=29, hours=23, minutes=58, seconds=50)
    site.sign_in()
    tokens = site.redeem("tax", site.act(mandate)).json or {}
    assert 0 < tokens["expires_in"] <= 70
    access = claims_of(tokens["access_token"])
    assert access["exp"] <= access["mandate"]["exp"]
    site.later(seconds=tokens["expires_in"] + 1)  # the mandate ends within that second
    assert site.userinfo(tokens["access_token"]).status_code == 401
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    assert (site.refresh("tax", tokens["refresh_token"]).json or {})["error"] == "invalid_grant"


def test_an_acting_token_names_both_and_says_the_actors_level(site: Site) -> None:
    """RFC 8693 4.1; decision 26."""
    mandate = site.give_mandate()
    site.sign_in("margaret")
    principal = claims_of(site.tokens("tax")["id_token"])["sub"]
    site.sign_in("sian")
    own = claims_of(site.tokens("tax")["id_token"])
    tokens = site.redeem("tax", site.act(mandate)).json or {}
    for token in (tokens["access_token"], tokens["id_token"]):
        claims = claims_of(token)
        assert claims["sub"] == principal
        assert claims["act"]["sub"] not in {principal, own["sub"]}
        assert claims["mandate"]["id"] == mandate
        assert claims["sid"] != own["sid"]
    assert claims_of(tokens["id_token"])["amr"] == ["pwd", "otp", "mfa"]


def test_a_mandate_that_ends_before_the_code_is_redeemed_buys_nothing(site: Site) -> None:
    from idp.delegation import actions as delegation

    site.sign_in()
    mandate = site.give_mandate()
    code = site.act(mandate)
    principal = site.account("margaret")["person_ref"]
    site.database.transaction(lambda tx: delegation.end(tx, mandate, principal=principal))
    answer = site.redeem("tax", code)
    assert (answer.json or {})["error"] == "invalid_grant"
    assert "reference" in (answer.json or {})["error_description"]
    assert not site.rows(RefreshTokenRecord)
    assert site.rows(JournalEntry, kind="tokens-refused")


def test_nothing_of_a_secret_is_stored_in_the_clear(site: Site) -> None:
    """security.md 1.3."""
    site.sign_in()
    code = site.code("library")
    tokens = site.redeem("library", code).json or {}
    (stored,) = site.rows(AuthorizationCodeRecord)
    assert code not in str(dict(stored))
    (refresh,) = site.rows(RefreshTokenRecord)
    assert tokens["refresh_token"] not in str(dict(refresh))
    assert refresh["expires_at"] - refresh["issued_at"] == timedelta(days=365)
