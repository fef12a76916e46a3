"""A sector's `sector_identifier_uri` (OpenID Connect Core 8.1, Dynamic Registration 5)."""

from idp.callers.records import ClientRecord
from tests.build import Site


def test_a_sectors_document_lists_every_redirect_uri_of_its_clients_and_no_other(
    site: Site,
) -> None:
    answer = site.get("/sectors/council")
    assert answer.mimetype == "application/json"
    listed = set(answer.json or [])
    assert {site.service(name).redirect_uri for name in ("basic", "post", "public")} <= listed
    assert site.service("other").redirect_uri not in listed


def test_a_service_that_is_switched_off_is_left_out(site: Site) -> None:
    site.change(ClientRecord, {"disabled_at": site.database.now()}, client_id="basic")
    assert site.service("basic").redirect_uri not in (site.get("/sectors/council").json or [])


def test_a_sector_that_nobody_is_in_is_not_found(site: Site) -> None:
    assert site.get("/sectors/nowhere").status_code == 404
    assert site.get("/sectors/..%2fcouncil").status_code == 404
