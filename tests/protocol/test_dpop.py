"""DPoP (RFC 9449) at the token endpoint, userinfo and introspection; the clause in each name."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import OKPKey, RSAKey
from werkzeug.test import TestResponse

from idp.callers import dpop
from idp.callers.records import ClientRecord, SpentAssertionRecord
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.keyring import jose
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord, RefreshTokenRecord
from tests.build import ISSUER, VERIFIER, Site, claims_of, sign
from tests.rig.dpop import TOKEN, Holder, ath_of, call, redeem, refresh

USERINFO = f"{ISSUER}/userinfo"
MINE, THIEF = Holder(), Holder()
KEYS = {name: Holder(jose.generate(name), name) for name in jose.ALGORITHMS}
NOW = 1_562_262_616
# The proofs of RFC 9449, figures 1 and 12, and the token that the second goes with.
_HEAD = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo"
    "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERW"
    "clUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19"
)
AT_TOKEN = (
    f"{_HEAD}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4"
    "YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4"
    "PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg"
)
WITH_TOKEN = (
    f"{_HEAD}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5l"
    "eGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNF"
    "c05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8"
    "y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
PUBLISHED_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
PUBLISHED_JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"


def read(proof: str, **more: Any) -> dpop.Proof:
    asked: dict[str, Any] = {"method": "POST", "address": TOKEN, "token": None, "now": NOW}
    return dpop.read(proof, **(asked | more))


def bound(site: Site, client: str = "library", **params: Any) -> dict[str, Any]:
    answer = redeem(site, client, site.code(client, **params), MINE)
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def userinfo(
    site: Site, token: str, proof: str | None, scheme: str = "DPoP", method: str = "GET"
) -> TestResponse:
    headers = {"Authorization": f"{scheme} {token}"}
    if proof is not None:
        headers["DPoP"] = proof
    return site.browser.open("/userinfo", method=method, headers=headers, base_url=ISSUER)


def said(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, str((answer.json or {}).get("error"))


def refused(site: Site, answer: TestResponse, reason: str, kind: str = "userinfo-refused") -> Any:
    """The reason and the reference are in the answer, in its challenge and in the journal."""
    body = answer.json or {}
    assert body["reason"] == reason, body
    assert body["error_description"].endswith(f"(reference {body['reference']})")
    if kind == "userinfo-refused":
        assert body["error_description"] in answer.headers["WWW-Authenticate"]
    (row,) = site.rows(JournalEntry, reference=body["reference"])
    assert (row["kind"], row["detail"]["reason"]) == (kind, reason)
    return row


# The proof itself (section 4)


def test_section_4_1_and_7_1_published_proofs_are_good_for_what_they_were_made_for() -> None:
    first = read(AT_TOKEN, address="https://server.example.com/token")
    assert (first.jkt, first.jti) == (PUBLISHED_JKT, "-BwC3ESc6acc2lTc")
    second = read(
        WITH_TOKEN, method="GET", address="https://resource.example.org/protectedresource",
        token=PUBLISHED_TOKEN,
    )  # fmt: skip
    assert second.jkt == PUBLISHED_JKT
    assert ath_of(PUBLISHED_TOKEN) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"
    for elsewhere in (
        {"method": "GET"}, {"address": TOKEN}, {"now": NOW + 301}, {"now": NOW - 61},
        {"token": PUBLISHED_TOKEN},
    ):  # fmt: skip
        with pytest.raises(jose.BadToken):
            read(AT_TOKEN, **({"address": "https://server.example.com/token"} | elsewhere))


@pytest.mark.parametrize("algorithm", jose.ALGORITHMS)
def test_section_4_2_each_algorithm_that_discovery_names_is_taken(algorithm: str) -> None:
    holder = KEYS[algorithm]
    assert read(holder.proof("POST", TOKEN, NOW)).jkt == holder.jkt
    forged = holder.proof("POST", TOKEN, NOW)[:-8] + "AAAAAAAA"
    with pytest.raises(jose.BadToken, match="signature"):
        read(forged)


GOOD_ADDRESSES = [f"{TOKEN}?a=b", f"{TOKEN}#c", f"{TOKEN}?#", "HTTP://LOCALHOST:18000/token"]
BAD_ADDRESSES = [
    f"{TOKEN}/", "http://localhost:18000/Token", "https://localhost:18000/token", USERINFO,
    "http://localhost/token", "http://evil.example/token", "http://localhost:18000@evil.example/",
    "http://a@localhost:18000/token", "http://localhost:18000/to\tken", "/token", "", "http://[",
    "http://localhost:99999999/token", f"{TOKEN}\u2028", f" {TOKEN}", f"\x1f{TOKEN}",
]  # fmt: skip


@pytest.mark.parametrize("htu", GOOD_ADDRESSES)
def test_section_4_3_item_9_an_address_is_compared_without_query_and_fragment(htu: str) -> None:
    read(MINE.proof("POST", TOKEN, NOW, htu=htu))


def test_section_4_3_item_9_a_default_port_may_be_named() -> None:
    proof = MINE.proof("POST", "https://gate.example:443/token", NOW)
    read(proof, address="https://gate.example/token")
    with pytest.raises(jose.BadToken):
        read(proof, address="http://gate.example/token")
    read(MINE.proof("POST", "https://gate.example", NOW), address="https://gate.example/")
    with pytest.raises(jose.BadToken):  # which in small letters would be a k
        read(MINE.proof("POST", "https://des\u212a.example/", NOW), address="https://desk.example/")


def test_section_4_3_times_have_a_minute_ahead_and_five_behind() -> None:
    for good in ({"iat": NOW - 300}, {"iat": NOW + 60}, {"iat": NOW + 0.5},
                 {"exp": NOW - 30}, {"nbf": NOW + 30}, {"jti": "x" * 256}):  # fmt: skip
        read(MINE.proof("POST", TOKEN, NOW, **good))


BAD_CLAIMS: list[dict[str, Any]] = [
    {"jti": None}, {"jti": ""}, {"jti": "x" * 257}, {"jti": 7}, {"jti": ["a"]},
    {"htm": None}, {"htm": "GET"}, {"htm": "post"}, {"htm": ["POST"]},
    {"htu": None}, {"htu": 1}, *({"htu": htu} for htu in BAD_ADDRESSES),
    {"iat": None}, {"iat": NOW - 301}, {"iat": NOW + 61}, {"iat": str(NOW)}, {"iat": True},
    {"iat": float("nan")}, {"iat": float("-inf")}, {"iat": -(10**400)}, {"iat": -1},
    {"exp": NOW - 61}, {"nbf": NOW + 61}, {"nbf": "soon"},
]  # fmt: skip
BAD_HEADERS: list[dict[str, Any]] = [
    {"typ": None}, {"typ": "JWT"}, {"typ": "dpop+jwt+x"}, {"typ": ["dpop+jwt"]},
    {"jwk": None}, {"jwk": "x"}, {"jwk": {}}, {"jwk": {**MINE.jwk, "d": "AA"}},
    {"jwk": {**MINE.jwk, "k": "AA"}}, {"jwk": {**MINE.jwk, "p": None}},
    {"jwk": MINE.key.as_dict(private=True)}, {"jwk": THIEF.jwk},
    {"jwk": {**MINE.jwk, "kty": "oct"}}, {"jwk": {**MINE.jwk, "crv": "P-384"}},
    {"jwk": {**MINE.jwk, "x": MINE.jwk["y"]}}, {"jwk": {**MINE.jwk, "x": 1}},
    {"jwk": {**MINE.jwk, "x": "\u00e9"}}, {"jwk": {"kty": "EC", "crv": "P-256"}},
    {"jwk": KEYS["RS256"].jwk}, {"jwk": KEYS["EdDSA"].jwk}, {"crit": ["jwk"]}, {"b64": False},
]  # fmt: skip


@pytest.mark.parametrize("claims", BAD_CLAIMS, ids=str)
def test_section_4_3_a_wrong_or_missing_claim_is_refused(claims: dict[str, Any]) -> None:
    read(MINE.proof("POST", TOKEN, NOW))
    with pytest.raises(jose.BadToken):
        read(MINE.proof("POST", TOKEN, NOW, **claims))


@pytest.mark.parametrize("header", BAD_HEADERS, ids=range(len(BAD_HEADERS)))
def test_section_4_3_a_wrong_header_or_key_is_refused(header: dict[str, Any]) -> None:
    with pytest.raises(jose.BadToken):
        read(raw(header))


def raw(header: dict[str, Any]) -> str:
    """A proof with any header, signed by the key whatever the header says."""
    good = MINE.proof("POST", TOKEN, NOW)
    head = {**jose.peek_header(good), **header}
    head = {name: value for name, value in head.items() if value is not None}
    signed = f"{text_of(head)}.{good.split('.')[1]}"
    key = MINE.key.get_op_key("sign")
    assert isinstance(key, EllipticCurvePrivateKey)
    r, s = decode_dss_signature(key.sign(signed.encode(), ECDSA(SHA256())))
    return f"{signed}.{base64url(r.to_bytes(32) + s.to_bytes(32))}"


def text_of(head: dict[str, Any]) -> str:
    return base64url(json.dumps(head).encode())


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_section_11_6_symmetric_and_no_signatures_are_refused() -> None:
    """RFC 8725 section 3.1: the proof does not choose how it is checked."""
    claims = {"jti": "a", "htm": "POST", "htu": TOKEN, "iat": NOW}
    bare = text_of({"typ": "dpop+jwt", "alg": "none", "jwk": MINE.jwk})
    payload = MINE.proof("POST", TOKEN, NOW).split(".")[1]
    weak = RSAKey.generate_key(1024, auto_kid=False)
    other_curve = OKPKey.generate_key("Ed448", auto_kid=False)
    for forged in (
        f"{bare}.{payload}.", "a.b.c", "..", "", "x", "\u00e9.\u00e9.\u00e9",
        MINE.proof("POST", TOKEN, NOW, pad="x" * 4096),
        MINE.proof("POST", TOKEN, NOW) + ".x",
        sign(claims, weak, alg="RS256", typ="dpop+jwt", kid=None, jwk=weak.as_dict(private=False)),
        sign(claims, other_curve, alg="EdDSA", typ="dpop+jwt", kid=None,
             jwk=other_curve.as_dict(private=False)),
    ):  # fmt: skip
        with pytest.raises(jose.BadToken):
            read(forged)
    big = KEYS["RS256"].jwk
    with pytest.raises(jose.BadToken, match="exponent"):
        jose.embedded_key({"alg": "RS256", "jwk": {**big, "e": "A" * 7}})


# The token endpoint (sections 5 and 6)


def test_section_5_a_proof_makes_the_token_of_type_dpop_with_cnf_jkt(site: Site) -> None:
    """And section 6.1; a refused request before it spent nothing."""
    site.sign_in()
    code = site.code("library")
    bad = redeem(site, "library", code, MINE, htm="GET")
    assert said(bad) == (400, "invalid_dpop_proof")
    assert "htm" in (bad.json or {})["error_description"]
    row = refused(site, bad, "proof-wrong", "tokens-refused")
    assert (row["person"], row["client_id"]) == (None, "library")
    assert [row["used_at"] for row in site.rows(AuthorizationCodeRecord)] == [None]
    tokens = redeem(site, "library", code, MINE).json or {}
    assert tokens["token_type"] == "DPoP"
    assert claims_of(tokens["access_token"])["cnf"] == {"jkt": MINE.jkt}
    assert "cnf" not in claims_of(tokens["id_token"])
    plain = site.tokens("library")
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in claims_of(plain["access_token"])


def test_section_4_3_item_1_a_second_dpop_header_is_refused(site: Site) -> None:
    """A server joins what was sent twice (security.md 1.27)."""
    site.sign_in()
    code, now = site.code("basic"), site.now()
    two = ", ".join(MINE.proof("POST", TOKEN, now) for _ in range(2))
    form = {"grant_type": "authorization_code", "code": code}
    assert call(site, "basic", form, two).status_code == 400
    assert said(call(site, "basic", form, "")) == (400, "invalid_dpop_proof")
    assert not site.rows(SpentAssertionRecord), "refused before anything was looked at"
    assert redeem(site, "basic", code, MINE).status_code == 200


def test_section_11_1_a_proof_is_good_once_also_in_parallel(site: Site) -> None:
    site.sign_in()
    proof = MINE.proof("POST", TOKEN, site.now())
    codes = [site.code("basic") for _ in range(6)]

    def use(code: str) -> tuple[int, str]:
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER,
                "redirect_uri": site.service("basic").redirect_uri}  # fmt: skip
        fields, headers = site.proof("basic", form)
        answer = site.new_browser().post(
            "/token", data=fields, headers={**headers, "DPoP": proof}, base_url=ISSUER
        )
        return said(answer)

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(use, codes))
    assert answers == [(200, "None")] + [(400, "invalid_dpop_proof")] * 5
    assert sum(row["used_at"] is not None for row in site.rows(AuthorizationCodeRecord)) == 1


def test_section_11_1_a_jti_is_kept_until_no_clock_would_take_it_and_is_of_its_key(
    site: Site,
) -> None:
    site.sign_in()
    assert redeem(site, "basic", site.code("basic"), MINE, jti="same").status_code == 200
    (row,) = site.rows(SpentAssertionRecord)
    assert row["expires_at"].timestamp() > site.now() + 300 + jose.SKEW_SECONDS
    assert redeem(site, "basic", site.code("basic"), MINE, jti="same").status_code == 400
    assert redeem(site, "basic", site.code("basic"), THIEF, jti="same").status_code == 200
    odd = redeem(site, "basic", site.code("basic"), MINE, jti="half a pair \ud800 and \0")
    assert odd.status_code == 200, "any text is a jti"


def test_a_proof_is_spent_by_nobody_who_is_no_client(site: Site) -> None:
    """Else anybody could have us write rows: who calls is known first."""
    proof = MINE.proof("POST", TOKEN, site.now())
    form = {"grant_type": "authorization_code", "code": "x", "client_id": "library"}
    answer = site.browser.post("/token", data=form, headers={"DPoP": proof}, base_url=ISSUER)
    assert said(answer) == (401, "invalid_client")
    assert not site.rows(SpentAssertionRecord)
    form["client_id"] = "public"  # as anybody can say
    answer = site.browser.post("/token", data=form, headers={"DPoP": "x"}, base_url=ISSUER)
    assert said(answer) == (400, "invalid_dpop_proof")
    assert "reference" not in (answer.json or {})
    assert not site.rows(JournalEntry, kind="tokens-refused")


def test_section_10_a_code_bound_to_a_key_is_worth_nothing_without_it_nor_lost(
    site: Site,
) -> None:
    """fapi2 ensure-token-endpoint-fails-with-mismatched-dpop-jkt; RFC 9449 section 10."""
    site.sign_in()
    for client in ("library", "public"):
        code = site.code(client, dpop_jkt=MINE.jkt)
        for wrong in (THIEF, None):
            assert said(redeem(site, client, code, wrong)) == (400, "invalid_grant")
        assert redeem(site, client, code, MINE).status_code == 200
        for wrong in (THIEF, None):
            assert said(redeem(site, client, code, wrong)) == (400, "invalid_grant")
        (grant,) = site.rows(GrantRecord, client_id=client)
        assert grant["ended_at"] is None, "nor does it end what the code bought"
        assert said(redeem(site, client, code, MINE)) == (400, "invalid_grant")
        (grant,) = site.rows(GrantRecord, client_id=client)
        assert grant["ended_reason"] == "code-replayed"
    for bad in ("x", MINE.jkt + "A", MINE.jkt[:-1] + "=", MINE.jkt + "\n"):
        assert site.answer("library", dpop_jkt=bad)["error"] == "invalid_request"


def test_section_5_a_public_clients_refresh_token_is_of_its_key(site: Site) -> None:
    """A thief without the key gets nothing and ends nothing, before and after it is used."""
    site.sign_in()
    first = bound(site, "public")["refresh_token"]
    for wrong in (THIEF, None):
        assert said(refresh(site, "public", first, wrong)) == (400, "invalid_grant")
    again = refresh(site, "public", first, MINE).json or {}
    assert again["token_type"] == "DPoP"
    assert claims_of(again["access_token"])["cnf"] == {"jkt": MINE.jkt}
    site.later(seconds=20)
    for wrong in (THIEF, None):
        assert said(refresh(site, "public", first, wrong)) == (400, "invalid_grant")
    assert not any(row["ended_at"] for row in site.rows(GrantRecord)), "nothing proves a theft"
    assert refresh(site, "public", again["refresh_token"], MINE).status_code == 200
    assert said(refresh(site, "public", first, MINE)) == (400, "invalid_grant")
    assert [row["ended_reason"] for row in site.rows(GrantRecord)] == ["refresh-token-reused"]


def test_section_5_a_public_client_that_begins_to_prove_is_bound_from_then_on(site: Site) -> None:
    site.sign_in()
    first = site.tokens("public")["refresh_token"]
    second = (refresh(site, "public", first, MINE).json or {})["refresh_token"]
    assert said(refresh(site, "public", second, None)) == (400, "invalid_grant")
    assert said(refresh(site, "public", first, THIEF)) == (400, "invalid_grant"), "a retry, too"
    assert refresh(site, "public", second, MINE).status_code == 200


def test_section_5_a_confidential_clients_refresh_token_is_not_of_the_key(site: Site) -> None:
    """Decision 15: it is bound to the client's own authentication, so the key may change."""
    site.sign_in()
    token = bound(site)["refresh_token"]
    other = refresh(site, "library", token, THIEF).json or {}
    assert claims_of(other["access_token"])["cnf"] == {"jkt": THIEF.jkt}
    assert (refresh(site, "library", token, None).json or {})["token_type"] == "Bearer"
    assert [row["dpop_jkt"] for row in site.rows(GrantRecord)] == [None]


def test_section_5_2_a_client_registered_for_bound_tokens_gets_no_others(site: Site) -> None:
    site.sign_in()
    code, old = site.code("basic"), site.tokens("basic")["refresh_token"]
    site.change(ClientRecord, {"dpop_bound": True}, client_id="basic")
    site.house.services.clients.forget()
    bearer = redeem(site, "basic", code, None)
    assert said(bearer) == (400, "invalid_dpop_proof")
    refused(site, bearer, "proof-missing", "tokens-refused")
    assert said(refresh(site, "basic", old, None)) == (400, "invalid_dpop_proof")
    assert redeem(site, "basic", code, MINE).status_code == 200, "and nothing was spent by trying"
    assert refresh(site, "basic", old, MINE).status_code == 200
    assert site.introspect("basic", "x") == {"active": False}, "asked of the token endpoint only"


def test_a_bound_refresh_tokens_successor_is_stored_once(site: Site) -> None:
    site.sign_in()
    first = bound(site, "public")["refresh_token"]
    answers = {(refresh(site, "public", first, MINE).json or {})["refresh_token"] for _ in range(2)}
    assert len(answers) == 1
    assert len(site.rows(RefreshTokenRecord)) == 2


# Userinfo and introspection (sections 6.2 and 7)


def test_section_7_1_a_bound_token_is_shown_with_a_proof_and_ath(site: Site) -> None:
    site.sign_in()
    token = bound(site, scope="openid profile")["access_token"]
    for scheme, method in (("DPoP", "GET"), ("dpop", "POST")):
        proof = MINE.proof(method, USERINFO, site.now(), token=token)
        answer = userinfo(site, token, proof, scheme, method)
        assert answer.status_code == 200, answer.json
        assert (answer.json or {})["given_name"] == "Sian"
        again = userinfo(site, token, proof, scheme, method)
        assert said(again) == (401, "invalid_dpop_proof"), "a replay"


def test_section_7_1_a_proof_that_is_wrong_is_refused_with_a_challenge(site: Site) -> None:
    site.sign_in()
    token, now = bound(site)["access_token"], site.now()
    other = bound(site)["access_token"]
    sian = site.account("sian")["person_ref"]
    for proof in (
        None,
        "",
        THIEF.proof("GET", USERINFO, now, token=token),
        MINE.proof("GET", USERINFO, now),
        MINE.proof("GET", USERINFO, now, token=other),
        MINE.proof("GET", USERINFO, now, ath=""),
        MINE.proof("GET", USERINFO, now, ath=["x"]),
        MINE.proof("GET", USERINFO, now, ath="\u00e9"),
        MINE.proof("GET", USERINFO, now, ath="\ud800"),
        MINE.proof("GET", USERINFO, now, ath=ath_of(token) + "="),
        MINE.proof("GET", USERINFO, now - 301, token=token),
        MINE.proof("POST", USERINFO, now, token=token),
        MINE.proof("GET", TOKEN, now, token=token),
        "nonsense",
    ):
        answer = userinfo(site, token, proof)
        assert said(answer) == (401, "invalid_dpop_proof"), proof
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('DPoP realm="userinfo", algs="ES256 RS256 PS256 EdDSA", error=')
    told = [row["detail"]["reason"] for row in site.rows(JournalEntry, kind="userinfo-refused")]
    assert told[:3] == ["proof-missing", "proof-missing", "proof-of-other-key"]
    assert set(told[3:]) == {"proof-wrong"}
    last = refused(site, answer, "proof-wrong")
    assert (last["person"], last["client_id"]) == (sian, "library")
    site.later(seconds=300)
    late = userinfo(site, token, None)
    assert said(late) == (401, "invalid_dpop_proof")
    assert "reference" not in (late.json or {}), "no more of it than while it lasts"
    assert len(site.rows(JournalEntry, kind="userinfo-refused")) == len(told)


def test_section_7_2_a_bound_token_is_no_bearer_nor_the_other_way(site: Site) -> None:
    site.sign_in()
    token, plain = bound(site)["access_token"], site.tokens("library")["access_token"]
    downgraded = site.userinfo(token)
    assert said(downgraded) == (401, "invalid_token")
    assert downgraded.headers["WWW-Authenticate"].startswith("DPoP ")
    refused(site, downgraded, "proof-missing")
    by_form = site.browser.post("/userinfo", data={"access_token": token}, base_url=ISSUER)
    assert said(by_form) == (401, "invalid_token")
    proof = MINE.proof("GET", USERINFO, site.now(), token=plain)
    upgraded = userinfo(site, plain, proof)
    assert said(upgraded) == (401, "invalid_token")
    assert upgraded.headers["WWW-Authenticate"].startswith("Bearer ")
    refused(site, upgraded, "token-not-bound")


def test_who_holds_no_key_does_not_learn_what_became_of_the_token(site: Site) -> None:
    """A thief is told of the key only, and the owner finds the try in the journal."""
    mandate = site.give_mandate()
    site.sign_in()
    code = site.act(mandate)
    token = (redeem(site, "tax", code, MINE).json or {})["access_token"]
    site.change(MandateRecord, {"state": "suspended"}, ref=mandate)
    stolen = userinfo(site, token, THIEF.proof("GET", USERINFO, site.now(), token=token))
    row = refused(site, stolen, "proof-of-other-key")
    margaret, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    assert (row["person"], row["actor"], row["mandate_ref"]) == (margaret, sian, mandate)
    shown = userinfo(site, token, MINE.proof("GET", USERINFO, site.now(), token=token))
    refused(site, shown, "mandate-suspended")


def test_section_7_1_without_a_token_both_schemes_are_offered(site: Site) -> None:
    answer = site.browser.get("/userinfo", base_url=ISSUER)
    assert answer.headers["WWW-Authenticate"] == (
        'Bearer realm="userinfo", DPoP realm="userinfo", algs="ES256 RS256 PS256 EdDSA"'
    )
    preflight = site.browser.options("/userinfo", base_url=ISSUER)
    assert "DPoP" in preflight.headers["Access-Control-Allow-Headers"]


def test_a_bound_tokens_end_is_told_as_a_bearers(site: Site) -> None:
    """Expiry and liveness are asked after the proof, with the scheme that was used."""
    site.sign_in()
    tokens = bound(site)
    token = tokens["access_token"]
    site.later(seconds=300)
    late = userinfo(site, token, MINE.proof("GET", USERINFO, site.now(), token=token))
    assert said(late) == (401, "invalid_token")
    token = (refresh(site, "library", tokens["refresh_token"], MINE).json or {})["access_token"]
    site.post("/revoke", "library", token=token)
    dead = userinfo(site, token, MINE.proof("GET", USERINFO, site.now(), token=token))
    assert said(dead) == (401, "invalid_token")
    assert (dead.json or {})["reason"] == "grant-ended"
    assert dead.headers["WWW-Authenticate"].startswith("DPoP ")


def test_section_6_2_introspection_shows_the_key_and_the_type(site: Site) -> None:
    site.sign_in()
    token = bound(site)["access_token"]
    shown = site.introspect("library", token)
    assert (shown["token_type"], shown["cnf"]) == ("DPoP", {"jkt": MINE.jkt})
    plain = site.introspect("library", site.tokens("library")["access_token"])
    assert plain["token_type"] == "Bearer"
    assert "cnf" not in plain


def test_section_5_1_discovery_names_the_algorithms(site: Site) -> None:
    document = site.browser.get("/.well-known/openid-configuration", base_url=ISSUER).json or {}
    assert document["dpop_signing_alg_values_supported"] == ["ES256", "RS256", "PS256", "EdDSA"]
