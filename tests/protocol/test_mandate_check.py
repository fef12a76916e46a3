"""POST /api/v1/mandates/check: may this delegate act for this principal, at the caller's own
service? One journal row, and one answer for whoever is not known."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from idp.accounts.records import AccountRecord
from idp.callers.authority import Bar
from idp.callers.records import ClientRecord
from idp.delegation import actions as delegation
from idp.delegation.explaining import explain
from idp.delegation.records import MandateRecord
from idp.journal.records import JournalEntry
from idp.organisations.records import MemberRecord, OrganisationRecord
from tests.build import ISSUER, Site, claims_of
from tests.rig.counting import counted
from tests.rig.firms import assign, firm

CHECK = "/api/v1/mandates/check"


def subjects(site: Site, mandate: str) -> dict[str, str]:
    """What Tax knows the two by, once somebody has acted there."""
    site.sign_in("sian")
    answer = site.redeem("tax", site.act(mandate))
    claims = claims_of((answer.json or {})["access_token"])
    return {"delegate": claims["act"]["sub"], "principal": claims["sub"]}


def ask(site: Site, client_id: str = "tax", **form: Any) -> dict[str, Any]:
    answer = site.post(CHECK, client_id, **{"scope": "tax:view", **form})
    assert answer.status_code == 200, answer.json
    return dict(answer.json or {})


def test_a_permission_that_holds_is_allowed_and_the_mandate_told(site: Site) -> None:
    mandate = site.give_mandate()
    both = subjects(site, mandate)
    for scope in ("view", "tax:view", "tax:file"):
        got = ask(site, **both, scope=scope)
        assert got["allowed"] is True
        assert got["mandate"]["id"] == mandate
        assert got["mandate"]["scopes"] == ["tax:file", "tax:view"]
    rows = site.rows(JournalEntry, kind="mandate-checked")
    assert [row["mandate_ref"] for row in rows] == [mandate] * 3
    assert {row["person"] for row in rows} == {site.account("margaret")["person_ref"]}
    assert {row["detail"]["reason"] for row in rows} == {"allowed"}
    site.change(
        AccountRecord, {"disabled_at": site.database.now()}, ref=site.account("sian")["ref"]
    )
    assert ask(site, **both)["reason"] == "mandate-unknown", "whoever is shut out acts for nobody"
    assert got["reference"] == rows[-1]["reference"]


def test_what_is_missing_is_said_with_a_reference_and_three_texts(site: Site) -> None:
    mandate = site.give_mandate(services={"tax": ["view"]})
    both = subjects(site, mandate)
    got = ask(site, **both, scope="file")
    assert (got["allowed"], got["reason"]) == (False, "power-not-in-mandate")
    told = explain(Bar.OTHER_POWER)
    assert got["texts"] == {"principal": told.principal, "delegate": told.delegate,
                            "developer": told.developer}  # fmt: skip
    person = site.account("margaret")["person_ref"]
    site.database.transaction(lambda tx: delegation.end(tx, mandate, principal=person))
    ended = ask(site, **both)
    assert ended["reason"] == "mandate-ended"
    (row,) = site.rows(JournalEntry, reference=ended["reference"])
    assert (row["kind"], row["detail"]["reason"]) == ("mandate-checked", "mandate-ended")


def test_a_term_that_ran_out_is_refused_though_nobody_wrote_it_down(site: Site) -> None:
    both = subjects(site, site.give_mandate(life=timedelta(days=2)))
    site.later(days=3)
    assert ask(site, **both)["reason"] == "mandate-out-of-term"


def test_a_member_of_an_organisation_is_asked_about_with_all_it_stands_on(site: Site) -> None:
    mandate = firm(site)
    assign(site, mandate)
    both = subjects(site, mandate)
    assert ask(site, **both)["allowed"] is True
    for record, change, reason in (
        (MemberRecord, {"suspended_at": site.database.now()}, "member-suspended"),
        (MemberRecord, {"suspended_at": None, "roles": ["admin"]}, "role-lacking"),
        (MemberRecord, {"left_at": site.database.now()}, "not-a-member"),
        (OrganisationRecord, {"closed_at": site.database.now()}, "organisation-closed"),
    ):
        site.change(record, change)
        assert ask(site, **both)["reason"] == reason


def test_a_permission_for_one_use_counts_in_the_visit_that_used_it_and_nowhere_else(
    site: Site,
) -> None:
    """B7: the insurer's visit spends the permission, and the service asks before it renews."""
    mandate = site.give_mandate(single_use=True)
    site.sign_in("sian")
    tokens = site.redeem("tax", site.act(mandate)).json or {}
    claims = claims_of(tokens["access_token"])
    both = {"delegate": claims["act"]["sub"], "principal": claims["sub"]}
    visit = {"access_token": tokens["access_token"]}
    assert ask(site, **both)["reason"] == "mandate-used"
    assert ask(site, **both, **visit)["allowed"] is True
    other = {"delegate": both["delegate"], "principal": "x" * 22}
    assert ask(site, **other, **visit)["reason"] == "mandate-unknown"
    for wrong in ("x", "a.b.c", tokens["id_token"]):
        answer = site.post(CHECK, "tax", **both, scope="view", access_token=wrong)
        assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")
    another = site.post(CHECK, "basic", **both, scope="view", **visit)
    assert (another.json or {})["error_description"].startswith("access_token: it was issued to")
    site.post("/revoke", "tax", token=tokens["refresh_token"])
    assert ask(site, **both, **visit)["reason"] == "mandate-used"


def test_one_that_allows_it_is_found_beside_one_that_does_not(site: Site) -> None:
    own = site.give_mandate()
    both = subjects(site, own)
    firm(site)  # not assigned, and given last
    got = ask(site, **both)
    assert (got["allowed"], got["mandate"]["id"]) == (True, own)
    site.change(MandateRecord, {"state": "suspended"}, ref=own)
    assert ask(site, **both)["reason"] == "not-assigned"


def test_the_unknown_and_those_without_permission_get_the_same_answer(site: Site) -> None:
    both = subjects(site, site.give_mandate(principal="tom"))
    site.sign_in("margaret")
    stranger = claims_of(site.tokens("tax")["access_token"])["sub"]  # known, and gave nothing
    nobody = "x" * 22
    answers = [
        ask(site, delegate=delegate, principal=principal)
        for delegate, principal in (
            (both["delegate"], stranger), (nobody, both["principal"]), (nobody, nobody),
            (both["delegate"], nobody), (both["principal"], both["delegate"]),
            # As itself the delegate is another subject than as who acts.
            (stranger, both["principal"]),
        )
    ]  # fmt: skip
    for answer in answers:
        answer.pop("reference")
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["reason"] == "mandate-unknown"
    rows = site.rows(JournalEntry, kind="mandate-checked")
    assert {(row["person"], row["actor"]) for row in rows} == {(None, None)}


def test_subjects_of_another_sector_are_not_known(site: Site) -> None:
    both = subjects(site, site.give_mandate())
    site.give_mandate(services={"library": ["borrow"]})
    site.change(ClientRecord, {"delegation_aware": True}, client_id="library")
    site.house.services.clients.forget()
    got = ask(site, "library", **both, scope="borrow")
    assert got["reason"] == "mandate-unknown"


def test_only_the_callers_own_service_may_be_asked_about(site: Site) -> None:
    both = subjects(site, site.give_mandate())
    answer = site.post(CHECK, "basic", **both, scope="tax:view")
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_scope")
    assert site.rows(JournalEntry, kind="mandate-checked") == []


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"scope": "tax:fly"}, "invalid_scope"), ({"scope": ""}, "invalid_scope"),
        ({"scope": "all"}, "invalid_scope"), ({"delegate": ""}, "invalid_request"),
        ({"principal": "x" * 256}, "invalid_request"), ({"scope": "v" * 201}, "invalid_scope"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_and_nothing_written(
    site: Site, form: dict[str, str], error: str
) -> None:
    asked = {"delegate": "x" * 22, "principal": "y" * 22, "scope": "view", **form}
    answer = site.post(CHECK, "tax", **asked)
    assert (answer.status_code, (answer.json or {})["error"]) == (400, error)
    assert site.rows(JournalEntry, kind="mandate-checked") == []


def test_a_service_that_was_switched_off_asks_no_more(site: Site) -> None:
    both = subjects(site, site.give_mandate())
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="tax")
    answer = site.post(CHECK, "tax", **both, scope="view")
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "unauthorized_client")
    assert site.rows(JournalEntry, kind="mandate-checked") == []


def test_nobody_asks_without_proving_which_client_it_is(site: Site) -> None:
    asked = {"delegate": "x" * 22, "principal": "y" * 22, "scope": "view"}
    for form in (asked, {**asked, "client_id": "public"}):
        answer = site.browser.post(CHECK, data=form, base_url=ISSUER)
        assert answer.status_code in {400, 401}, answer.json


def post_json(site: Site, body: str | bytes, client_id: str = "basic") -> Any:
    _, headers = site.proof(client_id, {})
    return site.browser.post(CHECK, data=body, headers={**headers, "Content-Type":
                             "application/json"}, base_url=ISSUER)  # fmt: skip


def test_the_body_may_be_json_too(site: Site) -> None:
    both = subjects(site, site.give_mandate())
    fields, _ = site.proof("tax", {**both, "scope": "view"})
    answer = site.browser.post(CHECK, json=fields, base_url=ISSUER)
    assert (answer.status_code, (answer.json or {})["allowed"]) == (200, True)


@pytest.mark.parametrize(
    "body",
    [
        "", "[]", '"x"', "null", "{", '{"scope": "view", "scope": "file"}', '{"scope": ["view"]}',
        '{"scope": {"a": "b"}}', '{"scope": 1}', '{"scope": NaN}', '[["scope", "view"]]',
        '{"scope": "vi\\u0000ew"}', '{"scope": "\\ud800"}', b'{"scope": "\xff"}',
        "[" * 8000, "{" + ",".join(f'"a{n}": "x"' for n in range(101)) + "}",
    ],
)  # fmt: skip
def test_json_that_is_not_one_flat_object_of_strings_is_refused(site: Site, body: Any) -> None:
    answer = post_json(site, body)
    assert (answer.status_code, (answer.json or {})["error"]) == (400, "invalid_request")


def test_a_body_that_is_too_long_or_of_another_kind_is_refused(site: Site) -> None:
    assert post_json(site, json.dumps({"scope": "v" * 20_000})).status_code == 413
    answer = site.browser.post(CHECK, data="<a/>", content_type="text/xml", base_url=ISSUER)
    assert answer.status_code == 415
    form = b"scope=view&scope=file"
    repeated = site.browser.post(CHECK, data=form, base_url=ISSUER,
                                 content_type="application/x-www-form-urlencoded")  # fmt: skip
    assert repeated.status_code == 400


def test_other_doors_take_no_json(site: Site) -> None:
    answer = site.browser.post("/token", json={"grant_type": "x"}, base_url=ISSUER)
    assert answer.status_code == 415


@pytest.mark.parametrize("of_firm", [False, True])
def test_a_check_costs_one_read_and_one_write(site: Site, of_firm: bool) -> None:
    mandate = firm(site) if of_firm else site.give_mandate()
    if of_firm:
        assign(site, mandate)
    both = subjects(site, mandate)
    site.change(ClientRecord, {"sector": "revenue", "delegation_aware": True}, client_id="basic")
    asked = {**both, "scope": "view"}

    def give(tx: Any) -> None:
        tx.execute(update(MandateRecord).values(service="basic"))

    site.database.transaction(give)
    site.house.services.clients.forget()
    site.post(CHECK, "basic", **{**asked, "scope": "all"})  # the registration is read once
    site.change(MandateRecord, {"powers": ["all"]})
    with counted(site.database) as cost:
        got = ask(site, "basic", **{**asked, "scope": "all"})
    assert got["allowed"] is True
    verbs = [statement.split(None, 1)[0].upper() for statement in cost.statements]
    # SQLite cannot take the principal's next number and write the row in one statement.
    writes = {True: ["INSERT", "INSERT"], False: ["INSERT"]}[site.database.is_sqlite]
    assert [verb for verb in verbs if verb != "SELECT"] == writes
    assert verbs.count("SELECT") == 1
    assert cost.commits == 1
