"""A house that holds sign-ins, and one that is held."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from idp.assurance.risk_rules import Thresholds
from tests.build import Site, World, open_site


@pytest.fixture
def holding(world: World, world_url: str) -> Iterator[Site]:
    """A house that defers every sign-in which nothing but a password and a code speak for."""
    fixed = {level: Thresholds(step_up=-14, defer=-13, refuse=14) for level in (1, 2, 3)}
    risk = replace(world.policies.risk, enforced=True, fixed=fixed)
    site = open_site(replace(world, policies=replace(world.policies, risk=risk)), world_url)
    yield site
    site.close()


def held(site: Site, client: str = "basic") -> dict[str, Any]:
    """Sign somebody in at a service; answer its tokens, which say that it is held."""
    site.sign_in()
    return site.tokens(client)
