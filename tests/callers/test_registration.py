"""What may stand in a registration; create and update pass the same checks (security.md 1.23)."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from idp.callers import registration
from idp.callers.clients import fetch
from idp.callers.records import ClientRecord, ResourceRecord
from idp.callers.registration import EXCHANGE, RegistrationError, bad_uri
from idp.journal.records import JournalEntry
from idp.keyring import jose
from idp.organisations.records import OrganisationRecord
from tests.build import Site
from tests.rig.software import FIRM, make_firm

KEY = jose.generate("ES256")
JWKS = {"keys": [{**KEY.as_dict(private=False), "use": "sig", "alg": "ES256"}]}


def data(**more: Any) -> dict[str, Any]:
    good = {
        "client_id": "permits", "client_name": "Permits", "organisation": "Council",
        "sector": "council", "jwks": JWKS, "redirect_uris": ["https://permits.example/cb"],
    }  # fmt: skip
    return {name: value for name, value in {**good, **more}.items() if value is not None}


def register(site: Site, **more: Any) -> Any:
    asked = registration.read(data(**more), "tests")
    return site.database.transaction(lambda tx: registration.register(tx, asked, by="tests"))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"client_id": None}, "client_id"),
        ({"client_id": "x"}, "client_id"),
        ({"client_id": "a b"}, "client_id"),
        ({"client_id": "permits\n"}, "client_id"),
        ({"client_id": "é-permits"}, "client_id"),
        ({"client_id": "account"}, "client_id"),
        ({"client_name": ""}, "client_name"),
        ({"sector": "Council"}, "sector"),
        ({"profile": "fapi2"}, "profile"),
        ({"profile": "x"}, "profile"),
        ({"token_endpoint_auth_method": "client_secret_jwt"}, "token_endpoint_auth_method"),
        ({"token_endpoint_auth_method": "none", "pkce": "optional", "jwks": None}, "pkce"),
        ({"jwks": None}, "private_key_jwt"),
        ({"jwks_uri": "https://permits.example/jwks"}, "private_key_jwt"),
        ({"jwks": {"keys": []}}, "jwks"),
        ({"jwks": {"keys": [KEY.as_dict(private=True)]}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "!", "y": "!"}]}}, "jwks"),
        ({"jwks": {"keys": JWKS["keys"] * 21}}, "jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "jwks"),
        ({"jwks": None, "jwks_uri": "http://permits.example/jwks"}, "jwks_uri"),
        ({"redirect_uris": []}, "redirect_uris"),
        ({"redirect_uris": ["https://a.example/"] * 21}, "redirect_uris"),
        ({"grant_types": ["password"]}, "grant_types"),
        ({"grant_types": ["implicit"]}, "grant_types"),
        ({"scopes": ["profile"]}, "scopes"),
        ({"scopes": ["openid", "everything"]}, "scopes"),
        ({"pkce": "never"}, "pkce"),
        ({"id_token_signed_response_alg": "none"}, "id_token_signed_response_alg"),
        ({"id_token_signed_response_alg": "HS256"}, "id_token_signed_response_alg"),
        ({"backchannel_logout_uri": "ftp://permits.example"}, "backchannel_logout_uri"),
        ({"resources": ["not an address"]}, "resources"),
        ({"resources": ["https://api.example/#part"]}, "resources"),
        ({"disabled_at": None, "sandbox": True}, "sandbox"),
        ({"version": 7}, "version"),
        ({"secret_digest": "x"}, "secret_digest"),
    ],
)
def test_each_bad_field_is_named(more: dict[str, Any], field: str) -> None:
    with pytest.raises(RegistrationError, match=field):
        registration.read(data(**more), "tests")


def test_a_short_rsa_key_is_refused() -> None:
    short = RSAKey.generate_key(1024, auto_kid=False).as_dict(private=False)
    with pytest.raises(RegistrationError, match="2048"):
        registration.read(data(jwks={"keys": [short]}), "tests")


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(RegistrationError) as told:
        registration.read(
            data(redirect_uris=["http://a.example"], scopes=["x"], jwks=None), "tests"
        )
    for part in ("redirect_uris", "scopes: unknown", "scopes: openid", "private_key_jwt"):
        assert part in str(told.value)


@pytest.mark.parametrize(
    "uri",
    [
        "http://permits.example/cb", "//permits.example/cb", "permits.example", "", "https://",
        "https://permits.example/#x", "https://a@permits.example/", "https://x;sandbox;report-uri/cb",
        "https://x'y/", "https://x,y/",
        "https://x y/", "https://permits.example:/x:1/", "https://:443/", "https://permits.example:/",
        "https://*.example/",
        "https://permits.example/a b", "https://permits.example/\n", "https://permits.example/\\",
        "https://permits.example/é", "javascript:alert(1)", "data:text/html,x", "myapp:/cb",
        "http://localhost.evil.example/", "https://[::1", "https://permits.example:99999/",
        "https://permits.example/" + "x" * 2048,
    ],
)  # fmt: skip
def test_addresses_that_are_never_registered(uri: str) -> None:
    assert bad_uri(uri) is not None


@pytest.mark.parametrize(
    "uri",
    [
        "https://permits.example/cb", "https://permits.example:8443/cb?a=b", "http://localhost/cb",
        "http://127.0.0.1:9000/cb", "http://[::1]:9000/cb", "http://library.localhost:8001/",
    ],
)  # fmt: skip
def test_addresses_that_may_be(uri: str) -> None:
    assert bad_uri(uri) is None


def test_registering_twice_changes_nothing(site: Site) -> None:
    first, second = register(site), register(site)
    assert (first.created, second.created) == (True, False)
    (row,) = site.rows(ClientRecord, client_id="permits")
    assert row["version"] == 1
    assert register(site, client_name="New").created is False
    (row,) = site.rows(ClientRecord, client_id="permits")
    assert (row["version"], row["client_name"]) == (2, "New")
    assert len(site.rows(JournalEntry, kind="client-registered", client_id="permits")) == 3


def test_a_secret_is_made_once_and_kept_as_a_digest(site: Site) -> None:
    more = {"token_endpoint_auth_method": "client_secret_basic", "jwks": None}
    secret = register(site, **more).secret
    assert len(secret) == 43
    assert register(site, **more).secret is None
    (row,) = site.rows(ClientRecord, client_id="permits")
    assert secret not in str(dict(row))
    client = site.database.read(lambda tx: fetch(tx, "permits"))
    assert client is not None
    assert client.check_client_secret(secret)
    assert not client.check_client_secret(secret[:-1])


def test_a_sector_never_changes(site: Site) -> None:
    """Decision 9: people's subjects hang on it."""
    register(site)
    assert "sector" in register(site, sector="elsewhere")
    (row,) = site.rows(ClientRecord, client_id="permits")
    assert row["sector"] == "council"


def test_an_api_has_one_owner(site: Site) -> None:
    theirs = "https://api.library.example/v1"
    assert "resources" in register(site, resources=[theirs])
    assert not site.rows(ClientRecord, client_id="permits")
    (row,) = site.rows(ResourceRecord, uri=theirs)
    assert row["client_id"] == "library"
    register(site, resources=["https://api.permits.example"])
    register(site, resources=["https://api2.permits.example"])
    assert [row["uri"] for row in site.rows(ResourceRecord, client_id="permits")] == [
        "https://api2.permits.example"
    ]


def test_switching_off_and_on(site: Site) -> None:
    def switch(client: str, off: bool) -> bool:
        return site.database.transaction(
            lambda tx: registration.set_disabled(tx, client, disabled=off, by="tests")
        )

    assert switch("basic", True)
    assert site.rows(ClientRecord, client_id="basic")[0]["disabled_at"] is not None
    assert switch("basic", False)
    assert site.rows(ClientRecord, client_id="basic")[0]["disabled_at"] is None
    assert not switch("unknown", True)


def test_a_file_is_read_or_its_fault_is_named(tmp_path: Path) -> None:
    file = tmp_path / "permits.toml"
    (tmp_path / "keys.json").write_text(json.dumps(JWKS))
    file.write_text(
        '[service]\nclient_id = "permits"\nclient_name = "Permits"\norganisation = "Council"\n'
        'sector = "council"\njwks_file = "keys.json"\nredirect_uris = ["https://a.example/"]\n'
    )
    assert registration.read_file(file).jwks == JWKS
    for text, said in (
        ("[service", "cannot be read"), ("[client]", "one table"),
        ('[service]\njwks_file = "no.json"', "jwks_file"),
    ):  # fmt: skip
        file.write_text(text)
        with pytest.raises(RegistrationError, match=said):
            registration.read_file(file)
    with pytest.raises(RegistrationError, match="cannot be read"):
        registration.read_file(tmp_path / "none.toml")


SOFTWARE = {"grant_types": ["authorization_code", EXCHANGE], "organisation_ref": FIRM,
            "acts_at": ["tax"]}  # fmt: skip


@pytest.mark.parametrize(
    ("more", "word"),
    [
        ({"organisation_ref": None}, "organisation_ref"),
        ({"acts_at": []}, "acts_at"),
        ({"grant_types": ["authorization_code"], "organisation_ref": None}, "acts_at"),
        ({"acts_at": ["permits"]}, "acts_at"),
        ({"token_endpoint_auth_method": "client_secret_basic", "jwks": None}, "private_key_jwt"),
        ({"token_endpoint_auth_method": "none", "jwks": None}, "private_key_jwt"),
        ({"organisation_ref": ""}, "organisation_ref"),
    ],
)
def test_software_that_exchanges_names_its_organisation_and_its_services(
    more: dict[str, Any], word: str
) -> None:
    with pytest.raises(RegistrationError, match=word):
        registration.read(data(**{**SOFTWARE, **more}), "tests")


def test_software_is_of_a_verified_organisation_and_acts_where_others_may(site: Site) -> None:
    def said(**more: Any) -> Any:
        return register(site, **{**SOFTWARE, **more})

    assert said() == f"organisation_ref: there is no organisation {FIRM}"
    make_firm(site)
    done = said(redirect_uris=[], grant_types=[EXCHANGE])
    assert done.created
    kept = site.database.read(lambda tx: fetch(tx, "permits"))
    assert kept is not None
    assert (kept.organisation_ref, kept.acts_at) == (FIRM, ["tax"])
    assert "library" in said(acts_at=["tax", "library"])
    assert "belongs to another" in said(**dict.fromkeys(SOFTWARE))
    for column in ("verified_at", "closed_at"):
        value = None if column == "verified_at" else site.database.now()
        before = site.rows(OrganisationRecord, ref=FIRM)[0][column]
        site.change(OrganisationRecord, {column: value}, ref=FIRM)
        assert "not verified" in said()
        site.change(OrganisationRecord, {column: before}, ref=FIRM)
    (row,) = site.rows(ClientRecord, client_id="permits")
    assert row["acts_at"] == ["tax"]


def test_a_client_may_be_registered_for_bound_tokens_only(site: Site) -> None:
    """RFC 9449 5.2."""
    for wanted in (True, True, False):
        register(site, dpop_bound_access_tokens=wanted)
        (row,) = site.rows(ClientRecord, client_id="permits")
        assert row["dpop_bound"] is wanted
    assert row["version"] == 2, "the second time changed nothing"
    with pytest.raises(RegistrationError, match="dpop_bound_access_tokens"):
        registration.read(data(dpop_bound_access_tokens="perhaps"), "tests")
