"""M11: what two services of different sectors hold about one person does not join up (145).
First part: of everything in the two services' tokens nothing that is one person's own is equal,
and the National Insurance number reaches only the service that is entitled to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jws

from idp.demo.browser import Browser
from idp.demo.machine import Machine
from idp.demo.stories import Scene
from tests.mission.conftest import SignedIn

# What says nothing about which person it is: the same for everybody, or for a whole second.
OF_NOBODY = frozenset({
    "iss", "acr", "amr", "vot", "vtm", "token_type", "client_id", "aud", "scope", "typ", "alg",
    "iat", "exp", "nbf", "auth_time", "expires_in",
})  # fmt: skip
# A person's own details are released by scope, to a service that is registered for them: whoever
# gets somebody's name can of course compare names. Identifiers must not come with them.
OF_PROFILE = frozenset({
    "name", "given_name", "family_name", "birthdate", "gender", "updated_at",
})  # fmt: skip


def leaves(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Every single value below, with the name it stands under."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, key)
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, name)
    else:
        yield name, str(value)


def claims(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(jws.extract_compact(token.encode()).payload)
    return found


def tokens_of(
    scene: Scene, browser: Browser, client_id: str, **wish: str
) -> tuple[Machine, dict[str, Any]]:
    """What the server of a service holds after somebody signed in there."""
    machine = scene.machine(client_id)
    browser.follow = False
    page = machine.stop_before(browser, browser.open(machine.request(**wish)))
    assert isinstance(page, str), page
    browser.follow = True
    got = machine.redeem(page)
    assert got.status == 200, got
    return machine, got.body


def everything(scene: Scene, browser: Browser, client_id: str, **wish: str) -> dict[str, Any]:
    """All that reaches a service: tokens as text and as claims, userinfo, introspection."""
    machine, tokens = tokens_of(scene, browser, client_id, **wish)
    found = {**tokens}
    found["id_token_claims"] = claims(tokens["id_token"])
    found["access_token_claims"] = claims(tokens["access_token"])
    found["userinfo"] = machine.userinfo(tokens["access_token"]).body
    found["introspection"] = machine.introspect(tokens["access_token"]).body
    return found


def test_nothing_that_is_one_persons_own_is_equal_at_two_services(
    scene: Scene, signed_in: SignedIn
) -> None:
    browser = signed_in("neighbour")
    tax, library = (everything(scene, browser, name) for name in ("tax", "library"))
    shared = {
        name for name, value in leaves(tax, "")
        if name not in OF_NOBODY | OF_PROFILE and value in {v for _, v in leaves(library, "")}
    }  # fmt: skip
    # `active`, `mfa_required` and the like are of nobody too: the same for every person.
    another = everything(scene, signed_in("daughter"), "tax")
    of_another = {value for _, value in leaves(another, "")}
    telling = {
        (name, value) for name, value in leaves(tax, "")
        if name in shared and value not in of_another
    }  # fmt: skip
    assert telling == set()


def test_two_visits_to_one_service_are_known_to_be_of_one_person(scene: Scene) -> None:
    first, second = Browser(), Browser()
    subs = set()
    for browser in (first, second):
        scene.walk.enter(browser, "library", "neighbour")
        _, tokens = tokens_of(scene, browser, "library")
        subs.add(claims(tokens["id_token"])["sub"])
    assert len(subs) == 1


def test_the_number_reaches_the_entitled_service_and_stands_in_no_token(
    scene: Scene, signed_in: SignedIn
) -> None:
    browser, person = signed_in("neighbour"), scene.walk.people["neighbour"]
    number = person.national_insurance_number
    tax, library = (everything(scene, browser, name) for name in ("tax", "library"))
    assert tax["userinfo"]["national_insurance_number"] == number
    for place in ("id_token_claims", "access_token_claims", "introspection"):
        assert number[:8] not in json.dumps(tax[place])
    assert number[:8] not in json.dumps(library)


WISHES = json.dumps({
    "userinfo": {"national_insurance_number": {"essential": True}},
    "id_token": {"national_insurance_number": None},
})  # fmt: skip


@pytest.mark.parametrize(
    "wish", [{"claims": WISHES}, {"scope": "openid profile national_insurance_number"}]
)
def test_a_service_that_is_not_entitled_does_not_get_the_number_by_asking(
    scene: Scene, signed_in: SignedIn, wish: dict[str, str]
) -> None:
    got = everything(scene, signed_in("neighbour"), "library", **wish)
    number = scene.walk.people["neighbour"].national_insurance_number
    assert number[:8] not in json.dumps(got)
    assert "national_insurance_number" not in str(got.get("scope", ""))


def test_acting_does_not_join_the_sectors_either(
    scene: Scene, permission: str, signed_in: SignedIn
) -> None:
    browser = signed_in("daughter")
    own = everything(scene, browser, "tax")
    at_library = everything(scene, browser, "library")
    tax = scene.machine("tax")
    browser.follow = False
    page = tax.stop_before(browser, browser.open(tax.request(acting_for="choose")))
    assert not isinstance(page, str)
    code = tax.stop_before(
        browser, page.form("who").fill(who=permission, purpose="Pay the bill").submit()
    )
    assert isinstance(code, str)
    acting = claims(tax.redeem(code).body["id_token"])
    # The actor is a separate kind of subject: not even Tax sees its own customer in it.
    known = {own["id_token_claims"]["sub"], at_library["id_token_claims"]["sub"]}
    assert acting["act"]["sub"] not in known
    assert acting["sub"] not in known
