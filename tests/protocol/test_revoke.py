"""/revoke: RFC 7009."""

from idp.journal.records import JournalEntry
from idp.oidc.records import GrantRecord
from tests.build import Site


def test_either_token_ends_both(site: Site) -> None:
    """RFC 7009 2.1: a refresh token's access tokens go with it."""
    site.sign_in()
    for client in ("library", "basic", "post", "public"):
        for kind in ("access_token", "refresh_token"):
            tokens = site.tokens(client)
            answer = site.post("/revoke", client, token=tokens[kind], token_type_hint="unknown")
            assert answer.status_code == 200
            assert site.userinfo(tokens["access_token"]).status_code == 401
            assert site.refresh(client, tokens["refresh_token"]).status_code == 400
    assert {row["ended_reason"] for row in site.rows(GrantRecord)} == {"revoked-by-client"}
    assert len(site.rows(JournalEntry, kind="grant-ended")) == 8


def test_a_token_of_another_client_is_not_revoked(site: Site) -> None:
    """RFC 7009 2.1: validation fails, the request is refused."""
    site.sign_in()
    tokens = site.tokens("basic")
    for thief in ("other", "post", "library", "public"):
        for kind in ("access_token", "refresh_token"):
            answer = site.post("/revoke", thief, token=tokens[kind])
            assert answer.status_code == 400
    assert site.userinfo(tokens["access_token"]).status_code == 200
    assert site.rows(GrantRecord)[0]["ended_at"] is None


def test_what_is_no_token_is_as_good_as_revoked(site: Site) -> None:
    """RFC 7009 2.2: invalid tokens do not cause an error response."""
    site.sign_in()
    token = site.tokens("library")["id_token"]
    for other in ("x", "a.b.c", "é", "x" * 60_000, token):
        assert site.post("/revoke", "library", token=other).status_code == 200
    assert site.rows(GrantRecord)[0]["ended_at"] is None


def test_twice_is_once(site: Site) -> None:
    site.sign_in()
    token = site.tokens("library")["refresh_token"]
    for _ in range(2):
        assert site.post("/revoke", "library", token=token).status_code == 200
    assert len(site.rows(JournalEntry, kind="grant-ended")) == 1


def test_the_token_must_be_there(site: Site) -> None:
    answer = site.post("/revoke", "library")
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
