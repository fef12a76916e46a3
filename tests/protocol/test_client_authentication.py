"""Client authentication: RFC 6749 section 2.3, RFC 7523 section 3, Core 9, RFC 8725."""

import base64
import hmac
import json
from typing import Any

import pytest

from idp.callers.authenticate import ASSERTION_TYPE
from idp.callers.records import SpentAssertionRecord
from idp.keyring import jose
from tests.build import ISSUER, VERIFIER, Site, sign


def call(site: Site, form: dict[str, str], **headers: str) -> tuple[int, dict[str, Any], str]:
    """Introspect something, which only asks who calls; status, body, challenge."""
    answer = site.browser.post(
        "/introspect", data={"token": "x", **form}, headers=headers, base_url=ISSUER
    )
    return answer.status_code, answer.json or {}, answer.headers.get("WWW-Authenticate", "")


def basic(name: str, secret: str | None) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def by_hmac(claims: dict[str, Any], key: bytes, kid: str | None) -> str:
    """Sign with HS256 under what everybody may know: joserfc itself would refuse such a key."""
    head = json.dumps({"alg": "HS256", "kid": kid}).encode()
    parts = [
        base64.urlsafe_b64encode(part).rstrip(b"=") for part in (head, json.dumps(claims).encode())
    ]
    mac = hmac.new(key, b".".join(parts), "sha256").digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


def raw_header(claims: dict[str, Any], head: dict[str, Any]) -> str:
    """A token with any header, and nothing that could be its signature."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in (head, claims)
    ]
    return ".".join([*parts, "A" * 86])


def asserted(assertion: str, **more: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **more}


def test_each_method_works_as_registered(site: Site) -> None:
    """oidcc-server, oidcc-server-client-secret-post; RFC 6749 2.3.1; RFC 7523 3."""
    for client in ("basic", "post", "library", "rsa"):
        assert site.introspect(client, "x") == {"active": False}


def test_no_other_way_than_the_registered_one(site: Site) -> None:
    """protocol.md 3: a wrong method must not pass, nor tell that only the method was wrong."""
    known = {name: site.service(name).secret for name in ("basic", "post")}
    answers = [
        call(site, {}, Authorization=basic("post", known["post"])),
        call(site, {"client_id": "basic", "client_secret": str(known["basic"])}),
        call(site, {"client_id": "basic"}),
        call(site, {"client_id": "library"}),
        call(site, {}, Authorization=basic("library", "")),
        call(site, {}, Authorization=basic("public", "")),
        call(site, {}, Authorization=basic("basic", "wrong")),
        call(site, {}, Authorization=basic("unknown", "wrong")),
        call(site, {"client_id": "post", "client_secret": "wrong"}),
        call(site, {"client_id": "unknown", "client_secret": "wrong"}),
        call(site, {"client_id": "a\u2028", "client_secret": "wrong"}),
        call(site, {}, Authorization=basic("a\0b", "wrong")),
        call(site, {}, Authorization="Basic %%%"),
        call(site, {}, Authorization="Basic " + base64.b64encode(b"nocolon").decode()),
        call(site, {}, Authorization="Basic " + base64.b64encode(b"\xff:\xff").decode()),
        call(site, {}, Authorization="Bearer x"),
        call(site, {}, Authorization=basic("basic", known["basic"]) + "x"),
        call(site, {}),
    ]
    for answer in answers:
        assert answer == answers[0], "an unknown client and a wrong proof are told alike"
    status, body, challenge = answers[0]
    assert (status, body["error"]) == (401, "invalid_client")
    assert challenge.startswith('Basic realm="')


def test_a_secret_too_many_is_not_a_match(site: Site) -> None:
    """CVE-2026-27840's class: no prefix, no case, no space is forgiven."""
    secret = str(site.service("basic").secret)
    for wrong in (secret[:-1], secret + "s", secret.upper(), " " + secret, secret + "\n", ""):
        assert call(site, {}, Authorization=basic("basic", wrong))[0] == 401, wrong


def test_two_ways_at_once_are_refused(site: Site) -> None:
    """RFC 6749 2.3: the client MUST NOT use more than one."""
    one = site.service("basic")
    both = (
        ({"client_id": "basic", "client_secret": str(one.secret)}, basic("basic", one.secret)),
        (asserted(site.assertion("library")), basic("basic", one.secret)),
    )
    for form, header in both:
        status, body, _ = call(site, form, Authorization=header)
        assert (status, body["error"]) == (400, "invalid_request")
    form = asserted(site.assertion("library"), client_secret="x", client_id="library")
    assert call(site, form)[0] == 400
    assert not site.rows(SpentAssertionRecord), "refused before the assertion was looked at"


def test_a_client_id_beside_the_proof_must_be_the_same(site: Site) -> None:
    header = basic("basic", site.service("basic").secret)
    assert call(site, {"client_id": "other"}, Authorization=header)[0] == 401
    assert call(site, {"client_id": "basic"}, Authorization=header)[0] == 200
    assert call(site, asserted(site.assertion("library"), client_id="rsa"))[0] == 401


def test_a_joined_authorization_header_is_refused(site: Site) -> None:
    """security.md 1.27: a server joins what was sent twice; CVE-2026-16093's class."""
    header = basic("basic", site.service("basic").secret)
    status, body, _ = call(site, {}, Authorization=f"{header}, {header}")
    assert (status, body["error"]) == (400, "invalid_request")


def test_an_assertion_is_spent_once(site: Site) -> None:
    """RFC 7523 3 item 7; GHSA-3p3g-vpw6-4w66."""
    assertion = site.assertion("library")
    assert call(site, asserted(assertion))[0] == 200
    replay = call(site, asserted(assertion))
    assert replay[0] == 401
    assert "jti" in replay[1]["error_description"]
    assert len(site.rows(SpentAssertionRecord)) == 1
    same_jti = json.loads(base64.urlsafe_b64decode(assertion.split(".")[1] + "=="))["jti"]
    odd = site.assertion("library", jti="half a pair \ud800 and \0")
    assert call(site, asserted(odd))[0] == 200, "any text is a jti"
    assert call(site, asserted(odd))[0] == 401
    again = site.assertion("library", jti=same_jti, exp=site.now() + 120)
    assert call(site, asserted(again))[0] == 401, "another token with the same jti"
    assert call(site, asserted(site.assertion("rsa", jti=same_jti)))[0] == 200, "jti is per client"


def test_a_spent_assertion_is_kept_as_long_as_it_would_pass(site: Site) -> None:
    """Decision 7: no moment remains in which it would pass again."""
    assertion = site.assertion("library", exp=site.now() + 30)
    assert call(site, asserted(assertion))[0] == 200
    (row,) = site.rows(SpentAssertionRecord)
    assert row["expires_at"].timestamp() > site.now() + 30 + jose.SKEW_SECONDS


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [ISSUER]},
        {"aud": f"{ISSUER}/"},
        {"aud": f"{ISSUER}/introspect"},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "rsa"},
        {"iss": None},
        {"sub": "rsa"},
        {"sub": None},
        {"sub": 1},
        {"sub": "nul\0"},
        {"sub": "\ud800"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 257},
        {"jti": 7},
        {"exp": None, "nbf": 1},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"exp": -1},
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(site: Site, claims: dict[str, Any]) -> None:
    """RFC 7523 3; decision 14: the audience is the issuer or the token endpoint, as one string."""
    status, body, _ = call(site, asserted(site.assertion("library", **claims)))
    assert (status, body["error"]) == (401, "invalid_client")
    assert not site.rows(SpentAssertionRecord)


def test_an_assertions_times_have_a_minutes_leeway(site: Site) -> None:
    """Decision 6; protocol.md 2.2 item 5: nbf 8 s ahead passes, over 60 s does not."""
    now = site.now()
    for good in ({"nbf": now + 8}, {"iat": now + 30}, {"exp": now - 20}, {"exp": now + 3600},
                 {"aud": f"{ISSUER}/token"}):  # fmt: skip
        assert call(site, asserted(site.assertion("library", **good)))[0] == 200, good
    for bad in ({"nbf": now + 120}, {"iat": now + 120}, {"exp": now - 61}, {"exp": now + 4000}):
        assert call(site, asserted(site.assertion("library", **bad)))[0] == 401, bad


def test_the_token_does_not_choose_how_it_is_checked(site: Site) -> None:
    """RFC 8725 3.1, 3.5, 3.11; security.md 4: none, HS256 with the public key, jwk, jku, crit."""
    one, now = site.service("library"), site.now()
    assert one.key is not None
    claims = {"iss": "library", "sub": "library", "aud": ISSUER, "exp": now + 60, "jti": "j"}
    mine = jose.generate("ES256")
    public = json.dumps(one.key.as_dict(private=False)).encode()
    pem = one.key.as_pem(private=False)
    text = json.dumps(claims)
    doubled = text[:-1] + ', "sub": "library"}'
    infinite = text.replace(str(now + 60), "Infinity")
    none = sign(claims, one.key).split(".")
    bare = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    forged = [
        f"{bare}.{none[1]}.",
        f"{bare}.{none[1]}.{none[2]}",
        f"{none[0]}.{none[1]}.",
        by_hmac(claims, public, one.key.kid),
        by_hmac(claims, pem, one.key.kid),
        sign(claims, mine),
        sign(claims, mine, kid=one.key.kid),
        sign(claims, mine, kid=one.key.kid, jwk=mine.as_dict(private=False)),
        sign(claims, mine, kid=None, jwk=mine.as_dict(private=False)),
        sign(claims, one.key, kid="../../etc/passwd"),
        raw_header(claims, {"alg": "ES256", "kid": ["a"]}),
        raw_header(claims, {"alg": "ES256", "kid": {"a": "b"}}),
        raw_header(claims, {"alg": ["ES256"], "kid": one.key.kid}),
        raw_header(claims, {"alg": {"a": "b"}, "typ": ["at+jwt"], "kid": None}),
        raw_header({**claims, "exp": None}, {"alg": "ES256", "kid": one.key.kid}),
        sign({**claims, "exp": None}, one.key),
        sign(claims, one.key, typ="at+jwt"),
        sign(claims, one.key, typ="secevent+jwt"),
        sign(doubled.encode(), one.key),
        sign(infinite.encode(), one.key),
        sign(b"[]", one.key),
        sign(b"not json", one.key),
        sign(b"\xff", one.key),
        "x", "x.y", "a.b.c.d.e", "..", "é.é.é", "A" * 20_000, "",
    ]  # fmt: skip
    head = json.loads(base64.urlsafe_b64decode(none[0] + "=="))
    for extra in ({"crit": ["exp"]}, {"crit": ["b64"], "b64": False}, {"b64": False}):
        raw = json.dumps({**head, **extra}).encode()
        forged.append(f"{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}.{none[1]}.{none[2]}")
    for index, token in enumerate(forged):
        status, body, _ = call(site, asserted(token))
        assert status == 401, (index, token[:80], body)
    assert not site.rows(SpentAssertionRecord)
    assert call(site, asserted(sign(claims, one.key, kid=None)))[0] == 200, (
        "the only key needs no kid"
    )


def test_the_assertion_type_is_the_standards(site: Site) -> None:
    """RFC 7523 2.2."""
    for kind in ("urn:ietf:params:oauth:client-assertion-type:saml2-bearer", "x", ""):
        form = asserted(site.assertion("library")) | {"client_assertion_type": kind}
        assert call(site, form)[0] == 401
    assert call(site, {"client_assertion_type": ASSERTION_TYPE})[0] == 401
    assert not site.rows(SpentAssertionRecord)


def test_a_jti_is_spent_even_where_the_request_is_then_refused(site: Site) -> None:
    """Decision 4: what must survive a refusal is committed with it."""
    form = asserted(site.assertion("library"), grant_type="authorization_code", code="wrong",
                    code_verifier=VERIFIER, redirect_uri="https://x.example")  # fmt: skip
    answer = site.browser.post("/token", data=form, base_url=ISSUER)
    assert (answer.json or {})["error"] == "invalid_grant"
    assert len(site.rows(SpentAssertionRecord)) == 1
    assert call(site, asserted(form["client_assertion"]))[0] == 401


def test_a_public_client_cannot_introspect(site: Site) -> None:
    """RFC 7662 2.1: the caller must be authorised."""
    site.sign_in()
    tokens = site.tokens("public")
    answer = site.post("/introspect", "public", token=tokens["access_token"])
    assert answer.status_code == 401
    assert (answer.json or {})["error"] == "invalid_client"
