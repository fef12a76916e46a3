"""Anybody may begin a sign-in, and each is rows that we write: so many a minute from a network."""

from datetime import timedelta

import pytest

from idp.oidc import actions
from idp.signin.records import JourneyRecord
from tests.build import ISSUER, Site


@pytest.fixture(autouse=True)
def three_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "JOURNEYS_AT_ONCE", 3)
    # However slow the machine is, nothing leaks out of the bucket while the test fills it.
    monkeypatch.setattr(actions, "JOURNEY_EACH", timedelta(hours=1))


def begin(site: Site, address: str = "192.0.2.7"):
    site.browser = site.new_browser()
    asked = site.asked("library")
    return site.browser.get(
        "/authorize", query_string=asked, base_url=ISSUER, environ_base={"REMOTE_ADDR": address}
    )


def test_too_many_from_one_network_are_told_to_wait_and_leave_no_row(site: Site) -> None:
    assert [begin(site).status_code for _ in range(3)] == [303] * 3
    refused = begin(site)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    assert "Wait a minute" in refused.text
    assert len(site.rows(JourneyRecord)) == 3
    assert begin(site, "192.0.2.8").status_code == 303
    site.later(hours=1, seconds=1)
    assert begin(site).status_code == 303


def test_who_needs_no_page_is_never_counted(site: Site) -> None:
    site.sign_in(methods=("password",))
    for _ in range(6):
        assert "code" in site.answer("library")
