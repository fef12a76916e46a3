"""Every reason why a token is dead, at every door that could still honour it (decision 16).

The class "disabled or revoked still works" comes from one path that forgets the check
(security.md section 3): so each reason is tried at each door.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from idp.accounts.records import AccountRecord
from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers.records import ClientRecord
from idp.delegation.records import MandateRecord
from idp.oidc.records import AuthorizationCodeRecord, GrantRecord
from idp.register.records import PersonRecord
from tests.build import Site, claims_of

Act = Callable[[Site, dict[str, Any]], object]


def _now(site: Site) -> dict[str, Any]:
    return {"ended_at": site.database.now()}


def _off(site: Site) -> dict[str, Any]:
    return {"disabled_at": site.database.now()}


REASONS: dict[str, Act] = {
    "client-disabled": lambda site, got: site.change(
        ClientRecord, _off(site), client_id="tax"),
    "account-disabled": lambda site, got: site.change(
        AccountRecord, _off(site), sign_in_name="sian@example.test"),
    "session-ended": lambda site, got: site.change(
        SessionRecord, _now(site), ref=got["session"]),
    "session-over": lambda site, got: site.change(
        SessionRecord, {"expires_at": site.database.now()}, ref=got["session"]),
    "client-session-ended": lambda site, got: site.change(
        ClientSessionRecord, _now(site), ref=got["sid"]),
    "grant-ended": lambda site, got: site.change(
        GrantRecord, _now(site) | {"ended_reason": "x"}, ref=got["grant"]),
    "revoked-access": lambda site, got: site.post(
        "/revoke", "tax", token=got["access_token"]),
    "revoked-refresh": lambda site, got: site.post(
        "/revoke", "tax", token=got["refresh_token"]),
    "holder-died": lambda site, got: site.change(
        PersonRecord, {"died_on": date(2026, 1, 1)}, ref=got["holder"]),
}  # fmt: skip
MANDATE_REASONS: dict[str, Act] = {
    "mandate-ended": lambda site, got: site.change(
        MandateRecord, _now(site) | {"state": "ended", "ended_reason": "x",
                                    "ended_reference": "ABCDEFGHJKMN"},
        ref=got["mandate"]),
    "mandate-over": lambda site, got: site.change(
        MandateRecord, {"expires": site.database.now()}, ref=got["mandate"]),
    "actor-died": lambda site, got: site.change(
        PersonRecord, {"died_on": date(2026, 1, 1)}, ref=site.account("sian")["person_ref"]),
    "mandate-for-other-services": lambda site, got: site.change(
        MandateRecord, {"service": "library"}, ref=got["mandate"]),
}  # fmt: skip


def _check_dead(site: Site, got: dict[str, Any], spare_code: str, reason: str) -> None:
    info = site.userinfo(got["access_token"])
    assert info.status_code == 401, reason
    assert 'error="invalid_token"' in info.headers["WWW-Authenticate"]
    assert "sub" not in (info.json or {})
    for token in (got["access_token"], got["refresh_token"]):
        assert site.introspect("tax", token) == {"active": False}, reason
    refused = site.refresh("tax", got["refresh_token"])
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant"), reason
    if spare_code:
        answer = site.redeem("tax", spare_code)
        assert (answer.json or {})["error"] == "invalid_grant", reason


def _given(site: Site, mandate: str | None) -> dict[str, Any]:
    session = site.sign_in()
    code = site.act(mandate) if mandate else site.code("tax")
    (stored,) = site.rows(AuthorizationCodeRecord)
    (grant,) = site.rows(GrantRecord, ref=stored["grant_ref"])
    tokens = site.redeem("tax", code).json or {}
    assert site.userinfo(tokens["access_token"]).status_code == 200
    assert site.introspect("tax", tokens["access_token"])["active"]
    refresh = site.introspect("tax", tokens["refresh_token"])
    assert refresh["active"]
    assert refresh.get("act") == claims_of(tokens["id_token"]).get("act"), "delegation.md I22"
    return {
        **tokens, "session": session, "grant": grant["ref"], "holder": grant["holder"],
        "sid": claims_of(tokens["id_token"])["sid"], "mandate": mandate,
    }  # fmt: skip


@pytest.mark.parametrize("reason", REASONS)
def test_what_is_dead_is_dead_at_every_door(site: Site, reason: str) -> None:
    got = _given(site, None)
    spare = site.code("tax")
    REASONS[reason](site, got)
    # A spare code stands on a grant of its own: what ends one grant only leaves it be.
    own_grant_only = reason.startswith(("revoked", "grant"))
    _check_dead(site, got, "" if own_grant_only else spare, reason)
    if own_grant_only:
        assert site.redeem("tax", spare).status_code == 200


@pytest.mark.parametrize("reason", [*MANDATE_REASONS, "holder-died", "account-disabled",
                                    "session-ended", "client-disabled"])  # fmt: skip
def test_what_an_acting_token_stands_on_too(site: Site, reason: str) -> None:
    mandate = site.give_mandate()
    got = _given(site, mandate)
    spare = site.act(mandate)
    (MANDATE_REASONS | REASONS)[reason](site, got)
    _check_dead(site, got, spare, reason)


def test_a_refusal_at_userinfo_says_why_under_a_reference(site: Site) -> None:
    got = _given(site, site.give_mandate())
    MANDATE_REASONS["mandate-ended"](site, got)
    told = site.userinfo(got["access_token"]).json or {}
    assert told["reference"] == "ABCDEFGHJKMN", "the one the principal was given"
    assert told["reason"] == "mandate-ended"


def test_the_end_of_acting_leaves_the_actors_own_tokens_alone(site: Site) -> None:
    """Decision 26: acting belongs to one client session."""
    mandate = site.give_mandate()
    got = _given(site, mandate)
    own = site.tokens("tax")
    MANDATE_REASONS["mandate-ended"](site, got)
    assert site.userinfo(own["access_token"]).status_code == 200
    assert site.refresh("tax", own["refresh_token"]).status_code == 200
