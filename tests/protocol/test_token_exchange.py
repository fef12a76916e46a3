"""/token, token exchange: RFC 8693 for software that acts for people; `delegation.md` section 1."""

from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from idp.accounts.records import AccountRecord, SubjectRecord
from idp.assurance.rules import Level
from idp.authentication.records import ClientSessionRecord, SessionRecord
from idp.callers import registration
from idp.callers.authority import Bar, allows, named_powers
from idp.callers.records import ClientRecord
from idp.delegation import actions as delegation
from idp.delegation import passing, uses
from idp.delegation.records import BulkWatchRecord, MandateRecord
from idp.journal.records import JournalEntry
from idp.oidc.exchange_rules import (
    MANDATE_TYPE,
    Exchange,
    powers_at,
    read_exchange,
    scope_for,
)
from idp.oidc.records import GrantRecord, RefreshTokenRecord
from idp.oidc.rules import BadRequest
from idp.organisations.records import MemberRecord, OrganisationRecord
from idp.storage import Transaction
from tests.build import ISSUER, Site, claims_of, service
from tests.demo.serving import served
from tests.rig.dpop import Holder
from tests.rig.firms import assign, fill, opener
from tests.rig.software import EXCHANGES, FIRM, TAX_API, Firm, make_firm

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ABOVE = "firm-above"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"


@pytest.fixture
def firm(site: Site) -> Firm:
    """A firm, Sian who works there, and its software."""
    return make_firm(site)


def subject(site: Site, sector: str, kind: str, name: str) -> str:
    person = site.account(name)["person_ref"]
    (row,) = site.rows(SubjectRecord, sector=sector, kind=kind, holder=person)
    return str(row["sub"])


def refused(firm: Firm, answer: Any, error: str, reason: str) -> None:
    """Refused with this error, and the reason and reference are in the journal; nothing issued."""
    body = answer.json
    assert (answer.status_code, body["error"], body["reason"]) == (400, error, reason), body
    assert body["reference"] in body["error_description"]
    (row,) = firm.site.rows(JournalEntry, reference=body["reference"])
    assert (row["kind"], row["client_id"]) == ("tokens-refused", "filer")
    assert row["detail"] == {"reason": reason, "via": "exchange"}
    assert "access_token" not in body
    assert not firm.site.rows(GrantRecord, software="filer")


def test_the_token_names_the_person_the_human_the_firm_and_the_software(firm: Firm) -> None:
    """RFC 8693 2.2.1, 4.1; delegation.md I22: the same in the token and at introspection."""
    site, mandate = firm.site, firm.mandate()
    actor = firm.actor_token()
    answer = firm.exchange(mandate, actor)
    assert answer.status_code == 200, answer.json
    body = answer.json or {}
    assert body["issued_token_type"] == ACCESS
    assert (body["token_type"], body["scope"]) == ("DPoP", "tax:file tax:view")
    assert 0 < body["expires_in"] <= 180
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    said = claims_of(body["access_token"])
    assert said["sub"] == subject(site, "revenue", "self", "margaret")
    assert said["act"] == {
        "sub": subject(site, "revenue", "actor", "sian"), "org": FIRM, "client_id": "filer",
        "acr": claims_of(actor)["acr"],
    }  # fmt: skip
    assert (said["aud"], said["client_id"], said["cnf"]) == (
        TAX_API, "filer", {"jkt": firm.holder.jkt},
    )  # fmt: skip
    assert said["mandate"]["id"] == mandate
    assert said["mandate"]["scopes"] == ["tax:file", "tax:view"]
    assert said["exp"] <= said["mandate"]["exp"]
    told = site.introspect("tax", body["access_token"])
    assert told["active"]
    for name in ("sub", "act", "mandate", "cnf", "scope", "auth_time", "amr", "acr"):
        assert told[name] == said[name], name
    assert site.introspect("library", body["access_token"]) == {"active": False}
    assert not site.rows(RefreshTokenRecord, grant_ref=said["gid"])


def test_each_use_is_one_row_that_names_who_acted_and_by_what(firm: Firm) -> None:
    """delegation.md I17."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    said = [claims_of((firm.exchange(mandate, actor).json or {})["access_token"]) for _ in "ab"]
    margaret, sian = (site.account(name)["person_ref"] for name in ("margaret", "sian"))
    for one in said:
        (row,) = [
            row for row in site.rows(JournalEntry, kind="tokens-issued", person=margaret)
            if row["detail"]["jti"] == one["jti"]
        ]  # fmt: skip
        assert (row["actor"], row["client_id"], row["mandate_ref"]) == (sian, "filer", mandate)
        detail = row["detail"]
        assert (detail["organisation"], detail["software"], detail["via"]) == (
            FIRM, "filer", "exchange",
        )  # fmt: skip
        assert detail["member"] == firm.members["sian"]
    started = site.rows(JournalEntry, kind="acting-started", person=margaret)
    assert [row["detail"]["powers"] for row in started] == [["file", "view"]] * 2
    found = site.database.read(lambda tx: delegation.find(tx, mandate))
    assert found is not None
    assert len(site.database.read(lambda tx: uses.page_of(tx, found)).uses) == 2


def test_it_asks_for_less_and_gets_less_and_never_for_more(firm: Firm) -> None:
    """RFC 8693 2.1, RFC 6749 3.3, 5.2; delegation.md I2: never beyond the mandate."""
    site, mandate, actor = firm.site, firm.mandate("view", "file"), firm.actor_token()
    body = firm.exchange(mandate, actor, scope="tax:view").json or {}
    said = claims_of(body["access_token"])
    assert body["scope"] == said["scope"] == "tax:view"
    assert said["mandate"]["scopes"] == ["tax:view"]
    issued = site.rows(GrantRecord, software="filer")
    for scope in ("tax:repayment", "tax:view tax:repayment", "tax:all", "library:view",
                  "library:borrow", "tax:view library:borrow", "tax", "openid", "openid tax:view",
                  ":view", "tax:", "tax:nonsense"):  # fmt: skip
        answer = firm.exchange(mandate, actor, scope=scope)
        assert (answer.json or {})["error"] == "invalid_scope", (scope, answer.json)
    assert site.rows(GrantRecord, software="filer") == issued
    everything = firm.mandate("all", principal=site.account("tom")["person_ref"])
    assert (firm.exchange(everything, actor).json or {})["scope"] == "tax:all"
    assert (firm.exchange(everything, actor, scope="tax:file").json or {})["scope"] == "tax:file"
    answer = firm.exchange(everything, actor, scope="tax:nonsense")
    assert (answer.json or {})["error"] == "invalid_scope"


def test_without_an_api_it_is_for_our_userinfo_and_tells_no_more_than_who(firm: Firm) -> None:
    """RFC 8693 2.1 (resource is optional); design.md decision 15: one audience."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    body = firm.exchange(mandate, actor, resource=None, proof=None).json or {}
    assert (body["token_type"], body["scope"]) == ("Bearer", "openid tax:file tax:view")
    answer = site.userinfo(body["access_token"])
    assert answer.status_code == 200, answer.json
    told = answer.json or {}
    assert set(told) == {"sub", "act", "mandate"}
    assert told["sub"] == subject(site, "filing", "self", "margaret")
    assert told["act"]["client_id"] == "filer"
    api = claims_of((firm.exchange(mandate, actor).json or {})["access_token"])
    assert api["sub"] != told["sub"]  # I18: two sectors never see one subject
    assert api["act"]["sub"] != told["act"]["sub"]


def test_who_acts_is_named_or_nothing_is_issued(firm: Firm) -> None:
    """RFC 8693 1.1, 2.1: delegation, never impersonation; the confused deputy of delegation.md."""
    mandate = firm.mandate()
    firm.site.sign_in("sian")
    refused(firm, firm.exchange(mandate), "invalid_request", "actor-missing")
    refused(firm, firm.exchange(mandate, actor_token_type=ACCESS), "invalid_request",
            "invalid_request")  # fmt: skip


def test_only_the_members_own_live_token_of_this_software_names_the_actor(firm: Firm) -> None:
    """RFC 8693 2.2.2: a token that is unacceptable for any reason is an invalid_request."""
    site, mandate = firm.site, firm.mandate()
    site.sign_in("sian")
    tokens = site.tokens("filer")
    own = tokens["access_token"]
    helping = site.give_mandate("margaret", "sian")
    acting = (site.redeem("tax", site.act(helping)).json or {})["access_token"]
    cases = {
        tokens["id_token"]: "actor-token-unknown",
        own[:-2]: "actor-token-unknown",
        "a.b.c": "actor-token-unknown",
        site.code("filer"): "actor-token-unknown",
        mandate: "actor-token-unknown",
        tokens["refresh_token"]: "actor-token-unknown",
        site.tokens("library")["access_token"]: "actor-token-of-other-client",
        site.tokens("tax")["access_token"]: "actor-token-of-other-client",
        acting: "actor-token-of-other-client",
    }
    for shown, reason in cases.items():
        refused(firm, firm.exchange(mandate, shown), "invalid_request", reason)
    wrong_type = firm.exchange(mandate, own, actor_token_type=ID_TOKEN)
    refused(firm, wrong_type, "invalid_request", "invalid_request")
    site.later(seconds=tokens["expires_in"])
    refused(firm, firm.exchange(mandate, own), "invalid_request", "actor-token-expired")


def test_a_token_that_acts_names_nobody_who_acts(firm: Firm) -> None:
    """RFC 8693 4.1: no chain is made that nobody granted (delegation.md I9)."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    acting = firm.exchange(mandate, actor, resource=None).json or {}
    site.change(GrantRecord, {"software": "other"}, software="filer")  # to see that none is added
    refused(firm, firm.exchange(mandate, acting["access_token"]), "invalid_request",
            "actor-acts-already")  # fmt: skip


def test_a_token_for_an_api_is_not_for_us(firm: Firm) -> None:
    """RFC 8707 2: what an API is shown must not be of use to it here."""
    mandate = firm.mandate()
    firm.site.sign_in("sian")
    token = firm.site.tokens("filer", resource="https://api.library.example/v1")["access_token"]
    refused(firm, firm.exchange(mandate, token), "invalid_request",
            "actor-token-for-other-audience")  # fmt: skip


def test_a_token_bound_to_a_key_is_shown_by_the_holder_of_that_key(firm: Firm) -> None:
    """RFC 9449 7."""
    site, mandate = firm.site, firm.mandate()
    site.sign_in("sian")
    fields, headers = site.proof("filer", {
        "grant_type": "authorization_code", "code": site.code("filer"),
        "redirect_uri": site.service("filer").redirect_uri, "code_verifier": "v" * 43,
    })  # fmt: skip
    headers["DPoP"] = Holder().proof("POST", f"{ISSUER}/token", site.now())
    bound = site.browser.post("/token", data=fields, headers=headers, base_url=ISSUER).json or {}
    refused(firm, firm.exchange(mandate, bound["access_token"]), "invalid_request",
            "actor-token-of-other-key")  # fmt: skip


def test_parameters_that_mean_something_else_are_refused(firm: Firm) -> None:
    """RFC 8693 2.1, 2.2.2; RFC 8707 2."""
    mandate, actor = firm.mandate(), firm.actor_token()
    for form, error in (
        ({"subject_token_type": ACCESS}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": actor, "subject_token_type": ACCESS}, "invalid_request"),
        ({"subject_token": f"{mandate} {mandate}"}, "invalid_request"),
        ({"subject_token": "x" * 5000}, "invalid_request"),
        ({"subject_token": "é"}, "invalid_request"),
        ({"actor_token_type": None}, "invalid_request"),
        ({"requested_token_type": ID_TOKEN}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"},
         "invalid_request"),
        ({"audience": "tax"}, "invalid_target"),
        ({"authorization_details": "[]"}, "invalid_authorization_details"),
        ({"resource": "https://api.example/none"}, "invalid_target"),
        ({"resource": "https://api.library.example/v1"}, "invalid_target"),
        ({"scope": " ".join(f"tax:p{n}" for n in range(60))}, "invalid_scope"),
    ):  # fmt: skip
        answer = firm.exchange(mandate, actor, **form)
        assert (answer.status_code, (answer.json or {})["error"]) == (400, error), form
    assert not firm.site.rows(GrantRecord, software="filer")


def test_two_principals_or_two_actors_in_one_request_are_none(firm: Firm) -> None:
    """RFC 6749 3.2: no parameter more than once; one principal per token."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    other = firm.mandate(principal=site.account("tom")["person_ref"])
    fields, headers = site.proof("filer", {
        "grant_type": EXCHANGES[-1], "subject_token": mandate, "subject_token_type": MANDATE_TYPE,
        "resource": TAX_API, "actor_token": actor, "actor_token_type": ACCESS,
    })  # fmt: skip
    for name, value in (("subject_token", other), ("actor_token", actor)):
        pairs = [*fields.items(), (name, value)]
        answer = site.browser.post(
            "/token", data=urlencode(pairs), headers=headers, base_url=ISSUER,
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
    assert not site.rows(GrantRecord, software="filer")


def test_only_registered_software_of_the_firm_may_ask(site: Site) -> None:
    """RFC 6749 5.2: unauthorized_client; another organisation's permission is as none."""
    plain = service("plain", "private_key_jwt", sector="filing", scopes=["openid"])
    firm = make_firm(site, plain)
    mandate, actor = firm.mandate(), firm.actor_token()
    for client in ("library", "plain", "basic", "public"):
        answer = firm.exchange(mandate, actor, client=client)
        assert (answer.json or {})["error"] == "unauthorized_client", client
    site.change(ClientRecord, {"grant_types": EXCHANGES[:2]}, client_id="filer")
    site.house.services.clients.forget()
    refused(firm, firm.exchange(mandate, actor), "unauthorized_client", "software-not-registered")
    site.change(ClientRecord, {"grant_types": EXCHANGES}, client_id="filer")
    site.change(ClientRecord, {"organisation_ref": "another-firm"}, client_id="filer")
    site.house.services.clients.forget()
    foreign = firm.exchange(mandate, actor)
    guessed = firm.exchange("0" * 22, actor)
    refused(firm, foreign, "invalid_request", "mandate-unknown")
    refused(firm, guessed, "invalid_request", "mandate-unknown")
    (row,) = site.rows(JournalEntry, reference=(foreign.json or {})["reference"])
    assert (row["person"], row["mandate_ref"]) == (None, None)  # nothing on Margaret's page
    own = site.give_mandate("margaret", "sian")  # to Sian herself, not to her firm
    refused(firm, firm.exchange(own, actor), "invalid_request", "mandate-unknown")


def test_a_token_for_an_api_is_bound_to_a_key_and_no_proof_is_good_twice(firm: Firm) -> None:
    """Decision 15; RFC 9449 5, 11.1; RFC 7523 3 (jti)."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    refused(firm, firm.exchange(mandate, actor, proof=None), "invalid_target", "proof-missing")
    proof = firm.holder.proof("POST", f"{ISSUER}/token", site.now())
    assert firm.exchange(mandate, actor, proof=proof).status_code == 200
    again = firm.exchange(mandate, actor, proof=proof)
    body = again.json or {}
    assert (body["error"], body["reason"]) == ("invalid_dpop_proof", "proof-wrong")
    assert site.rows(JournalEntry, reference=body["reference"], client_id="filer")
    assertion = site.assertion("filer")
    assert firm.exchange(mandate, actor, client_assertion=assertion).status_code in {200, 401}
    assert len(site.rows(GrantRecord, software="filer")) <= 2


# What happens between the sign-in of the member and the exchange, and what it is then refused as.
BETWEEN: dict[str, tuple[Any, dict[str, Any], dict[str, Any], tuple[str, str]]] = {
    "the permission is suspended": (
        MandateRecord, {"state": "suspended"}, {}, ("invalid_request", "mandate-suspended")),
    "it belongs to another service": (
        MandateRecord, {"service": "library"}, {}, ("invalid_target", "service-not-in-mandate")),
    "it asks more of who acts": (
        MandateRecord, {"min_sign_in": 3}, {}, ("invalid_request", "actor-level-too-low")),
    "it was given on little": (
        MandateRecord, {"evidence_identity": 0}, {}, ("invalid_request", "grant-level-too-low")),
    "the member leaves": (
        MemberRecord, {"left_at": "now"}, {}, ("invalid_request", "not-a-member")),
    "the member is suspended": (
        MemberRecord, {"suspended_at": "now"}, {}, ("invalid_request", "member-suspended")),
    "the member works no more": (
        MemberRecord, {"roles": ["assigner"]}, {}, ("invalid_request", "role-lacking")),
    "the firm is suspended": (
        OrganisationRecord, {"suspends_at": "now"}, {},
        ("invalid_request", "organisation-suspended")),
    "the firm is closed": (
        OrganisationRecord, {"closed_at": "now"}, {}, ("invalid_request", "organisation-closed")),
    "the software acts elsewhere": (
        ClientRecord, {"acts_at": ["library"]}, {"client_id": "filer"},
        ("unauthorized_client", "software-not-registered")),
    "the software is switched off": (
        ClientRecord, {"disabled_at": "now"}, {"client_id": "filer"},
        ("invalid_request", "client-disabled")),
    "the service knows no helpers": (
        ClientRecord, {"delegation_aware": False}, {"client_id": "tax"},
        ("invalid_target", "service-not-delegation-aware")),
    "the service is switched off": (
        ClientRecord, {"disabled_at": "now"}, {"client_id": "tax"},
        ("invalid_target", "api-unknown")),
    "the account is closed": (
        AccountRecord, {"disabled_at": "now"}, {"sign_in_name": "sian@example.test"},
        ("invalid_request", "account-disabled")),
    "the member signs out": (
        SessionRecord, {"ended_at": "now"}, {}, ("invalid_request", "signed-out")),
    "the visit ends": (
        ClientSessionRecord, {"ended_at": "now"}, {"client_id": "filer"},
        ("invalid_request", "signed-out")),
    "the software gives its grant back": (
        GrantRecord, {"ended_at": "now"}, {"client_id": "filer"},
        ("invalid_request", "grant-ended")),
}  # fmt: skip
# What a client is, and what a service asks, was judged at issue: the token lives its three minutes.
LIVES_ON = {
    "the software acts elsewhere", "the service knows no helpers", "it was given on little",
}  # fmt: skip


def test_what_ends_between_ends_it_and_what_was_issued(firm: Firm) -> None:
    """delegation.md I1, I4, I11, I12; RFC 8693 2.2.2: asked anew at each exchange."""
    site = firm.site
    for what, (table, values, where, (error, reason)) in BETWEEN.items():
        site.change(MemberRecord, {"left_at": None, "suspended_at": None, "roles": ["worker"]},
                    ref=firm.members["sian"])  # fmt: skip
        mandate, actor = firm.mandate(), firm.actor_token()
        before = (firm.exchange(mandate, actor).json or {})["access_token"]
        site.change(GrantRecord, {"software": "issued-before"}, software="filer")
        if table is MandateRecord:
            where = {"ref": mandate}
        elif table is MemberRecord:
            where = {"ref": firm.members["sian"]}
        elif table is OrganisationRecord:
            where = {"ref": FIRM}
        now = site.database.now()
        (kept, *_) = site.rows(table, **where)
        undo = {name: kept[name] for name in values}
        site.change(table, {n: now if v == "now" else v for n, v in values.items()}, **where)
        site.house.services.clients.forget()
        refused(firm, firm.exchange(mandate, actor), error, reason)
        if what not in LIVES_ON:
            for asker in ("tax", "filer"):
                assert site.introspect(asker, before) == {"active": False}, (what, asker)
        site.change(table, undo, **where)
        site.house.services.clients.forget()


def test_a_service_that_is_switched_off_is_acted_at_by_no_token_however_it_was_had(
    firm: Firm,
) -> None:
    """Decision 16: also by tokens that others hold for it, and which name no API of it."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    body = firm.exchange(mandate, actor, resource=None, proof=None).json or {}
    assert site.userinfo(body["access_token"]).status_code == 200
    _switch(site, off=True)
    told = site.userinfo(body["access_token"])
    assert (told.status_code, (told.json or {})["reason"]) == (401, "service-switched-off")
    assert site.introspect("filer", body["access_token"]) == {"active": False}
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    again = firm.exchange(mandate, actor, resource=None, proof=None)
    refused(firm, again, "invalid_target", "service-switched-off")
    _switch(site, off=False)
    assert site.userinfo(body["access_token"]).status_code == 200
    assert firm.exchange(mandate, actor).status_code == 200


def _switch(site: Site, *, off: bool) -> None:
    work = partial(registration.set_disabled, client_id="tax", disabled=off, by="tests")
    assert site.database.transaction(work)


def test_an_ended_or_run_out_permission_says_so_with_a_reference(firm: Firm) -> None:
    """delegation.md I3, I4, I7: expired by the clock is refused, whether or not a job ran."""
    site = firm.site
    mandate, actor = firm.mandate(), firm.actor_token()
    before = (firm.exchange(mandate, actor).json or {})["access_token"]
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    margaret = site.account("margaret")["person_ref"]
    site.database.transaction(lambda tx: delegation.end(tx, mandate, principal=margaret))
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "mandate-ended")
    (row,) = site.rows(JournalEntry, kind="tokens-refused", mandate_ref=mandate)
    assert (row["person"], row["actor"]) == (margaret, site.account("sian")["person_ref"])
    assert site.introspect("tax", before) == {"active": False}
    short = firm.mandate(life=timedelta(seconds=100))
    body = firm.exchange(short, actor).json or {}
    assert body["expires_in"] <= 100
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    site.later(seconds=101)
    refused(firm, firm.exchange(short, actor), "invalid_request", "mandate-out-of-term")


def passed_on(firm: Firm) -> tuple[str, str]:
    """What another firm passed on to this one, open to Sian; answers it and what it stands on."""
    site = firm.site

    def another(tx: Transaction) -> None:
        tx.execute(insert(OrganisationRecord).values(
            ref=ABOVE, name="Bookkeepers", kind="firm", entered_by="tests", verified_by="tests",
            verified_at=tx.now(), created_at=tx.now(),
        ))  # fmt: skip
        tx.execute(insert(MemberRecord).values(
            ref="of-bookkeepers", organisation_ref=ABOVE, name="Nobody", roles=["assigner"],
            account_ref=site.account("nobody")["ref"], added_by="tests", joined_at=tx.now(),
        ))  # fmt: skip

    site.database.transaction(another)
    parent = firm.mandate(delegate=ABOVE, max_chain=1, open_to=None)
    child = site.database.transaction(lambda tx: passing.pass_on(
        tx, site.house.keyring, site.house.policies, parent, to=FIRM, powers=["view"],
        opener=opener(site.account("nobody")["ref"], level=Level(identity=2, sign_in=2)),
        expires=tx.now() + timedelta(days=10),
    ))  # fmt: skip
    assert not isinstance(child, passing.Problem | Bar), child
    assign(site, child, firm.members["sian"])
    return child, parent


def test_what_was_passed_on_names_the_chain_and_stops_with_what_it_stands_on(firm: Firm) -> None:
    """RFC 8693 4.1 (`act` in `act`); delegation.md I2, I9."""
    site, actor = firm.site, firm.actor_token()
    child, parent = passed_on(firm)
    body = firm.exchange(child, actor).json or {}
    said = claims_of(body["access_token"])
    assert (said["mandate"]["id"], body["scope"]) == (child, "tax:view")
    assert said["act"] == {
        "sub": subject(site, "revenue", "actor", "sian"), "org": FIRM, "client_id": "filer",
        "acr": claims_of(actor)["acr"], "act": {"org": ABOVE},
    }  # fmt: skip
    told = site.introspect("tax", body["access_token"])
    assert (told["active"], told["act"]) == (True, said["act"])
    beyond = firm.exchange(child, actor, scope="tax:file")  # which the parent has
    assert (beyond.json or {})["reason"] == "power-not-in-mandate"
    other = firm.exchange(parent, actor)
    assert (other.json or {})["reason"] == "mandate-unknown", "the parent is another's"

    def stopped() -> str:
        assert site.introspect("tax", body["access_token"]) == {"active": False}
        answer = firm.exchange(child, actor)
        assert answer.status_code == 400
        return str((answer.json or {})["reason"])

    for values, whole in (
        ({"suspends_at": site.database.now()}, {"suspends_at": None}),
        ({"verified_at": None}, {"verified_at": site.database.now()}),
    ):
        site.change(OrganisationRecord, values, ref=ABOVE)
        assert stopped() == "parent-mandate-ended"
        site.change(OrganisationRecord, whole, ref=ABOVE)
        assert site.introspect("tax", body["access_token"])["active"], "nothing was destroyed"
    margaret = site.account("margaret")["person_ref"]
    site.database.transaction(lambda tx: delegation.end(tx, parent, principal=margaret))
    assert stopped() == "mandate-ended"


def test_an_unassigned_member_opens_nobody_and_a_frozen_one_nobody_more(firm: Firm) -> None:
    """delegation.md I11; risk-model.md T7: the bulk watch holds for software too."""
    site, actor = firm.site, firm.actor_token()
    mandate = firm.mandate(open_to=None)
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "not-assigned")
    opened = firm.mandate()
    values = {"actor": site.account("sian")["ref"], "z": 9.0, "opened": 9, "usual": 1.0,
              "interval_at": site.database.now(), "frozen_at": site.database.now()}  # fmt: skip
    site.database.transaction(lambda tx: tx.execute(insert(BulkWatchRecord).values(values)))
    refused(firm, firm.exchange(opened, actor), "invalid_request", "actor-frozen")


def test_a_stranger_to_the_firm_gets_nothing_with_its_software(firm: Firm) -> None:
    """The software may be signed in to by anybody; the membership is asked for."""
    mandate = firm.mandate()
    refused(firm, firm.exchange(mandate, firm.actor_token("margaret")), "invalid_request",
            "not-a-member")  # fmt: skip


def test_a_member_who_proved_little_acts_for_nobody(firm: Firm) -> None:
    """delegation.md I10: one check is not what Tax asks of anybody."""
    site, mandate = firm.site, firm.mandate()
    actor = firm.actor_token()
    site.change(GrantRecord, {"vot": "P2.C1"}, client_id="filer")
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "actor-level-too-low")


def test_acting_never_outlives_the_visit_even_where_the_software_may_stay(firm: Firm) -> None:
    """Decision 26: a token from `offline_access` names nobody once its person has signed out."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    site.change(GrantRecord, {"offline": True}, client_id="filer")
    assert firm.exchange(mandate, actor).status_code == 200
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    site.change(SessionRecord, {"ended_at": site.database.now()})
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "signed-out")


def test_a_permission_for_one_use_is_used_once(firm: Firm) -> None:
    """delegation.md, single use: one conditional statement."""
    mandate, actor = firm.mandate(single_use=True), firm.actor_token()
    token = (firm.exchange(mandate, actor).json or {})["access_token"]
    assert firm.site.introspect("tax", token)["active"]
    firm.site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "mandate-used")


def test_who_could_open_many_shows_a_key_of_their_own_and_so_do_those_behind_software(
    firm: Firm,
) -> None:
    """risk-model.md T7: reach raises the level, on the way through software as at sign-in."""
    site, mandate = firm.site, firm.mandate()
    actor = firm.actor_token()
    site.change(OrganisationRecord, {"access": "everyone", "assurance": 3}, ref=FIRM)
    assert firm.exchange(mandate, actor).status_code == 200
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    fill(site, mandate, 120)
    refused(firm, firm.exchange(mandate, actor), "invalid_request", "actor-level-too-low")
    site.change(OrganisationRecord, {"assurance": 1}, ref=FIRM)
    site.give_passkey("sian", device_bound=True)
    site.sign_in("sian", ("security-key",))
    strong = str(site.tokens("filer", acr_values="urn:gatehouse:loa:P2.C3")["access_token"])
    refused(firm, firm.exchange(mandate, strong), "invalid_request",
            "organisation-assurance-too-low")  # fmt: skip
    site.change(OrganisationRecord, {"assurance": 2}, ref=FIRM)
    assert firm.exchange(mandate, strong).status_code == 200


def test_a_members_limit_of_people_holds_for_what_acts_in_their_name(firm: Firm) -> None:
    """delegation.md, added after review: the limit that keeps a member's level low is not passed
    by software; nobody is counted twice, and nobody who was refused."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    site.change(OrganisationRecord, {"access": "everyone", "people_limit": 2}, ref=FIRM)
    others = fill(site, mandate, 4)
    assert firm.exchange(mandate, actor, scope="tax:repayment").status_code == 400
    for ref in (mandate, mandate, others[0]):
        assert firm.exchange(ref, actor).status_code == 200
    site.change(GrantRecord, {"software": "issued-before"}, software="filer")
    refused(firm, firm.exchange(others[1], actor), "invalid_request", "opened-too-many")
    assert firm.exchange(mandate, actor).status_code == 200
    site.later(hours=26)
    actor = firm.actor_token()
    assert firm.exchange(others[1], actor).status_code == 200


def test_software_that_walks_through_people_is_slowed_challenged_and_frozen(firm: Firm) -> None:
    """risk-model.md T7: the watch sees what a program opens in a member's name, and its freeze is
    the member's, on every path."""
    site, mandate, actor = firm.site, firm.mandate(), firm.actor_token()
    site.change(OrganisationRecord, {"access": "everyone", "assurance": 3}, ref=FIRM)
    people = iter(fill(site, mandate, 12))

    def near(answers: float) -> None:
        z = answers * site.house.policies.risk.bulk_alarm - 0.1
        site.change(BulkWatchRecord, {"z": z, "opened_at": site.database.now()})

    def reasons(many: int) -> list[str | None]:
        found = [firm.exchange(next(people), actor) for _ in range(many)]
        return [(answer.json or {}).get("reason") for answer in found]

    assert reasons(1) == [None]
    near(1)
    assert reasons(2) == [None, "opened-too-fast"]
    site.later(seconds=61)
    near(2)
    site.change(BulkWatchRecord, {"opened_at": site.database.now() - timedelta(seconds=61)})
    assert reasons(1) == [None]
    site.later(seconds=61)
    assert reasons(1) == ["actor-level-too-low"], "their own key, shown after that moment"
    site.give_passkey("sian", device_bound=True)
    site.sign_in("sian", ("security-key",))
    actor = str(site.tokens("filer", acr_values="urn:gatehouse:loa:P2.C3")["access_token"])
    near(3)
    site.change(BulkWatchRecord, {"opened_at": site.database.now() - timedelta(seconds=61)})
    assert reasons(2) == ["actor-frozen", "actor-frozen"]
    (frozen,) = [row for row in site.rows(BulkWatchRecord) if row["frozen_at"] is not None]
    assert frozen["actor"] == site.account("sian")["ref"]
    (entry,) = site.rows(JournalEntry, kind="actor-frozen")
    assert entry["reference"] == frozen["reference"]


def test_a_real_client_library_files_over_http(firm: Firm) -> None:
    """RFC 8693 with Authlib's client, as a firm's programmer would write it."""
    site, mandate = firm.site, firm.mandate()
    site.sign_in("sian")
    code, one = site.code("filer"), site.service("filer")
    session = OAuth2Session("filer", one.key, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(ISSUER, alg="ES256"))
    with served(site.app) as port:
        endpoint = f"http://127.0.0.1:{port}/token"
        host = {"Host": ISSUER.removeprefix("http://")}
        member = session.fetch_token(
            endpoint, grant_type="authorization_code", code=code, code_verifier="v" * 43,
            redirect_uri=one.redirect_uri, headers=host,
        )  # fmt: skip
        proof = firm.holder.proof("POST", f"{ISSUER}/token", site.now())
        filing = session.fetch_token(
            endpoint, grant_type=EXCHANGES[-1], subject_token=mandate,
            subject_token_type=MANDATE_TYPE, actor_token=member["access_token"],
            actor_token_type=ACCESS, resource=TAX_API, scope="tax:file",
            headers={**host, "DPoP": proof},
        )  # fmt: skip
    assert (filing["token_type"], filing["scope"]) == ("DPoP", "tax:file")
    assert site.introspect("tax", filing["access_token"])["act"]["client_id"] == "filer"


def test_it_is_announced_and_no_authorization_comes_of_it(site: Site) -> None:
    """RFC 8414 2; a client registered for exchange alone signs nobody in (RFC 6749 4.1.2.1)."""
    offered = site.get("/.well-known/openid-configuration").json or {}
    assert EXCHANGES[-1] in offered["grant_types_supported"]


# The pure part.

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-._", min_size=1, max_size=12)


@given(NAMES, st.frozensets(NAMES, min_size=1, max_size=8), st.booleans())
def test_a_scope_says_the_powers_and_reads_back_as_them(
    at: str, powers: frozenset[str], for_userinfo: bool
) -> None:
    scope = scope_for(at, powers, userinfo=for_userinfo)
    assert named_powers(scope, at) == powers
    assert ("openid" in scope.split()) == for_userinfo
    params = {"subject_token": "m", "subject_token_type": MANDATE_TYPE, "scope": scope}
    asked = read_exchange(params if for_userinfo else {**params, "resource": "https://a.example"})
    assert powers_at(asked.powers, at, ()) == powers


@given(NAMES, st.frozensets(NAMES, max_size=6), st.frozensets(NAMES, min_size=1, max_size=6))
def test_nothing_asked_is_all_that_is_held_and_never_more(
    at: str, asked: frozenset[str], held: frozenset[str]
) -> None:
    wanted = powers_at({(at, power) for power in asked}, at, held)
    assert wanted == (asked or held)
    assert allows(held, wanted) == (not asked or asked <= held or "all" in held)


@given(st.dictionaries(st.sampled_from(
    ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "resource", "scope",
     "audience", "requested_token_type"]), st.text(max_size=40) | st.sampled_from(
    [MANDATE_TYPE, ACCESS])))  # fmt: skip
def test_whatever_is_sent_is_read_or_refused(params: dict[str, str]) -> None:
    refusal = refusal_of(params)
    if refusal is not None:
        assert refusal.code in {"invalid_request", "invalid_target", "invalid_scope"}
        assert not set(refusal.description) & set('"\\')
        return
    mandate = read_exchange(params).mandate
    assert mandate.isprintable()
    assert mandate.isascii()


def test_each_parameter_is_read_within_its_bounds() -> None:
    least = {"subject_token": "m", "subject_token_type": MANDATE_TYPE}
    assert read_exchange(least) == Exchange(
        mandate="m", actor_token=None, resource=None, powers=frozenset()
    )
    power = "tax:" + "x" * 2044
    most = {
        "subject_token": "x" * 2048, "actor_token": "y" * 8192, "actor_token_type": ACCESS,
        "resource": "z" * 2048, "requested_token_type": ACCESS,
        "scope": " ".join([power, *(f"tax:{number}" for number in range(49))]),
    }  # fmt: skip
    asked = read_exchange(least | most)
    assert (asked.mandate, asked.actor_token, asked.resource) == (
        most["subject_token"], most["actor_token"], most["resource"],
    )  # fmt: skip
    assert len(asked.powers) == 50
    for name, value in (
        ("subject_token", "x" * 2049), ("subject_token", ""), ("subject_token", "é"),
        ("subject_token", "a\tb"), ("resource", "z" * 2049), ("actor_token", "y" * 8193),
    ):  # fmt: skip
        refusal = refusal_of(least | most | {name: value})
        assert refusal is not None, (name, value)
        assert (refusal.code, refusal.description.split(":")[0]) == ("invalid_request", name)
    for scope in ("tax", ":view", "tax:", "tax:é", power + "x", "openid",
                  " ".join(f"tax:{number}" for number in range(51))):  # fmt: skip
        refusal = refusal_of(least | {"resource": "r", "scope": scope})
        assert refusal is not None, scope
        assert refusal.code == "invalid_scope"


def refusal_of(params: dict[str, str]) -> BadRequest | None:
    try:
        read_exchange(params)
    except BadRequest as problem:
        return problem
    return None
