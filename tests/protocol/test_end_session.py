"""/end-session: OpenID Connect RP-Initiated Logout 1.0; the oidcc-rp-initiated-logout plan."""

from urllib.parse import urlencode

import pytest

from idp.authentication.records import SessionRecord
from idp.callers.records import ClientRecord
from tests.build import ISSUER, Site

BACK = "https://library.example/signed-out"


def end(site: Site, **params: str) -> tuple[int, str, str]:
    """Ask to sign out; status, where to, page."""
    answer = site.browser.get(f"/end-session?{urlencode(params)}", base_url=ISSUER)
    return answer.status_code, answer.headers.get("Location", ""), answer.text


def signed_in(site: Site) -> bool:
    return any(row["ended_at"] is None for row in site.rows(SessionRecord))


def hint(site: Site, client: str = "library") -> str:
    site.sign_in()
    return str(site.tokens(client)["id_token"])


def test_a_hint_of_this_session_signs_out_at_once_and_goes_back(site: Site) -> None:
    """oidcc-rp-initiated-logout; section 2, 3: `state` comes back as sent."""
    token = hint(site)
    access = site.tokens("library")["access_token"]
    state = "a b&c=d#é"
    status, location, _ = end(
        site, id_token_hint=token, post_logout_redirect_uri=BACK, state=state, client_id="library"
    )
    assert status == 303
    assert location == f"{BACK}?{urlencode({'state': state})}"
    assert not signed_in(site)
    assert site.userinfo(access).status_code == 401
    assert site.answer("library", prompt="none")["error"] == "login_required"


def test_without_state_the_address_is_as_registered(site: Site) -> None:
    """oidcc-rp-initiated-logout-no-state."""
    _, location, _ = end(site, id_token_hint=hint(site), post_logout_redirect_uri=BACK)
    assert location == BACK


def test_an_expired_hint_is_a_good_hint(site: Site) -> None:
    """Section 2: the OP SHOULD accept ID tokens that have expired."""
    token = hint(site)
    site.later(minutes=20)
    status, location, _ = end(site, id_token_hint=token, post_logout_redirect_uri=BACK)
    assert (status, location) == (303, BACK)


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"state": "x"},
        {"client_id": "library"},
        {"logout_hint": "sian@example.test"},
    ],
)
def test_without_a_hint_the_person_is_asked(site: Site, params: dict[str, str]) -> None:
    """oidcc-rp-initiated-logout-no-params, -only-state, -no-id-token-hint; section 6."""
    site.sign_in()
    status, _, _ = end(site, **params)
    assert status == 200
    assert signed_in(site)
    page = site.get(f"/end-session?{urlencode(params)}")
    done = site.submit(page, confirmed="yes")
    assert done.status_code == 200
    assert not signed_in(site)


def test_without_a_return_address_a_page_says_it_is_done(site: Site) -> None:
    """oidcc-rp-initiated-logout-no-post-logout-redirect-uri."""
    status, _, _ = end(site, id_token_hint=hint(site))
    assert status == 200
    assert not signed_in(site)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        f"{BACK}/",
        f"{BACK}?x=y",
        f"{BACK}#x",
        BACK.upper(),
        "https://library.example/callback",
        "https://basic.example/signed-out",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_registered_gets_no_redirect(site: Site, uri: str) -> None:
    """Section 3; -bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri."""
    token = hint(site)
    status, location, page = end(site, id_token_hint=token, post_logout_redirect_uri=uri)
    assert (status, location) == (400, "")
    assert "evil.example" not in page
    assert signed_in(site)


def test_an_address_without_a_hint_gets_no_redirect(site: Site) -> None:
    """Section 3: nothing else confirms whose address it is."""
    site.sign_in()
    for params in ({}, {"client_id": "library"}):
        status, location, _ = end(site, post_logout_redirect_uri=BACK, **params)
        assert (status, location) == (400, "")
    assert signed_in(site)


def test_a_bad_hint_gets_no_redirect(site: Site) -> None:
    """-modified-id-token-hint, -bad-id-token-hint; section 2, 4."""
    token = hint(site)
    access = site.tokens("library")["access_token"]
    head, body, signature = token.split(".")
    for wrong in (f"{head}.{body}.{signature[:-4]}AAAA", f"{head}.{body}.", "x", access):
        status, location, _ = end(site, id_token_hint=wrong, post_logout_redirect_uri=BACK)
        assert (status, location) == (400, "")
    theirs = "https://basic.example/signed-out"
    status, location, _ = end(
        site, id_token_hint=token, client_id="basic", post_logout_redirect_uri=theirs
    )
    assert (status, location) == (400, ""), "client_id must be the hint's audience"
    assert signed_in(site)


def test_a_hint_of_another_session_asks_first(site: Site) -> None:
    """Section 2: else anybody's old token could sign somebody else out."""
    token = hint(site)
    site.sign_in("tom")
    status, _, _ = end(site, id_token_hint=token, post_logout_redirect_uri=BACK)
    assert status == 200
    (toms,) = site.rows(SessionRecord, account_ref=site.account("tom")["ref"])
    assert toms["ended_at"] is None


def test_a_post_is_parked_and_a_forged_confirmation_ends_nothing(site: Site) -> None:
    """Section 2: GET and POST; decision 21; CSRF."""
    token = hint(site)
    forged = site.browser.post("/end-session", data={"confirmed": "yes"}, base_url=ISSUER)
    assert forged.status_code == 303
    assert signed_in(site)
    answer = site.browser.post(
        "/end-session",
        data={"id_token_hint": token, "post_logout_redirect_uri": BACK},
        base_url=ISSUER,
    )
    assert answer.status_code == 303
    assert signed_in(site)
    gone = site.browser.get(answer.location, base_url=ISSUER)
    assert gone.location == BACK
    assert not signed_in(site)


def test_nobody_is_sent_to_a_service_that_is_switched_off(site: Site) -> None:
    token = hint(site)
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="library")
    status, location, _ = end(site, id_token_hint=token, post_logout_redirect_uri=BACK)
    assert (status, location) == (200, "")
    assert not signed_in(site)


def test_the_question_repeats_only_what_a_logout_request_holds(site: Site) -> None:
    """A `csrf_token` or `confirmed` of the sender's making would spoil the form's own."""
    site.sign_in()
    page = site.get("/end-session?csrf_token=evil&confirmed=no&x=y&state=z")
    assert page.status_code == 200
    assert page.text.count('name="csrf_token"') == 1
    assert 'value="evil"' not in page.text
    assert 'name="x"' not in page.text
    assert site.submit(page, confirmed="yes").status_code == 200
    assert not signed_in(site)


def test_signing_out_where_nobody_is_signed_in_still_goes_back(site: Site) -> None:
    token = hint(site)
    status, location, _ = end(site, id_token_hint=token, post_logout_redirect_uri=BACK)
    again = end(site, id_token_hint=token, post_logout_redirect_uri=BACK)
    assert (status, location) == again[:2] == (303, BACK)
