"""Discovery and JWKS: OpenID Connect Discovery 1.0, RFC 8414, RFC 7517; config plan."""

import json

from joserfc.jwk import KeySet

from idp.keyring import ring
from tests.build import ISSUER, Site, header_of

OIDC = "/.well-known/openid-configuration"


def test_both_documents_say_the_same_and_name_the_issuer(site: Site) -> None:
    """oidcc-discovery-endpoint-verification; Discovery 4.3: issuer exactly as configured."""
    oidc = site.browser.get(OIDC, base_url=ISSUER)
    oauth = site.browser.get("/.well-known/oauth-authorization-server", base_url=ISSUER)
    assert oidc.data == oauth.data
    said = oidc.json or {}
    assert said["issuer"] == ISSUER
    assert oidc.headers["Content-Type"] == "application/json"
    for name in said:
        if name.endswith("_endpoint") or name == "jwks_uri":
            assert said[name].startswith(f"{ISSUER}/"), name
    required = ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint",
                "response_types_supported", "subject_types_supported", "scopes_supported",
                "id_token_signing_alg_values_supported", "claims_supported")  # fmt: skip
    assert set(required) <= set(said)


def test_what_is_promised_is_kept_and_no_more(site: Site) -> None:
    """-rp-initiated-logout-discovery, -backchannel-logout-discovery; decision 14."""
    said = site.browser.get(OIDC, base_url=ISSUER).json or {}
    assert said["response_types_supported"] == ["code"]
    assert said["code_challenge_methods_supported"] == ["S256"]
    assert said["subject_types_supported"] == ["pairwise"]
    assert said["authorization_response_iss_parameter_supported"] is True
    assert said["request_parameter_supported"] is said["request_uri_parameter_supported"] is False
    assert said["backchannel_logout_supported"] is said["backchannel_logout_session_supported"]
    assert "none" not in json.dumps(said["id_token_signing_alg_values_supported"])
    assert "RS256" in said["id_token_signing_alg_values_supported"], "Discovery 3: a MUST"
    assert "none" not in said["introspection_endpoint_auth_methods_supported"]
    assert "client_secret_jwt" not in json.dumps(said)
    for name in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
        path = said[name].removeprefix(ISSUER)
        assert site.browser.post(path, base_url=ISSUER).status_code in {400, 401}, name
    for name in ("userinfo_endpoint", "jwks_uri", "authorization_endpoint", "end_session_endpoint"):
        path = said[name].removeprefix(ISSUER)
        assert site.browser.get(path, base_url=ISSUER).status_code != 404, name


def test_the_documents_are_cached_and_change_with_the_keys(site: Site) -> None:
    """Decision 18."""
    for path in (OIDC, "/jwks"):
        first = site.browser.get(path, base_url=ISSUER)
        assert first.headers["Cache-Control"] == "public, max-age=300"
        assert first.headers["Access-Control-Allow-Origin"] == "*"
        etag = {"If-None-Match": first.headers["ETag"]}
        assert site.browser.get(path, headers=etag, base_url=ISSUER).status_code == 304
        head = site.browser.head(path, base_url=ISSUER)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(first.data))


def test_the_keys_are_public_ones_with_kid_use_and_alg(site: Site) -> None:
    """RFC 7517; RFC 8725 3.1: one algorithm a key. No private member, ever."""
    keys = (site.browser.get("/jwks", base_url=ISSUER).json or {})["keys"]
    assert {key["alg"] for key in keys} >= {"ES256", "RS256"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert key["use"] == "sig"
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)
    KeySet.import_key_set({"keys": keys})


def test_a_new_key_is_published_beside_the_old_one_before_it_signs(site: Site) -> None:
    """oidcc-server-rotate-keys; ory/hydra 2535; decision 24."""
    site.sign_in()
    before = header_of(site.tokens("library")["id_token"])["kid"]
    folder = site.house.settings.keys
    new = ring.rotate(folder, "ES256", now=site.database.clock.now(), at_once=False)
    try:
        site.house.keyring.look(force=True)
        keys = (site.browser.get("/jwks", base_url=ISSUER).json or {})["keys"]
        assert {before, new.kid} <= {key["kid"] for key in keys}
        old = site.tokens("library")
        assert header_of(old["id_token"])["kid"] == before
        site.later(minutes=61)
        site.sign_in()
        tokens = site.tokens("library")
        assert header_of(tokens["id_token"])["kid"] == new.kid
        assert site.userinfo(tokens["access_token"]).status_code == 200
        keys = (site.browser.get("/jwks", base_url=ISSUER).json or {})["keys"]
        assert before in {key["kid"] for key in keys}, "what it signed can still be checked"
    finally:
        (folder / f"{new.kid}.json").unlink()
        _wake(folder / f"{before}.json")


def _wake(path: object) -> None:
    """Take the retirement back: the folder is shared by all tests of a run."""
    from pathlib import Path

    file = Path(str(path))
    file.write_text(json.dumps({**json.loads(file.read_text()), "retired_at": None}))
    file.chmod(0o600)


def test_the_trustmark_explains_the_vectors(site: Site) -> None:
    """RFC 8485 5."""
    said = site.browser.get("/.well-known/vot", base_url=ISSUER).json or {}
    assert said["vectors"]["P2.C2"] == "tier 2"
