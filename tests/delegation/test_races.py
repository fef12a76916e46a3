"""Of two who answer, take back, end or run out of time at once exactly one wins (I5)."""

import os

from tests.build import Site
from tests.rig.racing import PAIRS, Race, Two, wrong

# bench/mandates.py races 10,000.
RACES = int(os.environ.get("IDP_TEST_MANDATE_RACES", "300"))


def test_of_two_at_once_exactly_one_wins(site: Site) -> None:
    two = Two(
        principal=str(site.account("margaret")["person_ref"]),
        helper=str(site.account("sian")["person_ref"]), given_name="Sian", family_name="Hughes",
    )  # fmt: skip
    seen = Race(site.database, site.house.keyring, two).run(RACES)
    assert sum(seen.values()) == RACES >= len(PAIRS)
    assert wrong(seen) == []
