"""/token, token exchange: what one costs the database (`design.md` decision 3)."""

from tests.build import Site
from tests.rig.counting import counted
from tests.rig.software import make_firm

WARM = 3  # a statement goes through SQLAlchemy the first time


def test_an_exchange_is_one_commit_however_often_it_is_watched(site: Site) -> None:
    firm = make_firm(site)
    mandate, actor = firm.mandate(), firm.actor_token()
    for _ in range(WARM):
        assert firm.exchange(mandate, actor).status_code == 200
    with counted(site.database) as cost:
        assert firm.exchange(mandate, actor).status_code == 200
    assert cost.commits == 1
    assert len(cost.statements) == (19 if site.database.is_sqlite else 20), cost.statements
