"""A business as the one who is acted for: tokens, userinfo and introspection say the same of it."""

from datetime import timedelta
from typing import Any

from idp.assurance.rules import Level
from idp.delegation.actions import give
from idp.errors import Refusal
from idp.identifiers.businesses import BusinessNumber, NumberKind, parse
from idp.register import businesses
from idp.register.businesses import BusinessLine
from tests.build import Site, claims_of

EVERYTHING = "openid profile email address national_insurance_number"


def bakery(site: Site, trader: str | None = "margaret") -> str:
    """Put a business into the register; answer its reference."""
    number = parse(NumberKind.TAX, "2234567890")
    assert isinstance(number, BusinessNumber)
    line = BusinessLine(
        name="Hughes Bakery", kind="sole-trader" if trader else "company", numbers=(number,),
        address={"locality": "Llanfair"},
        person_ref=site.account(trader)["person_ref"] if trader else None,
    )  # fmt: skip

    def work(tx: Any) -> str:
        businesses.bring(tx, site.house.keyring, line, by="tests")
        found = businesses.find_by_number(tx, site.house.keyring, number)
        assert found is not None
        return found.ref

    return site.database.transaction(work)


def acting(site: Site, business: str) -> dict[str, Any]:
    given = site.database.transaction(lambda tx: give(
        tx, principal=business, principal_kind="business", services={"tax": ["view"]},
        delegate=site.account("sian")["person_ref"], basis="own", by="tests",
        grant_level=Level(identity=2, sign_in=2), expires=tx.now() + timedelta(days=30),
    ))  # fmt: skip
    assert not isinstance(given, Refusal)
    (mandate,) = given
    return dict(site.redeem("tax", site.act(mandate, scope=EVERYTHING)).json or {})


def test_a_service_is_told_the_name_of_a_business_and_nothing_of_a_person(
    site: Site,
) -> None:
    business = bakery(site)
    site.sign_in()
    tokens = acting(site, business)
    info = site.userinfo(tokens["access_token"]).json or {}
    assert info["name"] == "Hughes Bakery"
    persons = {"given_name", "family_name", "birthdate", "gender", "email", "email_verified",
               "national_insurance_number"}  # fmt: skip
    assert persons.isdisjoint(info)
    assert persons.isdisjoint(claims_of(tokens["id_token"]))


def test_a_sole_trader_has_one_subject_as_a_person_and_another_as_a_business(site: Site) -> None:
    business = bakery(site)
    site.sign_in("margaret")
    own = claims_of(site.tokens("tax")["id_token"])["sub"]
    site.browser = site.new_browser()
    site.sign_in()
    tokens = acting(site, business)
    sub = claims_of(tokens["id_token"])["sub"]
    assert sub != own
    assert site.introspect("tax", tokens["access_token"])["sub"] == sub
    assert (site.userinfo(tokens["access_token"]).json or {})["sub"] == sub
    again = acting(site, business)
    assert claims_of(again["id_token"])["sub"] == sub


def test_nobody_acts_for_a_business_from_the_commit_that_says_it_ceased(site: Site) -> None:
    business = bakery(site, trader=None)
    site.sign_in()
    tokens = acting(site, business)
    assert site.introspect("tax", tokens["access_token"])["active"]
    day = site.database.now().date()
    assert site.database.transaction(lambda tx: businesses.cease(tx, business, day, by="tests"))
    assert site.introspect("tax", tokens["access_token"]) == {"active": False}
    assert site.userinfo(tokens["access_token"]).status_code == 401
