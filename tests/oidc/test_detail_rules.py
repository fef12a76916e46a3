"""What `authorization_details` may ask (RFC 9396), and what is granted of it."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.callers.authority import ALL, at_stake, shared
from idp.oidc.detail_rules import (
    CODE,
    SCHEMA,
    TYPE,
    Details,
    check_known,
    described,
    narrowed,
    read_details,
)
from idp.oidc.rules import LONGEST_VALUE, BadRequest

REF = "4FxgWpHMb1OrtSsJLNJqKA"
API = "https://api.tax.example/v1"
GOOD = {"type": TYPE, "actions": ["view"]}
POWERS = st.lists(st.sampled_from(["view", "file", "repayment"]), min_size=1, unique=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text() | st.sampled_from([TYPE, "view", REF]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "actions", "locations", "mandate", "x"]), inner, max_size=5
        )
    ),
    max_leaves=8,
)


def read(**changed: Any) -> Details:
    entry = {name: value for name, value in {**GOOD, **changed}.items() if value is not ...}
    found = read_details(json.dumps([entry]))
    assert found is not None
    return found


def fits(entry: Any) -> bool:
    """Say whether an entry fits the published schema, by the few words of it that we use."""
    if not isinstance(entry, dict) or not set(SCHEMA["required"]) <= set(entry):
        return False
    return all(
        name in SCHEMA["properties"] and _fits(SCHEMA["properties"][name], value)
        for name, value in entry.items()
    )


def _fits(rule: dict[str, Any], value: Any) -> bool:
    if "const" in rule:
        return bool(value == rule["const"])
    if rule["type"] == "array":
        return (
            isinstance(value, list)
            and rule["minItems"] <= len(value) <= rule["maxItems"]
            and all(_fits(rule["items"], item) for item in value)
            and not (rule.get("uniqueItems") and len(set(value)) < len(value))
        )
    return (
        isinstance(value, str)
        and rule.get("minLength", 0) <= len(value) <= rule.get("maxLength", 9999)
        and ("pattern" not in rule or bool(re.search(rule["pattern"], value, re.ASCII)))
    )


@given(
    entry=JSON
    | st.fixed_dictionaries(
        {"type": st.just(TYPE), "actions": POWERS | JSON},
        optional={"mandate": JSON, "locations": JSON},
    )
)
def test_what_is_read_is_what_the_published_schema_says(entry: Any) -> None:
    """RFC 9396 section 5: anything else is refused with the one error, and nothing breaks."""
    text = json.dumps([entry])
    if fits(entry):
        assert read_details(text) is not None
        return
    with pytest.raises(BadRequest) as caught:
        read_details(text)
    assert caught.value.code == CODE


@given(text=st.text() | st.sampled_from(["", "[]", "{}", "null", "[[]]", "[1]", "[" * 5000]))
def test_what_is_no_list_of_one_object_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_details(text)
    assert caught.value.code == CODE


def test_each_field_is_read() -> None:
    full = read(actions=["view", "file"], locations=[API], mandate=REF)
    assert full == Details(actions=("view", "file"), location=API, mandate=REF)
    assert read() == Details(actions=("view",))
    assert read_details(None) is None
    longest = "x" * LONGEST_VALUE
    assert read(locations=[longest]).location == longest


def test_what_is_wrong_is_named() -> None:
    """RFC 9396 section 5: unknown type, unknown field, wrong kind, missing field."""
    for changed, said in (
        ({"type": "payment"}, "type"), ({"type": ...}, "type"), ({"amount": 1}, "amount"),
        ({"actions": ...}, "actions"), ({"actions": []}, "actions"),
        ({"actions": "view"}, "actions"),
        ({"actions": ["view", "view"]}, "twice"), ({"actions": ["View"]}, "actions"),
        ({"actions": ["view\n"]}, "actions"), ({"actions": ["a"] * 21}, "actions"),
        ({"actions": ["view", "View"]}, "actions"), ({"actions": ["view", 1]}, "actions"),
        ({"locations": []}, "locations"), ({"locations": [API, API]}, "locations"),
        ({"locations": [""]}, "locations"),
        ({"locations": ["x" * (LONGEST_VALUE + 1)]}, "locations"),
        ({"mandate": ""}, "mandate"), ({"mandate": None}, "mandate"),
        ({"mandate": "x y"}, "mandate"),
    ):  # fmt: skip
        with pytest.raises(BadRequest, match=said):
            read(**changed)
    with pytest.raises(BadRequest, match="one entry"):
        read_details(json.dumps([GOOD, GOOD]))
    with pytest.raises(BadRequest, match="strict JSON"):
        read_details(f'[{{"type":"{TYPE}","type":"{TYPE}","actions":["view"]}}]')


def test_a_power_that_the_service_does_not_have_is_refused() -> None:
    check_known(read(actions=["view", ALL]), ("view", "file"))
    check_known(read(actions=[ALL]), ())
    for asked, known in ((["view", "fly"], ("view",)), (["view"], ())):
        with pytest.raises(BadRequest, match="no power"):
            check_known(read(actions=asked), known)


@given(asked=POWERS | st.just([ALL]), held=POWERS | st.just([ALL]))
def test_no_more_is_granted_than_was_asked_and_is_held(asked: list[str], held: list[str]) -> None:
    """delegation.md I2. What is judged is what would be granted, or else what was asked."""
    powers = shared(asked, held)
    assert at_stake(asked, held) == frozenset(powers or asked)
    assert ALL in held or set(powers) <= set(held)
    assert ALL in asked or set(powers) <= set(asked)
    if ALL not in asked and ALL not in held:
        assert set(powers) == set(asked) & set(held)


@given(first=POWERS, second=POWERS | st.just([ALL]))
def test_a_token_request_can_only_narrow(first: list[str], second: list[str]) -> None:
    """RFC 9396 section 6."""
    held = described(REF, first, API)
    assert narrowed(held, None) == held
    asked = Details(actions=tuple(second))
    if ALL in second or set(second) <= set(first):
        (entry,) = narrowed(held, asked)
        assert set(entry["actions"]) == (set(first) if ALL in second else set(second))
        assert (entry["mandate"], entry["locations"]) == (REF, [API])
    else:
        with pytest.raises(BadRequest):
            narrowed(held, asked)


def test_a_token_request_names_no_other_permission_or_api_than_was_granted() -> None:
    held = described(REF, ["view"], API)
    assert narrowed(held, read(mandate=REF, locations=[API])) == held
    for other in ({"mandate": "x" * 22}, {"locations": ["https://other.example"]}):
        with pytest.raises(BadRequest, match="more than was granted"):
            narrowed(held, read(**other))
    bare = described(REF, ["view"], None)
    assert bare == [{"type": TYPE, "mandate": REF, "actions": ["view"]}]
    assert narrowed(bare, read(actions=["view", ALL])) == bare, "all is all there is"
    with pytest.raises(BadRequest, match="more than was granted"):
        narrowed(bare, read(locations=[API]))
    with pytest.raises(BadRequest, match="nothing of the kind"):
        narrowed([], read())
