"""Back-Channel Logout 1.0: what every service of a session is told; decision 26."""

from typing import Any
from urllib.parse import urlencode

import pytest

from idp.keyring import jose
from idp.oidc.logout import EVENT, NotDelivered, deliver
from idp.outbox.records import OutboxRecord
from tests.build import ISSUER, Site, claims_of, header_of


class Wire:
    """What leaves the house: keeps what was sent, and answers as told."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.sent: list[tuple[str, dict[str, str]]] = []

    def post_form(self, uri: str, form: dict[str, str]) -> int:
        self.sent.append((uri, form))
        return self.status


def sign_out(site: Site, token: str) -> None:
    answer = site.browser.get(
        f"/end-session?{urlencode({'id_token_hint': token})}", base_url=ISSUER
    )
    assert answer.status_code == 200


def messages(site: Site) -> list[dict[str, Any]]:
    return [dict(row["payload"]) for row in site.rows(OutboxRecord)]


def test_every_service_of_the_session_is_told_and_no_other(site: Site) -> None:
    """oidcc-backchannel-rp-initiated-logout; section 2.5."""
    site.sign_in("tom", browser=site.new_browser())
    site.sign_in()
    tokens = {client: site.tokens(client) for client in ("library", "rsa", "basic")}
    assert not messages(site)
    sign_out(site, tokens["library"]["id_token"])
    told = {message["client_id"]: message for message in messages(site)}
    assert set(told) == {"library", "rsa", "basic"}
    for client, message in told.items():
        identity = claims_of(tokens[client]["id_token"])
        assert message["sid"] == identity["sid"]
        assert message["sub"] == identity["sub"]
        assert message["uri"] == f"https://{client}.example/logout"


def test_a_logout_token_says_what_the_standard_asks(site: Site) -> None:
    """Section 2.4: iss, aud, iat, exp, jti, events, sub or sid; no nonce; typ logout+jwt."""
    site.sign_in()
    for client, algorithm in (("library", "ES256"), ("rsa", "RS256")):
        site.tokens(client)
        wire, payload = Wire(), {
            "uri": f"https://{client}.example/logout", "client_id": client, "sid": "s",
            "alg": algorithm, "sub": "x",
        }  # fmt: skip
        deliver(site.house.services, wire, payload, now=site.now())  # type: ignore[arg-type]
        deliver(site.house.services, wire, payload, now=site.now())  # type: ignore[arg-type]
        first, second = (form["logout_token"] for _, form in wire.sent)
        assert header_of(first)["typ"] == "logout+jwt"
        assert header_of(first)["alg"] == algorithm
        claims = claims_of(first)
        assert claims["events"] == {EVENT: {}}
        assert (claims["iss"], claims["aud"], claims["sid"]) == (ISSUER, client, "s")
        assert "nonce" not in claims
        assert claims["exp"] - claims["iat"] <= 120
        assert claims["jti"] != claims_of(second)["jti"], "each try is a token of its own"
        site.house.keyring.verify_own(first, typ="logout+jwt")
        with pytest.raises(jose.BadToken):
            site.house.keyring.verify_own(first, typ="JWT")


def test_only_200_and_204_count_as_delivered(site: Site) -> None:
    """Section 2.8."""
    payload = {"uri": "https://x.example", "client_id": "library", "sid": "s", "alg": "ES256"}
    for status in (200, 204):
        deliver(site.house.services, Wire(status), payload, now=1)  # type: ignore[arg-type]
    for status in (201, 302, 400, 500):
        with pytest.raises(NotDelivered):
            deliver(site.house.services, Wire(status), payload, now=1)  # type: ignore[arg-type]


def test_an_acting_session_is_ended_by_its_sid_never_by_the_principals_sub(site: Site) -> None:
    """Decision 26: the principal did not sign out."""
    mandate = site.give_mandate()
    site.sign_in()
    acting = site.redeem("tax", site.act(mandate)).json or {}
    own = site.tokens("tax")
    sign_out(site, own["id_token"])
    told = {message["sid"]: message for message in messages(site)}
    assert set(told) == {claims_of(t["id_token"])["sid"] for t in (acting, own)}
    assert told[claims_of(acting["id_token"])["sid"]]["sub"] is None
    assert told[claims_of(own["id_token"])["sid"]]["sub"] == claims_of(own["id_token"])["sub"]


def test_signing_out_twice_tells_once(site: Site) -> None:
    site.sign_in()
    token = site.tokens("library")["id_token"]
    sign_out(site, token)
    sign_out(site, token)
    assert len(messages(site)) == 1
