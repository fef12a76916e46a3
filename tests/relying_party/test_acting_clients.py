"""Acting with libraries that nobody here wrote: openid-client as a service, oauth4webapi as the
software of an accountant. Good input and broken input, and what the libraries report of each."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from time import time
from typing import Any

import pytest
from sqlalchemy import insert, select

from idp.assurance.rules import Level
from idp.authentication.actions import code_at
from idp.callers import registration
from idp.delegation.actions import give
from idp.delegation.records import AssignmentRecord, MandateRecord
from idp.demo import organisations, world
from idp.demo.browser import Browser
from idp.demo.page import NotOnPageError, Page
from idp.house import open_house
from idp.oidc.exchange_rules import GRANT_TYPE
from idp.organisations.records import MemberRecord
from idp.storage import Transaction
from tests.relying_party.house import Running, say


@pytest.fixture
def given(running: Running) -> dict[str, dict[str, Any]]:
    """What each program is told: Tax with an API, and the software of the accountant's firm."""
    data, back = running.settings.data, running.callback
    key = json.loads(world.department_key(data, "tax").read_text())
    public = {"keys": [{name: value for name, value in key.items() if name != "d"}]}
    filer_key, filer_public = world.new_key("filer")
    usual = {"redirect_uris": [f"{back}/callback"], "organisation": "Tests"}
    tax = {**usual, "client_id": "tax", "client_name": "Tax", "sector": "revenue", "jwks": public,
           "scopes": ["openid", "profile"], "delegation_aware": True,
           "resources": [f"{back}/tax"]}  # fmt: skip
    filer = {**usual, "client_id": "filer", "client_name": "Filer", "sector": "filer",
             "jwks": filer_public, "scopes": ["openid"], "acts_at": ["tax"],
             "grant_types": ["authorization_code", GRANT_TYPE]}  # fmt: skip
    other = running.clients["by-key"]
    elsewhere = {**usual, "client_id": "by-key", "client_name": "by-key", "sector": "by-key",
                 "jwks": {"keys": [{k: v for k, v in other["key"].items() if k != "d"}]},
                 "resources": [f"{back}/other"]}  # fmt: skip

    def work(tx: Transaction) -> str:
        firm = organisations.refs(tx)["firm"]
        for one in (tax, elsewhere, {**filer, "organisation_ref": firm}):
            done = registration.register(tx, registration.read(one, "tests"), by="tests")
            assert not isinstance(done, str), done
        held = MandateRecord.service == "tax"
        mother = tx.execute(select(MandateRecord.principal).where(held)).scalar_one()
        refs = give(
            tx, principal=mother, delegate=firm, delegate_kind="organisation", basis="own",
            services={"tax": ["view", "file"]}, expires=tx.now() + timedelta(days=9), by="tests",
            grant_level=Level(identity=2, sign_in=2),
        )  # fmt: skip
        assert isinstance(refs, tuple), refs
        member = select(MemberRecord.ref).where(MemberRecord.organisation_ref == firm)
        values = {"mandate_ref": refs[0], "assignee": tx.execute(member).scalar_one(),
                  "assigned_by": "tests", "assigned_at": tx.now()}  # fmt: skip
        tx.execute(insert(AssignmentRecord).values(values))
        return refs[0]

    house = open_house(running.settings)
    try:
        mandate = house.database.transaction(work)
    finally:
        house.database.close()
    told = {"issuer": running.settings.issuer, "redirect_uri": f"{back}/callback",
            "api": f"{back}/tax", "other_api": f"{back}/other"}  # fmt: skip
    return {
        "tax": {**told, "client_id": "tax", "key": key},
        "filer": {**told, "client_id": "filer", "key": filer_key, "mandate": mandate,
                  "tax_key": key, "other_key": other["key"]},
    }  # fmt: skip


# To start a house takes seconds, so each story has one engine; sign-in itself is tried on both.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_openid_client_signs_in_to_act_with_tokens_bound_to_a_key(
    running: Running, node: Callable[[str], list[str]], given: dict[str, dict[str, Any]]
) -> None:
    """RFC 9396, 9449, 8707 and /api/v1/mandates/check; oidf: ensure-mismatched-dpop-jkt-fails,
    ensure-token-endpoint-fails-with-mismatched-dpop-jkt, ensure-holder-of-key-required."""
    with program(node("acting.mjs")) as process:
        told = drive(running, process, given["tax"], "daughter")
    claims = told["claims"]
    assert claims["act"]["sub"] != claims["sub"] == told["userinfo"]["sub"]
    assert told["userinfo"]["name"] == "Margaret Hughes"
    assert told["userinfo"]["act"]["name"] == "Sian Hughes"
    assert told["token_type"] == "dpop"  # the library writes it in small letters
    assert told["active"]["cnf"]
    assert told["active"]["mandate"] == told["userinfo"]["mandate"] == claims["mandate"]
    assert told["checks"]["held"]["allowed"] is True
    stranger = told["checks"]["stranger"]
    assert (stranger["allowed"], stranger["reason"]) == (False, "mandate-unknown")
    assert set(stranger["texts"]) == {"principal", "delegate", "developer"}
    assert stranger["reference"]
    assert told["checks"]["misspelt"]["error_description"].startswith("scope")
    granted = [
        {
            "type": "urn:gatehouse:mandate",
            "actions": ["view"],
            "mandate": claims["mandate"]["id"],
            "locations": [given["tax"]["api"]],
        }
    ]
    assert told["rich"]["authorization_details"] == granted
    assert told["rich_active"]["authorization_details"] == granted
    assert told["rich_active"]["mandate"]["scopes"] == ["tax:view"]
    refused = told["refused"]
    errors = {name: one["error"] for name, one in refused.items() if "error" in one}
    assert errors == {
        "mixed": "invalid_grant", "bearer": "invalid_token",
        "otherKey": "invalid_dpop_proof", "atUserinfo": "invalid_token",
        "wrongAudience": "invalid_target", "unknownPower": "invalid_authorization_details",
        "unbound": "invalid_target",
    }  # fmt: skip
    assert refused["replayed"]["status"] == 401
    assert "invalid_dpop_proof" in refused["replayed"]["challenge"]
    metadata = told["metadata"]
    assert metadata["authorization_details_types_supported"] == ["urn:gatehouse:mandate"]
    assert "ES256" in metadata["dpop_signing_alg_values_supported"]
    assert GRANT_TYPE in metadata["grant_types_supported"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_oauth4webapi_trades_a_permission_and_a_members_token(
    running: Running, node: Callable[[str], list[str]], given: dict[str, dict[str, Any]]
) -> None:
    """RFC 8693 with `private_key_jwt` and a key of its own; each refusal says why, and where."""
    with program(node("exchange.mjs")) as process:
        told = drive(running, process, given["filer"], "accountant")
    assert told["answered"]["token_type"] == "dpop"
    assert told["answered"]["scope"] == "tax:file tax:view"
    claims = told["claims"]
    assert claims["act"]["client_id"] == claims["client_id"] == "filer"
    assert claims["aud"] == given["filer"]["api"]
    assert claims["mandate"]["id"] == given["filer"]["mandate"]
    assert told["less"] == "tax:view"
    assert told["active"]["active"] is True
    assert told["active"]["act"] == claims["act"]
    assert told["elsewhere"] == {"active": False}
    assert told["again"]["error"] in {"invalid_client", "invalid_dpop_proof"}
    assert {name: (one["error"], one.get("reason")) for name, one in told["refused"].items()} == {
        "wrongAudience": ("invalid_target", "service-not-in-mandate"),
        "unknownAudience": ("invalid_target", "api-unknown"),
        "otherKey": ("invalid_request", "actor-token-of-other-key"),
        "noKey": ("invalid_target", "proof-missing"),
        "beyond": ("invalid_scope", "power-not-in-mandate"),
        "otherService": ("invalid_scope", "power-not-in-mandate"),
        "idToken": ("invalid_request", "actor-token-unknown"),
        "nobody": ("invalid_request", "actor-missing"),
        "unknownMandate": ("invalid_request", "mandate-unknown"),
    }
    for name, one in told["refused"].items():
        assert one["reference"] in one["error_description"], name


@contextmanager
def program(command: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a relying party for as long as a test talks to it."""
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def drive(
    running: Running, process: "subprocess.Popen[str]", given: dict[str, Any], role: str
) -> dict[str, Any]:
    """Follow each address that the program gives, in one browser; answer what it found out."""
    browser, said = Browser(), say(process, given)
    while "address" in said:
        page = browser.open(said["address"])
        while not page.url.startswith(running.callback):
            page = _answer(running, page, role)
        said = say(process, {"back": page.url})
    return said


def _answer(running: Running, page: Page, role: str) -> Page:
    """Answer one page of the sign-in as this person, who acts for whoever let them."""
    (person,) = [p for p in world.people(running.settings.data) if p.role == role]
    filled: dict[str, str] = {
        "password": person.password, "code": code_at(person.totp_secret, int(time()) // 30),
    }  # fmt: skip
    for field, value in filled.items():
        try:
            form = page.form(field)
        except NotOnPageError:
            continue
        more = {"email": person.email} if field == "password" else {}
        return form.fill({field: value, **more}).submit()
    form = page.form("who")
    (other,) = [f.value for f in form.fields if f.name == "who" and f.value != "self"]
    return form.fill(who=other, purpose="Look at the bill").submit()
