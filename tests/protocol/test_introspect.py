"""/introspect: RFC 7662; answers only the client itself and the audience (decision 15)."""

from idp.callers.records import ClientRecord
from idp.oidc.records import RefreshTokenRecord
from tests.build import ISSUER, Site, claims_of

API = "https://api.library.example/v1"


def test_an_active_token_says_what_it_says(site: Site) -> None:
    """RFC 7662 2.2."""
    site.sign_in()
    tokens = site.tokens("library")
    claims = claims_of(tokens["access_token"])
    answer = site.introspect("library", tokens["access_token"])
    assert answer["active"] is True
    assert answer["token_type"] == "Bearer"
    for name in ("iss", "sub", "aud", "client_id", "exp", "iat", "jti", "scope", "acr"):
        assert answer[name] == claims[name], name
    assert "gid" not in answer
    refresh = site.introspect("library", tokens["refresh_token"])
    assert refresh["token_type"] == "refresh_token"
    assert refresh["client_id"] == "library"


def test_a_hint_only_saves_time(site: Site) -> None:
    """RFC 7662 2.1."""
    site.sign_in()
    token = site.tokens("library")["access_token"]
    for hint in ("access_token", "refresh_token", "unknown"):
        answer = site.post("/introspect", "library", token=token, token_type_hint=hint)
        assert (answer.json or {})["active"] is True


def test_a_stranger_learns_nothing(site: Site) -> None:
    """RFC 7662 2.2, 4; CVE-2026-37979's class: no client may ask about another's tokens."""
    site.sign_in()
    tokens = site.tokens("basic")
    for token in (tokens["access_token"], tokens["refresh_token"]):
        for stranger in ("other", "post", "library"):
            assert site.introspect(stranger, token) == {"active": False}


def test_an_api_may_ask_about_access_tokens_for_it_and_nothing_else(site: Site) -> None:
    site.sign_in()
    tokens = site.tokens("basic", resource=API)
    assert site.introspect("library", tokens["access_token"])["active"]
    assert site.introspect("library", tokens["refresh_token"]) == {"active": False}
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="library")
    for asker in ("library", "basic"):  # for whoever holds it, too: nobody is to take it
        assert site.introspect(asker, tokens["access_token"]) == {"active": False}, asker
    assert site.refresh("basic", tokens["refresh_token"]).status_code == 400


def test_what_is_no_token_of_ours_is_not_active(site: Site) -> None:
    site.sign_in()
    tokens = site.tokens("library")
    for other in ("x", "a.b.c", "..", "é", tokens["id_token"], site.code("library"), "x" * 60_000,
                  tokens["access_token"][:-2]):  # fmt: skip
        assert site.introspect("library", other) == {"active": False}, other[:40]
    missing = site.post("/introspect", "library")
    assert (missing.status_code, (missing.json or {})["error"]) == (400, "invalid_request")


def test_a_superseded_or_run_out_refresh_token_is_not_active(site: Site) -> None:
    site.sign_in()
    old = site.tokens("library")["refresh_token"]
    site.change(RefreshTokenRecord, {"idle_until": site.database.now()}, client_id="library")
    assert site.introspect("library", old) == {"active": False}


def test_only_by_post(site: Site) -> None:
    answer = site.browser.get("/introspect", base_url=ISSUER)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
