"""A permission for one visit: the first use spends it, and lives on; nothing else is had of it."""

from typing import Any

from idp.callers.authority import ONE_VISIT
from idp.delegation.records import MandateRecord
from tests.build import Site, claims_of, read_answer
from tests.rig.software import make_firm


def checked(site: Site, token: str) -> Any:
    """What the service is told that asks about the visit of a token before it does something."""
    claims = claims_of(token)
    return site.post(
        "/api/v1/mandates/check", "tax", delegate=claims["act"]["sub"], principal=claims["sub"],
        scope="tax:view", access_token=token,
    ).json  # fmt: skip


def test_the_second_visit_is_refused_and_the_first_goes_on(site: Site) -> None:
    """B7: an insurer renews the tax of a car, once."""
    mandate = site.give_mandate(single_use=True)
    site.sign_in()
    first = site.act(mandate)
    (row,) = site.rows(MandateRecord, ref=mandate)
    assert row["used_at"] is not None
    page = site.authorize("tax", acting_for="choose")
    assert mandate not in page.text, "what is spent is not offered again"
    again = site.authorize("tax", acting_for=mandate)
    refused = site.submit(again, who=mandate, purpose="Renew the tax")
    assert refused.status_code == 403, "and where the service names it, the reason is told"
    tokens = site.redeem("tax", first).json or {}
    assert claims_of(tokens["id_token"])["mandate"]["id"] == mandate
    assert site.introspect("tax", tokens["access_token"])["active"] is True
    site.change(MandateRecord, {"used_grant": "another"}, ref=mandate)
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}, "another used it"


def test_two_tabs_that_were_opened_before_get_one_visit(site: Site) -> None:
    mandate = site.give_mandate(single_use=True)
    site.sign_in()
    pages = [site.authorize("tax", acting_for="choose") for _ in range(2)]
    first, second = [site.submit(page, who=mandate, purpose="Renew the tax") for page in pages]
    assert "code" in read_answer(first)
    assert second.status_code == 403


def test_a_visit_gets_tokens_for_an_hour_and_the_permission_is_not_had_again(site: Site) -> None:
    """B7: of the ways to more tokens only the refresh of that one visit is open, and not for long;
    nothing it says outlives the visit."""
    mandate = site.give_mandate(single_use=True)
    site.sign_in()
    code = site.act(mandate)
    (row,) = site.rows(MandateRecord, ref=mandate)
    tokens = site.redeem("tax", code).json or {}
    said = claims_of(tokens["access_token"])["mandate"]
    assert said["single_use"] is True
    ends = row["used_at"] + ONE_VISIT
    assert said["exp"] == int(ends.timestamp()) < row["expires"].timestamp()
    assert checked(site, tokens["access_token"])["allowed"] is True
    seconds = int(ONE_VISIT.total_seconds())
    site.later(seconds=seconds - 60)
    late = site.refresh("tax", tokens["refresh_token"]).json or {}
    assert late["expires_in"] <= 60
    assert checked(site, late["access_token"])["allowed"] is True
    site.later(seconds=60)
    refused = site.refresh("tax", tokens["refresh_token"])
    assert (refused.status_code, (refused.json or {})["error"]) == (400, "invalid_grant")
    assert checked(site, late["access_token"])["reason"] == "mandate-used"
    assert site.introspect("tax", late["access_token"]) == {"active": False}
    assert site.userinfo(late["access_token"]).status_code == 401


def test_a_service_that_has_done_it_gives_the_token_back_and_nothing_more_is_had(
    site: Site,
) -> None:
    mandate = site.give_mandate(single_use=True)
    site.sign_in()
    tokens = site.redeem("tax", site.act(mandate)).json or {}
    token = tokens["access_token"]
    assert checked(site, token)["allowed"] is True
    assert checked(site, token)["allowed"] is True, "asking is not doing: we do not see it done"
    assert site.post("/revoke", "tax", token=token).status_code == 200
    assert checked(site, token)["reason"] == "mandate-used"
    assert site.refresh("tax", tokens["refresh_token"]).status_code == 400
    assert (site.userinfo(token).json or {})["reason"] == "grant-ended"
    again = site.submit(site.authorize("tax", acting_for=mandate), who=mandate, purpose="Again")
    assert again.status_code == 403


def test_what_a_person_has_used_gives_their_software_no_token(site: Site) -> None:
    firm = make_firm(site)
    mandate, actor = firm.mandate(single_use=True), firm.actor_token()
    token = (site.redeem("tax", site.act(mandate)).json or {})["access_token"]
    assert (firm.exchange(mandate, actor).json or {})["reason"] == "mandate-used"
    assert site.introspect("tax", token)["active"] is True, "and their own visit goes on"
