"""A relying party that nobody here wrote (openid-client) signs somebody in, on a running house."""

import subprocess
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.demo import world
from idp.demo.browser import Browser
from tests.relying_party.house import Running, say, walk


@pytest.mark.parametrize("client", ["by-key", "by-secret"])
def test_openid_client_signs_in_and_out(
    running: Running, node: Callable[[str], list[str]], client: str
) -> None:
    """Discovery, PKCE, `iss`, ID token, userinfo, refresh, introspection, revocation, logout."""
    browser = Browser()
    with subprocess.Popen(
        node("sign_in.mjs"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            address = say(process, running.clients[client])["address"]
            landed = walk(running, browser, address)
            assert parse_qs(urlsplit(landed).query)["iss"] == [running.settings.issuer]
            told = say(process, {"back": landed})
        finally:
            process.kill()
    (person,) = [p for p in world.people(running.settings.data) if p.role == "daughter"]
    assert told["userinfo"]["sub"] == told["claims"]["sub"] == told["refreshed"]["sub"]
    assert told["userinfo"]["name"] == person.name
    assert told["claims"]["vot"] == "P2.C2"
    assert told["active"]["active"] is True
    assert told["revoked"] == {"active": False}
    assert told["replay"] == told["dead_refresh"] == "invalid_grant"
    assert told["dead_userinfo"] == "OAUTH_WWW_AUTHENTICATE_CHALLENGE"
    assert browser.open(told["sign_out"]).url == f"{running.callback}/signed-out?state=bye"
