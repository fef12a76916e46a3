"""/token, where somebody acts: what one exchange and one code cost (`design.md` decision 3)."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete

from idp.delegation.records import OpenedRecord
from tests.build import Site
from tests.rig.counting import counted
from tests.rig.software import make_firm

WARM = 3  # a statement goes through SQLAlchemy the first time


def cost_of(site: Site, act: Callable[[], object], *, clock: int) -> tuple[int, int]:
    """Statements and commits. On PostgreSQL the tests read the clock so often to make a proof."""
    with counted(site.database) as cost:
        act()
    return len(cost.statements) - (0 if site.database.is_sqlite else clock), cost.commits


@pytest.mark.parametrize("first", [False, True])
def test_an_exchange_is_one_commit_however_often_it_is_watched(site: Site, first: bool) -> None:
    firm = make_firm(site)
    mandate, actor = firm.mandate(), firm.actor_token()

    def exchange() -> None:
        assert firm.exchange(mandate, actor).status_code == 200

    for _ in range(WARM):
        exchange()
        if first:  # in this hour, so that it counts
            site.database.transaction(lambda tx: tx.execute(delete(OpenedRecord)))
    statements = 12 if site.database.is_sqlite else 11
    assert cost_of(site, exchange, clock=2) == (statements + 2 * first, 1)


def test_a_code_of_somebody_who_acts_costs_what_any_other_does(site: Site) -> None:
    mandate = site.give_mandate()
    site.sign_in("sian")
    codes = [site.act(mandate) for _ in range(WARM + 1)]

    def redeem() -> None:
        assert site.redeem("tax", codes.pop()).status_code == 200

    for _ in range(WARM):
        redeem()
    assert cost_of(site, redeem, clock=1) == (6 if site.database.is_sqlite else 5, 1)
