"""/authorize when the level asked for is not there: OpenID Connect Core 3.1.2.6 and 5.5.1.1."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest

from idp.oidc.records import AuthorizationCodeRecord, GrantRecord
from idp.signin.records import JourneyRecord
from tests.build import ISSUER, Site, World, open_site


def nothing_issued(site: Site) -> bool:
    return not site.rows(AuthorizationCodeRecord) and not site.rows(GrantRecord)


@pytest.mark.parametrize(
    ("wanted", "room"),
    [({"vtr": '["P2.C3"]'}, "/enrol/next"), ({"vtr": '["P3.C2"]'}, "/identity")],
)
def test_an_essential_level_that_can_be_worked_for_is_no_refusal(
    site: Site, wanted: dict[str, str], room: str
) -> None:
    """Core 3.1.2.6: without pages it takes interaction; with pages the person is led on."""
    site.sign_in()
    assert site.answer("library", prompt="none", **wanted)["error"] == "interaction_required"
    assert not site.rows(JourneyRecord)
    query = urlencode(site.asked("library", **wanted))
    started = site.browser.get(f"/authorize?{query}", base_url=ISSUER)
    onward = site.browser.get(started.location, base_url=ISSUER)
    assert onward.status_code == 303
    assert onward.location == f"{room}?journey={started.location.rpartition('/')[2]}"
    assert nothing_issued(site)


def test_an_essential_level_that_nobody_can_reach_here_is_unmet(
    world: World, world_url: str
) -> None:
    """OpenID Connect Core Error Code unmet_authentication_requirements 1.0."""
    lower = replace(world, policies=replace(world.policies, provable=2))
    house = open_site(lower, world_url)
    try:
        house.sign_in()
        for prompt in (None, "none"):
            answer = house.answer("library", vtr='["P3.C2"]', prompt=prompt)
            assert answer["error"] == "unmet_authentication_requirements"
        assert nothing_issued(house)
    finally:
        house.close()
