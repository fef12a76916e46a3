"""My page shows what is mine, and changes what is mine, and nothing else."""

import pytest

from idp.delegation.records import MandateRecord
from tests.build import BOTH, ISSUER, PASSWORD, Site

PAGES = ("", "/helpers", "/helping", "/activity", "/sessions")


@pytest.mark.parametrize("path", PAGES)
def test_without_a_session_the_way_leads_through_sign_in_and_back(site: Site, path: str) -> None:
    page = site.get(f"/account{path}")
    assert page.request.path.endswith("/password")
    sian = site.world.people["sian"]
    page = site.submit(page, email=sian.email, password=sian.password)
    assert page.request.path.endswith("/code")  # policy: these pages need two checks
    back = site.submit(page, code=site.code_now("sian"))
    assert (back.status_code, back.request.path) == (200, f"/account{path}")


@pytest.mark.parametrize("path", PAGES)
def test_a_password_alone_does_not_open_them(site: Site, path: str) -> None:
    site.sign_in("sian", (PASSWORD,))
    assert site.get(f"/account{path}").request.path.endswith("/code")


def test_the_principal_sees_each_use_and_ends_it_once(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian", BOTH)
    tokens = site.redeem("tax", site.act(mandate, scope="openid profile")).json
    assert tokens
    assert site.userinfo(tokens["access_token"]).status_code == 200

    site.browser = mother = site.new_browser()
    site.sign_in("margaret", BOTH)
    page = site.get(f"/account/helpers/{mandate}")
    assert page.text.count("Sian Hughes, at") == 2
    ended = site.submit(page)
    assert "can no longer act for you" in ended.text
    (row,) = site.rows(MandateRecord)
    assert row["version"] == 2
    assert row["ended_reference"] in ended.text
    again = mother.post(
        f"/account/helpers/{mandate}/end",
        data={"csrf_token": page.text.split('name="csrf_token" value="')[1].split('"')[0]},
        base_url=ISSUER,
    )
    assert again.status_code == 303  # told again that it has ended; nothing changes
    assert site.rows(MandateRecord)[0]["ended_reference"] == row["ended_reference"]
    refused = site.userinfo(tokens["access_token"])
    assert refused.status_code == 401
    assert row["ended_reference"] in refused.text


@pytest.mark.parametrize("who", ["sian", "tom", "nobody"])
def test_anybody_elses_permission_is_not_found_and_not_changed(site: Site, who: str) -> None:
    mandate = site.give_mandate()
    site.sign_in(who, BOTH)
    token = site.get("/account").text.split('name="csrf_token" value="')
    if len(token) == 1:  # nobody has no code to give: the pages never open
        return
    for path in (f"/account/helpers/{mandate}", f"/account/helpers/{mandate}/ended"):
        assert site.get(path).status_code == 404
    posted = site.browser.post(
        f"/account/helpers/{mandate}/end",
        data={"csrf_token": token[1].split('"')[0]},
        base_url=ISSUER,
    )
    assert posted.status_code == 404
    assert site.rows(MandateRecord)[0]["ended_at"] is None


def test_a_form_we_did_not_show_changes_nothing(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("margaret", BOTH)
    site.get("/account")
    for data in ({}, {"csrf_token": "0" * 64}, {"csrf_token": "\u00e9"}):
        answer = site.browser.post(f"/account/helpers/{mandate}/end", data=data, base_url=ISSUER)
        assert answer.status_code == 400
    assert site.rows(MandateRecord)[0]["ended_at"] is None


def test_the_helper_sees_whom_she_helps_and_where_she_is_signed_in(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian", BOTH)
    site.act(mandate)
    site.code("library")
    assert "Margaret Hughes" in site.get("/account/helping").text
    where = site.get("/account/sessions").text
    assert "Margaret Hughes" in where


def test_an_address_with_a_line_break_never_comes_back_as_a_header(site: Site) -> None:
    page = site.get("/account/helpers/%0d%0aSet-Cookie:%20a=b")
    assert page.status_code < 500
    assert "a=b" not in str(page.headers)
