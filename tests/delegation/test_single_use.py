"""A permission for one visit: the first use spends it, and lives on; nothing else is had of it."""

from idp.delegation.records import MandateRecord
from tests.build import Site, claims_of, read_answer


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
