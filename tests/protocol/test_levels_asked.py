"""Which level a request gets: RFC 9470, RFC 8485, OpenID Connect Core 5.5.1.1, risk-model.md T6."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level, resolve
from idp.journal.records import JournalEntry
from idp.oidc.records import GrantRecord
from idp.oidc.rules import BadRequest, read_wanted
from idp.signin.rules import Asked, demand, lowest_first
from tests.build import Site, World, claims_of, open_site, read_answer

LOA = "urn:gatehouse:loa:"
TIER_2 = "urn:gatehouse:tier:2"


def essential(*values: str) -> str:
    return json.dumps({"id_token": {"acr": {"essential": True, "values": list(values)}}})


def last_row(site: Site, kind: str = "signed-in-to-service") -> dict[str, Any]:
    rows = sorted(site.rows(JournalEntry, kind=kind), key=lambda row: row["id"])
    detail: dict[str, Any] = rows[-1]["detail"]
    return detail


def test_a_service_that_steps_up_asks_at_each_action_for_what_it_needs(site: Site) -> None:
    """RFC 9470 section 4: signed in for looking, asked for one more check to file."""
    site.sign_in(methods=("password",))
    looking = claims_of(site.tokens("steps")["id_token"])
    assert looking["vot"] == "P2.C1"
    page = site.authorize("steps", acr_values=f"{LOA}P2.C2")
    assert "email" not in page.text, "only the missing check is asked for"
    got = read_answer(site.submit(page, code=site.code_now("sian")))
    filing = claims_of((site.redeem("steps", got["code"]).json or {})["id_token"])
    assert (filing["acr"], filing["vot"]) == (f"{LOA}P2.C2", "P2.C2")
    assert filing["amr"] == ["pwd", "otp", "mfa"]
    detail = last_row(site)
    assert detail["stepped"] is True
    assert detail["trimmed"] == []
    assert (detail["floor"], detail["demand"], detail["vot"]) == ("P1.C1", "P2.C2", "P2.C2")
    assert detail["methods"] == ["one-time-code", "password"]


def test_a_step_up_with_max_age_takes_only_what_is_young_enough(site: Site) -> None:
    """RFC 9470 section 4: max_age beside acr_values; `auth_time` tells the truth."""
    site.sign_in(ago=500)
    assert site.answer("steps", acr_values=TIER_2, max_age="100", prompt="none")["error"] == (
        "login_required"
    )
    claims = claims_of(site.tokens("steps", acr_values=TIER_2, max_age="900")["id_token"])
    assert 500 <= site.now() - claims["auth_time"] < 600


def test_asking_too_much_is_trimmed_or_served_and_kept_either_way(site: Site) -> None:
    """A wish above the assessment counts as far as it goes; what is essential is met."""
    site.sign_in(methods=("password",))
    wish = claims_of(site.tokens("library", acr_values=f"unknown {LOA}P2.C3")["id_token"])
    assert (wish["acr"], wish["vot"]) == ("urn:gatehouse:tier:1", "P2.C1")
    detail = last_row(site)
    assert (detail["asked"], detail["trimmed"]) == ([f"{LOA}P2.C3"], [f"{LOA}P2.C3"])
    assert detail["essential"] is False
    page = site.authorize("library", claims=essential(TIER_2))
    started = last_row(site, "sign-in-started")
    assert started == {
        "journey": started["journey"], "floor": "P1.C1", "ceiling": "P1.C1", "asked": [TIER_2],
        "essential": True, "trimmed": [], "demand": "P2.C2", "stands": "P2.C1",
    }  # fmt: skip
    got = read_answer(site.submit(page, code=site.code_now("sian")))
    met = claims_of((site.redeem("library", got["code"]).json or {})["id_token"])
    assert met["acr"] == TIER_2
    detail = last_row(site)
    assert (detail["essential"], detail["trimmed"], detail["demand"]) == (True, [], "P2.C2")
    assert detail["journey"] == started["journey"]


def test_a_level_that_faded_is_asked_again_and_never_claimed(world: World, world_url: str) -> None:
    """A session is not as good in the evening as it was in the morning."""
    fading = replace(world.policies.levels, fades_after={2: 3600})
    faded = replace(world, policies=replace(world.policies, levels=fading))
    site = open_site(faded, world_url)
    try:
        site.sign_in(ago=3599)
        claims = claims_of(site.tokens("tax")["id_token"])
        assert claims["vot"] == "P2.C2"
        site.sign_in(ago=3601)
        low = claims_of(site.tokens("library")["id_token"])
        assert (low["vot"], low["acr"]) == ("P2.C1", "urn:gatehouse:tier:1")
        assert site.answer("tax", prompt="none")["error"] == "login_required"
    finally:
        site.close()


@pytest.mark.parametrize(
    ("vtr", "word"),
    [
        ('["P1.P2.C2"]', "two identity values"),
        ('["P2.C2.P2"]', "two identity values"),
        ('["P2.C1"]', "P2 needs C2"),
        ('["P2.Cl"]', "P2 needs C2"),
        ('["P2.C2","C2"]', "mixed"),
        ('["P0.C1","P2.C2"]', "mixed"),
        ('["P2"]', "not known"),
        ('["P4.C2"]', "not known"),
        ('["P2.C2.C3"]', "not known"),
        ('["2"]', "not known"),
        ('[""]', "not known"),
        ('["P2.C2", 2]', "JSON list"),
        ("[]", "JSON list"),
        ('"P2.C2"', "JSON list"),
        ("[" * 900, "JSON list"),
        (json.dumps(["P2.C2"] * 11), "JSON list"),
    ],
)
def test_vectors_that_cannot_be_read_are_refused_by_name(site: Site, vtr: str, word: str) -> None:
    """RFC 8485 section 3: a component comes once; a level below the floor is never assumed."""
    site.sign_in()
    answer = site.answer("library", vtr=vtr)
    assert answer["error"] == "invalid_request"
    assert "vtr" in answer["error_description"]
    assert word in answer["error_description"]
    assert not site.rows(GrantRecord)


@pytest.mark.parametrize("vtr", ['["P2.Cl.Cm"]', '["Cl.Cm.P2"]', '["C2.P2"]', '["P2.C2","P2.C3"]'])
def test_vectors_are_read_as_other_bodies_write_them(site: Site, vtr: str) -> None:
    site.sign_in()
    claims = claims_of(site.tokens("library", vtr=vtr)["id_token"])
    assert (claims["acr"], claims["vot"]) == (f"{LOA}P2.C2", "P2.C2")


def test_two_ways_to_insist_are_one_too_many(site: Site) -> None:
    site.sign_in()
    answer = site.answer("library", vtr='["P2.C2"]', claims=essential(f"{LOA}P1.C1"))
    assert answer["error"] == "invalid_request"


@pytest.mark.parametrize("params", [{"vtr": '["P0.C1"]'}, {"vtr": '["C1"]'},
                                    {"claims": essential(f"{LOA}P0.C0")}])  # fmt: skip
def test_a_vector_below_the_floor_is_raised_to_it(site: Site, params: dict[str, str]) -> None:
    site.sign_in(methods=("password",))
    assert site.answer("tax", prompt="none", **params)["error"] == "login_required"
    site.sign_in()
    assert claims_of(site.tokens("tax", **params)["id_token"])["vot"] == "P2.C2"


PARTS = st.sampled_from(["P0", "P1", "P2", "P3", "C0", "C1", "C2", "C3", "Cl", "Cl.Cm", "P9", ""])
WORDS = st.lists(PARTS, max_size=3).map(".".join) | st.text(max_size=12)
NAMED = st.one_of(
    WORDS, WORDS.map(lambda word: LOA + word),
    st.sampled_from([f"urn:gatehouse:tier:{tier}" for tier in range(5)]),
)  # fmt: skip
LEVELS = st.builds(Level, identity=st.integers(0, 3), sign_in=st.integers(0, 3))


@given(floor=LEVELS, ceiling=LEVELS, raised=LEVELS, acr=st.lists(NAMED, max_size=4),
       vtr=st.none() | st.lists(NAMED, max_size=4), must=st.none() | st.lists(NAMED, max_size=3),
       is_essential=st.booleans())  # fmt: skip
def test_no_request_string_lowers_a_floor(
    world: World, floor: Level, ceiling: Level, raised: Level, acr: list[str],
    vtr: list[str] | None, must: list[str] | None, is_essential: bool,
) -> None:  # fmt: skip
    """risk-model.md, property (f): acr_values, vtr and claims, together and apart."""
    levels = world.policies.levels
    params = {"scope": "openid", "acr_values": " ".join(acr)}
    if vtr is not None:
        params["vtr"] = json.dumps(vtr)
    if must is not None:
        wish = {"essential": is_essential, "values": must}
        params["claims"] = json.dumps({"id_token": {"acr": wish}})
    try:
        wanted = read_wanted(params, levels)
    except BadRequest:
        return
    for order in (wanted.acr_levels, lowest_first(wanted.acr_levels, floor)):
        asked = Asked(floor=floor, ceiling=ceiling, raised=raised, started=0, requested=order,
                      essential=wanted.acr_essential)  # fmt: skip
        got = demand(asked, None, world.policies.methods, 3)
        assert got.covers(floor.join(raised))
        if wanted.acr_essential:
            named = [resolve(value, levels) for value in wanted.acr]
            assert any(level and got.covers(level) for level in named)
        elif wanted.acr_levels:
            assert floor.join(raised).join(ceiling).covers(got)
