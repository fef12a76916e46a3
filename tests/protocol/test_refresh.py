"""/token with a refresh token: RFC 6749 section 6, Core 12, RFC 9700 4.14, decision 15."""

import pytest

from idp.authentication.records import SessionRecord
from idp.oidc.records import GrantRecord, RefreshTokenRecord
from tests.build import Site, claims_of, read_answer


def offline(site: Site, client: str) -> dict[str, str]:
    page = site.authorize(client, scope="openid profile offline_access")
    tokens = site.redeem(client, read_answer(site.submit(page, consent="yes"))["code"]).json
    return dict(tokens or {})


def test_a_confidential_clients_token_stays(site: Site) -> None:
    """FAPI 2.0 5.3.2.1: no rotation; oidcc-refresh-token; Core 12.2."""
    site.sign_in(ago=50)
    tokens = site.tokens("library")
    first = claims_of(tokens["id_token"])
    for _ in range(2):
        site.later(seconds=5)
        again = site.refresh("library", tokens["refresh_token"]).json or {}
        assert "refresh_token" not in again
        claims = claims_of(again["id_token"])
        assert "nonce" not in claims
        for same in ("iss", "sub", "aud", "auth_time", "acr", "sid"):
            assert claims[same] == first[same], same
        assert claims["iat"] > first["iat"]
        assert site.userinfo(again["access_token"]).status_code == 200
    assert len(site.rows(RefreshTokenRecord)) == 1


def test_a_refresh_token_is_of_its_client(site: Site) -> None:
    """CVE-2022-39222's class: a wrong client gets nothing and ends nothing."""
    site.sign_in()
    for owner in ("basic", "public"):
        tokens = site.tokens(owner)
        for thief in ("other", "library", "post"):
            refused = site.refresh(thief, tokens["refresh_token"])
            assert (refused.json or {})["error"] == "invalid_grant"
        assert site.refresh(owner, tokens["refresh_token"]).status_code == 200
    assert all(row["ended_at"] is None for row in site.rows(GrantRecord))


def test_a_public_clients_token_rotates_and_a_retry_gets_the_same(site: Site) -> None:
    """RFC 9700 4.14.2; decision 15: ten seconds, without storing the answer."""
    site.sign_in()
    first = site.tokens("public")["refresh_token"]
    second = (site.refresh("public", first).json or {})["refresh_token"]
    assert second != first
    site.later(seconds=9)
    retry = site.refresh("public", first).json or {}
    assert retry["refresh_token"] == second
    third = (site.refresh("public", second).json or {})["refresh_token"]
    assert third not in {first, second}
    assert not any(row["ended_at"] for row in site.rows(GrantRecord))


def test_reuse_after_the_window_ends_the_family(site: Site) -> None:
    """RFC 9700 4.14.2; DOT 1816; the newest token dies too."""
    site.sign_in()
    first = site.tokens("public")["refresh_token"]
    answer = site.refresh("public", first).json or {}
    site.later(seconds=11)
    assert (site.refresh("public", first).json or {})["error"] == "invalid_grant"
    (grant,) = site.rows(GrantRecord)
    assert grant["ended_reason"] == "refresh-token-reused"
    assert (site.refresh("public", answer["refresh_token"]).json or {})["error"] == "invalid_grant"
    assert site.userinfo(answer["access_token"]).status_code == 401


def test_a_request_for_too_much_costs_a_public_client_nothing(site: Site) -> None:
    """RFC 6749 6: scope within what was granted; the refused request spent no token."""
    site.sign_in()
    token = site.tokens("public", scope="openid email")["refresh_token"]
    wide = site.refresh("public", token, scope="openid email address")
    assert (wide.json or {})["error"] == "invalid_scope"
    elsewhere = site.refresh("public", token, resource="https://api.library.example/v1")
    assert (elsewhere.json or {})["error"] == "invalid_target"
    site.later(seconds=60)
    narrow = site.refresh("public", token, scope="openid").json or {}
    assert narrow["scope"] == "openid"
    assert set(site.userinfo(narrow["access_token"]).json or {}) == {"sub"}
    full = site.refresh("public", narrow["refresh_token"]).json or {}
    assert full["scope"] == "openid email", "a narrower answer does not narrow the grant"


def test_without_openid_there_is_no_id_token(site: Site) -> None:
    site.sign_in()
    tokens = site.tokens("basic", scope="profile")
    assert "id_token" not in tokens
    assert site.userinfo(tokens["access_token"]).status_code == 403, "RFC 6750 3.1"
    tokens = site.tokens("basic", scope="openid profile")
    again = site.refresh("basic", tokens["refresh_token"], scope="profile").json or {}
    assert "id_token" not in again


def test_online_dies_with_the_session_and_offline_outlives_it(site: Site) -> None:
    """Core 11; decision 15."""
    ref = site.sign_in()
    online, away = site.tokens("basic"), offline(site, "post")
    site.change(SessionRecord, {"ended_at": site.database.now()}, ref=ref)
    assert (site.refresh("basic", online["refresh_token"]).json or {})["error"] == "invalid_grant"
    again = site.refresh("post", away["refresh_token"]).json or {}
    assert site.userinfo(again["access_token"]).status_code == 200
    site.later(hours=13)
    assert site.refresh("post", away["refresh_token"]).status_code == 200


def test_a_session_that_runs_out_takes_its_refresh_tokens_along(site: Site) -> None:
    site.sign_in()
    token = site.tokens("basic")["refresh_token"]
    site.later(hours=12)
    refused = site.refresh("basic", token).json or {}
    assert refused["error"] == "invalid_grant"
    assert "reference" in refused["error_description"]


def test_a_refresh_token_unused_for_a_month_is_over_and_use_keeps_it(site: Site) -> None:
    """ASVS 5.0 V10.4: idle and absolute ends."""
    site.sign_in()
    kept, idle = offline(site, "basic"), offline(site, "post")
    site.later(days=29)
    assert site.refresh("basic", kept["refresh_token"]).status_code == 200
    site.later(days=2)
    assert site.refresh("basic", kept["refresh_token"]).status_code == 200
    assert site.refresh("post", idle["refresh_token"]).status_code == 400
    for _ in range(13):
        site.later(days=28)
        last = site.refresh("basic", kept["refresh_token"]).status_code
    assert last == 400, "a year is the end, however often it was used"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é", "x" * 60_000])
def test_what_is_no_refresh_token_is_refused(site: Site, token: str) -> None:
    answer = site.refresh("basic", token)
    assert answer.status_code == 400
    assert (answer.json or {})["error"] in {"invalid_grant", "invalid_request"}


def test_an_access_token_does_not_refresh_nor_a_code(site: Site) -> None:
    """security.md 1.2: one type of one-time thing is never another (CVE-2026-4282)."""
    site.sign_in()
    tokens = site.tokens("basic")
    code = site.code("basic")
    for wrong in (tokens["access_token"], tokens["id_token"], code):
        assert site.refresh("basic", wrong).status_code == 400
    assert site.redeem("basic", tokens["refresh_token"]).status_code == 400
    assert site.redeem("basic", code).status_code == 200, "and nothing was spent by trying"
