"""What may be asked at /authorize and what is told: pure rules."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from idp.assurance.rules import Level, Levels
from idp.oidc.rules import (
    CLAIMS,
    SCOPES,
    BadRequest,
    access_token_ends,
    add_query,
    read_wanted,
    released_claims,
)

LEVELS = Levels(tiers={n: Level(identity=n, sign_in=n) for n in range(4)})
NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
NAMES = ["scope", "prompt", "max_age", "claims", "vtr", "acr_values", "state", "response_mode",
         "acting_for", "nonce", "login_hint"]  # fmt: skip
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["userinfo", "id_token", "acr", "sub", "value", "values", "essential"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(NAMES), st.text(max_size=20)),
    st.none() | json_values.map(json.dumps),
)
def test_any_request_is_read_or_refused_by_name(params: dict[str, str], claims: Any) -> None:
    asked = {"scope": "openid", **params} | ({} if claims is None else {"claims": claims})
    try:
        wanted = read_wanted(asked, LEVELS)
    except BadRequest:
        return
    json.dumps(wanted.claims)  # what is kept can be stored
    assert set(wanted.claims) <= {"userinfo", "id_token"}
    assert len(wanted.acr) == len(wanted.acr_levels)
    assert not (wanted.acr_essential and not wanted.acr_levels)


@given(
    st.lists(st.sampled_from(sorted(SCOPES))),
    st.lists(st.sampled_from([*CLAIMS, "acr", "unknown"])),
    st.lists(st.sampled_from(sorted(SCOPES))),
)
def test_no_claim_is_released_that_the_registration_does_not_hold(
    granted: list[str], named: list[str], registered: list[str]
) -> None:
    scope = " ".join(name for name in granted if name in registered)  # as /authorize leaves it
    released = released_claims(scope, {"userinfo": dict.fromkeys(named)}, registered)
    held = {claim for name in registered for claim in SCOPES[name]}
    assert released <= held
    assert {claim for name in scope.split() for claim in SCOPES[name]} <= released


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=20), min_size=1))
def test_added_parameters_come_out_as_they_went_in(params: dict[str, str]) -> None:
    for base in (
        "https://a.example/cb",
        "https://a.example/cb?keep=%2Fx&flag",
        "https://a.example?",
    ):
        address = add_query(base, params)
        assert address.startswith(base)
        query = parse_qsl(urlsplit(address).query, keep_blank_values=True)
        assert query[len(query) - len(params) :] == list(params.items())


def test_an_access_token_ends_in_minutes_and_never_past_its_mandate() -> None:
    minute = timedelta(minutes=1)
    assert access_token_ends(NOON, acting=False, mandate_expires=None) == NOON + 5 * minute
    assert access_token_ends(NOON, acting=True, mandate_expires=None) == NOON + 3 * minute
    assert (
        access_token_ends(NOON, acting=True, mandate_expires=NOON + 9 * minute) == NOON + 3 * minute
    )
    assert access_token_ends(NOON, acting=True, mandate_expires=NOON + minute) == NOON + minute
