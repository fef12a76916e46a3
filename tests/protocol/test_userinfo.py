"""/userinfo: Core 5.3, RFC 6750, RFC 9068 section 4."""

import json

import pytest

from idp.journal.records import JournalEntry
from idp.keyring import jose
from tests.build import EVERYTHING, ISSUER, Site, claims_of, sign
from tests.rig.firms import assign, firm


def test_get_and_post_with_header_or_form(site: Site) -> None:
    """oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body."""
    site.sign_in()
    token = site.tokens("library")["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    for answer in (
        site.browser.get("/userinfo", headers=header, base_url=ISSUER),
        site.browser.post("/userinfo", headers=header, base_url=ISSUER),
        site.browser.get(
            "/userinfo", headers={"Authorization": f"bearer {token}"}, base_url=ISSUER
        ),
        site.browser.post("/userinfo", data={"access_token": token}, base_url=ISSUER),
    ):
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        assert (answer.json or {})["sub"] == claims_of(token)["sub"]


def test_each_scope_releases_its_claims(site: Site) -> None:
    """Core 5.4; oidcc-scope-profile, -email, -address, -phone, -all."""
    site.sign_in()
    wanted = {
        "openid": set(),
        "openid profile": {"name", "given_name", "family_name", "birthdate", "gender",
                           "updated_at"},
        "openid email": {"email", "email_verified"},
        "openid address": {"address"},
        "openid phone": set(),
    }  # fmt: skip
    for scope, names in wanted.items():
        info = site.userinfo(site.tokens("post", scope=scope)["access_token"]).json or {}
        assert set(info) == names | {"sub"}, scope
    everything = " ".join(name for name in EVERYTHING if name != "offline_access")
    info = site.userinfo(site.tokens("post", scope=everything)["access_token"]).json or {}
    assert set(info) == set().union(*wanted.values(), {"sub"})


def test_the_number_goes_to_whom_it_is_registered_for_only(site: Site) -> None:
    """Decision 9."""
    site.sign_in()
    scope = "openid national_insurance_number"
    info = site.userinfo(site.tokens("tax", scope=scope)["access_token"]).json or {}
    assert info["national_insurance_number"].startswith("AB123456")
    for other in ("library", "post"):
        info = site.userinfo(site.tokens(other, scope=scope)["access_token"]).json or {}
        assert set(info) == {"sub"}


def test_reading_personal_claims_writes_one_row_a_token(site: Site) -> None:
    """Decision 23."""
    site.sign_in()
    token = site.tokens("library", scope="openid profile")["access_token"]
    bare = site.tokens("library")["access_token"]
    for _ in range(3):
        assert site.userinfo(token).status_code == 200
        assert site.userinfo(bare).status_code == 200
    (row,) = site.rows(JournalEntry, kind="claims-read")
    assert "name" in row["detail"]["claims"]
    assert row["person"] == site.account("sian")["person_ref"]


@pytest.mark.parametrize(
    ("shows_names", "said"),
    [(True, "Sian Hughes"), (False, "A named adviser at Smith & Co")],
)
def test_a_service_learns_of_a_member_who_acts_what_the_principal_does(
    site: Site, shows_names: bool, said: str
) -> None:
    mandate = firm(site, shows_names=shows_names)
    assign(site, mandate)
    site.sign_in()
    tokens = site.redeem("tax", site.act(mandate, scope="openid profile")).json or {}
    info = site.userinfo(tokens["access_token"]).json or {}
    assert info["act"]["name"] == said
    assert info["act"]["sub"] == claims_of(tokens["access_token"])["act"]["sub"]


def test_without_a_token_nothing_is_said_about_errors(site: Site) -> None:
    """RFC 6750 3.1."""
    for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "MAC x"}):
        answer = site.browser.get("/userinfo", headers=headers, base_url=ISSUER)
        assert answer.status_code == 401
        assert "error" not in answer.headers["WWW-Authenticate"]
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="userinfo", DPoP ')


def test_a_token_sent_wrongly_is_refused(site: Site) -> None:
    """RFC 6750 2: one way, and never in the address."""
    site.sign_in()
    token = site.tokens("library")["access_token"]
    header = {"Authorization": f"Bearer {token}"}
    ask = site.browser
    for answer in (
        ask.get("/userinfo", query_string={"access_token": token}, base_url=ISSUER),
        ask.get("/userinfo", query_string={"access_token": "x"}, headers=header, base_url=ISSUER),
        ask.post("/userinfo", data={"access_token": token}, headers=header, base_url=ISSUER),
        ask.get("/userinfo", headers={"Authorization": "Bearer"}, base_url=ISSUER),
        ask.get("/userinfo", headers={"Authorization": f"Bearer {token}, Bearer {token}"},
                base_url=ISSUER),
    ):  # fmt: skip
        assert answer.status_code == 400
        assert (answer.json or {})["error"] == "invalid_request"


def test_what_is_no_access_token_of_ours_is_refused(site: Site) -> None:
    """RFC 9068 4; RFC 8725: issuer, audience, type, key, algorithm; token substitution."""
    site.sign_in()
    tokens = site.tokens("library")
    good = tokens["access_token"]
    claims = claims_of(good)
    head, body, signature = good.split(".")
    ours = site.house.keyring
    stranger = jose.generate("ES256")
    client = site.service("library").key
    kid = jose.peek_header(good)["kid"]

    def made(typ: str = "at+jwt", **more: object) -> str:
        return ours.sign({**claims, **more}, algorithm="ES256", typ=typ)

    for wrong in (
        tokens["id_token"],
        tokens["refresh_token"],
        site.code("library"),
        made(iss="https://other.example"),
        made(aud="https://other.example"),
        made(aud=[f"{ISSUER}/userinfo", "https://other.example"]),
        made(aud="library"),
        made(gid="unknown"),
        made(gid=None),
        made(typ="JWT"),
        made(typ="logout+jwt"),
        sign(claims, stranger, typ="at+jwt"),
        sign(claims, stranger, typ="at+jwt", kid=kid),
        sign(claims, client, typ="at+jwt", kid=kid),
        sign(claims, stranger, typ="at+jwt", kid=kid, jwk=stranger.as_dict(private=False)),
        "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6WyJhIl19.e30.AAAA",  # kid is a list
        f"{head}.{body}.",
        f"{head}.{body}.{'A' * len(signature)}",
        f"{head}.{body[:-2]}.{signature}",
        "x", "..", "a.b.c", "é", "x" * 15_000,
    ):  # fmt: skip
        answer = site.userinfo(wrong)
        assert answer.status_code == 401, wrong[:60]
        assert (answer.json or {})["error"] == "invalid_token"
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="userinfo", error=')
    assert site.userinfo(made()).status_code == 200
    assert not site.rows(JournalEntry, kind="claims-read")


def test_an_access_token_ends_to_the_second(site: Site) -> None:
    """Decision 15: at most five minutes; no leeway for a token we made ourselves."""
    site.sign_in()
    token = site.tokens("library")["access_token"]
    left = claims_of(token)["exp"] - site.now()
    site.later(seconds=left - 2)
    assert site.userinfo(token).status_code == 200
    site.later(seconds=3)
    assert "expired" in json.dumps(site.userinfo(token).json)
    assert site.introspect("library", token) == {"active": False}


def test_only_get_and_post_and_an_open_door_for_scripts(site: Site) -> None:
    ask = site.browser
    assert ask.put("/userinfo", base_url=ISSUER).status_code == 405
    preflight = ask.options("/userinfo", base_url=ISSUER)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")
    head = ask.head("/userinfo", base_url=ISSUER)
    assert (head.status_code, head.data) == (401, b"")
